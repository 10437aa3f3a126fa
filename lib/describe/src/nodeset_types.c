#include "nodeset.h"

unsigned nodeset_namespace(struct nodeset *nodeset, struct text name) {
    enum { FIRST = STATION_NAMESPACE + 1 };
    for (size_t i = 0; i < nodeset->namespace_count; i++)
        if (text_equal(nodeset->namespaces[i], name)) return (unsigned)i + FIRST;
    if (nodeset->namespace_count == NAMESPACES_MAX) {
        nodeset->failed = true;
        return 0;
    }
    nodeset->namespaces[nodeset->namespace_count++] = name;
    return (unsigned)(nodeset->namespace_count - 1) + FIRST;
}

struct place nodeset_below(struct nodeset *nodeset, struct place parent, struct text name, struct buffer *buffer) {
    buffer_reset(buffer);
    buffer_text(buffer, parent.path);
    buffer_byte(buffer, '/');
    buffer_text(buffer, name);
    nodeset->failed = nodeset->failed || buffer->failed;
    return (struct place){.namespace_index = parent.namespace_index, .path = buffer_view(buffer)};
}

static bool take_name(struct nodeset *nodeset, struct map *map, struct text name) {
    if (map_get(map, name) != NULL) return false;
    if (map_set(map, name, nodeset)) nodeset->failed = true;
    return !nodeset->failed;
}

static void put_type(struct nodeset *nodeset, struct place id, struct place parent, struct text description) {
    nodeset_put(nodeset, &(struct node){.tag = "UAObjectType",
                                        .id = id,
                                        .parent = parent,
                                        .reference = NODE_HAS_SUBTYPE,
                                        .browse_namespace = id.namespace_index,
                                        .browse_name = id.path,
                                        .description = description});
}

/// What a value is before anybody has said it.
static struct text zero_of(enum value_type type) {
    if (type == VALUE_STRING) return TEXT_EMPTY;
    return type == VALUE_BOOL ? TEXT("false") : TEXT("0");
}

/// Objects have a parameter where the model gives it a value.
static void declare_parameter(struct nodeset *nodeset, struct place type, const struct plant_field *field) {
    CLEANUP(buffer_clear) struct buffer value = {0};
    nodeset_put_value(&value, field->type, zero_of(field->type));
    nodeset_put_property(nodeset, type, type.namespace_index, field->name,
                         &(struct node){.description = field->description,
                                        .data_type = nodeset_data_type(field->type),
                                        .declaration = true,
                                        .optional = true},
                         &value);
}

static void declare_members(struct nodeset *nodeset, struct place type, const struct plant_class *class) {
    for (size_t i = 0; i < class->parameter_count; i++) declare_parameter(nodeset, type, &class->parameters[i]);
    for (size_t i = 0; i < class->variable_count; i++) {
        const struct plant_field *field = &class->variables[i];
        CLEANUP(buffer_clear) struct buffer path = {0};
        struct place id = nodeset_below(nodeset, type, field->name, &path);
        nodeset_put(nodeset, &(struct node){.tag = "UAVariable",
                                            .id = id,
                                            .parent = type,
                                            .reference = NODE_HAS_COMPONENT,
                                            .type = nodeset_variable_type(field),
                                            .browse_namespace = type.namespace_index,
                                            .browse_name = field->name,
                                            .description = field->description,
                                            .data_type = nodeset_data_type(field->type),
                                            .declaration = true});
        nodeset_put_field(nodeset, id, field, true);
    }
    for (size_t i = 0; i < class->method_count; i++) {
        struct method method = nodeset_class_method(type, type.namespace_index, &class->methods[i]);
        method.declaration = true;
        nodeset_put_method(nodeset, &method);
    }
}

static struct text type_name(struct nodeset *nodeset, struct text name, struct buffer *buffer) {
    buffer_reset(buffer);
    buffer_text(buffer, name);
    buffer_string(buffer, "Type");
    nodeset->failed = nodeset->failed || buffer->failed;
    return buffer_view(buffer);
}

