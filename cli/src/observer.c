#include "observer.h"

#include "api.h"
#include "press.h"

#include <base/clock.h>
#include <site/function.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_PERIOD_NS NS_PER_S
#define LOOK_PERIOD_EARLY_NS (100 * NS_PER_MS) // until the buttons are pressed
#define PRESS_GAP_NS (500 * NS_PER_MS)         // of plant time: a hand needs 0.3 s
#define PRESS_LIMIT_NS (10 * NS_PER_S)         // for a word that is refused at first

enum { CALL_TIMEOUT_MS = 2000 };

struct observer {
    struct observer_options options;
    struct loop *loop;
    struct api *api;  // of the observer's thread while it runs
    char *simulation; // names of things
    char *controller;
    bool has_thread;
    pthread_t thread;

    pthread_mutex_t lock; // for all below
    pthread_cond_t wake;
    bool stopping, pressed;
    struct snapshot latest;
    struct problem press_problem;
};

// --- calls ---

static enum error call(struct observer *observer, const char *method, const char *path, struct text body,
                       struct json_document **ret_answer, struct problem *problem) {
    *ret_answer = NULL;
    if (observer->api == NULL) {
        CLEANUP(free_at) char *url = site_http_url(observer->options.site);
        CLEANUP(free_at) char *token = site_path(observer->options.site, "secrets/api-token");
        if (url == NULL || token == NULL) return ERROR_NO_MEMORY;
        const struct api_options options = {url, token, CALL_TIMEOUT_MS};
        enum error error = api_open(&options, &observer->api, problem);
        if (error) return error;
    }
    return api_call(observer->api, method, path, body, ret_answer, problem);
}

static struct json_document *get(struct observer *observer, const char *path) {
    struct json_document *answer;
    struct problem problem;
    enum error error = call(observer, "GET", path, TEXT_EMPTY, &answer, &problem);
    if (!error) return answer;
    json_destroy(answer);
    return NULL;
}

static struct json_document *get_shadow(struct observer *observer, const char *thing) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_string(&path, "/things/");
    api_put_encoded(&path, thing);
    buffer_string(&path, "/shadow");
    return path.failed ? NULL : get(observer, path.data);
}

static void look(struct observer *observer, struct snapshot *snapshot) {
    *snapshot = (struct snapshot){0};
    CLEANUP(json_destroy_at) struct json_document *status = get(observer, "/v1/status");
    if (status == NULL) return;
    snapshot_take_status(snapshot, json_root(status));
    CLEANUP(json_destroy_at) struct json_document *simulation = get_shadow(observer, observer->simulation);
    if (simulation != NULL) snapshot_take_simulation(snapshot, json_root(simulation));
    CLEANUP(json_destroy_at) struct json_document *controller = get_shadow(observer, observer->controller);
    if (controller != NULL) snapshot_take_controller(snapshot, json_root(controller));
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

static void deliver_press_problem(void *context) {
    struct observer *observer = context;
    pthread_mutex_lock(&observer->lock);
    struct problem problem = observer->press_problem;
    pthread_mutex_unlock(&observer->lock);
    observer->options.press_failed(observer->options.context, problem.text);
}

static void post(struct observer *observer, loop_fn *deliver) {
    error_ignore(loop_post(observer->loop, deliver, observer)); // the next look comes in a second
}

/// Refused at first: the function may not have seen the plant yet. It is tried again for a while.
static bool press_one(struct observer *observer, const char *path, const char *word) {
    CLEANUP(buffer_clear) struct buffer command = {0};
    struct problem problem = {""};
    enum error error = press_command(observer->options.plant, word, &command, &problem);
    uint64_t limit_ns = clock_monotonic_ns() + PRESS_LIMIT_NS;
    while (!error) {
        CLEANUP(json_destroy_at) struct json_document *answer = NULL;
        error = call(observer, "POST", path, buffer_view(&command), &answer, &problem);
        if (!error || clock_monotonic_ns() > limit_ns) break;
        error = ERROR_NONE;
        if (!sleep_for(observer, LOOK_PERIOD_EARLY_NS)) return false;
    }
    if (!error) return true;
    pthread_mutex_lock(&observer->lock);
    snprintf(observer->press_problem.text, sizeof observer->press_problem.text, "%s could not be pressed: %.400s", word,
             problem.text);
    pthread_mutex_unlock(&observer->lock);
    post(observer, deliver_press_problem);
    return true;
}

static bool press_all(struct observer *observer) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "/v1/things/%s/commands", observer->simulation);
    if (path.failed) return false;
    uint64_t gap_ns = (uint64_t)((double)PRESS_GAP_NS / (observer->options.speed > 0 ? observer->options.speed : 1));
    for (size_t i = 0; i < observer->options.press_count; i++) {
        if (i > 0 && !sleep_for(observer, gap_ns)) return false;
        if (!press_one(observer, path.data, observer->options.press[i])) return false;
    }
    pthread_mutex_lock(&observer->lock);
    observer->pressed = true;
    pthread_mutex_unlock(&observer->lock);
    return true;
}

