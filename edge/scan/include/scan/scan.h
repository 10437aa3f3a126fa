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

#include <scan/authority.h>
#include <scan/force.h>
#include <scan/module.h>
#include <scan/pins.h>
#include <scan/point.h>
#include <scan/statistics.h>
#include <stdatomic.h>

enum { SCAN_NO_TAG = 0xFFFFFFFF };
static const uint32_t SCAN_CONDITIONED = 0x80000000; // marks an index into `conditioned`

/// Two outputs of a module that must never be on together.
struct scan_exclusion {
    uint32_t first, second; // index into `outputs`
    uint32_t module;
};

enum scan_condition { SCAN_IS, SCAN_IS_NOT, SCAN_IS_BELOW, SCAN_IS_ABOVE };

/// While the condition holds, or nobody knows because the tag has no usable value, the module's outputs have their safe
/// state, and what would move it is refused. When it begins, the module forgets what was under way.
struct scan_interlock {
    uint32_t module;
    uint32_t tag;           // what it looks at
    uint8_t condition;      // enum scan_condition
    union scan_value value; // SCAN_IS, SCAN_IS_NOT
    double limit;           // SCAN_IS_BELOW, SCAN_IS_ABOVE
    uint32_t outputs[2];    // from, to: the module's in `outputs`
    uint32_t numbers[2];    // ... and in `numbers`
    bool active;
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

/// Somebody who looks on: the recorder, the keeper of retained values. Called by the scan thread, so neither call may
/// block, allocate or log.
struct scan_observer {
    void (*command)(void *context, const struct scan_command *command); // before it is executed
    void (*cycle)(void *context, const struct scan *scan);              // after the outputs were written
    void *context;
};
enum { SCAN_OBSERVERS_MAX = 4 };

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
    status_code *range_quality; // by range of the driver: as it is in the tags of channels
    size_t image_bytes;
    size_t image_words; // of 8 bytes; the four images have room for so many
    uint8_t *input_image, *last_input_image, *output_image, *last_output_image;
    struct scan_point *inputs;      // plain ones, in the order of their bytes
    struct scan_input *conditioned; // the others
    size_t input_count, conditioned_count;
    struct scan_channel *input_channels, *output_channels; // in the order of their bytes
    size_t input_channel_count, output_channel_count;
    uint32_t *inputs_from, *input_channels_from, *output_channels_from; // by image word: the first that begins in it
    struct scan_point *outputs;                                         // boolean
    struct scan_number *numbers;                                        // numeric
    size_t output_count, number_count;
    uint32_t *output_of_tag; // tag -> index into `outputs` or `numbers`, as its type; SCAN_NO_TAG: no output
    uint32_t *input_of_tag; // tag -> index into `inputs`, or into `conditioned` with SCAN_CONDITIONED; else SCAN_NO_TAG
    bool *wish, *decided;   // by index into `outputs`: what modules want, what the arbiter made of it
    bool *written;          // ... and what stands in the output image
    double *number_wish, *number_decided, *number_written; // by index into `numbers`
    struct scan_exclusion *exclusions;
    size_t exclusion_count;
    struct scan_interlock *interlocks;
    size_t interlock_count;

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
    uint32_t run_switch; // tag: true means run; SCAN_NO_TAG: none
    uint32_t run_switch_module;
    uint8_t *safe_outputs, *safe_mask; // of the size of the image: what the guard writes, and which bits of it
    struct io_safe_image safe_image;   // both

    // state
    struct scan_time now;
    uint64_t plant_ns; // plant time since the start
    uint64_t cycles;
    struct authority authority;
    struct scan_safe_state safe;
    struct scan_forces forces;
    struct scan_pin_table *pins_offered, *pins_next; // NULL: none
    bool pins_left;                                  // outputs have left their pins: `pins_next` takes effect
    uint32_t pins_version;                           // how often the map was changed
    size_t unplaced_count;                           // plain inputs without a pin, behind the others
    bool read_failed, write_failed;                  // the driver, last time
    bool inputs_known;                               // `last_input_image` is in the tags
    bool outputs_known;                              // `written` and `number_written` are in the image and in the tags
    uint64_t read_ns;                                // monotonic: when the driver last read
    bool reset_was_pressed, stop_was_pressed;
    bool stopped;              // for good: the program ends
    struct scan_reason halted; // by method or key switch, until started; NONE: it runs
    bool first;                // the first scan after the start of the program or of the controller
    bool warm;                 // what modules remembered was kept over the last start
    bool restarted, key_stopped;
    bool guarded; // the guard tripped since the scan before
    unsigned guard_trips_seen;
    struct scan_statistics statistics;
    bool notify; // events or results of this scan wait for the server
    size_t fault_count;
    struct scan_reason first_fault;
    atomic_bool stop_requested;
    atomic_uint guard_trips; // ever

    struct scan_observer observers[SCAN_OBSERVERS_MAX];
    atomic_bool observed[SCAN_OBSERVERS_MAX]; // by one that is there
    atomic_bool showing;                      // an observer may be inside
    struct exchange *exchange;
};

