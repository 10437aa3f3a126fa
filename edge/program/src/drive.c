// A pump, an agitator, a heater's contactor: on or off by one output, with a feedback and a motor protection switch
// where they are fitted.

#include "core_module.h"

enum motion { STOPPED, STARTING, RUNNING, STOPPING, FAULT };
static const char *const motion_names[] = {"stopped", "starting", "running", "stopping", "fault", NULL};

enum { MOTION };
static const struct scan_field variables[] = {[MOTION] = {"Motion", VALUE_STRING, motion_names}};
static const struct scan_field state_field = {"State", VALUE_BOOL, NULL};

struct drive {
    uint32_t run, running, tripped; // tags; sensors may be absent
    uint64_t timeout_ns;
    uint64_t turned_ns; // plant time: since when the feedback differs from the output
    bool differs;
    enum motion motion;
};

static void bind(const struct plant_element *element, void *memory) {
    struct drive *drive = memory;
    drive->run = bind_signal(element, "run");
    drive->running = bind_signal(element, "running");
    drive->tripped = bind_signal(element, "tripped");
    drive->timeout_ns = bind_seconds(element, "Timeout", 3.0);
}

static void fail(struct scan *scan, struct scan_module *module, enum scan_reason_id why) {
    const struct drive *drive = module->memory;
    scan_wish(scan, drive->run, false);
    scan_fault(scan, module, why, SCAN_EVENT_FAULT);
}

/// The protection switch counts as tripped while nobody knows.
static bool has_tripped(const struct scan *scan, const struct drive *drive) {
    if (drive->tripped == SCAN_NO_TAG) return false;
    return !scan_usable(scan, drive->tripped) || scan_on(scan, drive->tripped);
}

static void follow(struct scan *scan, struct scan_module *module, struct drive *drive) {
    bool on = scan_on(scan, drive->run);
    bool fitted = drive->running != SCAN_NO_TAG;
    bool runs = fitted ? scan_usable(scan, drive->running) && scan_on(scan, drive->running) : on;
    if (runs != on && !drive->differs) drive->turned_ns = scan->plant_ns;
    drive->differs = runs != on;
    if (drive->differs)
        drive->motion = on ? STARTING : STOPPING;
    else
        drive->motion = on ? RUNNING : STOPPED;
    if (drive->differs && scan->plant_ns - drive->turned_ns >= drive->timeout_ns)
        fail(scan, module, on ? SCAN_REASON_DOES_NOT_RUN : SCAN_REASON_DOES_NOT_STOP);
}

static void step(struct scan *scan, struct scan_module *module) {
    struct drive *drive = module->memory;
    bool idle = !scan_on(scan, drive->run) && !scan_usable(scan, drive->run); // before the first scan has ended
    if (idle) return;
    if (has_tripped(scan, drive)) fail(scan, module, SCAN_REASON_TRIPPED);
    if (!scan_refused(module->fault)) follow(scan, module, drive);
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct drive *drive = module->memory;
    enum motion motion = scan_refused(module->fault) ? FAULT : drive->motion;
    scan_set(scan, module->first_tag + MOTION, scan_name(motion), STATUS_Good);
}

static void halt(struct scan *scan, struct scan_module *module) {
    struct drive *drive = module->memory;
    scan_wish(scan, drive->run, false);
}

static void reset(struct scan *scan, struct scan_module *module) {
    struct drive *drive = module->memory;
    halt(scan, module);
    drive->differs = false; // its time-out begins anew
}

static struct scan_reason get_state(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    (void)command;
    const struct drive *drive = module->memory;
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(scan_on(scan, drive->run))};
    return scan_reason_none();
}

static struct scan_reason set_run(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                  struct scan_result *result) {
    (void)result;
    const struct drive *drive = module->memory;
    scan_wish(scan, drive->run, command->arguments[0].value.boolean);
    return scan_reason_none();
}

static const struct scan_method methods[] = {
    {"getState", SCAN_GET, NULL, 0, &state_field, 1, get_state},
    {"setRun", SCAN_MOVE, &state_field, 1, NULL, 0, set_run},
};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS(struct drive, turned_ns, NUMBER),
    SCAN_REMEMBERS(struct drive, differs, BOOL),
    SCAN_REMEMBERS_NAME(struct drive, motion, FAULT + 1),
};

static const struct scan_kind kind = {
    .name = "Drive",
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

const struct core_module drive_module = {.kind = &kind, .memory_bytes = sizeof(struct drive), .bind = bind};
