/// Points of the plant: the signals of core modules at their places in the process image.
///
///     input:   image -> encoding -> broken wire? -> scaling, inversion -> debounce or latch -> lost or stale?
///     substitute output:  decided value -> range -> scaling, inversion -> encoding -> image
///
/// A boolean input that is nothing but a bit stands in `scan->inputs`, where a scan only looks at what changed. One
/// that needs more (a number, a time, a substitute, a part of the image that can be lost) stands in `scan->conditioned`
/// and is worked out in every scan.
#pragma once

#include <base/value.h>
#include <io/driver.h>
#include <io/image.h>

/// HOLD keeps what was on; FREE as well, but its module may go on signalling (lamps). Of a number OFF means its safe
/// value.
enum scan_safe { SCAN_SAFE_OFF, SCAN_SAFE_ON, SCAN_SAFE_HOLD, SCAN_SAFE_FREE };

/// A signal of a core module at its place in the image.
struct scan_point {
    uint32_t tag;
    uint32_t module; // owner
    struct io_place place;
    bool inverted;
    bool forced;  // the tag has what somebody forced (scan/force.h)
    uint8_t safe; // enum scan_safe; outputs
};

/// A channel of an I/O module, wired or not: its raw value is a tag of its own.
struct scan_channel {
    uint32_t tag;
    struct io_place place;
    uint8_t encoding; // enum scan_encoding
    uint32_t range;   // inputs: of the driver's; IO_NO_RANGE: as good as the whole image
};

enum scan_encoding { SCAN_UNSIGNED, SCAN_SIGNED, SCAN_FLOAT };

/// How a number lies in the image: value = raw * factor + offset.
struct scan_scale {
    uint8_t encoding;             // enum scan_encoding
    double factor, offset;        // 1 and 0: value and raw are the same
    double raw_least, raw_most;   // inputs: beyond them the wire is broken
    double value_low, value_high; // outputs: limits
};

enum scan_substitute { SCAN_SUBSTITUTE_NONE, SCAN_SUBSTITUTE_HOLD, SCAN_SUBSTITUTE_VALUE };

/// An input that is more than a bit. Times are plant time, except for `stale_ns`.
struct scan_input {
    struct scan_point point;
    struct scan_scale scale; // numbers
    uint32_t range;          // of the driver's; IO_NO_RANGE: as good as the whole image
    uint64_t debounce_ns;    // a boolean state must last so long to be one; 0: at once
    uint64_t latch_ns;       // a boolean stays true so long after it was; 0: not longer than it is
    uint64_t stale_ns;       // older than that is lost; 0: lost as soon as the driver says so
    double deadband;         // numbers: smaller changes are none
    uint8_t substitute;      // enum scan_substitute
    union {
        bool boolean;
        double number;
    } substitute_value;
    // what it remembers
    bool known;            // it had a value of its own before
    bool candidate;        // debounce: the state that it sees; latch: it was seen true
    uint64_t candidate_ns; // debounce: since; latch: last seen true
};

/// A numeric output.
struct scan_number {
    struct scan_point point;
    struct scan_scale scale;
    double safe_value; // SCAN_SAFE_OFF
};

/// The raw number at a place; not finite where a float is none.
double scan_decode(const uint8_t *image, struct io_place place, enum scan_encoding encoding);
/// Rounded and limited to what the place can hold. `raw` is finite.
void scan_encode(uint8_t *image, struct io_place place, enum scan_encoding encoding, double raw);
