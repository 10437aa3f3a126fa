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
#include <store/store.h>

/// Reported values are on disk after at most this and one commit.
static const uint64_t FLUSH_PERIOD_NS = 500 * NS_PER_MS;

/* ---- Loading ---- */

/// Versions up to the ceiling may have been given away before a crash; the document continues above them.
static enum error load_row(void *context, const struct store_row *row, struct problem *ret_problem) {
    struct twins *twins = context;
    char key[TWINS_KEY_BYTES];
    bool named = row->shadow.length > 0;
    if (!twin_is_thing_name(row->thing) || (named && !twin_is_shadow_name(row->shadow)))
        return problem_say(ret_problem, ERROR_INVALID, "twin store: '%.*s~%.*s' is no name of a shadow",
                           TEXT_ARG(row->thing), TEXT_ARG(row->shadow));
    int length = snprintf(key, sizeof key, "%.*s%s%.*s", TEXT_ARG(row->thing), named ? "~" : "", TEXT_ARG(row->shadow));
    bool crashed = row->ceiling > row->version;
    struct twin *twin = NULL;
    enum error error = twin_load(row->document, crashed ? row->ceiling + 1 : row->version, &twin, ret_problem);
    if (error) return problem_prefix(ret_problem, error, "twin store: shadow %s", key);

    struct shadow *shadow = shadow_add(twins, (struct text){key, (size_t)length});
    if (shadow == NULL) {
        twin_unref(twin);
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    }
    shadow_replace(twins, shadow, twin);
    shadow->restored = true;
    shadow->ceiling = row->ceiling;
    shadow->version_written = twin_version(twin);
    if (crashed) commit_mark_dirty(twins, shadow);
    twin_unref(twin);
    return ERROR_NONE;
}

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
    enum error error = file_make_folder(folder, 0700, ret_problem);
    if (!error) error = writer_open(twins->loop, path, load_row, commit_done, twins, &twins->writer, ret_problem);
    if (error) return error;
    if (ret_problem->text[0] != '\0') commit_degrade(twins, ret_problem);
    commit_flush(twins); // reserves versions anew after a crash
    return ERROR_NONE;
}

/* ---- The bus ---- */

static void on_state(void *context, bool connected, const char *reason) {
    struct twins *twins = context;
    if (!connected) log_warning("bus: %s", reason);
    if (connected && reason[0] != '\0') log_error("bus: %s", reason);
    if (!connected || twins->ready) return;
    twins->ready = true;
    log_info("%zu shadows, serving", twins->existing);
    notify_ready();
}

/// One subscription for all operations of a kind of shadow keeps them in their order.
static enum error subscribe(struct twins *twins) {
    static const struct {
        const char *subject;
        bus_message_fn *on_message;
    } subscriptions[] = {
        {"$aws.things.*.shadow.*", request_received},
        {"$aws.things.*.shadow.name.*.*", request_received},
        {"splc.twins.list", shadows_answer_list},
        {"splc.twins.things", shadows_answer_things},
    };
    for (size_t i = 0; i < sizeof subscriptions / sizeof subscriptions[0]; i++) {
        enum error error =
            bus_subscribe(twins->bus, subscriptions[i].subject, "twins", subscriptions[i].on_message, twins, NULL);
        if (error) return error;
    }
    return ERROR_NONE;
}

static void fill_status(void *context, struct json_writer *writer) {
    const struct twins *twins = context;
    json_key(writer, "shadows");
    json_put_unsigned(writer, twins->existing);
    json_key(writer, "updates");
    json_put_unsigned(writer, twins->updates);
    json_key(writer, "rejected");
    json_put_unsigned(writer, twins->rejected);
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
    if (twins->loop == NULL || twins->shadows == NULL || twins->memories == NULL || note_memories(twins, site))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
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
    bus_status_close(twins.status);
    bus_close(twins.bus);
    writer_close(twins.writer);
    shadows_free(&twins);
    map_destroy(twins.memories);
    batch_clear(&twins.batch);
    twin_result_clear(&twins.result);
    buffer_clear(&twins.subject);
    loop_destroy(twins.loop);
    return error;
}
