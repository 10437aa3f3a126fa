/// How long the hops of a change take: histograms with quarter-octave steps from 0.1 ms. A service keeps one for each
/// hop that it sees and tells them in its status (docs/spec/bus.md, [bus-2.3]). Pure; of one thread.
#pragma once

#include <base/buffer.h>
#include <stdbool.h>
#include <stdint.h>

struct json;
struct json_writer;

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
/// Member `name` of the open object: {"count":n,"sum_ms":x,"p50_ms":x,"p99_ms":x,"steps":[n,...]}, steps without the
/// zeros at their end.
void hop_put_json(const struct hop *hop, const char *name, struct json_writer *writer);
/// The same read back. False when it is no such object; then the hop is empty.
bool hop_of_json(const struct json *json, struct hop *ret_hop);
