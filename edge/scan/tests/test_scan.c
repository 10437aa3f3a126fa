#include "tiny_plant.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int setup(void **state) {
    *state = tiny_plant_create();
    return *state == NULL;
}

static int teardown(void **state) {
    tiny_plant_destroy(*state);
    return 0;
}

static struct scan_command move(int32_t direction) {
    struct scan_command command = {
        .id = 1, .session = SESSION, .module = MODULE_DRIVE, .method = DRIVE_MOVE, .role = SCAN_ROLE_OPERATOR};
    command.arguments[command.argument_count++] =
        (struct scan_argument){.type = VALUE_INT32, .value = scan_int32(direction)};
    return command;
}

static struct scan_command plain(uint32_t module, uint16_t method) {
    return (struct scan_command){
        .id = 1, .session = SESSION, .module = module, .method = method, .role = SCAN_ROLE_OPERATOR};
}

static void light_on(struct tiny_plant *plant, bool on, enum scan_reason_id expected) {
    struct scan_command command = plain(MODULE_LAMP, 0);
    command.arguments[command.argument_count++] = (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(on)};
    assert_int_equal(tiny_plant_call(plant, command).reason.id, expected);
}

/// The newest change of a tag that waits for the server; false when there is none. Takes everything.
static bool taken(struct tiny_plant *plant, uint32_t tag, struct scan_change *ret_change) {
    struct scan_change change;
    bool found = false;
    while (exchange_take_change(plant->scan.exchange, &change)) {
        if (change.tag != tag) continue;
        *ret_change = change;
        found = true;
    }
    return found;
}

static bool event_came(struct tiny_plant *plant, enum scan_event_id id, struct scan_event *ret_event) {
    struct scan_event event;
    bool found = false;
    while (exchange_take_event(plant->scan.exchange, &event)) {
        if (event.id != id) continue;
        *ret_event = event;
        found = true;
    }
    return found;
}

static void run_right(struct tiny_plant *plant) {
    tiny_plant_hold_lock(plant);
    assert_int_equal(tiny_plant_call(plant, move(1)).status, STATUS_Good);
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
}

static void press(struct tiny_plant *plant, unsigned button) {
    tiny_plant_input(plant, button, true);
    tiny_plant_scan(plant);
    tiny_plant_input(plant, button, false);
    tiny_plant_scan(plant);
}

// ---------------------------------------------------------------- inputs, publishing

static void an_input_is_published_in_the_scan_that_read_it(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_change change = {0};
    tiny_plant_scan(plant);
    taken(plant, TAG_SENSOR, &change);
    assert_false(tiny_plant_scan(plant)); // nothing new: nobody is woken
    tiny_plant_input(plant, TAG_SENSOR, true);
    assert_true(tiny_plant_scan(plant));
    assert_true(taken(plant, TAG_SENSOR, &change));
    assert_true(change.value.boolean);
    assert_int_equal(change.quality, STATUS_Good);
    assert_true(change.time_ns == plant->time.wall_ns);
    assert_int_equal(plant->elapsed_ns, 1000000);
}

static void an_inverted_input_is_negated(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_scan(plant);
    assert_false(scan_on(&plant->scan, TAG_STOP_CONTACT));
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    tiny_plant_scan(plant);
    assert_true(scan_on(&plant->scan, TAG_STOP_CONTACT));
}

static void a_channel_shows_its_word_raw(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_change change = {0};
    plant->inputs[4] = 0x34;
    plant->inputs[5] = 0x12;
    tiny_plant_scan(plant);
    assert_true(taken(plant, TAG_WORD, &change));
    assert_int_equal(change.value.uint16, 0x1234);
}

