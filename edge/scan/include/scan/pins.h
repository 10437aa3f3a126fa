/// Another pin map for a running scan: prepared outside, exchanged between two scans, without allocation.
///
///     scan N:   Apply is accepted; outputs that leave their pin are written with their safe value, at the old pin
///     scan N+1: begins with the new map
///
/// What left a pin does not move on at the new one: its module's wish is gone, and so is its force. A pin that nobody
/// has any more keeps the safe value (off for those that would hold).
/// Threads: the table belongs to the scan thread from `scan_offer_pins` on, and stays allocated until the scan ends.
#pragma once

#include <scan/point.h>
#include <scan/reason.h>

/// Places by the index of what they belong to in `struct scan`. A place of 0 bits: the point has no pin.
struct scan_pin_table {
    struct scan_point *inputs; // all plain ones: those with a pin in the order of their bytes, behind them the others
    size_t input_count;        // with a pin
    uint32_t *inputs_from;     // by image word, as in `struct scan`
    uint32_t *input_of_tag;    // of all tags
    struct io_place *conditioned, *outputs, *numbers;
    uint32_t *ranges;                  // of conditioned inputs
    uint8_t *safe_outputs, *safe_mask; // as large as the image in words of 8 bytes; filled by the scan
};

struct scan;
/// Before the command that applies it, by the thread that posts commands.
void scan_offer_pins(struct scan *scan, struct scan_pin_table *table);
/// That command: accepts what was offered. The caller's role has been checked; needs the control authority.
struct scan_reason scan_apply_pins(struct scan *scan, uint32_t session);
/// At once, for a scan that has not begun yet.
void scan_set_pins(struct scan *scan, const struct scan_pin_table *table);
