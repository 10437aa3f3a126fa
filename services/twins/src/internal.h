/// What the files of this module share.
///
///   twins.c     start, subscriptions, status, end
///   requests.c  a request: answered at once, or after the commit that it needs
///   commit.c    what goes to the disk, and what happens when it is there or could not be written
///   recent.c    how long commits took
///   writer.c    the thread that writes
///   shadows.c   the table of shadows; the two lists over it
///   devices.c   what the broker keeps for devices that are off line
///   share.c     which partitions of the store this process has, when several share it
///
/// A shadow:
///
///            update that must be stored           the writer is free
///     FREE ------------------------------> GATHERING ----------------> WRITING
///       ^                                  further requests are         further requests wait
///       |                                  applied to `next`, their     as they are
///       |                                  answers are held
///       '------------------------------------- committed: `next` becomes `twin`, answers are published
///                                              failed:    `next` is dropped, what needs no storing is done anew
///
/// (1) `twin` is what the world has been told. Nothing is told of `next` before it is on disk.
/// (2) A version is given away only up to `ceiling`, which is on disk; or after the commit that stores it.
/// (3) Requests of one shadow are answered in the order in which they came.
#pragma once

#include "recent.h"

#include <base/loop.h>
#include <base/map.h>
#include <bus/bus.h>
#include <twin/twin.h>

enum {
    TWINS_HELD_BYTES_MAX = 16 << 20, // of all requests that wait for the disk, with their answers; more get 429
    TWINS_KEY_BYTES = TWIN_THING_NAME_BYTES_MAX + 1 + TWIN_SHADOW_NAME_BYTES_MAX + 1,
    TWINS_RESERVE = 1000, // versions reserved at least with each write of a shadow
};

/// What a request may be rejected with.
enum { TWINS_CODES = 8 };
extern const int twins_codes[TWINS_CODES];

/// A request as it came; the texts are borrowed.
struct call {
    enum twin_operation operation;
    struct text key;     // "thing" or "thing~shadow"; empty: it is none
    struct text subject; // answers go to this one with ".accepted" or ".rejected" behind it
    struct text reply;
    struct text payload;
};

/// A request that waits, with copies of its texts; and its answer, once it has been applied to `next`.
struct held {
    struct call call;
    bool must_store; // touches desired, or a function's memory
    bool reported;   // touches reported
    enum error error;
    struct buffer answer, delta, documents;
    size_t size; // counted in `held_bytes`
    struct held *next;
    char bytes[];
};

struct held_list {
    struct held *first, **end; // `end` is NULL in a list that was never used
};

enum shadow_state { SHADOW_FREE, SHADOW_GATHERING, SHADOW_WRITING };

struct shadow {
    struct twin *twin; // NULL: never existed
    struct twin *next; // while not FREE
    uint64_t ceiling;  // on disk
    uint64_t version_written;
    enum shadow_state state;
    bool dirty;    // `twin` is newer than what is on disk
    bool restored; // nobody has reported since this process loaded it
    bool durable;  // a function's memory: whatever touches it is stored before it is told
    struct shadow *next_gathering, *next_dirty;
    struct held_list held;    // applied to `next`
    struct held_list waiting; // not yet looked at
    size_t thing_length;
    char key[]; // NUL-terminated
};
struct text shadow_thing(const struct shadow *shadow);
struct text shadow_name(const struct shadow *shadow); // empty: the classic one

struct write_row {
    struct shadow *shadow;
    struct twin *twin; // own reference
    uint64_t ceiling;
};

/// What one transaction writes. Without rows it only tries whether writing is possible.
struct write_batch {
    struct write_row *rows;
    size_t count, capacity;
    bool settle; // the last one: no version is reserved any more

    // After the rows, when they are written:
    unsigned give; // partitions to give back
    unsigned want; // how many more to take
    bool names;    // which things have shadows in the store is asked for

    enum error error;
    struct problem problem;
    unsigned owned;               // partitions that this process has now
    struct loaded_shadow *loaded; // of those that were taken; for the receiver to take over
    struct buffer things;         // a JSON array of names
};

/// A shadow as it comes from the store.
struct loaded_shadow {
    struct twin *twin;
    uint64_t ceiling;
    bool crashed; // whoever had it did not end in an orderly way
    struct loaded_shadow *next;
    char key[];
};
void loaded_free(struct loaded_shadow *list); // NULL is fine

struct writer;

struct twins {
    struct loop *loop;
    struct bus *bus;
    struct bus_status *status;
    struct map *shadows;  // by key
    struct map *memories; // things that a function names in `state`
    struct writer *writer;
    struct twin_result result;
    struct buffer subject; // scratch

    struct shadow *gathering, *dirty; // lists
    struct write_batch batch;
    bool writing;       // `batch` is with the writer
    bool commit_posted; // a commit comes at the end of this turn of the loop
    bool flush_due;     // dirty shadows go with the next batch
    bool ending;
    bool ready;

