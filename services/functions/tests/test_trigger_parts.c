#include "../src/cgroup.h"
#include "../src/condition.h"
#include "../src/metrics.h"
#include "../src/rights.h"
#include "../src/schedule.h"
#include "../src/worker_log.h"

#include <base/clock.h>
#include <base/file.h>
#include <testing/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// --- conditions ---

static void a_condition_is_about_the_new_state(void **state) {
    (void)state;
    static const struct {
        const char *condition;
        bool holds;
    } cases[] = {
        {"", true},
        {"reported/on == true", true},
        {"reported/on==false", false},
        {"reported/on != false", true},
        {"reported/n > 3", true},
        {"reported/n >= 4.0", true},
        {"reported/n < 4", false},
        {"reported/n <= 4", true},
        {"reported/name == \"a b\"", true},
        {"reported/name > 1", false},
        {"reported/on", true},
        {"reported/off", false},
        {"reported/none", false},
        {"reported/absent", false},
        {"reported/absent == null", false},
        {"reported/absent != 1", true},
        {"reported/n > oops", false},
    };
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct text text = TEXT("{\"reported\":{\"on\":true,\"off\":false,\"n\":4,\"name\":\"a b\",\"none\":null}}");
    assert_int_equal(json_parse(text, (struct json_limits){1000, 8}, &document, NULL), ERROR_NONE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (condition_holds(text_of(cases[i].condition), json_root(document)) != cases[i].holds)
            fail_msg("%s", cases[i].condition);
}

static void a_condition_that_cannot_be_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"on == true", "reported/on == ", "reported/on = true", "reported/on == tru",
                                        ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bool refused = condition_check(text_of(wrong[i]), NULL) == ERROR_INVALID;
        bool plain_path = strcmp(wrong[i], "reported/on = true") == 0; // a path of one odd name: never there
        if (!refused && !plain_path) fail_msg("%s", wrong[i]);
    }
    assert_int_equal(condition_check(TEXT("desired/a/b >= -1.5"), NULL), ERROR_NONE);
}

// --- times ---

static void the_next_time_is_found(void **state) {
    (void)state;
    static const struct {
        const char *schedule;
        uint64_t after_s;
        const char *next;
    } cases[] = {
        {"rate(1 second)", 1700000000, "2023-11-14T22:13:21.000Z"},
        {"rate(5 minutes)", 1700000000, "2023-11-14T22:15:00.000Z"},
        {"rate(1 day)", 1700000000, "2023-11-15T00:00:00.000Z"},
        {"cron(0 8 ? * MON-FRI *)", 1700000000, "2023-11-15T08:00:00.000Z"},
        {"cron(0 8 ? * MON-FRI *)", 1700211600, "2023-11-20T08:00:00.000Z"}, // Friday at nine
        {"cron(0/15 * * * ? *)", 1700000000, "2023-11-14T22:15:00.000Z"},
        {"cron(10,20 0 1 JAN ? *)", 1700000000, "2024-01-01T00:10:00.000Z"},
        {"cron(0 0 29 2 ? *)", 1709200000, "2028-02-29T00:00:00.000Z"},
        {"cron(0 12 ? * 1 2030)", 1700000000, "2030-01-06T12:00:00.000Z"}, // a Sunday
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct schedule schedule;
        assert_int_equal(schedule_read(text_of(cases[i].schedule), &schedule, NULL), ERROR_NONE);
        char next[CLOCK_TEXT_BYTES];
        clock_text(schedule_next_s(&schedule, cases[i].after_s) * NS_PER_S, next);
        assert_string_equal(next, cases[i].next);
    }
    struct schedule past;
    assert_int_equal(schedule_read(TEXT("cron(0 0 1 1 ? 2001)"), &past, NULL), ERROR_NONE);
    assert_int_equal(schedule_next_s(&past, 1700000000), 0);
}

static void a_time_that_cannot_be_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "rate()",
        "rate(0 minutes)",
        "rate(5 fortnights)",
        "rate(-1 minutes)",
        "cron(0 8 * * * *)",         // day and weekday
        "cron(0 8 ? * ? *)",         // neither
        "cron(60 8 ? * * *)",        // no such minute
        "cron(0 8 ? * MON-FRI)",     // no year
        "cron(0 8 ? * FRI-MON *)",   // backwards
        "cron(0/0 8 ? * MON *)",     // no step
        "cron(0 8 ? * MON * extra)", //
        "cron(0 8 ? * L *)",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct schedule schedule;
        if (schedule_read(text_of(wrong[i]), &schedule, NULL) != ERROR_INVALID) fail_msg("%s", wrong[i]);
    }
}

// --- topics ---

