#include "observer.h"

#include "api.h"

#include <base/clock.h>
#include <site/function.h>

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_PERIOD_NS NS_PER_S
#define LOOK_PERIOD_EARLY_NS (100 * NS_PER_MS) // until production is possible

enum { CALL_TIMEOUT_MS = 2000, PROCESSES_MAX = 32 };

struct observer {
    struct observer_options options;
    struct loop *loop;
    struct api *api;  // of the observer's thread while it runs
    char *simulation; // names of things
    char *controller;
    char *processes[PROCESSES_MAX]; // that functions own
    size_t process_count;
    bool has_thread;
    pthread_t thread;
    bool has_first; // of the observer's thread while it runs, as is `first`
    struct snapshot_counts first;

    pthread_mutex_t lock; // for all below
    pthread_cond_t wake;
    bool stopping;
    struct snapshot latest;
};

// --- calls ---

/// Opened at the first call: only then the token is there for sure.
static enum error call(struct observer *observer, const char *path, struct json_document **ret_answer) {
    *ret_answer = NULL;
    struct problem problem;
    if (observer->api == NULL) {
        CLEANUP(free_at) char *url = site_http_url(observer->options.site);
        CLEANUP(free_at) char *token = site_path(observer->options.site, "secrets/api-token");
        if (url == NULL || token == NULL) return ERROR_NO_MEMORY;
        const struct api_options options = {url, token, CALL_TIMEOUT_MS};
        enum error error = api_open(&options, &observer->api, &problem);
        if (error) return error;
    }
    return api_call(observer->api, "GET", path, TEXT_EMPTY, ret_answer, &problem);
}

/// `ret_answer` is NULL unless the call was good.
static enum error get(struct observer *observer, const char *path, struct json_document **ret_answer) {
    enum error error = call(observer, path, ret_answer);
    if (!error) return ERROR_NONE;
    json_destroy(*ret_answer);
    *ret_answer = NULL;
    return error;
}

static enum error get_shadow(struct observer *observer, const char *thing, struct json_document **ret_answer) {
    *ret_answer = NULL;
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_string(&path, "/things/");
    api_put_encoded(&path, thing);
    buffer_string(&path, "/shadow");
    return path.failed ? ERROR_NO_MEMORY : get(observer, path.data, ret_answer);
}

/// True when all is known: a twin that does not exist has counted nothing yet.
static bool look_at_processes(struct observer *observer, struct snapshot *snapshot) {
    bool known = true;
    for (size_t i = 0; i < observer->process_count; i++) {
        CLEANUP(json_destroy_at) struct json_document *shadow = NULL;
        enum error error = get_shadow(observer, observer->processes[i], &shadow);
        known = known && (!error || error == ERROR_NOT_FOUND);
        if (!error) snapshot_take_process(snapshot, observer->processes[i], json_root(shadow));
    }
    return known;
}

/// What stays unknown is not in the snapshot.
static void look(struct observer *observer, struct snapshot *snapshot) {
    *snapshot = (struct snapshot){0};
    CLEANUP(json_destroy_at) struct json_document *status = NULL;
    if (get(observer, "/v1/status", &status)) return;
    snapshot_take_status(snapshot, json_root(status));
    CLEANUP(json_destroy_at) struct json_document *simulation = NULL;
    if (!get_shadow(observer, observer->simulation, &simulation)) {
        snapshot_take_simulation(snapshot, json_root(simulation));
    }
    CLEANUP(json_destroy_at) struct json_document *controller = NULL;
    if (!get_shadow(observer, observer->controller, &controller)) {
        snapshot_take_controller(snapshot, json_root(controller));
    }
    bool known = look_at_processes(observer, snapshot);
    if (known && !observer->has_first) observer->first = snapshot->counted;
    observer->has_first = observer->has_first || known;
    snapshot->counted = snapshot_counts_since(&snapshot->counted, &observer->first);
}

// --- the thread ---

