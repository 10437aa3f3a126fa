#include "subjects.h"

#include "pattern.h"

#include <stdlib.h>

enum { SUBJECTS_MAX = 64 }; // of one resource: with three `*` in the middle there would be hundreds

void subjects_clear(struct policy_subjects *subjects) {
    for (size_t i = 0; i < subjects->count; i++) free(subjects->items[i]);
    free(subjects->items);
    *subjects = (struct policy_subjects){0};
}

enum error subjects_add(struct policy_subjects *subjects, struct text subject) {
    for (size_t i = 0; i < subjects->count; i++)
        if (text_is(subject, subjects->items[i])) return ERROR_NONE;
    char **items = reallocarray(subjects->items, subjects->count + 1, sizeof *items);
    if (items == NULL) return ERROR_NO_MEMORY;
    subjects->items = items;
    items[subjects->count] = text_copy(subject);
    if (items[subjects->count] == NULL) return ERROR_NO_MEMORY;
    subjects->count++;
    return ERROR_NONE;
}

// --- levels ---

enum level_kind { LEVEL_LITERAL, LEVEL_ONE, LEVEL_RUN, LEVEL_REST, LEVEL_UNSAYABLE };

static bool is_unsayable_byte(char byte) {
    return byte == PATTERN_RUN || byte == PATTERN_ONE || byte == ' ' || byte == '*' || byte == '>';
}

static enum level_kind level_kind(struct text level, bool is_filter, bool is_last) {
    if (level.length == 1 && level.data[0] == PATTERN_RUN) return LEVEL_RUN;
    if (is_filter && text_is(level, "+")) return LEVEL_ONE;
    if (is_filter && is_last && text_is(level, "#")) return LEVEL_REST;
    if (level.length == 0) return LEVEL_UNSAYABLE;
    for (size_t i = 0; i < level.length; i++)
        if (is_unsayable_byte(level.data[i]) || level.data[i] == '+' || level.data[i] == '#') return LEVEL_UNSAYABLE;
    return LEVEL_LITERAL;
}

struct levels {
    struct text texts[POLICY_LEVELS_MAX];
    enum level_kind kinds[POLICY_LEVELS_MAX];
    size_t count;
};

/// False when there are none, or more than a topic can have.
static bool read_levels(struct text pattern, bool is_filter, struct levels *levels) {
    *levels = (struct levels){0};
    if (pattern.length == 0) return false;
    size_t start = 0;
    for (size_t i = 0; i <= pattern.length; i++) {
        if (i < pattern.length && pattern.data[i] != '/') continue;
        if (levels->count == POLICY_LEVELS_MAX) return false;
        struct text level = {pattern.data + start, i - start};
        levels->texts[levels->count] = level;
        levels->kinds[levels->count++] = level_kind(level, is_filter, i == pattern.length);
        start = i + 1;
    }
    return true;
}

/// NATS writes the dot of a topic as two strokes.
static void put_level(struct buffer *out, struct text level) {
    if (out->length > 0) buffer_byte(out, '.');
    for (size_t i = 0; i < level.length; i++) {
        if (level.data[i] == '.')
            buffer_string(out, "//");
        else
            buffer_byte(out, level.data[i]);
    }
}

// --- one pattern, written out ---

struct writing {
    const struct levels *levels;
    struct policy_subjects *subjects;
    size_t first; // how many subjects there were before
};

static enum error write_from(struct writing *writing, size_t index, size_t depth, struct text before);

/// A filter that ends in `#` is two subscriptions of NATS: its parent and what is below.
static enum error write_rest(struct writing *writing, struct text before) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    buffer_text(&subject, before);
    enum error error = before.length > 0 ? subjects_add(writing->subjects, before) : ERROR_NONE;
    put_level(&subject, TEXT(">"));
    if (!error) error = subjects_add(writing->subjects, buffer_view(&subject));
    return error;
}

