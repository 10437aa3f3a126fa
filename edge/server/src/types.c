// Classes of the model become object types; variables and methods become their members.

#include "build.h"

#include <stdio.h>

void build_fail(struct build *build, enum error error, struct text path) {
    if (!error || build->error) return;
    build->error =
        problem_say(build->problem, error, "OPC UA node %.*s: %s", TEXT_ARG(path),
                    error == ERROR_EXISTS ? "there is one with this name already; names must be unique among siblings"
                                          : error_text(error));
}

struct text build_path(struct build *build, struct buffer *buffer, struct text a, const char *separator,
                       struct text b) {
    buffer_reset(buffer);
    buffer_text(buffer, a);
    buffer_string(buffer, separator);
    buffer_text(buffer, b);
    if (buffer->failed) build_fail(build, ERROR_NO_MEMORY, a);
    return buffer_view(buffer);
}

uint16_t build_class_namespace(struct build *build, const struct plant_class *class) {
    CLEANUP(buffer_clear) struct buffer uri = {0};
    buffer_string(&uri, BUILD_LIBRARY_URI);
    buffer_text(&uri, class->library);
    return uri.failed ? 0 : opcua_server_namespace(build->server->opcua, uri.data);
}

static enum error add_declared_variable(struct build *build, struct opcua_node type, const struct plant_field *field) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = {
        .node = {.namespace_index = type.namespace_index,
                 .string = build_path(build, &path, type.string, "/", field->name)},
        .parent = type,
        .browse_namespace = type.namespace_index,
        .browse_name = field->name,
        .description = field->description,
    };
    struct opcua_variable_kind kind = build_variable_kind(field);
    enum error error = opcua_server_add_variable_of(build->server->opcua, &names, &kind, NULL);
    if (!error) build_field_properties(build, names.node, field);
    return error;
}

/// Objects have a parameter where the model gives it a value.
static enum error add_declared_parameter(struct build *build, struct opcua_node type, const struct plant_field *field) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = {
        .node = {.namespace_index = type.namespace_index,
                 .string = build_path(build, &path, type.string, "/", field->name)},
        .parent = type,
        .browse_namespace = type.namespace_index,
        .browse_name = field->name,
        .description = field->description,
        .optional = true,
    };
    struct value zero = {.type = field->type};
    return opcua_server_add_property(build->server->opcua, &names, &zero);
}

static void declare_members(struct build *build, struct opcua_node type, const struct plant_class *class) {
    for (size_t i = 0; i < class->parameter_count && !build->error; i++)
        build_fail(build, add_declared_parameter(build, type, &class->parameters[i]), class->parameters[i].name);
    for (size_t i = 0; i < class->variable_count && !build->error; i++)
        build_fail(build, add_declared_variable(build, type, &class->variables[i]), class->variables[i].name);
    for (size_t i = 0; i < class->method_count; i++) {
        const struct plant_method *method = &class->methods[i];
        struct method_plan plan = {
            .parent = type,
            .parent_path = type.string,
            .browse_namespace = type.namespace_index,
            .name = method->name,
            .description = method->description,
            .plant = method,
            .reason = build_is_commanding(method->input_count, method->output_count),
        };
        build_method(build, &plan);
    }
}

static void add_type(struct build *build, struct opcua_node node, struct opcua_node parent, struct text description) {
    struct opcua_names names = {
        .node = node,
        .parent = parent,
        .browse_namespace = node.namespace_index,
        .browse_name = node.string,
        .description = description,
    };
    build_fail(build, opcua_server_add_object_type(build->server->opcua, &names), node.string);
}

struct opcua_node build_type(struct build *build, const struct plant_class *class, struct buffer *name) {
    if (class == NULL) return OPCUA_BASE_OBJECT_TYPE;
    struct opcua_node node = {.namespace_index = build_class_namespace(build, class),
                              .string = build_path(build, name, class->name, "", TEXT("Type"))};
    if (build->error || map_get(build->types, node.string) != NULL) return node;
    CLEANUP(buffer_clear) struct buffer base = {0};
    struct opcua_node parent = build_type(build, class->base, &base);
    add_type(build, node, parent, class->description);
    build_fail(build, map_set(build->types, node.string, build), node.string);
    declare_members(build, node, class);
    return node;
}

struct opcua_node build_own_type(struct build *build, struct text name, const struct plant_class *parent,
                                 struct buffer *buffer) {
    const struct plant_class *station = build->plant->station->class;
    struct opcua_node node = {
        .namespace_index = station == NULL ? build->station : build_class_namespace(build, station),
        .string = build_path(build, buffer, name, "", TEXT("Type")),
    };
    if (build->error || map_get(build->types, node.string) != NULL) return node;
    CLEANUP(buffer_clear) struct buffer base = {0};
    add_type(build, node, build_type(build, parent, &base), TEXT_EMPTY);
    build_fail(build, map_set(build->types, node.string, build), node.string);
    return node;
}

