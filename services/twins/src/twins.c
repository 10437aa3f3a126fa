#include <twins/twins.h>

#include "internal.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/notify.h>
#include <json/json.h>
#include <site/function.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/// Reported values are on disk after at most this and one commit.
static const uint64_t FLUSH_PERIOD_NS = 500 * NS_PER_MS;

/* ---- Loading ---- */

/// What functions keep in twins must not fall back behind the commands that they have given. A manifest that cannot be
/// read is told by the function service.
static enum error note_memories(struct twins *twins, const struct site *site) {
    static char noted;
    for (size_t i = 0; i < site->fog.function_count; i++) {
        CLEANUP(function_manifest_destroy_at) struct function_manifest *manifest = NULL;
        if (function_manifest_load(site->fog.functions[i].folder, &manifest, NULL)) continue;
        for (size_t state = 0; state < manifest->state_count; state++) {
            enum error error = map_set(twins->memories, text_of(manifest->state[state]), &noted);
            if (error) return error;
        }
    }
    return ERROR_NONE;
}

static enum error open_writer(struct twins *twins, const struct site *site, struct problem *ret_problem) {
    CLEANUP(free_at) char *folder = site_path(site, "twins");
    CLEANUP(free_at) char *path = site_path(site, "twins/twins.db");
    if (folder == NULL || path == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    const char *where = site->fog.store == NULL ? path : site->fog.store;
    enum error error = file_make_folder(folder, 0700, ret_problem);
    if (!error) error = writer_open(twins->loop, where, commit_done, twins, &twins->batch, &twins->writer, ret_problem);
    if (!error) error = shadows_adopt(twins, &twins->batch.loaded);
    if (error) return error;
    twins->owned = twins->batch.owned;
    if (ret_problem->text[0] != '\0') commit_degrade(twins, ret_problem);
    commit_flush(twins); // reserves versions anew after a crash
    return ERROR_NONE;
}

/* ---- The bus ---- */

static void on_state(void *context, bool connected, const char *reason) {
    struct twins *twins = context;
    if (!connected) log_warning("bus: %s", reason);
    if (connected && reason[0] != '\0') log_error("bus: %s", reason);
    if (connected) devices_connected(twins);
    if (connected) share_connected(twins);
    if (!connected || twins->ready) return;
    twins->ready = true;
    log_info("%zu shadows, serving", twins->existing);
    notify_ready();
}

/// One subscription for all operations of a kind of shadow keeps them in their order. No queue group: each process
/// takes what belongs to its partitions, so that requests for one shadow never overtake each other (share.c).
static enum error subscribe(struct twins *twins) {
    static const struct {
        const char *subject;
        bus_message_fn *on_message;
    } subscriptions[] = {
        {"$aws.things.*.shadow.*", request_received},
        {"$aws.things.*.shadow.name.*.*", request_received},
        {"splc.twins.list", shadows_answer_list},
    };
    for (size_t i = 0; i < sizeof subscriptions / sizeof subscriptions[0]; i++) {
        enum error error =
            bus_subscribe(twins->bus, subscriptions[i].subject, NULL, subscriptions[i].on_message, twins, NULL);
        if (error) return error;
    }
    enum error error = devices_open(twins);
    return error ? error : share_open(twins);
}

static void fill_status(void *context, struct json_writer *writer) {
    const struct twins *twins = context;
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"shadows", twins->existing},
        {"accepted", twins->accepted},
        {"updates", twins->updates},
        {"rejected", twins->rejected},
        {"commits", twins->commits},
        {"rows", twins->rows},
        {"waiting", twins->waiting},
        {"waitingBytes", twins->held_bytes},
        {"partitions", (unsigned)__builtin_popcount(twins->owned)},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_key(writer, numbers[i].name);
        json_put_unsigned(writer, numbers[i].value);
    }
    double p50_ms, p99_ms;
    recent_quantiles_ms(&twins->commit_times, &p50_ms, &p99_ms);
    json_key(writer, "commit_p50_ms");
    json_put_real(writer, p50_ms);
    json_key(writer, "commit_p99_ms");
    json_put_real(writer, p99_ms);
    for (size_t i = 0; i < TWINS_CODES; i++) {
        char name[24];
        snprintf(name, sizeof name, "rejected_%d", twins_codes[i]);
        json_key(writer, name);
        json_put_unsigned(writer, twins->rejected_by[i]);
    }
}

static enum error open_bus(struct twins *twins, const struct site *site, struct problem *ret_problem) {
    CLEANUP(free_at) char *url = site_nats_url(site);
    CLEANUP(free_at) char *ca_file = site_path(site, "pki/ca.crt");
    CLEANUP(free_at) char *password_file = site_path(site, "secrets/nats-twins");
    if (url == NULL || ca_file == NULL || password_file == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct bus_options options = {
        .url = url,
        .ca_file = ca_file,
        .user = "twins",
        .password_file = password_file,
        .name = "twins",
        .state = on_state,
        .context = twins,
    };
    enum error error = bus_open(twins->loop, &options, &twins->bus, ret_problem);
    if (error) return error;
    error = subscribe(twins);
    twins->status = bus_status_open(twins->bus, "twins", "fog", fill_status, twins);
    if (error || twins->status == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    bus_status_reason(twins->status, twins->trouble.text);
    return ERROR_NONE;
}

/* ---- From start to end ---- */

static enum error run(struct twins *twins, const struct site *site, struct problem *ret_problem) {
    twins->loop = loop_create();
    twins->shadows = map_create();
    twins->memories = map_create();
    twins->members = map_create();
    snprintf(twins->name, sizeof twins->name, "%llu-%d", (unsigned long long)clock_wall_ns(), (int)getpid());
    bool whole = twins->loop != NULL && twins->shadows != NULL && twins->memories != NULL && twins->members != NULL;
    if (!whole || note_memories(twins, site)) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = loop_stop_on_signals(twins->loop);
    if (!error) error = notify_keep_alive(twins->loop);
    if (error) return problem_say(ret_problem, error, "signals cannot be watched");
    error = open_writer(twins, site, ret_problem);
    if (!error) error = open_bus(twins, site, ret_problem);
    if (error) return error;
    if (loop_timer(twins->loop, FLUSH_PERIOD_NS, FLUSH_PERIOD_NS, commit_flush, twins) == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    error = loop_run(twins->loop);
    notify_stopping();
    return error ? problem_say(ret_problem, error, "the event loop failed") : ERROR_NONE;
}

enum error twins_run(const struct site *site, struct problem *ret_problem) {
    struct twins twins = {0};
    struct problem problem = {0};
    enum error error = run(&twins, site, ret_problem == NULL ? &problem : ret_problem);
    commit_end(&twins);
    share_leave(&twins);
    bus_status_close(twins.status);
    bus_close(twins.bus);
    writer_close(twins.writer);
    shadows_free(&twins);
    map_destroy(twins.memories);
    share_close(&twins);
    devices_close(&twins);
    batch_clear(&twins.batch);
    twin_result_clear(&twins.result);
    buffer_clear(&twins.subject);
    loop_destroy(twins.loop);
    return error;
}
