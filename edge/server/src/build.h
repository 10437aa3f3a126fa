/// Building the address space: types.c makes types from classes, address_space.c objects from elements.
#pragma once

#include "internal.h"

#include <base/buffer.h>
#include <base/map.h>

#define BUILD_LIBRARY_URI "urn:serverless-plc:lib:"

/// Only while the nodes are made. After the first failure every further step does nothing.
struct build {
    struct server *server;
    const struct plant *plant;
    struct program *program;
    uint16_t station;    // namespace of the instances
    uint16_t devices;    // namespace of OPC 10000-100 (DI)
    struct map *types;   // of classes that are made: key their name, value their class
    struct map *folders; // paths that are made
    struct problem *problem;
    enum error error;
};

/// The first failure, with the node that it concerns.
void build_fail(struct build *build, enum error error, struct text path);
/// "a/b"; the caller clears the buffer. A failed append is seen in `build`.
struct text build_path(struct build *build, struct buffer *buffer, struct text a, const char *separator, struct text b);

/// Nodes of the station are their path. `build_names` takes browse name and parent from it.
struct text build_parent(struct text path);
struct opcua_node build_instance(const struct build *build, struct text path);
struct opcua_names build_names(const struct build *build, struct text path);

uint16_t build_class_namespace(struct build *build, const struct plant_class *class);
/// The type of a class, made when it is not there yet, after its bases; BaseObjectType for none. The node's text lives
/// in `name`.
struct opcua_node build_type(struct build *build, const struct plant_class *class, struct buffer *name);
/// A type that no class of the model describes: of the lock, the simulation, the channels; made when it is not there
/// yet. `parent`: class of its supertype.
struct opcua_node build_own_type(struct build *build, struct text name, const struct plant_class *parent,
                                 struct buffer *buffer);

/// A method of an object, or with `call` NULL the declaration of a type.
struct method_plan {
    struct opcua_node parent;
    struct text parent_path;
    uint16_t browse_namespace;
    struct text name, description;
    const struct plant_method *plant; // or
    const struct scan_method *scan;   // where the model has no class for it
    bool reason;
    struct call_target *target; // NULL: a declaration
};
void build_method(struct build *build, const struct method_plan *plan);
/// Commanding methods end with `Reason`: all that ask for something. What only tells has outputs and no inputs.
static inline bool build_is_commanding(size_t inputs, size_t outputs) {
    return inputs > 0 || outputs == 0;
}

/// An object of the station that no element of the model describes ("Forcing"), of type NAMEType.
void build_own_object(struct build *build, struct text path, struct text type_name);

/// A method that the server answers itself, below such an object. Its one output is `Reason`.
struct own_method {
    const char *name, *description;
    struct opcua_argument inputs[SCAN_ARGUMENTS_MAX]; // an empty name ends
    opcua_method_fn *call;
};
void build_own_method(struct build *build, struct text object, const struct own_method *method, void *context);
/// A read-only list of texts at `object`/`name`.
void build_own_texts(struct build *build, struct text object, const char *name, const char *description,
                     struct opcua_variable **ret_variable);
/// Puts the sentence into `Reason` and returns the status.
status_code own_refuse(struct opcua_invocation *call, status_code status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// The object `Diagnostics`.
void diagnostics_build(struct build *build);
/// Its methods and variable for recordings (recording.c); shows which file is written, when that has changed.
void recording_build(struct build *build, struct text diagnostics);
void recording_look(struct server *server);
/// A read-only variable at `object`/`name`; and one with a text that does not change.
void build_own_variable(struct build *build, struct text object, const char *name, const char *description,
                        enum value_type type, struct opcua_variable **ret_variable);
void build_own_text(struct build *build, struct text object, const char *name, const char *description,
                    const char *text);
/// Types of other people's specifications, with the NodeIds that these give them (companion.c).
void companion_types(struct build *build);
/// The methods of a module that is no element of the model: the first `count` of its kind.
void build_module_methods(struct build *build, uint32_t module, uint16_t browse_namespace, size_t count);
/// `STATION/Lock` with its methods, and the variable of one of its tags (lock_nodes.c).
void lock_build(struct build *build);
void lock_variable(struct build *build, uint32_t tag);

/// The object `STATION/Lock`, a LockingServicesType; its methods and variables are made by the caller in the namespace
/// of DI.
void companion_lock(struct build *build, struct text path);
/// `PLC/Identification` (OPC 40001-1) of the controller.
void companion_identification(struct build *build, const struct plant_element *controller);

typedef void build_describe_fn(struct build *build, const struct opcua_namespace_description *description);
/// Which editions of those specifications the types are from.
void companion_describe(struct build *build, build_describe_fn *describe);

/// What each namespace of the station is (namespaces.c).
void namespaces_describe(struct build *build);

/// An event type for each event of the model and of the scan, and which types raise it (event_types.c).
void event_types_build(struct build *build);

/// The object `Pins`; and for each channel its draft, and its name, which follows the map.
void pins_build(struct build *build);
void pins_add_channel(struct build *build, const struct plant_channel *channel, struct text channel_path,
                      struct opcua_variable *name);
/// What became of something that a person asked for, into the audit log: `action` and in words what.
void own_audit(const struct server *server, const struct opcua_caller *caller, const char *action, const char *what,
               status_code status, const char *reason);
/// The object `Forcing`.
void forcing_build(struct build *build);

/// The variable type that goes with a range and a unit.
struct opcua_variable_kind build_variable_kind(const struct plant_field *field);
/// EURange, EngineeringUnits, EnumStrings of a variable.
void build_field_properties(struct build *build, struct opcua_node variable, const struct plant_field *field);
