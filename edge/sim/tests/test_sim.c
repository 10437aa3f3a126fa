#include "hall.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOTOR "mps_conveyor/motor"
#define PUSHER "mps_magazine/ejector"
#define EJECTOR "mps_ejector/ejector"

static int setup(void **state) {
    *state = hall_create(NULL);
    return 0;
}

static int teardown(void **state) {
    hall_destroy(*state);
    return 0;
}

/// Milliseconds until the input is in that state; fails the test after `limit`.
static unsigned until(struct hall *hall, const char *module, const char *signal, bool on, unsigned limit) {
    for (unsigned ms = 0; ms < limit; ms++) {
        if (hall_input(hall, module, signal) == on) return ms;
        hall_run(hall, 1);
    }
    fail_msg("%s %s did not become %d in %u ms", module, signal, on, limit);
    return limit;
}

static void assert_about(double actual, double expected, double tolerance) {
    if (fabs(actual - expected) > tolerance) fail_msg("%g is not about %g", actual, expected);
}

// ---------------------------------------------------------------- pieces on their way

static void at_rest_every_input_is_in_its_rest_state(void **state) {
    struct hall *hall = *state;
    hall_run(hall, 10);
    assert_true(hall_input(hall, PUSHER, "retracted"));
    assert_false(hall_input(hall, PUSHER, "extended"));
    assert_true(hall_input(hall, EJECTOR, "retracted"));
    assert_false(hall_input(hall, "mps_conveyor/emergency_stop", "contact"));
    assert_false(hall_input(hall, "mps_hmi/actuator_stop", "pressed"));
    assert_false(hall_input(hall, "mps_magazine/lightBarrier_magazineEmpty", "signal"));
    assert_false(hall_input(hall, "mps_ejector/lightBarrier_slideFull", "signal"));
    assert_int_equal(sim_count(hall->sim).in_magazine, 8);
}

static void a_cylinder_needs_valve_delay_and_stroke(void **state) {
    struct hall *hall = *state;
    hall_output(hall, PUSHER, "extend", true);
    hall_run(hall, 1);
    assert_about(until(hall, PUSHER, "extended", true, 2000), 815, 3);
    hall_output(hall, PUSHER, "extend", false);
    hall_run(hall, 500);
    assert_true(hall_input(hall, PUSHER, "extended")); // the valve remembers
    hall_output(hall, PUSHER, "retract", true);
    hall_run(hall, 1);
    assert_about(until(hall, PUSHER, "retracted", true, 2000), 615, 3);
}

static void a_pulse_shorter_than_the_valve_delay_does_nothing(void **state) {
    struct hall *hall = *state;
    hall_output(hall, PUSHER, "extend", true);
    hall_run(hall, 10);
    hall_output(hall, PUSHER, "extend", false);
    hall_run(hall, 1000);
    assert_true(hall_input(hall, PUSHER, "retracted"));
}

static void a_piece_needs_seven_seconds_to_the_exit(void **state) {
    struct hall *hall = *state;
    hall_feed(hall);
    assert_int_equal(sim_count(hall->sim).fed, 1);
    assert_int_equal(sim_count(hall->sim).on_belt, 1);
    hall_output(hall, MOTOR, "right", true);
    // Beams are broken by the front edge, half a piece before its middle; the belt needs its ramp.
    unsigned entry = until(hall, "mps_conveyor/lightBarrier_entry", "signal", true, 10000);
    assert_about(entry, (250 - 20 - 30) / 0.077 + 100, 20);
    unsigned broken = until(hall, "mps_conveyor/lightBarrier_entry", "signal", false, 10000);
    assert_about(broken, 40 / 0.077, 5);
    unsigned rest = until(hall, "mps_conveyor/lightBarrier_exit", "signal", true, 10000);
    assert_about(entry + broken + rest, (560 - 20 - 30) / 0.077 + 100, 20);
    hall_run(hall, 2000);
    assert_int_equal(sim_count(hall->sim).passed, 1);
}

