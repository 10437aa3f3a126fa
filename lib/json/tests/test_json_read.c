#include <json/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};

static struct json_document *parse(const char *text) {
    struct json_document *document = NULL;
    struct problem problem = {0};
    enum error error = json_parse(text_of(text), limits, &document, &problem);
    if (error) fail_msg("%s: %s", text, problem.text);
    return document;
}

static void assert_text(struct text text, const char *expected) {
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

/* ---- What is refused, and with which words ---- */

struct refusal {
    const char *name;
    const char *text;
    enum error error;
    const char *says;
};
static const struct refusal refusals[] = {
    {"an empty text is refused", "", ERROR_INVALID, "the text is empty"},
    {"blanks alone are refused", "  \n", ERROR_INVALID, "line"},
    {"a trailing comma is refused with its place", "{\"a\":1,\n \"b\":2,}", ERROR_INVALID, "line 2, column 7"},
    {"a comment is refused", "{}//x", ERROR_INVALID, "line 1, column 3"},
    {"text behind the value is refused", "{} {}", ERROR_INVALID, "line 1, column 4"},
    {"a literal in other letters is refused", "True", ERROR_INVALID, "line 1, column 1"},
    {"a number with a leading zero is refused", "01", ERROR_INVALID, "line 1"},
    {"a number that no double holds is refused", "1e400", ERROR_INVALID, "line 1"},
    {"NaN is refused", "NaN", ERROR_INVALID, "line 1"},
    {"a broken escape is refused", "\"\\x\"", ERROR_INVALID, "line 1"},
    {"a raw control character in a string is refused", "\"\x01\"", ERROR_INVALID, "line 1"},
    {"half a surrogate pair is refused", "\"\\ud800\"", ERROR_INVALID, "line 1"},
    {"bytes that are no UTF-8 are refused", "\"\xFF\"", ERROR_INVALID, "line 1"},
    {"an overlong form is refused", "\"\xC0\xAF\"", ERROR_INVALID, "line 1"},
    {"a member that stands twice is refused with its place", "{\"a\":1,\n\"b\":{\"x\":1,\"x\":2}}", ERROR_INVALID,
     "line 2, column 13: the member 'x' stands twice"},
    {"a member written twice in different escapes is refused", "{\"a\":1,\"\\u0061\":2}", ERROR_INVALID,
     "stands twice"},
    {"an object one level too deep is refused with its place", "[[[[\n{}]]]]", ERROR_TOO_LARGE,
     "line 2, column 1: nested deeper than 4"},
    {"brackets inside strings do not count as levels", "[\"[[[[\\\"[[\",[[[[1]]]]]", ERROR_TOO_LARGE, "column 16"},
};

static void check_refusal(void **state) {
    const struct refusal *c = *state;
    struct json_document *document = NULL;
    struct problem problem = {0};
    assert_int_equal(json_parse(text_of(c->text), limits, &document, &problem), c->error);
    assert_null(document);
    if (strstr(problem.text, c->says) == NULL) fail_msg("'%s' does not say '%s'", problem.text, c->says);
}

static void a_text_past_the_limit_is_refused_before_it_is_read(void **state) {
    (void)state;
    struct json_document *document = NULL;
    struct problem problem = {0};
    struct json_limits small = {.bytes_max = 3, .depth_max = 4};
    assert_int_equal(json_parse(TEXT("1234"), small, &document, &problem), ERROR_TOO_LARGE);
    assert_non_null(strstr(problem.text, "4 bytes, at most 3"));
    assert_int_equal(json_parse(TEXT("123"), small, &document, NULL), ERROR_NONE);
    json_destroy(document);
}

static void no_limit_lets_a_text_use_up_the_stack(void **state) {
    (void)state;
    enum { LEVELS = 200000 };
    char *deep = malloc(2 * LEVELS + 1);
    memset(deep, '[', LEVELS);
    memset(deep + LEVELS, ']', LEVELS);
    struct json_document *document = NULL;
    struct json_limits wide = {.bytes_max = SIZE_MAX, .depth_max = 1000000};
    assert_int_equal(json_parse((struct text){deep, 2 * LEVELS}, wide, &document, NULL), ERROR_TOO_LARGE);
    free(deep);
}

static void duplicates_are_found_among_many_members(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_string(&text, "{");
    for (int i = 0; i < 300; i++) buffer_print(&text, "\"member%d\":%d,", i, i);
    size_t before = text.length;
    buffer_string(&text, "\"last\":0}");
    struct json_document *document = NULL;
    struct json_limits wide = {.bytes_max = 1 << 20, .depth_max = 4};
    assert_int_equal(json_parse(buffer_view(&text), wide, &document, NULL), ERROR_NONE);
    assert_int_equal(json_integer(json_member(json_root(document), "member299"), -1), 299);
    json_destroy(document);

    text.length = before;
    buffer_string(&text, "\"member17\":0}");
    assert_int_equal(json_parse(buffer_view(&text), wide, &document, NULL), ERROR_INVALID);
}

/* ---- Values ---- */

static void every_kind_is_told_apart(void **state) {
    (void)state;
    CLEANUP(json_destroy_at) struct json_document *document = parse("[null,true,-7,2.5,\"s\",[],{}]");
    static const enum json_kind kinds[] = {JSON_NULL,   JSON_BOOL,  JSON_INTEGER, JSON_REAL,
                                           JSON_STRING, JSON_ARRAY, JSON_OBJECT};
    size_t index = 0;
    for (struct json_each each = json_each(json_root(document)); json_next(&each); index++) {
        assert_int_equal(json_kind(each.value), kinds[index]);
        assert_true(json_is(each.value, kinds[index]));
        assert_true(json_exists(each.value));
        assert_ptr_equal(json_element(json_root(document), index), each.value);
    }
    assert_int_equal(index, 7);
    assert_null(json_element(json_root(document), 7));
}

static void an_absent_value_answers_like_null_but_does_not_exist(void **state) {
    (void)state;
    CLEANUP(json_destroy_at) struct json_document *document = parse("{\"a\":null}");
    const struct json *present = json_member(json_root(document), "a");
    assert_true(json_exists(present) && json_is(present, JSON_NULL));
    const struct json *absent = json_member(json_root(document), "b");
    assert_false(json_exists(absent));
    assert_false(json_is(absent, JSON_NULL));
    assert_int_equal(json_kind(absent), JSON_NULL);
    assert_false(json_bool(absent));
    assert_int_equal(json_integer(absent, 5), 5);
    assert_true(json_real(absent, 0.5) == 0.5);
    assert_int_equal(json_string(absent).length, 0);
    assert_int_equal(json_count(absent), 0);
    assert_null(json_member(absent, "x"));
    assert_null(json_path(absent, TEXT("x/y")));
    assert_null(json_element(absent, 0));
    struct json_each each = json_each(absent);
    assert_false(json_next(&each));
}

struct number_case {
    const char *name;
    const char *text;
    enum json_kind kind;
    int64_t integer; // -1 when it has none
    double real;
};
static const struct number_case numbers[] = {
    {"a whole number is an integer", "42", JSON_INTEGER, 42, 42},
    {"a whole real serves as an integer", "42.0", JSON_REAL, 42, 42},
    {"an exponent makes a real", "1e3", JSON_REAL, 1000, 1000},
    {"a fraction has no integer", "0.5", JSON_REAL, -1, 0.5},
    {"the smallest integer fits", "-9223372036854775808", JSON_INTEGER, INT64_MIN, -0x1p63},
    {"the largest integer fits", "9223372036854775807", JSON_INTEGER, INT64_MAX, 0x1p63},
    {"one more is real and has no integer", "9223372036854775808", JSON_REAL, -1, 0x1p63},
    {"a real of 2 to the 63 has no integer", "9223372036854775808.0", JSON_REAL, -1, 0x1p63},
    {"a number past 64 bits is real", "1e30", JSON_REAL, -1, 1e30},
};

static void check_number(void **state) {
    const struct number_case *c = *state;
    CLEANUP(json_destroy_at) struct json_document *document = parse(c->text);
    const struct json *value = json_root(document);
    assert_int_equal(json_kind(value), c->kind);
    assert_true(json_integer(value, -1) == c->integer);
    assert_true(json_real(value, 0) == c->real);
}

static void members_are_found_by_name_and_by_path(void **state) {
    (void)state;
    CLEANUP(json_destroy_at) struct json_document *document = parse("{\"a\":{\"b/c\":1,\"b\":{\"c\":\"x\\u0000y\"}}}");
    const struct json *root = json_root(document);
    struct text found = json_string(json_path(root, TEXT("a/b/c")));
    assert_int_equal(found.length, 3);
    assert_memory_equal(found.data, "x\0y", 3);
    assert_null(json_path(root, TEXT("a/x/c")));
    assert_null(json_path(root, TEXT("a/b/c/d")));
    assert_ptr_equal(json_path(root, TEXT_EMPTY), root);
    assert_int_equal(json_integer(json_member(json_member(root, "a"), "b/c"), 0), 1);
}

static void members_are_walked_in_order(void **state) {
    (void)state;
    CLEANUP(json_destroy_at) struct json_document *document = parse("{\"z\":[1,[2]],\"a\":{\"q\":1},\"\":3}");
    static const char *const names[] = {"z", "a", ""};
    size_t index = 0;
    for (struct json_each each = json_each(json_root(document)); index < 3 && json_next(&each);)
        assert_text(each.name, names[index++]);
    assert_int_equal(index, 3);
    assert_int_equal(json_count(json_root(document)), 3);
}

/* ---- Equality ---- */

struct equal_case {
    const char *name;
    const char *a, *b;
    bool equal;
};
static const struct equal_case equals[] = {
    {"numbers are equal by value", "1", "1.0", true},
    {"zero has no sign", "0", "-0.0", true},
    {"an integer is not the real beside it", "9007199254740993", "9007199254740992.0", false},
    {"a negative is not the large unsigned of the same bits", "-1", "18446744073709551615", false},
    {"a large unsigned equals its real", "18446744073709551616", "1.8446744073709552e19", true},
    {"a number is not its text", "1", "\"1\"", false},
    {"true is not 1", "true", "1", false},
    {"true is not false", "true", "false", false},
    {"null equals null", "null", "null", true},
    {"null is not the empty object", "null", "{}", false},
    {"the order of members does not matter", "{\"a\":1,\"b\":[2,{\"c\":3}]}", "{\"b\":[2,{\"c\":3}],\"a\":1.0}", true},
    {"one member more is a difference", "{\"a\":1}", "{\"a\":1,\"b\":2}", false},
    {"another name is a difference", "{\"a\":1}", "{\"b\":1}", false},
    {"the order of elements matters", "[1,2]", "[2,1]", false},
    {"one element more is a difference", "[1]", "[1,1]", false},
    {"an escape does not matter", "\"\\u0041\"", "\"A\"", true},
    {"an array is not an object", "[]", "{}", false},
};

static void check_equal(void **state) {
    const struct equal_case *c = *state;
    CLEANUP(json_destroy_at) struct json_document *a = parse(c->a);
    CLEANUP(json_destroy_at) struct json_document *b = parse(c->b);
    assert_int_equal(json_equal(json_root(a), json_root(b)), c->equal);
    assert_int_equal(json_equal(json_root(b), json_root(a)), c->equal);
    assert_true(json_equal(json_root(a), json_root(a)));
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

int main(void) {
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_text_past_the_limit_is_refused_before_it_is_read),
        cmocka_unit_test(no_limit_lets_a_text_use_up_the_stack),
        cmocka_unit_test(duplicates_are_found_among_many_members),
        cmocka_unit_test(every_kind_is_told_apart),
        cmocka_unit_test(an_absent_value_answers_like_null_but_does_not_exist),
        cmocka_unit_test(members_are_found_by_name_and_by_path),
        cmocka_unit_test(members_are_walked_in_order),
    };
    struct CMUnitTest tests[COUNT(refusals) + COUNT(numbers) + COUNT(equals) + COUNT(others)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(refusals); i++)
        tests[count++] = (struct CMUnitTest){refusals[i].name, check_refusal, NULL, NULL, (void *)&refusals[i]};
    for (size_t i = 0; i < COUNT(numbers); i++)
        tests[count++] = (struct CMUnitTest){numbers[i].name, check_number, NULL, NULL, (void *)&numbers[i]};
    for (size_t i = 0; i < COUNT(equals); i++)
        tests[count++] = (struct CMUnitTest){equals[i].name, check_equal, NULL, NULL, (void *)&equals[i]};
    memcpy(tests + count, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
