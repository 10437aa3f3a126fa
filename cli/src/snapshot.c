#include "snapshot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void copy_text(char *target, size_t size, const struct json *value) {
    snprintf(target, size, "%.*s", TEXT_ARG(json_string(value)));
}

static void take_state(struct snapshot_state *state, const struct json *document, const char *name_member) {
    copy_text(state->name, sizeof state->name, json_member(document, name_member));
    copy_text(state->state, sizeof state->state, json_member(document, "state"));
    copy_text(state->reason, sizeof state->reason, json_member(document, "reason"));
}

static void fall_silent(struct snapshot *snapshot, const char *what, const struct json *reason, int64_t since_ms) {
    if (snapshot->silence.what[0] != '\0') return; // the first one is told
    snprintf(snapshot->silence.what, sizeof snapshot->silence.what, "%s", what);
    copy_text(snapshot->silence.reason, sizeof snapshot->silence.reason, reason);
    snapshot->silence.since_ms = since_ms;
}

static bool has_state(const struct json *document, const char *state) {
    return text_is(json_string(json_member(document, "state")), state);
}

static void take_edge(struct snapshot *snapshot, const struct json *edge) {
    snapshot->edge_count++;
    if (text_is(json_string(json_member(edge, "lease")), "held")) snapshot->leases_held++;
    if (has_state(edge, "connected")) {
        snapshot->edges_connected++;
        return;
    }
    bool first = has_state(edge, "connecting");
    fall_silent(snapshot, first ? "edge connecting" : "edge unreachable", json_member(edge, "reason"),
                json_integer(json_member(edge, "since"), 0));
}

/// A gateway that is down knows nothing of its edges: what it said last is of the past.
static void take_gateway(struct snapshot *snapshot, const struct json *service) {
    if (has_state(service, "down")) {
        int64_t heard_ms = json_integer(json_member(service, "time"), 0);
        fall_silent(snapshot, heard_ms == 0 ? "gateway not heard of yet" : "gateway silent", NULL, heard_ms);
        return;
    }
    struct json_each each = json_each(json_member(service, "edges"));
    while (json_next(&each)) take_edge(snapshot, each.value);
}

static void take_latency(struct snapshot *snapshot, const struct json *latency) {
    if (!json_is(latency, JSON_OBJECT)) return;
    snapshot->latency.known = true;
    snapshot->latency.count = (uint64_t)json_integer(json_member(latency, "count"), 0);
    snapshot->latency.p50_ms = json_real(json_member(latency, "p50_ms"), 0);
    snapshot->latency.p99_ms = json_real(json_member(latency, "p99_ms"), 0);
}

static void take_functions(struct snapshot *snapshot, const struct json *functions) {
    struct json_each each = json_each(functions);
    while (json_next(&each) && snapshot->function_count < SNAPSHOT_FUNCTIONS_MAX) {
        take_state(&snapshot->functions[snapshot->function_count++], each.value, "name");
    }
}

void snapshot_take_status(struct snapshot *snapshot, const struct json *status) {
    const struct json *services = json_member(status, "services");
    snapshot->answered = json_is(services, JSON_ARRAY);
    struct json_each each = json_each(services);
    while (json_next(&each)) {
        if (text_is(json_string(json_member(each.value, "service")), "gateway")) take_gateway(snapshot, each.value);
        take_latency(snapshot, json_member(each.value, "latency"));
        take_functions(snapshot, json_member(each.value, "functions"));
        if (snapshot->service_count == SNAPSHOT_SERVICES_MAX) continue;
        take_state(&snapshot->services[snapshot->service_count++], each.value, "service");
    }
}

static const struct count_member {
    const char *name;
    size_t offset;
} count_members[] = {
    {"fed", offsetof(struct snapshot_workpieces, fed)},
    {"sorted", offsetof(struct snapshot_workpieces, sorted)},
    {"passed", offsetof(struct snapshot_workpieces, passed)},
    {"lost", offsetof(struct snapshot_workpieces, lost)},
    {"metalSorted", offsetof(struct snapshot_workpieces, metal_sorted)},
    {"plasticSorted", offsetof(struct snapshot_workpieces, plastic_sorted)},
    {"metalPassed", offsetof(struct snapshot_workpieces, metal_passed)},
    {"plasticPassed", offsetof(struct snapshot_workpieces, plastic_passed)},
};

void snapshot_take_simulation(struct snapshot *snapshot, const struct json *shadow) {
    const struct json *reported = json_path(shadow, TEXT("state/reported"));
    snapshot->workpieces_known = true;
    for (size_t i = 0; i < sizeof count_members / sizeof *count_members; i++) {
        const struct json *value = json_member(reported, count_members[i].name);
        snapshot->workpieces_known = snapshot->workpieces_known && json_exists(value);
        uint64_t *target = (uint64_t *)(void *)((char *)&snapshot->workpieces + count_members[i].offset);
        *target = (uint64_t)json_integer(value, 0);
    }
}

