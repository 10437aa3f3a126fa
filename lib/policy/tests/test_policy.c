// What a policy permits, what it refuses, and that permissions of the bus are never more than the policy says.
#include <policy/policy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARN "arn:aws:iot:eu-central-1:123456789012:"
#define ONE(body) "{\"Version\":\"2012-10-17\",\"Statement\":[" body "]}"
#define ALLOW(action, resource) "{\"Effect\":\"Allow\",\"Action\":\"" action "\",\"Resource\":\"" resource "\"}"
#define DENY(action, resource) "{\"Effect\":\"Deny\",\"Action\":\"" action "\",\"Resource\":\"" resource "\"}"

static const struct policy_variable press_variables[] = {
    {"iot:ClientId", {"press", 5}},
    {"iot:Connection.Thing.ThingName", {"press", 5}},
    {"iot:Connection.Thing.IsAttached", {"true", 4}},
    {"iot:Connection.Thing.ThingTypeName", {"Press*", 6}},
    {"iot:Certificate.Subject.CommonName", {"+", 1}},
};
static const struct policy_context press = {press_variables, 5};

static struct policy *parse(const char *document) {
    struct policy *policy = NULL;
    struct problem problem = {0};
    if (policy_parse(text_of(document), &policy, &problem)) fail_msg("%s: %s", document, problem.text);
    return policy;
}

static struct policy_decision decide(const char *document, const char *action, const char *resource) {
    CLEANUP(policy_destroy_at) struct policy *policy = parse(document);
    const struct policy *policies[] = {policy};
    return policy_decide(policies, 1, text_of(action), text_of(resource), &press);
}

struct decision_case {
    const char *name, *document, *action, *resource;
    enum policy_effect effect;
};

