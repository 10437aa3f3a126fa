// Our own choices and the limits, one sentence each; AWS's behaviour at large is in test_twin_vectors.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twin/twin.h>

#include <cmocka.h>

/// Requests one after the other on one shadow; the last one is looked at.
struct shadow {
    struct twin *twin;
    struct twin_result result;
};

static void send(struct shadow *shadow, enum twin_operation operation, struct text payload, uint64_t version_least) {
    struct twin_request request = {
        .operation = operation,
        .name = TEXT("t~s"),
        .payload = payload,
        .time_s = 1700000000,
        .version_least = version_least,
    };
    twin_answer(shadow->twin, &request, &shadow->result);
    twin_unref(shadow->twin);
    shadow->twin = twin_ref(shadow->result.twin);
}

static void update(struct shadow *shadow, const char *payload) {
    send(shadow, TWIN_UPDATE, text_of(payload), 0);
}

static void clear(struct shadow *shadow) {
    twin_unref(shadow->twin);
    twin_result_clear(&shadow->result);
}

static void assert_contains(const struct buffer *buffer, const char *part) {
    const char *text = buffer->data == NULL ? "" : buffer->data;
    if (strstr(text, part) == NULL) fail_msg("'%s' is not in: %s", part, text);
}

struct update_case {
    const char *name;
    const char *first; // an update before it; NULL: the shadow does not exist
    const char *payload;
    enum error error;
    const char *answer;    // holds this
    const char *documents; // holds this; NULL: stays silent
};
static const struct update_case updates[] = {
    {"[twin-1.4] broken JSON is refused with its place", NULL, "{\"state\":\n{]}", ERROR_INVALID,
     "\"message\":\"Invalid JSON, line 2, column 2: ", NULL},
    {"[twin-1.4] a member that stands twice is refused with its place", NULL,
     "{\"state\":{\"reported\":{\"a\":1,\"a\":2}}}", ERROR_INVALID, "column 30: the member 'a' stands twice", NULL},
    {"[twin-1.4] bytes that are no UTF-8 are refused as such", NULL, "{\"state\":{\"reported\":{\"a\":\"\xFF\"}}}",
     ERROR_UNSUPPORTED, "\"code\":415,\"message\":\"Unsupported documented encoding; supported encoding is UTF-8\"",
     NULL},
    {"[twin-1.5] a removal that empties an object keeps it", "{\"state\":{\"desired\":{\"a\":{\"b\":1}}}}",
     "{\"state\":{\"desired\":{\"a\":{\"b\":null}}}}", ERROR_NONE, "\"version\":2",
     "\"current\":{\"state\":{\"desired\":{\"a\":{}}},\"metadata\":{\"desired\":{\"a\":{}}},\"version\":2}"},
    {"[twin-1.5] null in an array is refused", NULL, "{\"state\":{\"desired\":{\"a\":[1,[null]]}}}", ERROR_INVALID,
     "State contains an invalid node", NULL},
    {"[twin-1.5] null in an object in an array is dropped", NULL,
     "{\"state\":{\"reported\":{\"a\":[{\"b\":null,\"c\":{\"d\":null}}]}}}", ERROR_NONE,
     "{\"state\":{\"reported\":{\"a\":[{\"b\":null,\"c\":{\"d\":null}}]}}",
     "\"state\":{\"reported\":{\"a\":[{\"c\":{}}]}}"},
    {"[twin-1.6] the first documents have no previous one", NULL, "{\"state\":{\"reported\":{\"a\":1}}}", ERROR_NONE,
     "\"version\":1", "{\"previous\":null,\"current\":{"},
    {"[twin-1.7] a version other than 0 conflicts with a shadow that does not exist", NULL,
     "{\"state\":{},\"version\":1}", ERROR_CONFLICT, "\"code\":409,\"message\":\"Version conflict\"", NULL},
    {"[twin-1.7] version 0 creates", NULL, "{\"state\":{\"reported\":{\"a\":1}},\"version\":0}", ERROR_NONE,
     "\"version\":1", "\"version\":1"},
    {"[twin-1.7] version null checks nothing", "{\"state\":{}}", "{\"state\":{},\"version\":null}", ERROR_NONE,
     "\"version\":2", "\"version\":2"},
    {"[twin-1.7] a negative version conflicts", "{\"state\":{}}", "{\"state\":{},\"version\":-1}", ERROR_CONFLICT,
     "Version conflict", NULL},
    {"[twin-1.7] a whole real is a version", "{\"state\":{}}", "{\"state\":{},\"version\":1.0}", ERROR_NONE,
     "\"version\":2", "\"version\":2"},
    {"[twin-1.7] a fraction is no version", "{\"state\":{}}", "{\"state\":{},\"version\":1.5}", ERROR_INVALID,
     "Invalid version", NULL},
    {"[twin-1.9] the token is echoed on a conflict", "{\"state\":{}}",
     "{\"state\":{},\"version\":9,\"clientToken\":\"t \\u00e4\"}", ERROR_CONFLICT, "\"clientToken\":\"t \xC3\xA4\"",
     NULL},
    {"[twin-1.9] a token that is no string is refused and not echoed", NULL, "{\"state\":{},\"clientToken\":7}",
     ERROR_INVALID, "\"message\":\"Invalid clientToken\",\"timestamp\":1700000000}", NULL},
    {"[twin-1.9] a token of null is none", NULL, "{\"state\":{},\"clientToken\":null}", ERROR_NONE,
     "\"timestamp\":1700000000}", "\"timestamp\":1700000000}"},
    {"an unknown member of state is refused by its name", NULL, "{\"state\":{\"wanted\":{}}}", ERROR_INVALID,
     "State contains an invalid node: 'wanted'", NULL},
    {"only state itself is looked for", NULL, "{\"State\":{}}", ERROR_INVALID, "Missing required node: state", NULL},
    {"[twin-1.3] 1 and 1.0 leave no delta", NULL,
     "{\"state\":{\"desired\":{\"a\":[1,{\"b\":2}]},\"reported\":{\"a\":[1.0,{\"b\":2e0}]}}}", ERROR_NONE,
     "\"version\":1", "\"version\":1"},
};

