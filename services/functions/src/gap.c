// What changed while the bus was away was told to nobody: every twin that functions know is looked at again.
#include "service.h"

#include <base/clock.h>
#include <json/json.h>

#include <stdio.h>
#include <stdlib.h>

static const uint64_t GET_TIMEOUT_NS = 5 * NS_PER_S, LOOK_AGAIN_NS = 200 * NS_PER_MS;

struct look {
    struct service *service;
    char subject[256]; // of the documents that were perhaps missed
    char thing[160];
    struct loop_timer *again; // until it is asked once more
    struct look *next;
};

static void write_missed(struct buffer *out, const struct change *before, const struct json *now) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "previous");
    json_open_object(&writer);
    json_key(&writer, "state");
    json_put_value(&writer, before->current);
    json_close_object(&writer);
    json_key(&writer, "current");
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    static const char *const sections[] = {"desired", "reported"};
    for (size_t i = 0; i < 2; i++) {
        const struct json *section = json_member(json_member(now, "state"), sections[i]);
        if (!json_exists(section)) continue;
        json_key(&writer, sections[i]);
        json_put_value(&writer, section);
    }
    json_close_object(&writer);
    json_key(&writer, "version");
    json_put_integer(&writer, json_integer(json_member(now, "version"), 0));
    json_close_object(&writer);
    json_key(&writer, "timestamp");
    json_put_integer(&writer, json_integer(json_member(now, "timestamp"), 0));
    json_close_object(&writer);
}

static void free_look(struct look *look) {
    loop_timer_cancel(look->again);
    free(look);
}

static void end_look(struct look *look) {
    struct look **at = &look->service->looks;
    while (*at != look) at = &(*at)->next;
    *at = look->next;
    free_look(look);
}

static void compare(const struct look *look, struct text answer) {
    const struct change *before = map_get(look->service->latest, text_of(look->thing));
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {CHANGE_BYTES_MAX, 64};
    if (before == NULL || json_parse(answer, limits, &document, NULL)) return;
    int64_t version = json_integer(json_member(json_root(document), "version"), 0);
    if (version <= 0 || (uint64_t)version <= before->version) return;
    CLEANUP(buffer_clear) struct buffer missed = {0};
    write_missed(&missed, before, json_root(document));
    service_take_change(look->service, text_of(look->subject), buffer_view(&missed));
}

static void look_again(void *context);

static void on_look_answer(void *context, enum error error, struct text data) {
    struct look *look = context;
    struct service *service = look->service;
    // The twin service comes back to the bus in its own time. When it is the bus that went, its return begins anew.
    if (error && bus_connected(service->bus))
        look->again = loop_timer(service->loop, LOOK_AGAIN_NS, 0, look_again, look);
    if (look->again != NULL) return;
    if (!error) compare(look, data);
    end_look(look);
}

static enum error look_ask(struct look *look) {
    char subject[256];
    snprintf(subject, sizeof subject, "$aws.things.%s.shadow.get", look->thing);
    return bus_request(look->service->bus, text_of(subject), TEXT_EMPTY, GET_TIMEOUT_NS, on_look_answer, look);
}

static void look_again(void *context) {
    struct look *look = context;
    look->again = NULL; // fired: the loop frees it
    if (look_ask(look)) end_look(look);
}

static void look_at(struct service *service, struct text thing) {
    struct look *look = calloc(1, sizeof *look);
    if (look == NULL) return;
    look->service = service;
    snprintf(look->thing, sizeof look->thing, "%.*s", TEXT_ARG(thing));
    snprintf(look->subject, sizeof look->subject, "$aws.things.%.*s.shadow.update.documents", TEXT_ARG(thing));
    if (look_ask(look)) {
        free(look);
        return;
    }
    look->next = service->looks;
    service->looks = look;
}

void gap_look(struct service *service) {
    struct text thing;
    void *value;
    for (size_t at = 0; map_next(service->latest, &at, &thing, &value);) look_at(service, thing);
}

void gap_close(struct service *service) {
    while (service->looks != NULL) {
        struct look *next = service->looks->next;
        free_look(service->looks);
        service->looks = next;
    }
}
