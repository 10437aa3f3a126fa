#include "build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---------------------------------------------------------------- memory and names

void *own(struct program *program, size_t count, size_t bytes) {
    if (program->owned_count == program->owned_capacity) {
        size_t capacity = program->owned_capacity == 0 ? 64 : program->owned_capacity * 2;
        void **grown = realloc(program->owned, capacity * sizeof *grown);
        if (grown == NULL) {
            program->out_of_memory = true;
            return NULL;
        }
        program->owned = grown;
        program->owned_capacity = capacity;
    }
    void *memory = calloc(count > 0 ? count : 1, bytes);
    if (memory == NULL)
        program->out_of_memory = true;
    else
        program->owned[program->owned_count++] = memory;
    return memory;
}

struct text own_path(struct program *program, struct text folder, struct text name) {
    char *path = own(program, folder.length + 1 + name.length + 1, 1);
    if (path == NULL || folder.data == NULL) return TEXT_EMPTY;
    memcpy(path, folder.data, folder.length);
    path[folder.length] = '/';
    memcpy(path + folder.length + 1, name.data, name.length);
    return (struct text){path, folder.length + 1 + name.length};
}

void remember(struct program *program, struct map *map, struct text path, size_t index) {
    if (path.data == NULL || map_set(map, path, (void *)(uintptr_t)(index + 1))) program->out_of_memory = true;
}

static uint32_t recall(const struct map *map, struct text path, uint32_t otherwise) {
    uintptr_t found = (uintptr_t)map_get(map, path);
    return found == 0 ? otherwise : (uint32_t)(found - 1);
}

// ---------------------------------------------------------------- sizes

struct sizes {
    size_t tags, modules, inputs, conditioned, outputs, numbers, input_channels, output_channels, exclusions, steppers,
        settlers;
    size_t emergency_stops, image_bytes, memory_bytes;
};

/// Modules' memories lie side by side, so that a scan goes through them in the order of their addresses.
static size_t memory_of(const struct core_module *module) {
    const size_t alignment = _Alignof(max_align_t);
    return (module->memory_bytes + alignment - 1) / alignment * alignment;
}

static void count_kind(struct sizes *sizes, const struct scan_kind *kind) {
    sizes->modules++;
    sizes->tags += kind->variable_count;
    sizes->steppers += kind->step != NULL;
    sizes->settlers += kind->settle != NULL;
}

static void count_element(struct sizes *sizes, const struct plant_element *element) {
    for (size_t i = 0; i < element->channel_count; i++) {
        const struct plant_channel *channel = element->channels[i];
        size_t end = io_place_end((struct io_place){channel->byte, channel->bit, (uint8_t)channel->bits});
        if (end > sizes->image_bytes) sizes->image_bytes = end;
        sizes->input_channels += !channel->output;
        sizes->output_channels += channel->output;
        sizes->tags++;
    }
    const struct core_module *module = element_module(element);
    if (module == NULL) return;
    sizes->memory_bytes += memory_of(module);
    count_kind(sizes, module->kind);
    sizes->exclusions += module->exclusive[0] != NULL;
    sizes->emergency_stops += module == &emergency_stop_module;
}

static struct sizes count(const struct plant *plant, const struct program_options *options) {
    const struct io_driver *driver = &options->driver;
    struct sizes sizes = {.tags = plant->signal_count};
    for (size_t i = 0; i < plant->signal_count; i++) {
        const struct plant_signal *signal = plant->signals[i];
        bool number = signal->field.type != VALUE_BOOL;
        bool plain = point_is_plain(driver, signal);
        sizes.inputs += !signal->actuator && plain;
        sizes.conditioned += !signal->actuator && !plain;
        sizes.outputs += signal->actuator && !number;
        sizes.numbers += signal->actuator && number;
    }
    for (size_t i = 0; i < plant->element_count; i++) count_element(&sizes, plant->elements[i]);
    count_kind(&sizes, &lock_kind);
    count_kind(&sizes, &forcing_kind);
    count_kind(&sizes, &pins_kind);
    if (options->extra != NULL) count_kind(&sizes, options->extra->kind);
    return sizes;
}

