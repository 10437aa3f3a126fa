/// Shadows on disk: in a file of SQLite, or in PostgreSQL. The only module that knows either.
///
/// What was committed survives a crash and a loss of power: write-ahead log, synchronous=FULL; in PostgreSQL
/// synchronous_commit=on. A file that is damaged or is something else is refused and left as it is.
///
/// Several processes may use one store. Shadows are spread over partitions by the name of their thing; a process reads
/// and writes those partitions that it has taken, and nobody else can take them until it has given them back or is
/// gone. The system releases what a dead process had taken: locks of the file, or of the session with PostgreSQL.
///
/// Threads: one at a time. Problems name the file or server and the remedy.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

enum { STORE_PARTITIONS = 16 };
#define STORE_ALL ((1u << STORE_PARTITIONS) - 1)

struct store;

/// One shadow as it is kept.
struct store_row {
    struct text thing;
    struct text shadow;   // empty: the classic one
    uint64_t version;     // of the document
    uint64_t ceiling;     // versions up to this one may have been given away without being written; >= version
    struct text document; // empty: deleted, kept for its version
};

/// `where`: a path, or "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE" (PostgreSQL's connection URI; a
/// password file is named by "passfile"). A file (mode 0600) or a table is made when there is none.
/// ERROR_INVALID: damaged, or not ours. ERROR_UNAVAILABLE: the server cannot be reached, or another program keeps the
/// file locked. A file that can only be read is opened; writing to it fails.
enum error store_open(const char *where, struct store **ret_store, struct problem *ret_problem);
void store_close(struct store *store); // NULL is fine; a transaction that is open is dropped, all partitions are given
CLEANUP_DEFINE(struct store, store_close)

/// Which partition a thing belongs to: 0 .. STORE_PARTITIONS-1. Constant for ever: it is in the stores.
unsigned store_partition(struct text thing);
/// Partitions that this process has, one bit each. Those of PostgreSQL are lost when the connection is; whoever has
/// them then may have changed them, so look after each error and after each commit.
unsigned store_owned(const struct store *store);
/// Takes the partition when nobody has it; otherwise `ret_taken` is false and that is no error.
enum error store_take(struct store *store, unsigned partition, bool *ret_taken, struct problem *ret_problem);
void store_give(struct store *store, unsigned partition);

/// Every row of the partitions (bits), in the order of the names, also of partitions that others have. An error of
/// `on_row` ends the walk and is returned; it says why in `ret_problem`. The texts are borrowed.
typedef enum error store_row_fn(void *context, const struct store_row *row, struct problem *ret_problem);
enum error store_load(struct store *store, unsigned partitions, store_row_fn *on_row, void *context,
                      struct problem *ret_problem);

/// A transaction: begin, any number of rows (each replaces the one of its name), commit. Once the commit returns
/// without an error all rows are on disk; after an error of any of the three none is, and the transaction is over. A
/// transaction that was left open is dropped by the next begin.
enum error store_begin(struct store *store, struct problem *ret_problem);
/// ERROR_CONFLICT: the row's partition is not taken.
enum error store_put(struct store *store, const struct store_row *row, struct problem *ret_problem);
/// Within a transaction: writes what is there already, to see whether writing is possible.
enum error store_touch(struct store *store, struct problem *ret_problem);
enum error store_commit(struct store *store, struct problem *ret_problem);
