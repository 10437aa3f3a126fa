#include "nodeset.h"

#include "formats.h"

#include <stdio.h>

static struct place instance(struct text path) {
    return (struct place){.namespace_index = STATION_NAMESPACE, .path = path};
}

static struct text parent_path(struct text path) {
    while (path.length > 0 && path.data[path.length - 1] != '/') path.length--;
    if (path.length > 0) path.length--;
    return path;
}

static struct text last_name(struct text path) {
    size_t parent = parent_path(path).length;
    return text_from(path, parent == 0 ? 0 : parent + 1);
}

// ---------------------------------------------------------------- properties

void nodeset_put_property(struct nodeset *nodeset, struct place owner, unsigned browse_namespace, struct text name,
                          const struct node *kind, struct buffer *value) {
    nodeset->failed = nodeset->failed || value->failed;
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct node node = *kind;
    node.tag = "UAVariable";
    node.id = nodeset_below(nodeset, owner, name, &path);
    node.parent = owner;
    node.reference = NODE_HAS_PROPERTY;
    node.type = STANDARD_NODE(NODE_PROPERTY_TYPE);
    node.browse_namespace = browse_namespace;
    node.browse_name = name;
    node.value = buffer_view(value);
    nodeset_put(nodeset, &node);
}

static void put_text_property(struct nodeset *nodeset, struct place owner, const char *name, struct text text) {
    if (text.length == 0) return;
    CLEANUP(buffer_clear) struct buffer value = {0};
    nodeset_put_value(&value, VALUE_STRING, text);
    nodeset_put_property(nodeset, owner, STATION_NAMESPACE, text_of(name),
                         &(struct node){.data_type = nodeset_data_type(VALUE_STRING)}, &value);
}

static void put_seconds_property(struct nodeset *nodeset, struct place owner, const char *name, double time_s) {
    if (time_s <= 0) return;
    char text[32];
    snprintf(text, sizeof text, "%.17g", time_s);
    CLEANUP(buffer_clear) struct buffer value = {0};
    if (!nodeset_put_value(&value, VALUE_DOUBLE, text_of(text))) return;
    nodeset_put_property(nodeset, owner, STATION_NAMESPACE, text_of(name),
                         &(struct node){.data_type = nodeset_data_type(VALUE_DOUBLE)}, &value);
}

static void put_parameters(struct nodeset *nodeset, const struct plant_element *element) {
    for (const struct plant_class *class = element->class; class != NULL; class = class->base) {
        for (size_t i = 0; i < class->parameter_count; i++) {
            const struct plant_field *field = &class->parameters[i];
            struct text text = plant_attribute(element, field->name);
            CLEANUP(buffer_clear) struct buffer value = {0};
            if (text.length == 0 || !nodeset_put_value(&value, field->type, text)) continue;
            nodeset_put_property(
                nodeset, instance(element->path), nodeset_namespace(nodeset, class->library), field->name,
                &(struct node){.description = field->description, .data_type = nodeset_data_type(field->type)}, &value);
        }
    }
}

struct place nodeset_variable_type(const struct plant_field *field) {
    bool range = field->range.given, unit = field->unit.length > 0;
    bool number = field->type != VALUE_BOOL && field->type != VALUE_STRING;
    if (number && range && unit) return STANDARD_NODE(NODE_ANALOG_UNIT_RANGE_TYPE);
    if (number && range) return STANDARD_NODE(NODE_ANALOG_ITEM_TYPE);
    if (number && unit) return STANDARD_NODE(NODE_ANALOG_UNIT_TYPE);
    return STANDARD_NODE(NODE_BASE_DATA_VARIABLE_TYPE);
}

void nodeset_put_field(struct nodeset *nodeset, struct place variable, const struct plant_field *field,
                       bool declaration) {
    CLEANUP(buffer_clear) struct buffer value = {0};
    if (field->range.given) {
        nodeset_put_range(&value, field->range.low, field->range.high);
        nodeset_put_property(nodeset, variable, 0, TEXT("EURange"),
                             &(struct node){.data_type = NODE_RANGE, .declaration = declaration}, &value);
    }
    if (field->unit.length > 0) {
        buffer_reset(&value);
        nodeset_put_unit(&value, field->unit);
        nodeset_put_property(nodeset, variable, 0, TEXT("EngineeringUnits"),
                             &(struct node){.data_type = NODE_EU_INFORMATION, .declaration = declaration}, &value);
    }
    if (field->name_count > 0) {
        buffer_reset(&value);
        nodeset_put_names(&value, field->names, field->name_count);
        nodeset_put_property(nodeset, variable, 0, TEXT("EnumStrings"),
                             &(struct node){.data_type = NODE_LOCALIZED_TEXT, .list = true, .declaration = declaration},
                             &value);
    }
}

