// What a desired value calls: "setDirection(-1)" must be a method of the module, and its arguments must fit.
#include "data_type.h"
#include "plant.h"

#include <string.h>

enum { ARGUMENTS_MAX = 16 };

struct call {
    struct text method;
    struct text arguments[ARGUMENTS_MAX];
    size_t argument_count;
};

/// False when the text has not the form NAME(ARGUMENT, ...).
static bool parse_call(struct text text, struct call *ret_call) {
    text = text_trim(text);
    const char *open = text.length == 0 ? NULL : memchr(text.data, '(', text.length);
    if (open == NULL || text.data[text.length - 1] != ')') return false;
    struct text method = {text.data, (size_t)(open - text.data)};
    struct text inside = {open + 1, text.length - method.length - 2};
    *ret_call = (struct call){.method = method};
    if (!plant_is_name(method, false)) return false;
    if (text_trim(inside).length == 0) return true;
    bool more = true;
    while (more) {
        if (ret_call->argument_count == ARGUMENTS_MAX) return false;
        const char *comma = memchr(inside.data, ',', inside.length);
        more = comma != NULL;
        struct text argument = {inside.data, more ? (size_t)(comma - inside.data) : inside.length};
        inside = text_from(inside, argument.length + 1);
        ret_call->arguments[ret_call->argument_count++] = text_trim(argument);
    }
    return true;
}

static bool fits_type(enum value_type type, struct text value) {
    static const char *const names[] = {
        [VALUE_NULL] = "xs:string",          [VALUE_BOOL] = "xs:boolean",       [VALUE_INT32] = "xs:int",
        [VALUE_UINT16] = "xs:unsignedShort", [VALUE_UINT32] = "xs:unsignedInt", [VALUE_DOUBLE] = "xs:double",
        [VALUE_STRING] = "xs:string"};
    return data_type_refuses(data_type_find(text_of(names[type])), value) == NULL;
}

static bool fits_names(const struct plant_field *field, struct text value) {
    for (size_t i = 0; i < field->name_count; i++)
        if (text_equal(field->names[i], value)) return true;
    return field->name_count == 0;
}

/// What is desired takes the place of this word in OnValue.
static bool is_the_value(const struct caex_node *node, struct text argument) {
    return text_is(node->name, "OnValue") && text_is(argument, "value");
}

static bool is_number(enum value_type type) {
    return type != VALUE_BOOL && type != VALUE_STRING && type != VALUE_NULL;
}

static void check_argument(struct store *store, const struct caex_node *node, const struct plant_method *method,
                           const struct plant_field *field, struct text value) {
    double number;
    if (is_the_value(node, value) && is_number(field->type)) return;
    if (!fits_type(field->type, value))
        caex_error_in(&store->caex, node, node->value_line, "argument %.*s of %.*s is '%.*s', which is no %s",
                      TEXT_ARG(field->name), TEXT_ARG(method->name), TEXT_ARG(value), value_type_name(field->type));
    else if (!fits_names(field, value))
        caex_error_in(&store->caex, node, node->value_line,
                      "argument %.*s of %.*s is '%.*s', which is none of its values", TEXT_ARG(field->name),
                      TEXT_ARG(method->name), TEXT_ARG(value));
    else if (field->range.given && !text_to_real(value, &number) &&
             (number < field->range.low || number > field->range.high))
        caex_error_in(&store->caex, node, node->value_line, "argument %.*s of %.*s is %.*s, outside of %g to %g",
                      TEXT_ARG(field->name), TEXT_ARG(method->name), TEXT_ARG(value), field->range.low,
                      field->range.high);
}

static const char *near_method(struct store *store, const struct plant_class *class, struct text name) {
    enum { NAMES_MAX = 64 }; // a hint need not know all
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (; class != NULL; class = class->base)
        for (size_t i = 0; i < class->method_count && count < NAMES_MAX; i++)
            names[count++] = class->methods[i].name.data;
    return caex_hint(&store->caex, name, names, count);
}

static void check_call(struct store *store, const struct caex_node *node, const struct plant_class *class) {
    struct call call;
    if (node->value.length == 0) return; // explicitly nothing
    if (!parse_call(node->value, &call)) {
        caex_error_in(&store->caex, node, node->value_line, "'%.*s' is no call; write it as setState(true)",
                      TEXT_ARG(node->value));
        return;
    }
    const struct plant_method *method = plant_class_method(class, call.method);
    if (method == NULL) {
        caex_error_in(&store->caex, node, node->value_line, "class %.*s has no method '%.*s'%s", TEXT_ARG(class->name),
                      TEXT_ARG(call.method), near_method(store, class, call.method));
        return;
    }
    if (method->input_count != call.argument_count) {
        caex_error_in(&store->caex, node, node->value_line, "%.*s takes %zu argument%s, not %zu",
                      TEXT_ARG(method->name), method->input_count, method->input_count == 1 ? "" : "s",
                      call.argument_count);
        return;
    }
    size_t values = 0;
    for (size_t i = 0; i < call.argument_count; i++) {
        check_argument(store, node, method, &method->inputs[i], call.arguments[i]);
        values += is_the_value(node, call.arguments[i]);
    }
    if (text_is(node->name, "OnValue") && values != 1)
        caex_error_in(&store->caex, node, node->value_line,
                      "'%.*s' must have the word value once among its arguments: setPosition(value)",
                      TEXT_ARG(node->value));
}

/// The class whose methods an interface's calls mean: that of the module that it is in.
static const struct plant_class *class_above(const struct caex_node *interface) {
    struct caex_node *module = interface->parent;
    if (module->kind == CAEX_UNIT_CLASS) return module->meaning;
    if (module->kind != CAEX_ELEMENT) return NULL;
    struct scope scope = scope_of(module);
    const struct caex_node *class = scope_class(&scope, CAEX_ELEMENT);
    return class == NULL ? NULL : class->meaning;
}

static void check_desired(struct store *store, struct caex_node *interface) {
    const struct caex_node *desired = caex_child(interface, CAEX_ATTRIBUTE, TEXT("Desired"));
    const struct plant_class *class = class_above(interface);
    if (desired == NULL || class == NULL) return; // without a class the module has a finding
    struct scope scope = scope_of(interface);
    if (!plant_interface_is(store, &scope, INTERFACE_ACTUATOR)) {
        caex_error(&store->caex, desired, "only an actuator can be desired; remove Desired from '%.*s'",
                   TEXT_ARG(interface->name));
        return;
    }
    const struct caex_node *call = caex_first(desired, CAEX_ATTRIBUTE);
    for (; call != NULL; call = caex_next(call))
        if (call->has_value &&
            (text_is(call->name, "OnTrue") || text_is(call->name, "OnFalse") || text_is(call->name, "OnValue")))
            check_call(store, call, class);
}

void plant_check_calls(struct store *store) {
    struct caex_node *root = store->caex.root;
    for (struct caex_node *node = root; node != NULL; node = caex_walk(root, node))
        if (node->kind == CAEX_INTERFACE) check_desired(store, node);
}
