#include "metrics.h"

#include <base/clock.h>

const double histogram_bounds_ms[HISTOGRAM_BUCKETS - 1] = {0.1, 0.2, 0.3, 0.5, 1,   2,    5,    10,
                                                           20,  50,  100, 200, 500, 1000, 10000};

void histogram_add(struct histogram *histogram, uint64_t duration_ns) {
    double ms = (double)duration_ns / (double)NS_PER_MS;
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS - 1 && ms > histogram_bounds_ms[bucket]) bucket++;
    histogram->counts[bucket]++;
    histogram->count++;
    histogram->sum_ms += ms;
}

double histogram_quantile_ms(const struct histogram *histogram, double share) {
    if (histogram->count == 0) return 0;
    uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        seen += histogram->counts[i];
        if (seen > wanted) return histogram_bounds_ms[i];
    }
    return histogram_bounds_ms[HISTOGRAM_BUCKETS - 2];
}