// ---------------------------------------------------------------- variables

struct variable {
    struct place id, parent;
    unsigned browse_namespace;
    struct text name, description;
    enum value_type type;
    const struct plant_field *field; // range and unit; NULL: none
    struct text value;               // XML, of what never changes
};

static void put_variable(struct nodeset *nodeset, const struct variable *variable) {
    nodeset_put(nodeset, &(struct node){.tag = "UAVariable",
                                        .id = variable->id,
                                        .parent = variable->parent,
                                        .reference = NODE_HAS_COMPONENT,
                                        .type = variable->field == NULL ? STANDARD_NODE(NODE_BASE_DATA_VARIABLE_TYPE)
                                                                        : nodeset_variable_type(variable->field),
                                        .live = true,
                                        .browse_namespace = variable->browse_namespace,
                                        .browse_name = variable->name,
                                        .description = variable->description,
                                        .data_type = nodeset_data_type(variable->type),
                                        .value = variable->value});
}

/// Objects of type FolderType between a module and a signal further below.
static void put_folders(struct nodeset *nodeset, struct text top, struct text path) {
    if (nodeset->failed || path.length <= top.length || map_get(nodeset->folders, path) != NULL) return;
    put_folders(nodeset, top, parent_path(path));
    if (map_set(nodeset->folders, path, nodeset)) nodeset->failed = true;
    nodeset_put(nodeset, &(struct node){.tag = "UAObject",
                                        .id = instance(path),
                                        .parent = instance(parent_path(path)),
                                        .reference = NODE_HAS_COMPONENT,
                                        .type = STANDARD_NODE(NODE_FOLDER_TYPE),
                                        .browse_namespace = STATION_NAMESPACE,
                                        .browse_name = last_name(path)});
}

static void put_signal(struct nodeset *nodeset, const struct plant_signal *signal) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct place id = nodeset_below(nodeset, instance(signal->module->path), signal->twin_path, &path);
    put_folders(nodeset, signal->module->path, parent_path(id.path));
    put_variable(nodeset, &(struct variable){.id = id,
                                             .parent = instance(parent_path(id.path)),
                                             .browse_namespace = STATION_NAMESPACE,
                                             .name = last_name(id.path),
                                             .type = signal->field.type});
    nodeset_put_field(nodeset, id, &signal->field, false);
    put_seconds_property(nodeset, id, "MaxAge", signal->field.max_age_s);
    if (!signal->actuator) return;
    put_text_property(nodeset, id, "OnTrue", signal->on_true);
    put_text_property(nodeset, id, "OnFalse", signal->on_false);
    put_text_property(nodeset, id, "OnValue", signal->on_value);
    put_seconds_property(nodeset, id, "TimeToLive", signal->time_to_live_s);
}

// ---------------------------------------------------------------- channels

static enum value_type channel_type(const struct plant_channel *channel) {
    if (channel->bits == 1) return VALUE_BOOL;
    if (channel->encoding == ENCODING_FLOAT) return VALUE_DOUBLE;
    if (channel->encoding == ENCODING_SIGNED) return VALUE_INT32;
    return channel->bits <= 16 ? VALUE_UINT16 : VALUE_UINT32;
}

/// Where the wire ends, below the station.
static void put_wire(struct nodeset *nodeset, const struct plant_channel *channel, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer wire = {0};
    if (channel->signal != NULL) {
        buffer_text(&wire, path_in_station(nodeset->plant, channel->signal->module));
        buffer_byte(&wire, '/');
        buffer_text(&wire, channel->signal->twin_path);
    }
    nodeset_put_value(out, VALUE_STRING, buffer_view(&wire));
    nodeset->failed = nodeset->failed || wire.failed || out->failed;
}

