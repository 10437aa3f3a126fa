/// One event on its way to a function: what is given, to whom its outcome matters, how often it was tried.
#pragma once

#include "change.h"
#include "invoke.h"

#include <base/uuid.h>

enum { REQUEST_ID_BYTES = UUID_BYTES };

struct version;

struct invocation {
    char request_id[REQUEST_ID_BYTES];
    struct version *version; // that it is for; NULL: where the function's route leads when it is given
    struct pending *pending; // changes of a twin; NULL: `event` it is
    struct buffer event, client_context;
    unsigned attempts;                                               // workers that have had it
    uint64_t since_ns;                                               // monotonic: when it was queued
    uint64_t due_ns;                                                 // monotonic: not before, after an error
    bool is_synchronous;                                             // no second attempt
    void (*done)(void *context, const struct invoke_result *result); // NULL: nobody waits (any more)
    void *context;
    struct invocation *next;
};

struct invocation *invocation_create(struct text event);           // NULL when out of memory; the event is copied
struct invocation *invocation_of_changes(struct pending *pending); // the pending is its own then; NULL as above
void invocation_free(struct invocation *invocation);               // NULL is fine

/// The thing whose changes it tells of; NULL: none.
const char *invocation_thing(const struct invocation *invocation);
/// The event as the function gets it.
void invocation_write(const struct invocation *invocation, struct buffer *out);
/// Calls back who waits for it, once.
void invocation_answer(struct invocation *invocation, const struct invoke_result *result);

/// First in, first out.
struct invocations {
    struct invocation *first;
    size_t length;
};
void invocations_add(struct invocations *list, struct invocation *invocation);       // at the end
void invocations_put_first(struct invocations *list, struct invocation *invocation); // again
void invocations_remove(struct invocations *list, struct invocation *invocation);
