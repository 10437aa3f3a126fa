#include <dataplane/dataplane.h>

#include <base/clock.h>
#include <json/json.h>

#include <string.h>

static const struct json_limits answer_limits = {1024 * 1024, 32};

// ---------------------------------------------------------------- the call

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' || c == '_' ||
           c == '-';
}

static bool is_name(struct text name, size_t bytes_max) {
    if (name.length == 0 || name.length > bytes_max) return false;
    for (size_t i = 0; i < name.length; i++)
        if (!is_name_byte(name.data[i])) return false;
    return true;
}

bool dataplane_is_thing_name(struct text name) {
    return is_name(name, DATAPLANE_THING_BYTES_MAX);
}

/// "/things/T/shadow" or "/api/things/shadow/ListNamedShadowsForThing/T".
static bool split_path(struct text path, bool *ret_list, struct text *ret_thing) {
    static const struct text list = {"/api/things/shadow/ListNamedShadowsForThing/", 44};
    static const struct text before = {"/things/", 8};
    static const struct text behind = {"/shadow", 7};
    *ret_list = text_starts_with(path, list);
    if (*ret_list) {
        *ret_thing = text_from(path, list.length);
        return true;
    }
    if (!text_starts_with(path, before) || !text_ends_with(path, behind) || path.length < before.length + behind.length)
        return false;
    *ret_thing = (struct text){path.data + before.length, path.length - before.length - behind.length};
    return true;
}

static const struct {
    const char *method;
    bool list;
    enum dataplane_operation operation;
} operations[] = {
    {"GET", false, DATAPLANE_GET},
    {"POST", false, DATAPLANE_UPDATE},
    {"DELETE", false, DATAPLANE_DELETE},
    {"GET", true, DATAPLANE_LIST},
};

static bool find_operation(struct text method, bool list, enum dataplane_operation *ret_operation) {
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (operations[i].list != list || !text_is(method, operations[i].method)) continue;
        *ret_operation = operations[i].operation;
        return true;
    }
    return false;
}

static enum dataplane_match refuse(struct http_request *request, const char *message) {
    http_answer_error(request, ERROR_INVALID, "%s", message);
    return DATAPLANE_ANSWERED;
}

static enum dataplane_match refuse_method(struct http_request *request, bool list) {
    const struct http_header_line headers[] = {{"x-amzn-errortype", "MethodNotAllowedException"},
                                               {"Allow", list ? "GET" : "GET, POST, DELETE"}};
    http_answer(request, 405, headers, 2, TEXT("{\"message\":\"Method not allowed\"}"));
    return DATAPLANE_ANSWERED;
}

enum dataplane_match dataplane_match(struct http_request *request, struct dataplane_call *ret_call) {
    struct dataplane_call call = {.page_size = DATAPLANE_PAGE_DEFAULT};
    bool list;
    if (!split_path(http_path(request), &list, &call.thing)) return DATAPLANE_OTHER;
    if (!find_operation(http_method(request), list, &call.operation)) return refuse_method(request, list);
    if (!dataplane_is_thing_name(call.thing))
        return refuse(request, "Invalid thing name: 1 to 128 characters out of a-z A-Z 0-9 : _ -");
    call.shadow = http_query(request, "name");
    if (http_has_query(request, "name") && !is_name(call.shadow, DATAPLANE_SHADOW_BYTES_MAX))
        return refuse(request, "Invalid shadow name: 1 to 64 characters out of a-z A-Z 0-9 : _ -");
    call.next_token = http_query(request, "nextToken");
    struct text page_size = http_query(request, "pageSize");
    if (page_size.length > 0 &&
        (text_to_u64(page_size, &call.page_size) || call.page_size == 0 || call.page_size > DATAPLANE_PAGE_MAX))
        return refuse(request, "Invalid pageSize: 1 to 100");
    *ret_call = call;
    return DATAPLANE_CALL;
}

// ---------------------------------------------------------------- the answer

static const struct {
    int code;
    const char *type;
} error_types[] = {
    {400, "InvalidRequestException"},
    {401, "UnauthorizedException"},
    {403, "ForbiddenException"},
    {404, "ResourceNotFoundException"},
    {405, "MethodNotAllowedException"},
    {409, "ConflictException"},
    {413, "RequestEntityTooLargeException"},
    {415, "UnsupportedDocumentEncodingException"},
    {429, "ThrottlingException"},
    {500, "InternalFailureException"},
    {503, "ServiceUnavailableException"},
};

/// A rejection of the twin service: AWS's `{code, message}` becomes a status, a type and a message.
static void answer_rejection(struct http_request *request, const struct json *rejection) {
    int64_t code = json_integer(json_member(rejection, "code"), 0);
    int status = 500;
    const char *type = "InternalFailureException";
    for (size_t i = 0; i < sizeof error_types / sizeof error_types[0]; i++) {
        if (error_types[i].code != code) continue;
        status = error_types[i].code;
        type = error_types[i].type;
    }
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "message");
    json_put_text(&writer, json_string(json_member(rejection, "message")));
    json_close_object(&writer);
    const struct http_header_line header = {"x-amzn-errortype", type};
    http_answer(request, status, &header, 1, buffer_view(&body));
}

static void on_answer(void *context, enum error error, struct text data) {
    struct http_request *request = context;
    if (error == ERROR_TIMEOUT)
        return http_answer_error(request, error,
                                 "The twin service did not answer within %d s; a change may yet be made",
                                 DATAPLANE_TIMEOUT_S);
    if (error) return http_answer_error(request, error, "The twin service cannot be reached");
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(data, answer_limits, &document, NULL))
        return http_answer_error(request, ERROR_INTERNAL, "The twin service answered with something that is no JSON");
    if (json_exists(json_member(json_root(document), "code"))) return answer_rejection(request, json_root(document));
    http_answer(request, 200, NULL, 0, data);
}

static void write_subject(const struct dataplane_call *call, struct buffer *subject) {
    static const char *const verbs[] = {
        [DATAPLANE_GET] = "get", [DATAPLANE_UPDATE] = "update", [DATAPLANE_DELETE] = "delete"};
    if (call->operation == DATAPLANE_LIST) return buffer_string(subject, "splc.twins.list");
    buffer_print(subject, "$aws.things.%.*s.shadow.", TEXT_ARG(call->thing));
    if (call->shadow.length > 0) buffer_print(subject, "name.%.*s.", TEXT_ARG(call->shadow));
    buffer_string(subject, verbs[call->operation]);
}

static void write_list_request(const struct dataplane_call *call, struct buffer *payload) {
    struct json_writer writer = json_writer(payload);
    json_open_object(&writer);
    json_key(&writer, "thing");
    json_put_text(&writer, call->thing);
    json_key(&writer, "pageSize");
    json_put_unsigned(&writer, call->page_size);
    if (call->next_token.length > 0) {
        json_key(&writer, "nextToken");
        json_put_text(&writer, call->next_token);
    }
    json_close_object(&writer);
}

void dataplane_execute(struct bus *bus, struct http_request *request, const struct dataplane_call *call) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    write_subject(call, &subject);
    if (call->operation == DATAPLANE_UPDATE) buffer_text(&payload, http_body(request));
    if (call->operation == DATAPLANE_LIST) write_list_request(call, &payload);
    enum error error = subject.failed || payload.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error)
        error = bus_request(bus, buffer_view(&subject), buffer_view(&payload), DATAPLANE_TIMEOUT_S * NS_PER_S,
                            on_answer, request);
    if (error) on_answer(request, error, TEXT_EMPTY);
}
