// The pin map as a module: the command that lets a prepared map take effect. Drafts are outside of the scan.

#include <program/program.h>

#include "core_module.h"

static const struct scan_field variables[] = {[PROGRAM_PINS_VERSION] = {"Version", VALUE_UINT32, NULL}};

static struct scan_reason apply(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                struct scan_result *result) {
    (void)module, (void)result;
    return scan_apply_pins(scan, command->session);
}

static void settle(struct scan *scan, struct scan_module *module) {
    scan_set(scan, module->first_tag + PROGRAM_PINS_VERSION, scan_uint32(scan->pins_version), STATUS_Good);
}

static const struct scan_method methods[] = {[PROGRAM_APPLY_PINS] = {"Apply", SCAN_ENGINEER, NULL, 0, NULL, 0, apply}};

const struct scan_kind pins_kind = {
    .name = "Pins",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = 1,
    .settle = settle,
};
