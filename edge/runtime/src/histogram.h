/// Durations in buckets of an eighth of an octave (within 12 %), for percentiles.
/// Threads: one writes, any may read.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 8 * 40 }; // up to 2^40 ns, about 18 minutes

struct histogram {
    atomic_uint_least64_t buckets[HISTOGRAM_BUCKETS];
    atomic_uint_least64_t max_ns;
    uint64_t count, sum_ns, min_ns, last_ns; // the writer's own
};

void histogram_add(struct histogram *histogram, uint64_t ns);
void histogram_reset(struct histogram *histogram); // the writer's
/// The duration that `part` (0 .. 1) of all do not exceed; 0 without any.
uint64_t histogram_percentile(const struct histogram *histogram, double part);
uint64_t histogram_max(const struct histogram *histogram);
