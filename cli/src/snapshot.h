/// What is known of a running plant at one moment, from the HTTP interface (docs/spec/http.md, bus.md, opcua.md). Pure.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>
#include <json/json.h>

#include <stdint.h>

enum {
    SNAPSHOT_SERVICES_MAX = 16,
    SNAPSHOT_FUNCTIONS_MAX = 32,
    SNAPSHOT_COUNTS_MAX = 32,
    SNAPSHOT_NAME_BYTES = 64,
    SNAPSHOT_REASON_BYTES = 256,
};

struct snapshot_state { // of a service, a function, an edge
    char name[SNAPSHOT_NAME_BYTES];
    char state[16];
    char reason[SNAPSHOT_REASON_BYTES];
};

/// What functions count themselves: the whole numbers in the twins that they own.
struct snapshot_counts {
    struct {
        char name[SNAPSHOT_NAME_BYTES];
        int64_t value;
    } counts[SNAPSHOT_COUNTS_MAX];
    size_t count;
};

/// The truth, from the simulation.
struct snapshot_workpieces {
    uint64_t fed, sorted, passed, lost;
    uint64_t metal_sorted, plastic_sorted, metal_passed, plastic_passed;
};

struct snapshot {
    bool answered; // the API gave its status
    struct snapshot_state services[SNAPSHOT_SERVICES_MAX];
    size_t service_count;
    struct snapshot_state functions[SNAPSHOT_FUNCTIONS_MAX];
    size_t function_count;
    struct snapshot_state
        processes[SNAPSHOT_FUNCTIONS_MAX]; // what functions say of what they run (docs/spec/function.md)
    size_t process_count;
    struct snapshot_counts counted;
    size_t edge_count, edges_connected, leases_held;
    /// Why the plant's figures (controller, workpieces) are those of the past; `what` is empty while they are live.
    struct {
        char what[48]; // "edge unreachable"
        char reason[SNAPSHOT_REASON_BYTES];
        int64_t since_ms; // since 1970; 0: never heard of
    } silence;
    struct {
        bool known;
        uint64_t count;
        double p50_ms, p99_ms;
    } latency;
    bool workpieces_known;
    struct snapshot_workpieces workpieces;
    struct {
        bool known;
        char state[16]; // "run"
        char cause[SNAPSHOT_REASON_BYTES];
        uint64_t scan_cycles, scan_missed;
        double scan_time_us, scan_time_max_us;
    } controller;
};

/// From the body of GET /v1/status.
void snapshot_take_status(struct snapshot *snapshot, const struct json *status);
/// From the shadow documents of STATION_simulation and of the controller.
void snapshot_take_simulation(struct snapshot *snapshot, const struct json *shadow);
void snapshot_take_controller(struct snapshot *snapshot, const struct json *shadow);

/// From the shadow document of a thing that a function owns.
void snapshot_take_process(struct snapshot *snapshot, const char *thing, const struct json *shadow);
/// What was counted since `before`; a count that is smaller than it was has begun anew.
struct snapshot_counts snapshot_counts_since(const struct snapshot_counts *now, const struct snapshot_counts *before);

/// The figures of the plant are of now.
static inline bool snapshot_is_live(const struct snapshot *snapshot) {
    return snapshot->silence.what[0] == '\0';
}
/// The interface itself gives no answer any more: what was known of the plant is of the past, too.
void snapshot_grow_old(struct snapshot *snapshot, int64_t since_ms);
/// "edge unreachable since 14:03:07: connection refused", in local time; nothing while the figures are live.
void snapshot_put_silence(const struct snapshot *snapshot, struct buffer *out);

/// Every service has said how it is, and the gateway whether its edges are there.
bool snapshot_is_complete(const struct snapshot *snapshot);
/// Everything that is needed for production is there: services ok, edges connected and under our control, functions
/// ready.
bool snapshot_is_producing(const struct snapshot *snapshot);
