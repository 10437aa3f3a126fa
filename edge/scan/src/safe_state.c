// Causes of the safe state, interlocks, and the arbiter that has the last word on every output.

#include "stages.h"

#include <string.h>

static struct scan_module *controller(struct scan *scan) {
    return &scan->modules[scan->controller_module];
}

void scan_enter_safe_state(struct scan *scan, struct scan_reason cause) {
    if (scan->safe.latched) return;
    scan->safe = (struct scan_safe_state){.latched = true, .cause = cause, .since_ns = scan->now.wall_ns};
    for (size_t i = 0; i < scan->module_count; i++) {
        struct scan_module *module = &scan->modules[i];
        if (module->kind->halt != NULL) module->kind->halt(scan, module);
    }
    for (size_t i = 0; i < scan->output_count; i++) { // what is held now is held after the reset as well
        if (scan->outputs[i].safe == SCAN_SAFE_HOLD) scan->wish[i] = scan->decided[i];
    }
    for (size_t i = 0; i < scan->number_count; i++) {
        const struct scan_number *number = &scan->numbers[i];
        bool held = number->point.safe == SCAN_SAFE_HOLD;
        scan->number_wish[i] = held ? scan->number_decided[i] : number->safe_value;
    }
    scan_raise(scan, controller(scan), SCAN_EVENT_SAFE_STATE_ENTERED, cause);
    scan_forces_halt(scan);
}

/// The cause that is there now, as opposed to one that is latched.
static struct scan_reason present_cause(const struct scan *scan) {
    for (size_t i = 0; i < scan->emergency_stop_count; i++) {
        uint32_t tag = scan->emergency_stops[i];
        uint32_t module = scan->emergency_stop_modules[i];
        if (scan->read_failed) break;
        bool known = status_is_good(scan->quality[tag]); // nothing stands in for an emergency stop
        if (!known) return scan_reason_of(SCAN_REASON_EMERGENCY_STOP_UNKNOWN, module);
        if (scan_on(scan, tag)) return scan_reason_of(SCAN_REASON_EMERGENCY_STOP, module);
    }
    if (scan->read_failed || scan->write_failed) return scan_reason_of(SCAN_REASON_DRIVER_LOST, SCAN_NO_MODULE);
    if (scan->stopped) return scan_reason_of(SCAN_REASON_STOPPED, SCAN_NO_MODULE);
    if (scan_refused(scan->halted)) return scan->halted;
    return scan_reason_none();
}

struct scan_reason scan_standstill(const struct scan *scan) {
    struct scan_reason cause = present_cause(scan);
    if (scan_refused(cause) || !scan->safe.latched) return cause;
    return (struct scan_reason){
        .id = SCAN_REASON_SAFE_STATE, .detail = scan->safe.cause.id, .module = scan->safe.cause.module};
}

struct scan_reason scan_reset(struct scan *scan) {
    struct scan_reason cause = present_cause(scan);
    if (scan_refused(cause)) return cause;
    for (size_t i = 0; i < scan->module_count; i++) {
        struct scan_module *module = &scan->modules[i];
        module->fault = scan_reason_none();
        if (module->kind->reset != NULL) module->kind->reset(scan, module);
    }
    scan->fault_count = 0;
    if (scan->safe.latched) scan_raise(scan, controller(scan), SCAN_EVENT_SAFE_STATE_LEFT, scan_reason_none());
    scan->safe = (struct scan_safe_state){0};
    return scan_reason_none();
}

/// True in the scan in which a button goes down. A button that is held at start-up is not pressed.
static bool pressed(const struct scan *scan, uint32_t tag, bool *was) {
    if (tag == SCAN_NO_TAG || !scan_usable(scan, tag)) return false;
    bool down = scan_on(scan, tag);
    bool edge = down && !*was;
    *was = down;
    return edge;
}

/// The panel works without any controller above: reset always, stop when nobody else would answer it.
static void watch_panel(struct scan *scan) {
    bool stop = pressed(scan, scan->stop_button, &scan->stop_was_pressed);
    if (stop && scan->authority.state != AUTHORITY_HELD) {
        scan_enter_safe_state(scan, scan_reason_of(SCAN_REASON_STOP_BUTTON, scan->stop_button_module));
    }
    if (!pressed(scan, scan->reset_button, &scan->reset_was_pressed)) return;
    struct scan_reason refused = scan_reset(scan);
    if (scan_refused(refused)) scan_raise(scan, controller(scan), SCAN_EVENT_COMMAND_REFUSED, refused);
}

static void watch_authority(struct scan *scan) {
    uint32_t holder = scan->authority.session;
    enum authority_tick tick = authority_tick(&scan->authority, scan->now.monotonic_ns);
    const struct scan_module *lock = &scan->modules[scan->lock_module];
    if (tick == AUTHORITY_SOFT) {
        scan_raise_for(scan, lock, SCAN_EVENT_LOCK_LOST, scan_reason_none(), holder);
    }
    if (tick == AUTHORITY_HARD) scan_enter_safe_state(scan, scan_reason_of(SCAN_REASON_CONTROL_LOST, SCAN_NO_MODULE));
}

void stage_supervise(struct scan *scan) {
    if (atomic_load_explicit(&scan->stop_requested, memory_order_acquire)) scan->stopped = true;
    struct scan_reason cause = present_cause(scan);
    if (scan_refused(cause)) scan_enter_safe_state(scan, cause);
    watch_authority(scan);
    stage_run_state(scan);
    watch_panel(scan);
}

static void decide_safely(struct scan *scan) {
    for (size_t i = 0; i < scan->output_count; i++) {
        switch ((enum scan_safe)scan->outputs[i].safe) {
        case SCAN_SAFE_OFF: scan->decided[i] = false; break;
        case SCAN_SAFE_ON: scan->decided[i] = true; break;
        case SCAN_SAFE_HOLD: break;
        case SCAN_SAFE_FREE: scan->decided[i] = scan->wish[i]; break;
        }
    }
    for (size_t i = 0; i < scan->number_count; i++) {
        const struct scan_number *number = &scan->numbers[i];
        if (number->point.safe != SCAN_SAFE_HOLD) scan->number_decided[i] = number->safe_value;
    }
}

void stage_decide(struct scan *scan) {
    if (scan->safe.latched) {
        decide_safely(scan);
        return;
    }
    memcpy(scan->decided, scan->wish, scan->output_count * sizeof *scan->decided);
    if (scan->number_count > 0)
        memcpy(scan->number_decided, scan->number_wish, scan->number_count * sizeof *scan->number_decided);
}
