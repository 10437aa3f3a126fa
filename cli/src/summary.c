#include "summary.h"

#include <base/cleanup.h>
#include <json/json.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/// Where the errors go: counted always, written when there is a writer.
struct errors {
    struct json_writer *writer;
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void add_error(struct errors *errors, const char *format, ...) {
    char text[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    errors->count++;
    if (errors->writer != NULL) json_put_string(errors->writer, text);
}

static void add_process_errors(const struct summary *summary, struct errors *errors) {
    for (size_t i = 0; i < summary->process_count; i++) {
        const struct summary_process *process = &summary->processes[i];
        if (!process->restartable) continue;
        bool said = process->reason != NULL && process->reason[0] != '\0';
        if (!process->ready) {
            add_error(errors, "%s does not run%s%s", process->name, said ? ": " : "", said ? process->reason : "");
        } else if (process->crashed) {
            add_error(errors, "%s failed and was started again%s%s", process->name, said ? ": " : "",
                      said ? process->reason : "");
        }
    }
}

static void add_state_errors(const struct snapshot_state *states, size_t count, const char *good,
                             struct errors *errors) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(states[i].state, good) == 0) continue;
        add_error(errors, "%s is %s%s%s", states[i].name, states[i].state, states[i].reason[0] == '\0' ? "" : ": ",
                  states[i].reason);
    }
}

static void add_silence(const struct snapshot *snapshot, struct errors *errors) {
    CLEANUP(buffer_clear) struct buffer silence = {0};
    snapshot_put_silence(snapshot, &silence);
    add_error(errors, "%.*s; what is told of controller, scan and workpieces is what was known last",
              TEXT_ARG(buffer_view(&silence)));
}

static void add_plant_errors(const struct summary *summary, struct errors *errors) {
    const struct snapshot *snapshot = summary->snapshot;
    if (!snapshot->answered) {
        add_error(errors, "the HTTP interface gave no status at the end: nothing is known of the plant");
        return;
    }
    add_state_errors(snapshot->services, snapshot->service_count, "ok", errors);
    add_state_errors(snapshot->functions, snapshot->function_count, "ready", errors);
    for (size_t i = 0; i < snapshot->process_count; i++) {
        const struct snapshot_state *process = &snapshot->processes[i];
        if (strcmp(process->state, "fault") == 0)
            add_error(errors, "%s is in fault: %s", process->name, process->reason);
    }
    if (snapshot->edge_count == 0 && snapshot_is_live(snapshot)) add_error(errors, "the gateway knows no edge");
    if (!snapshot_is_live(snapshot)) add_silence(snapshot, errors);
    if (!snapshot->controller.known)
        add_error(errors, "the controller's state is not known");
    else if (snapshot_is_live(snapshot) && strcmp(snapshot->controller.state, "run") != 0) {
        add_error(errors, "the controller is in state %s: %s", snapshot->controller.state, snapshot->controller.cause);
    }
    if (summary->counts_workpieces && !snapshot->workpieces_known)
        add_error(errors, "the simulation's counts are not known");
}

static void add_errors(const struct summary *summary, struct errors *errors) {
    add_process_errors(summary, errors);
    add_plant_errors(summary, errors);
}

// --- the object ---

static void put_count(struct json_writer *writer, const char *name, uint64_t count) {
    json_key(writer, name);
    json_put_unsigned(writer, count);
}

/// Rounded to three places: more would pretend.
static void put_figure(struct json_writer *writer, const char *name, double figure) {
    char text[64];
    snprintf(text, sizeof text, "%.3f", figure);
    double rounded = figure;
    if (text_to_real(text_of(text), &rounded)) rounded = figure;
    json_key(writer, name);
    json_put_real(writer, rounded);
}

static void put_workpieces(struct json_writer *writer, const struct snapshot *snapshot) {
    json_key(writer, "workpieces");
    if (!snapshot->workpieces_known) {
        json_put_null(writer);
        return;
    }
    const struct snapshot_workpieces *workpieces = &snapshot->workpieces;
    json_open_object(writer);
    put_count(writer, "fed", workpieces->fed);
    put_count(writer, "sorted", workpieces->sorted);
    put_count(writer, "passed", workpieces->passed);
    put_count(writer, "lost", workpieces->lost);
    put_count(writer, "metalSorted", workpieces->metal_sorted);
    put_count(writer, "plasticSorted", workpieces->plastic_sorted);
    put_count(writer, "metalPassed", workpieces->metal_passed);
    put_count(writer, "plasticPassed", workpieces->plastic_passed);
    json_close_object(writer);
}

static void put_counted(struct json_writer *writer, const struct snapshot_counts *counted) {
    json_key(writer, "counted");
    json_open_object(writer);
    for (size_t i = 0; i < counted->count; i++) {
        json_key(writer, counted->counts[i].name);
        json_put_integer(writer, counted->counts[i].value);
    }
    json_close_object(writer);
}

static void put_scan(struct json_writer *writer, const struct summary *summary) {
    const struct snapshot *snapshot = summary->snapshot;
    json_key(writer, "scan");
    json_open_object(writer);
    put_count(writer, "cycles", snapshot->controller.scan_cycles);
    put_count(writer, "missed", snapshot->controller.scan_missed);
    put_figure(writer, "time_us", snapshot->controller.scan_time_us);
    put_figure(writer, "time_max_us", snapshot->controller.scan_time_max_us);
    put_figure(writer, "period_ms", summary->period_ms);
    json_close_object(writer);
}

static void put_latency(struct json_writer *writer, const struct snapshot *snapshot) {
    json_key(writer, "latency_ms");
    json_open_object(writer);
    put_count(writer, "count", snapshot->latency.count);
    put_figure(writer, "p50", snapshot->latency.p50_ms);
    put_figure(writer, "p99", snapshot->latency.p99_ms);
    json_close_object(writer);
}

static void put_processes(struct json_writer *writer, const struct summary *summary) {
    json_key(writer, "memory_kib");
    json_open_object(writer);
    for (size_t i = 0; i < summary->process_count; i++) {
        put_count(writer, summary->processes[i].name, summary->processes[i].memory_kib);
    }
    json_close_object(writer);
    json_key(writer, "restarts");
    json_open_object(writer);
    for (size_t i = 0; i < summary->process_count; i++) {
        if (!summary->processes[i].restartable) continue;
        put_count(writer, summary->processes[i].name, summary->processes[i].restarts);
    }
    json_close_object(writer);
}

void summary_print(const struct summary *summary, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "plant");
    json_put_string(&writer, summary->plant);
    put_figure(&writer, "seconds", summary->seconds);
    json_key(&writer, "live");
    json_put_bool(&writer, summary->snapshot->answered && snapshot_is_live(summary->snapshot));
    put_workpieces(&writer, summary->snapshot);
    put_counted(&writer, &summary->snapshot->counted);
    put_scan(&writer, summary);
    put_latency(&writer, summary->snapshot);
    put_processes(&writer, summary);
    json_key(&writer, "errors");
    json_open_array(&writer);
    struct errors errors = {.writer = &writer};
    add_errors(summary, &errors);
    json_close_array(&writer);
    json_close_object(&writer);
}

bool summary_is_good(const struct summary *summary) {
    struct errors errors = {0};
    add_errors(summary, &errors);
    return errors.count == 0 && summary->snapshot->workpieces.lost == 0;
}
