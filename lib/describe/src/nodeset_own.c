// What the edge's server has by itself, whatever the plant: docs/spec/opcua.md, "Control authority", "Forcing", "Pins",
// "Diagnostics". A new object of that kind there is a row here; the system test of the NodeSet compares both with a
// real server.

#include "nodeset.h"

struct own_method {
    const char *name, *description;
    struct {
        const char *name, *description;
        enum value_type type;
    } inputs[2]; // no name ends
};

struct own_variable {
    const char *name, *description;
    enum value_type type;
    bool list;
};

struct own_object {
    const char *name;
    const struct own_method *methods;
    size_t method_count;
    const struct own_variable *variables;
    size_t variable_count;
};

#define POINT                                                                                                          \
    { "Point", "path of an input or output below the station", VALUE_STRING }
static const struct own_method forcing_methods[] = {
    {"Force",
     "gives an input or output a fixed value; role engineer, and for outputs the control authority",
     {POINT, {"Value", "true, false or a number", VALUE_STRING}}},
    {"Unforce", "the point is its own again; role engineer", {POINT}},
    {"UnforceAll", "all points are their own again; role engineer", {{NULL, NULL, VALUE_NULL}}},
};
static const struct own_variable forcing_variables[] = {
    {"ForcesActive", NULL, VALUE_UINT32, false},
    {"Forces", "what is forced: path = value, who, when", VALUE_STRING, true},
};

static const struct own_method pins_methods[] = {
    {"Validate", "is the draft a map that can take effect?", {{NULL, NULL, VALUE_NULL}}},
    {"Apply",
     "the draft takes effect as a whole, between two scans; role engineer and the control authority",
     {{NULL, NULL, VALUE_NULL}}},
    {"Revert", "the draft becomes what is in effect; role engineer", {{NULL, NULL, VALUE_NULL}}},
    {"DraftModel", "the draft becomes what the plant model says; role engineer", {{NULL, NULL, VALUE_NULL}}},
};
static const struct own_variable pins_variables[] = {
    {"Version", NULL, VALUE_UINT32, false},
    {"Differences", "channels whose draft differs from what is in effect", VALUE_UINT32, false},
};

static const struct own_method diagnostics_methods[] = {
    {"StartRecording",
     "records scans, commands and outputs from now on, for splc-edge replay; role engineer",
     {{"Seconds", "then it ends; 0: when it is stopped", VALUE_UINT32},
      {"Megabytes", "so large the file may become; 0: 256", VALUE_UINT32}}},
    {"StopRecording", "the file is complete when it returns; role engineer", {{NULL, NULL, VALUE_NULL}}},
};
static const struct own_variable diagnostics_variables[] = {
    {"ModelHash", "SHA-256 of the plant model", VALUE_STRING, false},
    {"ModelVersion", "of the plant model", VALUE_STRING, false},
    {"ProgramHash", "SHA-256 of the PLC's program file", VALUE_STRING, false},
    {"ProgramVersion", "of the PLC's program", VALUE_STRING, false},
    {"Buffer", "the newest entries, newest first, one JSON object each", VALUE_STRING, true},
    {"Count", "entries since the buffer was made", VALUE_UINT32, false},
    {"Recording", "file of the recording that goes on; empty: none does", VALUE_STRING, false},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
static const struct own_object objects[] = {
    {"Forcing", forcing_methods, COUNT(forcing_methods), forcing_variables, COUNT(forcing_variables)},
    {"Pins", pins_methods, COUNT(pins_methods), pins_variables, COUNT(pins_variables)},
    {"Diagnostics", diagnostics_methods, COUNT(diagnostics_methods), diagnostics_variables,
     COUNT(diagnostics_variables)},
};

static void put_method(struct nodeset *nodeset, struct place object, const struct own_method *own) {
    struct method method = {.parent = object,
                            .browse_namespace = STATION_NAMESPACE,
                            .name = text_of(own->name),
                            .description = text_of(own->description),
                            .output_count = 1};
    for (; method.input_count < COUNT(own->inputs) && own->inputs[method.input_count].name != NULL;
         method.input_count++)
        method.inputs[method.input_count] = (struct argument){text_of(own->inputs[method.input_count].name),
                                                              text_of(own->inputs[method.input_count].description),
                                                              own->inputs[method.input_count].type};
    method.outputs[0] = NODESET_REASON;
    nodeset_put_method(nodeset, &method);
}

static void put_variable(struct nodeset *nodeset, struct place object, const struct own_variable *own) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    nodeset_put(nodeset, &(struct node){.tag = "UAVariable",
                                        .id = nodeset_below(nodeset, object, text_of(own->name), &path),
                                        .parent = object,
                                        .reference = NODE_HAS_COMPONENT,
                                        .type = STANDARD_NODE(NODE_BASE_DATA_VARIABLE_TYPE),
                                        .browse_namespace = STATION_NAMESPACE,
                                        .browse_name = text_of(own->name),
                                        .description = text_of(own->description),
                                        .data_type = nodeset_data_type(own->type),
                                        .live = !own->list,
                                        .list = own->list});
}

