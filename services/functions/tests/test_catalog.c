// What is deployed: versions that never change, aliases that move at once, and a file that a kill cannot break.
#include "../src/catalog.h"

#include <base/file.h>
#include <testing/testing.h>
#include <zip/zip.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    struct catalog *catalog;
    unsigned changes;
};

static void note_change(void *context, const char *function) {
    struct fixture *f = context;
    assert_string_equal(function, "jam");
    f->changes++;
}

static void open_catalog(struct fixture *f) {
    const struct catalog_options options = {f->folder, note_change, f};
    struct problem problem = {""};
    enum error error = catalog_open(&options, &f->catalog, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, ERROR_NONE);
}

static void again(struct fixture *f) {
    catalog_close(f->catalog);
    open_catalog(f);
}

static int setup(void **state) {
    struct fixture *f = *state = calloc(1, sizeof *f);
    f->folder = testing_folder();
    open_catalog(f);
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    catalog_close(f->catalog);
    testing_remove(f->folder);
    free(f->folder);
    free(f);
    return 0;
}

/// A package that prints `word`, unpacked into the store.
static void make_package(struct fixture *f, const char *word, struct package *ret_package) {
    CLEANUP(buffer_clear) struct buffer archive = {0}, script = {0};
    buffer_print(&script, "#!/bin/sh\necho %s\n", word);
    const struct zip_entry entries[] = {
        {TEXT("bootstrap"), buffer_view(&script)},
        {TEXT("function.yaml"), TEXT("name: jam\nruntime: provided.al2023\nstate: [mps_jam]\ntimeout: 7\n")}};
    static const unsigned permissions[] = {0755, 0644};
    assert_int_equal(zip_write_with(entries, permissions, 2, &archive, NULL), ERROR_NONE);
    static const struct package_use use = {"jam", "provided.al2023", NULL};
    assert_int_equal(package_check(buffer_view(&archive), &use, ret_package, NULL), ERROR_NONE);
    assert_int_equal(package_unpack(buffer_view(&archive), ret_package, catalog_store(f->catalog), NULL), ERROR_NONE);
}

static const struct catalog_settings settings = {.runtime = "provided.al2023"};

static void create(struct fixture *f, const char *word) {
    CLEANUP(package_clear) struct package package = {0};
    make_package(f, word, &package);
    assert_int_equal(catalog_create(f->catalog, "jam", &settings, &package, NULL), ERROR_NONE);
}

static void update(struct fixture *f, const char *word) {
    CLEANUP(package_clear) struct package package = {0};
    make_package(f, word, &package);
    assert_int_equal(catalog_update_code(f->catalog, "jam", TEXT_EMPTY, &package, NULL), ERROR_NONE);
}

static const struct catalog_version *publish(struct fixture *f) {
    const struct catalog_version *version = NULL;
    assert_int_equal(catalog_publish(f->catalog, "jam", TEXT_EMPTY, TEXT_EMPTY, NULL, &version, NULL), ERROR_NONE);
    return version;
}

static const struct catalog_function *jam(struct fixture *f) {
    return catalog_find(f->catalog, TEXT("jam"));
}

static enum error point(struct fixture *f, const char *version, const char *second, double share, bool new) {
    struct catalog_alias alias = {.name = "live", .share = share};
    snprintf(alias.version, sizeof alias.version, "%s", version);
    snprintf(alias.second, sizeof alias.second, "%s", second);
    return catalog_put_alias(f->catalog, "jam", &alias, new ? NULL : &TEXT_EMPTY, NULL);
}

// --- tests ---

static void a_function_is_kept_with_lambdas_defaults(void **state) {
    struct fixture *f = *state;
    create(f, "one");
    assert_int_equal(f->changes, 1);
    again(f);
    const struct catalog_version *latest = catalog_version(jam(f), TEXT("$LATEST"));
    assert_int_equal(latest->timeout_s, 3);
    assert_int_equal(latest->memory_mb, 128);
    assert_string_equal(latest->manifest->state[0], "mps_jam");
    CLEANUP(free_at) char *folder = testing_path(catalog_store(f->catalog), latest->folder);
    assert_true(file_exists(folder));
    CLEANUP(package_clear) struct package package = {0};
    make_package(f, "one", &package);
    assert_int_equal(catalog_create(f->catalog, "jam", &settings, &package, NULL), ERROR_EXISTS);
}

