#include "plant.h"

#include <stdlib.h>
#include <string.h>

bool list_add(struct list *list, void *item) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 32 : list->capacity * 2;
        void **larger = reallocarray(list->items, capacity, sizeof *larger);
        if (larger == NULL) return false;
        list->items = larger;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

void list_clear(struct list *list) {
    free(list->items);
    *list = (struct list){0};
}

void *list_keep(const struct list *list, struct arena *arena) {
    void *kept = arena_take_array(arena, list->count + 1, sizeof *list->items);
    if (kept != NULL && list->count > 0) memcpy(kept, list->items, list->count * sizeof *list->items);
    return kept;
}
