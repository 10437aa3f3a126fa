#include "core_module.h"

static const struct core_module *const core_modules[] = {
    &cylinder_module,      &motor_module,         &light_barrier_module, &material_sensor_module,
    &button_module,        &switch_module,        &indicator_module,     &emergency_stop_module,
    &controller_module,    &analog_sensor_module, &valve_module,         &drive_module,
    &control_valve_module, &pid_module,
};
enum { CORE_MODULES = sizeof core_modules / sizeof core_modules[0] };

const struct core_module *core_module_of(struct text role) {
    for (size_t i = 0; i < CORE_MODULES; i++) {
        if (text_is(role, core_modules[i]->kind->name)) return core_modules[i];
    }
    return NULL;
}

const struct core_module *element_module(const struct plant_element *element) {
    bool controller = plant_has_role(element, TEXT("Controller"));
    if (element->kind != PLANT_CORE_MODULE && !controller) return NULL;
    return core_module_of(controller ? TEXT("Controller") : element->role);
}

uint32_t bind_signal(const struct plant_element *element, const char *name) {
    const struct plant_signal *signal = plant_find_signal(element, text_of(name));
    return signal == NULL ? SCAN_NO_TAG : (uint32_t)signal->index;
}

uint64_t bind_seconds(const struct plant_element *element, const char *parameter, double otherwise) {
    return (uint64_t)(plant_number(element, text_of(parameter), otherwise) * 1e9);
}
