#include "fixture.h"

#include <base/clock.h>
#include <base/file.h>
#include <testing/testing.h>
#include <twin/twin.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

// --- events ---

static void a_change_becomes_an_event(void **state) {
    struct fixture *f = *state;
    start(f, "echo");
    report(f, "machine", "{\"speed\":1}", "c:1");
    wait_for(f, count_is, "1");
    report(f, "machine", "{\"speed\":2}", "c:2");
    wait_for(f, count_is, "2");
    CLEANUP(json_destroy_at) struct json_document *event = NULL;
    struct text body = text_of(reported(f, "echo_state", "machine"));
    assert_int_equal(json_parse(body, (struct json_limits){65536, 16}, &event, NULL), ERROR_NONE);
    const struct json *root = json_root(event);
    assert_true(text_is(json_string(json_member(root, "source")), "splc.twin"));
    assert_true(text_is(json_string(json_member(root, "thing")), "machine"));
    assert_true(text_is(json_string(json_member(root, "clientToken")), "c:2"));
    assert_int_equal(json_integer(json_member(root, "version"), 0), 2);
    assert_true(json_integer(json_member(root, "timestamp"), 0) > 1700000000);
    assert_int_equal(json_integer(json_path(root, TEXT("previous/reported/speed")), 0), 1);
    assert_int_equal(json_integer(json_path(root, TEXT("current/reported/speed")), 0), 2);
}

static void keep_message(void *context, const struct bus_message *message) {
    buffer_reset(context);
    buffer_text(context, message->data);
}

static bool has_bytes(void *context) {
    return ((struct buffer *)context)->length > 0;
}

static void the_cause_goes_with_the_functions_updates(void **state) {
    struct fixture *f = *state;
    CLEANUP(buffer_clear) struct buffer update = {0};
    assert_int_equal(bus_subscribe(f->bus, "$aws.things.echo_state.shadow.update", NULL, keep_message, &update, NULL),
                     ERROR_NONE);
    start(f, "echo");
    report(f, "machine", "{\"speed\":1}", "c:12345");
    assert_true(testing_run_until(f->loop, has_bytes, &update, WAIT_S));
    assert_non_null(strstr(update.data, "\"clientToken\":\"c:12345\""));
}

static void what_no_trigger_asks_for_is_not_given(void **state) {
    struct fixture *f = *state;
    start(f, "echo");
    report(f, "stranger", "{\"a\":1}", "");
    apply(f, "machine", TWIN_UPDATE, TEXT("{\"state\":{\"desired\":{\"a\":1}}}"), TEXT_EMPTY); // not below reported
    report(f, "m_own", "{\"a\":1}", "");                                                       // its own, by a pattern
    report(f, "machine", "{\"a\":1}", "");
    report(f, "machine", "{\"a\":1}", ""); // changes nothing
    wait_for(f, count_is, "1");
    report(f, "mark", "{\"a\":1}", "");
    wait_for(f, count_is, "2"); // nothing in between
    assert_string_equal(reported(f, "echo_state", "stranger"), "");
    assert_string_equal(reported(f, "echo_state", "m_own"), "");
}

static bool is_waiting(void *context) {
    return strcmp(reported(context, "gated_state", "waiting"), "true") == 0;
}

static bool two_things_wait(void *context) {
    return counted(context, "queued") == 2 && counted(context, "joined") == 4;
}

static void events_of_a_thing_are_joined_while_the_function_works(void **state) {
    struct fixture *f = *state;
    start(f, "gated");
    report(f, "m1", "{\"n\":0}", "c:0");
    wait_for(f, is_waiting, "the worker");
    for (int i = 1; i <= 5; i++) {
        char value[32], token[32];
        snprintf(value, sizeof value, "{\"n\":%d}", i);
        snprintf(token, sizeof token, "c:%d", i);
        report(f, "m1", value, token);
        if (i == 1) report(f, "m2", "{\"n\":1}", "c:x");
    }
    wait_for(f, two_things_wait, "two things in the queue, four events joined");
    report(f, "gate", "{\"open\":true}", "");
    wait_for(f, count_is, "3");
    CLEANUP(json_destroy_at) struct json_document *event = NULL;
    struct text body = text_of(reported(f, "gated_state", "m1"));
    assert_int_equal(json_parse(body, (struct json_limits){65536, 16}, &event, NULL), ERROR_NONE);
    const struct json *root = json_root(event);
    assert_int_equal(json_integer(json_path(root, TEXT("previous/reported/n")), -1), 0); // the oldest
    assert_int_equal(json_integer(json_path(root, TEXT("current/reported/n")), -1), 5);  // the newest
    assert_int_equal(json_integer(json_member(root, "joined"), -1), 4);
    assert_true(text_is(json_string(json_member(root, "clientToken")), "c:1"));
}

