#include <runtime/runtime.h>

#include "crash.h"
#include "guard.h"
#include "histogram.h"

#include <base/cleanup.h>
#include <base/clock.h>
#include <base/signals.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    STACK_BYTES = 256 * 1024,
    STACK_TOUCHED_BYTES = 64 * 1024, // more than a scan needs; touched once, so that it never faults later
    WARNINGS_MAX = 2,
    WARNING_BYTES = 256,
};
static const uint64_t DEADLINE_NS = 150 * NS_PER_MS, PATIENT_DEADLINE_NS = NS_PER_S;
enum { DEADLINE_PERIODS = 5 };
static const uint64_t STATISTICS_PERIOD_NS = NS_PER_S;
static const double SPEED_MAX = 100; // past it a light barrier is over between two scans

struct runtime {
    struct scan *scan;
    struct runtime_options options;
    pthread_t thread;
    bool joined;
    sem_t prepared; // the thread has asked the system for all that it wants
    int wake_fd;
    atomic_bool stop;
    atomic_bool running;
    atomic_uint_least64_t cycles, missed;
    struct histogram execution, period, wakeup;
    uint64_t told_ns; // monotonic: when the statistics went to the scan
    struct guard guard;
    int guard_refused;            // the guard could not be started
    bool realtime, memory_locked; // before `prepared`, constant after it
    char warnings[WARNINGS_MAX][WARNING_BYTES];
    size_t warning_count;
    unsigned char crash_stack[CRASH_STACK_BYTES]; // for a scan that has overrun its own
};

// ---------------------------------------------------------------- what the thread asks of the system

static void warn(struct runtime *runtime, const char *what, int error_number, const char *remedy) {
    char *text = runtime->warnings[runtime->warning_count++];
    snprintf(text, WARNING_BYTES, "%s refused (%s): %s", what, strerror(error_number), remedy);
}

static void touch_stack(void) {
    volatile unsigned char stack[STACK_TOUCHED_BYTES];
    for (size_t i = 0; i < sizeof stack; i += 1024) stack[i] = 0;
}

static void prepare(struct runtime *runtime) {
    pthread_setname_np(pthread_self(), "scan");
    prctl(PR_SET_TIMERSLACK, 1UL); // 1 ns: without real-time priority the default adds 50 µs to each sleep
    // On fault: what is used stays resident, what is only reserved (stacks of other threads) does not become so.
    runtime->memory_locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
    if (!runtime->memory_locked) {
        warn(runtime, "locking memory", errno,
             "the scan may wait for swapped pages; raise RLIMIT_MEMLOCK (systemd: LimitMEMLOCK=infinity)");
    }
    touch_stack();
    if (runtime->options.priority == 0) return;
    struct sched_param parameter = {.sched_priority = runtime->options.priority};
    int refused = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter);
    runtime->realtime = refused == 0;
    if (refused != 0) {
        warn(runtime, "real-time priority", refused,
             "the scan may be late under load; grant CAP_SYS_NICE or RLIMIT_RTPRIO (systemd: LimitRTPRIO=99)");
    }
}

// ---------------------------------------------------------------- statistics

static struct scan_duration duration_of(const struct histogram *histogram) {
    if (histogram->count == 0) return (struct scan_duration){0};
    return (struct scan_duration){.last_ns = histogram->last_ns,
                                  .least_ns = histogram->min_ns,
                                  .mean_ns = histogram->sum_ns / histogram->count,
                                  .p99_ns = histogram_percentile(histogram, 0.99),
                                  .most_ns = histogram_max(histogram)};
}

/// For the variables of the controller, which states them as often.
static void tell_statistics(struct runtime *runtime, uint64_t now) {
    struct scan_statistics *statistics = &runtime->scan->statistics;
    if (statistics->reset_requested) {
        histogram_reset(&runtime->execution);
        histogram_reset(&runtime->period);
        histogram_reset(&runtime->wakeup);
    } else if (now - runtime->told_ns < STATISTICS_PERIOD_NS) {
        return;
    }
    statistics->reset_requested = false;
    statistics->execution = duration_of(&runtime->execution);
    statistics->period = duration_of(&runtime->period);
    statistics->wakeup = duration_of(&runtime->wakeup);
    runtime->told_ns = now;
}

// ---------------------------------------------------------------- the thread

