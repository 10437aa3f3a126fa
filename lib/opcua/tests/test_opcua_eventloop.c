// What the library expects of its event loop (open62541/plugin/eventloop.h), kept by ours.

#include "../src/eventloop.h"

#include <base/clock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct bench {
    struct loop *loop;
    UA_EventLoop *el;
    unsigned fired, other, settled, stop_at;
    uint64_t last_ns;
    UA_UInt64 timer;
    unsigned order[4], ordered;
};

static void on_settled(void *context) {
    struct bench *bench = context;
    bench->settled++;
}

static void set_up(struct bench *bench) {
    *bench = (struct bench){.loop = loop_create()};
    bench->el = ua_eventloop_create(bench->loop, on_settled, bench);
    assert_non_null(bench->el);
    assert_int_equal(bench->el->start(bench->el), UA_STATUSCODE_GOOD);
    assert_int_equal(bench->el->state, UA_EVENTLOOPSTATE_STARTED);
}

static void tear_down(struct bench *bench) {
    bench->el->stop(bench->el);
    bench->el->run(bench->el, 0);
    assert_int_equal(bench->el->state, UA_EVENTLOOPSTATE_STOPPED);
    assert_int_equal(bench->el->free(bench->el), UA_STATUSCODE_GOOD);
    loop_destroy(bench->loop);
}

static void count(void *application, void *data) {
    struct bench *bench = application;
    (void)data;
    bench->last_ns = clock_monotonic_ns();
    if (++bench->fired == bench->stop_at) loop_stop(bench->loop);
}

static void run(struct bench *bench) {
    assert_int_equal(loop_run(bench->loop), ERROR_NONE);
}

static void a_cyclic_callback_comes_at_its_interval_and_not_earlier(void **state) {
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.stop_at = 20;
    uint64_t begin_ns = clock_monotonic_ns();
    assert_int_equal(bench.el->addCyclicCallback(bench.el, count, &bench, NULL, 0.5, NULL,
                                                 UA_TIMER_HANDLE_CYCLEMISS_WITH_CURRENTTIME, NULL),
                     UA_STATUSCODE_GOOD);
    run(&bench);
    assert_true(bench.last_ns - begin_ns >= 10 * NS_PER_MS); // half milliseconds are half milliseconds
    assert_true(bench.settled >= 20);                        // after each excursion
    tear_down(&bench);
}

static void a_timed_callback_comes_once(void **state) {
    (void)state;
    struct bench bench;
    set_up(&bench);
    UA_DateTime soon = UA_DateTime_nowMonotonic() + UA_DATETIME_MSEC;
    assert_int_equal(bench.el->addTimedCallback(bench.el, count, &bench, NULL, soon, NULL), UA_STATUSCODE_GOOD);
    struct bench clock = bench;
    clock.fired = 0;
    clock.stop_at = 3;
    assert_int_equal(clock.el->addCyclicCallback(clock.el, count, &clock, NULL, 5, NULL,
                                                 UA_TIMER_HANDLE_CYCLEMISS_WITH_CURRENTTIME, NULL),
                     UA_STATUSCODE_GOOD);
    run(&clock);
    assert_int_equal(bench.fired, 1);
    tear_down(&bench);
}

static void remove_myself(void *application, void *data) {
    struct bench *bench = application;
    (void)data;
    bench->other++;
    bench->el->removeCyclicCallback(bench->el, bench->timer);
    bench->el->removeCyclicCallback(bench->el, bench->timer); // twice is harmless
}

static void a_callback_may_remove_itself_and_unknown_ones_are_ignored(void **state) {
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.stop_at = 10;
    assert_int_equal(bench.el->addCyclicCallback(bench.el, remove_myself, &bench, NULL, 1, NULL,
                                                 UA_TIMER_HANDLE_CYCLEMISS_WITH_CURRENTTIME, &bench.timer),
                     UA_STATUSCODE_GOOD);
    assert_int_equal(bench.el->addCyclicCallback(bench.el, count, &bench, NULL, 1, NULL,
                                                 UA_TIMER_HANDLE_CYCLEMISS_WITH_CURRENTTIME, NULL),
                     UA_STATUSCODE_GOOD);
    run(&bench);
    assert_int_equal(bench.other, 1);
    bench.el->removeCyclicCallback(bench.el, 4711);
    assert_int_equal(
        bench.el->modifyCyclicCallback(bench.el, bench.timer, 1, NULL, UA_TIMER_HANDLE_CYCLEMISS_WITH_CURRENTTIME),
        UA_STATUSCODE_BADNOTFOUND);
    tear_down(&bench);
}