static void reserve(struct program *program, const struct sizes *sizes) {
    struct scan *scan = &program->scan;
    program->tags = own(program, sizes->tags, sizeof *program->tags);
    program->memory = own(program, sizes->memory_bytes, 1);
    program->modules = own(program, sizes->modules, sizeof *program->modules);
    scan->type = own(program, sizes->tags, sizeof *scan->type);
    scan->value = own(program, sizes->tags, sizeof *scan->value);
    scan->quality = own(program, sizes->tags, sizeof *scan->quality);
    scan->changed_ns = own(program, sizes->tags, sizeof *scan->changed_ns);
    scan->dirty = own(program, sizes->tags, sizeof *scan->dirty);
    scan->dirty_list = own(program, sizes->tags, sizeof *scan->dirty_list);
    scan->output_of_tag = own(program, sizes->tags, sizeof *scan->output_of_tag);
    scan->input_of_tag = own(program, sizes->tags, sizeof *scan->input_of_tag);
    scan->range_quality = own(program, scan->driver.range_count, sizeof *scan->range_quality);
    scan->image_bytes = sizes->image_bytes;
    scan->image_words = (sizes->image_bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);
    uint8_t **images[] = {&scan->input_image,       &scan->last_input_image, &scan->output_image,
                          &scan->last_output_image, &scan->safe_outputs,     &scan->safe_mask};
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        *images[i] = own(program, scan->image_words, sizeof(uint64_t));
    }
    uint32_t **from[] = {&scan->inputs_from, &scan->input_channels_from, &scan->output_channels_from};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        *from[i] = own(program, scan->image_words + 1, sizeof **from[i]);
    }
    scan->inputs = own(program, sizes->inputs, sizeof *scan->inputs);
    scan->conditioned = own(program, sizes->conditioned, sizeof *scan->conditioned);
    scan->outputs = own(program, sizes->outputs, sizeof *scan->outputs);
    scan->numbers = own(program, sizes->numbers, sizeof *scan->numbers);
    bool **states[] = {&scan->wish, &scan->decided, &scan->written};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        *states[i] = own(program, sizes->outputs, sizeof **states[i]);
    }
    double **numbers[] = {&scan->number_wish, &scan->number_decided, &scan->number_written};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i] = own(program, sizes->numbers, sizeof **numbers[i]);
    }
    scan->input_channels = own(program, sizes->input_channels, sizeof *scan->input_channels);
    scan->output_channels = own(program, sizes->output_channels, sizeof *scan->output_channels);
    scan->exclusions = own(program, sizes->exclusions, sizeof *scan->exclusions);
    scan->modules = own(program, sizes->modules, sizeof *scan->modules);
    scan->steppers = own(program, sizes->steppers, sizeof *scan->steppers);
    scan->settlers = own(program, sizes->settlers, sizeof *scan->settlers);
    scan->emergency_stops = own(program, sizes->emergency_stops, sizeof *scan->emergency_stops);
    scan->emergency_stop_modules = own(program, sizes->emergency_stops, sizeof *scan->emergency_stop_modules);
    scan->exchange = exchange_create(sizes->tags);
    program->tag_by_path = map_create();
    program->module_by_path = map_create();
    if (scan->exchange == NULL || program->tag_by_path == NULL || program->module_by_path == NULL) {
        program->out_of_memory = true;
    }
}

// ---------------------------------------------------------------- modules

static const struct scan_limits *limits_of(struct program *program, const struct plant_element *element,
                                           const struct scan_kind *kind) {
    struct scan_limits *limits = own(program, kind->method_count * SCAN_ARGUMENTS_MAX, sizeof *limits);
    if (limits == NULL) return NULL;
    for (size_t i = 0; i < kind->method_count * SCAN_ARGUMENTS_MAX; i++) {
        limits[i] = (struct scan_limits){-INFINITY, INFINITY};
    }
    for (size_t i = 0; element != NULL && i < kind->method_count; i++) {
        const struct plant_method *method = plant_class_method(element->class, text_of(kind->methods[i].name));
        for (size_t at = 0; method != NULL && at < method->input_count; at++) {
            if (!method->inputs[at].range.given) continue;
            limits[i * SCAN_ARGUMENTS_MAX + at] =
                (struct scan_limits){method->inputs[at].range.low, method->inputs[at].range.high};
        }
    }
    return limits;
}

