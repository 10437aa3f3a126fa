#include "pattern.h"

const struct policy_variable *context_find(const struct policy_context *context, struct text name) {
    for (size_t i = 0; i < context->count; i++)
        if (text_is(name, context->variables[i].name)) return &context->variables[i];
    return NULL;
}

/// Cuts "${name}" off the front; false when there is none.
static bool take_variable(struct text *rest, struct text *ret_name) {
    if (!text_starts_with(*rest, TEXT("${"))) return false;
    struct text after = text_from(*rest, 2);
    for (size_t i = 0; i < after.length; i++) {
        if (after.data[i] != '}') continue;
        *ret_name = (struct text){after.data, i};
        *rest = text_from(after, i + 1);
        return true;
    }
    return false;
}

static bool is_escape(struct text name) {
    return name.length == 1 && (name.data[0] == '*' || name.data[0] == '?' || name.data[0] == '$');
}

static bool is_harmless(struct text value) {
    for (size_t i = 0; i < value.length; i++)
        if ((unsigned char)value.data[i] < ' ' || value.data[i] == '+' || value.data[i] == '#') return false;
    return value.length > 0;
}

static bool put_variable(struct text name, const struct policy_context *context, struct buffer *out) {
    if (is_escape(name)) {
        buffer_byte(out, name.data[0]);
        return true;
    }
    const struct policy_variable *variable = context_find(context, name);
    if (variable == NULL || !is_harmless(variable->value)) return false;
    buffer_text(out, variable->value);
    return true;
}

bool pattern_expand(struct text raw, const struct policy_context *context, struct buffer *out) {
    buffer_reset(out);
    while (raw.length > 0) {
        struct text name;
        if (take_variable(&raw, &name)) {
            if (!put_variable(name, context, out)) return false;
            continue;
        }
        char byte = raw.data[0];
        buffer_byte(out, byte == '*' ? PATTERN_RUN : byte == '?' ? PATTERN_ONE : byte);
        raw = text_from(raw, 1);
    }
    return !out->failed;
}

enum error pattern_check(struct text raw, struct problem *ret_problem) {
    while (raw.length > 0) {
        struct text name;
        bool opens = text_starts_with(raw, TEXT("${"));
        if (opens && !take_variable(&raw, &name))
            return problem_say(ret_problem, ERROR_INVALID, "\"${\" without its \"}\"");
        if (opens && name.length == 0) return problem_say(ret_problem, ERROR_INVALID, "\"${}\" names no variable");
        if (!opens) raw = text_from(raw, 1);
    }
    return ERROR_NONE;
}

/// Greedy with one place to come back to: the last run takes one byte more each time the rest does not fit.
bool pattern_matches(struct text pattern, struct text text) {
    size_t at = 0, run = SIZE_MAX, run_text = 0;
    for (size_t i = 0; i < text.length;) {
        if (at < pattern.length && pattern.data[at] == PATTERN_RUN) {
            run = at++;
            run_text = i;
        } else if (at < pattern.length && (pattern.data[at] == text.data[i] || pattern.data[at] == PATTERN_ONE)) {
            at++;
            i++;
        } else if (run != SIZE_MAX) {
            at = run + 1;
            i = ++run_text;
        } else {
            return false;
        }
    }
    while (at < pattern.length && pattern.data[at] == PATTERN_RUN) at++;
    return at == pattern.length;
}
