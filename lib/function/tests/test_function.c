#include <base/loop.h>
#include <http/server.h>
#include <pthread.h>
#include <setjmp.h>
#include <splc/function.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// A runtime with a data plane of one twin: gives one event, takes what comes back, and is gone.
struct runtime {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    const char *event;
    unsigned given;
    char told[512], told_path[256], error_type[64];
    // the twin "counter"
    unsigned version, reads, conflicts; // the first `conflicts` updates come too late
    char update[512], token[64];
};

static void give_event(struct runtime *runtime, struct http_request *request) {
    if (runtime->given++ > 0) {
        http_answer(request, 500, NULL, 0, TEXT_EMPTY); // AWS: the runtime should exit
        return;
    }
    const struct http_header_line headers[] = {{"Lambda-Runtime-Aws-Request-Id", "id-1"},
                                               {"Lambda-Runtime-Deadline-Ms", "1700000000123"}};
    http_answer(request, 200, headers, 2, text_of(runtime->event));
}

static void keep_told(struct runtime *runtime, struct http_request *request) {
    snprintf(runtime->told_path, sizeof runtime->told_path, "%.*s", TEXT_ARG(http_path(request)));
    snprintf(runtime->told, sizeof runtime->told, "%.*s", TEXT_ARG(http_body(request)));
    snprintf(runtime->error_type, sizeof runtime->error_type, "%.*s",
             TEXT_ARG(http_header(request, "Lambda-Runtime-Function-Error-Type")));
    http_answer(request, 202, NULL, 0, TEXT("{\"status\":\"OK\"}"));
}

static void answer_twin(struct runtime *runtime, struct http_request *request) {
    snprintf(runtime->token, sizeof runtime->token, "%.*s", TEXT_ARG(http_header(request, "X-Amz-Security-Token")));
    CLEANUP(buffer_clear) struct buffer body = {0};
    if (text_is(http_method(request), "GET")) {
        runtime->reads++;
        buffer_print(&body, "{\"state\":{\"reported\":{\"n\":%u}},\"version\":%u}", runtime->version * 10,
                     runtime->version);
        return http_answer(request, 200, NULL, 0, buffer_view(&body));
    }
    if (runtime->conflicts > 0) {
        runtime->conflicts--;
        runtime->version++; // somebody else was faster
        return http_answer_error(request, ERROR_CONFLICT, "Version conflict");
    }
    snprintf(runtime->update, sizeof runtime->update, "%.*s", TEXT_ARG(http_body(request)));
    buffer_print(&body, "{\"version\":%u}", ++runtime->version);
    http_answer(request, 200, NULL, 0, buffer_view(&body));
}

static void handle(void *context, struct http_request *request) {
    struct runtime *runtime = context;
    struct text path = http_path(request);
    if (text_is(path, "/2018-06-01/runtime/invocation/next")) return give_event(runtime, request);
    if (text_starts_with(path, TEXT("/2018-06-01/"))) return keep_told(runtime, request);
    if (text_is(path, "/things/counter/shadow")) return answer_twin(runtime, request);
    if (text_is(path, "/things/strange/shadow"))
        return http_answer_error(request, ERROR_FORBIDDEN, "function.yaml does not name it");
    http_answer_error(request, ERROR_NOT_FOUND, "No shadow exists with name: 'absent'");
}

static void *serve(void *context) {
    struct runtime *runtime = context;
    error_ignore(loop_run(runtime->loop)); // the test sees that nothing is answered
    return NULL;
}

static void start(struct runtime *runtime) {
    runtime->loop = loop_create();
    struct http_server_options options = {
        .address = "127.0.0.1", .body_bytes_max = 65536, .connections_max = 8, .handle = handle, .context = runtime};
    assert_int_equal(http_server_open(runtime->loop, &options, &runtime->server, NULL), ERROR_NONE);
    char api[64], data[64];
    snprintf(api, sizeof api, "127.0.0.1:%u", http_server_port(runtime->server));
    snprintf(data, sizeof data, "http://127.0.0.1:%u", http_server_port(runtime->server));
    setenv("AWS_LAMBDA_RUNTIME_API", api, 1);
    setenv("AWS_ENDPOINT_URL_IOT_DATA_PLANE", data, 1);
    setenv("AWS_SESSION_TOKEN", "token-1", 1);
    assert_int_equal(pthread_create(&runtime->thread, NULL, serve, runtime), 0);
}

