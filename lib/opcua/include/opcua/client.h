/// OPC UA client inside an event loop: Basic256Sha256, Sign & Encrypt, user name and password, or not at all.
///
/// One thread: the loop's; everything is asynchronous; callbacks come from the loop, never from inside a call.
/// The client does not reconnect by itself: `state` tells the owner, who closes it and opens another; the owner
/// knows what has to be browsed and subscribed again. Silence counts as a loss: a client that has heard nothing
/// for a second asks, and after three seconds without an answer the connection is LOST, whatever the socket says.
#pragma once

#include <base/loop.h>
#include <base/problem.h>
#include <opcua/node.h>

struct opcua_client;

enum opcua_client_state { OPCUA_CONNECTING, OPCUA_CONNECTED, OPCUA_LOST };

struct opcua_client_options {
    const char *url;                     // "opc.tcp://127.0.0.1:4840"
    const char *application_uri;         // as in the certificate
    const char *certificate_file;        // DER
    const char *key_file;                // DER, mode 0600
    const char *server_certificate_file; // DER: the only server that is trusted
    const char *user;
    const char *password_file; // mode 0600
    /// Once CONNECTED, later LOST; or LOST at once with the reason (certificate not trusted, wrong password ...).
    void (*state)(void *context, enum opcua_client_state state, const char *reason);
    void *context;
};
enum error opcua_client_open(struct loop *loop, const struct opcua_client_options *options,
                             struct opcua_client **ret_client, struct problem *ret_problem);
/// NULL is fine. Pending calls get no callback any more. Allowed inside every callback of the client.
void opcua_client_close(struct opcua_client *client);

/// Index of a namespace URI in this session; ERROR_NOT_FOUND when the server has none such. Connected only.
enum error opcua_client_namespace(struct opcua_client *client, const char *uri, uint16_t *ret_index);

enum opcua_node_class { OPCUA_OBJECT = 1, OPCUA_VARIABLE = 2, OPCUA_METHOD = 4, OPCUA_OBJECT_TYPE = 8 };
struct opcua_reference {
    struct opcua_node node;
    enum opcua_node_class node_class;
    struct text browse_name; // without namespace
    uint16_t browse_namespace;
    struct text display_name;
    struct opcua_node type_definition; // of objects and variables
    bool property;                     // HasProperty, not HasComponent or another hierarchical reference
};
/// Forward hierarchical references of a node (for a type: its supertype comes by `opcua_client_supertype`).
/// Follows continuation points. `references` are borrowed during the callback.
typedef void opcua_browse_fn(void *context, status_code status, const struct opcua_reference *references, size_t count);
enum error opcua_client_browse(struct opcua_client *client, const struct opcua_node *node, opcua_browse_fn *done,
                               void *context);
typedef void opcua_supertype_fn(void *context, status_code status,
                                const struct opcua_reference *supertype); // NULL: none
enum error opcua_client_supertype(struct opcua_client *client, const struct opcua_node *type, opcua_supertype_fn *done,
                                  void *context);

/// Reads the Value attribute of many nodes in as few requests as the server's limits allow; the results come in order,
/// all at once.
typedef void opcua_read_fn(void *context, status_code status, const struct opcua_data *data, size_t count);
enum error opcua_client_read(struct opcua_client *client, const struct opcua_node *nodes, size_t count,
                             opcua_read_fn *done, void *context);

/// Argument descriptions: the value of a method's InputArguments or OutputArguments property.
typedef void opcua_arguments_fn(void *context, status_code status, const struct opcua_argument *arguments,
                                size_t count);
enum error opcua_client_input_arguments(struct opcua_client *client, const struct opcua_node *input_arguments,
                                        opcua_arguments_fn *done, void *context);

/// A subscription with reporting monitored items, sampling interval 0 (event-based), queue of 10, oldest dropped.
/// `data` is called once per changed item of a publish response, then `published` once for all of them, so that the
/// owner can send one update for many leaves. `overflow`: the server's queue lost values for this item. An item that
/// the server does not take (its node is not there, it has too many already) gets one `data` without a value, with the
/// server's status.
/// Notifications that are missing are asked for again and told in their order; when the server has them no more, the
/// subscription ends with BadMessageNotAvailable: the owner subscribes anew and so gets every value.
struct opcua_subscription_options {
    double publishing_interval_ms;
    void (*data)(void *context, size_t item, const struct opcua_data *data, bool overflow);
    void (*published)(void *context);
    /// The subscription is gone or could not be made (status bad), or it is complete (status good, once).
    void (*state)(void *context, status_code status, const char *reason);
    void *context;
};
struct opcua_subscription;
enum error opcua_client_subscribe(struct opcua_client *client, const struct opcua_subscription_options *options,
                                  const struct opcua_node *nodes, size_t count,
                                  struct opcua_subscription **ret_subscription);

/// Events of a notifier (the Server object or a station), with the fields of BaseEventType.
struct opcua_events_options {
    void (*event)(void *context, const struct opcua_event *event);
    /// As for values: complete, or gone. NULL: then the connection ends with it.
    void (*state)(void *context, status_code status, const char *reason);
    void *context;
};
enum error opcua_client_subscribe_events(struct opcua_client *client, const struct opcua_node *notifier,
                                         const struct opcua_events_options *options);

/// What has been heard so far, of all subscriptions of the client.
struct opcua_counts {
    uint64_t notifications; // messages with values or events
    uint64_t republished;   // of them: missing first, got when asked for again
    uint64_t lost;          // messages that the server had no more
    uint64_t heard_ns;      // monotonic; when the last bytes came
};
struct opcua_counts opcua_client_counts(const struct opcua_client *client);

/// Calls a method; exactly one callback. Outputs are borrowed during it; they may be there with a bad status, too:
/// commanding methods of our edge answer with their output `Reason` (docs/spec/opcua.md).
typedef void opcua_call_fn(void *context, status_code status, const struct value *outputs, size_t output_count);
enum error opcua_client_call(struct opcua_client *client, const struct opcua_node *object,
                             const struct opcua_node *method, const struct value *inputs, size_t input_count,
                             opcua_call_fn *done, void *context);
