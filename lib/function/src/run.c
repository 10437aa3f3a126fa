#include "function_internal.h"

#include <base/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DATA_TIMEOUT_MS = 10000 }; // longer than the data plane itself waits

enum error function_open(struct splc_function *function, struct problem *ret_problem) {
    const char *runtime = getenv("AWS_LAMBDA_RUNTIME_API");
    if (runtime == NULL)
        return problem_say(ret_problem, ERROR_NOT_FOUND,
                           "AWS_LAMBDA_RUNTIME_API is not set: a function is started by a Lambda runtime "
                           "(splc-fog functions), not by hand");
    const char *data = getenv("AWS_ENDPOINT_URL_IOT_DATA_PLANE");
    const char *token = getenv("AWS_SESSION_TOKEN");
    if (asprintf(&function->runtime_url, "http://%s/2018-06-01/runtime", runtime) < 0) function->runtime_url = NULL;
    function->data_url = strdup(data == NULL ? "" : data);
    if (token != NULL && asprintf(&function->token_header, "X-Amz-Security-Token: %s", token) < 0)
        function->token_header = NULL;
    function->runtime = http_client_create(&(struct http_client_options){0});
    function->data = http_client_create(&(struct http_client_options){.timeout_ms = DATA_TIMEOUT_MS});
    bool complete = function->runtime_url != NULL && function->data_url != NULL && function->runtime != NULL &&
                    function->data != NULL && (token == NULL || function->token_header != NULL);
    if (complete) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
}

void function_close(struct splc_function *function) {
    http_client_destroy(function->runtime);
    http_client_destroy(function->data);
    http_result_clear(&function->next);
    http_result_clear(&function->told);
    http_result_clear(&function->answer);
    free(function->runtime_url);
    free(function->data_url);
    free(function->token_header);
}

// --- the Runtime API ---

static enum error get_next(struct splc_function *function, struct problem *ret_problem) {
    char url[512];
    snprintf(url, sizeof url, "%s/invocation/next", function->runtime_url);
    struct http_call call = {.method = "GET", .url = url};
    enum error error = http_client_call(function->runtime, &call, &function->next, ret_problem);
    if (error) return error;
    if (function->next.status == 200) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_IO, "%s: the runtime answers with status %d", url, function->next.status);
}

/// Tells the runtime how it went. AWS answers with 202; anything else is the runtime's own affair, as what was done
/// cannot be undone, unless it is gone altogether.
static enum error tell(struct splc_function *function, const char *path, const char *error_type, struct text body,
                       struct problem *ret_problem) {
    char url[768], type[128];
    snprintf(url, sizeof url, "%s/%s", function->runtime_url, path);
    snprintf(type, sizeof type, "Lambda-Runtime-Function-Error-Type: %s", error_type == NULL ? "" : error_type);
    const char *const headers[] = {error_type == NULL ? NULL : type, NULL};
    struct http_call call = {.method = "POST", .url = url, .headers = headers, .body = body};
    return http_client_call(function->runtime, &call, &function->told, ret_problem);
}

static void write_error(struct buffer *out, const char *type, const char *message) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "errorMessage");
    json_put_string(&writer, message);
    json_key(&writer, "errorType");
    json_put_string(&writer, type);
    json_key(&writer, "stackTrace");
    json_open_array(&writer);
    json_close_array(&writer);
    json_close_object(&writer);
}

static enum error tell_error(struct splc_function *function, const char *path, const char *type, const char *message,
                             struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    write_error(&body, type, message);
    return tell(function, path, type, buffer_view(&body), ret_problem);
}

// --- events ---

static void read_event(struct splc_function *function, const struct json_document *document,
                       struct splc_event *ret_event) {
    const struct json *root = json_root(document);
    uint64_t deadline_ms = 0;
    error_ignore(text_to_u64(http_result_header(&function->next, "Lambda-Runtime-Deadline-Ms"), &deadline_ms)); // 0
    *ret_event = (struct splc_event){
        .request_id = http_result_header(&function->next, "Lambda-Runtime-Aws-Request-Id"),
        .deadline_ms = deadline_ms,
        .body = buffer_view(&function->next.body),
        .root = root,
    };
    if (!text_is(json_string(json_member(root, "source")), "splc.twin")) return;
    ret_event->thing = json_string(json_member(root, "thing"));
    ret_event->version = (uint64_t)json_integer(json_member(root, "version"), 0);
    ret_event->joined = (unsigned)json_integer(json_member(root, "joined"), 0);
    ret_event->cause = json_string(json_member(root, "clientToken"));
    const struct json *previous = json_member(root, "previous");
    ret_event->previous = json_is(previous, JSON_OBJECT) ? previous : NULL;
    ret_event->current = json_member(root, "current");
}

static enum error handle(struct splc_function *function, splc_handler *handler, void *context,
                         struct buffer *ret_answer, struct problem *ret_problem) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {FUNCTION_EVENT_BYTES_MAX, FUNCTION_DEPTH_MAX};
    enum error error = json_parse(buffer_view(&function->next.body), limits, &document, ret_problem);
    if (error) return error;
    struct splc_event event;
    read_event(function, document, &event);
    function->cause = event.cause;
    error = handler(context, function, &event, ret_answer, ret_problem);
    function->cause = TEXT_EMPTY;
    if (!error && ret_answer->failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return error;
}

/// "INVALID", as error types are written: "Splc.INVALID".
static const char *const error_types[] = {
#define X(name, text, http_status) [ERROR_##name] = "Splc." #name,
    ERROR_TABLE(X)
#undef X
};

static enum error run_once(struct splc_function *function, splc_handler *handler, void *context, struct buffer *answer,
                           struct problem *ret_problem) {
    enum error error = get_next(function, ret_problem);
    if (error) return error;
    struct problem problem = {0};
    buffer_reset(answer);
    enum error outcome = handle(function, handler, context, answer, &problem);
    char path[512];
    struct text id = http_result_header(&function->next, "Lambda-Runtime-Aws-Request-Id");
    snprintf(path, sizeof path, "invocation/%.*s/%s", TEXT_ARG(id), outcome ? "error" : "response");
    if (!outcome)
        return tell(function, path, NULL, answer->length == 0 ? TEXT("null") : buffer_view(answer), ret_problem);
    const char *message = problem.text[0] == '\0' ? error_text(outcome) : problem.text;
    log_warning("event not handled: %s", message);
    return tell_error(function, path, error_types[outcome], message, ret_problem);
}

int splc_function_run(splc_handler *handler, void *context) {
    log_open("function");
    struct splc_function function = {0};
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer answer = {0};
    enum error error = function_open(&function, &problem);
    while (!error) error = run_once(&function, handler, context, &answer, &problem);
    function_close(&function);
    log_error("the function ends: %s", problem.text);
    return EXIT_FAILURE;
}

int splc_function_cannot_start(const char *reason) {
    log_open("function");
    log_error("the function cannot start: %s", reason);
    struct splc_function function = {0};
    struct problem problem = {0};
    enum error error = function_open(&function, &problem);
    if (!error) error = tell_error(&function, "init/error", "Runtime.InitError", reason, &problem);
    if (error) log_error("%s", problem.text);
    function_close(&function);
    return EXIT_FAILURE;
}