static void the_material_sensor_sees_metal_only(void **state) {
    struct hall *hall = *state;
    // The stock of the model: metal first, then plastic.
    for (int piece = 0; piece < 2; piece++) {
        hall_feed(hall);
        bool seen = false, occupied = false;
        hall_output(hall, MOTOR, "right", true);
        for (int i = 0; i < 8000; i++) {
            hall_run(hall, 1);
            seen = seen || hall_input(hall, "mps_ejector/sensor_inductive", "signal");
            occupied = occupied || hall_input(hall, "mps_ejector/lightBarrier_occupancyState", "signal");
        }
        hall_output(hall, MOTOR, "right", false);
        hall_run(hall, 500);
        assert_true(occupied);
        assert_int_equal(seen, piece == 0);
    }
    assert_int_equal(sim_count(hall->sim).metal_passed, 1);
    assert_int_equal(sim_count(hall->sim).plastic_passed, 1);
}

static void slow_is_slower_and_stop_stops(void **state) {
    struct hall *hall = *state;
    hall_feed(hall);
    hall_output(hall, MOTOR, "right", true);
    hall_output(hall, MOTOR, "slow", true);
    unsigned slow = until(hall, "mps_conveyor/lightBarrier_entry", "signal", true, 10000);
    assert_about(slow, 200 / 0.040, 120);
    hall_output(hall, MOTOR, "stop", true);
    hall_run(hall, 5000);
    assert_true(hall_input(hall, "mps_conveyor/lightBarrier_entry", "signal"));
}

static void a_piece_over_the_start_of_the_belt_is_lost(void **state) {
    struct hall *hall = *state;
    hall_feed(hall);
    hall_output(hall, MOTOR, "left", true);
    hall_run(hall, 2000);
    assert_int_equal(sim_count(hall->sim).lost, 1);
    assert_int_equal(sim_count(hall->sim).on_belt, 0);
}

static void a_feed_onto_an_occupied_place_jams_and_loses_nothing(void **state) {
    struct hall *hall = *state;
    hall_feed(hall);
    hall_output(hall, PUSHER, "extend", true);
    hall_run(hall, 3000);
    assert_false(hall_input(hall, PUSHER, "extended"));
    assert_int_equal(sim_count(hall->sim).fed, 1);
    assert_int_equal(sim_count(hall->sim).jams, 1);
    hall_output(hall, MOTOR, "right", true); // the belt clears it
    hall_run(hall, 3000);
    assert_true(hall_input(hall, PUSHER, "extended"));
    assert_int_equal(sim_count(hall->sim).fed, 2);
    assert_int_equal(sim_count(hall->sim).lost, 0);
}

static void an_empty_magazine_feeds_nothing_and_reports(void **state) {
    struct hall *hall = *state;
    hall_output(hall, MOTOR, "right", true);
    for (int i = 0; i < 8; i++) hall_feed(hall);
    assert_true(hall_input(hall, "mps_magazine/lightBarrier_magazineEmpty", "signal"));
    hall_feed(hall);
    assert_int_equal(sim_count(hall->sim).fed, 8);
}

static void turning_back_before_the_end_keeps_the_piece(void **state) {
    struct hall *hall = *state;
    hall_output(hall, PUSHER, "extend", true);
    hall_run(hall, 500);
    hall_output(hall, PUSHER, "extend", false);
    hall_output(hall, PUSHER, "retract", true);
    hall_run(hall, 2000);
    assert_int_equal(sim_count(hall->sim).fed, 0);
    assert_int_equal(sim_count(hall->sim).in_magazine, 8);
}

// ---------------------------------------------------------------- the ejector

/// Brings the next piece before the ejector: there its trailing edge leaves the beam at the sensor.
static void bring_to_ejector(struct hall *hall) {
    hall_feed(hall);
    hall_output(hall, MOTOR, "right", true);
    until(hall, "mps_ejector/lightBarrier_occupancyState", "signal", true, 10000);
    until(hall, "mps_ejector/lightBarrier_occupancyState", "signal", false, 10000);
}

static void eject(struct hall *hall) {
    hall_output(hall, EJECTOR, "extend", true);
    hall_run(hall, 600);
    hall_output(hall, EJECTOR, "extend", false);
    hall_output(hall, EJECTOR, "retract", true);
    hall_run(hall, 600);
    hall_output(hall, EJECTOR, "retract", false);
}

static void a_piece_before_the_ejector_is_pushed_onto_the_slide(void **state) {
    struct hall *hall = *state;
    bring_to_ejector(hall);
    hall_output(hall, MOTOR, "right", false);
    eject(hall);
    assert_int_equal(sim_count(hall->sim).metal_sorted, 1);
    assert_int_equal(sim_count(hall->sim).on_slide, 1);
    assert_int_equal(sim_count(hall->sim).on_belt, 0);
}

