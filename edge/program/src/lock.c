// The control authority as a module: the methods of OPC 10000-100, 7 (Locking) and what they show.

#include <program/program.h>

#include "core_module.h"

static const double MS_PER_S = 1000; // a Duration of OPC UA counts milliseconds

static const struct scan_field variables[] = {
    [PROGRAM_LOCKED] = {"Locked", VALUE_BOOL, NULL},
    [PROGRAM_HOLDER] = {"Holder", VALUE_UINT32, NULL},
    [PROGRAM_REMAINING_LOCK_TIME] = {"RemainingLockTime", VALUE_DOUBLE, NULL},
    [PROGRAM_EPOCH] = {"Epoch", VALUE_UINT32, NULL},
};

static const struct scan_field context = {"Context", VALUE_STRING, NULL};
static const struct scan_field init_status = {"InitLockStatus", VALUE_INT32, NULL};
static const struct scan_field renew_status = {"RenewLockStatus", VALUE_INT32, NULL};
static const struct scan_field exit_status = {"ExitLockStatus", VALUE_INT32, NULL};
static const struct scan_field break_status = {"BreakLockStatus", VALUE_INT32, NULL};

/// DI has no number for a caller whose role is too low: his call is refused, with the reason in the event.
static struct scan_reason answer(const struct scan_module *module, struct scan_result *result,
                                 enum authority_status status) {
    if (status == AUTHORITY_ROLE) return scan_reason_of(SCAN_REASON_ROLE, module->index);
    result->outputs[result->output_count++] = (struct scan_argument){.type = VALUE_INT32, .value = scan_int32(status)};
    return scan_reason_none();
}

static void raise(struct scan *scan, const struct scan_module *module, enum scan_event_id event, uint32_t session) {
    scan_raise_for(scan, module, event, scan_reason_none(), session);
}

static struct scan_reason init_lock(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    uint32_t epoch = scan->authority.epoch;
    enum authority_status status =
        authority_grant(&scan->authority, command->session, command->role, scan->now.monotonic_ns);
    if (scan->authority.epoch != epoch) raise(scan, module, SCAN_EVENT_LOCK_GRANTED, command->session);
    return answer(module, result, status);
}

static struct scan_reason renew_lock(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                     struct scan_result *result) {
    return answer(module, result, authority_renew(&scan->authority, command->session, scan->now.monotonic_ns));
}

/// At rest: no output would be switched off or changed by a safe state.
static bool at_rest(const struct scan *scan) {
    for (size_t i = 0; i < scan->output_count; i++) {
        if (scan->outputs[i].safe == SCAN_SAFE_OFF && (scan->decided[i] || scan->wish[i])) return false;
    }
    for (size_t i = 0; i < scan->number_count; i++) {
        const struct scan_number *number = &scan->numbers[i];
        bool safe = scan->number_decided[i] == number->safe_value && scan->number_wish[i] == number->safe_value;
        if (number->point.safe == SCAN_SAFE_OFF && !safe) return false;
    }
    return true;
}

static struct scan_reason exit_lock(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    enum authority_status status = authority_release(&scan->authority, command->session, at_rest(scan));
    if (status == AUTHORITY_OK) raise(scan, module, SCAN_EVENT_LOCK_RELEASED, command->session);
    return answer(module, result, status);
}

static struct scan_reason break_lock(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                     struct scan_result *result) {
    uint32_t holder = scan->authority.session;
    enum authority_status status = authority_break(&scan->authority, command->role);
    if (status == AUTHORITY_OK) raise(scan, module, SCAN_EVENT_LOCK_BROKEN, holder);
    return answer(module, result, status);
}

static struct scan_reason session_gone(struct scan *scan, struct scan_module *module,
                                       const struct scan_command *command, struct scan_result *result) {
    (void)result;
    if (authority_session_gone(&scan->authority, command->session)) {
        raise(scan, module, SCAN_EVENT_LOCK_LOST, command->session);
    }
    return scan_reason_none();
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct authority *authority = &scan->authority;
    uint32_t first = module->first_tag;
    scan_set(scan, first + PROGRAM_LOCKED, scan_boolean(authority->state == AUTHORITY_HELD), STATUS_Good);
    scan_set(scan, first + PROGRAM_HOLDER, scan_uint32(authority->session), STATUS_Good);
    scan_set(scan, first + PROGRAM_REMAINING_LOCK_TIME,
             scan_real(MS_PER_S * authority_remaining_s(authority, scan->now.monotonic_ns)), STATUS_Good);
    scan_set(scan, first + PROGRAM_EPOCH, scan_uint32(authority->epoch), STATUS_Good);
}

static const struct scan_method methods[] = {
    [PROGRAM_INIT_LOCK] = {"InitLock", SCAN_AUTHORITY, &context, 1, &init_status, 1, init_lock},
    [PROGRAM_RENEW_LOCK] = {"RenewLock", SCAN_AUTHORITY, NULL, 0, &renew_status, 1, renew_lock},
    [PROGRAM_EXIT_LOCK] = {"ExitLock", SCAN_AUTHORITY, NULL, 0, &exit_status, 1, exit_lock},
    [PROGRAM_BREAK_LOCK] = {"BreakLock", SCAN_AUTHORITY, NULL, 0, &break_status, 1, break_lock},
    [PROGRAM_SESSION_GONE] = {"SessionGone", SCAN_AUTHORITY, NULL, 0, NULL, 0, session_gone},
};

const struct scan_kind lock_kind = {
    .name = "Lock",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .settle = settle,
};