/// Sleeps, or less when the observer is to end; false then.
static bool sleep_for(struct observer *observer, uint64_t time_ns) {
    uint64_t until_ns = clock_monotonic_ns() + time_ns;
    const struct timespec until = {(time_t)(until_ns / NS_PER_S), (long)(until_ns % NS_PER_S)};
    pthread_mutex_lock(&observer->lock);
    int result = 0;
    while (!observer->stopping && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&observer->wake, &observer->lock, &until);
    }
    bool go_on = !observer->stopping;
    pthread_mutex_unlock(&observer->lock);
    return go_on;
}

static void deliver_snapshot(void *context) {
    struct observer *observer = context;
    pthread_mutex_lock(&observer->lock);
    struct snapshot snapshot = observer->latest;
    pthread_mutex_unlock(&observer->lock);
    observer->options.seen(observer->options.context, &snapshot);
}

static void *observe(void *context) {
    struct observer *observer = context;
    bool produced = false; // once: what happens then is rare
    do {
        struct snapshot snapshot;
        look(observer, &snapshot);
        produced = produced || snapshot_is_producing(&snapshot);
        pthread_mutex_lock(&observer->lock);
        observer->latest = snapshot;
        pthread_mutex_unlock(&observer->lock);
        error_ignore(loop_post(observer->loop, deliver_snapshot, observer)); // the next look comes soon
    } while (sleep_for(observer, produced ? LOOK_PERIOD_NS : LOOK_PERIOD_EARLY_NS));
    return NULL;
}

/// "mps_simulation" for station MPS (docs/spec/opcua.md).
static char *simulation_thing(const struct plant *plant) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    for (size_t i = 0; i < plant->station->name.length; i++) {
        buffer_byte(&name, (char)tolower((unsigned char)plant->station->name.data[i]));
    }
    buffer_string(&name, "_simulation");
    return buffer_take(&name);
}

// --- public ---

/// The things that the site's functions own. A manifest that cannot be read is the functions service's story.
static void list_processes(struct observer *observer) {
    const struct site *site = observer->options.site;
    for (size_t i = 0; i < site->fog.function_count; i++) {
        CLEANUP(function_manifest_destroy_at) struct function_manifest *manifest = NULL;
        if (function_manifest_load(site->fog.functions[i].folder, &manifest, NULL)) continue;
        for (size_t j = 0; j < manifest->state_count && observer->process_count < PROCESSES_MAX; j++) {
            char *thing = strdup(manifest->state[j]);
            if (thing != NULL) observer->processes[observer->process_count++] = thing;
        }
    }
}

enum error observer_create(struct loop *loop, const struct observer_options *options, struct observer **ret_observer) {
    struct observer *observer = calloc(1, sizeof *observer);
    if (observer == NULL) return ERROR_NO_MEMORY;
    observer->options = *options;
    observer->loop = loop;
    pthread_mutex_init(&observer->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&observer->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    observer->simulation = simulation_thing(options->plant);
    observer->controller =
        text_copy(options->plant->controller == NULL ? TEXT_EMPTY : options->plant->controller->name);
    if (observer->simulation == NULL || observer->controller == NULL) {
        observer_destroy(observer);
        return ERROR_NO_MEMORY;
    }
    list_processes(observer);
    *ret_observer = observer;
    return ERROR_NONE;
}

static void end_thread(struct observer *observer) {
    if (!observer->has_thread) return;
    pthread_mutex_lock(&observer->lock);
    observer->stopping = true;
    pthread_cond_signal(&observer->wake);
    pthread_mutex_unlock(&observer->lock);
    pthread_join(observer->thread, NULL);
    observer->has_thread = false;
}

void observer_destroy(struct observer *observer) {
    if (observer == NULL) return;
    end_thread(observer);
    api_close(observer->api);
    pthread_cond_destroy(&observer->wake);
    pthread_mutex_destroy(&observer->lock);
    free(observer->simulation);
    free(observer->controller);
    for (size_t i = 0; i < observer->process_count; i++) free(observer->processes[i]);
    free(observer);
}

void observer_start(struct observer *observer) {
    if (observer->has_thread) return;
    observer->has_thread = pthread_create(&observer->thread, NULL, observe, observer) == 0;
}

void observer_look_now(struct observer *observer, struct snapshot *ret_snapshot) {
    end_thread(observer);
    look(observer, ret_snapshot);
}
