// The PLC itself as a module: what state it is in and why, its heartbeat, its statistics, and reset.

#include "core_module.h"

static const char *const state_names[] = {"run", "stop", "fault", "safe", NULL};
enum { RUN, STOP, FAULT, SAFE };

static const char *const start_names[] = {"cold", "warm", NULL};

enum {
    STATE,
    CAUSE,
    CLOCK,
    START,
    REALTIME,
    MEMORY_LOCKED,
    GUARD_TRIPS,
    SCAN_CYCLES,
    SCAN_MISSED,
    SCAN_TIME,
    SCAN_TIME_MAX,
    EXECUTION, // five of each: last, least, mean, p99, most
    PERIOD = EXECUTION + 5,
    WAKEUP = PERIOD + 5,
    VARIABLES = WAKEUP + 5,
};
#define DURATION(first, name)                                                                                          \
    [first] = {name "Last", VALUE_DOUBLE, NULL}, [first + 1] = {name "Min", VALUE_DOUBLE, NULL},                       \
    [first + 2] = {name "Mean", VALUE_DOUBLE, NULL}, [first + 3] = {name "P99", VALUE_DOUBLE, NULL},                   \
    [first + 4] = {name "Max", VALUE_DOUBLE, NULL}
static const struct scan_field variables[VARIABLES] = {
    [STATE] = {"State", VALUE_STRING, state_names},
    [CAUSE] = {"Cause", VALUE_STRING, NULL},
    [CLOCK] = {"Clock", VALUE_UINT32, NULL},
    [START] = {"Start", VALUE_STRING, start_names},
    [REALTIME] = {"Realtime", VALUE_BOOL, NULL},
    [MEMORY_LOCKED] = {"MemoryLocked", VALUE_BOOL, NULL},
    [GUARD_TRIPS] = {"GuardTrips", VALUE_UINT32, NULL},
    [SCAN_CYCLES] = {"ScanCycles", VALUE_UINT32, NULL},
    [SCAN_MISSED] = {"ScanMissed", VALUE_UINT32, NULL},
    [SCAN_TIME] = {"ScanTime", VALUE_DOUBLE, NULL},
    [SCAN_TIME_MAX] = {"ScanTimeMax", VALUE_DOUBLE, NULL},
    DURATION(EXECUTION, "Execution"),
    DURATION(PERIOD, "Period"),
    DURATION(WAKEUP, "Wakeup"),
};

enum { CLOCK_STEP_MS = 250 };                     // fine enough for a heartbeat, rare enough for a twin
static const uint64_t STATISTICS_NS = 1000000000; // wall time between two statements

struct controller {
    uint64_t stated_ns;           // monotonic; 0: not yet
    uint64_t execution_ns, scans; // since then
    uint64_t execution_max_ns;    // since the start or the reset
};

static void bind(const struct plant_element *element, void *memory) {
    (void)element, (void)memory;
}

static void set(struct scan *scan, const struct scan_module *module, uint32_t variable, union scan_value value) {
    scan_set(scan, module->first_tag + variable, value, STATUS_Good);
}

static void state_duration(struct scan *scan, const struct scan_module *module, uint32_t first,
                           const struct scan_duration *duration) {
    const uint64_t times_ns[] = {duration->last_ns, duration->least_ns, duration->mean_ns, duration->p99_ns,
                                 duration->most_ns};
    for (uint32_t i = 0; i < sizeof times_ns / sizeof times_ns[0]; i++) {
        set(scan, module, first + i, scan_real((double)times_ns[i] / 1e3));
    }
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
    state_duration(scan, module, EXECUTION, &scan->statistics.execution);
    state_duration(scan, module, PERIOD, &scan->statistics.period);
    state_duration(scan, module, WAKEUP, &scan->statistics.wakeup);
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
        state = scan->stopped || scan_refused(scan->halted) ? STOP : SAFE;
        cause = scan->safe.cause;
    }
    set(scan, module, STATE, scan_name(state));
    set(scan, module, CAUSE, scan_because(cause));
    uint64_t clock_ms = scan->plant_ns / 1000000;
    set(scan, module, CLOCK, scan_uint32((uint32_t)(clock_ms - clock_ms % CLOCK_STEP_MS)));
    set(scan, module, START, scan_name(scan->warm));
    set(scan, module, REALTIME, scan_boolean(scan->statistics.realtime));
    set(scan, module, MEMORY_LOCKED, scan_boolean(scan->statistics.memory_locked));
    set(scan, module, GUARD_TRIPS, scan_uint32(scan->guard_trips_seen));
    state_statistics(scan, module, module->memory);
}

static struct scan_reason reset(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                struct scan_result *result) {
    (void)module, (void)command, (void)result;
    return scan_reset(scan);
}

static struct scan_reason start(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                struct scan_result *result) {
    (void)module, (void)result;
    return scan_start(scan, command->arguments[0].value.boolean);
}

static struct scan_reason stop(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                               struct scan_result *result) {
    (void)command, (void)result;
    scan_stop(scan, scan_reason_of(SCAN_REASON_HALTED, module->index));
    return scan_reason_none();
}

static struct scan_reason reset_statistics(struct scan *scan, struct scan_module *module,
                                           const struct scan_command *command, struct scan_result *result) {
    (void)command, (void)result;
    struct controller *controller = module->memory;
    *controller = (struct controller){0}; // stated anew at the end of this scan
    scan->statistics.reset_requested = true;
    return scan_reason_none();
}

static const struct scan_field cold = {"Cold", VALUE_BOOL, NULL};
static const struct scan_method methods[] = {
    {"reset", SCAN_HAND, NULL, 0, NULL, 0, reset},
    {"start", SCAN_HAND, &cold, 1, NULL, 0, start},
    {"stop", SCAN_HAND, NULL, 0, NULL, 0, stop},
    {"resetStatistics", SCAN_HAND, NULL, 0, NULL, 0, reset_statistics},
};

static const struct scan_memory memory[] = {
    SCAN_REMEMBERS(struct controller, stated_ns, NUMBER),
    SCAN_REMEMBERS(struct controller, execution_ns, NUMBER),
    SCAN_REMEMBERS(struct controller, scans, NUMBER),
    SCAN_REMEMBERS(struct controller, execution_max_ns, NUMBER),
};

static const struct scan_kind kind = {
    .name = "Controller",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .settle = settle,
    .memory = memory,
    .memory_count = sizeof memory / sizeof memory[0],
};

const struct core_module controller_module = {.kind = &kind, .memory_bytes = sizeof(struct controller), .bind = bind};
