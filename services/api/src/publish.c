#include "api.h"

#include <string.h>

/* POST /topics/T: AWS IoT's publish. Topics that begin with `$` are for services and devices, but for the requests to
 * twins; `splc/` is ours. */

static const struct text topics = {"/topics/", 8};

bool publish_is(struct text path) {
    return text_starts_with(path, topics);
}

/// Level by level; "*" is any one.
static bool has_levels(struct text topic, const char *const *levels) {
    struct text level;
    for (; *levels != NULL; levels++)
        if (!text_split(&topic, '/', &level) || !(text_is(text_of(*levels), "*") || text_is(level, *levels)))
            return false;
    return topic.length == 0;
}

static bool is_twin_request(struct text topic) {
    static const char *const operations[] = {"update", "get", "delete"};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const char *const classic[] = {"$aws", "things", "*", "shadow", operations[i], NULL};
        const char *const named[] = {"$aws", "things", "*", "shadow", "name", "*", operations[i], NULL};
        if (has_levels(topic, classic) || has_levels(topic, named)) return true;
    }
    return false;
}

static bool is_reserved(struct text topic) {
    bool ours = text_starts_with(topic, TEXT("splc/")) || text_starts_with(topic, TEXT("_INBOX/"));
    return ours || (text_starts_with(topic, TEXT("$")) && !is_twin_request(topic));
}

static bool has_wrong_quality(const struct http_request *request) {
    if (!http_has_query(request, "qos")) return false;
    struct text quality = http_query(request, "qos");
    return !text_is(quality, "0") && !text_is(quality, "1");
}

void publish_execute(struct api *api, struct http_request *request) {
    struct text topic = text_from(http_path(request), topics.length);
    CLEANUP(buffer_clear) struct buffer subject = {0};
    if (has_wrong_quality(request)) return http_answer_error(request, ERROR_INVALID, "qos must be 0 or 1");
    if (topic.length > API_TOPIC_BYTES_MAX || bus_subject_from_topic(topic, &subject))
        return http_answer_error(
            request, ERROR_INVALID,
            "Invalid topic: up to %d bytes, levels that are not empty, none of . + # * > and spaces",
            API_TOPIC_BYTES_MAX);
    if (is_reserved(topic)) return http_answer_error(request, ERROR_FORBIDDEN, "The topic is reserved");
    enum error error = bus_publish(api->bus, buffer_view(&subject), http_body(request));
    if (error) return http_answer_error(request, error, "The bus is not connected");
    http_answer(request, 200, NULL, 0, TEXT("{\"message\":\"OK\"}"));
}
