// Listening, who may call, which call it is.
#include "lambda_internal.h"

#include <pki/pki.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 32, IDLE_TIMEOUT_S = 60, BODY_DEPTH_MAX = 32, STEPS_MAX = 5 };

// --- answers ---

static const struct {
    enum error error;
    int status;
    const char *type;
} error_types[] = {
    {ERROR_INVALID, 400, "InvalidParameterValueException"},
    {ERROR_UNSUPPORTED, 400, "InvalidParameterValueException"},
    {ERROR_UNAUTHORIZED, 403, "MissingAuthenticationTokenException"},
    {ERROR_FORBIDDEN, 403, "AccessDeniedException"},
    {ERROR_NOT_FOUND, 404, "ResourceNotFoundException"},
    {ERROR_EXISTS, 409, "ResourceConflictException"},
    {ERROR_CONFLICT, 412, "PreconditionFailedException"},
    {ERROR_TOO_LARGE, 413, "RequestTooLargeException"},
    {ERROR_LIMIT, 429, "TooManyRequestsException"},
    {ERROR_UNAVAILABLE, 503, "ServiceUnavailableException"},
};

void lambda_refuse(struct http_request *request, enum error error, const char *type, const char *message) {
    int status = 500;
    const char *name = "ServiceException";
    for (size_t i = 0; i < sizeof error_types / sizeof error_types[0]; i++) {
        if (error_types[i].error != error) continue;
        status = error_types[i].status;
        name = error_types[i].type;
    }
    if (type != NULL) name = type;
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    lambda_put_member(&writer, "Type", status < 500 ? "User" : "Service");
    lambda_put_member(&writer, "Message", message);
    lambda_put_member(&writer, "message", message);
    json_close_object(&writer);
    const struct http_header_line headers[] = {{"x-amzn-errortype", name}};
    http_answer(request, status, headers, 1, buffer_view(&body));
}

void lambda_refuse_call(struct lambda_call *call, enum error error) {
    lambda_refuse(call->request, error, NULL, call->problem.text[0] == '\0' ? error_text(error) : call->problem.text);
}

void lambda_answer(struct http_request *request, int status, const struct buffer *body) {
    if (body != NULL && body->failed) return lambda_refuse(request, ERROR_NO_MEMORY, NULL, "out of memory");
    http_answer(request, status, NULL, 0, body == NULL ? TEXT_EMPTY : buffer_view(body));
}

const struct catalog_function *lambda_find(struct lambda_call *call) {
    const struct catalog_function *function = catalog_find(call->lambda->options.catalog, text_of(call->name));
    if (function != NULL) return function;
    char message[256];
    snprintf(message, sizeof message, "Function not found: " LAMBDA_ARN "%s", call->name);
    lambda_refuse(call->request, ERROR_NOT_FOUND, NULL, message);
    return NULL;
}

bool lambda_text(struct lambda_call *call, const char *member, struct text *ret_text) {
    const struct json *value = json_member(call->body, member);
    *ret_text = json_string(value);
    if (!json_exists(value) || json_is(value, JSON_NULL) || json_is(value, JSON_STRING)) return true;
    error_ignore(problem_say(&call->problem, ERROR_INVALID, "%s is to be a text", member)); // told to who asked
    return false;
}

// --- names ---

static bool is_name(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!word) return false;
    }
    return text.length > 0 && text.length < CATALOG_NAME_BYTES;
}

static bool is_qualifier(struct text text) {
    return text.length == 0 || text_is(text, CATALOG_LATEST) || is_name(text);
}

static bool copy_name(struct text name, char ret_name[static CATALOG_NAME_BYTES]) {
    snprintf(ret_name, CATALOG_NAME_BYTES, "%.*s", TEXT_ARG(name));
    return true;
}

