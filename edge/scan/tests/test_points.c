// Inputs and outputs that are more than a bit.
#include "tiny_plant.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state) {
    *state = tiny_plant_create();
    return *state == NULL;
}

static int teardown(void **state) {
    tiny_plant_destroy(*state);
    return 0;
}

static void scan_for(struct tiny_plant *plant, unsigned milliseconds) {
    for (unsigned i = 0; i < milliseconds; i++) tiny_plant_scan(plant);
}

static void set_word(struct tiny_plant *plant, uint32_t byte, int32_t word) {
    io_set_word(plant->inputs, (struct io_place){byte, 0, 16}, (uint32_t)word);
}

static void set_float(struct tiny_plant *plant, float number) {
    memcpy(plant->inputs + WEIGHT_BYTE, &number, sizeof number);
}

static uint32_t word_out(const struct tiny_plant *plant, uint32_t byte) {
    return io_word(plant->outputs, (struct io_place){byte, 0, 16});
}

static double number(const struct tiny_plant *plant, uint32_t tag) {
    return scan_number(&plant->scan, tag);
}

static status_code quality(const struct tiny_plant *plant, uint32_t tag) {
    return plant->scan.quality[tag];
}

static void pulse(struct tiny_plant *plant, bool on) {
    io_set_bit(plant->inputs, (struct io_place){PULSE_BYTE, 0, 1}, on);
}

static bool sees_pulse(const struct tiny_plant *plant) {
    return scan_on(&plant->scan, TAG_PULSE);
}

// ---------------------------------------------------------------- numbers in the image

struct code {
    uint8_t bit, bits;
    enum scan_encoding encoding;
    double value, stored; // what is asked for, what comes back
};
static const struct code codes[] = {
    {0, 16, SCAN_UNSIGNED, 65535, 65535},
    {0, 16, SCAN_UNSIGNED, 70000, 65535},
    {0, 16, SCAN_UNSIGNED, -1, 0},
    {0, 16, SCAN_UNSIGNED, 12.5001, 13},
    {0, 16, SCAN_SIGNED, -1, -1},
    {0, 16, SCAN_SIGNED, -32768, -32768},
    {0, 16, SCAN_SIGNED, -40000, -32768},
    {0, 16, SCAN_SIGNED, 40000, 32767},
    {0, 32, SCAN_SIGNED, -2147483648.0, -2147483648.0},
    {0, 32, SCAN_SIGNED, 2147483647.0, 2147483647.0},
    {0, 32, SCAN_UNSIGNED, 4294967295.0, 4294967295.0},
    {0, 32, SCAN_UNSIGNED, 1e300, 4294967295.0},
    {3, 12, SCAN_SIGNED, -2048, -2048},
    {3, 12, SCAN_UNSIGNED, 4095, 4095},
    {5, 2, SCAN_SIGNED, 1, 1},
    {5, 2, SCAN_SIGNED, -2, -2},
    {0, 32, SCAN_FLOAT, 0.15625, 0.15625},
    {0, 32, SCAN_FLOAT, -1e30, -1e30f},
};

static void numbers_come_back_as_they_were_stored_or_at_the_limit_of_their_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        uint8_t image[8], before[8];
        memset(image, 0xA5, sizeof image);
        memcpy(before, image, sizeof image);
        struct io_place place = {1, codes[i].bit, codes[i].bits};
        scan_encode(image, place, codes[i].encoding, codes[i].value);
        assert_true(scan_decode(image, place, codes[i].encoding) == codes[i].stored);
        assert_int_equal(image[0], before[0]); // neighbours stay
        assert_int_equal(image[7], before[7]);
    }
}

static void a_number_is_scaled_and_has_its_own_type(void **state) {
    struct tiny_plant *plant = *state;
    set_word(plant, LEVEL_BYTE, 13824);
    set_word(plant, COUNT_BYTE, 40000);
    set_float(plant, 2.5f);
    tiny_plant_scan(plant);
    assert_true(fabs(number(plant, TAG_LEVEL) - 5) < 1e-9);
    assert_int_equal(plant->scan.value[TAG_COUNT].int32, 40000);
    assert_true(number(plant, TAG_WEIGHT) == 2.5);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_Good);
    set_word(plant, LEVEL_BYTE, -27);
    tiny_plant_scan(plant);
    assert_true(number(plant, TAG_LEVEL) < 0);
}

