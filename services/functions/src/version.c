// One version of a function: when it has how many workers.
#include "service.h"

#include <base/clock.h>
#include <base/file.h>

#include <stdlib.h>
#include <string.h>

static const uint64_t BACK_OFF_FIRST_NS = 100 * NS_PER_MS;
static const uint64_t BACK_OFF_MAX_NS = 10 * NS_PER_S;
static const uint64_t FAILED_RETRY_NS = 10 * NS_PER_S;

// --- what it is ---

static char **copy_list(const char *const *list) {
    size_t count = 0;
    while (list != NULL && list[count] != NULL) count++;
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = strdup(list[i]);
        if (copy[i] != NULL) continue;
        while (i > 0) free(copy[--i]);
        free(copy);
        copy = NULL;
    }
    return copy;
}

static bool copy(struct version *version, const struct version_settings *settings) {
    version->name = strdup(settings->version);
    version->arn = strdup(settings->arn);
    version->handler = strdup(settings->handler == NULL ? "bootstrap" : settings->handler);
    version->folder = strdup(settings->folder);
    version->program = settings->program == NULL ? file_join(settings->folder, "bootstrap") : strdup(settings->program);
    version->environment = copy_list(settings->environment);
    return version->name != NULL && version->arn != NULL && version->handler != NULL && version->folder != NULL &&
           version->program != NULL && version->environment != NULL;
}

