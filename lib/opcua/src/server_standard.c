// Nodes of OPC UA's own namespace that the library leaves to us, and references between ours.

#include "server_internal.h"

#include <base/buffer.h>
#include <base/cleanup.h>

#include <stdio.h>
#include <string.h>

enum error opcua_server_add_reference(struct opcua_server *server, const struct opcua_node *from,
                                      enum opcua_reference_type type, const struct opcua_node *to) {
    UA_ExpandedNodeId target = {.nodeId = ua_node(to)};
    return server_node_error(
        UA_Server_addReference(server->ua, ua_node(from), UA_NODEID_NUMERIC(0, (UA_UInt32)type), target, true));
}

enum error opcua_server_set_notifier(struct opcua_server *server, const struct opcua_node *object) {
    return server_node_error(
        UA_Server_writeEventNotifier(server->ua, ua_node(object), UA_EVENTNOTIFIER_SUBSCRIBE_TO_EVENT));
}

// --- capabilities ---

static enum error add_standard(struct opcua_server *server, UA_UInt32 parent, UA_UInt32 id, const char *name,
                               UA_Variant value) {
    struct opcua_names names = {.node = {.numeric = id}, .parent = {.numeric = parent}, .browse_name = text_of(name)};
    return server_add_property(server, &names, value);
}

static enum error show_languages(struct opcua_server *server) {
    UA_LocaleId locales[] = {ua_string("en"), ua_string("de")};
    UA_Variant value;
    UA_Variant_setArray(&value, locales, sizeof locales / sizeof locales[0], &UA_TYPES[UA_TYPES_LOCALEID]);
    return server_node_error(UA_Server_writeValue(
        server->ua, UA_NODEID_NUMERIC(0, UA_NS0ID_SERVER_SERVERCAPABILITIES_LOCALEIDARRAY), value));
}

enum error server_show_capabilities(struct opcua_server *server) {
    const UA_ServerConfig *config = UA_Server_getConfig(server->ua);
    const UA_UInt32 capabilities = UA_NS0ID_SERVER_SERVERCAPABILITIES;
    const UA_UInt32 limits = UA_NS0ID_SERVER_SERVERCAPABILITIES_OPERATIONLIMITS;
    const struct {
        UA_UInt32 parent, id;
        const char *name;
        size_t value;
    } numbers[] = {
        {capabilities, UA_NS0ID_SERVER_SERVERCAPABILITIES_MAXSESSIONS, "MaxSessions", config->maxSessions},
        {capabilities, UA_NS0ID_SERVER_SERVERCAPABILITIES_MAXSUBSCRIPTIONS, "MaxSubscriptions",
         config->maxSubscriptions},
        {capabilities, UA_NS0ID_SERVER_SERVERCAPABILITIES_MAXSUBSCRIPTIONSPERSESSION, "MaxSubscriptionsPerSession",
         config->maxSubscriptionsPerSession},
        {capabilities, UA_NS0ID_SERVER_SERVERCAPABILITIES_MAXMONITOREDITEMS, "MaxMonitoredItems",
         config->maxMonitoredItems},
        {capabilities, UA_NS0ID_SERVER_SERVERCAPABILITIES_MAXMONITOREDITEMSPERSUBSCRIPTION,
         "MaxMonitoredItemsPerSubscription", config->maxMonitoredItemsPerSubscription},
        {capabilities, UA_NS0ID_SERVER_SERVERCAPABILITIES_MAXMONITOREDITEMSQUEUESIZE, "MaxMonitoredItemsQueueSize",
         config->queueSizeLimits.max},
        {limits, UA_NS0ID_SERVER_SERVERCAPABILITIES_OPERATIONLIMITS_MAXNODESPERHISTORYREADDATA,
         "MaxNodesPerHistoryReadData", server_history_nodes_max()},
    };
    enum error error = show_languages(server);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && !error; i++) {
        UA_UInt32 number = (UA_UInt32)numbers[i].value;
        UA_Variant value;
        UA_Variant_setScalar(&value, &number, &UA_TYPES[UA_TYPES_UINT32]);
        error = add_standard(server, numbers[i].parent, numbers[i].id, numbers[i].name, value);
    }
    return error;
}

