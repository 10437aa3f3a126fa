#include "vectors.h"

#include <base/file.h>
#include <inttypes.h>
#include <json/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *const channel_names[CHANNEL_COUNT] = {"accepted", "rejected", "delta", "documents"};

/// What placeholders have been bound to in the case that runs.
struct bindings {
    struct text thing, shadow;
    bool has_base;
    int64_t base; // of versions
    struct binding {
        struct text name;
        int64_t time_s;
    } times[8];
    size_t time_count;
};

struct vector_case {
    const struct json *json;
    const struct vector_system *system;
    char name[160];
    size_t number;
};

static struct json_document *vectors;
static struct vector_case *cases;
static struct CMUnitTest *tests;

/* ---- Requests: placeholders become values ---- */

static void put_names_replaced(struct buffer *out, struct text text, const struct bindings *bindings) {
    while (text.length > 0) {
        bool thing = text_starts_with(text, TEXT("{thing}")), shadow = text_starts_with(text, TEXT("{shadow}"));
        if (thing) buffer_text(out, bindings->thing);
        if (shadow) buffer_text(out, bindings->shadow);
        if (!thing && !shadow) buffer_byte(out, text.data[0]);
        text = text_from(text, thing ? sizeof "{thing}" - 1 : shadow ? sizeof "{shadow}" - 1 : 1);
    }
}

static void expand(struct json_writer *writer, const struct json *value, const struct bindings *bindings);

static void expand_repeat(struct json_writer *writer, const struct json *repeat) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    for (int64_t i = json_integer(json_element(repeat, 1), 0); i > 0; i--)
        buffer_text(&text, json_string(json_element(repeat, 0)));
    json_put_text(writer, buffer_view(&text));
}

static void expand_nest(struct json_writer *writer, const struct json *nest, const struct bindings *bindings) {
    int64_t levels = json_integer(json_element(nest, 0), 0);
    for (int64_t i = 1; i <= levels; i++) {
        char name[24];
        snprintf(name, sizeof name, "l%" PRId64, i);
        json_open_object(writer);
        json_key(writer, name);
    }
    expand(writer, json_element(nest, 1), bindings);
    for (int64_t i = 1; i <= levels; i++) json_close_object(writer);
}

static void expand_object(struct json_writer *writer, const struct json *value, const struct bindings *bindings) {
    if (json_exists(json_member(value, "$repeat"))) return expand_repeat(writer, json_member(value, "$repeat"));
    if (json_exists(json_member(value, "$nest"))) return expand_nest(writer, json_member(value, "$nest"), bindings);
    json_open_object(writer);
    for (struct json_each each = json_each(value); json_next(&each);) {
        json_key_text(writer, each.name);
        expand(writer, each.value, bindings);
    }
    json_close_object(writer);
}

static int64_t number_after(struct text text, char mark) {
    struct text piece;
    int64_t number;
    while (text_split(&text, mark, &piece) && text.length > 0) {}
    if (text_to_i64(piece, &number) != ERROR_NONE) fail_msg("'%.*s' is no number", TEXT_ARG(piece));
    return number;
}

static void expand(struct json_writer *writer, const struct json *value, const struct bindings *bindings) {
    struct text text = json_string(value);
    if (text_starts_with(text, TEXT("$v:"))) return json_put_integer(writer, bindings->base + number_after(text, ':'));
    if (json_is(value, JSON_OBJECT)) return expand_object(writer, value, bindings);
    if (!json_is(value, JSON_ARRAY)) return json_put_value(writer, value);
    json_open_array(writer);
    for (struct json_each each = json_each(value); json_next(&each);) expand(writer, each.value, bindings);
    json_close_array(writer);
}

/* ---- Answers: placeholders match values ---- */

static bool matches(const struct json *expected, const struct json *actual, struct bindings *bindings);

static bool bind_time(struct text name, int64_t time_s, struct bindings *bindings) {
    for (size_t i = 0; i < bindings->time_count; i++)
        if (text_equal(bindings->times[i].name, name)) return bindings->times[i].time_s == time_s;
    bindings->times[bindings->time_count++] = (struct binding){name, time_s};
    return true;
}