static uint32_t add_module(struct program *program, struct text path, const struct plant_element *element,
                           const struct scan_kind *kind, void *memory, size_t memory_bytes) {
    struct scan *scan = &program->scan;
    uint32_t index = (uint32_t)scan->module_count++;
    uint32_t first_tag = (uint32_t)scan->tag_count;
    for (size_t i = 0; i < kind->variable_count; i++) {
        struct text name = text_of(kind->variables[i].name);
        add_tag(program, (struct program_tag){.kind = PROGRAM_VARIABLE,
                                              .type = kind->variables[i].type,
                                              .path = own_path(program, path, name),
                                              .name = name,
                                              .variable = &kind->variables[i],
                                              .module = index});
    }
    program->modules[index] =
        (struct program_module){.path = path, .element = element, .kind = kind, .first_tag = first_tag};
    scan->modules[index] = (struct scan_module){.kind = kind,
                                                .index = index,
                                                .first_tag = first_tag,
                                                .limits = limits_of(program, element, kind),
                                                .memory = memory,
                                                .memory_bytes = memory_bytes};
    if (kind->step != NULL) scan->steppers[scan->stepper_count++] = index;
    if (kind->settle != NULL) scan->settlers[scan->settler_count++] = index;
    remember(program, program->module_by_path, path, index);
    return index;
}

/// The panel's buttons that the controller itself answers: the model says which by the button's Function.
static void add_panel(struct program *program, const struct plant_element *element, uint32_t module) {
    struct text function = plant_attribute(element, TEXT("Function"));
    if (text_is(function, "reset")) program->scan.reset_button = bind_signal(element, "pressed");
    if (!text_is(function, "stop")) return;
    program->scan.stop_button = bind_signal(element, "pressed");
    program->scan.stop_button_module = module;
}

/// The key switch that stops and starts the controller.
static void add_key(struct program *program, const struct plant_element *element, uint32_t module) {
    if (!text_is(plant_attribute(element, TEXT("Function")), "run")) return;
    program->scan.run_switch = bind_signal(element, "position");
    program->scan.run_switch_module = module;
}

static void add_element(struct program *program, const struct plant_element *element) {
    struct scan *scan = &program->scan;
    const struct core_module *core = element_module(element);
    if (core == NULL) return;
    void *memory = program->memory + program->memory_used;
    program->memory_used += memory_of(core);
    core->bind(element, memory);
    uint32_t module = add_module(program, element->path, element, core->kind, memory, core->memory_bytes);
    for (size_t i = 0; i < element->signal_count; i++) {
        struct scan_point *point = scan_point(scan, (uint32_t)element->signals[i]->index);
        if (point != NULL) point->module = module;
    }
    if (element == program->plant->controller) scan->controller_module = module;
    if (core == &button_module) add_panel(program, element, module);
    if (core == &switch_module) add_key(program, element, module);
    if (core == &emergency_stop_module) {
        scan->emergency_stops[scan->emergency_stop_count] = bind_signal(element, "contact");
        scan->emergency_stop_modules[scan->emergency_stop_count++] = module;
    }
    if (core->exclusive[0] == NULL) return;
    uint32_t first = bind_signal(element, core->exclusive[0]), second = bind_signal(element, core->exclusive[1]);
    if (first == SCAN_NO_TAG || second == SCAN_NO_TAG) return;
    scan->exclusions[scan->exclusion_count++] =
        (struct scan_exclusion){scan->output_of_tag[first], scan->output_of_tag[second], module};
}

