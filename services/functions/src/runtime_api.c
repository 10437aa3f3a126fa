// AWS's Lambda Runtime API for one worker; what else it may call is in data_api.c. On one port of the loopback
// interface, that of the worker's own network when it has one.
//
// Who may use it: AWS's Runtime API knows no credentials. In a network of its own nobody but the worker reaches it;
// without, a program on this machine could pose as the worker and take its events away. What moves the plant needs
// more: see data_api.c.

#include "service.h"

#include <json/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BODY_BYTES_MAX = 16 * 1024 * 1024, // more than Lambda's limit for an answer, so that it is refused as AWS does
    CONNECTIONS_MAX = 16,              // a worker needs two
};

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

/// "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=...;Sampled=0": of the event's own id, so that logs can be joined.
static void write_trace(const struct invocation *current, uint64_t deadline_ms, char *ret_trace, size_t size) {
    char hex[REQUEST_ID_BYTES] = "", *at = hex;
    for (const char *c = current->request_id; *c != '\0'; c++)
        if (*c != '-') *at++ = *c;
    *at = '\0';
    snprintf(ret_trace, size, "Root=1-%08" PRIx64 "-%.24s;Parent=%.16s;Sampled=0", deadline_ms / 1000, hex, hex + 8);
}

void runtime_api_give(struct instance *instance, struct http_request *request, struct text event,
                      uint64_t deadline_ms) {
    const struct version *version = instance->version;
    char deadline[24], arn[256], trace[128];
    snprintf(deadline, sizeof deadline, "%" PRIu64, deadline_ms);
    bool latest = strcmp(version->name, "$LATEST") == 0;
    snprintf(arn, sizeof arn, "%s%s%s", version->arn, latest ? "" : ":", latest ? "" : version->name);
    write_trace(instance->current, deadline_ms, trace, sizeof trace);
    struct http_header_line headers[6] = {
        {"Content-Type", "application/json"}, // AWS's own Node.js client crashes without it
        {"Lambda-Runtime-Aws-Request-Id", instance->current->request_id},
        {"Lambda-Runtime-Deadline-Ms", deadline},
        {"Lambda-Runtime-Invoked-Function-Arn", arn},
        {"Lambda-Runtime-Trace-Id", trace},
    };
    size_t count = 5;
    if (instance->current->client_context.length > 0)
        headers[count++] =
            (struct http_header_line){"Lambda-Runtime-Client-Context", instance->current->client_context.data};
    http_answer(request, 200, headers, count, event);
}

// --- the Runtime API ---

/// `errorMessage` of the document that a worker sends with an error; what it sent, when that is none.
struct told_error {
    struct json_document *document;
    struct text message;
};

static struct told_error read_error(struct http_request *request) {
    struct told_error told = {NULL, http_body(request)};
    struct json_limits limits = {INVOKE_EVENT_BYTES_MAX, 64};
    if (json_parse(told.message, limits, &told.document, NULL)) return told;
    const struct json *message = json_member(json_root(told.document), "errorMessage");
    if (json_exists(message)) told.message = json_string(message);
    return told;
}

static void take_error(struct instance *instance, struct http_request *request) {
    struct told_error told = read_error(request);
    struct text document = told.document == NULL ? TEXT_EMPTY : http_body(request); // what is no JSON is wrapped
    instance_on_error(instance, document, told.message);
    json_destroy(told.document);
}

/// "ID/response" or "ID/error".
static void on_outcome(struct instance *instance, struct http_request *request, struct text rest) {
    struct text id = TEXT_EMPTY, verb = TEXT_EMPTY;
    text_split(&rest, '/', &id);
    text_split(&rest, '/', &verb);
    bool is_response = text_is(verb, "response"), is_error = text_is(verb, "error");
    if (rest.length > 0 || (!is_response && !is_error))
        return answer_refused(request, 404, "NotFound", "no such path in the Runtime API");
    if (!instance_is_current(instance, id))
        return answer_refused(request, 400, "InvalidRequestID", "this is not the event that was given last");
    size_t bytes = http_body(request).length;
    if (bytes > INVOKE_EVENT_BYTES_MAX) {
        instance_on_too_large(instance, bytes);
        return answer_refused(request, 413, "RequestEntityTooLarge", "an answer has at most 6 MB");
    }
    if (is_response)
        instance_on_response(instance, http_body(request));
    else
        take_error(instance, request);
    answer_accepted(request);
}

static void on_init_error(struct instance *instance, struct http_request *request) {
    if (instance->asked)
        return answer_refused(request, 403, "InvalidStateTransition",
                              "init/error is for the time before the first next; use invocation/ID/error");
    struct told_error told = read_error(request);
    instance_on_init_error(instance, told.message);
    json_destroy(told.document);
    answer_accepted(request);
}

static void on_runtime_call(struct instance *instance, struct http_request *request) {
    struct text call = text_from(http_path(request), runtime.length);
    bool get = text_is(http_method(request), "GET"), post = text_is(http_method(request), "POST");
    if (get && text_is(call, "invocation/next")) return instance_on_next(instance, request);
    if (post && text_is(call, "init/error")) return on_init_error(instance, request);
    if (post && text_starts_with(call, invocation))
        return on_outcome(instance, request, text_from(call, invocation.length));
    answer_refused(request, 404, "NotFound", "no such path in the Runtime API");
}

static void handle(void *context, struct http_request *request) {
    struct instance *instance = context;
    if (instance->worker.pid == 0) return http_answer_error(request, ERROR_UNAVAILABLE, "The worker has ended");
    if (text_starts_with(http_path(request), runtime))
        on_runtime_call(instance, request);
    else
        data_api_call(instance, request);
}

enum error runtime_api_open(struct instance *instance, int listening, struct problem *ret_problem) {
    struct http_server_options options = {
        .address = "127.0.0.1",
        .listening = listening < 0 ? 0 : listening,
        .body_bytes_max = BODY_BYTES_MAX,
        .connections_max = CONNECTIONS_MAX,
        .handle = handle,
        .context = instance,
    };
    return http_server_open(instance->version->function->service->loop, &options, &instance->server, ret_problem);
}
