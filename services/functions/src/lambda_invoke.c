// Invoke: the answer of a function, or its place in the queue.
#include "lambda_internal.h"

#include <base/base64.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { REQUEST_ID_BYTES = 37, EVENT_DEPTH_MAX = 128 };

/// One that waits for its function's answer.
struct pending_invoke {
    struct lambda *lambda;
    struct pending_invoke *next;
    struct http_request *request;
    char id[REQUEST_ID_BYTES];
    bool wants_log;
    lambda_answer_fn *answer; // NULL: as Invoke does
};

static void take_out(struct pending_invoke *pending) {
    struct pending_invoke **at = &pending->lambda->invokes;
    while (*at != pending) at = &(*at)->next;
    *at = pending->next;
}

static void refuse_invoke(struct http_request *request, enum error error, const char *text) {
    const char *type = error == ERROR_UNAVAILABLE ? "ServiceException" : NULL;
    lambda_refuse(request, error, type, text == NULL || text[0] == '\0' ? error_text(error) : text);
}

static void answer_result(struct pending_invoke *pending, const struct invoke_result *result) {
    CLEANUP(buffer_clear) struct buffer log = {0};
    struct http_header_line headers[4] = {{"X-Amz-Executed-Version", result->version},
                                          {"x-amzn-RequestId", result->request_id}};
    size_t count = 2;
    if (result->function_error != NULL)
        headers[count++] = (struct http_header_line){"X-Amz-Function-Error", result->function_error};
    if (pending->wants_log) base64_write(result->log_tail, &log);
    if (log.length > 0) headers[count++] = (struct http_header_line){"X-Amz-Log-Result", log.data};
    http_answer(pending->request, 200, headers, count, result->payload);
}

static void on_done(void *context, const struct invoke_result *result) {
    struct pending_invoke *pending = context;
    take_out(pending);
    if (result->error)
        refuse_invoke(pending->request, result->error, result->problem);
    else if (pending->answer != NULL)
        pending->answer(pending->request, result);
    else
        answer_result(pending, result);
    free(pending);
}

/// Its client has left: the function goes on, nobody hears of it.
static void on_gone(void *context) {
    struct pending_invoke *pending = context;
    take_out(pending);
    pending->lambda->options.forget(pending->lambda->options.service, pending->id);
    http_answer(pending->request, 503, NULL, 0, TEXT_EMPTY); // frees it
    free(pending);
}

void lambda_invokes_close(struct lambda *lambda) {
    while (lambda->invokes != NULL) {
        struct pending_invoke *pending = lambda->invokes;
        lambda->options.forget(lambda->options.service, pending->id);
        take_out(pending); // its request goes with the server
        free(pending);
    }
}

// --- requests ---

/// 0 .. 1
static double draw(void) {
    uint32_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number) abort(); // cannot fail for so few bytes
    return (double)number / 4294967296.0;
}

static enum error check_event(struct lambda_call *call, struct text event) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {INVOKE_EVENT_BYTES_MAX, EVENT_DEPTH_MAX};
    return json_parse(event, limits, &document, &call->problem);
}

static void queue_event(struct lambda_call *call, struct invoke_request *request) {
    char id[REQUEST_ID_BYTES];
    enum error error = call->lambda->options.invoke(call->lambda->options.service, request, id, &call->problem);
    if (error) return refuse_invoke(call->request, error, call->problem.text);
    const struct http_header_line headers[] = {{"x-amzn-RequestId", id}};
    http_answer(call->request, 202, headers, 1, TEXT_EMPTY);
}

void lambda_wait(struct lambda_call *call, struct invoke_request *request, lambda_answer_fn *answer) {
    struct lambda *lambda = call->lambda;
    struct pending_invoke *pending = calloc(1, sizeof *pending);
    if (pending == NULL) return lambda_refuse_call(call, ERROR_NO_MEMORY);
    *pending = (struct pending_invoke){.lambda = lambda, .request = call->request, .answer = answer};
    pending->wants_log = text_is(http_header(call->request, "X-Amz-Log-Type"), "Tail");
    request->done = on_done;
    request->context = pending;
    enum error error = lambda->options.invoke(lambda->options.service, request, pending->id, &call->problem);
    if (error) {
        free(pending);
        return refuse_invoke(call->request, error, call->problem.text);
    }
    pending->next = lambda->invokes;
    lambda->invokes = pending;
    http_on_gone(call->request, on_gone, pending);
}

static void invoke_version(struct lambda_call *call, const struct catalog_version *version, struct text event) {
    CLEANUP(buffer_clear) struct buffer client = {0};
    if (base64_read(http_header(call->request, "X-Amz-Client-Context"), &client))
        return lambda_refuse(call->request, ERROR_INVALID, "InvalidRequestContentException",
                             "X-Amz-Client-Context is no base64");
    struct invoke_request request = {
        .function = call->name, .version = version->version, .event = event, .client_context = buffer_view(&client)};
    struct text type = http_header(call->request, "X-Amz-Invocation-Type");
    if (text_is(type, "DryRun")) return lambda_answer(call->request, 204, NULL);
    if (text_is(type, "Event")) return queue_event(call, &request);
    if (type.length == 0 || text_is(type, "RequestResponse")) return lambda_wait(call, &request, NULL);
    lambda_refuse(call->request, ERROR_INVALID, NULL,
                  "X-Amz-Invocation-Type is one of RequestResponse, Event and DryRun");
}

void lambda_invoke(struct lambda_call *call) {
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    const struct catalog_version *version = catalog_resolve(function, text_of(call->qualifier), draw());
    if (version == NULL) {
        error_ignore(problem_say(&call->problem, ERROR_NOT_FOUND, "Function not found: " LAMBDA_ARN "%s:%s", call->name,
                                 call->qualifier)); // told
        return lambda_refuse_call(call, ERROR_NOT_FOUND);
    }
    struct text event = http_body(call->request);
    if (event.length == 0) event = TEXT("{}");
    enum error error = check_event(call, event);
    if (error == ERROR_TOO_LARGE) return lambda_refuse_call(call, error);
    if (error) {
        error_ignore(problem_prefix(&call->problem, error, "Could not parse request body into json"));
        return lambda_refuse(call->request, error, "InvalidRequestContentException", call->problem.text);
    }
    invoke_version(call, version, event);
}