// --- when it goes wrong ---

static void the_event_of_a_dead_worker_is_given_to_the_next(void **state) {
    struct fixture *f = *state;
    start(f, "mortal");
    report(f, "machine", "{\"n\":1}", "");
    wait_for(f, count_is, "1");
    assert_string_equal(reported(f, "mortal_state", "died"), "true");
    wait_for(f, has_event, "its last words: alas");
}

static void an_event_that_kills_every_worker_is_given_up(void **state) {
    struct fixture *f = *state;
    start(f, "fragile");
    report(f, "poison", "{\"n\":1}", "");
    report(f, "machine", "{\"n\":1}", "");
    wait_for(f, count_is, "1");
    assert_non_null(strstr(f->events, "an event of poison was given up after 3 attempts"));
}

static void an_event_past_the_time_limit_is_given_once_more(void **state) {
    struct fixture *f = *state;
    start(f, "slow");
    report(f, "tar", "{\"n\":1}", "");
    report(f, "machine", "{\"n\":1}", "");
    wait_for(f, count_is, "1");
    assert_non_null(strstr(f->events, "took longer than the time limit of 1 s"));
    assert_non_null(strstr(f->events, "an event of tar was given up after 2 attempts"));
}

static bool one_error_is_counted(void *context) {
    return counted(context, "errors") == 1;
}

static void an_error_of_the_function_is_told_and_not_repeated(void **state) {
    struct fixture *f = *state;
    start(f, "failing");
    report(f, "machine", "{\"n\":1}", "");
    wait_for(f, has_event, "the station is not where it should be");
    wait_for(f, one_error_is_counted, "the count of errors");
    assert_int_equal(counted(f, "invocations"), 1);
    assert_int_equal(counted(f, "queued"), 0);
}

static void a_worker_that_dies_at_start_makes_the_function_failed(void **state) {
    struct fixture *f = *state;
    link_program(f, "stillborn");
    open_service(f, "stillborn", "name: stillborn\nruntime: provided.al2023\n");
    wait_for(f, is_in_state, "failed");
    struct text reason = json_string(json_member(function_status(f), "reason"));
    CLEANUP(free_at) char *text = text_copy(reason);
    assert_string_equal(text, "the worker ended with exit status 3; its last words: no licence found");
    assert_true(text_is(json_string(json_member(json_root(f->status), "state")), "degraded"));
    wait_for(f, has_event, "no licence found");
}

static void a_worker_that_says_why_it_cannot_start_is_believed(void **state) {
    struct fixture *f = *state;
    link_program(f, "unable");
    open_service(f, "unable", "name: unable\nruntime: provided.al2023\n");
    wait_for(f, is_in_state, "failed");
    assert_true(text_is(json_string(json_member(function_status(f), "reason")), "cannot start: the recipe is missing"));
}

static void fails_with(struct fixture *f, const char *name, const char *manifest, const char *words) {
    open_service(f, name, manifest);
    wait_for(f, is_in_state, "failed");
    CLEANUP(free_at) char *reason = text_copy(json_string(json_member(function_status(f), "reason")));
    if (strstr(reason, words) == NULL) fail_msg("\"%s\" does not say: %s", reason, words);
}

static void a_function_without_a_program_is_failed_and_says_so(void **state) {
    fails_with(*state, "echo", "name: echo\nruntime: provided.al2023\n", "echo/bootstrap does not exist");
}

static void a_function_with_a_broken_manifest_is_failed_and_says_where(void **state) {
    fails_with(*state, "echo", "name: echo\nruntime: cobol\n", "function.yaml:2");
}

