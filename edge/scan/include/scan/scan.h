/// The cyclic scan of the PLC. One call of `scan_once` is one cycle, in this order:
///
///     time -> read -> quality and inversion, input forces -> commands -> core modules -> output forces -> interlocks
///          -> safe-state arbiter -> write -> settle -> publish changes, statistics
///
/// Data stand in parallel arrays by tag index; names live outside (edge/program). A module never sets an output: it
/// states a *wish*; interlocks and the arbiter decide, and what they decided is the tag's value.
/// Pure: time comes from outside, the only calls out are those of the driver. No lock, no allocation, no log inside.
/// Threads: everything here belongs to the scan thread, except `scan->exchange` (scan/exchange.h) and
/// `scan_request_stop`.
#pragma once

#include <io/driver.h>
#include <io/image.h>
#include <scan/authority.h>
#include <scan/force.h>
#include <scan/module.h>
#include <stdatomic.h>

enum { SCAN_NO_TAG = 0xFFFFFFFF };

/// A signal of a core module at its place in the image.
struct scan_point {
    uint32_t tag;
    uint32_t module; // owner
    struct io_place place;
    bool inverted;
    bool forced;  // the tag has what somebody forced (scan/force.h)
    uint8_t safe; // enum scan_safe; outputs
};
/// HOLD keeps what was on; FREE as well, but its module may go on signalling (lamps).
enum scan_safe { SCAN_SAFE_OFF, SCAN_SAFE_ON, SCAN_SAFE_HOLD, SCAN_SAFE_FREE };

/// A channel of an I/O module, wired or not: its raw value is a tag of its own.
struct scan_channel {
    uint32_t tag;
    struct io_place place;
};

/// Two outputs of a module that must never be on together.
struct scan_exclusion {
    uint32_t first, second; // index into `outputs`
    uint32_t module;
};

struct scan_time {
    uint64_t elapsed_ns;   // plant time since the last scan
    uint64_t monotonic_ns; // wall time without jumps: deadlines of the control authority, statistics
    uint64_t wall_ns;      // since 1970: the one time stamp of this scan
    uint64_t missed;       // periods skipped since the start
    uint64_t execution_ns; // of the last scan
};

/// The arbiter. While latched, every output has its safe state, and nothing that moves is accepted.
struct scan_safe_state {
    bool latched;
    struct scan_reason cause; // the first one
    uint64_t since_ns;        // wall clock
};

struct scan {
    // tags, by tag index
    size_t tag_count;
    enum value_type *type;
    union scan_value *value;
    status_code *quality;
    uint64_t *changed_ns; // source time stamp
    bool *dirty;          // changed and not yet in the ring
    uint32_t *dirty_list;
    size_t dirty_count;

    // image and what hangs on it
    struct io_driver driver;
    size_t image_bytes;
    uint8_t *input_image, *last_input_image, *output_image, *last_output_image;
    struct scan_point *inputs, *outputs;
    size_t input_count, output_count;
    struct scan_channel *input_channels, *output_channels;
    size_t input_channel_count, output_channel_count;
    uint32_t *output_of_tag; // tag -> index into `outputs`; SCAN_NO_TAG: it is no output
    uint32_t *input_of_tag;  // tag -> index into `inputs`; SCAN_NO_TAG: it is no input
    bool *wish;              // by index into `outputs`
    bool *decided;           // by index into `outputs`: what went out last
    struct scan_exclusion *exclusions;
    size_t exclusion_count;

    struct scan_module *modules;
    size_t module_count;
    uint32_t *steppers, *settlers; // modules with these stages
    size_t stepper_count, settler_count;
    uint32_t lock_module, controller_module;
    uint32_t *emergency_stops; // tags: true means pressed
    uint32_t *emergency_stop_modules;
    size_t emergency_stop_count;
    uint32_t reset_button, stop_button; // tags; SCAN_NO_TAG: none
    uint32_t stop_button_module;

    // state
    struct scan_time now;
    uint64_t plant_ns; // plant time since the start
    uint64_t cycles;
    struct authority authority;
    struct scan_safe_state safe;
    struct scan_forces forces;
    bool read_failed, write_failed; // the driver, last time
    bool inputs_known;              // `last_input_image` is in the tags
    bool reset_was_pressed, stop_was_pressed;
    bool stopped;
    bool notify; // events or results of this scan wait for the server
    size_t fault_count;
    struct scan_reason first_fault;
    atomic_bool stop_requested;

    struct exchange *exchange;
};

/// One cycle. True when the server has something to take: the caller wakes it.
bool scan_once(struct scan *scan, const struct scan_time *time);

/// Any thread: the next scan enters the safe state with the cause "stopped" and stays there.
void scan_request_stop(struct scan *scan);

// ---- for the kinds of modules, inside a scan
static inline bool scan_on(const struct scan *scan, uint32_t tag) {
    return scan->value[tag].boolean;
}
static inline bool scan_usable(const struct scan *scan, uint32_t tag) {
    return !status_is_bad(scan->quality[tag]);
}
/// States what an output shall be. `tag` must be an output.
void scan_wish(struct scan *scan, uint32_t tag, bool on);
/// Sets a tag; it is published at the end of this scan when it differs.
void scan_set(struct scan *scan, uint32_t tag, union scan_value value, status_code quality);
/// The module is in fault, raises FAULT (or `event`) once, and refuses what moves until reset.
void scan_fault(struct scan *scan, struct scan_module *module, enum scan_reason_id why, enum scan_event_id event);
void scan_raise(struct scan *scan, const struct scan_module *module, enum scan_event_id event,
                struct scan_reason reason);
void scan_raise_for(struct scan *scan, const struct scan_module *module, enum scan_event_id event,
                    struct scan_reason reason, uint32_t session);
/// Leaves the safe state when its causes are gone, and clears faults: what the panel's reset button and the
/// controller's method do. No wish survives it, so nothing moves before a fresh command.
struct scan_reason scan_reset(struct scan *scan);

union scan_value scan_boolean(bool value);
union scan_value scan_int32(int32_t value);
union scan_value scan_uint16(uint16_t value);
union scan_value scan_uint32(uint32_t value);
union scan_value scan_real(double value);
union scan_value scan_name(uint32_t index);
union scan_value scan_because(struct scan_reason reason);
