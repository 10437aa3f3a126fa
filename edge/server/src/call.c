// A call of a method becomes a command of the scan, and its result the answer.
//
// The server waits for the scan: a scan period, on the average half of one. The library can also answer later by
// itself, but then once a second only and without telling who called (docs/decisions/0007-calls-wait-for-the-scan.md).

#include "internal.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/log.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t PATIENCE_NS = 100 * NS_PER_MS; // besides two periods: for a machine under load

struct call_target *call_target_create(struct server *server, uint32_t module, uint16_t method, bool reason) {
    struct call_target *target = calloc(1, sizeof *target);
    if (target == NULL) return NULL;
    *target = (struct call_target){server->targets, server, module, method, reason};
    server->targets = target;
    return target;
}

static status_code refuse(const struct call_target *target, struct opcua_invocation *call, status_code status,
                          const char *sentence) {
    snprintf(call->text, sizeof call->text, "%s", sentence);
    if (target->reason) call->outputs[call->output_count - 1].string = text_of(call->text);
    return status;
}

static bool make_argument(const struct value *value, struct scan_argument *ret_argument) {
    *ret_argument = (struct scan_argument){.type = value->type};
    switch (value->type) {
    case VALUE_BOOL: ret_argument->value.boolean = value->boolean; return true;
    case VALUE_INT32: ret_argument->value.int32 = value->int32; return true;
    case VALUE_UINT16: ret_argument->value.uint16 = value->uint16; return true;
    case VALUE_UINT32: ret_argument->value.uint32 = value->uint32; return true;
    case VALUE_DOUBLE: ret_argument->value.real = value->real; return true;
    case VALUE_STRING:
        if (value->string.length >= SCAN_TEXT_BYTES) return false;
        if (value->string.length > 0) memcpy(ret_argument->text, value->string.data, value->string.length);
        return true;
    case VALUE_NULL: break;
    }
    return false;
}

static struct value value_of(const struct scan_argument *argument) {
    struct value value = {.type = argument->type};
    switch (argument->type) {
    case VALUE_BOOL: value.boolean = argument->value.boolean; break;
    case VALUE_INT32: value.int32 = argument->value.int32; break;
    case VALUE_UINT16: value.uint16 = argument->value.uint16; break;
    case VALUE_UINT32: value.uint32 = argument->value.uint32; break;
    case VALUE_DOUBLE: value.real = argument->value.real; break;
    case VALUE_STRING: value.string = text_of(argument->text); break;
    case VALUE_NULL: break;
    }
    return value;
}

/// Until the result is here, or it takes too long.
static bool await_result(struct server *server) {
    uint64_t deadline_ns = clock_monotonic_ns() + 2 * server->options.scan_period_ns + PATIENCE_NS;
    struct pollfd wake = {.fd = runtime_wake_fd(server->options.runtime), .events = POLLIN};
    for (;;) {
        server_drain(server);
        if (server->answered) return true;
        uint64_t now_ns = clock_monotonic_ns();
        if (now_ns >= deadline_ns) return false;
        struct timespec left = {.tv_sec = (time_t)((deadline_ns - now_ns) / NS_PER_S),
                                .tv_nsec = (long)((deadline_ns - now_ns) % NS_PER_S)};
        ppoll(&wake, 1, &left, NULL);
    }
}

status_code server_command(struct server *server, const struct scan_command *command, const char **ret_why) {
    if (!exchange_post(server->exchange, command)) {
        *ret_why = "too many commands wait for the scan; try again";
        return STATUS_BadTooManyOperations;
    }
    server->awaited = command->id;
    server->answered = false;
    bool in_time = await_result(server);
    server->awaited = 0;
    if (in_time) return server->result.status;
    *ret_why = "the scan did not answer in time; whether the command is still executed is unknown";
    return STATUS_BadTimeout;
}

static status_code answer(const struct call_target *target, struct opcua_invocation *call) {
    const struct server *server = target->server;
    const struct scan_result *result = &server->result;
    size_t room = call->output_count - target->reason;
    for (size_t i = 0; i < result->output_count && i < room; i++)
        if (call->outputs[i].type == result->outputs[i].type) call->outputs[i] = value_of(&result->outputs[i]);
    if (!scan_refused(result->reason)) return result->status;
    char sentence[PROGRAM_TEXT_BYTES];
    program_reason_text(server->options.program, result->reason, sentence);
    return refuse(target, call, result->status, sentence);
}