// ---------------------------------------------------------------- the lock, as OPC 10000-100 (DI) has it

static void put_lock_method(struct nodeset *nodeset, struct place lock, const char *name, const char *status,
                            bool context) {
    struct method method = {.parent = lock,
                            .browse_namespace = nodeset_namespace(nodeset, DI_URI),
                            .name = text_of(name),
                            .inputs = {{TEXT("Context"), TEXT_EMPTY, VALUE_STRING}},
                            .input_count = context ? 1 : 0,
                            .outputs = {{text_of(status), TEXT_EMPTY, VALUE_INT32}},
                            .output_count = 1};
    nodeset_put_method(nodeset, &method);
}

static void put_lock_value(struct nodeset *nodeset, struct place lock, unsigned browse_namespace, const char *name,
                           unsigned data_type, struct text description) {
    CLEANUP(buffer_clear) struct buffer none = {0};
    nodeset_put_property(nodeset, lock, browse_namespace, text_of(name),
                         &(struct node){.data_type = data_type, .description = description, .live = true}, &none);
}

static void put_lock(struct nodeset *nodeset, struct place station) {
    enum { LOCKING_SERVICES_TYPE = 6388 };
    unsigned devices = nodeset_namespace(nodeset, DI_URI);
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct place lock = nodeset_below(nodeset, station, TEXT("Lock"), &path);
    nodeset_put(nodeset, &(struct node){.type = {.namespace_index = devices, .number = LOCKING_SERVICES_TYPE},
                                        .tag = "UAObject",
                                        .id = lock,
                                        .parent = station,
                                        .reference = NODE_HAS_COMPONENT,
                                        .browse_namespace = devices,
                                        .browse_name = TEXT("Lock"),
                                        .display_name_de = TEXT("Steuerhoheit"),
                                        .description = TEXT("the control authority: who may command the station")});
    put_lock_method(nodeset, lock, "InitLock", "InitLockStatus", true);
    put_lock_method(nodeset, lock, "RenewLock", "RenewLockStatus", false);
    put_lock_method(nodeset, lock, "ExitLock", "ExitLockStatus", false);
    put_lock_method(nodeset, lock, "BreakLock", "BreakLockStatus", false);
    put_lock_value(nodeset, lock, devices, "Locked", nodeset_data_type(VALUE_BOOL), TEXT_EMPTY);
    put_lock_value(nodeset, lock, devices, "LockingClient", nodeset_data_type(VALUE_STRING), TEXT_EMPTY);
    put_lock_value(nodeset, lock, devices, "LockingUser", nodeset_data_type(VALUE_STRING), TEXT_EMPTY);
    put_lock_value(nodeset, lock, devices, "RemainingLockTime", NODE_DURATION, TEXT_EMPTY);
    put_lock_value(nodeset, lock, STATION_NAMESPACE, "Epoch", nodeset_data_type(VALUE_UINT32),
                   TEXT("grows by one with each grant; a holder that sees another number has been replaced"));
}

