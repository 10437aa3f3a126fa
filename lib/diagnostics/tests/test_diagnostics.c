#include <diagnostics/diagnostics.h>

#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/splc-diagnostics-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    return unlink(path);
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

static struct diagnostics *opened(void) {
    struct diagnostics *diagnostics = NULL;
    struct problem problem = {0};
    if (diagnostics_open(path, &diagnostics, &problem)) fail_msg("%s", problem.text);
    return diagnostics;
}

static struct diagnostics_list read_back(void) {
    struct diagnostics_list list = {0};
    struct problem problem = {0};
    if (diagnostics_read(path, &list, &problem)) fail_msg("%s", problem.text);
    return list;
}

static void write_some(unsigned count) {
    CLEANUP(diagnostics_close_at) struct diagnostics *diagnostics = opened();
    for (unsigned i = 0; i < count; i++)
        diagnostics_add(diagnostics, DIAGNOSTICS_FORCED, TEXT("mps_conveyor/motor"), "number %u", i);
}

static void what_was_added_is_there_after_a_restart(void **state) {
    (void)state;
    write_some(2);
    write_some(1);
    struct diagnostics_list list = read_back();
    assert_int_equal(list.count, 3);
    assert_int_equal(list.damaged, 0);
    assert_string_equal(list.entries[1].text, "number 1");
    assert_string_equal(list.entries[1].source, "mps_conveyor/motor");
    assert_int_equal(list.entries[1].code, 311);
    assert_int_equal(list.entries[1].severity, 500);
    assert_int_equal(list.entries[1].start, 1);
    assert_int_equal(list.entries[2].start, 2);
    assert_int_equal(list.entries[2].sequence, 3);
    assert_true(list.entries[2].wall_ns > 0 && list.entries[2].monotonic_ns > 0);
    diagnostics_list_clear(&list);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void the_oldest_make_room_for_the_newest(void **state) {
    (void)state;
    write_some(DIAGNOSTICS_RECORDS - 1);
    write_some(3);
    struct diagnostics_list list = read_back();
    assert_int_equal(list.count, DIAGNOSTICS_RECORDS);
    assert_int_equal(list.entries[0].sequence, 3);
    assert_int_equal(list.entries[list.count - 1].sequence, DIAGNOSTICS_RECORDS + 2);
    diagnostics_list_clear(&list);
}

static void the_ring_is_there_in_memory_as_well(void **state) {
    (void)state;
    write_some(5);
    CLEANUP(diagnostics_close_at) struct diagnostics *diagnostics = opened();
    assert_int_equal(diagnostics_count(diagnostics), 5);
    struct diagnostics_entry entry;
    assert_true(diagnostics_at(diagnostics, 5, &entry));
    assert_string_equal(entry.text, "number 4");
    assert_false(diagnostics_at(diagnostics, 6, &entry));
    assert_false(diagnostics_at(diagnostics, 0, &entry));
    assert_true(diagnostics_healthy(diagnostics));
}

/// A power cut at any byte of the last record: it is not there or it is whole, and the others are.
static void a_power_cut_loses_the_last_entry_only(void **state) {
    (void)state;
    write_some(3);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    assert_int_equal(file_read(path, 1 << 20, &bytes, NULL), ERROR_NONE);
    assert_int_equal(bytes.length, 4 * DIAGNOSTICS_RECORD_BYTES); // the first has the sequence 1
    size_t last = 3 * DIAGNOSTICS_RECORD_BYTES;
    for (size_t cut = last; cut < bytes.length; cut++) {
        struct diagnostics_list list = {0};
        assert_int_equal(diagnostics_decode((struct text){bytes.data, cut}, &list), ERROR_NONE);
        assert_int_equal(list.count, 2);
        diagnostics_list_clear(&list);
    }
}

static void a_damaged_entry_is_left_out_and_counted(void **state) {
    (void)state;
    write_some(3);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    assert_int_equal(file_read(path, 1 << 20, &bytes, NULL), ERROR_NONE);
    for (size_t at = 2 * DIAGNOSTICS_RECORD_BYTES; at < 3 * DIAGNOSTICS_RECORD_BYTES; at++) {
        bytes.data[at] ^= 0x40;
        struct diagnostics_list list = {0};
        assert_int_equal(diagnostics_decode(buffer_view(&bytes), &list), ERROR_NONE);
        assert_int_equal(list.count, 2);
        assert_int_equal(list.damaged, 1);
        diagnostics_list_clear(&list);
        bytes.data[at] ^= 0x40;
    }
}

static void long_texts_are_cut_between_characters(void **state) {
    (void)state;
    char text[400] = "";
    for (size_t i = 0; i < 190; i++) strcat(text, "ü");
    {
        CLEANUP(diagnostics_close_at) struct diagnostics *diagnostics = opened();
        diagnostics_add(diagnostics, DIAGNOSTICS_STARTED, text_of(text), "%s", text);
    }
    struct diagnostics_list list = read_back();
    assert_int_equal(list.count, 1);
    assert_true(strlen(list.entries[0].text) >= DIAGNOSTICS_TEXT_BYTES - 3);
    assert_true(strlen(list.entries[0].source) >= DIAGNOSTICS_SOURCE_BYTES - 3);
    diagnostics_list_clear(&list);
}

static void a_file_of_somebody_else_is_no_buffer(void **state) {
    (void)state;
    assert_int_equal(file_write(path,
                                TEXT("not a buffer, but long enough to have one record in it ........................"
                                     "............................................................................"
                                     "............................................................................"
                                     "............................................................................"),
                                0600, NULL),
                     ERROR_NONE);
    struct diagnostics_list list = read_back();
    assert_int_equal(list.count, 0);
    assert_int_equal(list.damaged, 1);
    diagnostics_list_clear(&list);
    struct diagnostics *diagnostics = NULL;
    struct problem problem = {0};
    assert_int_equal(diagnostics_open("/nowhere/at/all", &diagnostics, &problem), ERROR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "/nowhere/at/all"));
}

