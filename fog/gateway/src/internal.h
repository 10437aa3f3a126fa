/// Parts of the gateway that know each other. One loop, one thread.
///
///   link.c     the OPC UA connection: open, browse, subscribe, lost, again
///   lease.c    control authority at the edge
///   report.c   values -> `reported`, quality -> shadow `status`
///   sync.c     what the twin held before: stale leaves, wishes left over
///   audit.c    values that nobody tells of are read
///   sources.c  source times -> shadow `sources`
///   guard.c    what others write into the twins of the edge's things
///   wish.c     `delta` -> method calls -> outcome
///   command.c  commands -> method calls -> response (command.h: precheck.c, response.c)
///   gateway.c  the bus, the status, run
#pragma once

#include "browse.h"
#include "latency.h"
#include "plan.h"
#include <base/clock.h>
#include <base/log.h>
#include <bus/bus.h>
#include <bus/hop.h>
#include <json/json.h>
#include <site/site.h>

enum {
    GATEWAY_REQUEST_MS = 1000,        // a twin that does not answer in this time is asked again
    GATEWAY_RETRY_MS = 200,           // between tries
    GATEWAY_ASKED_MAX = 64,           // questions to the twin service at once; what changes meanwhile is told together
    GATEWAY_CAUSES_MAX = 16,          // commands whose effect is awaited, per thing
    GATEWAY_CAUSE_MS = 1000,          // how long
    GATEWAY_CLOCK_SLACK_US = 2000,    // the edge's clock is known to about the time that a change needs to here
    GATEWAY_CLEARED_MAX = 64,         // wishes that are remembered when they are gone, per thing
    GATEWAY_DOCUMENT_BYTES = 1 << 17, // AWS IoT's limit of a message, 128 KB
    GATEWAY_TOKEN_BYTES = 65,         // clientToken, with NUL
    GATEWAY_REASON_BYTES = 256,       // why the control authority is not held
    GATEWAY_BAD_BYTES = 6 * 1024,     // of the list in the shadow `status`, which may have 8 KiB
};

enum link_state { LINK_CONNECTING, LINK_LIVE, LINK_SILENT, LINK_LOST };
enum lease_state { LEASE_NONE, LEASE_HELD, LEASE_LOST, LEASE_UNKNOWN };

struct node;
struct gateway;
struct wish;
struct cleared;
struct ticket;
struct audit;
struct check;
struct command;
struct execution;
struct executions;

/// A command that was called because of a change at `time_us`; its effect ends the measured loop.
struct cause {
    char *module; // path of the module, "motor"
    int64_t time_us;
    int64_t answered_us; // by the edge's clock: the scan has carried it out before; a later change is somebody else's
    uint64_t until_ns;
};

/// How long the hops of a change take ([bus-2.3]).
struct hops {
    struct hop edge;     // source time -> heard here, by two clocks
    struct hop twin;     // update of `reported` sent -> the twin service has accepted it
    struct hop call;     // method called -> the edge has answered
    struct hop actuator; // source time of the cause -> source time of its effect
};

/// One thing of the plan and its twins.
struct twin_link {
    struct gateway *gateway;
    struct plan_thing *thing;
    bool update_waiting; // an update of `reported` is under way
    bool touched;        // something may be dirty
    bool told;           // an update was accepted since the edge was browsed
    uint64_t update_ns;  // monotonic; when the one that is under way was sent
    bool status_dirty, status_waiting;
    struct {
        bool clear; // what is there may be of before, or somebody else's
        bool dirty; // a leaf's source time is
        bool waiting;
        bool off;              // it is too large for a shadow
        uint64_t version;      // with our last update
        uint64_t disputed;     // of the last update that was heard of while ours is under way
        uint64_t next_ns;      // monotonic; no earlier update
    } sources;                 // the shadow `sources`
    uint64_t status_version;   // of the shadow `status`, with our last update
    uint64_t status_disputed;  // of the last update of it that was heard of while ours is under way
    bool synced, sync_waiting; // what the twin holds is known; is asked for
    bool sync_again;           // it is asked for, and something came after that
    uint64_t guarded_ns;       // when it was last told that somebody else writes; monotonic
    struct wish *wishes;       // in order; the first may be under way
    struct cleared *cleared;   // the last wish of each place that is gone, newest first
    struct cause causes[GATEWAY_CAUSES_MAX];
};

