// The URL of a function: any HTTP request below /url/NAME becomes an event as Lambda's function URLs make it (payload
// format 2.0), and its answer a response. Who may: as everything on this interface.
#include "lambda_internal.h"

#include <base/base64.h>

#include <stdio.h>
#include <string.h>

static const struct text url = {"/url/", 5};
enum { HEADERS_MAX = 32, ANSWER_DEPTH_MAX = 64, STATUS_LEAST = 200, STATUS_MOST = 599 };

bool lambda_url_is(struct text path) {
    return text_starts_with(path, url);
}

// --- the event ---

static void put_headers(struct json_writer *writer, const struct http_request *request) {
    static const char *const names[] = {"host",           "content-type", "accept",          "user-agent",
                                        "content-length", "origin",       "x-forwarded-for", "if-none-match"};
    json_key(writer, "headers");
    json_open_object(writer);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct text value = http_header(request, names[i]);
        if (value.length == 0) continue;
        json_key(writer, names[i]);
        json_put_text(writer, value);
    }
    json_close_object(writer);
}

static void put_body(struct json_writer *writer, struct text body) {
    CLEANUP(buffer_clear) struct buffer encoded = {0};
    bool plain = text_is_utf8(body);
    if (!plain) base64_write(body, &encoded);
    if (body.length > 0) {
        json_key(writer, "body");
        json_put_text(writer, plain ? body : buffer_view(&encoded));
    }
    json_key(writer, "isBase64Encoded");
    json_put_bool(writer, !plain);
}

static void put_text(struct json_writer *writer, const char *name, struct text value) {
    json_key(writer, name);
    json_put_text(writer, value);
}

static void write_event(const struct http_request *request, struct text path, struct buffer *out) {
    struct text target = http_raw_target(request), query = TEXT_EMPTY;
    const char *mark = memchr(target.data, '?', target.length);
    if (mark != NULL) query = text_from(target, (size_t)(mark - target.data) + 1);
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    put_text(&writer, "version", TEXT("2.0"));
    put_text(&writer, "routeKey", TEXT("$default"));
    put_text(&writer, "rawPath", path);
    put_text(&writer, "rawQueryString", query);
    put_headers(&writer, request);
    json_key(&writer, "requestContext");
    json_open_object(&writer);
    json_key(&writer, "http");
    json_open_object(&writer);
    put_text(&writer, "method", http_method(request));
    put_text(&writer, "path", path);
    put_text(&writer, "protocol", TEXT("HTTP/1.1"));
    json_close_object(&writer);
    json_close_object(&writer);
    put_body(&writer, http_body(request));
    json_close_object(&writer);
}

// --- the response ---

/// A header's name or value out of an answer, fit to be sent.
static bool copy_line(struct text text, char *ret_copy, size_t size) {
    if (text.length == 0 || text.length >= size) return false;
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < ' ') return false;
    snprintf(ret_copy, size, "%.*s", TEXT_ARG(text));
    return true;
}

struct lines {
    struct http_header_line list[HEADERS_MAX];
    char names[HEADERS_MAX][64], values[HEADERS_MAX][1024];
    size_t count;
};

static void read_headers(const struct json *headers, struct lines *lines) {
    for (struct json_each each = json_each(headers); json_next(&each) && lines->count < HEADERS_MAX;) {
        size_t at = lines->count;
        if (!copy_line(each.name, lines->names[at], sizeof lines->names[at])) continue;
        if (!copy_line(json_string(each.value), lines->values[at], sizeof lines->values[at])) continue;
        lines->list[lines->count++] = (struct http_header_line){lines->names[at], lines->values[at]};
    }
}

/// An answer with `statusCode` says it all; any other is the body.
static void answer_url(struct http_request *request, const struct invoke_result *result) {
    if (result->function_error != NULL)
        return http_answer(request, 502, NULL, 0, TEXT("{\"message\":\"Internal Server Error\"}"));
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    CLEANUP(buffer_clear) struct buffer decoded = {0};
    struct json_limits limits = {INVOKE_EVENT_BYTES_MAX, ANSWER_DEPTH_MAX};
    if (json_parse(result->payload, limits, &document, NULL))
        return http_answer(request, 502, NULL, 0, TEXT("{\"message\":\"Internal Server Error\"}"));
    const struct json *root = json_root(document);
    int64_t status = json_integer(json_member(root, "statusCode"), 0);
    if (status < STATUS_LEAST || status > STATUS_MOST) return http_answer(request, 200, NULL, 0, result->payload);
    struct lines lines = {0};
    read_headers(json_member(root, "headers"), &lines);
    struct text body = json_string(json_member(root, "body"));
    bool encoded = json_bool(json_member(root, "isBase64Encoded"));
    if (encoded && !base64_read(body, &decoded)) body = buffer_view(&decoded);
    http_answer(request, (int)status, lines.list, lines.count, body);
}

// --- the call ---

bool lambda_has_url(const struct catalog_function *function, const struct catalog_version *version) {
    const struct function_manifest *manifest = version->manifest;
    for (size_t i = 0; i < manifest->trigger_count; i++)
        if (manifest->triggers[i].url) return true;
    return function->url;
}

void lambda_url(struct lambda_call *call) {
    struct text rest = text_from(http_path(call->request), url.length), name;
    const char *slash = memchr(rest.data, '/', rest.length);
    struct text path = slash == NULL ? TEXT("/") : text_from(rest, (size_t)(slash - rest.data));
    if (!text_split(&rest, '/', &name) || !lambda_read_name(name, call->name, call->qualifier))
        return lambda_refuse(call->request, ERROR_NOT_FOUND, NULL, "the path is /url/FUNCTION/...");
    const struct catalog_function *function = lambda_find(call);
    if (function == NULL) return;
    const char *qualifier = catalog_alias(function, TEXT(CATALOG_LIVE)) == NULL ? CATALOG_LATEST : CATALOG_LIVE;
    const struct catalog_version *version = catalog_resolve(function, text_of(qualifier), 1);
    if (version == NULL || !lambda_has_url(function, version))
        return lambda_refuse(
            call->request, ERROR_FORBIDDEN, NULL,
            "the function has no URL: its function.yaml has no trigger 'url: true', nor has it been given one "
            "(CreateFunctionUrlConfig)");
    CLEANUP(buffer_clear) struct buffer event = {0};
    write_event(call->request, path, &event);
    if (event.failed) return lambda_refuse_call(call, ERROR_NO_MEMORY);
    struct invoke_request request = {.function = call->name, .version = version->version, .event = buffer_view(&event)};
    lambda_wait(call, &request, answer_url);
}
