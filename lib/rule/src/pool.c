#include "pool.h"

#include <stdlib.h>

struct chunk {
    struct chunk *next;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct document_link {
    struct document_link *next;
    struct json_document *document;
};

void *pool_alloc(struct pool *pool, size_t size) {
    struct chunk *chunk = calloc(1, sizeof *chunk + size);
    if (chunk == NULL) return NULL;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    return chunk->bytes;
}

struct text pool_keep(struct pool *pool, struct buffer *buffer) {
    struct text kept = TEXT_EMPTY;
    char *bytes = buffer->failed ? NULL : pool_alloc(pool, buffer->length + 1);
    if (bytes != NULL) {
        for (size_t i = 0; i < buffer->length; i++) bytes[i] = buffer->data[i];
        kept = (struct text){bytes, buffer->length};
    }
    buffer_clear(buffer);
    return kept;
}

bool pool_keep_document(struct pool *pool, struct json_document *document) {
    struct document_link *link = pool_alloc(pool, sizeof *link);
    if (link == NULL) {
        json_destroy(document);
        return false;
    }
    *link = (struct document_link){pool->documents, document};
    pool->documents = link;
    return true;
}

void pool_clear(struct pool *pool) {
    for (struct document_link *link = pool->documents; link != NULL; link = link->next) json_destroy(link->document);
    while (pool->chunks != NULL) {
        struct chunk *next = pool->chunks->next;
        free(pool->chunks);
        pool->chunks = next;
    }
    *pool = (struct pool){0};
}
