/// A ring for one writer and one reader without locks. Items are copied in and out.
/// Threads: `ring_take` the reader's; all others the writer's.
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { CACHE_LINE_BYTES = 64 }; // writer's and reader's positions apart, so that neither slows the other

struct ring {
    alignas(CACHE_LINE_BYTES) atomic_size_t written; // items ever given
    alignas(CACHE_LINE_BYTES) atomic_size_t taken;   // items ever taken
    alignas(CACHE_LINE_BYTES) size_t mask;
    size_t item_bytes;
    unsigned char *items;
};

bool ring_init(struct ring *ring, size_t items_min, size_t item_bytes); // false: out of memory
void ring_clear(struct ring *ring);
bool ring_room(struct ring *ring);
bool ring_give(struct ring *ring, const void *item); // false: full
/// Room for items in one piece, at most `*count`, which becomes how many; then so many of them are given.
void *ring_room_at(struct ring *ring, size_t *count);
void ring_given(struct ring *ring, size_t count);
bool ring_take(struct ring *ring, void *ret_item); // false: empty
