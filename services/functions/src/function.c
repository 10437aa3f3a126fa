// What is deployed, and what comes in for it.
#include "service.h"

#include <base/clock.h>
#include <base/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void function_tell(struct function *function, unsigned severity, const char *format, ...) {
    struct problem text;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text.text, sizeof text.text, format, arguments);
    va_end(arguments);
    log_line(severity < SEVERITY_WARNING ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "%s: %s", function->name, text.text);
    char source[128];
    snprintf(source, sizeof source, "functions/%s", function->name);
    error_ignore(bus_event(function->service->bus, severity, source, "%s", text.text)); // the log has it in any case
    service_changed(function->service);
}

// --- settings ---

static void clear_settings(struct function_settings *settings) {
    for (size_t i = 0; i < settings->trigger_count; i++) {
        const struct function_trigger *trigger = &settings->triggers[i];
        const char *const texts[] = {trigger->twin,  trigger->path,     trigger->condition,
                                     trigger->topic, trigger->schedule, trigger->event};
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) free((char *)texts[j]);
    }
    free((void *)settings->triggers);
    free((char *)settings->version);
    free((char *)settings->second);
    free((char *)settings->dead_letter_topic);
    *settings = (struct function_settings){0};
}

static const char *copy_text(const char *text, bool *failed) {
    char *copy = text == NULL ? NULL : strdup(text);
    if (text != NULL && copy == NULL) *failed = true;
    return copy;
}