/// In the middle: one level, two, and so on.
static enum error write_run(struct writing *writing, size_t index, size_t depth, struct text before) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    buffer_text(&subject, before);
    size_t after = writing->levels->count - index - 1;
    if (after == 0) {
        put_level(&subject, TEXT(">"));
        return subject.failed ? ERROR_NO_MEMORY : subjects_add(writing->subjects, buffer_view(&subject));
    }
    enum error error = ERROR_NONE;
    for (size_t used = depth + 1; used + after <= POLICY_LEVELS_MAX && !error; used++) {
        put_level(&subject, TEXT("*"));
        error = write_from(writing, index + 1, used, buffer_view(&subject));
    }
    return error;
}

static enum error write_from(struct writing *writing, size_t index, size_t depth, struct text before) {
    const struct levels *levels = writing->levels;
    if (index == levels->count) {
        if (writing->subjects->count - writing->first >= SUBJECTS_MAX) return ERROR_UNSUPPORTED;
        return subjects_add(writing->subjects, before);
    }
    if (levels->kinds[index] == LEVEL_REST) return write_rest(writing, before);
    if (levels->kinds[index] == LEVEL_RUN) return write_run(writing, index, depth, before);
    CLEANUP(buffer_clear) struct buffer subject = {0};
    buffer_text(&subject, before);
    put_level(&subject, levels->kinds[index] == LEVEL_ONE ? TEXT("*") : levels->texts[index]);
    return subject.failed ? ERROR_NO_MEMORY : write_from(writing, index + 1, depth + 1, buffer_view(&subject));
}

static bool is_sayable(const struct levels *levels) {
    for (size_t i = 0; i < levels->count; i++)
        if (levels->kinds[i] == LEVEL_UNSAYABLE) return false;
    return true;
}

static void cut(struct policy_subjects *subjects, size_t count) {
    while (subjects->count > count) free(subjects->items[--subjects->count]);
}

enum error subjects_add_pattern(struct policy_subjects *subjects, struct text pattern, bool is_filter) {
    struct levels levels;
    if (!read_levels(pattern, is_filter, &levels) || !is_sayable(&levels)) return ERROR_UNSUPPORTED;
    struct writing writing = {&levels, subjects, subjects->count};
    enum error error = write_from(&writing, 0, 0, TEXT_EMPTY);
    if (error) cut(subjects, writing.first);
    return error;
}

enum error subjects_add_wider(struct policy_subjects *subjects, struct text pattern) {
    struct levels levels;
    CLEANUP(buffer_clear) struct buffer subject = {0};
    bool is_read = read_levels(pattern, false, &levels);
    for (size_t i = 0; is_read && i < levels.count && levels.kinds[i] == LEVEL_LITERAL; i++)
        put_level(&subject, levels.texts[i]);
    put_level(&subject, TEXT(">"));
    return subject.failed ? ERROR_NO_MEMORY : subjects_add(subjects, buffer_view(&subject));
}

// --- two subjects ---

static bool intersect_level(struct text a, struct text b, struct text *ret_level) {
    bool any_a = text_is(a, "*");
    *ret_level = any_a ? b : a;
    return any_a || text_is(b, "*") || text_equal(a, b);
}

bool subject_intersect(struct text a, struct text b, struct buffer *out) {
    struct text level_a, level_b, level;
    for (;;) {
        bool more_a = text_split(&a, '.', &level_a), more_b = text_split(&b, '.', &level_b);
        if (!more_a || !more_b) return more_a == more_b && out->length > 0;
        bool rest_a = text_is(level_a, ">"), rest_b = text_is(level_b, ">");
        if (out->length > 0) buffer_byte(out, '.');
        if (rest_a || rest_b) {
            struct text other = rest_a ? level_b : level_a, rest = rest_a ? b : a;
            buffer_text(out, other);
            if (rest.length == 0) return true;
            buffer_byte(out, '.');
            buffer_text(out, rest);
            return true;
        }
        if (!intersect_level(level_a, level_b, &level)) return false;
        buffer_text(out, level);
    }
}
