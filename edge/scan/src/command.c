// Commands of the server: everything that can be wrong with a call is found here, before a module sees it.

#include "stages.h"

enum { COMMANDS_PER_SCAN_MAX = 64 }; // so that a flood of calls cannot stretch a scan

static struct scan_reason check_argument(const struct scan_module *module, const struct scan_command *command,
                                         uint8_t at) {
    const struct scan_field *field = &module->kind->methods[command->method].inputs[at];
    const struct scan_argument *argument = &command->arguments[at];
    struct scan_reason wrong = {.detail = (uint16_t)(command->method << 8 | at), .module = module->index};
    if (argument->type != field->type) {
        wrong.id = SCAN_REASON_ARGUMENT_TYPE;
        return wrong;
    }
    if (module->limits == NULL) return scan_reason_none();
    const struct scan_limits *limits = &module->limits[command->method * SCAN_ARGUMENTS_MAX + at];
    double number = 0;
    switch (argument->type) {
    case VALUE_INT32: number = argument->value.int32; break;
    case VALUE_UINT16: number = argument->value.uint16; break;
    case VALUE_UINT32: number = argument->value.uint32; break;
    case VALUE_DOUBLE: number = argument->value.real; break;
    default: return scan_reason_none();
    }
    if (number >= limits->low && number <= limits->high) return scan_reason_none(); // so not for NaN
    wrong.id = SCAN_REASON_ARGUMENT_RANGE;
    return wrong;
}

static struct scan_reason check_arguments(const struct scan_module *module, const struct scan_command *command) {
    const struct scan_method *method = &module->kind->methods[command->method];
    if (command->argument_count != method->input_count) {
        return scan_reason_of(SCAN_REASON_ARGUMENT_COUNT, module->index);
    }
    for (uint8_t i = 0; i < method->input_count; i++) {
        struct scan_reason wrong = check_argument(module, command, i);
        if (scan_refused(wrong)) return wrong;
    }
    return scan_reason_none();
}

struct scan_reason scan_check_authority(const struct scan *scan, uint32_t session) {
    const struct authority *authority = &scan->authority;
    if (authority_held_by(authority, session)) return scan_reason_none();
    enum scan_reason_id id = SCAN_REASON_NO_LOCK;
    if (authority->state == AUTHORITY_HELD) id = SCAN_REASON_LOCK_OF_OTHER;
    if (authority->state == AUTHORITY_LOST && authority->loser == session) id = SCAN_REASON_LOCK_EXPIRED;
    return scan_reason_of(id, scan->lock_module);
}

static struct scan_reason check_access(const struct scan *scan, const struct scan_module *module,
                                       const struct scan_command *command) {
    enum scan_access access = module->kind->methods[command->method].access;
    if (access == SCAN_GET || access == SCAN_AUTHORITY) return scan_reason_none();
    bool engineer = command->role >= SCAN_ROLE_ENGINEER;
    if (access == SCAN_ENGINEER)
        return engineer ? scan_reason_none() : scan_reason_of(SCAN_REASON_ROLE_ENGINEER, module->index);
    if (command->role < SCAN_ROLE_OPERATOR) return scan_reason_of(SCAN_REASON_ROLE, module->index);
    if (access == SCAN_HAND) return scan_reason_none();
    struct scan_reason refused = scan_check_authority(scan, command->session);
    if (scan_refused(refused) || access == SCAN_SIGNAL) return refused;
    refused = scan_standstill(scan);
    if (!scan_refused(refused)) refused = module->fault;
    return scan_refused(refused) ? refused : scan_interlocked(scan, module);
}

static struct scan_reason run(struct scan *scan, const struct scan_command *command, struct scan_result *result) {
    if (command->module >= scan->module_count) {
        return scan_reason_of(SCAN_REASON_METHOD_UNKNOWN, scan->controller_module);
    }
    struct scan_module *module = &scan->modules[command->module];
    if (command->method >= module->kind->method_count) {
        return scan_reason_of(SCAN_REASON_METHOD_UNKNOWN, module->index);
    }
    struct scan_reason refused = check_arguments(module, command);
    if (!scan_refused(refused)) refused = check_access(scan, module, command);
    const struct scan_method *method = &module->kind->methods[command->method];
    if (!scan_refused(refused)) refused = method->call(scan, module, command, result);
    if (scan_refused(refused) && method->access != SCAN_GET) {
        scan_raise_for(scan, module, SCAN_EVENT_COMMAND_REFUSED, refused, command->session);
    }
    return refused;
}

void stage_commands(struct scan *scan) {
    struct scan_command command;
    for (size_t i = 0; i < COMMANDS_PER_SCAN_MAX; i++) {
        if (!exchange_next_command(scan->exchange, &command)) return;
        scan_show_command(scan, &command);
        struct scan_result result = {.id = command.id};
        result.reason = run(scan, &command, &result);
        result.status = scan_reason_status(result.reason);
        if (scan_refused(result.reason)) result.output_count = 0;
        exchange_give_result(scan->exchange, &result);
        scan->notify = true;
    }
}
