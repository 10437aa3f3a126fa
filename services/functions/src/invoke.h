/// The run time of functions as the catalogue and the management interface see it: the catalogue says what is deployed,
/// anybody may invoke it.
///
///   catalogue ── runtime_put_version, runtime_put_function ──► run time ── worker processes
///   management, triggers ── invoke ──────────────────────────────┘
///
/// Threads: all of it on the loop's.
#pragma once

#include <base/problem.h>
#include <base/text.h>
#include <site/function.h>

struct service;

enum {
    INVOKE_EVENT_BYTES_MAX = 6 * 1024 * 1024,   // Lambda's limit for an event and an answer
    INVOKE_ASYNCHRONOUS_BYTES_MAX = 256 * 1024, // Lambda's limit for a queued event
    INVOKE_LOG_BYTES_MAX = 4 * 1024,            // Lambda's limit for the tail of the log
    INVOKE_QUEUE_MAX = 1000,                    // events that wait for one function; past it ERROR_LIMIT
    INVOKE_RETRIES_MAX = 2,
    INVOKE_AGE_S_MAX = 6 * 3600, // Lambda's limits for queued events
};

// --- what is deployed ---

/// One immutable version; its name "$LATEST" is the one that may be put again with other code. Everything is copied.
struct version_settings {
    const char *function;           // "automatic"
    const char *version;            // "$LATEST", "1", "2" ...
    const char *arn;                // without qualifier
    const char *runtime;            // "provided.al2023", "provided.al2", "nodejs20.x"
    const char *handler;            // "index.handler"; NULL: bootstrap
    const char *folder;             // absolute; the unpacked package, LAMBDA_TASK_ROOT; its function.yaml, when there
                                    // is one, gives the rights (commands, state, publish, invoke, network)
    const char *program;            // absolute; what is started; NULL: bootstrap in `folder`
    const char *const *environment; // "NAME=value" of the user's, NULL ends; NULL: none
    unsigned timeout_s;             // 1 .. FUNCTION_TIMEOUT_S_MAX
    unsigned memory_mb;             // 0: the default
    unsigned storage_mb;            // of its private /tmp; 0: the default
};

/// What belongs to the function and not to a version. Everything is copied.
struct function_settings {
    const char *name;
    unsigned concurrency;                    // workers at once, of all versions together; 0: none may run (throttled)
    bool pinned;                             // the worker of `version` is started at once and kept
    const char *version;                     // that events of triggers go to
    const char *second;                      // a share of them goes to this version (canary); NULL: none
    double second_share;                     // 0 .. 1
    const struct function_trigger *triggers; // of function.yaml and event source mappings
    size_t trigger_count;
    unsigned retries;              // of a queued event after an error: 0 .. INVOKE_RETRIES_MAX
    unsigned age_s;                // a queued event older than this is given up: 1 .. INVOKE_AGE_S_MAX
    const char *dead_letter_topic; // where events that are given up are published; NULL: nowhere
};

/// A new version, or $LATEST with other code: workers of what was there end when they have finished their event. A
/// version that cannot run is put all the same: its state says why, and it is tried again.
enum error runtime_put_version(struct service *service, const struct version_settings *settings,
                               struct problem *ret_problem);
/// Its workers end when they have finished; later invocations are ERROR_NOT_FOUND.
void runtime_drop_version(struct service *service, const char *function, const char *version);

/// New or changed; its versions are put before. From the next event on the triggers' events go where the settings say:
/// one function's move from one version to another happens between two events, none is lost or given twice for it.
enum error runtime_put_function(struct service *service, const struct function_settings *settings,
                                struct problem *ret_problem);
/// With its versions and what waits for it, which is given up.
void runtime_drop_function(struct service *service, const char *name);

/// How a version did since it was put; for the return from a canary. False when there is none.
struct version_counts {
    uint64_t invocations, errors;
};
bool runtime_counts(const struct service *service, const char *function, const char *version,
                    struct version_counts *ret_counts);

// --- invocation ---

/// Borrowed during the callback.
struct invoke_result {
    /// NONE: it ran, see `function_error`; LIMIT: throttled, no worker free and no more allowed, or the queue is full;
    /// NOT_FOUND; TOO_LARGE: the event; UNAVAILABLE: it cannot be started; the version's reason is in `problem`.
    enum error error;
    const char *problem;        // for people, when there is an error
    const char *request_id;     // a UUID
    const char *version;        // that was executed
    const char *function_error; // NULL: a good answer; "Unhandled" as Lambda says it: the function's own error, a time
                                // limit, a worker that died, an answer larger than 6 MB; `payload` says what
    struct text payload;        // JSON
    struct text log_tail;       // what the worker printed during it, at most INVOKE_LOG_BYTES_MAX
};

struct invoke_request {
    const char *function, *version; // resolved
    struct text event;              // JSON; copied
    struct text client_context;     // JSON as AWS's header carries it, base64 decoded; empty: none
    /// Synchronous: called exactly once, never from inside `invoke`. NULL: asynchronous: queued, tried again after
    /// errors, given up past its age. When the service closes, with ERROR_UNAVAILABLE.
    void (*done)(void *context, const struct invoke_result *result);
    void *context;
};

/// ERROR_NONE: under way or queued. ERROR_NOT_FOUND, ERROR_TOO_LARGE, ERROR_LIMIT at once otherwise; `done` does not
/// come. `ret_request_id`: 37 bytes, with NUL.
enum error invoke(struct service *service, const struct invoke_request *request, char ret_request_id[static 37],
                  struct problem *ret_problem);
/// The caller of a synchronous one has left: `done` does not come; the function goes on. NULL-safe for unknown ids.
void invoke_forget(struct service *service, const char *request_id);
