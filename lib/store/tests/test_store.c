#include <base/file.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <store/store.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    char *path;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->folder = testing_folder();
    fixture->path = testing_path(fixture->folder, "twins.db");
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    testing_remove(fixture->folder);
    free(fixture->folder);
    free(fixture->path);
    free(fixture);
    return 0;
}

static void take_all(struct store *store) {
    for (unsigned i = 0; i < STORE_PARTITIONS; i++) {
        bool taken = false;
        if (store_take(store, i, &taken, NULL) != ERROR_NONE || !taken) abort(); // also in children
    }
}

static struct store *open_good(const char *path) {
    struct store *store = NULL;
    struct problem problem = {0};
    if (store_open(path, &store, &problem) != ERROR_NONE) fail_msg("%s", problem.text);
    take_all(store);
    return store;
}

static void assert_refused(const char *path, enum error error, const char *says) {
    struct store *store = NULL;
    struct problem problem = {0};
    assert_int_equal(store_open(path, &store, &problem), error);
    assert_null(store);
    if (strstr(problem.text, path) == NULL) fail_msg("'%s' does not name %s", problem.text, path);
    if (strstr(problem.text, says) == NULL) fail_msg("'%s' does not say '%s'", problem.text, says);
}

static enum error write_one(struct store *store, const char *thing, uint64_t version, struct text document,
                            struct problem *ret_problem) {
    struct store_row row = {.thing = text_of(thing),
                            .shadow = TEXT("s"),
                            .version = version,
                            .ceiling = version + 100,
                            .document = document};
    enum error error = store_begin(store, ret_problem);
    if (!error) error = store_put(store, &row, ret_problem);
    if (!error) error = store_commit(store, ret_problem);
    return error;
}

static void write_good(struct store *store, const char *thing, uint64_t version, const char *document) {
    struct problem problem = {0};
    if (write_one(store, thing, version, text_of(document), &problem) != ERROR_NONE) fail_msg("%s", problem.text);
}

/// All rows as one text: "thing~shadow@version/ceiling=document;".
static enum error print_row(void *context, const struct store_row *row, struct problem *ret_problem) {
    (void)ret_problem;
    buffer_print(context, "%.*s~%.*s@%llu/%llu=%.*s;", TEXT_ARG(row->thing), TEXT_ARG(row->shadow),
                 (unsigned long long)row->version, (unsigned long long)row->ceiling, TEXT_ARG(row->document));
    return ERROR_NONE;
}

static void assert_rows(struct store *store, const char *expected) {
    CLEANUP(buffer_clear) struct buffer rows = {0};
    struct problem problem = {0};
    if (store_load(store, STORE_ALL, print_row, &rows, &problem) != ERROR_NONE) fail_msg("%s", problem.text);
    assert_string_equal(rows.data == NULL ? "" : rows.data, expected);
}

static void patch_file(const char *path, long offset, const void *bytes, size_t count) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, count, offset), count);
    close(fd);
}

static void read_file(const char *path, struct buffer *out) {
    buffer_reset(out);
    assert_int_equal(file_read(path, 1 << 24, out, NULL), ERROR_NONE);
}

/* ---- Keeping ---- */

static void rows_are_there_after_closing_and_opening(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    assert_rows(store, "");
    write_good(store, "b", 1, "{}");
    write_good(store, "a", 7, "{\"\xC3\xA4\":1}");
    write_good(store, "b", 2, "{\"x\":2}");
    write_good(store, "c", 9, "");
    store_close(store);
    store = open_good(fixture->path);
    assert_rows(store, "a~s@7/107={\"\xC3\xA4\":1};b~s@2/102={\"x\":2};c~s@9/109=;");
    store_close(store);
}

static void what_was_not_committed_is_not_there(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    struct store_row row = {.thing = TEXT("b"), .version = 1, .ceiling = 1, .document = TEXT("{}")};
    assert_int_equal(store_begin(store, NULL), ERROR_NONE);
    assert_int_equal(store_put(store, &row, NULL), ERROR_NONE);
    store_close(store);
    store = open_good(fixture->path);
    assert_rows(store, "a~s@1/101={};");
    store_close(store);
}

static void files_are_for_their_owner_only(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    struct stat stat_database, stat_log;
    char log[4096];
    snprintf(log, sizeof log, "%s-wal", fixture->path);
    assert_int_equal(stat(fixture->path, &stat_database), 0);
    assert_int_equal(stat(log, &stat_log), 0);
    assert_int_equal(stat_database.st_mode & 0777, 0600);
    assert_int_equal(stat_log.st_mode & 0777, 0600);
    store_close(store);
}

