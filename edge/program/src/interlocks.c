// Interlocks of the model, as conditions on tags.

#include "build.h"

#include <stdio.h>

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

static uint32_t tag_of(const struct program *program, const struct plant_interlock *interlock) {
    if (interlock->signal != NULL) return (uint32_t)interlock->signal->index;
    return program_variable(program, program_module_of(program, interlock->of), interlock->variable->name);
}

static void add(struct program *program, const struct plant_interlock *from) {
    static const enum scan_condition conditions[] = {[CONDITION_IS] = SCAN_IS,
                                                     [CONDITION_IS_NOT] = SCAN_IS_NOT,
                                                     [CONDITION_BELOW] = SCAN_IS_BELOW,
                                                     [CONDITION_ABOVE] = SCAN_IS_ABOVE};
    struct scan *scan = &program->scan;
    struct scan_interlock interlock = {.module = program_module_of(program, from->module),
                                       .condition = (uint8_t)conditions[from->condition],
                                       .tag = tag_of(program, from)};
    bool compares = from->condition == CONDITION_BELOW || from->condition == CONDITION_ABOVE;
    if (compares)
        interlock.limit = from->limit;
    else if (scan->type[interlock.tag] == VALUE_STRING)
        interlock.value = scan_name((uint32_t)from->value_name);
    else
        interlock.value = scan_boolean(from->state);
    fill_outputs(scan, &interlock);
    size_t bytes = from->name.length + 2 + from->text.length + 1;
    char *said = own(program, bytes, 1);
    if (said == NULL) return;
    snprintf(said, bytes, "%.*s: %.*s", TEXT_ARG(from->name), TEXT_ARG(from->text));
    program->interlocks[scan->interlock_count] = text_of(said);
    scan->interlocks[scan->interlock_count++] = interlock;
}

void add_interlocks(struct program *program) {
    size_t count = program->plant->interlock_count;
    program->scan.interlocks = own(program, count, sizeof *program->scan.interlocks);
    program->interlocks = own(program, count, sizeof *program->interlocks);
    for (size_t i = 0; i < count && !program->out_of_memory; i++) add(program, program->plant->interlocks[i]);
}
