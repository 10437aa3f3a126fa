// Who looks on at the scan: comes and goes while it runs, without a lock.
//
// `showing` is set before the scan looks who is there, and `observed` is taken back before somebody looks at `showing`,
// both in one order for all threads: who finds `showing` false after that is not called any more.

#include "stages.h"

#include <sched.h>

static const struct scan_observer *present(const struct scan *scan, size_t at) {
    return atomic_load(&scan->observed[at]) ? &scan->observers[at] : NULL;
}

void scan_show_cycle(struct scan *scan) {
    atomic_store(&scan->showing, true);
    for (size_t i = 0; i < SCAN_OBSERVERS_MAX; i++) {
        const struct scan_observer *observer = present(scan, i);
        if (observer != NULL && observer->cycle != NULL) observer->cycle(observer->context, scan);
    }
    atomic_store(&scan->showing, false);
}

void scan_show_command(struct scan *scan, const struct scan_command *command) {
    atomic_store(&scan->showing, true);
    for (size_t i = 0; i < SCAN_OBSERVERS_MAX; i++) {
        const struct scan_observer *observer = present(scan, i);
        if (observer != NULL && observer->command != NULL) observer->command(observer->context, command);
    }
    atomic_store(&scan->showing, false);
}

bool scan_observe(struct scan *scan, struct scan_observer observer) {
    for (size_t i = 0; i < SCAN_OBSERVERS_MAX; i++) {
        if (atomic_load(&scan->observed[i])) continue;
        scan->observers[i] = observer;
        atomic_store(&scan->observed[i], true);
        return true;
    }
    return false;
}

void scan_unobserve(struct scan *scan, const void *context) {
    for (size_t i = 0; i < SCAN_OBSERVERS_MAX; i++)
        if (atomic_load(&scan->observed[i]) && scan->observers[i].context == context)
            atomic_store(&scan->observed[i], false);
    while (atomic_load(&scan->showing)) sched_yield();
}
