/* Several processes serve one store. Each hears every request and takes those of its own partitions, so that requests
 * for one shadow stay in their order. The store says who has which partition (lib/store); the processes tell each other
 * four times a second that they are there, and each keeps about as many partitions as the others:
 *
 *     more than its share, and another has less:  requests are no longer taken -> everything is written -> given back
 *                                                 -> told
 *     less than its share:                        what is free is taken -> loaded -> served -> told
 *
 * What a dead process had is free at once: one that is started again takes it, or the others do when they have not
 * heard of the dead one for some ticks. */
#include "internal.h"

#include <base/clock.h>
#include <base/log.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <store/store.h>
#include <string.h>
#include <unistd.h>

/// A member that is silent only because its machine is busy loses nothing: the store still has its locks.
static const uint64_t TICK_NS = 250 * NS_PER_MS, GONE_NS = 700 * NS_PER_MS;
static const char members_subject[] = "splc.twins.members", loaded_subject[] = "splc.twins.loaded";

static unsigned count_of(unsigned partitions) {
    return (unsigned)__builtin_popcount(partitions);
}

bool share_has(const struct twins *twins, struct text thing) {
    return ((twins->owned & ~twins->leaving) >> store_partition(thing) & 1) != 0;
}

/* ---- Members ---- */

struct member {
    uint64_t heard_ns;
    unsigned partitions;
    bool memory_only; // it has no store that it could use
};

static void publish(struct twins *twins, const char *subject, unsigned partitions, bool leaves) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "name");
    json_put_string(&writer, twins->name);
    json_key(&writer, "partitions");
    json_put_unsigned(&writer, partitions);
    json_key(&writer, "memoryOnly");
    json_put_bool(&writer, !writer_has_store(twins->writer));
    if (leaves) json_key(&writer, "leaves");
    if (leaves) json_put_bool(&writer, true);
    json_close_object(&writer);
    if (document.failed) return;
    error_ignore(bus_publish(twins->bus, text_of(subject), buffer_view(&document))); // off line: told again by the tick
}

static void tell_members(struct twins *twins) {
    if (twins->bus != NULL) publish(twins, members_subject, count_of(twins->owned), false);
}

static struct member *find_member(struct twins *twins, struct text name) {
    struct member *member = map_get(twins->members, name);
    if (member != NULL) return member;
    member = calloc(1, sizeof *member);
    if (member == NULL || map_set(twins->members, name, member) == ERROR_NONE) return member;
    free(member);
    return NULL;
}

static void forget_silent_members(struct twins *twins) {
    uint64_t now_ns = clock_monotonic_ns();
    size_t at = 0;
    void *each;
    struct text name;
    while (map_next(twins->members, &at, &name, &each)) {
        struct member *member = each;
        if (now_ns - member->heard_ns < GONE_NS) continue;
        map_remove(twins->members, name);
        free(member);
    }
}

/// What it had is free.
static void forget_member(struct twins *twins, struct text name) {
    free(map_remove(twins->members, name));
    commit_soon(twins);
}

static void member_heard(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    if (json_parse(message->data, limits, &document, NULL)) return;
    struct text name = json_string(json_member(json_root(document), "name"));
    if (name.length == 0 || text_is(name, twins->name)) return;
    bool is_new = map_get(twins->members, name) == NULL;
    if (json_bool(json_member(json_root(document), "leaves"))) return forget_member(twins, name);
    struct member *member = find_member(twins, name);
    if (member == NULL) return; // out of memory: it is heard again
    member->heard_ns = clock_monotonic_ns();
    member->partitions = (unsigned)json_integer(json_member(json_root(document), "partitions"), 0);
    member->memory_only = json_bool(json_member(json_root(document), "memoryOnly"));
    if (is_new) tell_members(twins);
    // Without a store nobody decides who has what: the first by name serves, the others stand aside.
    bool both_blind = member->memory_only && !writer_has_store(twins->writer);
    if (both_blind && text_compare(name, text_of(twins->name)) < 0 && twins->owned != 0) {
        shadows_drop(twins, twins->owned);
        twins->owned = 0;
    }
    commit_soon(twins); // there may be something to take now
}

/// How many partitions each may have, rounded up.
static unsigned fair_share(const struct twins *twins) {
    unsigned members = (unsigned)map_count(twins->members) + 1;
    return (STORE_PARTITIONS + members - 1) / members;
}

/// How many partitions the others have less than their share. So nothing is given away for the sake of one that died,
/// which is counted for some ticks, while its successor has taken all that it had.
static unsigned wanted_by_others(const struct twins *twins, unsigned share) {
    unsigned wanted = 0;
    size_t at = 0;
    void *each;
    while (map_next(twins->members, &at, NULL, &each)) {
        const struct member *member = each;
        if (member->partitions < share) wanted += share - member->partitions;
    }
    return wanted;
}

