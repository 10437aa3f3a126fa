/// Growing bytes. A failed append is remembered in `failed` and later appends do nothing, so that a writer checks
/// once at the end: `if (buffer.failed) return ERROR_NO_MEMORY;`
/// Owns its bytes; `buffer_clear` frees them. Zero-initialise: `CLEANUP(buffer_clear) struct buffer out = {0};`
#pragma once

#include <base/text.h>
#include <stdarg.h>

struct buffer {
    char *data; // NUL follows the last byte whenever data is not NULL
    size_t length;
    size_t capacity;
    bool failed;
};

void buffer_clear(struct buffer *buffer);                // frees
void buffer_reset(struct buffer *buffer);                // empties, keeps the memory
bool buffer_reserve(struct buffer *buffer, size_t more); // room for `more` bytes and the NUL; false when it failed
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_text(struct buffer *buffer, struct text text);
void buffer_string(struct buffer *buffer, const char *string);
void buffer_byte(struct buffer *buffer, char byte);
void buffer_print(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprint(struct buffer *buffer, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/// Borrowed until the buffer next changes.
struct text buffer_view(const struct buffer *buffer);
/// The bytes, NUL-terminated, for the caller to free; the buffer is empty afterwards. NULL when it failed.
char *buffer_take(struct buffer *buffer);
