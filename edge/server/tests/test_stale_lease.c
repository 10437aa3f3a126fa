// A holder of the control authority that was frozen and comes back when another has taken over.

#include "line.h"

#include <base/clock.h>

#include <stdio.h>

enum { COMMANDS = 10 * 1000, IN_FLIGHT = 100 };

static const char *const MOTOR = "mps_conveyor/motor";
static const char *const RIGHT = "mps_conveyor/motor/direction/right/state";

/// What the frozen client had queued to say.
struct backlog {
    struct hand *hand;
    size_t sent, answered, accepted, unexpected;
};

static void send_next(struct backlog *backlog);

static void on_answer(void *context, status_code status, const struct value *outputs, size_t count) {
    (void)outputs, (void)count;
    struct backlog *backlog = context;
    backlog->answered++;
    if (!status_is_bad(status)) backlog->accepted++;
    if (status != STATUS_BadUserAccessDenied) backlog->unexpected++;
    send_next(backlog);
    if (backlog->answered == COMMANDS) loop_stop(backlog->hand->line->loop);
}

/// Motion, lamps and the lock itself, as a program would that noticed nothing.
static void send_next(struct backlog *backlog) {
    if (backlog->sent == COMMANDS) return;
    static const struct {
        const char *object, *method;
        struct value input;
    } commands[] = {
        {"mps_conveyor/motor", "setDirection", {.type = VALUE_INT32, .int32 = 1}},
        {"mps_magazine/ejector", "setPosition", {.type = VALUE_BOOL, .boolean = true}},
        {"mps_hmi/indicator_Q1", "setState", {.type = VALUE_BOOL, .boolean = true}},
    };
    size_t which = backlog->sent++ % (sizeof commands / sizeof commands[0]);
    char method[LINE_PATH_BYTES];
    snprintf(method, sizeof method, "%s/%s", commands[which].object, commands[which].method);
    struct opcua_node object = hand_node(backlog->hand, commands[which].object);
    struct opcua_node node = hand_node(backlog->hand, method);
    assert_int_equal(
        opcua_client_call(backlog->hand->client, &object, &node, &commands[which].input, 1, on_answer, backlog),
        ERROR_NONE);
}

static void stale_commands(void **state) {
    (void)state;
    struct line_options options = {.soft_s = 3, .hard_s = 600, .period_ns = NS_PER_MS / 5};
    CLEANUP(line_destroy_at) struct line *line = line_create(&options);
    struct hand frozen, other;
    hand_connect(&frozen, line, "operator");
    hand_connect(&other, line, "engineer");
    hand_lock(&frozen);
    hand_await_bool(&other, "Lock/Locked", false); // the first says nothing for longer than the soft time-out
    hand_lock(&other);
    uint32_t epoch = hand_read(&other, "Lock/Epoch").values[0].uint32;

    struct backlog backlog = {.hand = &frozen};
    while (backlog.sent < IN_FLIGHT) send_next(&backlog);
    struct loop_timer *renewal = hand_keep_lock(&other, 100 * NS_PER_MS);
    while (backlog.answered < COMMANDS) line_run(line);
    loop_timer_cancel(renewal);
    assert_int_equal(backlog.accepted, 0);
    assert_int_equal(backlog.unexpected, 0);
    assert_false(hand_read(&other, RIGHT).values[0].boolean);
    assert_false(hand_read(&other, "mps_hmi/indicator_Q1/state").values[0].boolean);
    assert_int_equal(hand_call(&frozen, "Lock", "RenewLock", NULL, 0).values[0].int32, -1);
    assert_int_equal(hand_read(&other, "Lock/Epoch").values[0].uint32, epoch);
    struct value right = int32_value(1);
    assert_int_equal(hand_call(&other, MOTOR, "setDirection", &right, 1).status, STATUS_Good);
    hand_close(&frozen);
    hand_close(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"[opcua-4.1] [opcua-4.2] 10 000 commands of a holder that was frozen while another took over: none is "
         "accepted",
         stale_commands, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests_name("stale lease", tests, line_make_identities, line_remove_identities);
}
