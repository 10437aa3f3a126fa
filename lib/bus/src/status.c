#include "bus_internal.h"

#include <base/clock.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EARLY_PERIOD_NS (100 * NS_PER_MS)
#define PERIOD_NS NS_PER_S
enum { EARLY_COUNT = 20 }; // who starts beside us learns of us soon, without asking

struct bus_status {
    struct bus *bus; // NULL once the bus is closed
    char *service, *tier;
    char reason[PROBLEM_TEXT_BYTES]; // empty: all is well
    uint64_t started_ns;
    void (*fill)(void *context, struct json_writer *writer);
    void *context;
    struct loop_timer *timer;
    unsigned early; // reports that are still to come in quick succession
    struct bus_status *next;
};

static void put_common(const struct bus_status *status, struct json_writer *writer) {
    json_key(writer, "service");
    json_put_string(writer, status->service);
    json_key(writer, "tier");
    json_put_string(writer, status->tier);
    json_key(writer, "state");
    json_put_string(writer, status->reason[0] == '\0' ? "ok" : "degraded");
    json_key(writer, "reason");
    json_put_string(writer, status->reason);
    json_key(writer, "pid");
    json_put_integer(writer, getpid());
    json_key(writer, "startedAt");
    json_put_unsigned(writer, status->started_ns / NS_PER_MS);
    json_key(writer, "time");
    json_put_unsigned(writer, clock_wall_ns() / NS_PER_MS);
}

static void publish(struct bus_status *status) {
    if (status->bus == NULL || !bus_connected(status->bus)) return;
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    put_common(status, &writer);
    if (status->fill != NULL) status->fill(status->context, &writer);
    json_close_object(&writer);
    char subject[BUS_SUBJECT_BYTES_MAX];
    snprintf(subject, sizeof subject, "splc.status.%s", status->service);
    if (!document.failed) error_ignore(bus_publish(status->bus, text_of(subject), buffer_view(&document)));
}

static void on_timer(void *context) {
    struct bus_status *status = context;
    publish(status);
    if (status->early == 0 || --status->early > 0) return;
    struct loop_timer *slow = loop_timer(status->bus->loop, PERIOD_NS, PERIOD_NS, on_timer, status);
    if (slow == NULL) return; // the quick one will do
    loop_timer_cancel(status->timer);
    status->timer = slow;
}

struct bus_status *bus_status_open(struct bus *bus, const char *service, const char *tier,
                                   void (*fill)(void *context, struct json_writer *writer), void *context) {
    struct bus_status *status = calloc(1, sizeof *status);
    if (status == NULL) return NULL;
    *status = (struct bus_status){
        .service = strdup(service),
        .tier = strdup(tier),
        .started_ns = clock_wall_ns(),
        .fill = fill,
        .context = context,
        .timer = loop_timer(bus->loop, EARLY_PERIOD_NS, EARLY_PERIOD_NS, on_timer, status),
        .early = EARLY_COUNT,
    };
    if (status->service == NULL || status->tier == NULL || status->timer == NULL) {
        bus_status_close(status);
        return NULL;
    }
    status->bus = bus;
    status->next = bus->statuses;
    bus->statuses = status;
    publish(status);
    return status;
}

void bus_status_changed(struct bus_status *status) {
    publish(status);
}

void bus_status_reason(struct bus_status *status, const char *reason) {
    if (reason == NULL) reason = "";
    if (strncmp(status->reason, reason, sizeof status->reason - 1) == 0) return;
    snprintf(status->reason, sizeof status->reason, "%s", reason);
    publish(status);
}

void bus_status_close(struct bus_status *status) {
    if (status == NULL) return;
    if (status->bus != NULL) {
        struct bus_status **at = &status->bus->statuses;
        while (*at != status) at = &(*at)->next;
        *at = status->next;
    }
    loop_timer_cancel(status->timer);
    free(status->service);
    free(status->tier);
    free(status);
}

void statuses_publish(struct bus *bus) {
    for (struct bus_status *each = bus->statuses; each != NULL; each = each->next) publish(each);
}

/// The bus goes first: their timers die with it, so that they never reach a loop that is gone.
void statuses_detach(struct bus *bus) {
    for (struct bus_status *each = bus->statuses; each != NULL; each = each->next) {
        loop_timer_cancel(each->timer);
        each->timer = NULL;
        each->bus = NULL;
    }
    bus->statuses = NULL;
}

enum error bus_event(struct bus *bus, unsigned severity, const char *source, const char *format, ...) {
    char message[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "time");
    json_put_unsigned(&writer, clock_wall_ns() / NS_PER_MS);
    json_key(&writer, "severity");
    json_put_unsigned(&writer, severity);
    json_key(&writer, "source");
    json_put_string(&writer, source);
    json_key(&writer, "message");
    json_put_string(&writer, message);
    json_close_object(&writer);
    if (document.failed) return ERROR_NO_MEMORY;
    return bus_publish(bus, TEXT("splc.event"), buffer_view(&document));
}
