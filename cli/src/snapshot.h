/// What is known of a running plant at one moment, from the HTTP interface (docs/spec/http.md, bus.md, opcua.md). Pure.
#pragma once

#include <base/problem.h>
#include <json/json.h>

#include <stdint.h>

enum { SNAPSHOT_SERVICES_MAX = 16, SNAPSHOT_FUNCTIONS_MAX = 32, SNAPSHOT_NAME_BYTES = 64, SNAPSHOT_REASON_BYTES = 256 };

struct snapshot_state { // of a service, a function, an edge
    char name[SNAPSHOT_NAME_BYTES];
    char state[16];
    char reason[SNAPSHOT_REASON_BYTES];
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
    size_t edge_count, edges_connected, leases_held;
    char edge_reason[SNAPSHOT_REASON_BYTES]; // of the first one that is not connected
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

/// Everything that is needed for production is there: services ok, edges connected and under our control, functions
/// ready.
bool snapshot_is_producing(const struct snapshot *snapshot);
