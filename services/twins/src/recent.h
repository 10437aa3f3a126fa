/// How long the last commits took.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { RECENT_COUNT = 512 };

struct recent {
    uint64_t durations_ns[RECENT_COUNT];
    size_t count; // of all since the start
};
void recent_add(struct recent *recent, uint64_t duration_ns);
void recent_quantiles_ms(const struct recent *recent, double *ret_p50_ms, double *ret_p99_ms); // 0 before the first
