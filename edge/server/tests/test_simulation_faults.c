#include "line.h"

#include <string.h>

static struct answer inject(struct hand *hand, const char *fault, const char *target) {
    const struct value inputs[] = {text_value(fault), text_value(target)};
    return hand_call(hand, "mps_simulation", "injectFault", inputs, 2);
}

static struct answer list(struct hand *hand, uint32_t index) {
    const struct value input = {.type = VALUE_UINT32, .uint32 = index};
    return hand_call(hand, "mps_simulation", "listFaults", &input, 1);
}

static void faults_are_injected_listed_and_cleared_by_methods(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    assert_int_equal(inject(&hand, "sensorStuckOn", "mps_conveyor/lightBarrier_entry").status, STATUS_Good);
    hand_await_bool(&hand, "mps_conveyor/lightBarrier_entry/state", true);
    struct answer answer = list(&hand, 0);
    assert_int_equal(answer.status, STATUS_Good);
    assert_string_equal(answer.texts[0], "sensorStuckOn");
    assert_string_equal(answer.texts[1], "mps_conveyor/lightBarrier_entry/signal");
    answer = list(&hand, 1);
    assert_string_equal(answer.texts[0], "");
    const struct value name = text_value("sensorStuckOn");
    assert_int_equal(hand_call(&hand, "mps_simulation", "clearFault", &name, 1).status, STATUS_Good);
    hand_await_bool(&hand, "mps_conveyor/lightBarrier_entry/state", false);
    answer = hand_read(&hand, "mps_simulation/faultsActive");
    assert_int_equal(answer.values[0].uint32, 0);
    hand_close(&hand);
}

static void what_cannot_be_broken_is_refused_with_a_reason(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    struct answer answer = inject(&hand, "sensorDead", "mps_conveyor/motor");
    assert_int_equal(answer.status, STATUS_BadInvalidArgument);
    answer = inject(&hand, "motorDead", "mps_hmi/actuator_start");
    assert_int_equal(answer.status, STATUS_BadInvalidArgument);
    hand_close(&hand);
    hand_connect(&hand, line, "viewer");
    answer = inject(&hand, "airLoss", "");
    assert_int_equal(answer.status, STATUS_BadUserAccessDenied);
    hand_close(&hand);
}

static void without_a_simulation_nothing_can_be_broken(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(&(struct line_options){.no_simulation = true});
    struct hand hand;
    hand_connect(&hand, line, "operator");
    assert_true(status_is_bad(inject(&hand, "airLoss", "").status));
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"[fault-1.1] faults are injected, listed and cleared by methods",
         faults_are_injected_listed_and_cleared_by_methods, NULL, NULL, NULL},
        {"[fault-1.2] what cannot be broken is refused with a reason", what_cannot_be_broken_is_refused_with_a_reason,
         NULL, NULL, NULL},
        cmocka_unit_test(without_a_simulation_nothing_can_be_broken),
    };
    return cmocka_run_group_tests(tests, line_make_identities, line_remove_identities);
}