static void stop(struct runtime *runtime) {
    loop_stop(runtime->loop);
    pthread_join(runtime->thread, NULL);
    http_server_close(runtime->server);
    loop_destroy(runtime->loop);
}

static void run(struct runtime *runtime, splc_handler *handler, void *context) {
    start(runtime);
    assert_int_equal(splc_function_run(handler, context), EXIT_FAILURE); // the runtime is gone
    stop(runtime);
}

static const char twin_event[] =
    "{\"source\":\"splc.twin\",\"thing\":\"machine\",\"clientToken\":\"c:7\",\"version\":5,\"timestamp\":1700000000,"
    "\"joined\":2,\"previous\":null,\"current\":{\"reported\":{\"speed\":3}}}";

// --- events and answers ---

static enum error check_event(void *context, struct splc_function *function, const struct splc_event *event,
                              struct buffer *ret_answer, struct problem *ret_problem) {
    (void)function, (void)ret_problem;
    *(bool *)context = text_is(event->request_id, "id-1") && event->deadline_ms == 1700000000123 &&
                       text_is(event->thing, "machine") && text_is(event->cause, "c:7") && event->version == 5 &&
                       event->joined == 2 && event->previous == NULL &&
                       json_integer(json_path(event->current, TEXT("reported/speed")), 0) == 3;
    buffer_string(ret_answer, "{\"done\":true}");
    return ERROR_NONE;
}

static void a_handler_gets_the_event_and_its_answer_goes_back(void **state) {
    (void)state;
    struct runtime runtime = {.event = twin_event};
    bool as_expected = false;
    run(&runtime, check_event, &as_expected);
    assert_true(as_expected);
    assert_string_equal(runtime.told_path, "/2018-06-01/runtime/invocation/id-1/response");
    assert_string_equal(runtime.told, "{\"done\":true}");
}

static enum error refuse(void *context, struct splc_function *function, const struct splc_event *event,
                         struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)event;
    buffer_string(ret_answer, "half an answer");
    return problem_say(ret_problem, ERROR_CONFLICT, "the \"gate\" is open");
}

static void an_error_is_told_with_its_type_and_message(void **state) {
    (void)state;
    struct runtime runtime = {.event = twin_event};
    run(&runtime, refuse, NULL);
    assert_string_equal(runtime.told_path, "/2018-06-01/runtime/invocation/id-1/error");
    assert_string_equal(runtime.error_type, "Splc.CONFLICT");
    assert_string_equal(runtime.told, "{\"errorMessage\":\"the \\\"gate\\\" is open\",\"errorType\":\"Splc.CONFLICT\","
                                      "\"stackTrace\":[]}");
}

static enum error say_nothing(void *context, struct splc_function *function, const struct splc_event *event,
                              struct buffer *ret_answer, struct problem *ret_problem) {
    (void)function, (void)ret_answer, (void)ret_problem;
    *(bool *)context = event->thing.length == 0;
    return ERROR_NONE;
}

static void an_event_of_another_kind_is_given_as_it_is(void **state) {
    (void)state;
    struct runtime runtime = {.event = "{\"order\":5}"};
    bool without_thing = false;
    run(&runtime, say_nothing, &without_thing);
    assert_true(without_thing);
    assert_string_equal(runtime.told, "null"); // no answer is the answer null
}

static void an_event_that_is_no_json_is_an_error_not_a_crash(void **state) {
    (void)state;
    struct runtime runtime = {.event = "{\"order\":"};
    bool called = false;
    run(&runtime, say_nothing, &called);
    assert_false(called);
    assert_string_equal(runtime.error_type, "Splc.INVALID");
}

static void without_a_runtime_it_ends_at_once(void **state) {
    (void)state;
    unsetenv("AWS_LAMBDA_RUNTIME_API");
    assert_int_equal(splc_function_run(say_nothing, NULL), EXIT_FAILURE);
    assert_int_equal(splc_function_cannot_start("no reason"), EXIT_FAILURE);
}

static void a_function_that_cannot_start_says_why(void **state) {
    (void)state;
    struct runtime runtime = {0};
    start(&runtime);
    assert_int_equal(splc_function_cannot_start("the recipe is missing"), EXIT_FAILURE);
    stop(&runtime);
    assert_string_equal(runtime.told_path, "/2018-06-01/runtime/init/error");
    assert_non_null(strstr(runtime.told, "the recipe is missing"));
}