static void check_update(void **state) {
    const struct update_case *c = *state;
    struct shadow shadow = {0};
    if (c->first != NULL) update(&shadow, c->first);
    uint64_t version = twin_version(shadow.twin);
    update(&shadow, c->payload);
    assert_int_equal(shadow.result.error, c->error);
    assert_contains(&shadow.result.answer, c->answer);
    assert_int_equal(twin_version(shadow.twin), version + (c->error ? 0 : 1));
    if (c->documents == NULL) assert_int_equal(shadow.result.documents.length + shadow.result.delta.length, 0);
    if (c->documents != NULL) assert_contains(&shadow.result.documents, c->documents);
    clear(&shadow);
}

/* ---- Limits ---- */

/// {"state":{"SECTION":{"a":"xxx..."}}} of which the section takes `bytes`.
static void put_section(struct buffer *out, const char *section, size_t bytes) {
    buffer_reset(out);
    buffer_print(out, "{\"state\":{\"%s\":{\"a\":\"", section);
    for (size_t i = sizeof "{\"a\":\"\"}" - 1; i < bytes; i++) buffer_byte(out, 'x');
    buffer_string(out, "\"}}}");
}

static void the_state_may_fill_the_limit_to_the_last_byte(void **state) {
    (void)state;
    struct shadow shadow = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    put_section(&payload, "reported", TWIN_STATE_BYTES_MAX);
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_NONE);
    put_section(&payload, "reported", TWIN_STATE_BYTES_MAX + 1);
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_TOO_LARGE);
    assert_contains(&shadow.result.answer, "\"code\":413");
    clear(&shadow);
}

static void both_sections_count_together_after_the_merge(void **state) {
    (void)state;
    struct shadow shadow = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    put_section(&payload, "reported", TWIN_STATE_BYTES_MAX / 2 + 1);
    update(&shadow, payload.data);
    put_section(&payload, "desired", TWIN_STATE_BYTES_MAX / 2);
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_TOO_LARGE);
    put_section(&payload, "desired", TWIN_STATE_BYTES_MAX / 2 - 1);
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_NONE);
    clear(&shadow);
}

static void blanks_count_for_the_request_only(void **state) {
    (void)state;
    struct shadow shadow = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    buffer_string(&payload, "{\"state\":{\"reported\":{\"a\":1}}}");
    while (payload.length < TWIN_REQUEST_BYTES_MAX) buffer_byte(&payload, ' ');
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_NONE);
    buffer_byte(&payload, ' ');
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_TOO_LARGE);
    clear(&shadow);
}

static void put_nested(struct buffer *out, const char *open, const char *close, unsigned levels) {
    buffer_reset(out);
    buffer_string(out, "{\"state\":{\"desired\":{\"l1\":");
    for (unsigned i = 1; i < levels; i++) buffer_string(out, open);
    buffer_byte(out, '1');
    for (unsigned i = 1; i < levels; i++) buffer_string(out, close);
    buffer_string(out, "}},\"clientToken\":\"deep\"}");
}

static void check_levels(const char *open, const char *close) {
    struct shadow shadow = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    put_nested(&payload, open, close, TWIN_LEVELS_MAX);
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_NONE);
    put_nested(&payload, open, close, TWIN_LEVELS_MAX + 1);
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_INVALID);
    assert_contains(&shadow.result.answer, "too many levels of nesting; maximum is 8\"");
    assert_contains(&shadow.result.answer, "\"clientToken\":\"deep\"");
    put_nested(&payload, open, close, 5000);
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_INVALID);
    clear(&shadow);
}

