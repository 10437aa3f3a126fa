/// What the files of the client share. client.c connects, client_requests.c asks, client_subscription.c is told.
#pragma once

#include "convert.h"
#include "eventloop.h"
#include "journal.h"

#include <opcua/client.h>

#include <open62541/client.h>

enum {
    REQUEST_TIMEOUT_MS = 5000,
    PUBLISH_TIMEOUT_MS = 10 * 60 * 1000, // a publish request waits until there is something to tell
    PUBLISH_REQUESTS = 16,               // outstanding: at 1 ms more than one is on the way and one in the making
    OPERATIONS_MAX = 1000,               // nodes in one request, when the server allows as many
};

enum client_phase { PHASE_CONNECTING, PHASE_PREPARING, PHASE_CONNECTED, PHASE_LOST };

struct opcua_client {
    struct loop *loop;
    UA_EventLoop *el;
    UA_Client *ua;
    struct journal journal;
    UA_ByteString pinned;                                                          // certificate of the server
    char *url, *user, *certificate_file, *password_file, *server_certificate_file; // for the messages
    void (*state)(void *context, enum opcua_client_state state, const char *reason);
    void *context;

    enum client_phase phase;
    UA_StatusCode status; // of the connection, as the library last said
    UA_SecureChannelState channel;
    UA_SessionState session;
    bool session_tried;              // an endpoint was found, and a session created on it
    bool prepared;                   // namespaces and limits are read
    bool server_refused;             // by us: it has another certificate
    unsigned attempts;               // TCP connections
    bool closed;                     // by the owner: no callback any more
    bool telling;                    // we are in a callback of the owner, outside the library
    char reason[PROBLEM_TEXT_BYTES]; // of the loss

    struct loop_timer *begin, *watchdog;
    uint64_t opened_ns, watched_ns, asked_ns;
    bool asked; // the watchdog's question is on the way

    UA_String *namespaces;
    size_t namespace_count;
    uint32_t read_max, browse_max, monitor_max; // operations per request

    struct browse *browses, *browses_last; // wait for their turn (client_requests.c)
    struct loop_timer *browse_timer;
    unsigned browsing; // requests outstanding

    struct opcua_subscription *subscriptions;
    struct opcua_counts counts;
    unsigned publishing; // requests outstanding
    unsigned publishing_max;
    UA_SubscriptionAcknowledgement *acknowledgements;
    size_t acknowledgement_count, acknowledgement_capacity;
};

/// A notification that waits for one before it.
struct held {
    struct held *next;
    UA_NotificationMessage message;
};

struct opcua_subscription {
    struct opcua_subscription *next;
    struct opcua_client *client;
    struct opcua_subscription_options options;
    void (*on_event)(void *context, const struct opcua_event *event); // of a subscription for events
    UA_MonitoredItemCreateRequest *items;                             // until they are created; the node ids are ours
    size_t item_count;
    size_t items_sent, items_open; // asked for; of them not yet confirmed
    UA_UInt32 id;
    UA_UInt32 sequence;       // of the last notification
    uint64_t silent_after_ns; // without a notification or a sign of life it is dead; by what the server promised
    uint64_t heard_ns;        // when one came last, monotonic
    struct held *held;        // in the order in which they came
    bool republishing;        // the one after `sequence` is asked for
    bool incomplete;          // one of those before was lost
    bool dead;
};

/// One request on the way. Embedded at the beginning of what its kind needs.
struct request {
    struct opcua_client *client;
    /// Called exactly once, then the request is over. `response` is of the response type, or only a header when the
    /// status is bad. With the client closed it frees and tells nobody.
    void (*finish)(struct request *request, UA_StatusCode status, void *response);
};

/// Sends from wherever the owner calls, and calls nobody back. On an error `finish` is not called and the request still
/// belongs to the caller.
enum error client_send(struct opcua_client *client, const void *message, int request_type, int response_type,
                       struct request *request);

/// Ends the connection with our own reason; the owner is told from the loop. Only from inside the loop.
void client_lose(struct opcua_client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// True for answers that say: the same with fewer operations, please.
bool client_is_too_much(UA_StatusCode status);

/// What waits for its turn: freed, nobody is told.
void client_requests_destroy(struct opcua_client *client);

/// Ends subscriptions that are not heard of any more, though their connection is.
void client_subscriptions_watch(struct opcua_client *client, uint64_t now_ns);

/// Subscriptions: told when the connection is over, and freed.
void client_subscriptions_destroy(struct opcua_client *client);
