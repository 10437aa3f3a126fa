#include "suite.h"

#include <base/cleanup.h>
#include <base/clock.h>
#include <base/loop.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

CLEANUP_DEFINE(struct loop, loop_destroy)

/// What the callbacks of most tests share.
struct bench {
    struct loop *loop;
    int calls;
    int stop_after; // calls; 0: never
    struct loop_timer *timer, *other_timer;
    struct loop_watch *watches[2];
    int pipes[2][2];
};

static void stop(void *context) {
    loop_stop(context);
}

static void count_call(void *context) {
    struct bench *bench = context;
    if (++bench->calls == bench->stop_after) loop_stop(bench->loop);
}

static void must_not_run(void *context) {
    (void)context;
    fail_msg("%s", "a callback that was cancelled was called");
}

// --- stopping ---

static void a_stop_before_the_run_returns_at_once(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    loop_stop(loop);
    assert_int_equal(loop_run(loop), ERROR_NONE);
}

static void a_loop_may_run_again(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop, .stop_after = 1};
    loop_stop(loop);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(loop_post(loop, count_call, &bench), ERROR_NONE);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 1);
}

static void *stop_from_thread(void *context) {
    loop_stop(context);
    return NULL;
}

static void another_thread_may_stop_it(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
        pthread_t thread;
        pthread_create(&thread, NULL, stop_from_thread, loop);
        assert_int_equal(loop_run(loop), ERROR_NONE);
        pthread_join(thread, NULL);
    }
}

static const struct signal_case {
    const char *name;
    int number;
} signal_cases[] = {
    {"SIGTERM ends the loop", SIGTERM},
    {"SIGINT ends the loop", SIGINT},
};

static void raise_it(void *context) {
    raise(*(const int *)context);
}

static void check_signal(void **state) {
    const struct signal_case *c = *state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    assert_int_equal(loop_stop_on_signals(loop), ERROR_NONE);
    assert_int_equal(loop_stop_on_signals(loop), ERROR_NONE); // twice is once
    raise(c->number);                                         // before the run
    assert_int_equal(loop_run(loop), ERROR_NONE);
    int number = c->number;
    assert_int_equal(loop_post(loop, raise_it, &number), ERROR_NONE); // and in it
    assert_int_equal(loop_run(loop), ERROR_NONE);
}

static void null_is_fine(void **state) {
    (void)state;
    loop_destroy(NULL);
    loop_unwatch(NULL);
    loop_timer_cancel(NULL);
}

static void what_is_left_is_freed(void **state) {
    (void)state; // AddressSanitizer reports what is not
    struct loop *loop = loop_create();
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_non_null(loop_watch(loop, ends[0], EPOLLIN, NULL, NULL));
    struct loop_watch *gone = loop_watch(loop, ends[1], EPOLLIN, NULL, NULL);
    loop_unwatch(gone);
    for (int i = 0; i < 100; i++) assert_non_null(loop_timer(loop, NS_PER_S, NS_PER_S, must_not_run, NULL));
    loop_timer_cancel(loop_timer(loop, NS_PER_S, 0, must_not_run, NULL));
    assert_int_equal(loop_post(loop, must_not_run, NULL), ERROR_NONE);
    loop_destroy(loop);
    assert_true(fcntl(ends[0], F_GETFD) >= 0); // the loop closes nothing of ours
    close(ends[0]);
    close(ends[1]);
}

// --- posts ---

enum { THREADS = 4, POSTS_OF_A_THREAD = 500 };

struct poster {
    struct loop *loop;
    int next;  // the number that the loop expects from this thread
    int *left; // posts of all threads that have not run
};

struct numbered {
    struct poster *poster;
    int number;
};

static struct numbered numbered[THREADS][POSTS_OF_A_THREAD];

static void expect_next(void *context) {
    struct numbered *work = context;
    struct poster *poster = work->poster;
    assert_int_equal(work->number, poster->next);
    poster->next++;
    if (--*poster->left == 0) loop_stop(poster->loop);
}

static void *post_many(void *context) {
    struct numbered *work = context;
    for (int i = 0; i < POSTS_OF_A_THREAD; i++)
        if (loop_post(work->poster->loop, expect_next, &work[i])) abort();
    return NULL;
}

static void posts_of_every_thread_run_in_order(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    int left = THREADS * POSTS_OF_A_THREAD;
    struct poster posters[THREADS];
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        posters[t] = (struct poster){.loop = loop, .left = &left};
        for (int i = 0; i < POSTS_OF_A_THREAD; i++) numbered[t][i] = (struct numbered){&posters[t], i};
        pthread_create(&threads[t], NULL, post_many, numbered[t]);
    }
    assert_int_equal(loop_run(loop), ERROR_NONE);
    for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    assert_int_equal(left, 0);
}

