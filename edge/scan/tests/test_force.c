#include "tiny_plant.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int setup(void **state) {
    *state = tiny_plant_create();
    if (*state == NULL) return 1;
    tiny_plant_scan(*state);
    return 0;
}

static int teardown(void **state) {
    tiny_plant_destroy(*state);
    return 0;
}

static void force(struct tiny_plant *plant, uint32_t tag, double value, enum scan_reason_id expected) {
    assert_int_equal(scan_force(&plant->scan, tag, value, SESSION).id, expected);
}

static void command_move(struct tiny_plant *plant, int32_t direction) {
    struct scan_command command = {
        .id = 1, .session = SESSION, .module = MODULE_DRIVE, .method = DRIVE_MOVE, .role = SCAN_ROLE_OPERATOR};
    command.arguments[command.argument_count++] =
        (struct scan_argument){.type = VALUE_INT32, .value = scan_int32(direction)};
    assert_int_equal(tiny_plant_call(plant, command).reason.id, SCAN_REASON_NONE);
}

static struct scan_result command_get(struct tiny_plant *plant) {
    return tiny_plant_call(plant, (struct scan_command){.id = 1, .module = MODULE_DRIVE, .method = DRIVE_GET});
}

static bool event_came(struct tiny_plant *plant, enum scan_event_id id) {
    struct scan_event event;
    bool found = false;
    while (exchange_take_event(plant->scan.exchange, &event)) found = found || event.id == id;
    return found;
}

// ---------------------------------------------------------------- inputs

static void modules_see_what_an_input_is_forced_to(void **state) {
    struct tiny_plant *plant = *state;
    force(plant, TAG_SENSOR, 1, SCAN_REASON_NONE);
    assert_true(command_get(plant).outputs[0].value.boolean);
    assert_int_equal(plant->scan.quality[TAG_SENSOR], STATUS_GoodLocalOverride);
    assert_int_equal(plant->scan.forces.count, 1);
}