void nodeset_put_own(struct nodeset *nodeset) {
    struct place station = {.namespace_index = STATION_NAMESPACE, .path = nodeset->plant->station->path};
    put_lock(nodeset, station);
    for (size_t i = 0; i < COUNT(objects); i++) {
        CLEANUP(buffer_clear) struct buffer path = {0}, type = {0};
        struct place object = nodeset_below(nodeset, station, text_of(objects[i].name), &path);
        nodeset_put(nodeset, &(struct node){.type = nodeset_own_type(nodeset, text_of(objects[i].name), NULL, &type),
                                            .tag = "UAObject",
                                            .id = object,
                                            .parent = station,
                                            .reference = NODE_HAS_COMPONENT,
                                            .browse_namespace = STATION_NAMESPACE,
                                            .browse_name = text_of(objects[i].name)});
        for (size_t m = 0; m < objects[i].method_count; m++) put_method(nodeset, object, &objects[i].methods[m]);
        for (size_t v = 0; v < objects[i].variable_count; v++) put_variable(nodeset, object, &objects[i].variables[v]);
    }
}

// ---------------------------------------------------------------- the nameplate, as OPC 40001-1 (Machinery) has it

static struct text or_else(struct text text, struct text otherwise) {
    return text.length > 0 ? text : otherwise;
}

static void put_plate(struct nodeset *nodeset, struct place plate, const char *name, bool localized, struct text text) {
    CLEANUP(buffer_clear) struct buffer value = {0};
    if (localized)
        nodeset_put_localized(&value, text);
    else
        nodeset_put_value(&value, VALUE_STRING, text);
    nodeset_put_property(nodeset, plate, nodeset_namespace(nodeset, DI_URI), text_of(name),
                         &(struct node){.data_type = localized ? NODE_LOCALIZED_TEXT : nodeset_data_type(VALUE_STRING)},
                         &value);
}

void nodeset_put_identification(struct nodeset *nodeset, const struct plant_element *controller) {
    enum { COMPONENT_IDENTIFICATION_TYPE = 1005 };
    struct place parent = {.namespace_index = STATION_NAMESPACE, .path = controller->path};
    struct place type = {.namespace_index = nodeset_namespace(nodeset, MACHINERY_URI),
                         .number = COMPONENT_IDENTIFICATION_TYPE};
    CLEANUP(buffer_clear) struct buffer path = {0}, uri = {0};
    struct place plate = nodeset_below(nodeset, parent, TEXT("Identification"), &path);
    nodeset_put(nodeset, &(struct node){.type = type,
                                        .tag = "UAObject",
                                        .id = plate,
                                        .parent = parent,
                                        .reference = NODE_HAS_ADD_IN,
                                        .browse_namespace = nodeset_namespace(nodeset, DI_URI),
                                        .browse_name = TEXT("Identification"),
                                        .display_name_de = TEXT("Typenschild")});
    buffer_print(&uri, "urn:serverless-plc:edge:%.*s", TEXT_ARG(nodeset->plant->station->name));
    nodeset->failed = nodeset->failed || uri.failed;
    put_plate(nodeset, plate, "Manufacturer", true,
              or_else(plant_attribute(controller, TEXT("Twin/Attributes/manufacturer")), TEXT("Serverless PLC")));
    put_plate(nodeset, plate, "SerialNumber", false,
              or_else(plant_attribute(controller, TEXT("Twin/Attributes/serialNumber")), controller->id));
    put_plate(nodeset, plate, "Model", true,
              or_else(plant_attribute(controller, TEXT("Twin/Attributes/model")),
                      controller->class == NULL ? TEXT("splc-edge") : controller->class->name));
    put_plate(nodeset, plate, "ProductInstanceUri", false, buffer_view(&uri));
    put_plate(nodeset, plate, "SoftwareRevision", false, TEXT(SPLC_VERSION));
    put_plate(nodeset, plate, "DeviceClass", false, TEXT("PLC"));
    put_plate(nodeset, plate, "ComponentName", true, controller->display_name);
}

// ---------------------------------------------------------------- event types

