// Interlocks of the model: an attribute `Interlocks` of a core module, each member a condition.
//
//     PATH is WORD          a Boolean (true, false) or a variable with named values
//     PATH is not WORD
//     PATH below NUMBER
//     PATH above NUMBER

#include "build.h"

#include <stdio.h>
#include <string.h>

enum { INTERLOCKS_PER_MODULE_MAX = 32 }; // more conditions than anybody oversees

struct condition {
    struct text path, word;
    enum scan_condition kind;
};

static bool parse(struct text text, struct condition *ret_condition) {
    static const struct {
        const char *words;
        enum scan_condition kind;
    } rows[] = {{"is not ", SCAN_IS_NOT}, {"is ", SCAN_IS}, {"below ", SCAN_IS_BELOW}, {"above ", SCAN_IS_ABOVE}};
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

static bool fill_name(const struct program_tag *tag, struct text word, union scan_value *ret_value) {
    const char *const *names = tag->variable == NULL ? NULL : tag->variable->names;
    for (uint32_t i = 0; names != NULL && names[i] != NULL; i++) {
        if (!text_is(word, names[i])) continue;
        *ret_value = scan_name(i);
        return true;
    }
    return false;
}

/// False when the word does not fit the type of the tag.
static bool fill_value(const struct program_tag *tag, const struct condition *condition,
                       struct scan_interlock *interlock) {
    bool number = tag->type != VALUE_BOOL && tag->type != VALUE_STRING;
    bool compares = condition->kind == SCAN_IS_BELOW || condition->kind == SCAN_IS_ABOVE;
    if (compares) return number && !text_to_real(condition->word, &interlock->limit);
    if (tag->type == VALUE_STRING) return fill_name(tag, condition->word, &interlock->value);
    bool yes = text_is(condition->word, "true");
    interlock->value = scan_boolean(yes);
    return tag->type == VALUE_BOOL && (yes || text_is(condition->word, "false"));
}

/// The module's outputs stand side by side, because its signals do.
static void fill_outputs(const struct scan *scan, struct scan_interlock *interlock) {
    uint32_t at = 0;
    while (at < scan->output_count && scan->outputs[at].module != interlock->module) at++;
    interlock->outputs[0] = at;
    while (at < scan->output_count && scan->outputs[at].module == interlock->module) at++;
    interlock->outputs[1] = at;
    at = 0;
    while (at < scan->number_count && scan->numbers[at].point.module != interlock->module) at++;
    interlock->numbers[0] = at;
    while (at < scan->number_count && scan->numbers[at].point.module == interlock->module) at++;
    interlock->numbers[1] = at;
}

static enum error add(struct program *program, uint32_t module, struct text name, struct problem *ret_problem) {
    const struct plant_element *element = program->modules[module].element;
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "Interlocks/%.*s", TEXT_ARG(name));
    struct text text = text_trim(plant_attribute(element, buffer_view(&path)));
    struct condition condition;
    if (!parse(text, &condition))
        return problem_say(ret_problem, ERROR_INVALID,
                           "%.*s: interlock %.*s, '%.*s', is no condition; write PATH is WORD, PATH is not WORD, PATH "
                           "below NUMBER or PATH above NUMBER",
                           TEXT_ARG(element->path), TEXT_ARG(name), TEXT_ARG(text));
    struct scan_interlock interlock = {.module = module, .condition = (uint8_t)condition.kind};
    interlock.tag = link_tag(program, element, condition.path);
    if (interlock.tag == SCAN_NO_TAG)
        return problem_say(ret_problem, ERROR_NOT_FOUND,
                           "%.*s: interlock %.*s looks at '%.*s', which is no signal and no variable below its thing "
                           "or below the station",
                           TEXT_ARG(element->path), TEXT_ARG(name), TEXT_ARG(condition.path));
    if (!fill_value(&program->tags[interlock.tag], &condition, &interlock))
        return problem_say(ret_problem, ERROR_INVALID, "%.*s: interlock %.*s: '%.*s' is nothing that %.*s can be",
                           TEXT_ARG(element->path), TEXT_ARG(name), TEXT_ARG(condition.word), TEXT_ARG(condition.path));
    fill_outputs(&program->scan, &interlock);
    struct scan *scan = &program->scan;
    size_t bytes = name.length + 2 + text.length + 1;
    char *said = own(program, bytes, 1);
    if (said == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    snprintf(said, bytes, "%.*s: %.*s", TEXT_ARG(name), TEXT_ARG(text));
    program->interlocks[scan->interlock_count] = text_of(said);
    scan->interlocks[scan->interlock_count++] = interlock;
    return ERROR_NONE;
}

static size_t names_of(const struct program *program, uint32_t module, struct text *ret_names) {
    const struct plant_element *element = program->modules[module].element;
    if (element == NULL) return 0;
    return plant_members(element, TEXT("Interlocks"), ret_names, INTERLOCKS_PER_MODULE_MAX);
}

enum error add_interlocks(struct program *program, struct problem *ret_problem) {
    struct scan *scan = &program->scan;
    struct text names[INTERLOCKS_PER_MODULE_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < scan->module_count; i++) count += names_of(program, i, names);
    scan->interlocks = own(program, count, sizeof *scan->interlocks);
    program->interlocks = own(program, count, sizeof *program->interlocks);
    if (program->out_of_memory) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    for (uint32_t i = 0; i < scan->module_count; i++) {
        size_t own_count = names_of(program, i, names);
        for (size_t at = 0; at < own_count; at++) {
            enum error error = add(program, i, names[at], ret_problem);
            if (error) return error;
        }
    }
    return ERROR_NONE;
}
