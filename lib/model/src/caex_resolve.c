// What references name: classes, base classes, roles, attribute types, what is mirrored, other files.
#include "caex.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum caex_kind class, library;
} family_kinds[FAMILY_NONE] = {
    [FAMILY_INTERFACE] = {"interface class", CAEX_INTERFACE_CLASS, CAEX_INTERFACE_LIB},
    [FAMILY_ROLE] = {"role class", CAEX_ROLE_CLASS, CAEX_ROLE_LIB},
    [FAMILY_UNIT] = {"system unit class", CAEX_UNIT_CLASS, CAEX_UNIT_LIB},
    [FAMILY_TYPE] = {"attribute type", CAEX_TYPE, CAEX_TYPE_LIB},
};

/// Whose name a reference of this kind of node is.
static enum caex_family referred_family(enum caex_kind kind) {
    switch (kind) {
    case CAEX_ELEMENT: return FAMILY_UNIT;
    case CAEX_INTERFACE: return FAMILY_INTERFACE;
    case CAEX_ROLE_REQUIREMENT:
    case CAEX_SUPPORTED_ROLE: return FAMILY_ROLE;
    case CAEX_ATTRIBUTE: return FAMILY_TYPE;
    default: return caex_family_of(kind);
    }
}

// ---------------------------------------------------------------- what is not there

/// How far a path leads: the last library or class of it that exists, and the name that does not exist there. The file
/// itself when not even the library does.
static const struct caex_node *last_known(const struct caex *caex, enum caex_family family, struct text path,
                                          struct text *ret_missing) {
    const struct caex_node *at = caex->root;
    struct text name;
    while (caex_path_step(&path, &name)) {
        enum caex_kind kind = at == caex->root ? family_kinds[family].library : family_kinds[family].class;
        const struct caex_node *child = caex_child(at, kind, name);
        *ret_missing = name;
        if (child == NULL) return at;
        at = child;
    }
    *ret_missing = TEXT_EMPTY; // it names a library, not a class
    return at;
}

static void unknown_reference(struct caex *caex, const struct caex_node *node, enum caex_family family) {
    struct text missing = TEXT_EMPTY;
    const struct caex_node *known = last_known(caex, family, node->reference, &missing);
    bool no_library = known == caex->root;
    enum caex_kind kind = no_library ? family_kinds[family].library : family_kinds[family].class;
    const char *hint = missing.length == 0 ? "" : caex_hint_child(caex, missing, kind, &known, 1);
    if (hint[0] == '\0' && no_library) hint = "; its library is not in this file, copy it into it";
    caex_error(caex, node, "there is no %s '%.*s'%s", family_kinds[family].word, TEXT_ARG(node->reference), hint);
}

static void outside_reference(struct caex *caex, const struct caex_node *node, enum caex_family family) {
    caex_error(caex, node, "the %s '%.*s' is in the file '%.*s', which is not read; copy its library into this one",
               family_kinds[family].word, TEXT_ARG(node->reference), TEXT_ARG(node->external->reference));
}

/// A class that was just asked for by an equal path: of a million references few differ.
struct known_class {
    const char *path; // a text that is shared (caex_intern)
    enum caex_family family;
    struct caex_node *class;
};
enum { KNOWN_CLASSES = 256 };

struct resolver {
    struct caex *caex;
    struct map *told;           // "family path": a reference that many nodes of a foreign file have is told once
    struct caex_node **chained; // classes with a base class, and what mirrors something
    size_t chained_count, chained_capacity;
    struct known_class known[KNOWN_CLASSES];
};

static enum error tell_missing(struct resolver *resolver, const struct caex_node *node, enum caex_family family) {
    struct caex *caex = resolver->caex;
    if (caex->mode == CAEX_ANY) {
        CLEANUP(buffer_clear) struct buffer key = {0};
        buffer_print(&key, "%d %.*s", (int)family, TEXT_ARG(node->reference));
        if (key.failed) return ERROR_NO_MEMORY;
        if (map_get(resolver->told, buffer_view(&key)) != NULL) return ERROR_NONE;
        enum error error = map_set(resolver->told, buffer_view(&key), caex);
        if (error) return error;
    }
    if (node->external != NULL)
        outside_reference(caex, node, family);
    else
        unknown_reference(caex, node, family);
    return ERROR_NONE;
}

// ---------------------------------------------------------------- references

/// The standard libraries name a base class that encloses the class by its last name alone.
static struct caex_node *enclosing_class(const struct caex_node *node) {
    for (struct caex_node *at = node->parent; at != NULL && at->kind == node->kind; at = at->parent)
        if (text_equal(at->name, node->reference)) return at;
    return NULL;
}

/// A mirror names the ID of its master where others name a class; an attribute that of an element, and the way from
/// there.
static struct caex_node *find_master(const struct caex *caex, const struct caex_node *node) {
    if (node->kind != CAEX_ELEMENT && node->kind != CAEX_INTERFACE && node->kind != CAEX_ATTRIBUTE) return NULL;
    struct text path = node->reference, id = TEXT_EMPTY, name;
    if (node->kind != CAEX_ATTRIBUTE) {
        struct caex_node *master = caex_by_id(caex, path);
        return master != NULL && master->kind == node->kind && master != node ? master : NULL;
    }
    if (!text_split(&path, '/', &id)) return NULL;
    struct caex_node *at = caex_by_id(caex, id);
    while (at != NULL && caex_path_step(&path, &name)) at = caex_child(at, CAEX_ATTRIBUTE, name);
    return at != NULL && at->kind == CAEX_ATTRIBUTE && at != node ? at : NULL;
}

