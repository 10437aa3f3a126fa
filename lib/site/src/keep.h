/// Memory that lives as long as one loaded file: everything read from it is freed at once.
#pragma once

#include <base/text.h>

struct keep_block;
struct keep {
    struct keep_block *blocks;
};

void *keep_zeroed(struct keep *keep, size_t count, size_t size); // NULL when out of memory; count 0 gives 1 byte
char *keep_text(struct keep *keep, struct text text);            // NUL-terminated copy; NULL when out of memory
void keep_clear(struct keep *keep);
