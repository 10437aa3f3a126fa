// What one module says about others.

#include "build.h"

struct scan_module *link_module(struct program *program, const struct plant_element *element, const char *parameter) {
    return link_self(program, plant_linked(element, text_of(parameter)));
}

struct scan_module *link_self(struct program *program, const struct plant_element *element) {
    return &program->scan.modules[program_module_of(program, element)];
}

const struct plant_range *link_range(const struct program *program, uint32_t tag) {
    return &program->tags[tag].signal->field.range;
}

void link_modules(struct program *program) {
    for (uint32_t i = 0; i < program->scan.module_count; i++) {
        const struct plant_element *element = program->modules[i].element;
        const struct core_module *core = element == NULL ? NULL : element_module(element);
        if (core != NULL && core->link != NULL) core->link(program, element, program->scan.modules[i].memory);
    }
}
