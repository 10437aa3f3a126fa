#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_MIN = 64 * 1024 };        // a plant of one station fits into a few
enum { BLOCK_BYTES_MAX = 16 * 1024 * 1024 }; // what is not used of it costs no memory, only addresses

struct arena_block {
    struct arena_block *next;
    size_t used, size; // of `bytes`
    alignas(max_align_t) char bytes[];
};

static void free_blocks(struct arena_block *block) {
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_clear(struct arena *arena) {
    free_blocks(arena->blocks);
    free_blocks(arena->texts);
    *arena = (struct arena){0};
}

static size_t next_block_size(const struct arena *arena) {
    size_t size = arena->bytes / 2;
    if (size < BLOCK_BYTES_MIN) return BLOCK_BYTES_MIN;
    return size < BLOCK_BYTES_MAX ? size : BLOCK_BYTES_MAX;
}

static struct arena_block *add_block(struct arena *arena, struct arena_block **list, size_t size) {
    size_t usual = next_block_size(arena);
    if (size < usual) size = usual;
    struct arena_block *block = calloc(1, sizeof *block + size);
    if (block == NULL) return NULL;
    block->size = size;
    block->next = *list;
    *list = block;
    arena->bytes += size;
    return block;
}

static void *take(struct arena *arena, struct arena_block **list, size_t size) {
    struct arena_block *block = *list;
    if (block == NULL || block->size - block->used < size) block = add_block(arena, list, size);
    if (block == NULL) return NULL;
    void *taken = block->bytes + block->used;
    block->used += size;
    return taken;
}

void *arena_take(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    return take(arena, &arena->blocks, (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1));
}

void *arena_take_array(struct arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return arena_take(arena, bytes);
}

bool arena_copy(struct arena *arena, struct text text, struct text *ret_copy) {
    if (text.length > SIZE_MAX / 2) return false;
    char *copy = take(arena, &arena->texts, text.length + 1);
    if (copy == NULL) return false;
    if (text.length > 0) memcpy(copy, text.data, text.length);
    *ret_copy = (struct text){copy, text.length};
    return true;
}
