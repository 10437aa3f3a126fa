#include "kind.h"

static bool is_uri(struct text where) {
    return text_starts_with(where, TEXT("postgresql://")) || text_starts_with(where, TEXT("postgres://"));
}

enum error store_open(const char *where, struct store **ret_store, struct problem *ret_problem) {
    return is_uri(text_of(where)) ? postgres_open(where, ret_store, ret_problem)
                                  : sqlite_open(where, ret_store, ret_problem);
}

void store_close(struct store *store) {
    if (store != NULL) store->kind->close(store);
}

/// FNV-1a.
unsigned store_partition(struct text thing) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < thing.length; i++) hash = (hash ^ (unsigned char)thing.data[i]) * 16777619u;
    return hash % STORE_PARTITIONS;
}

unsigned store_owned(const struct store *store) {
    return store->owned;
}

enum error store_take(struct store *store, unsigned partition, bool *ret_taken, struct problem *ret_problem) {
    *ret_taken = store_has(store->owned, partition);
    if (*ret_taken) return ERROR_NONE;
    enum error error = store->kind->take(store, partition, ret_taken, ret_problem);
    if (!error && *ret_taken) store->owned |= 1u << partition;
    return error;
}

void store_give(struct store *store, unsigned partition) {
    if (!store_has(store->owned, partition)) return;
    store->owned &= ~(1u << partition);
    store->kind->give(store, partition);
}

enum error store_load(struct store *store, unsigned partitions, store_row_fn *on_row, void *context,
                      struct problem *ret_problem) {
    return store->kind->load(store, partitions, on_row, context, ret_problem);
}

enum error store_begin(struct store *store, struct problem *ret_problem) {
    return store->kind->begin(store, ret_problem);
}

enum error store_put(struct store *store, const struct store_row *row, struct problem *ret_problem) {
    if (store_has(store->owned, store_partition(row->thing))) return store->kind->put(store, row, ret_problem);
    return problem_say(ret_problem, ERROR_CONFLICT, "another process keeps the shadows of %.*s now",
                       TEXT_ARG(row->thing));
}

enum error store_touch(struct store *store, struct problem *ret_problem) {
    return store->kind->touch(store, ret_problem);
}

enum error store_commit(struct store *store, struct problem *ret_problem) {
    return store->kind->commit(store, ret_problem);
}
