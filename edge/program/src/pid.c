// PID controller between an analogue sensor and an analogue actuator.
//
//     output = bias + Gain * (deviation + integral of it / IntegralTime - DerivativeTime * change of the value)
//
// (1) The derivative is of the value, not of the deviation: a new setpoint gives no kick. It is smoothed by a tenth of
//     DerivativeTime.
// (2) Anti-windup: the integral does not grow into a limit that the output has reached.
// (3) Bumpless: in manual, and whenever something else decided about the actuator (an interlock, a force, the safe
// state),
//     the integral follows the actuator, so that automatic goes on from where it stands. A new tuning changes nothing
//     at once.
// (4) A value that nobody can read, or a fault of the actuator, ends automatic: the actuator goes to its safe value,
// the
//     controller has a fault until reset.

#include "control_valve.h"

#include <math.h>

enum { MODE, SETPOINT, OUTPUT };
static const char *const mode_names[] = {"manual", "automatic", NULL};
static const struct scan_field variables[] = {
    [MODE] = {"Mode", VALUE_STRING, mode_names},
    [SETPOINT] = {"Setpoint", VALUE_DOUBLE, NULL},
    [OUTPUT] = {"Output", VALUE_DOUBLE, NULL},
};
static const struct scan_field automatic_field = {"Automatic", VALUE_BOOL, NULL};
static const struct scan_field setpoint_field = {"Setpoint", VALUE_DOUBLE, NULL};
static const struct scan_field output_field = {"Output", VALUE_DOUBLE, NULL};
static const struct scan_field tuning_fields[] = {
    {"Gain", VALUE_DOUBLE, NULL}, {"IntegralTime", VALUE_DOUBLE, NULL}, {"DerivativeTime", VALUE_DOUBLE, NULL}};

static const double SMOOTHING = 0.1; // of the derivative, part of DerivativeTime
static const double NS_PER_S = 1e9;

struct pid {
    uint32_t value; // tag
    double setpoint_low, setpoint_high;
    struct scan_module *actuator; // with a struct control_valve
    double gain, integral_s, derivative_s;
    double sign; // -1: the output falls when the value is too low
    uint64_t sample_ns;
    bool automatic, setpoint_known;
    double setpoint;
    double bias; // sum of the integral part
    double last_value, slope, last_output;
    uint64_t last_ns; // plant time of the last sample
    bool sampled;     // `last_value` is one
};

static void bind(const struct plant_element *element, void *memory) {
    struct pid *pid = memory;
    pid->gain = plant_number(element, TEXT("Gain"), 1);
    pid->integral_s = plant_number(element, TEXT("IntegralTime"), 0);
    pid->derivative_s = plant_number(element, TEXT("DerivativeTime"), 0);
    pid->sample_ns = bind_seconds(element, "SampleTime", 0.1);
    pid->sign = text_is(plant_attribute(element, TEXT("Reverse")), "true") ? -1 : 1;
}

static void link_to(struct program *program, const struct plant_element *element, void *memory) {
    struct pid *pid = memory;
    pid->actuator = link_module(program, element, "Actuator");
    struct control_valve *valve = pid->actuator->memory;
    valve->controller = link_self(program, element);
    valve->automatic = &pid->automatic;
    pid->value = analog_sensor_value(link_module(program, element, "Sensor"));
    const struct plant_range *range = link_range(program, pid->value);
    pid->setpoint_low = range->low;
    pid->setpoint_high = range->high;
}

static const struct control_valve *valve_of(const struct pid *pid) {
    return pid->actuator->memory;
}

static double actual(const struct scan *scan, const struct pid *pid) {
    return scan_decided_number(scan, valve_of(pid)->setpoint);
}

static double proportional(const struct pid *pid, double value) {
    return pid->gain * pid->sign * (pid->setpoint - value);
}

static double derivative(const struct pid *pid) {
    return -pid->gain * pid->sign * pid->derivative_s * pid->slope;
}

