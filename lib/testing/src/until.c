#include "testing_internal.h"

#include <base/clock.h>

struct until {
    struct loop *loop;
    bool (*done)(void *context);
    void *context;
    uint64_t deadline_ns;
    bool is_done;
};

static void look(void *context) {
    struct until *until = context;
    until->is_done = until->done(until->context);
    if (until->is_done || clock_monotonic_ns() > until->deadline_ns) loop_stop(until->loop);
}

bool testing_run_until(struct loop *loop, bool (*done)(void *context), void *context, double seconds) {
    struct until until = {
        .loop = loop,
        .done = done,
        .context = context,
        .deadline_ns = clock_monotonic_ns() + (uint64_t)(seconds * (double)NS_PER_S),
    };
    struct loop_timer *timer = loop_timer(loop, 0, NS_PER_MS, look, &until);
    if (timer == NULL) fail("out of memory");
    if (loop_run(loop)) fail("the loop failed");
    loop_timer_cancel(timer);
    return until.is_done;
}
