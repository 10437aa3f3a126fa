// An analogue actuator: a control valve, a heater's power, the speed of an inverter. By hand with `setPosition`, or by
// a PID controller while that is in automatic.

#include "control_valve.h"

#include <math.h>

enum motion { POSITIONED, MOVING, FAULT };
static const char *const motion_names[] = {"positioned", "moving", "fault", NULL};

enum { MOTION };
static const struct scan_field variables[] = {[MOTION] = {"Motion", VALUE_STRING, motion_names}};
static const struct scan_field position_field = {"Position", VALUE_DOUBLE, NULL};

static void bind(const struct plant_element *element, void *memory) {
    struct control_valve *valve = memory;
    valve->setpoint = bind_signal(element, "setpoint");
    valve->position = bind_signal(element, "position");
    valve->tolerance = plant_number(element, TEXT("Tolerance"), 5);
    valve->timeout_ns = bind_seconds(element, "Timeout", 30.0);
}

static bool fitted(const struct control_valve *valve) {
    return valve->position != SCAN_NO_TAG;
}

void control_valve_secure(struct scan *scan, struct scan_module *module) {
    const struct control_valve *valve = module->memory;
    const struct scan_number *output = &scan->numbers[scan->output_of_tag[valve->setpoint]];
    bool hold = output->point.safe == SCAN_SAFE_HOLD;
    double safe = hold ? scan_decided_number(scan, valve->setpoint) : output->safe_value;
    scan_wish_number(scan, module, valve->setpoint, safe);
}

static void step(struct scan *scan, struct scan_module *module) {
    struct control_valve *valve = module->memory;
    if (!fitted(valve) || scan_refused(module->fault)) return;
    bool usable = scan_usable(scan, valve->position);
    double off_by = fabs(scan_number(scan, valve->position) - scan_decided_number(scan, valve->setpoint));
    bool there = usable && off_by <= valve->tolerance;
    if (there || !valve->moving) valve->turned_ns = scan->plant_ns;
    valve->moving = !there;
    if (scan->plant_ns - valve->turned_ns < valve->timeout_ns) return;
    control_valve_secure(scan, module);
    scan_fault(scan, module, usable ? SCAN_REASON_NOT_REACHED : SCAN_REASON_SENSOR_BAD, SCAN_EVENT_POSITION_TIMEOUT);
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct control_valve *valve = module->memory;
    enum motion motion = valve->moving ? MOVING : POSITIONED;
    if (scan_refused(module->fault)) motion = FAULT;
    scan_set(scan, module->first_tag + MOTION, scan_name(motion),
             fitted(valve) ? STATUS_Good : STATUS_UncertainLastUsableValue);
}

static void reset(struct scan *scan, struct scan_module *module) {
    struct control_valve *valve = module->memory;
    control_valve_secure(scan, module);
    valve->moving = false; // its time-out begins anew
}

static struct scan_reason get_position(struct scan *scan, struct scan_module *module,
                                       const struct scan_command *command, struct scan_result *result) {
    (void)command;
    const struct control_valve *valve = module->memory;
    uint32_t tag = fitted(valve) ? valve->position : valve->setpoint;
    if (!scan_usable(scan, tag)) return scan_reason_of(SCAN_REASON_SENSOR_BAD, module->index);
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_DOUBLE, .value = scan_real(scan_number(scan, tag))};
    return scan_reason_none();
}

static struct scan_reason set_position(struct scan *scan, struct scan_module *module,
                                       const struct scan_command *command, struct scan_result *result) {
    (void)result;
    const struct control_valve *valve = module->memory;
    const struct scan_scale *scale = &scan->numbers[scan->output_of_tag[valve->setpoint]].scale;
    double position = command->arguments[0].value.real;
    if (valve->controller != NULL && *valve->automatic)
        return scan_reason_of(SCAN_REASON_IN_AUTOMATIC, valve->controller->index);
    if (!(position >= scale->value_low && position <= scale->value_high)) // so not for NaN
        return reason_beyond_range(module, valve->setpoint);
    scan_wish_number(scan, module, valve->setpoint, position);
    return scan_reason_none();
}

static const struct scan_method methods[] = {
    {"getPosition", SCAN_GET, NULL, 0, &position_field, 1, get_position},
    {"setPosition", SCAN_MOVE, &position_field, 1, NULL, 0, set_position},
};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS(struct control_valve, turned_ns, NUMBER),
    SCAN_REMEMBERS(struct control_valve, moving, BOOL),
};

static const struct scan_kind kind = {
    .name = "ControlValve",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .step = step,
    .settle = settle,
    .halt = control_valve_secure,
    .reset = reset,
    .memory = memory,
    .memory_count = sizeof memory / sizeof memory[0],
};

const struct core_module control_valve_module = {
    .kind = &kind, .memory_bytes = sizeof(struct control_valve), .bind = bind};
