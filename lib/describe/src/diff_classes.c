#include "diff.h"

/// A class counts when an element has it; what only stands in a library concerns nobody.
static bool is_used(const struct plant *plant, const struct plant_class *class) {
    for (size_t i = 0; i < plant->element_count; i++)
        for (const struct plant_class *at = plant->elements[i]->class; at != NULL; at = at->base)
            if (at == class) return true;
    return false;
}

static const struct plant_class *find_class(const struct plant *plant, const struct plant_class *class) {
    for (size_t i = 0; i < plant->class_count; i++) {
        const struct plant_class *other = plant->classes[i];
        if (text_equal(other->name, class->name) && text_equal(other->library, class->library)) return other;
    }
    return NULL;
}

static const struct plant_field *find_parameter(const struct plant_class *class, struct text name) {
    for (; class != NULL; class = class->base)
        for (size_t i = 0; i < class->parameter_count; i++)
            if (text_equal(class->parameters[i].name, name)) return &class->parameters[i];
    return NULL;
}

// ---------------------------------------------------------------- variables, parameters, events

static bool has_word(const struct plant_field *field, struct text word) {
    for (size_t i = 0; i < field->name_count; i++)
        if (text_equal(field->names[i], word)) return true;
    return field->name_count == 0; // any
}

static void compare_words(struct diff *diff, const struct plant_class *class, const struct plant_field *old,
                          const struct plant_field *new) {
    for (size_t i = 0; i < new->name_count; i++)
        if (!has_word(old, new->names[i]))
            diff_note(diff, RULE_WORD_NEW, class->name, new->name, "\"%.*s\"", TEXT_ARG(new->names[i]));
    if (new->name_count == 0 && old->name_count > 0)
        diff_note(diff, RULE_WORD_NEW, class->name, new->name, "%s", "any text");
    for (size_t i = 0; i<old->name_count &&new->name_count> 0; i++)
        if (!has_word(new, old->names[i]))
            diff_note(diff, RULE_WORD_GONE, class->name, new->name, "\"%.*s\"", TEXT_ARG(old->names[i]));
}

static void compare_variables(struct diff *diff, const struct plant_class *old, const struct plant_class *new) {
    for (size_t i = 0; i < old->variable_count; i++) {
        const struct plant_field *before = &old->variables[i], *after = plant_class_variable(new, before->name);
        if (after == NULL) {
            diff_note(diff, RULE_VALUE_GONE, old->name, before->name, "%s", "");
            continue;
        }
        diff_fields(diff, old->name, before->name, before, after);
        compare_words(diff, old, before, after);
    }
    for (size_t i = 0; i < new->variable_count; i++)
        if (plant_class_variable(old, new->variables[i].name) == NULL)
            diff_note(diff, RULE_VALUE_NEW, new->name, new->variables[i].name, "%s", "");
}

static void compare_parameters(struct diff *diff, const struct plant_class *old, const struct plant_class *new) {
    for (size_t i = 0; i < old->parameter_count; i++) {
        const struct plant_field *before = &old->parameters[i], *after = find_parameter(new, before->name);
        if (after == NULL || after->type != before->type)
            diff_note(diff, RULE_PARAMETER_GONE, old->name, before->name, "%s became %s", value_type_name(before->type),
                      after == NULL ? "nothing" : value_type_name(after->type));
        else if (!text_equal(before->unit, after->unit))
            diff_note(diff, RULE_UNIT, old->name, before->name, "\"%.*s\" became \"%.*s\"", TEXT_ARG(before->unit),
                      TEXT_ARG(after->unit));
        if (after != NULL) diff_text(diff, old->name, before->name, before->description, after->description);
    }
    for (size_t i = 0; i < new->parameter_count; i++)
        if (find_parameter(old, new->parameters[i].name) == NULL)
            diff_note(diff, RULE_PARAMETER, new->name, new->parameters[i].name, "%s", "new");
}

static struct text base_of(const struct plant_class *class) {
    return class->base == NULL ? TEXT("none") : class->base->name;
}

static void compare_class(struct diff *diff, const struct plant_class *old, const struct plant_class *new) {
    if (!text_equal(base_of(old), base_of(new)))
        diff_note(diff, RULE_BASE, new->name, TEXT_EMPTY, "%.*s became %.*s", TEXT_ARG(base_of(old)),
                  TEXT_ARG(base_of(new)));
    diff_text(diff, new->name, TEXT_EMPTY, old->description, new->description);
}

