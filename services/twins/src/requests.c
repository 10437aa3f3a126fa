#include "internal.h"

#include <base/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Publishing ---- */

/// Of "thing" or "thing~shadow".
static struct text thing_of(struct text key) {
    struct text thing = TEXT_EMPTY;
    text_split(&key, '~', &thing);
    return thing;
}

static void publish_event(struct twins *twins, const struct call *call, const char *event,
                          const struct buffer *document) {
    if (document->length == 0) return;
    buffer_reset(&twins->subject);
    buffer_text(&twins->subject, call->subject);
    buffer_string(&twins->subject, event);
    bool kept = devices_hear(twins, thing_of(call->key));
    enum error (*const send)(struct bus *, struct text, struct text) = kept ? bus_publish_kept : bus_publish;
    // While the bus is away nobody hears it; whoever comes back reads the shadow anew.
    if (!twins->subject.failed) error_ignore(send(twins->bus, buffer_view(&twins->subject), buffer_view(document)));
}

const int twins_codes[TWINS_CODES] = {400, 404, 409, 413, 415, 429, 500, 503};

static void count_answer(struct twins *twins, enum error error) {
    twins->accepted += error == ERROR_NONE;
    twins->rejected += error != ERROR_NONE;
    for (size_t i = 0; i < TWINS_CODES; i++) twins->rejected_by[i] += twins_codes[i] == error_http_status(error);
}

static void publish_answer(struct twins *twins, const struct call *call, enum error error,
                           const struct buffer *document) {
    count_answer(twins, error);
    publish_event(twins, call, error ? ".rejected" : ".accepted", document);
    if (call->reply.length > 0) error_ignore(bus_publish(twins->bus, call->reply, buffer_view(document))); // as above
}

static void publish_result(struct twins *twins, const struct call *call) {
    publish_event(twins, call, ".delta", &twins->result.delta);
    publish_event(twins, call, ".documents", &twins->result.documents);
    publish_answer(twins, call, twins->result.error, &twins->result.answer);
}

static const char out_of_memory[] = "Internal service failure: out of memory";

static void refuse(struct twins *twins, const struct call *call, enum error error, const char *message) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct twin_request request = {.name = call->key, .payload = call->payload, .time_s = clock_wall_ns() / NS_PER_S};
    twin_reject(&request, error, message, &document);
    if (!document.failed) publish_answer(twins, call, error, &document);
}

/* ---- Requests that wait ---- */

static void list_append(struct held_list *list, struct held *held) {
    if (list->first == NULL) list->end = &list->first;
    *list->end = held;
    list->end = &held->next;
}

static struct held *list_take(struct held_list *list) {
    struct held *held = list->first;
    if (held != NULL) list->first = held->next;
    return held;
}

static struct text keep_text(char **at, struct text text) {
    struct text kept = {*at, text.length};
    if (text.length > 0) memcpy(*at, text.data, text.length);
    *at += text.length;
    return kept;
}

static void held_count(struct twins *twins, struct held *held, size_t bytes) {
    held->size += bytes;
    twins->held_bytes += bytes;
}

/// A copy of the request; NULL when it was refused instead.
static struct held *held_create(struct twins *twins, const struct call *call) {
    size_t bytes = call->key.length + call->subject.length + call->reply.length + call->payload.length;
    bool many = twins->held_bytes + bytes > TWINS_HELD_BYTES_MAX;
    struct held *held = many ? NULL : calloc(1, sizeof *held + bytes);
    if (held == NULL) {
        refuse(twins, call, many ? ERROR_LIMIT : ERROR_NO_MEMORY,
               many ? "Too many requests wait for the disk; try again later" : out_of_memory);
        return NULL;
    }
    char *at = held->bytes;
    held->call = (struct call){
        .operation = call->operation,
        .key = keep_text(&at, call->key),
        .subject = keep_text(&at, call->subject),
        .reply = keep_text(&at, call->reply),
        .payload = keep_text(&at, call->payload),
    };
    held_count(twins, held, sizeof *held + bytes);
    twins->waiting++;
    return held;
}

