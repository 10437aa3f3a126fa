#include "internal.h"
#include "pattern.h"

bool statement_concerns(const struct statement *statement, struct text action, const struct policy_context *context) {
    for (struct strings each = strings_of(statement->actions); strings_next(&each);)
        if (action_matches(each.value, action))
            return statement->conditions == NULL || conditions_hold(statement->conditions, context);
    return false;
}

static bool covers_resource(const struct statement *statement, struct text resource,
                            const struct policy_context *context) {
    CLEANUP(buffer_clear) struct buffer pattern = {0};
    for (struct strings each = strings_of(statement->resources); strings_next(&each);)
        if (pattern_expand(each.value, context, &pattern) && pattern_matches(buffer_view(&pattern), resource))
            return true;
    return false;
}

struct policy_decision policy_decide(const struct policy *const *policies, size_t count, struct text action,
                                     struct text resource, const struct policy_context *context) {
    struct policy_decision decision = {.effect = POLICY_NO_STATEMENT};
    for (size_t p = 0; p < count; p++) {
        for (size_t s = 0; s < policies[p]->count; s++) {
            const struct statement *statement = &policies[p]->statements[s];
            if (!statement->denies && decision.effect != POLICY_NO_STATEMENT) continue;
            if (!statement_concerns(statement, action, context)) continue;
            if (!covers_resource(statement, resource, context)) continue;
            decision =
                (struct policy_decision){statement->denies ? POLICY_DENIED : POLICY_ALLOWED, p, s, statement->sid};
            if (statement->denies) return decision;
        }
    }
    return decision;
}
