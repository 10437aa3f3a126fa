// Run and stop: by method and by the key switch of the panel; cold and warm start; the guard's word.

#include "stages.h"

#include <string.h>

static struct scan_reason stopped_by(const struct scan *scan) {
    if (scan->run_switch == SCAN_NO_TAG) return scan_reason_none();
    bool run = scan_usable(scan, scan->run_switch) && scan_on(scan, scan->run_switch);
    return run ? scan_reason_none() : scan_reason_of(SCAN_REASON_KEY_SWITCH, scan->run_switch_module);
}

/// As built: timers, what is remembered and what was set since then are gone.
static void begin_cold(struct scan *scan) {
    for (size_t i = 0; i < scan->module_count; i++) {
        struct scan_module *module = &scan->modules[i];
        if (module->initial != NULL) memcpy(module->memory, module->initial, module->memory_bytes);
    }
}

static void begin(struct scan *scan, bool cold) {
    if (cold) begin_cold(scan);
    scan->halted = scan_reason_none();
    scan->warm = !cold;
    scan->restarted = true; // the next scan is a first one
    scan_raise(scan, &scan->modules[scan->controller_module], SCAN_EVENT_STARTED, scan_reason_none());
}

void scan_stop(struct scan *scan, struct scan_reason why) {
    if (scan_refused(scan->halted)) return;
    scan->halted = why;
    scan_enter_safe_state(scan, why);
    scan_raise(scan, &scan->modules[scan->controller_module], SCAN_EVENT_STOPPED, why);
}

struct scan_reason scan_start(struct scan *scan, bool cold) {
    struct scan_reason key = stopped_by(scan);
    if (scan_refused(key)) return key;
    if (!scan_refused(scan->halted)) return scan_reason_none(); // it runs
    struct scan_reason before = scan->halted;
    scan->halted = scan_reason_none();
    struct scan_reason refused = scan_reset(scan);
    if (scan_refused(refused)) {
        scan->halted = before;
        return refused;
    }
    begin(scan, cold);
    return scan_reason_none();
}

/// The key at stop stops; turned to run it starts, when nothing else stands against it.
static void watch_key(struct scan *scan) {
    struct scan_reason key = stopped_by(scan);
    bool stops = scan_refused(key), turned = stops != scan->key_stopped;
    scan->key_stopped = stops;
    if (stops) {
        scan_stop(scan, key);
        return;
    }
    if (!turned || scan->halted.id != SCAN_REASON_KEY_SWITCH) return;
    struct scan_reason refused = scan_start(scan, false);
    if (!scan_refused(refused)) return;
    scan->halted = scan_reason_of(SCAN_REASON_HALTED, scan->controller_module); // from here on by method
    scan_raise(scan, &scan->modules[scan->controller_module], SCAN_EVENT_COMMAND_REFUSED, refused);
}

static void watch_guard(struct scan *scan) {
    unsigned trips = atomic_load_explicit(&scan->guard_trips, memory_order_acquire);
    scan->guarded = trips != scan->guard_trips_seen;
    scan->guard_trips_seen = trips;
    if (scan->guarded) scan_enter_safe_state(scan, scan_reason_of(SCAN_REASON_GUARD, SCAN_NO_MODULE));
}

void stage_begin(struct scan *scan) {
    scan->first = scan->cycles == 1 || scan->restarted;
    scan->restarted = false;
}

void stage_run_state(struct scan *scan) {
    watch_guard(scan);
    watch_key(scan);
}

void scan_guard_tripped(struct scan *scan) {
    atomic_fetch_add_explicit(&scan->guard_trips, 1, memory_order_release);
}

void scan_request_stop(struct scan *scan) {
    atomic_store_explicit(&scan->stop_requested, true, memory_order_release);
}