static void entries_are_printed_for_people_and_programs(void **state) {
    (void)state;
    const struct diagnostics_entry entry = {.sequence = 7,
                                            .wall_ns = 1000000000,
                                            .start = 2,
                                            .code = 311,
                                            .severity = 500,
                                            .source = "a",
                                            .text = "\"b\"\n"};
    CLEANUP(buffer_clear) struct buffer out = {0};
    diagnostics_print_json(&entry, &out);
    assert_string_equal(out.data, "{\"sequence\":7,\"time\":\"1970-01-01T00:00:01.000Z\",\"monotonicNs\":0,\"start\":2,"
                                  "\"code\":311,\"name\":\"Forced\",\"severity\":500,\"source\":\"a\","
                                  "\"text\":\"\\\"b\\\"\\u000a\"}");
    buffer_reset(&out);
    diagnostics_print_line(&entry, &out);
    assert_non_null(strstr(out.data, "311 Forced"));
    assert_string_equal(diagnostics_name(999), "Unknown");
}

int main(void) {
#define SENTENCE(text, function)                                                                                       \
    { text, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        SENTENCE("what was added is there after a restart, with its start [diagnostics-1.1]",
                 what_was_added_is_there_after_a_restart),
        SENTENCE("the oldest make room for the newest [diagnostics-1.2]", the_oldest_make_room_for_the_newest),
        SENTENCE("the ring is there in memory as well", the_ring_is_there_in_memory_as_well),
        SENTENCE("a power cut loses the last entry only [diagnostics-1.3]", a_power_cut_loses_the_last_entry_only),
        SENTENCE("a damaged entry is left out and counted [diagnostics-1.3]", a_damaged_entry_is_left_out_and_counted),
        SENTENCE("long texts are cut between characters", long_texts_are_cut_between_characters),
        SENTENCE("a file of somebody else is no buffer, and one that cannot be made is named",
                 a_file_of_somebody_else_is_no_buffer),
        SENTENCE("entries are printed for people and programs", entries_are_printed_for_people_and_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
