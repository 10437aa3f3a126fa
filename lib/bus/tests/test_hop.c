// Histograms of how long a change takes.
#include <bus/hop.h>

#include <base/cleanup.h>
#include <json/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_quantile_is_within_a_step(void **state) {
    (void)state;
    struct hop hop = {0};
    assert_true(hop_quantile_ms(&hop, 0.5) == 0);
    for (int i = 0; i < 99; i++) hop_add(&hop, 2);
    hop_add(&hop, 50);
    double p50 = hop_quantile_ms(&hop, 0.5), p999 = hop_quantile_ms(&hop, 0.999);
    assert_true(p50 >= 2 && p50 < 2 * 1.2);
    assert_true(p999 >= 50 && p999 < 50 * 1.2);
    assert_true(hop_quantile_ms(&hop, 0.99) == p50);
}

static void what_is_out_of_range_is_counted_too(void **state) {
    (void)state;
    struct hop hop = {0};
    hop_add(&hop, 0);
    hop_add(&hop, -1);
    hop_add(&hop, 1e9);
    assert_int_equal(hop.count, 3);
    assert_int_equal(hop.counts[0], 2);
    assert_int_equal(hop.counts[HOP_STEPS - 1], 1);
}

static void buckets_are_cumulative(void **state) {
    (void)state;
    struct hop hop = {0};
    hop_add(&hop, 0.15);
    hop_add(&hop, 1);
    hop_add(&hop, 1e9);
    CLEANUP(buffer_clear) struct buffer out = {0};
    hop_put_metrics(&hop, "x_seconds", "to=\"y\"", &out);
    static const char *const lines[] = {"x_seconds_bucket{to=\"y\",le=\"0.0002\"} 1\n",
                                        "x_seconds_bucket{to=\"y\",le=\"0.0016\"} 2\n",
                                        "x_seconds_bucket{to=\"y\",le=\"+Inf\"} 3\n", "x_seconds_count{to=\"y\"} 3\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) assert_non_null(strstr(out.data, lines[i]));
}

static void a_hop_in_a_status_is_read_back_as_it_was(void **state) {
    (void)state;
    struct hop hop = {0}, read;
    for (int i = 0; i < 20; i++) hop_add(&hop, 0.3 * i);
    CLEANUP(buffer_clear) struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    json_open_object(&writer);
    hop_put_json(&hop, "edge", &writer);
    json_close_object(&writer);
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    assert_int_equal(json_parse(buffer_view(&text), (struct json_limits){1 << 16, 8}, &document, NULL), ERROR_NONE);
    assert_true(hop_of_json(json_member(json_root(document), "edge"), &read));
    assert_memory_equal(read.counts, hop.counts, sizeof hop.counts);
    assert_int_equal(read.count, 20);
    assert_true(read.sum_ms > 56.9 && read.sum_ms < 57.1);
}

static void what_is_no_hop_is_refused(void **state) {
    static const char *const texts[] = {"1", "{}", "{\"steps\":1}", "[]"};
    (void)state;
    struct hop read;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CLEANUP(json_destroy_at) struct json_document *document = NULL;
        assert_int_equal(json_parse(text_of(texts[i]), (struct json_limits){1 << 16, 8}, &document, NULL), ERROR_NONE);
        assert_false(hop_of_json(json_root(document), &read));
        assert_int_equal(read.count, 0);
    }
    CLEANUP(buffer_clear) struct buffer many = {0};
    buffer_string(&many, "{\"steps\":[0");
    for (int i = 0; i < HOP_STEPS; i++) buffer_string(&many, ",1");
    buffer_string(&many, "]}");
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    assert_int_equal(json_parse(buffer_view(&many), (struct json_limits){1 << 16, 8}, &document, NULL), ERROR_NONE);
    assert_false(hop_of_json(json_root(document), &read));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantile_is_within_a_step), cmocka_unit_test(what_is_out_of_range_is_counted_too),
        cmocka_unit_test(buckets_are_cumulative),      cmocka_unit_test(a_hop_in_a_status_is_read_back_as_it_was),
        cmocka_unit_test(what_is_no_hop_is_refused),
    };
    return cmocka_run_group_tests_name("hops", tests, NULL, NULL);
}
