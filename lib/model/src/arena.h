/// Memory that is taken piece by piece and given back at once. Its blocks grow with it, so that a large document costs
/// the system few of them.
#pragma once

#include <base/text.h>

struct arena_block;
struct arena {
    struct arena_block *blocks; // the newest first
    struct arena_block *texts;  // likewise; texts lie one behind the other, without gaps
    size_t bytes;               // of all blocks
};

void arena_clear(struct arena *arena);

/// Zeroed; NULL when out of memory.
void *arena_take(struct arena *arena, size_t size);
void *arena_take_array(struct arena *arena, size_t count, size_t size);

/// A copy with a NUL behind it. False when out of memory.
bool arena_copy(struct arena *arena, struct text text, struct text *ret_copy);
