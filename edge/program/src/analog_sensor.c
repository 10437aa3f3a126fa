// A measured value with up to four limits: LL, L, H, HH. What happens when one is exceeded, interlocks say.

#include "core_module.h"

#include <math.h>

enum alarm { NORMAL, ALARM_LL, ALARM_L, ALARM_H, ALARM_HH, BAD };
static const char *const alarm_names[] = {"normal", "LL", "L", "H", "HH", "bad", NULL};

enum { ALARM };
static const struct scan_field variables[] = {[ALARM] = {"Alarm", VALUE_STRING, alarm_names}};
static const struct scan_field value_field = {"Value", VALUE_DOUBLE, NULL};

struct analog_sensor {
    uint32_t value;            // tag
    double limit[BAD];         // by alarm; not a number: no such limit
    double hysteresis;         // in the unit of the value
    uint64_t delay_ns;         // an alarm comes and goes when its state has lasted so long
    enum alarm alarm, waiting; // as stated; as it is
    uint64_t waiting_ns;       // plant time: since when `waiting` is so
};

static void bind(const struct plant_element *element, void *memory) {
    struct analog_sensor *sensor = memory;
    sensor->value = bind_signal(element, "value");
    sensor->limit[NORMAL] = NAN;
    sensor->limit[ALARM_LL] = plant_number(element, TEXT("LimitLL"), NAN);
    sensor->limit[ALARM_L] = plant_number(element, TEXT("LimitL"), NAN);
    sensor->limit[ALARM_H] = plant_number(element, TEXT("LimitH"), NAN);
    sensor->limit[ALARM_HH] = plant_number(element, TEXT("LimitHH"), NAN);
    sensor->hysteresis = plant_number(element, TEXT("Hysteresis"), 0);
    sensor->delay_ns = bind_seconds(element, "AlarmDelay", 0);
}

/// A limit that is exceeded already is left only beyond the hysteresis.
static bool below(const struct analog_sensor *sensor, double value, enum alarm limit) {
    bool within = limit == ALARM_L ? sensor->alarm == ALARM_L || sensor->alarm == ALARM_LL : sensor->alarm == limit;
    return value <= sensor->limit[limit] + (within ? sensor->hysteresis : 0);
}

static bool above(const struct analog_sensor *sensor, double value, enum alarm limit) {
    bool within = limit == ALARM_H ? sensor->alarm == ALARM_H || sensor->alarm == ALARM_HH : sensor->alarm == limit;
    return value >= sensor->limit[limit] - (within ? sensor->hysteresis : 0);
}

static enum alarm judge(const struct scan *scan, const struct analog_sensor *sensor) {
    if (!scan_usable(scan, sensor->value)) return BAD;
    double value = scan_number(scan, sensor->value);
    if (below(sensor, value, ALARM_LL)) return ALARM_LL;
    if (above(sensor, value, ALARM_HH)) return ALARM_HH;
    if (below(sensor, value, ALARM_L)) return ALARM_L;
    return above(sensor, value, ALARM_H) ? ALARM_H : NORMAL;
}

static void state(struct scan *scan, const struct scan_module *module, struct analog_sensor *sensor, enum alarm alarm) {
    static const struct {
        enum scan_event_id event;
        enum scan_reason_id reason;
    } told[] = {
        [NORMAL] = {SCAN_EVENT_LIMIT_LEFT, SCAN_REASON_NONE},
        [ALARM_LL] = {SCAN_EVENT_LIMIT_EXCEEDED, SCAN_REASON_LIMIT_LL},
        [ALARM_L] = {SCAN_EVENT_LIMIT_EXCEEDED, SCAN_REASON_LIMIT_L},
        [ALARM_H] = {SCAN_EVENT_LIMIT_EXCEEDED, SCAN_REASON_LIMIT_H},
        [ALARM_HH] = {SCAN_EVENT_LIMIT_EXCEEDED, SCAN_REASON_LIMIT_HH},
        [BAD] = {SCAN_EVENT_SENSOR_FAILED, SCAN_REASON_SENSOR_BAD},
    };
    if (alarm == sensor->alarm) return;
    sensor->alarm = alarm;
    scan_raise(scan, module, told[alarm].event, scan_reason_of(told[alarm].reason, module->index));
}

static void step(struct scan *scan, struct scan_module *module) {
    struct analog_sensor *sensor = module->memory;
    enum alarm alarm = judge(scan, sensor);
    if (alarm != sensor->waiting) {
        sensor->waiting = alarm;
        sensor->waiting_ns = scan->plant_ns;
    }
    bool lasted = scan->plant_ns - sensor->waiting_ns >= sensor->delay_ns;
    if (lasted || alarm == BAD) state(scan, module, sensor, alarm); // what cannot be read is told at once
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct analog_sensor *sensor = module->memory;
    scan_set(scan, module->first_tag + ALARM, scan_name(sensor->alarm), STATUS_Good);
}

static struct scan_reason get_value(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    (void)command;
    const struct analog_sensor *sensor = module->memory;
    if (!scan_usable(scan, sensor->value)) return scan_reason_of(SCAN_REASON_SENSOR_BAD, module->index);
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_DOUBLE, .value = scan_real(scan_number(scan, sensor->value))};
    return scan_reason_none();
}

static const struct scan_method methods[] = {{"getValue", SCAN_GET, NULL, 0, &value_field, 1, get_value}};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS_NAME(struct analog_sensor, alarm, BAD + 1),
    SCAN_REMEMBERS_NAME(struct analog_sensor, waiting, BAD + 1),
    SCAN_REMEMBERS(struct analog_sensor, waiting_ns, NUMBER),
};

static const struct scan_kind kind = {
    .name = "AnalogSensor",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .step = step,
    .settle = settle,
    .memory = memory,
    .memory_count = sizeof memory / sizeof memory[0],
};

const struct core_module analog_sensor_module = {
    .kind = &kind, .memory_bytes = sizeof(struct analog_sensor), .bind = bind};

uint32_t analog_sensor_value(const struct scan_module *module) {
    const struct analog_sensor *sensor = module->memory;
    return sensor->value;
}
