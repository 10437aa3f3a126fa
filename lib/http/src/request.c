#include "server.h"

#include <json/json.h>

#include <assert.h>
#include <string.h>

struct text http_method(const struct http_request *request) {
    return text_of(request->method);
}

struct text http_path(const struct http_request *request) {
    return request->target.path;
}

struct text http_raw_target(const struct http_request *request) {
    return text_of(request->raw);
}

struct text http_query(const struct http_request *request, const char *name) {
    const struct http_pair *pair = http_target_query(&request->target, text_of(name));
    return pair == NULL ? TEXT_EMPTY : pair->value;
}

bool http_has_query(const struct http_request *request, const char *name) {
    return http_target_query(&request->target, text_of(name)) != NULL;
}

struct text http_header(const struct http_request *request, const char *name) {
    return text_of(MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name));
}

struct text http_cookie(const struct http_request *request, const char *name) {
    struct text value = TEXT_EMPTY;
    http_cookie_find(http_header(request, "Cookie"), text_of(name), &value);
    return value;
}

struct text http_body(const struct http_request *request) {
    return buffer_view(&request->body);
}

bool http_is_encrypted(const struct http_request *request) {
    return request->server->encrypted;
}

void http_on_gone(struct http_request *request, void (*gone)(void *context), void *context) {
    request->gone = gone;
    request->gone_context = context;
}

// ---------------------------------------------------------------- answers

enum MHD_Result request_send(struct http_request *request) {
    if (request->response == NULL) return MHD_NO;
    return MHD_queue_response(request->connection, (unsigned)request->status, request->response);
}

void request_reply(struct http_request *request, int status, struct MHD_Response *response) {
    assert(request->state == REQUEST_HANDLING || request->state == REQUEST_WAITING);
    bool waiting = request->state == REQUEST_WAITING;
    request->status = status;
    request->response = response;
    request->state = REQUEST_ANSWERED;
    if (!waiting) return; // sent when the handler returns
    loop_unwatch(TAKE(request->departure));
    server_resume(request->server, request->connection); // the library calls on_request once more
}

static const struct http_header_line defaults[] = {
    {"Content-Type", "application/json"},
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
};

static bool add_headers(struct MHD_Response *response, const struct http_header_line *headers, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES) return false;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (MHD_get_response_header(response, defaults[i].name) == NULL &&
            MHD_add_response_header(response, defaults[i].name, defaults[i].value) != MHD_YES)
            return false;
    return true;
}

void http_answer(struct http_request *request, int status, const struct http_header_line *headers, size_t header_count,
                 struct text body) {
    // The library copies the body (MUST_COPY) and does not write to it: the cast only pleases its signature.
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.length, (void *)body.data, MHD_RESPMEM_MUST_COPY);
    if (response != NULL && !add_headers(response, headers, header_count)) {
        MHD_destroy_response(response);
        response = NULL;
    }
    request_reply(request, status, response);
}

/// As AWS's data plane names them.
static const char *error_type(enum error error) {
    switch (error) {
    case ERROR_INVALID: return "InvalidRequestException";
    case ERROR_UNAUTHORIZED: return "UnauthorizedException";
    case ERROR_FORBIDDEN: return "ForbiddenException";
    case ERROR_NOT_FOUND: return "ResourceNotFoundException";
    case ERROR_CONFLICT:
    case ERROR_EXISTS: return "ConflictException";
    case ERROR_TOO_LARGE: return "RequestEntityTooLargeException";
    case ERROR_UNSUPPORTED: return "UnsupportedDocumentEncodingException";
    case ERROR_LIMIT: return "ThrottlingException";
    case ERROR_UNAVAILABLE:
    case ERROR_TIMEOUT: return "ServiceUnavailableException";
    default: return "InternalFailureException";
    }
}

void http_answer_error(struct http_request *request, enum error error, const char *format, ...) {
    CLEANUP(buffer_clear) struct buffer message = {0};
    CLEANUP(buffer_clear) struct buffer body = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(&message, format, arguments);
    va_end(arguments);
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "message");
    json_put_text(&writer, buffer_view(&message));
    json_close_object(&writer);
    const struct http_header_line type = {"x-amzn-errortype", error_type(error)};
    http_answer(request, error_http_status(error), &type, 1, buffer_view(&body));
}
