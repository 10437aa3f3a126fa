// What rules select, what messages become, and what is refused with which words.
#include <rule/rule.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char press[] =
    "{\"state\":{\"reported\":{\"t\":81.5,\"on\":true,\"name\":\"Press 1\"}},\"n\":7,\"big\":9007199254740993,"
    "\"whole\":10.0,\"nothing\":null,\"text\":\"12.5\",\"yes\":\"TRUE\",\"a-b\":1,\"value\":3,"
    "\"list\":[{\"n\":\"temperature\",\"v\":22.5},{\"n\":\"light\",\"v\":135},{\"n\":\"acidity\",\"v\":7}],\"odd\":[1,"
    "2]}";

static enum error run(const char *sql, const char *topic, const char *payload, struct buffer *out, bool *ret_selected,
                      struct problem *problem) {
    CLEANUP(rule_destroy_at) struct rule *rule = NULL;
    const struct rule_message message = {.topic = text_of(topic),
                                         .payload = text_of(payload),
                                         .time_ms = 1700000000123,
                                         .client_id = TEXT("press"),
                                         .account = TEXT("123456789012")};
    enum error error = rule_parse(text_of(sql), &rule, problem);
    return error ? error : rule_run(rule, &message, out, ret_selected, problem);
}

struct value_case {
    const char *expression, *json; // NULL: Undefined
};

