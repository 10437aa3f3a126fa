/// JSON (RFC 8259): a strict reader with limits and a streaming writer. The only module that knows the JSON library.
///
/// Reading gives an immutable document; values inside it are borrowed until `json_destroy`.
/// Writing appends to a `struct buffer`; the writer puts commas and escapes, the caller keeps the structure right.
/// Threads: a document may be read by any number of threads; a writer by one.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>

struct json_document;
struct json; // one value inside a document

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INTEGER, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_limits {
    size_t bytes_max;   // of the text
    unsigned depth_max; // of nesting; a scalar alone has depth 0
};
enum { JSON_DEPTH_MAX = 256 }; // deeper is refused whatever the limit says: values are walked by recursion

/// ERROR_INVALID with line and column in the problem for anything that is not strict UTF-8 JSON (no comments, no
/// trailing comma, no duplicate member); ERROR_TOO_LARGE past a limit. `bytes` is not kept.
enum error json_parse(struct text bytes, struct json_limits limits, struct json_document **ret_document,
                      struct problem *ret_problem);
void json_destroy(struct json_document *document); // NULL is fine
CLEANUP_DEFINE(struct json_document, json_destroy)
const struct json *json_root(const struct json_document *document);

/// An integer that int64_t does not hold is of kind JSON_REAL; written again it keeps its digits up to uint64_t.
/// All of these take NULL (an absent value), which is of kind JSON_NULL; `json_exists` tells the difference.
bool json_exists(const struct json *value);
enum json_kind json_kind(const struct json *value);
bool json_is(const struct json *value, enum json_kind kind);                 // false for an absent value
bool json_bool(const struct json *value);                                    // false unless true
int64_t json_integer(const struct json *value, int64_t otherwise);           // also of a real that is whole and fits
double json_real(const struct json *value, double otherwise);                // of any number
struct text json_string(const struct json *value);                           // empty unless a string; borrowed
size_t json_count(const struct json *value);                                 // members or elements
const struct json *json_member(const struct json *object, const char *name); // NULL when absent
const struct json *json_member_text(const struct json *object, struct text name);
/// Follows "a/b/c" through objects; NULL when a step is absent.
const struct json *json_path(const struct json *value, struct text path);
const struct json *json_element(const struct json *array, size_t index); // O(index); iterate instead in loops

/// Members or elements in order: `struct json_each each = json_each(v); while (json_next(&each)) use(each.name,
/// each.value);`
struct json_each {
    struct text name; // empty in an array
    const struct json *value;
    const void *next_;
    size_t left_;
    bool object_;
};
struct json_each json_each(const struct json *container);
bool json_next(struct json_each *each);

/// Same JSON value: numbers by value (1 equals 1.0), members in any order.
bool json_equal(const struct json *a, const struct json *b);

/// Streaming writer.
struct json_writer {
    struct buffer *out;
    bool comma_;
};
struct json_writer json_writer(struct buffer *out);
void json_open_object(struct json_writer *writer);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer);
void json_close_array(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *name);
void json_key_text(struct json_writer *writer, struct text name);
void json_key_raw(struct json_writer *writer, struct text key); // trusted text with its colon: "name":
void json_put_null(struct json_writer *writer);
void json_put_bool(struct json_writer *writer, bool value);
void json_put_integer(struct json_writer *writer, int64_t value);
void json_put_unsigned(struct json_writer *writer, uint64_t value);
void json_put_real(struct json_writer *writer,
                   double value); // shortest that reads back equal (1.0, not 1); NaN and infinity: null
void json_put_string(struct json_writer *writer, const char *value);
void json_put_text(struct json_writer *writer, struct text value);         // bytes that are no UTF-8 become U+FFFD
void json_put_value(struct json_writer *writer, const struct json *value); // a parsed value, compact
void json_put_raw(struct json_writer *writer, struct text json);           // trusted JSON as it is
