/// Looks at the running plant through its HTTP interface, once a second, and presses its buttons when it is ready. A
/// thread of its own, because calls block: supervision goes on while the API hangs.
/// Threads: all functions and callbacks on the loop's; the observer's own thread only calls the API and posts.
#pragma once

#include "snapshot.h"

#include <base/cleanup.h>
#include <base/loop.h>
#include <base/problem.h>
#include <model/model.h>
#include <site/site.h>

struct observer;
struct observer_options {
    const struct site *site;
    const struct plant *plant;
    const char *const *press; // words, once production is possible, in this order
    size_t press_count;
    double speed; // of plant time
    void (*seen)(void *context, const struct snapshot *snapshot);
    /// Once per word that could not be pressed.
    void (*press_failed)(void *context, const char *problem);
    void *context;
};
/// Everything in `options` is borrowed. ERROR_INVALID for a word that cannot be pressed.
enum error observer_create(struct loop *loop, const struct observer_options *options, struct observer **ret_observer,
                           struct problem *ret_problem);
/// Ends the thread, within the time of one call. NULL is fine. Not while the loop runs.
void observer_destroy(struct observer *observer);
CLEANUP_DEFINE(struct observer, observer_destroy)

void observer_start(struct observer *observer); // once the API is there
bool observer_has_pressed(const struct observer *observer);

/// One look at once, on the caller's thread; for the end of a run. `counted` gets the JSON object of what the functions
/// themselves count in the twins that they own, empty object when there is none.
void observer_look_now(struct observer *observer, struct snapshot *ret_snapshot, struct buffer *counted);
