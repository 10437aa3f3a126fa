/// The two clocks. Monotonic for every duration and deadline, wall for what people and documents read.
/// Pure modules never call these: they take time as an argument.
#pragma once

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

uint64_t clock_monotonic_ns(void);
uint64_t clock_wall_ns(void); // since 1970-01-01 UTC

enum { CLOCK_TEXT_BYTES = 32 };
/// "2026-11-22T15:00:00.123Z" (RFC 3339, milliseconds).
void clock_text(uint64_t wall_ns, char ret_text[static CLOCK_TEXT_BYTES]);
