#include <io/driver.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct io_range ranges[] = {{0, 2}, {8, 4}};
static const status_code qualities[] = {0x80310000, 0};
static const struct io_driver driver = {.ranges = ranges, .quality = qualities, .range_count = 2};

static void a_byte_belongs_to_the_range_that_contains_it(void **state) {
    (void)state;
    assert_int_equal(io_range_of(&driver, 1), 0);
    assert_int_equal(io_range_of(&driver, 11), 1);
    assert_int_equal(io_quality(&driver, io_range_of(&driver, 0)), STATUS_BadNoCommunication);
}

static void a_byte_outside_of_all_ranges_is_good(void **state) {
    (void)state;
    assert_int_equal(io_range_of(&driver, 2), IO_NO_RANGE);
    assert_int_equal(io_range_of(&driver, 12), IO_NO_RANGE);
    assert_int_equal(io_quality(&driver, IO_NO_RANGE), STATUS_Good);
}

static void the_safe_image_changes_masked_bits_alone(void **state) {
    (void)state;
    uint8_t outputs[] = {0xFF, 0x00, 0xFF};
    const uint8_t safe[] = {0x00, 0x0F}, mask[] = {0xF0, 0x05};
    io_apply_safe(outputs, &(struct io_safe_image){safe, mask, sizeof safe}, sizeof outputs);
    assert_int_equal(outputs[0], 0x0F);
    assert_int_equal(outputs[1], 0x05);
    assert_int_equal(outputs[2], 0xFF); // past the end of the safe image
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_belongs_to_the_range_that_contains_it),
        cmocka_unit_test(a_byte_outside_of_all_ranges_is_good),
        cmocka_unit_test(the_safe_image_changes_masked_bits_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
