#include "../src/change.h"
#include "../src/rights.h"
#include "../src/worker_log.h"
#include "worker.h"

#include <base/file.h>
#include <testing/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const commands[] = {"machine"};
static const char *const states[] = {"own"};

// --- triggers ---

struct trigger_case {
    const char *name;
    struct function_trigger trigger;
    const char *thing;
    const char *previous, *current;
    bool concerns;
};

static const struct trigger_case trigger_cases[] = {
    {"a leaf below the path changed",
     {.twin = "machine", .path = "reported"},
     "machine",
     "{\"reported\":{\"a\":1}}",
     "{\"reported\":{\"a\":2}}",
     true},
    {"a leaf outside the path changed",
     {.twin = "machine", .path = "reported/b"},
     "machine",
     "{\"reported\":{\"a\":1}}",
     "{\"reported\":{\"a\":2}}",
     false},
    {"a leaf came", {.twin = "machine", .path = "reported/a"}, "machine", "{}", "{\"reported\":{\"a\":1}}", true},
    {"a leaf went", {.twin = "machine", .path = "reported/a"}, "machine", "{\"reported\":{\"a\":1}}", "{}", true},
    {"a twin came", {.twin = "machine", .path = "reported"}, "machine", "null", "{\"reported\":{\"a\":1}}", true},
    {"nothing changed",
     {.twin = "machine", .path = ""},
     "machine",
     "{\"reported\":{\"a\":1}}",
     "{\"reported\":{\"a\":1.0}}",
     false},
    {"anything changed, without a path",
     {.twin = "machine", .path = ""},
     "machine",
     "{}",
     "{\"desired\":{\"a\":1}}",
     true},
    {"another thing", {.twin = "machine", .path = ""}, "stranger", "{}", "{\"desired\":{\"a\":1}}", false},
    {"a pattern", {.twin = "m*e", .path = ""}, "machine", "{}", "{\"desired\":{\"a\":1}}", true},
    {"a pattern does not match what the function owns",
     {.twin = "*", .path = ""},
     "own",
     "{}",
     "{\"desired\":{\"a\":1}}",
     false},
    {"its name does", {.twin = "own", .path = "desired"}, "own", "{}", "{\"desired\":{\"a\":1}}", true},
};

static struct change *make_change(const char *thing, const char *previous, const char *current, unsigned version) {
    char subject[256], document[1024];
    snprintf(subject, sizeof subject, "$aws.things.%s.shadow.update.documents", thing);
    snprintf(document, sizeof document,
             "{\"previous\":{\"state\":%s},\"current\":{\"state\":%s,\"version\":%u},\"timestamp\":5,\"clientToken\":"
             "\"c:%u\"}",
             previous, current, version, version);
    struct change *change = NULL;
    assert_int_equal(change_read(text_of(subject), text_of(document), &change, NULL), ERROR_NONE);
    return change;
}

static void check_trigger(void **state) {
    const struct trigger_case *c = *state;
    struct change_filter filter = {&c->trigger, 1, states, 1};
    struct change *change = make_change(c->thing, c->previous, c->current, 1);
    assert_int_equal(change_concerns(change, NULL, &filter), c->concerns);
    change_unref(change);
}

/// The twin service was restarted and had not kept "2".
static void what_was_told_counts_and_not_what_was_kept(void **state) {
    (void)state;
    const struct function_trigger trigger = {.twin = "machine", .path = "reported/a"};
    struct change_filter filter = {&trigger, 1, NULL, 0};
    struct change *told = make_change("machine", "{\"reported\":{\"a\":1}}", "{\"reported\":{\"a\":2}}", 2);
    struct change *again = make_change("machine", "{\"reported\":{\"a\":1}}", "{\"reported\":{\"a\":1}}", 1003);
    assert_false(change_concerns(again, NULL, &filter));
    assert_true(change_concerns(again, told->current, &filter));
    assert_false(change_concerns(told, told->current, &filter));
    change_unref(told);
    change_unref(again);
}

static void what_is_no_documents_message_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *subject, *data;
    } bad[] = {
        {"$aws.things.a.b.shadow.update.documents", "{\"current\":{\"state\":{}}}"},
        {"$aws.things..shadow.update.documents", "{\"current\":{\"state\":{}}}"},
        {"$aws.things.a.shadow.name.n.update.documents", "{\"current\":{\"state\":{}}}"},
        {"$aws.things.a.shadow.update.documents", "oops"},
        {"$aws.things.a.shadow.update.documents", "{\"current\":{\"state\":null}}"},
        {"$aws.things.a.shadow.update.documents", "[]"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct change *change = NULL;
        assert_int_equal(change_read(text_of(bad[i].subject), text_of(bad[i].data), &change, NULL), ERROR_INVALID);
        assert_null(change);
    }
}

// --- the queue ---

static void add(struct queue *queue, const char *thing, unsigned version) {
    struct change *change = make_change(thing, "{}", "{\"reported\":{}}", version);
    assert_int_equal(queue_add(queue, change), ERROR_NONE);
    change_unref(change);
}

static void takes(struct queue *queue, const char *thing, unsigned oldest, unsigned newest) {
    struct pending *pending = queue_take(queue, NULL, NULL);
    assert_non_null(pending);
    assert_string_equal(pending->newest->thing, thing);
    assert_int_equal(pending->oldest->version, oldest);
    assert_int_equal(pending->newest->version, newest);
    pending_free(pending);
}

static void things_wait_in_the_order_in_which_they_came(void **state) {
    (void)state;
    struct queue queue = {0};
    add(&queue, "a", 1);
    add(&queue, "b", 1);
    add(&queue, "a", 2);
    add(&queue, "a", 3);
    assert_int_equal(queue.length, 2);
    assert_int_equal(queue.joined, 2);
    takes(&queue, "a", 1, 3);
    takes(&queue, "b", 1, 1);
    assert_null(queue_take(&queue, NULL, NULL));
    queue_clear(&queue);
}

