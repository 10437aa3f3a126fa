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
    const struct caex_key *key;
    struct caex_table table;
};

static bool is_named(const struct caex_node *node, const struct caex_wanted *wanted) {
    return name_group(node->kind) == wanted->group && text_equal(node->name, wanted->text);
}

static uint64_t hash_name(const struct caex_key *key, struct text name, enum caex_kind group) {
    return caex_hash(key, name, group);
}

static struct caex_entry *find_child(const struct caex_index *index, struct text name, enum caex_kind group,
                                     uint64_t hash) {
    const struct caex_wanted wanted = {name, group};
    return caex_table_find(&index->table, hash, &wanted, is_named);
}

struct caex_node *caex_child(const struct caex_node *parent, enum caex_kind kind, struct text name) {
    if (parent->index != NULL) {
        enum caex_kind group = name_group(kind);
        uint64_t hash = hash_name(parent->index->key, name, group);
        struct caex_node *child = find_child(parent->index, name, group, hash)->node;
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

enum { FEW_SIBLINGS = 32 }; // up to here comparing all with all is cheaper than a table

static void compare_all(struct caex *caex, const struct caex_node *parent) {
    for (const struct caex_node *node = parent->first; node != NULL; node = node->next) {
        enum caex_kind group = name_group(node->kind);
        if (group == CAEX_KINDS) continue;
        for (const struct caex_node *before = parent->first; before != node; before = before->next) {
            if (!caex_same_name(before, node) || name_group(before->kind) != group) continue;
            same_name(caex, node, before);
            break;
        }
    }
}

/// Nodes on their way into a table, with their hashes.
struct queue {
    struct caex_entry entries[CAEX_AHEAD];
    size_t added;
};

/// Puts a node in (NULL: none) and takes out the one that came CAEX_AHEAD before; NULL when there is none yet.
static struct caex_entry pass_through(struct queue *queue, const struct caex_table *table, struct caex_entry entry) {
    if (entry.node != NULL) caex_table_prepare(table, entry.hash);
    struct caex_entry *place = &queue->entries[queue->added++ % CAEX_AHEAD], oldest = *place;
    *place = entry;
    return oldest;
}

static void add_child(struct caex *caex, struct caex_index *index, struct caex_entry added) {
    if (added.node == NULL) return;
    struct caex_entry *entry = find_child(index, added.node->name, name_group(added.node->kind), added.hash);
    if (entry->node == NULL)
        *entry = added;
    else
        same_name(caex, added.node, entry->node); // of two with one name the first is found
}

static enum error make_index(struct caex *caex, struct caex_node *parent, size_t count) {
    struct caex_index *index = arena_take(&caex->arena, sizeof *index);
    if (index == NULL || !caex_table_make(&index->table, &caex->arena, count)) return ERROR_NO_MEMORY;
    index->key = &caex->key;
    struct queue queue = {0};
    for (struct caex_node *node = parent->first; node != NULL; node = node->next) {
        enum caex_kind group = name_group(node->kind);
        if (group == CAEX_KINDS) continue;
        const struct caex_entry entry = {node, hash_name(&caex->key, node->name, group)};
        add_child(caex, index, pass_through(&queue, &index->table, entry));
    }
    for (int i = 0; i < CAEX_AHEAD; i++)
        add_child(caex, index, pass_through(&queue, &index->table, (struct caex_entry){0}));
    parent->index = index;
    return ERROR_NONE;
}

static enum error check_siblings(struct caex *caex, struct caex_node *parent) {
    size_t count = 0;
    for (const struct caex_node *node = parent->first; node != NULL; node = node->next) count++;
    if (count > FEW_SIBLINGS) return make_index(caex, parent, count);
    compare_all(caex, parent);
    return ERROR_NONE;
}

// ---------------------------------------------------------------- IDs and paths

static bool has_id(const struct caex_node *node, const struct caex_wanted *wanted) {
    return text_equal(node->id, wanted->text);
}

static struct caex_entry *find_id(const struct caex *caex, struct text plain, uint64_t hash) {
    const struct caex_wanted wanted = {plain, 0};
    return caex_table_find(&caex->ids, hash, &wanted, has_id);
}

struct caex_node *caex_by_id(const struct caex *caex, struct text id) {
    return caex_by_hashed_id(caex, id, caex_prepare_id(caex, id));
}

uint64_t caex_prepare_id(const struct caex *caex, struct text id) {
    char bytes[CAEX_NAME_BYTES_MAX];
    uint64_t hash = caex_hash(&caex->key, caex_plain_id(id, bytes), 0);
    caex_table_prepare(&caex->ids, hash);
    return hash;
}

struct caex_node *caex_by_hashed_id(const struct caex *caex, struct text id, uint64_t hash) {
    char bytes[CAEX_NAME_BYTES_MAX];
    const struct caex_entry *entry = find_id(caex, caex_plain_id(id, bytes), hash);
    return entry == NULL ? NULL : entry->node;
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

/// "Lib/Class", held against the names from the class upwards.
static bool has_path(const struct caex_node *node, const struct caex_wanted *wanted) {
    if (node->kind != wanted->group) return false;
    struct text rest = wanted->text;
    for (;;) {
        if (!text_ends_with(rest, node->name)) return false;
        rest.length -= node->name.length;
        node = node->parent;
        if (node->parent == NULL) return rest.length == 0; // the file
        if (!text_ends_with(rest, TEXT("/"))) return false;
        rest.length--;
    }
}

static struct caex_node *find_class(const struct caex *caex, enum caex_kind kind, struct text path) {
    const struct caex_wanted wanted = {path, kind};
    const struct caex_entry *entry =
        caex_table_find(&caex->classes, caex_hash_more(&caex->key, kind, path), &wanted, has_path);
    return entry == NULL ? NULL : entry->node;
}

/// The same path as our own list of classes has it: names with "/" between them.
static struct caex_node *class_in_brackets(const struct caex *caex, enum caex_kind kind, struct text path) {
    CLEANUP(buffer_clear) struct buffer plain = {0};
    struct text name;
    while (caex_path_step(&path, &name)) {
        if (plain.length > 0) buffer_byte(&plain, '/');
        buffer_text(&plain, name);
    }
    return plain.failed ? NULL : find_class(caex, kind, buffer_view(&plain));
}

struct caex_node *caex_class(const struct caex *caex, enum caex_family family, struct text path) {
    static const enum caex_kind kinds[FAMILY_NONE] = {[FAMILY_INTERFACE] = CAEX_INTERFACE_CLASS,
                                                      [FAMILY_ROLE] = CAEX_ROLE_CLASS,
                                                      [FAMILY_UNIT] = CAEX_UNIT_CLASS,
                                                      [FAMILY_TYPE] = CAEX_TYPE};
    if (path.length == 0) return NULL;
    struct caex_node *class = find_class(caex, kinds[family], path);
    if (class != NULL || memchr(path.data, '[', path.length) == NULL) return class;
    return class_in_brackets(caex, kinds[family], path);
}

static void register_id(struct caex *caex, struct caex_entry added) {
    struct caex_node *node = added.node;
    if (node == NULL) return;
    struct caex_entry *entry = find_id(caex, node->id, added.hash);
    if (entry->node == NULL)
        *entry = added;
    else
        caex_error(caex, node, "the ID %.*s belongs to line %u already; give this one a new UUID", TEXT_ARG(node->id),
                   entry->node->line);
}

/// Two hashes of paths are equal when the paths are (caex_table.h).
static bool has_equal_hash(const struct caex_node *node, const struct caex_wanted *wanted) {
    (void)node, (void)wanted;
    return true;
}

/// `hash` is that of the path of `parent`. Of classes with one path the first counts; the second has a finding as a
/// sibling.
static void register_classes(struct caex *caex, const struct caex_node *parent, enum caex_kind kind, uint64_t hash) {
    hash = caex_hash_more(&caex->key, hash, TEXT("/"));
    for (struct caex_node *node = caex_first(parent, kind); node != NULL; node = caex_next(node)) {
        uint64_t own = caex_hash_more(&caex->key, hash, node->name);
        struct caex_entry *entry = caex_table_find(&caex->classes, own, NULL, has_equal_hash);
        if (entry->node == NULL) *entry = (struct caex_entry){node, own};
        register_classes(caex, node, kind, own);
    }
}

static void register_libraries(struct caex *caex) {
    static const struct {
        enum caex_kind library, class;
    } kinds[] = {{CAEX_INTERFACE_LIB, CAEX_INTERFACE_CLASS},
                 {CAEX_ROLE_LIB, CAEX_ROLE_CLASS},
                 {CAEX_UNIT_LIB, CAEX_UNIT_CLASS},
                 {CAEX_TYPE_LIB, CAEX_TYPE}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct caex_node *library = caex_first(caex->root, kinds[i].library);
        for (; library != NULL; library = caex_next(library))
            register_classes(caex, library, kinds[i].class, caex_hash_more(&caex->key, kinds[i].class, library->name));
    }
}

enum error caex_index_names(struct caex *caex) {
    if (!caex_table_make(&caex->ids, &caex->arena, caex->id_count) ||
        !caex_table_make(&caex->classes, &caex->arena, caex->class_count))
        return ERROR_NO_MEMORY;
    register_libraries(caex);
    struct queue queue = {0};
    for (struct caex_node *node = caex->root; node != NULL; node = caex_walk(caex->root, node)) {
        enum error error = check_siblings(caex, node);
        if (error) return error;
        if (node->id.length == 0) continue;
        const struct caex_entry entry = {node, caex_hash(&caex->key, node->id, 0)};
        register_id(caex, pass_through(&queue, &caex->ids, entry));
    }
    for (int i = 0; i < CAEX_AHEAD; i++) register_id(caex, pass_through(&queue, &caex->ids, (struct caex_entry){0}));
    return ERROR_NONE;
}