static void a_full_ring_delays_the_newest_value_and_loses_nothing(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_change change;
    tiny_plant_scan(plant);
    for (size_t count = 1; count > 0;) { // a server that does not take
        struct scan_change *room = exchange_room_for_changes(plant->scan.exchange, &count);
        if (count > 0) *room = (struct scan_change){.tag = TAG_WORD};
        exchange_give_changes(plant->scan.exchange, count);
    }
    tiny_plant_input(plant, TAG_SENSOR, true);
    tiny_plant_scan(plant);
    plant->inputs[4] = 7;
    tiny_plant_scan(plant);
    tiny_plant_input(plant, TAG_SENSOR, false);
    tiny_plant_scan(plant);
    tiny_plant_input(plant, TAG_SENSOR, true);
    tiny_plant_scan(plant);
    uint64_t changed_ns = plant->time.wall_ns;
    while (exchange_take_change(plant->scan.exchange, &change)) continue;
    assert_true(tiny_plant_scan(plant));
    assert_true(exchange_take_change(plant->scan.exchange, &change));
    assert_int_equal(change.tag, TAG_SENSOR);
    assert_true(change.value.boolean);
    assert_true(change.time_ns == changed_ns);
    assert_true(exchange_take_change(plant->scan.exchange, &change));
    assert_int_equal(change.tag, TAG_WORD);
    assert_int_equal(change.value.uint16, 7);
    assert_false(exchange_take_change(plant->scan.exchange, &change));
    assert_true(exchange_count(plant->scan.exchange).changes_delayed > 0);
}

static void a_variable_follows_the_decided_outputs_in_the_same_scan(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_change change = {0};
    run_right(plant);
    assert_true(taken(plant, TAG_LOOK, &change));
    assert_int_equal(change.value.uint32, 1);
}

// ---------------------------------------------------------------- calls

static void a_get_needs_no_authority_and_no_role(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_input(plant, TAG_SENSOR, true);
    struct scan_command command = plain(MODULE_DRIVE, DRIVE_GET);
    command.role = SCAN_ROLE_VIEWER;
    struct scan_result result = tiny_plant_call(plant, command);
    assert_int_equal(result.status, STATUS_Good);
    assert_int_equal(result.output_count, 1);
    assert_true(result.outputs[0].value.boolean);
}

struct refusal {
    const char *name;
    bool held; // the lock, by SESSION
    enum scan_role role;
    uint32_t session, module;
    uint16_t method;
    uint8_t argument_count;
    struct scan_argument argument;
    enum scan_reason_id reason;
    status_code status;
};

// clang-format off
static const struct refusal refusals[] = {
    {"[opcua-4.1] a command without the lock is refused", false, SCAN_ROLE_OPERATOR,
     SESSION, MODULE_DRIVE, DRIVE_MOVE, 1, {VALUE_INT32, {{.int32 = 1}}}, SCAN_REASON_NO_LOCK, 0x801F0000},
    {"[opcua-4.1] a command of another session is refused", true, SCAN_ROLE_OPERATOR,
     OTHER_SESSION, MODULE_DRIVE, DRIVE_MOVE, 1, {VALUE_INT32, {{.int32 = 1}}}, SCAN_REASON_LOCK_OF_OTHER, 0x801F0000},
    {"[opcua-3.2] a viewer may not command", true, SCAN_ROLE_VIEWER,
     SESSION, MODULE_DRIVE, DRIVE_MOVE, 1, {VALUE_INT32, {{.int32 = 1}}}, SCAN_REASON_ROLE, 0x801F0000},
    {"[opcua-3.2] an argument above its range is refused", true, SCAN_ROLE_OPERATOR,
     SESSION, MODULE_DRIVE, DRIVE_MOVE, 1, {VALUE_INT32, {{.int32 = 2}}}, SCAN_REASON_ARGUMENT_RANGE, 0x803C0000},
    {"[opcua-3.2] an argument below its range is refused", true, SCAN_ROLE_OPERATOR,
     SESSION, MODULE_DRIVE, DRIVE_MOVE, 1, {VALUE_INT32, {{.int32 = -2}}}, SCAN_REASON_ARGUMENT_RANGE, 0x803C0000},
    {"[opcua-3.2] an argument of the wrong type is refused", true, SCAN_ROLE_OPERATOR,
     SESSION, MODULE_DRIVE, DRIVE_MOVE, 1, {VALUE_BOOL, {{.boolean = true}}}, SCAN_REASON_ARGUMENT_TYPE, 0x80AB0000},
    {"a missing argument is refused", true, SCAN_ROLE_OPERATOR,
     SESSION, MODULE_DRIVE, DRIVE_MOVE, 0, {VALUE_INT32, {{.int32 = 1}}}, SCAN_REASON_ARGUMENT_COUNT, 0x80760000},
    {"a superfluous argument is refused", true, SCAN_ROLE_OPERATOR,
     SESSION, MODULE_DRIVE, DRIVE_MOVE, 2, {VALUE_INT32, {{.int32 = 1}}}, SCAN_REASON_ARGUMENT_COUNT, 0x80760000},
    {"an unknown method is refused", true, SCAN_ROLE_OPERATOR,
     SESSION, MODULE_DRIVE, 99, 1, {VALUE_INT32, {{.int32 = 1}}}, SCAN_REASON_METHOD_UNKNOWN, 0x80750000},
    {"an unknown module is refused", true, SCAN_ROLE_OPERATOR,
     SESSION, 99, DRIVE_MOVE, 1, {VALUE_INT32, {{.int32 = 1}}}, SCAN_REASON_METHOD_UNKNOWN, 0x80750000},
};
// clang-format on
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };
static const struct refusal *current;

