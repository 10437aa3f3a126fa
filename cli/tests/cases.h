/// Rows of a table as cmocka tests: each row begins with its name.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/// Appends one test per row to `tests` at `*count`.
#define ADD_CASES(tests, count, cases, check)                                                                          \
    for (size_t row_ = 0; row_ < COUNT_OF(cases); row_++) {                                                            \
        (tests)[(*(count))++] =                                                                                        \
            (struct CMUnitTest){(cases)[row_].name, check, NULL, NULL, (void *)(uintptr_t) & (cases)[row_]};           \
    }

#define ADD_NAMED_TEST(tests, count, name, function)                                                                   \
    (tests)[(*(count))++] = (struct CMUnitTest) {                                                                      \
        name, function, NULL, NULL, NULL                                                                               \
    }

#define ADD_TEST(tests, count, function) ADD_NAMED_TEST(tests, count, #function, function)

#define RUN_CASES(tests, count) _cmocka_run_group_tests(__FILE__, tests, count, NULL, NULL)
