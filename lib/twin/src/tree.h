/// A value of a shadow as one run of bytes: a node, its texts, and behind them its children, each of the same form.
///
///     | node | "name": | token | padding | child | child | ...
///
/// Names and scalars stand in the text that JSON has for them, so that writing a document is copying. Children keep
/// their order. Every scalar carries the time of the update that brought it. A tree is built at the end of a
/// `struct buffer` and may be moved as bytes.
#pragma once

#include <json/json.h>

enum tree_kind { TREE_NULL, TREE_BOOL, TREE_NUMBER, TREE_STRING, TREE_ARRAY, TREE_OBJECT };

struct tree_node {
    uint32_t bytes;       // with texts, padding and everything below
    uint32_t time_s;      // of a scalar; since 1970
    uint32_t name_bytes;  // with quotes and colon; 0 in an array and at the root
    uint32_t token_bytes; // of a scalar
    uint32_t kind;
    char text[];
};

static inline bool tree_is_container(const struct tree_node *node) {
    return node->kind >= TREE_ARRAY;
}
struct text tree_name(const struct tree_node *node);  // "name":
struct text tree_token(const struct tree_node *node); // 12.5
bool tree_is_empty(const struct tree_node *container);

/// Children in order: `for (const struct tree_node *child = NULL; (child = tree_next(parent, child)) != NULL;)`.
const struct tree_node *tree_next(const struct tree_node *parent, const struct tree_node *child);

/// The child with the name of `like`; NULL when there is none. `*hint` is where the search starts: one after another
/// in the same order are found at once. Start with NULL.
const struct tree_node *tree_find(const struct tree_node *object, const struct tree_node *like,
                                  const struct tree_node **hint);

/// Building: a node, then its children, then `tree_end` with what `tree_begin` returned.
size_t tree_begin(struct buffer *out, struct text name, enum tree_kind kind);
size_t tree_begin_json(struct buffer *out, struct text plain_name, bool named, const struct json *value,
                       uint32_t time_s);
void tree_end(struct buffer *out, size_t begin);
void tree_copy(struct buffer *out, const struct tree_node *node);
void tree_copy_without_nulls(struct buffer *out, const struct tree_node *node); // of members; arrays have none
/// The node at `offset`, until the buffer next grows.
const struct tree_node *tree_at(const struct buffer *buffer, size_t offset);

/// Same JSON value: numbers by value, members in any order.
bool tree_equal(const struct tree_node *a, const struct tree_node *b);

/// `patch` merged into `old` (both objects): null removes, objects merge, everything else replaces.
void tree_merge(struct buffer *out, const struct tree_node *old, const struct tree_node *patch);
/// What `wanted` holds and `actual` lacks or holds differently. False, and nothing appended, when there is nothing.
bool tree_difference(struct buffer *out, const struct tree_node *wanted, const struct tree_node *actual);

/// Writes the node without its name: as JSON, and as the tree of its times.
void tree_write(struct json_writer *writer, const struct tree_node *node);
void tree_write_times(struct json_writer *writer, const struct tree_node *node);
size_t tree_json_bytes(const struct tree_node *node); // length of what `tree_write` writes
