#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TREE_ALIGNMENT = _Alignof(struct tree_node) };

static size_t padded(size_t bytes) {
    return (bytes + TREE_ALIGNMENT - 1) / TREE_ALIGNMENT * TREE_ALIGNMENT;
}

struct text tree_name(const struct tree_node *node) {
    return (struct text){node->text, node->name_bytes};
}

struct text tree_token(const struct tree_node *node) {
    return (struct text){node->text + node->name_bytes, node->token_bytes};
}

/* ---- Walking ---- */

static const struct tree_node *node_at(const struct tree_node *base, size_t offset) {
    return (const struct tree_node *)((const char *)base + offset);
}

static size_t own_bytes(const struct tree_node *node) {
    return sizeof *node + padded((size_t)node->name_bytes + node->token_bytes);
}

const struct tree_node *tree_next(const struct tree_node *parent, const struct tree_node *child) {
    const struct tree_node *next = child == NULL ? node_at(parent, own_bytes(parent)) : node_at(child, child->bytes);
    return next < node_at(parent, parent->bytes) ? next : NULL;
}

bool tree_is_empty(const struct tree_node *container) {
    return tree_next(container, NULL) == NULL;
}

const struct tree_node *tree_find(const struct tree_node *object, const struct tree_node *like,
                                  const struct tree_node **hint) {
    struct text name = tree_name(like);
    const struct tree_node *start = *hint;
    for (const struct tree_node *child = start; (child = tree_next(object, child)) != NULL;)
        if (text_equal(tree_name(child), name)) return *hint = child;
    if (start == NULL) return NULL;
    for (const struct tree_node *child = NULL; (child = tree_next(object, child)) != NULL;) {
        if (text_equal(tree_name(child), name)) return *hint = child;
        if (child == start) return NULL;
    }
    return NULL;
}

/* ---- Building ---- */

const struct tree_node *tree_at(const struct buffer *buffer, size_t offset) {
    return (const struct tree_node *)(const void *)(buffer->data + offset);
}

static struct tree_node *open_node(struct buffer *out, size_t begin) {
    return (struct tree_node *)(void *)(out->data + begin);
}

static void pad(struct buffer *out) {
    static const char zeros[TREE_ALIGNMENT];
    buffer_append(out, zeros, padded(out->length) - out->length);
}

size_t tree_begin(struct buffer *out, struct text name, enum tree_kind kind) {
    size_t begin = out->length;
    struct tree_node node = {.name_bytes = (uint32_t)name.length, .kind = kind};
    buffer_append(out, &node, sizeof node);
    buffer_text(out, name);
    pad(out);
    return begin;
}

static enum tree_kind kind_of(const struct json *value) {
    static const enum tree_kind kinds[] = {
        [JSON_NULL] = TREE_NULL,     [JSON_BOOL] = TREE_BOOL,   [JSON_INTEGER] = TREE_NUMBER, [JSON_REAL] = TREE_NUMBER,
        [JSON_STRING] = TREE_STRING, [JSON_ARRAY] = TREE_ARRAY, [JSON_OBJECT] = TREE_OBJECT,
    };
    return kinds[json_kind(value)];
}

size_t tree_begin_json(struct buffer *out, struct text plain_name, bool named, const struct json *value,
                       uint32_t time_s) {
    size_t begin = out->length;
    struct tree_node node = {.time_s = time_s, .kind = kind_of(value)};
    buffer_append(out, &node, sizeof node);
    struct json_writer writer = json_writer(out);
    if (named) json_key_text(&writer, plain_name);
    size_t name_end = out->length;
    if (!tree_is_container(&node)) json_put_value(&writer, value);
    if (out->failed) return begin;
    open_node(out, begin)->name_bytes = (uint32_t)(name_end - begin - sizeof node);
    open_node(out, begin)->token_bytes = (uint32_t)(out->length - name_end);
    pad(out);
    return begin;
}

void tree_end(struct buffer *out, size_t begin) {
    if (!out->failed) open_node(out, begin)->bytes = (uint32_t)(out->length - begin);
}

void tree_copy(struct buffer *out, const struct tree_node *node) {
    buffer_append(out, node, node->bytes);
}

void tree_copy_without_nulls(struct buffer *out, const struct tree_node *node) {
    if (!tree_is_container(node)) return tree_copy(out, node);
    size_t begin = tree_begin(out, tree_name(node), node->kind);
    for (const struct tree_node *child = NULL; (child = tree_next(node, child)) != NULL;)
        if (child->kind != TREE_NULL) tree_copy_without_nulls(out, child);
    tree_end(out, begin);
}

/* ---- Comparing ---- */

/// Tokens of a number are the shortest that read back equal: they differ for one value only between integer and real,
/// and in the sign of zero. A long double holds every 64-bit integer and every double exactly.
static long double number_of(struct text token) {
    char digits[64];
    if (token.length >= sizeof digits) return 0;
    memcpy(digits, token.data, token.length);
    digits[token.length] = '\0';
    return strpbrk(digits, ".eE") != NULL ? (long double)strtod(digits, NULL) : strtold(digits, NULL);
}

static bool scalars_equal(const struct tree_node *a, const struct tree_node *b) {
    if (text_equal(tree_token(a), tree_token(b))) return true;
    return a->kind == TREE_NUMBER && number_of(tree_token(a)) == number_of(tree_token(b));
}

static bool arrays_equal(const struct tree_node *a, const struct tree_node *b) {
    const struct tree_node *in_a = tree_next(a, NULL), *in_b = tree_next(b, NULL);
    while (in_a != NULL && in_b != NULL) {
        if (!tree_equal(in_a, in_b)) return false;
        in_a = tree_next(a, in_a);
        in_b = tree_next(b, in_b);
    }
    return in_a == in_b; // both at their end
}