// --- twins ---

static enum error add_one(void *context, const struct splc_twin *twin, struct buffer *ret_desired,
                          struct buffer *ret_reported, struct problem *ret_problem) {
    (void)context, (void)ret_desired, (void)ret_problem;
    buffer_print(ret_reported, "{\"n\":%d}", (int)json_integer(json_member(twin->reported, "n"), 0) + 1);
    return ERROR_NONE;
}

static enum error edit(void *context, struct splc_function *function, const struct splc_event *event,
                       struct buffer *ret_answer, struct problem *ret_problem) {
    (void)event, (void)ret_answer;
    *(enum error *)context = splc_twin_edit(function, TEXT("counter"), add_one, NULL, ret_problem);
    return ERROR_NONE;
}

static void an_edit_starts_anew_when_somebody_was_faster(void **state) {
    (void)state;
    struct runtime runtime = {.event = twin_event, .version = 4, .conflicts = 2};
    enum error error = ERROR_INTERNAL;
    run(&runtime, edit, &error);
    assert_int_equal(error, ERROR_NONE);
    assert_int_equal(runtime.reads, 3);
    // What was read last, with its version and the cause of the event.
    assert_string_equal(runtime.update, "{\"state\":{\"reported\":{\"n\":61}},\"version\":6,\"clientToken\":\"c:7\"}");
    assert_string_equal(runtime.token, "token-1");
}

static void an_edit_that_never_succeeds_is_a_conflict(void **state) {
    (void)state;
    struct runtime runtime = {.event = twin_event, .version = 1, .conflicts = 1000};
    enum error error = ERROR_NONE;
    run(&runtime, edit, &error);
    assert_int_equal(error, ERROR_CONFLICT);
    assert_int_equal(runtime.reads, SPLC_EDIT_ATTEMPTS_MAX);
}

struct answers {
    enum error absent, strange, conditional;
    uint64_t absent_version, version;
    struct problem problem;
};

static enum error try_twins(void *context, struct splc_function *function, const struct splc_event *event,
                            struct buffer *ret_answer, struct problem *ret_problem) {
    (void)event, (void)ret_answer, (void)ret_problem;
    struct answers *answers = context;
    CLEANUP(splc_twin_clear) struct splc_twin twin = {0};
    answers->absent = splc_twin_get(function, TEXT("absent"), &twin, NULL);
    answers->absent_version = twin.version;
    answers->strange = splc_twin_desire(function, TEXT("strange"), TEXT("{\"a\":1}"), &answers->problem);
    struct splc_change change = {.desired = TEXT("null"), .reported = TEXT("{\"a\":1}"), .version = 3};
    answers->conditional = splc_twin_update(function, TEXT("counter"), &change, &answers->version, NULL);
    return ERROR_NONE;
}

static void answers_of_the_data_plane_become_errors_and_versions(void **state) {
    (void)state;
    struct runtime runtime = {.event = twin_event, .version = 3};
    struct answers answers = {.absent_version = 9};
    run(&runtime, try_twins, &answers);
    assert_int_equal(answers.absent, ERROR_NONE);
    assert_int_equal(answers.absent_version, 0);
    assert_int_equal(answers.strange, ERROR_FORBIDDEN);
    assert_string_equal(answers.problem.text, "twin of strange: function.yaml does not name it");
    assert_int_equal(answers.conditional, ERROR_NONE);
    assert_int_equal(answers.version, 4);
    assert_string_equal(runtime.update,
                        "{\"state\":{\"desired\":null,\"reported\":{\"a\":1}},\"version\":3,\"clientToken\":\"c:7\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_gets_the_event_and_its_answer_goes_back),
        cmocka_unit_test(an_error_is_told_with_its_type_and_message),
        cmocka_unit_test(an_event_of_another_kind_is_given_as_it_is),
        cmocka_unit_test(an_event_that_is_no_json_is_an_error_not_a_crash),
        cmocka_unit_test(without_a_runtime_it_ends_at_once),
        cmocka_unit_test(a_function_that_cannot_start_says_why),
        {"[bus-5.1] an edit starts anew when somebody was faster, and carries the cause",
         an_edit_starts_anew_when_somebody_was_faster, NULL, NULL, NULL},
        cmocka_unit_test(an_edit_that_never_succeeds_is_a_conflict),
        cmocka_unit_test(answers_of_the_data_plane_become_errors_and_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
