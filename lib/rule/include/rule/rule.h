/// The SQL of AWS IoT rules (version 2016-03-23): which messages, what of them, and what becomes of it. Pure, but for
/// the randomness of newuuid().
/// Source: AWS IoT Core Developer Guide, "AWS IoT SQL reference". What it leaves open is settled in docs/spec/rules.md.
///
///     SELECT state.reported.temperature AS t, topic(3) AS thing FROM '$aws/things/+/shadow/update' WHERE ... > 80
///
/// Owns:    a rule keeps a copy of its text.
/// Threads: a rule may be run by any number of threads at once.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>

enum {
    RULE_BYTES_MAX = 64 * 1024, // of a rule's text (AWS)
    RULE_DEPTH_MAX = 64,        // of brackets in it
    RULE_PAYLOAD_BYTES_MAX = 128 * 1024,
    RULE_PAYLOAD_DEPTH_MAX = 64,
    RULE_OUTPUT_BYTES_MAX = 1024 * 1024, // what a message becomes
};

struct rule;
/// ERROR_INVALID or ERROR_TOO_LARGE; the problem names line and column, what is wrong, and what is expected.
enum error rule_parse(struct text sql, struct rule **ret_rule, struct problem *ret_problem);
void rule_destroy(struct rule *rule); // NULL is fine
CLEANUP_DEFINE(struct rule, rule_destroy)

/// The topic filter after FROM. Borrowed from the rule.
struct text rule_filter(const struct rule *rule);
/// Whether the filter takes the topic: `+` a level, `#` all below (not the parent itself, as AWS has it).
bool rule_takes(const struct rule *rule, struct text topic);

/// All borrowed.
struct rule_message {
    struct text topic;
    struct text payload;
    uint64_t time_ms;      // timestamp()
    struct text client_id; // clientid(); empty: not over MQTT, "n/a"
    struct text principal; // principal(): the certificate's id
    struct text trace_id;  // traceid()
    struct text account;   // accountid()
};
/// What the message becomes; `ret_selected` is false when WHERE does not hold, or is Undefined. A payload that is no
/// JSON has no members, and `SELECT *` alone hands it on as it is. ERROR_TOO_LARGE: more than RULE_OUTPUT_BYTES_MAX.
enum error rule_run(const struct rule *rule, const struct rule_message *message, struct buffer *out, bool *ret_selected,
                    struct problem *ret_problem);

/// A text with `${expression}` in it, as fields of actions have: each is evaluated on the message, not on what was
/// selected; Undefined is nothing. ERROR_INVALID for what is no expression, with the place in the text.
enum error rule_substitute(struct text text, const struct rule_message *message, struct buffer *out,
                           struct problem *ret_problem);
/// The same without a message: whether the expressions can be read.
enum error rule_check_substitutions(struct text text, struct problem *ret_problem);
