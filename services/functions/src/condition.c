#include "condition.h"

#include <string.h>

static const struct json_limits limits = {256, 4};

static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"}; // longer ones before their beginnings
enum { OPERATORS = sizeof operators / sizeof operators[0] };

struct condition {
    struct text path, operator, value; // no operator: a path alone
};

static struct condition split(struct text text) {
    for (size_t at = 0; at < text.length; at++)
        for (size_t i = 0; i < OPERATORS; i++) {
            struct text rest = text_from(text, at), operator= text_of(operators[i]);
            if (!text_starts_with(rest, operator)) continue;
            return (struct condition){text_trim((struct text){text.data, at}), operator,
                                      text_trim(text_from(rest, operator.length))};
        }
    return (struct condition){.path = text_trim(text)};
}

static bool is_number(const struct json *value) {
    return json_is(value, JSON_INTEGER) || json_is(value, JSON_REAL);
}

static bool compare(const struct json *value, struct text operator, const struct json * wanted) {
    if (text_is(operator, "==")) return json_exists(value) && json_equal(value, wanted);
    if (text_is(operator, "!=")) return !json_exists(value) || !json_equal(value, wanted);
    if (!is_number(value) || !is_number(wanted)) return false;
    double a = json_real(value, 0), b = json_real(wanted, 0);
    if (text_is(operator, "<")) return a < b;
    if (text_is(operator, "<=")) return a <= b;
    if (text_is(operator, ">")) return a > b;
    return a >= b;
}

bool condition_holds(struct text text, const struct json *state) {
    if (text.length == 0) return true;
    struct condition condition = split(text);
    const struct json *value = json_path(state, condition.path);
    if (condition.operator.length == 0)
        return json_exists(value) && !json_is(value, JSON_NULL) && (!json_is(value, JSON_BOOL) || json_bool(value));
    CLEANUP(json_destroy_at) struct json_document *wanted = NULL;
    if (json_parse(condition.value, limits, &wanted, NULL)) return false;
    return compare(value, condition.operator, json_root(wanted));
}

enum error condition_check(struct text text, struct problem *ret_problem) {
    struct condition condition = split(text);
    struct text first = condition.path, step;
    bool good = text_split(&first, '/', &step) && (text_is(step, "reported") || text_is(step, "desired"));
    CLEANUP(json_destroy_at) struct json_document *wanted = NULL;
    if (good && condition.operator.length> 0) good = json_parse(condition.value, limits, &wanted, NULL) == ERROR_NONE;
    if (good) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID,
                       "\"%.*s\" is no condition: write a path that begins with reported or desired, one of "
                       "== != < <= > >=, and a JSON value, such as \"reported/motor/state == true\"",
                       TEXT_ARG(text));
}