static void sleep_until(uint64_t monotonic_ns) {
    struct timespec until = {.tv_sec = (time_t)(monotonic_ns / NS_PER_S), .tv_nsec = (long)(monotonic_ns % NS_PER_S)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) continue;
}

static void wake_server(const struct runtime *runtime) {
    uint64_t one = 1;
    ssize_t written = write(runtime->wake_fd, &one, sizeof one);
    (void)written; // it fails only when the counter is full, and then the server is awake
}

/// One scan at `now`; returns when it ended.
static uint64_t scan_at(struct runtime *runtime, uint64_t now, struct scan_time *time) {
    time->monotonic_ns = now;
    time->wall_ns = clock_wall_ns();
    bool something = scan_once(runtime->scan, time);
    atomic_store_explicit(&runtime->cycles, runtime->scan->cycles, memory_order_relaxed);
    if (something) wake_server(runtime);
    uint64_t end = clock_monotonic_ns();
    time->execution_ns = end - now;
    histogram_add(&runtime->execution, end - now);
    tell_statistics(runtime, end);
    return end;
}

static void run(struct runtime *runtime) {
    const uint64_t period_ns = runtime->options.period_ns;
    const bool simulated = runtime->scan->driver.simulated;
    const uint64_t simulated_ns = (uint64_t)((double)period_ns * runtime->options.speed);
    struct scan_time time = {0};
    uint64_t due = clock_monotonic_ns(), last = due;
    while (!atomic_load_explicit(&runtime->stop, memory_order_acquire)) {
        guard_expect(&runtime->guard, due);
        sleep_until(due);
        uint64_t now = clock_monotonic_ns();
        histogram_add(&runtime->wakeup, now - due);
        if (runtime->scan->cycles > 0) histogram_add(&runtime->period, now - last);
        // A simulated plant waits for its controller, so that the same commands meet it at the same place; a real one
        // has moved on by as much as the clock says.
        time.elapsed_ns = simulated ? simulated_ns : now - last;
        last = now;
        uint64_t end = scan_at(runtime, now, &time);
        due += period_ns;
        if (due > end) continue;
        uint64_t missed = (end - due) / period_ns + 1;
        due += missed * period_ns;
        time.missed += missed;
        atomic_store_explicit(&runtime->missed, time.missed, memory_order_relaxed);
    }
    guard_expect(&runtime->guard, clock_monotonic_ns());
    time.elapsed_ns = 0;
    scan_request_stop(runtime->scan); // the last scan drives the outputs to the safe state
    scan_at(runtime, clock_monotonic_ns(), &time);
}

static uint64_t deadline_of(const struct runtime *runtime) {
    uint64_t deadline_ns = runtime->options.deadline_ns;
    if (deadline_ns > 0) return deadline_ns;
    deadline_ns = runtime->realtime ? DEADLINE_NS : PATIENT_DEADLINE_NS;
    uint64_t periods_ns = DEADLINE_PERIODS * runtime->options.period_ns;
    return periods_ns > deadline_ns ? periods_ns : deadline_ns;
}

static void *thread_main(void *context) {
    struct runtime *runtime = context;
    prepare(runtime);
    stack_t before;
    crash_take_stack(runtime->crash_stack, sizeof runtime->crash_stack, &before);
    runtime->scan->statistics.realtime = runtime->realtime;
    runtime->scan->statistics.memory_locked = runtime->memory_locked;
    runtime->guard_refused = guard_start(&runtime->guard, runtime->scan, deadline_of(runtime),
                                         runtime->realtime ? runtime->options.priority + 1 : 0, STACK_BYTES);
    if (runtime->guard_refused != 0) {
        crash_give_stack_back(&before);
        sem_post(&runtime->prepared);
        return NULL;
    }
    atomic_store(&runtime->running, true);
    sem_post(&runtime->prepared);
    run(runtime);
    guard_stop(&runtime->guard);
    crash_give_stack_back(&before);
    atomic_store(&runtime->running, false);
    return NULL;
}

// ---------------------------------------------------------------- for others

