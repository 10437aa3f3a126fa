// Types, objects, variables, properties; values.

#include "history.h"
#include "server_internal.h"

#include <stdlib.h>
#include <string.h>

enum error server_node_error(UA_StatusCode status) {
    switch (status) {
    case UA_STATUSCODE_GOOD: return ERROR_NONE;
    case UA_STATUSCODE_BADNODEIDEXISTS:
    case UA_STATUSCODE_BADBROWSENAMEDUPLICATED: return ERROR_EXISTS;
    case UA_STATUSCODE_BADPARENTNODEIDINVALID:
    case UA_STATUSCODE_BADTYPEDEFINITIONINVALID:
    case UA_STATUSCODE_BADNODEIDUNKNOWN: return ERROR_NOT_FOUND;
    case UA_STATUSCODE_BADOUTOFMEMORY: return ERROR_NO_MEMORY;
    default: return ERROR_INVALID;
    }
}

struct node_parts server_parts(const struct opcua_names *names, UA_UInt32 reference) {
    struct text display_name = names->display_name.length > 0 ? names->display_name : names->browse_name;
    return (struct node_parts){
        .id = ua_node(&names->node),
        .parent = ua_node(&names->parent),
        .reference = UA_NODEID_NUMERIC(0, reference),
        .browse_name = {names->browse_namespace, ua_text(names->browse_name)},
        .display_name = ua_localized("en", display_name),
        .description = ua_localized("en", names->description),
    };
}

/// Members of a declaration are declarations: the range of a type's variable, the arguments of its method.
static bool has_modelling_rule(struct opcua_server *server, const struct opcua_names *names) {
    UA_BrowseDescription rule = {.nodeId = ua_node(&names->parent),
                                 .browseDirection = UA_BROWSEDIRECTION_FORWARD,
                                 .referenceTypeId = UA_NODEID_NUMERIC(0, UA_NS0ID_HASMODELLINGRULE)};
    UA_BrowseResult result = UA_Server_browse(server->ua, 1, &rule);
    bool found = result.referencesSize > 0;
    UA_BrowseResult_clear(&result);
    return found;
}

static bool is_below_type(struct opcua_server *server, const struct opcua_names *names) {
    UA_NodeClass parent_class;
    UA_StatusCode status = UA_Server_readNodeClass(server->ua, ua_node(&names->parent), &parent_class);
    if (status != UA_STATUSCODE_GOOD) return false;
    return parent_class == UA_NODECLASS_OBJECTTYPE || has_modelling_rule(server, names);
}

enum error server_complete_node(struct opcua_server *server, const struct opcua_names *names) {
    UA_StatusCode status = UA_STATUSCODE_GOOD;
    UA_NodeId id = ua_node(&names->node);
    if (names->display_name_de.length > 0)
        status = UA_Server_writeDisplayName(server->ua, id, ua_localized("de", names->display_name_de));
    if (status == UA_STATUSCODE_GOOD && is_below_type(server, names))
        status =
            UA_Server_addReference(server->ua, id, UA_NODEID_NUMERIC(0, UA_NS0ID_HASMODELLINGRULE),
                                   UA_EXPANDEDNODEID_NUMERIC(0, names->optional ? UA_NS0ID_MODELLINGRULE_OPTIONAL
                                                                                : UA_NS0ID_MODELLINGRULE_MANDATORY),
                                   true);
    return server_node_error(status);
}

uint16_t opcua_server_namespace(struct opcua_server *server, const char *uri) {
    return UA_Server_addNamespace(server->ua, uri);
}

// --- types and objects ---

enum error opcua_server_add_object_type(struct opcua_server *server, const struct opcua_names *names) {
    struct node_parts parts = server_parts(names, UA_NS0ID_HASSUBTYPE);
    UA_ObjectTypeAttributes attributes = UA_ObjectTypeAttributes_default;
    attributes.displayName = parts.display_name;
    attributes.description = parts.description;
    UA_StatusCode status = UA_Server_addObjectTypeNode(server->ua, parts.id, parts.parent, parts.reference,
                                                       parts.browse_name, attributes, NULL, NULL);
    return server_node_error(status); // a type below a type is no member of it: it has no modelling rule
}

static enum error remember_unfinished(struct opcua_server *server, const UA_NodeId *id) {
    if (server->unfinished_count == server->unfinished_capacity) {
        size_t capacity = server->unfinished_capacity == 0 ? 64 : server->unfinished_capacity * 2;
        UA_NodeId *more = realloc(server->unfinished, capacity * sizeof *more);
        if (more == NULL) return ERROR_NO_MEMORY;
        server->unfinished = more;
        server->unfinished_capacity = capacity;
    }
    UA_StatusCode status = UA_NodeId_copy(id, &server->unfinished[server->unfinished_count]);
    if (status != UA_STATUSCODE_GOOD) return ERROR_NO_MEMORY;
    server->unfinished_count++;
    return ERROR_NONE;
}

