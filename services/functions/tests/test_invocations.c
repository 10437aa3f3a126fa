#include "fixture.h"

#include <base/clock.h>
#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { EVENT_BYTES = 300 * 1024 };

// --- a function that was deployed, and what comes of an invocation ---

struct answer {
    bool there;
    enum error error;
    char problem[512], version[32], function_error[32], payload[1024], log_tail[1024];
};

static void on_done(void *context, const struct invoke_result *result) {
    struct answer *answer = context;
    assert_false(answer->there);
    answer->there = true;
    answer->error = result->error;
    snprintf(answer->problem, sizeof answer->problem, "%s", result->problem == NULL ? "" : result->problem);
    snprintf(answer->version, sizeof answer->version, "%s", result->version);
    snprintf(answer->function_error, sizeof answer->function_error, "%s",
             result->function_error == NULL ? "" : result->function_error);
    snprintf(answer->payload, sizeof answer->payload, "%.*s", TEXT_ARG(result->payload));
    snprintf(answer->log_tail, sizeof answer->log_tail, "%.*s", TEXT_ARG(result->log_tail));
}

static void put_version(struct fixture *f, const char *name, const char *version) {
    CLEANUP(free_at) char *program = NULL, *folder = testing_path(f->folder, "empty");
    assert_true(asprintf(&program, "%s/%s/bootstrap", f->programs, name) > 0);
    const struct version_settings settings = {.function = name,
                                              .version = version,
                                              .arn = "arn:aws:lambda:local:000000000000:function:x",
                                              .runtime = "provided.al2023",
                                              .folder = folder,
                                              .program = program,
                                              .timeout_s = 2,
                                              .storage_mb = 4};
    struct problem problem = {0};
    if (runtime_put_version(f->service, &settings, &problem)) fail_msg("%s", problem.text);
}

static void put_function(struct fixture *f, struct function_settings settings) {
    struct problem problem = {0};
    if (settings.concurrency == 0) settings.concurrency = 1;
    settings.age_s = settings.age_s == 0 ? 60 : settings.age_s;
    if (runtime_put_function(f->service, &settings, &problem)) fail_msg("%s", problem.text);
}

static void deploy(struct fixture *f, const char *name) {
    link_program(f, name);
    put_version(f, name, "1");
    put_function(f, (struct function_settings){.name = name, .version = "1"});
}

static enum error ask(struct fixture *f, const char *name, const char *version, struct text event,
                      struct answer *answer) {
    char id[REQUEST_ID_BYTES];
    struct invoke_request request = {.function = name, .version = version, .event = event};
    if (answer != NULL) {
        *answer = (struct answer){0};
        request.done = on_done;
        request.context = answer;
    }
    return invoke(f->service, &request, id, NULL);
}

static bool is_there(void *context) {
    return ((const struct answer *)context)->there;
}

static void wait_for_answer(struct fixture *f, struct answer *answer) {
    if (!testing_run_until(f->loop, is_there, answer, WAIT_S)) fail_msg("no answer; events: %s", f->events);
}

static struct answer ask_and_wait(struct fixture *f, const char *name, const char *version, const char *event) {
    struct answer answer;
    assert_int_equal(ask(f, name, version, text_of(event), &answer), ERROR_NONE);
    wait_for_answer(f, &answer);
    return answer;
}

static bool has_status(void *context) {
    return ((const struct fixture *)context)->status != NULL;
}

static int set_up_without_functions(void **state) {
    set_up(state);
    struct fixture *f = *state;
    make_folder(f, "empty");
    open_service(f, "none", "name: none\nruntime: provided.al2023\npinned: false\n");
    f->service->retry_ns = NS_PER_MS;
    wait_for(f, has_status, "the service on the bus");
    return 0;
}

// --- synchronous ---

static void an_invocation_brings_answer_version_and_log(void **state) {
    struct fixture *f = *state;
    deploy(f, "answer");
    struct answer answer = ask_and_wait(f, "answer", "1", "{\"a\":1}");
    assert_int_equal(answer.error, ERROR_NONE);
    assert_string_equal(answer.payload, "{\"given\":{\"a\":1}}");
    assert_string_equal(answer.version, "1");
    assert_string_equal(answer.function_error, "");
    assert_non_null(strstr(answer.log_tail, "given: {\"a\":1}\n"));
    const struct version *version = service_function(f->service, TEXT("answer"))->versions;
    ask_and_wait(f, "answer", "1", "2");
    assert_int_equal(version->cold_starts, 1); // the same worker again
}

