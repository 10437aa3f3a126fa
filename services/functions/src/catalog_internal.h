/// What the catalogue's files share: its lists, and how they are kept.
#pragma once

#include "catalog.h"

struct catalog {
    struct catalog_options options;
    char *file, *store;
    struct catalog_function *functions; // by name
    size_t function_count;
    struct catalog_mapping *mappings;
    size_t mapping_count;
};

void version_clear(struct catalog_version *version);
void function_entry_clear(struct catalog_function *function);
void mapping_clear(struct catalog_mapping *mapping);
void catalog_empty(struct catalog *catalog); // of its lists

/// A place more at the end, zeroed; NULL when out of memory.
struct catalog_function *catalog_add_function(struct catalog *catalog);
struct catalog_version *catalog_add_version(struct catalog_function *function);
struct catalog_alias *catalog_add_alias(struct catalog_function *function);
struct catalog_mapping *catalog_add_mapping(struct catalog *catalog);

/// catalog_keep.c
enum error catalog_read(struct catalog *catalog, struct problem *ret_problem); // a file that is not there is empty
enum error catalog_write(struct catalog *catalog, struct problem *ret_problem);
/// The declarations of its package.
enum error catalog_read_manifest(const struct catalog *catalog, const char *function, struct catalog_version *version);
