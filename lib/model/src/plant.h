/// The plant behind model.h while it is made: what our own libraries mean (docs/spec/model.md), on top of CAEX.
///
/// The order of the work, each step in a file of its own:
///   classes.c   system unit classes: parameters, variables, methods, events
///   elements.c  the tree of the station, roles
///   io.c        signals, channels and their addresses
///   point.c     what a signal is besides a bit: type, scaling, debounce, substitute, safe state
///   wires.c     which signal is on which channel
///   calls.c     what a desired value calls
///   browse.c    no two things share a browse path
///   picture.c   elements stand inside of the picture
///   fulfil.c    every module is what the controller implements for its role (contracts.c)
///   interlocks.c  conditions on signals and variables of others
///   simulation.c  the plant that the simulation plays: workpieces and panel; vessels.c: vessels
#pragma once

#include "caex.h"
#include "scope.h"

#include <model/model.h>

/// Things that grow; the pointers in it end in the arena.
struct list {
    void **items;
    size_t count, capacity;
};
bool list_add(struct list *list, void *item); // false when out of memory
void list_clear(struct list *list);
/// A copy in the arena; NULL when out of memory.
void *list_keep(const struct list *list, struct arena *arena);

enum known_role { ROLE_STATION, ROLE_THING, ROLE_CONTROLLER, ROLE_IO_MODULE, ROLE_CORE_MODULE, KNOWN_ROLES };

enum known_interface {
    INTERFACE_SIGNAL,
    INTERFACE_SENSOR,
    INTERFACE_ACTUATOR,
    INTERFACE_CHANNEL,
    INTERFACE_INPUT,
    INTERFACE_OUTPUT,
    KNOWN_INTERFACES
};

/// A plant with what the functions of model.h need to know; a `struct plant *` is the first member of one.
struct store {
    struct plant plant;
    struct caex caex;
    bool of_another_controller;                 // what ours can do is not asked
    struct map *elements;                       // path -> struct element
    const struct caex_node *roles[KNOWN_ROLES]; // NULL when the file has no such class
    const struct caex_node *interfaces[KNOWN_INTERFACES];
    // While the plant is made:
    struct list all_elements, all_signals, all_channels, all_classes, all_interlocks;
    struct list simulated; // elements of which something is said for the simulation
};

/// A `const struct plant_element *` is the first member of one of these; signals and channels likewise.
struct element {
    struct plant_element shown;
    const struct store *store;
    struct caex_node *node;
    struct scope scope;
};

struct signal {
    struct plant_signal shown;
    struct caex_node *node;
    bool told; // has a finding about its wire already
};

struct channel {
    struct plant_channel shown;
    struct caex_node *node;
};

// All of these add findings and go on; the result is ERROR_NO_MEMORY or none.
enum error plant_make_classes(struct store *store);
enum error plant_make_elements(struct store *store);
enum error plant_make_io(struct store *store);
void plant_read_point(struct store *store, const struct scope *interface, struct plant_signal *signal);
void plant_check_calls(struct store *store);
enum error plant_check_contracts(struct store *store);
enum error plant_make_interlocks(struct store *store);
enum error plant_make_simulation(struct store *store);
void plant_check_picture(struct store *store);
enum error plant_check_browse_paths(struct store *store);
void plant_make_wires(struct store *store);
enum error plant_check_addresses(struct store *store);

/// Letters, digits and `_`, not a digit first; `-` as well when it is a thing's. Adds a finding otherwise.
enum { PLANT_NAME_BYTES_MAX = 128 }; // what AWS accepts as the name of a thing
void plant_check_name(struct store *store, const struct caex_node *node, bool thing);
bool plant_is_name(struct text name, bool thing);

/// True when the class of the interface is `kind` or derived from it.
bool plant_interface_is(const struct store *store, const struct scope *interface, enum known_interface kind);

/// A whole number from an attribute; `otherwise` when absent. A value that is none has a finding.
uint32_t plant_scope_number(struct store *store, const struct scope *owner, struct text path, uint32_t otherwise);
/// A finite number from an attribute; `otherwise` when absent. A value that is none has a finding.
double plant_scope_real(struct store *store, const struct scope *owner, struct text path, double otherwise);
double plant_scope_seconds(struct store *store, const struct scope *owner, const char *attribute); // 0: absent
bool plant_scope_true(const struct scope *owner, struct text path);
/// The place of a finding about an attribute of the element: where the element states it, else the element, for what
/// its class states need not be wrong for others.
const struct caex_node *plant_stated_at(const struct element *element, struct text path);
/// True when the value of the attribute has a finding already: it is no number, or not what its constraints admit.
bool plant_is_told(const struct element *element, struct text path);
