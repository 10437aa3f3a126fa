#include "canonical.h"

#include <base/cleanup.h>

#include <stdlib.h>
#include <string.h>

static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.~", c));
}

static void put_encoded(struct text text, bool keep_slash, struct buffer *out) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (is_plain(c) || (keep_slash && c == '/'))
            buffer_byte(out, c);
        else
            buffer_print(out, "%%%02X", (unsigned char)c);
    }
}

static struct text path_of(struct text target) {
    const char *query = target.length == 0 ? NULL : memchr(target.data, '?', target.length);
    return query == NULL ? target : (struct text){target.data, (size_t)(query - target.data)};
}

/// As it came it is encoded once; the second time is here.
void canonical_put_path(struct text target, struct buffer *out) {
    struct text path = path_of(target);
    if (path.length == 0)
        buffer_byte(out, '/');
    else
        put_encoded(path, true, out);
}

// --- the query ---

struct pair {
    char *name, *value; // decoded and encoded again
};

static void pair_clear(struct pair *pair) {
    free(pair->name);
    free(pair->value);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static enum error encode_again(struct text raw, char **ret_text) {
    CLEANUP(buffer_clear) struct buffer decoded = {0};
    for (size_t i = 0; i < raw.length; i++) {
        char c = raw.data[i];
        if (c == '%') {
            int high = i + 2 < raw.length ? hex_digit(raw.data[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(raw.data[i + 2]);
            if (low < 0) return ERROR_INVALID;
            c = (char)(high << 4 | low);
            i += 2;
        }
        buffer_byte(&decoded, c);
    }
    CLEANUP(buffer_clear) struct buffer encoded = {0};
    buffer_string(&encoded, "");
    put_encoded(buffer_view(&decoded), false, &encoded);
    if (decoded.failed || encoded.failed) return ERROR_NO_MEMORY;
    *ret_text = text_copy(buffer_view(&encoded));
    return *ret_text == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

static int compare_pairs(const void *a, const void *b) {
    const struct pair *left = a, *right = b;
    int names = strcmp(left->name, right->name);
    return names != 0 ? names : strcmp(left->value, right->value);
}

static enum error read_pairs(struct text query, struct pair *pairs, size_t *count) {
    struct text piece, name;
    while (text_split(&query, '&', &piece)) {
        if (piece.length == 0) continue;
        if (*count == SIGV4_QUERY_PAIRS_MAX) return ERROR_TOO_LARGE;
        struct pair *pair = &pairs[(*count)++];
        struct text value = piece;
        if (!text_split(&value, '=', &name)) name = TEXT_EMPTY;
        enum error error = encode_again(name, &pair->name);
        if (!error) error = encode_again(value, &pair->value);
        if (error) return error;
    }
    return ERROR_NONE;
}

enum error canonical_put_query(struct text target, struct buffer *out) {
    struct text path = path_of(target);
    struct pair pairs[SIGV4_QUERY_PAIRS_MAX] = {0};
    size_t count = 0;
    enum error error = read_pairs(text_from(target, path.length + 1), pairs, &count);
    if (!error) {
        qsort(pairs, count, sizeof *pairs, compare_pairs);
        for (size_t i = 0; i < count; i++) {
            buffer_print(out, "%s%s=%s", i == 0 ? "" : "&", pairs[i].name, pairs[i].value);
        }
    }
    for (size_t i = 0; i < count; i++) pair_clear(&pairs[i]);
    return error;
}

// --- headers ---

/// Without white space at both ends, runs of spaces as one.
static void put_value(struct text value, struct buffer *out) {
    value = text_trim(value);
    for (size_t i = 0; i < value.length; i++) {
        bool again = value.data[i] == ' ' && i > 0 && value.data[i - 1] == ' ';
        if (!again) buffer_byte(out, value.data[i]);
    }
}

enum error canonical_put_headers(const struct sigv4_request *request, struct text signed_headers, struct buffer *out) {
    struct text name;
    for (size_t count = 0; text_split(&signed_headers, ';', &name); count++) {
        if (count == SIGV4_HEADERS_MAX) return ERROR_TOO_LARGE;
        buffer_text(out, name);
        buffer_byte(out, ':');
        put_value(request->header(request->context, name), out);
        buffer_byte(out, '\n');
    }
    return ERROR_NONE;
}
