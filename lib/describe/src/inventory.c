#include "inventory.h"

#include <ctype.h>
#include <stdlib.h>

size_t class_chain(const struct plant_class *class, const struct plant_class *chain[static CHAIN_MAX]) {
    size_t depth = 0;
    for (const struct plant_class *at = class; at != NULL && depth < CHAIN_MAX; at = at->base) depth++;
    size_t place = depth;
    for (const struct plant_class *at = class; place > 0; at = at->base) chain[--place] = at;
    return depth;
}

void put_simulation_name(const struct plant *plant, struct buffer *out) {
    struct text station = plant->station->name;
    for (size_t i = 0; i < station.length; i++) buffer_byte(out, (char)tolower((unsigned char)station.data[i]));
    buffer_string(out, "_simulation");
}

bool is_in_twin(const struct plant_element *element) {
    return element->thing != NULL && (element->kind == PLANT_THING || element->kind == PLANT_CORE_MODULE);
}

bool has_members(const struct plant *plant, const struct plant_element *element) {
    return element->kind == PLANT_CORE_MODULE || element == plant->controller;
}

bool is_statistic(const struct plant_field *field) {
    return text_starts_with(field->name, TEXT("Execution")) || text_starts_with(field->name, TEXT("Period")) ||
           text_starts_with(field->name, TEXT("Wakeup"));
}

struct text path_in_thing(const struct plant_element *element) {
    return text_from(element->path, element->thing->path.length + 1);
}

struct text path_in_station(const struct plant *plant, const struct plant_element *element) {
    return text_from(element->path, plant->station->path.length + 1);
}

enum error written(const struct buffer *out, struct problem *ret_problem) {
    if (!out->failed) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
}

// ---------------------------------------------------------------- texts and lists that the inventory owns

static struct text keep(struct inventory *inventory, char *text) {
    if (text != NULL && inventory->text_count == inventory->text_capacity) {
        size_t capacity = inventory->text_capacity == 0 ? 64 : inventory->text_capacity * 2;
        char **more = realloc(inventory->texts, capacity * sizeof *more);
        if (more != NULL) {
            inventory->texts = more;
            inventory->text_capacity = capacity;
        }
    }
    if (text == NULL || inventory->text_count == inventory->text_capacity) {
        inventory->failed = true;
        free(text);
        return TEXT_EMPTY;
    }
    inventory->texts[inventory->text_count++] = text;
    return text_of(text);
}

/// "motor/setDirection"
static struct text keep_path(struct inventory *inventory, struct text module, struct text name) {
    struct buffer path = {0};
    buffer_text(&path, module);
    if (module.length > 0) buffer_byte(&path, '/');
    buffer_text(&path, name);
    return keep(inventory, buffer_take(&path));
}

/// Room for one more; lists grow by doubling, so their size tells the capacity.
static void *grow(struct inventory *inventory, void *list, size_t count, size_t bytes) {
    if ((count & (count - 1)) != 0) return list; // only a power of two is full
    void *more = realloc(list, (count == 0 ? 1 : count * 2) * bytes);
    if (more == NULL) inventory->failed = true;
    return more;
}

static void add_leaf(struct inventory *inventory, struct thing *thing, struct leaf leaf) {
    if (inventory->failed) return;
    struct leaf *more = grow(inventory, thing->leaves, thing->leaf_count, sizeof leaf);
    if (more == NULL) return;
    thing->leaves = more;
    thing->leaves[thing->leaf_count++] = leaf;
}

static void add_call(struct inventory *inventory, struct thing *thing, struct call call) {
    if (inventory->failed) return;
    struct call *more = grow(inventory, thing->calls, thing->call_count, sizeof call);
    if (more == NULL) return;
    thing->calls = more;
    thing->calls[thing->call_count++] = call;
}

// ---------------------------------------------------------------- members

