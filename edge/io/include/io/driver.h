/// One way to reach the terminals: a simulated station, the RevPi, a field bus. What all of them have in common is one
/// process image of bytes, addressed as the I/O modules of the plant model say. Numbers stand in it little-endian,
/// whatever the wire has.
/// Threads: `read` and `write` are called from the scan thread only and must not block, allocate or log. `safe` may be
/// called from one other thread (the guard) at any time, also while the scan thread hangs inside of `read` or `write`;
/// it takes no lock that the scan thread could hold.
#pragma once

#include <base/error.h>
#include <base/value.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes of the input image that come from one device and are good or bad together.
struct io_range {
    uint32_t first, bytes;
};

/// What the outputs are to be when nobody decides any more. A bit that is set in `mask` is written as in `outputs`;
/// the others stay as they were written last (safe state `hold`). Constant from the start of the scan to its end.
struct io_safe_image {
    const uint8_t *outputs, *mask;
    size_t bytes;
};

static const uint64_t IO_LAST_ACT_NS = 300 * UINT64_C(1000000); // a dead program must not look alive for longer

struct io_driver {
    const char *name; // "sim": what the site file calls it

    /// Copies the inputs into `inputs`. `elapsed_ns` is the plant time since the last call: a simulated plant lives
    /// on by it, a real one does not need it. On an error the bytes are worthless and the scan marks them so.
    enum error (*read)(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes);
    /// An error means that outputs may not have reached the plant: the scan enters the safe state.
    enum error (*write)(void *context, const uint8_t *outputs, size_t bytes);

    /// The guard's way out: applies `image` now, and again after a `write` that was under way. What the overtaken scan
    /// still writes keeps the masked bits; the next `read` begins a new scan, which must know by itself that it was
    /// overtaken. `image` is borrowed until that `read`. NULL: the driver has none.
    enum error (*safe)(void *context, const struct io_safe_image *image);

    /// The last act of a program that dies of a fault of its own: `image` to the terminals as with `safe`, and so that
    /// the end of the process does not undo it. Called once, from a signal handler in any thread, while the other
    /// threads may go on: only what signal-safety(7) allows, and not longer than IO_LAST_ACT_NS. NULL: the driver has
    /// none; then it depends on the terminals what becomes of the outputs.
    void (*write_safe)(void *context, const struct io_safe_image *image);

    /// Quality of parts of the input image after a `read` that succeeded: `quality[i]` belongs to `ranges[i]`. Number
    /// and places of ranges never change, the qualities do with each `read`. Bytes in no range are Good.
    const struct io_range *ranges;
    const status_code *quality;
    size_t range_count;
    /// How old the bytes of each range are: 0 when the last `read` took them from the terminals itself. NULL: all are
    /// 0.
    const uint64_t *age_ns;

    bool simulated; // plant time is ours to choose: it passes by whole periods, as fast as the site file says
    void *context;

    /// For a driver that looks at its inputs more often than the scan does: bits that were 1 (that were 0) at any time
    /// between the last two calls of `read`, of the size of the image. NULL: it does not.
    const uint8_t *was_set, *was_clear;
};

/// Writes the masked bits of `image` into `outputs`, as far as both reach.
void io_apply_safe(uint8_t *outputs, const struct io_safe_image *image, size_t bytes);

enum { IO_NO_RANGE = 0xFFFFFFFF };
/// The range that contains `byte`: for building, not for every scan. The first one counts.
uint32_t io_range_of(const struct io_driver *driver, uint32_t byte);
static inline status_code io_quality(const struct io_driver *driver, uint32_t range) {
    return range == IO_NO_RANGE ? STATUS_Good : driver->quality[range];
}
