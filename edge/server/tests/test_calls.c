#include "line.h"

#include <base/clock.h>
#include <base/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE(text, function)                                                                                       \
    { text, function, NULL, NULL, NULL }

static const char *const MOTOR = "mps_conveyor/motor";
static const char *const RIGHT = "mps_conveyor/motor/direction/right/state";

static struct answer set_direction(struct hand *hand, int32_t direction) {
    struct value value = int32_value(direction);
    return hand_call(hand, MOTOR, "setDirection", &value, 1);
}

static void assert_refused(const struct answer *answer, status_code status, const char *part) {
    assert_int_equal(answer->status, status);
    if (answer->count == 0) fail_msg("a refusal without its reason");
    const char *reason = answer->texts[answer->count - 1];
    if (strstr(reason, part) == NULL) fail_msg("\"%s\" does not say \"%s\"", reason, part);
}

static void turn(struct hand *hand, const char *name, bool on) {
    struct value inputs[] = {text_value(name), bool_value(on)};
    struct answer answer = hand_call(hand, "mps_simulation", "turn", inputs, 2);
    assert_int_equal(answer.status, STATUS_Good);
}

// --- calls ---

static void a_command_is_executed_in_the_scan(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    hand_lock(&hand);
    struct answer answer = set_direction(&hand, 1);
    assert_int_equal(answer.status, STATUS_Good);
    assert_string_equal(answer.texts[0], "");
    hand_await_bool(&hand, RIGHT, true);
    answer = hand_call(&hand, MOTOR, "getDirection", NULL, 0);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.values[0].int32, 1);
    hand_close(&hand);
}

static void statuses_and_reasons(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    struct answer answer = set_direction(&hand, 1);
    assert_refused(&answer, STATUS_BadUserAccessDenied, "Lock");
    hand_lock(&hand);
    answer = set_direction(&hand, 2);
    assert_refused(&answer, STATUS_BadOutOfRange, "Direction must be");
    struct value text = text_value("right");
    answer = hand_call(&hand, MOTOR, "setDirection", &text, 1);
    assert_int_equal(answer.status, STATUS_BadInvalidArgument);
    struct value nobody = text_value("a name that is much longer than any name that an element of a plant has");
    answer = hand_call(&hand, "mps_simulation", "press", &nobody, 1);
    assert_refused(&answer, STATUS_BadOutOfRange, "too long");
    turn(&hand, "emergency_stop", true);
    hand_await_text(&hand, "mps_plc/State", "safe");
    answer = set_direction(&hand, 1);
    assert_refused(&answer, STATUS_BadInvalidState, "emergency stop is active");
    hand_close(&hand);
}

static void the_role_decides(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand viewer;
    hand_connect(&viewer, line, "viewer");
    struct answer answer = set_direction(&viewer, 1);
    assert_refused(&answer, STATUS_BadUserAccessDenied, "only read");
    answer = hand_call(&viewer, MOTOR, "getDirection", NULL, 0);
    assert_int_equal(answer.status, STATUS_Good);
    struct value context = text_value("viewer");
    answer = hand_call(&viewer, "Lock", "InitLock", &context, 1);
    assert_int_equal(answer.status, STATUS_BadUserAccessDenied);
    answer = hand_call(&viewer, "mps_plc", "reset", NULL, 0);
    assert_refused(&answer, STATUS_BadUserAccessDenied, "only read");
    hand_close(&viewer);
}

static void a_scan_that_has_ended_is_a_time_out_that_says_so(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    runtime_stop(line->runtime);
    struct answer answer = set_direction(&hand, 1);
    assert_refused(&answer, STATUS_BadTimeout, "did not answer in time");
    hand_close(&hand);
}

// --- control authority ---

static void the_lock_is_for_one_session(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand first, second;
    hand_connect(&first, line, "operator");
    hand_connect(&second, line, "operator");
    hand_lock(&first);
    struct value context = text_value("second");
    struct answer answer = hand_call(&second, "Lock", "InitLock", &context, 1);
    assert_int_equal(answer.values[0].int32, -1);
    answer = set_direction(&second, 1);
    assert_refused(&answer, STATUS_BadUserAccessDenied, "another session holds");
    assert_int_equal(hand_call(&second, "Lock", "RenewLock", NULL, 0).values[0].int32, -1);
    assert_int_equal(hand_call(&second, "Lock", "ExitLock", NULL, 0).values[0].int32, -1);
    assert_int_equal(hand_call(&first, "Lock", "RenewLock", NULL, 0).values[0].int32, 0);
    hand_close(&first);
    hand_close(&second);
}