static void check_refusal(void **state) {
    struct tiny_plant *plant = *state;
    if (current->held) tiny_plant_hold_lock(plant);
    struct scan_command command = {.id = 1,
                                   .session = current->session,
                                   .module = current->module,
                                   .method = current->method,
                                   .role = (uint8_t)current->role,
                                   .argument_count = current->argument_count,
                                   .arguments = {current->argument}};
    struct scan_result result = tiny_plant_call(plant, command);
    assert_int_equal(result.reason.id, current->reason);
    assert_int_equal(result.status, current->status);
    assert_int_equal(result.output_count, 0);
    for (unsigned tag = TAG_RIGHT; tag <= TAG_LAMP; tag++) assert_false(tiny_plant_output(plant, tag));
}

static int setup_refusal(void **state) {
    current = *state;
    return setup(state);
}

static void a_refusal_is_an_event_too(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_event event = {0};
    tiny_plant_call(plant, move(1));
    assert_true(event_came(plant, SCAN_EVENT_COMMAND_REFUSED, &event));
    assert_int_equal(event.module, MODULE_DRIVE);
    assert_int_equal(event.session, SESSION);
    assert_int_equal(event.reason.id, SCAN_REASON_NO_LOCK);
}

static void a_flood_of_calls_is_spread_over_scans(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_command command = plain(MODULE_DRIVE, DRIVE_GET);
    for (int i = 0; i < 200; i++) assert_true(exchange_post(plant->scan.exchange, &command));
    unsigned answers = 0, scans = 0;
    struct scan_result result;
    for (; answers < 200; scans++) {
        tiny_plant_scan(plant);
        while (exchange_take_result(plant->scan.exchange, &result)) answers++;
        assert_true(scans < 10);
    }
    assert_true(scans > 1);
}

// ---------------------------------------------------------------- interlocks, safe state

static void opposite_outputs_are_never_on_together(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_event event = {0};
    run_right(plant);
    tiny_plant_call(plant, plain(MODULE_DRIVE, DRIVE_BOTH));
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    assert_false(tiny_plant_output(plant, TAG_LEFT));
    assert_true(event_came(plant, SCAN_EVENT_FAULT, &event));
    assert_int_equal(event.reason.id, SCAN_REASON_EXCLUSION);
    assert_int_equal(tiny_plant_call(plant, move(1)).reason.id, SCAN_REASON_EXCLUSION); // until reset
    assert_int_equal(tiny_plant_call(plant, plain(MODULE_CONTROLLER, CONTROLLER_RESET)).status, STATUS_Good);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    assert_int_equal(tiny_plant_call(plant, move(1)).status, STATUS_Good);
}