static void an_error_of_the_function_is_its_callers(void **state) {
    struct fixture *f = *state;
    deploy(f, "failing");
    struct answer answer = ask_and_wait(f, "failing", "1", "{}");
    assert_int_equal(answer.error, ERROR_NONE);
    assert_string_equal(answer.function_error, "Unhandled");
    assert_non_null(strstr(answer.payload, "the station is not where it should be"));
}

static void what_cannot_be_invoked_is_refused_at_once(void **state) {
    struct fixture *f = *state;
    deploy(f, "answer");
    struct answer answer;
    CLEANUP(buffer_clear) struct buffer large = {0};
    while (large.length <= INVOKE_EVENT_BYTES_MAX) buffer_byte(&large, ' ');
    assert_int_equal(ask(f, "absent", "1", TEXT("{}"), &answer), ERROR_NOT_FOUND);
    assert_int_equal(ask(f, "answer", "2", TEXT("{}"), &answer), ERROR_NOT_FOUND);
    assert_int_equal(ask(f, "answer", "1", buffer_view(&large), &answer), ERROR_TOO_LARGE);
    assert_int_equal(ask(f, "answer", "1", (struct text){large.data, EVENT_BYTES}, NULL), ERROR_TOO_LARGE);
    assert_int_equal(ask(f, "answer", "1", TEXT("1"), &answer), ERROR_NONE);
    struct answer second;
    assert_int_equal(ask(f, "answer", "1", TEXT("2"), &second), ERROR_LIMIT); // the one worker has work
    assert_int_equal(service_function(f->service, TEXT("answer"))->throttles, 1);
    wait_for_answer(f, &answer);
    assert_false(second.there);
}

static void an_answer_that_is_too_large_is_an_error(void **state) {
    struct fixture *f = *state;
    deploy(f, "huge");
    struct answer answer = ask_and_wait(f, "huge", "1", "{}");
    assert_string_equal(answer.function_error, "Unhandled");
    assert_non_null(strstr(answer.payload, "Function.ResponseSizeTooLarge"));
}

static void a_version_that_cannot_start_says_why(void **state) {
    struct fixture *f = *state;
    deploy(f, "stillborn");
    struct answer answer = ask_and_wait(f, "stillborn", "1", "{}");
    assert_int_equal(answer.error, ERROR_UNAVAILABLE);
    assert_non_null(strstr(answer.problem, "no licence found"));
}

static void who_has_left_is_not_answered(void **state) {
    struct fixture *f = *state;
    deploy(f, "answer");
    char id[REQUEST_ID_BYTES];
    struct answer answer = {0}, other;
    struct invoke_request request = {
        .function = "answer", .version = "1", .event = TEXT("1"), .done = on_done, .context = &answer};
    put_function(f, (struct function_settings){.name = "answer", .version = "1", .concurrency = 2});
    assert_int_equal(invoke(f->service, &request, id, NULL), ERROR_NONE);
    invoke_forget(f->service, id);
    assert_int_equal(ask(f, "answer", "1", TEXT("2"), &other), ERROR_NONE);
    wait_for_answer(f, &other);
    assert_false(answer.there);
}

// --- versions ---

static void a_version_is_exchanged_between_two_events(void **state) {
    struct fixture *f = *state;
    deploy(f, "answer");
    put_version(f, "answer", "2");
    assert_string_equal(ask_and_wait(f, "answer", "1", "1").version, "1");
    assert_string_equal(ask_and_wait(f, "answer", "2", "1").version, "2");
    struct answer answer;
    assert_int_equal(ask(f, "answer", "1", TEXT("1"), &answer), ERROR_NONE);
    put_version(f, "answer", "1"); // other code under the same name: who waits is not lost
    wait_for_answer(f, &answer);
    assert_string_equal(answer.function_error, "");
    runtime_drop_version(f->service, "answer", "1");
    assert_int_equal(ask(f, "answer", "1", TEXT("1"), &answer), ERROR_NOT_FOUND);
    struct version_counts counts;
    assert_true(runtime_counts(f->service, "answer", "2", &counts));
    assert_int_equal(counts.invocations, 1);
    runtime_drop_function(f->service, "answer");
    assert_int_equal(ask(f, "answer", "2", TEXT("1"), &answer), ERROR_NOT_FOUND);
}

static bool has_no_worker(void *context) {
    const struct fixture *f = context;
    return service_function(f->service, TEXT("answer"))->versions->instance_count == 0;
}

static void a_worker_without_work_is_ended(void **state) {
    struct fixture *f = *state;
    f->service->idle_ns = NS_PER_MS;
    deploy(f, "answer");
    ask_and_wait(f, "answer", "1", "1");
    wait_for(f, has_no_worker, "the end of the worker");
    assert_string_equal(ask_and_wait(f, "answer", "1", "1").payload, "{\"given\":1}");
}