static bool later_than(struct text name, int64_t time_s, const struct bindings *bindings) {
    for (size_t i = 0; i < bindings->time_count; i++)
        if (text_equal(bindings->times[i].name, name)) return time_s > bindings->times[i].time_s;
    return false;
}

static bool matches_version(struct text expected, int64_t version, struct bindings *bindings) {
    bool exact = text_starts_with(expected, TEXT("$v:"));
    int64_t number = number_after(expected, exact ? ':' : '>');
    if (!bindings->has_base && exact) bindings->base = version - number;
    bindings->has_base = true;
    return exact ? version == bindings->base + number : version > bindings->base + number;
}

static bool matches_placeholder(struct text expected, const struct json *actual, struct bindings *bindings) {
    if (!json_exists(actual)) return false;
    if (text_is(expected, "$any")) return true;
    if (text_is(expected, "$str")) return json_string(actual).length > 0;
    if (!json_is(actual, JSON_INTEGER)) return false;
    int64_t number = json_integer(actual, 0);
    if (text_is(expected, "$ts")) return number > 0;
    if (text_starts_with(expected, TEXT("$ts:"))) return bind_time(text_from(expected, 4), number, bindings);
    if (text_starts_with(expected, TEXT("$ts>"))) return later_than(text_from(expected, 4), number, bindings);
    if (text_starts_with(expected, TEXT("$v"))) return matches_version(expected, number, bindings);
    fail_msg("unknown placeholder '%.*s'", TEXT_ARG(expected));
    return false;
}

static bool matches_string(struct text expected, const struct json *actual, struct bindings *bindings) {
    if (text_starts_with(expected, TEXT("$"))) return matches_placeholder(expected, actual, bindings);
    CLEANUP(buffer_clear) struct buffer text = {0};
    put_names_replaced(&text, expected, bindings);
    return json_is(actual, JSON_STRING) && text_equal(json_string(actual), buffer_view(&text));
}

static bool matches_one_of(const struct json *alternatives, const struct json *actual, struct bindings *bindings) {
    for (struct json_each each = json_each(alternatives); json_next(&each);)
        if (matches(each.value, actual, bindings)) return true;
    return false;
}

static bool matches_expanded(const struct json *expected, const struct json *actual, struct bindings *bindings) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    struct json_writer writer = json_writer(&text);
    expand(&writer, expected, bindings);
    struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    if (json_parse(buffer_view(&text), limits, &document, NULL) != ERROR_NONE) return false;
    bool equal = json_equal(json_root(document), actual);
    json_destroy(document);
    return equal;
}

static bool matches_members(const struct json *expected, const struct json *actual, struct bindings *bindings) {
    size_t found = 0;
    for (struct json_each each = json_each(expected); json_next(&each);) {
        bool optional = text_ends_with(each.name, TEXT("?"));
        struct text name = {each.name.data, each.name.length - (optional ? 1 : 0)};
        const struct json *member = json_member_text(actual, name);
        if (!json_exists(member) && optional) continue;
        if (!matches(each.value, member, bindings)) return false;
        found++;
    }
    return json_is(actual, JSON_OBJECT) && found == json_count(actual);
}

static bool matches_array(const struct json *expected, const struct json *actual, struct bindings *bindings) {
    if (!json_is(actual, JSON_ARRAY) || json_count(actual) != json_count(expected)) return false;
    struct json_each in_actual = json_each(actual);
    for (struct json_each each = json_each(expected); json_next(&each) && json_next(&in_actual);)
        if (!matches(each.value, in_actual.value, bindings)) return false;
    return true;
}

static bool matches(const struct json *expected, const struct json *actual, struct bindings *bindings) {
    if (json_is(expected, JSON_STRING)) return matches_string(json_string(expected), actual, bindings);
    if (json_is(expected, JSON_ARRAY)) return matches_array(expected, actual, bindings);
    if (!json_is(expected, JSON_OBJECT)) return json_exists(actual) && json_equal(expected, actual);
    const struct json *alternatives = json_member(expected, "$oneOf");
    if (json_exists(alternatives)) return matches_one_of(alternatives, actual, bindings);
    if (json_exists(json_member(expected, "$nest")) || json_exists(json_member(expected, "$repeat")))
        return matches_expanded(expected, actual, bindings);
    return matches_members(expected, actual, bindings);
}