static void the_belt_may_run_on_while_ejecting(void **state) {
    struct hall *hall = *state;
    bring_to_ejector(hall);
    eject(hall);
    assert_int_equal(sim_count(hall->sim).sorted, 1);
}

static void ejecting_too_late_misses(void **state) {
    struct hall *hall = *state;
    bring_to_ejector(hall);
    hall_run(hall, 300);
    eject(hall);
    assert_int_equal(sim_count(hall->sim).sorted, 0);
    hall_run(hall, 5000);
    assert_int_equal(sim_count(hall->sim).passed, 1);
}

static void an_extended_piston_is_a_wall(void **state) {
    struct hall *hall = *state;
    hall_output(hall, EJECTOR, "extend", true);
    hall_run(hall, 600);
    hall_feed(hall);
    hall_output(hall, MOTOR, "right", true);
    hall_run(hall, 10000);
    assert_int_equal(sim_count(hall->sim).on_belt, 1);
    assert_true(hall_input(hall, "mps_ejector/lightBarrier_occupancyState", "signal"));
    hall_output(hall, EJECTOR, "extend", false);
    hall_output(hall, EJECTOR, "retract", true);
    hall_run(hall, 6000);
    assert_int_equal(sim_count(hall->sim).passed, 1);
}

static void a_full_slide_reports_and_takes_no_more(void **state) {
    struct hall *hall = *state;
    for (uint32_t piece = 1; piece <= 6; piece++) {
        bring_to_ejector(hall);
        hall_output(hall, MOTOR, "right", false);
        eject(hall);
        assert_int_equal(hall_input(hall, "mps_ejector/lightBarrier_slideFull", "signal"), piece >= 5);
    }
    assert_int_equal(sim_count(hall->sim).sorted, 5);
    assert_int_equal(sim_count(hall->sim).lost, 1);
    sim_empty_slide(hall->sim);
    hall_run(hall, 1);
    assert_false(hall_input(hall, "mps_ejector/lightBarrier_slideFull", "signal"));
    assert_int_equal(sim_count(hall->sim).sorted, 5);
}

// ---------------------------------------------------------------- emergency stop, hands, seeds

static void the_emergency_stop_takes_the_power_away(void **state) {
    struct hall *hall = *state;
    hall_feed(hall);
    hall_output(hall, MOTOR, "right", true);
    hall_run(hall, 1000);
    assert_true(sim_turn(hall->sim, TEXT("emergency_stop"), true));
    hall_output(hall, EJECTOR, "extend", true);
    hall_run(hall, 20000);
    assert_true(hall_input(hall, "mps_conveyor/emergency_stop", "contact"));
    assert_true(hall_input(hall, EJECTOR, "retracted")); // the valve stays where it is
    assert_int_equal(sim_count(hall->sim).on_belt, 1);   // the belt stands
    assert_true(sim_turn(hall->sim, TEXT("emergency_stop"), false));
    hall_run(hall, 20000);
    assert_int_equal(sim_count(hall->sim).on_belt, 1); // at the piston, which is across the belt now
    assert_false(hall_input(hall, EJECTOR, "retracted"));
}

static void a_stroke_under_way_is_finished_by_the_air(void **state) {
    struct hall *hall = *state;
    hall_output(hall, PUSHER, "extend", true);
    hall_run(hall, 200);
    sim_turn(hall->sim, TEXT("emergency_stop"), true);
    hall_run(hall, 1000);
    assert_true(hall_input(hall, PUSHER, "extended"));
}

