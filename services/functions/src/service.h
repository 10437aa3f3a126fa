/// The parts of the function service and how they hang together.
///
///   bus: $aws.things.*.shadow.update.documents       topics, times, events      invoke (management, functions)
///     │ change_read, change_concerns   (change.c)      │ (trigger.c)               │ (invoke.h)
///     ▼                                                ▼                           ▼
///   changes of a function ── joined per thing        waiting events, invocations of a function   (function.c)
///     │ when a worker of the version that the route leads to waits in `next`       (dispatch.c)
///     ▼
///   GET invocation/next ◄── worker, one event at a time ──► things, topics, functions
///        (runtime_api.c)      (instance.c, worker.c, sandbox.c)    (data_api.c, rights.c)
///     │ answer, error, death, time limit                              │ dataplane
///     ▼                                                               ▼ bus
///   back to the queue, answered, given up            (outcome.c)
#pragma once

#include "change.h"
#include "invocation.h"
#include "metrics.h"
#include "worker.h"

#include <base/map.h>
#include <bus/bus.h>
#include <http/server.h>
#include <pki/pki.h>
#include <site/site.h>

enum {
    FUNCTION_CRASHES_AT_START_MAX = 3, // then it is `failed` ([function-1.5])
    FUNCTION_ATTEMPTS_MAX = 3,         // deliveries of one change whose workers died
    FUNCTION_TIMEOUTS_MAX = 2,         // deliveries of one change that took too long
    SEVERITY_INFORMATION = 200,
    SEVERITY_WARNING = 500,
    SEVERITY_FAILURE = 700,
};

/*   STARTING --next--> READY --worker ends--> STARTING (after the back-off)
 *      | ends three times before `next`, or cannot be started
 *      v
 *    FAILED --every 10 s--> tried again; the first `next` makes it READY
 * A version without a pinned worker is READY as long as nobody needs it. */
enum function_state { FUNCTION_STARTING, FUNCTION_READY, FUNCTION_FAILED };

/// A worker: one process, one endpoint, one event at a time.
struct instance {
    struct version *version;
    struct http_server *server; // of this worker alone
    char token[PKI_SECRET_BYTES];
    struct worker worker;
    uint64_t started_ns;
    bool asked;                // it has asked for an event since its start
    bool failed_to_start;      // it has said so
    struct http_request *next; // in which it waits; NULL while it works
    struct invocation *current;
    uint64_t given_ns;
    struct loop_timer *time_limit, *idle;
    bool timed_out, ending; // killed by us: past the limit; as nobody needs it
    struct instance *after; // of the version
};

/// One version of a function: code, rights, workers.
struct version {
    struct function *function;
    char *name, *arn, *handler, *folder, *program;
    char **environment; // NULL ends
    bool is_node;
    unsigned timeout_s, memory_mb, storage_mb;
    struct function_manifest *manifest; // rights; NULL: none
    bool leaving;                       // dropped or replaced: gone when its last worker is
    enum function_state state;
    struct problem reason; // why it is not ready, or what happened last
    struct instance *instances;
    size_t instance_count;
    unsigned early_deaths; // in a row
    uint64_t back_off_ns;
    struct loop_timer *restart_timer;
    uint64_t invocations, errors, restarts, cold_starts;
    struct histogram cold_start;
    struct version *after; // of the function
};

struct function {
    struct service *service;
    char *name, *data_folder;
    struct worker_log log;
    struct function_settings settings; // its texts and triggers are our own
    struct trigger *triggers;          // topics and times
    struct version *versions;
    struct version *chosen; // for the next change, when the route has two ends
    size_t busy;            // workers with an event

    struct queue changes;
    struct invocations waiting;
    bool waiting_next; // whose turn it is when both wait
    struct loop_timer *retry_timer, *soon;
    uint64_t throttles, dropped, invocations, errors;
    struct histogram duration;
    bool dispatching;
};

struct management;
struct service {
    struct loop *loop;
    const struct site *site;
    const char *programs; // NAME/bootstrap of the plant's functions
    struct bus *bus;
    struct bus_status *status;
    struct sandbox sandbox;
    struct management *management; // what is deployed, and by whom
    struct map *functions;         // name -> struct function
    struct map *undeployed;        // name -> struct undeployed: the plant's, that could not be read
    struct loop_timer *deploy_timer;
    struct grave *graves; // endpoints whose workers are gone
    struct map *latest;   // thing -> struct change: the last one of each thing that some function watches
    struct look *looks;   // at twins after a gap; under way
    bool was_connected, closing;
    uint64_t idle_ns, retry_ns; // how long a worker is kept without work; before the first repetition of an event
    uint64_t (*wall_ns)(void);  // the clock of schedules
};

/// functions.c. `programs` holds NAME/bootstrap of each function of the plant.
enum error service_open(struct loop *loop, const struct site *site, const char *programs, struct service **ret_service,
                        struct problem *ret_problem);
