// Elements of the plant become objects; tags of the program their variables.

#include "build.h"

#include <stdlib.h>
#include <string.h>

// --- properties ---

static void add_property(struct build *build, struct text owner, uint16_t browse_namespace, struct text name,
                         struct text description, const struct value *value) {
    if (build->error) return;
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = build_names(build, build_path(build, &path, owner, "/", name));
    names.browse_namespace = browse_namespace;
    names.description = description;
    build_fail(build, opcua_server_add_property(build->server->opcua, &names, value), names.node.string);
}

static void add_text_property(struct build *build, struct text owner, const char *name, struct text text) {
    if (text.length == 0) return;
    struct value value = {.type = VALUE_STRING, .string = text};
    add_property(build, owner, build->station, text_of(name), TEXT_EMPTY, &value);
}

static void add_seconds_property(struct build *build, struct text owner, const char *name, double time_s) {
    if (time_s <= 0) return;
    struct value value = {.type = VALUE_DOUBLE, .real = time_s};
    add_property(build, owner, build->station, text_of(name), TEXT_EMPTY, &value);
}

static bool read_bool(struct text text, struct value *value) {
    value->boolean = text_is(text, "true") || text_is(text, "1");
    return value->boolean || text_is(text, "false") || text_is(text, "0");
}

static bool read_signed(struct text text, struct value *value) {
    int64_t number;
    if (text_to_i64(text, &number) || number < INT32_MIN || number > INT32_MAX) return false;
    value->int32 = (int32_t)number;
    return true;
}

static bool read_unsigned(struct text text, uint64_t max, uint64_t *ret_number) {
    return !text_to_u64(text, ret_number) && *ret_number <= max;
}

/// As the model writes it; false for what is not of its type, which the model has said as a finding.
static bool read_value(enum value_type type, struct text text, struct value *ret_value) {
    uint64_t number = 0;
    *ret_value = (struct value){.type = type};
    switch (type) {
    case VALUE_BOOL: return read_bool(text, ret_value);
    case VALUE_INT32: return read_signed(text, ret_value);
    case VALUE_UINT16:
        if (!read_unsigned(text, UINT16_MAX, &number)) return false;
        ret_value->uint16 = (uint16_t)number;
        return true;
    case VALUE_UINT32:
        if (!read_unsigned(text, UINT32_MAX, &number)) return false;
        ret_value->uint32 = (uint32_t)number;
        return true;
    case VALUE_DOUBLE: return !text_to_real(text, &ret_value->real);
    case VALUE_STRING: ret_value->string = text; return true;
    case VALUE_NULL: break;
    }
    return false;
}

static void add_parameters(struct build *build, const struct plant_element *element) {
    for (const struct plant_class *class = element->class; class != NULL; class = class->base) {
        uint16_t namespace_index = build_class_namespace(build, class);
        for (size_t i = 0; i < class->parameter_count; i++) {
            const struct plant_field *field = &class->parameters[i];
            struct text written = plant_attribute(element, field->name);
            struct value value;
            if (written.length == 0 || !read_value(field->type, written, &value)) continue;
            add_property(build, element->path, namespace_index, field->name, field->description, &value);
        }
    }
}

// --- objects ---

static void add_object(struct build *build, const struct opcua_names *names, struct opcua_node type) {
    if (build->error) return;
    build_fail(build, opcua_server_add_object(build->server->opcua, names, &type), names->node.string);
}

static void add_element_methods(struct build *build, const struct plant_element *element) {
    uint32_t module = program_module_of(build->program, element);
    if (module == SCAN_NO_MODULE) return;
    for (const struct plant_class *class = element->class; class != NULL; class = class->base) {
        for (size_t i = 0; i < class->method_count && !build->error; i++) {
            const struct plant_method *method = &class->methods[i];
            int index = program_method(build->program, module, method->name);
            if (index < 0) continue;
            bool reason = build_is_commanding(method->input_count, method->output_count);
            struct method_plan plan = {
                .parent = build_instance(build, element->path),
                .parent_path = element->path,
                .browse_namespace = build_class_namespace(build, class),
                .name = method->name,
                .description = method->description,
                .plant = method,
                .reason = reason,
                .target = call_target_create(build->server, module, (uint16_t)index, reason),
            };
            if (plan.target == NULL) build_fail(build, ERROR_NO_MEMORY, element->path);
            build_method(build, &plan);
        }
    }
}