static void a_raw_number_beyond_its_limits_is_a_broken_wire(void **state) {
    struct tiny_plant *plant = *state;
    set_word(plant, LEVEL_BYTE, 27648);
    tiny_plant_scan(plant);
    set_word(plant, LEVEL_BYTE, 32767);
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_BadSensorFailure);
    assert_true(fabs(number(plant, TAG_LEVEL) - 10) < 1e-9); // the last one stays to be seen
    assert_false(scan_usable(&plant->scan, TAG_LEVEL));
    set_word(plant, LEVEL_BYTE, -1001);
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_BadSensorFailure);
    set_word(plant, LEVEL_BYTE, -1000);
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_Good);
}

static void a_float_that_is_no_number_is_a_broken_sensor(void **state) {
    struct tiny_plant *plant = *state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_float(plant, bad[i]);
        tiny_plant_scan(plant);
        assert_int_equal(quality(plant, TAG_WEIGHT), STATUS_BadSensorFailure);
    }
}

static void a_change_smaller_than_the_deadband_is_none(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.conditioned[INPUT_COUNT].deadband = 5;
    const int32_t words[] = {100, 104, 96, 105, 101}, seen[] = {100, 100, 100, 105, 105};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        set_word(plant, COUNT_BYTE, words[i]);
        tiny_plant_scan(plant);
        assert_int_equal(plant->scan.value[TAG_COUNT].int32, seen[i]);
    }
}

// ---------------------------------------------------------------- booleans in time

static void a_state_counts_when_it_has_lasted(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.conditioned[INPUT_PULSE].debounce_ns = 5000000;
    tiny_plant_scan(plant);
    for (int i = 0; i < 20; i++) { // bounces
        pulse(plant, i % 2 == 0);
        scan_for(plant, 3);
        assert_false(sees_pulse(plant));
    }
    pulse(plant, true);
    scan_for(plant, 5);
    assert_false(sees_pulse(plant));
    tiny_plant_scan(plant);
    assert_true(sees_pulse(plant));
    pulse(plant, false);
    scan_for(plant, 4);
    pulse(plant, true);
    scan_for(plant, 4);
    assert_true(sees_pulse(plant));
}

static void the_first_state_counts_at_once(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.conditioned[INPUT_PULSE].debounce_ns = 5000000;
    pulse(plant, true);
    tiny_plant_scan(plant);
    assert_true(sees_pulse(plant));
}

static void a_short_pulse_stays_to_be_seen(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.conditioned[INPUT_PULSE].latch_ns = 10000000;
    tiny_plant_scan(plant);
    assert_false(sees_pulse(plant));
    pulse(plant, true);
    tiny_plant_scan(plant);
    pulse(plant, false);
    scan_for(plant, 9);
    assert_true(sees_pulse(plant));
    tiny_plant_scan(plant);
    assert_false(sees_pulse(plant));
}

static void a_pulse_between_two_scans_is_seen_when_the_driver_saw_it(void **state) {
    struct tiny_plant *plant = *state;
    uint8_t was_set[IMAGE_BYTES] = {0}, was_clear[IMAGE_BYTES] = {0};
    plant->scan.driver.was_set = was_set;
    plant->scan.driver.was_clear = was_clear;
    plant->scan.conditioned[INPUT_PULSE].latch_ns = 3000000;
    tiny_plant_scan(plant);
    assert_false(sees_pulse(plant));
    was_set[PULSE_BYTE] = 1;
    tiny_plant_scan(plant);
    was_set[PULSE_BYTE] = 0;
    scan_for(plant, 2);
    assert_true(sees_pulse(plant));
    tiny_plant_scan(plant);
    assert_false(sees_pulse(plant));
    plant->scan.conditioned[INPUT_PULSE].point.inverted = true;
    pulse(plant, true);
    tiny_plant_scan(plant);
    assert_false(sees_pulse(plant));
    was_clear[PULSE_BYTE] = 1; // a break contact opened for a moment
    tiny_plant_scan(plant);
    assert_true(sees_pulse(plant));
}

