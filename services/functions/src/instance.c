// A worker: started, given events, ended; and what it says in between.
#include "service.h"

#include <base/clock.h>
#include <base/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t GRAVE_LOOK_NS = 200 * NS_PER_MS;

// --- endpoints whose workers are gone ---

/// A call that a worker has made just before its end is still answered by the bus: its request must be there till then.
struct grave {
    struct service *service;
    struct http_server *server;
    struct loop_timer *timer;
    struct grave *next;
};

static void grave_free(struct grave *grave) {
    loop_timer_cancel(grave->timer);
    http_server_close(grave->server);
    free(grave);
}

static void look_at_grave(void *context) {
    struct grave *grave = context;
    if (http_server_is_busy(grave->server)) return;
    struct grave **at = &grave->service->graves;
    while (*at != grave) at = &(*at)->next;
    *at = grave->next;
    grave_free(grave);
}

static void bury(struct service *service, struct http_server *server) {
    if (server == NULL) return;
    struct grave *grave = http_server_is_busy(server) ? calloc(1, sizeof *grave) : NULL;
    if (grave == NULL) return http_server_close(server);
    *grave = (struct grave){service, server, NULL, service->graves};
    grave->timer = loop_timer(service->loop, GRAVE_LOOK_NS, GRAVE_LOOK_NS, look_at_grave, grave);
    if (grave->timer == NULL) abort(); // a few bytes
    service->graves = grave;
}

void graves_clear(struct service *service) {
    while (service->graves != NULL) {
        struct grave *next = service->graves->next;
        grave_free(service->graves);
        service->graves = next;
    }
}

// --- its life ---

static void on_worker_ended(void *context, const char *how);

static void link_in(struct instance *instance) {
    struct version *version = instance->version;
    instance->after = version->instances;
    version->instances = instance;
    version->instance_count++;
}

static void take_out(struct instance *instance) {
    struct instance **at = &instance->version->instances;
    while (*at != instance) at = &(*at)->after;
    *at = instance->after;
    instance->version->instance_count--;
}

static void stop_timers(struct instance *instance) {
    loop_timer_cancel(instance->time_limit);
    loop_timer_cancel(instance->idle);
    instance->time_limit = instance->idle = NULL;
}

static void answer_gone(struct instance *instance) {
    struct http_request *request = instance->next;
    instance->next = NULL;
    if (request != NULL) http_answer(request, 503, NULL, 0, TEXT_EMPTY); // frees it
}

static enum error prepare(struct version *version, struct problem *ret_problem) {
    struct function *function = version->function;
    const struct service *service = function->service;
    const char *mode = service->site->fog.sandbox;
    if (!service->sandbox.isolates && mode != NULL && strcmp(mode, "require") == 0)
        return problem_say(ret_problem, ERROR_FORBIDDEN, "no sandbox, and the site file requires one: %s",
                           service->sandbox.reason);
    if (function->log.file < 0) {
        worker_log_close(&function->log);
        enum error error = worker_log_open(&function->log, function->data_folder, WORKER_LOG_BYTES_MAX, ret_problem);
        if (error) return error;
    }
    if (file_exists(version->program)) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_NOT_FOUND, "%s does not exist: build the function", version->program);
}

