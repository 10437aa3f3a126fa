/// What the files of the service share.
#pragma once

#include <base/map.h>
#include <bus/hop.h>
#include <http/server.h>
#include <json/json.h>

#include "service.h"

enum {
    API_BODY_BYTES_MAX = 128 * 1024, // as AWS IoT limits a message
    API_CONNECTIONS_MAX = 128,
    API_IDLE_TIMEOUT_S = 30,
    API_STREAMS_MAX = 48,                     // event streams at once: 429 past it
    API_STREAM_QUEUE_BYTES_MAX = 1024 * 1024, // of one event stream; a slower client is cut off and comes again
    API_EVENTS_KEPT = 50,                     // for a client that has just connected
    API_DOWN_AFTER_S = 3,                     // a service that is silent for so long is down
    API_TOPIC_BYTES_MAX = 256,                // as AWS IoT limits it
    API_COMMAND_TIMEOUT_S = 10,               // for the gateway to answer
    API_COMMAND_TTL_S = 5,                    // of a command that does not say when it expires
    API_COMMAND_TTL_MAX_S = 3600,
    API_KEY_BYTES_MAX = 128,              // of idempotency
    API_ID_BYTES = 64,                    // of an execution, with NUL
    API_EXECUTIONS_LISTED = 50,           // at once, unless more are asked for
    API_DOCUMENT_BYTES_MAX = 1024 * 1024, // what we take from the bus
};

/// How long a change may take, from the scan that saw it; at 1 ms scan, everything on one machine, encrypted.
#define API_TWIN_BUDGET_P50_MS 0.6 // until its twin shows it
#define API_TWIN_BUDGET_P99_MS 2.0
#define API_WISH_BUDGET_P50_MS 1.2 // until a function has wished for something because of it
#define API_WISH_BUDGET_P99_MS 4.0
#define API_LOOP_BUDGET_P50_MS 3.0 // until the actuator has followed
#define API_LOOP_BUDGET_P99_MS 8.0

extern const struct json_limits api_limits; // of what comes from the bus and from clients

struct access_keys;
struct executions;
struct asked;
struct event_stream;
struct twin_entry;
struct service_entry;

struct api {
    struct api_options options;
    struct loop *loop;
    struct bus *bus;
    struct bus_status *status;
    struct http_server *plain, *encrypted;
    struct access_keys *keys;
    struct executions *executions;
    struct asked *asked;         // commands that the gateway has not answered yet
    struct loop_timer *tick;     // once a second
    struct hop to_twin, to_wish; // of a change: see latency.c
    uint64_t started_ms;
    char bus_reason[160];          // why the bus is not connected; empty while it is
    struct buffer picture, things; // answers of /v1/plant, /v1/things; they never change

    struct event_stream *streams;
    size_t stream_count;
    uint64_t event_id;
    char *kept_events[API_EVENTS_KEPT]; // JSON, a ring
    size_t kept_next;

    struct map *twins;    // "thing" or "thing/shadow" to struct twin_entry
    size_t twins_checked; // how far the round of checks has come
    struct map *services; // name to struct service_entry
};

// ---------------------------------------------------------------- picture.c: pure

/// Answer of GET /v1/plant.
void picture_write(const struct plant *plant, const char *simulation, const char *const *state_things,
                   struct buffer *out);
/// Answer of GET /v1/things.
void picture_write_things(const struct plant *plant, struct buffer *out);

// ---------------------------------------------------------------- access.c

/// True when the request may go on; otherwise it has been answered. Also answers the log-in link.
bool access_check(struct api *api, struct http_request *request);

// ---------------------------------------------------------------- routes.c

void routes_handle(void *context, struct http_request *request); // context: struct api

// ---------------------------------------------------------------- console.c

/// Answers with a file of the console; false when there is none of that path.
bool console_answer(struct http_request *request, struct text path, int status);
/// True for what must be seen before the log-in.
bool console_is_public(struct text path);

// ---------------------------------------------------------------- commands.c

void command_execute(struct api *api, struct http_request *request, struct text thing);
void command_read(struct api *api, struct http_request *request, struct text thing, struct text id);
void command_list(struct api *api, struct http_request *request, struct text thing);
enum error commands_subscribe(struct api *api);
void commands_close(struct api *api); // after the bus

// ---------------------------------------------------------------- precondition.c

/// True also without one; otherwise the problem names what is not as wanted.
bool precondition_holds(struct api *api, struct text thing, const struct json *precondition, struct problem *problem);

// ---------------------------------------------------------------- publish.c

bool publish_is(struct text path);
void publish_execute(struct api *api, struct http_request *request);

// ---------------------------------------------------------------- events.c

void events_open(struct api *api, struct http_request *request);
/// Sends to all streams; `thing` is empty unless the event is about one. `data` is JSON on one line.
void events_send(struct api *api, const char *type, struct text thing, struct text data);
/// An `event` of the bus: sent, and kept for those who come later.
void events_note(struct api *api, struct text data);
void events_close(struct api *api);

// ---------------------------------------------------------------- twins.c

enum error twins_open(struct api *api);
enum error twins_subscribe(struct api *api);
void twins_refresh_all(struct api *api); // something may have been missed: asks for every document again
void twins_tick(struct api *api);
/// Calls `each` with the current document of every twin that exists, as the data of a `twin` event.
void twins_each(struct api *api, void (*each)(void *context, struct text thing, struct text data), void *context);
/// Data of a `twin` event, for the caller to destroy; NULL: none is known.
struct json_document *twins_document(struct api *api, struct text thing);
void twins_close(struct api *api);

// ---------------------------------------------------------------- metrics.c

void metrics_answer(struct api *api, struct http_request *request);
void latency_answer(struct api *api, struct http_request *request);
/// A `documents` event, as it comes.
void latency_note(struct api *api, struct text thing, const struct json *documents);

// ---------------------------------------------------------------- services.c

enum error services_open(struct api *api);
void services_take(struct api *api, struct text status); // a document of splc.status.*
void services_tick(struct api *api);
void services_each(struct api *api, void (*each)(void *context, struct text status), void *context);
void services_close(struct api *api);
