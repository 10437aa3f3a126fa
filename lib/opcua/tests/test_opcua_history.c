// What a series keeps and which samples a range means (OPC 10000-11, 6.4.3).

#include "../src/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 64 * 1024 };
static const int64_t S = 1000000000, MS = 1000000;

struct seen {
    struct opcua_data data[16];
    char texts[16][64];
    size_t count;
};

static void see(void *context, const struct opcua_data *data) {
    struct seen *seen = context;
    if (seen->count == 16) return;
    seen->data[seen->count] = *data;
    if (data->value.type == VALUE_STRING) snprintf(seen->texts[seen->count], 64, "%.*s", TEXT_ARG(data->value.string));
    seen->count++;
}

static struct history_series *series_of(struct history **ret_history, enum value_type type, size_t budget) {
    *ret_history = history_create();
    assert_non_null(*ret_history);
    history_grow(*ret_history, budget);
    struct history_series *series = history_add(*ret_history, type);
    assert_non_null(series);
    return series;
}

static void record(struct history_series *series, int64_t time_ns, struct value value, status_code status) {
    struct opcua_data data = {.value = value, .status = status, .source_time_ns = time_ns};
    history_record(series, &data);
}

static struct value uint_value(uint32_t number) {
    return (struct value){.type = VALUE_UINT32, .uint32 = number};
}

static size_t count_all(const struct history_series *series) {
    struct history_window window;
    struct history_range range = {.start_ns = 1, .end_ns = INT64_MAX};
    assert_true(history_find(series, &range, &window));
    return window.count;
}

static void every_type_comes_back_as_it_was(void **state) {
    (void)state;
    const struct value values[][3] = {
        {{.type = VALUE_BOOL, .boolean = true}, {.type = VALUE_BOOL}, {.type = VALUE_BOOL, .boolean = true}},
        {{.type = VALUE_INT32, .int32 = INT32_MIN}, {.type = VALUE_INT32, .int32 = INT32_MAX}, {.type = VALUE_INT32}},
        {{.type = VALUE_UINT16, .uint16 = UINT16_MAX}, {.type = VALUE_UINT16}, {.type = VALUE_UINT16, .uint16 = 1}},
        {{.type = VALUE_UINT32, .uint32 = UINT32_MAX}, {.type = VALUE_UINT32}, {.type = VALUE_UINT32, .uint32 = 127}},
        {{.type = VALUE_DOUBLE, .real = -1e300}, {.type = VALUE_DOUBLE, .real = 0.077}, {.type = VALUE_DOUBLE}},
        {{.type = VALUE_STRING, .string = TEXT("run")},
         {.type = VALUE_STRING},
         {.type = VALUE_STRING, .string = TEXT("é")}},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct history *history;
        struct history_series *series = series_of(&history, values[i][0].type, BUDGET);
        record(series, 5 * S, values[i][0], STATUS_Good);
        record(series, 5 * S + 1 * MS, values[i][1], STATUS_UncertainLastUsableValue);
        record(series, 4 * S, (struct value){.type = VALUE_NULL}, STATUS_BadSensorFailure); // the clock was set back
        record(series, 7 * S, values[i][2], STATUS_Good);
        struct seen seen = {0};
        history_walk(series, 0, SIZE_MAX, see, &seen);
        assert_int_equal(seen.count, 4);
        assert_int_equal(seen.data[0].source_time_ns, 5 * S);
        assert_int_equal(seen.data[1].source_time_ns, 5 * S + 1 * MS);
        assert_int_equal(seen.data[1].status, STATUS_UncertainLastUsableValue);
        assert_int_equal(seen.data[2].source_time_ns, 4 * S);
        assert_int_equal(seen.data[2].value.type, VALUE_NULL);
        assert_int_equal(seen.data[2].status, STATUS_BadSensorFailure);
        assert_int_equal(seen.data[3].status, STATUS_Good);
        static const size_t where[] = {0, 1, 3};
        for (size_t k = 0; k < 3; k++) {
            const struct value *now = &seen.data[where[k]].value;
            assert_int_equal(now->type, values[i][k].type);
            if (now->type == VALUE_STRING) {
                assert_true(text_is(values[i][k].string, seen.texts[where[k]]));
                continue;
            }
            if (now->type == VALUE_BOOL) assert_int_equal(now->boolean, values[i][k].boolean);
            if (now->type == VALUE_DOUBLE) assert_true(now->real == values[i][k].real);
            if (now->type == VALUE_INT32) assert_int_equal(now->int32, values[i][k].int32);
            if (now->type == VALUE_UINT16) assert_int_equal(now->uint16, values[i][k].uint16);
            if (now->type == VALUE_UINT32) assert_int_equal(now->uint32, values[i][k].uint32);
        }
        history_destroy(history);
    }
}

