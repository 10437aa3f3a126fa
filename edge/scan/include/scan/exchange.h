/// What crosses between the scan thread and the server thread: lock-free rings, one writer and one reader each.
///
///     scan   -- changes, events, results -->  server
///     server -- commands                 -->  scan
///
/// Nothing is lost silently. A change that finds its ring full stays marked at its tag and is sent by a later scan with
/// the newest value (counted). A result always has room, because no command is taken before it has. An event that finds
/// its ring full is counted, and the next event in the ring carries the number in `lost_before`.
/// Threads: `exchange_take_*` and `exchange_post` for one server thread only; the rest belongs to the scan thread.
#pragma once

#include <scan/reason.h>
#include <stddef.h>

union scan_value {
    bool boolean;
    int32_t int32;
    uint16_t uint16;
    uint32_t uint32;
    double real;
    uint32_t name;             // a string with a fixed list of names: which one
    struct scan_reason reason; // a string that explains: a sentence outside
    uint64_t bits;             // all of it, to compare; unused bytes are zero
};

/// A tag's new value. Its type never changes and is known by index (program/program.h).
struct scan_change {
    uint32_t tag;
    status_code quality;
    union scan_value value;
    uint64_t time_ns; // wall clock of the scan that saw or made it
};

/// X(id, name, severity, message): severity and message only where the model's class has no event of that name. When
/// the event has a reason, its sentence follows the message.
#define SCAN_EVENT_TABLE(X)                                                                                            \
    X(POSITION_TIMEOUT, "PositionTimeout", 500, "End position not reached in time")                                    \
    X(TRIPPED, "Tripped", 900, "Emergency stop active")                                                                \
    X(RELEASED, "Released", 300, "Emergency stop released")                                                            \
    X(SAFE_STATE_ENTERED, "SafeStateEntered", 800, "Safe state entered")                                               \
    X(SAFE_STATE_LEFT, "SafeStateLeft", 300, "Safe state left")                                                        \
    X(STARTED, "Started", 300, "The controller was started")                                                           \
    X(STOPPED, "Stopped", 500, "The controller was stopped")                                                           \
    X(COMMAND_REFUSED, "CommandRefused", 400, "Command refused")                                                       \
    X(LIMIT_EXCEEDED, "LimitExceeded", 500, "Limit exceeded")                                                          \
    X(LIMIT_LEFT, "LimitLeft", 100, "Back within the limits")                                                          \
    X(SENSOR_FAILED, "SensorFailed", 600, "Sensor failed")                                                             \
    X(INTERLOCKED, "Interlocked", 500, "Interlocked")                                                                  \
    X(FAULT, "Fault", 600, "Fault")                                                                                    \
    X(LOCK_GRANTED, "LockGranted", 100, "Control authority granted")                                                   \
    X(LOCK_RELEASED, "LockReleased", 100, "Control authority given back")                                              \
    X(LOCK_LOST, "LockLost", 500, "Control authority lost: not renewed in time, or its session ended")                 \
    X(LOCK_BROKEN, "LockBroken", 500, "Control authority broken by another session")                                   \
    X(WORKPIECE_LOST, "WorkpieceLost", 600, "A workpiece left its path and is lost")                                   \
    X(JAM, "Jam", 600, "The feed position is occupied: the pusher is blocked")                                         \
    X(FORCES_REMOVED, "ForcesRemoved", 500, "The safe state took the forces off the outputs")

enum scan_event_id {
#define X(id, name, severity, message) SCAN_EVENT_##id,
    SCAN_EVENT_TABLE(X)
#undef X
        SCAN_EVENT_COUNT
};

struct scan_event {
    uint64_t time_ns;     // wall clock of the scan
    uint32_t module;      // who says it
    uint16_t id;          // enum scan_event_id
    uint16_t lost_before; // events that did not fit into the ring before this one
    uint32_t session;     // LOCK_*, COMMAND_REFUSED: whose; 0: none
    struct scan_reason reason;
};

enum scan_role { SCAN_ROLE_VIEWER, SCAN_ROLE_OPERATOR, SCAN_ROLE_ENGINEER, SCAN_ROLE_ADMINISTRATOR };

enum { SCAN_TEXT_BYTES = 48 };   // a text argument, NUL included: names of panel elements
enum { SCAN_ARGUMENTS_MAX = 4 }; // no method of the model has more

struct scan_argument {
    enum value_type type;
    union {
        union scan_value value;
        char text[SCAN_TEXT_BYTES]; // VALUE_STRING
    };
};

/// One call of a method. Types, number, limits, role and control authority are checked in the scan.
struct scan_command {
    uint64_t id;      // the caller's; comes back with the result
    uint32_t session; // the caller's session: any number but 0, never given to a second session
    uint32_t module;  // program_module_of() ...
    uint16_t method;  // program_method()
    uint8_t role;     // enum scan_role
    uint8_t argument_count;
    struct scan_argument arguments[SCAN_ARGUMENTS_MAX];
};

enum { SCAN_OUTPUTS_MAX = 2 };
struct scan_result {
    uint64_t id;
    status_code status;        // of the call
    struct scan_reason reason; // NONE when done
    uint8_t output_count;      // 0 when refused; `Reason` is not among them, it is made of `reason`
    struct scan_argument outputs[SCAN_OUTPUTS_MAX];
};

/// Counters that only grow; readable by any thread.
struct exchange_counters {
    uint64_t changes, events, results, commands;
    uint64_t changes_delayed; // found the ring full and were sent later
    uint64_t events_lost;     // found the ring full
    uint64_t commands_full;   // `exchange_post` refused
};

struct exchange;
/// Rings for `tags` tags. NULL when out of memory.
struct exchange *exchange_create(size_t tags);
void exchange_destroy(struct exchange *exchange); // NULL is fine

// ---- for the server thread
bool exchange_take_change(struct exchange *exchange, struct scan_change *ret_change); // false: nothing there
bool exchange_take_event(struct exchange *exchange, struct scan_event *ret_event);
bool exchange_take_result(struct exchange *exchange, struct scan_result *ret_result);
/// False when the ring is full: answer BadTooManyOperations.
bool exchange_post(struct exchange *exchange, const struct scan_command *command);
struct exchange_counters exchange_count(const struct exchange *exchange);

// ---- for the scan thread
/// Where the next changes are to be written: at most `*count`, less where the ring ends or is full (0, which is
/// counted: keep them marked). What was written is the server's with `exchange_give_changes`.
struct scan_change *exchange_room_for_changes(struct exchange *exchange, size_t *count);
void exchange_give_changes(struct exchange *exchange, size_t count);
void exchange_give_event(struct exchange *exchange, struct scan_event event);
bool exchange_next_command(struct exchange *exchange,
                           struct scan_command *ret_command); // only with room for its result
void exchange_give_result(struct exchange *exchange, const struct scan_result *result);
