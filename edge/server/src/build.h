/// Building the address space: types.c makes types from classes, address_space.c objects from elements.
#pragma once

#include "internal.h"

#include <base/buffer.h>
#include <base/map.h>

/// Only while the nodes are made. After the first failure every further step does nothing.
struct build {
    struct server *server;
    const struct plant *plant;
    struct program *program;
    uint16_t station;    // namespace of the instances
    struct map *types;   // of classes that are made: key their name, value their class
    struct map *folders; // paths that are made
    struct problem *problem;
    enum error error;
};

/// The first failure, with the node that it concerns.
void build_fail(struct build *build, enum error error, struct text path);
/// "a/b"; the caller clears the buffer. A failed append is seen in `build`.
struct text build_path(struct build *build, struct buffer *buffer, struct text a, const char *separator, struct text b);

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
/// A read-only variable at `object`/`name`; and one with a text that does not change.
void build_own_variable(struct build *build, struct text object, const char *name, const char *description,
                        enum value_type type, struct opcua_variable **ret_variable);
void build_own_text(struct build *build, struct text object, const char *name, const char *description,
                    const char *text);
/// The object `Forcing`.
void forcing_build(struct build *build);

/// EURange, EngineeringUnits, EnumStrings of a variable.
void build_field_properties(struct build *build, struct opcua_node variable, const struct plant_field *field);
