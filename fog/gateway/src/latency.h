/// Histogram of durations: the last LATENCY_SAMPLES values, for percentiles.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LATENCY_SAMPLES = 4096 };

struct latency {
    uint32_t samples_us[LATENCY_SAMPLES]; // ring
    uint64_t count;                       // ever
};

void latency_add(struct latency *latency, uint64_t us);
/// `share` 0.5 for the median, 0.99 ...; ms; 0 without samples.
double latency_percentile_ms(const struct latency *latency, double share);