// --- queued ---

static char letter[2048];

static void on_letter(void *context, const struct bus_message *message) {
    (void)context;
    snprintf(letter, sizeof letter, "%.*s", TEXT_ARG(message->data));
}

static bool has_letter(void *context) {
    (void)context;
    return letter[0] != '\0';
}

static void an_event_that_fails_is_tried_again_and_then_given_up(void **state) {
    struct fixture *f = *state;
    letter[0] = '\0';
    assert_int_equal(bus_subscribe(f->bus, "dead.failing", NULL, on_letter, NULL, NULL), ERROR_NONE);
    deploy(f, "failing");
    put_function(f, (struct function_settings){
                        .name = "failing", .version = "1", .retries = 2, .dead_letter_topic = "dead/failing"});
    assert_int_equal(ask(f, "failing", "1", TEXT("{\"n\":7}"), NULL), ERROR_NONE);
    wait_for(f, has_letter, "the dead letter");
    assert_non_null(strstr(letter, "\"condition\":\"RetriesExhausted\",\"approximateInvokeCount\":3"));
    assert_non_null(strstr(letter, "\"requestPayload\":{\"n\":7}"));
    const struct function *function = service_function(f->service, TEXT("failing"));
    assert_int_equal(function->errors, 3);
    assert_int_equal(function->dropped, 1);
}

static void a_full_queue_is_counted_and_answered(void **state) {
    struct fixture *f = *state;
    deploy(f, "answer");
    put_function(f, (struct function_settings){.name = "answer", .version = "absent"}); // nobody takes from it
    struct function *function = service_function(f->service, TEXT("answer"));
    function->settings.concurrency = 0;
    for (int i = 0; i < INVOKE_QUEUE_MAX; i++) assert_int_equal(ask(f, "answer", "1", TEXT("{}"), NULL), ERROR_NONE);
    assert_int_equal(ask(f, "answer", "1", TEXT("{}"), NULL), ERROR_LIMIT);
    assert_int_equal(function->throttles, 1);
}

// --- triggers of other kinds than twins ---

static uint64_t wall_s;

static uint64_t wall_ns(void) {
    return wall_s * NS_PER_S;
}

static const struct function *kept(const struct fixture *f) {
    return service_function(f->service, TEXT("answer"));
}

static bool was_given_once(void *context) {
    return kept(context)->duration.count == 1;
}

static void read_log(const struct fixture *f, struct buffer *out) {
    CLEANUP(free_at) char *path = testing_path(f->folder, "functions/answer/log");
    assert_int_equal(file_read(path, 1 << 20, out, NULL), ERROR_NONE);
}

static void expect_event(struct fixture *f, const char *event) {
    wait_for(f, was_given_once, event);
    CLEANUP(buffer_clear) struct buffer log = {0};
    read_log(f, &log);
    if (strstr(log.data, event) == NULL) fail_msg("%s does not say: %s", log.data, event);
}

static void trigger(struct fixture *f, struct function_trigger how) {
    link_program(f, "answer");
    put_version(f, "answer", "1");
    put_function(f, (struct function_settings){.name = "answer", .version = "1", .triggers = &how, .trigger_count = 1});
}

/// The service's subscription is at the server when its answer to this has come.
static void settle_subscriptions(struct fixture *f) {
    deploy(f, "failing");
    ask_and_wait(f, "failing", "1", "{}");
    report(f, "settled", "{}", "");
}

static void a_message_on_a_topic_starts_it(void **state) {
    struct fixture *f = *state;
    trigger(f, (struct function_trigger){.topic = "+/+/alarm"});
    settle_subscriptions(f);
    assert_int_equal(bus_publish(f->bus, TEXT("splc.a.alarm"), TEXT("{\"of\":\"services\"}")), ERROR_NONE);
    assert_int_equal(bus_publish(f->bus, TEXT("plant.a.b.alarm"), TEXT("{}")), ERROR_NONE);
    assert_int_equal(bus_publish(f->bus, TEXT("plant.a.alarm"), TEXT("{\"level\":3}")), ERROR_NONE);
    expect_event(f, "given: {\"source\":\"splc.topic\",\"topic\":\"plant/a/alarm\",\"payload\":{\"level\":3}}");
}

