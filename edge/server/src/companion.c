// What others have specified and everybody's tools know: the locking of OPC 10000-100 (DI) and the identification of
// OPC 40001-1 (Machinery). Of both namespaces only what the station uses is here, with the numbers of their NodeSets.

#include "build.h"

#include <stdio.h>

#define DI_URI "http://opcfoundation.org/UA/DI/"
#define MACHINERY_URI "http://opcfoundation.org/UA/Machinery/"

enum {
    FUNCTIONAL_GROUP_TYPE = 1005, // DI
    LOCKING_SERVICES_TYPE = 6388, // DI
    ITEM_IDENTIFICATION_TYPE = 1004,
    COMPONENT_IDENTIFICATION_TYPE = 1005,
};

// --- types ---

static void add_type(struct build *build, uint16_t index, uint32_t number, const char *name,
                     struct opcua_node supertype) {
    if (build->error) return;
    struct opcua_names names = {
        .node = {.namespace_index = index, .numeric = number},
        .parent = supertype,
        .browse_namespace = index,
        .browse_name = text_of(name),
    };
    build_fail(build, opcua_server_add_object_type(build->server->opcua, &names), names.browse_name);
}

struct lock_member {
    const char *name;
    uint32_t number;
    bool context;         // it has an input
    enum value_type type; // VALUE_NULL: a method
    const char *status;   // its output
};

static const struct lock_member LOCK_MEMBERS[] = {
    {.name = "Locked", .number = 6534, .type = VALUE_BOOL},
    {.name = "LockingClient", .number = 6390, .type = VALUE_STRING},
    {.name = "LockingUser", .number = 6391, .type = VALUE_STRING},
    {.name = "RemainingLockTime", .number = 6392, .type = VALUE_DOUBLE},
    {.name = "InitLock", .number = 6393, .context = true, .status = "InitLockStatus"},
    {.name = "RenewLock", .number = 6396, .status = "RenewLockStatus"},
    {.name = "ExitLock", .number = 6398, .status = "ExitLockStatus"},
    {.name = "BreakLock", .number = 6400, .status = "BreakLockStatus"},
};

static enum error declare_lock_member(struct build *build, const struct lock_member *member) {
    struct opcua_names names = {
        .node = {.namespace_index = build->devices, .numeric = member->number},
        .parent = {.namespace_index = build->devices, .numeric = LOCKING_SERVICES_TYPE},
        .browse_namespace = build->devices,
        .browse_name = text_of(member->name),
    };
    if (member->type != VALUE_NULL) {
        struct opcua_variable_kind kind = {
            .type = member->type, .property = true, .duration = member->type == VALUE_DOUBLE};
        return opcua_server_add_variable_of(build->server->opcua, &names, &kind, NULL);
    }
    struct opcua_argument input = {TEXT("Context"), VALUE_STRING, TEXT("who takes it and what for, for people")};
    struct opcua_argument output = {text_of(member->status), VALUE_INT32, TEXT("0: done; else see OPC 10000-100, 7")};
    struct opcua_method method = {
        .inputs = &input,
        .input_count = member->context,
        .outputs = &output,
        .output_count = 1,
    };
    return opcua_server_add_method(build->server->opcua, &names, &method);
}

struct nameplate_member {
    uint32_t number;
    const char *name;
    bool localized, optional;
};

/// Named by DI, numbered by Machinery. All but the first two are optional; an instance's texts come from the model.
static const struct nameplate_member NAMEPLATE[] = {
    {6002, "Manufacturer", true, false},
    {6003, "SerialNumber", false, false},
    {6008, "Model", true, true},
    {6001, "ProductInstanceUri", false, true},
    {6011, "SoftwareRevision", false, true},
    {6012, "DeviceClass", false, true},
    {6014, "ComponentName", true, true},
};
enum { NAMEPLATE_COUNT = sizeof NAMEPLATE / sizeof NAMEPLATE[0] };

static enum error add_plate(struct build *build, const struct opcua_names *names, bool localized, struct text text) {
    struct value value = {.type = VALUE_STRING, .string = text};
    if (localized) return opcua_server_add_property_localized(build->server->opcua, names, text);
    return opcua_server_add_property(build->server->opcua, names, &value);
}

static void declare_nameplate(struct build *build, uint16_t machinery) {
    for (size_t i = 0; i < NAMEPLATE_COUNT && !build->error; i++) {
        struct opcua_names names = {
            .node = {.namespace_index = machinery, .numeric = NAMEPLATE[i].number},
            .parent = {.namespace_index = machinery, .numeric = ITEM_IDENTIFICATION_TYPE},
            .browse_namespace = build->devices,
            .browse_name = text_of(NAMEPLATE[i].name),
            .optional = NAMEPLATE[i].optional,
        };
        build_fail(build, add_plate(build, &names, NAMEPLATE[i].localized, TEXT_EMPTY), names.browse_name);
    }
}