static void an_interval_can_be_changed_and_must_be_one(void **state) {
    (void)state;
    struct bench bench;
    set_up(&bench);
    UA_UInt64 timer;
    bench.stop_at = 2;
    assert_int_equal(bench.el->addCyclicCallback(bench.el, count, &bench, NULL, 3600000, NULL,
                                                 UA_TIMER_HANDLE_CYCLEMISS_WITH_BASETIME, &timer),
                     UA_STATUSCODE_GOOD);
    UA_DateTime base = UA_DateTime_nowMonotonic() + UA_DATETIME_SEC; // in the future: its grid begins before
    assert_int_equal(bench.el->modifyCyclicCallback(bench.el, timer, 1, &base, UA_TIMER_HANDLE_CYCLEMISS_WITH_BASETIME),
                     UA_STATUSCODE_GOOD);
    run(&bench);
    static const double none[] = {0, -1, 1e-9};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_not_equal(bench.el->addCyclicCallback(bench.el, count, &bench, NULL, none[i], NULL,
                                                         UA_TIMER_HANDLE_CYCLEMISS_WITH_CURRENTTIME, NULL),
                             UA_STATUSCODE_GOOD);
    tear_down(&bench);
}

static void note(void *application, void *context) {
    struct bench *bench = application;
    bench->order[bench->ordered++] = (unsigned)(uintptr_t)context;
    if (bench->ordered == bench->stop_at) loop_stop(bench->loop);
}

static void delayed_callbacks_come_later_in_their_order_and_can_be_taken_back(void **state) {
    (void)state;
    struct bench bench;
    set_up(&bench);
    UA_DelayedCallback first = {NULL, note, &bench, (void *)1}, second = {NULL, note, &bench, (void *)2},
                       third = {NULL, note, &bench, (void *)3}, empty = {NULL, NULL, NULL, NULL};
    bench.el->addDelayedCallback(bench.el, &first);
    bench.el->addDelayedCallback(bench.el, &second);
    bench.el->addDelayedCallback(bench.el, &empty);
    bench.el->removeDelayedCallback(bench.el, &empty);
    bench.el->removeDelayedCallback(bench.el, &second);
    bench.el->addDelayedCallback(bench.el, &third);
    assert_int_equal(bench.ordered, 0);
    bench.stop_at = 2;
    run(&bench);
    assert_int_equal(bench.order[0], 1);
    assert_int_equal(bench.order[1], 3);
    tear_down(&bench);
}

static void what_is_left_is_freed_with_the_loop(void **state) {
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_int_equal(bench.el->addCyclicCallback(bench.el, count, &bench, NULL, 1, NULL,
                                                 UA_TIMER_HANDLE_CYCLEMISS_WITH_CURRENTTIME, NULL),
                     UA_STATUSCODE_GOOD);
    assert_int_not_equal(bench.el->free(bench.el), UA_STATUSCODE_GOOD); // not while it runs
    tear_down(&bench);
    assert_int_equal(bench.fired, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cyclic_callback_comes_at_its_interval_and_not_earlier),
        cmocka_unit_test(a_timed_callback_comes_once),
        cmocka_unit_test(a_callback_may_remove_itself_and_unknown_ones_are_ignored),
        cmocka_unit_test(an_interval_can_be_changed_and_must_be_one),
        cmocka_unit_test(delayed_callbacks_come_later_in_their_order_and_can_be_taken_back),
        cmocka_unit_test(what_is_left_is_freed_with_the_loop),
    };
    return cmocka_run_group_tests_name("opcua event loop", tests, NULL, NULL);
}
