// A type for each kind of event, so that a client can ask for those that it wants: SafeStateEnteredEventType and so on,
// below StationEventType. Fields are those of BaseEventType; SourceNode is the object that the event concerns.

#include "build.h"

#include <stdio.h>

struct event_kind {
    const char *name, *message;
};

/// Of the scan, and at the end of the server itself; those of the plant stand in its model.
static const struct event_kind KINDS[] = {
#define X(id, name, severity, message) {name, message},
    SCAN_EVENT_TABLE(X)
#undef X
        {"ForceChanged", "An input or output was forced, or is its own again"},
};

static struct opcua_node type_node(struct build *build, struct buffer *buffer, struct text event) {
    return (struct opcua_node){.namespace_index = build->server->event_namespace,
                               .string = build_path(build, buffer, event, "", TEXT("EventType"))};
}

static void add(struct build *build, struct text event, struct opcua_node parent, struct text description) {
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    struct opcua_node node = type_node(build, &buffer, event);
    if (build->error || map_get(build->types, node.string) != NULL) return;
    struct opcua_names names = {
        .node = node,
        .parent = parent,
        .browse_namespace = node.namespace_index,
        .browse_name = node.string,
        .description = description,
    };
    build_fail(build, opcua_server_add_object_type(build->server->opcua, &names), node.string);
    build_fail(build, map_set(build->types, node.string, build), node.string);
}

static void add_generates(struct build *build, const struct plant_class *class, struct text event) {
    CLEANUP(buffer_clear) struct buffer type = {0}, buffer = {0};
    struct opcua_node from = build_type(build, class, &type), to = type_node(build, &buffer, event);
    if (build->error) return;
    build_fail(build, opcua_server_add_reference(build->server->opcua, &from, OPCUA_GENERATES_EVENT, &to), to.string);
}

void event_types_build(struct build *build) {
    const struct plant_class *station = build->plant->station->class;
    build->server->station_namespace = build->station;
    build->server->event_namespace = station == NULL ? build->station : build_class_namespace(build, station);
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    struct opcua_node top = type_node(build, &buffer, TEXT("Station"));
    add(build, TEXT("Station"), OPCUA_BASE_EVENT_TYPE, TEXT("all events of a station"));
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        add(build, text_of(KINDS[i].name), top, text_of(KINDS[i].message));
    for (size_t i = 0; i < build->plant->class_count; i++) {
        const struct plant_class *class = build->plant->classes[i];
        for (size_t k = 0; k < class->event_count; k++) {
            add(build, class->events[k].name, top, class->events[k].message);
            add_generates(build, class, class->events[k].name);
        }
    }
    struct opcua_node station_node = build_instance(build, build->plant->station->path);
    if (build->error) return;
    build_fail(
        build,
        opcua_server_add_reference(build->server->opcua, &OPCUA_SERVER_OBJECT, OPCUA_HAS_NOTIFIER, &station_node),
        station_node.string);
}

enum error server_raise(struct server *server, struct text name, struct text origin, struct opcua_event *event) {
    char type[PROGRAM_TEXT_BYTES];
    snprintf(type, sizeof type, "%.*sEventType", TEXT_ARG(name));
    event->type = (struct opcua_node){.namespace_index = server->event_namespace, .string = text_of(type)};
    event->origin = (struct opcua_node){.namespace_index = server->station_namespace, .string = origin};
    return opcua_server_raise(server->opcua, event);
}
