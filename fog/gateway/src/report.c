// Values of the edge become `reported`. Per thing one update is under way at a time; what changes meanwhile is sent
// together when the answer has come, so a slow twin service sees the newest state and nothing piles up.
//
// A leaf is clean, dirty (changed since it was last sent) or sent (in the update under way). A failed update makes its
// leaves dirty again: nothing is lost, whatever is restarted.
#include "convert.h"
#include "internal.h"
#include "nest.h"
#include <stdlib.h>
#include <string.h>

static void leaf_store(struct plan_leaf *leaf, const struct opcua_data *data) {
    struct value value = data->value;
    if (value.type == VALUE_STRING) {
        char *copy = text_copy(value.string);
        if (copy == NULL) return; // the old value stays, and stays reported
        free(leaf->text);
        leaf->text = copy;
        value.string.data = copy;
    }
    leaf->value = value;
    if (status_is_good(leaf->status) && leaf->known) leaf->bad_since_ns = clock_wall_ns();
    leaf->status = data->status;
    leaf->source_time_ns = data->source_time_ns;
}

static void note_first(struct gateway *gateway, int64_t source_time_ns) {
    if (source_time_ns <= 0) return;
    if (gateway->edge_began_ns == 0 || source_time_ns < gateway->edge_began_ns) gateway->edge_began_ns = source_time_ns;
}

status_code report_status(const struct gateway *gateway, const struct plan_leaf *leaf) {
    if (gateway->state != LINK_LIVE) return STATUS_BadNoCommunication;
    if (!leaf->known) return STATUS_BadWaitingForInitialData;
    return leaf->stale && status_is_good(leaf->status) ? STATUS_UncertainLastUsableValue : leaf->status;
}

static void leaf_stale(struct gateway *gateway, struct plan_leaf *leaf, bool stale) {
    if (leaf->stale == stale) return;
    leaf->stale = stale;
    if (stale) leaf->bad_since_ns = clock_wall_ns() - (clock_monotonic_ns() - leaf->heard_ns);
    gateway->twins[leaf->thing->index].status_dirty = true;
}

void report_ages(struct gateway *gateway) {
    uint64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->leaf_count; i++) {
        struct plan_leaf *leaf = gateway->plan->leaves[i];
        if (leaf->max_age_s <= 0 || !leaf->known) continue;
        leaf_stale(gateway, leaf, (double)(now_ns - leaf->heard_ns) > leaf->max_age_s * 1e9);
    }
}

/// The least difference counts: what came without delay. Changes let it creep up, so that a clock that is set is
/// followed; first values may be old.
static void note_clock(struct gateway *gateway, int64_t source_time_ns, bool change) {
    enum { CREEP = 1024 };
    if (source_time_ns <= 0) return;
    int64_t behind_ns = (int64_t)clock_wall_ns() - source_time_ns;
    if (!gateway->behind_known || behind_ns < gateway->behind_ns)
        gateway->behind_ns = behind_ns;
    else if (change)
        gateway->behind_ns += (behind_ns - gateway->behind_ns) / CREEP;
    gateway->behind_known = true;
}

/// Of two clocks that are in step; what is older was told again, or the clocks are not. What was so before the
/// connection has not been on its way since then.
static void note_way(struct gateway *gateway, int64_t source_time_ns) {
    enum { OLD_S = 10 };
    int64_t way_ns = (int64_t)clock_wall_ns() - source_time_ns;
    if (gateway->state != LINK_LIVE || source_time_ns < (int64_t)gateway->since_ns) return;
    if (way_ns < 0 || way_ns > OLD_S * (int64_t)NS_PER_S) return;
    hop_add(&gateway->hops->edge, (double)way_ns / (double)NS_PER_MS);
}

int64_t report_edge_time_ns(const struct gateway *gateway) {
    return (int64_t)clock_wall_ns() - gateway->behind_ns;
}

void report_leaf(struct gateway *gateway, struct plan_leaf *leaf, const struct opcua_data *data) {
    struct twin_link *twin = &gateway->twins[leaf->thing->index];
    twin->touched = true;
    leaf->heard_ns = clock_monotonic_ns();
    leaf_stale(gateway, leaf, false);
    if (!leaf->known || leaf->status != data->status) twin->status_dirty = true;
    if (!leaf->known) note_first(gateway, data->source_time_ns);
    leaf_store(leaf, data);
    sources_changed(twin, leaf);
    leaf->dirty = true;
    leaf->changed = leaf->known;
    note_clock(gateway, data->source_time_ns, leaf->changed);
    if (leaf->changed) note_way(gateway, data->source_time_ns);
    leaf->known = true;
    if (leaf->actuator && leaf->changed) wish_effect(twin, leaf);
}

