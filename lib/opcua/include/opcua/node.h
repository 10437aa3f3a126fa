/// What OPC UA client and server have in common.
#pragma once

#include <base/value.h>

/// A node: namespace index of this session and string or numeric identifier.
struct opcua_node {
    uint16_t namespace_index;
    uint32_t numeric;   // used when `string` is empty
    struct text string; // borrowed
};

/// Nodes that every server has.
static const struct opcua_node OPCUA_OBJECTS_FOLDER = {.numeric = 85};
static const struct opcua_node OPCUA_BASE_OBJECT_TYPE = {.numeric = 58};
static const struct opcua_node OPCUA_FOLDER_TYPE = {.numeric = 61};
static const struct opcua_node OPCUA_BASE_EVENT_TYPE = {.numeric = 2041};
static const struct opcua_node OPCUA_SERVER_OBJECT = {.numeric = 2253};

struct opcua_data {
    struct value value; // borrowed during the callback
    status_code status;
    int64_t source_time_ns; // wall, since 1970; 0 when the server gives none
};

/// An argument of a method.
struct opcua_argument {
    struct text name;
    enum value_type type; // VALUE_NULL: a type that we do not speak
    struct text description;
};

/// An event as we speak them: fields of BaseEventType.
struct opcua_event {
    bool model_changed;     // it is of GeneralModelChangeEventType: nodes have come or gone. Heard, never raised by us
    struct opcua_node type; // of a server: an event type; empty: BaseEventType
    struct opcua_node origin; // of a server: object below Objects (SourceNode); empty: the Server object
    struct text source;
    struct text message;
    uint16_t severity; // 1..1000
    int64_t time_ns;   // wall, since 1970
};
