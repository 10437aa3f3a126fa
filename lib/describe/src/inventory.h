/// What clients see of a plant, thing by thing: leaves of the twin and methods, with their place below the thing. The
/// generators and the comparison of two models go by this list, so that they agree.
#pragma once

#include <base/cleanup.h>
#include <describe/describe.h>

/// One value: a signal or a variable.
struct leaf {
    struct text path;                    // "motor/direction/left/state", below the thing
    const struct plant_element *element; // that it belongs to; NULL: the simulation
    const struct plant_signal *signal;   // NULL: a variable, which the controller computes
    const struct plant_field *field;     // what it may be; the range is what is expected, not a limit
};

struct call {
    struct text path;                    // "motor/setDirection"
    struct text module;                  // "motor"; empty: the thing itself
    const struct plant_element *element; // NULL: the simulation
    const struct plant_method *method;
    bool commanding; // asks for something, and answers with a Reason ([opcua-2.5])
};

struct thing {
    struct text name;
    struct text display_name, display_name_de; // the latter may be empty
    const struct plant_element *element;       // NULL: the simulation
    const struct plant_class *class;
    struct leaf *leaves; // in the order of the model
    size_t leaf_count;
    struct call *calls;
    size_t call_count;
};

struct inventory {
    struct thing *things; // in the order of the model, the simulation last
    size_t thing_count;
    char **texts; // paths
    size_t text_count, text_capacity;
    bool failed; // out of memory
};

/// NULL when out of memory.
struct inventory *inventory_create(const struct plant *plant, const struct describe_options *options);
void inventory_destroy(struct inventory *inventory); // NULL is fine
CLEANUP_DEFINE(struct inventory, inventory_destroy)

/// The class and its bases, the root first. A class has at most CHAIN_MAX of them ([model-1.5]).
enum { CHAIN_MAX = 32 };
size_t class_chain(const struct plant_class *class, const struct plant_class *chain[static CHAIN_MAX]);

/// "mps_simulation", of the station "MPS".
void put_simulation_name(const struct plant *plant, struct buffer *out);
/// True for things and their core modules: what is neither I/O nor foreign.
bool is_in_twin(const struct plant_element *element);
/// True when the variables and methods of its class live in it: core modules and the controller ([model-3.2],
/// [model-4.3]).
bool has_members(const struct plant *plant, const struct plant_element *element);
/// Times of the scan in detail are for the tools of the engineer ([edge-9.4]).
bool is_statistic(const struct plant_field *field);
/// "motor/direction": the path of an element below its thing; empty for the thing itself.
struct text path_in_thing(const struct plant_element *element);
/// "mps_conveyor/motor": the path of an element below the station; empty for the station.
struct text path_in_station(const struct plant *plant, const struct plant_element *element);
/// ERROR_NO_MEMORY, with its text, when the buffer could not grow.
enum error written(const struct buffer *out, struct problem *ret_problem);
