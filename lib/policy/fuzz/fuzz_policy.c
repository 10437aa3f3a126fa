// Whatever somebody writes as a policy: it is read or refused with a reason, and what the bus is told to permit, the
// policy permits as well.
#include <policy/policy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARN "arn:aws:iot:eu-central-1:123456789012:"

static const struct policy_variable variables[] = {{"iot:ClientId", {"press", 5}}};
static const struct policy_context context = {variables, 1};

/// A topic that the subject covers: its wildcards become a level.
static void example_of(const char *subject, struct buffer *out) {
    buffer_string(out, ARN "topic/");
    struct text rest = text_of(subject), level;
    for (bool first = true; text_split(&rest, '.', &level); first = false) {
        if (!first) buffer_byte(out, '/');
        bool any = text_is(level, "*") || text_is(level, ">");
        if (any) level = TEXT("x");
        for (size_t i = 0; i < level.length; i++) {
            bool dot = level.data[i] == '/' && i + 1 < level.length && level.data[i + 1] == '/';
            buffer_byte(out, dot ? '.' : level.data[i]);
            i += dot;
        }
    }
}

static bool covers(const struct policy_subjects *subjects, const char *subject) {
    for (size_t i = 0; i < subjects->count; i++)
        if (strcmp(subjects->items[i], subject) == 0 || strchr(subjects->items[i], '*') != NULL ||
            strchr(subjects->items[i], '>') != NULL)
            return true; // perhaps
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct policy *policy = NULL;
    struct problem problem = {0};
    if (policy_parse((struct text){(const char *)data, size}, &policy, &problem)) {
        if (problem.text[0] == '\0') abort();
        return 0;
    }
    const struct policy *policies[] = {policy};
    struct policy_permissions permissions;
    if (policy_compile(policies, 1, ARN, &context, &permissions)) abort();
    for (size_t i = 0; i < permissions.publish_allow.count; i++) {
        const char *subject = permissions.publish_allow.items[i];
        struct buffer topic = {0};
        example_of(subject, &topic);
        enum policy_effect effect =
            policy_decide(policies, 1, TEXT("iot:Publish"), buffer_view(&topic), &context).effect;
        if (effect == POLICY_NO_STATEMENT) abort();
        if (effect == POLICY_DENIED && !covers(&permissions.publish_deny, subject)) abort();
        buffer_clear(&topic);
    }
    policy_permissions_clear(&permissions);
    policy_destroy(policy);
    return 0;
}