static void the_guard_stops_the_belt_until_the_next_scan_decides(void **state) {
    struct hall *hall = *state;
    static const uint8_t off[HALL_IMAGE_BYTES];
    uint8_t mask[HALL_IMAGE_BYTES];
    memset(mask, 0xFF, sizeof mask);
    const struct io_safe_image image = {off, mask, sizeof mask};
    hall_feed(hall);
    hall_output(hall, MOTOR, "right", true);
    hall_run(hall, 4000);
    assert_false(hall_input(hall, "mps_conveyor/lightBarrier_entry", "signal")); // the piece is past it
    assert_int_equal(hall->driver.safe(hall->driver.context, &image), ERROR_NONE);
    for (int second = 0; second < 10; second++) { // a scan that was late for ten seconds
        uint64_t elapsed_ns = second == 0 ? UINT64_C(10000000000) : 0;
        assert_int_equal(hall->driver.read(hall->driver.context, elapsed_ns, hall->inputs, sizeof hall->inputs),
                         ERROR_NONE);
    }
    assert_int_equal(sim_count(hall->sim).passed, 0);
    hall_run(hall, 10000); // a new scan has the last word again
    assert_int_equal(sim_count(hall->sim).passed, 1);
}

static void a_button_is_pressed_for_three_tenths_of_a_second(void **state) {
    struct hall *hall = *state;
    hall_run(hall, 1);
    assert_true(sim_press(hall->sim, TEXT("start")));
    hall_run(hall, 1);
    assert_about(until(hall, "mps_hmi/actuator_start", "pressed", false, 1000), 299, 1);
    assert_true(sim_press(hall->sim, TEXT("actuator_stop"))); // normally closed
    hall_run(hall, 1);
    assert_true(hall_input(hall, "mps_hmi/actuator_stop", "pressed"));
    assert_true(sim_turn(hall->sim, TEXT("switch_opMode"), true));
    hall_run(hall, 1);
    assert_true(hall_input(hall, "mps_hmi/switch_opMode", "position"));
    assert_false(sim_press(hall->sim, TEXT("nothing")));
    assert_false(sim_press(hall->sim, TEXT("switch_opMode")));
    assert_false(sim_turn(hall->sim, TEXT("actuator_start"), true));
}

/// Metal workpieces of so many refills.
static unsigned metal_of(uint64_t seed) {
    struct hall *hall = hall_create(&(struct sim_options){.seed = seed});
    hall_output(hall, MOTOR, "right", true);
    for (int i = 0; i < 24; i++) {
        sim_refill(hall->sim);
        assert_int_equal(sim_count(hall->sim).in_magazine, 8);
        hall_feed(hall);
    }
    hall_run(hall, 10000);
    unsigned metal = sim_count(hall->sim).metal_passed;
    assert_int_equal(sim_count(hall->sim).passed, 24);
    hall_destroy(hall);
    return metal;
}

static void the_same_seed_gives_the_same_stock(void **state) {
    (void)state;
    bool differ = false;
    unsigned first = metal_of(1);
    assert_int_equal(metal_of(1), first);
    for (uint64_t seed = 2; seed < 10 && !differ; seed++) differ = metal_of(seed) != first;
    assert_true(differ);
}

