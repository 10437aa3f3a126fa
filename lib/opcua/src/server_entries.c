// Texts that clients may write: drafts. What is written is asked first, so nothing is taken and then not done.

#include "server_internal.h"

struct entry {
    struct owned owned; // first
    struct opcua_entry is;
};

static UA_StatusCode on_read(UA_Server *ua, const UA_NodeId *session_id, void *session_context, const UA_NodeId *node,
                             void *node_context, UA_Boolean source_time, const UA_NumericRange *range,
                             UA_DataValue *value) {
    (void)ua, (void)session_id, (void)session_context, (void)node;
    const struct entry *entry = node_context;
    if (range != NULL) return UA_STATUSCODE_BADINDEXRANGENODATA;
    UA_String text = ua_text(entry->is.read(entry->is.context));
    UA_StatusCode status = UA_Variant_setScalarCopy(&value->value, &text, &UA_TYPES[UA_TYPES_STRING]);
    if (status != UA_STATUSCODE_GOOD) return status;
    value->hasValue = true;
    value->hasSourceTimestamp = source_time;
    if (source_time) value->sourceTimestamp = UA_DateTime_now();
    return UA_STATUSCODE_GOOD;
}

static UA_StatusCode on_write(UA_Server *ua, const UA_NodeId *session_id, void *session_context, const UA_NodeId *node,
                              void *node_context, const UA_NumericRange *range, const UA_DataValue *value) {
    (void)ua, (void)session_id, (void)node;
    const struct entry *entry = node_context;
    const struct session *session = session_context;
    if (session == NULL) return UA_STATUSCODE_BADUSERACCESSDENIED;
    if (range != NULL) return UA_STATUSCODE_BADWRITENOTSUPPORTED;
    if (!value->hasValue || !UA_Variant_hasScalarType(&value->value, &UA_TYPES[UA_TYPES_STRING]))
        return UA_STATUSCODE_BADTYPEMISMATCH;
    const UA_String *text = value->value.data;
    return entry->is.write(entry->is.context, &session->caller, text_of_ua(*text));
}

enum error opcua_server_add_entry(struct opcua_server *server, const struct opcua_names *names,
                                  const struct opcua_entry *description) {
    struct entry *entry = server_own(server, sizeof *entry);
    if (entry == NULL) return ERROR_NO_MEMORY;
    entry->is = *description;
    struct node_parts parts = server_parts(names, UA_NS0ID_HASPROPERTY);
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = parts.display_name;
    attributes.description = parts.description;
    attributes.dataType = UA_TYPES[UA_TYPES_STRING].typeId;
    attributes.valueRank = UA_VALUERANK_SCALAR;
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_WRITE;
    UA_DataSource source = {on_read, on_write};
    UA_StatusCode status = UA_Server_addDataSourceVariableNode(
        server->ua, parts.id, parts.parent, parts.reference, parts.browse_name,
        UA_NODEID_NUMERIC(0, UA_NS0ID_PROPERTYTYPE), attributes, source, entry, NULL);
    if (status != UA_STATUSCODE_GOOD) return server_node_error(status);
    return server_complete_node(server, names);
}
