// Interlocks of the model: an attribute `Interlocks` of a core module, each member a condition.
//
//     PATH is WORD          a Boolean (true, false) or a variable with named values
//     PATH is not WORD
//     PATH below NUMBER
//     PATH above NUMBER
//
// PATH is a signal or a variable below the module's thing or below the station.
#include "plant.h"

#include <string.h>

struct condition {
    struct text path, word;
    enum plant_condition kind;
};

static bool parse(struct text text, struct condition *ret_condition) {
    static const struct {
        const char *words;
        enum plant_condition kind;
    } rows[] = {
        {"is not ", CONDITION_IS_NOT}, {"is ", CONDITION_IS}, {"below ", CONDITION_BELOW}, {"above ", CONDITION_ABOVE}};
    struct text rest = text_trim(text), path;
    if (!text_split(&rest, ' ', &path)) return false;
    rest = text_trim(rest);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!text_starts_with(rest, text_of(rows[i].words))) continue;
        struct text word = text_trim(text_from(rest, strlen(rows[i].words)));
        *ret_condition = (struct condition){path, word, rows[i].kind};
        return word.length > 0;
    }
    return false;
}

// ---------------------------------------------------------------- what it looks at

static const struct plant_signal *signal_at(const struct plant_element *element, struct text twin_path) {
    for (size_t i = 0; i < element->signal_count; i++)
        if (text_equal(element->signals[i]->twin_path, twin_path)) return element->signals[i];
    return NULL;
}

static bool look_in(const struct store *store, const struct plant_element *element, struct text rest,
                    struct plant_interlock *interlock) {
    bool computes = element->kind == PLANT_CORE_MODULE || element == store->plant.controller;
    interlock->of = element;
    interlock->signal = signal_at(element, rest);
    interlock->variable = computes ? plant_class_variable(element->class, rest) : NULL;
    return interlock->signal != NULL || interlock->variable != NULL;
}

/// FOLDER/PATH: which part of it is an element, only the elements tell; the longest is tried first.
static bool look_below(const struct store *store, const struct plant_element *folder, struct text path,
                       struct plant_interlock *interlock) {
    if (folder == NULL) return false;
    CLEANUP(buffer_clear) struct buffer full = {0};
    buffer_print(&full, "%.*s/%.*s", TEXT_ARG(folder->path), TEXT_ARG(path));
    if (full.failed) return false;
    for (size_t at = full.length; at > folder->path.length; at--) {
        if (full.data[at - 1] != '/') continue;
        struct text head = {full.data, at - 1};
        const struct element *element = map_get(store->elements, head);
        struct text rest = text_from(path, at - folder->path.length - 1);
        if (element != NULL && look_in(store, &element->shown, rest, interlock)) return true;
    }
    return false;
}

// ---------------------------------------------------------------- what it compares with

static bool fill_name(struct text word, struct plant_interlock *interlock) {
    const struct plant_field *variable = interlock->variable;
    for (size_t i = 0; variable != NULL && i < variable->name_count; i++) {
        if (!text_equal(variable->names[i], word)) continue;
        interlock->value_name = i;
        return true;
    }
    return false;
}

/// False when the word does not fit the type of what is looked at.
static bool fill_value(const struct condition *condition, struct plant_interlock *interlock) {
    enum value_type type = interlock->signal != NULL ? interlock->signal->field.type : interlock->variable->type;
    bool number = type != VALUE_BOOL && type != VALUE_STRING;
    bool compares = condition->kind == CONDITION_BELOW || condition->kind == CONDITION_ABOVE;
    if (compares) return number && !text_to_real(condition->word, &interlock->limit);
    if (type == VALUE_STRING) return fill_name(condition->word, interlock);
    interlock->state = text_is(condition->word, "true");
    return type == VALUE_BOOL && (interlock->state || text_is(condition->word, "false"));
}

