/// The table of core modules: one row for each role of the model, one file for each row.
#pragma once

#include <model/model.h>
#include <program/program.h>
#include <scan/scan.h>

struct core_module {
    const struct scan_kind *kind;
    size_t memory_bytes;
    /// Looks up the element's signals and parameters; `memory` is zero before.
    void (*bind)(const struct plant_element *element, void *memory);
    const char *const *signals; // that the role knows, NULL ends
    size_t required;            // so many of them must be fitted
    size_t outputs;             // so many, the first ones, are actuators; the others are sensors
    size_t numeric;             // so many, the first ones, are numbers; the others are booleans
    bool exclusive;             // the first two signals are outputs that must never be on together
    /// Looks up the other modules that this one refers to, when all are there. NULL: it refers to none.
    enum error (*link)(struct program *program, const struct plant_element *element, void *memory,
                       struct problem *ret_problem);
};

extern const struct core_module cylinder_module, motor_module, light_barrier_module, material_sensor_module,
    button_module, switch_module, indicator_module, emergency_stop_module, controller_module, analog_sensor_module,
    valve_module, drive_module, control_valve_module, pid_module;
extern const struct scan_kind lock_kind, forcing_kind, pins_kind;

/// NULL when no core module has that role.
const struct core_module *core_module_of(struct text role);
/// "PneumaticCylinder, Motor ...", for messages.
void core_module_roles(char *ret_text, size_t bytes);

// ---- for `bind`
uint32_t bind_signal(const struct plant_element *element, const char *name); // its tag; SCAN_NO_TAG: not fitted
uint64_t bind_seconds(const struct plant_element *element, const char *parameter, double otherwise); // in ns

// ---- for `link`
/// The module that a parameter names by its path, below the element's thing or below the station. It must be a
/// `wanted`.
enum error link_module(struct program *program, const struct plant_element *element, const char *parameter,
                       const struct core_module *wanted, struct scan_module **ret_module, struct problem *ret_problem);
struct scan_module *link_self(struct program *program, const struct plant_element *element);
const struct plant_range *link_range(const struct program *program, uint32_t tag); // of a signal
uint32_t analog_sensor_value(const struct scan_module *module);                    // tag