static void a_function_in_a_folder_of_another_name_is_failed(void **state) {
    fails_with(*state, "echo", "name: ohce\nruntime: provided.al2023\n", "both must be the same");
}

static bool is_disconnected(void *context) {
    return !is_connected(context);
}

static void what_changed_while_the_bus_was_away_is_given_afterwards(void **state) {
    struct fixture *f = *state;
    start(f, "echo");
    report(f, "machine", "{\"n\":1}", "");
    wait_for(f, count_is, "1");
    testing_nats_kill(f->nats);
    wait_for(f, is_disconnected, "the loss");
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_string(&document, "{\"state\":{\"reported\":{\"n\":2}}}");
    struct twin_request request = {
        .operation = TWIN_UPDATE, .name = TEXT("machine"), .payload = buffer_view(&document), .time_s = 1700000000};
    struct twin_result result = {0};
    struct twin *before = map_get(f->twins, TEXT("machine"));
    twin_answer(before, &request, &result); // nobody hears of it
    assert_int_equal(map_set(f->twins, TEXT("machine"), twin_ref(result.twin)), ERROR_NONE);
    twin_unref(before);
    twin_result_clear(&result);
    testing_nats_again(f->nats);
    wait_for(f, count_is, "2");
    assert_non_null(strstr(reported(f, "echo_state", "machine"), "\"current\":{\"reported\":{\"n\":2}}"));
}

// --- the interface of the worker ---

static bool raw_is_done(void *context) {
    return strcmp(reported(context, "raw_state", "done"), "true") == 0;
}