void companion_types(struct build *build) {
    struct opcua_server *opcua = build->server->opcua;
    build->devices = opcua_server_namespace(opcua, DI_URI);
    uint16_t machinery = opcua_server_namespace(opcua, MACHINERY_URI);
    struct opcua_node group = {.namespace_index = build->devices, .numeric = FUNCTIONAL_GROUP_TYPE};
    struct opcua_node item = {.namespace_index = machinery, .numeric = ITEM_IDENTIFICATION_TYPE};
    if (build->devices == 0 || machinery == 0) build_fail(build, ERROR_NO_MEMORY, TEXT(DI_URI));
    add_type(build, build->devices, FUNCTIONAL_GROUP_TYPE, "FunctionalGroupType", OPCUA_FOLDER_TYPE);
    add_type(build, build->devices, LOCKING_SERVICES_TYPE, "LockingServicesType", OPCUA_BASE_OBJECT_TYPE);
    for (size_t i = 0; i < sizeof LOCK_MEMBERS / sizeof LOCK_MEMBERS[0] && !build->error; i++)
        build_fail(build, declare_lock_member(build, &LOCK_MEMBERS[i]), text_of(LOCK_MEMBERS[i].name));
    add_type(build, machinery, ITEM_IDENTIFICATION_TYPE, "MachineryItemIdentificationType", group);
    declare_nameplate(build, machinery);
    add_type(build, machinery, COMPONENT_IDENTIFICATION_TYPE, "MachineryComponentIdentificationType", item);
}

void companion_describe(struct build *build, build_describe_fn *describe) {
    describe(build, &(struct opcua_namespace_description){DI_URI, "1.04.0", "2022-11-03", true, true});
    describe(build, &(struct opcua_namespace_description){MACHINERY_URI, "1.4.0", "2025-07-01", true, true});
}

// --- instances ---

void companion_lock(struct build *build, struct text path) {
    if (build->error) return;
    struct opcua_names names = build_names(build, path);
    names.browse_namespace = build->devices;
    names.description = TEXT("the control authority: who may command the station");
    names.display_name_de = TEXT("Steuerhoheit");
    struct opcua_node type = {.namespace_index = build->devices, .numeric = LOCKING_SERVICES_TYPE};
    build_fail(build, opcua_server_add_object(build->server->opcua, &names, &type), path);
}

static struct text or_else(struct text text, struct text otherwise) {
    return text.length > 0 ? text : otherwise;
}

/// A controller whose nameplate nobody has typed into the model is known by its id there.
static void add_nameplate(struct build *build, const struct plant_element *controller, struct text path) {
    char uri[PROGRAM_TEXT_BYTES];
    snprintf(uri, sizeof uri, "urn:serverless-plc:edge:%.*s", TEXT_ARG(build->plant->station->name));
    const struct text texts[NAMEPLATE_COUNT] = {
        or_else(plant_attribute(controller, TEXT("Twin/Attributes/manufacturer")), TEXT("Serverless PLC")),
        or_else(plant_attribute(controller, TEXT("Twin/Attributes/serialNumber")), controller->id),
        or_else(plant_attribute(controller, TEXT("Twin/Attributes/model")),
                controller->class == NULL ? TEXT("splc-edge") : controller->class->name),
        text_of(uri),
        TEXT(SPLC_VERSION),
        TEXT("PLC"),
        controller->display_name,
    };
    for (size_t i = 0; i < NAMEPLATE_COUNT && !build->error; i++) {
        CLEANUP(buffer_clear) struct buffer buffer = {0};
        struct opcua_names names =
            build_names(build, build_path(build, &buffer, path, "/", text_of(NAMEPLATE[i].name)));
        names.browse_namespace = build->devices;
        build_fail(build, add_plate(build, &names, NAMEPLATE[i].localized, texts[i]), names.node.string);
    }
}

void companion_identification(struct build *build, const struct plant_element *controller) {
    if (build->error || controller == NULL) return;
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names =
        build_names(build, build_path(build, &path, controller->path, "/", TEXT("Identification")));
    names.browse_namespace = build->devices;
    names.display_name_de = TEXT("Typenschild");
    names.reference = OPCUA_HAS_ADD_IN;
    struct opcua_node type = {.namespace_index = opcua_server_namespace(build->server->opcua, MACHINERY_URI),
                              .numeric = COMPONENT_IDENTIFICATION_TYPE};
    if (build->error) return;
    build_fail(build, opcua_server_add_object(build->server->opcua, &names, &type), names.node.string);
    add_nameplate(build, controller, names.node.string);
}
