#include "mapping.h"

#include <base/buffer.h>
#include <json/json.h>

#include <string.h>

enum { ARN_PARTS = 5 }; // before the resource: "arn:aws:iot:local:000000000000"

static const struct kind {
    const char *service, *resource, *member; // of function.yaml
} kinds[] = {
    {"iot", "thing", "twin"},      {"iot", "topicfilter", "topic"},
    {"iot", "topic", "topic"},     {"scheduler", "schedule", "schedule"},
    {"events", "source", "event"},
};

static const struct kind *find_kind(struct text service, struct text resource) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (text_is(service, kinds[i].service) && text_is(resource, kinds[i].resource)) return &kinds[i];
    return NULL;
}

static const struct kind *read_arn(struct text source, struct text *ret_rest) {
    struct text rest = source, parts[ARN_PARTS], resource;
    for (size_t i = 0; i < ARN_PARTS; i++)
        if (!text_split(&rest, ':', &parts[i])) return NULL;
    if (!text_is(parts[0], "arn") || !text_split(&rest, '/', &resource) || rest.length == 0) return NULL;
    *ret_rest = rest;
    return find_kind(parts[2], resource);
}

static void put(struct json_writer *writer, const char *name, struct text value) {
    json_key(writer, name);
    json_put_text(writer, value);
}

/// The same words as in function.yaml, whose rules hold here, too. JSON is YAML.
static void write_manifest(const struct kind *kind, struct text what, struct text condition, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    bool twin = strcmp(kind->member, "twin") == 0;
    struct text rest = what, thing = what;
    if (twin) text_split(&rest, '/', &thing);
    json_open_object(&writer);
    put(&writer, "name", TEXT("mapping"));
    put(&writer, "runtime", TEXT("provided.al2023"));
    json_key(&writer, "triggers");
    json_open_array(&writer);
    json_open_object(&writer);
    put(&writer, kind->member, thing);
    if (twin && rest.length > 0) put(&writer, "path", rest);
    if (condition.length > 0) put(&writer, "when", condition);
    json_close_object(&writer);
    json_close_array(&writer);
    json_close_object(&writer);
}

enum error mapping_read(struct text source, struct text condition, struct function_manifest **ret_manifest,
                        struct problem *ret_problem) {
    struct text what;
    const struct kind *kind = read_arn(source, &what);
    if (kind == NULL)
        return problem_say(ret_problem, ERROR_INVALID,
                           "EventSourceArn '%.*s' names nothing of a plant: "
                           "arn:aws:iot:local:000000000000:thing/THING/PATH, ...:topicfilter/FILTER, "
                           "arn:aws:scheduler:...:schedule/rate(5 minutes), arn:aws:events:...:source/SOURCE",
                           TEXT_ARG(source));
    CLEANUP(buffer_clear) struct buffer document = {0};
    write_manifest(kind, what, condition, &document);
    if (document.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return function_manifest_read(buffer_view(&document), "EventSourceArn", "", ret_manifest, ret_problem);
}
