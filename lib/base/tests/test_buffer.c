#include "suite.h"

#include <base/buffer.h>
#include <base/cleanup.h>

#include <string.h>

static bool is(const struct buffer *buffer, const char *expected) {
    return text_is(buffer_view(buffer), expected) && buffer->data[buffer->length] == '\0';
}

static void every_way_to_append(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    buffer_append(&buffer, "ab", 2);
    buffer_text(&buffer, TEXT("cd"));
    buffer_string(&buffer, "ef");
    buffer_byte(&buffer, 'g');
    buffer_print(&buffer, "%d%s", 42, "!");
    assert_true(is(&buffer, "abcdefg42!"));
    assert_false(buffer.failed);
}

static void nothing_appended_is_nothing(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    buffer_append(&buffer, NULL, 0);
    buffer_text(&buffer, TEXT_EMPTY);
    buffer_string(&buffer, "");
    buffer_string(&buffer, NULL);
    assert_int_equal(buffer_view(&buffer).length, 0);
    assert_false(buffer.failed);
}

static void it_grows_over_many_appends(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    for (int i = 0; i < 100000; i++) buffer_byte(&buffer, (char)('a' + i % 26));
    assert_int_equal(buffer.length, 100000);
    for (int i = 0; i < 100000; i++) assert_int_equal(buffer.data[i], 'a' + i % 26);
    assert_int_equal(buffer.data[buffer.length], '\0');
}

/// The print that ends exactly where the memory ends is the one that goes wrong.
static void a_print_of_any_length_fits(void **state) {
    (void)state;
    for (int before = 0; before < 70; before++) {
        for (int width = 1; width < 150; width++) {
            CLEANUP(buffer_clear) struct buffer buffer = {0};
            for (int i = 0; i < before; i++) buffer_byte(&buffer, '.');
            buffer_print(&buffer, "%*d", width, 7);
            assert_int_equal(buffer.length, before + width);
            assert_int_equal(strlen(buffer.data), before + width);
            assert_int_equal(buffer.data[buffer.length - 1], '7');
        }
    }
}

static void bytes_may_be_zero(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    buffer_append(&buffer, "a\0b", 3);
    assert_true(text_equal(buffer_view(&buffer), TEXT("a\0b")));
}

static void a_failure_is_remembered(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    buffer_string(&buffer, "kept");
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer.failed);
    buffer_string(&buffer, "not there");
    buffer_print(&buffer, "%s", "nor this");
    assert_false(buffer_reserve(&buffer, 1));
    assert_true(is(&buffer, "kept"));
    assert_null(buffer_take(&buffer));
    assert_int_equal(buffer.length, 0);
    assert_false(buffer.failed);
}

static void a_length_that_overflows_fails(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    assert_false(buffer_reserve(&buffer, SIZE_MAX / 2));
    buffer_reset(&buffer);
    buffer_string(&buffer, "after a reset it works again");
    assert_false(buffer.failed);
    assert_false(buffer_reserve(&buffer, SIZE_MAX - buffer.length));
}

static void a_reset_keeps_the_memory(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    buffer_reset(&buffer);
    assert_null(buffer.data);
    buffer_string(&buffer, "something");
    const char *memory = buffer.data;
    buffer_reset(&buffer);
    assert_true(is(&buffer, ""));
    buffer_string(&buffer, "other");
    assert_ptr_equal(buffer.data, memory);
    assert_true(is(&buffer, "other"));
}

static void what_is_reserved_does_not_move(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    assert_true(buffer_reserve(&buffer, 1000));
    assert_int_equal(buffer.length, 0);
    const char *memory = buffer.data;
    for (int i = 0; i < 1000; i++) buffer_byte(&buffer, 'x');
    assert_ptr_equal(buffer.data, memory);
}

static void what_is_taken_is_the_callers(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_string(&buffer, "mine");
    CLEANUP(free_at) char *taken = buffer_take(&buffer);
    assert_string_equal(taken, "mine");
    assert_null(buffer.data);
    assert_int_equal(buffer.length, 0);
    CLEANUP(free_at) char *empty = buffer_take(&buffer);
    assert_string_equal(empty, "");
}

static void a_clear_may_come_twice(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_string(&buffer, "text");
    buffer_clear(&buffer);
    buffer_clear(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TEST(&suite, every_way_to_append);
    SUITE_TEST(&suite, nothing_appended_is_nothing);
    SUITE_TEST(&suite, it_grows_over_many_appends);
    SUITE_TEST(&suite, a_print_of_any_length_fits);
    SUITE_TEST(&suite, bytes_may_be_zero);
    SUITE_TEST(&suite, a_failure_is_remembered);
    SUITE_TEST(&suite, a_length_that_overflows_fails);
    SUITE_TEST(&suite, a_reset_keeps_the_memory);
    SUITE_TEST(&suite, what_is_reserved_does_not_move);
    SUITE_TEST(&suite, what_is_taken_is_the_callers);
    SUITE_TEST(&suite, a_clear_may_come_twice);
    return SUITE_RUN(&suite);
}