static void many_samples_keep_their_order_across_blocks(void **state) {
    (void)state;
    struct history *history;
    struct history_series *series = series_of(&history, VALUE_UINT32, BUDGET);
    for (uint32_t i = 0; i < 1000; i++)
        record(series, (1000 + i) * S, uint_value(i * i), i % 7 == 0 ? STATUS_BadSensorFailure : STATUS_Good);
    assert_int_equal(count_all(series), 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        struct seen seen = {0};
        history_walk(series, i, 1, see, &seen);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.data[0].value.uint32, i * i);
        assert_int_equal(seen.data[0].source_time_ns, (1000 + i) * S);
        assert_int_equal(seen.data[0].status, i % 7 == 0 ? STATUS_BadSensorFailure : STATUS_Good);
    }
    history_destroy(history);
}

static void what_is_older_than_an_hour_goes_but_for_what_was_true_then(void **state) {
    (void)state;
    struct history *history;
    struct history_series *series = series_of(&history, VALUE_UINT32, BUDGET);
    for (uint32_t i = 0; i < 10 * 3600; i += 10) record(series, (1 + (int64_t)i) * S, uint_value(i), STATUS_Good);
    struct seen oldest = {0};
    history_walk(series, 0, 1, see, &oldest);
    const int64_t newest_ns = (10 * 3600 - 9) * S;
    assert_true(oldest.data[0].source_time_ns <= newest_ns - HISTORY_SPAN_NS);
    assert_true(oldest.data[0].source_time_ns > newest_ns - HISTORY_SPAN_NS - 600 * S); // not much more than that
    assert_in_range(count_all(series), 360, 420);
    history_destroy(history);
}

static void memory_is_bounded_and_the_busiest_pays(void **state) {
    (void)state;
    struct history *history;
    struct history_series *quiet = series_of(&history, VALUE_BOOL, BUDGET);
    struct history_series *busy = history_add(history, VALUE_DOUBLE);
    record(quiet, 1 * S, (struct value){.type = VALUE_BOOL, .boolean = true}, STATUS_Good);
    for (uint32_t i = 0; i < 100 * 1000; i++)
        record(busy, 2 * S + i * MS, (struct value){.type = VALUE_DOUBLE, .real = i}, STATUS_Good);
    assert_in_range(history_bytes(history), BUDGET / 2, BUDGET);
    assert_int_equal(count_all(quiet), 1);
    assert_in_range(count_all(busy), 2000, 10000);
    history_destroy(history);
}

static void of_many_busy_variables_each_keeps_its_newest_values(void **state) {
    (void)state;
    enum { MANY = 5000, CHANGES = 200 };
    static struct history_series *series[MANY];
    struct history *history;
    series[0] = series_of(&history, VALUE_UINT32, MANY * 256);
    for (size_t i = 1; i < MANY; i++) series[i] = history_add(history, VALUE_UINT32);
    for (uint32_t k = 0; k < CHANGES; k++)
        for (size_t i = 0; i < MANY; i++) record(series[i], (1 + k) * S, uint_value(k), STATUS_Good);
    assert_in_range(history_bytes(history), MANY * 128, MANY * 256);
    for (size_t i = 0; i < MANY; i++) {
        size_t count = count_all(series[i]);
        assert_in_range(count, 1, CHANGES - 1);
        struct seen seen = {0};
        history_walk(series[i], count - 1, 1, see, &seen);
        assert_int_equal(seen.data[0].value.uint32, CHANGES - 1);
    }
    history_destroy(history);
}

static void without_memory_nothing_is_kept_and_nothing_breaks(void **state) {
    (void)state;
    struct history *history;
    struct history_series *series = series_of(&history, VALUE_BOOL, 0);
    record(series, 1 * S, (struct value){.type = VALUE_BOOL}, STATUS_Good);
    assert_int_equal(count_all(series), 0);
    history_destroy(history);
}