bool lambda_read_name(struct text written, char ret_name[static CATALOG_NAME_BYTES],
                      char ret_qualifier[static CATALOG_NAME_BYTES]) {
    static const struct text marks[] = {TEXT(":function:"), TEXT("function:")};
    struct text rest = written, name, qualifier = TEXT_EMPTY;
    for (size_t i = 0; i < 2; i++) {
        const char *at = memmem(rest.data, rest.length, marks[i].data, marks[i].length);
        if (at != NULL) rest = text_from(rest, (size_t)(at - rest.data) + marks[i].length);
    }
    if (!text_split(&rest, ':', &name)) return false;
    text_split(&rest, ':', &qualifier);
    if (rest.length > 0 || !is_name(name) || !is_qualifier(qualifier)) return false;
    return copy_name(name, ret_name) && copy_name(qualifier, ret_qualifier);
}

// --- which call it is ---

/// A path without its version: "F" is a function's name, "*" the item; "" ends.
static const struct route {
    const char *method, *path;
    lambda_handler *handler;
} routes[] = {
    {"GET", "functions", lambda_list_functions},
    {"POST", "functions", lambda_create_function},
    {"GET", "functions/F", lambda_get_function},
    {"DELETE", "functions/F", lambda_delete_function},
    {"GET", "functions/F/configuration", lambda_get_configuration},
    {"PUT", "functions/F/configuration", lambda_update_configuration},
    {"PUT", "functions/F/code", lambda_update_code},
    {"GET", "functions/F/versions", lambda_list_versions},
    {"POST", "functions/F/versions", lambda_publish},
    {"GET", "functions/F/aliases", lambda_list_aliases},
    {"POST", "functions/F/aliases", lambda_create_alias},
    {"GET", "functions/F/aliases/*", lambda_get_alias},
    {"PUT", "functions/F/aliases/*", lambda_update_alias},
    {"DELETE", "functions/F/aliases/*", lambda_delete_alias},
    {"PUT", "functions/F/concurrency", lambda_put_concurrency},
    {"GET", "functions/F/concurrency", lambda_get_concurrency},
    {"DELETE", "functions/F/concurrency", lambda_delete_concurrency},
    {"POST", "functions/F/url", lambda_create_url},
    {"GET", "functions/F/url", lambda_get_url},
    {"DELETE", "functions/F/url", lambda_delete_url},
    {"POST", "functions/F/invocations", lambda_invoke},
    {"GET", "event-source-mappings", lambda_list_mappings},
    {"POST", "event-source-mappings", lambda_create_mapping},
    {"GET", "event-source-mappings/*", lambda_get_mapping},
    {"PUT", "event-source-mappings/*", lambda_update_mapping},
    {"DELETE", "event-source-mappings/*", lambda_delete_mapping},
};

static bool matches(const struct route *route, const struct text *steps, size_t count, struct lambda_call *call,
                    struct text *ret_function) {
    struct text rest = text_of(route->path), step;
    size_t at = 0;
    for (; text_split(&rest, '/', &step); at++) {
        if (at >= count) return false;
        if (text_is(step, "F"))
            *ret_function = steps[at];
        else if (text_is(step, "*"))
            call->item = steps[at];
        else if (!text_equal(step, steps[at]))
            return false;
    }
    return at == count;
}

/// "/2015-03-31/functions/F/..." in steps, the date left out; 0: something else.
static size_t split_path(struct text path, struct text steps[static STEPS_MAX]) {
    struct text rest = path, step;
    size_t count = 0;
    if (!text_split(&rest, '/', &step) || step.length > 0 || !text_split(&rest, '/', &step)) return 0;
    if (!text_starts_with(step, TEXT("20")) || step.length != strlen("2015-03-31")) return 0;
    while (text_split(&rest, '/', &step)) {
        if (count >= STEPS_MAX) return 0;
        steps[count++] = step;
    }
    return count;
}

static const struct route *find_route(struct lambda_call *call, struct text *ret_function) {
    struct text steps[STEPS_MAX];
    size_t count = split_path(http_path(call->request), steps);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        *ret_function = call->item = TEXT_EMPTY;
        if (text_is(http_method(call->request), routes[i].method) &&
            matches(&routes[i], steps, count, call, ret_function))
            return &routes[i];
    }
    return NULL;
}

