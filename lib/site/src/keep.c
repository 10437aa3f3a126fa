#include "keep.h"

#include <stdlib.h>
#include <string.h>

struct keep_block {
    struct keep_block *next;
    max_align_t bytes[];
};

void *keep_zeroed(struct keep *keep, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    if (__builtin_add_overflow(bytes, sizeof(struct keep_block) + 1, &bytes)) return NULL;
    struct keep_block *block = calloc(1, bytes);
    if (block == NULL) return NULL;
    block->next = keep->blocks;
    keep->blocks = block;
    return block->bytes;
}

char *keep_text(struct keep *keep, struct text text) {
    char *copy = keep_zeroed(keep, text.length + 1, 1);
    if (copy != NULL && text.length > 0) memcpy(copy, text.data, text.length);
    return copy;
}

void keep_clear(struct keep *keep) {
    struct keep_block *next;
    for (struct keep_block *block = keep->blocks; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    keep->blocks = NULL;
}