static const struct decision_case decisions[] = {
    {"what no statement names is denied", ONE(ALLOW("iot:Publish", ARN "topic/a")), "iot:Publish", ARN "topic/b",
     POLICY_NO_STATEMENT},
    {"another action is denied", ONE(ALLOW("iot:Publish", ARN "topic/a")), "iot:Receive", ARN "topic/a",
     POLICY_NO_STATEMENT},
    {"an exact resource is allowed", ONE(ALLOW("iot:Publish", ARN "topic/a/b")), "iot:Publish", ARN "topic/a/b",
     POLICY_ALLOWED},
    {"a star goes over levels", ONE(ALLOW("iot:Publish", ARN "topic/a/*/z")), "iot:Publish", ARN "topic/a/b/c/z",
     POLICY_ALLOWED},
    {"a question mark is one character", ONE(ALLOW("iot:Publish", ARN "topic/a?")), "iot:Publish", ARN "topic/ab",
     POLICY_ALLOWED},
    {"a question mark is not none", ONE(ALLOW("iot:Publish", ARN "topic/a?")), "iot:Publish", ARN "topic/a",
     POLICY_NO_STATEMENT},
    {"a plus of a filter is a character", ONE(ALLOW("iot:Subscribe", ARN "topicfilter/a/+/b")), "iot:Subscribe",
     ARN "topicfilter/a/x/b", POLICY_NO_STATEMENT},
    {"the filter itself is allowed", ONE(ALLOW("iot:Subscribe", ARN "topicfilter/a/+/b")), "iot:Subscribe",
     ARN "topicfilter/a/+/b", POLICY_ALLOWED},
    {"deny stands above allow, wherever it stands", ONE(DENY("iot:*", ARN "topic/a/*") "," ALLOW("iot:*", "*")),
     "iot:Publish", ARN "topic/a/b", POLICY_DENIED},
    {"deny after allow as well", ONE(ALLOW("iot:*", "*") "," DENY("iot:Publish", ARN "topic/a/*")), "iot:Publish",
     ARN "topic/a/b", POLICY_DENIED},
    {"deny of another action leaves it", ONE(ALLOW("iot:*", "*") "," DENY("iot:Receive", "*")), "iot:Publish",
     ARN "topic/a/b", POLICY_ALLOWED},
    {"actions are of either case", ONE(ALLOW("IOT:publish", "*")), "iot:Publish", ARN "topic/a", POLICY_ALLOWED},
    {"another account is denied", ONE(ALLOW("iot:Publish", "arn:aws:iot:eu-central-1:1:topic/*")), "iot:Publish",
     ARN "topic/a", POLICY_NO_STATEMENT},
    {"a variable is put in", ONE(ALLOW("iot:Connect", ARN "client/${iot:Connection.Thing.ThingName}")), "iot:Connect",
     ARN "client/press", POLICY_ALLOWED},
    {"a variable does not match others", ONE(ALLOW("iot:Connect", ARN "client/${iot:ClientId}")), "iot:Connect",
     ARN "client/oven", POLICY_NO_STATEMENT},
    {"a star from a variable is a character",
     ONE(ALLOW("iot:Publish", ARN "topic/${iot:Connection.Thing."
                                  "ThingTypeName}/a")),
     "iot:Publish", ARN "topic/PressXY/a", POLICY_NO_STATEMENT},
    {"and matches itself", ONE(ALLOW("iot:Publish", ARN "topic/${iot:Connection.Thing.ThingTypeName}/a")),
     "iot:Publish", ARN "topic/Press*/a", POLICY_ALLOWED},
    {"a variable with a wildcard of MQTT matches nothing",
     ONE(ALLOW("iot:Subscribe", ARN "topicfilter/${iot:Certificate.Subject.CommonName}/a")), "iot:Subscribe",
     ARN "topicfilter/+/a", POLICY_NO_STATEMENT},
    {"a variable without a value matches nothing", ONE(ALLOW("iot:Publish", ARN "topic/${iot:Nothing}*")),
     "iot:Publish", ARN "topic/a", POLICY_NO_STATEMENT},
    {"${*} is a star", ONE(ALLOW("iot:Publish", ARN "topic/${*}")), "iot:Publish", ARN "topic/a", POLICY_NO_STATEMENT},
    {"a condition that holds",
     ONE("{\"Effect\":\"Allow\",\"Action\":[\"iot:Connect\"],\"Resource\":[\"*\"],\"Condition\":{\"Bool\":{\"iot:"
         "Connection.Thing.IsAttached\":[\"true\"]}}}"),
     "iot:Connect", ARN "client/press", POLICY_ALLOWED},
    {"a condition that does not hold",
     ONE("{\"Effect\":\"Allow\",\"Action\":[\"iot:Connect\"],\"Resource\":[\"*\"],\"Condition\":{\"StringLike\":{\"iot:"
         "ClientId\":\"oven*\"}}}"),
     "iot:Connect", ARN "client/press", POLICY_NO_STATEMENT},
    {"all conditions must hold",
     ONE("{\"Effect\":\"Allow\",\"Action\":[\"iot:Connect\"],\"Resource\":[\"*\"],\"Condition\":{\"StringLike\":{\"iot:"
         "ClientId\":\"pr*\"},\"Null\":{\"iot:ClientId\":\"true\"}}}"),
     "iot:Connect", ARN "client/press", POLICY_NO_STATEMENT},
    {"one statement may stand without a list",
     "{\"Version\":\"2012-10-17\",\"Statement\":" ALLOW("iot:Connect", "*") "}", "iot:Connect", ARN "client/press",
     POLICY_ALLOWED},
};

static void what_is_permitted_and_what_is_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
        const struct decision_case *one = &decisions[i];
        struct policy_decision decision = decide(one->document, one->action, one->resource);
        if (decision.effect != one->effect) fail_msg("%s: %d", one->name, decision.effect);
    }
}

static void the_statement_that_decides_is_told(void **state) {
    (void)state;
    CLEANUP(policy_destroy_at) struct policy *open = parse(ONE(ALLOW("iot:*", "*")));
    CLEANUP(policy_destroy_at)
    struct policy *closed =
        parse(ONE(ALLOW("iot:Connect", "*") ",{\"Sid\":\"NoSecrets\",\"Effect\":\"Deny\",\"Action\":\"iot:Publish\","
                                            "\"Resource\":\"" ARN "topic/secret/*\"}"));
    const struct policy *policies[] = {open, closed};
    struct policy_decision decision =
        policy_decide(policies, 2, TEXT("iot:Publish"), TEXT(ARN "topic/secret/a"), &press);
    assert_int_equal(decision.effect, POLICY_DENIED);
    assert_int_equal(decision.policy, 1);
    assert_int_equal(decision.statement, 1);
    assert_true(text_is(decision.sid, "NoSecrets"));
}