/// A linear congruential generator: the test's own dice.
static uint32_t dice(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void whatever_is_done_to_it_no_workpiece_appears_or_vanishes(void **state) {
    struct hall *hall = *state;
    static const char *const outputs[][2] = {
        {MOTOR, "right"},   {MOTOR, "left"},     {MOTOR, "slow"},     {MOTOR, "stop"},      {MOTOR, "right"},
        {PUSHER, "extend"}, {PUSHER, "retract"}, {EJECTOR, "extend"}, {EJECTOR, "retract"},
    };
    uint32_t seed = 4711;
    for (int i = 0; i < 5000; i++) {
        uint32_t choice = dice(&seed) % 14;
        if (choice < 9) hall_output(hall, outputs[choice][0], outputs[choice][1], dice(&seed) % 3 != 0);
        if (choice == 9) sim_refill(hall->sim);
        if (choice == 10) sim_empty_slide(hall->sim);
        if (choice == 11) sim_turn(hall->sim, TEXT("emergency_stop"), dice(&seed) % 8 == 0);
        if (choice == 12) sim_press(hall->sim, TEXT("start"));
        hall_run(hall, dice(&seed) % 200); // checks after each step
    }
    assert_true(sim_count(hall->sim).fed > 20); // the dice did something
}

static void the_same_run_gives_the_same_inputs(void **state) {
    struct hall *hall = *state;
    struct hall *twin = hall_create(NULL);
    uint32_t seed = 99;
    for (int i = 0; i < 2000; i++) {
        bool on = dice(&seed) % 2 != 0;
        const char *signal = dice(&seed) % 2 != 0 ? "extend" : "retract";
        hall_output(hall, PUSHER, signal, on);
        hall_output(twin, PUSHER, signal, on);
        hall_output(hall, MOTOR, "right", on);
        hall_output(twin, MOTOR, "right", on);
        hall_run(hall, 20);
        hall_run(twin, 20);
        assert_memory_equal(hall->inputs, twin->inputs, sizeof hall->inputs);
    }
    hall_destroy(twin);
}

// ---------------------------------------------------------------- words of `press`

struct word_case {
    const char *name, *word;
    bool understood;
};
static const struct word_case word_cases[] = {
    {"press start", "start", true},
    {"press stop", "stop", true},
    {"press reset", "reset", true},
    {"press automatic", "automatic", true},
    {"press manual", "manual", true},
    {"press emergency_stop", "emergency_stop", true},
    {"press emergency_release", "emergency_release", true},
    {"press refill", "refill", true},
    {"press empty_slide", "empty_slide", true},
    {"press the name of an element", "actuator_start", true},
    {"an unknown word is refused and named", "coffee", false},
    {"an empty word is refused", "", false},
};
enum { WORDS = sizeof word_cases / sizeof word_cases[0] };

static void check_word(void **state) {
    const struct word_case *c = *state;
    struct problem problem = {0};
    CLEANUP(plant_destroy_at) struct plant *plant = hall_read_plant();
    CLEANUP(sim_destroy_at) struct sim *sim = NULL;
    const char *const words[] = {c->word};
    struct sim_options options = {.seed = 1, .press = words, .press_count = 1};
    assert_int_equal(sim_create(plant, &options, &sim, &problem) == ERROR_NONE, c->understood);
    if (!c->understood) assert_non_null(strstr(problem.text, c->word));
}

// ---------------------------------------------------------------- models that cannot be played

enum { SCENES = 21 };

int main(void) {
#define SCENE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    struct CMUnitTest tests[SCENES + WORDS] = {
        SCENE(at_rest_every_input_is_in_its_rest_state),
        SCENE(a_cylinder_needs_valve_delay_and_stroke),
        SCENE(a_pulse_shorter_than_the_valve_delay_does_nothing),
        SCENE(a_piece_needs_seven_seconds_to_the_exit),
        SCENE(the_material_sensor_sees_metal_only),
        SCENE(slow_is_slower_and_stop_stops),
        {"[edge-5.5] a piece over the start of the belt is lost", a_piece_over_the_start_of_the_belt_is_lost, setup,
         teardown, NULL},
        {"[edge-5.3] a feed onto an occupied place jams and loses nothing",
         a_feed_onto_an_occupied_place_jams_and_loses_nothing, setup, teardown, NULL},
        SCENE(an_empty_magazine_feeds_nothing_and_reports),
        SCENE(turning_back_before_the_end_keeps_the_piece),
        SCENE(a_piece_before_the_ejector_is_pushed_onto_the_slide),
        SCENE(the_belt_may_run_on_while_ejecting),
        SCENE(ejecting_too_late_misses),
        {"[edge-5.4] an extended piston is a wall", an_extended_piston_is_a_wall, setup, teardown, NULL},
        {"[edge-5.4] a full slide reports and takes no more", a_full_slide_reports_and_takes_no_more, setup, teardown,
         NULL},
        {"[edge-5.6] the emergency stop takes the power away", the_emergency_stop_takes_the_power_away, setup, teardown,
         NULL},
        {"[edge-5.6] a stroke under way is finished by the air", a_stroke_under_way_is_finished_by_the_air, setup,
         teardown, NULL},
        SCENE(the_guard_stops_the_belt_until_the_next_scan_decides),
        SCENE(a_button_is_pressed_for_three_tenths_of_a_second),
        {"[edge-5.7] the same seed gives the same stock", the_same_seed_gives_the_same_stock, NULL, NULL, NULL},
        {"[edge-5.2] whatever is done to it, no workpiece appears or vanishes",
         whatever_is_done_to_it_no_workpiece_appears_or_vanishes, setup, teardown, NULL},
        {"[edge-5.1] the same run gives the same inputs", the_same_run_gives_the_same_inputs, setup, teardown, NULL},
    };
    for (size_t i = 0; i < WORDS; i++) {
        tests[SCENES + i] = (struct CMUnitTest){word_cases[i].name, check_word, NULL, NULL, (void *)&word_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
