/// What a program consists of, and the steps that build it (program.c, points.c, links.c, interlocks.c).
#pragma once

#include <base/map.h>
#include <program/program.h>

#include "core_module.h"

struct program {
    const struct plant *plant;
    struct scan scan;
    struct program_tag *tags;
    struct program_module *modules;
    struct map *tag_by_path;    // index + 1, as pointer
    struct map *module_by_path; // the same
    uint32_t forcing, pins;
    char *memory; // of all modules
    size_t memory_used;
    struct text *interlocks; // by interlock: "DryRun: tank/level/value below 5"
    uint32_t *retained;      // tags
    size_t retained_count;
    uint32_t simulation; // SCAN_NO_MODULE: none
    void **owned;        // everything that `own` gave
    size_t owned_count, owned_capacity;
    bool out_of_memory;
};

/// Zeroed memory that lives as long as the program; NULL sets `out_of_memory`. Of zero bytes: a valid pointer.
void *own(struct program *program, size_t count, size_t bytes);
struct text own_path(struct program *program, struct text folder, struct text name);

void remember(struct program *program, struct map *map, struct text path, size_t index);

// points.c
uint32_t add_tag(struct program *program, struct program_tag tag);
void add_signal(struct program *program, const struct plant_signal *signal);
void add_channel(struct program *program, const struct plant_channel *channel);
/// True for a boolean input that is nothing but a bit.
bool point_is_plain(const struct io_driver *driver, const struct plant_signal *signal);

void link_modules(struct program *program);   // links.c
void add_interlocks(struct program *program); // interlocks.c; `out_of_memory` when there is none

void find_retained(struct program *program); // fills `retained` (retain.c)

struct text below_station(const struct program *program, struct text path);
