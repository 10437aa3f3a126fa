/// What the controller does for each role of a core module: the signals that it knows, what it computes, what it can
/// be told, and which other modules it needs. `model_read` holds every element of a plant against its contract, so
/// that nothing that the controller could not run passes for a plant; `edge/program` implements the contracts, row by
/// row, and its tests prove that it does.
///
/// Owns: nothing; everything here is constant. Threads: any.
#pragma once

#include <base/text.h>
#include <base/value.h>

enum { CONTRACT_SIGNALS_MAX = 4, CONTRACT_VARIABLES_MAX = 28, CONTRACT_METHODS_MAX = 4, CONTRACT_LINKS_MAX = 2 };

struct contract_signal {
    const char *name;
    bool actuator; // else a sensor
    bool number;   // else Boolean
    bool required; // else it need not be fitted
};

struct contract_variable {
    const char *name;
    enum value_type type;
    const char *const *names; // of the values of a string, NULL ends; NULL: any text
};

enum { CONTRACT_ARGUMENTS_MAX = 3 };
struct contract_method {
    const char *name;
    enum value_type inputs[CONTRACT_ARGUMENTS_MAX], outputs[CONTRACT_ARGUMENTS_MAX]; // VALUE_NULL ends
};

/// A parameter that holds the path of another module, below the module's thing or below the station.
struct contract_link {
    const char *parameter;
    const char *role; // that the other one must have
    bool alone;       // no second module may refer to it
};

struct contract {
    const char *role;
    struct contract_signal signals[CONTRACT_SIGNALS_MAX]; // a NULL name ends, here and below
    struct contract_variable variables[CONTRACT_VARIABLES_MAX];
    struct contract_method methods[CONTRACT_METHODS_MAX];
    struct contract_link links[CONTRACT_LINKS_MAX];
    const char *const *rising;   // parameters of which each is below the next, as far as stated; NULL ends
    const char *const *positive; // parameters above 0; NULL ends
    bool retains;                // its variables, but texts, can be taken up again after a restart
    bool no_substitute;          // nothing may stand in for its sensors
};

/// All of them; a NULL role ends.
extern const struct contract contracts[];
/// NULL when the controller does nothing for that role.
const struct contract *contract_of(struct text role);
const struct contract_signal *contract_signal(const struct contract *contract, struct text name);     // NULL: none
const struct contract_variable *contract_variable(const struct contract *contract, struct text name); // NULL: none
const struct contract_method *contract_method(const struct contract *contract, struct text name);     // NULL: none

/// The ways to reach the terminals that an edge has: the controller's `Driver`. NULL ends.
extern const char *const contract_drivers[];