static const struct value_case values[] = {
    // members
    {"state.reported.t", "81.5"},
    {"state.reported.missing", NULL},
    {"n.t", NULL},
    {"nothing", "null"},
    {"value", "3"},
    {"get(*, 'a-b')", "1"},
    {"get(list, 1).v", "135"},
    {"get(odd, 9)", NULL},
    {"get('abc', 1)", "\"b\""},
    {"get_or_default(missing, 'none')", "\"none\""},
    {"whole", "10"}, // a whole decimal is an Int
    // literals
    {"'it''s'", "\"it's\""},
    {"\"two\"", "\"two\""},
    {"{\"a\": n, \"b\": [1, missing, 'x']}", "{\"a\":7,\"b\":[1,\"x\"]}"},
    {"{\"a\": missing}", "{}"},
    {"NULL", "null"},
    {"-5", "-5"},
    {"1e3", "1000"},
    // arithmetic
    {"1 + 2 * 3", "7"},
    {"(1 + 2) * 3", "9"},
    {"7 / 2", "3"},
    {"7 / 2.0", "3"}, // 2.0 is an Int in this version of the language
    {"7 / 2.5", "2.8"},
    {"7 % 4", "3"},
    {"7 / 0", NULL},
    {"7 % 0", NULL},
    {"big - 1", "9007199254740992"},
    {"9223372036854775807 + 1", "9223372036854776000.0"},
    {"text * 2", "25"},
    {"'x' * 2", NULL},
    {"true + 1", NULL},
    {"'a' + 1", "\"a1\""},
    {"1 + 'a' + true", "\"1atrue\""},
    {"'a' + odd", "\"a[1,2]\""},
    {"'a' + missing", NULL},
    {"--3", "3"},
    {"-n - -n", "0"},
    // comparison
    {"n > 6", "true"},
    {"text < 13", "true"},
    {"'x' < 1", NULL},
    {"big > 9007199254740992", "true"},
    {"n = 7.0", "true"},
    {"n = '7'", "false"},
    {"n <> '7'", "true"},
    {"n != 7", "false"},
    {"missing = 1", NULL},
    {"odd = [1, 2]", "true"},
    {"nothing = NULL", "true"},
    // logic
    {"true AND yes", "true"},
    {"not false", "true"},
    {"NOT n = 7", "false"},
    {"true OR missing", NULL}, // as AWS has it: Undefined makes it Undefined
    {"1 AND true", NULL},
    {"false OR true AND false", "false"},
    {"CASE n WHEN 1 THEN 'one' WHEN 7 THEN 'seven' ELSE 'many' END", "\"seven\""},
    {"CASE n WHEN 1 THEN 'one' ELSE 'many' END", "\"many\""},
    {"CASE n WHEN 1 THEN 'one' END", NULL},
    {"CASE missing WHEN 1 THEN 'one' ELSE 'many' END", NULL},
    // nested queries
    {"(SELECT v FROM list WHERE n = 'light')", "[{\"v\":135}]"},
    {"get((SELECT v FROM list WHERE n = 'temperature'), 0).v", "22.5"},
    {"(SELECT VALUE v FROM list WHERE v > 10)", "[22.5,135]"},
    {"(SELECT * FROM odd)", "[{},{}]"},
    {"(SELECT VALUE * FROM odd)", "[1,2]"},
    {"(SELECT v FROM n)", NULL},
    // casts
    {"cast(true AS Int)", "1"},
    {"cast('12.9' AS Integer)", "12"},
    {"cast('-1.5' AS int)", "-2"},
    {"cast(12 AS String)", "\"12\""},
    {"cast(0 AS Boolean)", "false"},
    {"cast('True' AS Bool)", "true"},
    {"cast('x' AS Decimal)", NULL},
    {"cast(nothing AS String)", NULL},
    // of the message
    {"topic()", "\"$aws/things/press/shadow/update\""},
    {"topic(3)", "\"press\""},
    {"topic(9)", NULL},
    {"timestamp()", "1700000000123"},
    {"clientid()", "\"press\""},
    {"principal()", NULL},
    {"accountid()", "\"123456789012\""},
    {"length(newuuid())", "36"},
    // numbers
    {"abs(-5)", "5"},
    {"abs('-5.25')", "5.25"},
    {"abs('five')", NULL},
    {"ceil(1.2)", "2"},
    {"floor(-1.2)", "-2"},
    {"round(2.5)", "3"},
    {"trunc(2.779, 2)", "2.77"},
    {"trunc(-2.5)", "-2"},
    {"sign(-0.5)", "-1"},
    {"sqrt(9)", "3"},
    {"sqrt(-1)", NULL},
    {"power(2, 10)", "1024"},
    {"mod(8, 3)", "2"},
    {"ln(0)", NULL},
    // texts
    {"concat('a', 1, true)", "\"a1true\""},
    {"concat('a', missing)", NULL},
    {"upper(state.reported.name)", "\"PRESS 1\""},
    {"lower('\xc3\x84' + 'B')", "\"\xc3\x84"
                                "b\""},
    {"trim('  a ')", "\"a\""},
    {"length('\xc3\xa4\xc3\xb6')", "2"},
    {"substring('h\xc3\xa4llo', 1, 3)", "\"\xc3\xa4l\""},
    {"substring('hello', 3)", "\"lo\""},
    {"substring('hello', 3, 1)", NULL},
    {"indexof('abcd', 'bc')", "1"},
    {"indexof('abcd', 'x')", "-1"},
    {"startswith('ranger', 'ran')", "true"},
    {"endswith('cat', 'at')", "true"},
    {"replace('a.b.c', '.', '/')", "\"a/b/c\""},
    {"regexp_matches('aaaa', 'a{2,}')", "true"},
    {"regexp_matches('aaaa', '^b')", "false"},
    {"regexp_matches('aaaa', '(')", NULL},
    {"encode('abc', 'base64')", "\"YWJj\""},
    {"decode('YWJj', 'base64')", "\"abc\""},
    {"decode('YW!j', 'base64')", NULL},
    {"encode('abc', 'rot13')", NULL},
    {"sha256('abc')", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""},
    // times
    {"parse_time(\"yyyy-MM-dd'T'HH:mm:ss.SSSZ\", timestamp())", "\"2023-11-14T22:13:20.123+0000\""},
    {"parse_time('HH:mm ZZ', 1700000000123, '+02:00')", "\"00:13 +02:00\""},
    {"parse_time('EEEE', 1700000000123)", NULL},
    {"time_to_epoch('2023-11-14 22:13:20', 'yyyy-MM-dd HH:mm:ss')", "1700000000000"},
    {"time_to_epoch('2023-11-15T00:13:20+02:00', \"yyyy-MM-dd'T'HH:mm:ssZ\")", "1700000000000"},
    {"time_to_epoch('yesterday', 'yyyy')", NULL},
    {"isNull(nothing)", "true"},
    {"isUndefined(missing.deeper)", "true"},
    {"isUndefined(nothing)", "false"},
};

