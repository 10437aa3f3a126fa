#include <scan/exchange.h>

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/// False when there is no room.
static bool give_change(struct exchange *exchange, const struct scan_change *change) {
    size_t count = 1;
    struct scan_change *room = exchange_room_for_changes(exchange, &count);
    if (count == 0) return false;
    *room = *change;
    exchange_give_changes(exchange, 1);
    return true;
}

static int setup(void **state) {
    *state = exchange_create(10);
    return *state == NULL;
}

static int teardown(void **state) {
    exchange_destroy(*state);
    return 0;
}

static void an_empty_exchange_gives_nothing(void **state) {
    struct scan_change change;
    struct scan_event event;
    struct scan_result result;
    struct scan_command command;
    assert_false(exchange_take_change(*state, &change));
    assert_false(exchange_take_event(*state, &event));
    assert_false(exchange_take_result(*state, &result));
    assert_false(exchange_next_command(*state, &command));
}

static void changes_come_in_order(void **state) {
    for (uint32_t i = 0; i < 100; i++) {
        struct scan_change change = {.tag = i, .value = {.uint32 = i * i}};
        assert_true(give_change(*state, &change));
    }
    struct scan_change change;
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(exchange_take_change(*state, &change));
        assert_int_equal(change.tag, i);
        assert_int_equal(change.value.uint32, i * i);
    }
    assert_false(exchange_take_change(*state, &change));
}

static void changes_go_round_the_end_of_the_ring_in_pieces(void **state) {
    uint32_t given = 0, taken = 0;
    for (int round = 0; round < 50; round++) { // 300 at a time do not divide a power of two
        for (size_t left = 300; left > 0;) {
            size_t count = left;
            struct scan_change *room = exchange_room_for_changes(*state, &count);
            assert_in_range(count, 1, left);
            for (size_t i = 0; i < count; i++) room[i] = (struct scan_change){.tag = given++};
            exchange_give_changes(*state, count);
            left -= count;
        }
        struct scan_change change;
        while (exchange_take_change(*state, &change)) assert_int_equal(change.tag, taken++);
    }
    assert_int_equal(taken, given);
    assert_int_equal(exchange_count(*state).changes, given);
    assert_int_equal(exchange_count(*state).changes_delayed, 0);
}

static void a_full_ring_of_changes_is_said_and_counted(void **state) {
    struct scan_change change = {.tag = 1};
    size_t room = 0;
    while (give_change(*state, &change)) room++;
    assert_true(room >= 20); // twice the tags at least
    assert_int_equal(exchange_count(*state).changes, room);
    assert_int_equal(exchange_count(*state).changes_delayed, 1);
    assert_true(exchange_take_change(*state, &change));
    assert_true(give_change(*state, &change));
}

static void events_that_find_no_room_are_told_by_the_next_one(void **state) {
    size_t room = 0;
    while (exchange_count(*state).events_lost < 3) {
        exchange_give_event(*state, (struct scan_event){.id = SCAN_EVENT_JAM});
        room++;
    }
    room -= 3;
    struct scan_event event;
    for (size_t i = 0; i < room; i++) {
        assert_true(exchange_take_event(*state, &event));
        assert_int_equal(event.lost_before, 0);
    }
    exchange_give_event(*state, (struct scan_event){.id = SCAN_EVENT_TRIPPED});
    exchange_give_event(*state, (struct scan_event){.id = SCAN_EVENT_RELEASED});
    assert_true(exchange_take_event(*state, &event));
    assert_int_equal(event.id, SCAN_EVENT_TRIPPED);
    assert_int_equal(event.lost_before, 3);
    assert_true(exchange_take_event(*state, &event));
    assert_int_equal(event.lost_before, 0);
}

static void a_full_ring_refuses_commands(void **state) {
    struct scan_command command = {.id = 1};
    size_t room = 0;
    while (exchange_post(*state, &command)) room++;
    assert_true(room >= 16);
    assert_int_equal(exchange_count(*state).commands_full, 1);
}

static void no_command_is_taken_without_room_for_its_result(void **state) {
    struct scan_command command = {.id = 1};
    struct scan_result result = {.id = 1};
    size_t answered = 0;
    while (true) { // nobody takes the results
        assert_true(exchange_post(*state, &command));
        if (!exchange_next_command(*state, &command)) break;
        exchange_give_result(*state, &result);
        answered++;
    }
    assert_int_equal(exchange_count(*state).results, answered);
    assert_true(exchange_take_result(*state, &result));
    assert_true(exchange_next_command(*state, &command));
}

enum { MANY = 200000 };

/// The scan's side: answers every command, and gives one change for it.
static void *scan_side(void *context) {
    struct exchange *exchange = context;
    for (uint64_t answered = 0; answered < MANY;) {
        struct scan_command command;
        if (!exchange_next_command(exchange, &command)) {
            sched_yield();
            continue;
        }
        struct scan_change change = {.tag = (uint32_t)command.id, .value = {.uint32 = command.session}};
        while (!give_change(exchange, &change)) sched_yield();
        struct scan_result result = {.id = command.id, .output_count = 1};
        result.outputs[0] = command.arguments[0];
        exchange_give_result(exchange, &result);
        answered++;
    }
    return NULL;
}

static void two_threads_lose_and_mix_nothing(void **state) {
    struct exchange *exchange = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, scan_side, exchange), 0);
    uint64_t posted = 0, results = 0, changes = 0;
    while (results < MANY || changes < MANY) {
        struct scan_command command = {.id = posted, .session = (uint32_t)(posted * 3), .argument_count = 1};
        command.arguments[0] = (struct scan_argument){.type = VALUE_UINT32, .value = {.uint32 = (uint32_t)posted}};
        bool moved = posted < MANY && exchange_post(exchange, &command);
        posted += moved;
        struct scan_result result;
        while (exchange_take_result(exchange, &result)) {
            assert_int_equal(result.id, results);
            assert_int_equal(result.outputs[0].value.uint32, results);
            results++;
            moved = true;
        }
        struct scan_change change;
        while (exchange_take_change(exchange, &change)) {
            assert_int_equal(change.tag, changes);
            assert_int_equal(change.value.uint32, changes * 3);
            changes++;
            moved = true;
        }
        if (!moved) sched_yield();
    }
    pthread_join(thread, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_exchange_gives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_come_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_go_round_the_end_of_the_ring_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_ring_of_changes_is_said_and_counted, setup, teardown),
        {"[edge-1.2] events that find no room are told by the next one",
         events_that_find_no_room_are_told_by_the_next_one, setup, teardown, NULL},
        cmocka_unit_test_setup_teardown(a_full_ring_refuses_commands, setup, teardown),
        cmocka_unit_test_setup_teardown(no_command_is_taken_without_room_for_its_result, setup, teardown),
        cmocka_unit_test_setup_teardown(two_threads_lose_and_mix_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
