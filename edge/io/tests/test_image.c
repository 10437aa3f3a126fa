#include <io/image.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct word_case {
    const char *name;
    struct io_place place;
    uint32_t value;
    uint8_t bytes[8]; // of an image that was zero
};

static const struct word_case word_cases[] = {
    {"a bit is at byte and bit, lowest first", {1, 0, 1}, 1, {0, 0x01}},
    {"the highest bit of a byte", {0, 7, 1}, 1, {0x80}},
    {"a byte fills its byte", {2, 0, 8}, 0xA5, {0, 0, 0xA5}},
    {"a word is little-endian", {1, 0, 16}, 0x1234, {0, 0x34, 0x12}},
    {"a word may start in the middle of a byte", {0, 4, 16}, 0xABCD, {0xD0, 0xBC, 0x0A}},
    {"32 bits across five bytes", {0, 1, 32}, 0xFFFFFFFF, {0xFE, 0xFF, 0xFF, 0xFF, 0x01}},
    {"higher bits of the value are ignored", {0, 0, 4}, 0xFF, {0x0F}},
};

static void check_word(void **state) {
    const struct word_case *c = *state;
    uint8_t image[8] = {0};
    assert_true(io_place_fits(c->place, sizeof image));
    io_set_word(image, c->place, c->value);
    assert_memory_equal(image, c->bytes, sizeof image);
    uint64_t mask = (UINT64_C(1) << c->place.bits) - 1;
    assert_int_equal(io_word(image, c->place), c->value & mask);

    memset(image, 0xFF, sizeof image);
    io_set_word(image, c->place, 0);
    for (size_t i = 0; i < sizeof image; i++) {
        io_set_word(image, c->place, (uint32_t)mask);
        assert_int_equal(image[i], 0xFF); // neighbours are left alone
    }
}

struct fit_case {
    const char *name;
    struct io_place place;
    bool fits; // in 4 bytes
};

static const struct fit_case fit_cases[] = {
    {"the last bit fits", {3, 7, 1}, true},       {"a bit behind the end does not fit", {4, 0, 1}, false},
    {"a word at the end fits", {2, 0, 16}, true}, {"a word across the end does not fit", {3, 0, 16}, false},
    {"no bit 8 in a byte", {0, 8, 1}, false},     {"nothing wide does not fit", {0, 0, 0}, false},
    {"33 bits do not fit", {0, 0, 33}, false},
};

static void check_fit(void **state) {
    const struct fit_case *c = *state;
    assert_int_equal(io_place_fits(c->place, 4), c->fits);
}

enum { WORDS = sizeof word_cases / sizeof word_cases[0], FITS = sizeof fit_cases / sizeof fit_cases[0] };

int main(void) {
    struct CMUnitTest tests[WORDS + FITS];
    for (size_t i = 0; i < WORDS; i++) {
        tests[i] = (struct CMUnitTest){word_cases[i].name, check_word, NULL, NULL, (void *)&word_cases[i]};
    }
    for (size_t i = 0; i < FITS; i++) {
        tests[WORDS + i] = (struct CMUnitTest){fit_cases[i].name, check_fit, NULL, NULL, (void *)&fit_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
