// What this PLC does, for `splc-edge replay`: from the start on (`--record FILE`), or on request.

#include "edge.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZE_DEFAULT_MB = 256, SIZE_MAX_MB = 1024, MB = 1024 * 1024, KEPT_MAX = 8, SECONDS_MAX = 7 * 24 * 3600 };

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

static enum error start(struct edge *edge, const char *path, unsigned size_mb, bool running,
                        struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer model = {0};
    enum error error = file_read(edge->site->model_file, MODEL_BYTES_MAX, &model, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "plant model");
    char hash[PKI_DIGEST_BYTES] = "";
    if (running &&
        (pki_digest_file(edge->site->model_file, hash, ret_problem) || strcmp(hash, edge->fingerprint.model_hash) != 0))
        return problem_say(ret_problem, ERROR_CONFLICT,
                           "%s is another than the one that runs: put that back, or restart the PLC",
                           edge->site->model_file);
    size_t restored_count = 0;
    CLEANUP(free_at) uint32_t *restored = running ? calloc(1, sizeof *restored) : restored_tags(edge, &restored_count);
    if (restored == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    CLEANUP(buffer_clear) struct buffer pins = {0};
    pins_print(edge->pins, &pins);
    struct recorder_options options = {
        .path = path,
        .bytes_max = (size_t)(size_mb == 0 ? SIZE_DEFAULT_MB : size_mb) * MB,
        .model = buffer_view(&model),
        .period_ns = edge_scan_period_ns(edge),
        .restored = restored,
        .restored_count = restored_count,
        .pins = buffer_view(&pins),
        .running = running,
    };
    error = recorder_start(program_scan(edge->program), &options, &edge->recorder, ret_problem);
    if (error) return error;
    snprintf(edge->record_path, sizeof edge->record_path, "%s", path);
    log_info("recording into %s, at most %zu MB", path, options.bytes_max / MB);
    return ERROR_NONE;
}

enum error edge_start_recording(struct edge *edge, struct problem *ret_problem) {
    const char *path = edge->options.record_file;
    if (path == NULL) return ERROR_NONE;
    enum error error = start(edge, path, edge->options.record_mb, false, ret_problem);
    if (!error) diagnostics_add(edge->diagnostics, DIAGNOSTICS_RECORDING_STARTED, TEXT_EMPTY, "into %s", path);
    return error;
}

void edge_stop_recording(struct edge *edge) {
    if (edge->recorder == NULL) return;
    loop_timer_cancel(edge->record_timer);
    edge->record_timer = NULL;
    struct recorder_report before = recorder_report(edge->recorder);
    enum recorder_state state = before.state == RECORDER_RUNNING ? RECORDER_STOPPED : before.state;
    recorder_stop(edge->recorder);
    edge->recorder = NULL;
    edge->record_path[0] = '\0';
    log_info("recording ended after %llu scans: %s", (unsigned long long)before.scans, recorder_state_text(state));
    diagnostics_add(edge->diagnostics, DIAGNOSTICS_RECORDING_ENDED, TEXT_EMPTY, "%llu scans: %s",
                    (unsigned long long)before.scans, recorder_state_text(state));
}

void edge_look_at_recording(struct edge *edge) {
    if (edge->recorder != NULL && recorder_report(edge->recorder).state != RECORDER_RUNNING) edge_stop_recording(edge);
}

// ---------------------------------------------------------------- on request

static bool is_recording(const char *name) {
    size_t length = strlen(name), end = strlen(".rec");
    return length > end && strcmp(name + length - end, ".rec") == 0;
}

static int only_recordings(const struct dirent *entry) {
    return is_recording(entry->d_name);
}

/// So that nobody fills the disk: names are times, so the first ones are the oldest.
static void remove_oldest(const char *folder) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, only_recordings, alphasort);
    for (int i = 0; i < count; i++) {
        CLEANUP(free_at) char *path = file_join(folder, entries[i]->d_name);
        if (i + KEPT_MAX <= count && path != NULL && unlink(path) == 0) log_info("removed the old recording %s", path);
        free(entries[i]);
    }
    free(entries);
}

/// "20260131T120000.123Z.rec"
static void name_of_now(char ret_name[static CLOCK_TEXT_BYTES + 8]) {
    char time[CLOCK_TEXT_BYTES];
    clock_text(clock_wall_ns(), time);
    size_t length = 0;
    for (const char *at = time; *at != '\0'; at++)
        if (*at != '-' && *at != ':') ret_name[length++] = *at;
    memcpy(ret_name + length, ".rec", sizeof ".rec");
}

static void on_time_over(void *context) {
    edge_stop_recording(context);
}

static enum error on_start(void *context, struct text user, uint32_t seconds, uint32_t megabytes,
                           struct problem *ret_problem) {
    struct edge *edge = context;
    edge_look_at_recording(edge);
    if (edge->recorder != NULL)
        return problem_say(ret_problem, ERROR_EXISTS, "a recording goes on already, into %s: stop it first",
                           edge->record_path);
    if (megabytes > SIZE_MAX_MB || seconds > SECONDS_MAX)
        return problem_say(ret_problem, ERROR_INVALID, "choose at most %d s and %d MB", SECONDS_MAX, SIZE_MAX_MB);
    CLEANUP(free_at) char *folder = site_path(edge->site, "edge/recordings");
    char name[CLOCK_TEXT_BYTES + 8];
    name_of_now(name);
    CLEANUP(free_at) char *path = folder == NULL ? NULL : file_join(folder, name);
    if (path == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    enum error error = file_make_folder(folder, 0700, ret_problem);
    if (error) return error;
    remove_oldest(folder);
    error = start(edge, path, megabytes, true, ret_problem);
    if (error) return error;
    diagnostics_add(edge->diagnostics, DIAGNOSTICS_RECORDING_STARTED, TEXT_EMPTY, "%.*s: into %s", TEXT_ARG(user),
                    path);
    if (seconds > 0) edge->record_timer = loop_timer(edge->loop, seconds * NS_PER_S, 0, on_time_over, edge);
    if (seconds == 0 || edge->record_timer != NULL) return ERROR_NONE;
    edge_stop_recording(edge);
    return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
}

static enum error on_stop(void *context, struct problem *ret_problem) {
    struct edge *edge = context;
    edge_look_at_recording(edge);
    if (edge->recorder == NULL) return problem_say(ret_problem, ERROR_NOT_FOUND, "nothing is recorded");
    edge_stop_recording(edge);
    return ERROR_NONE;
}

static const char *on_file(void *context) {
    return ((struct edge *)context)->record_path;
}

static void on_pins(void *context, uint64_t command, struct text map) {
    struct edge *edge = context;
    if (edge->recorder != NULL && recorder_pins(edge->recorder, command, map))
        log_warning("the recording lacks a pin map: %s", error_text(ERROR_NO_MEMORY));
}

struct server_recording edge_recording(struct edge *edge) {
    return (struct server_recording){
        .start = on_start, .stop = on_stop, .file = on_file, .pins = on_pins, .context = edge};
}
