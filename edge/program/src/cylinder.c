// Pneumatic cylinder behind a valve with two solenoids (5/2, bistable), with up to two end position sensors.
//
//   unknown --setPosition--> extending --end reached--> extended
//      ^                      |     ^                      |
//      | safe state           |     '----- setPosition ----'      (retracting, retracted: the same the other way)
//      |                      '--time-out--> fault --reset--> what the sensors say
//
// (1) A solenoid is on from the command until the end position is reached, the opposite command comes, or the time-out
//     is over. The valve has a memory of its own, so nothing has to hold it.
// (2) The emergency stop or any other safe state takes the power away: the command is forgotten, and where the piston
//     is, the sensors tell.
// (3) An end without a sensor is inferred: the stroke time has passed and the piston has left the other end. What is
//     inferred has the quality UncertainLastUsableValue.

#include "core_module.h"

enum motion { UNKNOWN, RETRACTED, EXTENDING, EXTENDED, RETRACTING, FAULT };
static const char *const motion_names[] = {"unknown",    "retracted", "extending", "extended",
                                           "retracting", "fault",     NULL};

enum { LAST_POSITION, MOTION };
static const struct scan_field variables[] = {
    [LAST_POSITION] = {"LastPosition", VALUE_BOOL, NULL},
    [MOTION] = {"Motion", VALUE_STRING, motion_names},
};

static const struct scan_field position = {"Position", VALUE_BOOL, NULL};

struct cylinder {
    uint32_t extend, retract, extended, retracted; // tags; a sensor may be absent
    uint64_t stroke_ns, timeout_ns;
    uint64_t commanded_ns; // plant time
    enum motion motion;
    bool known;         // an end position was reached since the start
    bool last_position; // it was "extended"
    bool inferred;      // by time, not by a sensor
};

static void bind(const struct plant_element *element, void *memory) {
    struct cylinder *cylinder = memory;
    cylinder->extend = bind_signal(element, "extend");
    cylinder->retract = bind_signal(element, "retract");
    cylinder->extended = bind_signal(element, "extended");
    cylinder->retracted = bind_signal(element, "retracted");
    cylinder->stroke_ns = bind_seconds(element, "StrokeTime", 1.0);
    cylinder->timeout_ns = bind_seconds(element, "Timeout", 3.0);
}

static bool fitted(uint32_t tag) {
    return tag != SCAN_NO_TAG;
}

static bool reports(const struct scan *scan, uint32_t sensor) {
    return fitted(sensor) && scan_usable(scan, sensor) && scan_on(scan, sensor);
}

static bool moving(const struct cylinder *cylinder) {
    return cylinder->motion == EXTENDING || cylinder->motion == RETRACTING;
}

static void power(struct scan *scan, const struct cylinder *cylinder, bool extend, bool retract) {
    scan_wish(scan, cylinder->extend, extend);
    scan_wish(scan, cylinder->retract, retract);
}

static void arrive(struct cylinder *cylinder, bool extended, bool inferred) {
    cylinder->motion = extended ? EXTENDED : RETRACTED;
    cylinder->known = true;
    cylinder->last_position = extended;
    cylinder->inferred = inferred;
}

/// Where the piston stands by itself: what a sensor reports; without one, where it was last.
static void watch(struct scan *scan, struct cylinder *cylinder) {
    if (reports(scan, cylinder->extended)) {
        arrive(cylinder, true, false);
        return;
    }
    if (reports(scan, cylinder->retracted)) {
        arrive(cylinder, false, false);
        return;
    }
    bool at_blind_end = cylinder->inferred && (cylinder->motion == EXTENDED || cylinder->motion == RETRACTED);
    if (!at_blind_end) cylinder->motion = UNKNOWN;
}

static void supervise(struct scan *scan, struct scan_module *module, struct cylinder *cylinder) {
    bool extending = cylinder->motion == EXTENDING;
    uint32_t goal = extending ? cylinder->extended : cylinder->retracted;
    uint32_t origin = extending ? cylinder->retracted : cylinder->extended;
    uint64_t under_way_ns = scan->plant_ns - cylinder->commanded_ns;
    bool inferred = !fitted(goal) && under_way_ns >= cylinder->stroke_ns && !reports(scan, origin);
    if (inferred || reports(scan, goal)) {
        arrive(cylinder, extending, inferred);
        power(scan, cylinder, false, false);
        return;
    }
    if (under_way_ns < cylinder->timeout_ns) return;
    power(scan, cylinder, false, false);
    scan_fault(scan, module, SCAN_REASON_NOT_REACHED, SCAN_EVENT_POSITION_TIMEOUT);
}

