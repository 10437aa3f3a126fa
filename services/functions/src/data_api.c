// What a worker may call besides the Runtime API, on the same endpoint: AWS IoT's data plane for shadows, its publish,
// and Lambda's Invoke; with the rights of its function.yaml.
//
// Who may: whoever has the worker's own session token (AWS_SESSION_TOKEN), as every AWS SDK sends it; a call that is
// signed (Signature Version 4), as theirs are, must be signed with the worker's own secret.

#include "rights.h"
#include "service.h"

#include <base/clock.h>
#include <json/json.h>
#include <sigv4/sigv4.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct text topics = {"/topics/", 8}, functions = {"/2015-03-31/functions/", 22},
                         invocations = {"/invocations", 12};

enum { TOPIC_BYTES_MAX = 256 }; // AWS IoT's limit

// --- who ---

static struct text header_of(void *context, struct text name) {
    char copy[128];
    snprintf(copy, sizeof copy, "%.*s", TEXT_ARG(name));
    return http_header(context, copy);
}

static enum error check_signature(const struct instance *instance, struct http_request *request,
                                  struct problem *ret_problem) {
    struct text authorization = http_header(request, "Authorization");
    if (!sigv4_is(authorization)) return ERROR_NONE; // the token alone: the library for C
    struct sigv4_claim claim;
    enum error error = sigv4_read(authorization, &claim, ret_problem);
    if (error) return error;
    if (!text_is(claim.access_key, instance->version->function->name))
        return problem_say(ret_problem, ERROR_FORBIDDEN, "the access key is not this function's");
    const struct sigv4_request signed_request = {.method = http_method(request),
                                                 .target = http_raw_target(request),
                                                 .body = http_body(request),
                                                 .header = header_of,
                                                 .context = request};
    return sigv4_verify(&signed_request, &claim, text_of(instance->token), clock_wall_ns() / NS_PER_S, ret_problem);
}

/// False when the request was answered: it is nobody's whom we know.
static bool is_known(const struct instance *instance, struct http_request *request) {
    struct problem problem = {0};
    if (!pki_equal(http_header(request, "X-Amz-Security-Token"), text_of(instance->token))) {
        http_answer_error(request, ERROR_UNAUTHORIZED, "The session token (AWS_SESSION_TOKEN) is missing or wrong");
        return false;
    }
    enum error error = check_signature(instance, request, &problem);
    if (error) http_answer_error(request, error, "%s", problem.text);
    return !error;
}

// --- publish ---

static void publish(struct instance *instance, struct http_request *request) {
    struct text topic = text_from(http_path(request), topics.length);
    CLEANUP(buffer_clear) struct buffer subject = {0};
    struct problem problem = {0};
    if (topic.length > TOPIC_BYTES_MAX || bus_subject_from_topic(topic, &subject))
        return http_answer_error(
            request, ERROR_INVALID,
            "Invalid topic: up to %d bytes, levels that are not empty, none of . + # * > and spaces", TOPIC_BYTES_MAX);
    enum error error = rights_check_publish(instance->version->manifest, topic, &problem);
    if (error) return http_answer_error(request, error, "%s", problem.text);
    error = bus_publish(instance->version->function->service->bus, buffer_view(&subject), http_body(request));
    if (error) return http_answer_error(request, error, "The bus is not connected");
    http_answer(request, 200, NULL, 0, TEXT("{\"message\":\"OK\"}"));
}

// --- invoke ---

/// "/2015-03-31/functions/NAME/invocations"
static bool split_invoke(struct text path, struct text *ret_name) {
    if (!text_starts_with(path, functions) || !text_ends_with(path, invocations)) return false;
    if (path.length <= functions.length + invocations.length) return false;
    *ret_name = text_from(path, functions.length);
    ret_name->length -= invocations.length;
    struct text prefix = TEXT("arn:"), piece;
    while (text_starts_with(*ret_name, prefix) && text_split(ret_name, ':', &piece) && ret_name->length > 0)
        prefix = TEXT_EMPTY; // the last part of an ARN is the name
    return memchr(ret_name->data, '/', ret_name->length) == NULL;
}

static void answer_lambda_error(struct http_request *request, int status, const char *type, const char *message) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "Type");
    json_put_string(&writer, status < 500 ? "User" : "Service");
    json_key(&writer, "Message");
    json_put_string(&writer, message);
    json_close_object(&writer);
    const struct http_header_line header = {"x-amzn-errortype", type};
    http_answer(request, status, &header, 1, buffer_view(&body));
}