// ---------------------------------------------------------------- lost and stale

static const struct io_range level_range = {.first = LEVEL_BYTE, .bytes = 2};
static status_code level_quality;
static uint64_t level_age_ns;

static void watch(struct tiny_plant *plant, unsigned input) {
    struct io_driver *driver = &plant->scan.driver;
    driver->ranges = &level_range;
    driver->quality = &level_quality;
    driver->age_ns = &level_age_ns;
    driver->range_count = 1;
    static status_code seen;
    plant->scan.range_quality = &seen;
    plant->scan.conditioned[input].range = 0;
}

static void watch_level(struct tiny_plant *plant, status_code status, uint64_t age_ns) {
    watch(plant, INPUT_LEVEL);
    level_quality = status;
    level_age_ns = age_ns;
}

static void a_part_of_the_image_is_lost_by_itself(void **state) {
    struct tiny_plant *plant = *state;
    set_word(plant, LEVEL_BYTE, 27648);
    watch_level(plant, STATUS_Good, 4000000);
    tiny_plant_scan(plant);
    assert_true(plant->scan.changed_ns[TAG_LEVEL] == plant->time.wall_ns - 4000000);
    watch_level(plant, STATUS_BadDeviceFailure, 5000000);
    set_word(plant, LEVEL_BYTE, 0); // worthless
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_BadDeviceFailure);
    assert_true(fabs(number(plant, TAG_LEVEL) - 10) < 1e-9);
    assert_int_equal(quality(plant, TAG_COUNT), STATUS_Good);
    assert_false(plant->scan.safe.latched);
    watch_level(plant, STATUS_Good, 0);
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_Good);
    assert_true(number(plant, TAG_LEVEL) == 0);
}

static void a_channel_has_the_quality_of_its_part(void **state) {
    struct tiny_plant *plant = *state;
    static const struct io_range word_range = {.first = 4, .bytes = 2};
    tiny_plant_scan(plant);
    watch_level(plant, STATUS_BadDeviceFailure, 0);
    plant->scan.driver.ranges = &word_range;
    plant->scan.input_channels[0].range = 0;
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_WORD), STATUS_BadDeviceFailure);
    level_quality = STATUS_Good;
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_WORD), STATUS_Good);
}

static void a_numeric_output_can_be_forced_within_its_range(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_hold_lock(plant);
    tiny_plant_scan(plant);
    assert_int_equal(scan_force(&plant->scan, TAG_VALVE, 101, SESSION).id, SCAN_REASON_FORCE_VALUE);
    assert_int_equal(scan_force(&plant->scan, TAG_VALVE, 100, SESSION).id, SCAN_REASON_NONE);
    assert_int_equal(scan_force(&plant->scan, TAG_LEVEL, 3.5, SESSION).id, SCAN_REASON_NONE);
    tiny_plant_scan(plant);
    assert_true(number(plant, TAG_VALVE) == 100);
    assert_int_equal(word_out(plant, VALVE_BYTE), 20000);
    assert_int_equal(quality(plant, TAG_VALVE), STATUS_GoodLocalOverride);
    assert_true(number(plant, TAG_LEVEL) == 3.5);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_GoodLocalOverride);
    scan_unforce_all(&plant->scan);
    tiny_plant_scan(plant);
    assert_true(number(plant, TAG_VALVE) == 20);
    assert_int_equal(quality(plant, TAG_VALVE), STATUS_Good);
    assert_true(number(plant, TAG_LEVEL) == 0);
}

static void a_value_may_be_so_old_and_no_older(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.conditioned[INPUT_LEVEL].stale_ns = 100000000;
    watch_level(plant, STATUS_Good, 0);
    tiny_plant_scan(plant);
    watch_level(plant, STATUS_BadNoCommunication, 100000000);
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_UncertainLastUsableValue);
    assert_true(scan_usable(&plant->scan, TAG_LEVEL));
    watch_level(plant, STATUS_BadNoCommunication, 100000001);
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_BadNoCommunication);
    watch_level(plant, STATUS_Good, 100000001); // a slow device is no better
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_BadNoCommunication);
}

