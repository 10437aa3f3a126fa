#include "internal.h"
#include "pattern.h"

#include <ctype.h>
#include <stdlib.h>

enum { DOCUMENT_BYTES_MAX = 16 * 1024, DOCUMENT_DEPTH_MAX = 8 };

struct strings strings_of(const struct json *value) {
    struct strings strings = {.each_ = json_each(value)};
    if (json_is(value, JSON_STRING)) strings.alone_ = value;
    return strings;
}

bool strings_next(struct strings *strings) {
    if (strings->begun_) strings->index++;
    strings->begun_ = true;
    if (strings->alone_ != NULL) {
        strings->value = json_string(strings->alone_);
        return strings->index == 0;
    }
    if (!json_next(&strings->each_)) return false;
    strings->value = json_string(strings->each_.value);
    return true;
}

static enum error check_resource(struct text resource, struct problem *ret_problem) {
    if (text_is(resource, "*")) return ERROR_NONE;
    enum error error = pattern_check(resource, ret_problem);
    if (error) return error;
    struct text rest = resource, part;
    unsigned parts = 0;
    if (!text_starts_with(resource, TEXT("arn:")))
        return problem_say(ret_problem, ERROR_INVALID,
                           "\"%.*s\" is no resource; write \"*\" or arn:aws:iot:REGION:ACCOUNT:topic/...",
                           TEXT_ARG(resource));
    while (text_split(&rest, ':', &part)) parts++;
    if (parts < 6)
        return problem_say(ret_problem, ERROR_INVALID, "\"%.*s\" is cut short; arn:aws:iot:REGION:ACCOUNT:topic/...",
                           TEXT_ARG(resource));
    return ERROR_NONE;
}

static bool has_control(struct text text) {
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < ' ') return true;
    return false;
}

typedef enum error check_fn(struct text value, struct problem *ret_problem);

static enum error check_strings(const struct json *value, const char *name, check_fn *check,
                                struct problem *ret_problem) {
    bool is_array = json_is(value, JSON_ARRAY);
    if ((!is_array && !json_is(value, JSON_STRING)) || (is_array && json_count(value) == 0))
        return problem_say(ret_problem, ERROR_INVALID, "%s: a text or a list of texts is expected", name);
    for (struct json_each each = json_each(value); is_array && json_next(&each);)
        if (!json_is(each.value, JSON_STRING))
            return problem_say(ret_problem, ERROR_INVALID, "%s: not all of the list are texts", name);
    for (struct strings each = strings_of(value); strings_next(&each);) {
        enum error error = has_control(each.value)
                               ? problem_say(ret_problem, ERROR_INVALID, "control characters are not permitted")
                               : check(each.value, ret_problem);
        if (error) return problem_prefix(ret_problem, error, "%s[%zu]", name, each.index);
    }
    return ERROR_NONE;
}

static enum error check_members(const struct json *object, const char *const *known, struct problem *ret_problem) {
    for (struct json_each each = json_each(object); json_next(&each);) {
        const char *const *name = known;
        while (*name != NULL && !text_is(each.name, *name)) name++;
        if (*name == NULL)
            return problem_say(ret_problem, ERROR_INVALID, "\"%.*s\" is not known here", TEXT_ARG(each.name));
    }
    return ERROR_NONE;
}

static enum error read_effect(const struct json *value, bool *ret_denies, struct problem *ret_problem) {
    struct text effect = json_string(value);
    *ret_denies = text_is(effect, "Deny");
    if (*ret_denies || text_is(effect, "Allow")) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID, "Effect: \"Allow\" or \"Deny\" is expected");
}

static enum error read_statement(const struct json *value, struct statement *statement, struct problem *ret_problem) {
    static const char *const known[] = {"Sid", "Effect", "Action", "Resource", "Condition", NULL};
    if (!json_is(value, JSON_OBJECT)) return problem_say(ret_problem, ERROR_INVALID, "an object is expected");
    *statement = (struct statement){.sid = json_string(json_member(value, "Sid")),
                                    .actions = json_member(value, "Action"),
                                    .resources = json_member(value, "Resource"),
                                    .conditions = json_member(value, "Condition")};
    enum error error = check_members(value, known, ret_problem);
    if (!error) error = read_effect(json_member(value, "Effect"), &statement->denies, ret_problem);
    if (!error) error = check_strings(statement->actions, "Action", action_check, ret_problem);
    if (!error) error = check_strings(statement->resources, "Resource", check_resource, ret_problem);
    if (error || statement->conditions == NULL) return error;
    error = conditions_check(statement->conditions, ret_problem);
    return error ? problem_prefix(ret_problem, error, "Condition") : ERROR_NONE;
}

/// One statement may stand without a list.
static enum error read_statements(struct policy *policy, const struct json *value, struct problem *ret_problem) {
    bool is_array = json_is(value, JSON_ARRAY);
    size_t count = is_array ? json_count(value) : json_exists(value) ? 1 : 0;
    if (count == 0) return problem_say(ret_problem, ERROR_INVALID, "Statement: one at least is expected");
    if (count > POLICY_STATEMENTS_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "Statement: %zu of them; at most %d", count,
                           POLICY_STATEMENTS_MAX);
    policy->statements = calloc(count, sizeof policy->statements[0]);
    if (policy->statements == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct json_each each = json_each(value);
    for (; policy->count < count; policy->count++) {
        if (is_array && !json_next(&each)) break;
        enum error error =
            read_statement(is_array ? each.value : value, &policy->statements[policy->count], ret_problem);
        if (error) return problem_prefix(ret_problem, error, "Statement[%zu]", policy->count);
    }
    return ERROR_NONE;
}

static enum error check_size(struct text document, struct problem *ret_problem) {
    size_t characters = 0;
    for (size_t i = 0; i < document.length; i++) characters += !isspace((unsigned char)document.data[i]);
    if (characters <= POLICY_CHARACTERS_MAX) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_TOO_LARGE,
                       "the policy has %zu characters, white space not counted; at most %d: split it, a certificate "
                       "takes 10",
                       characters, POLICY_CHARACTERS_MAX);
}

static enum error check_version(const struct json *root, struct problem *ret_problem) {
    struct text version = json_string(json_member(root, "Version"));
    if (text_is(version, "2012-10-17") || text_is(version, "2008-10-17")) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID, "Version: \"2012-10-17\" is expected");
}

static enum error read_document(struct policy *policy, struct problem *ret_problem) {
    static const char *const known[] = {"Version", "Id", "Statement", NULL};
    const struct json *root = json_root(policy->document);
    if (!json_is(root, JSON_OBJECT)) return problem_say(ret_problem, ERROR_INVALID, "a policy is an object");
    enum error error = check_members(root, known, ret_problem);
    if (!error) error = check_version(root, ret_problem);
    if (!error) error = read_statements(policy, json_member(root, "Statement"), ret_problem);
    return error;
}

enum error policy_parse(struct text document, struct policy **ret_policy, struct problem *ret_problem) {
    enum error error = check_size(document, ret_problem);
    if (error) return error;
    CLEANUP(policy_destroy_at) struct policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    const struct json_limits limits = {DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX};
    error = json_parse(document, limits, &policy->document, ret_problem);
    if (!error) error = read_document(policy, ret_problem);
    if (!error) *ret_policy = TAKE(policy);
    return error;
}

void policy_destroy(struct policy *policy) {
    if (policy == NULL) return;
    json_destroy(policy->document);
    free(policy->statements);
    free(policy);
}
