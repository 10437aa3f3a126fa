#include "bus_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers come to lanes: "_INBOX.xyz.LANE.*", where the last level is the request's number. A lane carries one request
 * at a time, because the library tells that nobody serves a subject without telling which request that was. Lanes are
 * kept for the next requests; one whose request timed out is given up, as what belongs to it may still come. */

struct lane {
    struct bus *bus;
    uint64_t number;
    struct bus_subscription *subscription;
    struct lane *next;

    // The request under way; on_answer is NULL while there is none.
    uint64_t request;
    bus_answer_fn *on_answer;
    void *context;
    struct loop_timer *timer;
};

/// Ends the request, then calls back, so that the callback finds it gone.
static void finish(struct lane *lane, enum error error, struct text data) {
    bus_answer_fn *on_answer = lane->on_answer;
    loop_timer_cancel(lane->timer);
    lane->timer = NULL;
    lane->on_answer = NULL;
    on_answer(lane->context, error, data);
}

static void on_answer_message(void *context, const struct bus_message *message) {
    struct lane *lane = context;
    char expected[BUS_SUBJECT_BYTES_MAX];
    snprintf(expected, sizeof expected, "%s.%" PRIu64 ".%" PRIu64, lane->bus->inbox, lane->number, lane->request);
    if (lane->on_answer == NULL || !text_is(message->subject, expected)) return; // a second answer, or a late one
    finish(lane, ERROR_NONE, message->data);
}

static void on_no_responders(void *context) {
    struct lane *lane = context;
    if (lane->on_answer != NULL) finish(lane, ERROR_UNAVAILABLE, TEXT_EMPTY);
}

static void free_lane(struct lane *lane) {
    loop_timer_cancel(lane->timer);
    free(lane);
}

static void remove_lane(struct lane *lane) {
    struct lane **at = &lane->bus->lanes;
    while (*at != lane) at = &(*at)->next;
    *at = lane->next;
    bus_unsubscribe(lane->subscription);
    free_lane(lane);
}

static void on_timeout(void *context) {
    struct lane *lane = context;
    bus_answer_fn *on_answer = lane->on_answer;
    void *on_answer_context = lane->context;
    lane->timer = NULL; // fired: the loop frees it
    remove_lane(lane);
    on_answer(on_answer_context, ERROR_TIMEOUT, TEXT_EMPTY);
}

static void on_no_connection(void *context) {
    struct lane *lane = context;
    lane->timer = NULL;
    finish(lane, ERROR_UNAVAILABLE, TEXT_EMPTY);
}

static enum error open_inbox(struct bus *bus) {
    if (bus->inbox != NULL) return ERROR_NONE;
    natsInbox *unique = NULL;
    if (natsInbox_Create(&unique) != NATS_OK) return ERROR_NO_MEMORY;
    bus->inbox = strdup(unique);
    natsInbox_Destroy(unique);
    return bus->inbox == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

static enum error add_lane(struct bus *bus, struct lane **ret_lane) {
    enum error error = open_inbox(bus);
    if (error) return error;
    struct lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL) return ERROR_NO_MEMORY;
    *lane = (struct lane){.bus = bus, .number = ++bus->lanes_made};
    char filter[BUS_SUBJECT_BYTES_MAX];
    snprintf(filter, sizeof filter, "%s.%" PRIu64 ".*", bus->inbox, lane->number);
    error = bus_subscribe(bus, filter, NULL, on_answer_message, lane, &lane->subscription);
    if (error) {
        free(lane);
        return error;
    }
    lane->subscription->on_no_responders = on_no_responders;
    lane->next = bus->lanes;
    bus->lanes = lane;
    *ret_lane = lane;
    return ERROR_NONE;
}

static enum error take_lane(struct bus *bus, struct lane **ret_lane) {
    for (struct lane *lane = bus->lanes; lane != NULL; lane = lane->next) {
        if (lane->on_answer != NULL) continue;
        *ret_lane = lane;
        return ERROR_NONE;
    }
    return add_lane(bus, ret_lane);
}

static enum error send(struct lane *lane, struct text subject, struct text data) {
    char reply[BUS_SUBJECT_BYTES_MAX];
    int length =
        snprintf(reply, sizeof reply, "%s.%" PRIu64 ".%" PRIu64, lane->bus->inbox, lane->number, lane->request);
    return bus_publish_reply(lane->bus, subject, (struct text){reply, (size_t)length}, data);
}

enum error bus_request(struct bus *bus, struct text subject, struct text data, uint64_t timeout_ns,
                       bus_answer_fn *on_answer, void *context) {
    struct lane *lane = NULL;
    enum error error = take_lane(bus, &lane);
    if (error) return error;
    lane->request = ++bus->requests_made;
    error = send(lane, subject, data);
    bool off_line = error == ERROR_UNAVAILABLE; // told by the callback
    if (error && !off_line) return error;
    lane->timer = off_line ? loop_timer(bus->loop, 0, 0, on_no_connection, lane)
                           : loop_timer(bus->loop, timeout_ns, 0, on_timeout, lane);
    if (lane->timer == NULL) return ERROR_NO_MEMORY;
    lane->on_answer = on_answer;
    lane->context = context;
    return ERROR_NONE;
}

static struct lane *find_busy(const struct bus *bus, uint64_t request_max) {
    for (struct lane *lane = bus->lanes; lane != NULL; lane = lane->next)
        if (lane->on_answer != NULL && lane->request <= request_max) return lane;
    return NULL;
}

void requests_fail(struct bus *bus) {
    uint64_t made = bus->requests_made; // those that callbacks add meanwhile fail by a timer of their own
    struct lane *lane;
    while (!bus->closed && (lane = find_busy(bus, made)) != NULL) finish(lane, ERROR_UNAVAILABLE, TEXT_EMPTY);
}

void requests_free(struct bus *bus) {
    while (bus->lanes != NULL) {
        struct lane *next = bus->lanes->next;
        free_lane(bus->lanes);
        bus->lanes = next;
    }
}
