// Files of real engineering tools are read whole: as many of everything as XPath counts; and are written back so that
// the schema of CAEX 3.0 accepts them and they read back equal.
#include "real_files.h"

#include <base/file.h>
#include <model/caex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// ---------------------------------------------------------------- counts

enum { COUNTED = 14 };
static const enum caex_kind counted[COUNTED] = {
    CAEX_ELEMENT,    CAEX_INTERFACE,          CAEX_ATTRIBUTE, CAEX_LINK,           CAEX_ROLE_CLASS,
    CAEX_UNIT_CLASS, CAEX_INTERFACE_CLASS,    CAEX_TYPE,      CAEX_SUPPORTED_ROLE, CAEX_ROLE_REQUIREMENT,
    CAEX_CONSTRAINT, CAEX_EXTERNAL_REFERENCE, CAEX_SEMANTIC,  CAEX_HIERARCHY,
};

static const struct count_case {
    const char *name;
    const char *file;
    size_t counts[COUNTED];
} count_cases[] = {
    {"EPLAN Electric P8 2.7.3", "eplan-2.7.3-arapc.aml", {34, 89, 514, 29, 37, 12, 20, 0, 45, 0, 0, 0, 6, 1}},
    {"TIA Portal V17", "tia-v17-s7-1200.aml", {38, 29, 257, 1, 0, 0, 0, 0, 40, 0, 0, 0, 12, 1}},
    {"AutomationML's topology example", "automationml-topology.aml", {2, 3, 1, 0, 1, 1, 1, 0, 3, 2, 0, 2, 0, 1}},
    {"AutomationML Editor 5.6", "editor-5.6-base-libraries.aml", {0, 0, 11, 0, 11, 0, 10, 11, 0, 0, 2, 0, 0, 0}},
    {"AutomationML Editor 5.4", "editor-5.4-eobots.aml", {8, 0, 26, 0, 76, 4, 10, 12, 4, 8, 3, 0, 0, 1}},
};
enum { COUNT_CASES = sizeof count_cases / sizeof count_cases[0] };

static const struct real_file *find_file(const char *name) {
    for (size_t i = 0; i < real_file_count; i++)
        if (strcmp(real_files[i].name, name) == 0) return &real_files[i];
    fail_msg("no file %s", name);
    return NULL;
}

static struct caex *create(struct text bytes) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct caex *caex = NULL;
    struct problem problem = {""};
    enum error error = caex_create(bytes, CAEX_ANY, findings, &caex, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, ERROR_NONE);
    return caex;
}

static struct caex *create_from(const char *path) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    read_file(path, &bytes);
    return create(buffer_view(&bytes));
}

static void as_in_the_table(void **state) {
    const struct count_case *c = *state;
    const struct real_file *file = find_file(c->file);
    CLEANUP(caex_destroy_at) struct caex *caex = create_from(file->path);
    size_t counts[CAEX_KINDS];
    caex_count(caex, counts);
    assert_true(text_is(caex_version(caex), file->version));
    for (size_t i = 0; i < COUNTED; i++)
        if (counts[counted[i]] != c->counts[i])
            fail_msg("%zu %s instead of %zu", counts[counted[i]], caex_kind_name(counted[i]), c->counts[i]);
}

/// Of every kind, not only those of the table.
static void as_xpath_counts(void **state) {
    const struct real_file *file = *state;
    CLEANUP(caex_destroy_at) struct caex *caex = create_from(file->path);
    size_t counts[CAEX_KINDS];
    caex_count(caex, counts);
    CLEANUP(buffer_clear) struct buffer expression = {0}, expected = {0}, out = {0};
    for (size_t kind = 0; kind < CAEX_EXTENSION; kind++) {
        buffer_print(&expression, "%scount(//*[local-name()='%s'])", kind == 0 ? "concat(" : ",' ',",
                     caex_kind_name((enum caex_kind)kind));
        buffer_print(&expected, kind == 0 ? "%zu" : " %zu", counts[kind]);
    }
    buffer_string(&expression, ")");
    const char *const arguments[] = {"xmllint", "--nonet", "--xpath", expression.data, file->path, NULL};
    assert_int_equal(run_program(arguments, &out), 0);
    buffer_byte(&out, '\0');
    assert_true(text_equal(text_trim(text_of(out.data)), buffer_view(&expected)));
}

// ---------------------------------------------------------------- written back

static void is_valid(const char *schema, struct text document) {
    char path[] = "/tmp/splc-caex-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, document.data, document.length), (ssize_t)document.length);
    close(fd);
    CLEANUP(buffer_clear) struct buffer out = {0};
    const char *const arguments[] = {"xmllint", "--nonet", "--noout", "--schema", schema, path, NULL};
    int status = run_program(arguments, &out);
    unlink(path);
    assert_int_equal(status, 0);
}

