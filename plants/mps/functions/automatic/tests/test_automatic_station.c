#include "toy.h"

#include <base/cleanup.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// State machine and toy, coupled as the function couples machine and twins: a decision after each change that can be
/// seen; the memory is a JSON text.
struct rig {
    struct toy toy;
    struct station station;
    struct station_view view, before;
    bool has_before;
    struct buffer memory; // what the twin holds
    struct buffer desired;
    uint64_t random;
    unsigned crash_every; // decisions on average; 0: never
    unsigned crashes, decisions;
};

static uint64_t draw(struct rig *rig) {
    rig->random = rig->random * 6364136223846793005u + 1442695040888963407u;
    return rig->random >> 33;
}

static bool crashes_now(struct rig *rig) {
    if (rig->crash_every == 0 || draw(rig) % rig->crash_every != 0) return false;
    rig->crashes++;
    return true;
}

/// A new process: all that is left is what the twin holds.
static void start_process(struct rig *rig) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (rig->memory.length > 0)
        assert_int_equal(json_parse(buffer_view(&rig->memory), (struct json_limits){8192, 8}, &document, NULL),
                         ERROR_NONE);
    station_load(&rig->station, document == NULL ? NULL : json_root(document));
    rig->has_before = false;
}

static void save(struct rig *rig) {
    buffer_reset(&rig->memory);
    station_save(&rig->station, &rig->memory);
}

static void order_belt(struct rig *rig, const struct station_commands *commands) {
    struct station_commands belt = {.belt = commands->belt};
    toy_order(&rig->toy, &belt);
}

/// In the order of automatic.c; the process may die between any two steps.
static void decide(struct rig *rig) {
    struct station_commands commands;
    rig->decisions++;
    station_decide(&rig->station, rig->has_before ? &rig->before : NULL, &rig->view, &commands);
    if (crashes_now(rig)) return start_process(rig);
    if (commands.belt_first) order_belt(rig, &commands);
    if (crashes_now(rig)) return start_process(rig);
    save(rig);
    if (crashes_now(rig)) return start_process(rig);
    if (!commands.belt_first) order_belt(rig, &commands);
    if (crashes_now(rig)) return start_process(rig);
    commands.belt = BELT_KEEP;
    toy_order(&rig->toy, &commands);
    if (crashes_now(rig)) return start_process(rig);
    rig->before = rig->view;
    rig->has_before = true;
}

static void run(struct rig *rig, unsigned ms) {
    for (unsigned i = 0; i < ms; i++) {
        toy_step(&rig->toy);
        struct station_view view;
        toy_look(&rig->toy, &view);
        if (rig->has_before && memcmp(&view, &rig->view, sizeof view) == 0) continue;
        rig->view = view;
        decide(rig);
    }
}

static bool run_to(struct rig *rig, enum station_step step, unsigned ms_max) {
    for (unsigned i = 0; i < ms_max && rig->station.step != step; i++) run(rig, 1);
    return rig->station.step == step;
}

static void press(struct rig *rig, bool *button) {
    *button = true;
    run(rig, 300);
    *button = false;
    run(rig, 10);
}

static int set_up(void **state) {
    struct rig *rig = calloc(1, sizeof *rig);
    toy_init(&rig->toy, 20);
    rig->random = 1;
    run(rig, 1000);
    *state = rig;
    return 0;
}

static int tear_down(void **state) {
    struct rig *rig = *state;
    buffer_clear(&rig->memory);
    buffer_clear(&rig->desired);
    free(rig);
    return 0;
}

static const char *state_of(const struct rig *rig) {
    return station_state_name(&rig->station);
}

static unsigned finished(const struct toy *toy) {
    return toy->metal_sorted + toy->plastic_sorted + toy->metal_passed + toy->plastic_passed;
}

static void check_sorting(const struct rig *rig) {
    const struct toy *toy = &rig->toy;
    assert_int_equal(toy->metal_passed, 0);
    assert_int_equal(toy->plastic_sorted, 0);
    assert_int_equal(toy->lost, 0);
    assert_in_range(toy->metal_sorted - rig->station.sorted, 0, 1); // one may be in the act of being sorted out
    assert_in_range(toy->fed - rig->station.fed, 0, 1);             // one may be in the act of being fed
    assert_int_equal(toy->fed, finished(toy) + toy->piece_count);
    // One that has left the exit beam, but not yet the belt, is counted already.
    assert_in_range(rig->station.passed, toy->plastic_passed, toy->plastic_passed + 1);
}

// --- producing ---