static const struct refusal {
    const char *document, *problem; // part of it
} refusals[] = {
    {"{}", "Version"},
    {"[]", "object"},
    {"{\"Version\":\"2012-10-17\"}", "Statement"},
    {"{\"Version\":\"2012-10-17\",\"Statement\":[]}", "Statement"},
    {"{\"Version\":\"2011-01-01\",\"Statement\":[" ALLOW("iot:*", "*") "]}", "Version"},
    {ONE(ALLOW("iot:*", "*") ",{\"Effect\":\"allow\",\"Action\":\"iot:*\",\"Resource\":\"*\"}"),
     "Statement[1]: Effect"},
    {ONE(ALLOW("iot:Fly", "*")), "Action[0]: \"iot:Fly\""},
    {ONE(ALLOW("s3:GetObject", "*")), "s3:GetObject"},
    {ONE(ALLOW("iot:*", "topic/a")), "Resource[0]: \"topic/a\""},
    {ONE(ALLOW("iot:*", "arn:aws:iot:topic/a")), "cut short"},
    {ONE(ALLOW("iot:*", ARN "topic/${iot:ClientId")), "without its"},
    {ONE(ALLOW("iot:*", ARN "topic/${}")), "names no variable"},
    {ONE(ALLOW("iot:*", ARN "topic/\\u0001")), "control"},
    {ONE("{\"Effect\":\"Allow\",\"NotAction\":\"iot:*\",\"Resource\":\"*\"}"), "\"NotAction\" is not known"},
    {ONE("{\"Effect\":\"Allow\",\"Action\":[],\"Resource\":\"*\"}"), "Action"},
    {ONE("{\"Effect\":\"Allow\",\"Action\":[1],\"Resource\":\"*\"}"), "not all"},
    {ONE("{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":{}}}"),
     "DateLessThan"},
    {ONE("{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"a\":true}}}"),
     "Bool.a"},
    {"{", "line 1"},
};

static void what_is_not_understood_is_refused_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct policy *policy = NULL;
        struct problem problem = {0};
        enum error error = policy_parse(text_of(refusals[i].document), &policy, &problem);
        if (error != ERROR_INVALID || strstr(problem.text, refusals[i].problem) == NULL)
            fail_msg("%s: %d, %s", refusals[i].document, error, problem.text);
    }
}

