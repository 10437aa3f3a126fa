/// How long a change takes to the places where we can see it: histograms with quarter-octave steps from 0.1 ms. Pure.
#pragma once

#include <base/buffer.h>

enum { HOP_STEPS = 68 }; // 0.1 ms * 2^(68/4): 13 s; what takes longer is in the last one

struct hop {
    uint64_t counts[HOP_STEPS];
    uint64_t count;
    double sum_ms;
};
void hop_add(struct hop *hop, double ms);
/// The upper end of the step in which it lies, within 19 %; 0 when nothing was counted.
double hop_quantile_ms(const struct hop *hop, double quantile);
/// A Prometheus histogram in seconds: its lines, without TYPE. `labels`: "hop=\"twin\"".
void hop_put_metrics(const struct hop *hop, const char *name, const char *labels, struct buffer *out);