static void expressions_have_the_values_of_the_language(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char sql[512];
        bool selected = false;
        struct problem problem = {0};
        CLEANUP(buffer_clear) struct buffer out = {0};
        snprintf(sql, sizeof sql, "SELECT VALUE (%s) FROM '#'", values[i].expression);
        enum error error = run(sql, "$aws/things/press/shadow/update", press, &out, &selected, &problem);
        if (error) fail_msg("%s: %s", values[i].expression, problem.text);
        const char *expected = values[i].json == NULL ? "" : values[i].json;
        const char *is = out.data == NULL ? "" : out.data;
        if (!selected || strcmp(is, expected) != 0) fail_msg("%s: is %s", values[i].expression, is);
    }
}

struct selection_case {
    const char *sql, *payload, *out; // NULL: not selected
};

static const struct selection_case selections[] = {
    {"SELECT * FROM 'a/b'", "{\"x\": 1}", "{\"x\": 1}"},
    {"SELECT * FROM 'a/b'", "no JSON at all", "no JSON at all"},
    {"SELECT *, topic(2) AS t FROM 'a/b'", "{\"x\":1,\"t\":2}", "{\"x\":1,\"t\":\"b\"}"},
    {"SELECT x, x AS y, x.z FROM 'a/b'", "{\"x\":{\"z\":1}}", "{\"x\":{\"z\":1},\"y\":{\"z\":1},\"z\":1}"},
    {"SELECT x AS 'two words' FROM 'a/b'", "{\"x\":1}", "{\"two words\":1}"},
    {"SELECT topic() FROM 'a/b'", "{}", "{\"topic\":\"a/b\"}"},
    {"SELECT x FROM 'a/b' WHERE x > 1", "{\"x\":2}", "{\"x\":2}"},
    {"SELECT x FROM 'a/b' WHERE x > 1", "{\"x\":1}", NULL},
    {"SELECT x FROM 'a/b' WHERE y > 1", "{\"x\":1}", NULL},         // Undefined
    {"SELECT x AS y FROM 'a/b' WHERE y = 1", "{\"x\":1}", NULL},    // no aliases there
    {"SELECT x FROM 'a/b' WHERE 'true'", "{\"x\":1}", "{\"x\":1}"}, // a text that is one
    {"SELECT x FROM 'a/b'", "broken {", "{}"},
    {"SELECT encode(*, 'base64') AS data FROM 'a/b'", "\x01\x02", "{\"data\":\"AQI=\"}"},
    {"SELECT encode(*, 'base64') AS data FROM 'a/b'", "{\"x\": 1}", "{\"data\":\"eyJ4IjogMX0=\"}"},
    {"SELECT VALUE x FROM 'a/b'", "{\"x\":[1]}", "[1]"},
    {"SELECT value FROM 'a/b'", "{\"value\":1}", "{\"value\":1}"},
    {"SELECT value * 2 AS v FROM 'a/b'", "{\"value\":4}", "{\"v\":8}"},
    {"SELECT VALUE * FROM 'a/b' WHERE x = 1", "{\"x\":1}", "{\"x\":1}"},
    {"select state.desired\n  from 'a/b'\n where state.desired.on = true", "{\"state\":{\"desired\":{\"on\":true}}}",
     "{\"desired\":{\"on\":true}}"},
};

