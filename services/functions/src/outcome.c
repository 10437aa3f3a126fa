// After an event was with a worker: answered, repeated, or given up.
#include "service.h"

#include <base/clock.h>
#include <json/json.h>

#include <stdio.h>

/// "an event of mps_hmi"; "an event".
static void describe(const struct invocation *invocation, char *ret_text, size_t size) {
    const char *thing = invocation_thing(invocation);
    if (invocation->is_synchronous)
        snprintf(ret_text, size, "the invocation %s", invocation->request_id);
    else if (thing == NULL)
        snprintf(ret_text, size, "the event %s", invocation->request_id);
    else
        snprintf(ret_text, size, "an event of %s", thing);
}

static void write_error(struct buffer *out, const struct invocation *invocation, const struct outcome *outcome) {
    CLEANUP(buffer_clear) struct buffer message = {0};
    buffer_print(&message, "RequestId: %s Error: %s", invocation->request_id, outcome->message);
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "errorType");
    json_put_string(&writer, outcome->type);
    json_key(&writer, "errorMessage");
    json_put_text(&writer, buffer_view(&message));
    json_close_object(&writer);
}

// --- dead letters ---

static void put_time(struct json_writer *writer, const char *name) {
    char time[CLOCK_TEXT_BYTES];
    clock_text(clock_wall_ns(), time);
    json_key(writer, name);
    json_put_string(writer, time);
}

/// The record of AWS Lambda's destinations for events that were given up.
static void write_letter(struct buffer *out, const struct function *function, const struct invocation *invocation,
                         const char *condition, const char *reason) {
    CLEANUP(buffer_clear) struct buffer event = {0};
    invocation_write(invocation, &event);
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "version");
    json_put_string(&writer, "1.0");
    put_time(&writer, "timestamp");
    json_key(&writer, "requestContext");
    json_open_object(&writer);
    json_key(&writer, "requestId");
    json_put_string(&writer, invocation->request_id);
    json_key(&writer, "functionArn");
    const struct version *version = function_target(function);
    json_put_string(&writer, version == NULL ? function->name : version->arn);
    json_key(&writer, "condition");
    json_put_string(&writer, condition);
    json_key(&writer, "approximateInvokeCount");
    json_put_unsigned(&writer, invocation->attempts);
    json_close_object(&writer);
    json_key(&writer, "requestPayload");
    json_put_raw(&writer, event.length == 0 ? TEXT("null") : buffer_view(&event));
    json_key(&writer, "responsePayload");
    json_open_object(&writer);
    json_key(&writer, "errorMessage");
    json_put_string(&writer, reason);
    json_close_object(&writer);
    json_close_object(&writer);
}

static void send_letter(struct function *function, const struct invocation *invocation, const char *condition,
                        const char *reason) {
    const char *topic = function->settings.dead_letter_topic;
    if (topic == NULL || topic[0] == '\0' || condition == NULL) return;
    CLEANUP(buffer_clear) struct buffer letter = {0};
    CLEANUP(buffer_clear) struct buffer subject = {0};
    write_letter(&letter, function, invocation, condition, reason);
    enum error error = bus_subject_from_topic(text_of(topic), &subject);
    if (!error) error = letter.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error) error = bus_publish(function->service->bus, buffer_view(&subject), buffer_view(&letter));
    if (error) function_tell(function, SEVERITY_WARNING, "the dead letter was not sent: %s", error_text(error));
}

void outcome_give_up(struct function *function, struct invocation *invocation, const char *condition, enum error error,
                     const char *reason) {
    const struct invoke_result result = {.error = error,
                                         .problem = reason,
                                         .request_id = invocation->request_id,
                                         .version = invocation->version == NULL ? "" : invocation->version->name};
    invocation_answer(invocation, &result);
    if (!invocation->is_synchronous) {
        char what[96];
        describe(invocation, what, sizeof what);
        function->dropped++;
        send_letter(function, invocation, condition, reason);
        function_tell(function, SEVERITY_WARNING, "%s was given up after %u attempts", what, invocation->attempts);
    }
    invocation_free(invocation);
}

// --- who waits ---

static void answer(const struct instance *instance, struct invocation *invocation, const struct outcome *outcome) {
    CLEANUP(buffer_clear) struct buffer error = {0};
    if (!outcome->good && outcome->payload.length == 0) write_error(&error, invocation, outcome);
    const struct invoke_result result = {
        .request_id = invocation->request_id,
        .version = instance->version->name,
        .function_error = outcome->good ? NULL : "Unhandled",
        .payload = error.length > 0 ? buffer_view(&error) : outcome->payload,
        .log_tail = {instance->worker.output.tail, instance->worker.output.tail_length},
        .problem = outcome->message,
    };
    invocation_answer(invocation, &result);
}

// --- again, or not ---

static void tell_error(struct function *function, struct version *version, const struct invocation *invocation,
                       const struct outcome *outcome) {
    char what[96];
    describe(invocation, what, sizeof what);
    bool own = !outcome->died;
    struct problem text;
    error_ignore(
        problem_say(&text, ERROR_INTERNAL, "%s %s%s", what, own ? "ended with an error: " : "", outcome->message));
    version->reason = text;
    if (own || outcome->timed_out) function_tell(function, SEVERITY_WARNING, "%s", text.text); // a death tells itself
}

/// Changes: the worker's end is not the event's fault at first; the function's own word counts.
static void take_changes(struct function *function, struct invocation *invocation, const struct outcome *outcome) {
    unsigned attempts_max = outcome->timed_out ? FUNCTION_TIMEOUTS_MAX : FUNCTION_ATTEMPTS_MAX;
    invocation->attempts = invocation->pending->attempts;
    if (!outcome->died) {
        send_letter(function, invocation, "RetriesExhausted", outcome->message);
        return invocation_free(invocation);
    }
    if (invocation->attempts >= attempts_max)
        return outcome_give_up(function, invocation, "RetriesExhausted", ERROR_INTERNAL, outcome->message);
    if (queue_put_back(&function->changes, invocation->pending)) function->dropped++; // no memory
    invocation->pending = NULL;
    invocation_free(invocation);
}

static void take_queued(struct function *function, struct invocation *invocation, const struct outcome *outcome) {
    if (invocation->attempts > function->settings.retries)
        return outcome_give_up(function, invocation, "RetriesExhausted", ERROR_INTERNAL, outcome->message);
    invocation->due_ns = clock_monotonic_ns() + (function->service->retry_ns << (invocation->attempts - 1));
    invocations_add(&function->waiting, invocation);
}

void outcome_take(struct instance *instance, struct invocation *invocation, const struct outcome *outcome) {
    struct version *version = instance->version;
    struct function *function = version->function;
    if (!outcome->good) {
        function->errors++;
        version->errors++;
        tell_error(function, version, invocation, outcome);
    }
    if (outcome->good || invocation->is_synchronous) {
        answer(instance, invocation, outcome);
        return invocation_free(invocation);
    }
    if (invocation->pending != NULL) return take_changes(function, invocation, outcome);
    take_queued(function, invocation, outcome);
}
