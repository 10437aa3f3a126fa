// A lamp. It moves nothing, so whoever holds the control authority may switch it in the safe state as well: that is
// when people need it most.

#include "state_module.h"

static void bind(const struct plant_element *element, void *memory) {
    struct state_module *lamp = memory;
    lamp->signal = bind_signal(element, "lamp");
}

static struct scan_reason set_state(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    (void)result;
    const struct state_module *lamp = module->memory;
    scan_wish(scan, lamp->signal, command->arguments[0].value.boolean);
    return scan_reason_none();
}

static const struct scan_method methods[] = {
    {"getState", SCAN_GET, NULL, 0, &state_field, 1, state_get},
    {"setState", SCAN_SIGNAL, &state_field, 1, NULL, 0, set_state},
};

static const struct scan_kind kind = {.name = "Indicator", .methods = methods, .method_count = 2};

const struct core_module indicator_module = {.kind = &kind, .memory_bytes = sizeof(struct state_module), .bind = bind};