static void a_published_version_never_changes(void **state) {
    struct fixture *f = *state;
    create(f, "one");
    char sha256[PACKAGE_SHA256_BYTES];
    const struct catalog_version *first = publish(f);
    assert_string_equal(first->version, "1");
    memcpy(sha256, first->sha256, sizeof sha256);
    assert_string_equal(publish(f)->version, "1"); // nothing new
    update(f, "two");
    const char *const lines[] = {"A=1", "B=x=y", NULL};
    const struct catalog_settings other = {.timeout_s = 9, .environment = lines};
    assert_int_equal(catalog_update_settings(f->catalog, "jam", TEXT_EMPTY, &other, NULL), ERROR_NONE);
    assert_string_equal(publish(f)->version, "2");
    again(f);
    assert_string_equal(catalog_version(jam(f), TEXT("1"))->sha256, sha256);
    assert_int_equal(catalog_version(jam(f), TEXT("1"))->timeout_s, 3);
    assert_string_not_equal(catalog_version(jam(f), TEXT("2"))->sha256, sha256);
    assert_string_equal(catalog_version(jam(f), TEXT("2"))->environment[1], "B=x=y");
    assert_null(catalog_version(jam(f), TEXT("3")));
}

static void a_revision_that_is_old_is_refused(void **state) {
    struct fixture *f = *state;
    create(f, "one");
    char old[CATALOG_ID_BYTES];
    memcpy(old, jam(f)->versions[0].revision, sizeof old);
    update(f, "two");
    CLEANUP(package_clear) struct package package = {0};
    make_package(f, "three", &package);
    assert_int_equal(catalog_update_code(f->catalog, "jam", text_of(old), &package, NULL), ERROR_CONFLICT);
    const struct catalog_version *version;
    assert_int_equal(catalog_publish(f->catalog, "jam", TEXT_EMPTY, text_of(package.sha256), NULL, &version, NULL),
                     ERROR_CONFLICT);
}

static void an_alias_shares_between_two_versions(void **state) {
    struct fixture *f = *state;
    create(f, "one");
    assert_int_equal(point(f, "1", "", 0, true), ERROR_NOT_FOUND);
    publish(f);
    update(f, "two");
    publish(f);
    assert_int_equal(point(f, "1", "2", 0.1, true), ERROR_NONE);
    assert_int_equal(point(f, "1", "2", 0.1, true), ERROR_EXISTS);
    assert_int_equal(point(f, "1", "1", 0.1, false), ERROR_INVALID);
    assert_int_equal(point(f, "1", "2", 1.5, false), ERROR_INVALID);
    assert_int_equal(point(f, "$LATEST", "2", 0.5, false), ERROR_INVALID);
    again(f);
    assert_string_equal(catalog_resolve(jam(f), TEXT("live"), 0.05)->version, "2");
    assert_string_equal(catalog_resolve(jam(f), TEXT("live"), 0.1)->version, "1");
    assert_string_equal(catalog_resolve(jam(f), TEXT("2"), 0.9)->version, "2");
    assert_string_equal(catalog_resolve(jam(f), TEXT(""), 0.9)->version, "$LATEST");
    assert_null(catalog_resolve(jam(f), TEXT("canary"), 0.5));
    assert_int_equal(catalog_remove(f->catalog, "jam", TEXT("2"), NULL), ERROR_CONFLICT);
    assert_int_equal(point(f, "1", "", 0, false), ERROR_NONE);
    assert_string_equal(catalog_resolve(jam(f), TEXT("live"), 0)->version, "1");
    assert_int_equal(catalog_remove(f->catalog, "jam", TEXT("2"), NULL), ERROR_NONE);
    assert_int_equal(catalog_remove(f->catalog, "jam", TEXT("$LATEST"), NULL), ERROR_INVALID);
}

static void mappings_go_with_their_function(void **state) {
    struct fixture *f = *state;
    create(f, "one");
    struct catalog_mapping mapping = {
        .function = "jam", .source = "arn:aws:iot:local:000000000000:thing/mps_hmi", .condition = "", .enabled = true};
    assert_int_equal(catalog_put_mapping(f->catalog, &mapping, mapping.id, NULL), ERROR_NONE);
    mapping.enabled = false;
    assert_int_equal(catalog_put_mapping(f->catalog, &mapping, mapping.id, NULL), ERROR_NONE);
    assert_int_equal(catalog_mapping_count(f->catalog), 1);
    assert_int_equal(catalog_set_concurrency(f->catalog, "jam", 2, NULL), ERROR_NONE);
    assert_int_equal(catalog_set_url(f->catalog, "jam", true, NULL), ERROR_NONE);
    again(f);
    assert_true(jam(f)->url);
    assert_false(catalog_mapping(f->catalog, text_of(mapping.id))->enabled);
    assert_int_equal(jam(f)->concurrency, 2);
    assert_int_equal(catalog_remove(f->catalog, "jam", TEXT_EMPTY, NULL), ERROR_NONE);
    assert_int_equal(catalog_mapping_count(f->catalog), 0);
    assert_int_equal(catalog_count(f->catalog), 0);
    assert_int_equal(catalog_remove(f->catalog, "jam", TEXT_EMPTY, NULL), ERROR_NOT_FOUND);
}