static void age_goes_on_while_the_driver_does_not_answer(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.conditioned[INPUT_LEVEL].stale_ns = 10000000;
    tiny_plant_scan(plant);
    plant->read_error = ERROR_IO;
    scan_for(plant, 10);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_UncertainLastUsableValue);
    assert_int_equal(quality(plant, TAG_COUNT), STATUS_BadNoCommunication);
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_BadNoCommunication);
}

static void a_substitute_is_usable_and_says_that_it_is_one(void **state) {
    struct tiny_plant *plant = *state;
    struct scan_input *level = &plant->scan.conditioned[INPUT_LEVEL];
    struct scan_input *bit = &plant->scan.conditioned[INPUT_PULSE];
    set_word(plant, LEVEL_BYTE, 27648);
    tiny_plant_scan(plant);
    plant->read_error = ERROR_IO;
    level->substitute = SCAN_SUBSTITUTE_HOLD;
    bit->substitute = SCAN_SUBSTITUTE_VALUE;
    bit->substitute_value.boolean = true;
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_UncertainLastUsableValue);
    assert_true(fabs(number(plant, TAG_LEVEL) - 10) < 1e-9);
    assert_int_equal(quality(plant, TAG_PULSE), STATUS_UncertainSubstituteValue);
    assert_true(sees_pulse(plant));
    level->substitute = SCAN_SUBSTITUTE_VALUE;
    level->substitute_value.number = 7;
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_UncertainSubstituteValue);
    assert_true(number(plant, TAG_LEVEL) == 7);
    plant->read_error = ERROR_NONE;
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_Good);
    assert_true(fabs(number(plant, TAG_LEVEL) - 10) < 1e-9);
    assert_false(sees_pulse(plant));
}

static void there_is_nothing_to_hold_before_the_first_value(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.conditioned[INPUT_LEVEL].substitute = SCAN_SUBSTITUTE_HOLD;
    plant->read_error = ERROR_IO;
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_LEVEL), STATUS_BadNoCommunication);
}

static void nothing_stands_in_for_an_emergency_stop(void **state) {
    struct tiny_plant *plant = *state;
    plant->scan.emergency_stops[0] = TAG_PULSE; // conditioned, and not pressed as a substitute
    watch(plant, INPUT_PULSE);
    plant->scan.conditioned[INPUT_PULSE].substitute = SCAN_SUBSTITUTE_VALUE;
    level_quality = STATUS_Good;
    tiny_plant_scan(plant);
    assert_false(plant->scan.safe.latched);
    level_quality = STATUS_BadNoCommunication;
    tiny_plant_scan(plant);
    assert_int_equal(quality(plant, TAG_PULSE), STATUS_UncertainSubstituteValue);
    assert_true(plant->scan.safe.latched);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_EMERGENCY_STOP_UNKNOWN);
}

// ---------------------------------------------------------------- numeric outputs

static struct scan_module *drive(struct tiny_plant *plant) {
    return &plant->scan.modules[MODULE_DRIVE];
}

static void a_numeric_output_is_limited_scaled_and_published(void **state) {
    struct tiny_plant *plant = *state;
    tiny_plant_scan(plant);
    assert_int_equal(word_out(plant, VALVE_BYTE), 7200); // safe: 20 %
    scan_wish_number(&plant->scan, drive(plant), TAG_VALVE, 50);
    scan_wish_number(&plant->scan, drive(plant), TAG_HEATER, 1234.4);
    tiny_plant_scan(plant);
    assert_int_equal(word_out(plant, VALVE_BYTE), 12000);
    assert_int_equal(word_out(plant, HEATER_BYTE), 1234);
    assert_true(number(plant, TAG_VALVE) == 50);
    assert_int_equal(plant->scan.value[TAG_HEATER].uint16, 1234);
    scan_wish_number(&plant->scan, drive(plant), TAG_VALVE, 1000);
    tiny_plant_scan(plant);
    assert_int_equal(word_out(plant, VALVE_BYTE), 20000);
    assert_true(scan_decided_number(&plant->scan, TAG_VALVE) == 100);
}

