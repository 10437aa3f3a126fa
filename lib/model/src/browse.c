// No two things below one object have the same browse path: it is the NodeId and the key in the twin.
#include "plant.h"

#include <stdlib.h>

/// What stands at a path: something, or a folder that several twin paths share.
struct seen {
    struct map *map; // path below the element -> text for people, or `folder`
    struct store *store;
    const struct caex_node *node; // of the element or signal being looked at
    bool failed;
};

static char folder[] = "a folder";

/// An element whose class is not there, or a part of one: it cannot be told what it is.
static bool is_unknown(const struct caex_node *node) {
    while (node != NULL && !node->bad) node = node->parent;
    return node != NULL;
}

static void put(struct seen *seen, struct text path, const char *what) {
    const char *before = map_get(seen->map, path);
    if (before == NULL) {
        if (map_set(seen->map, path, (void *)what)) seen->failed = true;
        return;
    }
    if ((before == folder && what == folder) || is_unknown(seen->node)) return;
    caex_error(&seen->store->caex, seen->node, "'%.*s' is %s and %s; rename one, both would be one node",
               TEXT_ARG(path), before, what);
}

/// "mps_simulation": the thing that the driver `sim` adds.
static void put_simulation(struct seen *seen, const struct plant_element *station) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    for (size_t i = 0; i < station->name.length; i++) {
        char letter = station->name.data[i];
        buffer_byte(&name, (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter));
    }
    buffer_string(&name, "_simulation");
    struct text kept;
    if (name.failed || !arena_copy(&seen->store->caex.arena, buffer_view(&name), &kept))
        seen->failed = true;
    else
        put(seen, kept, "the simulation of the edge itself");
}

static void put_reserved(struct seen *seen, const struct plant_element *element) {
    static const char *const everywhere[] = {"ID", "Bmk", "DisplayName"};
    for (size_t i = 0; i < 3; i++) put(seen, text_of(everywhere[i]), "a property of every object");
    if (element->kind == PLANT_CORE_MODULE) put(seen, TEXT("command"), "the outcome of the last command");
    static const char *const of_station[] = {"Forcing", "Pins", "Diagnostics", "Recorder"};
    if (element->kind != PLANT_STATION) return;
    put(seen, TEXT("Lock"), "the control authority");
    for (size_t i = 0; i < 4; i++) put(seen, text_of(of_station[i]), "an object of the edge itself");
    put_simulation(seen, element);
}

static void put_class(struct seen *seen, const struct plant_class *class) {
    for (; class != NULL; class = class->base) {
        for (size_t i = 0; i < class->parameter_count; i++) put(seen, class->parameters[i].name, "a parameter");
        for (size_t i = 0; i < class->variable_count; i++) put(seen, class->variables[i].name, "a variable");
        for (size_t i = 0; i < class->method_count; i++) put(seen, class->methods[i].name, "a method");
    }
}

static void put_children(struct seen *seen, const struct plant_element *element) {
    for (size_t i = 0; i < element->child_count; i++) {
        if (text_equal(element->children[i]->name, TEXT_EMPTY)) continue; // has a finding
        const struct plant_element *child = element->children[i];
        const struct element *whole = (const struct element *)child;
        seen->node = whole->node;
        // Siblings of one name have a finding of their own.
        if (map_get(seen->store->elements, child->path) == whole) put(seen, child->name, "an element");
    }
}

static void put_channels(struct seen *seen, const struct plant_element *element) {
    for (size_t i = 0; i < element->channel_count; i++) {
        seen->node = ((const struct channel *)element->channels[i])->node;
        if (caex_child(seen->node->parent, CAEX_INTERFACE, seen->node->name) == seen->node)
            put(seen, element->channels[i]->name, "a channel");
    }
}

/// "position/extended/state": two folders and the variable.
static void put_signals(struct seen *seen, const struct plant_element *element) {
    for (size_t i = 0; i < element->signal_count; i++) {
        struct text path = element->signals[i]->twin_path;
        seen->node = ((const struct signal *)element->signals[i])->node;
        for (size_t at = 0; at < path.length; at++)
            if (path.data[at] == '/') put(seen, (struct text){path.data, at}, folder);
        if (path.length > 0) put(seen, path, "a signal");
    }
}

static enum error check_element(struct store *store, const struct element *element) {
    struct seen seen = {map_create(), store, element->node, false};
    if (seen.map == NULL) return ERROR_NO_MEMORY;
    put_reserved(&seen, &element->shown);
    put_class(&seen, element->shown.class);
    put_children(&seen, &element->shown);
    put_channels(&seen, &element->shown);
    put_signals(&seen, &element->shown);
    map_destroy(seen.map);
    return seen.failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

enum error plant_check_browse_paths(struct store *store) {
    for (size_t i = 0; i < store->all_elements.count; i++) {
        enum error error = check_element(store, store->all_elements.items[i]);
        if (error) return error;
    }
    return ERROR_NONE;
}