static void the_runtime_api_and_the_data_plane_answer_as_aws_does(void **state) {
    struct fixture *f = *state;
    start(f, "raw");
    report(f, "machine", "{\"n\":1}", "");
    report(f, "other", "{\"n\":1}", "");
    wait_for(f, raw_is_done, "the worker's report");
    static const struct {
        const char *what, *answer;
    } expected[] = {
        {"unknown path", "404"},
        {"answer before any event", "400"},
        {"next", "200"},
        {"Content-Type", "application/json"},
        {"another id", "400"},
        {"right id", "202"},
        {"right id again", "400"},
        {"init/error after next", "403"},
        {"publish elsewhere", "403"},
        {"publish", "200"},
        {"publish for services", "403"},
        {"invoke elsewhere", "403"},
        {"invoke what is not there", "404"},
        {"with a wrong signature", "401"},
        {"read anything", "200"},
        {"wish", "200"},
        {"wish elsewhere", "403"},
        {"report elsewhere", "403"},
        {"empty elsewhere", "403"},
        {"delete elsewhere", "403"},
        {"no JSON", "400"},
        {"no such path", "404"},
        {"without token", "401"},
        {"with a wrong token", "401"},
        {"Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:000000000000:function:raw:1"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *answer = reported(f, "raw_state", expected[i].what);
        if (strcmp(answer, expected[i].answer) != 0)
            fail_msg("%s: %s instead of %s", expected[i].what, answer, expected[i].answer);
    }
    assert_int_equal(strlen(reported(f, "raw_state", "Lambda-Runtime-Aws-Request-Id")), 36);
    uint64_t deadline_ms = strtoull(reported(f, "raw_state", "Lambda-Runtime-Deadline-Ms"), NULL, 10);
    assert_in_range(deadline_ms, 1700000000000, clock_wall_ns() / NS_PER_MS + 1000);
    assert_true(strlen(reported(f, "raw_state", "Lambda-Runtime-Trace-Id")) > 0);
    assert_string_equal(reported(f, "raw_state", "stolen"), "");
}

static bool has_surroundings(void *context) {
    return reported(context, "surroundings_state", "TZ")[0] != '\0';
}

static void a_worker_has_lambdas_environment_and_nothing_else(void **state) {
    struct fixture *f = *state;
    setenv("SPLC_TEST_SECRET", "of the service", 1);
    start(f, "surroundings");
    report(f, "machine", "{\"n\":1}", "");
    wait_for(f, has_surroundings, "the worker's report");
    assert_string_equal(reported(f, "surroundings_state", "SPLC_TEST_SECRET"), "");
    assert_string_equal(reported(f, "surroundings_state", "AWS_LAMBDA_FUNCTION_NAME"), "surroundings");
    assert_string_equal(reported(f, "surroundings_state", "AWS_LAMBDA_FUNCTION_VERSION"), "1");
    assert_string_equal(reported(f, "surroundings_state", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "128");
    assert_string_equal(reported(f, "surroundings_state", "LAMBDA_TASK_ROOT"), "/var/task");
    assert_string_equal(reported(f, "surroundings_state", "TZ"), ":UTC");
    assert_string_equal(reported(f, "surroundings_state", "fileBytesMax"), "536870912");
    assert_non_null(strstr(reported(f, "surroundings_state", "AWS_LAMBDA_RUNTIME_API"), "127.0.0.1:"));
}

static void output_of_the_worker_is_in_its_log(void **state) {
    struct fixture *f = *state;
    start(f, "mortal");
    report(f, "machine", "{\"n\":1}", "");
    wait_for(f, has_event, "alas");
    CLEANUP(free_at) char *path = testing_path(f->folder, "functions/mortal/log");
    CLEANUP(buffer_clear) struct buffer log = {0};
    assert_int_equal(file_read(path, 65536, &log, NULL), ERROR_NONE);
    assert_non_null(strstr(log.data, "alas\n"));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void no_worker_is_left_when_the_service_ends(void **state) {
    struct fixture *f = *state;
    start(f, "echo");
    pid_t pid = service_function(f->service, TEXT("echo"))->versions->instances->worker.pid;
    assert_int_equal(kill(pid, 0), 0);
    service_close(f->service);
    f->service = NULL;
    assert_int_equal(kill(pid, 0), -1);
}

#define TEST(name, function)                                                                                           \
    { name, function, set_up, tear_down, NULL }

int main(void) {
    worker_main_if_started_by_the_service();
    const struct CMUnitTest tests[] = {
        TEST("[function-1.3] a change becomes an event", a_change_becomes_an_event),
        TEST("[bus-5.1] the cause goes with the function's updates", the_cause_goes_with_the_functions_updates),
        TEST("[function-1.8] what no trigger asks for is not given", what_no_trigger_asks_for_is_not_given),
        TEST("[function-1.4] events of a thing are joined while the function works",
             events_of_a_thing_are_joined_while_the_function_works),
        TEST("[function-1.5] the event of a dead worker is given to the next",
             the_event_of_a_dead_worker_is_given_to_the_next),
        TEST("[function-1.5] an event that kills every worker is given up",
             an_event_that_kills_every_worker_is_given_up),
        TEST("[function-1.5] an event past the time limit is given once more",
             an_event_past_the_time_limit_is_given_once_more),
        TEST("[function-1.5] an error of the function is told and not repeated",
             an_error_of_the_function_is_told_and_not_repeated),
        TEST("[function-1.5] a worker that dies at start makes the function failed",
             a_worker_that_dies_at_start_makes_the_function_failed),
        TEST("a worker that says why it cannot start is believed", a_worker_that_says_why_it_cannot_start_is_believed),
        TEST("a function without a program is failed and says so", a_function_without_a_program_is_failed_and_says_so),
        TEST("a function with a broken manifest is failed and says where",
             a_function_with_a_broken_manifest_is_failed_and_says_where),
        TEST("a function in a folder of another name is failed", a_function_in_a_folder_of_another_name_is_failed),
        TEST("[function-1.7] what changed while the bus was away is given afterwards",
             what_changed_while_the_bus_was_away_is_given_afterwards),
        TEST("[function-1.1] [function-1.2] the Runtime API and the data plane answer as AWS does",
             the_runtime_api_and_the_data_plane_answer_as_aws_does),
        TEST("[function-1.1] a worker has Lambda's environment and nothing else",
             a_worker_has_lambdas_environment_and_nothing_else),
        TEST("[function-1.6] output of the worker is in its log", output_of_the_worker_is_in_its_log),
        TEST("[function-1.9] no worker is left when the service ends", no_worker_is_left_when_the_service_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
