/// The one event loop of a service: descriptors, timers, work posted by other threads, signals.
/// Threads: everything runs on the thread that calls `loop_run`; only `loop_post` and `loop_stop` may be called
/// from elsewhere.
#pragma once

#include <base/error.h>
#include <stdint.h>

struct loop;
struct loop *loop_create(void);       // NULL when the system refuses
void loop_destroy(struct loop *loop); // NULL is fine; watches and timers that are left are freed

/// Runs until `loop_stop`. A stop before the run makes it return at once; afterwards the loop may run again.
/// Work that was posted before the stop still runs; what is posted later waits for the next run or is dropped by
/// `loop_destroy`.
enum error loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/// SIGTERM and SIGINT end the loop; between this call and the run they are remembered. Call before threads are
/// started: the signals are blocked for the process.
enum error loop_stop_on_signals(struct loop *loop);

/// `events` are EPOLLIN, EPOLLOUT ... ; level-triggered. The loop never closes `fd`; unwatch it before you
/// close it. NULL when memory is short or the descriptor cannot be watched (a plain file, or watched already).
struct loop_watch;
typedef void loop_ready_fn(void *context, uint32_t events);
struct loop_watch *loop_watch(struct loop *loop, int fd, uint32_t events, loop_ready_fn *ready, void *context);
enum error loop_watch_change(struct loop_watch *watch, uint32_t events);
void loop_unwatch(struct loop_watch *watch); // NULL is fine; allowed inside any callback, its own too

/// First after `delay_ns`, then every `period_ns`; 0 means once, after which the handle is freed by the loop.
/// Timers fire in the order they are due. A period keeps its grid: it does not drift, and one that was missed is left
/// out. NULL when out of memory.
struct loop_timer;
typedef void loop_fn(void *context);
struct loop_timer *loop_timer(struct loop *loop, uint64_t delay_ns, uint64_t period_ns, loop_fn *fire, void *context);
/// NULL is fine; allowed inside any callback, its own too. Not for one-shot timers that have fired.
void loop_timer_cancel(struct loop_timer *timer);

/// Runs `work` on the loop's thread, in the order posted. ERROR_NO_MEMORY when it cannot be queued.
enum error loop_post(struct loop *loop, loop_fn *work, void *context);
