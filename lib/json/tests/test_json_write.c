#include <json/json.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void commas_and_nesting_come_by_themselves(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "a");
    json_open_array(&writer);
    json_put_integer(&writer, 1);
    json_open_object(&writer);
    json_close_object(&writer);
    json_open_array(&writer);
    json_close_array(&writer);
    json_put_null(&writer);
    json_close_array(&writer);
    json_key_text(&writer, TEXT("b\"c"));
    json_put_bool(&writer, true);
    json_key(&writer, "d");
    json_put_raw(&writer, TEXT("{\"raw\":[]}"));
    json_key_raw(&writer, TEXT("\"e\":"));
    json_put_bool(&writer, false);
    json_close_object(&writer);
    assert_string_equal(out.data, "{\"a\":[1,{},[],null],\"b\\\"c\":true,\"d\":{\"raw\":[]},\"e\":false}");
}

static void integers_are_written_up_to_their_ends(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_array(&writer);
    json_put_integer(&writer, 0);
    json_put_integer(&writer, INT64_MIN);
    json_put_integer(&writer, INT64_MAX);
    json_put_unsigned(&writer, UINT64_MAX);
    json_close_array(&writer);
    assert_string_equal(out.data, "[0,-9223372036854775808,9223372036854775807,18446744073709551615]");
}

struct real_case {
    const char *name;
    double value;
    const char *written;
};
static const struct real_case reals[] = {
    {"a whole real stays a real", 1.0, "1.0"},
    {"the shortest digits are written", 0.1, "0.1"},
    {"a sum shows its last digit", 0.1 + 0.2, "0.30000000000000004"},
    {"a large real has an exponent", 1e300, "1e300"},
    {"the smallest real is written", 5e-324, "5e-324"},
    {"NaN becomes null", NAN, "null"},
    {"infinity becomes null", -INFINITY, "null"},
};

static void check_real(void **state) {
    const struct real_case *c = *state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_real(&writer, c->value);
    assert_string_equal(out.data, c->written);
}

struct string_case {
    const char *name;
    struct text value;
    const char *written;
};
#define U_FFFD "\xEF\xBF\xBD"
static const struct string_case strings[] = {
    {"plain text is quoted", {"abc", 3}, "\"abc\""},
    {"the empty text is quoted", {NULL, 0}, "\"\""},
    {"quotes and backslashes are escaped", {"\"\\/", 3}, "\"\\\"\\\\/\""},
    {"control characters are escaped", {"\b\f\n\r\t\x01\0\x1f\x7f", 9}, "\"\\b\\f\\n\\r\\t\\u0001\\u0000\\u001f\x7f\""},
    {"UTF-8 is kept", {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9}, "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""},
    {"a stray byte becomes U+FFFD",
     {"a\xFF"
      "b",
      3},
     "\"a" U_FFFD "b\""},
    {"a cut character becomes U+FFFD", {"a\xE2\x82", 3}, "\"a" U_FFFD U_FFFD "\""},
    {"a surrogate becomes U+FFFD", {"\xED\xA0\x80", 3}, "\"" U_FFFD U_FFFD U_FFFD "\""},
    {"an overlong form becomes U+FFFD", {"\xE0\x80\x80", 3}, "\"" U_FFFD U_FFFD U_FFFD "\""},
    {"a character past the last becomes U+FFFD", {"\xF4\x90\x80\x80", 4}, "\"" U_FFFD U_FFFD U_FFFD U_FFFD "\""},
};

static void check_string(void **state) {
    const struct string_case *c = *state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_text(&writer, c->value);
    assert_string_equal(out.data, c->written);
}

static void a_parsed_value_is_written_back_compact(void **state) {
    (void)state;
    struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1000, .depth_max = 8};
    struct text text =
        TEXT(" { \"a\" : [ 1 , -2 , 1.50 , 18446744073709551615, \"\\u00e4\\n\" ] , \"b\" : { } , \"c\":null}");
    assert_int_equal(json_parse(text, limits, &document, NULL), ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, json_root(document));
    json_destroy(document);
    assert_string_equal(out.data, "{\"a\":[1,-2,1.5,18446744073709551615,\"\xC3\xA4\\n\"],\"b\":{},\"c\":null}");
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

int main(void) {
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(commas_and_nesting_come_by_themselves),
        cmocka_unit_test(integers_are_written_up_to_their_ends),
        cmocka_unit_test(a_parsed_value_is_written_back_compact),
    };
    struct CMUnitTest tests[COUNT(reals) + COUNT(strings) + COUNT(others)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(reals); i++)
        tests[count++] = (struct CMUnitTest){reals[i].name, check_real, NULL, NULL, (void *)&reals[i]};
    for (size_t i = 0; i < COUNT(strings); i++)
        tests[count++] = (struct CMUnitTest){strings[i].name, check_string, NULL, NULL, (void *)&strings[i]};
    memcpy(tests + count, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
