// Topics, times and events that start functions. Changes of twins: change.c; HTTP: lambda_url.c.
#include "condition.h"
#include "rights.h"
#include "schedule.h"
#include "service.h"

#include <base/clock.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t SLEEP_MAX_NS = 60 * NS_PER_S; // the wall clock may be set meanwhile

/// One that needs something of its own. What it was asked for is in the function's settings.
struct trigger {
    struct function *function;
    const struct function_trigger *settings;
    struct bus_subscription *subscription;
    struct schedule schedule;
    uint64_t due_s;
    struct loop_timer *timer;
    struct trigger *next;
};

static void give(struct function *function, struct buffer *event) {
    struct invocation *invocation = event->failed ? NULL : invocation_create(buffer_view(event));
    if (invocation == NULL) {
        function->dropped++;
        return;
    }
    function_queue(function, invocation);
}

// --- topics ---

/// As JSON when it is some, else as a string.
static void write_payload(struct json_writer *writer, struct text data) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {INVOKE_ASYNCHRONOUS_BYTES_MAX, 64};
    json_key(writer, "payload");
    if (!json_parse(data, limits, &document, NULL))
        json_put_value(writer, json_root(document));
    else
        json_put_text(writer, data);
}

/// A wildcard at the beginning of a filter does not mean what services say to each other.
static bool is_meant(struct text topic, struct text filter) {
    bool wild = text_starts_with(filter, TEXT("+")) || text_starts_with(filter, TEXT("#"));
    if (wild && (text_starts_with(topic, TEXT("splc/")) || text_starts_with(topic, TEXT("_INBOX/")))) return false;
    return topic_matches(topic, filter);
}

static void on_message(void *context, const struct bus_message *message) {
    struct trigger *trigger = context;
    struct function *function = trigger->function;
    CLEANUP(buffer_clear) struct buffer topic = {0};
    CLEANUP(buffer_clear) struct buffer event = {0};
    if (bus_topic_from_subject(message->subject, &topic)) return;
    if (!is_meant(buffer_view(&topic), text_of(trigger->settings->topic))) return;
    if (message->data.length > INVOKE_ASYNCHRONOUS_BYTES_MAX) {
        function->dropped++;
        return function_tell(function, SEVERITY_WARNING, "a message on %s is larger than 256 KB: left out", topic.data);
    }
    struct json_writer writer = json_writer(&event);
    json_open_object(&writer);
    json_key(&writer, "source");
    json_put_string(&writer, "splc.topic");
    json_key(&writer, "topic");
    json_put_text(&writer, buffer_view(&topic));
    write_payload(&writer, message->data);
    json_close_object(&writer);
    give(function, &event);
}

/// "plant/+/alarm" is "plant.*.alarm", "plant/#" is "plant.>".
static enum error subscribe_topic(struct trigger *trigger, struct problem *ret_problem) {
    char subject[300];
    snprintf(subject, sizeof subject, "%s", trigger->settings->topic);
    for (char *c = subject; *c != '\0'; c++) {
        if (*c == '/') *c = '.';
        if (*c == '+') *c = '*';
        if (*c == '#') *c = '>';
    }
    enum error error =
        bus_subscribe(trigger->function->service->bus, subject, NULL, on_message, trigger, &trigger->subscription);
    return error ? problem_say(ret_problem, error, "topic %s: %s", trigger->settings->topic, error_text(error))
                 : ERROR_NONE;
}

// --- the event stream ---

static void on_event(void *context, const struct bus_message *message) {
    struct trigger *trigger = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {64 * 1024, 16};
    if (json_parse(message->data, limits, &document, NULL)) return;
    const struct json *root = json_root(document);
    struct text source = json_string(json_member(root, "source"));
    char own[128];
    snprintf(own, sizeof own, "functions/%s", trigger->function->name); // would start itself
    if (!text_matches(source, text_of(trigger->settings->event)) || text_is(source, own)) return;
    if (json_integer(json_member(root, "severity"), 0) < (int64_t)trigger->settings->severity) return;
    CLEANUP(buffer_clear) struct buffer event = {0};
    struct json_writer writer = json_writer(&event);
    json_open_object(&writer);
    json_key(&writer, "source");
    json_put_string(&writer, "splc.event");
    json_key(&writer, "event");
    json_put_value(&writer, root);
    json_close_object(&writer);
    give(trigger->function, &event);
}

