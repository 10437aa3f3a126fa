#include "suite.h"

#include <base/clock.h>

#include <string.h>

static const struct text_case {
    const char *name;
    uint64_t wall_ns;
    const char *text;
} text_cases[] = {
    {"time begins in 1970", 0, "1970-01-01T00:00:00.000Z"},
    {"milliseconds are cut, not rounded", UINT64_C(999999999), "1970-01-01T00:00:00.999Z"},
    {"an afternoon in November", UINT64_C(1795359600123000000), "2026-11-22T15:00:00.123Z"},
    {"a leap day", UINT64_C(1709164799007000000), "2024-02-28T23:59:59.007Z"},
    {"the day after it", UINT64_C(1709164800000000000), "2024-02-29T00:00:00.000Z"},
    {"after 32 bits of seconds", UINT64_C(4294967296) * NS_PER_S, "2106-02-07T06:28:16.000Z"},
    {"the last time there is", UINT64_MAX, "2554-07-21T23:34:33.709Z"},
};

static void check_text(void **state) {
    const struct text_case *c = *state;
    char text[CLOCK_TEXT_BYTES];
    clock_text(c->wall_ns, text);
    assert_string_equal(text, c->text);
}

static void the_monotonic_clock_never_goes_back(void **state) {
    (void)state;
    uint64_t before = clock_monotonic_ns();
    assert_true(before > 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t now = clock_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
}

static void the_wall_clock_is_of_this_century(void **state) {
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    clock_text(clock_wall_ns(), text);
    assert_int_equal(strncmp(text, "20", 2), 0);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TABLE(&suite, text_cases, check_text);
    SUITE_TEST(&suite, the_monotonic_clock_never_goes_back);
    SUITE_TEST(&suite, the_wall_clock_is_of_this_century);
    return SUITE_RUN(&suite);
}
