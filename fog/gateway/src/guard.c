// What others write into the twins of the edge's things. `reported` and the shadow `status` are the edge's word, passed
// on by the gateway; whoever else writes there (any client may) is overruled at once, not only with the next change.
//
// Every accepted update is looked at, our own as well: it is not who wrote that counts but what stands there. The
// version tells an update that came before ours from one that came after it.
#include "internal.h"

enum { GUARD_TELL_MS = 1000 }; // per thing; who writes a thousand times a second fills no log

struct guard {
    struct twin_link *twin;
    uint64_t version;
    const struct plan_leaf *overruled; // one of them; NULL: none
    bool foreign;                      // something that the edge does not have
};

static void look_at_leaf(struct guard *guard, struct plan_leaf *leaf, const struct json *value) {
    if (report_dispute(leaf, value, guard->version)) guard->overruled = leaf;
}

/// The place was overwritten as a whole: by null, or by something that is no object.
static void look_at_all_below(struct guard *guard, struct text above) {
    const struct plan_thing *thing = guard->twin->thing;
    for (size_t i = 0; i < thing->leaf_count; i++)
        if (plan_is_below(thing->leaves[i]->path, above)) look_at_leaf(guard, thing->leaves[i], NULL);
}

static void look_at(struct guard *guard, const struct json *value, struct text above) {
    const struct plan_thing *thing = guard->twin->thing;
    struct json_each each = json_each(value);
    while (json_next(&each)) {
        if (text_is(each.name, "command")) continue; // outcomes are no values of the edge ([bus-4.3])
        CLEANUP(buffer_clear) struct buffer path = {0};
        if (above.length > 0) buffer_print(&path, "%.*s/", TEXT_ARG(above));
        buffer_text(&path, each.name);
        bool named = plan_is_name(each.name);
        struct plan_leaf *leaf = named ? plan_find_leaf(thing, buffer_view(&path)) : NULL;
        bool leads_on = named && plan_has_below(thing, buffer_view(&path));
        if (leaf != NULL)
            look_at_leaf(guard, leaf, each.value);
        else if (leads_on && json_is(each.value, JSON_OBJECT))
            look_at(guard, each.value, buffer_view(&path));
        else if (leads_on)
            look_at_all_below(guard, buffer_view(&path));
        else if (!json_is(each.value, JSON_NULL))
            guard->foreign = true;
    }
}

static void overrule(const struct guard *guard) {
    struct twin_link *twin = guard->twin;
    if (guard->overruled != NULL) report_flush(twin);
    if (guard->foreign) sync_again(twin); // finds all that the edge does not have, and removes it
    uint64_t now_ns = clock_monotonic_ns();
    bool tell = guard->overruled != NULL || guard->foreign;
    if (!tell || (twin->guarded_ns != 0 && now_ns - twin->guarded_ns < GUARD_TELL_MS * NS_PER_MS)) return;
    twin->guarded_ns = now_ns;
    const char *path = guard->overruled == NULL ? "what the edge does not have" : guard->overruled->path;
    log_warning("%s: somebody else reported %s; the edge's word is put back", twin->thing->name, path);
    error_ignore(bus_event(twin->gateway->bus, 500, twin->thing->name,
                           "somebody else reported %s; the edge's word is put back", path));
}

void guard_update(struct twin_link *twin, const struct json *accepted) {
    struct guard guard = {.twin = twin, .version = shadow_version(accepted)};
    const struct json *state = json_member(accepted, "state"), *reported = json_member(state, "reported");
    bool gone = json_is(state, JSON_NULL) || (json_exists(reported) && json_is(reported, JSON_NULL));
    if (gone) look_at_all_below(&guard, TEXT_EMPTY);
    if (json_is(reported, JSON_OBJECT)) look_at(&guard, reported, TEXT_EMPTY);
    overrule(&guard);
}

void guard_document(struct twin_link *twin, const struct json *document) {
    struct guard guard = {.twin = twin, .version = shadow_version(document)};
    const struct json *reported = json_path(document, TEXT("state/reported"));
    for (size_t i = 0; i < twin->thing->leaf_count; i++)
        look_at_leaf(&guard, twin->thing->leaves[i], json_path(reported, text_of(twin->thing->leaves[i]->path)));
    overrule(&guard);
}

void guard_status(struct twin_link *twin, const struct json *accepted) {
    uint64_t version = shadow_version(accepted);
    if (twin->status_waiting) {
        if (version > twin->status_disputed) twin->status_disputed = version;
        return; // the answer tells which one is later
    }
    if (version <= twin->status_version) return; // ours
    twin->status_dirty = true;
    report_flush(twin);
}

void guard_deleted(struct twin_link *twin, const struct json *accepted) {
    (void)accepted;
    report_again(twin);
    report_flush(twin);
}

void guard_status_deleted(struct twin_link *twin, const struct json *accepted) {
    (void)accepted;
    twin->status_dirty = true;
    report_flush(twin);
}