/// "never" or "always", for what the number that is looked at can be; NULL: it depends.
static const char *outcome(const struct plant_interlock *interlock) {
    const struct plant_field *field = interlock->signal != NULL ? &interlock->signal->field : interlock->variable;
    bool below = interlock->condition == CONDITION_BELOW;
    if ((!below && interlock->condition != CONDITION_ABOVE) || !field->range.given) return NULL;
    if (interlock->limit <= field->range.low)
        return below ? "never" : interlock->limit < field->range.low ? "always" : NULL;
    if (interlock->limit >= field->range.high)
        return !below ? "never" : interlock->limit > field->range.high ? "always" : NULL;
    return NULL;
}

static void check_outcome(struct store *store, const struct caex_node *node, const struct plant_interlock *interlock) {
    const struct plant_field *field = interlock->signal != NULL ? &interlock->signal->field : interlock->variable;
    const char *when = outcome(interlock);
    if (when != NULL)
        caex_error(&store->caex, node,
                   "the interlock '%.*s' %s holds, for %.*s is %g to %g; correct its number or the range",
                   TEXT_ARG(interlock->text), when, TEXT_ARG(field->name), field->range.low, field->range.high);
}

// ---------------------------------------------------------------- all

static enum error make_interlock(struct store *store, const struct element *element, const struct scope *attribute) {
    const struct caex_node *node = attribute->nodes[0];
    struct text text = TEXT_EMPTY;
    if (scope_value(attribute, &text)) text = text_trim(text);
    struct plant_interlock *interlock = arena_take(&store->caex.arena, sizeof *interlock);
    if (interlock == NULL) return ERROR_NO_MEMORY;
    *interlock = (struct plant_interlock){.name = node->name, .text = text, .module = &element->shown};
    struct condition condition;
    if (!parse(text, &condition)) {
        caex_error(&store->caex, node,
                   "the interlock '%.*s' is no condition; write PATH is WORD, PATH is not WORD, PATH below NUMBER or "
                   "PATH above NUMBER",
                   TEXT_ARG(text));
        return ERROR_NONE;
    }
    interlock->condition = condition.kind;
    if (!look_below(store, element->shown.thing, condition.path, interlock) &&
        !look_below(store, store->plant.station, condition.path, interlock)) {
        caex_error(&store->caex, node,
                   "the interlock looks at '%.*s', which is no signal and no variable below its thing or below the "
                   "station; write it as in level/value or tank/level/Alarm",
                   TEXT_ARG(condition.path));
        return ERROR_NONE;
    }
    if (!fill_value(&condition, interlock)) {
        caex_error(&store->caex, node, "the interlock compares with '%.*s', which is nothing that %.*s can be",
                   TEXT_ARG(condition.word), TEXT_ARG(condition.path));
        return ERROR_NONE;
    }
    check_outcome(store, node, interlock);
    return list_add(&store->all_interlocks, interlock) ? ERROR_NONE : ERROR_NO_MEMORY;
}

/// True when an earlier statement of the list has a member of that name: it was looked at there.
static bool is_restated(const struct scope *list, size_t statement, struct text name) {
    for (size_t i = 0; i < statement; i++)
        if (caex_child(list->nodes[i], CAEX_ATTRIBUTE, name) != NULL) return true;
    return false;
}

static enum error make_interlocks(struct store *store, const struct element *element) {
    struct scope list = scope_enter(&element->scope, TEXT("Interlocks"));
    if (list.count > 0 && element->shown.kind != PLANT_CORE_MODULE) {
        caex_error(&store->caex, list.nodes[0], "interlocks belong to a core module; '%.*s' is none, move them",
                   TEXT_ARG(element->shown.name));
        return ERROR_NONE;
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct caex_node *member = caex_first(list.nodes[i], CAEX_ATTRIBUTE);
        for (; member != NULL; member = caex_next(member)) {
            if (is_restated(&list, i, member->name)) continue;
            struct scope attribute = scope_enter(&list, member->name);
            enum error error = attribute.count == 0 ? ERROR_NONE : make_interlock(store, element, &attribute);
            if (error) return error;
        }
    }
    return ERROR_NONE;
}

enum error plant_make_interlocks(struct store *store) {
    for (size_t i = 0; i < store->all_elements.count; i++) {
        enum error error = make_interlocks(store, store->all_elements.items[i]);
        if (error) return error;
    }
    return ERROR_NONE;
}