static void held_free(struct twins *twins, struct held *held) {
    twins->held_bytes -= held->size;
    twins->waiting--;
    buffer_clear(&held->answer);
    buffer_clear(&held->delta);
    buffer_clear(&held->documents);
    free(held);
}

void requests_free_held(struct twins *twins, struct held_list *list) {
    for (struct held *held; (held = list_take(list)) != NULL;) held_free(twins, held);
}

/* ---- One request ---- */

/// Versions that cannot be reserved on disk follow the clock, so that none is given twice even if the process ends
/// before the disk takes them.
static uint64_t version_least(const struct twins *twins, const struct shadow *shadow, const struct twin *before) {
    if (!is_degraded(twins)) return 0;
    bool reserved = shadow != NULL && twin_exists(shadow->twin) && twin_version(before) < shadow->ceiling;
    return reserved ? 0 : clock_wall_ns() / NS_PER_MS;
}

static void answer(struct twins *twins, const struct call *call, const struct shadow *shadow, struct twin *before) {
    struct twin_request request = {
        .operation = call->operation,
        .name = call->key,
        .payload = call->payload,
        .time_s = clock_wall_ns() / NS_PER_S,
        .version_least = version_least(twins, shadow, before),
        .restored = shadow != NULL && shadow->restored,
    };
    twin_answer(before, &request, &twins->result);
}

static bool must_wait(const struct twins *twins, const struct shadow *shadow) {
    if (twins->result.desired || shadow->durable) return true;
    if (is_degraded(twins)) return false;
    return !twin_exists(shadow->twin) || twin_version(twins->result.twin) > shadow->ceiling;
}

/// Applies what `twins->result` says to `next` and keeps the answer until that is on disk.
static void hold(struct twins *twins, struct shadow *shadow, const struct call *call) {
    struct held *held = held_create(twins, call);
    if (held == NULL) return;
    struct twin_result *result = &twins->result;
    held->must_store = result->desired || shadow->durable;
    held->reported = result->reported;
    held->error = result->error;
    held->answer = result->answer;
    held->delta = result->delta;
    held->documents = result->documents;
    result->answer = result->delta = result->documents = (struct buffer){0}; // moved
    held_count(twins, held, held->answer.capacity + held->delta.capacity + held->documents.capacity);
    list_append(&shadow->held, held);
    commit_gather(twins, shadow, result->twin);
}

static void accept_at_once(struct twins *twins, struct shadow *shadow, const struct call *call) {
    shadow_replace(twins, shadow, twins->result.twin);
    commit_mark_dirty(twins, shadow);
    if (twins->result.reported) shadow->restored = false;
    twins->updates++;
    publish_result(twins, call);
}

/// A request for a shadow that is not there yet, and is now.
static void create(struct twins *twins, const struct call *call) {
    struct shadow *shadow = shadow_add(twins, call->key);
    if (shadow == NULL) return refuse(twins, call, ERROR_NO_MEMORY, out_of_memory);
    must_wait(twins, shadow) ? hold(twins, shadow, call) : accept_at_once(twins, shadow, call);
    shadow_forget_unused(twins, shadow);
}

static void wait_for_commit(struct twins *twins, struct shadow *shadow, const struct call *call) {
    struct held *held = held_create(twins, call);
    if (held == NULL) return;
    list_append(&shadow->waiting, held);
}

static void take(struct twins *twins, const struct call *call) {
    struct shadow *shadow = shadow_find(twins, call->key);
    bool waits = shadow != NULL && shadow->state != SHADOW_FREE;
    if (waits && shadow->state == SHADOW_WRITING) return wait_for_commit(twins, shadow, call);

    struct twin *before = shadow == NULL ? NULL : waits ? shadow->next : shadow->twin;
    answer(twins, call, shadow, before);
    if (waits) return hold(twins, shadow, call);
    bool changed = !twins->result.error && call->operation != TWIN_GET;
    if (!changed) return publish_result(twins, call);
    if (shadow == NULL) return create(twins, call);
    must_wait(twins, shadow) ? hold(twins, shadow, call) : accept_at_once(twins, shadow, call);
}

