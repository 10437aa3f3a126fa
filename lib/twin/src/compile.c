#include "compile.h"

#include <twin/twin.h>

static uint32_t time_of(const struct json *times, uint32_t otherwise) {
    int64_t time_s = json_integer(json_member(times, "timestamp"), otherwise);
    return time_s < 0 || time_s > UINT32_MAX ? otherwise : (uint32_t)time_s;
}

static enum compile_fault compile(struct buffer *out, struct text name, bool named, const struct json *value,
                                  const struct json *times, uint32_t time_s, unsigned level);

static enum compile_fault compile_children(struct buffer *out, const struct json *value, const struct json *times,
                                           uint32_t time_s, unsigned level) {
    bool is_object = json_is(value, JSON_OBJECT);
    struct json_each elements = json_each(json_is(times, JSON_ARRAY) ? times : NULL);
    for (struct json_each each = json_each(value); json_next(&each);) {
        if (level == TWIN_LEVELS_MAX) return COMPILE_TOO_DEEP;
        if (!is_object && json_is(each.value, JSON_NULL)) return COMPILE_NULL_IN_ARRAY;
        const struct json *times_of_child = is_object              ? json_member_text(times, each.name)
                                            : json_next(&elements) ? elements.value
                                                                   : NULL;
        enum compile_fault fault = compile(out, each.name, is_object, each.value, times_of_child, time_s, level + 1);
        if (fault != COMPILE_GOOD) return fault;
    }
    return COMPILE_GOOD;
}

static enum compile_fault compile(struct buffer *out, struct text name, bool named, const struct json *value,
                                  const struct json *times, uint32_t time_s, unsigned level) {
    size_t begin = tree_begin_json(out, name, named, value, time_of(times, time_s));
    enum compile_fault fault = compile_children(out, value, times, time_s, level);
    tree_end(out, begin);
    return fault;
}

enum compile_fault compile_section(struct buffer *out, struct text name, const struct json *value,
                                   const struct json *times, uint32_t time_s) {
    return compile(out, name, true, value, times, time_s, 0);
}
