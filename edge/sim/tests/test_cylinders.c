// Plants that neither convey nor hold liquids: panel and cylinders. The plant is a generated one.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <base/buffer.h>
#include <cmocka.h>
#include <io/image.h>
#include <sim/sim.h>
#include <synthetic/synthetic.h>

enum { POINTS = 66 }; // the panel and two cells

struct yard {
    struct plant *plant;
    struct sim *sim;
    struct io_driver driver;
    uint8_t inputs[64], outputs[64];
};

static int setup(void **state) {
    struct yard *yard = calloc(1, sizeof *yard);
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer model = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    enum error error = synthetic_plant(POINTS, &model, &problem);
    if (!error) error = model_read(buffer_view(&model), findings, &yard->plant, &problem);
    if (!error) error = sim_create(yard->plant, &(struct sim_options){.seed = 1}, &yard->sim, &problem);
    if (error) fail_msg("%s", problem.text);
    yard->driver = sim_driver(yard->sim);
    *state = yard;
    return 0;
}

static int teardown(void **state) {
    struct yard *yard = *state;
    sim_destroy(yard->sim);
    plant_destroy(yard->plant);
    free(yard);
    return 0;
}

static struct io_place place_of(const struct yard *yard, const char *path, bool *ret_inverted) {
    for (size_t i = 0; i < yard->plant->signal_count; i++) {
        const struct plant_signal *signal = yard->plant->signals[i];
        char name[128];
        snprintf(name, sizeof name, "%.*s/%.*s", TEXT_ARG(signal->module->path), TEXT_ARG(signal->name));
        if (!text_is(text_from(text_of(name), yard->plant->station->path.length + 1), path)) continue;
        *ret_inverted = signal->inverted;
        return (struct io_place){signal->channel->byte, signal->channel->bit, 1};
    }
    fail_msg("no signal %s", path);
    return (struct io_place){0};
}

static bool input(const struct yard *yard, const char *path) {
    bool inverted = false;
    struct io_place place = place_of(yard, path, &inverted);
    return io_bit(yard->inputs, place) != inverted;
}

static void output(struct yard *yard, const char *path, bool on) {
    bool inverted = false;
    struct io_place place = place_of(yard, path, &inverted);
    io_set_bit(yard->outputs, place, on != inverted);
}

static void run(struct yard *yard, unsigned milliseconds) {
    for (unsigned i = 0; i < milliseconds; i++) {
        assert_int_equal(yard->driver.write(yard->sim, yard->outputs, sizeof yard->outputs), ERROR_NONE);
        assert_int_equal(yard->driver.read(yard->sim, 1000000, yard->inputs, sizeof yard->inputs), ERROR_NONE);
    }
}

static void a_plant_without_belt_and_vessel_is_played_as_well(void **state) {
    struct yard *yard = *state;
    run(yard, 1);
    assert_false(input(yard, "panel1/emergency_stop1/contact"));
    assert_true(input(yard, "cell1/cylinder1/retracted"));
    assert_false(input(yard, "cell1/cylinder1/extended"));
    assert_true(input(yard, "cell2/cylinder4/retracted"));
}

static void each_cylinder_moves_by_itself(void **state) {
    struct yard *yard = *state;
    output(yard, "cell2/cylinder3/extend", true);
    run(yard, 50);
    assert_false(input(yard, "cell2/cylinder3/retracted"));
    assert_false(input(yard, "cell2/cylinder3/extended"));
    run(yard, 3000);
    assert_true(input(yard, "cell2/cylinder3/extended"));
    assert_true(input(yard, "cell1/cylinder3/retracted"));
    output(yard, "cell2/cylinder3/extend", false);
    run(yard, 100);
    assert_true(input(yard, "cell2/cylinder3/extended")); // the valve has a memory
    output(yard, "cell2/cylinder3/retract", true);
    run(yard, 3000);
    assert_true(input(yard, "cell2/cylinder3/retracted"));
}

static void a_stuck_cylinder_is_one_of_them(void **state) {
    struct yard *yard = *state;
    assert_int_equal(sim_inject_fault(yard->sim, TEXT("cylinderStuck"), TEXT("cell1/cylinder2")), SIM_FAULT_DONE);
    output(yard, "cell1/cylinder2/extend", true);
    output(yard, "cell1/cylinder1/extend", true);
    run(yard, 3000);
    assert_true(input(yard, "cell1/cylinder2/retracted"));
    assert_true(input(yard, "cell1/cylinder1/extended"));
}

static void without_power_no_valve_switches(void **state) {
    struct yard *yard = *state;
    assert_true(sim_turn(yard->sim, TEXT("emergency_stop1"), true));
    output(yard, "cell1/cylinder1/extend", true);
    run(yard, 3000);
    assert_true(input(yard, "panel1/emergency_stop1/contact"));
    assert_true(input(yard, "cell1/cylinder1/retracted"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"[model-11.6] a plant without belt and vessel is played as well",
         a_plant_without_belt_and_vessel_is_played_as_well, setup, teardown, NULL},
        cmocka_unit_test_setup_teardown(each_cylinder_moves_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stuck_cylinder_is_one_of_them, setup, teardown),
        cmocka_unit_test_setup_teardown(without_power_no_valve_switches, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
