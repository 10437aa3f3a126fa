/// The PLC program of a plant, built from its model: tags, process image, core modules, and all their names.
/// Decides by role, never by name. The plant was held against the contracts of the roles when it was read
/// (model/contract.h), so nothing in it is refused here.
/// Owns: everything below; borrows the plant, which must live longer.
/// Threads: after `program_create` the description is constant and may be read by any thread; `program_scan` belongs to
/// the scan thread (see scan/scan.h).
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <model/model.h>
#include <scan/scan.h>

/// A module that is no element of the plant: the simulation.
struct program_extra {
    const char *name; // "simulation": becomes the thing `STATION_simulation`, station in lower case
    const struct scan_kind *kind;
    void *memory; // the kind's; must outlive the program
};

struct program_options {
    struct io_driver driver;
    uint64_t lease_soft_ns, lease_hard_ns;
    const struct program_extra *extra; // NULL: none
};

struct program;
enum error program_create(const struct plant *plant, const struct program_options *options,
                          struct program **ret_program, struct problem *ret_problem);
void program_destroy(struct program *program); // NULL is fine
CLEANUP_DEFINE(struct program, program_destroy)

struct scan *program_scan(struct program *program);

// ---------------------------------------------------------------- tags

enum program_tag_kind { PROGRAM_SIGNAL, PROGRAM_CHANNEL, PROGRAM_VARIABLE };

/// Tags 0 .. plant->signal_count-1 are the signals by their index in the plant; channels and variables follow.
struct program_tag {
    enum program_tag_kind kind;
    enum value_type type;
    struct text path;                  // NodeId: "MPS/mps_conveyor/motor/direction/left/state", ".../RevPiDI/I_9/Value"
    struct text name;                  // last part
    const struct plant_signal *signal; // PROGRAM_SIGNAL
    const struct plant_channel *channel; // PROGRAM_CHANNEL
    const struct scan_field *variable;   // PROGRAM_VARIABLE
    uint32_t module;                     // PROGRAM_VARIABLE: whose
};
size_t program_tag_count(const struct program *program);
const struct program_tag *program_tag(const struct program *program, uint32_t tag);
/// By path; SCAN_NO_TAG when there is none. For building, not for every scan: it searches.
uint32_t program_find_tag(const struct program *program, struct text path);

/// A tag's value as one for people and wires. A string is borrowed from the program or stands in `buffer`.
enum { PROGRAM_TEXT_BYTES = 256 };
struct value program_value(const struct program *program, uint32_t tag, union scan_value value,
                           char buffer[static PROGRAM_TEXT_BYTES]);

// ---------------------------------------------------------------- modules

/// Core modules, the controller, the lock (`STATION/Lock`), the forces (`STATION/Forcing`) and the simulation.
struct program_module {
    struct text path;                    // "MPS/mps_conveyor/motor", "MPS/Lock", "MPS/mps_simulation"
    const struct plant_element *element; // NULL for the lock and the simulation
    const struct scan_kind *kind;        // variables (tags from `first_tag` on, in order) and methods by index
    uint32_t first_tag;
};
size_t program_module_count(const struct program *program);
const struct program_module *program_module(const struct program *program, uint32_t module);
uint32_t program_module_of(const struct program *program, const struct plant_element *element); // SCAN_NO_MODULE
uint32_t program_lock(const struct program *program);       // module of the control authority
uint32_t program_forcing(const struct program *program);    // module of the forces (`STATION/Forcing`)
uint32_t program_pins(const struct program *program);       // module of the pin map (`STATION/Pins`)
uint32_t program_simulation(const struct program *program); // SCAN_NO_MODULE without one
/// Index of a method for `struct scan_command`; -1 when the kind has none of that name.
int program_method(const struct program *program, uint32_t module, struct text name);
/// Tag of a variable; SCAN_NO_TAG when there is none of that name.
uint32_t program_variable(const struct program *program, uint32_t module, struct text name);

/// The lock's methods, in this order; its variables likewise. The server derives LockingClient and LockingUser from
/// `Holder`: the session number of the command that was granted, 0 when nobody holds it.
enum program_lock_method {
    PROGRAM_INIT_LOCK, // in: Context
    PROGRAM_RENEW_LOCK,
    PROGRAM_EXIT_LOCK,
    PROGRAM_BREAK_LOCK,
    PROGRAM_SESSION_GONE, // by the server itself: a session or its connection is over; role and result do not matter
};
enum program_lock_variable {
    PROGRAM_LOCKED,              // Boolean
    PROGRAM_HOLDER,              // UInt32: session
    PROGRAM_REMAINING_LOCK_TIME, // Double, ms, in steps of a second
    PROGRAM_EPOCH,               // UInt32
};

/// The methods of the forces, in this order; their rules are those of scan/force.h.
enum program_forcing_method {
    PROGRAM_FORCE,   // in: Tag (UInt32), Value (Double; of a Boolean 0 or 1)
    PROGRAM_UNFORCE, // in: Tag
    PROGRAM_UNFORCE_ALL,
};
enum program_forcing_variable { PROGRAM_FORCES_ACTIVE }; // UInt32

/// Of the pin map: lets what was offered with `scan_offer_pins` take effect (scan/pins.h).
enum program_pins_method { PROGRAM_APPLY_PINS };
enum program_pins_variable { PROGRAM_PINS_VERSION }; // UInt32: how often it was changed since the start

// ---------------------------------------------------------------- retained variables

/// Tags of variables that the model's attribute `Retain` names, in the order of the file. None of them is a text.
size_t program_retained_count(const struct program *program);
uint32_t program_retained(const struct program *program, size_t index);
/// Before the first scan: gives a retained variable its value from before, with the quality UncertainLastUsableValue;
/// `program_restored` then tells the modules.
void program_restore(struct program *program, uint32_t tag, union scan_value value);
void program_restored(struct program *program);

// ---------------------------------------------------------------- texts

/// "emergency stop is active (mps_conveyor/emergency_stop)"; empty for NONE.
void program_reason_text(const struct program *program, struct scan_reason reason,
                         char ret_text[static PROGRAM_TEXT_BYTES]);

struct program_event {
    struct text source; // "mps_conveyor/motor": path below the station; the station's name for itself
    struct text name;   // event of the model's class, or one of scan/exchange.h
    uint16_t severity;
    char message[PROGRAM_TEXT_BYTES];
};
void program_event_text(const struct program *program, const struct scan_event *event, struct program_event *ret_event);
