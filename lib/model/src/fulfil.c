// The model must not promise what the controller does not do: every element is held against the contract of its role.
#include "plant.h"

#include <math.h>
#include <model/contract.h>
#include <stdlib.h>

static const double TIME_S_MAX = 1e9; // thirty years: what counts nanoseconds in 64 bits can wait for

static const struct contract *contract_of_element(const struct store *store, const struct element *element) {
    if (&element->shown == store->plant.controller) return contract_of(TEXT("Controller"));
    return element->shown.kind == PLANT_CORE_MODULE ? contract_of(element->shown.role) : NULL;
}

// ---------------------------------------------------------------- what a class promises

static size_t count_types(const enum value_type types[static CONTRACT_ARGUMENTS_MAX]) {
    size_t count = 0;
    while (count < CONTRACT_ARGUMENTS_MAX && types[count] != VALUE_NULL) count++;
    return count;
}

static void check_arguments(struct store *store, const struct caex_node *node, const char *what,
                            const struct plant_field *promised, size_t promised_count,
                            const enum value_type types[static CONTRACT_ARGUMENTS_MAX]) {
    size_t count = count_types(types);
    if (promised_count != count) {
        caex_error(&store->caex, node, "has %zu %s%s here, but the controller implements it with %zu", promised_count,
                   what, promised_count == 1 ? "" : "s", count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (promised[i].type != types[i] && promised[i].type != VALUE_NULL)
            caex_error(&store->caex, node, "its %s %.*s must be %s, as the controller implements it", what,
                       TEXT_ARG(promised[i].name), value_type_name(types[i]));
}

static void check_method(struct store *store, const struct caex_node *node, const struct contract *contract,
                         const struct plant_method *promised) {
    const struct contract_method *done = contract_method(contract, promised->name);
    if (done == NULL) {
        const char *names[CONTRACT_METHODS_MAX];
        size_t count = 0;
        while (count < CONTRACT_METHODS_MAX && contract->methods[count].name != NULL) {
            names[count] = contract->methods[count].name;
            count++;
        }
        caex_error(&store->caex, node,
                   "the controller implements no method %.*s for the role %s; remove it, or add it to the controller%s",
                   TEXT_ARG(promised->name), contract->role, caex_hint(&store->caex, promised->name, names, count));
        return;
    }
    check_arguments(store, node, "input", promised->inputs, promised->input_count, done->inputs);
    check_arguments(store, node, "output", promised->outputs, promised->output_count, done->outputs);
}

/// Nominal values must be those of the controller, in its order: it tells their numbers.
static bool same_names(const struct plant_field *promised, const struct contract_variable *done) {
    size_t count = 0;
    for (; done->names != NULL && done->names[count] != NULL; count++)
        if (count >= promised->name_count || !text_is(promised->names[count], done->names[count])) return false;
    return count == promised->name_count;
}

static const char *list_names(struct store *store, const struct contract_variable *done) {
    CLEANUP(buffer_clear) struct buffer list = {0};
    for (size_t i = 0; done->names != NULL && done->names[i] != NULL; i++)
        buffer_print(&list, "%s%s", i == 0 ? "" : ", ", done->names[i]);
    struct text kept;
    bool good = list.length > 0 && !list.failed && arena_copy(&store->caex.arena, buffer_view(&list), &kept);
    return good ? kept.data : "any text";
}

static void check_variable(struct store *store, const struct caex_node *node, const struct contract *contract,
                           const struct plant_field *promised) {
    const struct contract_variable *done = contract_variable(contract, promised->name);
    if (done == NULL)
        caex_error(&store->caex, node,
                   "the controller computes no variable %.*s for the role %s; remove it, or add it to the controller",
                   TEXT_ARG(promised->name), contract->role);
    else if (promised->type != done->type && promised->type != VALUE_NULL)
        caex_error(&store->caex, node, "the variable %.*s must be %s, as the controller computes it",
                   TEXT_ARG(promised->name), value_type_name(done->type));
    else if (!same_names(promised, done))
        caex_error(&store->caex, node, "the values of variable %.*s differ from those of the controller: %s",
                   TEXT_ARG(promised->name), list_names(store, done));
}

static const struct caex_node *member_of(const struct caex_node *class, struct text list, struct text name) {
    const struct caex_node *members = caex_child(class, CAEX_ATTRIBUTE, list);
    const struct caex_node *member = members == NULL ? NULL : caex_child(members, CAEX_ATTRIBUTE, name);
    return member == NULL ? class : member;
}

static void check_class(struct store *store, const struct caex_node *node, const struct contract *contract) {
    const struct plant_class *class = node->meaning;
    for (size_t i = 0; i < class->method_count; i++)
        check_method(store, member_of(node, TEXT("Methods"), class->methods[i].name), contract, &class->methods[i]);
    for (size_t i = 0; i < class->variable_count; i++)
        check_variable(store, member_of(node, TEXT("Variables"), class->variables[i].name), contract,
                       &class->variables[i]);
}

/// A class that was held against a contract already; what is wrong with it was told then.
struct checked {
    const struct caex_node *class;
    const struct contract *contract;
};

static enum error check_classes(struct store *store, struct list *checked, const struct element *element,
                                const struct contract *contract) {
    for (size_t i = 0; i < element->scope.count; i++) {
        const struct caex_node *class = element->scope.nodes[i];
        if (class->kind != CAEX_UNIT_CLASS || class->meaning == NULL) continue;
        size_t at = 0;
        for (; at < checked->count; at++) {
            const struct checked *before = checked->items[at];
            if (before->class == class && before->contract == contract) break;
        }
        if (at < checked->count) continue;
        struct checked *entry = arena_take(&store->caex.arena, sizeof *entry);
        if (entry == NULL || !list_add(checked, entry)) return ERROR_NO_MEMORY;
        *entry = (struct checked){class, contract};
        check_class(store, class, contract);
    }
    return ERROR_NONE;
}

// ---------------------------------------------------------------- what an element has

static const char *near_signal(struct store *store, const struct contract *contract, struct text name) {
    const char *names[CONTRACT_SIGNALS_MAX];
    size_t count = 0;
    while (count < CONTRACT_SIGNALS_MAX && contract->signals[count].name != NULL) {
        names[count] = contract->signals[count].name;
        count++;
    }
    return caex_hint(&store->caex, name, names, count);
}

static void check_signal(struct store *store, const struct contract *contract, const struct signal *signal) {
    const struct plant_signal *shown = &signal->shown;
    const struct contract_signal *known = contract_signal(contract, shown->name);
    if (known == NULL)
        caex_error(&store->caex, signal->node, "the controller has no use for a signal %.*s of the role %s%s",
                   TEXT_ARG(shown->name), contract->role, near_signal(store, contract, shown->name));
    else if (shown->actuator != known->actuator)
        caex_error(&store->caex, signal->node, "the signal %.*s of the role %s must be %s", TEXT_ARG(shown->name),
                   contract->role, known->actuator ? "an ActuatorSignal" : "a SensorSignal");
    else if ((shown->field.type != VALUE_BOOL) != known->number)
        caex_error(&store->caex, signal->node, "the signal %.*s of the role %s must be %s, not %s",
                   TEXT_ARG(shown->name), contract->role, known->number ? "a number" : "Boolean",
                   value_type_name(shown->field.type));
    else if (contract->no_substitute && shown->substitute != SUBSTITUTE_NONE)
        caex_error(&store->caex, signal->node, "nothing may stand in for the role %s; remove the Substitute of %.*s",
                   contract->role, TEXT_ARG(shown->name));
}

static void check_signals(struct store *store, const struct element *element, const struct contract *contract) {
    for (size_t i = 0; i < CONTRACT_SIGNALS_MAX && contract->signals[i].name != NULL; i++) {
        const struct contract_signal *wanted = &contract->signals[i];
        if (!wanted->required || plant_find_signal(&element->shown, text_of(wanted->name)) != NULL) continue;
        caex_error(&store->caex, element->node,
                   "the role %s needs the signal %s; add the interface to the element and wire it", contract->role,
                   wanted->name);
    }
    for (size_t i = 0; i < element->shown.signal_count; i++)
        check_signal(store, contract, (const struct signal *)element->shown.signals[i]);
}

static void check_retain(struct store *store, const struct element *element, const struct contract *contract) {
    struct text list = plant_attribute(&element->shown, TEXT("Retain")), name;
    while (text_split(&list, ',', &name)) {
        name = text_trim(name);
        const struct contract_variable *variable = contract_variable(contract, name);
        const char *wrong = variable == NULL                 ? "the controller computes no variable of that name for it"
                            : variable->type == VALUE_STRING ? "a text cannot be retained"
                            : !contract->retains             ? "its role cannot take it up again"
                                                             : NULL;
        if (wrong != NULL)
            caex_error(&store->caex, plant_stated_at(element, TEXT("Retain")), "Retain names %.*s, but %s",
                       TEXT_ARG(name), wrong);
    }
}

// ---------------------------------------------------------------- parameters

static double parameter(const struct element *element, struct text name) {
    return plant_number(&element->shown, name, NAN);
}

/// A limit that what is measured can never reach guards nothing.
static void check_reachable(struct store *store, const struct element *element, const char *name, double limit) {
    const struct plant_signal *value = plant_find_signal(&element->shown, TEXT("value"));
    if (value == NULL || !value->field.range.given) return;
    struct plant_range range = value->field.range;
    if (limit >= range.low && limit <= range.high) return;
    caex_error(&store->caex, plant_stated_at(element, text_of(name)),
               "%s is %g, but value is %g to %g: it is never reached; correct one of them", name, limit, range.low,
               range.high);
}

static void check_rising(struct store *store, const struct element *element, const struct contract *contract) {
    const char *below = NULL;
    for (const char *const *name = contract->rising; name != NULL && *name != NULL; name++) {
        double value = parameter(element, text_of(*name));
        if (isnan(value)) continue;
        check_reachable(store, element, *name, value);
        if (below != NULL && !(parameter(element, text_of(below)) < value))
            caex_error(&store->caex, plant_stated_at(element, text_of(*name)),
                       "%s is %g, but must be above %s, which is %g", *name, value, below,
                       parameter(element, text_of(below)));
        below = *name;
    }
}

static void check_positive(struct store *store, const struct element *element, const struct contract *contract) {
    for (const char *const *name = contract->positive; name != NULL && *name != NULL; name++)
        if (parameter(element, text_of(*name)) <= 0)
            caex_error(&store->caex, plant_stated_at(element, text_of(*name)), "%s is %g, but must be above 0", *name,
                       parameter(element, text_of(*name)));
}

/// Times of all classes of the element: the controller counts them in nanoseconds.
static void check_times(struct store *store, const struct element *element) {
    for (const struct plant_class *class = element->shown.class; class != NULL; class = class->base)
        for (size_t i = 0; i < class->parameter_count; i++) {
            const struct plant_field *field = &class->parameters[i];
            if (!text_is(field->unit, "s") && !text_is(field->unit, "ms")) continue;
            double time = parameter(element, field->name);
            if (isnan(time) || (time >= 0 && time <= TIME_S_MAX)) continue;
            caex_error(&store->caex, plant_stated_at(element, field->name), "%.*s is %g %.*s; a time is 0 to %g",
                       TEXT_ARG(field->name), time, TEXT_ARG(field->unit), TIME_S_MAX);
        }
}

// ---------------------------------------------------------------- other modules

static const struct element *below(const struct store *store, const struct plant_element *folder, struct text path) {
    if (folder == NULL) return NULL;
    CLEANUP(buffer_clear) struct buffer full = {0};
    buffer_print(&full, "%.*s/%.*s", TEXT_ARG(folder->path), TEXT_ARG(path));
    const struct element *found = full.failed ? NULL : map_get(store->elements, buffer_view(&full));
    return found != NULL && found->shown.kind == PLANT_CORE_MODULE ? found : NULL;
}

static bool has_other(const struct store *store, const struct contract_link *link, const struct element *element,
                      const struct element *module) {
    for (size_t i = 0; i < store->all_elements.count; i++) {
        const struct element *other = store->all_elements.items[i];
        if (other != element && plant_linked(&other->shown, text_of(link->parameter)) == &module->shown) return true;
    }
    return false;
}

static const struct element *find_linked(struct store *store, const struct element *element,
                                         const struct contract_link *link) {
    struct text path = text_trim(plant_attribute(&element->shown, text_of(link->parameter)));
    const struct caex_node *node = plant_stated_at(element, text_of(link->parameter));
    if (path.length == 0) {
        caex_error(&store->caex, node,
                   "needs %s, the path of a module with the role %s below its thing or below the station",
                   link->parameter, link->role);
        return NULL;
    }
    const struct element *module = below(store, element->shown.thing, path);
    if (module == NULL) module = below(store, store->plant.station, path);
    if (module == NULL)
        caex_error(&store->caex, node, "%s '%.*s' is no module below its thing or below the station", link->parameter,
                   TEXT_ARG(path));
    else if (!text_is(module->shown.role, link->role))
        caex_error(&store->caex, node, "%s '%.*s' has the role %.*s, but must have the role %s", link->parameter,
                   TEXT_ARG(path), TEXT_ARG(module->shown.role), link->role);
    else if (link->alone && has_other(store, link, element, module))
        caex_error(&store->caex, node, "the %s '%.*s' is driven by another module already; it has one", link->parameter,
                   TEXT_ARG(path));
    else
        return module;
    return NULL;
}

static enum error make_links(struct store *store, struct element *element, const struct contract *contract) {
    if (contract->links[0].parameter == NULL) return ERROR_NONE;
    struct plant_link *links = arena_take_array(&store->caex.arena, CONTRACT_LINKS_MAX, sizeof *links);
    if (links == NULL) return ERROR_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < CONTRACT_LINKS_MAX && contract->links[i].parameter != NULL; i++) {
        const struct element *module = find_linked(store, element, &contract->links[i]);
        if (module != NULL) links[count++] = (struct plant_link){text_of(contract->links[i].parameter), &module->shown};
    }
    element->shown.links = links;
    element->shown.link_count = count;
    return ERROR_NONE;
}

// ---------------------------------------------------------------- the controller

static void check_driver(struct store *store, const struct element *controller) {
    struct text driver = plant_attribute(&controller->shown, TEXT("Driver"));
    if (driver.length == 0) return; // the site chooses
    const char *const *known = contract_drivers;
    while (*known != NULL && !text_is(driver, *known)) known++;
    const struct caex_node *node = plant_stated_at(controller, TEXT("Driver"));
    if (*known == NULL && !plant_is_told(controller, TEXT("Driver")))
        caex_error(&store->caex, node, "the controller's Driver is '%.*s'; an edge has sim, picontrol and modbus",
                   TEXT_ARG(driver));
}

static const double CYCLE_MS_MIN = 0.1, CYCLE_MS_MAX = 1000;

static void check_cycle(struct store *store, const struct element *controller) {
    double cycle_ms = parameter(controller, TEXT("CycleTime")), deadline_ms = parameter(controller, TEXT("Deadline"));
    const struct caex_node *node = plant_stated_at(controller, TEXT("CycleTime"));
    if (!plant_is_told(controller, TEXT("CycleTime")) && (cycle_ms < CYCLE_MS_MIN || cycle_ms > CYCLE_MS_MAX))
        caex_error(&store->caex, node, "CycleTime is %g ms; a scan takes place every %g to %g ms", cycle_ms,
                   CYCLE_MS_MIN, CYCLE_MS_MAX);
    if (!isnan(cycle_ms) && !isnan(deadline_ms) && deadline_ms != 0 && deadline_ms < 2 * cycle_ms)
        caex_error(&store->caex, plant_stated_at(controller, TEXT("Deadline")),
                   "Deadline is %g ms; give it at least two cycles of %g ms", deadline_ms, cycle_ms);
}

// ---------------------------------------------------------------- all

static const char *list_roles(struct store *store) {
    CLEANUP(buffer_clear) struct buffer list = {0};
    for (const struct contract *contract = contracts; contract->role != NULL; contract++)
        buffer_print(&list, "%s%s", contract == contracts ? "" : ", ", contract->role);
    struct text kept;
    return !list.failed && arena_copy(&store->caex.arena, buffer_view(&list), &kept) ? kept.data : "others";
}

static enum error check_element(struct store *store, struct list *checked, struct element *element) {
    const struct contract *contract = contract_of_element(store, element);
    const struct plant_element *shown = &element->shown;
    if (contract == NULL) {
        if (shown->kind == PLANT_CORE_MODULE && shown->class != NULL)
            caex_error(&store->caex, element->node, "the controller has no core module for the role %.*s; it knows %s",
                       TEXT_ARG(shown->role), list_roles(store));
        return ERROR_NONE;
    }
    check_signals(store, element, contract);
    check_retain(store, element, contract);
    check_rising(store, element, contract);
    check_positive(store, element, contract);
    check_times(store, element);
    if (shown == store->plant.controller) {
        check_driver(store, element);
        check_cycle(store, element);
    }
    enum error error = check_classes(store, checked, element, contract);
    return error ? error : make_links(store, element, contract);
}

enum error plant_check_contracts(struct store *store) {
    if (store->of_another_controller) return ERROR_NONE;
    struct list checked = {0};
    enum error error = ERROR_NONE;
    for (size_t i = 0; !error && i < store->all_elements.count; i++)
        error = check_element(store, &checked, store->all_elements.items[i]);
    list_clear(&checked);
    return error;
}
