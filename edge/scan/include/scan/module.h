/// What a core module is to the scan: a kind (code, shared) and an instance (indices and memory).
/// A kind gives functions for the stages of a scan; any of them may be NULL. Kinds stand in edge/program, one file
/// each.
#pragma once

#include <scan/exchange.h>

struct scan;
struct scan_module;

/// A variable that the module computes, or an argument of a method. Same names and types as in the plant model.
struct scan_field {
    const char *name;
    enum value_type type;
    const char *const *names; // VALUE_STRING with a fixed list; NULL ends. NULL: its value is a reason
};

/// Who may call a method, and when.
enum scan_access {
    SCAN_GET,      // everybody, at any time
    SCAN_MOVE,     // operator who holds the control authority; not in the safe state, not in fault
    SCAN_SIGNAL,   // operator who holds the control authority, at any time: lamps
    SCAN_HAND,     // operator; like a hand on the machine, needs no control authority
    SCAN_ENGINEER, // engineer; the method itself asks for the control authority where it moves something
    SCAN_AUTHORITY // the control authority itself: decides by role and session, answers with a number
};

typedef struct scan_reason scan_call_fn(struct scan *scan, struct scan_module *module,
                                        const struct scan_command *command, struct scan_result *result);

struct scan_method {
    const char *name;
    enum scan_access access;
    const struct scan_field *inputs;
    uint8_t input_count;
    const struct scan_field *outputs; // without `Reason`
    uint8_t output_count;
    scan_call_fn *call; // arguments are checked; fills the outputs
};

/// A part of a module's memory that changes while it runs: what somebody who keeps and restores it must know. The rest
/// is as the plant model says, or belongs to this process.
enum scan_memory_type {
    SCAN_MEMORY_BOOL,
    SCAN_MEMORY_NAME,   // an enum, less than `limit`
    SCAN_MEMORY_NUMBER, // 64 bits
    SCAN_MEMORY_REAL,
};
struct scan_memory {
    size_t offset;
    enum scan_memory_type type;
    unsigned limit;
};
#define SCAN_REMEMBERS(of, member, kind_of_it)                                                                         \
    { offsetof(of, member), SCAN_MEMORY_##kind_of_it, 0 }
#define SCAN_REMEMBERS_NAME(of, member, limit_of_it)                                                                   \
    { offsetof(of, member), SCAN_MEMORY_NAME, limit_of_it }

typedef void scan_stage_fn(struct scan *scan, struct scan_module *module);

struct scan_kind {
    const char *name; // role in the plant model: "PneumaticCylinder"
    const struct scan_field *variables;
    size_t variable_count;
    const struct scan_method *methods;
    size_t method_count;
    scan_stage_fn *step;              // from inputs to wishes
    scan_stage_fn *settle;            // outputs are decided: compute variables
    scan_stage_fn *halt;              // the safe state was entered: forget what was under way
    scan_stage_fn *reset;             // reset: faults are cleared
    const struct scan_memory *memory; // all of it that changes
    size_t memory_count;
    scan_stage_fn
        *restore; // before the first scan: take up the retained variables, which are in their tags; NULL: none
};

/// Limits of one argument; infinite where the model has none.
struct scan_limits {
    double low, high;
};

struct scan_module {
    const struct scan_kind *kind;
    uint32_t index;
    uint32_t first_tag;               // its variables, in the order of kind->variables
    const struct scan_limits *limits; // SCAN_ARGUMENTS_MAX for each method; NULL: none
    struct scan_reason fault;         // NONE when it has none; see scan_fault()
    void *memory;                     // what the kind keeps for this instance
    const void *initial; // as it was built, of `memory_bytes`: a cold start takes it; NULL: nothing to take
    size_t memory_bytes;
};
