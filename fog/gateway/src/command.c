// AWS IoT Commands: `$aws.commands.things.T.executions.ID.request.json` calls a method; the response tells the outcome.
//
//   received ─► valid ─► key noted ─► precondition looked at ─► called ─► responded
//      └──rejected──┴─(key known)─► the first one's outcome
//
// A key is on disk before the edge is called. What is rejected before that leaves none: nothing has been executed.
#include "command.h"
#include "convert.h"
#include <execution/executions.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES_MAX = 128, TIME_TO_LIVE_MAX_S = 3600 };

void command_destroy(struct command *command) {
    *command->link = command->next;
    if (command->next != NULL) command->next->link = command->link;
    precheck_forget(command);
    free(command->response);
    free(command->reply);
    free(command->thing);
    free(command->id);
    free(command->repeats);
    json_destroy(command->request);
    for (size_t i = 0; i < command->output_count; i++) free(command->output_names[i]);
    free(command);
}

static void called(void *context, status_code status, const struct value *outputs, size_t count) {
    CLEANUP(command_destroy_at) struct command *command = context;
    hop_add_since(&command->gateway->hops->call, command->called_ns);
    struct text reason = TEXT_EMPTY;
    for (size_t i = 0; i < count && i < command->output_count; i++)
        if (strcmp(command->output_names[i], "Reason") == 0 && outputs[i].type == VALUE_STRING)
            reason = outputs[i].string;
    char name[STATUS_NAME_BYTES];
    if (status_is_good(status)) return command_respond(command, "SUCCEEDED", "", TEXT_EMPTY, outputs, count);
    const char *outcome = status == STATUS_BadTimeout ? "TIMED_OUT" : "FAILED";
    command_respond(command, outcome, status_name(status, name), reason, NULL, 0);
}

/// "$aws.commands.things.T.executions.ID.request.json": thing and id, and the response's subject.
static bool read_subject(struct text subject, struct command *command) {
    struct text rest = text_from(subject, sizeof "$aws.commands.things." - 1), thing, word, id;
    if (!text_split(&rest, '.', &thing) || !text_split(&rest, '.', &word) || !text_split(&rest, '.', &id)) return false;
    CLEANUP(buffer_clear) struct buffer response = {0};
    buffer_print(&response, "$aws.commands.things.%.*s.executions.%.*s.response.json", TEXT_ARG(thing), TEXT_ARG(id));
    command->thing = text_copy(thing);
    command->id = text_copy(id);
    command->response = buffer_take(&response);
    return command->thing != NULL && command->id != NULL && command->response != NULL;
}

static enum error read_arguments(struct command *command, struct problem *problem) {
    const struct plan_method *method = command->method;
    const struct json *arguments = json_member(json_root(command->request), "arguments");
    if (json_exists(arguments) && !json_is(arguments, JSON_ARRAY))
        return problem_say(problem, ERROR_INVALID, "\"arguments\" must be an array");
    if (json_count(arguments) != method->input_count)
        return problem_say(problem, ERROR_INVALID, "%s takes %zu arguments, not %zu", method->path, method->input_count,
                           json_count(arguments));
    struct json_each each = json_each(arguments);
    for (size_t i = 0; json_next(&each); i++) {
        enum error error = convert_json(each.value, method->input_types[i], &command->inputs[i], problem);
        if (error) return problem_prefix(problem, error, "argument %s", method->input_names[i]);
    }
    return ERROR_NONE;
}

/// Names those that there are.
static void reject_method(struct command *command, const struct plan_thing *thing, struct text path) {
    CLEANUP(buffer_clear) struct buffer names = {0};
    for (size_t i = 0; i < thing->method_count; i++) {
        buffer_print(&names, "%s%s", i == 0 ? "" : ", ", thing->methods[i]->path);
    }
    command_reject(command, "BadMethodInvalid", "%s has no method '%.*s'; it has %s", thing->name, TEXT_ARG(path),
                   names.failed || names.length == 0 ? "none" : names.data);
}

/// Of the time when it came, or of its own clock; INT64_MAX: never.
static bool is_expired(const struct command *command) {
    const struct json *request = json_root(command->request);
    int64_t expires_ms = json_integer(json_member(request, "expiresAt"), INT64_MAX);
    double life_s = json_real(json_member(request, "timeToLive"), TIME_TO_LIVE_MAX_S);
    double age_s = (double)(clock_monotonic_ns() - command->received_ns) / (double)NS_PER_S;
    return expires_ms < (int64_t)(clock_wall_ns() / NS_PER_MS) || age_s > life_s;
}

static bool reject_expired(struct command *command) {
    if (!is_expired(command)) return false;
    command_reject(command, "BadTimeout", "expired");
    return true;
}

