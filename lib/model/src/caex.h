/// The inside of a document of model/caex.h: how it is made, and how findings are added.
///
/// Findings of this layer: the XML, elements and attributes that CAEX does not know, missing or doubled names, doubled
/// IDs, references that lead nowhere, inheritance loops. What stands above (plant.h) never sees a loop, and follows
/// `base` without asking.
#pragma once

#include "arena.h"
#include "caex_table.h"

#include <base/map.h>
#include <model/caex.h>

struct intern_slot {
    const char *data; // NULL: free
    uint32_t hash, length;
};
struct intern_table { // texts that stand in the document more than once are kept once
    struct intern_slot *slots;
    size_t count, capacity; // a power of two, or 0
};

struct caex {
    struct arena arena;
    enum caex_mode mode;
    struct caex_node *root; // the CAEXFile
    struct text version;    // SchemaVersion
    size_t node_count, id_count, class_count;
    struct caex_key key;
    struct intern_table texts;             // while reading
    struct caex_table ids, classes;        // by ID; by path, of all families
    struct caex_node *links, **links_tail; // all of them, in the order of the file
    struct model_findings *findings;
    size_t link_tries; // how often a side of a link was cut otherwise, past a few times
    size_t hints;      // how many times near names were looked for
    bool too_large;    // a name is past its limit, which is told
};

/// ERROR_INVALID when there is no tree to go on with; other findings leave one. Clear in either case.
enum error caex_read(struct caex *caex, struct text bytes, struct model_findings *findings);
void caex_clear(struct caex *caex);

// The steps of caex_read, each in a file of its own.
enum error caex_read_tree(struct caex *caex, struct text bytes);                              // caex_read.c
enum error caex_unpack(struct text archive, struct buffer *out, struct problem *ret_problem); // container.c
enum error caex_index_names(struct caex *caex);                                               // caex_names.c
enum error caex_resolve(struct caex *caex);                                                   // caex_resolve.c
void caex_resolve_links(struct caex *caex);                                                   // caex_links.c

/// Declarations of prefixes are kept as XML attributes of this namespace: "xmlns:v".
#define CAEX_XMLNS_SPACE "http://www.w3.org/2000/xmlns/"

/// Which XML elements and attributes there are, and where (caex_rows.c).
typedef uint32_t caex_kinds; // a set of enum caex_kind
enum treatment { NODE, TEXT_OF_NODE, TEXT_NODE, EXTENSION };
struct element_row {
    struct text name;
    enum treatment treatment;
    enum caex_kind kind; // of the node that is made
    caex_kinds parents;
    size_t offset; // of the text in the node that holds it
};
struct attribute_row {
    struct text name;
    caex_kinds kinds;
    size_t offset; // 0: not a text of the node
    bool required;
};
/// NULL when it cannot stand there; `*ret_known`: but elsewhere.
const struct element_row *caex_element_row(struct text name, enum caex_kind parent, bool *ret_known);
const struct attribute_row *caex_attribute_row(struct text name, enum caex_kind kind);
const struct attribute_row *caex_attribute_rows(size_t *ret_count);
enum { CAEX_ROWS_MAX = 64 };
/// An element in which one of this name may stand, as a message calls it: "InternalElement".
const char *caex_element_home(struct text name);
size_t caex_element_names(enum caex_kind parent, const char *names[CAEX_ROWS_MAX]);
size_t caex_attribute_names(enum caex_kind kind, const char *names[CAEX_ROWS_MAX]);

/// A copy in the arena, shared with all equal short texts. False when out of memory.
bool caex_intern(struct caex *caex, struct text text, struct text *ret_kept);
void caex_intern_clear(struct caex *caex); // no more texts come

/// Of two nodes as they were read, both links or none: texts that are shared need no look at their bytes.
bool caex_same_name(const struct caex_node *a, const struct caex_node *b);

/// The beginning of a text, for a message: whole characters.
struct text caex_clip(struct text text, size_t bytes_max);

/// An ID as it is compared: lower case, without braces. The result is in `bytes`, or empty when `id` is too long to be
/// one.
struct text caex_plain_id(struct text id, char bytes[CAEX_NAME_BYTES_MAX]);

/// caex_by_id in two steps, for many at a time (caex_table.h): what the first gives is given to the second.
uint64_t caex_prepare_id(const struct caex *caex, struct text id);
struct caex_node *caex_by_hashed_id(const struct caex *caex, struct text id, uint64_t hash);

/// The next name of a path: up to the next '/', without the brackets that a name with special characters stands in.
/// False at the end.
bool caex_path_step(struct text *path, struct text *ret_name);

/// Adds a finding at the node. `path` names the place: that of the node's name, or of the nearest node with one. In
/// CAEX_ANY all are warnings.
void caex_error(struct caex *caex, const struct caex_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void caex_warning(struct caex *caex, const struct caex_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/// The same at a line inside of the node.
void caex_error_in(struct caex *caex, const struct caex_node *node, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/// The same for a line of the file that is no node's; 0: the whole file.
void caex_error_at(struct caex *caex, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/// An error in every mode: no tree can be made. `node` is what it stands in; NULL: the whole file.
void caex_fatal_in(struct caex *caex, const struct caex_node *node, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/// "; did you mean 'Motor'?" when one of the names is near, else "". Borrowed until the next call.
const char *caex_hint(struct caex *caex, struct text word, const char *const *choices, size_t count);
/// The same among the children of a kind of several nodes.
const char *caex_hint_child(struct caex *caex, struct text word, enum caex_kind kind,
                            const struct caex_node *const *parents, size_t count);