static void add_element(struct build *build, const struct plant_element *element) {
    CLEANUP(buffer_clear) struct buffer type_name = {0};
    struct opcua_names names = build_names(build, element->path);
    if (element->parent == NULL) names.parent = OPCUA_OBJECTS_FOLDER;
    names.display_name = element->display_name;
    names.display_name_de = element->display_name_de;
    names.description = element->description;
    add_object(build, &names, build_type(build, element->class, &type_name));
    add_text_property(build, element->path, "ID", element->id);
    add_text_property(build, element->path, "Bmk", plant_attribute(element, TEXT("Bmk")));
    add_parameters(build, element);
    if (element->kind != PLANT_OTHER && element->kind != PLANT_IO_MODULE && !build->error)
        build_fail(build, opcua_server_set_notifier(build->server->opcua, &names.node), element->path);
    add_element_methods(build, element);
}

/// Folders between an object and a variable further below; what is there already stays.
static void add_folders(struct build *build, struct text top, struct text path) {
    if (build->error || path.length <= top.length || map_get(build->folders, path) != NULL) return;
    add_folders(build, top, build_parent(path));
    struct opcua_names names = build_names(build, path);
    add_object(build, &names, OPCUA_FOLDER_TYPE);
    build_fail(build, map_set(build->folders, path, build), path);
}

// --- variables ---

static void add_variable(struct build *build, const struct opcua_names *names, enum value_type type,
                         struct opcua_variable **ret_variable) {
    if (build->error) return;
    build_fail(build, opcua_server_add_variable(build->server->opcua, names, type, ret_variable), names->node.string);
}

static void add_signal(struct build *build, uint32_t tag) {
    const struct program_tag *description = program_tag(build->program, tag);
    const struct plant_signal *signal = description->signal;
    add_folders(build, signal->module->path, build_parent(description->path));
    struct opcua_names names = build_names(build, description->path);
    add_variable(build, &names, description->type, &build->server->variables[tag]);
    build_field_properties(build, names.node, &signal->field);
    add_seconds_property(build, description->path, "MaxAge", signal->field.max_age_s);
    if (!signal->actuator) return;
    add_text_property(build, description->path, "OnTrue", signal->on_true);
    add_text_property(build, description->path, "OnFalse", signal->on_false);
    add_text_property(build, description->path, "OnValue", signal->on_value);
    add_seconds_property(build, description->path, "TimeToLive", signal->time_to_live_s);
}

/// Where the channel's wire ends, below the station: "mps_conveyor/motor/direction/right/state"; empty when it is free.
static void add_channel_name(struct build *build, const struct plant_channel *channel, struct text channel_path) {
    CLEANUP(buffer_clear) struct buffer path = {0}, wire = {0};
    struct opcua_names names = build_names(build, build_path(build, &path, channel_path, "/", TEXT("Name")));
    struct opcua_variable *variable = NULL;
    add_variable(build, &names, VALUE_STRING, &variable);
    if (build->error) return;
    struct opcua_data data = {.value = {.type = VALUE_STRING}};
    if (channel->signal != NULL) {
        size_t station = build->plant->station->path.length + 1;
        data.value.string = build_path(build, &wire, text_from(channel->signal->module->path, station), "/",
                                       channel->signal->twin_path);
    }
    build_fail(build, opcua_server_write(build->server->opcua, variable, &data), names.node.string);
    pins_add_channel(build, channel, channel_path, variable);
}

static void add_channel(struct build *build, uint32_t tag) {
    const struct program_tag *description = program_tag(build->program, tag);
    struct text channel_path = build_parent(description->path);
    struct opcua_names names = build_names(build, channel_path);
    names.description = description->channel->description;
    CLEANUP(buffer_clear) struct buffer type = {0};
    struct text type_name = description->channel->output ? TEXT("OutputChannel") : TEXT("InputChannel");
    add_object(build, &names, build_own_type(build, type_name, NULL, &type));
    add_channel_name(build, description->channel, channel_path);
    names = build_names(build, description->path);
    add_variable(build, &names, description->type, &build->server->variables[tag]);
}

static const struct plant_class *class_with_variable(const struct plant_element *element, struct text name) {
    const struct plant_class *class = element == NULL ? NULL : element->class;
    for (; class != NULL; class = class->base)
        for (size_t i = 0; i < class->variable_count; i++)
            if (text_equal(class->variables[i].name, name)) return class;
    return NULL;
}

