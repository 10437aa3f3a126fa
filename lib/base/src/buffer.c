#include <base/buffer.h>

#include <base/cleanup.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES_FIRST = 64 }; // most lines and keys fit without growing

void buffer_clear(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_reset(struct buffer *buffer) {
    buffer->length = 0;
    buffer->failed = false;
    if (buffer->data != NULL) buffer->data[0] = '\0';
}

static bool fail(struct buffer *buffer) {
    buffer->failed = true;
    return false;
}

bool buffer_reserve(struct buffer *buffer, size_t more) {
    if (buffer->failed) return false;
    size_t needed;
    if (__builtin_add_overflow(buffer->length, more, &needed)) return fail(buffer);
    if (needed >= PTRDIFF_MAX) return fail(buffer);
    needed++; // the NUL
    if (needed <= buffer->capacity) return true;

    size_t capacity = buffer->capacity < BUFFER_BYTES_FIRST ? BUFFER_BYTES_FIRST : buffer->capacity * 2;
    if (capacity < needed) capacity = needed;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) return fail(buffer);
    data[buffer->length] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length) {
    if (length == 0 || !buffer_reserve(buffer, length)) return;
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_text(struct buffer *buffer, struct text text) {
    buffer_append(buffer, text.data, text.length);
}

void buffer_string(struct buffer *buffer, const char *string) {
    buffer_text(buffer, text_of(string));
}

void buffer_byte(struct buffer *buffer, char byte) {
    buffer_append(buffer, &byte, 1);
}

void buffer_print(struct buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(buffer, format, arguments);
    va_end(arguments);
}

/// Writes what fits behind the bytes that are there; returns the length of all of it, negative when it has none.
static int print_behind(struct buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static int print_behind(struct buffer *buffer, const char *format, va_list arguments) {
    va_list copy;
    va_copy(copy, arguments);
    int length = vsnprintf(buffer->data + buffer->length, buffer->capacity - buffer->length, format, copy);
    va_end(copy);
    return length;
}

void buffer_vprint(struct buffer *buffer, const char *format, va_list arguments) {
    if (!buffer_reserve(buffer, 0)) return;
    int length = print_behind(buffer, format, arguments);
    bool cut = length >= 0 && (size_t)length >= buffer->capacity - buffer->length;
    if (cut && buffer_reserve(buffer, (size_t)length)) length = print_behind(buffer, format, arguments);
    if (length < 0) buffer->failed = true;
    if (!buffer->failed) buffer->length += (size_t)length;
    buffer->data[buffer->length] = '\0'; // takes back what a failed print left
}

struct text buffer_view(const struct buffer *buffer) {
    return (struct text){buffer->data, buffer->length};
}

char *buffer_take(struct buffer *buffer) {
    char *data = buffer_reserve(buffer, 0) ? TAKE(buffer->data) : NULL;
    buffer_clear(buffer);
    return data;
}
