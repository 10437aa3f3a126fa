// When the plan is new or the bus was away: what does the twin hold? Leaves of `reported` that the edge no longer has
// are removed, wishes that are left over are taken up (or found too old).
#include "internal.h"
#include <stdlib.h>

static bool leads_to_leaf(const struct plan_thing *thing, struct text path) {
    for (size_t i = 0; i < thing->leaf_count; i++) {
        struct text leaf = text_of(thing->leaves[i]->path);
        if (text_starts_with(leaf, path) && leaf.length > path.length && leaf.data[path.length] == '/') return true;
    }
    return false;
}

/// Writes `null` for each stale member below `above`; returns how many. Objects that lead to leaves are opened in any
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
        if (plan_find_leaf(thing, buffer_view(&path)) != NULL) continue;
        json_key_text(writer, each.name);
        if (!json_is(each.value, JSON_OBJECT) || !leads_to_leaf(thing, buffer_view(&path))) {
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

static void remove_stale(struct twin_link *twin, const struct json *reported) {
    CLEANUP(buffer_clear) struct buffer document = {0}, subject = {0};
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
    shadow_subject(&subject, twin->thing->name, NULL, "update");
    if (removed == 0 || document.failed || subject.failed) return;
    log_info("%s: removes %zu values that the edge no longer has", twin->thing->name, removed);
    error_ignore(bus_publish(twin->gateway->bus, buffer_view(&subject), buffer_view(&document)));
}

static void twin_found(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL) return;
    twin->sync_waiting = false;
    if (error) return; // the retry timer asks again
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 64};
    if (json_parse(data, limits, &answer, NULL)) return;
    int64_t code = shadow_rejected(json_root(answer));
    if (code != 0 && code != 404) return;
    twin->synced = true;
    if (code == 404) return;
    const struct json *state = json_member(json_root(answer), "state");
    remove_stale(twin, json_member(state, "reported"));
    wish_delta(twin, json_root(answer));
}

void sync_twin(struct twin_link *twin) {
    if (twin->synced || twin->sync_waiting || !bus_connected(twin->gateway->bus)) return;
    CLEANUP(buffer_clear) struct buffer subject = {0};
    shadow_subject(&subject, twin->thing->name, NULL, "get");
    struct ticket *ticket = ticket_create(twin, TICKET_REQUEST);
    if (ticket == NULL || subject.failed) return ticket_destroy(ticket);
    twin->sync_waiting = true;
    if (!bus_request(twin->gateway->bus, buffer_view(&subject), TEXT("{}"), GATEWAY_REQUEST_MS * NS_PER_MS, twin_found,
                     ticket))
        return;
    ticket_destroy(ticket);
    twin->sync_waiting = false;
}