enum error version_create(struct function *function, const struct version_settings *settings,
                          struct version **ret_version, struct problem *ret_problem) {
    struct version *version = calloc(1, sizeof *version);
    if (version == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    *version = (struct version){
        .function = function,
        .is_node = text_starts_with(text_of(settings->runtime), TEXT("nodejs")),
        .timeout_s = settings->timeout_s,
        .memory_mb = settings->memory_mb == 0 ? FUNCTION_MEMORY_MB : settings->memory_mb,
        .storage_mb = settings->storage_mb == 0 ? FUNCTION_STORAGE_MB : settings->storage_mb,
        .state = FUNCTION_READY,
        .back_off_ns = BACK_OFF_FIRST_NS,
    };
    enum error error =
        copy(version, settings) ? ERROR_NONE : problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (!error) error = function_manifest_load(version->folder, &version->manifest, ret_problem);
    if (error == ERROR_NOT_FOUND) error = ERROR_NONE; // a package without one has no rights
    if (error) {
        version_destroy(version);
        return error;
    }
    *ret_version = version;
    return ERROR_NONE;
}

void version_destroy(struct version *version) {
    if (version == NULL) return;
    loop_timer_cancel(version->restart_timer);
    function_manifest_destroy(version->manifest);
    for (char **variable = version->environment; variable != NULL && *variable != NULL; variable++) free(*variable);
    free(version->environment);
    free(version->name);
    free(version->arn);
    free(version->handler);
    free(version->folder);
    free(version->program);
    free(version);
}

// --- workers ---

bool version_is_pinned(const struct version *version) {
    const struct function *function = version->function;
    if (version->leaving || !function->settings.pinned) return false;
    const char *second = function->settings.second;
    return version == function_target(function) || (second != NULL && strcmp(version->name, second) == 0);
}

static bool is_starting_one(const struct version *version) {
    for (const struct instance *instance = version->instances; instance != NULL; instance = instance->after)
        if (!instance->asked) return true;
    return false;
}

static void keep_reason(struct version *version, const char *text) {
    error_ignore(problem_say(&version->reason, ERROR_NONE, "%s", text)); // people read it
}

void version_want(struct version *version) {
    size_t allowed = version->function->settings.concurrency;
    if (version->leaving || version->restart_timer != NULL || is_starting_one(version)) return;
    if (version->instance_count >= allowed || version->function->service->closing) return;
    struct problem problem = {0};
    bool is_first = version->instance_count == 0 && version_is_pinned(version);
    if (is_first && version->state == FUNCTION_READY) version->state = FUNCTION_STARTING;
    enum error error = instance_start(version, &problem);
    if (!error) return service_changed(version->function->service);
    keep_reason(version, problem.text[0] == '\0' ? error_text(error) : problem.text);
    version_fail(version); // waiting a tenth of a second mends none of this
}

static void restart(void *context) {
    struct version *version = context;
    version->restart_timer = NULL;
    if (version_is_pinned(version) || version->state == FUNCTION_FAILED) version_want(version);
    function_dispatch(version->function);
}

static void restart_after(struct version *version, uint64_t delay_ns) {
    if (version->leaving || version->restart_timer != NULL) return;
    version->restart_timer = loop_timer(version->function->service->loop, delay_ns, 0, restart, version);
    if (version->restart_timer == NULL) abort(); // a few bytes are all it needs; without them nothing goes on
}

/// Who waits for it is told; what is only queued waits for the day on which it works.
static void refuse_waiting(struct version *version) {
    struct function *function = version->function;
    for (struct invocation *each = function->waiting.first, *next; each != NULL; each = next) {
        next = each->next;
        if (!each->is_synchronous || each->version != version) continue;
        invocations_remove(&function->waiting, each);
        outcome_give_up(function, each, NULL, ERROR_UNAVAILABLE, version->reason.text);
    }
}

void version_fail(struct version *version) {
    bool is_new = version->state != FUNCTION_FAILED;
    version->state = FUNCTION_FAILED;
    if (is_new) function_tell(version->function, SEVERITY_FAILURE, "%s", version->reason.text);
    refuse_waiting(version);
    service_changed(version->function->service);
    restart_after(version, FAILED_RETRY_NS);
}

void version_on_ready(struct version *version) {
    version->early_deaths = 0;
    if (version->state == FUNCTION_READY) return;
    bool was_failed = version->state == FUNCTION_FAILED;
    version->state = FUNCTION_READY;
    version->reason.text[0] = '\0';
    if (was_failed) function_tell(version->function, SEVERITY_INFORMATION, "works again");
    service_changed(version->function->service);
}

void version_worked(struct version *version) {
    version->back_off_ns = BACK_OFF_FIRST_NS;
}

void version_on_death(struct version *version, const char *how, bool asked, bool said_why, const char *last_words) {
    version->restarts++;
    if (!said_why)
        error_ignore(problem_say(&version->reason, ERROR_INTERNAL, "the worker %s%s%s", how,
                                 last_words[0] == '\0' ? "" : "; its last words: ", last_words));
    if (version->state == FUNCTION_READY && version->instance_count == 0 && version_is_pinned(version))
        version->state = FUNCTION_STARTING;
    if (version->state != FUNCTION_FAILED)
        function_tell(version->function, SEVERITY_WARNING, "%s", version->reason.text);
    if (!asked && ++version->early_deaths >= FUNCTION_CRASHES_AT_START_MAX) return version_fail(version);
    restart_after(version, version->back_off_ns);
    version->back_off_ns *= 2;
    if (version->back_off_ns > BACK_OFF_MAX_NS) version->back_off_ns = BACK_OFF_MAX_NS;
}

// --- the end ---

void version_end_idle(struct version *version) {
    for (struct instance *instance = version->instances; instance != NULL; instance = instance->after)
        if (instance->next != NULL) instance_end(instance);
}

void version_leave(struct version *version) {
    version->leaving = true;
    loop_timer_cancel(version->restart_timer);
    version->restart_timer = NULL;
    for (struct instance *instance = version->instances; instance != NULL; instance = instance->after)
        if (instance->current == NULL) instance_end(instance);
    version_free_if_left(version);
}

void version_free_if_left(struct version *version) {
    if (!version->leaving || version->instance_count > 0) return;
    struct version **at = &version->function->versions;
    while (*at != version) at = &(*at)->after;
    *at = version->after;
    version_destroy(version);
}
