#include "core_module.h"

#include <stdio.h>
#include <string.h>

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

void core_module_roles(char *ret_text, size_t bytes) {
    size_t length = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < CORE_MODULES && length < bytes; i++) {
        int more = snprintf(ret_text + length, bytes - length, "%s%s", i == 0 ? "" : ", ", core_modules[i]->kind->name);
        length += (size_t)more;
    }
}

uint32_t bind_signal(const struct plant_element *element, const char *name) {
    for (size_t i = 0; i < element->signal_count; i++) {
        if (text_is(element->signals[i]->name, name)) return (uint32_t)element->signals[i]->index;
    }
    return SCAN_NO_TAG;
}

uint64_t bind_seconds(const struct plant_element *element, const char *parameter, double otherwise) {
    return (uint64_t)(plant_number(element, text_of(parameter), otherwise) * 1e9);
}
