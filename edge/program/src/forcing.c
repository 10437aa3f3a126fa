// The forces of the station as a module: its methods take tags; the server makes them of paths and knows who forced.

#include <program/program.h>

#include "core_module.h"

static const struct scan_field variables[] = {[PROGRAM_FORCES_ACTIVE] = {"ForcesActive", VALUE_UINT32, NULL}};

static const struct scan_field tag_and_value[] = {{"Tag", VALUE_UINT32, NULL}, {"Value", VALUE_DOUBLE, NULL}};

static struct scan_reason force(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                struct scan_result *result) {
    (void)module, (void)result;
    return scan_force(scan, command->arguments[0].value.uint32, command->arguments[1].value.real, command->session);
}

static struct scan_reason unforce(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                  struct scan_result *result) {
    (void)module, (void)result;
    return scan_unforce(scan, command->arguments[0].value.uint32);
}

static struct scan_reason unforce_all(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                      struct scan_result *result) {
    (void)module, (void)command, (void)result;
    scan_unforce_all(scan);
    return scan_reason_none();
}

static void settle(struct scan *scan, struct scan_module *module) {
    scan_set(scan, module->first_tag + PROGRAM_FORCES_ACTIVE, scan_uint32((uint32_t)scan->forces.count), STATUS_Good);
}

static const struct scan_method methods[] = {
    [PROGRAM_FORCE] = {"Force", SCAN_ENGINEER, tag_and_value, 2, NULL, 0, force},
    [PROGRAM_UNFORCE] = {"Unforce", SCAN_ENGINEER, tag_and_value, 1, NULL, 0, unforce},
    [PROGRAM_UNFORCE_ALL] = {"UnforceAll", SCAN_ENGINEER, NULL, 0, NULL, 0, unforce_all},
};

const struct scan_kind forcing_kind = {
    .name = "Forcing",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .settle = settle,
};
