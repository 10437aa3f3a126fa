// Nodes, and what their start tags say.
#include "caex_reader.h"

#define INSTANCE_SPACE "http://www.w3.org/2001/XMLSchema-instance"

enum { NAME_SHOWN_MAX = 64 }; // bytes of a name that a message shows

struct text *reader_text_at(struct caex_node *node, size_t offset) {
    return (struct text *)((char *)node + offset);
}

void reader_find_required(struct reader *reader) {
    size_t count;
    const struct attribute_row *rows = caex_attribute_rows(&count);
    for (size_t kind = 0; kind < CAEX_KINDS; kind++) {
        size_t found = 0;
        for (size_t i = 0; i < count && found < REQUIRED_MAX; i++)
            if (rows[i].required && rows[i].kinds & (caex_kinds)1 << kind) reader->required[kind][found++] = &rows[i];
    }
}

// ---------------------------------------------------------------- nodes

static void count_node(struct caex *caex, struct caex_node *node) {
    if (caex_family_of(node->kind) != FAMILY_NONE) caex->class_count++;
    if (node->kind != CAEX_LINK) return;
    *caex->links_tail = node;
    caex->links_tail = &node->next_link;
}

enum error reader_add_node(struct reader *reader, enum caex_kind kind, unsigned line, struct caex_node **ret_node) {
    struct caex *caex = reader->caex;
    if (caex->node_count++ == CAEX_NODES_MAX) {
        caex_fatal_in(caex, reader->node, line, "the file has more than %d elements and attributes; split it",
                      CAEX_NODES_MAX);
        return ERROR_TOO_LARGE;
    }
    struct caex_node *node = arena_take(&caex->arena, sizeof *node);
    if (node == NULL) return ERROR_NO_MEMORY;
    node->kind = kind;
    node->line = line;
    count_node(caex, node);
    struct caex_node *parent = node->parent = reader->node;
    *ret_node = node; // perhaps the reader's own
    if (parent == NULL) {
        caex->root = node;
        return ERROR_NONE;
    }
    if (parent->last != NULL) parent->last->next = node;
    if (parent->first == NULL) parent->first = node;
    parent->last = node;
    return ERROR_NONE;
}

// ---------------------------------------------------------------- texts

static bool keep(struct caex *caex, struct caex_node *node, struct text value, size_t offset) {
    if (offset == offsetof(struct caex_node, id)) {
        char bytes[CAEX_NAME_BYTES_MAX];
        struct text plain = caex_plain_id(value, bytes);
        caex->id_count++;
        return arena_copy(&caex->arena, plain, &node->id);
    }
    if (node->kind != CAEX_LINK) return caex_intern(caex, value, reader_text_at(node, offset));
    bool side = offset == offsetof(struct caex_node, side_a) || offset == offsetof(struct caex_node, side_b);
    return arena_copy(&caex->arena, side ? text_trim(value) : value, reader_text_at(node, offset)); // seldom the same
}

enum error reader_keep(struct reader *reader, struct caex_node *node, struct text value, size_t offset) {
    return keep(reader->caex, node, value, offset) ? ERROR_NONE : ERROR_NO_MEMORY;
}

// ---------------------------------------------------------------- XML attributes

static void read_change(struct caex *caex, struct caex_node *node, struct text value) {
    static const char *const words[] = {
        [CHANGE_STATE] = "state", [CHANGE_CREATE] = "create", [CHANGE_DELETE] = "delete", [CHANGE_CHANGE] = "change"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_is(value, words[i])) {
            node->change = (enum caex_change)i;
            return;
        }
    caex_error(caex, node, "ChangeMode '%.*s' is none of state, create, delete, change",
               TEXT_ARG(caex_clip(value, NAME_SHOWN_MAX)));
}

static void unknown_attribute(struct reader *reader, struct text name) {
    const char *names[CAEX_ROWS_MAX];
    const struct caex_node *node = reader->node;
    size_t count = caex_attribute_names(node->kind, names);
    const char *hint = caex_hint(reader->caex, name, names, count);
    caex_error(reader->caex, node, "<%s> has no XML attribute '%.*s'%s", caex_kind_name(node->kind),
               TEXT_ARG(caex_clip(name, NAME_SHOWN_MAX)), hint[0] == '\0' ? "; remove it" : hint);
}

/// Of an extension, or where CAEX knows none: "prefix:name" as it is written.
static enum error keep_foreign(struct reader *reader, const struct xml_attribute *attribute) {
    struct caex *caex = reader->caex;
    struct caex_node *kept = NULL;
    CLEANUP(buffer_clear) struct buffer name = {0};
    enum error error = reader_add_node(reader, CAEX_EXTENSION_ATTRIBUTE, reader->node->line, &kept);
    if (error) return error;
    if (attribute->prefix.length > 0) buffer_print(&name, "%.*s:", TEXT_ARG(attribute->prefix));
    buffer_text(&name, attribute->name);
    kept->has_value = true;
    bool done = !name.failed && caex_intern(caex, buffer_view(&name), &kept->name) &&
                caex_intern(caex, attribute->value, &kept->value) &&
                (attribute->space.length == 0 || caex_intern(caex, attribute->space, &kept->reference));
    return done ? ERROR_NONE : ERROR_NO_MEMORY;
}