static void eight_levels_are_taken_and_no_more(void **state) {
    (void)state;
    check_levels("{\"l\":", "}");
    check_levels("[", "]");
}

/// The worst that fits into a request: as many members as possible on both sides, none found beside the last one.
static void many_members_are_merged(void **state) {
    (void)state;
    struct shadow shadow = {0};
    CLEANUP(buffer_clear) struct buffer payload = {0};
    buffer_string(&payload, "{\"state\":{\"reported\":{\"0\":0");
    for (unsigned i = 1; i < 1000; i++) buffer_print(&payload, ",\"%x\":1", i);
    buffer_string(&payload, "}}}");
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_NONE);
    buffer_reset(&payload);
    buffer_string(&payload, "{\"state\":{\"reported\":{\"0\":0");
    for (unsigned i = 2700; i > 1; i--) buffer_print(&payload, ",\"%x\":null", i);
    buffer_string(&payload, "}}}");
    update(&shadow, payload.data);
    assert_int_equal(shadow.result.error, ERROR_NONE);
    assert_contains(&shadow.result.documents, "\"current\":{\"state\":{\"reported\":{\"0\":0,\"1\":1}},");
    clear(&shadow);
}

/* ---- Versions ---- */

static void a_delete_takes_a_version(void **state) {
    (void)state;
    struct shadow shadow = {0};
    update(&shadow, "{\"state\":{\"desired\":{\"a\":1}}}");
    send(&shadow, TWIN_DELETE, TEXT("{\"clientToken\":\"d\"}"), 0);
    assert_string_equal(shadow.result.answer.data, "{\"version\":1,\"timestamp\":1700000000,\"clientToken\":\"d\"}");
    assert_true(shadow.result.desired);
    assert_false(twin_exists(shadow.twin));
    assert_int_equal(twin_version(shadow.twin), 2);
    send(&shadow, TWIN_GET, TEXT(""), 0);
    assert_contains(&shadow.result.answer, "\"code\":404,\"message\":\"No shadow exists with name: 't~s'\"");
    update(&shadow, "{\"state\":{\"desired\":{\"b\":1}}}");
    assert_contains(&shadow.result.documents, "{\"previous\":null,\"current\":{\"state\":{\"desired\":{\"b\":1}},");
    assert_contains(&shadow.result.documents, "\"version\":3}");
    clear(&shadow);
}

static void a_version_can_be_raised_but_not_lowered(void **state) {
    (void)state;
    struct shadow shadow = {0};
    struct text payload = TEXT("{\"state\":{}}");
    send(&shadow, TWIN_UPDATE, payload, 1000);
    assert_int_equal(twin_version(shadow.twin), 1000);
    send(&shadow, TWIN_UPDATE, payload, 5);
    assert_int_equal(twin_version(shadow.twin), 1001);
    clear(&shadow);
}

static void desired_is_told_from_reported(void **state) {
    (void)state;
    static const struct {
        const char *payload;
        bool desired;
    } cases[] = {
        {"{\"state\":{\"reported\":{\"desired\":1}}}", false},
        {"{\"state\":{\"desired\":{\"a\":1}}}", true},
        {"{\"state\":{\"desired\":null}}", true},
        {"{\"state\":{\"desired\":{}}}", true},
        {"{\"state\":null}", true},
        {"{\"state\":{}}", false},
    };
    struct shadow shadow = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        update(&shadow, cases[i].payload);
        assert_int_equal(shadow.result.error, ERROR_NONE);
        assert_int_equal(shadow.result.desired, cases[i].desired);
    }
    clear(&shadow);
}

/* ---- Keeping ---- */

struct load_case {
    const char *name;
    const char *document;
    enum error error;
    const char *says;
};
static const struct load_case loads[] = {
    {"a kept document is loaded",
     "{\"state\":{\"reported\":{\"a\":1}},\"metadata\":{\"reported\":{\"a\":{\"timestamp\":5}}}}", ERROR_NONE, ""},
    {"a kept document may be empty", "{\"state\":{},\"metadata\":{}}", ERROR_NONE, ""},
    {"a document cut short is refused", "{\"state\":{\"reported\":{\"a\":1}},\"meta", ERROR_INVALID, "line 1"},
    {"a document without state is refused", "{\"metadata\":{}}", ERROR_INVALID, "'state' and 'metadata'"},
    {"a document without metadata is refused", "{\"state\":{}}", ERROR_INVALID, "'state' and 'metadata'"},
    {"a section that is no object is refused", "{\"state\":{\"desired\":1},\"metadata\":{}}", ERROR_INVALID,
     "'desired'"},
    {"a section without members is refused", "{\"state\":{\"desired\":{}},\"metadata\":{}}", ERROR_INVALID,
     "'desired'"},
    {"a kept null is refused", "{\"state\":{\"desired\":{\"a\":null}},\"metadata\":{}}", ERROR_INVALID, "no null"},
    {"a kept null in an array is refused", "{\"state\":{\"desired\":{\"a\":[null]}},\"metadata\":{}}", ERROR_INVALID,
     "'desired'"},
};