static void an_event_of_the_plant_starts_it(void **state) {
    struct fixture *f = *state;
    trigger(f, (struct function_trigger){.event = "mps_*", .severity = 500});
    settle_subscriptions(f);
    assert_int_equal(bus_event(f->bus, 400, "mps_conveyor/motor", "harmless"), ERROR_NONE);
    assert_int_equal(bus_event(f->bus, 700, "functions/answer", "of itself"), ERROR_NONE);
    assert_int_equal(bus_event(f->bus, 500, "mps_conveyor/motor", "hot"), ERROR_NONE);
    expect_event(f, "\"source\":\"mps_conveyor/motor\",\"message\":\"hot\"}");
}

static void the_time_starts_it(void **state) {
    struct fixture *f = *state;
    wall_s = 1700000000 - 21; // Tuesday 2023-11-14T22:12:59Z: due in a second
    f->service->wall_ns = wall_ns;
    trigger(f, (struct function_trigger){.schedule = "cron(13 22 ? * TUE *)"});
    wall_s += 1;
    expect_event(f, "\"time\":\"2023-11-14T22:13:00.000Z\",\"schedule\":\"cron(13 22 ? * TUE *)\"}");
}

static void a_wrong_time_or_condition_is_refused(void **state) {
    struct fixture *f = *state;
    deploy(f, "answer");
    static const struct function_trigger wrong[] = {{.schedule = "rate(0 minutes)"},
                                                    {.twin = "a", .condition = "reported/a == "}};
    for (size_t i = 0; i < 2; i++) {
        struct function_settings settings = {
            .name = "answer", .version = "1", .concurrency = 1, .triggers = &wrong[i], .trigger_count = 1};
        assert_int_equal(runtime_put_function(f->service, &settings, NULL), ERROR_INVALID);
    }
}

// --- abuse: contained, told, and nobody else suffers ---

static void suffers_not(struct fixture *f) {
    deploy(f, "answer");
    assert_string_equal(ask_and_wait(f, "answer", "1", "1").payload, "{\"given\":1}");
}

static void fails_saying(struct fixture *f, const char *name, const char *words) {
    deploy(f, name);
    struct answer answer = ask_and_wait(f, name, "1", "{}");
    assert_string_equal(answer.function_error, "Unhandled");
    if (strstr(answer.payload, words) == NULL) fail_msg("\"%s\" does not say: %s", answer.payload, words);
    suffers_not(f);
}

static bool needs_sandbox(const struct fixture *f) {
    if (f->service->sandbox.isolates) return true;
    print_message("no sandbox here: %s\n", f->service->sandbox.reason);
    return false;
}

static void a_fork_bomb_goes_no_further_than_its_sandbox(void **state) {
    struct fixture *f = *state;
    if (!needs_sandbox(f)) skip();
    fails_saying(f, "bomb", "no more processes after 1");
}

static void a_full_disk_is_its_own(void **state) {
    struct fixture *f = *state;
    if (!needs_sandbox(f)) skip();
    fails_saying(f, "filler", "the disk is full after 4 MB\"");
}

static void who_never_ends_is_ended(void **state) {
    fails_saying(*state, "spinner", "Sandbox.Timedout");
}

static void a_gigabyte_of_output_is_left_out(void **state) {
    struct fixture *f = *state;
    deploy(f, "chatter");
    ask_and_wait(f, "chatter", "1", "{}");
    CLEANUP(free_at) char *path = testing_path(f->folder, "functions/chatter/log");
    struct stat log;
    assert_int_equal(stat(path, &log), 0);
    assert_in_range(log.st_size, 1, WORKER_LOG_BYTES_MAX);
    suffers_not(f);
}

static void memory_ends_where_it_was_promised(void **state) {
    struct fixture *f = *state;
    make_folder(f, "programs/leaky");
    write_file(f, "programs/leaky/bootstrap",
               "#!/usr/bin/perl\nmy @all; push @all, 'x' x 1000000 while @all < 1000; sleep 100;\n", 0755);
    f->service->sandbox.limits_data = f->service->sandbox.cgroup == NULL;
    put_version(f, "leaky", "1");
    put_function(f, (struct function_settings){.name = "leaky", .version = "1"});
    struct answer answer = ask_and_wait(f, "leaky", "1", "{}");
    assert_int_equal(answer.error, ERROR_UNAVAILABLE);
    assert_non_null(strcasestr(answer.problem, "memory"));
    f->service->sandbox.limits_data = false; // the other worker is built with a sanitizer
    suffers_not(f);
}

// --- clients of others ---

static void write_in(const char *folder, const char *name, const char *text, mode_t mode) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    assert_int_equal(file_write(path, text_of(text), mode, NULL), ERROR_NONE);
}