void service_close(struct service *service);   // NULL is fine
void service_changed(struct service *service); // a function's state: says so in the status
struct function *service_function(const struct service *service, struct text name); // NULL when there is none

/// gap.c: what changed while the bus was away was told to nobody. Every twin is looked at again.
void gap_look(struct service *service);
void gap_close(struct service *service);
void service_take_change(struct service *service, struct text subject, struct text data); // functions.c

/// deploy.c: the functions of the site file.
void deploy_site(struct service *service);
void deploy_close(struct service *service);

/// status.c
void status_fill(void *context, struct json_writer *writer); // of bus_status; a service
/// The reason for "degraded"; "" when there is none.
void status_reason(const struct service *service, struct problem *ret_reason);

/// function.c
void function_destroy(struct function *function);                          // NULL is fine
bool function_watches(const struct function *function, const char *thing); // by name alone
/// `told`: the thing's state that functions were told of last; NULL: none.
void function_offer(struct function *function, struct change *change, const struct json *told);
/// An event of a trigger that is no change of a twin; takes the invocation.
void function_queue(struct function *function, struct invocation *invocation);
struct version *function_version(const struct function *function, struct text name); // NULL when there is none
struct version *function_target(const struct function *function);                    // of the route's main end
void function_tell(struct function *function, unsigned severity, const char *format, ...)
    __attribute__((format(printf, 3, 4))); // log, event stream, status

/// dispatch.c: gives what waits to workers, as far as the limits allow. May be called from anywhere, and often.
void function_dispatch(struct function *function);
/// At once when a worker waits; else from the loop, so that whoever has queued something hears of no failure meanwhile.
void function_dispatch_soon(struct function *function);

/// version.c
enum error version_create(struct function *function, const struct version_settings *settings,
                          struct version **ret_version, struct problem *ret_problem);
void version_destroy(struct version *version); // without workers; NULL is fine
/// Somebody waits for a worker: starts one, unless one is on its way, it must not yet, or there are enough.
void version_want(struct version *version);
bool version_is_pinned(const struct version *version);
void version_leave(struct version *version);    // its workers end when they can; frees it when it has none
void version_end_idle(struct version *version); // workers that nobody needs now
void version_on_death(struct version *version, const char *how, bool asked, bool said_why, const char *last_words);
void version_on_ready(struct version *version);
void version_worked(struct version *version); // an event went well: the back-off begins anew
void version_fail(struct version *version);   // its reason is set
void version_free_if_left(struct version *version);

/// instance.c
enum error instance_start(struct version *version, struct problem *ret_problem);
void instance_give(struct instance *instance, struct invocation *invocation); // it waits in `next`
void instance_end(struct instance *instance);                                 // kills it; what follows, follows
void instances_stop(struct version *version);                                 // at once; for the end of the service
void graves_clear(struct service *service);
/// What the worker says, from runtime_api.c.
void instance_on_next(struct instance *instance, struct http_request *request);
bool instance_is_current(const struct instance *instance, struct text id);
void instance_on_response(struct instance *instance, struct text answer);
void instance_on_error(struct instance *instance, struct text document, struct text message);
/// Of an answer that is too large.
void instance_on_too_large(struct instance *instance, size_t bytes);
void instance_on_init_error(struct instance *instance, struct text message);

/// outcome.c: after an event was with a worker.
struct outcome {
    bool good, died, timed_out;
    const char *type;    // of an error: "Sandbox.Timedout", "Runtime.ExitError"; for who waits
    struct text payload; // the answer, or the error's document as the function gave it; empty: made of type and message
    const char *message; // of an error, for people
};
/// Takes the invocation.
void outcome_take(struct instance *instance, struct invocation *invocation, const struct outcome *outcome);
/// Nothing more will be tried; takes it. `condition`: as AWS's records say it: "RetriesExhausted", "EventAgeExceeded".
void outcome_give_up(struct function *function, struct invocation *invocation, const char *condition, enum error error,
                     const char *reason);

/// environment.c: what Lambda sets, the user's own, and nothing of ours.
struct environment {
    char **list; // NULL ends
    size_t count;
    bool failed;
};
void environment_make(const struct instance *instance, const char *folder, unsigned port,
                      struct environment *ret_environment);
void environment_clear(struct environment *environment);

/// runtime_api.c
/// `listening`: as in http_server_options; -1: a free port of the loopback interface.
enum error runtime_api_open(struct instance *instance, int listening, struct problem *ret_problem);
void runtime_api_give(struct instance *instance, struct http_request *request, struct text event, uint64_t deadline_ms);

/// data_api.c: the AWS data plane, publish and Lambda's Invoke for a worker, with its rights.
void data_api_call(struct instance *instance, struct http_request *request);

/// trigger.c: topics, times and events that start functions.
enum error triggers_open(struct function *function, struct problem *ret_problem);
void triggers_close(struct function *function);
