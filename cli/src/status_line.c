#include "status_line.h"

#include <base/buffer.h>
#include <base/cleanup.h>

#include <stdio.h>
#include <string.h>

static void put_not_ready(const struct status_line *line, struct buffer *out) {
    for (size_t i = 0; i < line->not_ready_count; i++) {
        buffer_print(out, "%s%s", i == 0 ? ": " : ", ", line->not_ready[i]);
    }
}

/// What is not as it should be, unless it was said as the reason for the silence; nothing when all is.
static void put_states(const struct snapshot *snapshot, const struct snapshot_state *states, size_t count,
                       const char *good, struct buffer *out) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(states[i].state, good) == 0) continue;
        bool said = states[i].reason[0] != '\0' && strcmp(states[i].reason, snapshot->silence.reason) == 0;
        if (said && !snapshot_is_live(snapshot)) continue;
        buffer_print(out, " | %s %s%s%s", states[i].name, states[i].state, states[i].reason[0] == '\0' ? "" : ": ",
                     states[i].reason);
    }
}

/// While all goes well a message tells of each step: nothing to keep.
static bool goes_well(const struct snapshot_state *process) {
    return strcmp(process->state, "producing") == 0 || strcmp(process->state, "starting") == 0;
}

static void put_processes(const struct snapshot *snapshot, bool steady, struct buffer *out) {
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_state *process = &snapshot->processes[i];
        bool has_message = process->reason[0] != '\0';
        if (steady) buffer_print(out, ", %s", process->state);
        if (steady && has_message && !goes_well(process)) buffer_print(out, ": %s", process->reason);
        if (!steady && has_message && goes_well(process)) buffer_print(out, " | %s", process->reason);
    }
}

static void put_controller(const struct snapshot *snapshot, struct buffer *out) {
    buffer_string(out, snapshot->controller.known ? snapshot->controller.state : "the controller's twin is unknown");
    if (snapshot->controller.cause[0] != '\0') buffer_print(out, " (%s)", snapshot->controller.cause);
}

static void put_workpieces(const struct snapshot *snapshot, struct buffer *out) {
    if (!snapshot->workpieces_known) return;
    const struct snapshot_workpieces *workpieces = &snapshot->workpieces;
    buffer_print(out, " | fed %llu, sorted %llu, passed %llu, lost %llu", (unsigned long long)workpieces->fed,
                 (unsigned long long)workpieces->sorted, (unsigned long long)workpieces->passed,
                 (unsigned long long)workpieces->lost);
}

/// Figures of the past are never shown as if they were of now.
static void put_plant(const struct snapshot *snapshot, struct buffer *out) {
    bool live = snapshot_is_live(snapshot);
    buffer_string(out, ": ");
    snapshot_put_silence(snapshot, out);
    if (live || snapshot->controller.known) {
        buffer_string(out, live ? "" : " | last known: ");
        put_controller(snapshot, out);
        put_processes(snapshot, true, out);
        put_workpieces(snapshot, out);
    }
    put_states(snapshot, snapshot->services, snapshot->service_count, "ok", out);
    put_states(snapshot, snapshot->functions, snapshot->function_count, "ready", out);
}

static void put_figures(const struct snapshot *snapshot, struct buffer *out) {
    if (snapshot->controller.known) {
        buffer_print(out, " | scan %.0f us (max %.0f), missed %llu", snapshot->controller.scan_time_us,
                     snapshot->controller.scan_time_max_us, (unsigned long long)snapshot->controller.scan_missed);
    }
    if (snapshot->latency.known && snapshot->latency.count > 0) {
        buffer_print(out, " | sensor to actuator %.1f ms (p99 %.1f)", snapshot->latency.p50_ms,
                     snapshot->latency.p99_ms);
    }
}

static void put_unheard(const struct snapshot *snapshot, struct buffer *out) {
    buffer_string(out, ": all started, waiting for the report of");
    const char *before = " ";
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (strcmp(snapshot->services[i].state, "down") != 0) continue;
        buffer_print(out, "%s%s", before, snapshot->services[i].name);
        before = ", ";
    }
}

static void take(struct buffer *buffer, char *text) {
    snprintf(text, SCREEN_LINE_BYTES, "%.*s", TEXT_ARG(buffer_view(buffer)));
}

void status_line_print(const struct status_line *line, char steady[static SCREEN_LINE_BYTES],
                       char volatile_part[static SCREEN_LINE_BYTES]) {
    CLEANUP(buffer_clear) struct buffer left = {0};
    CLEANUP(buffer_clear) struct buffer right = {0};
    buffer_string(&left, line->plant);
    bool seen = line->snapshot != NULL && line->snapshot->answered;
    bool ready = line->not_ready_count == 0;
    if (!ready)
        put_not_ready(line, &left);
    else if (!seen)
        buffer_string(&left, ": all started, waiting for the first status");
    else if (!line->is_up)
        put_unheard(line->snapshot, &left);
    else
        put_plant(line->snapshot, &left);
    if (ready && seen && line->is_up && snapshot_is_live(line->snapshot)) {
        put_figures(line->snapshot, &right);
        put_processes(line->snapshot, false, &right);
    }
    take(&left, steady);
    take(&right, volatile_part);
}
