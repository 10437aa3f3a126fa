/// The plant model: AutomationML (CAEX 3.0) in, a resolved plant out. Pure: bytes and names, no file, log or clock.
///
/// `model_read` parses, resolves classes and roles, merges attributes (instance, class, base classes), follows the
/// links, and checks the convention of docs/spec/model.md. All findings of one run are in the diagnostics; a model
/// with an error gives no plant.
/// Owns: the plant owns everything reachable from it; all of it is immutable and lives until `plant_destroy`.
/// Threads: a plant may be read by any number of threads.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>
#include <base/value.h>
#include <model/findings.h>

// ---------------------------------------------------------------- classes

/// A number's limits; absent ones are minus and plus infinity.
struct plant_range {
    double low, high;
    bool given;
};

/// An argument of a method, a Variable or a parameter: what it is called and what it may be.
struct plant_field {
    struct text name;
    struct text description;
    enum value_type type;
    struct text unit; // "m/s"; empty: none
    struct plant_range range;
    const struct text *names; // nominal values of a string (EnumStrings), in order; NULL: any
    size_t name_count;
    struct text value; // resolved Value or DefaultValue as written; empty when none
    double max_age_s;  // signals, variables: what is not heard for longer is stale; 0: it may stay as it is for ever
};

struct plant_method {
    struct text name;
    struct text description;
    const struct plant_field *inputs;
    size_t input_count;
    const struct plant_field *outputs;
    size_t output_count;
};

struct plant_event {
    struct text name;
    uint16_t severity; // 1..1000
    struct text message;
};

/// A SystemUnitClass. Members are the class's own; those of base classes are found through `base`.
struct plant_class {
    struct text name;    // "PneumaticCylinder"
    struct text library; // "SplcSystemUnitClassLib"
    struct text description;
    const struct plant_class *base; // NULL for a root
    const struct plant_field *parameters;
    size_t parameter_count;
    const struct plant_field *variables;
    size_t variable_count;
    const struct plant_method *methods;
    size_t method_count;
    const struct plant_event *events;
    size_t event_count;
};

// ---------------------------------------------------------------- instances

enum plant_kind { PLANT_STATION, PLANT_THING, PLANT_CORE_MODULE, PLANT_IO_MODULE, PLANT_OTHER };

/// Of a number FALSE means its safe value.
enum plant_safe_state { SAFE_FALSE, SAFE_TRUE, SAFE_HOLD };

/// What stands in for an input that cannot be read.
enum plant_substitute {
    SUBSTITUTE_NONE, // nothing: the last value stays, and nobody may use it
    SUBSTITUTE_HOLD, // the last value, usable
    SUBSTITUTE_VALUE // `substitute_value`, usable
};

/// The raw numbers that stand for the ends of the range, and those beyond which the wire is broken.
struct plant_scaling {
    bool given; // else value and raw number are the same
    double raw_low, raw_high;
    double raw_least, raw_most; // infinite: none
};

struct plant_element;
struct plant_channel;
struct plant_simulation;

/// One wire's end at a core module.
struct plant_signal {
    struct text name;      // "extended"
    struct text twin_path; // "position/extended/state", below the module
    const struct plant_element *module;
    const struct plant_channel *channel; // the other end; never NULL in a plant without errors
    bool actuator;                       // PLC to plant
    bool inverted;                       // booleans
    struct plant_field field;            // type, unit and range; `name` as above
    struct plant_scaling scaling;        // numbers
    double deadband;                     // numeric inputs: smaller changes are none
    double debounce_ms;                  // boolean inputs: so long a state must last to be one
    double latch_ms;                     // boolean inputs: so long a pulse stays to be seen
    double stale_ms;                     // inputs: a value may be so old; 0: no limit of its own
    enum plant_substitute substitute;    // inputs
    double substitute_value;             // a boolean: 0 or 1
    enum plant_safe_state safe_state;    // actuators
    double safe_value;                   // numeric actuators whose safe state is not HOLD
    struct text on_true, on_false;       // "setDirection(1)": what a desired value calls; empty: rejected
    struct text on_value;                // the same of a number: "setPosition(value)"
    double time_to_live_s;               // of a desired value; 0: the site's
    size_t index;                        // 0 .. plant->signal_count-1, the order of the file
};

/// How a channel of more than one bit is to be read.
enum plant_encoding { ENCODING_UNSIGNED, ENCODING_SIGNED, ENCODING_FLOAT };

/// One channel of an I/O module or of the controller.
struct plant_channel {
    struct text name; // "I_9"
    struct text description;
    const struct plant_element *module;
    bool output;
    uint32_t byte; // in the process image
    uint8_t bit;   // 0..7
    uint32_t bits; // size
    enum plant_encoding encoding;
    const struct plant_signal *signal; // NULL when free
};

/// Another module that a parameter names ("Sensor" of a PidController).
struct plant_link {
    struct text parameter;
    const struct plant_element *module;
};

