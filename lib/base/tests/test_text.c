#include "suite.h"

#include <base/text.h>

#include <math.h>
#include <string.h>

// --- comparing ---

static const struct compare_case {
    const char *name;
    struct text a, b;
    int order; // -1, 0, 1
} compare_cases[] = {
    {"equal texts are equal", {"abc", 3}, {"abc", 3}, 0},
    {"empty texts are equal, with and without data", {NULL, 0}, {"", 0}, 0},
    {"the shorter comes first", {"ab", 2}, {"abc", 3}, -1},
    {"the empty one comes first", {NULL, 0}, {"a", 1}, -1},
    {"a byte decides before the length", {"b", 1}, {"abc", 3}, 1},
    {"bytes compare unsigned", {"\xff", 1}, {"a", 1}, 1},
    {"what follows the length does not count", {"abX", 2}, {"abY", 2}, 0},
    {"a NUL is a byte like any other", {"a\0b", 3}, {"a\0c", 3}, -1},
};

static int sign(int value) {
    return (value > 0) - (value < 0);
}

static void check_compare(void **state) {
    const struct compare_case *c = *state;
    assert_int_equal(sign(text_compare(c->a, c->b)), c->order);
    assert_int_equal(sign(text_compare(c->b, c->a)), -c->order);
    assert_int_equal(text_equal(c->a, c->b), c->order == 0);
}

static void texts_know_their_string(void **state) {
    (void)state;
    assert_int_equal(text_of(NULL).length, 0);
    assert_int_equal(text_of("four").length, 4);
    assert_true(text_is(TEXT("belt"), "belt"));
    assert_false(text_is(TEXT("belt"), "belts"));
    assert_true(text_is(TEXT_EMPTY, ""));
    assert_true(text_is(TEXT_EMPTY, NULL));
}

static const struct affix_case {
    const char *name;
    struct text text, affix;
    bool starts, ends;
} affix_cases[] = {
    {"a text starts with its front", TEXT("plant.toml"), TEXT("plant"), true, false},
    {"a text ends with its end", TEXT("plant.toml"), TEXT(".toml"), false, true},
    {"a text starts and ends with itself", TEXT("plant"), TEXT("plant"), true, true},
    {"a text starts and ends with nothing", TEXT("plant"), {NULL, 0}, true, true},
    {"nothing starts and ends with nothing", {NULL, 0}, {NULL, 0}, true, true},
    {"nothing starts with no letter", {NULL, 0}, TEXT("p"), false, false},
    {"a longer affix never fits", TEXT("toml"), TEXT(".toml"), false, false},
};

static void check_affix(void **state) {
    const struct affix_case *c = *state;
    assert_int_equal(text_starts_with(c->text, c->affix), c->starts);
    assert_int_equal(text_ends_with(c->text, c->affix), c->ends);
}

// --- cutting ---

static const struct trim_case {
    const char *name;
    const char *text, *trimmed;
} trim_cases[] = {
    {"blanks at both ends go", " \t\r\n\v\f belt \n", "belt"},
    {"blanks inside stay", "a b", "a b"},
    {"only blanks leave nothing", " \n ", ""},
    {"nothing stays nothing", "", ""},
};

static void check_trim(void **state) {
    const struct trim_case *c = *state;
    assert_true(text_is(text_trim(text_of(c->text)), c->trimmed));
}

static void the_rest_ends_at_the_end(void **state) {
    (void)state;
    assert_true(text_is(text_from(TEXT("belt"), 0), "belt"));
    assert_true(text_is(text_from(TEXT("belt"), 3), "t"));
    assert_true(text_is(text_from(TEXT("belt"), 4), ""));
    assert_true(text_is(text_from(TEXT("belt"), SIZE_MAX), ""));
    assert_true(text_is(text_from(TEXT_EMPTY, 0), ""));
    assert_true(text_is(text_from(TEXT_EMPTY, 1), ""));
}