enum error opcua_server_add_object(struct opcua_server *server, const struct opcua_names *names,
                                   const struct opcua_node *type) {
    bool top = names->parent.string.length == 0 && names->parent.numeric == OPCUA_OBJECTS_FOLDER.numeric;
    UA_UInt32 reference = top ? UA_NS0ID_ORGANIZES : UA_NS0ID_HASCOMPONENT;
    struct node_parts parts = server_parts(names, names->reference != 0 ? names->reference : reference);
    UA_ObjectAttributes attributes = UA_ObjectAttributes_default;
    attributes.displayName = parts.display_name;
    attributes.description = parts.description;
    UA_StatusCode status = UA_Server_addNode_begin(server->ua, UA_NODECLASS_OBJECT, parts.id, parts.parent,
                                                   parts.reference, parts.browse_name, ua_node(type), &attributes,
                                                   &UA_TYPES[UA_TYPES_OBJECTATTRIBUTES], NULL, NULL);
    if (status != UA_STATUSCODE_GOOD) return server_node_error(status);
    enum error error = remember_unfinished(server, &parts.id);
    if (!error) error = server_complete_node(server, names);
    return error;
}

// --- variables ---

struct opcua_variable *server_keep_variable(struct opcua_server *server, const struct opcua_names *names,
                                            enum value_type type) {
    struct text path = names->node.string;
    struct opcua_variable *variable = server_own(server, sizeof *variable + path.length);
    if (variable == NULL) return NULL;
    char *copy = (char *)(variable + 1);
    if (path.length > 0) memcpy(copy, path.data, path.length);
    struct opcua_node node = names->node;
    node.string.data = copy;
    variable->id = ua_node(&node);
    variable->type = type;
    return variable;
}

static enum error write_data(struct opcua_server *server, struct opcua_variable *variable, struct value value,
                             status_code status, int64_t source_time_ns) {
    UA_String string;
    UA_DataValue data = {.hasStatus = true, .status = status};
    ua_variant(&value, &string, &data.value);
    if (variable->duration && value.type == VALUE_DOUBLE) data.value.type = &UA_TYPES[UA_TYPES_DURATION];
    data.hasValue = value.type != VALUE_NULL;
    data.hasSourceTimestamp = source_time_ns != 0;
    data.sourceTimestamp = ua_time(source_time_ns);
    return server_node_error(UA_Server_writeDataValue(server->ua, variable->id, data));
}

enum error opcua_server_write(struct opcua_server *server, struct opcua_variable *variable,
                              const struct opcua_data *data) {
    if (data->value.type != variable->type && data->value.type != VALUE_NULL) return ERROR_INVALID;
    if (variable->history != NULL && data->source_time_ns != 0) history_record(variable->history, data);
    return write_data(server, variable, data->value, data->status, data->source_time_ns);
}

static enum error add_variable_node(struct opcua_server *server, const struct opcua_names *names,
                                    const struct opcua_variable_kind *kind, struct opcua_variable *variable) {
    struct node_parts parts = server_parts(names, kind->property ? UA_NS0ID_HASPROPERTY : UA_NS0ID_HASCOMPONENT);
    struct value zero = {.type = kind->type};
    UA_UInt32 type_definition = kind->property ? UA_NS0ID_PROPERTYTYPE : UA_NS0ID_BASEDATAVARIABLETYPE;
    if (kind->type_definition != 0) type_definition = (UA_UInt32)kind->type_definition;
    UA_String string;
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = parts.display_name;
    attributes.description = parts.description;
    attributes.valueRank = UA_VALUERANK_SCALAR;
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ;
    attributes.historizing = variable != NULL && variable->history != NULL;
    if (attributes.historizing) attributes.accessLevel |= UA_ACCESSLEVELMASK_HISTORYREAD;
    ua_variant(&zero, &string, &attributes.value);
    if (kind->duration) attributes.value.type = &UA_TYPES[UA_TYPES_DURATION];
    attributes.dataType = attributes.value.type->typeId;
    UA_StatusCode status = UA_Server_addNode_begin(
        server->ua, UA_NODECLASS_VARIABLE, parts.id, parts.parent, parts.reference, parts.browse_name,
        UA_NODEID_NUMERIC(0, type_definition), &attributes, &UA_TYPES[UA_TYPES_VARIABLEATTRIBUTES], variable, NULL);
    if (status != UA_STATUSCODE_GOOD) return server_node_error(status);
    enum error error = kind->type_definition != 0 ? remember_unfinished(server, &parts.id)
                                                  : server_node_error(UA_Server_addNode_finish(server->ua, parts.id));
    return error ? error : server_complete_node(server, names);
}

