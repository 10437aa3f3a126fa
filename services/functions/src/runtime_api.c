// AWS's Lambda Runtime API for one function, and the data plane for it, on one port of the loopback interface.
//
// Who may use it: AWS's Runtime API knows no credentials, so a program on this machine could pose as the worker and
// take events away. What moves the plant needs more: a call of the data plane must carry the worker's own session token
// (AWS_SESSION_TOKEN), as every AWS SDK sends it.

#include "rights.h"
#include "service.h"

#include <json/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BODY_BYTES_MAX = 6 * 1024 * 1024, CONNECTIONS_MAX = 16 }; // Lambda's limit for an answer; a worker needs two

static const struct text runtime = {"/2018-06-01/runtime/", 20};
static const struct text invocation = {"invocation/", 11};

// --- answers in AWS's shape ---

static void answer_accepted(struct http_request *request) {
    http_answer(request, 202, NULL, 0, TEXT("{\"status\":\"OK\"}"));
}

static void answer_refused(struct http_request *request, int status, const char *type, const char *message) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "errorMessage");
    json_put_string(&writer, message);
    json_key(&writer, "errorType");
    json_put_string(&writer, type);
    json_close_object(&writer);
    http_answer(request, status, NULL, 0, buffer_view(&body));
}

void runtime_api_give(struct function *function, struct http_request *request, struct text event,
                      uint64_t deadline_ms) {
    char deadline[24], arn[160], trace[128];
    snprintf(deadline, sizeof deadline, "%" PRIu64, deadline_ms);
    snprintf(arn, sizeof arn, "arn:aws:lambda:local:000000000000:function:%s", function->name);
    snprintf(trace, sizeof trace, "Root=1-%08" PRIx64 "-%.24s;Sampled=0", deadline_ms / 1000, function->token);
    const struct http_header_line headers[] = {
        {"Content-Type", "application/json"}, // AWS's own Node.js client crashes without it
        {"Lambda-Runtime-Aws-Request-Id", function->request_id},
        {"Lambda-Runtime-Deadline-Ms", deadline},
        {"Lambda-Runtime-Invoked-Function-Arn", arn},
        {"Lambda-Runtime-Trace-Id", trace},
    };
    http_answer(request, 200, headers, sizeof headers / sizeof headers[0], event);
}

// --- the Runtime API ---

/// `errorMessage` of the document that a worker sends with an error; what it sent, when that is none.
static void with_message(struct http_request *request, void (*use)(void *context, struct text message), void *context) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct text message = http_body(request);
    struct json_limits limits = {BODY_BYTES_MAX, 64};
    if (!json_parse(message, limits, &document, NULL) && json_exists(json_member(json_root(document), "errorMessage")))
        message = json_string(json_member(json_root(document), "errorMessage"));
    use(context, message);
}

struct outcome {
    struct function *function;
    struct text id;
    bool known;
};

static void use_error(void *context, struct text message) {
    struct outcome *outcome = context;
    outcome->known = function_on_error(outcome->function, outcome->id, message);
}

static void use_init_error(void *context, struct text message) {
    function_on_init_error(context, message);
}

/// "ID/response" or "ID/error".
static void on_outcome(struct function *function, struct http_request *request, struct text rest) {
    struct outcome outcome = {.function = function};
    struct text verb = TEXT_EMPTY;
    text_split(&rest, '/', &outcome.id);
    text_split(&rest, '/', &verb);
    bool is_response = text_is(verb, "response"), is_error = text_is(verb, "error");
    if (rest.length > 0 || (!is_response && !is_error))
        return answer_refused(request, 404, "NotFound", "no such path in the Runtime API");
    if (is_response) outcome.known = function_on_response(function, outcome.id);
    if (is_error) with_message(request, use_error, &outcome);
    if (!outcome.known)
        return answer_refused(request, 400, "InvalidRequestID", "this is not the event that was given last");
    answer_accepted(request);
}

static void on_runtime_call(struct function *function, struct http_request *request) {
    struct text call = text_from(http_path(request), runtime.length);
    bool get = text_is(http_method(request), "GET"), post = text_is(http_method(request), "POST");
    if (get && text_is(call, "invocation/next")) return function_on_next(function, request);
    if (post && text_is(call, "init/error")) {
        with_message(request, use_init_error, function);
        return answer_accepted(request);
    }
    if (post && text_starts_with(call, invocation))
        return on_outcome(function, request, text_from(call, invocation.length));
    answer_refused(request, 404, "NotFound", "no such path in the Runtime API");
}

// --- the data plane ---

static void on_data_call(struct function *function, struct http_request *request) {
    struct dataplane_call call;
    switch (dataplane_match(request, &call)) {
    case DATAPLANE_OTHER: return http_answer_error(request, ERROR_NOT_FOUND, "No such path");
    case DATAPLANE_ANSWERED: return;
    case DATAPLANE_CALL: break;
    }
    if (!pki_equal(http_header(request, "X-Amz-Security-Token"), text_of(function->token)))
        return http_answer_error(request, ERROR_UNAUTHORIZED,
                                 "The session token (AWS_SESSION_TOKEN) is missing or wrong");
    struct problem problem = {0};
    enum error error = rights_check(function->manifest, call.operation, call.thing, http_body(request), &problem);
    if (error) return http_answer_error(request, error, "%s", problem.text);
    dataplane_execute(function->service->bus, request, &call);
}

static void handle(void *context, struct http_request *request) {
    struct function *function = context;
    if (text_starts_with(http_path(request), runtime))
        on_runtime_call(function, request);
    else
        on_data_call(function, request);
}

enum error runtime_api_open(struct function *function, struct problem *ret_problem) {
    struct http_server_options options = {
        .address = "127.0.0.1",
        .body_bytes_max = BODY_BYTES_MAX,
        .connections_max = CONNECTIONS_MAX,
        .handle = handle,
        .context = function,
    };
    return http_server_open(function->service->loop, &options, &function->server, ret_problem);
}
