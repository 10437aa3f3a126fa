#include "recent.h"

#include <stdlib.h>
#include <string.h>

void recent_add(struct recent *recent, uint64_t duration_ns) {
    recent->durations_ns[recent->count++ % RECENT_COUNT] = duration_ns;
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void recent_quantiles_ms(const struct recent *recent, double *ret_p50_ms, double *ret_p99_ms) {
    uint64_t sorted[RECENT_COUNT];
    size_t count = recent->count < RECENT_COUNT ? recent->count : RECENT_COUNT;
    *ret_p50_ms = *ret_p99_ms = 0;
    if (count == 0) return;
    memcpy(sorted, recent->durations_ns, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare);
    size_t half = count / 2, most = count * 99 / 100;
    *ret_p50_ms = (double)sorted[half] / 1e6;
    *ret_p99_ms = (double)sorted[most] / 1e6;
}
