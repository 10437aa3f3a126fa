// From the answers of the HTTP interface to the summary, its verdict and the status line.
#include "cases.h"

#include "status_line.h"
#include "summary.h"

#include <base/cleanup.h>

#include <stdlib.h>
#include <string.h>

static const char good_status[] =
    "{\"plant\":\"mps\",\"services\":["
    "{\"service\":\"gateway\",\"state\":\"ok\",\"edges\":[{\"state\":\"connected\",\"lease\":\"held\"}],"
    "\"latency\":{\"count\":7,\"p50_ms\":1.23456,\"p99_ms\":9}},"
    "{\"service\":\"functions\",\"state\":\"ok\",\"functions\":[{\"name\":\"automatic\",\"state\":\"ready\"}]}]}";
static const char good_simulation[] =
    "{\"state\":{\"reported\":{\"fed\":5,\"sorted\":2,\"passed\":2,\"lost\":0,\"metalSorted\":2,\"plasticSorted\":0,"
    "\"metalPassed\":0,\"plasticPassed\":2}}}";
static const char good_controller[] = "{\"state\":{\"reported\":{\"State\":\"run\",\"Cause\":\"\",\"ScanCycles\":1000,"
                                      "\"ScanMissed\":2,\"ScanTime\":20.5,\"ScanTimeMax\":90}}}";

static const char good_process_twin[] =
    "{\"state\":{\"reported\":{\"state\":\"producing\",\"message\":\"A workpiece is "
    "on its way.\",\"sorted\":2,\"half\":0.5}}}";

static struct json_document *parse(const char *text) {
    struct json_document *document = NULL;
    const struct json_limits limits = {65536, 32};
    assert_int_equal(json_parse(text_of(text), limits, &document, NULL), ERROR_NONE);
    return document;
}

static struct snapshot take(const char *status, const char *simulation, const char *controller) {
    struct snapshot snapshot = {0};
    CLEANUP(json_destroy_at) struct json_document *a = parse(status);
    CLEANUP(json_destroy_at) struct json_document *b = parse(simulation);
    CLEANUP(json_destroy_at) struct json_document *c = parse(controller);
    snapshot_take_status(&snapshot, json_root(a));
    snapshot_take_simulation(&snapshot, json_root(b));
    snapshot_take_controller(&snapshot, json_root(c));
    return snapshot;
}

static const struct summary_process good_process = {
    .name = "gateway", .memory_kib = 9000, .restartable = true, .ready = true, .reason = ""};

static struct summary summary_of(const struct snapshot *snapshot, const struct summary_process *process) {
    return (struct summary){.plant = "mps",
                            .seconds = 120.0004,
                            .period_ms = 1,
                            .counts_workpieces = true,
                            .snapshot = snapshot,
                            .processes = process,
                            .process_count = 1};
}

static void the_summary_is_one_object(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, good_simulation, good_controller);
    CLEANUP(json_destroy_at) struct json_document *twin = parse(good_process_twin);
    snapshot_take_process(&snapshot, "mps_automatic", json_root(twin));
    struct summary summary = summary_of(&snapshot, &good_process);
    CLEANUP(buffer_clear) struct buffer out = {0};
    summary_print(&summary, &out);
    assert_string_equal(
        out.data, "{\"plant\":\"mps\",\"seconds\":120.0,\"live\":true,"
                  "\"workpieces\":{\"fed\":5,\"sorted\":2,\"passed\":2,\"lost\":0,\"metalSorted\":2,"
                  "\"plasticSorted\":0,\"metalPassed\":0,\"plasticPassed\":2},\"counted\":{\"sorted\":2},"
                  "\"scan\":{\"cycles\":1000,\"missed\":2,\"time_us\":20.5,\"time_max_us\":90.0,\"period_ms\":1.0},"
                  "\"latency_ms\":{\"count\":7,\"p50\":1.235,\"p99\":9.0},"
                  "\"memory_kib\":{\"gateway\":9000},\"restarts\":{\"gateway\":0},\"errors\":[]}");
    assert_true(summary_is_good(&summary));
}

struct verdict_case {
    const char *name;
    const char *status, *simulation, *controller; // NULL: the good one
    struct summary_process process;
    const char *error; // the first one; NULL: bad without an error
};

#define GOOD_PROCESS                                                                                                   \
    { .name = "gateway", .restartable = true, .ready = true, .reason = "" }

