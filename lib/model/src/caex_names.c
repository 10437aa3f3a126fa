// Who is called what: names among siblings, IDs, paths of classes.
#include "caex.h"

#include <string.h>

/// Siblings of one group share their names: elements and interfaces, for a path leads to either.
static enum caex_kind name_group(enum caex_kind kind) {
    switch (kind) {
    case CAEX_INTERFACE: return CAEX_ELEMENT;
    case CAEX_HIERARCHY:
    case CAEX_ATTRIBUTE:
    case CAEX_LINK:
    case CAEX_EXTERNAL_REFERENCE:
    case CAEX_INTERFACE_LIB:
    case CAEX_INTERFACE_CLASS:
    case CAEX_ROLE_LIB:
    case CAEX_ROLE_CLASS:
    case CAEX_UNIT_LIB:
    case CAEX_UNIT_CLASS:
    case CAEX_TYPE_LIB:
    case CAEX_ELEMENT:
    case CAEX_TYPE: return kind;
    default: return CAEX_KINDS; // have no names that must differ
    }
}

struct caex_index {
    struct caex_index *next;
    struct map *names[CAEX_KINDS]; // of each group; NULL: nothing of it is there
};

void caex_index_clear(struct caex *caex) {
    for (struct caex_index *index = caex->indexes; index != NULL; index = index->next)
        for (size_t group = 0; group < CAEX_KINDS; group++) map_destroy(index->names[group]);
    caex->indexes = NULL;
}

struct caex_node *caex_child(const struct caex_node *parent, enum caex_kind kind, struct text name) {
    if (parent->index != NULL) {
        const struct map *names = parent->index->names[name_group(kind)];
        struct caex_node *child = names == NULL ? NULL : map_get(names, name);
        return child == NULL || child->kind != kind ? NULL : child;
    }
    struct caex_node *child = caex_first(parent, kind);
    while (child != NULL && !text_equal(child->name, name)) child = caex_next(child);
    return child;
}

// ---------------------------------------------------------------- siblings

static void same_name(struct caex *caex, const struct caex_node *node, const struct caex_node *before) {
    if (node->name.length == 0) return; // told already
    caex_error(caex, node, "the name '%.*s' stands in line %u already; names of siblings must differ",
               TEXT_ARG(node->name), before->line);
}

enum { FEW_SIBLINGS = 16 }; // up to here comparing all with all is cheaper than a map

static void compare_all(struct caex *caex, const struct caex_node *parent) {
    for (const struct caex_node *node = parent->first; node != NULL; node = node->next) {
        enum caex_kind group = name_group(node->kind);
        if (group == CAEX_KINDS) continue;
        for (const struct caex_node *before = parent->first; before != node; before = before->next) {
            if (name_group(before->kind) != group || !text_equal(before->name, node->name)) continue;
            same_name(caex, node, before);
            break;
        }
    }
}

/// Of two with one name the first is found; the second has a finding.
static enum error index_node(struct caex *caex, struct map **names, struct caex_node *node) {
    if (*names == NULL) *names = map_create();
    if (*names == NULL) return ERROR_NO_MEMORY;
    const struct caex_node *before = map_get(*names, node->name);
    if (before == NULL) return map_set(*names, node->name, node);
    same_name(caex, node, before);
    return ERROR_NONE;
}

static enum error make_index(struct caex *caex, struct caex_node *parent) {
    struct caex_index *index = arena_take(&caex->arena, sizeof *index);
    if (index == NULL) return ERROR_NO_MEMORY;
    index->next = caex->indexes;
    caex->indexes = index;
    parent->index = index;
    for (struct caex_node *node = parent->first; node != NULL; node = node->next) {
        enum caex_kind group = name_group(node->kind);
        if (group == CAEX_KINDS) continue;
        enum error error = index_node(caex, &index->names[group], node);
        if (error) return error;
    }
    return ERROR_NONE;
}

static enum error check_siblings(struct caex *caex, struct caex_node *parent) {
    size_t count = 0;
    for (const struct caex_node *node = parent->first; node != NULL; node = node->next) count++;
    if (count > FEW_SIBLINGS) return make_index(caex, parent);
    compare_all(caex, parent);
    return ERROR_NONE;
}

// ---------------------------------------------------------------- IDs and paths

struct caex_node *caex_by_id(const struct caex *caex, struct text id) {
    char bytes[CAEX_ID_BYTES_MAX];
    return map_get(caex->ids, caex_plain_id(id, bytes));
}

bool caex_path_step(struct text *path, struct text *ret_name) {
    if (!text_starts_with(*path, TEXT("["))) return text_split(path, '/', ret_name);
    size_t end = 1;
    while (end < path->length && !(path->data[end] == ']' && (end + 1 == path->length || path->data[end + 1] == '/')))
        end++;
    if (end == path->length) return text_split(path, '/', ret_name); // a bracket that is part of the name
    *ret_name = (struct text){path->data + 1, end - 1};
    *path = text_from(*path, end + 2);
    return true;
}

/// The same path as our own list of classes has it: names with "/" between them.
static struct caex_node *class_in_brackets(const struct caex *caex, enum caex_family family, struct text path) {
    CLEANUP(buffer_clear) struct buffer plain = {0};
    struct text name;
    while (caex_path_step(&path, &name)) {
        if (plain.length > 0) buffer_byte(&plain, '/');
        buffer_text(&plain, name);
    }
    return plain.failed ? NULL : map_get(caex->classes[family], buffer_view(&plain));
}

struct caex_node *caex_class(const struct caex *caex, enum caex_family family, struct text path) {
    struct caex_node *class = map_get(caex->classes[family], path);
    if (class != NULL || path.length == 0 || memchr(path.data, '[', path.length) == NULL) return class;
    return class_in_brackets(caex, family, path);
}

static enum error register_id(struct caex *caex, struct caex_node *node) {
    if (node->id.length == 0) return ERROR_NONE;
    const struct caex_node *before = map_get(caex->ids, node->id);
    if (before == NULL) return map_set(caex->ids, node->id, node);
    caex_error(caex, node, "the ID %.*s belongs to line %u already; give this one a new UUID", TEXT_ARG(node->id),
               before->line);
    return ERROR_NONE;
}

/// Of classes with one name the first counts; the second has a finding as a sibling.
static enum error register_class(struct caex *caex, struct caex_node *node) {
    enum caex_family family = caex_family_of(node->kind);
    if (family == FAMILY_NONE) return ERROR_NONE;
    CLEANUP(buffer_clear) struct buffer path = {0};
    caex_path(node, &path);
    if (path.failed) return ERROR_NO_MEMORY;
    if (map_get(caex->classes[family], buffer_view(&path)) != NULL) return ERROR_NONE;
    return map_set(caex->classes[family], buffer_view(&path), node);
}

enum error caex_index_names(struct caex *caex) {
    caex->ids = map_create();
    if (caex->ids == NULL) return ERROR_NO_MEMORY;
    for (size_t family = 0; family < FAMILY_NONE; family++)
        if ((caex->classes[family] = map_create()) == NULL) return ERROR_NO_MEMORY;
    for (struct caex_node *node = caex->root; node != NULL; node = caex_walk(caex->root, node)) {
        enum error error = check_siblings(caex, node);
        if (!error) error = register_id(caex, node);
        if (!error) error = register_class(caex, node);
        if (error) return error;
    }
    return ERROR_NONE;
}
