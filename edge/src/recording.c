// `--record FILE`: what this start does, for `splc-edge replay`.

#include "edge.h"

#include <base/file.h>
#include <base/log.h>

#include <stdlib.h>

enum { SIZE_DEFAULT_MB = 256, MB = 1024 * 1024 };

/// Retained variables that have a value from before; for the caller to free.
static uint32_t *restored_tags(const struct edge *edge, size_t *ret_count) {
    const struct scan *scan = program_scan(edge->program);
    size_t retained = program_retained_count(edge->program);
    uint32_t *tags = calloc(retained + 1, sizeof *tags);
    for (size_t i = 0; tags != NULL && i < retained; i++) {
        uint32_t tag = program_retained(edge->program, i);
        if (scan_usable(scan, tag)) tags[(*ret_count)++] = tag;
    }
    return tags;
}

enum error edge_start_recording(struct edge *edge, struct problem *ret_problem) {
    if (edge->options.record_file == NULL) return ERROR_NONE;
    CLEANUP(buffer_clear) struct buffer model = {0};
    enum error error = file_read(edge->site->model_file, MODEL_BYTES_MAX, &model, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "plant model");
    unsigned size_mb = edge->options.record_mb == 0 ? SIZE_DEFAULT_MB : edge->options.record_mb;
    size_t restored_count = 0;
    CLEANUP(free_at) uint32_t *restored = restored_tags(edge, &restored_count);
    if (restored == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    CLEANUP(buffer_clear) struct buffer pins = {0};
    pins_print(edge->pins, &pins);
    struct recorder_options options = {
        .path = edge->options.record_file,
        .bytes_max = (size_t)size_mb * MB,
        .model = buffer_view(&model),
        .period_ns = edge_scan_period_ns(edge),
        .restored = restored,
        .restored_count = restored_count,
        .pins = buffer_view(&pins),
    };
    error = recorder_start(program_scan(edge->program), &options, &edge->recorder, ret_problem);
    if (error) return error;
    log_info("recording into %s, at most %u MB", options.path, size_mb);
    diagnostics_add(edge->diagnostics, DIAGNOSTICS_RECORDING_STARTED, TEXT_EMPTY, "into %s", options.path);
    return ERROR_NONE;
}

void edge_stop_recording(struct edge *edge) {
    if (edge->recorder == NULL) return;
    struct recorder_report before = recorder_report(edge->recorder);
    enum recorder_state state = before.state == RECORDER_RUNNING ? RECORDER_STOPPED : before.state;
    recorder_stop(edge->recorder);
    edge->recorder = NULL;
    log_info("recording ended after %llu scans: %s", (unsigned long long)before.scans, recorder_state_text(state));
    diagnostics_add(edge->diagnostics, DIAGNOSTICS_RECORDING_ENDED, TEXT_EMPTY, "%llu scans: %s",
                    (unsigned long long)before.scans, recorder_state_text(state));
}
