/// Parts of the comparison: diff.c keeps the list and compares elements, diff_signals.c signals and channels,
/// diff_classes.c what classes promise.
#pragma once

#include "inventory.h"

#include <describe/diff.h>

/// Rows of describe_rules.
enum rule_id {
    RULE_STATION,
    RULE_NAMESPACE,
    RULE_CONTROLLER,
    RULE_RENAMED,
    RULE_GONE,
    RULE_NEW,
    RULE_ID,
    RULE_CLASS,
    RULE_BASE,
    RULE_VALUE_GONE,
    RULE_VALUE_NEW,
    RULE_VALUE_MOVED,
    RULE_TYPE,
    RULE_UNIT,
    RULE_WORD_NEW,
    RULE_WORD_GONE,
    RULE_RANGE,
    RULE_DIRECTION,
    RULE_WISH,
    RULE_WISH_NEW,
    RULE_WIRE,
    RULE_INVERTED,
    RULE_SAFE_STATE,
    RULE_CONDITIONING,
    RULE_CHANNEL_GONE,
    RULE_CHANNEL_NEW,
    RULE_ADDRESS,
    RULE_METHOD_GONE,
    RULE_METHOD_NEW,
    RULE_ARGUMENTS,
    RULE_LIMIT_NARROWER,
    RULE_LIMIT_WIDER,
    RULE_EVENT_GONE,
    RULE_EVENT_NEW,
    RULE_SEVERITY,
    RULE_PARAMETER_GONE,
    RULE_PARAMETER,
    RULE_INTERLOCK,
    RULE_TIME_TO_LIVE,
    RULE_MAX_AGE,
    RULE_THING_TYPE,
    RULE_THING_GROUP,
    RULE_THING_ATTRIBUTE,
    RULE_TEXT,
    RULE_COUNT
};

/// Notes a difference. The path is `a`, or `a`/`b` when b is not empty.
void diff_note(struct diff *diff, enum rule_id rule, struct text a, struct text b, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/// The signals and channels of an element that is in both models.
void diff_signals(struct diff *diff, const struct plant_element *old, const struct plant_element *new);
void diff_channels(struct diff *diff, const struct plant_element *old, const struct plant_element *new);
/// What is the same for values of signals and variables: type, unit, range, maximum age, description.
void diff_fields(struct diff *diff, struct text a, struct text b, const struct plant_field *old,
                 const struct plant_field *new);
void diff_text(struct diff *diff, struct text a, struct text b, struct text old, struct text new); // for people
/// The classes that elements of both models have.
void diff_classes(struct diff *diff, const struct plant *old, const struct plant *new);
