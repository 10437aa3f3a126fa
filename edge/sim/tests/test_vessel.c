#include "../src/process.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { INLET, OUTLET };

/// Ten litres, half full of water at 20 °C; an inlet of 60 l/min at 50 °C and an outlet of 30 l/min, both closed.
static struct process kettle(void) {
    struct process process = {.vessel_count = 1, .flow_count = 2, .heater_count = 1, .stirrer_count = 1};
    process.vessels[0] = (struct vessel){
        .volume_l = 10, .level_l = 5, .temperature_c = 20, .homogeneity = 1, .ambient_c = 20, .cooling_steps = 600000};
    process.flows[INLET] =
        (struct flow){.from = PROCESS_OUTSIDE, .to = 0, .rate_l = 0.001, .temperature_c = 50, .travel = 0.001};
    process.flows[OUTLET] = (struct flow){.from = 0, .to = PROCESS_OUTSIDE, .rate_l = 0.0005, .travel = 1};
    process.heaters[0] = (struct heater){.vessel = 0, .energy_j = 2}; // 2 kW
    process.stirrers[0] = (struct stirrer){.vessel = 0, .mixing_steps = 5000};
    process.supplied_l = 5;
    return process;
}

static void run(struct process *process, unsigned milliseconds) {
    for (unsigned i = 0; i < milliseconds; i++) {
        process_step(process);
        double gone_l = process->drained_l + process->spilled_l;
        assert_true(fabs(process->supplied_l - process_content_l(process) - gone_l) < 1e-6);
    }
}

static void assert_about(double actual, double expected, double tolerance) {
    if (fabs(actual - expected) > tolerance) fail_msg("%g is not about %g", actual, expected);
}

static void a_closed_vessel_keeps_its_level(void **state) {
    (void)state;
    struct process process = kettle();
    run(&process, 10000);
    assert_about(process.vessels[0].level_l, 5, 1e-9);
    assert_about(process.vessels[0].temperature_c, 20, 1e-9);
}

static void a_valve_needs_its_travel_time(void **state) {
    (void)state;
    struct process process = kettle();
    process.flows[INLET].wanted = 1;
    run(&process, 500);
    assert_about(process.flows[INLET].opening, 0.5, 1e-6);
    run(&process, 1500);
    assert_about(process.flows[INLET].opening, 1, 1e-6);
    assert_about(process.vessels[0].level_l, 5 + 1.5, 0.01); // half a litre while it opened, one after that
}

static void a_stuck_valve_stays_where_it_is(void **state) {
    (void)state;
    struct process process = kettle();
    process.flows[INLET].wanted = 1;
    process.flows[INLET].stuck = true;
    run(&process, 2000);
    assert_about(process.vessels[0].level_l, 5, 1e-9);
}

static void an_empty_vessel_gives_nothing(void **state) {
    (void)state;
    struct process process = kettle();
    process.flows[OUTLET].wanted = 1;
    run(&process, 20000);
    assert_about(process.vessels[0].level_l, 0, 1e-9);
    assert_about(process.drained_l, 5, 1e-9);
    assert_about(process.flows[OUTLET].moved_l, 0, 1e-9);
}

static void what_does_not_fit_runs_over(void **state) {
    (void)state;
    struct process process = kettle();
    process.flows[INLET].wanted = 1;
    run(&process, 10000);
    assert_about(process.vessels[0].level_l, 10, 1e-9);
    assert_true(process.spilled_l > 1);
}

static void two_waters_meet_at_the_temperature_between(void **state) {
    (void)state;
    struct process process = kettle();
    process.vessels[0].cooling_steps = 0;
    process.flows[INLET].travel = 1;
    process.flows[INLET].wanted = 1;
    run(&process, 5000);
    assert_about(process.vessels[0].temperature_c, 35, 0.01); // 5 l at 20 and 5 l at 50
}

static void a_heater_warms_by_its_power_and_the_mass(void **state) {
    (void)state;
    struct process process = kettle();
    process.vessels[0].cooling_steps = 0;
    process.heaters[0].wanted = 1;
    run(&process, 60000);
    assert_about(process.vessels[0].temperature_c, 20 + 120000.0 / (5 * 4186), 0.01);
}

static void water_gets_no_hotter_than_boiling(void **state) {
    (void)state;
    struct process process = kettle();
    process.vessels[0].level_l = process.supplied_l = 0;
    process.heaters[0].wanted = 1;
    run(&process, 60000);
    assert_about(process.vessels[0].temperature_c, 100, 0.2);
}

static void what_is_warm_cools_towards_the_room(void **state) {
    (void)state;
    struct process process = kettle();
    process.vessels[0].temperature_c = 80;
    run(&process, 600000);
    assert_about(process.vessels[0].temperature_c, 20 + 60 * exp(-1), 0.01);
}

static void what_is_poured_in_lies_in_layers_until_it_is_stirred(void **state) {
    (void)state;
    struct process process = kettle();
    process.flows[INLET].travel = 1;
    process.flows[INLET].wanted = 1;
    run(&process, 5000);
    process.flows[INLET].wanted = 0;
    assert_about(process.vessels[0].homogeneity, 0.5, 0.01);
    run(&process, 10000);
    assert_about(process.vessels[0].homogeneity, 0.5, 0.01);
    process.stirrers[0].wanted = 1;
    run(&process, 15000);
    assert_about(process.vessels[0].homogeneity, 1 - 0.5 * exp(-3), 0.01);
}

static void a_leak_is_spilled(void **state) {
    (void)state;
    struct process process = kettle();
    process.vessels[0].leak_l = 0.0001;
    run(&process, 10000);
    assert_about(process.vessels[0].level_l, 4, 1e-6);
    assert_about(process.spilled_l, 1, 1e-6);
}

static void a_pump_moves_from_vessel_to_vessel(void **state) {
    (void)state;
    struct process process = kettle();
    process.vessel_count = 2;
    process.vessels[1] = (struct vessel){.volume_l = 10, .temperature_c = 20};
    process.flows[OUTLET].to = 1;
    process.flows[OUTLET].wanted = 1;
    run(&process, 4000);
    assert_about(process.vessels[0].level_l, 3, 1e-6);
    assert_about(process.vessels[1].level_l, 2, 1e-6);
    assert_about(process.drained_l, 0, 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_vessel_keeps_its_level),
        cmocka_unit_test(a_valve_needs_its_travel_time),
        cmocka_unit_test(a_stuck_valve_stays_where_it_is),
        cmocka_unit_test(an_empty_vessel_gives_nothing),
        cmocka_unit_test(what_does_not_fit_runs_over),
        cmocka_unit_test(two_waters_meet_at_the_temperature_between),
        cmocka_unit_test(a_heater_warms_by_its_power_and_the_mass),
        cmocka_unit_test(water_gets_no_hotter_than_boiling),
        cmocka_unit_test(what_is_warm_cools_towards_the_room),
        cmocka_unit_test(what_is_poured_in_lies_in_layers_until_it_is_stirred),
        cmocka_unit_test(a_leak_is_spilled),
        cmocka_unit_test(a_pump_moves_from_vessel_to_vessel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