static void packages_that_nothing_names_are_removed_at_the_start(void **state) {
    struct fixture *f = *state;
    create(f, "one");
    CLEANUP(free_at) char *old = testing_path(catalog_store(f->catalog), jam(f)->versions[0].folder);
    update(f, "two");
    assert_true(file_exists(old)); // a worker may still run it
    again(f);
    assert_false(file_exists(old));
    CLEANUP(free_at) char *kept = testing_path(catalog_store(f->catalog), jam(f)->versions[0].folder);
    assert_true(file_exists(kept));
}

static bool seed(struct fixture *f, const char *word) {
    CLEANUP(package_clear) struct package package = {0};
    make_package(f, word, &package);
    bool changed = false;
    struct problem problem = {""};
    assert_int_equal(catalog_seed(f->catalog, &package, &changed, &problem), ERROR_NONE);
    return changed;
}

static const char *live(struct fixture *f) {
    return catalog_alias(jam(f), TEXT("live"))->version;
}

static void the_plants_own_function_is_a_new_version_only_when_it_changed(void **state) {
    struct fixture *f = *state;
    assert_true(seed(f, "one"));
    assert_string_equal(live(f), "1");
    assert_int_equal(jam(f)->versions[0].timeout_s, 7); // of its function.yaml
    again(f);
    assert_false(seed(f, "one"));
    update(f, "two"); // deployed over it
    assert_string_equal(publish(f)->version, "2");
    assert_int_equal(point(f, "2", "", 0, false), ERROR_NONE);
    again(f);
    assert_false(seed(f, "one"));
    assert_string_equal(live(f), "2");
    assert_true(seed(f, "three"));
    assert_string_equal(live(f), "3");
}

static void a_damaged_file_is_told(void **state) {
    struct fixture *f = *state;
    CLEANUP(free_at) char *file = testing_path(f->folder, "catalog.json");
    assert_int_equal(file_write(file, TEXT("{\"form\":"), 0600, NULL), ERROR_NONE);
    const struct catalog_options options = {.folder = f->folder};
    struct catalog *catalog = NULL;
    struct problem problem = {""};
    assert_int_equal(catalog_open(&options, &catalog, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "the catalogue of functions cannot be read; remove "));
}

// --- killed ---

/// Changes until it is killed; a byte for each change.
static void change_forever(struct fixture *f, int out) {
    f->changes = 0;
    for (unsigned i = 0;; i++) {
        char word[24];
        snprintf(word, sizeof word, "%u", i);
        update(f, word);
        char version[CATALOG_NAME_BYTES];
        memcpy(version, publish(f)->version, sizeof version);
        if (point(f, version, "", 0, false) != ERROR_NONE) _exit(2);
        if (write(out, "x", 1) != 1) _exit(0);
    }
}

static void kill_after(struct fixture *f, size_t changes) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        change_forever(f, ends[1]);
    }
    close(ends[1]);
    char byte;
    for (size_t i = 0; i < changes; i++) assert_int_equal(read(ends[0], &byte, 1), 1);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
}

static void a_kill_leaves_what_was_before_or_after_a_change(void **state) {
    struct fixture *f = *state;
    create(f, "one");
    publish(f);
    assert_int_equal(point(f, "1", "", 0, true), ERROR_NONE);
    for (size_t i = 1; i <= 12; i++) {
        kill_after(f, i % 4 + 1);
        again(f);
        const struct catalog_version *now = catalog_resolve(jam(f), TEXT("live"), 0);
        assert_non_null(now);
        CLEANUP(free_at) char *folder = testing_path(catalog_store(f->catalog), now->folder);
        CLEANUP(free_at) char *program = testing_path(folder, "bootstrap");
        assert_true(file_exists(program));
    }
    assert_true(jam(f)->next_version > 12);
}

#define TEST(name, function)                                                                                           \
    { name, function, setup, teardown, NULL }

int main(void) {
    static const struct CMUnitTest tests[] = {
        TEST("a function is kept, with Lambda's defaults", a_function_is_kept_with_lambdas_defaults),
        TEST("a published version never changes", a_published_version_never_changes),
        TEST("a revision that is old is refused", a_revision_that_is_old_is_refused),
        TEST("an alias shares between two versions", an_alias_shares_between_two_versions),
        TEST("mappings go with their function", mappings_go_with_their_function),
        TEST("packages that nothing names are removed at the start",
             packages_that_nothing_names_are_removed_at_the_start),
        TEST("the plant's own function is a new version only when it changed",
             the_plants_own_function_is_a_new_version_only_when_it_changed),
        TEST("a damaged file is told", a_damaged_file_is_told),
        TEST("a kill leaves what was before or after a change", a_kill_leaves_what_was_before_or_after_a_change),
    };
    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