static void put_channel(struct nodeset *nodeset, const struct plant_channel *channel) {
    CLEANUP(buffer_clear) struct buffer path = {0}, type = {0}, below = {0}, wire = {0};
    struct place id = nodeset_below(nodeset, instance(channel->module->path), channel->name, &path);
    struct text type_name = channel->output ? TEXT("OutputChannel") : TEXT("InputChannel");
    nodeset_put(nodeset, &(struct node){.type = nodeset_own_type(nodeset, type_name, NULL, &type),
                                        .tag = "UAObject",
                                        .id = id,
                                        .parent = instance(channel->module->path),
                                        .reference = NODE_HAS_COMPONENT,
                                        .browse_namespace = STATION_NAMESPACE,
                                        .browse_name = channel->name,
                                        .description = channel->description});
    put_wire(nodeset, channel, &wire);
    put_variable(nodeset, &(struct variable){.id = nodeset_below(nodeset, id, TEXT("Name"), &below),
                                             .parent = id,
                                             .browse_namespace = STATION_NAMESPACE,
                                             .name = TEXT("Name"),
                                             .type = VALUE_STRING,
                                             .value = buffer_view(&wire)});
    put_variable(nodeset, &(struct variable){.id = nodeset_below(nodeset, id, TEXT("Value"), &below),
                                             .parent = id,
                                             .browse_namespace = STATION_NAMESPACE,
                                             .name = TEXT("Value"),
                                             .type = channel_type(channel)});
    nodeset_put_property(
        nodeset, id, STATION_NAMESPACE, TEXT("Draft"),
        &(struct node){.data_type = nodeset_data_type(VALUE_STRING),
                       .draft = true,
                       .description = TEXT("the signal that this channel is to have, below the station; empty: none")},
        &wire);
}

// ---------------------------------------------------------------- elements

static void put_members(struct nodeset *nodeset, const struct plant_element *element) {
    for (const struct plant_class *class = element->class; class != NULL; class = class->base) {
        unsigned library = nodeset_namespace(nodeset, class->library);
        for (size_t i = 0; i < class->method_count; i++) {
            struct method method = nodeset_class_method(instance(element->path), library, &class->methods[i]);
            nodeset_put_method(nodeset, &method);
        }
        for (size_t i = 0; i < class->variable_count; i++) {
            const struct plant_field *field = &class->variables[i];
            CLEANUP(buffer_clear) struct buffer path = {0};
            struct place id = nodeset_below(nodeset, instance(element->path), field->name, &path);
            put_variable(nodeset, &(struct variable){.id = id,
                                                     .parent = instance(element->path),
                                                     .browse_namespace = library,
                                                     .name = field->name,
                                                     .description = field->description,
                                                     .field = field,
                                                     .type = field->type});
            nodeset_put_field(nodeset, id, field, false);
            put_seconds_property(nodeset, id, "MaxAge", field->max_age_s);
        }
    }
}

static void put_element(struct nodeset *nodeset, const struct plant_element *element) {
    CLEANUP(buffer_clear) struct buffer type = {0};
    bool top = element->parent == NULL;
    nodeset_put(nodeset,
                &(struct node){.type = nodeset_type(nodeset, element->class, &type),
                               .tag = "UAObject",
                               .id = instance(element->path),
                               .parent = top ? STANDARD_NODE(NODE_OBJECTS_FOLDER) : instance(element->parent->path),
                               .reference = top ? NODE_ORGANIZES : NODE_HAS_COMPONENT,
                               .browse_namespace = STATION_NAMESPACE,
                               .browse_name = element->name,
                               .display_name = element->display_name,
                               .display_name_de = element->display_name_de,
                               .description = element->description});
    put_text_property(nodeset, instance(element->path), "ID", element->id);
    put_text_property(nodeset, instance(element->path), "Bmk", plant_attribute(element, TEXT("Bmk")));
    put_parameters(nodeset, element);
    if (has_members(nodeset->plant, element)) put_members(nodeset, element);
    for (size_t i = 0; i < element->signal_count; i++) put_signal(nodeset, element->signals[i]);
    for (size_t i = 0; i < element->channel_count; i++) put_channel(nodeset, element->channels[i]);
}

// ---------------------------------------------------------------- what is no element of the model

