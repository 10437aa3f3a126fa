#include "function_internal.h"

#include <stdio.h>
#include <stdlib.h>

static enum error check_endpoint(const struct splc_function *function, struct problem *ret_problem) {
    if (function->data_url[0] != '\0') return ERROR_NONE;
    return problem_say(ret_problem, ERROR_NOT_FOUND,
                       "AWS_ENDPOINT_URL_IOT_DATA_PLANE is not set: the runtime offers no twins");
}

static enum error call_data_plane(struct splc_function *function, const char *method, struct text thing,
                                  struct text body, struct problem *ret_problem) {
    enum error error = check_endpoint(function, ret_problem);
    if (error) return error;
    char url[768];
    snprintf(url, sizeof url, "%s/things/%.*s/shadow", function->data_url, TEXT_ARG(thing));
    const char *const headers[] = {function->token_header, NULL};
    struct http_call call = {.method = method, .url = url, .headers = headers, .body = body};
    return http_client_call(function->data, &call, &function->answer, ret_problem);
}

static enum error error_of_status(int status) {
    static const struct {
        int status;
        enum error error;
    } table[] = {
        {400, ERROR_INVALID},  {401, ERROR_UNAUTHORIZED}, {403, ERROR_FORBIDDEN},   {404, ERROR_NOT_FOUND},
        {409, ERROR_CONFLICT}, {413, ERROR_TOO_LARGE},    {415, ERROR_UNSUPPORTED}, {429, ERROR_LIMIT},
        {500, ERROR_INTERNAL}, {503, ERROR_UNAVAILABLE},  {504, ERROR_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status) return table[i].error;
    return status >= 200 && status < 300 ? ERROR_NONE : ERROR_IO;
}

static enum error parse_answer(struct splc_function *function, struct json_document **ret_document,
                               struct problem *ret_problem) {
    struct json_limits limits = {FUNCTION_TWIN_BYTES_MAX, FUNCTION_DEPTH_MAX};
    return json_parse(buffer_view(&function->answer.body), limits, ret_document, ret_problem);
}

/// ERROR_NONE when the data plane has accepted; else its message.
static enum error outcome(struct splc_function *function, struct text thing, struct problem *ret_problem) {
    enum error error = error_of_status(function->answer.status);
    if (!error) return ERROR_NONE;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct text message = text_of(error_text(error));
    if (!parse_answer(function, &document, NULL) && json_exists(json_member(json_root(document), "message")))
        message = json_string(json_member(json_root(document), "message"));
    return problem_say(ret_problem, error, "twin of %.*s: %.*s", TEXT_ARG(thing), TEXT_ARG(message));
}

enum error splc_twin_get(struct splc_function *function, struct text thing, struct splc_twin *ret_twin,
                         struct problem *ret_problem) {
    enum error error = call_data_plane(function, "GET", thing, TEXT_EMPTY, ret_problem);
    if (error) return error;
    *ret_twin = (struct splc_twin){0};
    error = outcome(function, thing, ret_problem);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    if (error) return error;
    error = parse_answer(function, &ret_twin->document, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "twin of %.*s", TEXT_ARG(thing));
    const struct json *root = json_root(ret_twin->document);
    ret_twin->desired = json_path(root, TEXT("state/desired"));
    ret_twin->reported = json_path(root, TEXT("state/reported"));
    ret_twin->version = (uint64_t)json_integer(json_member(root, "version"), 0);
    ret_twin->restored = json_bool(json_member(root, "restored"));
    return ERROR_NONE;
}

void splc_twin_clear(struct splc_twin *twin) {
    json_destroy(twin->document);
    *twin = (struct splc_twin){0};
}

static void write_section(struct json_writer *writer, const char *name, struct text section) {
    if (section.length == 0) return;
    json_key(writer, name);
    json_put_raw(writer, section);
}

static void write_update(const struct splc_function *function, const struct splc_change *change, struct buffer *body) {
    struct json_writer writer = json_writer(body);
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    write_section(&writer, "desired", change->desired);
    write_section(&writer, "reported", change->reported);
    json_close_object(&writer);
    if (change->version != 0) {
        json_key(&writer, "version");
        json_put_unsigned(&writer, change->version);
    }
    if (function->cause.length > 0) {
        json_key(&writer, "clientToken");
        json_put_text(&writer, function->cause);
    }
    json_close_object(&writer);
}

static uint64_t answered_version(struct splc_function *function) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (parse_answer(function, &document, NULL)) return 0;
    return (uint64_t)json_integer(json_member(json_root(document), "version"), 0);
}

enum error splc_twin_update(struct splc_function *function, struct text thing, const struct splc_change *change,
                            uint64_t *ret_version, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    write_update(function, change, &body);
    if (body.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = call_data_plane(function, "POST", thing, buffer_view(&body), ret_problem);
    if (!error) error = outcome(function, thing, ret_problem);
    if (!error && ret_version != NULL) *ret_version = answered_version(function);
    return error;
}

enum error splc_twin_desire(struct splc_function *function, struct text thing, struct text desired,
                            struct problem *ret_problem) {
    return splc_twin_update(function, thing, &(struct splc_change){.desired = desired}, NULL, ret_problem);
}

enum error splc_twin_report(struct splc_function *function, struct text thing, struct text reported,
                            struct problem *ret_problem) {
    return splc_twin_update(function, thing, &(struct splc_change){.reported = reported}, NULL, ret_problem);
}

static enum error edit_once(struct splc_function *function, struct text thing, splc_edit *edit, void *context,
                            struct problem *ret_problem) {
    CLEANUP(splc_twin_clear) struct splc_twin twin = {0};
    CLEANUP(buffer_clear) struct buffer desired = {0};
    CLEANUP(buffer_clear) struct buffer reported = {0};
    enum error error = splc_twin_get(function, thing, &twin, ret_problem);
    if (!error) error = edit(context, &twin, &desired, &reported, ret_problem);
    if (error || (desired.length == 0 && reported.length == 0)) return error;
    struct splc_change change = {buffer_view(&desired), buffer_view(&reported), twin.version};
    return splc_twin_update(function, thing, &change, NULL, ret_problem);
}

enum error splc_twin_edit(struct splc_function *function, struct text thing, splc_edit *edit, void *context,
                          struct problem *ret_problem) {
    enum error error = ERROR_CONFLICT;
    for (int i = 0; i < SPLC_EDIT_ATTEMPTS_MAX && error == ERROR_CONFLICT; i++)
        error = edit_once(function, thing, edit, context, ret_problem);
    return error;
}