/// "Alias@Lib/Class": the external reference of that alias; the path behind it.
static struct caex_node *find_external(const struct caex *caex, struct text reference, struct text *ret_path) {
    const char *at = memchr(reference.data, '@', reference.length);
    *ret_path = reference;
    if (at == NULL) return NULL;
    struct text alias = {reference.data, (size_t)(at - reference.data)};
    struct caex_node *external = caex_child(caex->root, CAEX_EXTERNAL_REFERENCE, alias);
    if (external != NULL) *ret_path = text_from(reference, alias.length + 1);
    return external;
}

static enum error note_chained(struct resolver *resolver, struct caex_node *node) {
    enum { FIRST = 64 };
    if (resolver->chained_count == resolver->chained_capacity) {
        size_t capacity = resolver->chained_capacity == 0 ? FIRST : resolver->chained_capacity * 2;
        struct caex_node **larger = reallocarray(resolver->chained, capacity, sizeof *larger);
        if (larger == NULL) return ERROR_NO_MEMORY;
        resolver->chained = larger;
        resolver->chained_capacity = capacity;
    }
    resolver->chained[resolver->chained_count++] = node;
    return ERROR_NONE;
}

/// Where a path is kept among the known classes: by its address.
static struct known_class *known_place(struct resolver *resolver, struct text path) {
    return &resolver->known[((uintptr_t)path.data ^ (uintptr_t)path.data >> 8) % KNOWN_CLASSES];
}

static enum error resolve(struct resolver *resolver, struct caex_node *node) {
    struct caex *caex = resolver->caex;
    enum caex_family family = referred_family(node->kind);
    if (family == FAMILY_NONE || node->reference.length == 0) return ERROR_NONE;
    bool class = caex_family_of(node->kind) == family;
    struct known_class *known = known_place(resolver, node->reference);
    if (known->path == node->reference.data && known->family == family && !class) {
        node->base = known->class;
        return ERROR_NONE;
    }
    struct text path;
    node->external = find_external(caex, node->reference, &path);
    node->base = caex_class(caex, family, path); // tools that copy a library in may leave the alias
    if (node->base != NULL && node->external == NULL)
        *known = (struct known_class){node->reference.data, family, node->base};
    if (node->base == NULL && class) node->base = enclosing_class(node);
    if (node->base == NULL) node->base = find_master(caex, node);
    if (node->base == NULL) node->bad = true; // what it lacks for want of a class is not told besides
    if (node->base == NULL) return tell_missing(resolver, node, family);
    return class || caex_master(node) != NULL ? note_chained(resolver, node) : ERROR_NONE;
}

struct caex_node *caex_master(const struct caex_node *node) {
    return node->base != NULL && node->base->kind == node->kind && caex_family_of(node->kind) == FAMILY_NONE
               ? node->base
               : NULL;
}

// ---------------------------------------------------------------- inheritance

enum chain_state { CHAIN_UNKNOWN, CHAIN_WALKED, CHAIN_GOOD };

static void break_chain(struct caex *caex, struct caex_node *node, const char *what) {
    enum caex_family family = caex_family_of(node->kind);
    caex_error(caex, node, "%s '%.*s' %s; correct its reference",
               family == FAMILY_NONE ? caex_kind_name(node->kind) : family_kinds[family].word, TEXT_ARG(node->name),
               what);
    node->base = NULL;
}

/// Walks towards the root class and marks the way, so that every class is walked once.
static void check_chain(struct caex *caex, struct caex_node *node) {
    struct caex_node *at = node;
    while (at->chain_state == CHAIN_UNKNOWN) {
        at->chain_state = CHAIN_WALKED;
        if (at->base == NULL) break;
        if (at->base->chain_state == CHAIN_WALKED) {
            bool mirror = caex_master(at) != NULL;
            break_chain(caex, at, mirror ? "mirrors itself" : "is a base class of itself");
            break;
        }
        at = at->base;
    }
    for (at = node; at != NULL && at->chain_state == CHAIN_WALKED; at = at->base) at->chain_state = CHAIN_GOOD;
}

/// Runs when there are no loops any more.
static void check_depth(struct caex *caex, struct caex_node *node) {
    size_t depth = 0;
    for (const struct caex_node *at = node; at != NULL && depth <= CAEX_INHERITANCE_MAX; at = at->base) depth++;
    if (depth > CAEX_INHERITANCE_MAX) break_chain(caex, node, "has too many base classes above each other");
}

enum error caex_resolve(struct caex *caex) {
    struct resolver resolver = {.caex = caex, .told = map_create()};
    enum error error = resolver.told == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
    for (struct caex_node *node = caex->root; node != NULL && !error; node = caex_walk(caex->root, node))
        error = resolve(&resolver, node);
    for (size_t i = 0; i < resolver.chained_count && !error; i++) check_chain(caex, resolver.chained[i]);
    for (size_t i = 0; i < resolver.chained_count && !error; i++) check_depth(caex, resolver.chained[i]);
    free(resolver.chained);
    map_destroy(resolver.told);
    return error;
}