static void check_load(void **state) {
    const struct load_case *c = *state;
    CLEANUP(twin_unref_at) struct twin *twin = NULL;
    struct problem problem = {0};
    assert_int_equal(twin_load(text_of(c->document), 3, &twin, &problem), c->error);
    if (strstr(problem.text, c->says) == NULL) fail_msg("'%s' does not say '%s'", problem.text, c->says);
    if (c->error) return assert_null(twin);
    CLEANUP(buffer_clear) struct buffer saved = {0};
    twin_save(twin, &saved);
    assert_string_equal(saved.data, c->document);
    assert_true(twin_exists(twin));
}

static void an_empty_text_loads_a_deleted_shadow(void **state) {
    (void)state;
    CLEANUP(twin_unref_at) struct twin *twin = NULL;
    assert_int_equal(twin_load(TEXT_EMPTY, 3, &twin, NULL), ERROR_NONE);
    assert_false(twin_exists(twin));
    assert_int_equal(twin_version(twin), 3);
}

static void names_have_letters_and_lengths(void **state) {
    (void)state;
    char name[TWIN_THING_NAME_BYTES_MAX + 2];
    memset(name, 'x', sizeof name);
    assert_true(twin_is_thing_name((struct text){name, TWIN_THING_NAME_BYTES_MAX}));
    assert_false(twin_is_thing_name((struct text){name, TWIN_THING_NAME_BYTES_MAX + 1}));
    assert_true(twin_is_shadow_name((struct text){name, TWIN_SHADOW_NAME_BYTES_MAX}));
    assert_false(twin_is_shadow_name((struct text){name, TWIN_SHADOW_NAME_BYTES_MAX + 1}));
    assert_true(twin_is_thing_name(TEXT("mps_Conveyor:0-9")));
    assert_false(twin_is_thing_name(TEXT_EMPTY));
    assert_false(twin_is_thing_name(TEXT("a/b")));
    assert_false(twin_is_shadow_name(TEXT("a b")));
    assert_false(twin_is_shadow_name((struct text){"a\0", 2}));
}

static void a_refusal_of_the_caller_has_the_same_form(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer answer = {0};
    struct twin_request request = {.operation = TWIN_UPDATE, .payload = TEXT("{\"clientToken\":\"t\"}"), .time_s = 7};
    twin_reject(&request, ERROR_INTERNAL, "Internal service failure: disk full", &answer);
    assert_string_equal(answer.data, "{\"code\":500,\"message\":\"Internal service failure: disk full\","
                                     "\"timestamp\":7,\"clientToken\":\"t\"}");
    request.payload = TEXT("nonsense");
    twin_reject(&request, ERROR_INTERNAL, "x", &answer);
    assert_string_equal(answer.data, "{\"code\":500,\"message\":\"x\",\"timestamp\":7}");
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

int main(void) {
    static const struct CMUnitTest others[] = {
        {"[twin-1.2] the state may fill the limit to the last byte", the_state_may_fill_the_limit_to_the_last_byte, 0,
         0, 0},
        {"[twin-1.2] both sections count together after the merge", both_sections_count_together_after_the_merge, 0, 0,
         0},
        {"[twin-1.2] blanks count for the request only", blanks_count_for_the_request_only, 0, 0, 0},
        {"[twin-1.2] eight levels are taken and no more", eight_levels_are_taken_and_no_more, 0, 0, 0},
        {"[twin-1.8] a delete takes a version", a_delete_takes_a_version, 0, 0, 0},
        {"[twin-1.10] names have letters and lengths", names_have_letters_and_lengths, 0, 0, 0},
        cmocka_unit_test(many_members_are_merged),
        cmocka_unit_test(a_version_can_be_raised_but_not_lowered),
        cmocka_unit_test(desired_is_told_from_reported),
        cmocka_unit_test(an_empty_text_loads_a_deleted_shadow),
        cmocka_unit_test(a_refusal_of_the_caller_has_the_same_form),
    };
    struct CMUnitTest tests[COUNT(updates) + COUNT(loads) + COUNT(others)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(updates); i++)
        tests[count++] = (struct CMUnitTest){updates[i].name, check_update, NULL, NULL, (void *)&updates[i]};
    for (size_t i = 0; i < COUNT(loads); i++)
        tests[count++] = (struct CMUnitTest){loads[i].name, check_load, NULL, NULL, (void *)&loads[i]};
    memcpy(tests + count, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
