/// The parts of the function service and how they hang together.
///
///   bus: $aws.things.*.shadow.update.documents
///     │ change_read, change_concerns                        (change.c)
///     ▼
///   queue of each function ── joined per thing              (change.c)
///     │ when its worker waits in `next`                     (function.c)
///     ▼
///   GET invocation/next ◄── worker ──► /things/T/shadow     (runtime_api.c, rights.c)
///                                          │ dataplane
///                                          ▼ bus
#pragma once

#include "change.h"
#include "worker.h"

#include <base/map.h>
#include <bus/bus.h>
#include <http/server.h>
#include <pki/pki.h>
#include <site/site.h>

enum {
    FUNCTION_CRASHES_AT_START_MAX = 3, // then it is `failed` ([function-1.5])
    FUNCTION_ATTEMPTS_MAX = 3,         // deliveries of one event whose workers died
    FUNCTION_TIMEOUTS_MAX = 2,         // deliveries of one event that took too long
    REQUEST_ID_BYTES = 37,             // a UUID, with NUL
};

/*   STARTING --next--> READY --worker ends--> STARTING (after the back-off)
 *      | ends three times before `next`, or cannot be started
 *      v
 *    FAILED --every 10 s--> tried again; the first `next` makes it READY */
enum function_state { FUNCTION_STARTING, FUNCTION_READY, FUNCTION_FAILED };

struct function {
    struct service *service;
    const char *name, *package; // the site's
    char *program, *data_folder;
    struct function_manifest *manifest; // NULL until it could be read
    enum function_state state;
    struct problem reason; // why it is not ready, or what happened last

    struct http_server *server; // of this function alone, on a free port
    char token[PKI_SECRET_BYTES];
    struct worker worker;
    struct worker_log log;
    bool asked;            // the worker has asked for an event since its start
    unsigned early_deaths; // in a row
    uint64_t back_off_ns;
    struct loop_timer *restart_timer;

    struct queue queue;
    struct http_request *next; // in which the worker waits; NULL while it works
    struct pending *current;   // what it works on
    char request_id[REQUEST_ID_BYTES];
    struct loop_timer *time_limit;
    bool timed_out;
    uint64_t invocations, errors, dropped, restarts;
};

struct service {
    struct loop *loop;
    const struct site *site;
    struct bus *bus;
    struct bus_status *status;
    struct function *functions;
    size_t function_count;
    struct map *latest; // thing -> struct change: the last one of each thing that some function watches
    struct look *looks; // at twins after a gap; under way
    bool was_connected;
};

/// functions.c. `programs` holds NAME/bootstrap of each function.
enum error service_open(struct loop *loop, const struct site *site, const char *programs, struct service **ret_service,
                        struct problem *ret_problem);
void service_close(struct service *service);   // NULL is fine
void service_changed(struct service *service); // a function's state: says so in the status

/// function.c
enum error function_init(struct function *function, struct service *service, const struct site_function *site_function,
                         const char *programs);
void function_start(struct function *function);
void function_stop(struct function *function); // ends the worker; nothing comes afterwards
void function_clear(struct function *function);
/// `told`: the thing's state that functions were told of last; NULL: none.
void function_offer(struct function *function, struct change *change, const struct json *told);
void function_tell_failure(struct function *function);                     // in the event stream
bool function_watches(const struct function *function, const char *thing); // by name alone

/// What the worker says, from runtime_api.c.
void function_on_next(struct function *function, struct http_request *request);
/// False when `id` is not what the worker works on.
bool function_on_response(struct function *function, struct text id);
bool function_on_error(struct function *function, struct text id, struct text message);
void function_on_init_error(struct function *function, struct text message);

/// runtime_api.c
enum error runtime_api_open(struct function *function, struct problem *ret_problem);
void runtime_api_give(struct function *function, struct http_request *request, struct text event,
                      uint64_t deadline_ms); // the answer to `next`