/// Of the controller itself; those of the plant stand in its model.
static const struct {
    const char *name, *message;
} events[] = {
    {"PositionTimeout", "End position not reached in time"},
    {"Tripped", "Emergency stop active"},
    {"Released", "Emergency stop released"},
    {"SafeStateEntered", "Safe state entered"},
    {"SafeStateLeft", "Safe state left"},
    {"Started", "The controller was started"},
    {"Stopped", "The controller was stopped"},
    {"CommandRefused", "Command refused"},
    {"LimitExceeded", "Limit exceeded"},
    {"LimitLeft", "Back within the limits"},
    {"SensorFailed", "Sensor failed"},
    {"Interlocked", "Interlocked"},
    {"Fault", "Fault"},
    {"LockGranted", "Control authority granted"},
    {"LockReleased", "Control authority given back"},
    {"LockLost", "Control authority lost: not renewed in time, or its session ended"},
    {"LockBroken", "Control authority broken by another session"},
    {"WorkpieceLost", "A workpiece left its path and is lost"},
    {"Jam", "The feed position is occupied: the pusher is blocked"},
    {"ForcesRemoved", "The safe state took the forces off the outputs"},
    {"ForceChanged", "An input or output was forced, or is its own again"},
};

static struct place event_type(struct nodeset *nodeset, struct text event, struct buffer *buffer) {
    const struct plant_class *station = nodeset->plant->station->class;
    buffer_text(buffer, event);
    buffer_string(buffer, "EventType");
    nodeset->failed = nodeset->failed || buffer->failed;
    return (struct place){.namespace_index =
                              station == NULL ? STATION_NAMESPACE : nodeset_namespace(nodeset, station->library),
                          .path = buffer_view(buffer)};
}

enum { RAISING_MAX = 32 };

/// The types whose classes declare it.
static size_t raising_types(struct nodeset *nodeset, struct text event, struct place places[static RAISING_MAX],
                            struct buffer buffers[static RAISING_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < nodeset->plant->class_count; i++) {
        const struct plant_class *class = nodeset->plant->classes[i];
        for (size_t k = 0; k < class->event_count && count < RAISING_MAX; k++)
            if (text_equal(class->events[k].name, event)) {
                places[count] = nodeset_type(nodeset, class, &buffers[count]);
                count++;
            }
    }
    return count;
}

static void put_event_type(struct nodeset *nodeset, struct text event, struct place parent, struct text description) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    struct place id = event_type(nodeset, event, &name);
    if (nodeset->failed || map_get(nodeset->types, id.path) != NULL) return;
    if (map_set(nodeset->types, id.path, nodeset)) nodeset->failed = true;
    struct place sources[RAISING_MAX];
    struct buffer buffers[RAISING_MAX] = {{0}};
    size_t count = raising_types(nodeset, event, sources, buffers);
    nodeset_put(nodeset, &(struct node){.tag = "UAObjectType",
                                        .id = id,
                                        .parent = parent,
                                        .reference = NODE_HAS_SUBTYPE,
                                        .browse_namespace = id.namespace_index,
                                        .browse_name = id.path,
                                        .description = description,
                                        .also = NODE_GENERATES_EVENT,
                                        .sources = sources,
                                        .source_count = count});
    for (size_t i = 0; i < RAISING_MAX; i++) buffer_clear(&buffers[i]);
}

void nodeset_put_events(struct nodeset *nodeset) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    struct place station = event_type(nodeset, TEXT("Station"), &name);
    put_event_type(nodeset, TEXT("Station"), STANDARD_NODE(NODE_BASE_EVENT_TYPE), TEXT("all events of a station"));
    for (size_t i = 0; i < COUNT(events); i++)
        put_event_type(nodeset, text_of(events[i].name), station, text_of(events[i].message));
    for (size_t i = 0; i < nodeset->plant->class_count; i++) {
        const struct plant_class *class = nodeset->plant->classes[i];
        for (size_t k = 0; k < class->event_count; k++)
            put_event_type(nodeset, class->events[k].name, station, class->events[k].message);
    }
}
