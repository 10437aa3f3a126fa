// Generated plants are plants: the reader of models takes them, with so many points, and half of them outputs.
#include <synthetic/synthetic.h>

#include <model/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_plant_has_so_many_points(void **state) {
    (void)state;
    const size_t numbers[] = {2, 3, 10, 33, 34, 35, 65, 66, 100, 1000, 4097};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CLEANUP(buffer_clear) struct buffer out = {0};
        CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
        CLEANUP(plant_destroy_at) struct plant *plant = NULL;
        struct problem problem = {0};
        assert_int_equal(synthetic_plant(numbers[i], &out, &problem), ERROR_NONE);
        if (model_read(buffer_view(&out), findings, &plant, &problem)) fail_msg("%zu: %s", numbers[i], problem.text);
        assert_int_equal(model_findings_count(findings), 0);
        assert_int_equal(plant->signal_count, numbers[i]);
    }
}

static void half_of_a_cell_are_outputs(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct problem problem = {0};
    assert_int_equal(synthetic_plant(2 + 320, &out, &problem), ERROR_NONE);
    assert_int_equal(model_read(buffer_view(&out), findings, &plant, &problem), ERROR_NONE);
    size_t outputs = 0;
    for (size_t i = 0; i < plant->signal_count; i++) outputs += plant->signals[i]->actuator;
    assert_int_equal(outputs, 160);
}

static void the_same_number_gives_the_same_plant(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer first = {0}, second = {0};
    struct problem problem = {0};
    assert_int_equal(synthetic_plant(777, &first, &problem), ERROR_NONE);
    assert_int_equal(synthetic_plant(777, &second, &problem), ERROR_NONE);
    assert_true(text_equal(buffer_view(&first), buffer_view(&second)));
}

static void too_few_and_too_many_points_are_refused(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct problem problem = {0};
    assert_int_equal(synthetic_plant(1, &out, &problem), ERROR_INVALID);
    assert_int_equal(synthetic_plant((size_t)SYNTHETIC_POINTS_MAX + 1, &out, &problem), ERROR_INVALID);
    assert_string_equal(problem.text, "160001 points: choose 2 to 160000");
    assert_int_equal(out.length, 0);
}

static void the_largest_plant_is_a_model_that_may_be_read(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct problem problem = {0};
    assert_int_equal(synthetic_plant(SYNTHETIC_POINTS_MAX, &out, &problem), ERROR_NONE);
    assert_true(out.length <= MODEL_BYTES_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plant_has_so_many_points),
        cmocka_unit_test(half_of_a_cell_are_outputs),
        cmocka_unit_test(the_same_number_gives_the_same_plant),
        cmocka_unit_test(too_few_and_too_many_points_are_refused),
        cmocka_unit_test(the_largest_plant_is_a_model_that_may_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
