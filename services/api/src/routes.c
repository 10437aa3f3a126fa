#include "api.h"

#include <dataplane/dataplane.h>
#include <string.h>

static void answer_picture(struct api *api, struct http_request *request) {
    http_answer(request, 200, NULL, 0, buffer_view(&api->picture));
}

static void answer_things(struct api *api, struct http_request *request) {
    http_answer(request, 200, NULL, 0, buffer_view(&api->things));
}

static void put_status(void *context, struct text status) {
    json_put_raw(context, status);
}

static void answer_status(struct api *api, struct http_request *request) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "plant");
    json_put_string(&writer, api->options.plant_name);
    json_key(&writer, "services");
    json_open_array(&writer);
    services_each(api, put_status, &writer);
    json_close_array(&writer);
    json_close_object(&writer);
    http_answer(request, 200, NULL, 0, buffer_view(&body));
}

static const struct {
    const char *path;
    void (*answer)(struct api *api, struct http_request *request);
} readers[] = {
    {"/v1/plant", answer_picture}, {"/v1/things", answer_things},   {"/v1/status", answer_status},
    {"/v1/events", events_open},   {"/v1/latency", latency_answer}, {"/metrics", metrics_answer},
};

static void refuse_method(struct http_request *request, const char *allowed) {
    const struct http_header_line headers[] = {{"x-amzn-errortype", "MethodNotAllowedException"}, {"Allow", allowed}};
    http_answer(request, 405, headers, 2, TEXT("{\"message\":\"Method not allowed\"}"));
}

/// "/v1/things/T/commands" or "/v1/things/T/commands/ID"
static bool is_command_path(struct text path, struct text *ret_thing, struct text *ret_id) {
    static const struct text before = {"/v1/things/", 11};
    if (!text_starts_with(path, before)) return false;
    struct text rest = text_from(path, before.length), word;
    if (!text_split(&rest, '/', ret_thing) || !text_split(&rest, '/', &word) || !text_is(word, "commands"))
        return false;
    *ret_id = rest;
    return memchr(rest.data == NULL ? "" : rest.data, '/', rest.length) == NULL;
}

static void take_command(struct api *api, struct http_request *request, struct text thing, struct text id) {
    bool posts = text_is(http_method(request), "POST"), gets = text_is(http_method(request), "GET");
    if (!gets && (!posts || id.length > 0)) return refuse_method(request, id.length > 0 ? "GET" : "GET, POST");
    if (!dataplane_is_thing_name(thing))
        return http_answer_error(request, ERROR_INVALID,
                                 "Invalid thing name: 1 to 128 characters out of a-z A-Z 0-9 : _ -");
    if (posts) return command_execute(api, request, thing);
    if (id.length == 0) return command_list(api, request, thing);
    command_read(api, request, thing, id);
}

static void answer_file(struct http_request *request, struct text path) {
    bool reads = text_is(http_method(request), "GET") || text_is(http_method(request), "HEAD");
    if (reads && console_answer(request, text_is(path, "/") ? TEXT("/index.html") : path, 200)) return;
    http_answer_error(request, ERROR_NOT_FOUND, "There is nothing at this path; docs/spec/http.md lists the calls");
}

void routes_handle(void *context, struct http_request *request) {
    struct api *api = context;
    if (!access_check(api, request)) return;
    struct dataplane_call call;
    switch (dataplane_match(request, &call)) {
    case DATAPLANE_CALL: return dataplane_execute(api->bus, request, &call);
    case DATAPLANE_ANSWERED: return;
    case DATAPLANE_OTHER: break;
    }
    struct text path = http_path(request);
    if (publish_is(path)) {
        if (!text_is(http_method(request), "POST")) return refuse_method(request, "POST");
        return publish_execute(api, request);
    }
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (!text_is(path, readers[i].path)) continue;
        if (!text_is(http_method(request), "GET")) return refuse_method(request, "GET");
        return readers[i].answer(api, request);
    }
    struct text thing, id;
    if (is_command_path(path, &thing, &id)) return take_command(api, request, thing, id);
    answer_file(request, path);
}