    // devices.c
    struct map *hearers, *hearers_next; // things that devices at QoS 1 hear of; while they are listed: the next ones
    bool hears_all, hears_all_next;     // there may be others
    bool listing, list_wanted;
    size_t listed;
    bool no_queues; // the broker keeps nothing for devices

    // share.c
    unsigned owned, leaving; // partitions; requests for those that leave are not taken any more
    struct map *members;     // other processes by name: when they were heard last
    char name[48];           // of this process among them
    struct buffer askers;    // of splc.twins.things, while the store is asked: reply subjects, NUL after each

    struct problem trouble; // why storing fails; empty: all is well
    size_t held_bytes;      // of requests that wait
    size_t existing;        // shadows that exist

    // For the status: what was counted since the start.
    uint64_t accepted, updates, rejected, commits, rows;
    uint64_t rejected_by[TWINS_CODES]; // by code, in the order of `twins_codes`
    size_t waiting;                    // requests that wait for the disk
    struct recent commit_times;        // with rows; failed ones, too
    uint64_t commit_started_ns;
};

/// shadows.c
struct shadow *shadow_find(const struct twins *twins, struct text key);             // NULL: none
struct shadow *shadow_add(struct twins *twins, struct text key);                    // NULL: out of memory
void shadow_forget_unused(struct twins *twins, struct shadow *shadow);              // one that came to nothing
void shadow_replace(struct twins *twins, struct shadow *shadow, struct twin *twin); // takes a reference of its own
void shadows_free(struct twins *twins);
/// Takes over what was loaded; the list is emptied. ERROR_NO_MEMORY: not all of it is there.
enum error shadows_adopt(struct twins *twins, struct loaded_shadow **list);
bool shadows_quiet(const struct twins *twins, unsigned partitions);         // nothing of them waits for the disk
void shadows_drop(struct twins *twins, unsigned partitions);                // their requests that wait are refused
void shadows_answer_list(void *context, const struct bus_message *message); // splc.twins.list
/// Names of all things in their order, for the caller to free; they belong to the shadows. NULL: out of memory.
struct text *shadows_list_things(struct twins *twins, size_t *ret_count);

/// requests.c
void request_received(void *context, const struct bus_message *message);
void requests_publish_held(struct twins *twins, struct shadow *shadow);
/// After a commit that failed: what must be stored is refused, the rest is done anew.
void requests_redo_held(struct twins *twins, struct shadow *shadow);
void requests_take_waiting(struct twins *twins, struct shadow *shadow);
void requests_refuse_held(struct twins *twins, struct held_list *list, const char *why);
void requests_free_held(struct twins *twins, struct held_list *list);

/// commit.c
bool is_degraded(const struct twins *twins);
void commit_degrade(struct twins *twins, const struct problem *trouble);
void commit_soon(struct twins *twins); // at the end of this turn of the loop, so that the turn shares one commit
void commit_gather(struct twins *twins, struct shadow *shadow, struct twin *next);
void commit_mark_dirty(struct twins *twins, struct shadow *shadow);
void commit_flush(void *context); // timer: everything dirty is written
void commit_done(void *context, struct write_batch *batch);
void commit_end(struct twins *twins); // writes all that is left and lowers the ceilings
void batch_clear(struct write_batch *batch);

/// devices.c
enum error devices_open(struct twins *twins);
void devices_connected(struct twins *twins);                     // the bus is there, or there again
bool devices_hear(const struct twins *twins, struct text thing); // whether a device at QoS 1 may hear of the thing
void devices_close(struct twins *twins);

/// share.c
enum error share_open(struct twins *twins);
void share_connected(struct twins *twins); // the bus is there, or there again
bool share_has(const struct twins *twins, struct text thing);
bool share_prepare(struct twins *twins, struct write_batch *batch); // true: the batch is wanted for its own sake
void share_done(struct twins *twins, struct write_batch *batch);    // after its rows were looked after
void share_leave(struct twins *twins); // after commit_end: the others may take what this process had
void share_close(struct twins *twins);

/// writer.c
typedef void writer_done_fn(void *context, struct write_batch *batch);
/// Takes all partitions that are free; `first` says which and what was in them. A store that cannot be used gives a
/// writer that fails every batch with the reason, which is also in `ret_problem`: then all partitions are there, and
/// nothing in them. Only ERROR_UNAVAILABLE (another program has it, its server is away) and ERROR_NO_MEMORY give none.
enum error writer_open(struct loop *loop, const char *where, writer_done_fn *on_done, void *context,
                       struct write_batch *first, struct writer **ret_writer, struct problem *ret_problem);
bool writer_has_store(const struct writer *writer);
/// Writes the batch and calls `on_done` from the loop, with `error` and `problem` filled. One batch at a time.
void writer_start(struct writer *writer, struct write_batch *batch);
/// Waits for the batch under way and reports it; from then on `writer_start` writes and reports before it returns.
void writer_stop(struct writer *writer);
void writer_give_all(struct writer *writer); // all partitions, once it has been stopped
void writer_close(struct writer *writer);    // NULL is fine
