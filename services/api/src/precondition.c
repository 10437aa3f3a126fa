#include "api.h"

#include <stdio.h>

/* What must hold for a command: {"version":n, "reported":{...}, "things":{"T":{...}}}: the version of the thing's twin,
 * and members that `reported` of it and of others must have. Looked at in the twins as they were told last. */

/// Members of `wanted` that `actual` must have; NULL when all are there, else the path of the first that is not.
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

/// Absent when the twin is not known.
static const struct json *of_twin(const struct json_document *document, struct text path) {
    return document == NULL ? NULL : json_path(json_root(document), path);
}

static bool holds_for(struct api *api, struct text thing, const struct json *wanted, struct problem *problem) {
    CLEANUP(json_destroy_at) struct json_document *document = twins_document(api, thing);
    const struct json *reported = of_twin(document, TEXT("document/current/state/reported"));
    CLEANUP(buffer_clear) struct buffer path = {0};
    if (!find_difference(reported, wanted, &path)) return true;
    CLEANUP(buffer_clear) struct buffer actual = {0};
    struct json_writer writer = json_writer(&actual);
    const struct json *there = json_path(reported, text_from(buffer_view(&path), 1));
    json_put_value(&writer, there);
    error_ignore(problem_say(problem, ERROR_CONFLICT, "%.*s%.*s is %.200s", TEXT_ARG(thing),
                             TEXT_ARG(buffer_view(&path)), json_exists(there) ? actual.data : "absent"));
    return false;
}

static bool has_version(struct api *api, struct text thing, const struct json *wanted, struct problem *problem) {
    CLEANUP(json_destroy_at) struct json_document *document = twins_document(api, thing);
    const struct json *version = of_twin(document, TEXT("document/current/version"));
    if (json_equal(version, wanted)) return true;
    error_ignore(problem_say(problem, ERROR_CONFLICT, "the twin of %.*s has version %lld", TEXT_ARG(thing),
                             (long long)json_integer(version, 0)));
    return false;
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

bool precondition_holds(struct api *api, struct text thing, const struct json *precondition, struct problem *problem) {
    const struct json *version = json_member(precondition, "version");
    const struct json *reported = json_member(precondition, "reported");
    if (json_exists(version) && !has_version(api, thing, version, problem)) return false;
    if (json_exists(reported) && !holds_for(api, thing, reported, problem)) return false;
    struct json_each others = json_each(json_member(precondition, "things"));
    while (json_next(&others)) {
        if (!holds_for(api, others.name, others.value, problem)) return false;
    }
    return true;
}