static void a_numeric_output_goes_to_its_safe_value_or_holds(void **state) {
    struct tiny_plant *plant = *state;
    scan_wish_number(&plant->scan, drive(plant), TAG_VALVE, 50);
    scan_wish_number(&plant->scan, drive(plant), TAG_HEATER, 77);
    tiny_plant_scan(plant);
    tiny_plant_input(plant, TAG_STOP_CONTACT, false); // break contact: pressed
    tiny_plant_scan(plant);
    scan_wish_number(&plant->scan, drive(plant), TAG_VALVE, 60); // a module that does not listen
    scan_wish_number(&plant->scan, drive(plant), TAG_HEATER, 99);
    tiny_plant_scan(plant);
    assert_int_equal(word_out(plant, VALVE_BYTE), 7200);
    assert_int_equal(word_out(plant, HEATER_BYTE), 77);
}

static void a_result_that_is_no_number_ends_in_the_safe_state(void **state) {
    struct tiny_plant *plant = *state;
    scan_wish_number(&plant->scan, drive(plant), TAG_VALVE, 50);
    tiny_plant_scan(plant);
    scan_wish_number(&plant->scan, drive(plant), TAG_VALVE, NAN);
    assert_true(plant->scan.safe.latched);
    assert_int_equal(plant->scan.safe.cause.id, SCAN_REASON_PROGRAM_FAULT);
    assert_int_equal(plant->scan.safe.cause.module, MODULE_DRIVE);
    tiny_plant_scan(plant);
    assert_int_equal(word_out(plant, VALVE_BYTE), 7200);
}

int main(void) {
#define SCENE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define RULE(rule, function)                                                                                           \
    { rule, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        RULE("[edge-6.1] numbers come back as they were stored, or at the limit of their place",
             numbers_come_back_as_they_were_stored_or_at_the_limit_of_their_place),
        RULE("[edge-6.1] a number is scaled and has its own type", a_number_is_scaled_and_has_its_own_type),
        RULE("[edge-6.1] a raw number beyond its limits is a broken wire",
             a_raw_number_beyond_its_limits_is_a_broken_wire),
        RULE("[edge-6.1] a float that is no number is a broken sensor", a_float_that_is_no_number_is_a_broken_sensor),
        SCENE(a_change_smaller_than_the_deadband_is_none),
        RULE("[edge-6.2] a state counts when it has lasted", a_state_counts_when_it_has_lasted),
        RULE("[edge-6.2] the first state counts at once", the_first_state_counts_at_once),
        RULE("[edge-6.2] a short pulse stays to be seen", a_short_pulse_stays_to_be_seen),
        RULE("[edge-6.2] a pulse between two scans is seen when the driver saw it",
             a_pulse_between_two_scans_is_seen_when_the_driver_saw_it),
        RULE("[edge-6.3] a part of the image is lost by itself", a_part_of_the_image_is_lost_by_itself),
        RULE("[edge-6.3] a channel has the quality of its part", a_channel_has_the_quality_of_its_part),
        SCENE(a_numeric_output_can_be_forced_within_its_range),
        RULE("[edge-6.4] a value may be so old and no older", a_value_may_be_so_old_and_no_older),
        RULE("[edge-6.4] age goes on while the driver does not answer", age_goes_on_while_the_driver_does_not_answer),
        RULE("[edge-6.4] a substitute is usable and says that it is one",
             a_substitute_is_usable_and_says_that_it_is_one),
        RULE("[edge-6.4] there is nothing to hold before the first value",
             there_is_nothing_to_hold_before_the_first_value),
        RULE("[edge-6.5] nothing stands in for an emergency stop", nothing_stands_in_for_an_emergency_stop),
        RULE("[edge-6.6] a numeric output is limited, scaled and published",
             a_numeric_output_is_limited_scaled_and_published),
        RULE("[edge-6.6] a numeric output goes to its safe value, or holds",
             a_numeric_output_goes_to_its_safe_value_or_holds),
        RULE("[edge-6.6] a result that is no number ends in the safe state",
             a_result_that_is_no_number_ends_in_the_safe_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