static enum error read_names(struct lambda_call *call, struct text function) {
    struct text qualifier = http_query(call->request, "Qualifier");
    if (function.length > 0 && !lambda_read_name(function, call->name, call->qualifier))
        return problem_say(&call->problem, ERROR_INVALID,
                           "'%.*s' is no name of a function: 1 to 64 letters, digits, - and _, or its ARN",
                           TEXT_ARG(function));
    if (qualifier.length == 0) return ERROR_NONE;
    if (!is_qualifier(qualifier))
        return problem_say(&call->problem, ERROR_INVALID, "'%.*s' is neither a version nor an alias",
                           TEXT_ARG(qualifier));
    copy_name(qualifier, call->qualifier);
    return ERROR_NONE;
}

/// The body of an invocation is the function's event.
static enum error read_body(struct lambda_call *call, const struct route *route) {
    struct text body = http_body(call->request);
    if (body.length == 0 || route->handler == lambda_invoke) return ERROR_NONE;
    struct json_limits limits = {LAMBDA_BODY_BYTES_MAX, BODY_DEPTH_MAX};
    enum error error = json_parse(body, limits, &call->document, &call->problem);
    call->body = json_root(call->document);
    if (error || json_is(call->body, JSON_OBJECT)) return error;
    return problem_say(&call->problem, ERROR_INVALID, "the body is to be a JSON object");
}

// --- who may call ---

static enum error check_caller(struct lambda *lambda, struct http_request *request, struct problem *problem) {
    static const struct text scheme = {"Bearer ", 7};
    struct text authorization = http_header(request, "Authorization");
    if (signature_is(request)) return signature_check(lambda->keys, request, problem);
    if (lambda->options.token.length > 0 && text_starts_with(authorization, scheme) &&
        pki_equal(text_trim(text_from(authorization, scheme.length)), lambda->options.token))
        return ERROR_NONE;
    return problem_say(problem, ERROR_UNAUTHORIZED,
                       "sign the request with an access key of the plant; 'splc connect lambda' tells how");
}

static void handle(void *context, struct http_request *request) {
    struct lambda_call call = {.lambda = context, .request = request};
    struct text function;
    enum error error = check_caller(context, request, &call.problem);
    if (error) return lambda_refuse_call(&call, error);
    if (lambda_url_is(http_path(request))) return lambda_url(&call);
    const struct route *route = find_route(&call, &function);
    if (route == NULL)
        return lambda_refuse(request, ERROR_NOT_FOUND, "UnknownOperationException",
                             "this call is not known here; docs/spec/function.md lists those that are");
    error = read_names(&call, function);
    if (!error) error = read_body(&call, route);
    if (error)
        lambda_refuse_call(&call, error);
    else
        route->handler(&call);
    json_destroy(call.document);
}

// --- public ---

enum error lambda_open(struct loop *loop, const struct lambda_options *options, struct lambda **ret_lambda,
                       struct problem *ret_problem) {
    CLEANUP(lambda_close_at) struct lambda *lambda = calloc(1, sizeof *lambda);
    if (lambda == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    *lambda = (struct lambda){.options = *options, .loop = loop};
    lambda->keys = access_keys_create(options->access_keys_file);
    if (lambda->keys == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct http_server_options server = {
        .address = "127.0.0.1",
        .port = options->port,
        .body_bytes_max = LAMBDA_BODY_BYTES_MAX,
        .connections_max = CONNECTIONS_MAX,
        .idle_timeout_s = IDLE_TIMEOUT_S,
        .handle = handle,
        .context = lambda,
    };
    enum error error = http_server_open(loop, &server, &lambda->server, ret_problem);
    if (!error) *ret_lambda = TAKE(lambda);
    return error;
}

void lambda_close(struct lambda *lambda) {
    if (lambda == NULL) return;
    lambda_deployments_close(lambda);
    lambda_invokes_close(lambda);
    http_server_close(lambda->server);
    access_keys_destroy(lambda->keys);
    free(lambda);
}

uint16_t lambda_port(const struct lambda *lambda) {
    return http_server_port(lambda->server);
}
