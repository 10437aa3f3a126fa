/// Counts and times of a function, for its status and the page of metrics. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 16 }; // the last without an upper end

/// Upper ends of the buckets in ms.
extern const double histogram_bounds_ms[HISTOGRAM_BUCKETS - 1];

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count;
    double sum_ms;
};
void histogram_add(struct histogram *histogram, uint64_t duration_ns);
/// Upper end of the bucket in which that share of them is; 0 when there are none, the last bound for the last bucket.
double histogram_quantile_ms(const struct histogram *histogram, double share);
