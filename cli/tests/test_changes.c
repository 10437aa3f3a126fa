#include "cases.h"

#include "changes.h"

#include <base/cleanup.h>

struct change_case {
    const char *name;
    const char *previous; // states
    const char *current;
    const char *lines;
};

static const struct change_case change_cases[] = {
    {"a leaf that changed is one line", "{\"reported\":{\"motor\":{\"left\":{\"state\":false}}}}",
     "{\"reported\":{\"motor\":{\"left\":{\"state\":true}}}}", "> t  reported/motor/left/state  false -> true\n"},
    {"a leaf that came comes from nothing", "{\"reported\":{}}", "{\"reported\":{\"a\":1}}",
     "> t  reported/a  - -> 1\n"},
    {"a leaf that went goes to nothing", "{\"desired\":{\"a\":[1]}}", "{}", "> t  desired/a  [1] -> -\n"},
    {"the same again is nothing", "{\"reported\":{\"a\":1.0}}", "{\"reported\":{\"a\":1}}", ""},
    {"several leaves are several lines", "{\"reported\":{\"a\":1,\"b\":2}}", "{\"reported\":{\"a\":2,\"b\":3}}",
     "> t  reported/a  1 -> 2\n> t  reported/b  2 -> 3\n"},
    {"reported comes before desired", "{}", "{\"desired\":{\"a\":1},\"reported\":{\"b\":2}}",
     "> t  reported/b  - -> 2\n> t  desired/a  - -> 1\n"},
    {"a leaf that became a branch is one line", "{\"reported\":{\"a\":1}}", "{\"reported\":{\"a\":{\"b\":2}}}",
     "> t  reported/a  1 -> {\"b\":2}\n"},
    {"a list is a leaf", "{\"reported\":{\"a\":[1]}}", "{\"reported\":{\"a\":[1,2]}}",
     "> t  reported/a  [1] -> [1,2]\n"},
};

static struct json_document *documents(const char *previous, const char *current) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_print(&text, "{\"previous\":{\"state\":%s},\"current\":{\"state\":%s}}", previous, current);
    struct json_document *document = NULL;
    const struct json_limits limits = {65536, 32};
    assert_int_equal(json_parse(buffer_view(&text), limits, &document, NULL), ERROR_NONE);
    return document;
}

static void check_change(void **state) {
    const struct change_case *c = *state;
    CLEANUP(json_destroy_at) struct json_document *document = documents(c->previous, c->current);
    CLEANUP(buffer_clear) struct buffer out = {0};
    changes_print(TEXT("> "), TEXT("t"), TEXT_EMPTY, json_root(document), &out);
    buffer_byte(&out, '\0');
    assert_string_equal(out.data, c->lines);
}

static void a_named_shadow_stands_behind_its_thing(void **state) {
    (void)state;
    CLEANUP(json_destroy_at) struct json_document *document = documents("{}", "{\"reported\":{\"a\":1}}");
    CLEANUP(buffer_clear) struct buffer out = {0};
    changes_print(TEXT_EMPTY, TEXT("t"), TEXT("status"), json_root(document), &out);
    assert_string_equal(out.data, "t/status  reported/a  - -> 1\n");
}

static void a_beginning_is_no_change(void **state) {
    (void)state;
    struct json_document *document = NULL;
    const struct json_limits limits = {65536, 32};
    assert_int_equal(json_parse(TEXT("{\"previous\":null,\"current\":{\"state\":{\"reported\":{\"a\":1}}}}"), limits,
                                &document, NULL),
                     ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer out = {0};
    changes_print(TEXT_EMPTY, TEXT("t"), TEXT_EMPTY, json_root(document), &out);
    json_destroy(document);
    assert_int_equal(out.length, 0);
}

int main(void) {
    struct CMUnitTest tests[COUNT_OF(change_cases) + 2];
    size_t count = 0;
    ADD_CASES(tests, &count, change_cases, check_change);
    ADD_TEST(tests, &count, a_named_shadow_stands_behind_its_thing);
    ADD_TEST(tests, &count, a_beginning_is_no_change);
    return RUN_CASES(tests, count);
}