bool report_dispute(struct plan_leaf *leaf, const struct json *value, uint64_t version) {
    if (!leaf->known || leaf->dirty || version < leaf->told_version) return false;
    if (convert_matches(&leaf->value, value)) return false;
    if (leaf->sent) { // which of the two updates is the later one, the answer tells
        leaf->disputed_version = version;
        return false;
    }
    leaf->dirty = true;
    leaf->changed = false;
    return true;
}

void report_again(struct twin_link *twin) {
    for (size_t i = 0; i < twin->thing->leaf_count; i++) {
        struct plan_leaf *leaf = twin->thing->leaves[i];
        leaf->told_version = 0; // the twin may be another one
        if (!leaf->known || leaf->dirty) continue;
        leaf->dirty = true;
        leaf->changed = false;
    }
    twin->status_dirty = true;
    sources_again(twin);
}

static bool anything_dirty(const struct plan_thing *thing) {
    for (size_t i = 0; i < thing->leaf_count; i++)
        if (thing->leaves[i]->dirty) return true;
    return false;
}

/// Writes the dirty leaves; returns the source time of the oldest of them, 0 when one is no change.
static int64_t write_dirty(struct plan_thing *thing, struct json_writer *writer) {
    struct nest nest = {.writer = writer};
    int64_t oldest_ns = INT64_MAX;
    bool changes = true;
    for (size_t i = 0; i < thing->leaf_count; i++) {
        struct plan_leaf *leaf = thing->leaves[i];
        if (!leaf->dirty || !nest_key(&nest, text_of(leaf->path))) continue;
        convert_put(writer, &leaf->value);
        leaf->dirty = false;
        leaf->sent = true;
        changes &= leaf->changed;
        if (leaf->source_time_ns < oldest_ns) oldest_ns = leaf->source_time_ns;
    }
    nest_end(&nest);
    return changes ? oldest_ns : 0;
}

/// The leaf's update has been answered: it is told with `version`, 0: it was not.
static void leaf_answered(struct plan_leaf *leaf, bool again, uint64_t version) {
    bool overwritten = !leaf->dirty && leaf->disputed_version > version; // by somebody else, after us
    if (again || overwritten) leaf->dirty = true;
    if (overwritten) leaf->changed = false;
    leaf->told_version = version;
    leaf->disputed_version = 0;
    leaf->sent = false;
}

/// `version` of the twin, 0 when it has not taken the update.
static void update_ended(struct twin_link *twin, bool again, uint64_t version) {
    twin->update_waiting = false;
    for (size_t i = 0; i < twin->thing->leaf_count; i++)
        if (twin->thing->leaves[i]->sent) leaf_answered(twin->thing->leaves[i], again, version);
    if (again) return; // the retry timer does it
    bool first = !twin->told;
    twin->told = true;
    report_flush(twin); // what came meanwhile
    if (!first || twin->thing != twin->gateway->plan->controller) return;
    for (size_t i = 0; i < twin->gateway->plan->thing_count; i++) report_flush(&twin->gateway->twins[i]);
}

/// Of a service that is busy for all, one word a second is enough.
static bool may_complain(const struct twin_link *twin, int64_t code) {
    struct gateway *gateway = twin->gateway;
    uint64_t now_ns = clock_monotonic_ns();
    if (!shadow_may_repeat(code)) return true;
    if (gateway->complained_ns != 0 && now_ns - gateway->complained_ns < NS_PER_S) return false;
    gateway->complained_ns = now_ns;
    return true;
}

/// True when the same must be sent again. `what` names the document in the log. `ret_version` is 0 when the twin has
/// not taken it.
static bool must_repeat(const struct twin_link *twin, const char *what, enum error error, struct text data,
                        uint64_t *ret_version) {
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    int64_t code = shadow_answer(error, data, &answer);
    *ret_version = code == 0 ? shadow_version(json_root(answer)) : 0;
    if (code != 0 && answer != NULL && may_complain(twin, code)) {
        struct text message = json_string(json_member(json_root(answer), "message"));
        log_warning("%s: %s was rejected: %.*s", twin->thing->name, what, TEXT_ARG(message));
    }
    return shadow_may_repeat(code); // by the retry timer
}

static void update_answered(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL) return;
    uint64_t version;
    bool again = must_repeat(twin, "reported", error, data, &version);
    if (!again) hop_add_since(&twin->gateway->hops->twin, twin->update_ns);
    update_ended(twin, again, version);
}

static void send_update(struct twin_link *twin) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    json_key(&writer, "reported");
    json_open_object(&writer);
    int64_t oldest_ns = write_dirty(twin->thing, &writer);
    json_close_object(&writer);
    json_close_object(&writer);
    // The cause of whatever this leads to ([bus-5.1]); what is told for the first time, or again, is nobody's.
    char token[GATEWAY_TOKEN_BYTES];
    snprintf(token, sizeof token, "c:%lld", (long long)(oldest_ns / 1000));
    if (oldest_ns > 0) {
        json_key(&writer, "clientToken");
        json_put_string(&writer, token);
    }
    json_close_object(&writer);
    twin->update_waiting = true;
    twin->update_ns = clock_monotonic_ns();
    if (shadow_request(twin, NULL, "update", &document, update_answered)) update_ended(twin, true, 0);
}

