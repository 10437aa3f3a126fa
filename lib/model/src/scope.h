/// What is stated about one place in several: an instance, its class, the base classes; the most specific first.
///
/// The scope of an owner (an element, an interface, a class) holds the nodes whose attributes belong together. Entering
/// an attribute by its name gives the scope of all its statements, with its attribute type at the end. So a value is
/// looked up member by member, wherever it stands.
#pragma once

#include "caex.h"

enum {
    SCOPE_MAX = 64
}; // statements about one thing; two or three are usual, past the limit the general ones are left out

struct scope {
    struct caex_node *nodes[SCOPE_MAX];
    size_t count; // 0: nothing is stated
};

/// Of an element, interface, class or attribute type.
struct scope scope_of(struct caex_node *owner);

struct scope scope_enter(const struct scope *scope, struct text attribute);
struct scope scope_find(const struct scope *scope, struct text path); // "Sim/BeltPosition"

/// Value before DefaultValue, place by place. False when there is neither.
bool scope_value(const struct scope *scope, struct text *ret_value);
/// The value of an attribute by path; empty when there is none.
struct text scope_text(const struct scope *scope, struct text path);

// The first that is stated; empty when none is.
struct text scope_data_type(const struct scope *scope);
struct text scope_unit(const struct scope *scope);
struct text scope_description(const struct scope *scope);
/// Of an interface: its own, or that of its class's. What an interface class says is about all of its kind.
struct text scope_own_description(const struct scope *interface);
/// What an interface or element is an instance of, from the first statement that says so; NULL when none does.
struct caex_node *scope_class(const struct scope *scope, enum caex_kind kind);
