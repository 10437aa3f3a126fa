#include "api.h"

#include <base/clock.h>
#include <base/log.h>

#include <stdlib.h>
#include <string.h>

/* The current document of every twin that we know of, so that a client which connects is told at once.
 *
 * (1) A `documents` event always replaces what is kept: events of one twin come in order.
 * (2) The answer to `get` counts only while no event has come since it was asked for.
 * (3) After a gap (the bus was lost) every document is asked for again, and a few with every tick: the bus promises to
 *     deliver at most once, so that an event which got lost must not leave an old document behind for ever. */

enum {
    TWINS_MAX = 10000, // more of them than a console can show are not kept
    TWINS_CHECKED_PER_TICK = 4,
    TWINS_GET_TIMEOUT_S = 5,
    TWIN_KEY_BYTES_MAX = 256,
};

struct twin_entry {
    struct api *api;
    char *thing;
    char *shadow;   // NULL: the classic one
    char *document; // data of a `twin` event: what a new client is told; NULL: there is no such twin
    int64_t version;
    bool stale;  // to be asked for
    bool asking; // a request is under way
};

static bool is_documents(struct text subject) {
    return text_ends_with(subject, TEXT(".update.documents"));
}

static struct twin_entry *add(struct api *api, struct text key, struct text thing, struct text shadow) {
    struct twin_entry *entry = map_count(api->twins) < TWINS_MAX ? calloc(1, sizeof *entry) : NULL;
    if (entry == NULL) return NULL;
    entry->api = api;
    entry->stale = true;
    entry->thing = text_copy(thing);
    entry->shadow = shadow.length == 0 ? NULL : text_copy(shadow);
    bool complete = entry->thing != NULL && (shadow.length == 0 || entry->shadow != NULL);
    if (complete && !map_set(api->twins, key, entry)) return entry;
    free(entry->thing);
    free(entry->shadow);
    free(entry);
    return NULL;
}

static struct twin_entry *find_or_add(struct api *api, struct text thing, struct text shadow) {
    char key[TWIN_KEY_BYTES_MAX];
    int length =
        snprintf(key, sizeof key, "%.*s%s%.*s", TEXT_ARG(thing), shadow.length == 0 ? "" : "/", TEXT_ARG(shadow));
    if (length < 0 || (size_t)length >= sizeof key) return NULL;
    struct text name = {key, (size_t)length};
    struct twin_entry *entry = map_get(api->twins, name);
    return entry != NULL ? entry : add(api, name, thing, shadow);
}

// ---------------------------------------------------------------- what clients are told

static void open_twin_event(struct json_writer *writer, const struct twin_entry *entry) {
    json_open_object(writer);
    json_key(writer, "thing");
    json_put_string(writer, entry->thing);
    if (entry->shadow != NULL) {
        json_key(writer, "shadow");
        json_put_string(writer, entry->shadow);
    }
    json_key(writer, "document");
}

/// As a `documents` event without a previous state.
static void write_current(struct json_writer *writer, const struct json *current, const struct json *timestamp) {
    static const char *const members[] = {"state", "metadata", "version"};
    json_open_object(writer);
    json_key(writer, "previous");
    json_put_null(writer);
    json_key(writer, "current");
    json_open_object(writer);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct json *member = json_member(current, members[i]);
        if (!json_exists(member)) continue;
        json_key(writer, members[i]);
        json_put_value(writer, member);
    }
    json_close_object(writer);
    json_key(writer, "timestamp");
    json_put_integer(writer, json_integer(timestamp, 0));
    json_close_object(writer);
}

static void keep(struct twin_entry *entry, const struct json *current, const struct json *timestamp) {
    struct buffer event = {0};
    struct json_writer writer = json_writer(&event);
    open_twin_event(&writer, entry);
    write_current(&writer, current, timestamp);
    json_close_object(&writer);
    free(entry->document);
    entry->document = buffer_take(&event);
    entry->version = json_integer(json_member(current, "version"), 0);
}

static void send_documents(struct twin_entry *entry, const struct json *documents) {
    CLEANUP(buffer_clear) struct buffer event = {0};
    struct json_writer writer = json_writer(&event);
    open_twin_event(&writer, entry);
    json_put_value(&writer, documents);
    json_close_object(&writer);
    events_send(entry->api, "twin", text_of(entry->thing), buffer_view(&event));
}

static void forget(struct twin_entry *entry) {
    if (entry->document == NULL) return;
    free(TAKE(entry->document));
    CLEANUP(buffer_clear) struct buffer event = {0};
    struct json_writer writer = json_writer(&event);
    open_twin_event(&writer, entry);
    json_put_null(&writer);
    json_close_object(&writer);
    events_send(entry->api, "twin", text_of(entry->thing), buffer_view(&event));
}

// ---------------------------------------------------------------- from the bus

/// "$aws.things.T.shadow.update.documents", "$aws.things.T.shadow.name.S.delete.accepted"
static struct twin_entry *entry_of_subject(struct api *api, struct text subject) {
    struct text levels[8];
    size_t count = 0;
    for (struct text rest = subject; count < 8 && text_split(&rest, '.', &levels[count]);) count++;
    if (count == 6) return find_or_add(api, levels[2], TEXT_EMPTY);
    if (count == 8) return find_or_add(api, levels[2], levels[5]);
    return NULL;
}