static void white_space_does_not_count_for_the_size(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_string(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[" ALLOW("iot:*", "*"));
    for (int i = 0; i < 3000; i++) buffer_byte(&document, ' ');
    buffer_string(&document, "]}");
    CLEANUP(policy_destroy_at) struct policy *policy = NULL;
    assert_int_equal(policy_parse(buffer_view(&document), &policy, NULL), ERROR_NONE); // white space is free
    buffer_reset(&document);
    buffer_string(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    for (int i = 0; i < 40; i++) buffer_string(&document, ALLOW("iot:Publish", ARN "topic/a") ",");
    buffer_string(&document, ALLOW("iot:*", "*") "]}");
    struct policy *large = NULL;
    struct problem problem;
    assert_int_equal(policy_parse(buffer_view(&document), &large, &problem), ERROR_TOO_LARGE);
    assert_non_null(strstr(problem.text, "2048"));
}

// --- compiled ---

static void join(const struct policy_subjects *subjects, const char *name, struct buffer *out) {
    buffer_string(out, name);
    for (size_t i = 0; i < subjects->count; i++) buffer_print(out, " %s", subjects->items[i]);
}

static char *compile(const char *document) {
    CLEANUP(policy_destroy_at) struct policy *policy = parse(document);
    const struct policy *policies[] = {policy};
    struct policy_permissions permissions;
    assert_int_equal(policy_compile(policies, 1, ARN, &press, &permissions), ERROR_NONE);
    struct buffer out = {0};
    join(&permissions.publish_allow, "pub", &out);
    join(&permissions.publish_deny, " -", &out);
    join(&permissions.subscribe_allow, " sub", &out);
    join(&permissions.subscribe_deny, " -", &out);
    if (permissions.notes.length > 0) buffer_print(&out, " notes %s", permissions.notes.data);
    policy_permissions_clear(&permissions);
    return buffer_take(&out);
}

static const struct compile_case {
    const char *document, *expected;
} compiled[] = {
    {ONE(ALLOW("iot:Publish", ARN "topic/a/b")), "pub a.b - sub -"},
    {ONE(ALLOW("iot:Publish", ARN "topic/a/*")), "pub a.> - sub -"},
    {ONE(ALLOW("iot:Publish", "*")), "pub > - sub -"},
    {ONE(ALLOW("iot:Publish", "arn:aws:iot:*:*:topic/a.b")), "pub a//b - sub -"},
    {ONE(ALLOW("iot:Publish", "arn:aws:iot:us-east-1:*:topic/a")), "pub - sub -"},
    {ONE(ALLOW("iot:Publish", ARN "topic/a/*/c/d/e/f/g/h")),
     "pub a.*.c.d.e.f.g.h a.*.*.c.d.e.f.g.h a.*.*.*.c.d.e.f.g.h - sub -"},
    {ONE(ALLOW("iot:Publish", ARN "topic/$aws/things/${iot:ClientId}/shadow/*") "," DENY(
         "iot:Publish", ARN "topic/$aws/things/press/shadow/delete")),
     "pub $aws.things.press.shadow.> - $aws.things.press.shadow.delete sub -"},
    {ONE(ALLOW("iot:Subscribe", ARN "topicfilter/a/#")), "pub - sub -"}, // nothing may be received
    {ONE(ALLOW("iot:Subscribe", ARN "topicfilter/a/#") "," ALLOW("iot:Receive", ARN "topic/a/*")), "pub - sub a a.> -"},
    {ONE(ALLOW("iot:Subscribe", ARN "topicfilter/a/+/b") "," ALLOW("iot:Receive", ARN "topic/*")), "pub - sub a.*.b -"},
    {ONE(ALLOW("iot:Subscribe", ARN "topicfilter/*") "," ALLOW("iot:Receive", ARN "topic/a/b")), "pub - sub a.b -"},
    {ONE(ALLOW("iot:Subscribe", ARN "topicfilter/a/*") "," ALLOW("iot:Receive", "*")), "pub - sub a.> a -"},
    {ONE(ALLOW("iot:Publish", ARN "topic/press-*")),
     "pub - sub - notes policy 0, Statement[0].Resource[0]: \"" ARN
     "topic/press-*\" cannot be enforced level by level; it permits nothing; let each * be a whole level\n"},
    {ONE(ALLOW("iot:Publish", "*") "," DENY("iot:Publish", ARN "topic/a/press-*")),
     "pub > - a.> sub - notes policy 0, Statement[1].Resource[0]: \"" ARN
     "topic/a/press-*\" cannot be enforced level by level; more than it says is denied\n"},
    {ONE(DENY("iot:Publish", ARN "top*")), "pub - > sub - notes policy 0, Statement[0].Resource[0]: \"" ARN
                                           "top*\" cannot be enforced level by level; more than it says is denied\n"},
    {ONE(ALLOW("iot:Publish", ARN "client/*")), "pub - sub -"},
    {ONE(DENY("iot:Publish", ARN "topic/")),
     "pub - > sub - notes policy 0, Statement[0].Resource[0]: \"" ARN
     "topic/\" cannot be enforced level by level; more than it says is denied\n"},
};

static void permissions_of_the_bus_are_never_more_than_the_policy(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof compiled / sizeof *compiled; i++) {
        char *text = compile(compiled[i].document);
        if (strcmp(text, compiled[i].expected) != 0) fail_msg("%s:\n%s", compiled[i].document, text);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_permitted_and_what_is_not),
        cmocka_unit_test(the_statement_that_decides_is_told),
        cmocka_unit_test(what_is_not_understood_is_refused_with_its_place),
        cmocka_unit_test(white_space_does_not_count_for_the_size),
        cmocka_unit_test(permissions_of_the_bus_are_never_more_than_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
