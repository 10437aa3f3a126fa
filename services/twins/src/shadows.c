#include "internal.h"

#include <base/clock.h>
#include <json/json.h>

#include <stdlib.h>
#include <string.h>

/* ---- One shadow ---- */

struct text shadow_thing(const struct shadow *shadow) {
    return (struct text){shadow->key, shadow->thing_length};
}

struct text shadow_name(const struct shadow *shadow) {
    return text_from(text_of(shadow->key), shadow->thing_length + 1);
}

struct shadow *shadow_find(const struct twins *twins, struct text key) {
    return map_get(twins->shadows, key);
}

struct shadow *shadow_add(struct twins *twins, struct text key) {
    struct shadow *shadow = calloc(1, sizeof *shadow + key.length + 1);
    if (shadow == NULL) return NULL;
    memcpy(shadow->key, key.data, key.length);
    const char *tilde = memchr(key.data, '~', key.length);
    shadow->thing_length = tilde == NULL ? key.length : (size_t)(tilde - key.data);
    if (map_set(twins->shadows, key, shadow) == ERROR_NONE) return shadow;
    free(shadow);
    return NULL;
}

static void free_shadow(struct twins *twins, struct shadow *shadow) {
    requests_free_held(twins, &shadow->held);
    requests_free_held(twins, &shadow->waiting);
    twin_unref(shadow->twin);
    twin_unref(shadow->next);
    free(shadow);
}

void shadow_forget_unused(struct twins *twins, struct shadow *shadow) {
    if (shadow->twin != NULL || shadow->state != SHADOW_FREE) return;
    map_remove(twins->shadows, text_of(shadow->key));
    free_shadow(twins, shadow);
}

void shadow_replace(struct twins *twins, struct shadow *shadow, struct twin *twin) {
    twins->existing += twin_exists(twin);
    twins->existing -= twin_exists(shadow->twin);
    twin_ref(twin);
    twin_unref(shadow->twin);
    shadow->twin = twin;
}

void shadows_free(struct twins *twins) {
    size_t at = 0;
    void *shadow;
    while (twins->shadows != NULL && map_next(twins->shadows, &at, NULL, &shadow)) free_shadow(twins, shadow);
    map_destroy(twins->shadows);
}

/* ---- Lists ---- */

static int compare_texts(const void *a, const void *b) {
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/// Names as a sorted array without repetitions.
static void put_names(struct json_writer *writer, struct text *names, size_t count) {
    if (count > 0) qsort(names, count, sizeof *names, compare_texts);
    json_open_array(writer);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !text_equal(names[i], names[i - 1])) json_put_text(writer, names[i]);
    json_close_array(writer);
}

/// What `name_of` gives for each shadow that exists; an empty name is left out.
static bool put_names_of(struct twins *twins, struct json_writer *writer, struct text thing,
                         struct text (*name_of)(const struct shadow *shadow, struct text thing)) {
    CLEANUP(free_at) struct text *names = malloc((map_count(twins->shadows) + 1) * sizeof *names);
    if (names == NULL) return false;
    size_t count = 0, at = 0;
    void *each;
    while (map_next(twins->shadows, &at, NULL, &each)) {
        struct text name = name_of(each, thing);
        if (name.length > 0 && twin_exists(((struct shadow *)each)->twin)) names[count++] = name;
    }
    put_names(writer, names, count);
    return true;
}

static struct text named_of_thing(const struct shadow *shadow, struct text thing) {
    return text_equal(shadow_thing(shadow), thing) ? shadow_name(shadow) : TEXT_EMPTY;
}

static struct text any_thing(const struct shadow *shadow, struct text thing) {
    (void)thing;
    return shadow_thing(shadow);
}

static void answer(struct twins *twins, const struct bus_message *message, struct buffer *document) {
    if (document->failed) return;                                                 // the caller's time-out says so
    error_ignore(bus_publish(twins->bus, message->reply, buffer_view(document))); // off line: asked again
}

static void answer_refusal(struct twins *twins, const struct bus_message *message) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "code");
    json_put_integer(&writer, 400);
    json_key(&writer, "message");
    json_put_string(&writer, "expected {\"thing\": NAME} with the name of a thing");
    json_close_object(&writer);
    answer(twins, message, &document);
}

void shadows_answer_list(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    if (message->reply.length == 0) return;
    struct json_limits limits = {.bytes_max = 4096, .depth_max = 8};
    CLEANUP(json_destroy_at) struct json_document *request = NULL;
    enum error error = json_parse(message->data, limits, &request, NULL);
    struct text thing = error ? TEXT_EMPTY : json_string(json_member(json_root(request), "thing"));
    if (!twin_is_thing_name(thing)) return answer_refusal(twins, message);

    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "results");
    if (!put_names_of(twins, &writer, thing, named_of_thing)) return;
    json_key(&writer, "timestamp");
    json_put_unsigned(&writer, clock_wall_ns() / NS_PER_S);
    json_close_object(&writer);
    answer(twins, message, &document);
}

void shadows_answer_things(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    if (message->reply.length == 0) return;
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "things");
    if (!put_names_of(twins, &writer, TEXT_EMPTY, any_thing)) return;
    json_close_object(&writer);
    answer(twins, message, &document);
}
