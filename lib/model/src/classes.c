// System unit classes: what the attributes of a class mean.
#include "data_type.h"
#include "plant.h"

#include <math.h>
#include <string.h>

/// Attributes of a class that are no parameters: they have a meaning of their own.
static const char *const vocabulary[] = {"DisplayName",    "Bmk",    "NamespaceUri", "Twin",
                                         "Identification", "Hmi",    "Sim",          "Variables",
                                         "Methods",        "Events", "Address",      "Interlocks"};

static bool is_vocabulary(struct text name) {
    for (size_t i = 0; i < sizeof vocabulary / sizeof vocabulary[0]; i++)
        if (text_is(name, vocabulary[i])) return true;
    return false;
}

// ---------------------------------------------------------------- fields

static double limit_of(const struct caex_node *ordinal, enum caex_kind kind, double otherwise) {
    const struct caex_node *limit = caex_first(ordinal, kind);
    double number = otherwise;
    if (limit == NULL || text_to_real(text_trim(limit->value), &number)) return otherwise;
    return number;
}

static struct plant_range range_of(const struct scope *attribute) {
    struct plant_range range = {-INFINITY, INFINITY, false};
    for (size_t i = 0; i < attribute->count; i++) {
        const struct caex_node *constraint = caex_first(attribute->nodes[i], CAEX_CONSTRAINT);
        for (; constraint != NULL; constraint = caex_next(constraint)) {
            const struct caex_node *ordinal = caex_first(constraint, CAEX_ORDINAL);
            if (ordinal == NULL) continue;
            range.given = true;
            range.low = fmax(range.low, limit_of(ordinal, CAEX_REQUIRED_MIN, -INFINITY));
            range.high = fmin(range.high, limit_of(ordinal, CAEX_REQUIRED_MAX, INFINITY));
        }
    }
    return range;
}

static const struct caex_node *nominal_of(const struct scope *attribute) {
    for (size_t i = 0; i < attribute->count; i++) {
        const struct caex_node *constraint = caex_first(attribute->nodes[i], CAEX_CONSTRAINT);
        for (; constraint != NULL; constraint = caex_next(constraint)) {
            const struct caex_node *nominal = caex_first(constraint, CAEX_NOMINAL);
            if (nominal != NULL) return nominal;
        }
    }
    return NULL;
}

static enum error fill_names(struct store *store, const struct caex_node *nominal, struct plant_field *field) {
    size_t count = 0;
    const struct caex_node *value = caex_first(nominal, CAEX_REQUIRED_VALUE);
    for (; value != NULL; value = caex_next(value)) count++;
    struct text *names = arena_take_array(&store->caex.arena, count + 1, sizeof *names);
    if (names == NULL) return ERROR_NO_MEMORY;
    field->names = names;
    value = caex_first(nominal, CAEX_REQUIRED_VALUE);
    for (; value != NULL; value = caex_next(value)) names[field->name_count++] = value->value;
    return ERROR_NONE;
}

static void check_field_type(struct store *store, const struct scope *attribute, struct plant_field *field) {
    const struct caex_node *node = attribute->nodes[0];
    struct text name = scope_data_type(attribute);
    const struct data_type *type = data_type_find(name);
    if (name.length == 0) {
        caex_error(&store->caex, node, "'%.*s' has no data type; add AttributeDataType=\"xs:...\"",
                   TEXT_ARG(node->name));
        return;
    }
    if (type == NULL) return; // has a finding
    field->type = data_type_value(type);
    if (field->type == VALUE_NULL)
        caex_error(&store->caex, node,
                   "the data type %.*s cannot be served; use xs:boolean, xs:int, xs:unsignedInt, xs:unsignedShort, "
                   "xs:double or xs:string",
                   TEXT_ARG(name));
}

static enum error make_field(struct store *store, const struct scope *attribute, struct plant_field *field) {
    const struct caex_node *node = attribute->nodes[0];
    plant_check_name(store, node, false);
    field->name = node->name;
    field->description = scope_description(attribute);
    field->unit = scope_unit(attribute);
    field->range = range_of(attribute);
    field->max_age_s = plant_scope_seconds(store, attribute, "MaxAge");
    check_field_type(store, attribute, field);
    if (!scope_value(attribute, &field->value)) field->value = TEXT_EMPTY;
    const struct caex_node *nominal = nominal_of(attribute);
    if (nominal == NULL) return ERROR_NONE;
    if (field->type != VALUE_STRING && field->type != VALUE_NULL)
        caex_error(&store->caex, node, "only an xs:string can have named values");
    return fill_names(store, nominal, field);
}

// ---------------------------------------------------------------- members of a class

typedef enum error make_fn(struct store *store, const struct scope *attribute, void *member);

static enum error make_field_member(struct store *store, const struct scope *attribute, void *member) {
    return make_field(store, attribute, member);
}

/// True when a base class declares the attribute: this class only gives it another value.
static bool is_restated(const struct scope *attribute) {
    for (size_t i = 1; i < attribute->count; i++) {
        const struct caex_node *at = attribute->nodes[i];
        while (at->kind == CAEX_ATTRIBUTE) at = at->parent;
        if (at->kind == CAEX_UNIT_CLASS) return true;
    }
    return false;
}

