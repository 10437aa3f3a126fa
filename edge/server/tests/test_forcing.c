#include "line.h"

#include <stdio.h>
#include <string.h>

#define SENTENCE(text, function)                                                                                       \
    { text, function, NULL, NULL, NULL }

static const char *const RIGHT = "mps_conveyor/motor/direction/right/state";
static const char *const BARRIER = "mps_conveyor/lightBarrier_entry/state";

static struct answer force(struct hand *hand, const char *point, const char *value) {
    struct value inputs[] = {text_value(point), text_value(value)};
    return hand_call(hand, "Forcing", "Force", inputs, 2);
}

static struct answer unforce(struct hand *hand, const char *point) {
    struct value input = text_value(point);
    return hand_call(hand, "Forcing", "Unforce", &input, 1);
}

static void assert_done(struct answer answer) {
    if (status_is_bad(answer.status)) fail_msg("%s", answer.count > 0 ? answer.texts[0] : "no reason");
    assert_string_equal(answer.texts[0], "");
}

static void assert_refused(struct answer answer, status_code status, const char *part) {
    assert_int_equal(answer.status, status);
    assert_true(answer.count > 0);
    if (strstr(answer.texts[0], part) == NULL) fail_msg("\"%s\" does not say \"%s\"", answer.texts[0], part);
}

static void await_forces(struct hand *hand, uint32_t wanted) {
    for (unsigned i = 0; i < 500; i++) {
        struct answer answer = hand_read(hand, "Forcing/ForcesActive");
        if (answer.values[0].uint32 == wanted) return;
        line_run_for(hand->line, 10 * 1000000);
    }
    fail_msg("ForcesActive is not %u", wanted);
}

static void an_input_is_forced_by_an_engineer(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "engineer");
    hand_await_bool(&hand, BARRIER, false);
    assert_done(force(&hand, BARRIER, "true"));
    hand_await_bool(&hand, BARRIER, true);
    assert_int_equal(hand_read(&hand, BARRIER).statuses[0], STATUS_GoodLocalOverride);
    await_forces(&hand, 1);
    assert_done(unforce(&hand, BARRIER));
    hand_await_bool(&hand, BARRIER, false);
    await_forces(&hand, 0);
    hand_close(&hand);
}

static void others_may_not(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    hand_lock(&hand);
    assert_refused(force(&hand, BARRIER, "true"), STATUS_BadUserAccessDenied, "role engineer");
    assert_refused(unforce(&hand, BARRIER), STATUS_BadUserAccessDenied, "role engineer");
    assert_refused(hand_call(&hand, "Forcing", "UnforceAll", NULL, 0), STATUS_BadUserAccessDenied, "role engineer");
    hand_close(&hand);
}

static void refusals_say_why(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "engineer");
    assert_refused(force(&hand, "mps_conveyor/motor", "true"), STATUS_BadInvalidArgument, "path below the station");
    assert_refused(force(&hand, "mps_plc/RevPiDI/I_1/Value", "true"), STATUS_BadInvalidArgument, "no input or output");
    assert_refused(force(&hand, BARRIER, "on"), STATUS_BadInvalidArgument, "true, false or a number");
    assert_refused(force(&hand, BARRIER, "2"), STATUS_BadOutOfRange, "type of the point");
    assert_refused(force(&hand, "mps_conveyor/emergency_stop/state", "false"), STATUS_BadNotSupported,
                   "cannot be forced");
    assert_refused(force(&hand, RIGHT, "true"), STATUS_BadUserAccessDenied, "InitLock");
    assert_refused(unforce(&hand, BARRIER), STATUS_BadInvalidState, "not forced");
    hand_close(&hand);
}

static void the_safe_state_takes_the_force_off_an_output(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "engineer");
    hand_lock(&hand);
    assert_done(force(&hand, RIGHT, "true"));
    hand_await_bool(&hand, RIGHT, true);
    struct value inputs[] = {text_value("emergency_stop"), bool_value(true)};
    assert_int_equal(hand_call(&hand, "mps_simulation", "turn", inputs, 2).status, STATUS_Good);
    hand_await_bool(&hand, RIGHT, false);
    await_forces(&hand, 0);
    assert_refused(force(&hand, RIGHT, "true"), STATUS_BadInvalidState, "emergency stop");
    hand_close(&hand);
}

static void all_at_once(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "engineer");
    assert_done(force(&hand, BARRIER, "true"));
    assert_done(force(&hand, "mps_conveyor/lightBarrier_exit/state", "1"));
    await_forces(&hand, 2);
    assert_done(hand_call(&hand, "Forcing", "UnforceAll", NULL, 0));
    await_forces(&hand, 0);
    hand_await_bool(&hand, BARRIER, false);
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE("an engineer forces an input and takes the force off again [opcua-8.1]",
                 an_input_is_forced_by_an_engineer),
        SENTENCE("an operator may not force, not even with the control authority [opcua-8.1]", others_may_not),
        SENTENCE("a refused force says why [opcua-8.1]", refusals_say_why),
        SENTENCE("the safe state takes the force off an output [edge-6.5]",
                 the_safe_state_takes_the_force_off_an_output),
        SENTENCE("all forces are taken off at once [opcua-8.1]", all_at_once),
    };
    return cmocka_run_group_tests(tests, line_make_identities, line_remove_identities);
}
