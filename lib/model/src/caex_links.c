// What internal links join, in every notation that is in use:
//
//   6135ac11-...                        CAEX 3.0: the ID of an interface
//   {6135AC11-...}:sensor               CAEX 2.15: the ID of an element, and the name of an interface in it
//   Plant/MPS/motor:right               older tools: the path from the hierarchy, or from the element of the link
//   Plant/[DI 14/DQ 10_1]:[Channel 1]   names with special characters in brackets
//   Alias@...                           something in another file
#include "caex.h"

#include <string.h>

/// Where the name of the interface begins: behind the last ":" outside of brackets and braces. False when there is
/// none.
static bool split_interface(struct text side, struct text *ret_owner, struct text *ret_interface) {
    size_t depth = 0;
    for (size_t i = side.length; i-- > 0;) {
        char byte = side.data[i];
        depth += byte == ']' || byte == '}';
        if ((byte == '[' || byte == '{') && depth > 0) depth--;
        if (byte != ':' || depth > 0) continue;
        *ret_owner = (struct text){side.data, i};
        *ret_interface = text_from(side, i + 1);
        return true;
    }
    return false;
}

static struct caex_node *interface_in(const struct caex_node *owner, struct text path) {
    struct caex_node *interface = caex_child(owner, CAEX_INTERFACE, path); // a name may have a "/" in it
    if (interface != NULL) return interface;
    const struct caex_node *at = owner;
    struct text name;
    while (at != NULL && caex_path_step(&path, &name)) at = interface = caex_child(at, CAEX_INTERFACE, name);
    return interface;
}

static struct caex_node *element_below(struct caex_node *at, struct text path) {
    struct text name;
    while (at != NULL && caex_path_step(&path, &name)) at = caex_child(at, CAEX_ELEMENT, name);
    return at;
}

/// From the element that has the link, or from a hierarchy or class.
static struct caex_node *find_owner(const struct caex *caex, const struct caex_node *link, struct text path) {
    struct caex_node *owner = caex_by_id(caex, path);
    if (owner == NULL) owner = element_below(link->parent, path);
    if (owner != NULL) return owner;
    struct text rest = path, name;
    if (!caex_path_step(&rest, &name)) return NULL;
    struct caex_node *hierarchy = caex_child(caex->root, CAEX_HIERARCHY, name);
    return hierarchy == NULL ? caex_class(caex, FAMILY_UNIT, path) : element_below(hierarchy, rest);
}

struct side {
    char letter;
    struct text text;
    struct caex_node **partner;
};

static void tell(struct caex *caex, const struct caex_node *link, const struct side *side,
                 const struct caex_node *owner, struct text interface) {
    if (owner != NULL)
        caex_error(caex, link, "side %c: '%.*s' in line %u has no interface '%.*s'", side->letter,
                   TEXT_ARG(owner->name), owner->line, TEXT_ARG(interface));
    else
        caex_error(caex, link, "side %c: nothing has the ID '%.*s'; use the ID of an ExternalInterface of the plant",
                   side->letter, TEXT_ARG(side->text));
}

/// What the alias in front of a "@" names.
static struct caex_node *find_external(const struct caex *caex, struct text side) {
    const char *at = memchr(side.data, '@', side.length);
    if (at == NULL) return NULL;
    return caex_child(caex->root, CAEX_EXTERNAL_REFERENCE, (struct text){side.data, (size_t)(at - side.data)});
}

static void resolve_side(struct caex *caex, struct caex_node *link, const struct side *side) {
    struct text owner_path, interface = TEXT_EMPTY;
    if (side->text.length == 0) return; // has a finding
    *side->partner = caex_by_id(caex, side->text);
    if (*side->partner != NULL) return;
    struct caex_node *external = find_external(caex, side->text);
    if (external != NULL) {
        link->external = external;
        caex_error(caex, link, "side %c leads into the file '%.*s', which is not read; copy it into this one",
                   side->letter, TEXT_ARG(external->reference));
        return;
    }
    struct caex_node *owner = NULL;
    if (split_interface(side->text, &owner_path, &interface)) owner = find_owner(caex, link, owner_path);
    if (owner != NULL) *side->partner = interface_in(owner, interface);
    if (*side->partner == NULL) tell(caex, link, side, owner, interface);
}

enum error caex_resolve_links(struct caex *caex) {
    for (struct caex_node *node = caex->root; node != NULL; node = caex_walk(caex->root, node)) {
        if (node->kind != CAEX_LINK) continue;
        const struct side sides[] = {{'A', node->side_a, &node->partner_a}, {'B', node->side_b, &node->partner_b}};
        resolve_side(caex, node, &sides[0]);
        resolve_side(caex, node, &sides[1]);
    }
    return ERROR_NONE;
}