static void add_module_variable(struct build *build, uint32_t tag) {
    const struct program_tag *description = program_tag(build->program, tag);
    const struct program_module *module = program_module(build->program, description->module);
    const struct plant_class *class = class_with_variable(module->element, description->name);
    const struct plant_field *field = class == NULL ? NULL : plant_class_variable(class, description->name);
    struct opcua_names names = build_names(build, description->path);
    if (class != NULL) names.browse_namespace = build_class_namespace(build, class);
    if (field != NULL) names.description = field->description;
    struct opcua_variable_kind kind = {.type = description->type};
    if (field != NULL) kind = build_variable_kind(field);
    if (!build->error)
        build_fail(build,
                   opcua_server_add_variable_of(build->server->opcua, &names, &kind, &build->server->variables[tag]),
                   names.node.string);
    build_field_properties(build, names.node, field);
    if (field != NULL) add_seconds_property(build, description->path, "MaxAge", field->max_age_s);
}

static void add_tag(struct build *build, uint32_t tag) {
    if (tag == build->server->holder) return; // shown as LockingClient and LockingUser
    switch (program_tag(build->program, tag)->kind) {
    case PROGRAM_SIGNAL: add_signal(build, tag); break;
    case PROGRAM_CHANNEL: add_channel(build, tag); break;
    case PROGRAM_VARIABLE:
        if (program_tag(build->program, tag)->module == program_lock(build->program))
            lock_variable(build, tag);
        else
            add_module_variable(build, tag);
        break;
    }
}

// --- modules that are no elements: the lock and the simulation ---

void build_module_methods(struct build *build, uint32_t module, uint16_t browse_namespace, size_t count) {
    const struct program_module *description = program_module(build->program, module);
    for (size_t i = 0; i < count && !build->error; i++) {
        const struct scan_method *method = &description->kind->methods[i];
        bool reason =
            method->access != SCAN_AUTHORITY && build_is_commanding(method->input_count, method->output_count);
        struct method_plan plan = {
            .parent = build_instance(build, description->path),
            .parent_path = description->path,
            .browse_namespace = browse_namespace,
            .name = text_of(method->name),
            .scan = method,
            .reason = reason,
            .target = call_target_create(build->server, module, (uint16_t)i, reason),
        };
        if (plan.target == NULL) build_fail(build, ERROR_NO_MEMORY, description->path);
        build_method(build, &plan);
    }
}

static void add_own_module(struct build *build, uint32_t module, struct text type_name,
                           const struct plant_class *type_parent, size_t method_count) {
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    struct opcua_node type = build_own_type(build, type_name, type_parent, &buffer);
    struct opcua_names names = build_names(build, program_module(build->program, module)->path);
    add_object(build, &names, type);
    build_module_methods(build, module, build->station, method_count);
}

static void add_simulation(struct build *build) {
    uint32_t module = program_simulation(build->program);
    if (module == SCAN_NO_MODULE) return;
    add_own_module(build, module, TEXT("Simulation"), plant_find_class(build->plant, TEXT("Thing")),
                   program_module(build->program, module)->kind->method_count);
}

static void build_all(struct build *build) {
    companion_types(build);
    for (size_t i = 0; i < build->plant->element_count && !build->error; i++)
        add_element(build, build->plant->elements[i]);
    companion_identification(build, build->plant->controller);
    lock_build(build);
    forcing_build(build);
    pins_build(build);
    diagnostics_build(build);
    add_simulation(build);
    for (uint32_t tag = 0; tag < program_tag_count(build->program) && !build->error; tag++) add_tag(build, tag);
    event_types_build(build);
    namespaces_describe(build);
}

enum error address_space_build(struct server *server, struct problem *ret_problem) {
    struct build build = {
        .server = server,
        .plant = server->options.plant,
        .program = server->options.program,
        .types = map_create(),
        .folders = map_create(),
        .problem = ret_problem,
    };
    CLEANUP(free_at) char *uri = text_copy(build.plant->namespace_uri);
    if (uri != NULL) build.station = opcua_server_namespace(server->opcua, uri);
    if (build.types == NULL || build.folders == NULL || build.station == 0)
        build_fail(&build, ERROR_NO_MEMORY, build.plant->station->path);
    else
        build_all(&build);
    map_destroy(build.types);
    map_destroy(build.folders);
    return build.error;
}