static void what_is_put_back_comes_first_and_takes_in_what_came_later(void **state) {
    (void)state;
    struct queue queue = {0};
    add(&queue, "a", 1);
    struct pending *pending = queue_take(&queue, NULL, NULL);
    add(&queue, "b", 1);
    add(&queue, "a", 2);
    add(&queue, "c", 1);
    assert_int_equal(queue_put_back(&queue, pending), ERROR_NONE);
    assert_int_equal(queue.length, 3);
    takes(&queue, "a", 1, 2);
    takes(&queue, "b", 1, 1);
    add(&queue, "c", 2);
    takes(&queue, "c", 1, 2);
    queue_clear(&queue);
}

// --- rights ---

struct right_case {
    const char *name;
    enum dataplane_operation operation;
    const char *thing, *body;
    enum error error;
};

static const struct right_case right_cases[] = {
    {"reading is allowed everywhere", DATAPLANE_GET, "stranger", "", ERROR_NONE},
    {"listing is allowed everywhere", DATAPLANE_LIST, "stranger", "", ERROR_NONE},
    {"a wish at a thing of commands", DATAPLANE_UPDATE, "machine", "{\"state\":{\"desired\":{\"a\":1}}}", ERROR_NONE},
    {"a wish elsewhere", DATAPLANE_UPDATE, "stranger", "{\"state\":{\"desired\":{\"a\":1}}}", ERROR_FORBIDDEN},
    {"reporting for a thing of commands", DATAPLANE_UPDATE, "machine", "{\"state\":{\"reported\":{\"a\":1}}}",
     ERROR_FORBIDDEN},
    {"a wish and a report at a thing of commands", DATAPLANE_UPDATE, "machine",
     "{\"state\":{\"desired\":{\"a\":1},\"reported\":{\"a\":1}}}", ERROR_FORBIDDEN},
    {"emptying a thing of commands", DATAPLANE_UPDATE, "machine", "{\"state\":null}", ERROR_FORBIDDEN},
    {"an update without a state", DATAPLANE_UPDATE, "machine", "{}", ERROR_FORBIDDEN},
    {"an update that is no JSON", DATAPLANE_UPDATE, "machine", "{", ERROR_INVALID},
    {"deleting a thing of commands", DATAPLANE_DELETE, "machine", "", ERROR_FORBIDDEN},
    {"reporting for its own thing", DATAPLANE_UPDATE, "own", "{\"state\":{\"reported\":{\"a\":1}}}", ERROR_NONE},
    {"deleting its own thing", DATAPLANE_DELETE, "own", "", ERROR_NONE},
};

static void check_right(void **state) {
    const struct right_case *c = *state;
    struct function_manifest manifest = {
        .name = "test", .commands = commands, .command_count = 1, .state = states, .state_count = 1};
    struct problem problem = {0};
    assert_int_equal(rights_check(&manifest, c->operation, text_of(c->thing), text_of(c->body), &problem), c->error);
    if (c->error == ERROR_FORBIDDEN) assert_non_null(strstr(problem.text, c->thing));
}

// --- the log ---

static size_t file_bytes(const char *folder, const char *name) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    CLEANUP(buffer_clear) struct buffer content = {0};
    return file_read(path, 65536, &content, NULL) ? 0 : content.length;
}

static void the_log_is_bounded_and_one_old_file_is_kept(void **state) {
    (void)state;
    CLEANUP(free_at) char *folder = testing_folder();
    struct worker_log log;
    assert_int_equal(worker_log_open(&log, folder, 1000, NULL), ERROR_NONE);
    struct worker_output output = {.log = &log, .version = "1", .request_id = "id"};
    char line[101];
    memset(line, 'x', 99);
    line[99] = '\n';
    for (int i = 0; i < 55; i++) {
        line[0] = (char)('A' + i);
        worker_output_write(&output, (struct text){line, 100}, 1);
    }
    assert_in_range(file_bytes(folder, "log"), 100, 1000);
    assert_in_range(file_bytes(folder, "log.1"), 500, 1000);
    assert_int_equal(output.last[0], 'A' + 54);
    worker_log_close(&log);
    assert_int_equal(worker_log_open(&log, folder, 1000, NULL), ERROR_NONE); // goes on where it was
    assert_int_equal(log.bytes, file_bytes(folder, "log"));
    worker_log_close(&log);
    testing_remove(folder);
}

int main(void) {
    worker_main_if_started_by_the_service();
    enum {
        TRIGGERS = sizeof trigger_cases / sizeof trigger_cases[0],
        RIGHTS = sizeof right_cases / sizeof right_cases[0]
    };
    struct CMUnitTest tests[TRIGGERS + RIGHTS + 5] = {
        cmocka_unit_test(what_was_told_counts_and_not_what_was_kept),
        cmocka_unit_test(what_is_no_documents_message_is_refused),
        cmocka_unit_test(things_wait_in_the_order_in_which_they_came),
        cmocka_unit_test(what_is_put_back_comes_first_and_takes_in_what_came_later),
        {"[function-1.6] the log is bounded and one old file is kept", the_log_is_bounded_and_one_old_file_is_kept,
         NULL, NULL, NULL},
    };
    for (size_t i = 0; i < TRIGGERS; i++)
        tests[5 + i] = (struct CMUnitTest){trigger_cases[i].name, check_trigger, NULL, NULL, (void *)&trigger_cases[i]};
    for (size_t i = 0; i < RIGHTS; i++)
        tests[5 + TRIGGERS + i] =
            (struct CMUnitTest){right_cases[i].name, check_right, NULL, NULL, (void *)&right_cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