static enum error check(const struct scan *scan, const struct runtime_options *options, struct problem *ret_problem) {
    if (options->period_ns < NS_PER_MS / 10 || options->period_ns > NS_PER_S) {
        return problem_say(ret_problem, ERROR_INVALID, "scan period %g ms: choose 0.1 to 1000 ms",
                           (double)options->period_ns / 1e6);
    }
    if (!(options->speed > 0 && options->speed <= SPEED_MAX)) {
        return problem_say(ret_problem, ERROR_INVALID, "speed %g: choose more than 0, at most %g", options->speed,
                           SPEED_MAX);
    }
    if (options->deadline_ns != 0 && options->deadline_ns < 2 * options->period_ns) {
        return problem_say(ret_problem, ERROR_INVALID, "deadline %g ms: choose at least two periods of %g ms",
                           (double)options->deadline_ns / 1e6, (double)options->period_ns / 1e6);
    }
    if (options->speed != 1 && !scan->driver.simulated) {
        return problem_say(ret_problem, ERROR_INVALID, "speed %g: only a simulated plant can run faster or slower",
                           options->speed);
    }
    return ERROR_NONE;
}

static void release(struct runtime *runtime) {
    if (runtime->wake_fd >= 0) close(runtime->wake_fd);
    sem_destroy(&runtime->prepared);
    free(runtime);
}
CLEANUP_DEFINE(struct runtime, release)

static int start_thread(struct runtime *runtime) {
    pthread_attr_t attributes;
    sigset_t before;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    signals_block(&before); // signals are for the other threads
    int refused = pthread_create(&runtime->thread, &attributes, thread_main, runtime);
    signals_restore(&before);
    pthread_attr_destroy(&attributes);
    return refused;
}

enum error runtime_start(struct scan *scan, const struct runtime_options *options, struct runtime **ret_runtime,
                         struct problem *ret_problem) {
    enum error error = check(scan, options, ret_problem);
    if (error) return error;
    CLEANUP(release_at) struct runtime *runtime = calloc(1, sizeof *runtime);
    if (runtime == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    runtime->scan = scan;
    runtime->options = *options;
    sem_init(&runtime->prepared, 0, 0);
    runtime->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (runtime->wake_fd < 0) return problem_say(ret_problem, error_from_errno(errno), "eventfd: %s", strerror(errno));
    int refused = start_thread(runtime);
    if (refused != 0) {
        return problem_say(ret_problem, error_from_errno(refused), "scan thread: %s", strerror(refused));
    }
    while (sem_wait(&runtime->prepared) != 0) continue;
    crash_watch(&(struct crash_watch){scan, options->crashed, options->crashed_context});
    if (runtime->guard_refused != 0) {
        pthread_join(runtime->thread, NULL);
        crash_unwatch(scan);
        return problem_say(ret_problem, error_from_errno(runtime->guard_refused), "guard thread: %s",
                           strerror(runtime->guard_refused));
    }
    *ret_runtime = TAKE(runtime);
    return ERROR_NONE;
}

int runtime_wake_fd(const struct runtime *runtime) {
    return runtime->wake_fd;
}

struct runtime_report runtime_report(const struct runtime *runtime) {
    return (struct runtime_report){
        .running = atomic_load(&runtime->running),
        .realtime = runtime->realtime,
        .memory_locked = runtime->memory_locked,
        .cycles = atomic_load_explicit(&runtime->cycles, memory_order_relaxed),
        .missed = atomic_load_explicit(&runtime->missed, memory_order_relaxed),
        .guard_trips = atomic_load(&runtime->scan->guard_trips),
        .deadline_ns = runtime->guard.deadline_ns,
        .execution_p50_ns = histogram_percentile(&runtime->execution, 0.5),
        .execution_p99_ns = histogram_percentile(&runtime->execution, 0.99),
        .execution_max_ns = histogram_max(&runtime->execution),
        .wakeup_p50_ns = histogram_percentile(&runtime->wakeup, 0.5),
        .wakeup_p99_ns = histogram_percentile(&runtime->wakeup, 0.99),
        .wakeup_max_ns = histogram_max(&runtime->wakeup),
    };
}

const char *runtime_warning(const struct runtime *runtime, size_t index) {
    return index < runtime->warning_count ? runtime->warnings[index] : NULL;
}

void runtime_stop(struct runtime *runtime) {
    if (runtime == NULL || runtime->joined) return;
    atomic_store_explicit(&runtime->stop, true, memory_order_release);
    pthread_join(runtime->thread, NULL);
    crash_unwatch(runtime->scan);
    runtime->joined = true;
}

void runtime_destroy(struct runtime *runtime) {
    if (runtime == NULL) return;
    runtime_stop(runtime);
    release(runtime);
}
