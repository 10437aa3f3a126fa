#include "latency.h"
#include <stdlib.h>
#include <string.h>

void latency_add(struct latency *latency, uint64_t us) {
    latency->samples_us[latency->count++ % LATENCY_SAMPLES] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int order(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

double latency_percentile_ms(const struct latency *latency, double share) {
    size_t count = latency->count < LATENCY_SAMPLES ? (size_t)latency->count : LATENCY_SAMPLES;
    if (count == 0) return 0;
    uint32_t *sorted = malloc(count * sizeof *sorted);
    if (sorted == NULL) return 0;
    memcpy(sorted, latency->samples_us, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, order);
    size_t rank = (size_t)(share * (double)count);
    double ms = sorted[rank < count ? rank : count - 1] / 1000.0;
    free(sorted);
    return ms;
}