static void a_forced_input_does_not_follow_its_terminal(void **state) {
    struct tiny_plant *plant = *state;
    force(plant, TAG_SENSOR, 0, SCAN_REASON_NONE);
    tiny_plant_input(plant, TAG_SENSOR, true);
    assert_false(command_get(plant).outputs[0].value.boolean);
    assert_int_equal(scan_unforce(&plant->scan, TAG_SENSOR).id, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_true(scan_on(&plant->scan, TAG_SENSOR));
    assert_int_equal(plant->scan.quality[TAG_SENSOR], STATUS_Good);
}

static void a_forced_input_stays_good_when_the_driver_is_lost(void **state) {
    struct tiny_plant *plant = *state;
    force(plant, TAG_SENSOR, 1, SCAN_REASON_NONE);
    plant->read_error = ERROR_IO;
    tiny_plant_scan(plant);
    assert_int_equal(plant->scan.quality[TAG_SENSOR], STATUS_GoodLocalOverride);
    scan_unforce_all(&plant->scan);
    assert_int_equal(plant->scan.quality[TAG_SENSOR], STATUS_BadNoCommunication);
}

static void the_emergency_stop_and_the_panel_cannot_be_forced(void **state) {
    struct tiny_plant *plant = *state;
    force(plant, TAG_STOP_CONTACT, 0, SCAN_REASON_FORCE_PROTECTED);
    force(plant, TAG_STOP_BUTTON, 0, SCAN_REASON_FORCE_PROTECTED);
    force(plant, TAG_RESET_BUTTON, 1, SCAN_REASON_FORCE_PROTECTED);
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    tiny_plant_scan(plant);
    assert_true(plant->scan.safe.latched);
}

static void what_is_no_point_or_does_not_fit_is_refused(void **state) {
    struct tiny_plant *plant = *state;
    force(plant, TAG_LOOK, 1, SCAN_REASON_FORCE_NO_POINT);
    force(plant, TAG_WORD, 1, SCAN_REASON_FORCE_NO_POINT); // a channel: the pin table's, not a point
    force(plant, TAGS, 1, SCAN_REASON_FORCE_NO_POINT);
    force(plant, SCAN_NO_TAG, 1, SCAN_REASON_FORCE_NO_POINT);
    force(plant, TAG_SENSOR, 2, SCAN_REASON_FORCE_VALUE);
    force(plant, TAG_SENSOR, (double)NAN, SCAN_REASON_FORCE_VALUE);
    assert_int_equal(scan_unforce(&plant->scan, TAG_SENSOR).id, SCAN_REASON_NOT_FORCED);
    assert_int_equal(plant->scan.forces.count, 0);
}

// ---------------------------------------------------------------- outputs

static void an_output_is_forced_only_by_who_holds_the_control_authority(void **state) {
    struct tiny_plant *plant = *state;
    force(plant, TAG_RIGHT, 1, SCAN_REASON_NO_LOCK);
    tiny_plant_hold_lock(plant);
    assert_int_equal(scan_force(&plant->scan, TAG_RIGHT, 1, OTHER_SESSION).id, SCAN_REASON_LOCK_OF_OTHER);
    force(plant, TAG_RIGHT, 1, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
    assert_int_equal(plant->scan.quality[TAG_RIGHT], STATUS_GoodLocalOverride);
}

static void an_output_follows_its_module_again_after_the_force(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    command_move(plant, 1);
    force(plant, TAG_RIGHT, 0, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    assert_int_equal(scan_unforce(&plant->scan, TAG_RIGHT).id, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
    assert_int_equal(plant->scan.quality[TAG_RIGHT], STATUS_Good);
}

static void a_command_under_a_force_is_kept_for_later(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    force(plant, TAG_RIGHT, 0, SCAN_REASON_NONE);
    command_move(plant, 1);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    scan_unforce_all(&plant->scan);
    tiny_plant_scan(plant);
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
}

static void the_interlock_wins_over_a_force_until_the_reset(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    command_move(plant, -1);
    force(plant, TAG_RIGHT, 1, SCAN_REASON_NONE);
    for (unsigned i = 0; i < 5; i++) {
        tiny_plant_scan(plant);
        assert_false(tiny_plant_output(plant, TAG_RIGHT));
        assert_false(tiny_plant_output(plant, TAG_LEFT));
    }
    assert_int_equal(scan_reset(&plant->scan).id, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
    assert_false(tiny_plant_output(plant, TAG_LEFT));
}

static void two_forces_cannot_drive_opposite_outputs(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    force(plant, TAG_RIGHT, 1, SCAN_REASON_NONE);
    force(plant, TAG_LEFT, 1, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    assert_false(tiny_plant_output(plant, TAG_LEFT));
    assert_true(event_came(plant, SCAN_EVENT_FAULT));
}

static void the_safe_state_wins_and_takes_the_forces_off_the_outputs(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    force(plant, TAG_RIGHT, 1, SCAN_REASON_NONE);
    force(plant, TAG_BRAKE, 0, SCAN_REASON_NONE);
    force(plant, TAG_SENSOR, 1, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_true(tiny_plant_output(plant, TAG_RIGHT));
    tiny_plant_input(plant, TAG_STOP_CONTACT, false);
    tiny_plant_scan(plant);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
    assert_true(tiny_plant_output(plant, TAG_BRAKE));
    assert_true(event_came(plant, SCAN_EVENT_FORCES_REMOVED));
    assert_int_equal(plant->scan.forces.count, 1); // that of the sensor
    force(plant, TAG_RIGHT, 1, SCAN_REASON_EMERGENCY_STOP);
    tiny_plant_input(plant, TAG_STOP_CONTACT, true);
    tiny_plant_scan(plant);
    force(plant, TAG_RIGHT, 1, SCAN_REASON_SAFE_STATE);
    assert_int_equal(scan_reset(&plant->scan).id, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_false(tiny_plant_output(plant, TAG_RIGHT));
}

static void a_forced_output_is_no_rest(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    force(plant, TAG_RIGHT, 1, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_true(plant->scan.decided[0]); // what ExitLock looks at
}

static void as_many_as_fit_and_no_more(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.forces.count = SCAN_FORCES_MAX; // of tags that this small plant does not have
    for (size_t i = 0; i < SCAN_FORCES_MAX; i++) plant->scan.forces.list[i].tag = SCAN_NO_TAG - 1;
    force(plant, TAG_SENSOR, 1, SCAN_REASON_FORCES_FULL);
    plant->scan.forces.count = 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"modules see what an input is forced to", modules_see_what_an_input_is_forced_to, setup, teardown, NULL},
        {"a forced input does not follow its terminal; afterwards it does again",
         a_forced_input_does_not_follow_its_terminal, setup, teardown, NULL},
        {"a forced input stays good when the driver is lost, and is bad without its force",
         a_forced_input_stays_good_when_the_driver_is_lost, setup, teardown, NULL},
        {"the emergency stop and the panel's buttons cannot be forced [edge-6.2]",
         the_emergency_stop_and_the_panel_cannot_be_forced, setup, teardown, NULL},
        {"what is no point, or a value that does not fit, is refused", what_is_no_point_or_does_not_fit_is_refused,
         setup, teardown, NULL},
        {"an output is forced only by who holds the control authority [edge-6.3]",
         an_output_is_forced_only_by_who_holds_the_control_authority, setup, teardown, NULL},
        {"an output follows its module again after the force", an_output_follows_its_module_again_after_the_force,
         setup, teardown, NULL},
        {"a command under a force is kept for later", a_command_under_a_force_is_kept_for_later, setup, teardown, NULL},
        {"the interlock wins over a force, until the reset [edge-6.4]", the_interlock_wins_over_a_force_until_the_reset,
         setup, teardown, NULL},
        {"two forces cannot drive opposite outputs [edge-6.4]", two_forces_cannot_drive_opposite_outputs, setup,
         teardown, NULL},
        {"the safe state wins over forces, and takes those of outputs off [edge-6.5]",
         the_safe_state_wins_and_takes_the_forces_off_the_outputs, setup, teardown, NULL},
        {"a station with a forced output is not at rest", a_forced_output_is_no_rest, setup, teardown, NULL},
        {"as many forces as fit, and no more", as_many_as_fit_and_no_more, setup, teardown, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
