#include "hops.h"

#include <math.h>

static const double first_ms = 0.1;

static double upper_ms(size_t step) {
    return first_ms * exp2((double)(step + 1) / 4);
}

void hop_add(struct hop *hop, double ms) {
    double step = ms <= first_ms ? 0 : floor(4 * log2(ms / first_ms));
    hop->counts[step < HOP_STEPS - 1 ? (size_t)step : HOP_STEPS - 1]++;
    hop->count++;
    hop->sum_ms += ms > 0 ? ms : 0;
}

double hop_quantile_ms(const struct hop *hop, double quantile) {
    if (hop->count == 0) return 0;
    uint64_t wanted = (uint64_t)ceil(quantile * (double)hop->count), seen = 0;
    size_t step = 0;
    for (; step < HOP_STEPS - 1 && seen + hop->counts[step] < wanted; step++) seen += hop->counts[step];
    return upper_ms(step);
}

/// Every fourth step is a bucket: powers of two.
void hop_put_metrics(const struct hop *hop, const char *name, const char *labels, struct buffer *out) {
    uint64_t seen = 0;
    for (size_t step = 0; step < HOP_STEPS; step++) {
        seen += hop->counts[step];
        if (step % 4 != 3 || step == HOP_STEPS - 1) continue;
        buffer_print(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, labels, upper_ms(step) / 1000,
                     (unsigned long long)seen);
    }
    buffer_print(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels, (unsigned long long)hop->count);
    buffer_print(out, "%s_sum{%s} %.6f\n", name, labels, hop->sum_ms / 1000);
    buffer_print(out, "%s_count{%s} %llu\n", name, labels, (unsigned long long)hop->count);
}
