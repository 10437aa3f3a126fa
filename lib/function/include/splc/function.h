/// Functions in C: what a plant's function is compiled against. docs/guide/functions.md has a whole example.
///
/// A function is a program called `bootstrap` in a package (docs/spec/function.md). It is started once and is then
/// given one event after the other; between two events it sleeps. It speaks AWS's Runtime API (runtime provided.al2023)
/// and AWS's data plane for device shadows, and nothing else. Calls of the data plane carry the session token but no
/// signature (SigV4): our runtime asks for none, AWS's own endpoint would.
///
///     static enum error on_event(void *context, struct splc_function *function, const struct splc_event *event,
///                                struct buffer *ret_answer, struct problem *ret_problem) {
///         if (!json_bool(json_path(event->current, TEXT("reported/lightBarrier_exit/state")))) return ERROR_NONE;
///         return splc_twin_desire(function, TEXT("mps_conveyor"), TEXT("{\"motor\":{\"setDirection\":[0]}}"),
///         ret_problem);
///     }
///     int main(void) { return splc_function_run(on_event, NULL); }
///
/// What to expect, and what to provide for:
/// (1) One event at a time, in order. Events that come while one is being worked on are joined per thing: the oldest
///     `previous`, the newest `current`. So look at states rather than count events.
/// (2) An event may come twice: after a crash, or past the time limit. Commands and updates should bear repetition.
/// (3) The process may be killed at any moment. What must not be forgotten belongs into a twin that the function owns
///     (`state` in function.yaml); variables of the process are a cache.
/// (4) A wish in `desired` is executed once by the gateway and then removed; its outcome is in `reported`, in the
///     module's `command`.
///
/// Values are read with <json/json.h> and written with its writer into a `struct buffer` (<base/buffer.h>).
/// Threads: none. Everything here is called from the handler, on the thread of `splc_function_run`.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>
#include <json/json.h>

struct splc_function;

/// One event. Everything in it is borrowed until the handler returns.
struct splc_event {
    struct text request_id;
    uint64_t deadline_ms;    // since 1970; past it the process is killed
    struct text body;        // JSON as it came
    const struct json *root; // the same, parsed

    // A change of a twin; of other events `thing` is empty.
    struct text thing;           // whose twin has changed
    uint64_t version;            // of `current`
    const struct json *previous; // {"desired":{...},"reported":{...}}; absent when the twin is new
    const struct json *current;  // the same after the change
    struct text cause;           // the change's clientToken, which names its cause (docs/spec/bus.md); may be empty
    unsigned joined;             // how many later changes are in it; `cause` is that of the first
};

/// Works on one event. What is in `ret_answer` afterwards is the function's answer (JSON; nothing: null). An error is
/// reported as the invocation's error, with the problem's text, and the next event comes as if nothing had happened.
typedef enum error splc_handler(void *context, struct splc_function *function, const struct splc_event *event,
                                struct buffer *ret_answer, struct problem *ret_problem);

/// The function's life: asks for events and has them handled until the runtime goes away. Returns the exit status for
/// `main`: 0 never, 1 when the runtime is gone or there is none (not started by it).
int splc_function_run(splc_handler *handler, void *context);

/// For a function that cannot start (before `splc_function_run`): tells the runtime why and returns the exit status
/// for `main`. The reason appears in the status of the function.
int splc_function_cannot_start(const char *reason);

/// A twin as it is now. Clear it.
struct splc_twin {
    struct json_document *document;
    const struct json *desired;  // absent when the twin has none
    const struct json *reported; // absent when the twin has none
    uint64_t version;            // 0: there is no such twin
    bool restored;               // `reported` is as it was kept before the twin service was started; it may be old
};
/// A twin that does not exist is no error: version 0. ERROR_UNAVAILABLE or ERROR_TIMEOUT when the twin service is.
enum error splc_twin_get(struct splc_function *function, struct text thing, struct splc_twin *ret_twin,
                         struct problem *ret_problem);
void splc_twin_clear(struct splc_twin *twin);

/// A change of a twin. Texts are JSON: an object, or null, which empties the section; empty: the section is not
/// touched.
struct splc_change {
    struct text desired;
    struct text reported;
    uint64_t version; // the change is made only when this is the twin's version (compare and set); 0: in any case
};
/// ERROR_CONFLICT: the version is another one. ERROR_FORBIDDEN: function.yaml does not name the thing in `commands`
/// (desired) or `state` (both). The cause of the event goes with the change. `ret_version` may be NULL.
enum error splc_twin_update(struct splc_function *function, struct text thing, const struct splc_change *change,
                            uint64_t *ret_version, struct problem *ret_problem);
/// The two usual ones, in any version.
enum error splc_twin_desire(struct splc_function *function, struct text thing, struct text desired,
                            struct problem *ret_problem);
enum error splc_twin_report(struct splc_function *function, struct text thing, struct text reported,
                            struct problem *ret_problem);

/// Compare and set until it succeeds: reads the twin, lets `edit` say what to change, and starts anew when somebody
/// else was faster. `edit` may be called several times; it leaves both buffers empty to change nothing, and an error
/// of it ends the whole. ERROR_CONFLICT when others were faster every time.
enum { SPLC_EDIT_ATTEMPTS_MAX = 10 };
typedef enum error splc_edit(void *context, const struct splc_twin *twin, struct buffer *ret_desired,
                             struct buffer *ret_reported, struct problem *ret_problem);
enum error splc_twin_edit(struct splc_function *function, struct text thing, splc_edit *edit, void *context,
                          struct problem *ret_problem);
