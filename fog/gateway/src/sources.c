// When each value was true, as the edge says: the named shadow `sources` has the source time of every leaf of
// `reported` at the same path, in ms since 1970 ([bus-4.16]).
//
// It follows `reported` by at most a second, from the timer: a change costs no second message on its way. Per thing one
// update is under way at a time. What was there before a new plan, or was written by somebody else, is cleared first.
#include "internal.h"
#include "nest.h"
#include <stdlib.h>

enum { SOURCES_PERIOD_MS = 800, TOO_LARGE = 413 };

static bool must_repeat(struct twin_link *twin, enum error error, struct text data) {
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    int64_t code = shadow_answer(error, data, &answer);
    if (code == 0) twin->sources.version = shadow_version(json_root(answer));
    twin->sources.off = code == TOO_LARGE;
    if (twin->sources.off)
        log_warning("%s: has too many values for a shadow with their source times", twin->thing->name);
    return shadow_may_repeat(code);
}

static void all_dirty(struct twin_link *twin) {
    for (size_t i = 0; i < twin->thing->leaf_count; i++) twin->thing->leaves[i]->source_dirty = true;
    twin->sources.dirty = true;
}

/// What somebody else wrote while ours was under way is cleared as well.
static void settle_dispute(struct twin_link *twin) {
    if (twin->sources.disputed > twin->sources.version) twin->sources.clear = true;
    twin->sources.disputed = 0;
}

static void cleared(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL) return;
    twin->sources.waiting = false;
    if (must_repeat(twin, error, data)) return; // the timer does it
    twin->sources.clear = false;
    all_dirty(twin);
    settle_dispute(twin);
    sources_flush(twin);
}

static void clear(struct twin_link *twin) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_string(&document, "{\"state\":{\"reported\":null}}");
    twin->sources.waiting = !shadow_request(twin, "sources", "update", &document, cleared);
}

static void told(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL) return;
    twin->sources.waiting = false;
    if (must_repeat(twin, error, data)) all_dirty(twin);
    settle_dispute(twin);
}

static void write_dirty(const struct plan_thing *thing, struct json_writer *writer) {
    struct nest nest = {.writer = writer};
    for (size_t i = 0; i < thing->leaf_count; i++) {
        struct plan_leaf *leaf = thing->leaves[i];
        bool news = leaf->source_dirty && leaf->known && leaf->source_time_ns > 0;
        leaf->source_dirty = leaf->source_dirty && !news;
        if (news && nest_key(&nest, text_of(leaf->path)))
            json_put_unsigned(writer, (uint64_t)leaf->source_time_ns / NS_PER_MS);
    }
    nest_end(&nest);
}

static void tell(struct twin_link *twin) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    json_key(&writer, "reported");
    json_open_object(&writer);
    write_dirty(twin->thing, &writer);
    json_close_object(&writer);
    json_close_object(&writer);
    json_close_object(&writer);
    twin->sources.next_ns = clock_monotonic_ns() + SOURCES_PERIOD_MS * NS_PER_MS;
    twin->sources.waiting = !shadow_request(twin, "sources", "update", &document, told);
    twin->sources.dirty = false;
    if (!twin->sources.waiting) all_dirty(twin);
}

void sources_flush(struct twin_link *twin) {
    if (twin->sources.off || twin->sources.waiting || !bus_connected(twin->gateway->bus)) return;
    if (!twin->told || twin->update_waiting) return; // never ahead of `reported`
    bool due = twin->sources.clear || (twin->sources.dirty && clock_monotonic_ns() >= twin->sources.next_ns);
    if (!due || !gateway_may_ask(twin->gateway)) return;
    twin->sources.clear ? clear(twin) : tell(twin);
}

void sources_again(struct twin_link *twin) {
    if (!twin->sources.off) all_dirty(twin);
}

void sources_changed(struct twin_link *twin, struct plan_leaf *leaf) {
    leaf->source_dirty = true;
    twin->sources.dirty = true;
}

void guard_sources(struct twin_link *twin, const struct json *accepted) {
    uint64_t version = shadow_version(accepted);
    if (twin->sources.waiting) {
        if (version > twin->sources.disputed) twin->sources.disputed = version;
        return; // the answer tells which one is later
    }
    if (version > twin->sources.version) twin->sources.clear = true;
}

void guard_sources_deleted(struct twin_link *twin, const struct json *accepted) {
    (void)accepted;
    sources_again(twin);
}
