// What internal links join, in every notation that is in use:
//
//   6135ac11-...                        CAEX 3.0: the ID of an interface
//   {6135AC11-...}:sensor               CAEX 2.15: the ID of an element, and the name of an interface in it
//   Plant/MPS/motor:right               older tools: the path from the hierarchy, or from the element of the link
//   Plant/[DI 14/DQ 10_1]:[Channel 1]   names with special characters in brackets
//   :right                              an interface of the element of the link
//   Alias@...                           something in another file
//
// A name may have ":", "/" and "[" in it without being in brackets, so a text can be cut into names in several ways.
// All of them are tried against what there is, longer names first.
#include "caex.h"

#include <string.h>

// Whoever makes names that can be cut in thousands of ways gets no answer for them, and no delay.
enum { TRIES_FREE = 256 };            // of one side; a usual one needs a dozen
enum { TRIES_MAX = 4 * 1000 * 1000 }; // beyond them, in one document
enum { BYTES_OF_A_TRY = 64 };         // a longer name counts as several

struct search {
    struct caex *caex;
    size_t tries;
    const struct caex_node *owner; // what the longest beginning of the text leads to, for a message
    struct text missing;           // what is not in it
};

static bool may_try(struct search *search, struct text name) {
    size_t cost = 1 + name.length / BYTES_OF_A_TRY;
    search->tries += cost;
    if (search->tries <= TRIES_FREE) return true;
    search->caex->link_tries += cost;
    return search->caex->link_tries <= TRIES_MAX;
}

/// The beginning of a text up to the last '/' or ':' in it; false when there is none.
static bool cut(struct text *text) {
    for (size_t i = text->length; i-- > 0;) {
        if (text->data[i] != '/' && text->data[i] != ':') continue;
        text->length = i;
        return true;
    }
    return false;
}

static struct caex_node *named(const struct caex_node *parent, enum caex_kind kind, struct text name) {
    struct caex_node *child = caex_child(parent, kind, name);
    bool in_brackets = text_starts_with(name, TEXT("[")) && text_ends_with(name, TEXT("]"));
    if (child != NULL || !in_brackets) return child;
    return caex_child(parent, kind, (struct text){name.data + 1, name.length - 2});
}

/// What stands below what, on the way to an interface; CAEX_KINDS ends a row.
static const enum caex_kind ways[CAEX_KINDS][4] = {
    [CAEX_FILE] = {CAEX_HIERARCHY, CAEX_UNIT_LIB, CAEX_KINDS},
    [CAEX_HIERARCHY] = {CAEX_ELEMENT, CAEX_KINDS},
    [CAEX_UNIT_LIB] = {CAEX_UNIT_CLASS, CAEX_KINDS},
    [CAEX_UNIT_CLASS] = {CAEX_INTERFACE, CAEX_ELEMENT, CAEX_UNIT_CLASS, CAEX_KINDS},
    [CAEX_ELEMENT] = {CAEX_INTERFACE, CAEX_ELEMENT, CAEX_KINDS},
    [CAEX_INTERFACE] = {CAEX_INTERFACE, CAEX_KINDS},
};

static struct caex_node *find_below(struct search *search, const struct caex_node *owner, struct text path);

/// With the first name of the path up to `name`'s end.
static struct caex_node *find_with(struct search *search, const struct caex_node *owner, struct text path,
                                   struct text name) {
    bool whole = name.length == path.length;
    for (const enum caex_kind *kind = ways[owner->kind]; *kind != CAEX_KINDS; kind++) {
        struct caex_node *child = named(owner, *kind, name);
        if (child == NULL || (whole && *kind != CAEX_INTERFACE)) continue;
        struct caex_node *found = whole ? child : find_below(search, child, text_from(path, name.length + 1));
        if (found != NULL) return found;
    }
    return NULL;
}

static void note_owner(struct search *search, const struct caex_node *owner, struct text missing) {
    if (owner->kind != CAEX_ELEMENT && owner->kind != CAEX_UNIT_CLASS) return;
    if (search->owner != NULL && search->missing.length <= missing.length) return;
    search->owner = owner;
    search->missing = missing;
}