/* ---- Running ---- */

static void print_value(struct buffer *out, const struct json *value) {
    struct json_writer writer = json_writer(out);
    json_put_value(&writer, value);
}

static void check_channel(const char *name, const struct json *expected, struct text published,
                          struct bindings *bindings) {
    CLEANUP(buffer_clear) struct buffer wanted = {0};
    print_value(&wanted, expected);
    if (!json_exists(expected) && published.length > 0)
        fail_msg("%s must stay silent, came: %.*s", name, TEXT_ARG(published));
    if (!json_exists(expected)) return;
    if (published.length == 0) fail_msg("%s stays silent, must be: %s", name, wanted.data);
    struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    if (json_parse(published, limits, &document, NULL) != ERROR_NONE)
        fail_msg("%s is not JSON: %.*s", name, TEXT_ARG(published));
    bool good = matches(expected, json_root(document), bindings);
    json_destroy(document);
    if (!good) fail_msg("%s\n  came:     %.*s\n  expected: %s", name, TEXT_ARG(published), wanted.data);
}

static void check_members_known(const struct json *step) {
    static const char *const known[] = {"op", "payload", "raw", "wait_ms", "expect"};
    for (struct json_each each = json_each(step); json_next(&each);) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) found |= text_is(each.name, known[i]);
        if (!found) fail_msg("unknown member '%.*s' in a step", TEXT_ARG(each.name));
    }
}

static void run_step(const struct vector_case *c, const struct json *step, struct bindings *bindings) {
    check_members_known(step);
    CLEANUP(buffer_clear) struct buffer payload = {0};
    struct json_writer writer = json_writer(&payload);
    if (json_exists(json_member(step, "payload"))) expand(&writer, json_member(step, "payload"), bindings);
    buffer_text(&payload, json_string(json_member(step, "raw")));

    struct buffer channels[CHANNEL_COUNT] = {0};
    struct vector_request request = {
        .operation = json_string(json_member(step, "op")).data,
        .thing = bindings->thing,
        .shadow = bindings->shadow,
        .payload = buffer_view(&payload),
        .wait_ms = (unsigned)json_integer(json_member(step, "wait_ms"), 0),
    };
    c->system->exchange(c->system->context, &request, channels);
    const struct json *expected = json_member(step, "expect");
    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        check_channel(channel_names[i], json_member(expected, channel_names[i]), buffer_view(&channels[i]), bindings);
        buffer_clear(&channels[i]);
    }
}

static void run_case(void **state) {
    const struct vector_case *c = *state;
    char thing[32];
    snprintf(thing, sizeof thing, "case-%zu", c->number);
    bool named = text_is(json_string(json_member(c->json, "shadow_kind")), "named");
    struct bindings bindings = {.thing = text_of(thing), .shadow = named ? TEXT("shadow-1") : TEXT_EMPTY};
    for (struct json_each each = json_each(json_member(c->json, "steps")); json_next(&each);)
        run_step(c, each.value, &bindings);
}

struct CMUnitTest *vectors_tests(const char *path, const struct vector_system *system, size_t *ret_count) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct problem problem = {0};
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    enum error error = file_read(path, limits.bytes_max, &bytes, &problem);
    if (!error) error = json_parse(buffer_view(&bytes), limits, &vectors, &problem);
    if (error) {
        fprintf(stderr, "%s: %s\n", path, problem.text);
        exit(EXIT_FAILURE);
    }
    const struct json *all = json_member(json_root(vectors), "cases");
    cases = calloc(json_count(all), sizeof *cases);
    tests = calloc(json_count(all), sizeof *tests);
    size_t count = 0;
    for (struct json_each each = json_each(all); json_next(&each); count++) {
        struct vector_case *c = &cases[count];
        *c = (struct vector_case){.json = each.value, .system = system, .number = count};
        snprintf(c->name, sizeof c->name, "[twin-1.1] %.*s", TEXT_ARG(json_string(json_member(each.value, "name"))));
        tests[count] = (struct CMUnitTest){.name = c->name, .test_func = run_case, .initial_state = c};
    }
    *ret_count = count;
    return tests;
}

void vectors_free(void) {
    free(tests);
    free(cases);
    json_destroy(vectors);
}