static void messages_become_what_is_selected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++) {
        const struct selection_case *one = &selections[i];
        bool selected = false;
        struct problem problem = {0};
        CLEANUP(buffer_clear) struct buffer out = {0};
        if (run(one->sql, "a/b", one->payload, &out, &selected, &problem)) fail_msg("%s: %s", one->sql, problem.text);
        assert_int_equal(selected, one->out != NULL);
        if (one->out != NULL && strcmp(out.data, one->out) != 0) fail_msg("%s: is %s", one->sql, out.data);
    }
}

static void the_way_in_is_no_part_of_the_topic(void **state) {
    (void)state;
    bool selected;
    CLEANUP(buffer_clear) struct buffer out = {0};
    assert_int_equal(run("SELECT topic(1) AS t FROM '#'", "$aws/rules/heat/dt/press", "{}", &out, &selected, NULL),
                     ERROR_NONE);
    assert_string_equal(out.data, "{\"t\":\"dt\"}");
}

static const struct refusal {
    const char *sql, *problem; // part of it
} refusals[] = {
    {"", "line 1, column 1: SELECT is expected here, not \"the end\""},
    {"SELEC * FROM 'a'", "SELECT is expected here, not \"SELEC\""},
    {"SELECT FROM 'a'", "column 8: a value is expected here, not \"FROM\""},
    {"SELECT *", "FROM is expected here"},
    {"SELECT * FROM a", "a topic filter in quotes is expected here, not \"a\""},
    {"SELECT * FROM ''", "a topic filter"},
    {"SELECT * FROM 'a/b+'", "whole levels"},
    {"SELECT * FROM 'a/#/b'", "whole levels"},
    {"SELECT * FROM 'a' WHERE", "a value is expected here, not \"the end\""},
    {"SELECT * FROM 'a'\nWHERE x = ", "line 2, column 11: a value"},
    {"SELECT * FROM 'a' ORDER BY x", "the end is expected here, not \"ORDER\""},
    {"SELECT x + 1 FROM 'a'", "has no name of its own; write ... AS name"},
    {"SELECT fly(x) AS y FROM 'a'", "column 8: there is no function \"fly\""},
    {"SELECT abs() AS y FROM 'a'", "abs takes 1 to 1 arguments, not 0"},
    {"SELECT abs(1, 2) AS y FROM 'a'", "not 2"},
    {"SELECT x FROM 'a", "column 15: this text does not end"},
    {"SELECT x.'y' FROM 'a'", "the name of a member"},
    {"SELECT (x FROM 'a'", ") is expected here"},
    {"SELECT {x: 1} AS y FROM 'a'", "a name in quotes"},
    {"SELECT cast(x AS Duck) AS y FROM 'a'", "a type"},
    {"SELECT CASE x THEN 1 END AS y FROM 'a'", "WHEN is expected here"},
    {"SELECT x; FROM 'a'", "';' means nothing here"},
    {"SELECT \xff FROM 'a'", "UTF-8"},
    {"SELECT 1e999 AS y FROM 'a'", "too large a number"},
};

static void refusals_name_the_place_and_what_is_expected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct rule *rule = NULL;
        struct problem problem = {0};
        enum error error = rule_parse(text_of(refusals[i].sql), &rule, &problem);
        if (error != ERROR_INVALID || strstr(problem.text, refusals[i].problem) == NULL)
            fail_msg("%s: %d, %s", refusals[i].sql, error, problem.text);
    }
}

static void assert_refused(const char *head, const char *piece, int count, const char *tail, const char *words) {
    CLEANUP(buffer_clear) struct buffer sql = {0};
    struct rule *rule = NULL;
    struct problem problem = {0};
    buffer_string(&sql, head);
    for (int i = 0; i < count; i++) buffer_string(&sql, piece);
    buffer_string(&sql, tail);
    assert_int_not_equal(rule_parse(buffer_view(&sql), &rule, &problem), ERROR_NONE);
    if (strstr(problem.text, words) == NULL) fail_msg("%s", problem.text);
}

