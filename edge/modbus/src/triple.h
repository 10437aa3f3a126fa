/// The newest state of some bytes, from one writer to one reader that never wait for each other.
///
///     writer fills its slot, and exchanges it for the middle one; reader exchanges its own for the middle one when
///     that is fresh. Three slots, so that each always has one alone.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct triple_slot {
    uint64_t time_ns;
    uint8_t *bytes;
};

struct triple {
    struct triple_slot slots[3];
    atomic_uint middle;      // index, and TRIPLE_FRESH
    unsigned writer, reader; // indices
};

enum { TRIPLE_FRESH = 4 };

bool triple_init(struct triple *triple, size_t bytes); // false: out of memory
void triple_clear(struct triple *triple);
static inline struct triple_slot *triple_write_slot(struct triple *triple) {
    return &triple->slots[triple->writer];
}
static inline const struct triple_slot *triple_read_slot(const struct triple *triple) {
    return &triple->slots[triple->reader];
}
void triple_publish(struct triple *triple);
bool triple_take(struct triple *triple); // true: the read slot is a newer one now