struct place nodeset_type(struct nodeset *nodeset, const struct plant_class *class, struct buffer *name) {
    if (class == NULL) return STANDARD_NODE(NODE_BASE_OBJECT_TYPE);
    struct place type = {nodeset_namespace(nodeset, class->library), type_name(nodeset, class->name, name), 0};
    if (nodeset->failed || !take_name(nodeset, nodeset->types, type.path)) return type;
    CLEANUP(buffer_clear) struct buffer base = {0};
    put_type(nodeset, type, nodeset_type(nodeset, class->base, &base), class->description);
    declare_members(nodeset, type, class);
    return type;
}

struct place nodeset_own_type(struct nodeset *nodeset, struct text name, const struct plant_class *parent,
                              struct buffer *buffer) {
    const struct plant_class *station = nodeset->plant->station->class;
    struct place type = {station == NULL ? STATION_NAMESPACE : nodeset_namespace(nodeset, station->library),
                         type_name(nodeset, name, buffer), 0};
    if (nodeset->failed || !take_name(nodeset, nodeset->types, type.path)) return type;
    CLEANUP(buffer_clear) struct buffer base = {0};
    put_type(nodeset, type, nodeset_type(nodeset, parent, &base), TEXT_EMPTY);
    return type;
}

// ---------------------------------------------------------------- methods

static size_t take_fields(struct argument *arguments, const struct plant_field *fields, size_t count) {
    if (count > ARGUMENTS_MAX - 1) count = ARGUMENTS_MAX - 1; // no controller runs a method with more
    for (size_t i = 0; i < count; i++)
        arguments[i] = (struct argument){fields[i].name, fields[i].description, fields[i].type};
    return count;
}

struct method nodeset_class_method(struct place parent, unsigned browse_namespace, const struct plant_method *method) {
    struct method made = {.parent = parent,
                          .browse_namespace = browse_namespace,
                          .name = method->name,
                          .description = method->description};
    made.input_count = take_fields(made.inputs, method->inputs, method->input_count);
    made.output_count = take_fields(made.outputs, method->outputs, method->output_count);
    bool commanding = method->input_count > 0 || method->output_count == 0; // [opcua-2.5]
    if (commanding) made.outputs[made.output_count++] = NODESET_REASON;
    return made;
}

static void put_arguments(struct nodeset *nodeset, struct place method, const char *name,
                          const struct argument *arguments, size_t count, bool declaration) {
    if (count == 0) return;
    CLEANUP(buffer_clear) struct buffer path = {0}, value = {0};
    nodeset_put_arguments(&value, arguments, count);
    nodeset->failed = nodeset->failed || value.failed;
    nodeset_put(nodeset, &(struct node){.tag = "UAVariable",
                                        .id = nodeset_below(nodeset, method, text_of(name), &path),
                                        .parent = method,
                                        .reference = NODE_HAS_PROPERTY,
                                        .type = STANDARD_NODE(NODE_PROPERTY_TYPE),
                                        .browse_name = text_of(name),
                                        .data_type = NODE_ARGUMENT,
                                        .list = true,
                                        .declaration = declaration,
                                        .value = buffer_view(&value)});
}

void nodeset_put_method(struct nodeset *nodeset, const struct method *method) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct place id = nodeset_below(nodeset, method->parent, method->name, &path);
    nodeset_put(nodeset, &(struct node){.tag = "UAMethod",
                                        .id = id,
                                        .parent = method->parent,
                                        .reference = NODE_HAS_COMPONENT,
                                        .browse_namespace = method->browse_namespace,
                                        .browse_name = method->name,
                                        .description = method->description,
                                        .declaration = method->declaration});
    put_arguments(nodeset, id, "InputArguments", method->inputs, method->input_count, method->declaration);
    put_arguments(nodeset, id, "OutputArguments", method->outputs, method->output_count, method->declaration);
}
