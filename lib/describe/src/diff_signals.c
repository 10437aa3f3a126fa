#include "diff.h"

void diff_fields(struct diff *diff, struct text a, struct text b, const struct plant_field *old,
                 const struct plant_field *new) {
    if (old->type != new->type)
        diff_note(diff, RULE_TYPE, a, b, "%s became %s", value_type_name(old->type), value_type_name(new->type));
    if (!text_equal(old->unit, new->unit))
        diff_note(diff, RULE_UNIT, a, b, "\"%.*s\" became \"%.*s\"", TEXT_ARG(old->unit), TEXT_ARG(new->unit));
    if (old->range.given != new->range.given ||
        (old->range.given && (old->range.low != new->range.low || old->range.high != new->range.high)))
        diff_note(diff, RULE_RANGE, a, b, "%g..%g became %g..%g", old->range.low, old->range.high, new->range.low,
                  new->range.high);
    if (old->max_age_s != new->max_age_s)
        diff_note(diff, RULE_MAX_AGE, a, b, "%g s became %g s", old->max_age_s, new->max_age_s);
    diff_text(diff, a, b, old->description, new->description);
}

// ---------------------------------------------------------------- signals

static const struct plant_signal *find_signal(const struct plant_element *element, struct text name) {
    for (size_t i = 0; i < element->signal_count; i++)
        if (text_equal(element->signals[i]->name, name)) return element->signals[i];
    return NULL;
}

static const char *direction(const struct plant_signal *signal) {
    return signal->actuator ? "output" : "input";
}

/// What a wish for one value calls.
static void compare_wish(struct diff *diff, const struct plant_signal *new, const char *value, struct text before,
                         struct text after) {
    if (text_equal(before, after)) return;
    if (before.length == 0)
        diff_note(diff, RULE_WISH_NEW, new->module->path, new->twin_path, "%s: %.*s", value, TEXT_ARG(after));
    else
        diff_note(diff, RULE_WISH, new->module->path, new->twin_path, "%s: %.*s became %.*s", value, TEXT_ARG(before),
                  after.length > 0 ? (int)after.length : 7, after.length > 0 ? after.data : "nothing");
}

static void compare_wire(struct diff *diff, const struct plant_signal *old, const struct plant_signal *new) {
    const struct plant_channel *before = old->channel, *after = new->channel;
    bool same = text_equal(before->name, after->name) && text_equal(before->module->path, after->module->path);
    if (same) return; // where the channel lies is told once, at the channel
    diff_note(diff, RULE_WIRE, new->module->path, new->twin_path, "%.*s/%.*s became %.*s/%.*s",
              TEXT_ARG(before->module->name), TEXT_ARG(before->name), TEXT_ARG(after->module->name),
              TEXT_ARG(after->name));
}

static bool is_conditioned_alike(const struct plant_signal *old, const struct plant_signal *new) {
    const struct plant_scaling *a = &old->scaling, *b = &new->scaling;
    if (a->given != b->given) return false;
    if (a->given && (a->raw_low != b->raw_low || a->raw_high != b->raw_high)) return false;
    if (a->raw_least != b->raw_least || a->raw_most != b->raw_most) return false;
    return old->deadband == new->deadband && old->debounce_ms == new->debounce_ms && old->latch_ms == new->latch_ms &&
           old->stale_ms == new->stale_ms && old->substitute == new->substitute &&
           old->substitute_value == new->substitute_value;
}

static void compare_signal(struct diff *diff, const struct plant_signal *old, const struct plant_signal *new) {
    struct text a = new->module->path, b = new->twin_path;
    if (!text_equal(old->twin_path, new->twin_path))
        diff_note(diff, RULE_VALUE_MOVED, a, b, "was %.*s", TEXT_ARG(old->twin_path));
    if (old->actuator != new->actuator)
        diff_note(diff, RULE_DIRECTION, a, b, "%s became %s", direction(old), direction(new));
    diff_fields(diff, a, b, &old->field, &new->field);
    compare_wire(diff, old, new);
    if (old->inverted != new->inverted)
        diff_note(diff, RULE_INVERTED, a, b, "%s", new->inverted ? "now inverted" : "no longer inverted");
    if (old->actuator && new->actuator && (old->safe_state != new->safe_state || old->safe_value != new->safe_value)) {
        static const char *const names[] = {[SAFE_FALSE] = "false", [SAFE_TRUE] = "true", [SAFE_HOLD] = "hold"};
        diff_note(diff, RULE_SAFE_STATE, a, b, "%s (%g) became %s (%g)", names[old->safe_state], old->safe_value,
                  names[new->safe_state], new->safe_value);
    }
    if (!is_conditioned_alike(old, new)) diff_note(diff, RULE_CONDITIONING, a, b, "%s", "");
    compare_wish(diff, new, "true", old->on_true, new->on_true);
    compare_wish(diff, new, "false", old->on_false, new->on_false);
    compare_wish(diff, new, "a number", old->on_value, new->on_value);
    if (old->time_to_live_s != new->time_to_live_s)
        diff_note(diff, RULE_TIME_TO_LIVE, a, b, "%g s became %g s", old->time_to_live_s, new->time_to_live_s);
}

void diff_signals(struct diff *diff, const struct plant_element *old, const struct plant_element *new) {
    for (size_t i = 0; i < old->signal_count; i++) {
        const struct plant_signal *signal = old->signals[i], *same = find_signal(new, signal->name);
        if (same != NULL)
            compare_signal(diff, signal, same);
        else
            diff_note(diff, RULE_VALUE_GONE, new->path, signal->twin_path, "%s %.*s", direction(signal),
                      TEXT_ARG(signal->name));
    }
    for (size_t i = 0; i < new->signal_count; i++) {
        const struct plant_signal *signal = new->signals[i];
        if (find_signal(old, signal->name) != NULL) continue;
        diff_note(diff, RULE_VALUE_NEW, new->path, signal->twin_path, "%s %.*s", direction(signal),
                  TEXT_ARG(signal->name));
    }
}

// ---------------------------------------------------------------- channels

static const struct plant_channel *find_channel(const struct plant_element *element, struct text name) {
    for (size_t i = 0; i < element->channel_count; i++)
        if (text_equal(element->channels[i]->name, name)) return element->channels[i];
    return NULL;
}

static void compare_channel(struct diff *diff, const struct plant_channel *old, const struct plant_channel *new) {
    bool same = old->output == new->output && old->byte == new->byte && old->bit == new->bit &&
                old->bits == new->bits && old->encoding == new->encoding;
    diff_text(diff, new->module->path, new->name, old->description, new->description);
    if (same) return;
    diff_note(diff, RULE_ADDRESS, new->module->path, new->name, "%s %u.%u, %u bits became %s %u.%u, %u bits",
              old->output ? "output" : "input", old->byte, old->bit, old->bits, new->output ? "output" : "input",
              new->byte, new->bit, new->bits);
}

void diff_channels(struct diff *diff, const struct plant_element *old, const struct plant_element *new) {
    for (size_t i = 0; i < old->channel_count; i++) {
        const struct plant_channel *channel = old->channels[i], *same = find_channel(new, channel->name);
        if (same != NULL)
            compare_channel(diff, channel, same);
        else
            diff_note(diff, RULE_CHANNEL_GONE, new->path, channel->name, "%s", "");
    }
    for (size_t i = 0; i < new->channel_count; i++)
        if (find_channel(old, new->channels[i]->name) == NULL)
            diff_note(diff, RULE_CHANNEL_NEW, new->path, new->channels[i]->name, "%s", "");
}
