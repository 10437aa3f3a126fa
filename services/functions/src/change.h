/// A change of a twin, as the twin service published it, shared by all functions that it concerns; and the queue of
/// changes that one function has not seen yet.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/map.h>
#include <json/json.h>
#include <site/function.h>

enum { CHANGE_BYTES_MAX = 1024 * 1024 }; // the bus's limit for a message

/// Never altered once made; shared by counting references.
struct change {
    unsigned references;
    struct json_document *document;
    char *thing;
    struct text token;           // clientToken; empty when there is none
    const struct json *previous; // states: {"desired":{...},"reported":{...}}; NULL when there was no twin
    const struct json *current;
    uint64_t version;
    int64_t timestamp_s;
};

/// From a message on "$aws.things.T.shadow.update.documents". ERROR_INVALID when it is none.
enum error change_read(struct text subject, struct text data, struct change **ret_change, struct problem *ret_problem);
struct change *change_ref(struct change *change);
void change_unref(struct change *change); // NULL is fine

/// What a function wants to hear of.
struct change_filter {
    const struct function_trigger *triggers; // those of other kinds than twins do not count
    size_t trigger_count;
    const char *const *own; // its own things
    size_t own_count;
};

/// True when one of the triggers asks for it: the thing's name matches, something below the path is another value than
/// in `told`, the state that functions were told of last, NULL: than in `previous`, and the condition holds. The two
/// differ when the twin service was restarted and had not kept the last changes.
/// A pattern does not match the function's own things: it would trigger itself.
bool change_concerns(const struct change *change, const struct json *told, const struct change_filter *filter);

/// Changes of one thing that wait to be given to a function: the oldest, whose `previous` counts, and the newest, whose
/// `current` counts.
struct pending {
    struct change *oldest, *newest;
    unsigned joined;   // changes in it beyond the first
    unsigned attempts; // how often a worker has got it
    struct pending *previous, *next;
};
void pending_free(struct pending *pending); // NULL is fine
/// The event for the function: docs/spec/function.md, [function-1.3].
void pending_write(const struct pending *pending, struct buffer *out);

/// Starts as {0}.
struct queue {
    struct pending *first, *last;
    struct map *by_thing; // the same, to be found by their things
    size_t length;        // at most the number of things
    uint64_t joined;      // changes that were joined with an earlier one
};
void queue_clear(struct queue *queue);
/// At the end, or joined with what waits for the same thing.
enum error queue_add(struct queue *queue, struct change *change);
/// Back to the front, because its worker died; what has come for the same thing meanwhile is joined with it.
/// ERROR_NO_MEMORY: it is freed.
enum error queue_put_back(struct queue *queue, struct pending *pending);
/// The first whose thing is not busy; NULL when there is none. The caller's then. `is_busy` NULL: none is.
struct pending *queue_take(struct queue *queue, bool (*is_busy)(void *context, const char *thing), void *context);
