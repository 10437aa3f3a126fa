/// Memory that is freed at once: the nodes of a rule, the values of one run.
#pragma once

#include <base/buffer.h>
#include <json/json.h>

struct pool {
    struct chunk *chunks;
    struct document_link *documents;
};
void *pool_alloc(struct pool *pool, size_t size); // zeroed; NULL when out of memory
/// The bytes of the buffer, which is emptied.
struct text pool_keep(struct pool *pool, struct buffer *buffer);
bool pool_keep_document(struct pool *pool, struct json_document *document); // false: it is destroyed
void pool_clear(struct pool *pool);
