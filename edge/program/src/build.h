/// What a program consists of, and the steps that build it (program.c, points.c, links.c, interlocks.c, check.c).
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

// links.c
enum error link_modules(struct program *program, struct problem *ret_problem);
/// Signal or variable at a path below the thing of the element or below the station; SCAN_NO_TAG when there is none.
uint32_t link_tag(const struct program *program, const struct plant_element *element, struct text path);

// interlocks.c
enum error add_interlocks(struct program *program, struct problem *ret_problem);

/// The core module of an element, the controller's included; NULL when it is none.
const struct core_module *element_module(const struct plant_element *element);

/// Holds class, signals and channels of every element against what is implemented.
enum error check_plant(const struct plant *plant, struct problem *ret_problem);

/// Fills `retained` (retain.c); those that cannot be retained have been found by `check_retain`.
void find_retained(struct program *program);
enum error check_retain(const struct plant_element *element, const struct scan_kind *kind, struct problem *ret_problem);

struct text below_station(const struct program *program, struct text path);