/// When the leaf was last known to be good, wall; 0: never.
static uint64_t good_until_ns(const struct gateway *gateway, const struct plan_leaf *leaf) {
    if (!leaf->known) return 0;
    return status_is_good(leaf->status) && !leaf->stale ? gateway->heard_ns : leaf->bad_since_ns;
}

static void write_bad_leaf(const struct gateway *gateway, const struct plan_leaf *leaf, struct json_writer *writer) {
    char name[STATUS_NAME_BYTES];
    json_open_object(writer);
    json_key(writer, "path");
    json_put_string(writer, leaf->path);
    json_key(writer, "status");
    json_put_string(writer, status_name(report_status(gateway, leaf), name));
    if (leaf->known && leaf->source_time_ns > 0) {
        json_key(writer, "sourceTime");
        json_put_unsigned(writer, (uint64_t)leaf->source_time_ns / NS_PER_MS);
    }
    uint64_t since_ns = good_until_ns(gateway, leaf), now_ns = clock_wall_ns();
    if (since_ns > 0) {
        json_key(writer, "since");
        json_put_unsigned(writer, since_ns / NS_PER_MS);
        json_key(writer, "age");
        json_put_unsigned(writer, now_ns > since_ns ? (now_ns - since_ns) / NS_PER_MS : 0);
    }
    json_close_object(writer);
}

/// Every leaf that is not good, as far as there is room in a shadow; then how many there are.
static void write_bad(const struct gateway *gateway, const struct plan_thing *thing, struct json_writer *writer) {
    size_t count = 0, end = writer->out->length + GATEWAY_BAD_BYTES;
    json_key(writer, "bad");
    json_open_array(writer);
    for (size_t i = 0; i < thing->leaf_count; i++) {
        const struct plan_leaf *leaf = thing->leaves[i];
        if (status_is_good(report_status(gateway, leaf))) continue;
        count++;
        if (writer->out->length < end) write_bad_leaf(gateway, leaf, writer);
    }
    json_close_array(writer);
    json_key(writer, "badCount");
    json_put_unsigned(writer, count);
}

static void status_answered(void *context, enum error error, struct text data) {
    struct twin_link *twin = ticket_redeem(context);
    if (twin == NULL) return;
    twin->status_waiting = false;
    bool again = must_repeat(twin, "status", error, data, &twin->status_version);
    if (again || twin->status_disputed > twin->status_version) twin->status_dirty = true;
    twin->status_disputed = 0;
    if (!again) report_flush(twin);
}

static void send_status(struct twin_link *twin) {
    struct gateway *gateway = twin->gateway;
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    json_key(&writer, "reported");
    json_open_object(&writer);
    json_key(&writer, "connection");
    json_open_object(&writer);
    json_key(&writer, "state");
    json_put_string(&writer, link_state_name(gateway));
    json_key(&writer, "since");
    json_put_unsigned(&writer, gateway->since_ns / NS_PER_MS);
    json_key(&writer, "reason");
    json_put_string(&writer, gateway->reason);
    json_close_object(&writer);
    write_bad(gateway, twin->thing, &writer);
    json_close_object(&writer);
    json_close_object(&writer);
    json_close_object(&writer);
    twin->status_waiting = !shadow_request(twin, "status", "update", &document, status_answered);
    twin->status_dirty = !twin->status_waiting;
}

/// The controller speaks first: whoever decides learns that the edge was restarted before anything else of it, and does
/// not take the first values for steps of a flow that is over ([bus-4.9]).
static bool may_report(const struct twin_link *twin) {
    const struct plan_thing *controller = twin->gateway->plan->controller;
    return controller == NULL || twin->thing == controller || twin->gateway->twins[controller->index].told;
}

void report_flush(struct twin_link *twin) {
    const struct gateway *gateway = twin->gateway;
    if (!bus_connected(gateway->bus)) return;
    bool update = !twin->update_waiting && may_report(twin) && anything_dirty(twin->thing);
    if (update && gateway_may_ask(gateway)) send_update(twin);
    if (!twin->status_waiting && twin->status_dirty && gateway_may_ask(gateway)) send_status(twin);
}

void report_connection(struct gateway *gateway) {
    if (gateway->plan == NULL) return;
    for (size_t i = 0; i < gateway->plan->thing_count; i++) {
        gateway->twins[i].status_dirty = true;
        report_flush(&gateway->twins[i]);
    }
}