static enum error subscribe_events(struct trigger *trigger, struct problem *ret_problem) {
    enum error error =
        bus_subscribe(trigger->function->service->bus, "splc.event", NULL, on_event, trigger, &trigger->subscription);
    return error ? problem_say(ret_problem, error, "events: %s", error_text(error)) : ERROR_NONE;
}

// --- times ---

static void sleep_until_due(struct trigger *trigger);

/// AWS EventBridge's scheduled event, as far as it means something here.
static void give_time(struct trigger *trigger) {
    char time[CLOCK_TEXT_BYTES];
    clock_text(trigger->due_s * NS_PER_S, time);
    CLEANUP(buffer_clear) struct buffer event = {0};
    struct json_writer writer = json_writer(&event);
    json_open_object(&writer);
    json_key(&writer, "source");
    json_put_string(&writer, "splc.schedule");
    json_key(&writer, "detail-type");
    json_put_string(&writer, "Scheduled Event");
    json_key(&writer, "time");
    json_put_string(&writer, time);
    json_key(&writer, "schedule");
    json_put_string(&writer, trigger->settings->schedule);
    json_close_object(&writer);
    give(trigger->function, &event);
}

static void on_time(void *context) {
    struct trigger *trigger = context;
    trigger->timer = NULL;
    uint64_t now_s = trigger->function->service->wall_ns() / NS_PER_S;
    if (now_s >= trigger->due_s) {
        give_time(trigger);
        trigger->due_s = schedule_next_s(&trigger->schedule, now_s); // what was missed is left out
    }
    sleep_until_due(trigger);
}

static void sleep_until_due(struct trigger *trigger) {
    struct service *service = trigger->function->service;
    if (trigger->due_s == 0) return;
    uint64_t now_ns = service->wall_ns(), due_ns = trigger->due_s * NS_PER_S;
    uint64_t left_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    if (left_ns > SLEEP_MAX_NS) left_ns = SLEEP_MAX_NS;
    trigger->timer = loop_timer(service->loop, left_ns, 0, on_time, trigger);
}

static enum error begin_schedule(struct trigger *trigger, struct problem *ret_problem) {
    enum error error = schedule_read(text_of(trigger->settings->schedule), &trigger->schedule, ret_problem);
    if (error) return error;
    trigger->due_s = schedule_next_s(&trigger->schedule, trigger->function->service->wall_ns() / NS_PER_S);
    sleep_until_due(trigger);
    return ERROR_NONE;
}

// --- all ---

static enum error begin(struct trigger *trigger, struct problem *ret_problem) {
    const struct function_trigger *settings = trigger->settings;
    if (settings->topic != NULL) return subscribe_topic(trigger, ret_problem);
    if (settings->event != NULL) return subscribe_events(trigger, ret_problem);
    if (settings->schedule != NULL) return begin_schedule(trigger, ret_problem);
    if (settings->condition != NULL && settings->condition[0] != '\0')
        return condition_check(text_of(settings->condition), ret_problem);
    return ERROR_NONE;
}

enum error triggers_open(struct function *function, struct problem *ret_problem) {
    for (size_t i = 0; i < function->settings.trigger_count; i++) {
        struct trigger *trigger = calloc(1, sizeof *trigger);
        if (trigger == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
        *trigger = (struct trigger){
            .function = function, .settings = &function->settings.triggers[i], .next = function->triggers};
        function->triggers = trigger;
        enum error error = begin(trigger, ret_problem);
        if (error) return problem_prefix(ret_problem, error, "trigger %zu", i);
    }
    return ERROR_NONE;
}

void triggers_close(struct function *function) {
    while (function->triggers != NULL) {
        struct trigger *trigger = function->triggers;
        function->triggers = trigger->next;
        loop_timer_cancel(trigger->timer);
        bus_unsubscribe(trigger->subscription);
        free(trigger);
    }
}
