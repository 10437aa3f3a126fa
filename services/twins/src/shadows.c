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
    shadow->durable = map_get(twins->memories, shadow_thing(shadow)) != NULL;
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

enum { PAGE_SIZE_MAX = 100, PAGE_SIZE = 25 }; // AWS's

static int compare_texts(const void *a, const void *b) {
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/// Names in their order, without repetitions; for the caller to free. NULL: out of memory.
/// `name_of` gives the name that a shadow stands for; an empty one is left out.
static struct text *collect_names(struct twins *twins, struct text thing,
                                  struct text (*name_of)(const struct shadow *shadow, struct text thing),
                                  size_t *ret_count) {
    struct text *names = malloc((map_count(twins->shadows) + 1) * sizeof *names);
    if (names == NULL) return NULL;
    size_t count = 0, at = 0, kept = 0;
    void *each;
    while (map_next(twins->shadows, &at, NULL, &each)) {
        struct text name = name_of(each, thing);
        if (name.length > 0 && twin_exists(((struct shadow *)each)->twin)) names[count++] = name;
    }
    if (count > 0) qsort(names, count, sizeof *names, compare_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !text_equal(names[i], names[kept - 1])) names[kept++] = names[i];
    *ret_count = kept;
    return names;
}

static struct text named_of_thing(const struct shadow *shadow, struct text thing) {
    return text_equal(shadow_thing(shadow), thing) ? shadow_name(shadow) : TEXT_EMPTY;
}

static struct text any_thing(const struct shadow *shadow, struct text thing) {
    (void)thing;
    return shadow_thing(shadow);
}

static void put_names(struct json_writer *writer, const struct text *names, size_t count) {
    json_open_array(writer);
    for (size_t i = 0; i < count; i++) json_put_text(writer, names[i]);
    json_close_array(writer);
}

static void answer(struct twins *twins, const struct bus_message *message, struct buffer *document) {
    if (document->failed) return;                                                 // the caller's time-out says so
    error_ignore(bus_publish(twins->bus, message->reply, buffer_view(document))); // off line: asked again
}

static void answer_refusal(struct twins *twins, const struct bus_message *message, const char *reason) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    twin_reject(&(struct twin_request){.time_s = clock_wall_ns() / NS_PER_S}, ERROR_INVALID, reason, &document);
    answer(twins, message, &document);
}

struct page {
    struct text thing;
    struct text after; // the last name of the page before; empty: the first page
    int64_t size;
};

/// NULL when the request is good, otherwise what is wrong with it.
static const char *read_page(const struct json *request, struct page *ret_page) {
    const struct json *size = json_member(request, "pageSize");
    const struct json *token = json_member(request, "nextToken");
    *ret_page = (struct page){
        .thing = json_string(json_member(request, "thing")),
        .after = json_string(token),
        .size = json_exists(size) ? json_integer(size, 0) : PAGE_SIZE,
    };
    if (!twin_is_thing_name(ret_page->thing)) return "expected {\"thing\": NAME} with the name of a thing";
    if (ret_page->size < 1 || ret_page->size > PAGE_SIZE_MAX) return "pageSize must be 1 to 100";
    if (json_exists(token) && !twin_is_shadow_name(ret_page->after)) return "nextToken is none that was given";
    return NULL;
}

static void answer_page(struct twins *twins, const struct bus_message *message, const struct page *page,
                        const struct text *names, size_t count) {
    size_t first = 0;
    while (first < count && text_compare(names[first], page->after) <= 0) first++;
    size_t left = count - first, shown = left < (size_t)page->size ? left : (size_t)page->size;

    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "results");
    put_names(&writer, names + first, shown);
    if (left > shown) {
        json_key(&writer, "nextToken");
        json_put_text(&writer, names[first + shown - 1]);
    }
    json_key(&writer, "timestamp");
    json_put_unsigned(&writer, clock_wall_ns() / NS_PER_S);
    json_close_object(&writer);
    answer(twins, message, &document);
}

static void answer_things(struct twins *twins, const struct bus_message *message, const struct text *names,
                          size_t count) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    json_key(&writer, "things");
    put_names(&writer, names, count);
    json_close_object(&writer);
    answer(twins, message, &document);
}

void shadows_answer_list(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    if (message->reply.length == 0) return;
    struct json_limits limits = {.bytes_max = 4096, .depth_max = 8};
    CLEANUP(json_destroy_at) struct json_document *request = NULL;
    enum error error = json_parse(message->data, limits, &request, NULL);
    struct page page;
    const char *wrong = read_page(error ? NULL : json_root(request), &page);
    if (wrong != NULL) return answer_refusal(twins, message, wrong);
    size_t count = 0;
    struct text *names = collect_names(twins, page.thing, named_of_thing, &count);
    if (names != NULL) answer_page(twins, message, &page, names, count); // otherwise the caller's time-out says so
    free(names);
}

void shadows_answer_things(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    if (message->reply.length == 0) return;
    size_t count = 0;
    struct text *names = collect_names(twins, TEXT_EMPTY, any_thing, &count);
    if (names != NULL) answer_things(twins, message, names, count); // otherwise the caller's time-out says so
    free(names);
}