// --- namespaces ---

enum { STATIC_TYPES_MAX = 2 };

static enum error add_detail(struct opcua_server *server, const struct opcua_node *parent, const char *name,
                             UA_Variant value) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_text(&path, parent->string);
    buffer_print(&path, "/%s", name);
    if (path.failed) return ERROR_NO_MEMORY;
    struct opcua_names names = {
        .node = {.namespace_index = parent->namespace_index, .string = buffer_view(&path)},
        .parent = *parent,
        .browse_name = text_of(name),
    };
    return server_add_property(server, &names, value);
}

static UA_DateTime time_of(const char *text) {
    unsigned year, month, day;
    if (text == NULL || sscanf(text, "%4u-%2u-%2uT", &year, &month, &day) != 3) return 0;
    return UA_DateTime_fromStruct(
        (UA_DateTimeStruct){.year = (UA_Int16)year, .month = (UA_UInt16)month, .day = (UA_UInt16)day});
}

static enum error add_details(struct opcua_server *server, const struct opcua_node *node,
                              const struct opcua_namespace_description *description) {
    UA_String uri = ua_string(description->uri), version = ua_string(description->version);
    UA_String pattern = ua_string(description->same_everywhere ? ".*" : "");
    UA_DateTime published = time_of(description->published);
    UA_Boolean subset = description->subset;
    UA_IdType types[STATIC_TYPES_MAX] = {UA_IDTYPE_NUMERIC, UA_IDTYPE_STRING};
    size_t type_count = description->same_everywhere ? STATIC_TYPES_MAX : 0;
    UA_Variant static_types, ranges;
    UA_Variant_setArray(&static_types, type_count > 0 ? (void *)types : UA_EMPTY_ARRAY_SENTINEL, type_count,
                        &UA_TYPES[UA_TYPES_IDTYPE]);
    static UA_DataType numeric_range; // a String by another name, which the library's table leaves out
    numeric_range = UA_TYPES[UA_TYPES_STRING];
    numeric_range.typeId = UA_NODEID_NUMERIC(0, UA_NS0ID_NUMERICRANGE);
    UA_Variant_setArray(&ranges, UA_EMPTY_ARRAY_SENTINEL, 0, &numeric_range);
    const struct {
        const char *name;
        void *value;
        size_t type;
    } scalars[] = {
        {"NamespaceUri", &uri, UA_TYPES_STRING},
        {"NamespaceVersion", &version, UA_TYPES_STRING},
        {"NamespacePublicationDate", &published, UA_TYPES_DATETIME},
        {"IsNamespaceSubset", &subset, UA_TYPES_BOOLEAN},
        {"StaticStringNodeIdPattern", &pattern, UA_TYPES_STRING},
    };
    enum error error = add_detail(server, node, "StaticNodeIdTypes", static_types);
    if (!error) error = add_detail(server, node, "StaticNumericNodeIdRange", ranges);
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0] && !error; i++) {
        UA_Variant value;
        UA_Variant_setScalar(&value, scalars[i].value, &UA_TYPES[scalars[i].type]);
        error = add_detail(server, node, scalars[i].name, value);
    }
    return error;
}

enum error opcua_server_describe_namespace(struct opcua_server *server,
                                           const struct opcua_namespace_description *description) {
    static const struct opcua_node metadata_type = {.numeric = UA_NS0ID_NAMESPACEMETADATATYPE};
    uint16_t index = opcua_server_namespace(server, description->uri);
    if (index == 0) return ERROR_NO_MEMORY;
    struct opcua_names names = {
        .node = {.namespace_index = index, .string = text_of(description->uri)},
        .parent = {.numeric = UA_NS0ID_SERVER_NAMESPACES},
        .browse_namespace = index,
        .browse_name = text_of(description->uri),
    };
    enum error error = opcua_server_add_object(server, &names, &metadata_type);
    return error ? error : add_details(server, &names.node, description);
}
