// The .aml in a container: .amlx (AutomationML container, IEC 62714), .mtp (module type package).
#include "caex.h"

#include <string.h>
#include <xml/xml.h>
#include <zip/zip.h>

enum { RELATIONSHIPS_BYTES_MAX = 64 * 1024 }; // one of each part of the container

/// What _rels/.rels says is the root document.
struct root_document {
    struct buffer name;
};

static enum error on_relationship(void *context, const struct xml_element *element) {
    struct root_document *root = context;
    struct text target = TEXT_EMPTY, type = TEXT_EMPTY;
    for (size_t i = 0; i < element->attribute_count; i++) {
        if (text_is(element->attributes[i].name, "Target")) target = element->attributes[i].value;
        if (text_is(element->attributes[i].name, "Type")) type = element->attributes[i].value;
    }
    if (!text_ends_with(type, TEXT("/RootDocument")) || root->name.length > 0) return ERROR_NONE;
    if (text_starts_with(target, TEXT("/"))) target = text_from(target, 1);
    buffer_text(&root->name, target);
    return root->name.failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

static enum error no_text(void *context, struct text piece, unsigned line) {
    (void)context, (void)piece, (void)line;
    return ERROR_NONE;
}

static enum error no_end(void *context) {
    (void)context;
    return ERROR_NONE;
}

/// Empty when the container has no relationships, or none to a root document.
static enum error read_relationships(struct text archive, struct root_document *root, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer xml = {0};
    enum error error = zip_read(archive, TEXT("_rels/.rels"), RELATIONSHIPS_BYTES_MAX, &xml, ret_problem);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    if (error) return error;
    const struct xml_limits limits = {.bytes = RELATIONSHIPS_BYTES_MAX, .depth = 4};
    const struct xml_handler handler = {on_relationship, no_text, no_end};
    error = xml_read(buffer_view(&xml), &limits, &handler, root, NULL, ret_problem);
    return error ? problem_prefix(ret_problem, error, "_rels/.rels in the container") : ERROR_NONE;
}

struct documents {
    struct buffer first;
    size_t count;
};

static enum error note_document(void *context, const struct zip_entry *entry) {
    struct documents *documents = context;
    if (!text_ends_with(entry->name, TEXT(".aml")) && !text_ends_with(entry->name, TEXT(".AML"))) return ERROR_NONE;
    if (documents->count++ == 0) buffer_text(&documents->first, entry->name);
    return documents->first.failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

/// Without relationships the only .aml is meant.
static enum error find_only_document(struct text archive, struct root_document *root, struct problem *ret_problem) {
    struct documents documents = {0};
    enum error error = zip_each(archive, note_document, &documents, ret_problem);
    root->name = documents.first;
    if (error) return error;
    if (documents.count == 0) return problem_say(ret_problem, ERROR_INVALID, "there is no .aml file in this container");
    if (documents.count > 1)
        return problem_say(ret_problem, ERROR_INVALID,
                           "there are %zu .aml files in this container, and no relationship says which is the root "
                           "document; unpack the one that is meant",
                           documents.count);
    return ERROR_NONE;
}

enum error caex_unpack(struct text archive, struct buffer *out, struct problem *ret_problem) {
    struct root_document root = {0};
    enum error error = read_relationships(archive, &root, ret_problem);
    if (!error && root.name.length == 0) error = find_only_document(archive, &root, ret_problem);
    if (!error) error = zip_read(archive, buffer_view(&root.name), MODEL_BYTES_MAX, out, ret_problem);
    buffer_clear(&root.name);
    if (error == ERROR_NOT_FOUND) return ERROR_INVALID; // the problem names it
    return error;
}
