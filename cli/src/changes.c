#include "changes.h"

enum { LINE_PATH_BYTES = 512 };

/// Where the lines go, and how each begins.
struct lines {
    struct text prefix, thing, shadow;
    struct buffer *out;
};

static void put_side(struct buffer *out, const struct json *value) {
    if (!json_exists(value)) {
        buffer_byte(out, '-');
        return;
    }
    struct json_writer writer = json_writer(out);
    json_put_value(&writer, value);
}

static void put_line(const struct lines *lines, const char *path, const struct json *old, const struct json *new) {
    struct buffer *out = lines->out;
    buffer_print(out, "%.*s%.*s%s%.*s  %s  ", TEXT_ARG(lines->prefix), TEXT_ARG(lines->thing),
                 lines->shadow.length == 0 ? "" : "/", TEXT_ARG(lines->shadow), path);
    put_side(out, old);
    buffer_string(out, " -> ");
    put_side(out, new);
    buffer_byte(out, '\n');
}

static void compare(const struct lines *lines, const char *path, const struct json *old, const struct json *new);

static void compare_member(const struct lines *lines, const char *path, struct text name, const struct json *old,
                           const struct json *new) {
    char below[LINE_PATH_BYTES];
    snprintf(below, sizeof below, "%s%s%.*s", path, path[0] == '\0' ? "" : "/", TEXT_ARG(name));
    compare(lines, below, old, new);
}

/// Goes down through objects; what is absent on one side is an object without members there.
static void compare(const struct lines *lines, const char *path, const struct json *old, const struct json *new) {
    if (json_exists(old) && json_exists(new) && json_equal(old, new)) return;
    bool was_leaf = json_exists(old) && !json_is(old, JSON_OBJECT);
    bool is_leaf = json_exists(new) && !json_is(new, JSON_OBJECT);
    if (was_leaf || is_leaf) {
        put_line(lines, path, old, new);
        return;
    }
    struct json_each each = json_each(new);
    while (json_next(&each)) compare_member(lines, path, each.name, json_member_text(old, each.name), each.value);
    each = json_each(old);
    while (json_next(&each)) {
        if (json_member_text(new, each.name) == NULL) compare_member(lines, path, each.name, each.value, NULL);
    }
}

void changes_print(struct text prefix, struct text thing, struct text shadow, const struct json *documents,
                   struct buffer *out) {
    const struct json *old = json_path(documents, TEXT("previous/state"));
    const struct json *new = json_path(documents, TEXT("current/state"));
    if (!json_is(json_member(documents, "previous"), JSON_OBJECT)) return;
    const struct lines lines = {prefix, thing, shadow, out};
    static const char *const parts[] = {"reported", "desired"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct json *before = json_member(old, parts[i]), *after = json_member(new, parts[i]);
        if (before != NULL || after != NULL) compare(&lines, parts[i], before, after);
    }
}
