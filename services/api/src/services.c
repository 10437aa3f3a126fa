#include "api.h"

#include <base/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What each service last said about itself. Silence for API_DOWN_AFTER_S makes it down, until it speaks again. */

static const char *const expected[] = {"gateway", "twins", "functions", "api"}; // each is shown even if it never spoke

struct service_entry {
    struct api *api;
    char *name;
    char *status;      // JSON as last published, or as made by us; NULL: never
    uint64_t heard_ns; // monotonic; 0: never
    bool down;
};

static struct service_entry *find_or_add(struct api *api, struct text name) {
    struct service_entry *entry = map_get(api->services, name);
    if (entry != NULL) return entry;
    entry = calloc(1, sizeof *entry);
    if (entry == NULL) return NULL;
    entry->api = api;
    entry->name = text_copy(name);
    if (entry->name != NULL && !map_set(api->services, name, entry)) return entry;
    free(entry->name);
    free(entry);
    return NULL;
}

static void keep(struct service_entry *entry, struct text status) {
    char *copy = text_copy(status);
    if (copy == NULL) return;
    free(entry->status);
    entry->status = copy;
    events_send(entry->api, "status", TEXT_EMPTY, status);
}

void services_take(struct api *api, struct text status) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(status, api_limits, &document, NULL)) return;
    struct text name = json_string(json_member(json_root(document), "service"));
    if (name.length == 0 || name.length > 64) return;
    struct service_entry *entry = find_or_add(api, name);
    if (entry == NULL) return;
    CLEANUP(buffer_clear) struct buffer compact = {0}; // one line, whatever came
    struct json_writer writer = json_writer(&compact);
    json_put_value(&writer, json_root(document));
    entry->heard_ns = clock_monotonic_ns();
    entry->down = false;
    keep(entry, buffer_view(&compact));
}

/// What is known of it stays; state and reason are ours.
static void write_down(const struct service_entry *entry, struct buffer *out) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (entry->status != NULL) error_ignore(json_parse(text_of(entry->status), api_limits, &document, NULL));
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "service");
    json_put_string(&writer, entry->name);
    json_key(&writer, "state");
    json_put_string(&writer, "down");
    json_key(&writer, "reason");
    json_put_string(&writer, entry->heard_ns == 0 ? "has not reported yet" : "does not report any more");
    struct json_each each = json_each(document == NULL ? NULL : json_root(document));
    while (json_next(&each)) {
        if (text_is(each.name, "service") || text_is(each.name, "state") || text_is(each.name, "reason")) continue;
        json_key_text(&writer, each.name);
        json_put_value(&writer, each.value);
    }
    json_close_object(&writer);
}

static void mark_down(struct service_entry *entry) {
    CLEANUP(buffer_clear) struct buffer status = {0};
    write_down(entry, &status);
    entry->down = true;
    keep(entry, buffer_view(&status));
}

/// Our own status comes back from the bus; without the bus we say it ourselves, which is also the stream's heartbeat.
static void speak_for_ourselves(struct api *api) {
    CLEANUP(buffer_clear) struct buffer status = {0};
    struct json_writer writer = json_writer(&status);
    json_open_object(&writer);
    json_key(&writer, "service");
    json_put_string(&writer, "api");
    json_key(&writer, "tier");
    json_put_string(&writer, api->options.tier);
    json_key(&writer, "state");
    json_put_string(&writer, "degraded");
    json_key(&writer, "reason");
    json_put_string(&writer, api->bus_reason);
    json_key(&writer, "pid");
    json_put_integer(&writer, getpid());
    json_key(&writer, "startedAt");
    json_put_unsigned(&writer, api->started_ms);
    json_key(&writer, "time");
    json_put_unsigned(&writer, clock_wall_ns() / NS_PER_MS);
    json_close_object(&writer);
    services_take(api, buffer_view(&status));
}

void services_tick(struct api *api) {
    if (!bus_connected(api->bus)) speak_for_ourselves(api);
    uint64_t now_ns = clock_monotonic_ns();
    struct text name;
    void *value;
    for (size_t at = 0; map_next(api->services, &at, &name, &value);) {
        struct service_entry *entry = value;
        uint64_t silent_since_ns = entry->heard_ns;
        if (!entry->down && now_ns - silent_since_ns > API_DOWN_AFTER_S * NS_PER_S) mark_down(entry);
    }
}

void services_each(struct api *api, void (*each)(void *context, struct text status), void *context) {
    struct text name;
    void *value;
    for (size_t at = 0; map_next(api->services, &at, &name, &value);) {
        const struct service_entry *entry = value;
        if (entry->status != NULL) each(context, text_of(entry->status));
    }
}

enum error services_open(struct api *api) {
    api->services = map_create();
    if (api->services == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct service_entry *entry = find_or_add(api, text_of(expected[i]));
        if (entry == NULL) return ERROR_NO_MEMORY;
        mark_down(entry);
    }
    return ERROR_NONE;
}

void services_close(struct api *api) {
    if (api->services == NULL) return;
    struct text name;
    void *value;
    for (size_t at = 0; map_next(api->services, &at, &name, &value);) {
        struct service_entry *entry = value;
        free(entry->name);
        free(entry->status);
        free(entry);
    }
    map_destroy(api->services);
}