static const struct scan_method *method_of(const struct call_target *target) {
    return &program_module(target->server->options.program, target->module)->kind->methods[target->method];
}

/// The number that a method of the lock answers, as OPC 10000-100, 7 calls it.
static const char *lock_outcome(const struct call_target *target, const struct opcua_invocation *call) {
    if (call->output_count == 0 || call->outputs[0].int32 == 0) return "Good";
    return target->method == PROGRAM_INIT_LOCK ? "E_AlreadyLocked" : "E_NotLocked";
}

/// What is called all the time and does nothing.
static bool is_routine(const struct call_target *target, const char *outcome) {
    const struct scan_method *method = method_of(target);
    bool renewal = method->access == SCAN_AUTHORITY && target->method == PROGRAM_RENEW_LOCK;
    return method->access == SCAN_GET || (renewal && strcmp(outcome, "Good") == 0);
}

static void print_argument(struct buffer *out, const struct value *value) {
    switch (value->type) {
    case VALUE_BOOL: buffer_string(out, value->boolean ? "true" : "false"); break;
    case VALUE_INT32: buffer_print(out, "%d", value->int32); break;
    case VALUE_UINT16: buffer_print(out, "%u", value->uint16); break;
    case VALUE_UINT32: buffer_print(out, "%u", value->uint32); break;
    case VALUE_DOUBLE: buffer_print(out, "%g", value->real); break;
    case VALUE_STRING: buffer_print(out, "\"%.*s\"", TEXT_ARG(value->string)); break;
    case VALUE_NULL: break;
    }
}

/// "MPS/mps_conveyor/motor/setDirection(1)"
static void print_call(struct buffer *out, const struct call_target *target, const struct opcua_invocation *call) {
    const struct program_module *module = program_module(target->server->options.program, target->module);
    buffer_print(out, "%.*s/%s(", TEXT_ARG(module->path), method_of(target)->name);
    for (size_t i = 0; i < call->input_count; i++) {
        if (i > 0) buffer_string(out, ", ");
        print_argument(out, &call->inputs[i]);
    }
    buffer_byte(out, ')');
}

static void audit(const struct call_target *target, const struct opcua_invocation *call, status_code status) {
    char name[STATUS_NAME_BYTES];
    bool good = !status_is_bad(status);
    const char *outcome = status_name(status, name);
    if (good && method_of(target)->access == SCAN_AUTHORITY) outcome = lock_outcome(target, call);
    if (good && is_routine(target, outcome)) return;
    CLEANUP(buffer_clear) struct buffer object = {0};
    print_call(&object, target, call);
    const char *what = object.failed ? "" : object.data;
    log_debug("call by %.*s: %s: %s %s", TEXT_ARG(call->caller->user), what, outcome, call->text);
    audit_write(target->server->audit, &(struct audit_entry){call->caller, "call", what, outcome, call->text});
}

static status_code execute(const struct call_target *target, struct opcua_invocation *call) {
    struct server *server = target->server;
    struct scan_command command = {
        .id = ++server->last_command,
        .session = call->caller->session,
        .module = target->module,
        .method = target->method,
        .role = (uint8_t)call->caller->role, // both count from viewer to administrator
        .argument_count = (uint8_t)call->input_count,
    };
    if (call->input_count > SCAN_ARGUMENTS_MAX)
        return refuse(target, call, STATUS_BadInvalidArgument, "more arguments than any method has");
    for (size_t i = 0; i < call->input_count; i++)
        if (!make_argument(&call->inputs[i], &command.arguments[i]))
            return refuse(target, call, STATUS_BadOutOfRange,
                          "a text is too long; no name of the plant has more than 47 bytes");
    const char *why = NULL;
    status_code status = server_command(server, &command, &why);
    return why == NULL ? answer(target, call) : refuse(target, call, status, why);
}

status_code call_method(void *context, struct opcua_invocation *call) {
    const struct call_target *target = context;
    status_code status = execute(target, call);
    audit(target, call, status);
    return status;
}
