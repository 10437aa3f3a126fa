// The PLC itself as a module: what state it is in and why, its heartbeat, its statistics, and reset.

#include "core_module.h"

static const char *const state_names[] = {"run", "stop", "fault", "safe", NULL};
enum { RUN, STOP, FAULT, SAFE };

enum { STATE, CAUSE, CLOCK, SCAN_CYCLES, SCAN_MISSED, SCAN_TIME, SCAN_TIME_MAX };
static const struct scan_field variables[] = {
    [STATE] = {"State", VALUE_STRING, state_names},
    [CAUSE] = {"Cause", VALUE_STRING, NULL},
    [CLOCK] = {"Clock", VALUE_UINT32, NULL},
    [SCAN_CYCLES] = {"ScanCycles", VALUE_UINT32, NULL},
    [SCAN_MISSED] = {"ScanMissed", VALUE_UINT32, NULL},
    [SCAN_TIME] = {"ScanTime", VALUE_DOUBLE, NULL},
    [SCAN_TIME_MAX] = {"ScanTimeMax", VALUE_DOUBLE, NULL},
};

enum { CLOCK_STEP_MS = 250 };                     // fine enough for a heartbeat, rare enough for a twin
static const uint64_t STATISTICS_NS = 1000000000; // wall time between two statements

struct controller {
    uint64_t stated_ns;           // monotonic; 0: not yet
    uint64_t execution_ns, scans; // since then
    uint64_t execution_max_ns;    // since the start
};

static void bind(const struct plant_element *element, void *memory) {
    (void)element, (void)memory;
}

static void set(struct scan *scan, const struct scan_module *module, uint32_t variable, union scan_value value) {
    scan_set(scan, module->first_tag + variable, value, STATUS_Good);
}

static void state_statistics(struct scan *scan, const struct scan_module *module, struct controller *controller) {
    controller->execution_ns += scan->now.execution_ns;
    controller->scans++;
    if (scan->now.execution_ns > controller->execution_max_ns) {
        controller->execution_max_ns = scan->now.execution_ns;
    }
    uint64_t now = scan->now.monotonic_ns;
    if (controller->stated_ns != 0 && now - controller->stated_ns < STATISTICS_NS) return;
    set(scan, module, SCAN_CYCLES, scan_uint32((uint32_t)scan->cycles));
    set(scan, module, SCAN_MISSED, scan_uint32((uint32_t)scan->now.missed));
    set(scan, module, SCAN_TIME, scan_real((double)controller->execution_ns / (double)controller->scans / 1e3));
    set(scan, module, SCAN_TIME_MAX, scan_real((double)controller->execution_max_ns / 1e3));
    controller->stated_ns = now;
    controller->execution_ns = 0;
    controller->scans = 0;
}

static void settle(struct scan *scan, struct scan_module *module) {
    uint32_t state = RUN;
    struct scan_reason cause = scan_reason_none();
    if (scan->fault_count > 0) {
        state = FAULT;
        cause = scan->first_fault;
    }
    if (scan->safe.latched) {
        state = scan->stopped ? STOP : SAFE;
        cause = scan->safe.cause;
    }
    set(scan, module, STATE, scan_name(state));
    set(scan, module, CAUSE, scan_because(cause));
    uint64_t clock_ms = scan->plant_ns / 1000000;
    set(scan, module, CLOCK, scan_uint32((uint32_t)(clock_ms - clock_ms % CLOCK_STEP_MS)));
    state_statistics(scan, module, module->memory);
}

static struct scan_reason reset(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                struct scan_result *result) {
    (void)module, (void)command, (void)result;
    return scan_reset(scan);
}

static const struct scan_method methods[] = {{"reset", SCAN_HAND, NULL, 0, NULL, 0, reset}};

static const struct scan_kind kind = {
    .name = "Controller",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = 1,
    .settle = settle,
};

static const char *const signals[] = {NULL};

const struct core_module controller_module = {
    .kind = &kind, .memory_bytes = sizeof(struct controller), .bind = bind, .signals = signals, .required = 0};
