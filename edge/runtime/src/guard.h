/// A thread that watches the scan: past its deadline the outputs go to their safe state without it.
///
/// Exclusion between both: the guard first tells the scan (`scan_guard_tripped`), then calls the driver's `safe`, which
/// holds the outputs safe against whatever the late scan still writes, until the scan reads inputs again. The scan
/// looks for the guard's word after it has read, so by the time it has its outputs back it knows that it was overtaken,
/// and what it writes is the safe state. Threads: `guard_expect` from the scan thread, the others from the thread that
/// starts and stops the runtime.
#pragma once

#include <pthread.h>
#include <scan/scan.h>
#include <semaphore.h>

struct guard {
    struct scan *scan;
    uint64_t deadline_ns;           // after the time for which a scan is due
    int priority;                   // SCHED_FIFO; 0: do not ask for it
    atomic_uint_least64_t limit_ns; // monotonic: by then the next scan has ended; 0: nothing to watch
    sem_t wake;
    atomic_bool closing;
    pthread_t thread;
    bool started;
};

/// 0, or the number of an error. `stack_bytes`, signals: as of the scan thread.
int guard_start(struct guard *guard, struct scan *scan, uint64_t deadline_ns, int priority, size_t stack_bytes);
void guard_stop(struct guard *guard); // also when it was not started
/// The next scan is due at this time.
static inline void guard_expect(struct guard *guard, uint64_t due_ns) {
    atomic_store_explicit(&guard->limit_ns, due_ns + guard->deadline_ns, memory_order_release);
}
