#include "ring.h"

#include <stdlib.h>
#include <string.h>

bool ring_init(struct ring *ring, size_t items_min, size_t item_bytes) {
    size_t items = 1;
    while (items < items_min) items *= 2;
    ring->mask = items - 1;
    ring->item_bytes = item_bytes;
    ring->items = calloc(items, item_bytes);
    return ring->items != NULL;
}

void ring_clear(struct ring *ring) {
    free(ring->items);
    ring->items = NULL;
}

bool ring_room(struct ring *ring) {
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    return written - atomic_load_explicit(&ring->taken, memory_order_acquire) <= ring->mask;
}

bool ring_give(struct ring *ring, const void *item) {
    if (!ring_room(ring)) return false;
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    memcpy(ring->items + (written & ring->mask) * ring->item_bytes, item, ring->item_bytes);
    atomic_store_explicit(&ring->written, written + 1, memory_order_release);
    return true;
}

void *ring_room_at(struct ring *ring, size_t *count) {
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    size_t free = ring->mask + 1 - (written - atomic_load_explicit(&ring->taken, memory_order_acquire));
    size_t at = written & ring->mask, to_end = ring->mask + 1 - at;
    if (free > to_end) free = to_end;
    if (*count > free) *count = free;
    return ring->items + at * ring->item_bytes;
}

void ring_given(struct ring *ring, size_t count) {
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    atomic_store_explicit(&ring->written, written + count, memory_order_release);
}

bool ring_take(struct ring *ring, void *ret_item) {
    size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    if (taken == atomic_load_explicit(&ring->written, memory_order_acquire)) return false;
    memcpy(ret_item, ring->items + (taken & ring->mask) * ring->item_bytes, ring->item_bytes);
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return true;
}