static const struct verdict_case verdict_cases[] = {
    {"a lost workpiece makes a run bad", NULL,
     "{\"state\":{\"reported\":{\"fed\":5,\"sorted\":2,\"passed\":2,\"lost\":1,\"metalSorted\":2,\"plasticSorted\":0,"
     "\"metalPassed\":0,\"plasticPassed\":2}}}",
     NULL, GOOD_PROCESS, NULL},
    {"no status is an error", "{}", NULL, NULL, GOOD_PROCESS,
     "the HTTP interface gave no status at the end: nothing is known of the plant"},
    {"unknown counts are an error", NULL, "{\"state\":{\"reported\":{\"fed\":1}}}", NULL, GOOD_PROCESS,
     "the simulation's counts are not known"},
    {"a safe state is an error", NULL, NULL,
     "{\"state\":{\"reported\":{\"State\":\"safe\",\"Cause\":\"control authority lost\"}}}", GOOD_PROCESS,
     "the controller is in state safe: control authority lost"},
    {"an unknown controller is an error", NULL, NULL, "{}", GOOD_PROCESS, "the controller's state is not known"},
    {"a service that is down is an error",
     "{\"services\":[{\"service\":\"twins\",\"state\":\"down\"},{\"service\":\"gateway\",\"state\":\"ok\","
     "\"edges\":[{\"state\":\"connected\",\"lease\":\"held\"}]}]}",
     NULL, NULL, GOOD_PROCESS, "twins is down"},
    {"a function that failed is an error",
     "{\"services\":[{\"service\":\"gateway\",\"state\":\"ok\",\"edges\":[{\"state\":\"connected\"}],"
     "\"functions\":[{\"name\":\"automatic\",\"state\":\"failed\",\"reason\":\"exit status 1\"}]}]}",
     NULL, NULL, GOOD_PROCESS, "automatic is failed: exit status 1"},
    {"an edge that is not connected is an error",
     "{\"services\":[{\"service\":\"gateway\",\"state\":\"ok\",\"edges\":[{\"state\":\"lost\",\"reason\":\"closed\"}]}]"
     "}",
     NULL, NULL, GOOD_PROCESS,
     "edge unreachable: closed; what is told of controller, scan and workpieces is what was known last"},
    {"no edge at all is an error", "{\"services\":[{\"service\":\"gateway\",\"state\":\"ok\"}]}", NULL, NULL,
     GOOD_PROCESS, "the gateway knows no edge"},
    {"a process that does not run is an error",
     NULL,
     NULL,
     NULL,
     {.name = "twins", .restartable = true, .ready = false, .reason = "ended with exit status 1"},
     "twins does not run: ended with exit status 1"},
    {"a process that failed by itself is an error, though it came back",
     NULL,
     NULL,
     NULL,
     {.name = "twins",
      .restartable = true,
      .ready = true,
      .crashed = true,
      .restarts = 1,
      .reason = "was ended by signal 11 (Segmentation fault)"},
     "twins failed and was started again: was ended by signal 11 (Segmentation fault)"},
};

static void check_verdict(void **state) {
    const struct verdict_case *c = *state;
    struct snapshot snapshot =
        take(c->status == NULL ? good_status : c->status, c->simulation == NULL ? good_simulation : c->simulation,
             c->controller == NULL ? good_controller : c->controller);
    struct summary summary = summary_of(&snapshot, &c->process);
    assert_false(summary_is_good(&summary));
    CLEANUP(buffer_clear) struct buffer out = {0};
    summary_print(&summary, &out);
    CLEANUP(json_destroy_at) struct json_document *printed = parse(out.data);
    struct text error = json_string(json_element(json_member(json_root(printed), "errors"), 0));
    assert_true(c->error == NULL ? error.length == 0 : text_is(error, c->error));
}

static void a_process_that_was_killed_and_came_back_is_no_error(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, good_simulation, good_controller);
    struct summary_process process = good_process;
    process.restarts = 1;
    process.reason = "was ended by signal 9 (Killed)";
    struct summary summary = summary_of(&snapshot, &process);
    assert_true(summary_is_good(&summary));
}

static void a_function_in_fault_is_an_error(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, good_simulation, good_controller);
    CLEANUP(json_destroy_at)
    struct json_document *twin =
        parse("{\"state\":{\"reported\":{\"state\":\"fault\",\"message\":\"A workpiece is missing.\"}}}");
    snapshot_take_process(&snapshot, "mps_automatic", json_root(twin));
    struct summary summary = summary_of(&snapshot, &good_process);
    assert_false(summary_is_good(&summary));
    CLEANUP(buffer_clear) struct buffer out = {0};
    summary_print(&summary, &out);
    assert_non_null(strstr(out.data, "\"errors\":[\"mps_automatic is in fault: A workpiece is missing.\"]"));
}

