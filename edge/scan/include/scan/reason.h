/// Why something was refused or stopped: an id and indices in the scan, a sentence outside (program_reason_text).
#pragma once

#include <base/value.h>
#include <stdint.h>

/// X(id, status of a call that is refused for it, sentence)
/// In the sentence: {module} the module's path below the station, {cause} the sentence of the reason that `detail`
/// names, {buttons} and {switches} what the panel has, {argument}, {type} and {limits} those of the method and argument
/// in `detail`, {interlock} name and condition of the interlock in `detail`.
#define SCAN_REASON_TABLE(X)                                                                                           \
    X(NONE, Good, "")                                                                                                  \
    X(EMERGENCY_STOP, BadInvalidState, "emergency stop is active ({module})")                                          \
    X(EMERGENCY_STOP_UNKNOWN, BadInvalidState, "the state of the emergency stop is unknown ({module})")                \
    X(CONTROL_LOST, BadInvalidState, "control authority lost: its holder did not renew it and nobody took it over")    \
    X(DRIVER_LOST, BadInvalidState, "the I/O driver does not answer")                                                  \
    X(PROGRAM_FAULT, BadInvalidState, "the program of {module} came to a result that is no number")                    \
    X(STOPPED, BadInvalidState, "the controller was stopped")                                                          \
    X(HALTED, BadInvalidState, "the controller is stopped; call its start first")                                      \
    X(KEY_SWITCH, BadInvalidState, "{module} stands at stop; turn it to run first")                                    \
    X(GUARD, BadInvalidState, "a scan missed its deadline, so the guard took the outputs to their safe state")         \
    X(STOP_BUTTON, BadInvalidState, "{module} was pressed while nobody held the control authority")                    \
    X(SAFE_STATE, BadInvalidState, "the safe state is latched since: {cause}; remove the cause, then reset")           \
    X(NOT_REACHED, BadInvalidState, "{module} did not reach its end position in time; reset first")                    \
    X(SENSORS_CONTRADICT, BadInvalidState, "both end position sensors of {module} are on; mend them, then reset")      \
    X(EXCLUSION, BadInvalidState, "{module} must never drive both of its opposite outputs; both were switched off")    \
    X(ROLE, BadUserAccessDenied, "the caller's role may only read; log in as operator")                                \
    X(ROLE_ENGINEER, BadUserAccessDenied, "this needs the role engineer; log in as engineer")                          \
    X(NO_LOCK, BadUserAccessDenied, "the caller does not hold the control authority; call {module}/InitLock first")    \
    X(LOCK_OF_OTHER, BadUserAccessDenied, "another session holds the control authority ({module})")                    \
    X(LOCK_EXPIRED, BadUserAccessDenied,                                                                               \
      "the caller's control authority ran out because it was not renewed; call {module}/InitLock again")               \
    X(METHOD_UNKNOWN, BadMethodInvalid, "{module} has no such method")                                                 \
    X(ARGUMENT_COUNT, BadArgumentsMissing, "the number of arguments is wrong for {module}")                            \
    X(ARGUMENT_TYPE, BadInvalidArgument, "argument {argument} of {module} must be {type}")                             \
    X(ARGUMENT_RANGE, BadOutOfRange, "{argument} must be {limits} ({module})")                                         \
    X(SENSOR_BAD, BadSensorFailure, "the sensor of {module} gives no usable value")                                    \
    X(LIMIT_LL, BadInvalidState, "{module} is below its limit LL")                                                     \
    X(LIMIT_L, BadInvalidState, "{module} is below its limit L")                                                       \
    X(LIMIT_H, BadInvalidState, "{module} is above its limit H")                                                       \
    X(LIMIT_HH, BadInvalidState, "{module} is above its limit HH")                                                     \
    X(DOES_NOT_RUN, BadInvalidState, "{module} does not report that it runs; reset first")                             \
    X(DOES_NOT_STOP, BadInvalidState, "{module} still reports that it runs; reset first")                              \
    X(TRIPPED, BadInvalidState, "the motor protection of {module} has tripped; mend it, then reset")                   \
    X(ACTUATOR_FAULT, BadInvalidState, "the actuator of {module} has a fault; mend it, then reset")                    \
    X(IN_AUTOMATIC, BadInvalidState, "{module} is in automatic and moves it; set that to manual first")                \
    X(BEYOND_RANGE, BadOutOfRange, "{module} does not take that value: it must be {range}")                            \
    X(TUNING, BadOutOfRange, "{module}: Gain must be above 0, IntegralTime and DerivativeTime 0 or more")              \
    X(INTERLOCK, BadInvalidState, "interlock {interlock} ({module})")                                                  \
    X(NOT_FITTED, BadNotSupported, "{module} has no output for that")                                                  \
    X(NO_SUCH_BUTTON, BadInvalidArgument,                                                                              \
      "the panel has no such button; it has {buttons} (start is actuator_start); `turn` is for {switches}")            \
    X(NO_SUCH_SWITCH, BadInvalidArgument, "the panel has no such switch; it has {switches}")                           \
    X(NO_SUCH_FAULT, BadInvalidArgument, "the simulation knows no such fault; docs/spec/faults.md lists them")         \
    X(NO_SUCH_TARGET, BadInvalidArgument,                                                                              \
      "that fault cannot be there; docs/spec/faults.md says what its target is: a path below the station, or nothing") \
    X(FORCE_NO_POINT, BadInvalidArgument, "only inputs and outputs can be forced")                                     \
    X(FORCE_PROTECTED, BadNotSupported,                                                                                \
      "{module} cannot be forced: the emergency stop and the panel's stop and reset buttons always work")              \
    X(FORCE_VALUE, BadOutOfRange, "the value does not fit the type of the point")                                      \
    X(FORCES_FULL, BadTooManyOperations, "no more points can be forced at once; take a force off first")               \
    X(NOT_FORCED, BadInvalidState, "the point is not forced")                                                          \
    X(NO_PINS, BadInvalidState, "no pin map has been prepared")

enum scan_reason_id {
#define X(id, status, sentence) SCAN_REASON_##id,
    SCAN_REASON_TABLE(X)
#undef X
        SCAN_REASON_COUNT
};

/// Eight bytes, so that it is also the value of a tag ("Cause").
struct scan_reason {
    uint16_t id;     // enum scan_reason_id
    uint16_t detail; // SAFE_STATE: the cause's id; ARGUMENT_*: method << 8 | argument; BEYOND_RANGE: signal's tag;
                     // INTERLOCK: its index
    uint32_t module; // index; SCAN_NO_MODULE: none
};

enum { SCAN_NO_MODULE = 0xFFFFFFFF };

status_code scan_reason_status(struct scan_reason reason);
const char *scan_reason_sentence(enum scan_reason_id id); // with its {places}
static inline bool scan_refused(struct scan_reason reason) {
    return reason.id != SCAN_REASON_NONE;
}
static inline struct scan_reason scan_reason_none(void) {
    return (struct scan_reason){0};
}
static inline struct scan_reason scan_reason_of(enum scan_reason_id id, uint32_t module) {
    return (struct scan_reason){.id = (uint16_t)id, .module = module};
}
