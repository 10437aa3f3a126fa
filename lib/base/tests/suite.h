/// Tables of cases and single tests, collected into one cmocka group. Each row of a table is a test with a `name` that
/// reads as a sentence; the check finds its row in `*state`.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SUITE_TESTS_MAX = 256 };

struct suite {
    struct CMUnitTest tests[SUITE_TESTS_MAX];
    size_t count;
};

static inline void suite_add(struct suite *suite, const char *name, CMUnitTestFunction check, const void *row) {
    if (suite->count == SUITE_TESTS_MAX) abort();
    suite->tests[suite->count++] = (struct CMUnitTest){name, check, NULL, NULL, (void *)(uintptr_t)row};
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define SUITE_TEST(suite, function) suite_add(suite, #function, function, NULL)

#define SUITE_TABLE(suite, cases, check)                                                                               \
    for (size_t row_ = 0; row_ < COUNT_OF(cases); row_++) suite_add(suite, (cases)[row_].name, check, &(cases)[row_])

#define SUITE_RUN(suite) _cmocka_run_group_tests(__FILE__, (suite)->tests, (suite)->count, NULL, NULL)