static void post_again(void *context) {
    struct bench *bench = context;
    if (++bench->calls == bench->stop_after)
        loop_stop(bench->loop);
    else
        assert_int_equal(loop_post(bench->loop, post_again, bench), ERROR_NONE);
}

static void work_may_post_itself_without_starving_others(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop}; // never stops by itself
    assert_int_equal(loop_post(loop, post_again, &bench), ERROR_NONE);
    assert_non_null(loop_timer(loop, NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_true(bench.calls > 1);
}

static void work_posted_before_a_stop_still_runs(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop};
    for (int i = 0; i < 10; i++) assert_int_equal(loop_post(loop, count_call, &bench), ERROR_NONE);
    loop_stop(loop);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 10);
}

// --- timers ---

enum { TIMERS_MANY = 64 };

struct ordered {
    struct bench *bench;
    int rank;
};

static void expect_rank(void *context) {
    struct ordered *timer = context;
    assert_int_equal(timer->rank, timer->bench->calls);
    count_call(timer->bench);
}

/// Sets timers a millisecond apart in a mixed order; false when that took so long that their order is not certain.
static bool set_mixed(struct bench *bench, struct ordered *ordered, struct loop_timer **timers) {
    uint64_t before = clock_monotonic_ns();
    for (int i = 0; i < TIMERS_MANY; i++) {
        int rank = i * 37 % TIMERS_MANY; // 37 and 64 have no common factor: every rank once
        ordered[i] = (struct ordered){bench, rank};
        timers[i] = loop_timer(bench->loop, (uint64_t)rank * NS_PER_MS, 0, expect_rank, &ordered[i]);
        assert_non_null(timers[i]);
    }
    return clock_monotonic_ns() - before < NS_PER_MS;
}

static void timers_fire_in_the_order_they_are_due(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop, .stop_after = TIMERS_MANY};
    struct ordered ordered[TIMERS_MANY];
    struct loop_timer *timers[TIMERS_MANY];
    while (!set_mixed(&bench, ordered, timers))
        for (int i = 0; i < TIMERS_MANY; i++) loop_timer_cancel(timers[i]);
    uint64_t before = clock_monotonic_ns();
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, TIMERS_MANY);
    assert_true(clock_monotonic_ns() - before >= (TIMERS_MANY - 2) * NS_PER_MS);
}

/// Cancels from every place of the heap and looks whether the others still come, each once.
static void cancelling_some_leaves_the_others(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop, .stop_after = 100};
    struct loop_timer *timers[300];
    for (int i = 0; i < 300; i++)
        timers[i] = loop_timer(loop, (uint64_t)(i * 71 % 300) * 10 * NS_PER_US, 0,
                               i % 3 == 0 ? count_call : must_not_run, &bench);
    for (int i = 0; i < 300; i++)
        if (i % 3 != 0) loop_timer_cancel(timers[i]);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 100);
}

static void a_timer_repeats_until_it_is_cancelled(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop, .stop_after = 5};
    uint64_t before = clock_monotonic_ns();
    struct loop_timer *timer = loop_timer(loop, NS_PER_MS, 2 * NS_PER_MS, count_call, &bench);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_true(clock_monotonic_ns() - before >= 9 * NS_PER_MS);
    loop_timer_cancel(timer);
    assert_non_null(loop_timer(loop, 10 * NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 5);
}

enum { LATE_CALLS = 6 };

struct late {
    struct loop *loop;
    int calls;
    uint64_t busy_until_ns, last_ns;
};

static void be_late_once(void *context) {
    struct late *late = context;
    late->last_ns = clock_monotonic_ns();
    if (late->calls++ == 0) {
        late->busy_until_ns = late->last_ns + 20 * NS_PER_MS;
        while (clock_monotonic_ns() < late->busy_until_ns) continue;
    }
    if (late->calls == LATE_CALLS) loop_stop(late->loop);
}

static void missed_periods_are_left_out(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct late late = {.loop = loop};
    const uint64_t period = 2 * NS_PER_MS;
    assert_non_null(loop_timer(loop, 0, period, be_late_once, &late));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    // One call makes up for all ten that were missed; the four after it keep the grid.
    assert_true(late.last_ns >= late.busy_until_ns + (LATE_CALLS - 3) * period);
}

static void cancel_itself(void *context) {
    struct bench *bench = context;
    loop_timer_cancel(bench->timer);
    count_call(bench);
}