static void tick(void *context) {
    struct twins *twins = context;
    forget_silent_members(twins);
    tell_members(twins);
    commit_soon(twins);
}

/* ---- Coming and going ---- */

static unsigned first_bits(unsigned partitions, unsigned count) {
    unsigned chosen = 0;
    for (unsigned i = 0; i < STORE_PARTITIONS && count > 0; i++) {
        unsigned bit = partitions & 1u << i;
        chosen |= bit;
        count -= bit != 0;
    }
    return chosen;
}

bool share_prepare(struct twins *twins, struct write_batch *batch) {
    batch->names = twins->askers.length > 0;
    if (!writer_has_store(twins->writer)) return batch->names;
    unsigned have = count_of(twins->owned), share = fair_share(twins);
    unsigned wanted = wanted_by_others(twins, share);
    if (twins->leaving == 0 && have > share && wanted > 0) {
        twins->leaving = first_bits(twins->owned, have - share < wanted ? have - share : wanted);
        twins->flush_due = true; // all of it is written first
    }
    if (twins->leaving != 0 && shadows_quiet(twins, twins->leaving)) batch->give = twins->leaving;
    if (have < share) batch->want = share - have;
    return batch->names || batch->give != 0 || batch->want > 0;
}

static void take_over(struct twins *twins, struct write_batch *batch, unsigned come) {
    enum error error = shadows_adopt(twins, &batch->loaded);
    if (error) log_error("out of memory: not all shadows could be loaded");
    log_info("%u partitions taken: %u of %d, %zu shadows", count_of(come), count_of(twins->owned), STORE_PARTITIONS,
             twins->existing);
    if (twins->bus != NULL) publish(twins, loaded_subject, count_of(come), false);
}

static void answer_askers(struct twins *twins, const struct buffer *names) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_print(&document, "{\"things\":%.*s}", (int)names->length, names->data == NULL ? "" : names->data);
    for (size_t at = 0; at < twins->askers.length; at += strlen(twins->askers.data + at) + 1)
        if (!document.failed && names->length > 0)
            error_ignore(bus_publish(twins->bus, text_of(twins->askers.data + at), buffer_view(&document)));
    buffer_reset(&twins->askers);
}

void share_done(struct twins *twins, struct write_batch *batch) {
    if (batch->names) answer_askers(twins, &batch->things); // after an error the caller's time-out says so
    unsigned gone = twins->owned & ~batch->owned, come = batch->owned & ~twins->owned;
    if (!writer_has_store(twins->writer)) return;
    twins->owned = batch->owned;
    twins->leaving &= twins->owned;
    if (gone != 0) shadows_drop(twins, gone);
    if (gone != 0) log_info("%u partitions left: %u of %d", count_of(gone), count_of(twins->owned), STORE_PARTITIONS);
    if (come != 0) take_over(twins, batch, come);
    if (come == 0 && gone == 0) return;
    tell_members(twins);
    if (twins->status != NULL) bus_status_changed(twins->status);
}

/* ---- All things ---- */

static void answer_from_memory(struct twins *twins, struct text reply) {
    size_t count = 0;
    struct text *names = shadows_list_things(twins, &count);
    if (names == NULL) return; // the caller's time-out says so
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "things");
    json_open_array(&writer);
    for (size_t i = 0; i < count; i++) json_put_text(&writer, names[i]);
    json_close_array(&writer);
    json_close_object(&writer);
    if (!document.failed) error_ignore(bus_publish(twins->bus, reply, buffer_view(&document)));
    free(names);
}

/// Whoever has the first partition answers, from the store where others have some of the shadows.
static void answer_things(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    if (message->reply.length == 0 || (twins->owned & 1) == 0) return;
    if (twins->owned == STORE_ALL) return answer_from_memory(twins, message->reply);
    buffer_text(&twins->askers, message->reply);
    buffer_byte(&twins->askers, '\0');
    if (twins->askers.failed) return buffer_clear(&twins->askers);
    commit_soon(twins);
}

/* ---- Beginning and end ---- */

void share_connected(struct twins *twins) {
    tell_members(twins);
    publish(twins, loaded_subject, count_of(twins->owned), false);
}

enum error share_open(struct twins *twins) {
    enum error error = bus_subscribe(twins->bus, members_subject, NULL, member_heard, twins, NULL);
    if (!error) error = bus_subscribe(twins->bus, "splc.twins.things", NULL, answer_things, twins, NULL);
    if (error) return error;
    return loop_timer(twins->loop, TICK_NS, TICK_NS, tick, twins) == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

void share_leave(struct twins *twins) {
    if (twins->bus == NULL || twins->writer == NULL) return;
    writer_give_all(twins->writer);
    publish(twins, members_subject, 0, true);
}

void share_close(struct twins *twins) {
    size_t at = 0;
    void *member;
    while (twins->members != NULL && map_next(twins->members, &at, NULL, &member)) free(member);
    map_destroy(twins->members);
    buffer_clear(&twins->askers);
}
