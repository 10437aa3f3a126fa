// The .aml in a container: .amlx (AutomationML container, IEC 62714), .mtp (module type package).
#include "caex.h"
#include "part_name.h"

#include <strings.h>
#include <xml/xml.h>
#include <zip/zip.h>

enum { RELATIONSHIPS_BYTES_MAX = 64 * 1024 }; // one of each part of the container

/// What _rels/.rels says is the root document.
struct root_document {
    struct buffer name; // of the part; empty: nothing is said
    struct problem *ret_problem;
};

static struct text value_of(const struct xml_element *element, const char *name) {
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];
        if (attribute->space.length == 0 && text_is(attribute->name, name)) return attribute->value;
    }
    return TEXT_EMPTY;
}

static enum error on_relationship(void *context, const struct xml_element *element) {
    struct root_document *root = context;
    struct text target = value_of(element, "Target");
    if (!text_ends_with(value_of(element, "Type"), TEXT("/RootDocument")) || root->name.length > 0) return ERROR_NONE;
    const char *wrong = text_is(value_of(element, "TargetMode"), "External") ? "is outside of the container"
                                                                             : part_name_resolve(target, &root->name);
    if (wrong != NULL)
        return problem_say(root->ret_problem, ERROR_INVALID,
                           "the root document '%.*s' in _rels/.rels %s; pack the container anew",
                           TEXT_ARG(caex_clip(target, 100)), wrong);
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
    struct problem problem = {""};
    root->ret_problem = ret_problem;
    error = xml_read(buffer_view(&xml), &limits, &handler, root, NULL, &problem);
    if (problem.text[0] == '\0') return error; // none, or the handler's own
    return problem_say(ret_problem, error, "_rels/.rels in the container: %s", problem.text);
}

struct documents {
    struct buffer first;
    size_t count;
};

static enum error note_document(void *context, const struct zip_entry *entry) {
    struct documents *documents = context;
    static const char ending[] = ".aml";
    enum { LENGTH = sizeof ending - 1 };
    size_t length = entry->name.length;
    if (length < LENGTH || strncasecmp(entry->name.data + length - LENGTH, ending, LENGTH) != 0) return ERROR_NONE;
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

struct part {
    struct text name;    // as the relationship says
    struct buffer entry; // how the archive calls it
};

/// Names are equal that differ in escapes ("%20") only; the one that is written alike goes first.
static enum error match_part(void *context, const struct zip_entry *entry) {
    struct part *part = context;
    bool same = text_equal(entry->name, part->name);
    if (!same && (part->entry.length > 0 || !part_name_is(entry->name, part->name))) return ERROR_NONE;
    buffer_reset(&part->entry);
    buffer_text(&part->entry, entry->name);
    return part->entry.failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

static enum error read_part(struct text archive, struct text name, struct buffer *out, struct problem *ret_problem) {
    struct part part = {.name = name};
    enum error error = zip_each(archive, match_part, &part, ret_problem);
    struct text entry = part.entry.length > 0 ? buffer_view(&part.entry) : name; // which is not there: it is told
    if (!error) error = zip_read(archive, entry, MODEL_BYTES_MAX, out, ret_problem);
    buffer_clear(&part.entry);
    return error;
}

enum error caex_unpack(struct text archive, struct buffer *out, struct problem *ret_problem) {
    struct root_document root = {0};
    enum error error = read_relationships(archive, &root, ret_problem);
    if (!error && root.name.length == 0) error = find_only_document(archive, &root, ret_problem);
    if (!error) error = read_part(archive, buffer_view(&root.name), out, ret_problem);
    buffer_clear(&root.name);
    if (error == ERROR_NOT_FOUND) return ERROR_INVALID; // the problem names it
    return error;
}
