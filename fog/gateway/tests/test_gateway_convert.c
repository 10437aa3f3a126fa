// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include "../src/convert.h"
#include <math.h>

struct call_case {
    const char *name;
    const char *call;
    bool valid;
    const char *method;
    const char *arguments;
};

static const struct call_case calls[] = {
    {"a call with one argument", "setDirection(-1)", true, "setDirection", "-1"},
    {"a call without arguments", "reset()", true, "reset", ""},
    {"blanks inside are trimmed", "setState( true )", true, "setState", "true"},
    {"a call with two arguments", "move(1,2.5)", true, "move", "1,2.5"},
    {"no parentheses", "reset", false, NULL, NULL},
    {"no name", "(1)", false, NULL, NULL},
    {"not closed", "reset(", false, NULL, NULL},
    {"empty", "", false, NULL, NULL},
};

static void check_call(void **state) {
    const struct call_case *c = *state;
    struct text name, arguments;
    assert_int_equal(convert_call(text_of(c->call), &name, &arguments), c->valid);
    if (!c->valid) return;
    assert_true(text_is(name, c->method));
    assert_true(text_is(arguments, c->arguments));
}

struct argument_case {
    const char *name;
    const char *text;
    enum value_type type;
    enum error error;
    double expected; // as a number
};

static const struct argument_case arguments[] = {
    {"a whole number", "-1", VALUE_INT32, ERROR_NONE, -1},
    {"a number with a fraction is no Int32", "1.5", VALUE_INT32, ERROR_INVALID, 0},
    {"a number past Int32", "2147483648", VALUE_INT32, ERROR_INVALID, 0},
    {"a negative UInt16", "-1", VALUE_UINT16, ERROR_INVALID, 0},
    {"the largest UInt32", "4294967295", VALUE_UINT32, ERROR_NONE, 4294967295.0},
    {"a double", "2.5", VALUE_DOUBLE, ERROR_NONE, 2.5},
    {"true", "true", VALUE_BOOL, ERROR_NONE, 1},
    {"a number is no Boolean", "1", VALUE_BOOL, ERROR_INVALID, 0},
    {"a word is no number", "left", VALUE_INT32, ERROR_INVALID, 0},
    {"an argument that is missing", "", VALUE_INT32, ERROR_INVALID, 0},
    {"an argument too many", "1,2", VALUE_INT32, ERROR_INVALID, 0},
};

struct match_case {
    const char *name;
    struct value value;
    const char *json;
    bool matches;
};

static const struct match_case matches[] = {
    {"false is false", {.type = VALUE_BOOL}, "false", true},
    {"false is not 0", {.type = VALUE_BOOL}, "0", false},
    {"false is not null", {.type = VALUE_BOOL}, "null", false},
    {"7 is 7.0", {.type = VALUE_UINT32, .uint32 = 7}, "7.0", true},
    {"7 is not \"7\"", {.type = VALUE_UINT32, .uint32 = 7}, "\"7\"", false},
    {"-1 is not 4294967295", {.type = VALUE_INT32, .int32 = -1}, "4294967295", false},
    {"2.5 is 2.5", {.type = VALUE_DOUBLE, .real = 2.5}, "2.5", true},
    {"a number that is none is written as null", {.type = VALUE_DOUBLE, .real = NAN}, "null", true},
    {"no value is null", {.type = VALUE_NULL}, "null", true},
    {"no value is not false", {.type = VALUE_NULL}, "false", false},
    {"a text is itself", {.type = VALUE_STRING, .string = TEXT("run")}, "\"run\"", true},
    {"a text is no other", {.type = VALUE_STRING, .string = TEXT("run")}, "\"safe\"", false},
    {"bytes that are no UTF-8 are as they are written",
     {.type = VALUE_STRING, .string = TEXT("a\xff")},
     "\"a\uFFFD\"",
     true},
};

static void check_match(void **state) {
    const struct match_case *c = *state;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {64, 4};
    assert_int_equal(json_parse(text_of(c->json), limits, &document, NULL), ERROR_NONE);
    assert_int_equal(convert_matches(&c->value, json_root(document)), c->matches);
}

static void nothing_is_no_value(void **state) {
    (void)state;
    struct value none = {.type = VALUE_NULL}, zero = {.type = VALUE_INT32};
    assert_true(convert_matches(&none, NULL));
    assert_false(convert_matches(&zero, NULL));
}

static double as_number(const struct value *value) {
    switch (value->type) {
    case VALUE_BOOL: return value->boolean;
    case VALUE_INT32: return value->int32;
    case VALUE_UINT16: return value->uint16;
    case VALUE_UINT32: return value->uint32;
    case VALUE_DOUBLE: return value->real;
    default: return 0;
    }
}

static void check_argument(void **state) {
    const struct argument_case *c = *state;
    struct value value;
    struct problem problem = {0};
    assert_int_equal(convert_call_arguments(text_of(c->text), &c->type, 1, &value, &problem), c->error);
    if (c->error) {
        assert_true(problem.text[0] != '\0');
        return;
    }
    assert_int_equal(value.type, c->type);
    assert_true(as_number(&value) == c->expected);
}

static const struct argument_case json_arguments[] = {
    {"JSON true", "true", VALUE_BOOL, ERROR_NONE, 1},
    {"JSON 1 is no Boolean", "1", VALUE_BOOL, ERROR_INVALID, 0},
    {"JSON 1.0 is a whole number", "1.0", VALUE_INT32, ERROR_NONE, 1},
    {"JSON 1.5 is not", "1.5", VALUE_UINT32, ERROR_INVALID, 0},
    {"JSON 70000 is past UInt16", "70000", VALUE_UINT16, ERROR_INVALID, 0},
    {"JSON null is nothing", "null", VALUE_INT32, ERROR_INVALID, 0},
    {"a JSON text is no number", "\"1\"", VALUE_DOUBLE, ERROR_INVALID, 0},
    {"an object is no argument", "{}", VALUE_STRING, ERROR_INVALID, 0},
};

static void check_json(void **state) {
    const struct argument_case *c = *state;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    assert_int_equal(json_parse(text_of(c->text), (struct json_limits){1024, 8}, &document, NULL), ERROR_NONE);
    struct value value;
    struct problem problem = {0};
    assert_int_equal(convert_json(json_root(document), c->type, &value, &problem), c->error);
    if (!c->error)
        assert_true(as_number(&value) == c->expected);
    else
        assert_true(problem.text[0] != '\0');
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int main(void) {
    struct CMUnitTest tests[COUNT(calls) + COUNT(arguments) + COUNT(json_arguments) + COUNT(matches) + 1];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(calls); i++)
        tests[count++] = (struct CMUnitTest){calls[i].name, check_call, NULL, NULL, (void *)&calls[i]};
    for (size_t i = 0; i < COUNT(arguments); i++)
        tests[count++] = (struct CMUnitTest){arguments[i].name, check_argument, NULL, NULL, (void *)&arguments[i]};
    for (size_t i = 0; i < COUNT(json_arguments); i++)
        tests[count++] =
            (struct CMUnitTest){json_arguments[i].name, check_json, NULL, NULL, (void *)&json_arguments[i]};
    for (size_t i = 0; i < COUNT(matches); i++)
        tests[count++] = (struct CMUnitTest){matches[i].name, check_match, NULL, NULL, (void *)&matches[i]};
    tests[count++] = (struct CMUnitTest){"an absent member is no value", nothing_is_no_value, NULL, NULL, NULL};
    return cmocka_run_group_tests_name("gateway: arguments", tests, NULL, NULL);
}