static void a_timer_may_cancel_itself(void **state) {
    (void)state;
    for (uint64_t period = 0; period <= 1; period++) {
        CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
        struct bench bench = {.loop = loop};
        bench.timer = loop_timer(loop, 0, period, cancel_itself, &bench);
        assert_non_null(loop_timer(loop, NS_PER_MS, 0, stop, loop));
        assert_int_equal(loop_run(loop), ERROR_NONE);
        assert_int_equal(bench.calls, 1);
    }
}

static void cancel_the_other(void *context) {
    struct bench *bench = context;
    loop_timer_cancel(bench->other_timer);
    count_call(bench);
}

static void a_timer_may_cancel_another_that_is_due(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop};
    assert_non_null(loop_timer(loop, 0, 0, cancel_the_other, &bench));
    bench.other_timer = loop_timer(loop, 0, 0, must_not_run, NULL);
    assert_non_null(loop_timer(loop, NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 1);
}

static void set_another(void *context) {
    struct bench *bench = context;
    if (++bench->calls == bench->stop_after)
        loop_stop(bench->loop);
    else
        assert_non_null(loop_timer(bench->loop, 0, 0, set_another, bench));
}

static void a_timer_may_set_another(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop, .stop_after = 1000};
    set_another(&bench);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 1000);
}

static void a_timer_at_the_end_of_time_never_fires(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    assert_non_null(loop_timer(loop, UINT64_MAX, UINT64_MAX, must_not_run, NULL));
    struct bench bench = {.loop = loop, .stop_after = 3};
    assert_int_equal(loop_post(loop, post_again, &bench), ERROR_NONE);
    assert_int_equal(loop_run(loop), ERROR_NONE);
}

// --- watches ---

static void open_pipes(struct bench *bench) {
    for (int i = 0; i < 2; i++) assert_int_equal(pipe2(bench->pipes[i], O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_pipes(struct bench *bench) {
    for (int i = 0; i < 2; i++) {
        close(bench->pipes[i][0]);
        close(bench->pipes[i][1]);
    }
}

static void make_readable(const struct bench *bench, int pipe) {
    assert_int_equal(write(bench->pipes[pipe][1], "x", 1), 1);
}

static void count_ready(void *context, uint32_t events) {
    (void)events;
    count_call(context);
}

static void unready(void *context, uint32_t events) {
    (void)context, (void)events;
    fail_msg("%s", "a watch that was removed was called");
}

static void a_watch_is_called_as_long_as_it_is_ready(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop, .stop_after = 3};
    open_pipes(&bench);
    assert_non_null(loop_watch(loop, bench.pipes[0][0], EPOLLIN, count_ready, &bench));
    assert_non_null(loop_watch(loop, bench.pipes[1][0], EPOLLIN, unready, NULL));
    make_readable(&bench, 0);
    assert_int_equal(loop_run(loop), ERROR_NONE); // nobody reads: level-triggered
    assert_int_equal(bench.calls, 3);
    close_pipes(&bench);
}

static void keep_events(void *context, uint32_t events) {
    struct bench *bench = context;
    bench->calls = (int)events;
    loop_stop(bench->loop);
}

static void a_watch_tells_what_happened(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop};
    open_pipes(&bench);
    struct loop_watch *writable = loop_watch(loop, bench.pipes[0][1], EPOLLOUT, keep_events, &bench);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, EPOLLOUT);
    loop_unwatch(writable);
    assert_non_null(loop_watch(loop, bench.pipes[1][0], EPOLLIN, keep_events, &bench));
    close(bench.pipes[1][1]);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, EPOLLHUP);
    bench.pipes[1][1] = -1;
    close_pipes(&bench);
}

static void a_watch_may_change_its_events(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop, .stop_after = 1};
    open_pipes(&bench);
    struct loop_watch *watch = loop_watch(loop, bench.pipes[0][0], 0, count_ready, &bench);
    make_readable(&bench, 0);
    assert_non_null(loop_timer(loop, NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 0);
    assert_int_equal(loop_watch_change(watch, EPOLLIN), ERROR_NONE);
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 1);
    close_pipes(&bench);
}

static void unwatch_both(void *context, uint32_t events) {
    (void)events;
    struct bench *bench = context;
    bench->calls++;
    loop_unwatch(bench->watches[0]);
    loop_unwatch(bench->watches[1]);
}

static void a_watch_may_remove_itself_and_another_that_is_ready(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop};
    open_pipes(&bench);
    for (int i = 0; i < 2; i++) {
        make_readable(&bench, i);
        bench.watches[i] = loop_watch(loop, bench.pipes[i][0], EPOLLIN, unwatch_both, &bench);
    }
    assert_non_null(loop_timer(loop, NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 1);
    close_pipes(&bench);
}

