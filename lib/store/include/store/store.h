/// Shadows on disk. The only module that knows SQLite.
///
/// What was committed survives a crash and a loss of power: write-ahead log, synchronous=FULL. One process at a time:
/// a second one is refused. A file that is damaged or is something else is refused and left as it is.
/// Threads: one at a time. Problems name the file and the remedy.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

struct store;

/// One shadow as it is kept.
struct store_row {
    struct text thing;
    struct text shadow;   // empty: the classic one
    uint64_t version;     // of the document
    uint64_t ceiling;     // versions up to this one may have been given away without being written; >= version
    struct text document; // empty: deleted, kept for its version
};

/// Makes the file (mode 0600) when there is none. ERROR_UNAVAILABLE: another process has it. ERROR_INVALID: damaged, or
/// not ours. A file that can only be read is opened; writing to it fails.
enum error store_open(const char *path, struct store **ret_store, struct problem *ret_problem);
void store_close(struct store *store); // NULL is fine; a transaction that is open is dropped
CLEANUP_DEFINE(struct store, store_close)

/// Every row, in the order of the names. An error of `on_row` ends the walk and is returned; it says why in
/// `ret_problem`. The texts are borrowed.
typedef enum error store_row_fn(void *context, const struct store_row *row, struct problem *ret_problem);
enum error store_load(struct store *store, store_row_fn *on_row, void *context, struct problem *ret_problem);

/// A transaction: begin, any number of rows (each replaces the one of its name), commit. Once the commit returns
/// without an error all rows are on disk; after an error of any of the three none is, and the transaction is over. A
/// transaction that was left open is dropped by the next begin.
enum error store_begin(struct store *store, struct problem *ret_problem);
enum error store_put(struct store *store, const struct store_row *row, struct problem *ret_problem);
/// Within a transaction: lowers every ceiling to its version. For the orderly end, when every version that was given
/// away has been written.
enum error store_settle(struct store *store, struct problem *ret_problem);
/// Within a transaction: writes what is there already, to see whether writing is possible.
enum error store_touch(struct store *store, struct problem *ret_problem);
enum error store_commit(struct store *store, struct problem *ret_problem);
