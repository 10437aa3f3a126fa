// A pattern of a policy is free text; a subject of NATS is made of whole levels. A `*` that is the last level becomes
// `>`; in the middle it stands for any number of levels, so that each number that a topic can have is written out.
// What begins or ends within a level cannot be said.
#include "internal.h"
#include "pattern.h"
#include "subjects.h"

#include <stdlib.h>
#include <string.h>

enum { ARN_COLONS = 5 };

/// What the actions of messages ask of which kind of resource, and where it goes.
enum { PUBLISH, SUBSCRIBE, RECEIVE, ASPECTS };
static const struct aspect {
    const char *action, *kind;
    bool is_filter; // `+` and `#` are wildcards of the topic, not of the policy
} aspects[ASPECTS] = {
    [PUBLISH] = {"iot:Publish", "topic/", false},
    [SUBSCRIBE] = {"iot:Subscribe", "topicfilter/", true},
    [RECEIVE] = {"iot:Receive", "topic/", false},
};

struct compilation {
    const char *arn_prefix;
    const struct policy_context *context;
    struct policy_subjects allow[ASPECTS], deny[ASPECTS];
    struct buffer *notes;
};

/// What follows "arn:aws:iot:REGION:ACCOUNT:" when these are ours; false when they are not.
static bool take_arn_prefix(struct text *pattern, const char *arn_prefix) {
    static const char everything[] = {PATTERN_RUN, '\0'};
    if (text_is(*pattern, everything)) return true;
    unsigned colons = 0;
    size_t length = 0;
    while (length < pattern->length && colons < ARN_COLONS) colons += pattern->data[length++] == ':';
    if (!pattern_matches((struct text){pattern->data, length}, text_of(arn_prefix))) return false;
    *pattern = text_from(*pattern, length);
    return true;
}

/// The topic's pattern; false when the resource is of another kind.
enum kind { KIND_OTHER, KIND_OURS, KIND_UNCLEAR };
static enum kind take_kind(struct text *pattern, const char *kind) {
    if (pattern->length == 1 && pattern->data[0] == PATTERN_RUN) return KIND_OURS;
    struct text name = text_of(kind);
    for (size_t i = 0; i < name.length; i++) {
        if (i == pattern->length) return KIND_OTHER;
        if (pattern->data[i] == PATTERN_RUN || pattern->data[i] == PATTERN_ONE) return KIND_UNCLEAR;
        if (pattern->data[i] != name.data[i]) return KIND_OTHER;
    }
    *pattern = text_from(*pattern, name.length);
    return KIND_OURS;
}

static void note(struct compilation *compilation, const char *place, struct text raw, bool denies) {
    buffer_print(compilation->notes, "%s: \"%.*s\" cannot be enforced level by level; %s\n", place, TEXT_ARG(raw),
                 denies ? "more than it says is denied" : "it permits nothing; let each * be a whole level");
}

/// The filter `a/#`, which `a/*` covers, is two subscriptions of NATS: `a.>` and the parent `a`.
static enum error add_parent(struct policy_subjects *subjects, struct text pattern, bool is_filter) {
    static const char below[] = {'/', PATTERN_RUN};
    if (pattern.length <= sizeof below || !text_ends_with(pattern, (struct text){below, sizeof below}))
        return ERROR_NONE;
    pattern.length -= sizeof below;
    return subjects_add_pattern(subjects, pattern, is_filter);
}

static enum error compile_resource(struct compilation *compilation, int aspect, bool denies, struct text raw,
                                   const char *place) {
    CLEANUP(buffer_clear) struct buffer expanded = {0};
    if (!pattern_expand(raw, compilation->context, &expanded)) return expanded.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    struct text pattern = buffer_view(&expanded);
    if (!take_arn_prefix(&pattern, compilation->arn_prefix)) return ERROR_NONE;
    enum kind kind = take_kind(&pattern, aspects[aspect].kind);
    if (kind == KIND_OTHER) return ERROR_NONE;
    struct policy_subjects *subjects = denies ? &compilation->deny[aspect] : &compilation->allow[aspect];
    enum error error = ERROR_UNSUPPORTED;
    if (kind == KIND_OURS) error = subjects_add_pattern(subjects, pattern, aspects[aspect].is_filter);
    if (!error && !denies && aspect != PUBLISH) error = add_parent(subjects, pattern, aspects[aspect].is_filter);
    if (error != ERROR_UNSUPPORTED) return error;
    note(compilation, place, raw, denies);
    if (!denies) return ERROR_NONE;
    return subjects_add_wider(subjects, kind == KIND_OURS ? pattern : TEXT_EMPTY);
}