/// Without a network of its own the worker needs to know the port, with one it can only be had from it.
static enum error start(struct instance *instance, struct problem *ret_problem) {
    struct version *version = instance->version;
    struct jail jail = {.program = version->program,
                        .folder = version->folder,
                        .name = version->function->name,
                        .memory_mb = version->memory_mb,
                        .storage_mb = version->storage_mb,
                        .network = version->manifest != NULL && version->manifest->network,
                        .isolated = version->function->service->sandbox.isolates};
    bool own_network = jail.isolated && !jail.network;
    enum error error = jail_check(&jail, ret_problem);
    if (!error && !own_network) error = runtime_api_open(instance, -1, ret_problem);
    if (error) return error;
    unsigned port = own_network ? SANDBOX_PORT : http_server_port(instance->server);
    CLEANUP(environment_clear) struct environment environment = {0};
    environment_make(instance, jail_folder(&jail), port, &environment);
    if (environment.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    int listening = -1;
    error = worker_start(&instance->worker, &jail, (const char *const *)environment.list, &listening, ret_problem);
    if (error || !own_network) return error;
    if (listening >= 0) return runtime_api_open(instance, listening, ret_problem);
    return problem_say(ret_problem, ERROR_IO, "the sandbox has not given its socket");
}

enum error instance_start(struct version *version, struct problem *ret_problem) {
    enum error error = prepare(version, ret_problem);
    if (error) return error;
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct service *service = version->function->service;
    *instance = (struct instance){
        .version = version,
        .started_ns = clock_monotonic_ns(),
        .worker = {.loop = service->loop,
                   .sandbox = &service->sandbox,
                   .output = {.log = &version->function->log, .version = version->name, .request_id = ""},
                   .ended = on_worker_ended,
                   .context = instance},
    };
    error = pki_secret(instance->token);
    if (!error) error = start(instance, ret_problem);
    if (!error) {
        link_in(instance);
        return ERROR_NONE;
    }
    worker_stop(&instance->worker);
    http_server_close(instance->server);
    free(instance);
    return error;
}

void instance_end(struct instance *instance) {
    instance->ending = true;
    worker_kill(&instance->worker); // on_worker_ended follows
}

void instances_stop(struct version *version) {
    while (version->instances != NULL) {
        struct instance *instance = version->instances;
        stop_timers(instance);
        worker_stop(&instance->worker);
        answer_gone(instance); // else its connection, which outlives it, would tell it of its end
        if (instance->current != NULL) {
            const struct invoke_result result = {.error = ERROR_UNAVAILABLE,
                                                 .problem = "the function service ends",
                                                 .request_id = instance->current->request_id,
                                                 .version = version->name};
            invocation_answer(instance->current, &result);
        }
        invocation_free(instance->current);
        take_out(instance);
        bury(version->function->service, instance->server);
        free(instance);
    }
}

// --- an event ---

static struct invocation *take_current(struct instance *instance) {
    struct invocation *invocation = instance->current;
    loop_timer_cancel(instance->time_limit);
    instance->time_limit = NULL;
    instance->current = NULL;
    instance->version->function->busy--;
    return invocation;
}

static void finish(struct instance *instance, const struct outcome *outcome) {
    struct version *version = instance->version;
    worker_drain(&instance->worker);
    struct invocation *invocation = take_current(instance);
    histogram_add(&version->function->duration, clock_monotonic_ns() - instance->given_ns);
    outcome_take(instance, invocation, outcome);
    instance->worker.output.request_id = "";
}

static void on_time_limit(void *context) {
    struct instance *instance = context;
    instance->time_limit = NULL;
    instance->timed_out = true;
    worker_kill(&instance->worker); // on_worker_ended follows
}

void instance_give(struct instance *instance, struct invocation *invocation) {
    struct version *version = instance->version;
    struct function *function = version->function;
    struct http_request *request = instance->next;
    instance->next = NULL;
    loop_timer_cancel(instance->idle);
    instance->idle = NULL;
    instance->current = invocation;
    instance->given_ns = clock_monotonic_ns();
    instance->worker.output.request_id = invocation->request_id;
    instance->worker.output.tail_length = 0;
    function->busy++;
    function->invocations++;
    version->invocations++;
    invocation->attempts++;
    if (invocation->pending != NULL) invocation->pending->attempts++;
    uint64_t limit_ns = version->timeout_s * NS_PER_S;
    instance->time_limit = loop_timer(function->service->loop, limit_ns, 0, on_time_limit, instance);
    CLEANUP(buffer_clear) struct buffer event = {0};
    invocation_write(invocation, &event);
    runtime_api_give(instance, request, buffer_view(&event), (clock_wall_ns() + limit_ns) / NS_PER_MS);
}

static void on_idle(void *context) {
    struct instance *instance = context;
    instance->idle = NULL;
    bool kept = version_is_pinned(instance->version) && instance->version->instance_count == 1;
    if (!kept) instance_end(instance);
}

static void on_next_gone(void *context) {
    answer_gone(context);
}

void instance_on_next(struct instance *instance, struct http_request *request) {
    struct version *version = instance->version;
    struct service *service = version->function->service;
    answer_gone(instance); // its client has left without a word
    if (instance->current != NULL) {
        struct outcome outcome = {.type = "Runtime.NoAnswer",
                                  .message = "the worker asked for the next event without answering for the last one"};
        finish(instance, &outcome);
    }
    instance->next = request;
    http_on_gone(request, on_next_gone, instance);
    if (!instance->asked) {
        instance->asked = true;
        version->cold_starts++;
        histogram_add(&version->cold_start, clock_monotonic_ns() - instance->started_ns);
        version_on_ready(version);
    }
    if (version->leaving) return instance_end(instance);
    function_dispatch(version->function);
    if (instance->next != NULL && instance->idle == NULL)
        instance->idle = loop_timer(service->loop, service->idle_ns, 0, on_idle, instance);
}

bool instance_is_current(const struct instance *instance, struct text id) {
    return instance->current != NULL && text_is(id, instance->current->request_id);
}

void instance_on_response(struct instance *instance, struct text answer) {
    version_worked(instance->version);
    finish(instance, &(struct outcome){.good = true, .payload = answer});
}

void instance_on_error(struct instance *instance, struct text document, struct text message) {
    CLEANUP(free_at) char *text = text_copy(message);
    finish(instance, &(struct outcome){.type = "Error", .payload = document, .message = text == NULL ? "" : text});
}

void instance_on_too_large(struct instance *instance, size_t bytes) {
    struct problem problem;
    error_ignore(problem_say(&problem, ERROR_TOO_LARGE,
                             "Response payload size (%zu bytes) exceeded maximum allowed payload size (%d bytes).",
                             bytes, INVOKE_EVENT_BYTES_MAX));
    finish(instance, &(struct outcome){.type = "Function.ResponseSizeTooLarge", .message = problem.text});
}

void instance_on_init_error(struct instance *instance, struct text message) {
    struct version *version = instance->version;
    instance->failed_to_start = true;
    error_ignore(problem_say(&version->reason, ERROR_INTERNAL, "cannot start: %.*s", TEXT_ARG(message))); // told below
    function_tell(version->function, SEVERITY_WARNING, "%s", version->reason.text);
}

// --- its end ---

static void finish_dead(struct instance *instance, const char *how) {
    struct problem problem;
    struct outcome outcome = {.died = true, .timed_out = instance->timed_out, .message = problem.text};
    outcome.type = instance->timed_out ? "Sandbox.Timedout" : "Runtime.ExitError";
    if (instance->timed_out)
        error_ignore(problem_say(&problem, ERROR_TIMEOUT, "took longer than the time limit of %u s",
                                 instance->version->timeout_s));
    else
        error_ignore(problem_say(&problem, ERROR_INTERNAL, "the worker %s", how));
    finish(instance, &outcome);
}

static void on_worker_ended(void *context, const char *how) {
    struct instance *instance = context;
    struct version *version = instance->version;
    struct function *function = version->function;
    stop_timers(instance);
    answer_gone(instance);
    if (instance->current != NULL) finish_dead(instance, how);
    take_out(instance);
    bury(function->service, instance->server);
    bool left = version->leaving;
    if (!left && !instance->ending)
        version_on_death(version, how, instance->asked, instance->failed_to_start, instance->worker.output.last);
    free(instance);
    if (left) version_free_if_left(version);
    service_changed(function->service);
    function_dispatch(function);
}
