// What becomes of a command: the response on the bus, and the outcome that its idempotency key stands for.
#include "command.h"
#include "convert.h"
#include <execution/executions.h>
#include <stdlib.h>
#include <string.h>

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

static void put_member(struct json_writer *writer, const char *name, struct text value) {
    json_key(writer, name);
    json_put_text(writer, value);
}

/// Who reads the response alone learns what was commanded.
static void put_command(struct json_writer *writer, const struct command *command) {
    static const char *const names[] = {"method", "arguments"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct json *value = command->request == NULL ? NULL : json_member(json_root(command->request), names[i]);
        if (!json_exists(value)) continue;
        json_key(writer, names[i]);
        json_put_value(writer, value);
    }
}

/// How long it was here, and how long the edge took.
static void put_timings(struct json_writer *writer, const struct command *command) {
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t called_ns = command->called_ns == 0 ? now_ns : command->called_ns;
    uint64_t here_us = (called_ns - command->received_ns) / NS_PER_US, edge_us = (now_ns - called_ns) / NS_PER_US;
    json_key(writer, "timings");
    json_open_object(writer);
    json_key(writer, "gateway_ms");
    json_put_real(writer, (double)here_us / 1000);
    json_key(writer, "edge_ms");
    json_put_real(writer, (double)edge_us / 1000);
    json_close_object(writer);
}

static void put_reason(struct json_writer *writer, const char *code, struct text description) {
    json_key(writer, "statusReason");
    json_open_object(writer);
    put_member(writer, "reasonCode", text_of(code));
    put_member(writer, "reasonDescription", description);
    json_close_object(writer);
}

static void publish(const struct command *command, struct text document) {
    struct bus *bus = command->gateway->bus;
    error_ignore(bus_publish(bus, text_of(command->response), document));
    if (command->reply[0] != '\0') error_ignore(bus_publish(bus, text_of(command->reply), document));
}

/// The outcome of the first command with this key, and whose it is.
static void publish_repeat(const struct command *command, const struct execution *first) {
    static const char *const ours[] = {"executionId", "thing", "idempotencyKey"};
    CLEANUP(json_destroy_at) struct json_document *kept = NULL;
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_limits limits = {EXECUTION_BYTES_MAX, 32};
    if (json_parse(text_of(first->document), limits, &kept, NULL)) return;
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    struct json_each each = json_each(json_root(kept));
    while (json_next(&each)) {
        bool own = false;
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) own = own || text_is(each.name, ours[i]);
        if (own) continue;
        json_key_text(&writer, each.name);
        json_put_value(&writer, each.value);
    }
    put_member(&writer, "repeatOf", text_of(first->id));
    json_close_object(&writer);
    if (!document.failed) publish(command, buffer_view(&document));
}

static void answer_repeats(struct gateway *gateway, const struct execution *first) {
    for (struct command *command = gateway->commands, *next; command != NULL; command = next) {
        next = command->next;
        bool waits = command->repeats != NULL && strcmp(command->repeats, first->id) == 0 &&
                     strcmp(command->thing, first->thing) == 0;
        if (!waits) continue;
        publish_repeat(command, first);
        command_destroy(command);
    }
}

/// The response with what the history wants to know of it.
static void keep(struct command *command, struct text response) {
    struct executions *executions = command->gateway->executions;
    struct execution *execution = executions_find(executions, text_of(command->thing), text_of(command->id));
    if (execution == NULL) return; // a thousand others came meanwhile
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    put_member(&writer, "executionId", text_of(command->id));
    put_member(&writer, "thing", text_of(command->thing));
    put_member(&writer, "idempotencyKey", text_of(execution->key));
    json_close_object(&writer);
    if (document.failed || document.length == 0) return;
    document.length--; // the response's members follow
    buffer_byte(&document, ',');
    buffer_text(&document, text_from(response, 1));
    if (document.failed) return;
    executions_settle(executions, execution, buffer_view(&document));
    answer_repeats(command->gateway, execution);
}

void command_respond(struct command *command, const char *status, const char *code, struct text description,
                     const struct value *outputs, size_t output_count) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    put_member(&writer, "status", text_of(status));
    if (code[0] != '\0') put_reason(&writer, code, description);
    json_key(&writer, "result");
    json_open_object(&writer);
    for (size_t i = 0; i < output_count && i < command->output_count; i++) {
        if (strcmp(command->output_names[i], "Reason") == 0) continue; // told above
        json_key(&writer, command->output_names[i]);
        put_result(&writer, &outputs[i]);
    }
    json_close_object(&writer);
    put_command(&writer, command);
    put_timings(&writer, command);
    json_close_object(&writer);
    if (document.failed) return;
    publish(command, buffer_view(&document));
    if (command->noted) keep(command, buffer_view(&document));
}

void command_reject(struct command *command, const char *code, const char *format, ...) {
    char description[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(description, sizeof description, format, arguments);
    va_end(arguments);
    command_respond(command, "REJECTED", code, text_of(description), NULL, 0);
}

bool command_repeat(struct command *command, const struct execution *first) {
    if (!execution_is_of(first, json_root(command->request))) {
        command_reject(command, "IdempotencyKeyConflict",
                       "this idempotency key was given to another command, execution %s", first->id);
        return true;
    }
    if (strcmp(first->status, "CREATED") != 0) {
        publish_repeat(command, first);
        return true;
    }
    command->repeats = text_copy(text_of(first->id));
    if (command->repeats != NULL) return false;
    command_reject(command, "BadOutOfMemory", "out of memory");
    return true;
}