/// As a server does when a connection ends: the next one gets the same descriptor, with an event of the old one
/// still on its way.
static void replace_the_other(void *context, uint32_t events) {
    (void)events;
    struct bench *bench = context;
    bench->calls++;
    loop_unwatch(bench->watches[0]);
    loop_unwatch(bench->watches[1]);
    close_pipes(bench);
    open_pipes(bench);
    for (int i = 0; i < 2; i++) bench->watches[i] = loop_watch(bench->loop, bench->pipes[i][0], EPOLLIN, unready, NULL);
}

static void an_event_of_a_closed_descriptor_does_not_reach_its_successor(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop};
    open_pipes(&bench);
    for (int i = 0; i < 2; i++) {
        make_readable(&bench, i);
        bench.watches[i] = loop_watch(loop, bench.pipes[i][0], EPOLLIN, replace_the_other, &bench);
    }
    assert_non_null(loop_timer(loop, NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_int_equal(bench.calls, 1);
    assert_non_null(bench.watches[0]);
    assert_non_null(bench.watches[1]);
    close_pipes(&bench);
}

static void unwatch_from_timer(void *context) {
    struct bench *bench = context;
    loop_unwatch(bench->watches[0]);
}

static void a_timer_may_remove_a_watch(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop};
    open_pipes(&bench);
    make_readable(&bench, 0);
    bench.watches[0] = loop_watch(loop, bench.pipes[0][0], EPOLLIN, count_ready, &bench);
    assert_non_null(loop_timer(loop, NS_PER_MS, 0, unwatch_from_timer, &bench));
    assert_non_null(loop_timer(loop, 2 * NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    close_pipes(&bench);
}

static void what_cannot_be_watched_is_refused(void **state) {
    (void)state;
    CLEANUP(loop_destroy_at) struct loop *loop = loop_create();
    struct bench bench = {.loop = loop};
    open_pipes(&bench);
    CLEANUP(descriptor_close_at) int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_null(loop_watch(loop, -1, EPOLLIN, unready, NULL));
    assert_null(loop_watch(loop, file, EPOLLIN, unready, NULL));
    struct loop_watch *watch = loop_watch(loop, bench.pipes[0][0], EPOLLIN, unready, NULL);
    assert_non_null(watch);
    assert_null(loop_watch(loop, bench.pipes[0][0], EPOLLIN, unready, NULL));
    close_pipes(&bench);
    assert_int_equal(loop_watch_change(watch, EPOLLOUT), ERROR_INVALID);
    loop_unwatch(watch);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TEST(&suite, a_stop_before_the_run_returns_at_once);
    SUITE_TEST(&suite, a_loop_may_run_again);
    SUITE_TEST(&suite, another_thread_may_stop_it);
    SUITE_TABLE(&suite, signal_cases, check_signal);
    SUITE_TEST(&suite, null_is_fine);
    SUITE_TEST(&suite, what_is_left_is_freed);
    SUITE_TEST(&suite, posts_of_every_thread_run_in_order);
    SUITE_TEST(&suite, work_may_post_itself_without_starving_others);
    SUITE_TEST(&suite, work_posted_before_a_stop_still_runs);
    SUITE_TEST(&suite, timers_fire_in_the_order_they_are_due);
    SUITE_TEST(&suite, cancelling_some_leaves_the_others);
    SUITE_TEST(&suite, a_timer_repeats_until_it_is_cancelled);
    SUITE_TEST(&suite, missed_periods_are_left_out);
    SUITE_TEST(&suite, a_timer_may_cancel_itself);
    SUITE_TEST(&suite, a_timer_may_cancel_another_that_is_due);
    SUITE_TEST(&suite, a_timer_may_set_another);
    SUITE_TEST(&suite, a_timer_at_the_end_of_time_never_fires);
    SUITE_TEST(&suite, a_watch_is_called_as_long_as_it_is_ready);
    SUITE_TEST(&suite, a_watch_tells_what_happened);
    SUITE_TEST(&suite, a_watch_may_change_its_events);
    SUITE_TEST(&suite, a_watch_may_remove_itself_and_another_that_is_ready);
    SUITE_TEST(&suite, an_event_of_a_closed_descriptor_does_not_reach_its_successor);
    SUITE_TEST(&suite, a_timer_may_remove_a_watch);
    SUITE_TEST(&suite, what_cannot_be_watched_is_refused);
    return SUITE_RUN(&suite);
}
