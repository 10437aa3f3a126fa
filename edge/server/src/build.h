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

/// EURange, EngineeringUnits, EnumStrings of a variable.
void build_field_properties(struct build *build, struct opcua_node variable, const struct plant_field *field);
