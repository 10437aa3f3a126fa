#include "service.h"

#include <base/clock.h>
#include <json/json.h>

static const char *const state_names[] = {
    [FUNCTION_STARTING] = "starting", [FUNCTION_READY] = "ready", [FUNCTION_FAILED] = "failed"};

static void put_number(struct json_writer *writer, const char *name, uint64_t value) {
    json_key(writer, name);
    json_put_unsigned(writer, value);
}

static void put_text(struct json_writer *writer, const char *name, const char *value) {
    json_key(writer, name);
    json_put_string(writer, value);
}

static void put_real(struct json_writer *writer, const char *name, double value) {
    json_key(writer, name);
    json_put_real(writer, value);
}

/// Of the versions together.
struct sums {
    uint64_t restarts, cold_starts;
    size_t workers;
    pid_t pid; // of one worker
};

static struct sums add_up(const struct function *function) {
    struct sums sums = {0};
    for (const struct version *version = function->versions; version != NULL; version = version->after) {
        sums.restarts += version->restarts;
        sums.cold_starts += version->cold_starts;
        sums.workers += version->instance_count;
        if (version->instances != NULL) sums.pid = version->instances->worker.pid;
    }
    return sums;
}

static double queue_age_s(const struct function *function) {
    const struct invocation *first = function->waiting.first;
    return first == NULL ? 0 : (double)(clock_monotonic_ns() - first->since_ns) / (double)NS_PER_S;
}

static void put_histogram(struct json_writer *writer, const char *name, const struct histogram *histogram) {
    json_key(writer, name);
    json_open_object(writer);
    put_number(writer, "count", histogram->count);
    put_real(writer, "sum_ms", histogram->sum_ms);
    put_real(writer, "p50_ms", histogram_quantile_ms(histogram, 0.5));
    put_real(writer, "p99_ms", histogram_quantile_ms(histogram, 0.99));
    json_key(writer, "buckets");
    json_open_array(writer);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) json_put_unsigned(writer, histogram->counts[i]);
    json_close_array(writer);
    json_close_object(writer);
}

static void put_function(struct json_writer *writer, const struct function *function) {
    const struct version *target = function_target(function);
    struct sums sums = add_up(function);
    json_open_object(writer);
    put_text(writer, "name", function->name);
    put_text(writer, "version", target == NULL ? "" : target->name);
    put_text(writer, "state", state_names[target == NULL ? FUNCTION_FAILED : target->state]);
    put_number(writer, "invocations", function->invocations);
    put_number(writer, "errors", function->errors);
    put_number(writer, "queued", function->changes.length + function->waiting.length);
    put_number(writer, "joined", function->changes.joined);
    put_number(writer, "dropped", function->dropped);
    put_number(writer, "throttles", function->throttles);
    put_number(writer, "restarts", sums.restarts);
    put_number(writer, "coldStarts", sums.cold_starts);
    put_number(writer, "workers", sums.workers);
    put_number(writer, "busy", function->busy);
    put_number(writer, "pid", (uint64_t)sums.pid);
    put_real(writer, "queueAge_s", queue_age_s(function));
    put_histogram(writer, "duration", &function->duration);
    if (target != NULL) put_histogram(writer, "coldStart", &target->cold_start);
    put_text(writer, "reason", target == NULL ? "its version is not there" : target->reason.text);
    json_close_object(writer);
}

static void put_undeployed(struct json_writer *writer, struct text name, const struct problem *reason) {
    json_open_object(writer);
    json_key(writer, "name");
    json_put_text(writer, name);
    put_text(writer, "state", state_names[FUNCTION_FAILED]);
    put_text(writer, "reason", reason->text);
    json_close_object(writer);
}

static void put_isolation(struct json_writer *writer, const struct sandbox *sandbox) {
    json_key(writer, "isolation");
    json_open_object(writer);
    put_text(writer, "sandbox", sandbox->isolates ? "bubblewrap" : "none");
    put_text(writer, "limits", sandbox->cgroup == NULL ? "rlimits" : "cgroup");
    put_text(writer, "reason", sandbox->reason == NULL ? "" : sandbox->reason);
    json_close_object(writer);
}

void status_fill(void *context, struct json_writer *writer) {
    const struct service *service = context;
    struct text name;
    void *value;
    put_isolation(writer, &service->sandbox);
    json_key(writer, "functions");
    json_open_array(writer);
    for (size_t at = 0; map_next(service->functions, &at, NULL, &value);) put_function(writer, value);
    for (size_t at = 0; map_next(service->undeployed, &at, &name, &value);) put_undeployed(writer, name, value);
    json_close_array(writer);
}

void status_reason(const struct service *service, struct problem *ret_reason) {
    struct text name;
    void *value;
    ret_reason->text[0] = '\0';
    for (size_t at = 0; map_next(service->undeployed, &at, &name, &value);) {
        const struct problem *reason = value;
        error_ignore(problem_say(ret_reason, ERROR_NONE, "function %.*s: %s", TEXT_ARG(name), reason->text));
        return;
    }
    for (size_t at = 0; map_next(service->functions, &at, &name, &value);) {
        const struct version *target = function_target(value);
        if (target == NULL || target->state != FUNCTION_FAILED) continue;
        error_ignore(problem_say(ret_reason, ERROR_NONE, "function %.*s: %s", TEXT_ARG(name), target->reason.text));
        return;
    }
}
