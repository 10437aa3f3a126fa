// The same promises with a real PostgreSQL server: what is committed stays, what is taken is nobody else's, and a
// server that goes away costs the partitions and nothing that was told.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <store/store.h>
#include <string.h>
#include <testing/testing.h>

#include <base/buffer.h>
#include <cmocka.h>

static int start_server(void **state) {
    *state = testing_postgres_start();
    return 0;
}

static int stop_server(void **state) {
    testing_postgres_destroy(*state);
    return 0;
}

static struct store *open_good(const char *uri) {
    struct store *store = NULL;
    struct problem problem = {0};
    if (store_open(uri, &store, &problem) != ERROR_NONE) fail_msg("%s", problem.text);
    return store;
}

static unsigned take_what_is_free(struct store *store) {
    unsigned count = 0;
    for (unsigned i = 0; i < STORE_PARTITIONS; i++) {
        bool taken = false;
        struct problem problem = {0};
        if (store_take(store, i, &taken, &problem) != ERROR_NONE) fail_msg("%s", problem.text);
        count += taken;
    }
    return count;
}

/// The server notices the end of a session before in its own time.
static void take_all(struct store *store) {
    for (int tries = 0; store_owned(store) != STORE_ALL && tries < 100000; tries++) take_what_is_free(store);
    assert_int_equal(store_owned(store), STORE_ALL);
}

static enum error write_rows(struct store *store, const char *prefix, unsigned count, uint64_t version,
                             struct problem *ret_problem) {
    enum error error = store_begin(store, ret_problem);
    for (unsigned i = 0; i < count && !error; i++) {
        char thing[32];
        snprintf(thing, sizeof thing, "%s%u", prefix, i);
        struct store_row row = {.thing = text_of(thing),
                                .version = version,
                                .ceiling = version + 10,
                                .document = i % 7 == 3 ? TEXT_EMPTY : TEXT("{\"\xC3\xA4'\\\"\":[1]}")};
        error = store_put(store, &row, ret_problem);
    }
    return error ? error : store_commit(store, ret_problem);
}

static void write_good(struct store *store, const char *prefix, unsigned count, uint64_t version) {
    struct problem problem = {0};
    if (write_rows(store, prefix, count, version, &problem) != ERROR_NONE) fail_msg("%s", problem.text);
}

static enum error count_row(void *context, const struct store_row *row, struct problem *ret_problem) {
    (void)ret_problem;
    char key[32];
    snprintf(key, sizeof key, "%.1s@%llu/%llu", row->thing.data, (unsigned long long)row->version,
             (unsigned long long)row->ceiling);
    unsigned *counts = context;
    counts[0]++;
    counts[1] += row->document.length == 0;
    counts[2] += strcmp(key, "p@5/15") == 0;
    counts[3] += row->shadow.length == 0 &&
                 (row->document.length == 0 || text_equal(row->document, TEXT("{\"\xC3\xA4'\\\"\":[1]}")));
    return ERROR_NONE;
}

/// More than are fetched or answered at a time.
static void rows_are_there_in_another_session(void **state) {
    const struct testing_postgres *postgres = *state;
    enum { ROWS = 2500 };
    struct store *store = open_good(postgres->uri);
    assert_int_equal(take_what_is_free(store), STORE_PARTITIONS);
    write_good(store, "p", ROWS, 4);
    write_good(store, "p", ROWS, 5);
    store_close(store);
    store = open_good(postgres->uri);
    unsigned counts[4] = {0};
    assert_int_equal(store_load(store, STORE_ALL, count_row, counts, NULL), ERROR_NONE);
    assert_int_equal(counts[0], ROWS);
    assert_int_equal(counts[1], (ROWS + 3) / 7);
    assert_int_equal(counts[2], ROWS);
    assert_int_equal(counts[3], ROWS);
    store_close(store);
}

static void what_is_taken_is_nobody_elses_until_its_session_ends(void **state) {
    const struct testing_postgres *postgres = *state;
    struct store *first = open_good(postgres->uri), *second = open_good(postgres->uri);
    assert_int_equal(take_what_is_free(first), STORE_PARTITIONS);
    assert_int_equal(take_what_is_free(second), 0);
    struct problem problem = {0};
    assert_int_equal(write_rows(second, "q", 1, 1, &problem), ERROR_CONFLICT);
    write_good(second, "q", 0, 1); // and the session is as before
    store_give(first, store_partition(TEXT("q0")));
    assert_int_equal(take_what_is_free(second), 1);
    write_good(second, "q", 1, 1);
    store_close(first);
    take_all(second);
    store_close(second);
}

static void what_was_not_committed_is_not_there(void **state) {
    const struct testing_postgres *postgres = *state;
    struct store *store = open_good(postgres->uri);
    take_all(store);
    struct store_row row = {.thing = TEXT("r"), .version = 1, .ceiling = 1, .document = TEXT("{}")};
    unsigned before[4] = {0}, after[4] = {0};
    assert_int_equal(store_load(store, STORE_ALL, count_row, before, NULL), ERROR_NONE);
    assert_int_equal(store_begin(store, NULL), ERROR_NONE);
    assert_int_equal(store_put(store, &row, NULL), ERROR_NONE);
    write_good(store, "p", 1, 5); // drops it
    row.version = UINT64_MAX;     // no bigint
    struct problem problem = {0};
    enum error error = store_begin(store, &problem);
    if (!error) error = store_put(store, &row, &problem);
    if (!error) error = store_commit(store, &problem);
    assert_int_equal(error, ERROR_IO);
    assert_non_null(strstr(problem.text, "out of range"));
    assert_int_equal(store_load(store, STORE_ALL, count_row, after, NULL), ERROR_NONE);
    assert_int_equal(after[0], before[0]);
    store_close(store);
}

static void a_server_that_crashes_costs_the_partitions_and_nothing_committed(void **state) {
    struct testing_postgres *postgres = *state;
    struct store *store = open_good(postgres->uri);
    take_all(store);
    write_good(store, "s", 300, 9);
    testing_postgres_kill(postgres);
    struct problem problem = {0};
    assert_int_equal(write_rows(store, "s", 300, 10, &problem), ERROR_IO);
    assert_non_null(strstr(problem.text, "PostgreSQL"));
    assert_int_equal(store_owned(store), 0);
    assert_int_equal(write_rows(store, "s", 1, 10, &problem), ERROR_IO); // still away
    testing_postgres_again(postgres);
    assert_int_equal(write_rows(store, "s", 1, 10, &problem), ERROR_CONFLICT); // it is nobody's now
    assert_int_equal(take_what_is_free(store), STORE_PARTITIONS);
    unsigned counts[4] = {0};
    assert_int_equal(store_load(store, STORE_ALL, count_row, counts, NULL), ERROR_NONE);
    assert_true(counts[0] >= 300);
    write_good(store, "s", 300, 10);
    store_close(store);
}

static void a_server_that_is_not_there_is_named(void **state) {
    (void)state;
    struct store *store = NULL;
    struct problem problem = {0};
    assert_int_equal(store_open("postgresql://splc:secret@%2Fnowhere/plant", &store, &problem), ERROR_UNAVAILABLE);
    assert_null(store);
    assert_non_null(strstr(problem.text, "PostgreSQL /nowhere:5432/plant"));
    assert_null(strstr(problem.text, "secret"));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_there_in_another_session),
        cmocka_unit_test(what_is_taken_is_nobody_elses_until_its_session_ends),
        cmocka_unit_test(what_was_not_committed_is_not_there),
        cmocka_unit_test(a_server_that_crashes_costs_the_partitions_and_nothing_committed),
        cmocka_unit_test(a_server_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
