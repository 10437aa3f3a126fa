/// The table of core modules: one row for each role of the model, one file for each row. What the model says of each
/// was held against model/contract.h when it was read, so nothing here refuses; that each row does what its contract
/// promises is proved by the tests.
#pragma once

#include <model/model.h>
#include <program/program.h>
#include <scan/scan.h>

struct core_module {
    const struct scan_kind *kind;
    size_t memory_bytes;
    /// Looks up the element's signals and parameters; `memory` is zero before.
    void (*bind)(const struct plant_element *element, void *memory);
    /// Two outputs that must never be on together; NULL: it has none.
    const char *exclusive[2];
    /// Looks up the other modules that this one refers to, when all are there. NULL: it refers to none.
    void (*link)(struct program *program, const struct plant_element *element, void *memory);
};

extern const struct core_module cylinder_module, motor_module, light_barrier_module, material_sensor_module,
    button_module, switch_module, indicator_module, emergency_stop_module, controller_module, analog_sensor_module,
    valve_module, drive_module, control_valve_module, pid_module;
extern const struct scan_kind lock_kind, forcing_kind, pins_kind;

/// NULL when no core module has that role.
const struct core_module *core_module_of(struct text role);
/// The core module of an element, the controller's included; NULL when it is none.
const struct core_module *element_module(const struct plant_element *element);

// ---- for `bind`
uint32_t bind_signal(const struct plant_element *element, const char *name); // its tag; SCAN_NO_TAG: not fitted
uint64_t bind_seconds(const struct plant_element *element, const char *parameter, double otherwise); // in ns

// ---- for `link`
/// The module that a parameter of the contract names.
struct scan_module *link_module(struct program *program, const struct plant_element *element, const char *parameter);
struct scan_module *link_self(struct program *program, const struct plant_element *element);
const struct plant_range *link_range(const struct program *program, uint32_t tag); // of a signal
uint32_t analog_sensor_value(const struct scan_module *module);                    // tag