static void the_emergency_stop_acts_in_the_scan_that_sees_it(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_event event = {0};
    run_right(plant);
    light_on(plant, true, SCAN_REASON_NONE);
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    tiny_plant_scan(plant);
    assert_false(tiny_plant_output(plant, TAG_RIGHT)); // off
    assert_true(tiny_plant_output(plant, TAG_BRAKE));  // on
    assert_true(tiny_plant_output(plant, TAG_HOLD));   // as it was
    assert_true(tiny_plant_output(plant, TAG_LAMP));   // as it was
    assert_int_equal(plant->halts, 1);
    assert_true(event_came(plant, SCAN_EVENT_SAFE_STATE_ENTERED, &event));
    assert_int_equal(event.reason.id, SCAN_REASON_EMERGENCY_STOP);
}

static void a_command_in_the_scan_of_the_emergency_stop_is_refused(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    tiny_plant_scan(plant);
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    struct scan_result result = tiny_plant_call(plant, move(1));
    assert_int_equal(result.status, STATUS_BadInvalidState);
    assert_int_equal(result.reason.id, SCAN_REASON_EMERGENCY_STOP);
    assert_int_equal(result.reason.module, MODULE_CONTROLLER);
}

static void released_is_not_reset_and_reset_moves_nothing(void **state) {
    struct tiny_plant *plant = *state;
    run_right(plant);
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    tiny_plant_scan(plant);
    assert_int_equal(tiny_plant_call(plant, plain(MODULE_CONTROLLER, CONTROLLER_RESET)).reason.id,
                     SCAN_REASON_EMERGENCY_STOP);
    tiny_plant_input(plant, TAG_STOP_CONTACT, true);
    tiny_plant_scan(plant);
    struct scan_result result = tiny_plant_call(plant, move(1));
    assert_int_equal(result.reason.id, SCAN_REASON_SAFE_STATE);
    assert_int_equal(result.reason.detail, SCAN_REASON_EMERGENCY_STOP);
    press(plant, TAG_RESET_BUTTON);
    assert_false(plant->scan.safe.latched);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    assert_false(tiny_plant_output(plant, TAG_BRAKE));
    assert_int_equal(tiny_plant_call(plant, move(1)).status, STATUS_Good);
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
}

static void the_first_cause_is_kept(void **state) {
    struct tiny_plant *plant = *state;
    run_right(plant);
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    tiny_plant_scan(plant);
    uint64_t since_ns = plant->time.wall_ns;
    plant->read_error = ERROR_IO;
    tiny_plant_scan(plant);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_EMERGENCY_STOP);
    assert_true(plant->scan.safe.since_ns == since_ns);
}

static void lamps_may_be_switched_in_the_safe_state(void **state) {
    struct tiny_plant *plant = *state;
    light_on(plant, true, SCAN_REASON_NO_LOCK);
    tiny_plant_hold_lock(plant);
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    light_on(plant, true, SCAN_REASON_NONE);
    assert_true(tiny_plant_output(plant, TAG_LAMP));
    light_on(plant, false, SCAN_REASON_NONE);
    assert_false(tiny_plant_output(plant, TAG_LAMP));
}

static void a_button_held_at_start_up_is_not_pressed(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    tiny_plant_input(plant, TAG_RESET_BUTTON, true);
    tiny_plant_scan(plant);
    tiny_plant_input(plant, TAG_STOP_CONTACT, true);
    tiny_plant_scan(plant);
    assert_true(plant->scan.safe.latched);
}

static void a_driver_that_does_not_answer_is_a_cause(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_change change = {0};
    run_right(plant);
    plant->read_error = ERROR_IO;
    tiny_plant_scan(plant);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_DRIVER_LOST);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    assert_true(taken(plant, TAG_SENSOR, &change));
    assert_int_equal(change.quality, STATUS_BadNoCommunication);
    assert_false(tiny_plant_scan(plant)); // said once
    plant->read_error = ERROR_NONE;
    tiny_plant_scan(plant);
    assert_true(taken(plant, TAG_SENSOR, &change));
    assert_int_equal(change.quality, STATUS_Good);
    assert_true(plant->scan.safe.latched); // until reset
    press(plant, TAG_RESET_BUTTON);
    assert_false(plant->scan.safe.latched);
}

static void outputs_that_cannot_be_written_are_a_cause(void **state) {
    struct tiny_plant *plant = *state;
    run_right(plant);
    plant->write_error = ERROR_IO;
    tiny_plant_scan(plant);
    tiny_plant_scan(plant);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_DRIVER_LOST);
}

