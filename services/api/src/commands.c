#include "api.h"

#include <base/clock.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* POST /v1/things/T/commands: one execution of AWS IoT Commands, from the bus's gateway. The answer is its response. */

static const struct {
    const char *status; // of the response document
    int http_status;
} outcomes[] = {{"SUCCEEDED", 200}, {"FAILED", 409}, {"REJECTED", 409}, {"TIMED_OUT", 504}};

static void answer_timeout(struct http_request *request) {
    http_answer(request, 504, NULL, 0,
                TEXT("{\"status\":\"TIMED_OUT\",\"statusReason\":{\"reasonCode\":\"BadTimeout\","
                     "\"reasonDescription\":\"the gateway did not answer in time; the command may yet be executed "
                     "until it expires\"}}"));
}

static void on_response(void *context, enum error error, struct text data) {
    struct http_request *request = context;
    if (error == ERROR_TIMEOUT) return answer_timeout(request);
    if (error) return http_answer_error(request, error, "No gateway serves commands at the moment");
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(data, api_limits, &document, NULL))
        return http_answer_error(request, ERROR_INTERNAL, "The gateway answered with something that is no JSON");
    struct text status = json_string(json_member(json_root(document), "status"));
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        if (text_is(status, outcomes[i].status)) return http_answer(request, outcomes[i].http_status, NULL, 0, data);
    http_answer_error(request, ERROR_INTERNAL, "The gateway answered with the status '%.*s'", TEXT_ARG(status));
}

/// NULL when the body is a command, else what is wrong.
static const char *find_fault(const struct json *command) {
    const struct json *arguments = json_member(command, "arguments");
    const struct json *expires = json_member(command, "expiresAt");
    if (!json_is(command, JSON_OBJECT)) return "The body must be an object";
    if (json_string(json_member(command, "method")).length == 0)
        return "\"method\" must name a method, such as \"motor/setDirection\"";
    if (json_exists(arguments) && !json_is(arguments, JSON_ARRAY)) return "\"arguments\" must be an array";
    if (json_exists(expires) && json_integer(expires, 0) <= 0) return "\"expiresAt\" must be milliseconds since 1970";
    return NULL;
}

static void write_command(const struct json *command, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    struct json_each each = json_each(command);
    while (json_next(&each)) {
        json_key_text(&writer, each.name);
        json_put_value(&writer, each.value);
    }
    if (!json_exists(json_member(command, "arguments"))) {
        json_key(&writer, "arguments");
        json_open_array(&writer);
        json_close_array(&writer);
    }
    if (!json_exists(json_member(command, "expiresAt"))) {
        json_key(&writer, "expiresAt");
        json_put_unsigned(&writer, clock_wall_ns() / NS_PER_MS + API_COMMAND_TTL_S * 1000);
    }
    json_close_object(&writer);
}

/// Unique among the processes that command: time of the start, process, count.
static void write_subject(const struct api *api, struct text thing, struct buffer *out) {
    static unsigned long count;
    buffer_print(out, "$aws.commands.things.%.*s.executions.api-%llx-%x-%lu.request.json", TEXT_ARG(thing),
                 (unsigned long long)api->started_ms, (unsigned)getpid(), ++count);
}

void command_execute(struct api *api, struct http_request *request, struct text thing) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct problem problem = {0};
    if (json_parse(http_body(request), api_limits, &document, &problem))
        return http_answer_error(request, ERROR_INVALID, "The body is no JSON: %s", problem.text);
    const char *fault = find_fault(json_root(document));
    if (fault != NULL) return http_answer_error(request, ERROR_INVALID, "%s", fault);
    CLEANUP(buffer_clear) struct buffer subject = {0};
    CLEANUP(buffer_clear) struct buffer command = {0};
    write_subject(api, thing, &subject);
    write_command(json_root(document), &command);
    enum error error = subject.failed || command.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error)
        error = bus_request(api->bus, buffer_view(&subject), buffer_view(&command), API_COMMAND_TIMEOUT_S * NS_PER_S,
                            on_response, request);
    if (error) on_response(request, error, TEXT_EMPTY);
}
