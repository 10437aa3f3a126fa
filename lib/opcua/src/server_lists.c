// Variables with a list of texts.

#include "server_internal.h"

#include <stdlib.h>

enum error opcua_server_add_texts(struct opcua_server *server, const struct opcua_names *names,
                                  struct opcua_variable **ret_variable) {
    struct node_parts parts = server_parts(names, UA_NS0ID_HASCOMPONENT);
    UA_UInt32 dimension = 0; // any length
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = parts.display_name;
    attributes.description = parts.description;
    attributes.dataType = UA_TYPES[UA_TYPES_STRING].typeId;
    attributes.valueRank = UA_VALUERANK_ONE_DIMENSION;
    attributes.arrayDimensionsSize = 1;
    attributes.arrayDimensions = &dimension;
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ;
    UA_Variant_setArray(&attributes.value, UA_EMPTY_ARRAY_SENTINEL, 0, &UA_TYPES[UA_TYPES_STRING]);
    UA_StatusCode status =
        UA_Server_addVariableNode(server->ua, parts.id, parts.parent, parts.reference, parts.browse_name,
                                  UA_NODEID_NUMERIC(0, UA_NS0ID_BASEDATAVARIABLETYPE), attributes, NULL, NULL);
    if (status != UA_STATUSCODE_GOOD) return server_node_error(status);
    enum error error = server_complete_node(server, names);
    if (error) return error;
    *ret_variable = server_keep_variable(server, names, VALUE_STRING);
    return *ret_variable == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

enum error opcua_server_write_texts(struct opcua_server *server, struct opcua_variable *variable,
                                    const struct text *texts, size_t count, int64_t source_time_ns) {
    UA_String *array = calloc(count + 1, sizeof *array);
    if (array == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) array[i] = ua_text(texts[i]);
    UA_DataValue data = {.hasValue = true, .hasSourceTimestamp = source_time_ns != 0};
    data.sourceTimestamp = ua_time(source_time_ns);
    UA_Variant_setArray(&data.value, count > 0 ? (void *)array : UA_EMPTY_ARRAY_SENTINEL, count,
                        &UA_TYPES[UA_TYPES_STRING]);
    enum error error = server_node_error(UA_Server_writeDataValue(server->ua, variable->id, data));
    free(array);
    return error;
}
