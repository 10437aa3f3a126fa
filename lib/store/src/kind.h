/// What a kind of store does; store.c is the entry to all of them.
#pragma once

#include <store/store.h>

struct store_kind {
    void (*close)(struct store *store);
    enum error (*take)(struct store *store, unsigned partition, bool *ret_taken, struct problem *ret_problem);
    void (*give)(struct store *store, unsigned partition);
    enum error (*load)(struct store *store, unsigned partitions, store_row_fn *on_row, void *context,
                       struct problem *ret_problem);
    enum error (*begin)(struct store *store, struct problem *ret_problem);
    enum error (*put)(struct store *store, const struct store_row *row, struct problem *ret_problem);
    enum error (*touch)(struct store *store, struct problem *ret_problem);
    enum error (*commit)(struct store *store, struct problem *ret_problem);
};

/// The first member of each kind's own structure.
struct store {
    const struct store_kind *kind;
    unsigned owned; // a kind takes away what it has lost
};

static inline bool store_has(unsigned partitions, unsigned partition) {
    return (partitions >> partition & 1) != 0;
}

enum error sqlite_open(const char *path, struct store **ret_store, struct problem *ret_problem);
enum error postgres_open(const char *uri, struct store **ret_store, struct problem *ret_problem);