static void nothing_moves_before_start(void **state) {
    struct rig *rig = *state;
    run(rig, 20000);
    assert_string_equal(state_of(rig), "stopped");
    assert_int_equal(rig->toy.fed, 0);
    assert_true(rig->toy.wanted == 0);
}

static void it_sorts_metal_and_lets_plastic_pass(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_string_equal(state_of(rig), "starting");
    assert_true(rig->toy.lamps[LAMP_START]);
    run(rig, 60000);
    assert_true(finished(&rig->toy) >= 5);
    check_sorting(rig);
}

static void an_empty_magazine_stops_it_with_its_lamp(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    run(rig, 120000);
    assert_string_equal(state_of(rig), "stopped");
    assert_int_equal(rig->station.fed, 8);
    assert_int_equal(finished(&rig->toy), 8);
    assert_true(rig->toy.lamps[LAMP_MAGAZINE_EMPTY]);
    assert_false(rig->toy.lamps[LAMP_START]);
    assert_true(rig->toy.wanted == 0);
    assert_non_null(strstr(station_message(&rig->station), "magazine is empty"));
    rig->toy.magazine = 2;
    rig->toy.slide = 0;
    run(rig, 1000);
    assert_false(rig->toy.lamps[LAMP_MAGAZINE_EMPTY]);
    assert_string_equal(state_of(rig), "stopped"); // not by itself
    assert_string_equal(station_message_code(&rig->station), "press_start");
    press(rig, &rig->toy.start);
    run(rig, 60000);
    assert_int_equal(rig->station.fed, 10);
    check_sorting(rig);
}

static void a_full_slide_stops_it_with_its_lamp(void **state) {
    struct rig *rig = *state;
    rig->toy.slide_capacity = 2;
    press(rig, &rig->toy.start);
    run(rig, 120000);
    assert_string_equal(state_of(rig), "stopped");
    assert_int_equal(rig->toy.metal_sorted, 2);
    assert_true(rig->toy.lamps[LAMP_SLIDE_FULL]);
    assert_non_null(strstr(station_message(&rig->station), "slide is full"));
    assert_string_equal(station_message_code(&rig->station), "slide_full");
    press(rig, &rig->toy.start);
    run(rig, 5000);
    assert_string_equal(state_of(rig), "stopped"); // still full
    assert_int_equal(rig->toy.lost, 0);
    rig->toy.slide = 0;
    press(rig, &rig->toy.start);
    run(rig, 5000);
    assert_string_equal(state_of(rig), "producing");
}

static void stop_finishes_the_workpiece_under_way(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_SENSOR, 30000));
    press(rig, &rig->toy.stop);
    assert_string_equal(state_of(rig), "stopping");
    run(rig, 20000);
    assert_string_equal(state_of(rig), "stopped");
    assert_int_equal(rig->toy.fed, 1);
    assert_int_equal(finished(&rig->toy), 1);
    press(rig, &rig->toy.start);
    assert_string_equal(state_of(rig), "producing"); // the belt is known to be empty: no clearing
}

static void a_held_start_button_starts_once(void **state) {
    struct rig *rig = *state;
    rig->toy.magazine = 1;
    rig->toy.start = true;
    run(rig, 40000);
    rig->toy.magazine = 1;
    run(rig, 40000);
    assert_int_equal(rig->toy.fed, 1);
}

static void manual_mode_does_not_start(void **state) {
    struct rig *rig = *state;
    rig->toy.automatic = false;
    run(rig, 100);
    press(rig, &rig->toy.start);
    run(rig, 10000);
    assert_string_equal(state_of(rig), "stopped");
    assert_non_null(strstr(station_message(&rig->station), "manual"));
    assert_true(rig->toy.wanted == 0);
    rig->toy.automatic = true;
    run(rig, 500);
    assert_string_equal(station_message(&rig->station), "Press start.");
}

static void turning_to_manual_stops_at_once(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_SENSOR, 30000));
    rig->toy.automatic = false;
    run(rig, 500);
    assert_string_equal(state_of(rig), "stopped");
    assert_true(rig->toy.wanted == 0);
    rig->toy.automatic = true;
    press(rig, &rig->toy.start);
    assert_string_equal(state_of(rig), "starting"); // anything may lie on the belt
    run(rig, 30000);
    check_sorting(rig);
}

static void what_lies_on_the_belt_at_start_is_sorted_as_well(void **state) {
    struct rig *rig = *state;
    toy_put(&rig->toy, 500, false);
    toy_put(&rig->toy, 150, true);
    rig->toy.fed = 2;
    rig->station.fed = 2; // by hand
    press(rig, &rig->toy.start);
    run(rig, 60000);
    check_sorting(rig);
    assert_true(rig->toy.metal_sorted >= 2);
}

