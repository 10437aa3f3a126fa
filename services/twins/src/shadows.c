#include "internal.h"

#include <base/clock.h>
#include <json/json.h>

#include <stdlib.h>
#include <store/store.h>
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

/* ---- Partitions that come and go ---- */

static bool is_in(const struct shadow *shadow, unsigned partitions) {
    return (partitions >> store_partition(shadow_thing(shadow)) & 1) != 0;
}

static bool adopt(struct twins *twins, const struct loaded_shadow *loaded) {
    struct shadow *shadow = shadow_add(twins, text_of(loaded->key));
    if (shadow == NULL) return false;
    shadow_replace(twins, shadow, loaded->twin);
    shadow->restored = true;
    shadow->ceiling = loaded->ceiling;
    shadow->version_written = twin_version(loaded->twin);
    if (loaded->crashed) commit_mark_dirty(twins, shadow); // reserves versions anew
    return true;
}

enum error shadows_adopt(struct twins *twins, struct loaded_shadow **list) {
    struct loaded_shadow *loaded = *list;
    bool good = true;
    for (; loaded != NULL && good; loaded = loaded->next) good = adopt(twins, loaded);
    loaded_free(*list);
    *list = NULL;
    return good ? ERROR_NONE : ERROR_NO_MEMORY;
}

bool shadows_quiet(const struct twins *twins, unsigned partitions) {
    size_t at = 0;
    void *each;
    while (map_next(twins->shadows, &at, NULL, &each)) {
        const struct shadow *shadow = each;
        bool quiet = shadow->state == SHADOW_FREE && !shadow->dirty && shadow->waiting.first == NULL;
        if (!quiet && is_in(shadow, partitions)) return false;
    }
    return true;
}

static void unlink_dropped(struct twins *twins, unsigned partitions) {
    for (struct shadow **at = &twins->dirty; *at != NULL;)
        if (is_in(*at, partitions))
            *at = (*at)->next_dirty;
        else
            at = &(*at)->next_dirty;
    for (struct shadow **at = &twins->gathering; *at != NULL;)
        if (is_in(*at, partitions))
            *at = (*at)->next_gathering;
        else
            at = &(*at)->next_gathering;
}

void shadows_drop(struct twins *twins, unsigned partitions) {
    static const char why[] = "Another process keeps this shadow now; try again";
    unlink_dropped(twins, partitions);
    size_t at = 0;
    void *each;
    while (map_next(twins->shadows, &at, NULL, &each)) {
        struct shadow *shadow = each;
        if (!is_in(shadow, partitions)) continue;
        requests_refuse_held(twins, &shadow->held, why);
        requests_refuse_held(twins, &shadow->waiting, why);
        twins->existing -= twin_exists(shadow->twin);
        map_remove(twins->shadows, text_of(shadow->key));
        free_shadow(twins, shadow);
    }
}

/* ---- Lists ---- */

enum { PAGE_SIZE_MAX = 100, PAGE_SIZE = 25 }; // AWS's

static int compare_texts(const void *a, const void *b) {
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/// Names of the thing's shadows in their order, for the caller to free. NULL: out of memory.
static struct text *collect_names(struct twins *twins, struct text thing, size_t *ret_count) {
    struct text *names = malloc((map_count(twins->shadows) + 1) * sizeof *names);
    if (names == NULL) return NULL;
    size_t count = 0, at = 0;
    void *each;
    while (map_next(twins->shadows, &at, NULL, &each)) {
        const struct shadow *shadow = each;
        bool is_named = shadow_name(shadow).length > 0 && text_equal(shadow_thing(shadow), thing);
        if (is_named && twin_exists(shadow->twin)) names[count++] = shadow_name(shadow);
    }
    if (count > 0) qsort(names, count, sizeof *names, compare_texts);
    *ret_count = count;
    return names;
}

struct text *shadows_list_things(struct twins *twins, size_t *ret_count) {
    struct text *names = malloc((map_count(twins->shadows) + 1) * sizeof *names);
    if (names == NULL) return NULL;
    size_t count = 0, at = 0, kept = 0;
    void *each;
    while (map_next(twins->shadows, &at, NULL, &each))
        if (twin_exists(((struct shadow *)each)->twin)) names[count++] = shadow_thing(each);
    if (count > 0) qsort(names, count, sizeof *names, compare_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !text_equal(names[i], names[kept - 1])) names[kept++] = names[i];
    *ret_count = kept;
    return names;
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

void shadows_answer_list(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    if (message->reply.length == 0) return;
    struct json_limits limits = {.bytes_max = 4096, .depth_max = 8};
    CLEANUP(json_destroy_at) struct json_document *request = NULL;
    enum error error = json_parse(message->data, limits, &request, NULL);
    struct page page;
    const char *wrong = read_page(error ? NULL : json_root(request), &page);
    if (!share_has(twins, page.thing)) return;
    if (wrong != NULL) return answer_refusal(twins, message, wrong);
    size_t count = 0;
    struct text *names = collect_names(twins, page.thing, &count);
    if (names != NULL) answer_page(twins, message, &page, names, count); // otherwise the caller's time-out says so
    free(names);
}
