// Events: typed, from the object that they concern.

#include "server_internal.h"

static UA_StatusCode set_field(struct opcua_server *server, const UA_NodeId *event, const char *name, const void *value,
                               int type) {
    UA_QualifiedName field = {0, ua_string(name)};
    return UA_Server_writeObjectProperty_scalar(server->ua, *event, field, value, &UA_TYPES[type]);
}

static bool is_given(const struct opcua_node *node) {
    return node->numeric != 0 || node->string.length > 0;
}

enum error opcua_server_raise(struct opcua_server *server, const struct opcua_event *event) {
    UA_NodeId node;
    UA_NodeId type = is_given(&event->type) ? ua_node(&event->type) : UA_NODEID_NUMERIC(0, UA_NS0ID_BASEEVENTTYPE);
    UA_NodeId origin = is_given(&event->origin) ? ua_node(&event->origin) : UA_NODEID_NUMERIC(0, UA_NS0ID_SERVER);
    UA_StatusCode status = UA_Server_createEvent(server->ua, type, &node);
    if (status != UA_STATUSCODE_GOOD) return server_node_error(status);
    UA_DateTime time = ua_time(event->time_ns), received = UA_DateTime_now();
    UA_String source = ua_text(event->source);
    UA_LocalizedText message = ua_localized("en", event->message);
    status |= set_field(server, &node, "Time", &time, UA_TYPES_DATETIME);
    status |= set_field(server, &node, "ReceiveTime", &received, UA_TYPES_DATETIME);
    status |= set_field(server, &node, "SourceName", &source, UA_TYPES_STRING);
    status |= set_field(server, &node, "Severity", &event->severity, UA_TYPES_UINT16);
    status |= set_field(server, &node, "Message", &message, UA_TYPES_LOCALIZEDTEXT);
    if (status == UA_STATUSCODE_GOOD)
        return server_node_error(UA_Server_triggerEvent(server->ua, node, origin, NULL, true));
    UA_Server_deleteNode(server->ua, node, true);
    return ERROR_INTERNAL;
}
