// The history of command executions, over restarts.
#include <execution/executions.h>

#include <base/file.h>
#include <testing/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *folder, *file;

static int set_up(void **state) {
    (void)state;
    folder = testing_folder();
    file = testing_path(folder, "executions.jsonl");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    testing_remove(folder);
    free(folder);
    free(file);
    return 0;
}

static struct executions *open_file(void) {
    struct executions *executions = NULL;
    struct problem problem = {""};
    if (executions_open(file, &executions, &problem)) fail_msg("%s", problem.text);
    return executions;
}

static struct execution *add(struct executions *executions, const char *id, const char *key, const char *status) {
    char document[256];
    snprintf(document, sizeof document,
             "{\"executionId\":\"%s\",\"thing\":\"t\",\"idempotencyKey\":\"%s\",\"status\":\"%s\"}", id, key, status);
    return executions_add(executions, text_of(document));
}

static void what_was_noted_is_there_after_a_restart(void **state) {
    (void)state;
    struct executions *executions = open_file();
    struct execution *first = add(executions, "1", "k1", "CREATED");
    executions_settle(executions, first, TEXT("{\"executionId\":\"1\",\"thing\":\"t\",\"status\":\"SUCCEEDED\"}"));
    assert_non_null(add(executions, "2", "", "CREATED"));
    executions_close(executions);
    executions = open_file();
    assert_string_equal(executions_find(executions, TEXT("t"), TEXT("1"))->status, "SUCCEEDED");
    const struct execution *second = executions_at(executions, TEXT("t"), 0);
    assert_string_equal(second->id, "2"); // the newest first
    assert_string_equal(second->status, "TIMED_OUT");
    assert_non_null(strstr(second->document, "whether it was executed is not known"));
    assert_null(executions_at(executions, TEXT("t"), 2));
    assert_null(executions_find(executions, TEXT("other"), TEXT("1")));
    executions_close(executions);
}

static void a_key_is_known_after_a_restart(void **state) {
    (void)state;
    struct executions *executions = open_file();
    assert_non_null(add(executions, "1", "k1", "REJECTED"));
    executions_close(executions);
    executions = open_file();
    assert_string_equal(executions_find_key(executions, TEXT("t"), TEXT("k1"))->id, "1");
    assert_null(executions_find_key(executions, TEXT("t"), TEXT("k2")));
    executions_close(executions);
}

static void a_torn_line_is_left_out(void **state) {
    (void)state;
    static const char lines[] =
        "{\"executionId\":\"1\",\"thing\":\"t\",\"status\":\"FAILED\"}\n{\"executionId\":\"2\",\"th";
    assert_int_equal(file_write(file, text_of(lines), 0600, NULL), ERROR_NONE);
    struct executions *executions = open_file();
    assert_string_equal(executions_at(executions, TEXT("t"), 0)->id, "1");
    assert_null(executions_at(executions, TEXT("t"), 1));
    executions_close(executions);
}

static void the_oldest_are_forgotten_and_the_file_stays_small(void **state) {
    (void)state;
    struct executions *executions = open_file();
    char id[32];
    for (int i = 0; i < 9 * EXECUTIONS_KEPT; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_non_null(add(executions, id, "", "FAILED"));
    }
    assert_null(executions_find(executions, TEXT("t"), TEXT("0")));
    assert_string_equal(executions_at(executions, TEXT("t"), EXECUTIONS_KEPT - 1)->id, "8000");
    executions_close(executions);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    assert_int_equal(file_read(file, 1024 * 1024, &bytes, NULL), ERROR_NONE);
    executions = open_file();
    assert_string_equal(executions_at(executions, TEXT("t"), 0)->id, id);
    executions_close(executions);
}

static void a_file_that_cannot_be_is_a_problem(void **state) {
    (void)state;
    struct executions *executions = NULL;
    struct problem problem = {""};
    assert_int_not_equal(executions_open(folder, &executions, &problem), ERROR_NONE);
    assert_non_null(strstr(problem.text, folder));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_noted_is_there_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_is_known_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_line_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_are_forgotten_and_the_file_stays_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_is_a_problem, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("executions", tests, NULL, NULL);
}
