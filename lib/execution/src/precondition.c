#include <execution/precondition.h>

#include <base/buffer.h>

/// Members of `wanted` that `actual` must have; false when all are there, else the path of the first that is not.
static bool find_difference(const struct json *actual, const struct json *wanted, struct buffer *path) {
    if (!json_is(wanted, JSON_OBJECT)) return !json_equal(actual, wanted);
    struct json_each each = json_each(wanted);
    while (json_next(&each)) {
        size_t length = path->length;
        buffer_print(path, "/%.*s", TEXT_ARG(each.name));
        if (find_difference(json_member_text(actual, each.name), each.value, path)) return true;
        path->length = length;
    }
    return false;
}

static enum error check_reported(struct text thing, const struct json *reported, const struct json *wanted,
                                 struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer path = {0}, actual = {0};
    if (!find_difference(reported, wanted, &path)) return ERROR_NONE;
    struct json_writer writer = json_writer(&actual);
    const struct json *there = json_path(reported, text_from(buffer_view(&path), 1));
    json_put_value(&writer, there);
    return problem_say(ret_problem, ERROR_CONFLICT, "%.*s%.*s is %.200s", TEXT_ARG(thing), TEXT_ARG(buffer_view(&path)),
                       json_exists(there) && !actual.failed ? actual.data : "absent");
}

enum error precondition_check(struct text thing, const struct json *document, const struct json *version,
                              const struct json *reported, struct problem *ret_problem) {
    const struct json *actual = json_member(document, "version");
    if (json_exists(version) && !json_equal(actual, version))
        return problem_say(ret_problem, ERROR_CONFLICT, "the twin of %.*s has version %lld", TEXT_ARG(thing),
                           (long long)json_integer(actual, 0));
    if (!json_exists(reported)) return ERROR_NONE;
    return check_reported(thing, json_path(document, TEXT("state/reported")), reported, ret_problem);
}

bool precondition_is_wrong(const struct json *precondition) {
    if (!json_exists(precondition)) return false;
    if (!json_is(precondition, JSON_OBJECT)) return true;
    struct json_each each = json_each(precondition);
    while (json_next(&each)) {
        bool known = text_is(each.name, "version") ? json_is(each.value, JSON_INTEGER)
                                                   : (text_is(each.name, "reported") || text_is(each.name, "things")) &&
                                                         json_is(each.value, JSON_OBJECT);
        if (!known) return true;
    }
    return false;
}
