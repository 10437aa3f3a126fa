// What is packed comes out the same; what an archive from outside may not be is refused.
#include <base/cleanup.h>
#include <zip/zip.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct zip_entry entries[] = {
    {TEXT("[Content_Types].xml"), TEXT("<Types/>")},
    {TEXT("lib/plant.aml"), TEXT("<CAEXFile/>\n<CAEXFile/>\n<CAEXFile/>\n")},
    {TEXT("docs/\xC3\xBC.txt"), TEXT("")},
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

static void pack(struct buffer *out) {
    struct problem problem = {""};
    enum error error = zip_write(entries, ENTRIES, out, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, ERROR_NONE);
}

static enum error note(void *context, const struct zip_entry *entry) {
    buffer_print(context, "%.*s|", TEXT_ARG(entry->name));
    return ERROR_NONE;
}

static void what_is_packed_comes_out(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0}, names = {0};
    pack(&archive);
    assert_true(zip_is_archive(buffer_view(&archive)));
    assert_int_equal(zip_each(buffer_view(&archive), note, &names, NULL), ERROR_NONE);
    assert_string_equal(names.data, "[Content_Types].xml|lib/plant.aml|docs/\xC3\xBC.txt|");
    for (size_t i = 0; i < ENTRIES; i++) {
        CLEANUP(buffer_clear) struct buffer content = {0};
        assert_int_equal(zip_read(buffer_view(&archive), entries[i].name, 1000, &content, NULL), ERROR_NONE);
        assert_true(text_equal(buffer_view(&content), entries[i].content));
    }
}

static void the_same_entries_give_the_same_bytes(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer first = {0}, second = {0};
    pack(&first);
    pack(&second);
    assert_true(text_equal(buffer_view(&first), buffer_view(&second)));
}

static void case_does_not_count_in_a_name(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0}, content = {0};
    pack(&archive);
    assert_int_equal(zip_read(buffer_view(&archive), TEXT("[content_types].XML"), 100, &content, NULL), ERROR_NONE);
    assert_string_equal(content.data, "<Types/>");
}

static enum error stop(void *context, const struct zip_entry *entry) {
    (void)entry;
    return ++*(int *)context == 2 ? ERROR_LIMIT : ERROR_NONE;
}

static void a_visitor_ends_the_walk(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0};
    pack(&archive);
    int visited = 0;
    assert_int_equal(zip_each(buffer_view(&archive), stop, &visited, NULL), ERROR_LIMIT);
    assert_int_equal(visited, 2);
}

static void a_bomb_is_stopped_at_the_limit(void **state) {
    (void)state;
    enum { BYTES = 32 * 1024 * 1024 };
    CLEANUP(free_at) char *zeros = calloc(1, BYTES);
    CLEANUP(buffer_clear) struct buffer archive = {0}, content = {0};
    const struct zip_entry bomb = {TEXT("bomb"), {zeros, BYTES}};
    assert_int_equal(zip_write(&bomb, 1, &archive, NULL), ERROR_NONE);
    assert_true(archive.length < BYTES / 500);
    struct problem problem;
    assert_int_equal(zip_read(buffer_view(&archive), TEXT("bomb"), 100000, &content, &problem), ERROR_TOO_LARGE);
    assert_string_equal(problem.text, "'bomb' in the archive is larger than 100000 bytes");
    assert_int_equal(content.length, 0);
    assert_true(content.capacity < 1024 * 1024);
}

// ---------------------------------------------------------------- archives that were tampered with

struct bad_case {
    const char *name;
    const char *find, *with; // of one length, everywhere; NULL: cut in the middle
    enum error error;
    const char *problem;
};

static const struct bad_case bad_cases[] = {
    {"a name that leads upwards is refused", "lib/plant.aml", "../plant0.aml", ERROR_INVALID, "leads upwards"},
    {"a name that leads upwards in the middle is refused", "lib/plant.aml", "li/../ant.aml", ERROR_INVALID,
     "entry 2 has a name that leads upwards"},
    {"an absolute name is refused", "lib/plant.aml", "/ib/plant.aml", ERROR_INVALID, "absolute path"},
    {"a drive is refused", "lib/plant.aml", "C:b/plant.aml", ERROR_INVALID, "absolute path"},
    {"a back slash is refused", "lib/plant.aml", "lib/plan\\.aml", ERROR_INVALID, "back slash"},
    {"a control character is refused", "lib/plant.aml", "lib/plant.am\n", ERROR_INVALID, "control character"},
    {"a name that is no UTF-8 is refused", "\xC3\xBC", "\xC3\x28", ERROR_INVALID, "entry 3 "},
    {"half of an archive is refused", NULL, NULL, ERROR_INVALID, "cannot be read"},
    {"no archive is refused", "PK\x03\x04", "PK\x07\x04", ERROR_INVALID, "no ZIP archive"},
};

