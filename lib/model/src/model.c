#include "check.h"
#include "findings.h"
#include "plant.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static void store_destroy(struct store *store) {
    if (store == NULL) return;
    struct list *lists[] = {&store->all_elements, &store->all_signals,    &store->all_channels,
                            &store->all_classes,  &store->all_interlocks, &store->simulated};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) list_clear(lists[i]);
    map_destroy(store->elements);
    caex_clear(&store->caex);
    free(store);
}

/// Our own libraries, as every plant includes them.
static void find_known_classes(struct store *store) {
    static const char *const roles[KNOWN_ROLES] = {
        [ROLE_STATION] = "SplcRoleClassLib/Station",        [ROLE_THING] = "SplcRoleClassLib/Thing",
        [ROLE_CONTROLLER] = "SplcRoleClassLib/Controller",  [ROLE_IO_MODULE] = "SplcRoleClassLib/IoModule",
        [ROLE_CORE_MODULE] = "SplcRoleClassLib/CoreModule",
    };
    static const char *const interfaces[KNOWN_INTERFACES] = {
        [INTERFACE_SIGNAL] = "SplcInterfaceClassLib/Signal",
        [INTERFACE_SENSOR] = "SplcInterfaceClassLib/SensorSignal",
        [INTERFACE_ACTUATOR] = "SplcInterfaceClassLib/ActuatorSignal",
        [INTERFACE_CHANNEL] = "SplcInterfaceClassLib/Channel",
        [INTERFACE_INPUT] = "SplcInterfaceClassLib/InputChannel",
        [INTERFACE_OUTPUT] = "SplcInterfaceClassLib/OutputChannel",
    };
    for (size_t i = 0; i < KNOWN_ROLES; i++) store->roles[i] = caex_class(&store->caex, FAMILY_ROLE, text_of(roles[i]));
    for (size_t i = 0; i < KNOWN_INTERFACES; i++)
        store->interfaces[i] = caex_class(&store->caex, FAMILY_INTERFACE, text_of(interfaces[i]));
}

/// As far as there is a station to look at; what is wrong are findings.
static enum error make_plant(struct store *store) {
    find_known_classes(store);
    check_attributes(&store->caex);
    enum error error = plant_make_classes(store);
    if (error) return error;
    plant_check_calls(store);
    error = plant_make_elements(store);
    if (error || store->plant.station == NULL) return error;
    error = plant_make_io(store);
    if (error) return error;
    plant_make_wires(store);
    plant_check_picture(store);
    error = plant_check_addresses(store);
    if (!error) error = plant_check_browse_paths(store);
    if (!error) error = plant_check_contracts(store);
    if (!error) error = plant_make_interlocks(store);
    return error ? error : plant_make_simulation(store);
}

/// Moves the lists into the plant.
static enum error finish(struct store *store) {
    struct plant *plant = &store->plant;
    struct arena *arena = &store->caex.arena;
    plant->elements = list_keep(&store->all_elements, arena);
    plant->signals = list_keep(&store->all_signals, arena);
    plant->classes = list_keep(&store->all_classes, arena);
    plant->interlocks = list_keep(&store->all_interlocks, arena);
    if (plant->elements == NULL || plant->signals == NULL || plant->classes == NULL || plant->interlocks == NULL)
        return ERROR_NO_MEMORY;
    plant->element_count = store->all_elements.count;
    plant->signal_count = store->all_signals.count;
    plant->class_count = store->all_classes.count;
    plant->interlock_count = store->all_interlocks.count;
    return ERROR_NONE;
}

static enum error read_into(struct store *store, struct text bytes, struct model_findings *findings,
                            struct problem *ret_problem) {
    store->elements = map_create();
    enum error error = store->elements == NULL ? ERROR_NO_MEMORY : caex_read(&store->caex, bytes, findings);
    if (!error) error = make_plant(store);
    if (!error) error = finish(store);
    findings_sort(findings);
    store->caex.findings = NULL; // they are the caller's
    if (error == ERROR_NO_MEMORY || findings_failed(findings))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (error || model_findings_errors(findings) > 0) return findings_say_first(findings, ERROR_INVALID, ret_problem);
    return ERROR_NONE;
}