/// "MPS/mps_simulation": beside the things of the model.
static struct text extra_path(struct program *program, const char *name) {
    struct text station = program->plant->station->name;
    size_t bytes = station.length + 1 + strlen(name);
    char *thing = own(program, bytes + 1, 1);
    if (thing == NULL) return TEXT_EMPTY;
    for (size_t i = 0; i < station.length; i++) {
        char letter = station.data[i];
        thing[i] = (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
    }
    thing[station.length] = '_';
    memcpy(thing + station.length + 1, name, strlen(name) + 1);
    return own_path(program, program->plant->station->path, (struct text){thing, bytes});
}

static void fill(struct program *program, const struct program_options *options) {
    const struct plant *plant = program->plant;
    struct scan *scan = &program->scan;
    for (size_t i = 0; i < plant->signal_count; i++) add_signal(program, plant->signals[i]);
    for (size_t i = 0; i < plant->element_count; i++) {
        for (size_t c = 0; c < plant->elements[i]->channel_count; c++) {
            add_channel(program, plant->elements[i]->channels[c]);
        }
    }
    for (size_t i = 0; i < plant->element_count; i++) add_element(program, plant->elements[i]);
    struct text lock = own_path(program, plant->station->path, text_of(lock_kind.name));
    scan->lock_module = add_module(program, lock, NULL, &lock_kind, NULL, 0);
    struct text forcing = own_path(program, plant->station->path, text_of(forcing_kind.name));
    program->forcing = add_module(program, forcing, NULL, &forcing_kind, NULL, 0);
    struct text pins = own_path(program, plant->station->path, text_of(pins_kind.name));
    program->pins = add_module(program, pins, NULL, &pins_kind, NULL, 0);
    const struct program_extra *extra = options->extra;
    if (extra == NULL) return;
    program->simulation = add_module(program, extra_path(program, extra->name), NULL, extra->kind, extra->memory, 0);
}

/// What a cold start goes back to.
static bool remember_initial(struct program *program) {
    char *initial = own(program, program->memory_used, 1);
    if (initial == NULL) return false;
    memcpy(initial, program->memory, program->memory_used);
    for (size_t i = 0; i < program->scan.module_count; i++) {
        struct scan_module *module = &program->scan.modules[i];
        if (module->memory_bytes > 0) module->initial = initial + ((char *)module->memory - program->memory);
    }
    return true;
}

enum error program_create(const struct plant *plant, const struct program_options *options,
                          struct program **ret_program, struct problem *ret_problem) {
    CLEANUP(program_destroy_at) struct program *program = calloc(1, sizeof *program);
    if (program == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    program->plant = plant;
    program->simulation = SCAN_NO_MODULE;
    program->scan.driver = options->driver;
    program->scan.reset_button = program->scan.stop_button = program->scan.run_switch = SCAN_NO_TAG;
    authority_init(&program->scan.authority, options->lease_soft_ns, options->lease_hard_ns);
    struct sizes sizes = count(plant, options);
    reserve(program, &sizes);
    if (!program->out_of_memory) fill(program, options);
    if (!program->out_of_memory) find_retained(program);
    if (program->out_of_memory) {
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%.*s: out of memory for %zu tags",
                           TEXT_ARG(plant->station->path), sizes.tags);
    }
    scan_order(&program->scan);
    link_modules(program);
    add_interlocks(program);
    if (program->out_of_memory || !remember_initial(program))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    *ret_program = TAKE(program);
    return ERROR_NONE;
}

void program_destroy(struct program *program) {
    if (program == NULL) return;
    for (size_t i = 0; i < program->owned_count; i++) free(program->owned[i]);
    free(program->owned);
    exchange_destroy(program->scan.exchange);
    map_destroy(program->tag_by_path);
    map_destroy(program->module_by_path);
    free(program);
}

// ---------------------------------------------------------------- looking up

struct scan *program_scan(struct program *program) {
    return &program->scan;
}

size_t program_tag_count(const struct program *program) {
    return program->scan.tag_count;
}

const struct program_tag *program_tag(const struct program *program, uint32_t tag) {
    return &program->tags[tag];
}

uint32_t program_find_tag(const struct program *program, struct text path) {
    return recall(program->tag_by_path, path, SCAN_NO_TAG);
}

size_t program_module_count(const struct program *program) {
    return program->scan.module_count;
}

const struct program_module *program_module(const struct program *program, uint32_t module) {
    return &program->modules[module];
}

uint32_t program_module_of(const struct program *program, const struct plant_element *element) {
    return recall(program->module_by_path, element->path, SCAN_NO_MODULE);
}

uint32_t program_lock(const struct program *program) {
    return program->scan.lock_module;
}

uint32_t program_forcing(const struct program *program) {
    return program->forcing;
}

uint32_t program_pins(const struct program *program) {
    return program->pins;
}

uint32_t program_simulation(const struct program *program) {
    return program->simulation;
}

int program_method(const struct program *program, uint32_t module, struct text name) {
    const struct scan_kind *kind = program->modules[module].kind;
    for (size_t i = 0; i < kind->method_count; i++) {
        if (text_is(name, kind->methods[i].name)) return (int)i;
    }
    return -1;
}

uint32_t program_variable(const struct program *program, uint32_t module, struct text name) {
    const struct program_module *entry = &program->modules[module];
    for (size_t i = 0; i < entry->kind->variable_count; i++) {
        if (text_is(name, entry->kind->variables[i].name)) return entry->first_tag + (uint32_t)i;
    }
    return SCAN_NO_TAG;
}
