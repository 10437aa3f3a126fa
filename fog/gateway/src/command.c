// AWS IoT Commands: `$aws.commands.things.T.executions.ID.request.json` calls a method; the response tells the outcome.
#include "convert.h"
#include "internal.h"
#include <stdlib.h>
#include <string.h>

/// One execution under way.
struct execution {
    struct execution *next, **link; // in gateway->executions
    struct gateway *gateway;
    char *response; // subject
    char *reply;    // NATS reply subject; empty: none
    char *thing;
    struct json_document *request;   // keeps the texts of the arguments
    uint64_t received_ns, called_ns; // monotonic; called: the edge was asked, 0: it was not
    size_t output_count;
    char *output_names[PLAN_ARGUMENTS_MAX];
};

static void execution_destroy(struct execution *execution) {
    *execution->link = execution->next;
    if (execution->next != NULL) execution->next->link = execution->link;
    free(execution->response);
    free(execution->reply);
    free(execution->thing);
    json_destroy(execution->request);
    for (size_t i = 0; i < execution->output_count; i++) free(execution->output_names[i]);
    free(execution);
}
CLEANUP_DEFINE(struct execution, execution_destroy)

/// A result in AWS's form: booleans as "b", all else as text in "s".
static void put_result(struct json_writer *writer, const struct value *value) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    struct json_writer plain = json_writer(&text);
    json_open_object(writer);
    json_key(writer, value->type == VALUE_BOOL ? "b" : "s");
    if (value->type == VALUE_BOOL)
        json_put_bool(writer, value->boolean);
    else if (value->type == VALUE_STRING)
        json_put_text(writer, value->string);
    else {
        convert_put(&plain, value);
        json_put_text(writer, buffer_view(&text));
    }
    json_close_object(writer);
}

/// Who reads the response alone learns what was commanded.
static void put_command(struct json_writer *writer, const struct execution *execution) {
    static const char *const names[] = {"method", "arguments"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct json *value =
            execution->request == NULL ? NULL : json_member(json_root(execution->request), names[i]);
        if (!json_exists(value)) continue;
        json_key(writer, names[i]);
        json_put_value(writer, value);
    }
}

/// How long it was here, and how long the edge took.
static void put_timings(struct json_writer *writer, const struct execution *execution) {
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t called_ns = execution->called_ns == 0 ? now_ns : execution->called_ns;
    uint64_t here_us = (called_ns - execution->received_ns) / NS_PER_US, edge_us = (now_ns - called_ns) / NS_PER_US;
    json_key(writer, "timings");
    json_open_object(writer);
    json_key(writer, "gateway_ms");
    json_put_real(writer, (double)here_us / 1000);
    json_key(writer, "edge_ms");
    json_put_real(writer, (double)edge_us / 1000);
    json_close_object(writer);
}

/// Publishes the outcome and ends the execution. `code` "" means success.
static void respond(struct execution *execution, const char *status, const char *code, struct text description,
                    const struct value *outputs, size_t output_count) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "status");
    json_put_string(&writer, status);
    if (code[0] != '\0') {
        json_key(&writer, "statusReason");
        json_open_object(&writer);
        json_key(&writer, "reasonCode");
        json_put_string(&writer, code);
        json_key(&writer, "reasonDescription");
        json_put_text(&writer, description);
        json_close_object(&writer);
    }
    json_key(&writer, "result");
    json_open_object(&writer);
    for (size_t i = 0; i < output_count && i < execution->output_count; i++) {
        if (strcmp(execution->output_names[i], "Reason") == 0) continue; // told above
        json_key(&writer, execution->output_names[i]);
        put_result(&writer, &outputs[i]);
    }
    json_close_object(&writer);
    put_command(&writer, execution);
    put_timings(&writer, execution);
    json_close_object(&writer);
    struct bus *bus = execution->gateway->bus;
    if (!document.failed) {
        error_ignore(bus_publish(bus, text_of(execution->response), buffer_view(&document)));
        if (execution->reply[0] != '\0')
            error_ignore(bus_publish(bus, text_of(execution->reply), buffer_view(&document)));
    }
}

