#include "tags.h"

#include <stdlib.h>

void import_tags_destroy(struct import_tags *tags) {
    if (tags == NULL) return;
    for (size_t i = 0; i < tags->owned_count; i++) free(tags->owned[i]);
    free(tags->owned);
    free(tags->items);
    free(tags);
}

size_t import_tags_count(const struct import_tags *tags) {
    return tags->count;
}

const struct import_tag *import_tags_at(const struct import_tags *tags, size_t index) {
    return index < tags->count ? &tags->items[index] : NULL;
}

static bool make_room(void **items, size_t count, size_t *capacity, size_t size) {
    enum { FIRST = 64 };
    if (count < *capacity) return true;
    size_t larger = *capacity == 0 ? FIRST : *capacity * 2;
    void *moved = reallocarray(*items, larger, size);
    if (moved == NULL) return false;
    *items = moved;
    *capacity = larger;
    return true;
}

enum error tags_add(struct import_tags *tags, const struct import_tag *tag, struct model_findings *findings) {
    if (tags->count == IMPORT_TAGS_MAX) {
        model_findings_add(findings, true, tag->line, TEXT_EMPTY, "there are more than %d tags; split the list",
                           IMPORT_TAGS_MAX);
        return ERROR_TOO_LARGE;
    }
    if (!make_room((void **)&tags->items, tags->count, &tags->capacity, sizeof *tags->items)) return ERROR_NO_MEMORY;
    tags->items[tags->count++] = *tag;
    return ERROR_NONE;
}

bool tags_own(struct import_tags *tags, char *string) {
    if (string != NULL && make_room((void **)&tags->owned, tags->owned_count, &tags->owned_capacity, sizeof(char *))) {
        tags->owned[tags->owned_count++] = string;
        return true;
    }
    free(string);
    return false;
}

enum error tags_finish(struct import_tags *tags, enum error error, const struct model_findings *findings,
                       struct import_tags **ret_tags, struct problem *ret_problem) {
    size_t errors = model_findings_errors(findings);
    if (!error && errors == 0) {
        *ret_tags = tags;
        return ERROR_NONE;
    }
    import_tags_destroy(tags);
    if (error == ERROR_NO_MEMORY) return problem_say(ret_problem, error, "out of memory");
    return problem_say(ret_problem, error ? error : ERROR_INVALID, "it has errors: %zu", errors);
}