void snapshot_take_controller(struct snapshot *snapshot, const struct json *shadow) {
    const struct json *reported = json_path(shadow, TEXT("state/reported"));
    snapshot->controller.known = json_exists(json_member(reported, "State"));
    copy_text(snapshot->controller.state, sizeof snapshot->controller.state, json_member(reported, "State"));
    copy_text(snapshot->controller.cause, sizeof snapshot->controller.cause, json_member(reported, "Cause"));
    snapshot->controller.scan_cycles = (uint64_t)json_integer(json_member(reported, "ScanCycles"), 0);
    snapshot->controller.scan_missed = (uint64_t)json_integer(json_member(reported, "ScanMissed"), 0);
    snapshot->controller.scan_time_us = json_real(json_member(reported, "ScanTime"), 0);
    snapshot->controller.scan_time_max_us = json_real(json_member(reported, "ScanTimeMax"), 0);
}

static void add_count(struct snapshot_counts *counts, struct text name, int64_t value) {
    if (counts->count == SNAPSHOT_COUNTS_MAX || name.length >= SNAPSHOT_NAME_BYTES) return;
    for (size_t i = 0; i < counts->count; i++) {
        if (text_is(name, counts->counts[i].name)) return; // of two things the first counts
    }
    snprintf(counts->counts[counts->count].name, SNAPSHOT_NAME_BYTES, "%.*s", TEXT_ARG(name));
    counts->counts[counts->count++].value = value;
}

void snapshot_take_process(struct snapshot *snapshot, const char *thing, const struct json *shadow) {
    const struct json *reported = json_path(shadow, TEXT("state/reported"));
    struct json_each each = json_each(reported);
    while (json_next(&each)) {
        if (json_is(each.value, JSON_INTEGER)) add_count(&snapshot->counted, each.name, json_integer(each.value, 0));
    }
    if (snapshot->process_count == SNAPSHOT_FUNCTIONS_MAX) return;
    if (!json_is(json_member(reported, "state"), JSON_STRING)) return;
    struct snapshot_state *process = &snapshot->processes[snapshot->process_count++];
    snprintf(process->name, sizeof process->name, "%s", thing);
    copy_text(process->state, sizeof process->state, json_member(reported, "state"));
    copy_text(process->reason, sizeof process->reason, json_member(reported, "message"));
}

static int64_t count_of(const struct snapshot_counts *counts, const char *name) {
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->counts[i].name, name) == 0) return counts->counts[i].value;
    }
    return 0;
}

struct snapshot_counts snapshot_counts_since(const struct snapshot_counts *now, const struct snapshot_counts *before) {
    struct snapshot_counts since = *now;
    for (size_t i = 0; i < since.count; i++) {
        int64_t was = count_of(before, since.counts[i].name);
        if (was <= since.counts[i].value) since.counts[i].value -= was;
    }
    return since;
}

void snapshot_grow_old(struct snapshot *snapshot, int64_t since_ms) {
    memset(&snapshot->silence, 0, sizeof snapshot->silence);
    fall_silent(snapshot, "HTTP interface silent", NULL, since_ms);
}

void snapshot_put_silence(const struct snapshot *snapshot, struct buffer *out) {
    if (snapshot->silence.what[0] == '\0') return;
    buffer_string(out, snapshot->silence.what);
    time_t since_s = (time_t)(snapshot->silence.since_ms / 1000);
    struct tm local;
    if (since_s > 0 && localtime_r(&since_s, &local) != NULL)
        buffer_print(out, " since %02d:%02d:%02d", local.tm_hour, local.tm_min, local.tm_sec);
    if (snapshot->silence.reason[0] != '\0') buffer_print(out, ": %s", snapshot->silence.reason);
}

bool snapshot_is_complete(const struct snapshot *snapshot) {
    if (!snapshot->answered || snapshot->edge_count == 0) return false;
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (strcmp(snapshot->services[i].state, "down") == 0) return false;
    }
    return true;
}

bool snapshot_is_producing(const struct snapshot *snapshot) {
    if (!snapshot->answered || snapshot->edge_count == 0) return false;
    if (snapshot->edges_connected < snapshot->edge_count || snapshot->leases_held < snapshot->edge_count) return false;
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (strcmp(snapshot->services[i].state, "ok") != 0) return false;
    }
    for (size_t i = 0; i < snapshot->function_count; i++) {
        if (strcmp(snapshot->functions[i].state, "ready") != 0) return false;
    }
    return true;
}
