/// A CAEX document as a tree, with its references resolved: what AutomationML says, before any meaning of our own.
///
/// Findings of this layer: the XML, elements and attributes that CAEX does not know, missing or doubled names, doubled
/// IDs, references that lead nowhere, inheritance loops. What stands above (plant.h) never sees a loop, and follows
/// `base` without asking.
/// Owns: the arena holds the nodes and all their texts (each with a NUL behind it) until `caex_clear`.
#pragma once

#include "arena.h"

#include <base/map.h>
#include <model/model.h>

enum caex_kind {
    CAEX_FILE,
    CAEX_HIERARCHY,
    CAEX_ELEMENT,
    CAEX_INTERFACE,
    CAEX_LINK,
    CAEX_ROLE_REQUIREMENT,
    CAEX_SUPPORTED_ROLE,
    CAEX_ATTRIBUTE,
    CAEX_CONSTRAINT,
    CAEX_NOMINAL,
    CAEX_ORDINAL,
    CAEX_REQUIRED_VALUE,
    CAEX_REQUIRED_MAX,
    CAEX_REQUIRED_MIN,
    CAEX_INTERFACE_LIB,
    CAEX_INTERFACE_CLASS,
    CAEX_ROLE_LIB,
    CAEX_ROLE_CLASS,
    CAEX_UNIT_LIB,
    CAEX_UNIT_CLASS,
    CAEX_TYPE_LIB,
    CAEX_TYPE,
    CAEX_KINDS
};

/// The four families of classes; each has path names of its own.
enum caex_family { FAMILY_INTERFACE, FAMILY_ROLE, FAMILY_UNIT, FAMILY_TYPE, FAMILY_NONE };

enum { CAEX_INHERITANCE_MAX = 16 }; // classes in one line; the deepest library known to us has 7
enum { CAEX_DEPTH_MAX = 96 };       // XML elements in each other

struct caex_index; // of the children of a node that has many

struct caex_node {
    enum caex_kind kind;
    unsigned line;
    struct caex_index *index;                       // NULL: few children
    struct caex_node *parent, *first, *last, *next; // children in the order of the file
    struct text name;
    struct text id;        // lower case, without braces
    struct text reference; // path of the class, base class, role or attribute type, as written
    struct text description;
    struct text version;                        // of hierarchies and libraries
    struct text value;                          // of attributes and of what a constraint requires
    struct text default_value, data_type, unit; // of attributes
    struct text side_a, side_b;                 // of links: IDs of interfaces, like `id`
    bool has_value, has_default;
    unsigned value_line, default_line;
    bool bad;               // its value has a finding already
    uint8_t chain_state;    // while inheritance is checked
    struct caex_node *base; // what `reference` names; NULL when nothing
    void *meaning;          // what the layer above made of it
};

struct caex {
    struct arena arena;
    struct caex_node *root;           // the CAEXFile
    struct map *ids;                  // ID -> node
    struct map *classes[FAMILY_NONE]; // path -> node
    struct caex_index *indexes;
    struct model_findings *findings;
    size_t hints; // how many times near names were looked for
};

/// ERROR_INVALID when there is no tree to go on with; other findings leave one. Clear in either case.
enum error caex_read(struct caex *caex, struct text bytes, struct model_findings *findings);
void caex_clear(struct caex *caex);

// The steps of caex_read, each in a file of its own.
enum error caex_read_tree(struct caex *caex, struct text bytes); // caex_read.c
enum error caex_index_names(struct caex *caex);                  // caex_names.c
void caex_index_clear(struct caex *caex);
void caex_resolve(struct caex *caex); // caex_resolve.c

/// Adds a finding at the node. `path` names the place: that of the node's name, or of the nearest node with one.
void caex_error(struct caex *caex, const struct caex_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void caex_warning(struct caex *caex, const struct caex_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/// The same at a line inside of the node.
void caex_error_in(struct caex *caex, const struct caex_node *node, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/// The same for a line of the file that is no node's; 0: the whole file.
void caex_error_at(struct caex *caex, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/// The next node in the order of the file, parents first; NULL after the last one below `top`.
struct caex_node *caex_walk(const struct caex_node *top, struct caex_node *node);
/// The first child of a kind, and the next sibling of the same kind; NULL when there is none.
struct caex_node *caex_first(const struct caex_node *parent, enum caex_kind kind);
struct caex_node *caex_next(const struct caex_node *node);
struct caex_node *caex_child(const struct caex_node *parent, enum caex_kind kind, struct text name);

/// "Plant/MPS/mps_conveyor".
void caex_path(const struct caex_node *node, struct buffer *out);
enum caex_family caex_family_of(enum caex_kind kind); // of a class; FAMILY_NONE for anything else
/// NULL when there is no such class.
struct caex_node *caex_class(const struct caex *caex, enum caex_family family, struct text path);
/// True when `node` is `ancestor`, or has it among its bases.
bool caex_is_a(const struct caex_node *node, const struct caex_node *ancestor);

/// "; did you mean 'Motor'?" when one of the names is near, else "". Borrowed until the next call.
const char *caex_hint(struct caex *caex, struct text word, const char *const *choices, size_t count);
/// The same among the children of a kind of several nodes.
const char *caex_hint_child(struct caex *caex, struct text word, enum caex_kind kind,
                            const struct caex_node *const *parents, size_t count);