static void what_was_counted_before_is_not_of_this_run(void **state) {
    (void)state;
    const struct snapshot_counts before = {.counts = {{"sorted", 7}, {"passed", 9}}, .count = 2};
    const struct snapshot_counts now = {.counts = {{"sorted", 10}, {"passed", 2}, {"fed", 4}}, .count = 3};
    struct snapshot_counts since = snapshot_counts_since(&now, &before);
    assert_int_equal(since.counts[0].value, 3);
    assert_int_equal(since.counts[1].value, 2); // it began anew
    assert_int_equal(since.counts[2].value, 4);
}

static void a_real_plant_needs_no_counts(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, "{}", good_controller);
    struct summary summary = summary_of(&snapshot, &good_process);
    summary.counts_workpieces = false;
    assert_true(summary_is_good(&summary));
    CLEANUP(buffer_clear) struct buffer out = {0};
    summary_print(&summary, &out);
    assert_non_null(strstr(out.data, "\"workpieces\":null,"));
}

static void production_needs_every_part(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, good_simulation, good_controller);
    assert_true(snapshot_is_producing(&snapshot));
    snapshot.leases_held = 0;
    assert_false(snapshot_is_producing(&snapshot));
    snapshot = take("{\"services\":[]}", good_simulation, good_controller);
    assert_false(snapshot_is_producing(&snapshot));
}

static void a_list_longer_than_ours_does_no_harm(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer status = {0};
    buffer_string(&status, "{\"services\":[");
    for (int i = 0; i < 100; i++) {
        buffer_print(&status,
                     "%s{\"service\":\"a-name-that-is-much-longer-than-any-of-ours-could-be-in-this-world-%d\","
                     "\"state\":\"a-state-that-is-long\",\"functions\":[{},{}]}",
                     i == 0 ? "" : ",", i);
    }
    buffer_string(&status, "]}");
    struct snapshot snapshot = take(status.data, good_simulation, good_controller);
    assert_int_equal(snapshot.service_count, SNAPSHOT_SERVICES_MAX);
    assert_int_equal(snapshot.function_count, SNAPSHOT_FUNCTIONS_MAX);
}

// --- the status line ---

static void the_line_says_what_is_counted_and_how_fast_it_is(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, good_simulation, good_controller);
    const struct status_line line = {"mps", NULL, 0, &snapshot, true};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: run | fed 5, sorted 2, passed 2, lost 0");
    assert_string_equal(volatile_part, " | scan 20 us (max 90), missed 2 | sensor to actuator 1.2 ms (p99 9.0)");
}

static void the_line_says_what_a_function_says(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, good_simulation, good_controller);
    CLEANUP(json_destroy_at) struct json_document *twin = parse(good_process_twin);
    snapshot_take_process(&snapshot, "mps_automatic", json_root(twin));
    const struct status_line line = {"mps", NULL, 0, &snapshot, true};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: run, producing | fed 5, sorted 2, passed 2, lost 0");
    assert_non_null(strstr(volatile_part, " | A workpiece is on its way."));
    strcpy(snapshot.processes[0].state, "fault");
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: run, fault: A workpiece is on its way. | fed 5, sorted 2, passed 2, lost 0");
}

static void the_line_says_what_is_abnormal(void **state) {
    (void)state;
    struct snapshot snapshot =
        take("{\"services\":[{\"service\":\"twins\",\"state\":\"degraded\",\"reason\":\"disk full\"},{\"service\":"
             "\"gateway\",\"state\":\"ok\",\"edges\":[{\"state\":\"lost\",\"reason\":\"no answer\"}]}]}",
             "{}", "{\"state\":{\"reported\":{\"State\":\"safe\",\"Cause\":\"emergency stop\"}}}");
    const struct status_line line = {"mps", NULL, 0, &snapshot, true};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady,
                        "mps: edge unreachable: no answer | last known: safe (emergency stop) | twins degraded: "
                        "disk full");
}

static void figures_of_an_edge_that_is_gone_are_those_known_last(void **state) {
    (void)state;
    struct snapshot snapshot = take("{\"services\":[{\"service\":\"gateway\",\"state\":\"ok\",\"edges\":[{\"state\":"
                                    "\"lost\",\"since\":50523000,\"reason\":\"no answer\"}]}]}",
                                    good_simulation, good_controller);
    CLEANUP(json_destroy_at) struct json_document *twin = parse(good_process_twin);
    snapshot_take_process(&snapshot, "mps_automatic", json_root(twin));
    const struct status_line line = {"mps", NULL, 0, &snapshot, true};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: edge unreachable since 14:02:03: no answer | last known: run, producing | fed 5, "
                                "sorted 2, passed 2, lost 0");
    assert_string_equal(volatile_part, "");
    struct summary summary = summary_of(&snapshot, &good_process);
    CLEANUP(buffer_clear) struct buffer out = {0};
    summary_print(&summary, &out);
    assert_non_null(strstr(out.data, "\"live\":false,"));
}

