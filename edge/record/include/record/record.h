/// Recording and replay: what a scan is made of (inputs, commands, times) goes into a file, together with the outputs
/// that came of it. The same program gives the same outputs again, scan by scan, on any machine: an oracle for tests,
/// and what an engineer takes home from a plant that misbehaved.
///
///     scan thread --bytes--> ring --> writer thread --> FILE --> record_replay: same, or the first difference
///
/// Form of the file: docs/spec/recording.md. It contains the plant model, so it needs nothing besides itself.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <scan/scan.h>

enum {
    RECORD_BYTES_MAX = 1024 * 1024 * 1024, // of a file that is replayed
    RECORD_RING_BYTES = 4 * 1024 * 1024,   // minutes of a small plant: a disk may be slow
    RECORD_RANGES_MAX = 1024,              // of a driver
};

// ---------------------------------------------------------------- recording

struct recorder_options {
    const char *path;         // replaced when it is there; mode 0600
    size_t bytes_max;         // of the file; past it the recording ends, the PLC goes on
    struct text model;        // of the plant: the bytes of its file
    uint64_t period_ns;       // for people
    const uint32_t *restored; // tags whose value is from before the start (retained)
    size_t restored_count;
    struct text pins; // the pin map where it differs from the model (pins/pins.h); empty: it does not
    bool running;     // the scan runs already: the recording begins with what it knows at the end of a scan
};

enum recorder_state {
    RECORDER_RUNNING,
    RECORDER_STOPPED,
    RECORDER_FULL,
    RECORDER_TOO_SLOW,
    RECORDER_FAILED,
};

struct recorder_report {
    enum recorder_state state;
    uint64_t scans, bytes;
};

struct recorder;
/// Looks on from the next scan on; without `running` to be called after the program is built and before the scan thread
/// starts.
enum error recorder_start(struct scan *scan, const struct recorder_options *options, struct recorder **ret_recorder,
                          struct problem *ret_problem);
/// Any thread.
struct recorder_report recorder_report(const struct recorder *recorder);
const char *recorder_state_text(enum recorder_state state); // "stopped", "the file has reached its size" ...
/// Before the command with that id, which applies it: the whole map, as `pins` above. The thread that posts commands.
enum error recorder_pins(struct recorder *recorder, uint64_t command, struct text map);
/// The scan may go on. The file is complete when it returns. NULL is fine.
void recorder_stop(struct recorder *recorder);
CLEANUP_DEFINE(struct recorder, recorder_stop)

// ---------------------------------------------------------------- reading

/// One scan with what went before it.
struct record_scan {
    struct scan_time time;
    bool read_failed, write_failed, stopped, guarded;
    const uint8_t *inputs, *was_set, *was_clear; // images; borrowed until the next scan
    const uint8_t *outputs;
    const status_code *quality; // by range of the driver
    const uint64_t *age_ns;     // likewise
    const struct scan_command *commands;
    size_t command_count;
};

/// A pin map that was about to be applied by the command with that id.
struct record_map {
    uint64_t command;
    struct text text; // borrowed from the bytes
};

struct record_restored {
    uint32_t tag;
    union scan_value value;
};

struct record_header {
    uint64_t period_ns, lease_soft_ns, lease_hard_ns;
    uint32_t image_bytes, tag_count, module_count;
    bool simulated, has_age, has_was, running;
    struct io_range *ranges;
    uint32_t range_count;
    struct record_restored *restored;
    uint32_t restored_count;
    struct text pins, model; // borrowed from the bytes
    struct text state;       // of a scan that ran already; empty: the recording is of a start
};

struct record_reader;
/// `bytes` must outlive the reader. The problem says what is wrong, and where in the file.
enum error record_open(struct text bytes, struct record_reader **ret_reader, struct problem *ret_problem);
void record_close(struct record_reader *reader); // NULL is fine
CLEANUP_DEFINE(struct record_reader, record_close)
const struct record_header *record_header(const struct record_reader *reader);
/// False at the end. ERROR_INVALID in `ret_error` when the file is damaged there; what was read before is good.
bool record_next(struct record_reader *reader, struct record_scan *ret_scan, enum error *ret_error);
/// The map that the command with that id applies; NULL: none that has been read.
const struct record_map *record_map(const struct record_reader *reader, uint64_t command);
/// After the last scan: the recording was ended in order, and why; RECORDER_RUNNING: the file just stops.
enum recorder_state record_end(const struct record_reader *reader);

// ---------------------------------------------------------------- replay

struct record_verdict {
    uint64_t scans;          // replayed
    bool same;               // all outputs
    enum recorder_state end; // of the recording
    bool damaged;            // the file cannot be read to its end
    // the first difference
    uint64_t scan;    // from 1
    uint64_t wall_ns; // of that scan when it was recorded
    char tag[256];    // "MPS/mps_conveyor/motor/direction/right/state", or the byte of the image that no signal has
    double recorded, replayed;
};

/// Replays until the first difference or the end. ERROR_INVALID: no recording, or its model cannot be read.
enum error record_replay(struct text bytes, struct record_verdict *ret_verdict, struct problem *ret_problem);