static void exchange(struct buffer *bytes, const char *find, const char *with) {
    size_t length = strlen(find);
    for (size_t i = 0; i + length <= bytes->length; i++)
        if (memcmp(bytes->data + i, find, length) == 0) memcpy(bytes->data + i, with, length);
}

static void check_bad(void **state) {
    const struct bad_case *c = *state;
    CLEANUP(buffer_clear) struct buffer archive = {0}, names = {0};
    pack(&archive);
    if (c->find == NULL)
        archive.length /= 2;
    else
        exchange(&archive, c->find, c->with);
    struct problem problem = {""};
    assert_int_equal(zip_each(buffer_view(&archive), note, &names, &problem), c->error);
    if (c->problem != NULL && strstr(problem.text, c->problem) == NULL)
        fail_msg("'%s' instead of '%s'", problem.text, c->problem);
}

static void two_entries_of_one_name_are_refused(void **state) {
    (void)state;
    const struct zip_entry same[] = {{TEXT("a.aml"), TEXT("1")}, {TEXT("A.AML"), TEXT("2")}};
    CLEANUP(buffer_clear) struct buffer archive = {0}, names = {0};
    assert_int_equal(zip_write(same, 2, &archive, NULL), ERROR_NONE);
    struct problem problem;
    assert_int_equal(zip_each(buffer_view(&archive), note, &names, &problem), ERROR_INVALID);
    assert_string_equal(problem.text, "the archive has two entries 'A.AML'");
}

static void an_encrypted_entry_is_refused(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0}, names = {0};
    pack(&archive);
    enum { LOCAL_FLAGS = 6, CENTRAL_FLAGS = 8, ENCRYPTED = 1 };
    for (size_t i = 0; i + CENTRAL_FLAGS < archive.length; i++) {
        if (memcmp(archive.data + i, "PK\x03\x04", 4) == 0) archive.data[i + LOCAL_FLAGS] |= ENCRYPTED;
        if (memcmp(archive.data + i, "PK\x01\x02", 4) == 0) archive.data[i + CENTRAL_FLAGS] |= ENCRYPTED;
    }
    assert_int_equal(zip_each(buffer_view(&archive), note, &names, NULL), ERROR_UNSUPPORTED);
}

static void a_name_that_is_not_there_is_told(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0}, content = {0};
    pack(&archive);
    struct problem problem;
    assert_int_equal(zip_read(buffer_view(&archive), TEXT("plant.aml"), 100, &content, &problem), ERROR_NOT_FOUND);
    assert_string_equal(problem.text, "the archive has no 'plant.aml'");
}

static void a_bad_name_is_not_written(void **state) {
    (void)state;
    const struct zip_entry bad = {TEXT("../a"), TEXT("1")};
    CLEANUP(buffer_clear) struct buffer archive = {0};
    assert_int_equal(zip_write(&bad, 1, &archive, NULL), ERROR_INVALID);
}

int main(void) {
    static const struct CMUnitTest others[] = {
        {"what is packed comes out the same", what_is_packed_comes_out, NULL, NULL, NULL},
        {"the same entries give the same bytes", the_same_entries_give_the_same_bytes, NULL, NULL, NULL},
        {"case does not count in a name", case_does_not_count_in_a_name, NULL, NULL, NULL},
        {"a visitor ends the walk", a_visitor_ends_the_walk, NULL, NULL, NULL},
        {"a bomb is stopped at the limit", a_bomb_is_stopped_at_the_limit, NULL, NULL, NULL},
        {"two entries of one name are refused", two_entries_of_one_name_are_refused, NULL, NULL, NULL},
        {"an encrypted entry is refused", an_encrypted_entry_is_refused, NULL, NULL, NULL},
        {"a name that is not there is told", a_name_that_is_not_there_is_told, NULL, NULL, NULL},
        {"a name that leads upwards is not written", a_bad_name_is_not_written, NULL, NULL, NULL},
    };
    enum { BAD = sizeof bad_cases / sizeof bad_cases[0], OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[BAD + OTHERS];
    for (size_t i = 0; i < BAD; i++)
        tests[i] = (struct CMUnitTest){bad_cases[i].name, check_bad, NULL, NULL, (void *)&bad_cases[i]};
    memcpy(tests + BAD, others, sizeof others);
    return cmocka_run_group_tests_name("zip", tests, NULL, NULL);
}
