// Variables that survive a restart: the attribute `Retain` of an element names them.

#include "build.h"

static bool next_name(struct text *list, struct text *ret_name) {
    if (!text_split(list, ',', ret_name)) return false;
    *ret_name = text_trim(*ret_name);
    return true;
}

static void add_retained(struct program *program, uint32_t module) {
    const struct plant_element *element = program->modules[module].element;
    struct text list = element == NULL ? TEXT_EMPTY : plant_attribute(element, TEXT("Retain")), name;
    while (next_name(&list, &name)) {
        uint32_t tag = program_variable(program, module, name);
        if (program->retained != NULL) program->retained[program->retained_count] = tag;
        program->retained_count++;
    }
}

void find_retained(struct program *program) {
    size_t modules = program->scan.module_count;
    for (uint32_t i = 0; i < modules; i++) add_retained(program, i); // how many
    size_t count = program->retained_count;
    program->retained = own(program, count, sizeof *program->retained);
    program->retained_count = 0;
    if (program->retained == NULL) return;
    for (uint32_t i = 0; i < modules; i++) add_retained(program, i);
}

size_t program_retained_count(const struct program *program) {
    return program->retained_count;
}

uint32_t program_retained(const struct program *program, size_t index) {
    return program->retained[index];
}

void program_restore(struct program *program, uint32_t tag, union scan_value value) {
    scan_set(&program->scan, tag, value, STATUS_UncertainLastUsableValue);
}

void program_restored(struct program *program) {
    struct scan *scan = &program->scan;
    for (size_t i = 0; i < scan->module_count; i++) {
        struct scan_module *module = &scan->modules[i];
        if (module->kind->restore != NULL) module->kind->restore(scan, module);
    }
}