static void track(const struct scan *scan, struct pid *pid, double value) {
    pid->last_output = actual(scan, pid);
    pid->bias = pid->last_output - proportional(pid, value) - derivative(pid);
}

static void sample(struct pid *pid, double value, double elapsed_s) {
    if (!pid->sampled) pid->last_value = value;
    pid->sampled = true;
    double smooth_s = SMOOTHING * pid->derivative_s;
    double slope = (value - pid->last_value) / elapsed_s;
    pid->slope += (slope - pid->slope) * elapsed_s / (elapsed_s + smooth_s);
    pid->last_value = value;
}

static void control(struct scan *scan, struct scan_module *module, double value, double elapsed_s) {
    struct pid *pid = module->memory;
    const struct scan_scale *scale = &scan->numbers[scan->output_of_tag[valve_of(pid)->setpoint]].scale;
    double part = proportional(pid, value);
    double growth = pid->integral_s > 0 ? part * elapsed_s / pid->integral_s : 0;
    double output = part + pid->bias + growth + derivative(pid);
    bool outward = (output > scale->value_high && growth > 0) || (output < scale->value_low && growth < 0);
    if (!outward) pid->bias += growth;
    pid->last_output = fmin(fmax(output, scale->value_low), scale->value_high);
    scan_wish_number(scan, module, valve_of(pid)->setpoint, isnan(output) ? output : pid->last_output);
}

static void give_up(struct scan *scan, struct scan_module *module, enum scan_reason_id why) {
    struct pid *pid = module->memory;
    pid->automatic = false;
    control_valve_secure(scan, pid->actuator);
    scan_fault(scan, module, why, SCAN_EVENT_FAULT);
}

static void step(struct scan *scan, struct scan_module *module) {
    struct pid *pid = module->memory;
    bool usable = scan_usable(scan, pid->value);
    if (pid->automatic && !usable) give_up(scan, module, SCAN_REASON_SENSOR_BAD);
    if (pid->automatic && scan_refused(pid->actuator->fault)) give_up(scan, module, SCAN_REASON_ACTUATOR_FAULT);
    if (!usable) pid->sampled = false;
    uint64_t elapsed_ns = scan->plant_ns - pid->last_ns;
    if (!usable || elapsed_ns < pid->sample_ns || elapsed_ns == 0) return;
    pid->last_ns = scan->plant_ns;
    double value = scan_number(scan, pid->value), elapsed_s = (double)elapsed_ns / NS_PER_S;
    bool overruled = actual(scan, pid) != pid->last_output;
    sample(pid, value, elapsed_s);
    if (!pid->automatic || overruled) track(scan, pid, value);
    if (pid->automatic) control(scan, module, value, elapsed_s);
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct pid *pid = module->memory;
    scan_set(scan, module->first_tag + MODE, scan_name(pid->automatic), STATUS_Good);
    scan_set(scan, module->first_tag + SETPOINT, scan_real(pid->setpoint),
             pid->setpoint_known ? STATUS_Good : STATUS_BadWaitingForInitialData);
    scan_set(scan, module->first_tag + OUTPUT, scan_real(actual(scan, pid)), STATUS_Good);
}

/// The safe state and the reset end automatic: nothing moves before a fresh command.
static void halt(struct scan *scan, struct scan_module *module) {
    (void)scan;
    struct pid *pid = module->memory;
    pid->automatic = false;
}

// ---------------------------------------------------------------- methods

static struct scan_reason set_mode(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                   struct scan_result *result) {
    (void)result;
    struct pid *pid = module->memory;
    bool automatic = command->arguments[0].value.boolean;
    if (automatic && !scan_usable(scan, pid->value)) return scan_reason_of(SCAN_REASON_SENSOR_BAD, module->index);
    if (automatic && scan_refused(pid->actuator->fault)) return pid->actuator->fault;
    if (!automatic || pid->automatic) {
        pid->automatic = automatic;
        return scan_reason_none();
    }
    double value = scan_number(scan, pid->value);
    if (!pid->setpoint_known) pid->setpoint = fmin(fmax(value, pid->setpoint_low), pid->setpoint_high);
    pid->setpoint_known = true;
    pid->automatic = true;
    track(scan, pid, value);
    return scan_reason_none();
}

