/// Times of the scans since the last reset. Filled in by the scan thread between two scans (edge/runtime).
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct scan_duration {
    uint64_t last_ns, least_ns, mean_ns, p99_ns, most_ns; // all 0 without any
};

struct scan_statistics {
    struct scan_duration execution; // of one scan
    struct scan_duration period;    // from one start to the next
    struct scan_duration wakeup;    // how late the thread woke
    bool reset_requested;           // by a module; taken back by who resets
    bool realtime, memory_locked;   // what the system granted the scan thread
};