/// Finds the method and its inputs. False when the command was rejected.
static bool prepare(struct command *command) {
    const struct gateway *gateway = command->gateway;
    struct text path = json_string(json_member(json_root(command->request), "method"));
    const struct plan_thing *thing =
        gateway->plan == NULL ? NULL : plan_find_thing(gateway->plan, text_of(command->thing));
    struct problem problem = {0};
    if (gateway->state != LINK_LIVE && (thing != NULL || gateway->plan == NULL))
        return command_reject(command, "BadServerNotConnected", "the %s is not connected", gateway_kind(gateway)),
               false;
    if (thing == NULL)
        return command_reject(command, "BadNodeIdUnknown", "no edge has a thing '%s'", command->thing), false;
    command->method = plan_find_method(thing, path);
    if (command->method == NULL) return reject_method(command, thing, path), false;
    if (reject_expired(command)) return false;
    if (read_arguments(command, &problem))
        return command_reject(command, "BadInvalidArgument", "%s", problem.text), false;
    for (size_t i = 0; i < command->method->output_count; i++) {
        command->output_names[i] = text_copy(text_of(command->method->output_names[i]));
        if (command->output_names[i] == NULL) return command_reject(command, "BadOutOfMemory", "out of memory"), false;
        command->output_count = i + 1;
    }
    return true;
}

/// True when the edge was asked.
static bool call(struct command *command) {
    const struct plan_method *method = command->method;
    if (reject_expired(command)) return false; // the twins took their time
    struct opcua_node object = plan_node_view(&method->object), node = plan_node_view(&method->node);
    command->called_ns = clock_monotonic_ns();
    enum error error = opcua_client_call(command->gateway->client, &object, &node, command->inputs, method->input_count,
                                         called, command);
    if (error) command_reject(command, "BadCommunicationError", "%s", error_text(error));
    return !error;
}

void command_checked(struct command *command) {
    if (!call(command)) command_destroy(command);
}

// ---------------------------------------------------------------- idempotency

static void write_created(const struct command *command, struct text key, struct buffer *out) {
    const struct json *request = json_root(command->request);
    const struct json *arguments = json_member(request, "arguments");
    const struct {
        const char *name;
        struct text text;
    } texts[] = {{"executionId", text_of(command->id)},
                 {"thing", text_of(command->thing)},
                 {"idempotencyKey", key},
                 {"method", json_string(json_member(request, "method"))},
                 {"status", TEXT("CREATED")}};
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_key(&writer, texts[i].name);
        json_put_text(&writer, texts[i].text);
    }
    if (json_exists(arguments)) {
        json_key(&writer, "arguments");
        json_put_value(&writer, arguments);
    }
    json_close_object(&writer);
}

/// False when the command was rejected.
static bool note_key(struct command *command, struct text key) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    if (key.length == 0) return true;
    write_created(command, key, &document);
    command->noted = !document.failed && executions_add(command->gateway->executions, buffer_view(&document)) != NULL;
    if (!command->noted)
        command_reject(command, "BadResourceUnavailable",
                       "the idempotency key could not be noted, so nothing was executed: is the disk full?");
    return command->noted;
}

static bool is_wrong_key(const struct json *key) {
    size_t length = json_string(key).length;
    return json_exists(key) && (length == 0 || length > KEY_BYTES_MAX);
}

// ---------------------------------------------------------------- received

static void execute(struct command **owned) {
    struct command *command = *owned;
    const struct json *member = json_member(json_root(command->request), "idempotencyKey");
    struct text key = json_string(member);
    if (is_wrong_key(member))
        return command_reject(command, "BadInvalidArgument", "\"idempotencyKey\" must be a text of 1 to %d bytes",
                              KEY_BYTES_MAX);
    struct executions *executions = command->gateway->executions;
    const struct execution *first =
        key.length == 0 ? NULL : executions_find_key(executions, text_of(command->thing), key);
    if (first != NULL) {
        if (!command_repeat(command, first)) *owned = NULL; // it waits
        return;
    }
    if (!prepare(command) || !note_key(command, key)) return;
    enum precheck precheck = precheck_start(command);
    if (precheck == PRECHECK_ASKED || (precheck == PRECHECK_HOLDS && call(command))) *owned = NULL;
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
    CLEANUP(command_destroy_at) struct command *command = calloc(1, sizeof *command);
    if (command == NULL) return;
    command->gateway = gateway;
    command->received_ns = clock_monotonic_ns();
    command->next = gateway->commands;
    command->link = &gateway->commands;
    if (command->next != NULL) command->next->link = &command->next;
    gateway->commands = command;
    command->reply = text_copy(message->reply);
    if (command->reply == NULL || !read_subject(message->subject, command)) return;
    struct problem problem = {0};
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 16};
    if (json_parse(message->data, limits, &command->request, &problem))
        return command_reject(command, "BadInvalidArgument", "%s", problem.text);
    execute(&command);
}

/// One that does not wait for another, as long as there is any: those that wait are answered by the one that they wait
/// for.
static struct command *next_to_fail(const struct gateway *gateway) {
    struct command *command = gateway->commands;
    while (command != NULL && command->repeats != NULL) command = command->next;
    return command == NULL ? gateway->commands : command;
}

void command_fail_all(struct gateway *gateway, const char *reason) {
    while (gateway->commands != NULL) {
        struct command *command = next_to_fail(gateway);
        if (command->called_ns == 0 && command->repeats == NULL)
            command_reject(command, "BadServerNotConnected", "%s", reason);
        else
            command_respond(command, "TIMED_OUT", "BadCommunicationError", text_of(reason), NULL, 0);
        command_destroy(command);
    }
}
