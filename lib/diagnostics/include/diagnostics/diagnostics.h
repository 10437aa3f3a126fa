/// The diagnostics buffer of a PLC: the last events with code, severity, wall and monotonic time, in a file that
/// survives restarts and power cuts. A ring of records of one size, each with a checksum of its own: what a power cut
/// leaves half-written is left out and counted, all others stay readable.
/// Form of the file: docs/spec/diagnostics.md.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>

/// X(id, code, name, severity): codes never change their meaning and are never used again.
#define DIAGNOSTICS_TABLE(X)                                                                                           \
    X(STARTED, 101, "Started", 100)                                                                                    \
    X(STOPPED, 102, "Stopped", 100)                                                                                    \
    X(NOT_STOPPED, 103, "EndedUnexpectedly", 700)                                                                      \
    X(NOT_REALTIME, 104, "NotRealTime", 400)                                                                           \
    X(MODEL_CHANGED, 105, "ModelChanged", 300)                                                                         \
    X(PROGRAM_CHANGED, 106, "ProgramChanged", 300)                                                                     \
    X(CRASHED, 107, "Crashed", 900)                                                                                    \
    X(SAFE_STATE_ENTERED, 201, "SafeStateEntered", 800)                                                                \
    X(SAFE_STATE_LEFT, 202, "SafeStateLeft", 300)                                                                      \
    X(EMERGENCY_STOP, 203, "EmergencyStop", 900)                                                                       \
    X(EMERGENCY_STOP_RELEASED, 204, "EmergencyStopReleased", 300)                                                      \
    X(POSITION_TIMEOUT, 205, "PositionTimeout", 500)                                                                   \
    X(MODULE_FAULT, 206, "ModuleFault", 600)                                                                           \
    X(COMMAND_REFUSED, 207, "CommandRefused", 400)                                                                     \
    X(EVENTS_LOST, 208, "EventsLost", 500)                                                                             \
    X(OTHER_EVENT, 209, "OtherEvent", 500)                                                                             \
    X(AUTHORITY_GRANTED, 301, "AuthorityGranted", 100)                                                                 \
    X(AUTHORITY_RELEASED, 302, "AuthorityReleased", 100)                                                               \
    X(AUTHORITY_LOST, 303, "AuthorityLost", 500)                                                                       \
    X(AUTHORITY_BROKEN, 304, "AuthorityBroken", 500)                                                                   \
    X(FORCED, 311, "Forced", 500)                                                                                      \
    X(UNFORCED, 312, "Unforced", 300)                                                                                  \
    X(FORCES_REMOVED, 313, "ForcesRemoved", 500)                                                                       \
    X(PINS_APPLIED, 321, "PinsApplied", 500)                                                                           \
    X(PINS_REFUSED, 322, "PinsRefused", 500)                                                                           \
    X(RECORDING_STARTED, 331, "RecordingStarted", 100)                                                                 \
    X(RECORDING_ENDED, 332, "RecordingEnded", 100)                                                                     \
    X(RETAIN_RESTORED, 401, "RetainRestored", 100)                                                                     \
    X(RETAIN_PARTIAL, 402, "RetainPartial", 500)                                                                       \
    X(RETAIN_NONE, 403, "RetainNone", 300)

enum diagnostics_id {
#define X(id, code, name, severity) DIAGNOSTICS_##id,
    DIAGNOSTICS_TABLE(X)
#undef X
        DIAGNOSTICS_COUNT
};

enum {
    DIAGNOSTICS_RECORDS = 2048,     // 512 KiB; a busy plant has some hundred events in a day
    DIAGNOSTICS_RECORD_BYTES = 256, // a part of a page: a power cut tears one record at most
    DIAGNOSTICS_SOURCE_BYTES = 64,  // NUL included, as below; longer ones are cut at the front
    DIAGNOSTICS_TEXT_BYTES = 152,   // longer ones are cut at the end
};

struct diagnostics_entry {
    uint64_t sequence;     // from 1, over all starts
    uint64_t wall_ns;      // since 1970
    uint64_t monotonic_ns; // since the machine was switched on: what holds when somebody sets the clock
    uint32_t start;        // how often the PLC had been started then, from 1
    uint16_t code;
    uint16_t severity;                     // 1..1000
    char source[DIAGNOSTICS_SOURCE_BYTES]; // "mps_conveyor/motor"; empty: the PLC itself
    char text[DIAGNOSTICS_TEXT_BYTES];
};

/// "SafeStateEntered"; "Unknown" for a code that is not in the table.
const char *diagnostics_name(uint16_t code);
uint16_t diagnostics_code(enum diagnostics_id id);
uint16_t diagnostics_severity(enum diagnostics_id id);

// ---------------------------------------------------------------- reading

struct diagnostics_list {
    struct diagnostics_entry *entries; // oldest first
    size_t count;
    size_t damaged; // records that were written, but not whole
};

/// From the bytes of the file; never fails but for memory, for bytes that are nothing are none. Pure.
enum error diagnostics_decode(struct text bytes, struct diagnostics_list *ret_list);
enum error diagnostics_read(const char *path, struct diagnostics_list *ret_list, struct problem *ret_problem);
void diagnostics_list_clear(struct diagnostics_list *list);

/// One entry as one JSON object, and as one line for people.
void diagnostics_print_json(const struct diagnostics_entry *entry, struct buffer *out);
void diagnostics_print_line(const struct diagnostics_entry *entry, struct buffer *out);

// ---------------------------------------------------------------- writing

/// The file is written and synchronised by a thread of its own, so nobody waits for a disk.
/// Threads: all functions may be called by any, but never by the scan (there is a lock).
struct diagnostics;
/// Continues the file, or makes it; counts a new start. The problem names the path.
enum error diagnostics_open(const char *path, struct diagnostics **ret_diagnostics, struct problem *ret_problem);
/// Everything is on the disk when it returns. NULL is fine.
void diagnostics_close(struct diagnostics *diagnostics);
CLEANUP_DEFINE(struct diagnostics, diagnostics_close)

/// NULL `diagnostics` is fine: then nothing is kept. Texts are copied.
void diagnostics_add(struct diagnostics *diagnostics, enum diagnostics_id id, struct text source, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));
/// The same with times and severity of an event that was some time ago.
void diagnostics_add_event(struct diagnostics *diagnostics, enum diagnostics_id id, uint16_t severity, uint64_t wall_ns,
                           struct text source, const char *text);
/// The last entry of a program that dies: what is not on the disk yet goes there, then this one, without the thread, a
/// lock or memory. For a signal handler, and only once.
void diagnostics_last_words(struct diagnostics *diagnostics, enum diagnostics_id id, const char *text);
/// How many entries there have been, over all starts.
uint64_t diagnostics_count(struct diagnostics *diagnostics);
/// The entry of that sequence number; false when it is no longer, or not yet, in the ring.
bool diagnostics_at(struct diagnostics *diagnostics, uint64_t sequence, struct diagnostics_entry *ret_entry);
/// False when the last write failed; `diagnostics_close` and later entries try again.
bool diagnostics_healthy(struct diagnostics *diagnostics);