/// The interface that a path leads to from an element, a class, the file; of a mirror also that of its master.
static struct caex_node *find_below(struct search *search, const struct caex_node *owner, struct text path) {
    note_owner(search, owner, path);
    for (; owner != NULL; owner = caex_master(owner)) {
        struct text name = path;
        do {
            if (!may_try(search, name)) return NULL;
            struct caex_node *found = find_with(search, owner, path, name);
            if (found != NULL) return found;
        } while (cut(&name));
    }
    return NULL;
}

static struct caex_node *find_by_owner_id(struct search *search, struct text side) {
    for (struct text id = side; cut(&id);) {
        if (!may_try(search, id)) return NULL;
        const struct caex_node *owner = caex_by_id(search->caex, id);
        bool leads_on = owner != NULL && ways[owner->kind][0] != CAEX_FILE; // which is 0: no row
        struct caex_node *found = leads_on ? find_below(search, owner, text_from(side, id.length + 1)) : NULL;
        if (found != NULL) return found;
    }
    return NULL;
}

static struct caex_node *find_interface(struct search *search, const struct caex_node *link, struct text side) {
    struct caex_node *found = find_by_owner_id(search, side);
    struct text own = text_starts_with(side, TEXT(":")) ? text_from(side, 1) : side;
    if (found == NULL && link->parent != NULL) found = find_below(search, link->parent, own);
    if (found == NULL) found = find_below(search, search->caex->root, side);
    return found;
}

struct side {
    char letter;
    struct text text;
    uint64_t hash; // of the text as an ID
    struct caex_node **partner;
};

static void tell(struct search *search, const struct caex_node *link, const struct side *side) {
    const struct caex_node *owner = search->owner;
    if (owner != NULL && owner != link->parent)
        caex_error(search->caex, link,
                   "side %c: '%.*s' in line %u has no interface '%.*s'; use the ID of an ExternalInterface",
                   side->letter, TEXT_ARG(owner->name), owner->line, TEXT_ARG(search->missing));
    else
        caex_error(search->caex, link,
                   "side %c: nothing has the ID '%.*s'; use the ID of an ExternalInterface of the plant", side->letter,
                   TEXT_ARG(side->text));
}

/// What the alias in front of a "@" names.
static struct caex_node *find_external(const struct caex *caex, struct text side) {
    const char *at = memchr(side.data, '@', side.length);
    if (at == NULL) return NULL;
    return caex_child(caex->root, CAEX_EXTERNAL_REFERENCE, (struct text){side.data, (size_t)(at - side.data)});
}

static void resolve_side(struct caex *caex, struct caex_node *link, const struct side *side) {
    if (side->text.length == 0) return; // has a finding
    *side->partner = caex_by_hashed_id(caex, side->text, side->hash);
    if (*side->partner != NULL) return;
    struct caex_node *external = find_external(caex, side->text);
    if (external != NULL) {
        link->external = external;
        caex_error(caex, link, "side %c leads into the file '%.*s', which is not read; copy it into this one",
                   side->letter, TEXT_ARG(external->reference));
        return;
    }
    struct search search = {.caex = caex};
    *side->partner = find_interface(&search, link, side->text);
    if (*side->partner == NULL) tell(&search, link, side);
}

/// A link on its way.
struct queued {
    struct caex_node *link; // NULL: none
    uint64_t hash_a, hash_b;
};

static void resolve_link(struct caex *caex, const struct queued *queued) {
    struct caex_node *link = queued->link;
    if (link == NULL) return;
    const struct side sides[] = {{'A', link->side_a, queued->hash_a, &link->partner_a},
                                 {'B', link->side_b, queued->hash_b, &link->partner_b}};
    resolve_side(caex, link, &sides[0]);
    resolve_side(caex, link, &sides[1]);
}

void caex_resolve_links(struct caex *caex) {
    struct queued queue[CAEX_AHEAD] = {0};
    size_t at = 0;
    for (struct caex_node *link = caex->links; link != NULL; link = link->next_link) {
        struct queued *place = &queue[at++ % CAEX_AHEAD];
        resolve_link(caex, place);
        *place = (struct queued){link, caex_prepare_id(caex, link->side_a), caex_prepare_id(caex, link->side_b)};
    }
    for (size_t i = 0; i < CAEX_AHEAD; i++) resolve_link(caex, &queue[at++ % CAEX_AHEAD]);
}
