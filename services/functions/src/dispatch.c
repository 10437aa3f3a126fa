// What waits for a function is given to its workers: changes of a thing one after the other, the rest as it came.
#include "service.h"

#include <base/clock.h>

#include <stdlib.h>
#include <string.h>

static struct instance *find_idle(const struct version *version) {
    for (struct instance *instance = version->instances; instance != NULL; instance = instance->after)
        if (instance->next != NULL && !instance->ending) return instance;
    return NULL;
}

/// An idle worker, or one is started, for which the event has to wait.
static struct instance *idle_or_want(struct version *version) {
    struct instance *idle = find_idle(version);
    if (idle == NULL) version_want(version);
    return idle;
}

// --- the route ---

static double random_share(void) {
    return (double)random() / ((double)RAND_MAX + 1);
}

static struct version *route(const struct function *function) {
    const char *second = function->settings.second;
    struct version *other = second == NULL ? NULL : function_version(function, text_of(second));
    if (other != NULL && random_share() < function->settings.second_share) return other;
    return function_target(function);
}

// --- changes ---

/// Two changes of one thing are never worked on at once.
static bool is_being_worked_on(void *context, const char *thing) {
    const struct function *function = context;
    for (const struct version *version = function->versions; version != NULL; version = version->after)
        for (const struct instance *instance = version->instances; instance != NULL; instance = instance->after) {
            const char *current = instance->current == NULL ? NULL : invocation_thing(instance->current);
            if (current != NULL && strcmp(current, thing) == 0) return true;
        }
    return false;
}

static bool give_change(struct function *function) {
    if (function->changes.length == 0) return false;
    if (function->chosen == NULL) function->chosen = route(function);
    struct instance *instance = function->chosen == NULL ? NULL : idle_or_want(function->chosen);
    if (instance == NULL) return false;
    struct pending *pending = queue_take(&function->changes, is_being_worked_on, function);
    if (pending == NULL) return false;
    struct invocation *invocation = invocation_of_changes(pending);
    if (invocation == NULL) {
        if (queue_put_back(&function->changes, pending)) function->dropped++;
        return false;
    }
    function->chosen = NULL;
    instance_give(instance, invocation);
    return true;
}

// --- the rest ---

static void on_retry(void *context) {
    struct function *function = context;
    function->retry_timer = NULL;
    function_dispatch(function);
}

static void wait_until(struct function *function, uint64_t due_ns, uint64_t now_ns) {
    if (function->retry_timer != NULL) return;
    function->retry_timer = loop_timer(function->service->loop, due_ns - now_ns, 0, on_retry, function);
}

static bool is_too_old(const struct function *function, const struct invocation *invocation, uint64_t now_ns) {
    return !invocation->is_synchronous && now_ns - invocation->since_ns > function->settings.age_s * NS_PER_S;
}

static bool give_one(struct function *function, struct invocation *invocation, uint64_t now_ns) {
    if (is_too_old(function, invocation, now_ns)) {
        invocations_remove(&function->waiting, invocation);
        outcome_give_up(function, invocation, "EventAgeExceeded", ERROR_TIMEOUT, "the event has become too old");
        return true;
    }
    if (invocation->due_ns > now_ns) {
        wait_until(function, invocation->due_ns, now_ns);
        return false;
    }
    struct version *version = invocation->version != NULL ? invocation->version : route(function);
    struct instance *instance = version == NULL ? NULL : idle_or_want(version);
    if (instance == NULL) return false;
    invocations_remove(&function->waiting, invocation);
    instance_give(instance, invocation);
    return true;
}

static bool give_waiting(struct function *function) {
    uint64_t now_ns = function->waiting.first == NULL ? 0 : clock_monotonic_ns();
    for (struct invocation *each = function->waiting.first, *next; each != NULL; each = next) {
        next = each->next;
        if (give_one(function, each, now_ns)) return true;
    }
    return false;
}

void function_dispatch(struct function *function) {
    if (function->dispatching || function->service->closing) return;
    function->dispatching = true;
    bool given = true;
    while (given && function->busy < function->settings.concurrency) {
        bool waiting_first = function->waiting_next;
        function->waiting_next = !waiting_first;
        given = waiting_first ? give_waiting(function) || give_change(function)
                              : give_change(function) || give_waiting(function);
    }
    function->dispatching = false;
}

static void on_soon(void *context) {
    struct function *function = context;
    function->soon = NULL;
    function_dispatch(function);
}

static bool has_idle(const struct function *function) {
    for (const struct version *version = function->versions; version != NULL; version = version->after)
        if (find_idle(version) != NULL) return true;
    return false;
}

void function_dispatch_soon(struct function *function) {
    if (has_idle(function)) return function_dispatch(function);
    if (function->soon == NULL) function->soon = loop_timer(function->service->loop, 0, 0, on_soon, function);
}
