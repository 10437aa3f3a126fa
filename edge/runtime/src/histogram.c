#include "histogram.h"

static unsigned bucket_of(uint64_t ns) {
    if (ns < 8) return (unsigned)ns;
    unsigned octave = 63 - (unsigned)__builtin_clzll(ns);
    unsigned bucket = (octave - 2) * 8 + (unsigned)(ns >> (octave - 3) & 7);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/// The largest duration that falls into the bucket.
static uint64_t bucket_end(unsigned bucket) {
    if (bucket < 8) return bucket;
    unsigned octave = bucket / 8 + 2;
    return ((UINT64_C(8) + bucket % 8 + 1) << (octave - 3)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns) {
    atomic_uint_least64_t *bucket = &histogram->buckets[bucket_of(ns)];
    atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + 1, memory_order_relaxed);
    histogram->min_ns = histogram->count == 0 || ns < histogram->min_ns ? ns : histogram->min_ns;
    histogram->count++;
    histogram->sum_ns += ns;
    histogram->last_ns = ns;
    if (ns > atomic_load_explicit(&histogram->max_ns, memory_order_relaxed)) {
        atomic_store_explicit(&histogram->max_ns, ns, memory_order_relaxed);
    }
}

void histogram_reset(struct histogram *histogram) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        atomic_store_explicit(&histogram->buckets[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&histogram->max_ns, 0, memory_order_relaxed);
    histogram->count = histogram->sum_ns = histogram->min_ns = histogram->last_ns = 0;
}

uint64_t histogram_percentile(const struct histogram *histogram, double part) {
    uint64_t counts[HISTOGRAM_BUCKETS], total = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        counts[i] = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        total += counts[i];
    }
    double wanted = part * (double)total;
    uint64_t seen = 0, max_ns = histogram_max(histogram);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += counts[i];
        if (counts[i] == 0 || (double)seen < wanted) continue;
        return bucket_end(i) < max_ns ? bucket_end(i) : max_ns;
    }
    return 0;
}

uint64_t histogram_max(const struct histogram *histogram) {
    return atomic_load_explicit(&histogram->max_ns, memory_order_relaxed);
}