static enum error compile_statement(struct compilation *compilation, const struct statement *statement, size_t policy,
                                    size_t number) {
    for (int aspect = 0; aspect < ASPECTS; aspect++) {
        if (!statement_concerns(statement, text_of(aspects[aspect].action), compilation->context)) continue;
        for (struct strings each = strings_of(statement->resources); strings_next(&each);) {
            char place[96];
            snprintf(place, sizeof place, "policy %zu, Statement[%zu].Resource[%zu]", policy, number, each.index);
            enum error error = compile_resource(compilation, aspect, statement->denies, each.value, place);
            if (error) return error;
        }
    }
    return ERROR_NONE;
}

/// What both lists have in common: each pair's subject, where there is one.
static enum error intersect(const struct policy_subjects *a, const struct policy_subjects *b,
                            struct policy_subjects *ret_common) {
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            CLEANUP(buffer_clear) struct buffer common = {0};
            if (!subject_intersect(text_of(a->items[i]), text_of(b->items[k]), &common)) continue;
            enum error error = subjects_add(ret_common, buffer_view(&common));
            if (error) return error;
        }
    }
    return ERROR_NONE;
}

static enum error add_all(struct policy_subjects *to, const struct policy_subjects *from) {
    enum error error = ERROR_NONE;
    for (size_t i = 0; i < from->count && !error; i++) error = subjects_add(to, text_of(from->items[i]));
    return error;
}

static enum error hand_over(struct compilation *compilation, struct policy_permissions *permissions) {
    struct policy_subjects *allow = compilation->allow, *deny = compilation->deny;
    enum error error = add_all(&permissions->publish_allow, &allow[PUBLISH]);
    if (!error) error = add_all(&permissions->publish_deny, &deny[PUBLISH]);
    if (!error) error = intersect(&allow[SUBSCRIBE], &allow[RECEIVE], &permissions->subscribe_allow);
    if (!error) error = add_all(&permissions->subscribe_deny, &deny[SUBSCRIBE]);
    if (!error) error = add_all(&permissions->subscribe_deny, &deny[RECEIVE]);
    return !error && permissions->notes.failed ? ERROR_NO_MEMORY : error;
}

enum error policy_compile(const struct policy *const *policies, size_t count, const char *arn_prefix,
                          const struct policy_context *context, struct policy_permissions *ret_permissions) {
    struct policy_permissions permissions = {0};
    struct compilation compilation = {.arn_prefix = arn_prefix, .context = context, .notes = &permissions.notes};
    enum error error = ERROR_NONE;
    for (size_t p = 0; p < count; p++)
        for (size_t s = 0; s < policies[p]->count && !error; s++)
            error = compile_statement(&compilation, &policies[p]->statements[s], p, s);
    if (!error) error = hand_over(&compilation, &permissions);
    for (int aspect = 0; aspect < ASPECTS; aspect++) {
        subjects_clear(&compilation.allow[aspect]);
        subjects_clear(&compilation.deny[aspect]);
    }
    if (error)
        policy_permissions_clear(&permissions);
    else
        *ret_permissions = permissions;
    return error;
}

void policy_permissions_clear(struct policy_permissions *permissions) {
    subjects_clear(&permissions->publish_allow);
    subjects_clear(&permissions->publish_deny);
    subjects_clear(&permissions->subscribe_allow);
    subjects_clear(&permissions->subscribe_deny);
    buffer_clear(&permissions->notes);
}
