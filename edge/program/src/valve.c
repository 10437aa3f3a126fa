// Valve with one solenoid and a spring: open while the output is on, with up to two end position sensors. Which way it
// goes is what went out last, so a valve that sticks is found in the safe state as well.

#include "core_module.h"

enum position { UNKNOWN, CLOSED, OPENING, OPEN, CLOSING, FAULT };
static const char *const position_names[] = {"unknown", "closed", "opening", "open", "closing", "fault", NULL};

enum { POSITION };
static const struct scan_field variables[] = {[POSITION] = {"Position", VALUE_STRING, position_names}};
static const struct scan_field state_field = {"State", VALUE_BOOL, NULL};

struct valve {
    uint32_t open, opened, closed; // tags; a sensor may be absent
    uint64_t travel_ns, timeout_ns;
    uint64_t turned_ns; // plant time: since when it is on the way
    bool on;            // the output, when last looked at
    enum position position;
};

static void bind(const struct plant_element *element, void *memory) {
    struct valve *valve = memory;
    valve->open = bind_signal(element, "open");
    valve->opened = bind_signal(element, "opened");
    valve->closed = bind_signal(element, "closed");
    valve->travel_ns = bind_seconds(element, "TravelTime", 1.0);
    valve->timeout_ns = bind_seconds(element, "Timeout", 5.0);
}

static bool fitted(uint32_t tag) {
    return tag != SCAN_NO_TAG;
}

static bool reports(const struct scan *scan, uint32_t sensor) {
    return fitted(sensor) && scan_usable(scan, sensor) && scan_on(scan, sensor);
}

static void fail(struct scan *scan, struct scan_module *module, enum scan_reason_id why, enum scan_event_id event) {
    const struct valve *valve = module->memory;
    scan_wish(scan, valve->open, false);
    scan_fault(scan, module, why, event);
}

/// At its end position: reported, or taken for granted after the travel time where no sensor tells.
static bool arrived(const struct scan *scan, const struct valve *valve) {
    uint32_t goal = valve->on ? valve->opened : valve->closed;
    if (fitted(goal)) return reports(scan, goal);
    uint32_t origin = valve->on ? valve->closed : valve->opened;
    return scan->plant_ns - valve->turned_ns >= valve->travel_ns && !reports(scan, origin);
}

static void step(struct scan *scan, struct scan_module *module) {
    struct valve *valve = module->memory;
    bool on = scan_on(scan, valve->open);
    if (on != valve->on || valve->position == UNKNOWN) {
        valve->on = on;
        valve->turned_ns = scan->plant_ns;
        valve->position = on ? OPENING : CLOSING;
    }
    if (reports(scan, valve->opened) && reports(scan, valve->closed))
        fail(scan, module, SCAN_REASON_SENSORS_CONTRADICT, SCAN_EVENT_FAULT);
    if (scan_refused(module->fault)) return;
    bool there = arrived(scan, valve);
    bool was_there = valve->position == OPEN || valve->position == CLOSED;
    if (was_there && !there) valve->turned_ns = scan->plant_ns; // it left its end position by itself
    valve->position = there ? (on ? OPEN : CLOSED) : (on ? OPENING : CLOSING);
    if (!there && scan->plant_ns - valve->turned_ns >= valve->timeout_ns)
        fail(scan, module, SCAN_REASON_NOT_REACHED, SCAN_EVENT_POSITION_TIMEOUT);
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct valve *valve = module->memory;
    enum position position = scan_refused(module->fault) ? FAULT : valve->position;
    bool at_end = position == OPEN || position == CLOSED;
    bool told = fitted(valve->on ? valve->opened : valve->closed);
    scan_set(scan, module->first_tag + POSITION, scan_name(position),
             at_end && !told ? STATUS_UncertainLastUsableValue : STATUS_Good);
}

static void halt(struct scan *scan, struct scan_module *module) {
    const struct valve *valve = module->memory;
    scan_wish(scan, valve->open, false);
}

static void reset(struct scan *scan, struct scan_module *module) {
    struct valve *valve = module->memory;
    halt(scan, module);
    valve->position = UNKNOWN; // its time-out begins anew
}

static struct scan_reason get_state(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    (void)command;
    const struct valve *valve = module->memory;
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(scan_on(scan, valve->open))};
    return scan_reason_none();
}

static struct scan_reason set_open(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                   struct scan_result *result) {
    (void)result;
    const struct valve *valve = module->memory;
    scan_wish(scan, valve->open, command->arguments[0].value.boolean);
    return scan_reason_none();
}

static const struct scan_method methods[] = {
    {"getState", SCAN_GET, NULL, 0, &state_field, 1, get_state},
    {"setOpen", SCAN_MOVE, &state_field, 1, NULL, 0, set_open},
};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS(struct valve, turned_ns, NUMBER),
    SCAN_REMEMBERS(struct valve, on, BOOL),
    SCAN_REMEMBERS_NAME(struct valve, position, FAULT + 1),
};

static const struct scan_kind kind = {
    .name = "Valve",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .step = step,
    .settle = settle,
    .halt = halt,
    .reset = reset,
    .memory = memory,
    .memory_count = sizeof memory / sizeof memory[0],
};

const struct core_module valve_module = {.kind = &kind, .memory_bytes = sizeof(struct valve), .bind = bind};
