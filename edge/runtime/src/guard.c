#include "guard.h"

#include <base/clock.h>
#include <errno.h>
#include <sched.h>
#include <time.h>

/// False when the guard is to end.
static bool sleep_until(struct guard *guard, uint64_t monotonic_ns) {
    struct timespec until = {.tv_sec = (time_t)(monotonic_ns / NS_PER_S), .tv_nsec = (long)(monotonic_ns % NS_PER_S)};
    while (!atomic_load(&guard->closing)) {
        if (sem_clockwait(&guard->wake, CLOCK_MONOTONIC, &until) != 0 && errno == ETIMEDOUT) return true;
    }
    return false;
}

static void trip(struct guard *guard) {
    const struct io_driver *driver = &guard->scan->driver;
    scan_guard_tripped(guard->scan); // first, so that no scan takes the outputs back without knowing
    if (driver->safe != NULL) (void)driver->safe(driver->context, &guard->scan->safe_image);
}

static void watch(struct guard *guard) {
    uint64_t tripped_at = 0; // the limit for which it did
    for (;;) {
        uint64_t limit_ns = atomic_load_explicit(&guard->limit_ns, memory_order_acquire);
        uint64_t now = clock_monotonic_ns();
        bool late = limit_ns != 0 && now >= limit_ns;
        if (late && limit_ns != tripped_at) {
            trip(guard);
            tripped_at = limit_ns;
        }
        bool idle = late || limit_ns == 0; // nothing can be missed before the limit moves
        if (!sleep_until(guard, idle ? now + guard->deadline_ns / 4 + 1 : limit_ns)) return;
    }
}

static void *thread_main(void *context) {
    struct guard *guard = context;
    pthread_setname_np(pthread_self(), "guard");
    struct sched_param parameter = {.sched_priority = guard->priority};
    // Refused where the scan's own is refused, which is told there.
    if (guard->priority > 0) (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter);
    watch(guard);
    return NULL;
}

int guard_start(struct guard *guard, struct scan *scan, uint64_t deadline_ns, int priority, size_t stack_bytes) {
    guard->scan = scan;
    guard->deadline_ns = deadline_ns;
    guard->priority = priority;
    pthread_attr_t attributes;
    sem_init(&guard->wake, 0, 0);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    int refused = pthread_create(&guard->thread, &attributes, thread_main, guard);
    pthread_attr_destroy(&attributes);
    guard->started = refused == 0;
    if (!guard->started) sem_destroy(&guard->wake);
    return refused;
}

void guard_stop(struct guard *guard) {
    if (!guard->started) return;
    atomic_store(&guard->closing, true);
    sem_post(&guard->wake);
    pthread_join(guard->thread, NULL);
    sem_destroy(&guard->wake);
    guard->started = false;
}