void requests_publish_held(struct twins *twins, struct shadow *shadow) {
    for (struct held *held; (held = list_take(&shadow->held)) != NULL;) {
        publish_event(twins, &held->call, ".delta", &held->delta);
        publish_event(twins, &held->call, ".documents", &held->documents);
        publish_answer(twins, &held->call, held->error, &held->answer);
        twins->updates += !held->error && held->call.operation == TWIN_UPDATE;
        if (!held->error && held->reported) shadow->restored = false;
        held_free(twins, held);
    }
}

void requests_redo_held(struct twins *twins, struct shadow *shadow) {
    char message[sizeof twins->trouble.text + 64];
    snprintf(message, sizeof message, "Internal service failure: %s", twins->trouble.text);
    struct held_list list = shadow->held;
    shadow->held = (struct held_list){0};
    for (struct held *held; (held = list_take(&list)) != NULL;) {
        if (held->must_store) refuse(twins, &held->call, ERROR_IO, message);
        if (!held->must_store) take(twins, &held->call);
        held_free(twins, held);
    }
}

void requests_take_waiting(struct twins *twins, struct shadow *shadow) {
    struct held_list list = shadow->waiting;
    shadow->waiting = (struct held_list){0};
    for (struct held *held; (held = list_take(&list)) != NULL;) {
        take(twins, &held->call);
        held_free(twins, held);
    }
}

void requests_refuse_held(struct twins *twins, struct held_list *list, const char *why) {
    for (struct held *held; (held = list_take(list)) != NULL;) {
        refuse(twins, &held->call, ERROR_UNAVAILABLE, why);
        held_free(twins, held);
    }
}

/* ---- From the bus ---- */

static bool operation_of(struct text name, enum twin_operation *ret_operation) {
    static const char *const names[] = {[TWIN_GET] = "get", [TWIN_UPDATE] = "update", [TWIN_DELETE] = "delete"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!text_is(name, names[i])) continue;
        *ret_operation = (enum twin_operation)i;
        return true;
    }
    return false;
}

/// "$aws.things.T.shadow.OPERATION" or "$aws.things.T.shadow.name.S.OPERATION": the subscriptions let nothing else in.
static bool read_subject(struct text subject, struct text *ret_thing, struct text *ret_shadow,
                         enum twin_operation *ret_operation) {
    struct text level[7] = {0};
    size_t count = 0;
    while (count < 7 && text_split(&subject, '.', &level[count])) count++;
    *ret_thing = level[2];
    *ret_shadow = count == 7 ? level[5] : TEXT_EMPTY;
    return (count == 5 || count == 7) && operation_of(level[count - 1], ret_operation);
}

void request_received(void *context, const struct bus_message *message) {
    struct twins *twins = context;
    struct text thing, shadow;
    struct call call = {.subject = message->subject, .reply = message->reply, .payload = message->data};
    if (!read_subject(message->subject, &thing, &shadow, &call.operation) || !share_has(twins, thing)) return;
    if (!twin_is_thing_name(thing))
        return refuse(twins, &call, ERROR_INVALID, "Invalid thing name: 1 to 128 characters out of a-z A-Z 0-9 : _ -");
    if (shadow.length > 0 && !twin_is_shadow_name(shadow))
        return refuse(twins, &call, ERROR_INVALID, "Invalid shadow name: 1 to 64 characters out of a-z A-Z 0-9 : _ -");

    char key[TWINS_KEY_BYTES];
    int length =
        snprintf(key, sizeof key, "%.*s%s%.*s", TEXT_ARG(thing), shadow.length > 0 ? "~" : "", TEXT_ARG(shadow));
    call.key = (struct text){key, (size_t)length};
    take(twins, &call);
}
