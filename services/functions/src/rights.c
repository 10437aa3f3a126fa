#include "rights.h"

#include <json/json.h>

enum { UPDATE_BYTES_MAX = 64 * 1024, UPDATE_DEPTH_MAX = 64 }; // far beyond what a shadow takes

static bool contains(const char *const *things, size_t count, struct text thing) {
    for (size_t i = 0; i < count; i++)
        if (text_is(thing, things[i])) return true;
    return false;
}

static enum error refuse(const struct function_manifest *manifest, const char *what, struct text thing,
                         const char *list, struct problem *ret_problem) {
    return problem_say(ret_problem, ERROR_FORBIDDEN,
                       "function %s may not %s %.*s: its function.yaml does not name it in '%s'",
                       manifest == NULL ? "" : manifest->name, what, TEXT_ARG(thing), list);
}

/// True when the update touches nothing but desired.
static enum error only_wishes(struct text body, bool *ret_only, struct problem *ret_problem) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {UPDATE_BYTES_MAX, UPDATE_DEPTH_MAX};
    enum error error = json_parse(body, limits, &document, ret_problem);
    if (error) return error;
    const struct json *state = json_member(json_root(document), "state");
    *ret_only = json_is(state, JSON_OBJECT);
    for (struct json_each each = json_each(state); *ret_only && json_next(&each);)
        *ret_only = text_is(each.name, "desired");
    return ERROR_NONE;
}

enum error rights_check(const struct function_manifest *manifest, enum dataplane_operation operation, struct text thing,
                        struct text body, struct problem *ret_problem) {
    if (operation == DATAPLANE_GET || operation == DATAPLANE_LIST) return ERROR_NONE;
    static const struct function_manifest none = {.name = ""};
    if (manifest == NULL) manifest = &none;
    if (contains(manifest->state, manifest->state_count, thing)) return ERROR_NONE;
    if (operation == DATAPLANE_DELETE) return refuse(manifest, "delete the twin of", thing, "state", ret_problem);
    bool wishes = false;
    enum error error = only_wishes(body, &wishes, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "update of %.*s", TEXT_ARG(thing));
    if (!wishes) return refuse(manifest, "report for", thing, "state", ret_problem);
    if (contains(manifest->commands, manifest->command_count, thing)) return ERROR_NONE;
    return refuse(manifest, "command", thing, "commands", ret_problem);
}

// --- topics and functions ---

bool topic_matches(struct text topic, struct text filter) {
    struct text level, wanted;
    if (text_starts_with(topic, TEXT("$")) && !text_starts_with(filter, TEXT("$"))) return false;
    while (text_split(&filter, '/', &wanted)) {
        if (text_is(wanted, "#")) return true;
        if (!text_split(&topic, '/', &level)) return false;
        if (!text_is(wanted, "+") && !text_equal(wanted, level)) return false;
    }
    return topic.length == 0;
}

enum error rights_check_publish(const struct function_manifest *manifest, struct text topic,
                                struct problem *ret_problem) {
    if (text_starts_with(topic, TEXT("$")) || text_starts_with(topic, TEXT("splc/")) ||
        text_starts_with(topic, TEXT("_INBOX/")))
        return problem_say(ret_problem, ERROR_FORBIDDEN, "the topic %.*s is reserved for services and devices",
                           TEXT_ARG(topic));
    for (size_t i = 0; manifest != NULL && i < manifest->publish_count; i++)
        if (topic_matches(topic, text_of(manifest->publish[i]))) return ERROR_NONE;
    return refuse(manifest, "publish to", topic, "publish", ret_problem);
}

enum error rights_check_invoke(const struct function_manifest *manifest, struct text function,
                               struct problem *ret_problem) {
    if (manifest != NULL && contains(manifest->invoke, manifest->invoke_count, function)) return ERROR_NONE;
    return refuse(manifest, "invoke", function, "invoke", ret_problem);
}