// --- interruptions ---

static void emergency_stop_at(struct rig *rig, enum station_step step) {
    press(rig, &rig->toy.start);
    for (int piece = 0; piece < 2; piece++) {
        assert_true(run_to(rig, step, 40000));
        rig->toy.power = false;
        rig->toy.runs = false;
        run(rig, 3000);
        assert_string_equal(state_of(rig), "interrupted");
        assert_string_equal(station_message_code(&rig->station), "emergency_stop");
        assert_true(rig->toy.lamps[LAMP_RESET]);
        assert_false(rig->toy.lamps[LAMP_START]);
        rig->toy.power = true;
        run(rig, 3000);
        press(rig, &rig->toy.start); // before reset: nothing
        assert_true(rig->toy.wanted == 0);
        assert_string_equal(state_of(rig), "interrupted");
        rig->toy.runs = true; // the controller's own answer to reset
        run(rig, 3000);
        assert_string_equal(state_of(rig), "interrupted");
        assert_string_equal(station_message(&rig->station), "Press start to go on.");
        assert_true(rig->toy.wanted == 0);
        assert_false(rig->toy.lamps[LAMP_RESET]);
        press(rig, &rig->toy.start);
        assert_int_equal(rig->station.interrupted.code, CODE_NONE);
        run(rig, 3000);
    }
    run(rig, 60000);
    check_sorting(rig);
    assert_string_equal(rig->station.fault, "");
}

static void after_an_emergency_stop_it_goes_on_after_reset_and_start(void **state) {
    static const enum station_step interrupted[] = {STEP_FEEDING,  STEP_TO_ENTRY,  STEP_TO_SENSOR, STEP_AT_SENSOR,
                                                    STEP_EJECTING, STEP_RETURNING, STEP_TO_EXIT,   STEP_CLEARING};
    for (size_t i = 0; i < sizeof interrupted / sizeof interrupted[0]; i++) {
        tear_down(state);
        set_up(state);
        struct rig *rig = *state;
        rig->toy.operator_present = true;
        emergency_stop_at(rig, interrupted[i]);
    }
}

static void stop_ends_an_interrupted_production(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_SENSOR, 30000));
    rig->toy.power = false;
    run(rig, 1000);
    press(rig, &rig->toy.stop);
    assert_string_equal(state_of(rig), "stopped");
    rig->toy.power = true;
    press(rig, &rig->toy.start);
    assert_string_equal(state_of(rig), "starting");
}

static void a_refused_command_interrupts_and_says_why(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_SENSOR, 30000));
    struct station_view view = rig->view;
    view.outcomes[MODULE_BELT] = (struct station_outcome){5, true, "setDirection: no control authority"};
    struct station_commands commands;
    station_decide(&rig->station, &rig->before, &view, &commands);
    assert_string_equal(state_of(rig), "interrupted");
    assert_non_null(strstr(station_message(&rig->station), "setDirection: no control authority"));
    assert_int_equal(commands.belt, BELT_STOP);
    struct station_view later = view;
    later.clock_ms += 250;
    station_decide(&rig->station, &view, &later, &commands);
    assert_int_equal(commands.belt, BELT_KEEP);
    struct station_view pressed = later;
    pressed.start = true;
    station_decide(&rig->station, &later, &pressed, &commands);
    assert_string_equal(state_of(rig), "producing");
    assert_int_equal(commands.belt, BELT_RUN_SLOWLY); // the step's commands again
}

static void an_old_refusal_does_not_interrupt(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_SENSOR, 30000));
    struct station_view view = rig->view;
    view.outcomes[MODULE_BELT] = (struct station_outcome){5, true, "setDirection: long ago"};
    struct station_commands commands;
    station_decide(&rig->station, NULL, &view, &commands);
    assert_string_equal(state_of(rig), "producing");
}

static void a_restarted_controller_stops_production(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_SENSOR, 30000));
    rig->toy.now_ms = 0;
    rig->toy.piece_count = 0;
    rig->toy.fed = 0;
    run(rig, 1000);
    assert_string_equal(state_of(rig), "stopped");
    assert_non_null(strstr(station_message(&rig->station), "restarted"));
    press(rig, &rig->toy.start);
    assert_string_equal(state_of(rig), "starting");
}

// --- faults ---

struct fault_case {
    const char *name;
    enum station_step step; // where something is taken away
    const char *words;
};