static size_t count_children(const struct tree_node *parent) {
    size_t count = 0;
    for (const struct tree_node *child = NULL; (child = tree_next(parent, child)) != NULL;) count++;
    return count;
}

static bool objects_equal(const struct tree_node *a, const struct tree_node *b) {
    if (count_children(a) != count_children(b)) return false;
    const struct tree_node *hint = NULL;
    for (const struct tree_node *child = NULL; (child = tree_next(a, child)) != NULL;) {
        const struct tree_node *other = tree_find(b, child, &hint);
        if (other == NULL || !tree_equal(child, other)) return false;
    }
    return true;
}

bool tree_equal(const struct tree_node *a, const struct tree_node *b) {
    if (a->kind != b->kind) return false;
    if (a->kind == TREE_OBJECT) return objects_equal(a, b);
    if (a->kind == TREE_ARRAY) return arrays_equal(a, b);
    return scalars_equal(a, b);
}

/* ---- Merging and telling the difference ---- */

static void merge_child(struct buffer *out, const struct tree_node *old, const struct tree_node *patch) {
    if (patch == NULL) return tree_copy(out, old);
    if (patch->kind == TREE_NULL) return;
    if (patch->kind == TREE_OBJECT && old->kind == TREE_OBJECT) return tree_merge(out, old, patch);
    tree_copy_without_nulls(out, patch);
}

void tree_merge(struct buffer *out, const struct tree_node *old, const struct tree_node *patch) {
    size_t begin = tree_begin(out, tree_name(patch), TREE_OBJECT);
    const struct tree_node *hint = NULL;
    for (const struct tree_node *child = NULL; (child = tree_next(old, child)) != NULL;)
        merge_child(out, child, tree_find(patch, child, &hint));
    hint = NULL;
    for (const struct tree_node *child = NULL; (child = tree_next(patch, child)) != NULL;)
        if (child->kind != TREE_NULL && tree_find(old, child, &hint) == NULL) tree_copy_without_nulls(out, child);
    tree_end(out, begin);
}

static bool child_difference(struct buffer *out, const struct tree_node *wanted, const struct tree_node *actual) {
    if (actual != NULL && wanted->kind == TREE_OBJECT && actual->kind == TREE_OBJECT)
        return tree_difference(out, wanted, actual);
    if (actual != NULL && tree_equal(wanted, actual)) return false;
    tree_copy(out, wanted);
    return true;
}

bool tree_difference(struct buffer *out, const struct tree_node *wanted, const struct tree_node *actual) {
    size_t begin = tree_begin(out, tree_name(wanted), TREE_OBJECT);
    bool different = false;
    const struct tree_node *hint = NULL;
    for (const struct tree_node *child = NULL; (child = tree_next(wanted, child)) != NULL;)
        different |= child_difference(out, child, tree_find(actual, child, &hint));
    tree_end(out, begin);
    if (!different) out->length = begin;
    return different;
}

/* ---- Writing ---- */

static void open_container(struct json_writer *writer, const struct tree_node *node) {
    if (node->kind == TREE_OBJECT) return json_open_object(writer);
    json_open_array(writer);
}

static void close_container(struct json_writer *writer, const struct tree_node *node) {
    if (node->kind == TREE_OBJECT) return json_close_object(writer);
    json_close_array(writer);
}

static void write_child(struct json_writer *writer, const struct tree_node *child) {
    if (!tree_is_container(child)) // name and token stand side by side
        return json_put_raw(writer, (struct text){child->text, (size_t)child->name_bytes + child->token_bytes});
    if (child->name_bytes > 0) json_key_raw(writer, tree_name(child));
    tree_write(writer, child);
}

void tree_write(struct json_writer *writer, const struct tree_node *node) {
    if (!tree_is_container(node)) return json_put_raw(writer, tree_token(node));
    open_container(writer, node);
    for (const struct tree_node *child = NULL; (child = tree_next(node, child)) != NULL;) write_child(writer, child);
    close_container(writer, node);
}

/// The text of a time; most leaves of a document share a few times, so the last one is kept.
struct time_text {
    uint32_t time_s;
    size_t length; // 0: none yet
    char text[48];
};

static void write_time(struct json_writer *writer, uint32_t time_s, struct time_text *last) {
    if (last->length == 0 || last->time_s != time_s) {
        last->time_s = time_s;
        last->length = (size_t)snprintf(last->text, sizeof last->text, "{\"timestamp\":%u}", (unsigned)time_s);
    }
    json_put_raw(writer, (struct text){last->text, last->length});
}

static void write_times(struct json_writer *writer, const struct tree_node *node, struct time_text *last) {
    if (!tree_is_container(node)) return write_time(writer, node->time_s, last);
    open_container(writer, node);
    for (const struct tree_node *child = NULL; (child = tree_next(node, child)) != NULL;) {
        if (child->name_bytes > 0) json_key_raw(writer, tree_name(child));
        write_times(writer, child, last);
    }
    close_container(writer, node);
}

void tree_write_times(struct json_writer *writer, const struct tree_node *node) {
    struct time_text last = {0};
    write_times(writer, node, &last);
}

size_t tree_json_bytes(const struct tree_node *node) {
    if (!tree_is_container(node)) return node->token_bytes;
    size_t bytes = 2, count = 0; // brackets
    for (const struct tree_node *child = NULL; (child = tree_next(node, child)) != NULL; count++)
        bytes += child->name_bytes + tree_json_bytes(child);
    return bytes + (count > 1 ? count - 1 : 0); // commas
}
