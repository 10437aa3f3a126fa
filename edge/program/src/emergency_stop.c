// Supervision of the emergency stop. The safety circuit itself is hard-wired; this is not a safety function. The scan's
// arbiter watches the same signal (scan/scan.h, `emergency_stops`); here it becomes events.

#include "state_module.h"

struct emergency_stop {
    struct state_module state; // first, for `state_get`
    bool known, active;
};

static void bind(const struct plant_element *element, void *memory) {
    struct emergency_stop *stop = memory;
    stop->state.signal = bind_signal(element, "contact");
}

static void step(struct scan *scan, struct scan_module *module) {
    struct emergency_stop *stop = module->memory;
    if (!scan_usable(scan, stop->state.signal)) return;
    bool active = scan_on(scan, stop->state.signal);
    bool tripped = active && !(stop->known && stop->active);
    bool released = !active && stop->known && stop->active;
    if (tripped) scan_raise(scan, module, SCAN_EVENT_TRIPPED, scan_reason_none());
    if (released) scan_raise(scan, module, SCAN_EVENT_RELEASED, scan_reason_none());
    stop->active = active;
    stop->known = true;
}

static const struct scan_method methods[] = {{"getState", SCAN_GET, NULL, 0, &state_field, 1, state_get}};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS(struct emergency_stop, known, BOOL),
    SCAN_REMEMBERS(struct emergency_stop, active, BOOL),
};

static const struct scan_kind kind = {.name = "EmergencyStop",
                                      .methods = methods,
                                      .method_count = 1,
                                      .step = step,
                                      .memory = memory,
                                      .memory_count = sizeof memory / sizeof memory[0]};

const struct core_module emergency_stop_module = {
    .kind = &kind, .memory_bytes = sizeof(struct emergency_stop), .bind = bind};