static const struct split_case {
    const char *name;
    const char *text;
    const char *pieces[5];
} split_cases[] = {
    {"pieces are what the separator parts", "a/bc/d", {"a", "bc", "d"}},
    {"an empty piece inside counts", "a//b", {"a", "", "b"}},
    {"an empty piece in front counts", "/a", {"", "a"}},
    {"an empty piece at the end does not", "a/", {"a"}},
    {"a separator alone is one empty piece", "/", {""}},
    {"without a separator all is one piece", "abc", {"abc"}},
    {"nothing has no pieces", "", {NULL}},
};

static void check_split(void **state) {
    const struct split_case *c = *state;
    struct text rest = text_of(c->text), piece;
    for (size_t i = 0; c->pieces[i] != NULL; i++) {
        assert_true(text_split(&rest, '/', &piece));
        assert_true(text_is(piece, c->pieces[i]));
    }
    assert_false(text_split(&rest, '/', &piece));
}

// --- numbers ---

static const struct u64_case {
    const char *name;
    const char *text;
    enum error error;
    uint64_t value;
} u64_cases[] = {
    {"zero is zero", "0", ERROR_NONE, 0},
    {"zeros in front do not matter", "007", ERROR_NONE, 7},
    {"the largest fits", "18446744073709551615", ERROR_NONE, UINT64_MAX},
    {"one more is too large", "18446744073709551616", ERROR_TOO_LARGE, 0},
    {"ten times more is too large", "184467440737095516150", ERROR_TOO_LARGE, 0},
    {"forty digits are too large", "9999999999999999999999999999999999999999", ERROR_TOO_LARGE, 0},
    {"malformed beats too large", "9999999999999999999999999999999x", ERROR_INVALID, 0},
    {"nothing is no number", "", ERROR_INVALID, 0},
    {"a minus is no unsigned number", "-1", ERROR_INVALID, 0},
    {"a plus is not taken", "+1", ERROR_INVALID, 0},
    {"a blank in front is not taken", " 1", ERROR_INVALID, 0},
    {"a blank behind is not taken", "1 ", ERROR_INVALID, 0},
    {"hexadecimal is not taken", "0x10", ERROR_INVALID, 0},
    {"a fraction is not taken", "1.0", ERROR_INVALID, 0},
};

static void check_u64(void **state) {
    const struct u64_case *c = *state;
    uint64_t value = 42;
    assert_int_equal(text_to_u64(text_of(c->text), &value), c->error);
    assert_true(value == (c->error ? 42 : c->value));
}

static const struct i64_case {
    const char *name;
    const char *text;
    enum error error;
    int64_t value;
} i64_cases[] = {
    {"a minus makes it negative", "-17", ERROR_NONE, -17},
    {"minus zero is zero", "-0", ERROR_NONE, 0},
    {"the largest signed fits", "9223372036854775807", ERROR_NONE, INT64_MAX},
    {"one above the largest does not", "9223372036854775808", ERROR_TOO_LARGE, 0},
    {"the smallest signed fits", "-9223372036854775808", ERROR_NONE, INT64_MIN},
    {"one below the smallest does not", "-9223372036854775809", ERROR_TOO_LARGE, 0},
    {"far below the smallest does not", "-99999999999999999999", ERROR_TOO_LARGE, 0},
    {"a minus alone is no number", "-", ERROR_INVALID, 0},
    {"two minus signs are no number", "--1", ERROR_INVALID, 0},
    {"nothing is no signed number", "", ERROR_INVALID, 0},
};

static void check_i64(void **state) {
    const struct i64_case *c = *state;
    int64_t value = 42;
    assert_int_equal(text_to_i64(text_of(c->text), &value), c->error);
    assert_true(value == (c->error ? 42 : c->value));
}

