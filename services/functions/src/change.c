#include "change.h"

#include "condition.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGE_DEPTH_MAX = 64 };

static const struct text subject_before = {"$aws.things.", 12};
static const struct text subject_behind = {".shadow.update.documents", 24};

static bool thing_of(struct text subject, struct text *ret_thing) {
    if (subject.length <= subject_before.length + subject_behind.length) return false;
    if (!text_starts_with(subject, subject_before) || !text_ends_with(subject, subject_behind)) return false;
    *ret_thing = text_from(subject, subject_before.length);
    ret_thing->length -= subject_behind.length;
    return memchr(ret_thing->data, '.', ret_thing->length) == NULL;
}

static const struct json *state_of(const struct json *root, const char *side) {
    const struct json *state = json_member(json_member(root, side), "state");
    return json_is(state, JSON_OBJECT) ? state : NULL;
}

static enum error fill(struct change *change, struct text thing, struct text data, struct problem *ret_problem) {
    change->thing = text_copy(thing);
    if (change->thing == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct json_limits limits = {CHANGE_BYTES_MAX, CHANGE_DEPTH_MAX};
    enum error error = json_parse(data, limits, &change->document, ret_problem);
    if (error) return error;
    const struct json *root = json_root(change->document);
    change->token = json_string(json_member(root, "clientToken"));
    change->previous = state_of(root, "previous");
    change->current = state_of(root, "current");
    int64_t version = json_integer(json_path(root, TEXT("current/version")), 0);
    change->version = version < 0 ? 0 : (uint64_t)version;
    change->timestamp_s = json_integer(json_member(root, "timestamp"), 0);
    if (change->current != NULL) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID, "current/state: expected an object");
}

enum error change_read(struct text subject, struct text data, struct change **ret_change, struct problem *ret_problem) {
    struct text thing;
    if (!thing_of(subject, &thing))
        return problem_say(ret_problem, ERROR_INVALID, "%.*s: not the subject of a twin's documents",
                           TEXT_ARG(subject));
    struct change *change = calloc(1, sizeof *change);
    if (change == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    change->references = 1;
    enum error error = fill(change, thing, data, ret_problem);
    if (error) {
        change_unref(change);
        return problem_prefix(ret_problem, error, "%.*s", TEXT_ARG(subject));
    }
    *ret_change = change;
    return ERROR_NONE;
}

struct change *change_ref(struct change *change) {
    change->references++;
    return change;
}

void change_unref(struct change *change) {
    if (change == NULL || --change->references > 0) return;
    json_destroy(change->document);
    free(change->thing);
    free(change);
}

// --- triggers ---

static bool is_pattern(const char *name) {
    return strpbrk(name, "*?") != NULL;
}

static bool owns(const struct change_filter *filter, const char *thing) {
    for (size_t i = 0; i < filter->own_count; i++)
        if (strcmp(filter->own[i], thing) == 0) return true;
    return false;
}

static bool matches(const struct function_trigger *trigger, const struct change_filter *filter, const char *thing) {
    if (trigger->twin == NULL) return false;
    if (is_pattern(trigger->twin) && owns(filter, thing)) return false;
    return text_matches(text_of(thing), text_of(trigger->twin));
}

static bool differs_below(const struct json *told, const struct json *current, struct text path) {
    if (path.length == 0) return !json_equal(told, current);
    const struct json *before = json_path(told, path);
    const struct json *after = json_path(current, path);
    if (json_exists(before) != json_exists(after)) return true;
    return json_exists(after) && !json_equal(before, after);
}

bool change_concerns(const struct change *change, const struct json *told, const struct change_filter *filter) {
    const struct json *before = told == NULL ? change->previous : told;
    for (size_t i = 0; i < filter->trigger_count; i++) {
        const struct function_trigger *trigger = &filter->triggers[i];
        if (!matches(trigger, filter, change->thing)) continue;
        if (!differs_below(before, change->current, text_of(trigger->path))) continue;
        if (condition_holds(text_of(trigger->condition), change->current)) return true;
    }
    return false;
}

// --- the queue ---

void pending_free(struct pending *pending) {
    if (pending == NULL) return;
    change_unref(pending->oldest);
    change_unref(pending->newest);
    free(pending);
}

static void put_state(struct json_writer *writer, const char *name, const struct json *state) {
    json_key(writer, name);
    if (state == NULL)
        json_put_null(writer);
    else
        json_put_value(writer, state);
}

void pending_write(const struct pending *pending, struct buffer *out) {
    const struct change *newest = pending->newest;
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "source");
    json_put_string(&writer, "splc.twin");
    json_key(&writer, "thing");
    json_put_string(&writer, newest->thing);
    json_key(&writer, "clientToken"); // of the oldest: a latency that it measures is never too short
    json_put_text(&writer, pending->oldest->token);
    json_key(&writer, "version");
    json_put_unsigned(&writer, newest->version);
    json_key(&writer, "timestamp");
    json_put_integer(&writer, newest->timestamp_s);
    json_key(&writer, "joined");
    json_put_unsigned(&writer, pending->joined);
    put_state(&writer, "previous", pending->oldest->previous);
    put_state(&writer, "current", newest->current);
    json_close_object(&writer);
}