static void on_event(void *context, const struct bus_message *message) {
    struct twin_entry *entry = entry_of_subject(context, message->subject);
    if (entry == NULL) return;
    if (!is_documents(message->subject)) return forget(entry);
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(message->data, api_limits, &document, NULL)) return;
    const struct json *root = json_root(document);
    entry->stale = false;
    if (entry->shadow == NULL) latency_note(entry->api, text_of(entry->thing), root);
    keep(entry, json_member(root, "current"), json_member(root, "timestamp"));
    send_documents(entry, root);
}

static void on_get(void *context, enum error error, struct text data) {
    struct twin_entry *entry = context;
    entry->asking = false;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (error || json_parse(data, api_limits, &document, NULL)) return; // asked again with the next tick
    const struct json *root = json_root(document);
    if (!entry->stale) return; // overtaken by an event
    int64_t code = json_integer(json_member(root, "code"), 0);
    if (code != 0 && code != 404) return;
    entry->stale = false;
    if (code == 404) return forget(entry);
    if (entry->document != NULL && json_integer(json_member(root, "version"), 0) == entry->version) return;
    keep(entry, root, json_member(root, "timestamp"));
    if (entry->document != NULL) events_send(entry->api, "twin", text_of(entry->thing), text_of(entry->document));
}

static void ask(struct twin_entry *entry) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    buffer_print(&subject, "$aws.things.%s.shadow.", entry->thing);
    if (entry->shadow != NULL) buffer_print(&subject, "name.%s.", entry->shadow);
    buffer_string(&subject, "get");
    entry->asking =
        !bus_request(entry->api->bus, buffer_view(&subject), TEXT_EMPTY, TWINS_GET_TIMEOUT_S * NS_PER_S, on_get, entry);
}

static void ask_all_stale(struct api *api) {
    if (!bus_connected(api->bus)) return;
    struct text key;
    void *value;
    for (size_t at = 0; map_next(api->twins, &at, &key, &value);) {
        struct twin_entry *entry = value;
        if (entry->stale && !entry->asking) ask(entry);
    }
}

void twins_tick(struct api *api) {
    struct text key;
    void *value;
    for (int i = 0; i < TWINS_CHECKED_PER_TICK; i++) {
        if (!map_next(api->twins, &api->twins_checked, &key, &value)) {
            api->twins_checked = 0;
            break;
        }
        ((struct twin_entry *)value)->stale = true;
    }
    ask_all_stale(api);
}

void twins_refresh_all(struct api *api) {
    struct text key;
    void *value;
    for (size_t at = 0; map_next(api->twins, &at, &key, &value);) ((struct twin_entry *)value)->stale = true;
    ask_all_stale(api);
}

void twins_each(struct api *api, void (*each)(void *context, struct text thing, struct text data), void *context) {
    struct text key;
    void *value;
    for (size_t at = 0; map_next(api->twins, &at, &key, &value);) {
        const struct twin_entry *entry = value;
        if (entry->document != NULL) each(context, text_of(entry->thing), text_of(entry->document));
    }
}

struct json_document *twins_document(struct api *api, struct text thing) {
    const struct twin_entry *entry = map_get(api->twins, thing);
    struct json_document *document = NULL;
    if (entry == NULL || entry->document == NULL) return NULL;
    return json_parse(text_of(entry->document), api_limits, &document, NULL) ? NULL : document;
}

// ---------------------------------------------------------------- opening

/// The things we know of from the start; others are added when something is heard of them.
static enum error expect(struct api *api, struct text thing, bool status) {
    if (find_or_add(api, thing, TEXT_EMPTY) == NULL) return ERROR_NO_MEMORY;
    if (status && find_or_add(api, thing, TEXT("status")) == NULL) return ERROR_NO_MEMORY;
    return ERROR_NONE;
}

enum error twins_open(struct api *api) {
    const struct plant *plant = api->options.plant;
    api->twins = map_create();
    enum error error = api->twins == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
    for (size_t i = 0; !error && i < plant->element_count; i++)
        if (plant->elements[i]->kind == PLANT_THING) error = expect(api, plant->elements[i]->name, true);
    if (!error && api->options.simulation != NULL) error = expect(api, text_of(api->options.simulation), true);
    for (const char *const *thing = api->options.state_things; !error && thing != NULL && *thing != NULL; thing++)
        error = expect(api, text_of(*thing), false);
    return error;
}

enum error twins_subscribe(struct api *api) {
    static const char *const subjects[] = {
        "$aws.things.*.shadow.update.documents",
        "$aws.things.*.shadow.name.*.update.documents",
        "$aws.things.*.shadow.delete.accepted",
        "$aws.things.*.shadow.name.*.delete.accepted",
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct bus_subscription *subscription; // lives as long as the bus
        enum error error = bus_subscribe(api->bus, subjects[i], NULL, on_event, api, &subscription);
        if (error) return error;
    }
    return ERROR_NONE;
}

void twins_close(struct api *api) {
    if (api->twins == NULL) return;
    struct text key;
    void *value;
    for (size_t at = 0; map_next(api->twins, &at, &key, &value);) {
        struct twin_entry *entry = value;
        free(entry->thing);
        free(entry->shadow);
        free(entry->document);
        free(entry);
    }
    map_destroy(api->twins);
}