/// AWS's own runtime client for Node.js compiles for minutes when it is installed. Where it is (`npm install
/// aws-lambda-ric` in a folder that SPLC_TEST_RIC names), it is tried.
static void the_stock_runtime_client_runs_a_handler(void **state) {
    struct fixture *f = *state;
    const char *folder = getenv("SPLC_TEST_RIC");
    if (folder == NULL) skip();
    write_in(
        folder, "index.js",
        "exports.handler = async (event, context) => {\n"
        "  if (event.fail) throw new TypeError('no such part');\n"
        "  console.log('worked on', context.awsRequestId);\n"
        "  return {n: event.n + 1, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() > 0};\n"
        "};\n",
        0644);
    write_in(folder, "bootstrap",
             "#!/bin/sh\ncd /var/task 2>/dev/null || cd \"$LAMBDA_TASK_ROOT\"\n"
             "for entry in node_modules/aws-lambda-ric/bin/index.mjs node_modules/aws-lambda-ric/index.mjs; do\n"
             "    [ ! -f \"$entry\" ] || exec node \"$entry\" index.handler\ndone\n",
             0755);
    const struct version_settings settings = {.function = "ric",
                                              .version = "1",
                                              .arn = "arn:aws:lambda:local:000000000000:function:ric",
                                              .runtime = "nodejs20.x",
                                              .handler = "index.handler",
                                              .folder = folder,
                                              .timeout_s = 10,
                                              .memory_mb = 512};
    assert_int_equal(runtime_put_version(f->service, &settings, NULL), ERROR_NONE);
    put_function(f, (struct function_settings){.name = "ric", .version = "1"});
    for (int i = 0; i < 3; i++) {
        struct answer good = ask_and_wait(f, "ric", "1", "{\"n\":1}");
        assert_string_equal(good.payload,
                            "{\"n\":2,\"arn\":\"arn:aws:lambda:local:000000000000:function:ric:1\",\"left\":true}");
        assert_non_null(strstr(good.log_tail, "worked on"));
    }
    struct answer bad = ask_and_wait(f, "ric", "1", "{\"fail\":true}");
    assert_string_equal(bad.function_error, "Unhandled");
    assert_non_null(strstr(bad.payload, "\"errorType\":\"TypeError\",\"errorMessage\":\"no such part\""));
    assert_int_equal(service_function(f->service, TEXT("ric"))->versions->cold_starts, 1);
}

#define TEST(name, function)                                                                                           \
    { name, function, set_up_without_functions, tear_down, NULL }

int main(void) {
    worker_main_if_started_by_the_service();
    const struct CMUnitTest tests[] = {
        TEST("[function-1.13] an invocation brings answer, version and log",
             an_invocation_brings_answer_version_and_log),
        TEST("[function-1.13] an error of the function is its caller's", an_error_of_the_function_is_its_callers),
        TEST("[function-1.13] what cannot be invoked is refused at once", what_cannot_be_invoked_is_refused_at_once),
        TEST("[function-1.1] an answer that is too large is an error", an_answer_that_is_too_large_is_an_error),
        TEST("a version that cannot start says why", a_version_that_cannot_start_says_why),
        TEST("who has left is not answered", who_has_left_is_not_answered),
        TEST("[function-1.15] a version is exchanged between two events", a_version_is_exchanged_between_two_events),
        TEST("[function-1.11] a worker without work is ended", a_worker_without_work_is_ended),
        TEST("[function-1.12] [function-1.14] an event that fails is tried again and then given up",
             an_event_that_fails_is_tried_again_and_then_given_up),
        TEST("[function-1.12] a full queue is counted and answered", a_full_queue_is_counted_and_answered),
        TEST("[function-1.12] a message on a topic starts it", a_message_on_a_topic_starts_it),
        TEST("[function-1.12] an event of the plant starts it", an_event_of_the_plant_starts_it),
        TEST("[function-1.12] the time starts it", the_time_starts_it),
        TEST("a wrong time or condition is refused", a_wrong_time_or_condition_is_refused),
        TEST("[function-5.3] a fork bomb goes no further than its sandbox",
             a_fork_bomb_goes_no_further_than_its_sandbox),
        TEST("[function-5.1] a full disk is its own", a_full_disk_is_its_own),
        TEST("who never ends is ended", who_never_ends_is_ended),
        TEST("[function-1.6] a gigabyte of output is left out", a_gigabyte_of_output_is_left_out),
        TEST("[function-1.1] the stock runtime client runs a handler", the_stock_runtime_client_runs_a_handler),
        TEST("[function-5.3] memory ends where it was promised", memory_ends_where_it_was_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