static void answer_refusal(struct http_request *request, enum error error, const char *message) {
    static const struct {
        enum error error;
        int status;
        const char *type;
    } table[] = {
        {ERROR_INVALID, 400, "InvalidRequestContentException"}, {ERROR_FORBIDDEN, 403, "AccessDeniedException"},
        {ERROR_NOT_FOUND, 404, "ResourceNotFoundException"},    {ERROR_TOO_LARGE, 413, "RequestTooLargeException"},
        {ERROR_LIMIT, 429, "TooManyRequestsException"},         {ERROR_UNAVAILABLE, 502, "InvalidRuntimeException"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].error == error) return answer_lambda_error(request, table[i].status, table[i].type, message);
    answer_lambda_error(request, 500, "ServiceException", message);
}

/// Who waits: the worker's request, which may be gone before the answer is there.
struct waiting {
    struct service *service;
    struct http_request *request;
    char request_id[REQUEST_ID_BYTES];
};

static void on_done(void *context, const struct invoke_result *result) {
    struct waiting *waiting = context;
    struct http_request *request = waiting->request;
    free(waiting);
    if (result->error) return answer_refusal(request, result->error, result->problem);
    struct http_header_line headers[3] = {{"x-amzn-RequestId", result->request_id},
                                          {"X-Amz-Executed-Version", result->version}};
    size_t count = 2;
    if (result->function_error != NULL)
        headers[count++] = (struct http_header_line){"X-Amz-Function-Error", result->function_error};
    http_answer(request, 200, headers, count, result->payload);
}

static void on_gone(void *context) {
    struct waiting *waiting = context;
    invoke_forget(waiting->service, waiting->request_id);
    http_answer(waiting->request, 503, NULL, 0, TEXT_EMPTY); // frees it
    free(waiting);
}

static void invoke_asynchronously(struct service *service, struct http_request *request,
                                  struct invoke_request *invocation) {
    char id[REQUEST_ID_BYTES];
    struct problem problem = {0};
    enum error error = invoke(service, invocation, id, &problem);
    if (error) return answer_refusal(request, error, problem.text);
    const struct http_header_line header = {"x-amzn-RequestId", id};
    http_answer(request, 202, &header, 1, TEXT_EMPTY);
}

static void invoke_synchronously(struct service *service, struct http_request *request,
                                 struct invoke_request *invocation) {
    struct problem problem = {0};
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL) return answer_refusal(request, ERROR_NO_MEMORY, "out of memory");
    *waiting = (struct waiting){.service = service, .request = request};
    invocation->done = on_done;
    invocation->context = waiting;
    enum error error = invoke(service, invocation, waiting->request_id, &problem);
    if (!error) return http_on_gone(request, on_gone, waiting);
    free(waiting);
    answer_refusal(request, error, problem.text);
}

static void invoke_function(struct instance *instance, struct http_request *request, struct text name) {
    struct service *service = instance->version->function->service;
    struct problem problem = {0};
    enum error error = rights_check_invoke(instance->version->manifest, name, &problem);
    if (error) return answer_refusal(request, error, problem.text);
    const struct function *function = service_function(service, name);
    const struct version *target = function == NULL ? NULL : function_target(function);
    if (target == NULL) return answer_refusal(request, ERROR_NOT_FOUND, "Function not found");
    struct text qualifier = http_query(request, "Qualifier"), type = http_header(request, "X-Amz-Invocation-Type");
    CLEANUP(free_at) char *version = qualifier.length == 0 ? strdup(target->name) : text_copy(qualifier);
    struct invoke_request invocation = {.function = function->name,
                                        .version = version == NULL ? "" : version,
                                        .event = http_body(request).length == 0 ? TEXT("{}") : http_body(request)};
    if (text_is(type, "Event")) return invoke_asynchronously(service, request, &invocation);
    if (text_is(type, "DryRun")) return http_answer(request, 204, NULL, 0, TEXT_EMPTY);
    invoke_synchronously(service, request, &invocation);
}

// --- the data plane ---

void data_api_call(struct instance *instance, struct http_request *request) {
    struct text name;
    if (!is_known(instance, request)) return;
    bool post = text_is(http_method(request), "POST");
    if (post && text_starts_with(http_path(request), topics)) return publish(instance, request);
    if (post && split_invoke(http_path(request), &name)) return invoke_function(instance, request, name);
    struct dataplane_call call;
    switch (dataplane_match(request, &call)) {
    case DATAPLANE_OTHER: return http_answer_error(request, ERROR_NOT_FOUND, "No such path");
    case DATAPLANE_ANSWERED: return;
    case DATAPLANE_CALL: break;
    }
    struct problem problem = {0};
    enum error error =
        rights_check(instance->version->manifest, call.operation, call.thing, http_body(request), &problem);
    if (error) return http_answer_error(request, error, "%s", problem.text);
    dataplane_execute(instance->version->function->service->bus, request, &call);
}
