// What the edge's server has by itself, whatever the plant: docs/spec/opcua.md, "Control authority", "Forcing",
// "Diagnostics". A new
// object of that kind there is a row here; the system test of the NodeSet compares both with a real server.

#include "nodeset.h"

struct own_method {
    const char *name, *description;
    struct {
        const char *name, *description;
    } inputs[2];        // texts, all of them; no name ends
    const char *status; // the output, a number; NULL: `Reason`
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

static const struct own_method lock_methods[] = {
    {"InitLock", NULL, {{"Context", NULL}}, "InitLockStatus"},
    {"RenewLock", NULL, {{NULL, NULL}}, "RenewLockStatus"},
    {"ExitLock", NULL, {{NULL, NULL}}, "ExitLockStatus"},
    {"BreakLock", NULL, {{NULL, NULL}}, "BreakLockStatus"},
};
static const struct own_variable lock_variables[] = {
    {"Locked", NULL, VALUE_BOOL, false},        {"LockingClient", NULL, VALUE_STRING, false},
    {"LockingUser", NULL, VALUE_STRING, false}, {"RemainingLockTime", NULL, VALUE_DOUBLE, false},
    {"Epoch", NULL, VALUE_UINT32, false},
};

#define POINT                                                                                                          \
    { "Point", "path of an input or output below the station" }
static const struct own_method forcing_methods[] = {
    {"Force",
     "gives an input or output a fixed value; role engineer, and for outputs the control authority",
     {POINT, {"Value", "true, false or a number"}},
     NULL},
    {"Unforce", "the point is its own again; role engineer", {POINT}, NULL},
    {"UnforceAll", "all points are their own again; role engineer", {{NULL, NULL}}, NULL},
};
static const struct own_variable forcing_variables[] = {
    {"ForcesActive", NULL, VALUE_UINT32, false},
    {"Forces", "what is forced: path = value, who, when", VALUE_STRING, true},
};

static const struct own_variable diagnostics_variables[] = {
    {"ModelHash", "SHA-256 of the plant model", VALUE_STRING, false},
    {"ModelVersion", "of the plant model", VALUE_STRING, false},
    {"ProgramHash", "SHA-256 of the PLC's program file", VALUE_STRING, false},
    {"ProgramVersion", "of the PLC's program", VALUE_STRING, false},
    {"Buffer", "the newest entries, newest first, one JSON object each", VALUE_STRING, true},
    {"Count", "entries since the buffer was made", VALUE_UINT32, false},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
static const struct own_object objects[] = {
    {"Lock", lock_methods, COUNT(lock_methods), lock_variables, COUNT(lock_variables)},
    {"Forcing", forcing_methods, COUNT(forcing_methods), forcing_variables, COUNT(forcing_variables)},
    {"Diagnostics", NULL, 0, diagnostics_variables, COUNT(diagnostics_variables)},
};

static void put_method(struct nodeset *nodeset, struct place object, const struct own_method *own) {
    struct method method = {.parent = object,
                            .browse_namespace = STATION_NAMESPACE,
                            .name = text_of(own->name),
                            .description = text_of(own->description),
                            .output_count = 1};
    for (; method.input_count < COUNT(own->inputs) && own->inputs[method.input_count].name != NULL;
         method.input_count++)
        method.inputs[method.input_count] =
            (struct argument){text_of(own->inputs[method.input_count].name),
                              text_of(own->inputs[method.input_count].description), VALUE_STRING};
    method.outputs[0] =
        own->status == NULL ? NODESET_REASON : (struct argument){text_of(own->status), TEXT_EMPTY, VALUE_INT32};
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
                                        .list = own->list});
}

void nodeset_put_own(struct nodeset *nodeset) {
    struct place station = {.namespace_index = STATION_NAMESPACE, .path = nodeset->plant->station->path};
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