static const struct fault_case fault_cases[] = {
    {"a workpiece that is taken away before the entry is missed", STEP_TO_ENTRY, "entry beam"},
    {"a workpiece that is taken away before the sensor is missed", STEP_TO_SENSOR, "material sensor"},
    {"a workpiece that is taken away before the exit is missed", STEP_TO_EXIT, "exit beam"},
};

static void check_fault(void **state) {
    const struct fault_case *c = *state;
    void *inner = NULL;
    set_up(&inner);
    struct rig *rig = inner;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, c->step, 60000));
    rig->toy.piece_count = 0;
    run(rig, 20000);
    assert_string_equal(state_of(rig), "fault");
    assert_non_null(strstr(rig->station.fault, c->words));
    assert_true(rig->toy.wanted == 0);
    assert_true(rig->toy.lamps[LAMP_RESET]);
    press(rig, &rig->toy.start); // no start without reset
    assert_string_equal(state_of(rig), "fault");
    press(rig, &rig->toy.reset);
    assert_string_equal(state_of(rig), "stopped");
    assert_false(rig->toy.lamps[LAMP_RESET]);
    press(rig, &rig->toy.start);
    run(rig, 20000);
    assert_string_equal(state_of(rig), "producing");
    tear_down(&inner);
}

static void a_stuck_cylinder_is_a_fault(void **state) {
    struct rig *rig = *state;
    rig->toy.pusher.out_ms = 1e9;
    press(rig, &rig->toy.start);
    run(rig, 30000);
    assert_string_equal(state_of(rig), "fault");
    assert_non_null(strstr(rig->station.fault, "magazine"));
    assert_int_equal(rig->station.fed, 0);
}

static void something_at_the_exit_that_nobody_expects_is_a_fault(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_ENTRY, 30000));
    toy_put(&rig->toy, 560, true);
    run(rig, 100);
    assert_string_equal(state_of(rig), "fault");
    assert_non_null(strstr(rig->station.fault, "exit"));
}

// --- robustness ---

static void it_sorts_rightly_with_slow_commands(void **state) {
    struct rig *rig = *state;
    rig->toy.latency_ms = 250; // 25 ms at ten times the speed
    rig->toy.operator_present = true;
    press(rig, &rig->toy.start);
    run(rig, 120000);
    assert_true(finished(&rig->toy) >= 10);
    check_sorting(rig);
}

/// Commands that take longer than a workpiece takes to pass: what has gone too far is taken back.
static void it_sorts_rightly_even_when_commands_are_late(void **state) {
    struct rig *rig = *state;
    rig->toy.operator_present = true;
    press(rig, &rig->toy.start);
    bool taken_back = false;
    for (int i = 0; i < 200000; i++) {
        rig->toy.latency_ms = 20 + (unsigned)(draw(rig) % 700) * (i / 3000 % 3 == 0);
        run(rig, 1);
        taken_back |= rig->station.step == STEP_BACK;
    }
    rig->toy.latency_ms = 20;
    run(rig, 30000);
    assert_true(taken_back);
    assert_string_equal(rig->station.fault, "");
    assert_true(finished(&rig->toy) >= 10);
    check_sorting(rig);
}

static void one_that_passes_unseen_is_taken_back_from_the_exit(void **state) {
    struct rig *rig = *state;
    press(rig, &rig->toy.start);
    assert_true(run_to(rig, STEP_TO_SENSOR, 30000));
    for (int i = 0; i < 4000; i++) {
        rig->toy.pieces[0].at = 240; // as if nobody saw it pass
        run(rig, 1);
    }
    rig->toy.pieces[0].at = 541;
    run(rig, 100);
    assert_int_equal(rig->station.step, STEP_BACK);
    run(rig, 20000);
    assert_true(rig->toy.metal_sorted >= 1);
    check_sorting(rig);
}

/// Nobody decides for a while: the service is being restarted.
static void after_an_outage_on_the_way_to_the_sensor_it_goes_on(void **state) {
    static const unsigned outages_ms[] = {1000, 3000, 5000};
    for (size_t i = 0; i < sizeof outages_ms / sizeof outages_ms[0]; i++) {
        tear_down(state);
        set_up(state);
        struct rig *rig = *state;
        press(rig, &rig->toy.start);
        assert_true(run_to(rig, STEP_TO_ENTRY, 30000));
        run(rig, 2500);
        for (unsigned ms = 0; ms < outages_ms[i]; ms++) toy_step(&rig->toy);
        start_process(rig);
        run(rig, 40000);
        assert_string_equal(rig->station.fault, "");
        assert_true(rig->toy.metal_sorted >= 1);
        check_sorting(rig);
    }
}

