#include "internal.h"
#include "pattern.h"

#include <ctype.h>

typedef bool compare_fn(struct text expected, struct text actual, const struct policy_context *context);

static bool expand(struct text expected, const struct policy_context *context, struct buffer *out) {
    return pattern_expand(expected, context, out);
}

/// A `*` in a plain comparison is a star.
static bool is_literal_byte(char pattern, char byte) {
    return pattern == byte || (pattern == PATTERN_RUN && byte == '*') || (pattern == PATTERN_ONE && byte == '?');
}

static bool equals_by(struct text expected, struct text actual, const struct policy_context *context, bool fold) {
    CLEANUP(buffer_clear) struct buffer pattern = {0};
    if (!expand(expected, context, &pattern) || pattern.length != actual.length) return false;
    for (size_t i = 0; i < actual.length; i++) {
        unsigned char a = (unsigned char)pattern.data[i], b = (unsigned char)actual.data[i];
        bool same = is_literal_byte(pattern.data[i], actual.data[i]) || (fold && tolower(a) == tolower(b));
        if (!same) return false;
    }
    return true;
}

static bool equals(struct text expected, struct text actual, const struct policy_context *context) {
    return equals_by(expected, actual, context, false);
}

static bool equals_ignoring_case(struct text expected, struct text actual, const struct policy_context *context) {
    return equals_by(expected, actual, context, true);
}

static bool is_like(struct text expected, struct text actual, const struct policy_context *context) {
    CLEANUP(buffer_clear) struct buffer pattern = {0};
    return expand(expected, context, &pattern) && pattern_matches(buffer_view(&pattern), actual);
}

static const struct operator{
    const char *name;
    compare_fn *compare; // NULL: Null, which asks whether the key is there
    bool negated;
}
operators[] = {
    {"StringEquals", equals, false},
    {"StringNotEquals", equals, true},
    {"StringEqualsIgnoreCase", equals_ignoring_case, false},
    {"StringNotEqualsIgnoreCase", equals_ignoring_case, true},
    {"StringLike", is_like, false},
    {"StringNotLike", is_like, true},
    {"Bool", equals_ignoring_case, false},
    {"Null", NULL, false},
};

static const struct operator* find_operator(struct text name, bool *ret_if_exists) {
    static const struct text suffix = TEXT("IfExists");
    *ret_if_exists = text_ends_with(name, suffix);
    if (*ret_if_exists) name.length -= suffix.length;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (text_is(name, operators[i].name)) return &operators[i];
    return NULL;
}

static bool is_null_as_told(const struct json *expected, bool is_null) {
    for (struct strings each = strings_of(expected); strings_next(&each);)
        if (text_is(each.value, "true") == is_null) return true;
    return false;
}

static bool key_holds(const struct operator* operator, bool if_exists, struct text key, const struct json *expected,
                      const struct policy_context *context) {
    const struct policy_variable *variable = context_find(context, key);
    if (operator->compare == NULL) return is_null_as_told(expected, variable == NULL);
    if (variable == NULL) return if_exists || operator->negated; // as IAM: "not equal" holds for what is absent
    for (struct strings each = strings_of(expected); strings_next(&each);)
        if (operator->compare(each.value, variable->value, context)) return !operator->negated;
    return operator->negated;
}

bool conditions_hold(const struct json *conditions, const struct policy_context *context) {
    for (struct json_each by = json_each(conditions); json_next(&by);) {
        bool if_exists;
        const struct operator* operator= find_operator(by.name, &if_exists);
        for (struct json_each key = json_each(by.value); json_next(&key);)
            if (!key_holds(operator, if_exists, key.name, key.value, context)) return false;
    }
    return true;
}

static enum error check_values(struct text operator, struct text key, const struct json *values,
                               struct problem *ret_problem) {
    bool is_array = json_is(values, JSON_ARRAY);
    bool good = is_array ? json_count(values) > 0 : json_is(values, JSON_STRING);
    if (is_array)
        for (struct json_each each = json_each(values); json_next(&each);) good &= json_is(each.value, JSON_STRING);
    if (!good)
        return problem_say(ret_problem, ERROR_INVALID, "%.*s.%.*s: a text or a list of texts is expected",
                           TEXT_ARG(operator), TEXT_ARG(key));
    for (struct strings each = strings_of(values); strings_next(&each);) {
        enum error error = pattern_check(each.value, ret_problem);
        if (error) return problem_prefix(ret_problem, error, "%.*s.%.*s", TEXT_ARG(operator), TEXT_ARG(key));
    }
    return ERROR_NONE;
}

enum error conditions_check(const struct json *conditions, struct problem *ret_problem) {
    if (!json_is(conditions, JSON_OBJECT)) return problem_say(ret_problem, ERROR_INVALID, "an object is expected");
    for (struct json_each by = json_each(conditions); json_next(&by);) {
        bool if_exists;
        if (find_operator(by.name, &if_exists) == NULL)
            return problem_say(ret_problem, ERROR_INVALID,
                               "\"%.*s\" is not known here; StringEquals, StringNotEquals, their ...IgnoreCase, "
                               "StringLike, StringNotLike, Bool, Null and ...IfExists are",
                               TEXT_ARG(by.name));
        if (!json_is(by.value, JSON_OBJECT))
            return problem_say(ret_problem, ERROR_INVALID, "%.*s: an object of keys is expected", TEXT_ARG(by.name));
        for (struct json_each key = json_each(by.value); json_next(&key);) {
            enum error error = check_values(by.name, key.name, key.value, ret_problem);
            if (error) return error;
        }
    }
    return ERROR_NONE;
}