static void what_a_silent_gateway_said_last_is_of_the_past(void **state) {
    (void)state;
    struct snapshot snapshot = take("{\"services\":[{\"service\":\"gateway\",\"state\":\"down\",\"reason\":\"does not "
                                    "report any more\",\"time\":50523000,\"edges\":[{\"state\":\"connected\"}]}]}",
                                    good_simulation, good_controller);
    const struct status_line line = {"mps", NULL, 0, &snapshot, true};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: gateway silent since 14:02:03 | last known: run | fed 5, sorted 2, passed 2, "
                                "lost 0 | gateway down: does not report any more");
    snapshot = take(good_status, good_simulation, good_controller);
    snapshot_grow_old(&snapshot, 50523000);
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: HTTP interface silent since 14:02:03 | last known: run | fed 5, sorted 2, passed "
                                "2, lost 0");
}

static void all_have_reported_when_none_is_down_and_the_edge_is_known(void **state) {
    (void)state;
    struct snapshot snapshot = take(good_status, good_simulation, good_controller);
    assert_true(snapshot_is_complete(&snapshot));
    snapshot = take("{\"services\":[{\"service\":\"gateway\",\"state\":\"ok\",\"edges\":[{\"state\":\"lost\"}]},"
                    "{\"service\":\"twins\",\"state\":\"degraded\"}]}",
                    good_simulation, good_controller);
    assert_true(snapshot_is_complete(&snapshot));
    snapshot = take("{\"services\":[{\"service\":\"gateway\",\"state\":\"ok\",\"edges\":[{\"state\":\"connected\"}]},"
                    "{\"service\":\"twins\",\"state\":\"down\"}]}",
                    good_simulation, good_controller);
    assert_false(snapshot_is_complete(&snapshot));
    snapshot = take("{}", good_simulation, good_controller);
    assert_false(snapshot_is_complete(&snapshot));
}

static void before_all_have_reported_the_line_says_who_has_not(void **state) {
    (void)state;
    struct snapshot snapshot =
        take("{\"services\":[{\"service\":\"gateway\",\"state\":\"down\"},{\"service\":\"twins\","
             "\"state\":\"ok\"},{\"service\":\"api\",\"state\":\"down\"}]}",
             good_simulation, good_controller);
    const struct status_line line = {"mps", NULL, 0, &snapshot, false};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: all started, waiting for the report of gateway, api");
    assert_string_equal(volatile_part, "");
}

static void the_line_says_what_is_not_ready(void **state) {
    (void)state;
    static const char *const not_ready[] = {"edge starting", "api restarting"};
    const struct status_line line = {"mps", not_ready, 2, NULL, true};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    assert_string_equal(steady, "mps: edge starting, api restarting");
    assert_string_equal(volatile_part, "");
}

int main(void) {
    setenv("TZ", "UTC", 1);
    struct CMUnitTest tests[COUNT_OF(verdict_cases) + 16];
    size_t count = 0;
    ADD_TEST(tests, &count, the_summary_is_one_object);
    ADD_CASES(tests, &count, verdict_cases, check_verdict);
    ADD_TEST(tests, &count, a_process_that_was_killed_and_came_back_is_no_error);
    ADD_NAMED_TEST(tests, &count, "[function-1.10] a function in fault is an error", a_function_in_fault_is_an_error);
    ADD_TEST(tests, &count, what_was_counted_before_is_not_of_this_run);
    ADD_TEST(tests, &count, a_real_plant_needs_no_counts);
    ADD_TEST(tests, &count, production_needs_every_part);
    ADD_TEST(tests, &count, a_list_longer_than_ours_does_no_harm);
    ADD_TEST(tests, &count, the_line_says_what_is_counted_and_how_fast_it_is);
    ADD_NAMED_TEST(tests, &count, "[function-1.10] the line says what a function says",
                   the_line_says_what_a_function_says);
    ADD_TEST(tests, &count, the_line_says_what_is_abnormal);
    ADD_TEST(tests, &count, figures_of_an_edge_that_is_gone_are_those_known_last);
    ADD_TEST(tests, &count, what_a_silent_gateway_said_last_is_of_the_past);
    ADD_TEST(tests, &count, all_have_reported_when_none_is_down_and_the_edge_is_known);
    ADD_TEST(tests, &count, before_all_have_reported_the_line_says_who_has_not);
    ADD_TEST(tests, &count, the_line_says_what_is_not_ready);
    return RUN_CASES(tests, count);
}