/// docs/spec/opcua.md, "The simulation". Its members are the driver's, not those of a type.
static void put_simulation(struct nodeset *nodeset) {
    const struct plant *plant = nodeset->plant;
    CLEANUP(buffer_clear) struct buffer name = {0}, path = {0}, below = {0}, type = {0};
    put_simulation_name(plant, &name);
    struct place id = nodeset_below(nodeset, instance(plant->station->path), buffer_view(&name), &path);
    const struct plant_class *thing = plant_find_class(plant, TEXT("Thing"));
    nodeset_put(nodeset, &(struct node){.type = nodeset_own_type(nodeset, TEXT("Simulation"), thing, &type),
                                        .tag = "UAObject",
                                        .id = id,
                                        .parent = instance(plant->station->path),
                                        .reference = NODE_HAS_COMPONENT,
                                        .browse_namespace = STATION_NAMESPACE,
                                        .browse_name = buffer_view(&name)});
    const struct plant_class *class = plant_find_class(plant, TEXT("Simulation"));
    for (size_t i = 0; class != NULL && i < class->method_count; i++) {
        struct method method = nodeset_class_method(id, STATION_NAMESPACE, &class->methods[i]);
        method.description = TEXT_EMPTY; // the driver's methods have none
        for (size_t at = 0; at < method.input_count; at++) method.inputs[at].description = TEXT_EMPTY;
        for (size_t at = 0; at < class->methods[i].output_count; at++) method.outputs[at].description = TEXT_EMPTY;
        nodeset_put_method(nodeset, &method);
    }
    for (size_t i = 0; class != NULL && i < class->variable_count; i++) {
        const struct plant_field *field = &class->variables[i];
        put_variable(nodeset, &(struct variable){.id = nodeset_below(nodeset, id, field->name, &below),
                                                 .parent = id,
                                                 .browse_namespace = STATION_NAMESPACE,
                                                 .name = field->name,
                                                 .type = field->type});
    }
}

// ---------------------------------------------------------------- the document

/// Of other specifications, which are loaded before.
static bool is_foreign(struct text name) {
    return text_equal(name, DI_URI) || text_equal(name, MACHINERY_URI);
}

static void put_uri(struct buffer *out, struct text name) {
    if (!is_foreign(name)) buffer_string(out, "urn:serverless-plc:lib:");
    markup_text(out, name);
}

static void put_model(const struct nodeset *nodeset, struct buffer *out, const struct text *library) {
    buffer_string(out, "    <Model ModelUri=\"");
    if (library != NULL)
        put_uri(out, *library);
    else
        markup_text(out, nodeset->plant->namespace_uri);
    buffer_byte(out, '"');
    if (nodeset->plant->version.length > 0) markup_attribute(out, "Version", nodeset->plant->version);
    buffer_string(out, ">\n      <RequiredModel ModelUri=\"http://opcfoundation.org/UA/\"/>\n");
    for (size_t i = 0; library == NULL && i < nodeset->namespace_count; i++) {
        buffer_string(out, "      <RequiredModel ModelUri=\"");
        put_uri(out, nodeset->namespaces[i]);
        buffer_string(out, "\"/>\n");
    }
    buffer_string(out, "    </Model>\n");
}

static void put_head(const struct nodeset *nodeset, struct buffer *out) {
    buffer_string(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                       "<UANodeSet xmlns=\"http://opcfoundation.org/UA/2011/03/UANodeSet.xsd\">\n"
                       "  <NamespaceUris>\n    <Uri>");
    markup_text(out, nodeset->plant->namespace_uri);
    buffer_string(out, "</Uri>\n");
    for (size_t i = 0; i < nodeset->namespace_count; i++) {
        buffer_string(out, "    <Uri>");
        put_uri(out, nodeset->namespaces[i]);
        buffer_string(out, "</Uri>\n");
    }
    buffer_string(out, "  </NamespaceUris>\n  <Models>\n");
    for (size_t i = 0; i < nodeset->namespace_count; i++)
        if (!is_foreign(nodeset->namespaces[i])) put_model(nodeset, out, &nodeset->namespaces[i]);
    put_model(nodeset, out, NULL);
    buffer_string(out, "  </Models>\n");
}

static void put_all(struct nodeset *nodeset, bool simulated) {
    const struct plant *plant = nodeset->plant;
    for (size_t i = 0; i < plant->element_count && !nodeset->failed; i++) put_element(nodeset, plant->elements[i]);
    nodeset_put_own(nodeset);
    nodeset_put_identification(nodeset, plant->controller);
    if (simulated) put_simulation(nodeset);
    nodeset_put_events(nodeset);
}

enum error nodeset_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                         struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer nodes = {0};
    struct nodeset nodeset = {.plant = plant, .out = &nodes, .types = map_create(), .folders = map_create()};
    bool good = nodeset.types != NULL && nodeset.folders != NULL;
    if (good) put_all(&nodeset, options->simulated);
    map_destroy(nodeset.types);
    map_destroy(nodeset.folders);
    if (nodeset.namespace_count == NAMESPACES_MAX && nodeset.failed)
        return problem_say(ret_problem, ERROR_TOO_LARGE,
                           "the classes of the plant are from more than %d libraries; put some of them together",
                           NAMESPACES_MAX);
    if (!good || nodeset.failed || nodes.failed)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    put_head(&nodeset, out);
    buffer_text(out, buffer_view(&nodes));
    buffer_string(out, "</UANodeSet>\n");
    return written(out, ret_problem);
}