static const struct real_case {
    const char *name;
    const char *text;
    enum error error;
    double value;
} real_cases[] = {
    {"a whole number is real", "3", ERROR_NONE, 3},
    {"a fraction is read", "-2.5", ERROR_NONE, -2.5},
    {"an exponent is read", "1e3", ERROR_NONE, 1000},
    {"a signed exponent is read", "25E-1", ERROR_NONE, 2.5},
    {"a point may come first", ".5", ERROR_NONE, 0.5},
    {"a point may come last", "5.", ERROR_NONE, 5},
    {"what is too small is zero", "1e-999", ERROR_NONE, 0},
    {"what is too large is an error", "1e999", ERROR_TOO_LARGE, 0},
    {"minus too large is an error", "-1e999", ERROR_TOO_LARGE, 0},
    {"nothing is not real", "", ERROR_INVALID, 0},
    {"a point alone is not real", ".", ERROR_INVALID, 0},
    {"a minus alone is not real", "-", ERROR_INVALID, 0},
    {"an exponent alone is not real", "e5", ERROR_INVALID, 0},
    {"an exponent needs digits", "1e", ERROR_INVALID, 0},
    {"an exponent needs more than a sign", "1e+", ERROR_INVALID, 0},
    {"two points are not real", "1.2.3", ERROR_INVALID, 0},
    {"a comma is not a point", "1,5", ERROR_INVALID, 0},
    {"nan is not taken", "nan", ERROR_INVALID, 0},
    {"inf is not taken", "inf", ERROR_INVALID, 0},
    {"a hexadecimal real is not taken", "0x1p3", ERROR_INVALID, 0},
    {"a blank before a real is not taken", " 1", ERROR_INVALID, 0},
    {"a real has nothing behind it", "1s", ERROR_INVALID, 0},
};

static void check_real(void **state) {
    const struct real_case *c = *state;
    double value = 42;
    assert_int_equal(text_to_real(text_of(c->text), &value), c->error);
    assert_true(fabs(value - (c->error ? 42 : c->value)) < 1e-12);
}

static void a_real_of_endless_digits_is_too_large(void **state) {
    (void)state;
    char digits[2000];
    memset(digits, '1', sizeof digits);
    double value;
    assert_int_equal(text_to_real((struct text){digits, sizeof digits}, &value), ERROR_TOO_LARGE);
}

static void a_number_ends_with_its_text(void **state) {
    (void)state;
    uint64_t whole;
    double real;
    assert_int_equal(text_to_u64((struct text){"1234", 2}, &whole), ERROR_NONE);
    assert_int_equal(whole, 12);
    assert_int_equal(text_to_real((struct text){"1.25", 3}, &real), ERROR_NONE);
    assert_true(real > 1.19 && real < 1.21);
}

static void a_copy_is_a_string(void **state) {
    (void)state;
    char *copy = text_copy((struct text){"beltXX", 4});
    char *empty = text_copy(TEXT_EMPTY);
    assert_string_equal(copy, "belt");
    assert_string_equal(empty, "");
    free(copy);
    free(empty);
}

// --- UTF-8 ---

static const struct utf8_case {
    const char *name;
    struct text text;
    bool valid;
} utf8_cases[] = {
    {"no bytes are valid", {NULL, 0}, true},
    {"ASCII is valid", TEXT("belt"), true},
    {"a NUL is valid", TEXT("a\0b"), true},
    {"two bytes are valid", TEXT("\xc3\xb6"), true},
    {"the smallest of two bytes is valid", TEXT("\xc2\x80"), true},
    {"the smallest of three bytes is valid", TEXT("\xe0\xa0\x80"), true},
    {"the last before the surrogates is valid", TEXT("\xed\x9f\xbf"), true},
    {"the first after the surrogates is valid", TEXT("\xee\x80\x80"), true},
    {"U+FFFF is valid", TEXT("\xef\xbf\xbf"), true},
    {"the smallest of four bytes is valid", TEXT("\xf0\x90\x80\x80"), true},
    {"U+10FFFF is valid", TEXT("\xf4\x8f\xbf\xbf"), true},
    {"U+110000 is not", TEXT("\xf4\x90\x80\x80"), false},
    {"F5 leads nothing", TEXT("\xf5\x80\x80\x80"), false},
    {"FF leads nothing", TEXT("\xff"), false},
    {"a surrogate is not valid", TEXT("\xed\xa0\x80"), false},
    {"the last surrogate is not valid", TEXT("\xed\xbf\xbf"), false},
    {"an overlong slash of two is not valid", TEXT("\xc0\xaf"), false},
    {"the largest overlong of two is not valid", TEXT("\xc1\xbf"), false},
    {"an overlong slash of three is not valid", TEXT("\xe0\x80\xaf"), false},
    {"the largest overlong of three is not valid", TEXT("\xe0\x9f\xbf"), false},
    {"the largest overlong of four is not valid", TEXT("\xf0\x8f\xbf\xbf"), false},
    {"a continuation alone is not valid", TEXT("\x80"), false},
    {"two bytes that end early are not valid", TEXT("a\xc3"), false},
    {"three bytes that end early are not valid", TEXT("\xe2\x82"), false},
    {"four bytes that end early are not valid", TEXT("\xf0\x9f\x98"), false},
    {"a letter is no second byte", TEXT("\xc3 "), false},
    {"a letter is no third byte", TEXT("\xe2\x82 "), false},
    {"a letter is no fourth byte", TEXT("\xf0\x9f\x98 "), false},
    {"one bad byte spoils the text", TEXT("fine \xc3\xb6 \xfe fine"), false},
};

