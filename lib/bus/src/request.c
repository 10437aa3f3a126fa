#include "bus_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One inbox for all requests of a bus: "_INBOX.xyz.*"; the last level is the request's number. */

static void free_request(struct request *request) {
    loop_timer_cancel(request->timer);
    free(request);
}

/// Ends the request, then calls back, so that the callback finds it gone.
static void finish(struct request *request, enum error error, struct text data) {
    struct bus *bus = request->bus;
    bus_answer_fn *on_answer = request->on_answer;
    void *context = request->context;
    map_remove(bus->requests, text_of(request->token));
    free_request(request);
    on_answer(context, error, data);
}

static void on_answer_message(void *context, const struct bus_message *message) {
    struct bus *bus = context;
    struct text token = text_from(message->subject, strlen(bus->inbox) + 1);
    struct request *request = map_get(bus->requests, token);
    if (request == NULL) return; // came after the time limit
    if (text_is(message->reply, BUS_NO_RESPONDERS)) {
        finish(request, ERROR_UNAVAILABLE, TEXT_EMPTY);
        return;
    }
    finish(request, ERROR_NONE, message->data);
}

static void on_timeout(void *context) {
    struct request *request = context;
    request->timer = NULL; // fired: the loop frees it
    finish(request, ERROR_TIMEOUT, TEXT_EMPTY);
}

static void on_no_connection(void *context) {
    struct request *request = context;
    request->timer = NULL;
    finish(request, ERROR_UNAVAILABLE, TEXT_EMPTY);
}

static enum error open_inbox(struct bus *bus) {
    if (bus->inbox_subscription != NULL) return ERROR_NONE;
    natsInbox *unique = NULL;
    if (natsInbox_Create(&unique) != NATS_OK) return ERROR_NO_MEMORY;
    free(bus->inbox);
    bus->inbox = strdup(unique);
    natsInbox_Destroy(unique);
    if (bus->inbox == NULL) return ERROR_NO_MEMORY;
    char filter[BUS_SUBJECT_BYTES_MAX];
    snprintf(filter, sizeof filter, "%s.*", bus->inbox);
    return bus_subscribe(bus, filter, NULL, on_answer_message, bus, &bus->inbox_subscription);
}

static enum error send(struct bus *bus, struct text subject, struct text data, const char *token) {
    enum error error = open_inbox(bus);
    if (error) return error;
    char reply[BUS_SUBJECT_BYTES_MAX];
    int length = snprintf(reply, sizeof reply, "%s.%s", bus->inbox, token);
    return bus_publish_reply(bus, subject, (struct text){reply, (size_t)length}, data);
}

enum error bus_request(struct bus *bus, struct text subject, struct text data, uint64_t timeout_ns,
                       bus_answer_fn *on_answer, void *context) {
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) return ERROR_NO_MEMORY;
    *request = (struct request){.bus = bus, .number = ++bus->requests_made, .on_answer = on_answer, .context = context};
    snprintf(request->token, sizeof request->token, "%" PRIu64, request->number);
    enum error error = map_set(bus->requests, text_of(request->token), request);
    if (error) {
        free(request);
        return error;
    }
    error = send(bus, subject, data, request->token);
    bool sent = error == ERROR_NONE;
    if (error == ERROR_UNAVAILABLE) error = ERROR_NONE; // told by the callback
    if (!error) {
        request->timer = loop_timer(bus->loop, sent ? timeout_ns : 0, 0, sent ? on_timeout : on_no_connection, request);
        if (request->timer == NULL) error = ERROR_NO_MEMORY;
    }
    if (error) {
        map_remove(bus->requests, text_of(request->token));
        free_request(request);
    }
    return error;
}

void requests_fail(struct bus *bus) {
    uint64_t made = bus->requests_made; // those that callbacks add meanwhile fail by their own timer
    struct text token;
    void *value;
    size_t at = 0;
    while (!bus->closed && map_next(bus->requests, &at, &token, &value)) {
        struct request *request = value;
        if (request->number > made) break;
        finish(request, ERROR_UNAVAILABLE, TEXT_EMPTY);
        at = 0; // the callback may have changed the map
    }
}

void requests_free(struct bus *bus) {
    if (bus->requests == NULL) return;
    struct text token;
    void *value;
    for (size_t at = 0; map_next(bus->requests, &at, &token, &value);) free_request(value);
}
