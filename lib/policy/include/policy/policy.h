/// Policies of AWS IoT: who may connect, publish, subscribe, receive, and use twins and jobs over HTTP. Pure.
/// Source: AWS IoT Core Developer Guide, "AWS IoT Core policies" (actions, action resources, policy variables) and IAM
/// User Guide, "IAM JSON policy elements" for wildcards and conditions.
///
/// What is not there is denied; a Deny stands above every Allow. A document with anything in it that is not known here
/// is refused when it is written, never passed over when it is evaluated: a condition that nobody looks at would open
/// what somebody meant to close.
///
/// Owns:    a policy keeps a copy of its document.
/// Threads: a policy may be used by any number of threads at once.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>

enum {
    POLICY_CHARACTERS_MAX = 2048, // of a document, white space not counted (AWS)
    POLICY_STATEMENTS_MAX = 64,
    POLICY_LEVELS_MAX = 10, // of a topic: AWS's 7 slashes, and what its own reserved topics have more
};

struct policy;
/// Action: "iot:Publish", "iot:*"; Resource: "*" or an ARN, in which `*` is any run of characters and `?` one, and
/// `${iot:ClientId}` a variable (`${*}`, `${?}`, `${$}` are the characters). Conditions: StringEquals, StringNotEquals,
/// StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, StringNotLike, Bool, Null, and ...IfExists.
/// ERROR_INVALID or ERROR_TOO_LARGE; the problem names the place: "Statement[1].Action: ...".
enum error policy_parse(struct text document, struct policy **ret_policy, struct problem *ret_problem);
void policy_destroy(struct policy *policy); // NULL is fine
CLEANUP_DEFINE(struct policy, policy_destroy)

/// What is known of a connection or request: "iot:ClientId", "iot:Connection.Thing.ThingName", "aws:SourceIp" ...
/// A variable without a value, or whose value holds a wildcard of MQTT (`+`, `#`) or a control character, resolves
/// nowhere: the resource that holds it matches nothing (a client called `+` would widen a filter).
struct policy_variable {
    const char *name;
    struct text value;
};
struct policy_context {
    const struct policy_variable *variables;
    size_t count;
};

enum policy_effect { POLICY_NO_STATEMENT, POLICY_ALLOWED, POLICY_DENIED };
/// Which statement decided: that of `policies[policy]`, by its place in the document.
struct policy_decision {
    enum policy_effect effect; // only POLICY_ALLOWED permits
    size_t policy, statement;  // 0 with POLICY_NO_STATEMENT
    struct text sid;           // borrowed from the policy; empty when it has none
};
/// `action`: "iot:Publish"; `resource`: "arn:aws:iot:eu-central-1:123456789012:topic/dt/press". The first Deny that
/// matches decides, otherwise the first Allow.
struct policy_decision policy_decide(const struct policy *const *policies, size_t count, struct text action,
                                     struct text resource, const struct policy_context *context);

/// A list of subjects of NATS.
struct policy_subjects {
    char **items;
    size_t count;
};
/// The same policies as permissions of a NATS connection, for the variables of one client. Never more than the policies
/// say, with one exception: who may subscribe `a/#` also hears `a`, since NATS makes two subscriptions of that filter.
struct policy_permissions {
    struct policy_subjects publish_allow, publish_deny, subscribe_allow, subscribe_deny;
    /// A line for each resource that subjects cannot say as it stands: "Statement[0].Resource[1]: ...". An Allow of
    /// that kind is left out, a Deny is widened to the level above, so permissions are never more than the policy.
    struct buffer notes;
};
/// `arn_prefix`: "arn:aws:iot:eu-central-1:123456789012:", with which resources of this cloud begin. What may be
/// subscribed is what Subscribe and Receive both allow, since NATS does not ask again at delivery.
enum error policy_compile(const struct policy *const *policies, size_t count, const char *arn_prefix,
                          const struct policy_context *context, struct policy_permissions *ret_permissions);
void policy_permissions_clear(struct policy_permissions *permissions);
