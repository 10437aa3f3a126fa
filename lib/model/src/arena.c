#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 }; // a plant of one station fits into a few

struct arena_block {
    struct arena_block *next;
    size_t used, size; // of `bytes`
    alignas(max_align_t) char bytes[];
};

void arena_clear(struct arena *arena) {
    while (arena->blocks != NULL) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

static struct arena_block *add_block(struct arena *arena, size_t size) {
    if (size < BLOCK_BYTES) size = BLOCK_BYTES;
    struct arena_block *block = calloc(1, sizeof *block + size);
    if (block == NULL) return NULL;
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < size) block = add_block(arena, size);
    if (block == NULL) return NULL;
    void *taken = block->bytes + block->used;
    block->used += size;
    return taken;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return arena_take(arena, bytes);
}

bool arena_copy(struct arena *arena, struct text text, struct text *ret_copy) {
    char *copy = arena_take(arena, text.length + 1);
    if (copy == NULL) return false;
    if (text.length > 0) memcpy(copy, text.data, text.length);
    *ret_copy = (struct text){copy, text.length};
    return true;
}
