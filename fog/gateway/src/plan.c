#include "plan.h"
#include <stdlib.h>
#include <string.h>

struct plan *plan_create(void) {
    return calloc(1, sizeof(struct plan));
}

static void leaf_destroy(struct plan_leaf *leaf) {
    free(leaf->path);
    free(leaf->node.string);
    free(leaf->on_true);
    free(leaf->on_false);
    free(leaf->text);
    free(leaf);
}

static void method_destroy(struct plan_method *method) {
    free(method->path);
    free(method->object.string);
    free(method->node.string);
    for (size_t i = 0; i < method->input_count; i++) free(method->input_names[i]);
    for (size_t i = 0; i < method->output_count; i++) free(method->output_names[i]);
    free(method);
}

static void thing_destroy(struct plan_thing *thing) {
    for (size_t i = 0; i < thing->method_count; i++) method_destroy(thing->methods[i]);
    free(thing->methods);
    free(thing->leaves);
    free(thing->name);
    free(thing);
}

void plan_destroy(struct plan *plan) {
    if (plan == NULL) return;
    for (size_t i = 0; i < plan->leaf_count; i++) leaf_destroy(plan->leaves[i]);
    for (size_t i = 0; i < plan->thing_count; i++) thing_destroy(plan->things[i]);
    free(plan->leaves);
    free(plan->things);
    free(plan->lock.string);
    free(plan);
}

/// Appends to an array that grows by doubling at powers of two.
static bool append(void *array_pointer, size_t *count, void *item) {
    void ***array = array_pointer;
    if ((*count & (*count - 1)) == 0) { // 0, 1, 2, 4, 8 ...
        void **larger = realloc(*array, (*count == 0 ? 1 : *count * 2) * sizeof *larger);
        if (larger == NULL) return false;
        *array = larger;
    }
    (*array)[(*count)++] = item;
    return true;
}

bool plan_node_copy(struct plan_node *copy, const struct opcua_node *node) {
    copy->namespace_index = node->namespace_index;
    copy->numeric = node->numeric;
    copy->string = text_copy(node->string);
    return copy->string != NULL;
}

struct opcua_node plan_node_view(const struct plan_node *node) {
    return (struct opcua_node){
        .namespace_index = node->namespace_index, .numeric = node->numeric, .string = text_of(node->string)};
}

struct plan_thing *plan_add_thing(struct plan *plan, struct text name) {
    struct plan_thing *thing = calloc(1, sizeof *thing);
    if (thing == NULL) return NULL;
    thing->name = text_copy(name);
    thing->index = plan->thing_count;
    if (thing->name == NULL || !append(&plan->things, &plan->thing_count, thing)) {
        thing_destroy(thing);
        return NULL;
    }
    return thing;
}

struct plan_leaf *plan_add_leaf(struct plan *plan, struct plan_thing *thing, struct text path,
                                const struct opcua_node *node) {
    struct plan_leaf *leaf = calloc(1, sizeof *leaf);
    if (leaf == NULL) return NULL;
    leaf->thing = thing;
    leaf->status = STATUS_BadWaitingForInitialData;
    leaf->path = text_copy(path);
    if (leaf->path == NULL || !plan_node_copy(&leaf->node, node) || !append(&plan->leaves, &plan->leaf_count, leaf)) {
        leaf_destroy(leaf);
        return NULL;
    }
    if (!append(&thing->leaves, &thing->leaf_count, leaf)) return NULL; // the plan owns it already
    return leaf;
}

struct plan_method *plan_add_method(struct plan_thing *thing, struct text path, const struct opcua_node *object,
                                    const struct opcua_node *node) {
    struct plan_method *method = calloc(1, sizeof *method);
    if (method == NULL) return NULL;
    method->path = text_copy(path);
    if (method->path == NULL || !plan_node_copy(&method->object, object) || !plan_node_copy(&method->node, node) ||
        !append(&thing->methods, &thing->method_count, method)) {
        method_destroy(method);
        return NULL;
    }
    return method;
}

// Paths that begin alike stand together, so an object is opened once (nest.h).
static int leaf_order(const void *a, const void *b) {
    const struct plan_leaf *const *left = a, *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

void plan_sort(struct plan *plan) {
    for (size_t i = 0; i < plan->thing_count; i++) {
        struct plan_thing *thing = plan->things[i];
        if (thing->leaf_count > 1) qsort(thing->leaves, thing->leaf_count, sizeof *thing->leaves, leaf_order);
    }
}

struct plan_thing *plan_find_thing(const struct plan *plan, struct text name) {
    for (size_t i = 0; i < plan->thing_count; i++)
        if (text_is(name, plan->things[i]->name)) return plan->things[i];
    return NULL;
}

struct plan_leaf *plan_find_leaf(const struct plan_thing *thing, struct text path) {
    for (size_t i = 0; i < thing->leaf_count; i++)
        if (text_is(path, thing->leaves[i]->path)) return thing->leaves[i];
    return NULL;
}

struct plan_method *plan_find_method(const struct plan_thing *thing, struct text path) {
    for (size_t i = 0; i < thing->method_count; i++)
        if (text_is(path, thing->methods[i]->path)) return thing->methods[i];
    return NULL;
}

bool plan_is_name(struct text name) {
    return name.length > 0 && memchr(name.data, '/', name.length) == NULL;
}

bool plan_is_below(const char *path, struct text above) {
    struct text whole = text_of(path);
    if (above.length == 0) return true;
    return whole.length > above.length && text_starts_with(whole, above) && whole.data[above.length] == '/';
}

bool plan_has_below(const struct plan_thing *thing, struct text path) {
    for (size_t i = 0; i < thing->leaf_count; i++)
        if (plan_is_below(thing->leaves[i]->path, path)) return true;
    for (size_t i = 0; i < thing->method_count; i++)
        if (plan_is_below(thing->methods[i]->path, path)) return true;
    return false;
}

struct plan_method *plan_method_above(const struct plan_thing *thing, struct text leaf_path, struct text name) {
    size_t length = leaf_path.length;
    for (;;) {
        while (length > 0 && leaf_path.data[length - 1] != '/') length--;
        char path[PLAN_NAME_BYTES];
        if (length + name.length >= sizeof path) return NULL;
        memcpy(path, leaf_path.data, length);
        memcpy(path + length, name.data, name.length);
        struct plan_method *method = plan_find_method(thing, (struct text){path, length + name.length});
        if (method != NULL || length == 0) return method;
        length--; // step over the '/'
    }
}