static void the_lock_shows_who_holds_it(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    hand_await_bool(&hand, "Lock/Locked", false);
    uint32_t before = hand_read(&hand, "Lock/Epoch").values[0].uint32;
    hand_lock(&hand);
    hand_await_bool(&hand, "Lock/Locked", true);
    hand_await_text(&hand, "Lock/LockingUser", "operator");
    hand_await_text(&hand, "Lock/LockingClient", "urn:serverless-plc:client");
    assert_int_equal(hand_read(&hand, "Lock/Epoch").values[0].uint32, before + 1);
    assert_true(hand_read(&hand, "Lock/RemainingLockTime").values[0].real > 0);
    hand_lock(&hand); // by the holder: renews
    assert_int_equal(hand_read(&hand, "Lock/Epoch").values[0].uint32, before + 1);
    assert_int_equal(hand_call(&hand, "Lock", "ExitLock", NULL, 0).values[0].int32, 0);
    hand_await_bool(&hand, "Lock/Locked", false);
    hand_await_text(&hand, "Lock/LockingUser", "");
    hand_close(&hand);
}

static void an_operator_breaks_the_lock(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand first, second, viewer;
    hand_connect(&first, line, "operator");
    hand_connect(&second, line, "operator");
    hand_connect(&viewer, line, "viewer");
    assert_int_equal(hand_call(&second, "Lock", "BreakLock", NULL, 0).values[0].int32, -1);
    hand_lock(&first);
    assert_int_equal(hand_call(&viewer, "Lock", "BreakLock", NULL, 0).status, STATUS_BadUserAccessDenied);
    assert_int_equal(set_direction(&first, 1).status, STATUS_Good);
    assert_int_equal(hand_call(&second, "Lock", "BreakLock", NULL, 0).values[0].int32, 0);
    struct answer answer = set_direction(&first, 0);
    assert_refused(&answer, STATUS_BadUserAccessDenied, "InitLock");
    hand_lock(&second);
    answer = set_direction(&first, 0);
    assert_refused(&answer, STATUS_BadUserAccessDenied, "another session holds");
    hand_close(&first);
    hand_close(&second);
    hand_close(&viewer);
}

static void a_session_that_ends_gives_up_the_lock(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand first, second;
    hand_connect(&first, line, "operator");
    hand_connect(&second, line, "operator");
    hand_lock(&first);
    hand_await_bool(&second, "Lock/Locked", true);
    hand_close(&first);
    hand_await_bool(&second, "Lock/Locked", false);
    hand_lock(&second);
    hand_close(&second);
}

static void a_session_without_connection_gives_up_the_lock(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand killed, restarted;
    hand_connect(&killed, line, "operator");
    hand_lock(&killed);
    uint32_t epoch = hand_read(&killed, "Lock/Epoch").values[0].uint32;
    line_cut(line);
    while (killed.state != OPCUA_LOST) line_run(line);
    hand_connect(&restarted, line, "operator");
    hand_await_bool(&restarted, "Lock/Locked", false);       // long before the soft time-out
    assert_int_equal(server_session_count(line->server), 2); // the old one waits for its client
    hand_lock(&restarted);
    assert_int_equal(hand_read(&restarted, "Lock/Epoch").values[0].uint32, epoch + 1);
    assert_int_equal(set_direction(&restarted, 1).status, STATUS_Good);
    hand_close(&killed);
    hand_close(&restarted);
}

static void the_soft_time_out_frees_the_lock_and_the_hard_one_makes_safe(void **state) {
    (void)state;
    struct line_options options = {.soft_s = 0.3, .hard_s = 1};
    CLEANUP(line_destroy_at) struct line *line = line_create(&options);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    hand_lock(&hand);
    assert_int_equal(set_direction(&hand, 1).status, STATUS_Good);
    hand_await_bool(&hand, "Lock/Locked", false);
    struct answer answer = set_direction(&hand, 0);
    assert_int_equal(answer.status, STATUS_BadUserAccessDenied);
    hand_await_text(&hand, "mps_plc/State", "safe");
    assert_non_null(strstr(hand_read(&hand, "mps_plc/Cause").texts[0], "control authority lost"));
    hand_await_bool(&hand, RIGHT, false);
    hand_close(&hand);
}

// --- hands on the machine ---

static void emergency_stop_and_reset_need_no_lock(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand, holder;
    hand_connect(&hand, line, "operator");
    hand_connect(&holder, line, "operator");
    hand_lock(&holder); // somebody else's makes no difference
    turn(&hand, "emergency_stop", true);
    hand_await_text(&hand, "mps_plc/State", "safe");
    struct answer answer = hand_call(&hand, "mps_plc", "reset", NULL, 0);
    assert_refused(&answer, STATUS_BadInvalidState, "emergency stop");
    turn(&hand, "emergency_stop", false);
    hand_await_bool(&hand, "mps_conveyor/emergency_stop/state", false);
    answer = hand_call(&hand, "mps_plc", "reset", NULL, 0);
    assert_int_equal(answer.status, STATUS_Good);
    hand_await_text(&hand, "mps_plc/State", "run");
    struct value button = text_value("start");
    answer = hand_call(&hand, "mps_simulation", "press", &button, 1);
    assert_int_equal(answer.status, STATUS_Good);
    hand_await_bool(&hand, "mps_hmi/actuator_start/state", true);
    hand_close(&holder);
    hand_close(&hand);
}