// --- methods ---

enum { ARGUMENTS_MAX = SCAN_ARGUMENTS_MAX + SCAN_OUTPUTS_MAX + 1 };

struct arguments {
    struct opcua_argument list[ARGUMENTS_MAX];
    size_t count;
};

static void add_argument(struct arguments *arguments, struct text name, enum value_type type, struct text description) {
    if (arguments->count == ARGUMENTS_MAX) return; // `program` refuses a class with more than the scan takes
    arguments->list[arguments->count++] = (struct opcua_argument){name, type, description};
}

static void add_plant_fields(struct arguments *arguments, const struct plant_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) add_argument(arguments, fields[i].name, fields[i].type, fields[i].description);
}

static void add_scan_fields(struct arguments *arguments, const struct scan_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) add_argument(arguments, text_of(fields[i].name), fields[i].type, TEXT_EMPTY);
}

void build_method(struct build *build, const struct method_plan *plan) {
    if (build->error) return;
    struct arguments inputs = {0}, outputs = {0};
    if (plan->plant != NULL) {
        add_plant_fields(&inputs, plan->plant->inputs, plan->plant->input_count);
        add_plant_fields(&outputs, plan->plant->outputs, plan->plant->output_count);
    } else {
        add_scan_fields(&inputs, plan->scan->inputs, plan->scan->input_count);
        add_scan_fields(&outputs, plan->scan->outputs, plan->scan->output_count);
    }
    if (plan->reason)
        add_argument(&outputs, TEXT("Reason"), VALUE_STRING, TEXT("empty when done, otherwise why it was refused"));
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = {
        .node = {.namespace_index = plan->parent.namespace_index,
                 .string = build_path(build, &path, plan->parent_path, "/", plan->name)},
        .parent = plan->parent,
        .browse_namespace = plan->browse_namespace,
        .browse_name = plan->name,
        .description = plan->description,
    };
    struct opcua_method method = {
        .inputs = inputs.list,
        .input_count = inputs.count,
        .outputs = outputs.list,
        .output_count = outputs.count,
        .call = plan->target == NULL ? NULL : call_method,
        .context = plan->target,
    };
    build_fail(build, opcua_server_add_method(build->server->opcua, &names, &method), names.node.string);
}

// --- what a variable may be ---

static struct opcua_names standard_property(struct build *build, struct opcua_node owner, const char *name,
                                            struct buffer *path) {
    return (struct opcua_names){
        .node = {.namespace_index = owner.namespace_index,
                 .string = build_path(build, path, owner.string, "/", text_of(name))},
        .parent = owner,
        .browse_name = text_of(name), // OPC UA's own namespace
    };
}

struct opcua_variable_kind build_variable_kind(const struct plant_field *field) {
    bool range = field->range.given, unit = field->unit.length > 0;
    struct opcua_variable_kind kind = {.type = field->type};
    if (field->type == VALUE_BOOL || field->type == VALUE_STRING || field->type == VALUE_NULL) return kind;
    if (range && unit) kind.type_definition = OPCUA_ANALOG_UNIT_RANGE;
    if (range && !unit) kind.type_definition = OPCUA_ANALOG_ITEM;
    if (!range && unit) kind.type_definition = OPCUA_ANALOG_UNIT;
    return kind;
}

void build_field_properties(struct build *build, struct opcua_node variable, const struct plant_field *field) {
    if (build->error || field == NULL) return;
    struct opcua_server *opcua = build->server->opcua;
    CLEANUP(buffer_clear) struct buffer path = {0};
    if (field->range.given) {
        struct opcua_names names = standard_property(build, variable, "EURange", &path);
        build_fail(build, opcua_server_add_property_range(opcua, &names, field->range.low, field->range.high),
                   names.node.string);
    }
    if (field->unit.length > 0) {
        struct opcua_names names = standard_property(build, variable, "EngineeringUnits", &path);
        build_fail(build, opcua_server_add_property_unit(opcua, &names, field->unit, plant_unit_code(field->unit)),
                   names.node.string);
    }
    if (field->name_count > 0) {
        struct opcua_names names = standard_property(build, variable, "EnumStrings", &path);
        build_fail(build, opcua_server_add_property_texts(opcua, &names, field->names, field->name_count),
                   names.node.string);
    }
}