static enum error read_new(struct text bytes, bool of_another, struct model_findings *findings,
                           struct plant **ret_plant, struct problem *ret_problem) {
    assert(findings != NULL && ret_plant != NULL);
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    store->of_another_controller = of_another;
    enum error error = read_into(store, bytes, findings, ret_problem);
    if (error) {
        store_destroy(store);
        return error;
    }
    *ret_plant = &store->plant;
    return ERROR_NONE;
}

enum error model_read(struct text bytes, struct model_findings *findings, struct plant **ret_plant,
                      struct problem *ret_problem) {
    return read_new(bytes, false, findings, ret_plant, ret_problem);
}

enum error model_read_of_another(struct text bytes, struct model_findings *findings, struct plant **ret_plant,
                                 struct problem *ret_problem) {
    return read_new(bytes, true, findings, ret_plant, ret_problem);
}

void plant_destroy(struct plant *plant) {
    store_destroy((struct store *)plant);
}

struct text plant_attribute(const struct plant_element *element, struct text path) {
    return scope_text(&((const struct element *)element)->scope, path);
}

double plant_number(const struct plant_element *element, struct text path, double otherwise) {
    double number;
    return text_to_real(text_trim(plant_attribute(element, path)), &number) ? otherwise : number;
}

size_t plant_members(const struct plant_element *element, struct text path, struct text *ret_names, size_t max) {
    struct scope list = scope_find(&((const struct element *)element)->scope, path);
    size_t count = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct caex_node *member = caex_first(list.nodes[i], CAEX_ATTRIBUTE);
        for (; member != NULL; member = caex_next(member)) {
            size_t at = 0;
            while (at < count && !text_equal(ret_names[at], member->name)) at++;
            if (at == count && count < max) ret_names[count++] = member->name;
        }
    }
    return count;
}

const struct plant_element *plant_find(const struct plant *plant, struct text path) {
    const struct element *element = map_get(((const struct store *)plant)->elements, path);
    return element == NULL ? NULL : &element->shown;
}

const struct plant_element *plant_linked(const struct plant_element *element, struct text parameter) {
    for (size_t i = 0; i < element->link_count; i++)
        if (text_equal(element->links[i].parameter, parameter)) return element->links[i].module;
    return NULL;
}

const struct plant_signal *plant_find_signal(const struct plant_element *element, struct text name) {
    for (size_t i = 0; i < element->signal_count; i++)
        if (text_equal(element->signals[i]->name, name)) return element->signals[i];
    return NULL;
}

const struct caex_node *plant_stated_at(const struct element *element, struct text path) {
    struct scope attribute = scope_find(&element->scope, path);
    const struct caex_node *owner = attribute.count == 0 ? NULL : attribute.nodes[0];
    while (owner != NULL && owner->kind == CAEX_ATTRIBUTE) owner = owner->parent;
    return owner == element->node ? attribute.nodes[0] : element->node;
}

bool plant_is_told(const struct element *element, struct text path) {
    struct scope attribute = scope_find(&element->scope, path);
    return attribute.count > 0 ? attribute.nodes[0]->bad : element->node->bad;
}

bool plant_class_is(const struct plant_class *class, struct text name) {
    while (class != NULL && !text_equal(class->name, name)) class = class->base;
    return class != NULL;
}

const struct plant_class *plant_find_class(const struct plant *plant, struct text name) {
    for (size_t i = 0; i < plant->class_count; i++)
        if (text_equal(plant->classes[i]->name, name)) return plant->classes[i];
    return NULL;
}

const struct plant_method *plant_class_method(const struct plant_class *class, struct text name) {
    for (; class != NULL; class = class->base)
        for (size_t i = 0; i < class->method_count; i++)
            if (text_equal(class->methods[i].name, name)) return &class->methods[i];
    return NULL;
}

const struct plant_field *plant_class_variable(const struct plant_class *class, struct text name) {
    for (; class != NULL; class = class->base)
        for (size_t i = 0; i < class->variable_count; i++)
            if (text_equal(class->variables[i].name, name)) return &class->variables[i];
    return NULL;
}

const struct plant_event *plant_class_event(const struct plant_class *class, struct text name) {
    for (; class != NULL; class = class->base)
        for (size_t i = 0; i < class->event_count; i++)
            if (text_equal(class->events[i].name, name)) return &class->events[i];
    return NULL;
}
