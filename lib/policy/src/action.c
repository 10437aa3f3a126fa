#include "internal.h"

#include <ctype.h>

/// What a policy of AWS IoT can be about; those of Greengrass are taken and concern nothing here.
static const char *const actions[] = {
    "iot:Connect",
    "iot:Publish",
    "iot:RetainPublish",
    "iot:Subscribe",
    "iot:Receive",
    "iot:GetThingShadow",
    "iot:UpdateThingShadow",
    "iot:DeleteThingShadow",
    "iot:ListNamedShadowsForThing",
    "iot:DescribeJobExecution",
    "iot:GetPendingJobExecutions",
    "iot:StartNextPendingJobExecution",
    "iot:UpdateJobExecution",
    "iot:GetRetainedMessage",
    "iot:ListRetainedMessages",
    "iot:AssumeRoleWithCertificate",
};

static bool matches_from(struct text pattern, struct text action) {
    while (pattern.length > 0 && pattern.data[0] != '*') {
        if (action.length == 0) return false;
        bool same = tolower((unsigned char)pattern.data[0]) == tolower((unsigned char)action.data[0]);
        if (!same && pattern.data[0] != '?') return false;
        pattern = text_from(pattern, 1);
        action = text_from(action, 1);
    }
    if (pattern.length == 0) return action.length == 0;
    struct text rest = text_from(pattern, 1);
    if (rest.length == 0) return true;
    for (;; action = text_from(action, 1)) {
        if (matches_from(rest, action)) return true;
        if (action.length == 0) return false;
    }
}

bool action_matches(struct text pattern, struct text action) {
    return matches_from(pattern, action);
}

/// More would make matching slow, and says nothing that one does not.
static bool has_several_runs(struct text pattern) {
    size_t runs = 0;
    for (size_t i = 0; i < pattern.length; i++) runs += pattern.data[i] == '*';
    return runs > 1;
}

enum error action_check(struct text pattern, struct problem *ret_problem) {
    if (has_several_runs(pattern))
        return problem_say(ret_problem, ERROR_INVALID, "\"%.*s\" has more than one *", TEXT_ARG(pattern));
    if (text_starts_with(pattern, TEXT("greengrass:"))) return ERROR_NONE;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (action_matches(pattern, text_of(actions[i]))) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID,
                       "\"%.*s\" is no action that can be permitted here; iot:Connect, iot:Publish, iot:Subscribe, "
                       "iot:Receive and the like are",
                       TEXT_ARG(pattern));
}
