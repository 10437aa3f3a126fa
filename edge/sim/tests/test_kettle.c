// A plant that conveys nothing: one vessel, built from a model by `Sim` attributes. The test is the controller and sees
// raw counts.

#include <base/file.h>
#include <sim/sim.h>

#include "../src/wire.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 256 };

struct kettle {
    struct plant *plant;
    struct sim *sim;
    struct io_driver driver;
    uint8_t inputs[IMAGE_BYTES], outputs[IMAGE_BYTES];
};

static void append_file(struct buffer *out, const char *name) {
    char path[512];
    snprintf(path, sizeof path, TEST_DATA "/%s", name);
    assert_int_equal(file_read(path, MODEL_BYTES_MAX, out, NULL), ERROR_NONE);
}

/// The libraries of plants/mixer with another plant and its classes.
static struct plant *read_plant(void) {
    CLEANUP(buffer_clear) struct buffer mixer = {0};
    CLEANUP(buffer_clear) struct buffer own = {0};
    CLEANUP(buffer_clear) struct buffer all = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct problem problem = {0};
    struct plant *plant = NULL;
    assert_int_equal(file_read(SOURCE_FOLDER "/plants/mixer/plant.aml", MODEL_BYTES_MAX, &mixer, NULL), ERROR_NONE);
    append_file(&own, "kettle.xml");
    const char *begin = strstr(mixer.data, "<InstanceHierarchy"), *end = strstr(mixer.data, "</InstanceHierarchy>");
    const char *types = strstr(mixer.data, "<AttributeTypeLib");
    buffer_append(&all, mixer.data, (size_t)(begin - mixer.data));
    buffer_text(&all, buffer_view(&own));
    end += strlen("</InstanceHierarchy>");
    buffer_append(&all, end, (size_t)(types - end));
    append_file(&all, "kettle_classes.xml");
    buffer_string(&all, types);
    if (model_read(buffer_view(&all), findings, &plant, &problem)) fail_msg("%s", problem.text);
    return plant;
}

static int setup(void **state) {
    struct kettle *kettle = calloc(1, sizeof *kettle);
    struct problem problem = {0};
    kettle->plant = read_plant();
    if (sim_create(kettle->plant, &(struct sim_options){.seed = 1}, &kettle->sim, &problem))
        fail_msg("%s", problem.text);
    kettle->driver = sim_driver(kettle->sim);
    *state = kettle;
    return 0;
}

static int teardown(void **state) {
    struct kettle *kettle = *state;
    sim_destroy(kettle->sim);
    plant_destroy(kettle->plant);
    free(kettle);
    return 0;
}

static void run(struct kettle *kettle, unsigned milliseconds) {
    void *context = kettle->driver.context;
    assert_int_equal(kettle->driver.write(context, kettle->outputs, IMAGE_BYTES), ERROR_NONE);
    assert_int_equal(kettle->driver.read(context, milliseconds * UINT64_C(1000000), kettle->inputs, IMAGE_BYTES),
                     ERROR_NONE);
}

static struct io_place place_of(const struct kettle *kettle, const char *channel) {
    for (size_t i = 0; i < kettle->plant->signal_count; i++) {
        const struct plant_channel *found = kettle->plant->signals[i]->channel;
        if (text_is(found->name, channel)) return (struct io_place){found->byte, found->bit, (uint8_t)found->bits};
    }
    fail_msg("no channel %s", channel);
    return (struct io_place){0};
}

static uint32_t raw(const struct kettle *kettle, const char *channel) {
    return io_word(kettle->inputs, place_of(kettle, channel));
}

static void set(struct kettle *kettle, const char *channel, uint32_t value) {
    io_set_word(kettle->outputs, place_of(kettle, channel), value);
}

static void assert_about(double actual, double expected, double tolerance) {
    if (fabs(actual - expected) > tolerance) fail_msg("%g is not about %g", actual, expected);
}

static void sensors_show_raw_counts(void **state) {
    struct kettle *kettle = *state;
    run(kettle, 1);
    assert_about(raw(kettle, "I_level_value"), 27648 / 2.0, 1);       // 5 of 10 l, 0 to 100 %
    assert_about(raw(kettle, "I_temperature_value"), 4000 + 3200, 1); // 20 of 100 °C, 4 to 20 mA
    assert_int_equal(raw(kettle, "I_inlet_closed"), 1);
    assert_int_equal(raw(kettle, "I_inlet_opened"), 0);
}

static void an_open_valve_fills_the_vessel(void **state) {
    struct kettle *kettle = *state;
    set(kettle, "O_inlet_open", 1);
    run(kettle, 2500);
    assert_int_equal(raw(kettle, "I_inlet_opened"), 1);
    run(kettle, 1000); // half a litre while it opened, two and a half after that; the sensor lags
    assert_about(raw(kettle, "I_level_value") / 276.48, 80 - 5, 1);
    set(kettle, "O_inlet_open", 0);
    run(kettle, 5000);
    assert_int_equal(raw(kettle, "I_inlet_closed"), 1);
    assert_about(raw(kettle, "I_level_value") / 276.48, 85, 0.5);
    assert_true(raw(kettle, "I_temperature_value") > 4000 + 3200); // the water that came is warm
}

