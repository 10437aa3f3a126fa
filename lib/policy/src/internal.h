/// How a policy is kept: the document as it was parsed, and what was found in it.
#pragma once

#include <json/json.h>
#include <policy/policy.h>

struct statement {
    bool denies;
    struct text sid;
    const struct json *actions, *resources; // a string, or an array of strings
    const struct json *conditions;          // NULL: none
};

struct policy {
    struct json_document *document;
    struct statement *statements;
    size_t count;
};

/// A value that may stand alone or in an array: `struct strings each = strings_of(value); while (strings_next(&each))`.
struct strings {
    struct text value;
    size_t index;
    const struct json *alone_;
    struct json_each each_;
    bool begun_;
};
struct strings strings_of(const struct json *value);
bool strings_next(struct strings *strings);

/// action.c: "iot:*" covers "iot:Publish", letters of either case.
bool action_matches(struct text pattern, struct text action);
/// ERROR_INVALID when it covers no action that there is.
enum error action_check(struct text pattern, struct problem *ret_problem);

/// condition.c
bool conditions_hold(const struct json *conditions, const struct policy_context *context);
enum error conditions_check(const struct json *conditions, struct problem *ret_problem);

/// decide.c: whether one of the statement's actions covers it and its conditions hold.
bool statement_concerns(const struct statement *statement, struct text action, const struct policy_context *context);