static enum error refuse_row(void *context, const struct store_row *row, struct problem *ret_problem) {
    (*(int *)context)++;
    return problem_say(ret_problem, ERROR_INVALID, "%.*s: bad", TEXT_ARG(row->thing));
}

static void a_walk_ends_with_the_error_of_its_caller(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    write_good(store, "b", 1, "{}");
    int rows = 0;
    struct problem problem = {0};
    assert_int_equal(store_load(store, STORE_ALL, refuse_row, &rows, &problem), ERROR_INVALID);
    assert_int_equal(rows, 1);
    assert_string_equal(problem.text, "a: bad");
    assert_rows(store, "a~s@1/101={};b~s@1/101={};"); // and the next one begins anew
    store_close(store);
}

/* ---- Refusing ---- */

/// "a" is of one partition and "b" of another.
static void what_one_has_taken_nobody_else_can(void **state) {
    struct fixture *fixture = *state;
    unsigned a = store_partition(TEXT("a")), b = store_partition(TEXT("b"));
    assert_int_not_equal(a, b);
    struct store *first = NULL, *second = NULL;
    assert_int_equal(store_open(fixture->path, &first, NULL), ERROR_NONE);
    assert_int_equal(store_open(fixture->path, &second, NULL), ERROR_NONE);
    bool taken = false;
    assert_int_equal(store_take(first, a, &taken, NULL), ERROR_NONE);
    assert_true(taken);
    assert_int_equal(store_take(second, a, &taken, NULL), ERROR_NONE);
    assert_false(taken);
    assert_int_equal(store_take(second, b, &taken, NULL), ERROR_NONE);
    assert_true(taken);
    assert_int_equal(store_owned(second), 1u << b);

    struct problem problem = {0};
    write_good(first, "a", 1, "{}");
    write_good(second, "b", 1, "{}");
    assert_int_equal(write_one(second, "a", 2, TEXT("{}"), &problem), ERROR_CONFLICT);
    assert_string_equal(problem.text, "another process keeps the shadows of a now");
    assert_rows(second, "a~s@1/101={};b~s@1/101={};"); // everybody may read

    store_give(first, a);
    assert_int_equal(store_take(second, a, &taken, NULL), ERROR_NONE);
    assert_true(taken);
    store_close(second); // gives all
    assert_int_equal(store_take(first, b, &taken, NULL), ERROR_NONE);
    assert_true(taken);
    store_close(first);
}

static void rows_of_a_partition_are_loaded_alone(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    write_good(store, "b", 1, "{}");
    CLEANUP(buffer_clear) struct buffer rows = {0};
    assert_int_equal(store_load(store, 1u << store_partition(TEXT("b")), print_row, &rows, NULL), ERROR_NONE);
    assert_string_equal(rows.data, "b~s@1/101={};");
    store_close(store);
}

/// It is in the stores.
static void a_thing_is_in_the_same_partition_for_ever(void **state) {
    (void)state;
    assert_int_equal(store_partition(TEXT("mps_conveyor")), 15);
    assert_int_equal(store_partition(TEXT("")), 2166136261u % STORE_PARTITIONS);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
    for (int i = 0; i < 500; i++) buffer_string(&before, "this is no database\n");
    assert_int_equal(file_write(fixture->path, buffer_view(&before), 0600, NULL), ERROR_NONE);
    assert_refused(fixture->path, ERROR_INVALID, "not a database");
    read_file(fixture->path, &after);
    assert_true(text_equal(buffer_view(&before), buffer_view(&after)));
}

static void make_some_rows(const char *path) {
    struct store *store = open_good(path);
    char name[24];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "thing%d", i);
        write_good(store, name, 1, "{\"state\":{\"reported\":{\"text\":\"some text that fills the pages\"}}}");
    }
    store_close(store);
}

static void a_damaged_file_is_refused_and_left_alone(void **state) {
    struct fixture *fixture = *state;
    make_some_rows(fixture->path);
    struct stat status;
    assert_int_equal(stat(fixture->path, &status), 0);
    char noise[4096];
    memset(noise, 0xA5, sizeof noise);
    patch_file(fixture->path, status.st_size / 2 / 4096 * 4096, noise, sizeof noise);
    CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
    read_file(fixture->path, &before);
    assert_refused(fixture->path, ERROR_INVALID, "damaged");
    read_file(fixture->path, &after);
    assert_true(text_equal(buffer_view(&before), buffer_view(&after)));
}

static void a_file_cut_short_is_refused(void **state) {
    struct fixture *fixture = *state;
    make_some_rows(fixture->path);
    assert_int_equal(truncate(fixture->path, 3 * 4096), 0);
    assert_refused(fixture->path, ERROR_INVALID, "damaged");
}