static void check_utf8(void **state) {
    const struct utf8_case *c = *state;
    assert_int_equal(text_is_utf8(c->text), c->valid);
}

// --- patterns ---

static const struct match_case {
    const char *name;
    const char *text, *pattern;
    bool matches;
} match_cases[] = {
    {"a text matches itself", "belt", "belt", true},
    {"a text does not match another", "belt", "bell", false},
    {"nothing matches nothing", "", "", true},
    {"a letter does not match nothing", "b", "", false},
    {"nothing does not match a letter", "", "b", false},
    {"a star matches nothing", "", "*", true},
    {"a star matches all", "belt", "*", true},
    {"a star in front matches", "station-1", "*-1", true},
    {"a star behind matches", "station-1", "station-*", true},
    {"a star inside matches", "station-1-speed", "station-*-speed", true},
    {"a star inside needs the end", "station-1-speeds", "station-*-speed", false},
    {"a star goes back to where it started", "aXbXc", "a*Xc", true},
    {"two stars match", "abcabc", "*b*c", true},
    {"stars in a row are one", "abc", "a***c", true},
    {"a question mark is one byte", "a1", "a?", true},
    {"a question mark is not nothing", "a", "a?", false},
    {"a question mark is not two", "a12", "a?", false},
    {"a star and question marks need as many", "ab", "*???", false},
    {"the pattern may not end early", "belt", "bel", false},
    {"the text may not end early", "bel", "belt", false},
    {"a star in the text is a letter", "*", "a", false},
};

static void check_match(void **state) {
    const struct match_case *c = *state;
    assert_int_equal(text_matches(text_of(c->text), text_of(c->pattern)), c->matches);
}

static void a_wicked_pattern_ends_in_time(void **state) {
    (void)state;
    char text[2000], pattern[200];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = i % 2 == 0 ? 'a' : '*';
    pattern[sizeof pattern - 1] = 'b';
    assert_false(text_matches((struct text){text, sizeof text}, (struct text){pattern, sizeof pattern}));
}

int main(void) {
    struct suite suite = {0};
    SUITE_TABLE(&suite, compare_cases, check_compare);
    SUITE_TEST(&suite, texts_know_their_string);
    SUITE_TABLE(&suite, affix_cases, check_affix);
    SUITE_TABLE(&suite, trim_cases, check_trim);
    SUITE_TEST(&suite, the_rest_ends_at_the_end);
    SUITE_TABLE(&suite, split_cases, check_split);
    SUITE_TABLE(&suite, u64_cases, check_u64);
    SUITE_TABLE(&suite, i64_cases, check_i64);
    SUITE_TABLE(&suite, real_cases, check_real);
    SUITE_TEST(&suite, a_real_of_endless_digits_is_too_large);
    SUITE_TEST(&suite, a_number_ends_with_its_text);
    SUITE_TEST(&suite, a_copy_is_a_string);
    SUITE_TABLE(&suite, utf8_cases, check_utf8);
    SUITE_TABLE(&suite, match_cases, check_match);
    SUITE_TEST(&suite, a_wicked_pattern_ends_in_time);
    return SUITE_RUN(&suite);
}
