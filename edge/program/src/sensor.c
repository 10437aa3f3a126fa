// Modules that only report one state: light barrier, material sensor, button, switch.

#include "state_module.h"

const struct scan_field state_field = {"State", VALUE_BOOL, NULL};

struct scan_reason state_get(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                             struct scan_result *result) {
    (void)command;
    const struct state_module *sensor = module->memory;
    if (!scan_usable(scan, sensor->signal)) return scan_reason_of(SCAN_REASON_SENSOR_BAD, module->index);
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(scan_on(scan, sensor->signal))};
    return scan_reason_none();
}

static const struct scan_method methods[] = {{"getState", SCAN_GET, NULL, 0, &state_field, 1, state_get}};

static void bind_one(const struct plant_element *element, void *memory, const char *signal) {
    struct state_module *sensor = memory;
    sensor->signal = bind_signal(element, signal);
}

static void bind_sensor(const struct plant_element *element, void *memory) {
    bind_one(element, memory, "signal");
}

static void bind_button(const struct plant_element *element, void *memory) {
    bind_one(element, memory, "pressed");
}

static void bind_switch(const struct plant_element *element, void *memory) {
    bind_one(element, memory, "position");
}

static const struct scan_kind light_barrier = {.name = "LightBarrier", .methods = methods, .method_count = 1};
static const struct scan_kind material_sensor = {.name = "MaterialSensor", .methods = methods, .method_count = 1};
static const struct scan_kind button = {.name = "Button", .methods = methods, .method_count = 1};
static const struct scan_kind key_switch = {.name = "Switch", .methods = methods, .method_count = 1};

const struct core_module light_barrier_module = {
    .kind = &light_barrier, .memory_bytes = sizeof(struct state_module), .bind = bind_sensor};
const struct core_module material_sensor_module = {
    .kind = &material_sensor, .memory_bytes = sizeof(struct state_module), .bind = bind_sensor};
const struct core_module button_module = {
    .kind = &button, .memory_bytes = sizeof(struct state_module), .bind = bind_button};
const struct core_module switch_module = {
    .kind = &key_switch, .memory_bytes = sizeof(struct state_module), .bind = bind_switch};