enum error opcua_server_add_variable_of(struct opcua_server *server, const struct opcua_names *names,
                                        const struct opcua_variable_kind *kind, struct opcua_variable **ret_variable) {
    if (ret_variable == NULL) return add_variable_node(server, names, kind, NULL);
    struct opcua_variable *variable = server_keep_variable(server, names, kind->type);
    if (variable == NULL || !server_historize(server, variable)) return ERROR_NO_MEMORY;
    variable->duration = kind->duration;
    enum error error = add_variable_node(server, names, kind, variable);
    if (error) return error;
    struct value zero = {.type = kind->type};
    error = write_data(server, variable, zero, STATUS_BadWaitingForInitialData, 0);
    if (!error) *ret_variable = variable;
    return error;
}

enum error opcua_server_add_variable(struct opcua_server *server, const struct opcua_names *names, enum value_type type,
                                     struct opcua_variable **ret_variable) {
    return opcua_server_add_variable_of(server, names, &(struct opcua_variable_kind){.type = type}, ret_variable);
}

// --- properties ---

enum error server_add_property(struct opcua_server *server, const struct opcua_names *names, UA_Variant value) {
    struct node_parts parts = server_parts(names, UA_NS0ID_HASPROPERTY);
    UA_UInt32 dimension = 0; // any length
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = parts.display_name;
    attributes.description = parts.description;
    attributes.dataType = value.type->typeId;
    attributes.valueRank = UA_Variant_isScalar(&value) ? UA_VALUERANK_SCALAR : UA_VALUERANK_ONE_DIMENSION;
    attributes.arrayDimensionsSize = UA_Variant_isScalar(&value) ? 0 : 1;
    attributes.arrayDimensions = UA_Variant_isScalar(&value) ? NULL : &dimension;
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ;
    attributes.value = value;
    UA_StatusCode status =
        UA_Server_addVariableNode(server->ua, parts.id, parts.parent, parts.reference, parts.browse_name,
                                  UA_NODEID_NUMERIC(0, UA_NS0ID_PROPERTYTYPE), attributes, NULL, NULL);
    if (status != UA_STATUSCODE_GOOD) return server_node_error(status);
    return server_complete_node(server, names);
}

enum error opcua_server_add_property(struct opcua_server *server, const struct opcua_names *names,
                                     const struct value *value) {
    struct value copy = *value;
    UA_String string;
    UA_Variant variant;
    if (ua_type(value->type) == NULL) return ERROR_INVALID;
    ua_variant(&copy, &string, &variant);
    return server_add_property(server, names, variant);
}

enum error opcua_server_add_property_localized(struct opcua_server *server, const struct opcua_names *names,
                                               struct text english) {
    UA_LocalizedText text = ua_localized("en", english);
    UA_Variant variant;
    UA_Variant_setScalar(&variant, &text, &UA_TYPES[UA_TYPES_LOCALIZEDTEXT]);
    return server_add_property(server, names, variant);
}

enum error opcua_server_add_property_texts(struct opcua_server *server, const struct opcua_names *names,
                                           const struct text *texts, size_t count) {
    UA_LocalizedText *array = calloc(count + 1, sizeof *array);
    if (array == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        array[i] = ua_localized("", texts[i]); // names of states: the same in all languages
    UA_Variant variant = {.type = &UA_TYPES[UA_TYPES_LOCALIZEDTEXT],
                          .storageType = UA_VARIANT_DATA_NODELETE,
                          .arrayLength = count,
                          .data = count > 0 ? (void *)array : UA_EMPTY_ARRAY_SENTINEL};
    enum error error = server_add_property(server, names, variant);
    free(array);
    return error;
}

enum error opcua_server_add_property_range(struct opcua_server *server, const struct opcua_names *names, double low,
                                           double high) {
    UA_Range range = {low, high};
    UA_Variant variant = {.type = &UA_TYPES[UA_TYPES_RANGE], .storageType = UA_VARIANT_DATA_NODELETE, .data = &range};
    return server_add_property(server, names, variant);
}

/// OPC 10000-8, 5.6.3: the characters of the code as one number; -1: not a UNECE unit.
static UA_Int32 unit_id(const char *code) {
    if (code == NULL) return -1;
    UA_Int32 id = 0;
    for (; *code != '\0'; code++) id = id << 8 | (UA_Byte)*code;
    return id;
}

enum error opcua_server_add_property_unit(struct opcua_server *server, const struct opcua_names *names,
                                          struct text unit, const char *code) {
    UA_EUInformation information = {
        .namespaceUri = ua_string("http://www.opcfoundation.org/UA/units/un/cefact"),
        .unitId = unit_id(code),
        .displayName = ua_localized("en", unit),
    };
    UA_Variant variant = {
        .type = &UA_TYPES[UA_TYPES_EUINFORMATION], .storageType = UA_VARIANT_DATA_NODELETE, .data = &information};
    return server_add_property(server, names, variant);
}
