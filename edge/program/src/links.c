// What one module says about others: paths below its thing or below the station.

#include "build.h"

#include <string.h>

/// FOLDER/PATH, looked up in one of the program's maps.
static void *look_up(const struct map *map, struct text folder, struct text path) {
    CLEANUP(buffer_clear) struct buffer full = {0};
    buffer_text(&full, folder);
    buffer_byte(&full, '/');
    buffer_text(&full, path);
    return full.failed ? NULL : map_get(map, buffer_view(&full));
}

/// Index + 1; 0 when nothing is there.
static uintptr_t find(const struct program *program, const struct map *map, const struct plant_element *element,
                      struct text path) {
    void *found = NULL;
    if (element->thing != NULL) found = look_up(map, element->thing->path, path);
    if (found == NULL) found = look_up(map, program->plant->station->path, path);
    return (uintptr_t)found;
}

uint32_t link_tag(const struct program *program, const struct plant_element *element, struct text path) {
    uintptr_t found = find(program, program->tag_by_path, element, path);
    return found == 0 ? SCAN_NO_TAG : (uint32_t)(found - 1);
}

enum error link_module(struct program *program, const struct plant_element *element, const char *parameter,
                       const struct core_module *wanted, struct scan_module **ret_module, struct problem *ret_problem) {
    struct text path = text_trim(plant_attribute(element, text_of(parameter)));
    if (path.length == 0)
        return problem_say(ret_problem, ERROR_INVALID,
                           "%.*s: needs %s, the path of a module with the role %s below its thing or below the station",
                           TEXT_ARG(element->path), parameter, wanted->kind->name);
    uintptr_t found = find(program, program->module_by_path, element, path);
    if (found == 0)
        return problem_say(ret_problem, ERROR_NOT_FOUND,
                           "%.*s: %s '%.*s' is no module below its thing or below the station", TEXT_ARG(element->path),
                           parameter, TEXT_ARG(path));
    struct scan_module *module = &program->scan.modules[found - 1];
    if (module->kind != wanted->kind)
        return problem_say(ret_problem, ERROR_INVALID, "%.*s: %s '%.*s' has the role %s, but must have the role %s",
                           TEXT_ARG(element->path), parameter, TEXT_ARG(path), module->kind->name, wanted->kind->name);
    *ret_module = module;
    return ERROR_NONE;
}

struct scan_module *link_self(struct program *program, const struct plant_element *element) {
    return &program->scan.modules[program_module_of(program, element)];
}

const struct plant_range *link_range(const struct program *program, uint32_t tag) {
    return &program->tags[tag].signal->field.range;
}

enum error link_modules(struct program *program, struct problem *ret_problem) {
    for (uint32_t i = 0; i < program->scan.module_count; i++) {
        const struct plant_element *element = program->modules[i].element;
        const struct core_module *core = element == NULL ? NULL : element_module(element);
        if (core == NULL || core->link == NULL) continue;
        enum error error = core->link(program, element, program->scan.modules[i].memory, ret_problem);
        if (error) return error;
    }
    return ERROR_NONE;
}