/// Numbers in the header of a database file.
enum { HEADER_WRITE_VERSION = 18, HEADER_USER_VERSION = 60, HEADER_APPLICATION_ID = 68 };

static void a_database_of_another_program_is_refused_and_left_alone(void **state) {
    struct fixture *fixture = *state;
    make_some_rows(fixture->path);
    patch_file(fixture->path, HEADER_APPLICATION_ID, "mail", 4);
    patch_file(fixture->path, HEADER_WRITE_VERSION, "\1\1", 2); // its journal is of the other kind
    CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
    read_file(fixture->path, &before);
    assert_refused(fixture->path, ERROR_INVALID, "another program");
    read_file(fixture->path, &after);
    assert_true(text_equal(buffer_view(&before), buffer_view(&after)));
}

static void a_newer_format_is_refused(void **state) {
    struct fixture *fixture = *state;
    make_some_rows(fixture->path);
    patch_file(fixture->path, HEADER_USER_VERSION, "\0\0\0\2", 4);
    assert_refused(fixture->path, ERROR_INVALID, "has format 2, this program knows format 1");
}

static void a_missing_folder_is_named(void **state) {
    struct fixture *fixture = *state;
    char *path = testing_path(fixture->folder, "none/twins.db");
    assert_refused(path, ERROR_NOT_FOUND, "No such file or directory");
    free(path);
}

/* ---- Not writable ---- */

static void what_can_only_be_read_is_read_and_not_changed(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    store_close(store);
    patch_file(fixture->path, HEADER_WRITE_VERSION, "\3", 1); // a format that may be read but not written
    store = open_good(fixture->path);
    assert_rows(store, "a~s@1/101={};");
    struct problem problem = {0};
    assert_int_equal(write_one(store, "b", 1, TEXT("{}"), &problem), ERROR_IO);
    assert_non_null(strstr(problem.text, "only readable"));
    assert_non_null(strstr(problem.text, fixture->path));
    assert_rows(store, "a~s@1/101={};");
    enum error error = store_begin(store, NULL);
    if (!error) error = store_touch(store, NULL);
    assert_int_equal(error, ERROR_IO);
    store_close(store);
}

static void writing_can_be_tried_without_a_row(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    assert_int_equal(store_begin(store, NULL), ERROR_NONE);
    assert_int_equal(store_touch(store, NULL), ERROR_NONE);
    assert_int_equal(store_commit(store, NULL), ERROR_NONE);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum error error = store_begin(store, NULL);
    if (!error) error = store_touch(store, NULL);
    if (!error) error = store_commit(store, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, ERROR_IO);
    assert_rows(store, "a~s@1/101={};");
    store_close(store);
}

static void a_file_that_was_moved_away_is_not_written(void **state) {
    const char *path = ((struct fixture *)*state)->path;
    CLEANUP(store_close_at) struct store *store = open_good(path);
    write_good(store, "a", 1, "{}");
    CLEANUP(buffer_clear) struct buffer aside = {0};
    buffer_print(&aside, "%s.aside", path);
    assert_int_equal(rename(path, aside.data), 0);
    struct problem problem = {0};
    assert_int_equal(store_begin(store, &problem), ERROR_IO);
    assert_non_null(strstr(problem.text, path));
    assert_non_null(strstr(problem.text, "put it back"));
    assert_int_equal(rename(aside.data, path), 0);
    write_good(store, "a", 2, "{}");
}

static void a_begin_drops_what_was_left_open(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    struct store_row row = {.thing = TEXT("b"), .version = 1, .ceiling = 1, .document = TEXT("{}")};
    assert_int_equal(store_begin(store, NULL), ERROR_NONE);
    assert_int_equal(store_put(store, &row, NULL), ERROR_NONE);
    write_good(store, "a", 1, "{}");
    assert_rows(store, "a~s@1/101={};");
    store_close(store);
}

/// In a process of its own, because a superuser has to become somebody else for it.
static int read_as_nobody(const char *path) {
    if (geteuid() == 0 && seteuid(65534) != 0) return 1;
    struct store *store = NULL;
    struct problem problem = {0};
    if (store_open(path, &store, &problem) != ERROR_NONE) return fprintf(stderr, "%s\n", problem.text), 2;
    take_all(store);
    CLEANUP(buffer_clear) struct buffer rows = {0};
    if (store_load(store, STORE_ALL, print_row, &rows, &problem) != ERROR_NONE) return 3;
    if (!text_is(buffer_view(&rows), "a~s@1/101={};")) return 4;
    if (write_one(store, "b", 1, TEXT("{}"), &problem) != ERROR_IO) return 5;
    if (strstr(problem.text, "check owner and mode") == NULL) return fprintf(stderr, "%s\n", problem.text), 6;
    store_close(store);
    return 0;
}

