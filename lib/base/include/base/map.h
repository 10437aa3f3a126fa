/// Hash map from text to pointer. Keys are copied; values are the caller's.
/// Threads: one at a time. Errors: only memory.
#pragma once

#include <base/text.h>

struct map;
struct map *map_create(void);      // NULL when out of memory
void map_destroy(struct map *map); // NULL is fine; values are not touched

void *map_get(const struct map *map, struct text key);             // NULL when absent
enum error map_set(struct map *map, struct text key, void *value); // value must not be NULL; replaces
void *map_remove(struct map *map, struct text key);                // the value that was there, or NULL
size_t map_count(const struct map *map);

/// Walks in insertion order (a replaced value keeps its place):
///     size_t at = 0;
///     while (map_next(map, &at, &key, &value)) ...
/// The map must not change meanwhile, except by removing the entry just returned, which also frees its key.
/// What is not of interest may be NULL.
bool map_next(const struct map *map, size_t *at, struct text *ret_key, void **ret_value);
