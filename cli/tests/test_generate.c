// splc model generate: what it writes is a model, and what it refuses it explains.
#include "../src/model_verbs.h"

#include <base/file.h>
#include <model/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int generate(const char *points, const char *file) {
    char points_copy[32], file_copy[64];
    snprintf(points_copy, sizeof points_copy, "%s", points);
    snprintf(file_copy, sizeof file_copy, "%s", file);
    char verb[] = "generate", number[] = "--points", output[] = "--output";
    char *argv[] = {verb, number, points_copy, output, file_copy, NULL};
    return model_generate(5, argv);
}

static void what_it_writes_is_a_model_of_that_size(void **state) {
    (void)state;
    char file[] = "/tmp/splc-generate-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(generate("500", file), 0);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct problem problem = {0};
    assert_int_equal(file_read(file, MODEL_BYTES_MAX, &bytes, &problem), ERROR_NONE);
    if (model_read(buffer_view(&bytes), findings, &plant, &problem)) fail_msg("%s", problem.text);
    assert_int_equal(plant->signal_count, 500);
    unlink(file);
}

static void too_many_points_are_wrong_usage(void **state) {
    (void)state;
    assert_int_equal(generate("99999999", "/dev/null"), 2);
    assert_int_equal(generate("0", "/dev/null"), 2);
    assert_int_equal(generate("many", "/dev/null"), 2);
}

static void a_file_that_cannot_be_written_is_said(void **state) {
    (void)state;
    assert_int_equal(generate("10", "/nowhere/big.aml"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_writes_is_a_model_of_that_size),
        cmocka_unit_test(too_many_points_are_wrong_usage),
        cmocka_unit_test(a_file_that_cannot_be_written_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