// --- events ---

struct ear {
    struct line *line;
    char texts[16][ANSWER_TEXT_BYTES];
    size_t count;
};

static void on_event(void *context, const struct opcua_event *event) {
    struct ear *ear = context;
    if (ear->count < 16)
        snprintf(ear->texts[ear->count++], ANSWER_TEXT_BYTES, "%.*s: %.*s (%u)", TEXT_ARG(event->source),
                 TEXT_ARG(event->message), event->severity);
    loop_stop(ear->line->loop);
}

static void await_event(struct ear *ear, const char *part) {
    for (;;) {
        for (size_t i = 0; i < ear->count; i++)
            if (strstr(ear->texts[i], part) != NULL) return;
        line_run(ear->line);
    }
}

static void events(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    struct ear ear = {.line = line};
    assert_int_equal(opcua_client_subscribe_events(hand.client, &OPCUA_SERVER_OBJECT,
                                                   &(struct opcua_events_options){.event = on_event, .context = &ear}),
                     ERROR_NONE);
    line_run_for(line, 300 * NS_PER_MS); // until the subscription stands: events are not kept
    hand_lock(&hand);
    await_event(&ear, "Control authority granted (100)");
    turn(&hand, "emergency_stop", true);
    await_event(&ear, "mps_conveyor/emergency_stop: Emergency stop active (900)");
    await_event(&ear, "Safe state entered");
    set_direction(&hand, 1);
    await_event(&ear, "Command refused");
    hand_close(&hand);
}

// --- users ---

static void users_are_read_at_each_log_in(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "administrator");
    hand_close(&hand);
    char command[2 * LINE_PATH_BYTES];
    snprintf(command, sizeof command,
             "sed -i 's/^viewer:viewer/viewer:janitor/; s/^operator:operator/operator:viewer/' %s/users", line->folder);
    assert_int_equal(system(command), 0);
    hand_connect(&hand, line, "operator"); // is a viewer now
    struct answer answer = set_direction(&hand, 1);
    assert_refused(&answer, STATUS_BadUserAccessDenied, "only read");
    hand_close(&hand);
}

// --- how long a call takes ---

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void a_call_takes_about_a_scan_period(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    enum { CALLS = 200 };
    uint64_t took_ns[CALLS];
    for (size_t i = 0; i < CALLS; i++) {
        uint64_t begin_ns = clock_monotonic_ns();
        assert_int_equal(hand_call(&hand, MOTOR, "getDirection", NULL, 0).status, STATUS_Good);
        took_ns[i] = clock_monotonic_ns() - begin_ns;
    }
    qsort(took_ns, CALLS, sizeof took_ns[0], by_size);
    const size_t median = CALLS / 2, nearly_all = CALLS * 99 / 100;
    print_message("call: p50 %.2f ms, p99 %.2f ms\n", (double)took_ns[median] / 1e6, (double)took_ns[nearly_all] / 1e6);
    assert_in_range(took_ns[median], 0, 20 * NS_PER_MS);
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE("[opcua-3.1] a command is executed in the scan and answered", a_command_is_executed_in_the_scan),
        SENTENCE("[opcua-3.2] [opcua-2.5] a refusal has a status and a reason", statuses_and_reasons),
        SENTENCE("[opcua-1.3] the role decides what may be called", the_role_decides),
        SENTENCE("[opcua-1.3] users and roles are read at each log-in", users_are_read_at_each_log_in),
        SENTENCE("[opcua-3.2] a scan that has ended is a time-out that says so",
                 a_scan_that_has_ended_is_a_time_out_that_says_so),
        SENTENCE("[opcua-4.1] the lock is for one session", the_lock_is_for_one_session),
        SENTENCE("[opcua-4.3] each grant raises the epoch; the lock shows who holds it", the_lock_shows_who_holds_it),
        SENTENCE("[opcua-4.6] an operator breaks the lock, a viewer does not", an_operator_breaks_the_lock),
        SENTENCE("[edge-4.2] a session that ends gives up the lock", a_session_that_ends_gives_up_the_lock),
        SENTENCE("[opcua-4.5] a session that lost its connection gives up the lock and lives on",
                 a_session_without_connection_gives_up_the_lock),
        SENTENCE("[opcua-4.2] the soft time-out frees the lock, the hard one makes safe",
                 the_soft_time_out_frees_the_lock_and_the_hard_one_makes_safe),
        SENTENCE("[opcua-4.4] emergency stop, reset and buttons need no lock", emergency_stop_and_reset_need_no_lock),
        SENTENCE("events come from the Server object", events),
        SENTENCE("a call takes about a scan period", a_call_takes_about_a_scan_period),
    };
    return cmocka_run_group_tests_name("calls", tests, line_make_identities, line_remove_identities);
}