/// The connection to one server, and what is made of it: the plant's edge or one of the site's further servers.
struct gateway {
    struct node *node;                // all of them
    const struct site_server *server; // NULL: the plant's edge
    const struct site *site;
    struct loop *loop;
    struct bus *bus;
    struct opcua_client *client;
    struct browse *browse;
    struct plan *plan;
    struct twin_link *twins;       // one per thing of the plan
    unsigned generation;           // of the plan: answers to older ones are ignored
    struct ticket *tickets;        // given to requests and calls under way
    struct command *commands;      // under way
    struct check *checks;          // questions for their preconditions
    struct executions *executions; // outcomes that idempotency keys stand for; of the node
    enum link_state state;
    uint64_t since_ns; // wall
    char reason[PROBLEM_TEXT_BYTES];
    uint64_t retry_ns;          // until the next try to connect; 0: none has failed
    uint64_t watched_ns;        // monotonic; when the link was last looked at
    uint64_t heard_ns;          // wall; last sign of life, while it is silent or lost
    struct opcua_counts counts; // of the connections before
    uint64_t overflows;         // values that were lost in the edge's queues
    uint64_t complained_ns;     // monotonic; when it was last told that the twin service is busy
    struct audit *audit;        // under way; NULL: none
    size_t audit_next;          // leaf of the plan
    int64_t behind_ns; // how far what the edge tells is behind our clock: difference of clocks and way; the least
    bool behind_known;
    int64_t edge_began_ns; // wall: oldest source time among the first values, not before its start; 0: none yet
    enum lease_state lease;
    char lease_reason[GATEWAY_REASON_BYTES]; // why it is not held
    uint64_t lease_renewed_ns;               // monotonic; when the edge last confirmed it
    struct loop_timer *lease_timer;
    struct latency *latency;                                       // of the node
    struct hops *hops;                                             // of the node
    char *url, *certificate, *key, *server_certificate, *password; // paths
};

// gateway.c
void hop_add_since(struct hop *hop, uint64_t monotonic_ns); // until now
void gateway_tell(struct gateway *gateway);                 // to the status on the bus
const char *gateway_kind(const struct gateway *gateway);    // for people: "edge", or the name of the server
/// The twin service may be asked for one more thing. False: whoever has something to tell comes to its turn later.
bool gateway_may_ask(const struct gateway *gateway);
/// The thing, whichever server has it; NULL: none.
struct twin_link *gateway_find(struct node *node, struct text thing);
/// Another gateway than this one that has the thing; NULL: none.
struct gateway *gateway_rival(const struct gateway *gateway, struct text thing);
struct gateway *gateway_first(struct node *node);

// link.c
void link_open(struct gateway *gateway);
void link_close(struct gateway *gateway);
const char *link_state_name(const struct gateway *gateway);
/// Notices silence by the age of what was heard; a few times a second.
void link_watch(struct gateway *gateway);
struct opcua_counts link_counts(const struct gateway *gateway); // of all connections so far

/// Closes the connection and makes another.
void link_again(struct gateway *gateway, const char *reason);

// audit.c
void audit_tick(struct gateway *gateway); // reads some of what has not been heard for a while
void audit_stop(struct gateway *gateway); // its answer will not come

// lease.c
void lease_start(struct gateway *gateway);
void lease_stop(struct gateway *gateway);
void lease_unknown(struct gateway *gateway); // the edge is silent

