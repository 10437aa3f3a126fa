#include <scan/exchange.h>

#include "ring.h"

#include <stdlib.h>

enum {
    CHANGES_MIN = 1024, // some scans of a busy station while the server is held up
    EVENTS = 256,       // a storm of faults of one scan
    COMMANDS = 256,     // far more calls than sessions wait for at once
};

/// Written by one thread each, read by any.
struct counters {
    atomic_ullong changes, events, results, commands, changes_delayed, events_lost, commands_full;
};

struct exchange {
    struct ring changes, events, results, commands;
    struct counters counters;
    uint16_t events_lost_in_row; // scan thread
};

static void add(atomic_ullong *counter, size_t count) {
    unsigned long long value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + count, memory_order_relaxed); // one writer: no locked instruction needed
}

struct exchange *exchange_create(size_t tags) {
    struct exchange *exchange = aligned_alloc(CACHE_LINE_BYTES, sizeof *exchange);
    if (exchange == NULL) return NULL;
    *exchange = (struct exchange){0};
    size_t changes = tags * 2 > CHANGES_MIN ? tags * 2 : CHANGES_MIN; // the first scan changes every tag
    bool ready = ring_init(&exchange->changes, changes, sizeof(struct scan_change));
    ready = ring_init(&exchange->events, EVENTS, sizeof(struct scan_event)) && ready;
    ready = ring_init(&exchange->results, COMMANDS, sizeof(struct scan_result)) && ready;
    ready = ring_init(&exchange->commands, COMMANDS, sizeof(struct scan_command)) && ready;
    if (ready) return exchange;
    exchange_destroy(exchange);
    return NULL;
}

void exchange_destroy(struct exchange *exchange) {
    if (exchange == NULL) return;
    ring_clear(&exchange->changes);
    ring_clear(&exchange->events);
    ring_clear(&exchange->results);
    ring_clear(&exchange->commands);
    free(exchange);
}

bool exchange_take_change(struct exchange *exchange, struct scan_change *ret_change) {
    return ring_take(&exchange->changes, ret_change);
}

bool exchange_take_event(struct exchange *exchange, struct scan_event *ret_event) {
    return ring_take(&exchange->events, ret_event);
}

bool exchange_take_result(struct exchange *exchange, struct scan_result *ret_result) {
    return ring_take(&exchange->results, ret_result);
}

bool exchange_post(struct exchange *exchange, const struct scan_command *command) {
    bool posted = ring_give(&exchange->commands, command);
    add(posted ? &exchange->counters.commands : &exchange->counters.commands_full, 1);
    return posted;
}

struct scan_change *exchange_room_for_changes(struct exchange *exchange, size_t *count) {
    struct scan_change *room = ring_room_at(&exchange->changes, count);
    if (*count == 0) add(&exchange->counters.changes_delayed, 1);
    return room;
}

void exchange_give_changes(struct exchange *exchange, size_t count) {
    ring_given(&exchange->changes, count);
    add(&exchange->counters.changes, count);
}

void exchange_give_event(struct exchange *exchange, struct scan_event event) {
    event.lost_before = exchange->events_lost_in_row;
    bool given = ring_give(&exchange->events, &event);
    add(given ? &exchange->counters.events : &exchange->counters.events_lost, 1);
    if (given)
        exchange->events_lost_in_row = 0;
    else if (exchange->events_lost_in_row < UINT16_MAX)
        exchange->events_lost_in_row++;
}

bool exchange_next_command(struct exchange *exchange, struct scan_command *ret_command) {
    return ring_room(&exchange->results) && ring_take(&exchange->commands, ret_command);
}

void exchange_give_result(struct exchange *exchange, const struct scan_result *result) {
    if (ring_give(&exchange->results, result)) add(&exchange->counters.results, 1);
}

struct exchange_counters exchange_count(const struct exchange *exchange) {
    const struct counters *from = &exchange->counters;
    return (struct exchange_counters){
        .changes = atomic_load_explicit(&from->changes, memory_order_relaxed),
        .events = atomic_load_explicit(&from->events, memory_order_relaxed),
        .results = atomic_load_explicit(&from->results, memory_order_relaxed),
        .commands = atomic_load_explicit(&from->commands, memory_order_relaxed),
        .changes_delayed = atomic_load_explicit(&from->changes_delayed, memory_order_relaxed),
        .events_lost = atomic_load_explicit(&from->events_lost, memory_order_relaxed),
        .commands_full = atomic_load_explicit(&from->commands_full, memory_order_relaxed),
    };
}