static void same_text(struct text a, struct text b) {
    if (!text_equal(a, b)) fail_msg("'%.*s' became '%.*s'", TEXT_ARG(a), TEXT_ARG(b));
}

static void same_place(const struct caex_node *a, const struct caex_node *b) {
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL) return;
    CLEANUP(buffer_clear) struct buffer first = {0}, second = {0};
    caex_path(a, &first);
    caex_path(b, &second);
    same_text(buffer_view(&first), buffer_view(&second));
}

/// What a node says of itself; an ID may have been given, the form of a link may have changed.
static void same_node(const struct caex_node *a, const struct caex_node *b) {
    assert_int_equal(a->kind, b->kind);
    same_text(a->name, b->name);
    same_text(a->reference, b->reference);
    same_text(a->description, b->description);
    if (a->id.length > 0) same_text(a->id, b->id);
    assert_int_equal(a->change, b->change);
    same_place(a->base, b->base);
    if (a->kind == CAEX_LINK) {
        same_place(a->partner_a, b->partner_a);
        same_place(a->partner_b, b->partner_b);
        return;
    }
    if (a->kind != CAEX_ATTRIBUTE && a->kind != CAEX_TYPE) {
        same_text(a->value, b->value);
        return;
    }
    assert_int_equal(a->has_value, b->has_value);
    assert_int_equal(a->has_default, b->has_default);
    same_text(a->value, b->value);
    same_text(a->default_value, b->default_value);
    same_text(a->data_type, b->data_type);
    same_text(a->unit, b->unit);
}

/// Children of each kind in their order; the kinds may have been sorted.
static void same_tree(const struct caex_node *a, const struct caex_node *b) {
    same_node(a, b);
    for (size_t kind = 0; kind < CAEX_KINDS; kind++) {
        const struct caex_node *first = caex_first(a, (enum caex_kind)kind);
        const struct caex_node *second = caex_first(b, (enum caex_kind)kind);
        bool added = a->kind == CAEX_FILE && kind == CAEX_EXTENSION; // where the file comes from, in the form of 3.0
        for (; first != NULL && !added; first = caex_next(first), second = caex_next(second)) {
            assert_non_null(second);
            same_tree(first, second);
        }
        if (!added) assert_null(second);
    }
}

static void written_back(void **state) {
    const struct real_file *file = *state;
    CLEANUP(caex_destroy_at) struct caex *first = create_from(file->path);
    CLEANUP(buffer_clear) struct buffer written = {0}, again = {0};
    assert_int_equal(caex_write(first, &written), ERROR_NONE);
    is_valid(TEST_DATA "/CAEX_ClassModel_V.3.0.xsd", buffer_view(&written));
    CLEANUP(caex_destroy_at) struct caex *second = create(buffer_view(&written));
    same_tree(caex_root(first), caex_root(second));
    assert_true(text_is(caex_version(second), "3.0"));
    assert_int_equal(caex_write(second, &again), ERROR_NONE);
    assert_string_equal(again.data, written.data);
}

static void valid_where_it_comes_from(void **state) {
    const struct real_file *file = *state;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    read_file(file->path, &bytes);
    is_valid(file->schema, buffer_view(&bytes));
}

int main(void) {
    static char names[64][128];
    struct CMUnitTest tests[64];
    size_t count = 0;
    for (size_t i = 0; i < COUNT_CASES; i++) {
        snprintf(names[count], sizeof names[0], "[model-1.8] a file of %s has all its parts", count_cases[i].name);
        tests[count] = (struct CMUnitTest){names[count], as_in_the_table, NULL, NULL, (void *)&count_cases[i]};
        count++;
    }
    static const struct {
        const char *name;
        CMUnitTestFunction test;
    } of_each[] = {
        {"[model-1.8] %s has as many of each kind as XPath counts", as_xpath_counts},
        {"[model-1.7] %s is written back valid, and reads back equal", written_back},
        {"%s is valid against the schema of its version", valid_where_it_comes_from},
    };
    for (size_t i = 0; i < sizeof of_each / sizeof of_each[0]; i++)
        for (size_t k = 0; k < real_file_count; k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(names[count], sizeof names[0], of_each[i].name, real_files[k].name);
#pragma GCC diagnostic pop
            tests[count] = (struct CMUnitTest){names[count], of_each[i].test, NULL, NULL, (void *)&real_files[k]};
            count++;
        }
    return _cmocka_run_group_tests("real files", tests, count, NULL, NULL);
}