// report.c
/// As the twins should see it: bad while the edge is not heard.
status_code report_status(const struct gateway *gateway, const struct plan_leaf *leaf);
void report_leaf(struct gateway *gateway, struct plan_leaf *leaf, const struct opcua_data *data);
/// Finds values that are older than they may be.
void report_ages(struct gateway *gateway);
/// What the edge's clock says now, by what its time stamps were when they came.
int64_t report_edge_time_ns(const struct gateway *gateway);
/// Sends what is dirty, unless something of the thing is under way already.
void report_flush(struct twin_link *twin);
void report_again(struct twin_link *twin); // all of it is dirty: the twin may have forgotten
/// The twin holds `value` (NULL: nothing) for the leaf with its version `version`. True when that is not the edge's
/// value: it is dirty now.
bool report_dispute(struct plan_leaf *leaf, const struct json *value, uint64_t version);
void report_connection(struct gateway *gateway); // to the status shadow of every thing

// sources.c
void sources_changed(struct twin_link *twin, struct plan_leaf *leaf); // it was told again, with another source time
void sources_again(struct twin_link *twin);                           // the twin may have forgotten
void sources_flush(struct twin_link *twin);                           // sends what is to be told, if it is time
void guard_sources(struct twin_link *twin, const struct json *accepted);
void guard_sources_deleted(struct twin_link *twin, const struct json *accepted);

// sync.c
void sync_twin(struct twin_link *twin);  // unless it is known
void sync_again(struct twin_link *twin); // in any case

// guard.c ([bus-4.10])
/// An update of the classic shadow was accepted, ours or another's: what it wrote to `reported` is held against the
/// edge's values.
void guard_update(struct twin_link *twin, const struct json *accepted);
/// The same for all that the twin holds: the answer to a get.
void guard_document(struct twin_link *twin, const struct json *document);
/// The same for the shadow `status`.
void guard_status(struct twin_link *twin, const struct json *accepted);
/// Somebody has deleted the shadow; the gateway never does.
void guard_deleted(struct twin_link *twin, const struct json *accepted);
void guard_status_deleted(struct twin_link *twin, const struct json *accepted);

// wish.c
/// What a document of the twin service says is desired: a `delta`, an accepted update, or the answer to a get.
enum wish_source { WISH_OF_DELTA, WISH_OF_UPDATE, WISH_OF_GET };
void wish_take(struct twin_link *twin, const struct json *document, enum wish_source source);
void wish_next(struct twin_link *twin); // starts the next one if nothing is under way
void wish_lost(struct twin_link *twin); // the answer to a call will not come
/// Takes over what the thing's link to an older plan knew.
void wish_inherit(struct twin_link *twin, struct twin_link *older);
void wish_destroy_all(struct twin_link *twin);
void wish_effect(struct twin_link *twin, const struct plan_leaf *leaf); // an output changed

// command.c
void command_received(void *context, const struct bus_message *message);
void command_fail_all(struct gateway *gateway, const char *reason); // the connection is gone
void precheck_free_all(struct gateway *gateway);                    // the bus is closed

/// Identifies a thing of the plan in a callback that may come after the plan has gone, or never.
enum ticket_kind { TICKET_REQUEST, TICKET_CALL };
struct ticket *ticket_create(struct twin_link *twin, enum ticket_kind kind); // NULL when out of memory
void ticket_destroy(struct ticket *ticket);                                  // NULL is fine
/// Destroys the ticket; NULL when the plan has changed since.
struct twin_link *ticket_redeem(struct ticket *ticket);
/// Destroys those of calls: their client is closed and will not answer.
void ticket_drop_calls(struct gateway *gateway);

/// Asks the twin service; `answered` gets a ticket as its context. `shadow` NULL for the classic one. When it fails,
/// nothing was sent.
enum error shadow_request(struct twin_link *twin, const char *shadow, const char *operation,
                          const struct buffer *document, bus_answer_fn *answered);
/// `version` of a document of the twin service; 0 when it has none.
uint64_t shadow_version(const struct json *document);
/// What the answer says: 0 accepted, else the rejection's code; 503 when there is none, or none that can be read.
int64_t shadow_answer(enum error error, struct text data, struct json_document **ret_answer);
/// True for codes after which the same request may succeed: the service is away, busy or cannot store.
bool shadow_may_repeat(int64_t code);
