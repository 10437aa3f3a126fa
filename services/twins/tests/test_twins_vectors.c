// Every sequence of the shadow vectors over the bus: through nats-server, the service and its store.
#include "../../../lib/twin/tests/vectors.h"
#include "service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// What is heard between a request and the answer to the `get` that is sent behind it; the service keeps the order of
/// one shadow, so that nothing can come later.
struct listener {
    struct service service;
    char base[256]; // "$aws.things.T.shadow."
    const char *operation;
    struct buffer *channels;
    bool barrier_answered;
};

static const char barrier[] = "{\"clientToken\":\"barrier\"}";

static bool take_after(struct text *text, const char *prefix) {
    if (!text_starts_with(*text, text_of(prefix))) return false;
    *text = text_from(*text, strlen(prefix));
    return true;
}

static void heard(void *context, const struct bus_message *message) {
    struct listener *listener = context;
    struct text channel = message->subject;
    if (!take_after(&channel, listener->base)) return;
    bool of_barrier = memmem(message->data.data, message->data.length, "\"barrier\"", 9) != NULL;
    if (of_barrier && !text_is(channel, "get")) listener->barrier_answered = true;
    if (of_barrier || !take_after(&channel, listener->operation) || !take_after(&channel, ".")) return;
    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        if (!text_is(channel, channel_names[i])) continue;
        if (listener->channels[i].length > 0) fail_msg("%s came twice", channel_names[i]);
        buffer_text(&listener->channels[i], message->data);
    }
}

static bool is_answered(void *context) {
    return ((struct listener *)context)->barrier_answered;
}

static void send(struct listener *listener, const char *operation, struct text payload) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    buffer_print(&subject, "%s%s", listener->base, operation);
    assert_int_equal(bus_publish(listener->service.bus, buffer_view(&subject), payload), ERROR_NONE);
}

static void exchange(void *context, const struct vector_request *request, struct buffer channels[CHANNEL_COUNT]) {
    struct listener *listener = context;
    if (request->wait_ms > 0) service_wait_ms(&listener->service, request->wait_ms);
    bool named = request->shadow.length > 0;
    snprintf(listener->base, sizeof listener->base, "$aws.things.%.*s.shadow.%s%.*s%s", TEXT_ARG(request->thing),
             named ? "name." : "", TEXT_ARG(request->shadow), named ? "." : "");
    listener->operation = request->operation;
    listener->channels = channels;
    listener->barrier_answered = false;
    send(listener, request->operation, request->payload);
    send(listener, "get", text_of(barrier));
    service_wait(&listener->service, is_answered, listener);
}

int main(int argc, char **argv) {
    if (service_is_wanted(argc, argv)) return service_run(argv);
    struct listener listener = {0};
    service_open(&listener.service);
    listener.service.heard = heard;
    listener.service.context = &listener;
    service_start(&listener.service);
    struct vector_system system = {exchange, &listener};
    size_t count = 0;
    struct CMUnitTest *tests = vectors_tests(SOURCE_FOLDER "/lib/twin/tests/data/shadow-vectors.json", &system, &count);
    int failed = _cmocka_run_group_tests("shadow vectors over the bus", tests, count, NULL, NULL);
    vectors_free();
    service_close(&listener.service);
    return failed;
}