static void step(struct scan *scan, struct scan_module *module) {
    struct cylinder *cylinder = module->memory;
    if (reports(scan, cylinder->extended) && reports(scan, cylinder->retracted)) {
        scan_fault(scan, module, SCAN_REASON_SENSORS_CONTRADICT, SCAN_EVENT_FAULT);
    }
    if (!scan_refused(module->fault)) {
        if (moving(cylinder))
            supervise(scan, module, cylinder);
        else
            watch(scan, cylinder);
    }
    if (scan_refused(module->fault)) {
        cylinder->motion = FAULT;
        power(scan, cylinder, false, false);
    }
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct cylinder *cylinder = module->memory;
    status_code quality = cylinder->inferred ? STATUS_UncertainLastUsableValue : STATUS_Good;
    status_code position_quality = cylinder->known ? quality : STATUS_BadWaitingForInitialData;
    bool at_end = cylinder->motion == EXTENDED || cylinder->motion == RETRACTED;
    scan_set(scan, module->first_tag + LAST_POSITION, scan_boolean(cylinder->last_position), position_quality);
    scan_set(scan, module->first_tag + MOTION, scan_name(cylinder->motion), at_end ? quality : STATUS_Good);
}

static void forget(struct scan *scan, struct scan_module *module) {
    struct cylinder *cylinder = module->memory;
    power(scan, cylinder, false, false);
    if (moving(cylinder) || cylinder->motion == FAULT) cylinder->motion = UNKNOWN;
}

/// Where the piston was when the PLC ended. It may have been moved by hand since, so it is no more than that.
static void restore(struct scan *scan, struct scan_module *module) {
    struct cylinder *cylinder = module->memory;
    if (!scan_usable(scan, module->first_tag + LAST_POSITION)) return;
    cylinder->known = cylinder->inferred = true;
    cylinder->last_position = scan_on(scan, module->first_tag + LAST_POSITION);
}

static struct scan_reason get_position(struct scan *scan, struct scan_module *module,
                                       const struct scan_command *command, struct scan_result *result) {
    (void)scan, (void)command;
    const struct cylinder *cylinder = module->memory;
    if (!cylinder->known) return scan_reason_of(SCAN_REASON_SENSOR_BAD, module->index);
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(cylinder->last_position)};
    return scan_reason_none();
}

static struct scan_reason set_position(struct scan *scan, struct scan_module *module,
                                       const struct scan_command *command, struct scan_result *result) {
    (void)result;
    struct cylinder *cylinder = module->memory;
    bool extend = command->arguments[0].value.boolean;
    enum motion wanted = extend ? EXTENDING : RETRACTING;
    enum motion end = extend ? EXTENDED : RETRACTED;
    if (cylinder->motion == wanted || cylinder->motion == end) return scan_reason_none();
    cylinder->motion = wanted;
    cylinder->inferred = false;
    cylinder->commanded_ns = scan->plant_ns;
    power(scan, cylinder, extend, !extend);
    return scan_reason_none();
}

static const struct scan_method methods[] = {
    {"getPosition", SCAN_GET, NULL, 0, &position, 1, get_position},
    {"setPosition", SCAN_MOVE, &position, 1, NULL, 0, set_position},
};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS(struct cylinder, commanded_ns, NUMBER), SCAN_REMEMBERS_NAME(struct cylinder, motion, FAULT + 1),
    SCAN_REMEMBERS(struct cylinder, known, BOOL),          SCAN_REMEMBERS(struct cylinder, last_position, BOOL),
    SCAN_REMEMBERS(struct cylinder, inferred, BOOL),
};

static const struct scan_kind kind = {
    .name = "PneumaticCylinder",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .step = step,
    .settle = settle,
    .halt = forget,
    .reset = forget,
    .restore = restore,
    .memory = memory,
    .memory_count = sizeof memory / sizeof memory[0],
};

const struct core_module cylinder_module = {
    .kind = &kind,
    .memory_bytes = sizeof(struct cylinder),
    .bind = bind,
    .exclusive = {"extend", "retract"},
};
