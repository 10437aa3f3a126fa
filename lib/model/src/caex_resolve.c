#include "caex.h"

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

// ---------------------------------------------------------------- references

/// The standard libraries name a base class that encloses the class by its last name alone.
static struct caex_node *enclosing_class(const struct caex_node *node) {
    for (struct caex_node *at = node->parent; at != NULL && at->kind == node->kind; at = at->parent)
        if (text_equal(at->name, node->reference)) return at;
    return NULL;
}

/// How far a path leads: the last library or class of it that exists, and the name that does not exist there. The file
/// itself when not even the library does.
static const struct caex_node *last_known(const struct caex *caex, enum caex_family family, struct text path,
                                          struct text *ret_missing) {
    const struct caex_node *at = caex->root;
    struct text name;
    while (text_split(&path, '/', &name)) {
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

static void resolve(struct caex *caex, struct caex_node *node) {
    enum caex_family family = referred_family(node->kind);
    if (family == FAMILY_NONE || node->reference.length == 0) return;
    node->base = caex_class(caex, family, node->reference);
    if (node->base == NULL && caex_family_of(node->kind) == family) node->base = enclosing_class(node);
    if (node->base == NULL) unknown_reference(caex, node, family);
}

// ---------------------------------------------------------------- inheritance

enum chain_state { CHAIN_UNKNOWN, CHAIN_WALKED, CHAIN_GOOD };

static void break_chain(struct caex *caex, struct caex_node *node, const char *what) {
    caex_error(caex, node, "%s '%.*s' %s; correct its reference", family_kinds[caex_family_of(node->kind)].word,
               TEXT_ARG(node->name), what);
    node->base = NULL;
}

/// Walks towards the root class and marks the way, so that every class is walked once.
static void check_chain(struct caex *caex, struct caex_node *node) {
    struct caex_node *at = node;
    while (at->chain_state == CHAIN_UNKNOWN) {
        at->chain_state = CHAIN_WALKED;
        if (at->base == NULL) break;
        if (at->base->chain_state == CHAIN_WALKED) {
            break_chain(caex, at, "is a base class of itself");
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

static bool is_class(const struct caex_node *node) {
    return caex_family_of(node->kind) != FAMILY_NONE;
}

void caex_resolve(struct caex *caex) {
    const struct caex_node *root = caex->root;
    for (struct caex_node *node = caex->root; node != NULL; node = caex_walk(root, node)) resolve(caex, node);
    for (struct caex_node *node = caex->root; node != NULL; node = caex_walk(root, node))
        if (is_class(node)) check_chain(caex, node);
    for (struct caex_node *node = caex->root; node != NULL; node = caex_walk(root, node))
        if (is_class(node)) check_depth(caex, node);
}
