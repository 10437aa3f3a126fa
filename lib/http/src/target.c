#include "target.h"

#include <http/server.h>

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Decodes to `*to` and moves it on. Decoding never lengthens, so storage as long as the target is enough.
static enum error decode(struct text raw, bool plus_is_space, char **to, struct text *ret_decoded) {
    char *begin = *to;
    char *out = begin;
    for (size_t i = 0; i < raw.length; i++) {
        char c = raw.data[i];
        if (c == '%') {
            if (raw.length - i < 3) return ERROR_INVALID;
            int high = hex_digit(raw.data[i + 1]);
            int low = hex_digit(raw.data[i + 2]);
            if (high < 0 || low < 0) return ERROR_INVALID;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0') return ERROR_INVALID;
        *out++ = c;
    }
    struct text decoded = {begin, (size_t)(out - begin)};
    if (!text_is_utf8(decoded)) return ERROR_INVALID;
    *to = out;
    *ret_decoded = decoded;
    return ERROR_NONE;
}

/// "http://host:port/path" names the same as "/path" (RFC 9112, 3.2.2).
static struct text without_authority(struct text raw) {
    static const struct text schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (!text_starts_with(raw, schemes[i])) continue;
        struct text rest = text_from(raw, schemes[i].length);
        const char *slash = rest.length == 0 ? NULL : memchr(rest.data, '/', rest.length);
        return slash == NULL ? TEXT("/") : text_from(rest, (size_t)(slash - rest.data));
    }
    return raw;
}

static size_t count_pairs(struct text query) {
    size_t count = 0;
    for (struct text piece; text_split(&query, '&', &piece);) count++;
    return count;
}

static enum error decode_pairs(struct text query, char **to, struct http_target *target) {
    for (struct text piece; text_split(&query, '&', &piece);) {
        if (piece.length == 0) continue;
        struct http_pair *pair = &target->pairs[target->pair_count];
        struct text name = TEXT_EMPTY;
        struct text value = piece;
        if (!text_split(&value, '=', &name)) return ERROR_INVALID;
        enum error error = decode(name, true, to, &pair->name);
        if (!error) error = decode(value, true, to, &pair->value);
        if (error) return error;
        target->pair_count++;
    }
    return ERROR_NONE;
}

static enum error parse_into(struct text raw, struct http_target *target) {
    struct text query = without_authority(raw);
    struct text path = TEXT_EMPTY;
    if (!text_split(&query, '?', &path) || path.length == 0) return ERROR_INVALID;
    if (path.data[0] != '/' && !text_is(path, "*")) return ERROR_INVALID;
    size_t pair_count = count_pairs(query);
    if (pair_count > HTTP_QUERY_PAIRS_MAX) return ERROR_TOO_LARGE;
    target->storage = malloc(raw.length + 1);
    target->pairs = calloc(pair_count + 1, sizeof *target->pairs);
    if (target->storage == NULL || target->pairs == NULL) return ERROR_NO_MEMORY;
    char *to = target->storage;
    enum error error = decode(path, false, &to, &target->path);
    return error ? error : decode_pairs(query, &to, target);
}

enum error http_target_parse(struct text raw, struct http_target *ret_target) {
    struct http_target target = {0};
    enum error error = parse_into(raw, &target);
    if (error) {
        http_target_clear(&target);
        return error;
    }
    *ret_target = target;
    return ERROR_NONE;
}

void http_target_clear(struct http_target *target) {
    free(target->storage);
    free(target->pairs);
    *target = (struct http_target){0};
}

const struct http_pair *http_target_query(const struct http_target *target, struct text name) {
    for (size_t i = 0; i < target->pair_count; i++)
        if (text_equal(target->pairs[i].name, name)) return &target->pairs[i];
    return NULL;
}

static struct text without_quotes(struct text value) {
    if (value.length < 2 || value.data[0] != '"' || value.data[value.length - 1] != '"') return value;
    return (struct text){value.data + 1, value.length - 2};
}

bool http_cookie_find(struct text header, struct text name, struct text *ret_value) {
    for (struct text piece; text_split(&header, ';', &piece);) {
        struct text value = text_trim(piece);
        struct text key;
        if (!text_split(&value, '=', &key) || !text_equal(text_trim(key), name)) continue;
        *ret_value = without_quotes(text_trim(value));
        return true;
    }
    return false;
}
