#include "scope.h"

static void add(struct scope *scope, struct caex_node *node) {
    if (node != NULL && scope->count < SCOPE_MAX) scope->nodes[scope->count++] = node;
}

static void add_chain(struct scope *scope, struct caex_node *class) {
    for (; class != NULL; class = class->base) add(scope, class);
}

/// The class, or what is mirrored.
static struct caex_node *first_base(const struct scope *scope, enum caex_kind kind) {
    for (size_t i = 0; i < scope->count; i++)
        if (scope->nodes[i]->kind == kind && scope->nodes[i]->base != NULL) return scope->nodes[i]->base;
    return NULL;
}

struct caex_node *scope_class(const struct scope *scope, enum caex_kind kind) {
    struct caex_node *base = first_base(scope, kind);
    while (base != NULL && base->kind == kind) base = base->base; // behind the masters
    return base;
}

static bool has_parts(enum caex_kind kind) {
    return kind == CAEX_ELEMENT || kind == CAEX_INTERFACE || caex_family_of(kind) != FAMILY_NONE;
}

/// A part of an instance (an element or interface in it) is also described by the part of that name in the classes of
/// the whole, and by its own class.
static struct scope scope_of_part(struct caex_node *part) {
    struct scope scope = {0};
    add(&scope, part);
    if (part->parent != NULL && has_parts(part->parent->kind)) {
        struct scope whole = scope_of(part->parent);
        for (size_t i = 1; i < whole.count; i++) add(&scope, caex_child(whole.nodes[i], part->kind, part->name));
    }
    add_chain(&scope, first_base(&scope, part->kind));
    return scope;
}

struct scope scope_of(struct caex_node *owner) {
    if (owner->kind == CAEX_ELEMENT || owner->kind == CAEX_INTERFACE) return scope_of_part(owner);
    struct scope scope = {0};
    add_chain(&scope, owner);
    return scope;
}

struct scope scope_enter(const struct scope *scope, struct text attribute) {
    struct scope inner = {0};
    for (size_t i = 0; i < scope->count; i++) add(&inner, caex_child(scope->nodes[i], CAEX_ATTRIBUTE, attribute));
    add_chain(&inner, first_base(&inner, CAEX_ATTRIBUTE));
    return inner;
}

struct scope scope_find(const struct scope *scope, struct text path) {
    struct scope at = *scope;
    struct text name;
    while (text_split(&path, '/', &name)) at = scope_enter(&at, name);
    return at;
}

bool scope_value(const struct scope *scope, struct text *ret_value) {
    for (size_t i = 0; i < scope->count; i++) {
        const struct caex_node *node = scope->nodes[i];
        if (!node->has_value && !node->has_default) continue;
        *ret_value = node->has_value ? node->value : node->default_value;
        return true;
    }
    return false;
}

struct text scope_text(const struct scope *scope, struct text path) {
    struct scope found = scope_find(scope, path);
    struct text value = TEXT_EMPTY;
    return scope_value(&found, &value) ? value : TEXT_EMPTY;
}

struct text scope_data_type(const struct scope *scope) {
    for (size_t i = 0; i < scope->count; i++)
        if (scope->nodes[i]->data_type.length > 0) return scope->nodes[i]->data_type;
    return TEXT_EMPTY;
}

struct text scope_unit(const struct scope *scope) {
    for (size_t i = 0; i < scope->count; i++)
        if (scope->nodes[i]->unit.length > 0) return scope->nodes[i]->unit;
    return TEXT_EMPTY;
}

struct text scope_own_description(const struct scope *interface) {
    for (size_t i = 0; i < interface->count; i++) {
        const struct caex_node *node = interface->nodes[i];
        if (node->kind == CAEX_INTERFACE && node->description.length > 0) return node->description;
    }
    return TEXT_EMPTY;
}

struct text scope_description(const struct scope *scope) {
    for (size_t i = 0; i < scope->count; i++)
        if (scope->nodes[i]->description.length > 0) return scope->nodes[i]->description;
    return TEXT_EMPTY;
}
