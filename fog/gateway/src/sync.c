// When the plan is new or the bus was away: what does the twin hold? Leaves of `reported` that the edge no longer has
// are removed, wishes that are left over are taken up (or found too old).
#include "internal.h"

/// Writes `null` for each stale member below `above`; returns how many. Objects with something below are opened in any
/// case: an empty object in an update changes nothing.
static size_t write_stale(const struct plan_thing *thing, struct json_writer *writer, const struct json *value,
                          struct text above) {
    size_t removed = 0;
    struct json_each each = json_each(value);
    while (json_next(&each)) {
        if (text_is(each.name, "command")) continue; // outcomes are ours ([bus-4.3])
        CLEANUP(buffer_clear) struct buffer path = {0};
        if (above.length > 0) buffer_print(&path, "%.*s/", TEXT_ARG(above));
        buffer_text(&path, each.name);
        bool named = plan_is_name(each.name);
        if (named && plan_find_leaf(thing, buffer_view(&path)) != NULL) continue;
        bool has_below = named && plan_has_below(thing, buffer_view(&path));
        if (has_below && !json_is(each.value, JSON_OBJECT)) continue; // our report replaces it
        json_key_text(writer, each.name);
        if (!has_below) {
            json_put_null(writer);
            removed++;
            continue;
        }
        json_open_object(writer);
        removed += write_stale(thing, writer, each.value, buffer_view(&path));
        json_close_object(writer);
    }
    return removed;
}

static void stale_removed(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL) return;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (shadow_may_repeat(shadow_answer(error, data, &answer))) twin->synced = false; // the retry timer asks again
}

static void remove_stale(struct twin_link *twin, const struct json *reported) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    json_key(&writer, "reported");
    json_open_object(&writer);
    size_t removed = write_stale(twin->thing, &writer, reported, TEXT_EMPTY);
    json_close_object(&writer);
    json_close_object(&writer);
    json_close_object(&writer);
    if (removed == 0) return;
    log_info("%s: removes %zu values that the edge no longer has", twin->thing->name, removed);
    if (shadow_request(twin, NULL, "update", &document, stale_removed)) twin->synced = false;
}

static void twin_found(void *context, enum error error, struct text data) {
    enum { NO_SHADOW = 404 };
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL) return;
    twin->sync_waiting = false;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    int64_t code = shadow_answer(error, data, &answer);
    if (code != 0 && code != NO_SHADOW) return; // the retry timer asks again
    twin->synced = !twin->sync_again;
    twin->sync_again = false;
    if (code != NO_SHADOW) {
        remove_stale(twin, json_path(json_root(answer), TEXT("state/reported")));
        guard_document(twin, json_root(answer));
        wish_take(twin, json_root(answer), WISH_OF_GET);
    }
    sync_twin(twin);
}

void sync_twin(struct twin_link *twin) {
    if (twin->synced || twin->sync_waiting || !bus_connected(twin->gateway->bus)) return;
    if (!gateway_may_ask(twin->gateway)) return;
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_string(&document, "{}");
    twin->sync_waiting = !shadow_request(twin, NULL, "get", &document, twin_found);
}

void sync_again(struct twin_link *twin) {
    twin->synced = false;
    twin->sync_again = twin->sync_waiting;
    sync_twin(twin);
}