static void commands_that_are_always_late_are_a_fault(void **state) {
    struct rig *rig = *state;
    rig->toy.latency_ms = 700;
    press(rig, &rig->toy.start);
    run(rig, 120000);
    assert_string_equal(state_of(rig), "fault");
    assert_non_null(strstr(rig->station.fault, "too late"));
    assert_int_equal(rig->toy.metal_passed + rig->toy.lost, 0);
}

static void killed_at_any_moment_it_neither_loses_nor_doubles_a_step(void **state) {
    for (unsigned seed = 1; seed <= 200; seed++) {
        tear_down(state);
        set_up(state);
        struct rig *rig = *state;
        rig->random = seed;
        rig->toy.operator_present = true;
        press(rig, &rig->toy.start);
        rig->crash_every = 2 + seed % 40;
        run(rig, 60000);
        rig->crash_every = 0;
        assert_true(rig->crashes > 0);
        run(rig, 10000);
        assert_string_equal(rig->station.fault, "");
        // A crash just after the start button may lose the press; a restart in a slide's or a magazine's stop keeps it.
        if (strcmp(state_of(rig), "stopped") == 0) press(rig, &rig->toy.start);
        run(rig, 30000);
        assert_true(finished(&rig->toy) >= 4);
        check_sorting(rig);
    }
}

static void emergency_stop_and_go_on(struct rig *rig) {
    rig->toy.power = false;
    rig->toy.runs = false;
    run(rig, 1000 + (unsigned)(draw(rig) % 3000));
    rig->toy.power = true;
    rig->toy.runs = true;
    run(rig, 500);
    press(rig, &rig->toy.start);
}

static void stopped_at_any_moment_it_sorts_rightly_afterwards(void **state) {
    for (unsigned seed = 1; seed <= 200; seed++) {
        tear_down(state);
        set_up(state);
        struct rig *rig = *state;
        rig->random = seed;
        rig->toy.operator_present = true;
        press(rig, &rig->toy.start);
        for (int i = 0; i < 6; i++) {
            run(rig, 2000 + (unsigned)(draw(rig) % 12000));
            emergency_stop_and_go_on(rig);
        }
        run(rig, 60000);
        assert_string_equal(rig->station.fault, "");
        assert_true(finished(&rig->toy) >= 4);
        check_sorting(rig);
    }
}

int main(void) {
    enum { FAULTS = sizeof fault_cases / sizeof fault_cases[0], OTHERS = 23 };
#define RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    struct CMUnitTest tests[OTHERS + FAULTS] = {
        RIG(nothing_moves_before_start),
        RIG(it_sorts_metal_and_lets_plastic_pass),
        RIG(an_empty_magazine_stops_it_with_its_lamp),
        RIG(a_full_slide_stops_it_with_its_lamp),
        RIG(stop_finishes_the_workpiece_under_way),
        RIG(a_held_start_button_starts_once),
        RIG(manual_mode_does_not_start),
        RIG(turning_to_manual_stops_at_once),
        RIG(what_lies_on_the_belt_at_start_is_sorted_as_well),
        RIG(after_an_emergency_stop_it_goes_on_after_reset_and_start),
        RIG(stop_ends_an_interrupted_production),
        RIG(a_refused_command_interrupts_and_says_why),
        RIG(an_old_refusal_does_not_interrupt),
        RIG(a_restarted_controller_stops_production),
        RIG(a_stuck_cylinder_is_a_fault),
        RIG(something_at_the_exit_that_nobody_expects_is_a_fault),
        RIG(it_sorts_rightly_with_slow_commands),
        RIG(it_sorts_rightly_even_when_commands_are_late),
        RIG(one_that_passes_unseen_is_taken_back_from_the_exit),
        RIG(after_an_outage_on_the_way_to_the_sensor_it_goes_on),
        RIG(commands_that_are_always_late_are_a_fault),
        RIG(killed_at_any_moment_it_neither_loses_nor_doubles_a_step),
        RIG(stopped_at_any_moment_it_sorts_rightly_afterwards),
    };
    size_t count = OTHERS;
    for (size_t i = 0; i < FAULTS; i++)
        tests[count++] = (struct CMUnitTest){fault_cases[i].name, check_fault, NULL, NULL, (void *)&fault_cases[i]};
    return _cmocka_run_group_tests("station", tests, count, NULL, NULL);
}