static void compare_events(struct diff *diff, const struct plant_class *old, const struct plant_class *new) {
    for (size_t i = 0; i < old->event_count; i++) {
        const struct plant_event *before = &old->events[i], *after = plant_class_event(new, before->name);
        if (after == NULL)
            diff_note(diff, RULE_EVENT_GONE, old->name, before->name, "%s", "");
        else if (before->severity != after->severity)
            diff_note(diff, RULE_SEVERITY, old->name, before->name, "%u became %u", before->severity, after->severity);
        if (after != NULL) diff_text(diff, old->name, before->name, before->message, after->message);
    }
    for (size_t i = 0; i < new->event_count; i++)
        if (plant_class_event(old, new->events[i].name) == NULL)
            diff_note(diff, RULE_EVENT_NEW, new->name, new->events[i].name, "%s", "");
}

// ---------------------------------------------------------------- methods

static bool have_same_shape(const struct plant_field *old, size_t old_count, const struct plant_field *new,
                            size_t new_count) {
    if (old_count != new_count) return false;
    for (size_t i = 0; i < old_count; i++)
        if (!text_equal(old[i].name, new[i].name) || old[i].type != new[i].type ||
            !text_equal(old[i].unit, new[i].unit))
            return false;
    return true;
}

/// True when a word of `old` is none of `new`.
static bool loses_words(const struct plant_field *old, const struct plant_field *new) {
    if (old->name_count == 0) return new->name_count > 0;
    for (size_t i = 0; i < old->name_count; i++)
        if (!has_word(new, old->names[i])) return true;
    return false;
}

static void compare_argument_words(struct diff *diff, const struct plant_class *class, struct text method,
                                   const struct plant_field *old, const struct plant_field *new) {
    bool narrower = loses_words(old, new), wider = loses_words(new, old);
    if (narrower || wider)
        diff_note(diff, narrower ? RULE_LIMIT_NARROWER : RULE_LIMIT_WIDER, class->name, method,
                  "%.*s: its words are others", TEXT_ARG(old->name));
}

/// What a method gives, a client may meet.
static void compare_answers(struct diff *diff, const struct plant_class *class, const struct plant_method *old,
                            const struct plant_method *new) {
    for (size_t i = 0; i < old->output_count; i++) {
        diff_fields(diff, class->name, old->name, &old->outputs[i], &new->outputs[i]);
        compare_words(diff, class, &old->outputs[i], &new->outputs[i]);
    }
}

static void compare_limits(struct diff *diff, const struct plant_class *class, const struct plant_method *old,
                           const struct plant_method *new) {
    for (size_t i = 0; i < old->input_count; i++) {
        struct plant_range before = old->inputs[i].range, after = new->inputs[i].range;
        compare_argument_words(diff, class, old->name, &old->inputs[i], &new->inputs[i]);
        diff_text(diff, class->name, old->name, old->inputs[i].description, new->inputs[i].description);
        bool narrower = after.given && (!before.given || after.low > before.low || after.high < before.high);
        bool wider = before.given && (!after.given || after.low < before.low || after.high > before.high);
        if (!narrower && !wider) continue;
        diff_note(diff, narrower ? RULE_LIMIT_NARROWER : RULE_LIMIT_WIDER, class->name, old->name,
                  "%.*s: %g..%g became %g..%g", TEXT_ARG(old->inputs[i].name), before.low, before.high, after.low,
                  after.high);
    }
}

static void compare_methods(struct diff *diff, const struct plant_class *old, const struct plant_class *new) {
    for (size_t i = 0; i < old->method_count; i++) {
        const struct plant_method *before = &old->methods[i], *after = plant_class_method(new, before->name);
        if (after == NULL)
            diff_note(diff, RULE_METHOD_GONE, old->name, before->name, "%s", "");
        else if (!have_same_shape(before->inputs, before->input_count, after->inputs, after->input_count) ||
                 !have_same_shape(before->outputs, before->output_count, after->outputs, after->output_count))
            diff_note(diff, RULE_ARGUMENTS, old->name, before->name, "%s", "");
        else {
            compare_limits(diff, old, before, after);
            compare_answers(diff, old, before, after);
            diff_text(diff, old->name, before->name, before->description, after->description);
        }
    }
    for (size_t i = 0; i < new->method_count; i++)
        if (plant_class_method(old, new->methods[i].name) == NULL)
            diff_note(diff, RULE_METHOD_NEW, new->name, new->methods[i].name, "%s", "");
}

void diff_classes(struct diff *diff, const struct plant *old, const struct plant *new) {
    for (size_t i = 0; i < old->class_count; i++) {
        const struct plant_class *before = old->classes[i], *after = find_class(new, before);
        if (after == NULL || !is_used(old, before) || !is_used(new, after)) continue; // told at the elements
        compare_class(diff, before, after);
        compare_variables(diff, before, after);
        compare_methods(diff, before, after);
        compare_events(diff, before, after);
        compare_parameters(diff, before, after);
    }
}