static enum error copy_settings(const struct function_settings *from, struct function_settings *ret_settings) {
    bool failed = false;
    struct function_settings copy = *from;
    copy.name = NULL; // the function has it
    copy.version = copy_text(from->version, &failed);
    copy.second = copy_text(from->second, &failed);
    copy.dead_letter_topic = copy_text(from->dead_letter_topic, &failed);
    struct function_trigger *triggers = calloc(from->trigger_count + 1, sizeof *triggers);
    copy.triggers = triggers;
    if (triggers == NULL) copy.trigger_count = 0;
    for (size_t i = 0; i < copy.trigger_count; i++) {
        const struct function_trigger *each = &from->triggers[i];
        triggers[i] = (struct function_trigger){.twin = copy_text(each->twin, &failed),
                                                .path = copy_text(each->path, &failed),
                                                .condition = copy_text(each->condition, &failed),
                                                .topic = copy_text(each->topic, &failed),
                                                .schedule = copy_text(each->schedule, &failed),
                                                .event = copy_text(each->event, &failed),
                                                .severity = each->severity,
                                                .url = each->url};
    }
    *ret_settings = copy;
    return failed || triggers == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

// --- functions ---

static struct function *create(struct service *service, const char *name) {
    struct function *function = calloc(1, sizeof *function);
    if (function == NULL) return NULL;
    *function = (struct function){.service = service, .name = strdup(name), .log = {.file = -1}};
    CLEANUP(free_at) char *folder = NULL;
    if (asprintf(&folder, "functions/%s", name) < 0) folder = NULL;
    function->data_folder = folder == NULL ? NULL : site_path(service->site, folder);
    bool complete = function->name != NULL && function->data_folder != NULL;
    if (complete && !map_set(service->functions, text_of(name), function)) return function;
    function_destroy(function);
    return NULL;
}

static struct function *find_or_create(struct service *service, const char *name) {
    struct function *function = map_get(service->functions, text_of(name));
    return function != NULL ? function : create(service, name);
}

void function_destroy(struct function *function) {
    if (function == NULL) return;
    triggers_close(function);
    loop_timer_cancel(function->retry_timer);
    loop_timer_cancel(function->soon);
    for (struct version *version = function->versions; version != NULL; version = version->after)
        instances_stop(version);
    while (function->waiting.first != NULL) {
        struct invocation *invocation = function->waiting.first;
        invocations_remove(&function->waiting, invocation);
        const struct invoke_result result = {.error = ERROR_UNAVAILABLE,
                                             .problem = "the function is not there any more",
                                             .request_id = invocation->request_id,
                                             .version = ""};
        invocation_answer(invocation, &result);
        invocation_free(invocation);
    }
    while (function->versions != NULL) {
        struct version *after = function->versions->after;
        version_destroy(function->versions);
        function->versions = after;
    }
    queue_clear(&function->changes);
    worker_log_close(&function->log);
    clear_settings(&function->settings);
    free(function->name);
    free(function->data_folder);
    free(function);
}

struct version *function_version(const struct function *function, struct text name) {
    for (struct version *version = function->versions; version != NULL; version = version->after)
        if (!version->leaving && text_is(name, version->name)) return version;
    return NULL;
}

struct version *function_target(const struct function *function) {
    return function_version(function, text_of(function->settings.version));
}

/// After a change of versions or route: whoever is pinned is started, what waits goes to its new end, nobody is kept
/// for nothing.
static void settle(struct function *function) {
    function->chosen = NULL;
    for (struct version *version = function->versions; version != NULL; version = version->after) {
        if (version_is_pinned(version) && version->instance_count == 0) version_want(version);
        if (!version_is_pinned(version)) version_end_idle(version);
    }
    service_changed(function->service);
    function_dispatch(function);
}

enum error runtime_put_function(struct service *service, const struct function_settings *settings,
                                struct problem *ret_problem) {
    struct function *function = find_or_create(service, settings->name);
    struct function_settings copy = {0};
    enum error error = function == NULL ? ERROR_NO_MEMORY : copy_settings(settings, &copy);
    if (error) {
        clear_settings(&copy);
        return problem_say(ret_problem, error, "out of memory");
    }
    triggers_close(function);
    clear_settings(&function->settings);
    function->settings = copy;
    error = triggers_open(function, ret_problem);
    settle(function);
    return error;
}

void runtime_drop_function(struct service *service, const char *name) {
    function_destroy(map_remove(service->functions, text_of(name)));
    service_changed(service);
}

/// What waits for the version that was there waits for the one that takes its place.
static void replace(struct function *function, const struct version *before, struct version *after) {
    for (struct invocation *each = function->waiting.first, *next; each != NULL; each = next) {
        next = each->next;
        if (each->version != before) continue;
        each->version = after;
        if (after != NULL) continue;
        invocations_remove(&function->waiting, each);
        outcome_give_up(function, each, "RetriesExhausted", ERROR_NOT_FOUND, "the version is not there any more");
    }
}

enum error runtime_put_version(struct service *service, const struct version_settings *settings,
                               struct problem *ret_problem) {
    struct function *function = find_or_create(service, settings->function);
    if (function == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct version *version = NULL;
    enum error error = version_create(function, settings, &version, ret_problem);
    if (error) return error;
    struct version *before = function_version(function, text_of(settings->version));
    version->after = function->versions;
    function->versions = version;
    if (before != NULL) {
        replace(function, before, version);
        if (function->chosen == before) function->chosen = NULL;
        version_leave(before);
    }
    settle(function);
    return ERROR_NONE;
}

void runtime_drop_version(struct service *service, const char *function_name, const char *version_name) {
    struct function *function = map_get(service->functions, text_of(function_name));
    struct version *version = function == NULL ? NULL : function_version(function, text_of(version_name));
    if (version == NULL) return;
    replace(function, version, NULL);
    if (function->chosen == version) function->chosen = NULL;
    version_leave(version);
}

bool runtime_counts(const struct service *service, const char *function_name, const char *version_name,
                    struct version_counts *ret_counts) {
    const struct function *function = map_get(service->functions, text_of(function_name));
    const struct version *version = function == NULL ? NULL : function_version(function, text_of(version_name));
    if (version == NULL) return false;
    *ret_counts = (struct version_counts){version->invocations, version->errors};
    return true;
}

// --- changes of twins ---

bool function_watches(const struct function *function, const char *thing) {
    for (size_t i = 0; i < function->settings.trigger_count; i++) {
        const char *twin = function->settings.triggers[i].twin;
        if (twin != NULL && text_matches(text_of(thing), text_of(twin))) return true;
    }
    return false;
}

void function_offer(struct function *function, struct change *change, const struct json *told) {
    const struct version *target = function_target(function);
    struct change_filter filter = {function->settings.triggers, function->settings.trigger_count, NULL, 0};
    if (target == NULL) return;
    if (target->manifest != NULL) {
        filter.own = target->manifest->state;
        filter.own_count = target->manifest->state_count;
    }
    if (!change_concerns(change, told, &filter)) return;
    if (queue_add(&function->changes, change)) function->dropped++; // no memory
    function_dispatch(function);
}

// --- invocations ---

void function_queue(struct function *function, struct invocation *invocation) {
    invocation->since_ns = clock_monotonic_ns();
    if (function->waiting.length >= INVOKE_QUEUE_MAX) {
        function->throttles++;
        return outcome_give_up(function, invocation, "RetriesExhausted", ERROR_LIMIT, "the queue is full");
    }
    invocations_add(&function->waiting, invocation);
    function_dispatch_soon(function);
}

static size_t count_synchronous(const struct function *function) {
    size_t count = 0;
    for (const struct invocation *each = function->waiting.first; each != NULL; each = each->next)
        count += each->is_synchronous;
    return count;
}

static enum error check(struct function *function, const struct version *version, const struct invoke_request *request,
                        struct problem *ret_problem) {
    bool synchronous = request->done != NULL;
    size_t bytes_max = synchronous ? INVOKE_EVENT_BYTES_MAX : INVOKE_ASYNCHRONOUS_BYTES_MAX;
    if (request->event.length > bytes_max)
        return problem_say(ret_problem, ERROR_TOO_LARGE,
                           "%zu byte payload is too large for the %s invocation type "
                           "(limit %zu bytes)",
                           request->event.length, synchronous ? "RequestResponse" : "Event", bytes_max);
    bool full = synchronous ? function->busy + count_synchronous(function) >= function->settings.concurrency
                            : function->waiting.length >= INVOKE_QUEUE_MAX;
    if (full) {
        function->throttles++;
        return problem_say(ret_problem, ERROR_LIMIT, "Rate Exceeded.");
    }
    if (synchronous && version->state == FUNCTION_FAILED)
        return problem_say(ret_problem, ERROR_UNAVAILABLE, "%s", version->reason.text);
    return ERROR_NONE;
}

enum error invoke(struct service *service, const struct invoke_request *request, char ret_request_id[static 37],
                  struct problem *ret_problem) {
    struct function *function = map_get(service->functions, text_of(request->function));
    struct version *version = function == NULL ? NULL : function_version(function, text_of(request->version));
    if (version == NULL)
        return problem_say(ret_problem, ERROR_NOT_FOUND, "Function not found: %s:%s", request->function,
                           request->version);
    enum error error = check(function, version, request, ret_problem);
    if (error) return error;
    struct invocation *invocation = invocation_create(request->event);
    if (invocation == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    invocation->version = version;
    invocation->is_synchronous = request->done != NULL;
    invocation->done = request->done;
    invocation->context = request->context;
    buffer_text(&invocation->client_context, request->client_context);
    for (size_t i = 0; i < invocation->client_context.length; i++) // becomes a header line; white space in JSON
        if ((unsigned char)invocation->client_context.data[i] < ' ') invocation->client_context.data[i] = ' ';
    memcpy(ret_request_id, invocation->request_id, REQUEST_ID_BYTES);
    function_queue(function, invocation);
    return ERROR_NONE;
}

static bool forget(struct invocation *invocation, const char *request_id) {
    if (invocation == NULL || strcmp(invocation->request_id, request_id) != 0) return false;
    invocation->done = NULL;
    return true;
}

static bool forget_in(const struct function *function, const char *request_id) {
    for (struct invocation *each = function->waiting.first; each != NULL; each = each->next)
        if (forget(each, request_id)) return true;
    for (const struct version *version = function->versions; version != NULL; version = version->after)
        for (const struct instance *instance = version->instances; instance != NULL; instance = instance->after)
            if (forget(instance->current, request_id)) return true;
    return false;
}

void invoke_forget(struct service *service, const char *request_id) {
    void *function;
    for (size_t at = 0; map_next(service->functions, &at, NULL, &function);)
        if (forget_in(function, request_id)) return;
}