enum plant_condition { CONDITION_IS, CONDITION_IS_NOT, CONDITION_BELOW, CONDITION_ABOVE };

/// While its condition holds, the module rests and refuses.
struct plant_interlock {
    struct text name;
    struct text text; // "tank/level/value below 5"
    const struct plant_element *module;
    const struct plant_element *of;     // whose signal or variable it looks at
    const struct plant_signal *signal;  // NULL: it is a variable
    const struct plant_field *variable; // NULL: it is a signal
    enum plant_condition condition;
    bool state;        // IS, IS_NOT of a boolean
    size_t value_name; // IS, IS_NOT of a variable with named values
    double limit;      // BELOW, ABOVE
};

/// One InternalElement below the station, or the station itself.
struct plant_element {
    struct text name;
    struct text id;              // lower-case UUID without braces
    struct text path;            // "MPS/mps_conveyor/motor": NodeId and browse path
    struct text display_name;    // the name when none is given
    struct text display_name_de; // empty when there is no translation
    struct text description;
    enum plant_kind kind;
    struct text role; // most specific role of SplcRoleClassLib: "PneumaticCylinder", "Thing", "Controller"
    const struct plant_class *class;    // NULL when it has none
    const struct plant_element *parent; // NULL for the station
    const struct plant_element *thing;  // itself or the nearest one above with role Thing; NULL for the station
    const struct plant_element *const *children;
    size_t child_count;
    const struct plant_signal *const *signals;
    size_t signal_count;
    const struct plant_channel *const *channels;
    size_t channel_count;
    const struct plant_link *links; // to other modules
    size_t link_count;
    unsigned line;
};

struct plant {
    const struct plant_element *station;
    const struct plant_element *controller; // the one with role Controller
    struct text namespace_uri;
    struct text version;                         // of the instance hierarchy
    const struct plant_element *const *elements; // all, parents before children, in the order of the file
    size_t element_count;
    const struct plant_signal *const *signals; // all, by index
    size_t signal_count;
    const struct plant_class *const *classes; // all of the file, bases first
    size_t class_count;
    const struct plant_interlock *const *interlocks; // those of a module side by side, in the order of the elements
    size_t interlock_count;
    const struct plant_simulation *simulation; // model/simulation.h
};

/// Reads one file's bytes. `findings` is empty before. ERROR_INVALID when they hold an error afterwards (the problem
/// repeats the first).
enum error model_read(struct text bytes, struct model_findings *findings, struct plant **ret_plant,
                      struct problem *ret_problem);
/// The same for a model that need not run on this controller, as one of an older version that is compared: contracts
/// (model/contract.h) are not asked, and modules are not linked.
enum error model_read_of_another(struct text bytes, struct model_findings *findings, struct plant **ret_plant,
                                 struct problem *ret_problem);
void plant_destroy(struct plant *plant); // NULL is fine
CLEANUP_DEFINE(struct plant, plant_destroy)

/// A resolved attribute of an element by path ("Sim/BeltPosition", "Hmi/X", "Timeout"): instance, class, base
/// classes, attribute type; Value before DefaultValue. Empty when there is none.
struct text plant_attribute(const struct plant_element *element, struct text path);
/// The same as a number; `otherwise` when absent (a value that is no number is a finding at reading).
double plant_number(const struct plant_element *element, struct text path, double otherwise);

/// Names of what an attribute contains ("Interlocks"), in the instance, its class and the base classes; each once, at
/// most `max`. Gives their number.
size_t plant_members(const struct plant_element *element, struct text path, struct text *ret_names, size_t max);

const struct plant_element *plant_find(const struct plant *plant, struct text path); // NULL when absent
/// The module that a parameter of the element's contract (model/contract.h) names; NULL when it names none.
const struct plant_element *plant_linked(const struct plant_element *element, struct text parameter);
const struct plant_signal *plant_find_signal(const struct plant_element *element, struct text name); // NULL: not fitted
bool plant_class_is(const struct plant_class *class, struct text name); // itself or a base is called so
/// True when one of the element's roles or a base of it is `role`: one of ours by its name ("CoreModule"), any other by
/// its path ("AutomationMLCSRoleClassLib/ControlEquipment/Sensor").
bool plant_has_role(const struct plant_element *element, struct text role);

/// A method, variable, event or parameter of the class or the nearest base that has it; NULL when none.
const struct plant_method *plant_class_method(const struct plant_class *class, struct text name);
const struct plant_field *plant_class_variable(const struct plant_class *class, struct text name);
const struct plant_event *plant_class_event(const struct plant_class *class, struct text name);
const struct plant_class *plant_find_class(const struct plant *plant, struct text name); // NULL when there is none

/// The UNECE code of a unit ("MTS" for "m/s"), as OPC UA wants it; NULL when it has none ("px").
const char *plant_unit_code(struct text unit);