static void a_topic_filter_matches_as_mqtt_says(void **state) {
    (void)state;
    static const struct {
        const char *topic, *filter;
        bool matches;
    } cases[] = {
        {"a/b", "a/b", true},       {"a/b", "a/+", true},   {"a/b", "a", false},   {"a", "a/+", false},
        {"a/b/c", "a/+", false},    {"a/b/c", "a/#", true}, {"a/b/c", "#", true},  {"$aws/x", "#", false},
        {"$aws/x", "$aws/#", true}, {"a/b", "+/+", true},   {"a/b", "+/c", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (topic_matches(text_of(cases[i].topic), text_of(cases[i].filter)) != cases[i].matches)
            fail_msg("%s %s", cases[i].topic, cases[i].filter);
}

// --- limits ---

static void write_text(const char *folder, const char *name, const char *text) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    assert_int_equal(file_write(path, text_of(text), 0600, NULL), ERROR_NONE);
}

static void expect_text(const char *folder, const char *name, const char *text) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    CLEANUP(buffer_clear) struct buffer content = {0};
    assert_int_equal(file_read(path, 1000, &content, NULL), ERROR_NONE);
    assert_string_equal(content.data, text);
}

static void no_groups_are_made_where_none_are_delegated(void **state) {
    (void)state;
    CLEANUP(free_at) char *folder = testing_folder();
    struct problem why = {0};
    assert_null(cgroup_open(folder, &why));
    assert_non_null(strstr(why.text, "delegated"));
    write_text(folder, "cgroup.controllers", "cpu memory\n"); // no pids
    assert_null(cgroup_open(folder, &why));
    testing_remove(folder);
}

/// As far as plain files go for those of the kernel.
static void the_service_moves_down_before_it_divides_its_group(void **state) {
    (void)state;
    CLEANUP(free_at) char *folder = testing_folder();
    CLEANUP(free_at) char *service = testing_path(folder, "service");
    write_text(folder, "cgroup.controllers", "cpuset cpu io memory pids\n");
    write_text(folder, "cgroup.subtree_control", "");
    assert_int_equal(file_make_folder(service, 0700, NULL), ERROR_NONE);
    write_text(service, "cgroup.procs", "");
    struct problem why = {0};
    struct cgroup *cgroup = cgroup_open(folder, &why);
    if (cgroup == NULL) fail_msg("%s", why.text);
    char pid[24];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    expect_text(service, "cgroup.procs", pid);
    expect_text(folder, "cgroup.subtree_control", "+memory +pids +cpu");
    cgroup_close(cgroup);
    testing_remove(folder);
}

// --- figures and output ---

static void percentiles_are_ends_of_buckets(void **state) {
    (void)state;
    struct histogram histogram = {0};
    assert_true(histogram_quantile_ms(&histogram, 0.5) == 0);
    for (int i = 0; i < 98; i++) histogram_add(&histogram, 150 * NS_PER_US);
    for (int i = 0; i < 2; i++) histogram_add(&histogram, 30 * NS_PER_MS);
    assert_true(histogram_quantile_ms(&histogram, 0.5) == 0.2);
    assert_true(histogram_quantile_ms(&histogram, 0.99) == 50);
    assert_int_equal(histogram.count, 100);
}

static void output_beyond_a_megabyte_in_a_second_is_left_out_and_told(void **state) {
    (void)state;
    CLEANUP(free_at) char *folder = testing_folder();
    struct worker_log log;
    assert_int_equal(worker_log_open(&log, folder, WORKER_LOG_BYTES_MAX, NULL), ERROR_NONE);
    static struct worker_output output;
    output = (struct worker_output){.log = &log, .version = "1", .request_id = ""};
    static char much[1024 * 1024];
    memset(much, 'x', sizeof much);
    worker_output_write(&output, (struct text){much, sizeof much}, NS_PER_S);
    worker_output_write(&output, (struct text){much, 5000}, NS_PER_S + 1);
    worker_output_write(&output, TEXT("again\n"), 2 * NS_PER_S);
    CLEANUP(buffer_clear) struct buffer content = {0};
    assert_int_equal(file_read(log.path, 2 * sizeof much, &content, NULL), ERROR_NONE);
    assert_non_null(strstr(content.data, "1 - (5000 bytes of output left out"));
    assert_string_equal(output.last, "again");
    assert_int_equal(output.tail_length, sizeof output.tail); // the newest of it
    assert_memory_equal(output.tail + sizeof output.tail - 6, "again\n", 6);
    worker_log_close(&log);
    testing_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_is_about_the_new_state),
        cmocka_unit_test(a_condition_that_cannot_be_is_refused),
        cmocka_unit_test(the_next_time_is_found),
        cmocka_unit_test(a_time_that_cannot_be_is_refused),
        cmocka_unit_test(a_topic_filter_matches_as_mqtt_says),
        cmocka_unit_test(no_groups_are_made_where_none_are_delegated),
        cmocka_unit_test(the_service_moves_down_before_it_divides_its_group),
        cmocka_unit_test(percentiles_are_ends_of_buckets),
        cmocka_unit_test(output_beyond_a_megabyte_in_a_second_is_left_out_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
