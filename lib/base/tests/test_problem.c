#include "suite.h"

#include <base/problem.h>
#include <base/text.h>

#include <string.h>

static const struct say_case {
    const char *name;
    const char *said, *text;
} say_cases[] = {
    {"a text is kept", "a.toml: port 80 is in use", "a.toml: port 80 is in use"},
    {"an empty text is empty", "", ""},
    {"lines become one", "one\ntwo\tthree\r", "one two three "},
    {"control bytes lose their power", "\x1b[2J\x7f\x01", "?[2J??"},
    {"UTF-8 is kept", "F\xc3\xb6rderband \xe2\x82\xac", "F\xc3\xb6rderband \xe2\x82\xac"},
};

static void check_say(void **state) {
    const struct say_case *c = *state;
    struct problem problem;
    assert_int_equal(problem_say(&problem, ERROR_EXISTS, "%s", c->said), ERROR_EXISTS);
    assert_string_equal(problem.text, c->text);
}

/// Each character is cut before, never inside: the room for 511 bytes is filled up to `offset` with single bytes.
static const struct cut_case {
    const char *name;
    const char *character;
    size_t filled;
    size_t length;
} cut_cases[] = {
    {"what fits is not cut", "\xc3\xb6", 509, 511},
    {"two bytes are not parted", "\xc3\xb6", 510, 510},
    {"three bytes that fit stay", "\xe2\x82\xac", 508, 511},
    {"three bytes are not parted after two", "\xe2\x82\xac", 509, 509},
    {"three bytes are not parted after one", "\xe2\x82\xac", 510, 510},
    {"four bytes that fit stay", "\xf0\x9f\x98\x80", 507, 511},
    {"four bytes are not parted after three", "\xf0\x9f\x98\x80", 508, 508},
    {"four bytes are not parted after one", "\xf0\x9f\x98\x80", 510, 510},
    {"a text that is too long is cut at the end", "x", 511, 511},
};

static void check_cut(void **state) {
    const struct cut_case *c = *state;
    char filling[PROBLEM_TEXT_BYTES] = {0};
    memset(filling, 'x', c->filled);
    struct problem problem;
    error_ignore(problem_say(&problem, ERROR_INVALID, "%s%s and more than there is room for", filling, c->character));
    assert_int_equal(strlen(problem.text), c->length);
    assert_true(text_is_utf8(text_of(problem.text)));
}

static void bytes_that_are_no_text_do_not_break_the_cut(void **state) {
    (void)state;
    char bytes[PROBLEM_TEXT_BYTES * 2] = {0};
    memset(bytes, 0x80, sizeof bytes - 1);
    struct problem problem;
    error_ignore(problem_say(&problem, ERROR_INVALID, "%s", bytes));
    assert_int_equal(strlen(problem.text), PROBLEM_TEXT_BYTES - 1);
}

static void the_place_goes_in_front(void **state) {
    (void)state;
    struct problem problem;
    assert_int_equal(problem_say(&problem, ERROR_NOT_FOUND, "no such station"), ERROR_NOT_FOUND);
    assert_int_equal(problem_prefix(&problem, ERROR_INVALID, "line %d", 7), ERROR_INVALID);
    assert_string_equal(problem.text, "line 7: no such station");
}

static void a_prefix_cuts_the_end(void **state) {
    (void)state;
    struct problem problem;
    char filling[PROBLEM_TEXT_BYTES] = {0};
    memset(filling, 'x', sizeof filling - 1);
    error_ignore(problem_say(&problem, ERROR_INVALID, "%s", filling));
    error_ignore(problem_prefix(&problem, ERROR_INVALID, "place"));
    assert_int_equal(strlen(problem.text), PROBLEM_TEXT_BYTES - 1);
    assert_true(text_starts_with(text_of(problem.text), TEXT("place: xxx")));
}

static void a_problem_may_quote_itself(void **state) {
    (void)state;
    struct problem problem;
    error_ignore(problem_say(&problem, ERROR_INVALID, "cause"));
    error_ignore(problem_say(&problem, ERROR_INVALID, "because of %s and %s", problem.text, problem.text));
    assert_string_equal(problem.text, "because of cause and cause");
    error_ignore(problem_prefix(&problem, ERROR_INVALID, "%s", problem.text));
    assert_string_equal(problem.text, "because of cause and cause: because of cause and cause");
}

static void nobody_has_to_listen(void **state) {
    (void)state;
    assert_int_equal(problem_say(NULL, ERROR_TIMEOUT, "%s", "unheard"), ERROR_TIMEOUT);
    assert_int_equal(problem_prefix(NULL, ERROR_TIMEOUT, "%s", "unheard"), ERROR_TIMEOUT);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TABLE(&suite, say_cases, check_say);
    SUITE_TABLE(&suite, cut_cases, check_cut);
    SUITE_TEST(&suite, bytes_that_are_no_text_do_not_break_the_cut);
    SUITE_TEST(&suite, the_place_goes_in_front);
    SUITE_TEST(&suite, a_prefix_cuts_the_end);
    SUITE_TEST(&suite, a_problem_may_quote_itself);
    SUITE_TEST(&suite, nobody_has_to_listen);
    return SUITE_RUN(&suite);
}