static int wait_for(pid_t child) {
    int status = -1;
    while (waitpid(child, &status, 0) < 0) {}
    return status;
}

static void a_folder_without_write_permission_is_read(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    store_close(store);
    assert_int_equal(chmod(fixture->path, 0444), 0);
    assert_int_equal(chmod(fixture->folder, 0555), 0);
    pid_t child = fork();
    if (child == 0) _exit(read_as_nobody(fixture->path));
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(chmod(fixture->folder, 0755), 0);
}

static void a_disk_that_takes_no_more_fails_the_transaction_only(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    write_good(store, "a", 1, "{}");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 64 * 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

    CLEANUP(buffer_clear) struct buffer large = {0};
    for (int i = 0; i < 200 * 1024; i++) buffer_byte(&large, 'x');
    struct problem problem = {0};
    assert_int_equal(write_one(store, "b", 1, buffer_view(&large), &problem), ERROR_IO);
    assert_non_null(strstr(problem.text, fixture->path));
    assert_rows(store, "a~s@1/101={};");

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    write_good(store, "c", 1, "{}");
    store_close(store);
    store = open_good(fixture->path);
    assert_rows(store, "a~s@1/101={};c~s@1/101={};");
    store_close(store);
}

static void a_document_past_every_limit_fails_the_transaction(void **state) {
    struct fixture *fixture = *state;
    struct store *store = open_good(fixture->path);
    CLEANUP(buffer_clear) struct buffer large = {0};
    for (int i = 0; i < 2 * 1024 * 1024; i++) buffer_byte(&large, 'x');
    assert_int_equal(write_one(store, "a", 1, buffer_view(&large), NULL), ERROR_IO);
    write_good(store, "b", 1, "{}");
    assert_rows(store, "b~s@1/101={};");
    store_close(store);
}

/* ---- Killed ---- */

/// Writes row after row and tells each version once it is committed.
static void write_until_killed(const char *path, int told) {
    struct store *store = NULL;
    if (store_open(path, &store, NULL) != ERROR_NONE) _exit(1);
    take_all(store);
    uint64_t version = 0;
    if (store_load(store, STORE_ALL, print_row, &(struct buffer){0}, NULL) != ERROR_NONE) _exit(2);
    for (;;) {
        version++;
        if (write_one(store, "a", version, TEXT("{\"x\":1}"), NULL) != ERROR_NONE) _exit(3);
        if (write(told, &version, sizeof version) != (ssize_t)sizeof version) _exit(4);
    }
}

static enum error keep_version(void *context, const struct store_row *row, struct problem *ret_problem) {
    (void)ret_problem;
    *(uint64_t *)context = row->version;
    return ERROR_NONE;
}

static void a_commit_that_was_told_survives_a_kill(void **state) {
    struct fixture *fixture = *state;
    for (uint64_t round = 0; round < 20; round++) {
        int told[2];
        assert_int_equal(pipe2(told, O_CLOEXEC), 0);
        pid_t child = fork();
        if (child == 0) write_until_killed(fixture->path, told[1]);
        close(told[1]);
        uint64_t version = 0, kept = 0;
        while (version < round * 7 + 1 && read(told[0], &version, sizeof version) == (ssize_t)sizeof version) {}
        kill(child, SIGKILL);
        assert_true(WIFSIGNALED(wait_for(child)));
        while (read(told[0], &version, sizeof version) == (ssize_t)sizeof version) {}
        close(told[0]);
        struct store *store = open_good(fixture->path);
        assert_int_equal(store_load(store, STORE_ALL, keep_version, &kept, NULL), ERROR_NONE);
        assert_true(kept == version || kept == version + 1); // the last one may not have been told any more
        store_close(store);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_there_after_closing_and_opening, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_committed_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_for_their_owner_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_walk_ends_with_the_error_of_its_caller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_one_has_taken_nobody_else_can, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_of_a_partition_are_loaded_alone, set_up, tear_down),
        cmocka_unit_test(a_thing_is_in_the_same_partition_for_ever),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_database_is_refused_and_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_refused_and_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_short_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_of_another_program_is_refused_and_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newer_format_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_can_only_be_read_is_read_and_not_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writing_can_be_tried_without_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_moved_away_is_not_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_begin_drops_what_was_left_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_without_write_permission_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_takes_no_more_fails_the_transaction_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_document_past_every_limit_fails_the_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_commit_that_was_told_survives_a_kill, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
