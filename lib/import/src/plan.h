/// What becomes of each tag, decided before anything is written.
#pragma once

#include <import/import.h>

struct planned {
    const struct import_tag *tag;
    struct buffer thing, module;    // names as a plant may have them
    const struct caex_node *class;  // of the module; NULL: none fits, which has been told
    const struct caex_node *signal; // of the class
    uint32_t byte;                  // in the process image
    uint8_t bit;
    bool first_of_thing, first_of_module;
};

struct plan {
    struct planned *items;
    size_t count;
    uint32_t input_bytes; // outputs begin behind them
    uint32_t output_bytes;
    const struct caex *libraries;
    struct model_findings *findings;
};

enum error plan_make(struct plan *plan, const struct import_tags *tags);
void plan_clear(struct plan *plan);
