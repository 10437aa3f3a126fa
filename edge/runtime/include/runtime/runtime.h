/// The scan thread: calls `scan_once` at absolute times of the monotonic clock, for as long as the PLC runs.
/// The thread makes itself real-time (SCHED_FIFO, locked memory, touched stack); where the system refuses, it runs all
/// the same, and the report says what was refused and how to allow it.
/// A missed period is skipped and counted, never made up for. A guard thread, one priority above, takes the outputs to
/// their safe state when a scan misses its deadline, also while the scan thread hangs (src/guard.h).
/// While a runtime runs, it has the handlers of the program's faults: what crashes takes the outputs to their safe
/// state through the driver (`write_safe`) before it dies of its signal. There is one runtime at a time that does so:
/// the one that was started last. Threads: `runtime_start`, `runtime_stop`, `runtime_destroy` from one thread;
/// `runtime_report` from any.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <scan/scan.h>

struct runtime_options {
    uint64_t period_ns; // 0.1 ms .. 1 s
    double speed;       // plant time per wall time, up to 100; only with a simulated driver other than 1
    int priority;       // SCHED_FIFO, 1..98; 0: do not ask for it
    /// How long after the time for which it was due a scan must have ended; 0: 150 ms, or 1 s where the system grants
    /// no real-time priority and so promises nothing; five periods when that is more.
    uint64_t deadline_ns;
    /// Called once when the program dies of a fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, in whichever thread),
    /// after the outputs were driven to their safe state; from a signal handler: only what signal-safety(7) allows.
    /// `what` is a sentence. NULL: nobody wants to know.
    void (*crashed)(void *context, const char *what);
    void *crashed_context;
};

struct runtime_report {
    bool running;
    bool realtime;      // SCHED_FIFO granted
    bool memory_locked; // mlockall granted
    uint64_t cycles, missed;
    unsigned guard_trips;
    uint64_t deadline_ns;
    uint64_t execution_p50_ns, execution_p99_ns, execution_max_ns; // of scan_once
    uint64_t wakeup_p50_ns, wakeup_p99_ns, wakeup_max_ns;          // how late the thread woke
};

struct runtime;
/// Starts the thread; the scan belongs to it until `runtime_stop` has returned.
enum error runtime_start(struct scan *scan, const struct runtime_options *options, struct runtime **ret_runtime,
                         struct problem *ret_problem);
/// An eventfd that becomes readable when changes, events or results wait. Owned by the runtime.
int runtime_wake_fd(const struct runtime *runtime);
struct runtime_report runtime_report(const struct runtime *runtime);
/// Sentences about what the system refused, one per call; NULL when there is none at `index`.
const char *runtime_warning(const struct runtime *runtime, size_t index);
/// Drives the outputs to the safe state, publishes it (the eventfd is readable once more), and ends the thread.
void runtime_stop(struct runtime *runtime);    // NULL is fine, twice as well
void runtime_destroy(struct runtime *runtime); // stops it, and closes the eventfd: unwatch it first; NULL is fine
CLEANUP_DEFINE(struct runtime, runtime_destroy)