/// Makes one member of each attribute that `owner`'s first node declares. `wanted` may leave some out.
static enum error make_members(struct store *store, const struct scope *owner, bool (*wanted)(const struct scope *),
                               size_t size, make_fn *make, const void **ret_members, size_t *ret_count) {
    size_t most = 0;
    struct caex_node *node = caex_first(owner->nodes[0], CAEX_ATTRIBUTE);
    for (; node != NULL; node = caex_next(node)) most++;
    char *members = arena_take_array(&store->caex.arena, most + 1, size);
    if (members == NULL) return ERROR_NO_MEMORY;
    *ret_members = members;
    for (node = caex_first(owner->nodes[0], CAEX_ATTRIBUTE); node != NULL; node = caex_next(node)) {
        struct scope attribute = scope_enter(owner, node->name);
        if (attribute.count == 0 || attribute.nodes[0] != node) continue; // a second one of its name
        if (is_restated(&attribute) || (wanted != NULL && !wanted(&attribute))) continue;
        enum error error = make(store, &attribute, members + *ret_count * size);
        if (error) return error;
        (*ret_count)++;
    }
    return ERROR_NONE;
}

static bool is_parameter(const struct scope *attribute) {
    const struct caex_node *node = attribute->nodes[0];
    return !is_vocabulary(node->name) && caex_first(node, CAEX_ATTRIBUTE) == NULL &&
           scope_data_type(attribute).length > 0;
}

/// The scope of one of a class's lists, when the class itself states it.
static bool enter_own(const struct scope *class, struct text name, struct scope *ret_list) {
    *ret_list = scope_enter(class, name);
    return ret_list->count > 0 && ret_list->nodes[0]->parent == class->nodes[0];
}

static enum error make_arguments(struct store *store, const struct scope *method, struct text direction,
                                 const struct plant_field **ret_fields, size_t *ret_count) {
    struct scope list = scope_enter(method, direction);
    if (list.count == 0 || list.nodes[0]->parent != method->nodes[0]) return ERROR_NONE; // only the type's empty one
    return make_members(store, &list, NULL, sizeof(struct plant_field), make_field_member, (const void **)ret_fields,
                        ret_count);
}

static enum error make_method(struct store *store, const struct scope *attribute, void *member) {
    struct plant_method *method = member;
    plant_check_name(store, attribute->nodes[0], false);
    method->name = attribute->nodes[0]->name;
    method->description = attribute->nodes[0]->description; // that of the attribute type is about all methods
    enum error error = make_arguments(store, attribute, TEXT("In"), &method->inputs, &method->input_count);
    if (!error) error = make_arguments(store, attribute, TEXT("Out"), &method->outputs, &method->output_count);
    return error;
}

enum { SEVERITY_MAX = 1000 }; // OPC 10000-5

static enum error make_event(struct store *store, const struct scope *attribute, void *member) {
    struct plant_event *event = member;
    const struct caex_node *node = attribute->nodes[0];
    plant_check_name(store, node, false);
    event->name = node->name;
    event->message = scope_text(attribute, TEXT("Message"));
    if (event->message.length == 0)
        caex_error(&store->caex, node, "the event '%.*s' has no Message", TEXT_ARG(node->name));
    uint32_t severity = plant_scope_number(store, attribute, TEXT("Severity"), 0);
    struct scope stated = scope_enter(attribute, TEXT("Severity"));
    bool told = stated.count > 0 && stated.nodes[0]->bad;
    if (!told && (severity < 1 || severity > SEVERITY_MAX))
        caex_error(&store->caex, node, "the event '%.*s' needs a Severity from 1 to 1000", TEXT_ARG(node->name));
    event->severity = (uint16_t)severity;
    return ERROR_NONE;
}

static enum error make_lists(struct store *store, const struct scope *scope, struct plant_class *class) {
    struct scope list;
    enum error error = make_members(store, scope, is_parameter, sizeof(struct plant_field), make_field_member,
                                    (const void **)&class->parameters, &class->parameter_count);
    if (!error && enter_own(scope, TEXT("Variables"), &list))
        error = make_members(store, &list, NULL, sizeof(struct plant_field), make_field_member,
                             (const void **)&class->variables, &class->variable_count);
    if (!error && enter_own(scope, TEXT("Methods"), &list))
        error = make_members(store, &list, NULL, sizeof(struct plant_method), make_method,
                             (const void **)&class->methods, &class->method_count);
    if (!error && enter_own(scope, TEXT("Events"), &list))
        error = make_members(store, &list, NULL, sizeof(struct plant_event), make_event, (const void **)&class->events,
                             &class->event_count);
    return error;
}

// ---------------------------------------------------------------- classes

static struct text library_of(const struct caex_node *node) {
    while (node->kind != CAEX_UNIT_LIB) node = node->parent;
    return node->name;
}

/// Bases come first, so that the list can be used in its order.
static enum error make_class(struct store *store, struct caex_node *node) {
    if (node->meaning != NULL) return ERROR_NONE;
    enum error error = node->base == NULL ? ERROR_NONE : make_class(store, node->base);
    if (error) return error;
    struct plant_class *class = arena_take(&store->caex.arena, sizeof *class);
    if (class == NULL) return ERROR_NO_MEMORY;
    node->meaning = class;
    plant_check_name(store, node, false);
    class->name = node->name;
    class->library = library_of(node);
    class->description = node->description;
    class->base = node->base == NULL ? NULL : node->base->meaning;
    struct scope scope = scope_of(node);
    error = make_lists(store, &scope, class);
    if (error) return error;
    return list_add(&store->all_classes, class) ? ERROR_NONE : ERROR_NO_MEMORY;
}

enum error plant_make_classes(struct store *store) {
    struct caex_node *root = store->caex.root;
    for (struct caex_node *node = root; node != NULL; node = caex_walk(root, node)) {
        if (node->kind != CAEX_UNIT_CLASS) continue;
        enum error error = make_class(store, node);
        if (error) return error;
    }
    return ERROR_NONE;
}