static struct scan_reason set_setpoint(struct scan *scan, struct scan_module *module,
                                       const struct scan_command *command, struct scan_result *result) {
    (void)scan, (void)result;
    struct pid *pid = module->memory;
    double setpoint = command->arguments[0].value.real;
    if (!(setpoint >= pid->setpoint_low && setpoint <= pid->setpoint_high) || !isfinite(setpoint))
        return reason_beyond_range(module, pid->value);
    pid->setpoint = setpoint;
    pid->setpoint_known = true;
    return scan_reason_none();
}

static struct scan_reason set_output(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                     struct scan_result *result) {
    (void)result;
    struct pid *pid = module->memory;
    double output = command->arguments[0].value.real;
    const struct scan_scale *scale = &scan->numbers[scan->output_of_tag[valve_of(pid)->setpoint]].scale;
    if (pid->automatic) return scan_reason_of(SCAN_REASON_IN_AUTOMATIC, module->index);
    if (scan_refused(pid->actuator->fault)) return pid->actuator->fault;
    struct scan_reason interlock = scan_interlocked(scan, pid->actuator);
    if (scan_refused(interlock)) return interlock;
    if (!(output >= scale->value_low && output <= scale->value_high))
        return reason_beyond_range(module, valve_of(pid)->setpoint);
    scan_wish_number(scan, pid->actuator, valve_of(pid)->setpoint, output);
    return scan_reason_none();
}

static struct scan_reason set_tuning(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                     struct scan_result *result) {
    (void)result;
    struct pid *pid = module->memory;
    double gain = command->arguments[0].value.real, integral_s = command->arguments[1].value.real;
    double derivative_s = command->arguments[2].value.real;
    bool possible = isfinite(gain) && gain > 0 && isfinite(integral_s) && integral_s >= 0 && isfinite(derivative_s) &&
                    derivative_s >= 0;
    if (!possible) return scan_reason_of(SCAN_REASON_TUNING, module->index);
    pid->gain = gain;
    pid->integral_s = integral_s;
    pid->derivative_s = derivative_s;
    if (pid->automatic && scan_usable(scan, pid->value)) track(scan, pid, scan_number(scan, pid->value));
    return scan_reason_none();
}

static const struct scan_method methods[] = {
    {"setMode", SCAN_MOVE, &automatic_field, 1, NULL, 0, set_mode},
    {"setSetpoint", SCAN_MOVE, &setpoint_field, 1, NULL, 0, set_setpoint},
    {"setOutput", SCAN_MOVE, &output_field, 1, NULL, 0, set_output},
    {"setTuning", SCAN_MOVE, tuning_fields, 3, NULL, 0, set_tuning},
};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS(struct pid, gain, REAL),           SCAN_REMEMBERS(struct pid, integral_s, REAL),
    SCAN_REMEMBERS(struct pid, derivative_s, REAL),   SCAN_REMEMBERS(struct pid, automatic, BOOL),
    SCAN_REMEMBERS(struct pid, setpoint_known, BOOL), SCAN_REMEMBERS(struct pid, setpoint, REAL),
    SCAN_REMEMBERS(struct pid, bias, REAL),           SCAN_REMEMBERS(struct pid, last_value, REAL),
    SCAN_REMEMBERS(struct pid, slope, REAL),          SCAN_REMEMBERS(struct pid, last_output, REAL),
    SCAN_REMEMBERS(struct pid, last_ns, NUMBER),      SCAN_REMEMBERS(struct pid, sampled, BOOL),
};

static const struct scan_kind kind = {
    .name = "PidController",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .step = step,
    .settle = settle,
    .halt = halt,
    .reset = halt,
    .memory = memory,
    .memory_count = sizeof memory / sizeof memory[0],
};

const struct core_module pid_module = {
    .kind = &kind, .memory_bytes = sizeof(struct pid), .bind = bind, .link = link_to};