static void lost_authority_is_a_cause_after_the_hard_time_out(void **state) {
    struct tiny_plant *plant = *state;
    run_right(plant);
    plant->time.monotonic_ns += 3000000000;
    assert_int_equal(tiny_plant_call(plant, move(-1)).reason.id, SCAN_REASON_LOCK_EXPIRED);
    assert_true(tiny_plant_output(plant, TAG_RIGHT)); // the step under way is finished
    assert_false(plant->scan.safe.latched);
    plant->time.monotonic_ns += 8000000000;
    tiny_plant_scan(plant);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_CONTROL_LOST);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    press(plant, TAG_RESET_BUTTON);
    assert_false(tiny_plant_output(plant, TAG_RIGHT)); // a returning controller restarts nothing
}

static void the_stop_button_works_when_nobody_holds_the_authority(void **state) {
    struct tiny_plant *plant = *state;
    run_right(plant);
    press(plant, TAG_STOP_BUTTON); // the holder answers it
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
    plant->time.monotonic_ns += 3000000000;
    tiny_plant_scan(plant);
    press(plant, TAG_STOP_BUTTON);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_STOP_BUTTON);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
}

static void a_requested_stop_is_final(void **state) {
    struct tiny_plant *plant = *state;
    run_right(plant);
    scan_request_stop(&plant->scan);
    tiny_plant_scan(plant);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_STOPPED);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    press(plant, TAG_RESET_BUTTON);
    assert_true(plant->scan.safe.latched);
}

enum { SCENES = 20 };

int main(void) {
#define SCENE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    struct CMUnitTest tests[SCENES + REFUSALS] = {
        {"[edge-1.1] an input is published in the scan that read it", an_input_is_published_in_the_scan_that_read_it,
         setup, teardown, NULL},
        SCENE(an_inverted_input_is_negated),
        SCENE(a_channel_shows_its_word_raw),
        {"[edge-1.2] a full ring delays the newest value and loses nothing",
         a_full_ring_delays_the_newest_value_and_loses_nothing, setup, teardown, NULL},
        SCENE(a_variable_follows_the_decided_outputs_in_the_same_scan),
        SCENE(a_get_needs_no_authority_and_no_role),
        SCENE(a_refusal_is_an_event_too),
        SCENE(a_flood_of_calls_is_spread_over_scans),
        {"[edge-3.1] opposite outputs are never on together", opposite_outputs_are_never_on_together, setup, teardown,
         NULL},
        {"[edge-2.2] the emergency stop acts in the scan that sees it",
         the_emergency_stop_acts_in_the_scan_that_sees_it, setup, teardown, NULL},
        SCENE(a_command_in_the_scan_of_the_emergency_stop_is_refused),
        {"[edge-2.3] [edge-2.4] released is not reset, and reset moves nothing",
         released_is_not_reset_and_reset_moves_nothing, setup, teardown, NULL},
        {"[edge-2.1] the first cause is kept", the_first_cause_is_kept, setup, teardown, NULL},
        {"[edge-2.2] lamps may be switched in the safe state", lamps_may_be_switched_in_the_safe_state, setup, teardown,
         NULL},
        SCENE(a_button_held_at_start_up_is_not_pressed),
        {"[edge-2.1] a driver that does not answer is a cause", a_driver_that_does_not_answer_is_a_cause, setup,
         teardown, NULL},
        SCENE(outputs_that_cannot_be_written_are_a_cause),
        {"[opcua-4.2] lost authority is a cause after the hard time-out",
         lost_authority_is_a_cause_after_the_hard_time_out, setup, teardown, NULL},
        {"[opcua-4.4] the stop button works when nobody holds the authority",
         the_stop_button_works_when_nobody_holds_the_authority, setup, teardown, NULL},
        {"[edge-2.1] a requested stop is final", a_requested_stop_is_final, setup, teardown, NULL},
    };
    for (size_t i = 0; i < REFUSALS; i++) {
        tests[SCENES + i] =
            (struct CMUnitTest){refusals[i].name, check_refusal, setup_refusal, teardown, (void *)&refusals[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
