/// The history of command executions: each a JSON document, the newest EXECUTIONS_KEPT of them, in a file that
/// survives a restart. One whose outcome was not known then is told as TIMED_OUT. Threads: one at a time.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXECUTIONS_KEPT = 1000, EXECUTION_BYTES_MAX = 160 * 1024 };

struct execution_waiter {
    void *whom; // the owner's
    struct execution_waiter *next;
};

struct execution {
    char *id, *thing;
    char *key;      // of idempotency; NULL: none
    char *document; // JSON on one line, as clients get it
    char status[16];
    uint64_t received_ns;             // monotonic; 0: before the start of this process
    struct execution_waiter *waiters; // for its outcome; freed with it
};

struct executions;
/// `file` NULL: nothing is kept beyond the process. The problem names a file that cannot be read.
enum error executions_open(const char *file, struct executions **ret_executions, struct problem *ret_problem);
void executions_close(struct executions *executions); // NULL is fine; those that wait are forgotten

/// From its document (`executionId`, `thing`, `idempotencyKey`, `status`), which is on disk before this returns when it
/// has a key. NULL when out of memory or when the disk refuses: then nothing may be executed.
struct execution *executions_add(struct executions *executions, struct text document);
/// Its outcome: the document anew.
void executions_settle(struct executions *executions, struct execution *execution, struct text document);

struct execution *executions_find(const struct executions *executions, struct text thing, struct text id); // NULL: none
struct execution *executions_find_key(const struct executions *executions, struct text thing, struct text key);
/// The newest first: `index` 0, 1 ... of the thing; NULL past the last one.
const struct execution *executions_at(const struct executions *executions, struct text thing, size_t index);

/// Somebody waits for the outcome. False when out of memory.
bool execution_wait(struct execution *execution, void *whom);
/// Takes one of those who wait; NULL: there is none left.
void *execution_take_waiter(struct execution *execution);

/// Method and arguments of a command as those of the execution: what the same idempotency key must come with.
struct json;
bool execution_is_of(const struct execution *execution, const struct json *command);
