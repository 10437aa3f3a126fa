/// Looks at the running plant through its HTTP interface: often until production is possible, then once a second. A
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
    void (*seen)(void *context, const struct snapshot *snapshot);
    void *context;
};
/// Everything in `options` is borrowed.
enum error observer_create(struct loop *loop, const struct observer_options *options, struct observer **ret_observer);
/// Ends the thread, within the time of one call. NULL is fine. Not while the loop runs.
void observer_destroy(struct observer *observer);
CLEANUP_DEFINE(struct observer, observer_destroy)

void observer_start(struct observer *observer); // once the API is there

/// One look at once, on the caller's thread; for the end of a run. `counted` in it is what was counted since the
/// observer began.
void observer_look_now(struct observer *observer, struct snapshot *ret_snapshot);