void queue_clear(struct queue *queue) {
    for (struct pending *pending; (pending = queue_take(queue, NULL, NULL)) != NULL;) pending_free(pending);
    map_destroy(queue->by_thing);
    queue->by_thing = NULL;
}

static struct pending *find(const struct queue *queue, const char *thing) {
    return queue->by_thing == NULL ? NULL : map_get(queue->by_thing, text_of(thing));
}

static void take_out(struct queue *queue, struct pending *pending) {
    *(pending->previous == NULL ? &queue->first : &pending->previous->next) = pending->next;
    *(pending->next == NULL ? &queue->last : &pending->next->previous) = pending->previous;
    pending->previous = pending->next = NULL;
    map_remove(queue->by_thing, text_of(pending->newest->thing));
    queue->length--;
}

static enum error note(struct queue *queue, struct pending *pending) {
    if (queue->by_thing == NULL) queue->by_thing = map_create();
    if (queue->by_thing == NULL) return ERROR_NO_MEMORY;
    return map_set(queue->by_thing, text_of(pending->newest->thing), pending);
}

/// Between `previous` and what followed it; NULL: in front.
static enum error put_in(struct queue *queue, struct pending *pending, struct pending *previous) {
    enum error error = note(queue, pending);
    if (error) {
        pending_free(pending);
        return error;
    }
    pending->previous = previous;
    pending->next = previous == NULL ? queue->first : previous->next;
    *(previous == NULL ? &queue->first : &previous->next) = pending;
    *(pending->next == NULL ? &queue->last : &pending->next->previous) = pending;
    queue->length++;
    return ERROR_NONE;
}

enum error queue_add(struct queue *queue, struct change *change) {
    struct pending *waiting = find(queue, change->thing);
    if (waiting != NULL) {
        change_unref(waiting->newest);
        waiting->newest = change_ref(change);
        waiting->joined++;
        queue->joined++;
        return ERROR_NONE;
    }
    struct pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL) return ERROR_NO_MEMORY;
    *pending = (struct pending){.oldest = change_ref(change), .newest = change_ref(change)};
    return put_in(queue, pending, queue->last);
}

enum error queue_put_back(struct queue *queue, struct pending *pending) {
    struct pending *later = find(queue, pending->newest->thing);
    if (later != NULL) {
        take_out(queue, later);
        change_unref(pending->newest);
        pending->newest = change_ref(later->newest);
        pending->joined += later->joined + 1;
        queue->joined++;
        pending_free(later);
    }
    return put_in(queue, pending, NULL);
}

struct pending *queue_take(struct queue *queue, bool (*is_busy)(void *context, const char *thing), void *context) {
    struct pending *pending = queue->first;
    while (pending != NULL && is_busy != NULL && is_busy(context, pending->newest->thing)) pending = pending->next;
    if (pending != NULL) take_out(queue, pending);
    return pending;
}