static void depth_and_size_have_limits(void **state) {
    (void)state;
    assert_refused("SELECT ", "(", 10000, "1", "brackets");
    assert_refused("SELECT ", "NOT ", 10000, "1", "brackets");
    assert_refused("SELECT ", "- ", 10000, "1", "brackets");
    assert_refused("SELECT 1", "+1", 10000, " AS x FROM 'a'", "nested more than");
    assert_refused("SELECT x", ".x", 10000, " FROM 'a'", "nested more than");
    assert_refused("SELECT x", " ", RULE_BYTES_MAX, " FROM 'a'", "at most 65536");
}

static void a_message_that_would_explode_is_refused(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer sql = {0}, out = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    bool selected;
    struct problem problem = {0};
    buffer_string(&sql, "SELECT ");
    for (int i = 0; i < 40; i++) buffer_print(&sql, "%sreplace(x, 'a', x) AS x%d", i == 0 ? "" : ", ", i);
    buffer_string(&sql, " FROM 'a/b'");
    buffer_string(&payload, "{\"x\":\"");
    for (int i = 0; i < 3000; i++) buffer_byte(&payload, 'a');
    buffer_string(&payload, "\"}");
    assert_int_equal(run(sql.data, "a/b", payload.data, &out, &selected, &problem), ERROR_TOO_LARGE);
    assert_non_null(strstr(problem.text, "more than"));
}

static const struct match_case {
    const char *filter, *topic;
    bool taken;
} matches[] = {
    {"a/b", "a/b", true},    {"a/b", "a/b/c", false},  {"a/b", "a", false},        {"a/+", "a/b", true},
    {"a/+", "a/b/c", false}, {"a/#", "a/b/c", true},   {"a/#", "a", false},        {"#", "a/b", true},
    {"#", "$aws/x", false},  {"+/x", "$aws/x", false}, {"$aws/+", "$aws/x", true}, {"+/+", "a/b", true},
};

static void filters_take_topics_as_aws_has_it(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        char sql[64];
        CLEANUP(rule_destroy_at) struct rule *rule = NULL;
        snprintf(sql, sizeof sql, "SELECT * FROM '%s'", matches[i].filter);
        assert_int_equal(rule_parse(text_of(sql), &rule, NULL), ERROR_NONE);
        assert_true(text_is(rule_filter(rule), matches[i].filter));
        if (rule_takes(rule, text_of(matches[i].topic)) != matches[i].taken)
            fail_msg("%s, %s", matches[i].filter, matches[i].topic);
    }
}

static void substitutions_are_put_in(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"plain", "plain"},     {"dt/${topic(2)}/${x.y}", "dt/b/5"},           {"${x}", "{\"y\":5}"},
        {"a${missing}b", "ab"}, {"${'}' + get({\"k\": 'v'}, \"k\")}!", "}v!"}, {"$x $ {", "$x $ {"},
    };
    const struct rule_message message = {.topic = TEXT("a/b"), .payload = TEXT("{\"x\":{\"y\":5}}")};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP(buffer_clear) struct buffer out = {0};
        assert_int_equal(rule_check_substitutions(text_of(cases[i][0]), NULL), ERROR_NONE);
        assert_int_equal(rule_substitute(text_of(cases[i][0]), &message, &out, NULL), ERROR_NONE);
        assert_string_equal(out.data, cases[i][1]);
    }
    struct problem problem = {0};
    assert_int_equal(rule_check_substitutions(TEXT("a/${x"), &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "closing }"));
    assert_int_equal(rule_check_substitutions(TEXT("a/${fly()}"), &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "${fly()}: line 1, column 1: there is no function"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_the_values_of_the_language),
        cmocka_unit_test(messages_become_what_is_selected),
        cmocka_unit_test(the_way_in_is_no_part_of_the_topic),
        cmocka_unit_test(refusals_name_the_place_and_what_is_expected),
        cmocka_unit_test(depth_and_size_have_limits),
        cmocka_unit_test(a_message_that_would_explode_is_refused),
        cmocka_unit_test(filters_take_topics_as_aws_has_it),
        cmocka_unit_test(substitutions_are_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