static void a_pump_runs_at_the_speed_of_its_number(void **state) {
    struct kettle *kettle = *state;
    set(kettle, "O_pump_speed", 27648 / 2);
    run(kettle, 1000);
    uint32_t word = raw(kettle, "I_outflow_value");
    float flow;
    memcpy(&flow, &word, sizeof flow);
    assert_about(flow, 15, 0.01); // half of 30 l/min
    set(kettle, "O_pump_speed", 0);
    run(kettle, 10);
}

static void a_level_switch_has_its_hysteresis(void **state) {
    struct kettle *kettle = *state;
    set(kettle, "O_inlet_open", 1);
    run(kettle, 3000);
    assert_int_equal(raw(kettle, "I_full_reached"), 0);
    run(kettle, 1000);
    assert_int_equal(raw(kettle, "I_full_reached"), 1);
    set(kettle, "O_inlet_open", 0);
    set(kettle, "O_pump_speed", 27648);
    run(kettle, 2000);
    assert_int_equal(raw(kettle, "I_full_reached"), 1); // below eight, above seven and a half
    run(kettle, 1500);
    assert_int_equal(raw(kettle, "I_full_reached"), 0);
}

static void the_heater_warms(void **state) {
    struct kettle *kettle = *state;
    set(kettle, "O_heater_on", 1);
    run(kettle, 60000);
    assert_about((raw(kettle, "I_temperature_value") - 4000) / 160.0, 20 + 5.7, 0.5);
}

static void the_emergency_stop_closes_and_switches_off(void **state) {
    struct kettle *kettle = *state;
    set(kettle, "O_inlet_open", 1);
    run(kettle, 1500);
    assert_true(sim_turn(kettle->sim, TEXT("emergency_stop"), true));
    run(kettle, 2000);
    assert_int_equal(raw(kettle, "I_inlet_closed"), 1);
}

static void break_it(struct kettle *kettle, const char *fault, const char *target) {
    assert_int_equal(sim_inject_fault(kettle->sim, text_of(fault), text_of(target)), SIM_FAULT_DONE);
}

static void a_broken_wire_gives_no_counts(void **state) {
    struct kettle *kettle = *state;
    break_it(kettle, "wireBroken", "kettle/temperature");
    run(kettle, 1);
    assert_int_equal(raw(kettle, "I_temperature_value"), 0); // 0 mA, where 4 mA is the least
}

static void a_sensor_that_drifts_shows_more_and_more(void **state) {
    struct kettle *kettle = *state;
    run(kettle, 1);
    break_it(kettle, "sensorDrifts", "kettle/temperature/value");
    run(kettle, 10000);
    assert_about(raw(kettle, "I_temperature_value"), 4000 + 3200 + 0.05 * 16000, 5);
}

static void a_noisy_sensor_stays_within_two_percent(void **state) {
    struct kettle *kettle = *state;
    break_it(kettle, "sensorNoise", "kettle/temperature");
    bool differs = false;
    for (int i = 0; i < 200; i++) {
        run(kettle, 1);
        double off = raw(kettle, "I_temperature_value") - (4000.0 + 3200);
        assert_true(fabs(off) <= 0.02 * 16000 + 5);
        differs = differs || fabs(off) > 100;
    }
    assert_true(differs);
}

static void a_leak_empties_the_vessel(void **state) {
    struct kettle *kettle = *state;
    break_it(kettle, "leak", "kettle");
    run(kettle, 10000); // a hundredth of ten litres with each second
    run(kettle, 1);
    assert_about(raw(kettle, "I_level_value") / 276.48, 40, 1);
    assert_int_equal(sim_clear_fault(kettle->sim, TEXT("leak")), SIM_FAULT_DONE);
    run(kettle, 10000);
    assert_about(raw(kettle, "I_level_value") / 276.48, 40, 1);
}

static void a_stuck_valve_does_not_close(void **state) {
    struct kettle *kettle = *state;
    set(kettle, "O_inlet_open", 1);
    run(kettle, 1500);
    break_it(kettle, "flowStuck", "kettle/inlet");
    set(kettle, "O_inlet_open", 0);
    run(kettle, 2000);
    assert_int_equal(raw(kettle, "I_inlet_opened"), 1);
    assert_int_equal(sim_clear_fault(kettle->sim, TEXT_EMPTY), SIM_FAULT_DONE);
    run(kettle, 1500);
    assert_int_equal(raw(kettle, "I_inlet_closed"), 1);
}

static void a_plant_that_conveys_nothing_has_no_motor_to_die(void **state) {
    struct kettle *kettle = *state;
    enum sim_fault_answer answer = sim_inject_fault(kettle->sim, TEXT("motorDead"), TEXT("kettle/stirrer"));
    assert_int_equal(answer, SIM_NO_SUCH_TARGET);
}

int main(void) {
#define CASE(function)                                                                                                 \
    { #function, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        CASE(sensors_show_raw_counts),
        CASE(an_open_valve_fills_the_vessel),
        CASE(a_pump_runs_at_the_speed_of_its_number),
        CASE(a_level_switch_has_its_hysteresis),
        CASE(the_heater_warms),
        CASE(the_emergency_stop_closes_and_switches_off),
        CASE(a_broken_wire_gives_no_counts),
        CASE(a_sensor_that_drifts_shows_more_and_more),
        CASE(a_noisy_sensor_stays_within_two_percent),
        CASE(a_leak_empties_the_vessel),
        CASE(a_stuck_valve_does_not_close),
        CASE(a_plant_that_conveys_nothing_has_no_motor_to_die),
    };
    return cmocka_run_group_tests_name("kettle", tests, NULL, NULL);
}
