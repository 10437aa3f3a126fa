/// One way to reach the terminals: a simulated station, the RevPi, a field bus. What all of them have in common is one
/// process image of bytes, addressed as the I/O modules of the plant model say.
/// Threads: the functions are called from the scan thread only; no call may block, allocate or log.
#pragma once

#include <base/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io_driver {
    const char *name; // "sim": what the site file calls it

    /// Copies the inputs into `inputs`. `elapsed_ns` is the plant time since the last call: a simulated plant lives
    /// on by it, a real one does not need it. On an error the bytes are worthless and the scan marks them so.
    enum error (*read)(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes);
    enum error (*write)(void *context, const uint8_t *outputs, size_t bytes);

    bool simulated; // plant time is ours to choose: it passes by whole periods, as fast as the site file says
    void *context;
};