static void *observe(void *context) {
    struct observer *observer = context;
    bool pressed = false;
    do {
        struct snapshot snapshot;
        look(observer, &snapshot);
        pthread_mutex_lock(&observer->lock);
        observer->latest = snapshot;
        pthread_mutex_unlock(&observer->lock);
        post(observer, deliver_snapshot);
        if (!pressed && snapshot_is_producing(&snapshot)) {
            if (!press_all(observer)) return NULL;
            pressed = true;
        }
    } while (sleep_for(observer, pressed ? LOOK_PERIOD_NS : LOOK_PERIOD_EARLY_NS));
    return NULL;
}

// --- public ---

enum error observer_create(struct loop *loop, const struct observer_options *options, struct observer **ret_observer,
                           struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer command = {0};
    for (size_t i = 0; i < options->press_count; i++) {
        enum error error = press_command(options->plant, options->press[i], &command, ret_problem);
        if (error) return error;
    }
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
    observer->simulation = press_thing(options->plant);
    observer->controller =
        text_copy(options->plant->controller == NULL ? TEXT_EMPTY : options->plant->controller->name);
    if (observer->simulation == NULL || observer->controller == NULL) {
        observer_destroy(observer);
        return ERROR_NO_MEMORY;
    }
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
    free(observer);
}

void observer_start(struct observer *observer) {
    if (observer->has_thread) return;
    observer->has_thread = pthread_create(&observer->thread, NULL, observe, observer) == 0;
}

bool observer_has_pressed(const struct observer *observer) {
    struct observer *ours = (struct observer *)(uintptr_t)observer; // the lock is no part of what is seen
    pthread_mutex_lock(&ours->lock);
    bool pressed = ours->pressed;
    pthread_mutex_unlock(&ours->lock);
    return pressed;
}

/// The counts of one twin: its reported members that are whole numbers.
static void put_counts(struct json_writer *writer, const struct json *shadow) {
    struct json_each each = json_each(json_path(shadow, TEXT("state/reported")));
    while (json_next(&each)) {
        if (!json_is(each.value, JSON_INTEGER)) continue;
        json_key_text(writer, each.name);
        json_put_value(writer, each.value);
    }
}

static void count_function(struct observer *observer, const char *folder, struct json_writer *writer) {
    CLEANUP(function_manifest_destroy_at) struct function_manifest *manifest = NULL;
    if (function_manifest_load(folder, &manifest, NULL)) return; // the functions service says so, loudly
    for (size_t i = 0; i < manifest->state_count; i++) {
        CLEANUP(json_destroy_at) struct json_document *shadow = get_shadow(observer, manifest->state[i]);
        if (shadow != NULL) put_counts(writer, json_root(shadow));
    }
}

void observer_look_now(struct observer *observer, struct snapshot *ret_snapshot, struct buffer *counted) {
    end_thread(observer);
    look(observer, ret_snapshot);
    struct json_writer writer = json_writer(counted);
    json_open_object(&writer);
    const struct site *site = observer->options.site;
    for (size_t i = 0; ret_snapshot->answered && i < site->fog.function_count; i++) {
        count_function(observer, site->fog.functions[i].folder, &writer);
    }
    json_close_object(&writer);
}
