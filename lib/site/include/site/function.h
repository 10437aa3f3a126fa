/// A function package's manifest, `function.yaml`: what starts the function, what it may command, what it owns.
/// Form: docs/spec/function.md.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

enum {
    FUNCTION_TIMEOUT_S_MAX = 900,    // what Lambda allows
    FUNCTION_TIMEOUT_S = 3,          // Lambda's default
    FUNCTION_MEMORY_MB = 128,        // Lambda's default, and its limit
    FUNCTION_MEMORY_MB_MAX = 10240,  //
    FUNCTION_STORAGE_MB = 64,        // of /tmp, which is memory
    FUNCTION_STORAGE_MB_MAX = 10240, // Lambda's limit
    FUNCTION_CONCURRENCY_MAX = 100,  // workers; a fog node has a few cores
    FUNCTION_RETRIES_MAX = 2,        // Lambda's limit for queued events, and its default
    FUNCTION_AGE_S_MAX = 6 * 3600,   // the same
    FUNCTION_CANARY_ERRORS = 3,
    FUNCTION_CANARY_OF = 20,
};

/// What starts the function. Exactly one of twin, topic, schedule, event and url is set; the others are NULL or false.
struct function_trigger {
    const char *twin; // a twin that changed: thing name, with `*` and `?` (text_matches)
    const char *path; // ... only when something below it changed: "reported", "reported/motor"; "" for any change
    const char
        *condition;       // ... and only when this holds: "reported/motor/state == true" (docs/spec/function.md); or ""
    const char *topic;    // a message on it: MQTT topic filter, with `+` and `#`
    const char *schedule; // a time: "rate(5 minutes)", "cron(0 8 ? * MON-FRI *)"
    const char *event;    // of the event stream: its source, with `*` and `?`: "mps_conveyor/*"
    unsigned severity;    // ... of at least this severity, 1 .. 1000
    bool url;             // an HTTP request to the function's URL
};

struct function_manifest {
    const char *folder;  // absolute or as given: where function.yaml is
    const char *name;    // "automatic": [A-Za-z0-9_-]{1,64}
    const char *runtime; // "provided.al2023", "provided.al2", "nodejs20.x"
    const char *handler; // "index.handler"
    unsigned timeout_s;  // per invocation, 1..FUNCTION_TIMEOUT_S_MAX
    unsigned memory_mb, storage_mb;
    unsigned concurrency;    // workers at once, 1..FUNCTION_CONCURRENCY_MAX; events of one thing stay in order
    bool pinned;             // one worker is started with the service and kept; else at the first event
    bool network;            // the network of the host; else nothing but the run time's endpoint
    unsigned retries, age_s; // of queued events: after an error; given up when older
    unsigned canary_errors,
        canary_of;           // a second version of an alias is taken back after so many errors in so many events
    const char *dead_letter; // topic for what is given up; "" for none
    const struct function_trigger *triggers;
    size_t trigger_count;        // 0 for a function that is only invoked
    const char *const *commands; // things whose desired it may write; exact names
    size_t command_count;
    const char *const *state; // things that it owns, reported and desired; exact names
    size_t state_count;
    const char *const *publish; // topic filters that it may publish to
    size_t publish_count;
    const char *const *invoke; // functions that it may invoke
    size_t invoke_count;
};

/// Reads `folder/function.yaml`. Unknown fields are errors. The problem names file, line and field, and the remedy.
/// ERROR_NOT_FOUND when there is no such file.
enum error function_manifest_load(const char *folder, struct function_manifest **ret_manifest,
                                  struct problem *ret_problem);
/// The same from bytes, for tests; `file_name` is for the messages, `folder` is copied.
enum error function_manifest_read(struct text bytes, const char *file_name, const char *folder,
                                  struct function_manifest **ret_manifest, struct problem *ret_problem);
void function_manifest_destroy(struct function_manifest *manifest); // NULL is fine
CLEANUP_DEFINE(struct function_manifest, function_manifest_destroy)