static void a_text_that_is_too_long_is_kept_as_no_value(void **state) {
    (void)state;
    struct history *history;
    struct history_series *series = series_of(&history, VALUE_STRING, BUDGET);
    char text[512];
    memset(text, 'x', sizeof text);
    record(series, 1 * S, (struct value){.type = VALUE_STRING, .string = {text, 250}}, STATUS_Good);
    record(series, 2 * S, (struct value){.type = VALUE_STRING, .string = {text, sizeof text}}, STATUS_Good);
    struct seen seen = {0};
    history_walk(series, 0, 2, see, &seen);
    assert_int_equal(seen.data[0].value.type, VALUE_STRING);
    assert_int_equal(seen.data[0].value.string.length, 250);
    assert_int_equal(seen.data[1].value.type, VALUE_NULL);
    history_destroy(history);
}

/// Samples at 10, 20, 20, 30, 40 s.
static void ranges(void **state) {
    (void)state;
    struct history *history;
    struct history_series *series = series_of(&history, VALUE_UINT32, BUDGET);
    static const int64_t seconds[] = {10, 20, 20, 30, 40};
    for (uint32_t i = 0; i < 5; i++) record(series, seconds[i] * S, uint_value(i), STATUS_Good);
    const struct {
        struct history_range range;
        struct history_window window;
    } rows[] = {
        {{20 * S, 40 * S, 0, false}, {1, 3, false, false, false}}, // the end is not inside
        {{40 * S, 20 * S, 0, false}, {3, 2, true, false, false}},  // backwards the earlier instant is not
        {{20 * S, 20 * S, 0, false}, {1, 2, false, false, false}}, // an instant is inside itself
        {{15 * S, 35 * S, 0, false}, {1, 3, false, false, false}},
        {{15 * S, 35 * S, 0, true}, {0, 5, false, false, false}}, // one before, one after
        {{20 * S, 40 * S, 0, true}, {1, 4, false, false, false}}, // values at the instants are the bounds
        {{5 * S, 35 * S, 0, true}, {0, 5, false, true, false}},   // nothing before
        {{15 * S, 45 * S, 0, true}, {0, 5, false, false, true}},  // nothing after
        {{45 * S, 15 * S, 0, true}, {0, 5, true, true, false}},   // backwards the later one comes first
        {{40 * S, 20 * S, 0, true}, {2, 3, true, false, false}},
        {{30 * S, 0, 10, false}, {3, 2, false, false, false}}, // from here on
        {{0, 30 * S, 10, false}, {0, 4, true, false, false}},  // from here back
        {{50 * S, 60 * S, 0, false}, {5, 0, false, false, false}},
        {{1, INT64_MAX, 0, false}, {0, 5, false, false, false}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct history_window window;
        assert_true(history_find(series, &rows[i].range, &window));
        const struct history_window *wanted = &rows[i].window;
        if (window.first != wanted->first || window.count != wanted->count || window.backwards != wanted->backwards ||
            window.no_first_bound != wanted->no_first_bound || window.no_last_bound != wanted->no_last_bound)
            fail_msg("row %zu: [%zu, +%zu) %d %d %d", i, window.first, window.count, window.backwards,
                     window.no_first_bound, window.no_last_bound);
    }
    struct history_window window;
    assert_false(history_find(series, &(struct history_range){.start_ns = 1}, &window));
    assert_false(history_find(series, &(struct history_range){.end_ns = 1}, &window));
    assert_false(history_find(series, &(struct history_range){.max = 1}, &window));
    history_destroy(history);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_was),
        cmocka_unit_test(many_samples_keep_their_order_across_blocks),
        {"[opcua-6.1] what is older than an hour goes, but for what was true when it began",
         what_is_older_than_an_hour_goes_but_for_what_was_true_then, NULL, NULL, NULL},
        {"[opcua-6.2] memory is bounded, and the busiest variable pays", memory_is_bounded_and_the_busiest_pays, NULL,
         NULL, NULL},
        cmocka_unit_test(of_many_busy_variables_each_keeps_its_newest_values),
        cmocka_unit_test(without_memory_nothing_is_kept_and_nothing_breaks),
        cmocka_unit_test(a_text_that_is_too_long_is_kept_as_no_value),
        {"[opcua-6.1] which samples a range means", ranges, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests_name("opcua history", tests, NULL, NULL);
}