static void add_signals(struct inventory *inventory, struct thing *thing, const struct plant_element *element) {
    for (size_t i = 0; i < element->signal_count; i++) {
        const struct plant_signal *signal = element->signals[i];
        add_leaf(inventory, thing,
                 (struct leaf){.path = keep_path(inventory, path_in_thing(element), signal->twin_path),
                               .element = element,
                               .signal = signal,
                               .field = &signal->field});
    }
}

static void add_class_members(struct inventory *inventory, struct thing *thing, const struct plant_element *element,
                              const struct plant_class *class, struct text module) {
    const struct plant_class *chain[CHAIN_MAX];
    size_t depth = class_chain(class, chain);
    for (size_t c = 0; c < depth; c++) {
        for (size_t i = 0; i < chain[c]->variable_count; i++) {
            const struct plant_field *field = &chain[c]->variables[i];
            add_leaf(
                inventory, thing,
                (struct leaf){.path = keep_path(inventory, module, field->name), .element = element, .field = field});
        }
        for (size_t i = 0; i < chain[c]->method_count; i++) {
            const struct plant_method *method = &chain[c]->methods[i];
            add_call(inventory, thing,
                     (struct call){.path = keep_path(inventory, module, method->name),
                                   .module = module,
                                   .element = element,
                                   .method = method,
                                   .commanding = method->input_count > 0 || method->output_count == 0});
        }
    }
}

// ---------------------------------------------------------------- things

static struct thing *add_thing(struct inventory *inventory, struct thing thing) {
    struct thing *more = grow(inventory, inventory->things, inventory->thing_count, sizeof thing);
    if (more == NULL) return NULL;
    inventory->things = more;
    inventory->things[inventory->thing_count] = thing;
    return &inventory->things[inventory->thing_count++];
}

static void add_element(struct inventory *inventory, const struct plant *plant, struct thing *thing,
                        const struct plant_element *element) {
    if (!is_in_twin(element) || element->thing != thing->element) return;
    add_signals(inventory, thing, element);
    if (has_members(plant, element))
        add_class_members(inventory, thing, element, element->class, path_in_thing(element));
}

static void add_things(struct inventory *inventory, const struct plant *plant) {
    for (size_t i = 0; i < plant->element_count && !inventory->failed; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->kind != PLANT_THING) continue;
        struct thing *thing = add_thing(inventory, (struct thing){.name = element->name,
                                                                  .display_name = element->display_name,
                                                                  .display_name_de = element->display_name_de,
                                                                  .element = element,
                                                                  .class = element->class});
        for (size_t at = i; thing != NULL && at < plant->element_count; at++) // parents come before children
            add_element(inventory, plant, thing, plant->elements[at]);
    }
}

static void add_simulation(struct inventory *inventory, const struct plant *plant) {
    const struct plant_class *class = plant_find_class(plant, TEXT("Simulation"));
    struct buffer name = {0};
    put_simulation_name(plant, &name);
    struct text kept = keep(inventory, buffer_take(&name));
    if (inventory->failed) return;
    struct thing *thing = add_thing(inventory, (struct thing){.name = kept, .display_name = kept, .class = class});
    if (thing != NULL) add_class_members(inventory, thing, NULL, class, TEXT_EMPTY);
}

struct inventory *inventory_create(const struct plant *plant, const struct describe_options *options) {
    struct inventory *inventory = calloc(1, sizeof *inventory);
    if (inventory == NULL) return NULL;
    add_things(inventory, plant);
    if (options->simulated) add_simulation(inventory, plant);
    if (!inventory->failed) return inventory;
    inventory_destroy(inventory);
    return NULL;
}

void inventory_destroy(struct inventory *inventory) {
    if (inventory == NULL) return;
    for (size_t i = 0; i < inventory->thing_count; i++) {
        free(inventory->things[i].leaves);
        free(inventory->things[i].calls);
    }
    for (size_t i = 0; i < inventory->text_count; i++) free(inventory->texts[i]);
    free(inventory->things);
    free(inventory->texts);
    free(inventory);
}