__attribute__((format(printf, 3, 4))) static void reject(struct execution *execution, const char *code,
                                                         const char *format, ...) {
    char description[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(description, sizeof description, format, arguments);
    va_end(arguments);
    respond(execution, "REJECTED", code, text_of(description), NULL, 0);
}

static void called(void *context, status_code status, const struct value *outputs, size_t count) {
    CLEANUP(execution_destroy_at) struct execution *execution = context;
    hop_add_since(&execution->gateway->hops->call, execution->called_ns);
    struct text reason = TEXT_EMPTY;
    for (size_t i = 0; i < count && i < execution->output_count; i++)
        if (strcmp(execution->output_names[i], "Reason") == 0 && outputs[i].type == VALUE_STRING)
            reason = outputs[i].string;
    char name[STATUS_NAME_BYTES];
    if (status_is_good(status)) return respond(execution, "SUCCEEDED", "", TEXT_EMPTY, outputs, count);
    const char *outcome = status == STATUS_BadTimeout ? "TIMED_OUT" : "FAILED";
    respond(execution, outcome, status_name(status, name), reason, NULL, 0);
}

/// "$aws.commands.things.T.executions.ID.request.json": the thing, and the response's subject.
static bool read_subject(struct text subject, struct execution *execution) {
    struct text rest = text_from(subject, sizeof "$aws.commands.things." - 1), thing, word, id;
    if (!text_split(&rest, '.', &thing) || !text_split(&rest, '.', &word) || !text_split(&rest, '.', &id)) return false;
    CLEANUP(buffer_clear) struct buffer response = {0};
    buffer_print(&response, "$aws.commands.things.%.*s.executions.%.*s.response.json", TEXT_ARG(thing), TEXT_ARG(id));
    execution->thing = text_copy(thing);
    execution->response = buffer_take(&response);
    return execution->thing != NULL && execution->response != NULL;
}

static enum error read_arguments(const struct json *request, const struct plan_method *method, struct value *inputs,
                                 struct problem *problem) {
    const struct json *arguments = json_member(request, "arguments");
    if (json_exists(arguments) && !json_is(arguments, JSON_ARRAY))
        return problem_say(problem, ERROR_INVALID, "\"arguments\" must be an array");
    if (json_count(arguments) != method->input_count)
        return problem_say(problem, ERROR_INVALID, "%s takes %zu arguments, not %zu", method->path, method->input_count,
                           json_count(arguments));
    struct json_each each = json_each(arguments);
    for (size_t i = 0; json_next(&each); i++) {
        enum error error = convert_json(each.value, method->input_types[i], &inputs[i], problem);
        if (error) return problem_prefix(problem, error, "argument %s", method->input_names[i]);
    }
    return ERROR_NONE;
}

/// Names those that there are.
static void reject_method(struct execution *execution, const struct plan_thing *thing, struct text path) {
    CLEANUP(buffer_clear) struct buffer names = {0};
    for (size_t i = 0; i < thing->method_count; i++) {
        buffer_print(&names, "%s%s", i == 0 ? "" : ", ", thing->methods[i]->path);
    }
    reject(execution, "BadMethodInvalid", "%s has no method '%.*s'; it has %s", thing->name, TEXT_ARG(path),
           names.failed || names.length == 0 ? "none" : names.data);
}

static void execute(struct execution **owned) {
    struct execution *execution = *owned;
    struct gateway *gateway = execution->gateway;
    const struct json *request = json_root(execution->request);
    int64_t expires_ms = json_integer(json_member(request, "expiresAt"), INT64_MAX);
    struct text path = json_string(json_member(request, "method"));
    const struct plan_thing *thing =
        gateway->plan == NULL ? NULL : plan_find_thing(gateway->plan, text_of(execution->thing));
    if (gateway->state != LINK_LIVE && (thing != NULL || gateway->plan == NULL))
        return reject(execution, "BadServerNotConnected", "the %s is not connected", gateway_kind(gateway));
    if (thing == NULL) return reject(execution, "BadNodeIdUnknown", "no edge has a thing '%s'", execution->thing);
    const struct plan_method *method = plan_find_method(thing, path);
    if (method == NULL) return reject_method(execution, thing, path);
    if (expires_ms < (int64_t)(clock_wall_ns() / NS_PER_MS)) return reject(execution, "BadTimeout", "expired");
    struct value inputs[PLAN_ARGUMENTS_MAX];
    struct problem problem = {0};
    if (read_arguments(request, method, inputs, &problem))
        return reject(execution, "BadInvalidArgument", "%s", problem.text);
    for (size_t i = 0; i < method->output_count; i++) {
        execution->output_names[i] = text_copy(text_of(method->output_names[i]));
        if (execution->output_names[i] == NULL) return reject(execution, "BadOutOfMemory", "out of memory");
        execution->output_count = i + 1;
    }
    struct opcua_node object = plan_node_view(&method->object), node = plan_node_view(&method->node);
    execution->called_ns = clock_monotonic_ns();
    enum error error =
        opcua_client_call(gateway->client, &object, &node, inputs, method->input_count, called, execution);
    if (error) return reject(execution, "BadCommunicationError", "%s", error_text(error));
    *owned = NULL; // `called` has it now
}

/// Of the server that has the thing; the edge answers for those that nobody has.
static struct gateway *gateway_of(struct node *node, struct text subject) {
    struct text rest = text_from(subject, sizeof "$aws.commands.things." - 1), thing;
    if (!text_split(&rest, '.', &thing)) return gateway_first(node);
    struct twin_link *twin = gateway_find(node, thing);
    return twin == NULL ? gateway_first(node) : twin->gateway;
}

void command_received(void *context, const struct bus_message *message) {
    struct gateway *gateway = gateway_of(context, message->subject);
    CLEANUP(execution_destroy_at) struct execution *execution = calloc(1, sizeof *execution);
    if (execution == NULL) return;
    execution->gateway = gateway;
    execution->received_ns = clock_monotonic_ns();
    execution->next = gateway->executions;
    execution->link = &gateway->executions;
    if (execution->next != NULL) execution->next->link = &execution->next;
    gateway->executions = execution;
    execution->reply = text_copy(message->reply);
    if (execution->reply == NULL || !read_subject(message->subject, execution)) return;
    struct problem problem = {0};
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 16};
    if (json_parse(message->data, limits, &execution->request, &problem))
        return reject(execution, "BadInvalidArgument", "%s", problem.text);
    execute(&execution);
}

void command_fail_all(struct gateway *gateway, const char *reason) {
    while (gateway->executions != NULL) {
        respond(gateway->executions, "TIMED_OUT", "BadCommunicationError", text_of(reason), NULL, 0);
        execution_destroy(gateway->executions);
    }
}
