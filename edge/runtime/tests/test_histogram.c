#include "../src/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void nothing_added_gives_nothing(void **state) {
    (void)state;
    static struct histogram histogram;
    assert_int_equal(histogram_percentile(&histogram, 0.5), 0);
    assert_int_equal(histogram_max(&histogram), 0);
}

static void percentiles_are_within_an_eighth(void **state) {
    (void)state;
    static struct histogram histogram;
    for (uint64_t ns = 1; ns <= 100000; ns++) histogram_add(&histogram, ns);
    const double parts[] = {0.01, 0.5, 0.9, 0.99, 1};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        double exact = parts[i] * 100000;
        double found = (double)histogram_percentile(&histogram, parts[i]);
        assert_true(found >= exact && found <= exact * 1.13);
    }
    assert_int_equal(histogram_max(&histogram), 100000);
}

static void every_duration_has_its_place(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        static struct histogram histogram;
        memset(&histogram, 0, sizeof histogram);
        uint64_t ns = UINT64_C(1) << bit;
        histogram_add(&histogram, ns);
        assert_true(histogram_max(&histogram) == ns);
        if (bit < 42) assert_true(histogram_percentile(&histogram, 0.5) == ns); // never more than the maximum
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_added_gives_nothing),
        cmocka_unit_test(percentiles_are_within_an_eighth),
        cmocka_unit_test(every_duration_has_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