static enum error keep_prefixes(struct reader *reader, const struct xml_element *element) {
    for (size_t i = 0; i < element->prefix_count; i++) {
        const struct xml_attribute attribute = {.name = element->prefixes[i].prefix,
                                                .value = element->prefixes[i].space,
                                                .space = TEXT(CAEX_XMLNS_SPACE),
                                                .prefix = TEXT("xmlns")};
        enum error error = keep_foreign(reader, &attribute);
        if (error) return error;
    }
    return ERROR_NONE;
}

/// What says where a schema lies, or which type it has there, would mean something else in the file that is written.
static bool is_for_validators(struct reader *reader, const struct xml_attribute *attribute) {
    if (!text_is(attribute->space, INSTANCE_SPACE)) return false;
    if (!text_ends_with(attribute->name, TEXT("chemaLocation")))
        caex_warning(reader->caex, reader->node, "the XML attribute '%.*s:%.*s' is not kept; remove it",
                     TEXT_ARG(caex_clip(attribute->prefix, NAME_SHOWN_MAX)),
                     TEXT_ARG(caex_clip(attribute->name, NAME_SHOWN_MAX)));
    return true;
}

/// A name past the limit is cut for the rest of the work; the file is refused in the end.
static struct text limited(struct reader *reader, struct text name, struct text value) {
    if (value.length <= CAEX_NAME_BYTES_MAX) return value;
    struct caex *caex = reader->caex;
    caex_fatal_in(caex, reader->node, reader->node->line, "%.*s has %zu bytes, at most %d are read; shorten it",
                  TEXT_ARG(name), value.length, CAEX_NAME_BYTES_MAX);
    caex->too_large = true;
    return caex_clip(value, CAEX_NAME_BYTES_MAX);
}

/// One of no namespace that CAEX knows there, or NULL.
static const struct attribute_row *find_row(const struct reader *reader, const struct xml_attribute *attribute) {
    return attribute->space.length > 0 ? NULL : caex_attribute_row(attribute->name, reader->node->kind);
}

static enum error take_known(struct reader *reader, const struct attribute_row *row,
                             const struct xml_attribute *attribute) {
    if (row->offset != 0)
        return reader_keep(reader, reader->node, limited(reader, attribute->name, attribute->value), row->offset);
    if (text_is(attribute->name, "ChangeMode")) read_change(reader->caex, reader->node, attribute->value);
    return ERROR_NONE;
}

static enum error take_unknown(struct reader *reader, const struct xml_attribute *attribute) {
    if (is_for_validators(reader, attribute)) return ERROR_NONE;
    if (attribute->space.length == 0) unknown_attribute(reader, attribute->name);
    return keep_foreign(reader, attribute);
}

enum error reader_take_attributes(struct reader *reader, const struct xml_element *element) {
    struct caex_node *node = reader->node;
    size_t unknown = 0;
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct attribute_row *row = find_row(reader, &element->attributes[i]);
        if (row == NULL) unknown++;
        enum error error = row == NULL ? ERROR_NONE : take_known(reader, row, &element->attributes[i]);
        if (error) return error;
    }
    for (size_t i = 0; unknown > 0 && i < element->attribute_count; i++) { // now the node has its name
        if (find_row(reader, &element->attributes[i]) != NULL) continue;
        enum error error = take_unknown(reader, &element->attributes[i]);
        if (error) return error;
    }
    const struct attribute_row *const *required = reader->required[node->kind];
    for (; *required != NULL; required++)
        if (reader_text_at(node, (*required)->offset)->length == 0)
            caex_error(reader->caex, node, "<%s> needs the XML attribute %s; add it", caex_kind_name(node->kind),
                       (*required)->name.data);
    return keep_prefixes(reader, element);
}

enum error reader_take_extension(struct reader *reader, const struct xml_element *element) {
    for (size_t i = 0; i < element->attribute_count; i++) {
        enum error error = keep_foreign(reader, &element->attributes[i]);
        if (error) return error;
    }
    return keep_prefixes(reader, element);
}

void reader_leave_attributes(struct reader *reader, const struct xml_element *element) {
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];
        if (attribute->space.length == 0 && text_is(attribute->name, "ChangeMode") &&
            text_is(attribute->value, "state"))
            continue; // what holds without it
        caex_error_in(reader->caex, reader->node, element->line,
                      "the XML attribute '%.*s' of <%.*s> is not kept; remove it",
                      TEXT_ARG(caex_clip(attribute->name, NAME_SHOWN_MAX)), TEXT_ARG(element->name));
    }
}