/// To be called once when everything above stands: brings inputs and channels into the order of their bytes, and fills
/// the safe image, `input_of_tag` and the three `..._from`, which have `image_words` + 1 entries.
void scan_order(struct scan *scan);

/// The point of a signal's tag, input or output; NULL when the tag is no signal.
struct scan_point *scan_point(struct scan *scan, uint32_t tag);

/// One cycle. True when the server has something to take: the caller wakes it.
bool scan_once(struct scan *scan, const struct scan_time *time);

/// Any time, also while the scan runs, from one other thread. A function of an observer may be NULL. False when there
/// are too many.
bool scan_observe(struct scan *scan, struct scan_observer observer);
/// The observer with that context, if there is one: it is not called any more when this returns, and waits for a call
/// that is under way.
void scan_unobserve(struct scan *scan, const void *context);

/// Any thread: the next scan enters the safe state with the cause "stopped" and stays there.
void scan_request_stop(struct scan *scan);
/// The guard's thread: the next scan enters the safe state. To be called before the driver's `safe`, so that no scan
/// can take the outputs back without knowing.
void scan_guard_tripped(struct scan *scan);
/// Works out `safe_outputs` and `safe_mask` from places and safe states of the outputs.
void scan_build_safe_image(struct scan *scan);

// ---- for the kinds of modules, inside a scan
static inline bool scan_on(const struct scan *scan, uint32_t tag) {
    return scan->value[tag].boolean;
}
static inline bool scan_usable(const struct scan *scan, uint32_t tag) {
    return !status_is_bad(scan->quality[tag]);
}
/// A number's tag, whatever its type.
double scan_number(const struct scan *scan, uint32_t tag);
/// States what an output shall be. `tag` must be a boolean output.
static inline void scan_wish(struct scan *scan, uint32_t tag, bool on) {
    scan->wish[scan->output_of_tag[tag]] = on;
}
/// The same for a numeric output; limited to its range. One that is not finite is a fault of the program, which ends in
/// the safe state.
void scan_wish_number(struct scan *scan, struct scan_module *module, uint32_t tag, double value);
/// What a numeric output is now, in its own unit: as decided in this scan or, before that stage, in the last one.
double scan_decided_number(const struct scan *scan, uint32_t tag);
/// As `scan_set`, for a value that is not of this scan. `time_ns`: wall clock.
static inline void scan_set_at(struct scan *scan, uint32_t tag, union scan_value value, status_code quality,
                               uint64_t time_ns) {
    if (scan->value[tag].bits == value.bits && scan->quality[tag] == quality) return;
    scan->value[tag] = value;
    scan->quality[tag] = quality;
    scan->changed_ns[tag] = time_ns;
    if (scan->dirty[tag]) return;
    scan->dirty[tag] = true;
    scan->dirty_list[scan->dirty_count++] = tag;
}
/// Sets a tag; it is published at the end of this scan when it differs.
static inline void scan_set(struct scan *scan, uint32_t tag, union scan_value value, status_code quality) {
    scan_set_at(scan, tag, value, quality, scan->now.wall_ns);
}
/// The module is in fault, raises FAULT (or `event`) once, and refuses what moves until reset.
void scan_fault(struct scan *scan, struct scan_module *module, enum scan_reason_id why, enum scan_event_id event);
/// Enters the safe state, unless it is latched already; in effect with this scan's outputs.
void scan_enter_safe_state(struct scan *scan, struct scan_reason cause);
void scan_raise(struct scan *scan, const struct scan_module *module, enum scan_event_id event,
                struct scan_reason reason);
void scan_raise_for(struct scan *scan, const struct scan_module *module, enum scan_event_id event,
                    struct scan_reason reason, uint32_t session);
/// The first interlock of the module that is active; NONE when there is none.
struct scan_reason scan_interlocked(const struct scan *scan, const struct scan_module *module);
/// Leaves the safe state when its causes are gone, and clears faults: what the panel's reset button and the
/// controller's method do. No wish survives it, so nothing moves before a fresh command.
struct scan_reason scan_reset(struct scan *scan);

/// Stops: outputs to their safe state until `scan_start`. `why`: HALTED or KEY_SWITCH.
void scan_stop(struct scan *scan, struct scan_reason why);
/// Starts again, which includes a reset: refused while a cause of the safe state is there. Nothing moves before a fresh
/// command. Cold: the modules begin as they were built; warm: with what they know.
struct scan_reason scan_start(struct scan *scan, bool cold);

static inline union scan_value scan_boolean(bool value) {
    union scan_value of = {.bits = 0};
    of.boolean = value;
    return of;
}
union scan_value scan_int32(int32_t value);
union scan_value scan_uint16(uint16_t value);
union scan_value scan_uint32(uint32_t value);
union scan_value scan_real(double value);
static inline union scan_value scan_name(uint32_t index) {
    union scan_value of = {.bits = 0};
    of.name = index;
    return of;
}
union scan_value scan_because(struct scan_reason reason);
