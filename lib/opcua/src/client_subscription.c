// Subscriptions. The library has a layer of its own for them; we speak the services directly, because the owner wants
// to know where a publish response ends, an item is found by its index instead of in a tree, and what a gap in the
// sequence means is ours to decide.

#include "client_internal.h"

#include <base/clock.h>

#include <stdlib.h>
#include <string.h>

/*  creating --CreateSubscription--> adding items --all created--> complete (state good)
 *      '-------------------------------'----------------------------'-----> dead (state bad, once)
 *
 * Publish requests belong to the session, not to one subscription: one is sent for each that comes back. */

enum {
    QUEUE_VALUES = 10,       // per item: what may change between two publish responses
    QUEUE_EVENTS = 1000,     // all events are one item
    LIFETIME_MS = 10 * 1000, // without a publish request the server forgets the subscription then
    KEEPALIVE_MS = 500,      // a response at least this often
};
static const double EVENT_PUBLISHING_MS = 100;
enum { SIGNS_MISSED_MAX = 4 };
static const uint64_t SILENT_MIN_NS = 2 * NS_PER_S;

static void forget_items(struct opcua_subscription *subscription) {
    if (subscription->items == NULL) return;
    for (size_t i = 0; i < subscription->item_count; i++) {
        UA_NodeId_clear(&subscription->items[i].itemToMonitor.nodeId);
        UA_ExtensionObject_clear(&subscription->items[i].requestedParameters.filter);
    }
    free(subscription->items);
    subscription->items = NULL;
}

static void let_go(struct opcua_subscription *subscription) {
    struct held *held = subscription->held;
    subscription->held = held->next;
    UA_NotificationMessage_clear(&held->message);
    free(held);
}

static void unmake(struct opcua_subscription *subscription) {
    forget_items(subscription);
    while (subscription->held != NULL) let_go(subscription);
    free(subscription);
}

void client_subscriptions_destroy(struct opcua_client *client) {
    while (client->subscriptions != NULL) {
        struct opcua_subscription *next = client->subscriptions->next;
        unmake(client->subscriptions);
        client->subscriptions = next;
    }
}

static void tell_state(struct opcua_subscription *subscription, UA_StatusCode status, const char *reason) {
    if (subscription->dead || subscription->client->closed) return;
    subscription->dead = status != UA_STATUSCODE_GOOD;
    if (subscription->options.state != NULL)
        subscription->options.state(subscription->options.context, status, reason);
    else if (subscription->dead)
        client_lose(subscription->client, "events of %s: %s (%s)", subscription->client->url, reason,
                    UA_StatusCode_name(status));
}

// --- publish requests ---

static void fill_publishing(struct opcua_client *client);

static struct opcua_subscription *find(struct opcua_client *client, UA_UInt32 id) {
    struct opcua_subscription *subscription = client->subscriptions;
    while (subscription != NULL && (subscription->id != id || subscription->dead)) subscription = subscription->next;
    return subscription;
}

static void tell_values(struct opcua_subscription *subscription, const UA_DataChangeNotification *notification) {
    const struct opcua_client *client = subscription->client;
    for (size_t i = 0; i < notification->monitoredItemsSize && !client->closed; i++) {
        const UA_MonitoredItemNotification *item = &notification->monitoredItems[i];
        if (item->clientHandle >= subscription->item_count) continue;
        struct opcua_data data = data_of_ua(&item->value);
        subscription->options.data(subscription->options.context, item->clientHandle, &data,
                                   has_overflow(&item->value));
    }
    if (!client->closed && subscription->options.published != NULL)
        subscription->options.published(subscription->options.context);
}

enum event_field { EVENT_SOURCE, EVENT_TIME, EVENT_SEVERITY, EVENT_MESSAGE, EVENT_TYPE, EVENT_FIELDS };
static const char *const EVENT_FIELD_NAMES[EVENT_FIELDS] = {"SourceName", "Time", "Severity", "Message", "EventType"};

static bool is_model_change(const UA_Variant *type) {
    UA_NodeId wanted = UA_NODEID_NUMERIC(0, UA_NS0ID_GENERALMODELCHANGEEVENTTYPE);
    return UA_Variant_hasScalarType(type, &UA_TYPES[UA_TYPES_NODEID]) && UA_NodeId_equal(type->data, &wanted);
}

static void tell_events(struct opcua_subscription *subscription, const UA_EventNotificationList *list) {
    for (size_t i = 0; i < list->eventsSize && !subscription->client->closed; i++) {
        const UA_EventFieldList *fields = &list->events[i];
        if (fields->eventFieldsSize != EVENT_FIELDS) continue; // an overflow event has other fields
        const UA_Variant *time = &fields->eventFields[EVENT_TIME];
        struct value severity = value_of_ua(&fields->eventFields[EVENT_SEVERITY]);
        struct value source = value_of_ua(&fields->eventFields[EVENT_SOURCE]);
        struct value message = value_of_ua(&fields->eventFields[EVENT_MESSAGE]);
        bool timed = UA_Variant_hasScalarType(time, &UA_TYPES[UA_TYPES_DATETIME]);
        struct opcua_event event = {
            .model_changed = is_model_change(&fields->eventFields[EVENT_TYPE]),
            .source = source.type == VALUE_STRING ? source.string : TEXT_EMPTY,
            .message = message.type == VALUE_STRING ? message.string : TEXT_EMPTY,
            .severity = severity.type == VALUE_UINT16 ? severity.uint16 : 0,
            .time_ns = timed ? ns_of_ua(*(const UA_DateTime *)time->data) : 0,
        };
        subscription->on_event(subscription->options.context, &event);
    }
}

static void tell_notification(struct opcua_subscription *subscription, const UA_ExtensionObject *object) {
    if (object->encoding != UA_EXTENSIONOBJECT_DECODED) return;
    const UA_DataType *type = object->content.decoded.type;
    const void *data = object->content.decoded.data;
    if (type == &UA_TYPES[UA_TYPES_DATACHANGENOTIFICATION] && subscription->options.data != NULL)
        tell_values(subscription, data);
    else if (type == &UA_TYPES[UA_TYPES_EVENTNOTIFICATIONLIST] && subscription->on_event != NULL)
        tell_events(subscription, data);
    else if (type == &UA_TYPES[UA_TYPES_STATUSCHANGENOTIFICATION])
        tell_state(subscription, ((const UA_StatusChangeNotification *)data)->status, "the server ended it");
}

static UA_UInt32 after(UA_UInt32 sequence) {
    return sequence == UINT32_MAX ? 1 : sequence + 1; // 0 is never used (OPC 10000-4, 5.13.1.1)
}

/// To be confirmed with the next publish request, so that the server may forget it.
static void acknowledge(struct opcua_client *client, UA_UInt32 subscription, UA_UInt32 sequence) {
    if (client->acknowledgement_count == client->acknowledgement_capacity) {
        size_t capacity =
            client->acknowledgement_capacity == 0 ? PUBLISH_REQUESTS : client->acknowledgement_capacity * 2;
        UA_SubscriptionAcknowledgement *more = realloc(client->acknowledgements, capacity * sizeof *more);
        if (more == NULL) return; // the server forgets it after a while
        client->acknowledgements = more;
        client->acknowledgement_capacity = capacity;
    }
    client->acknowledgements[client->acknowledgement_count++] =
        (UA_SubscriptionAcknowledgement){.subscriptionId = subscription, .sequenceNumber = sequence};
}

// --- in order, without gaps ---

/*  Notifications are told in the order of their numbers. One that comes too early is held while those before it are
 * asked for again (Republish, OPC 10000-4, 5.13.5), one after the other. What the server has no more is lost: the rest
 * is told, and the subscription ends, because nobody knows which values were in it. */

enum { GAP_MAX = 1000 }; // more messages than any server keeps

static void pump(struct opcua_subscription *subscription);

static void tell_message(struct opcua_subscription *subscription, const UA_NotificationMessage *message) {
    subscription->sequence = message->sequenceNumber;
    subscription->client->counts.notifications++;
    for (size_t i = 0; i < message->notificationDataSize && !subscription->client->closed && !subscription->dead; i++)
        tell_notification(subscription, &message->notificationData[i]);
}

struct republish_request {
    struct request request;                  // first
    struct opcua_subscription *subscription; // the client frees it after its requests
    UA_UInt32 sequence;
};

static void on_republished(struct request *request, UA_StatusCode status, void *message) {
    struct republish_request *job = (struct republish_request *)request;
    struct opcua_client *client = request->client;
    struct opcua_subscription *subscription = job->subscription;
    UA_UInt32 sequence = job->sequence;
    free(job);
    if (client->closed || subscription->dead) return;
    subscription->republishing = false;
    if (status == UA_STATUSCODE_GOOD) {
        client->counts.republished++;
        acknowledge(client, subscription->id, sequence);
        tell_message(subscription, &((const UA_RepublishResponse *)message)->notificationMessage);
        subscription->sequence = sequence; // whatever it calls itself
    } else if (status == UA_STATUSCODE_BADMESSAGENOTAVAILABLE) {
        client->counts.lost++;
        subscription->incomplete = true;
        subscription->sequence = sequence;
    } else {
        tell_state(subscription, status, "what is missing cannot be asked for");
        return;
    }
    pump(subscription);
}

static void ask_again(struct opcua_subscription *subscription, UA_UInt32 sequence) {
    struct republish_request *job = calloc(1, sizeof *job);
    if (job == NULL) return tell_state(subscription, UA_STATUSCODE_BADOUTOFMEMORY, "out of memory");
    *job = (struct republish_request){
        .request = {.finish = on_republished}, .subscription = subscription, .sequence = sequence};
    UA_RepublishRequest message;
    UA_RepublishRequest_init(&message);
    message.subscriptionId = subscription->id;
    message.retransmitSequenceNumber = sequence;
    subscription->republishing = true;
    if (!client_send(subscription->client, &message, UA_TYPES_REPUBLISHREQUEST, UA_TYPES_REPUBLISHRESPONSE,
                     &job->request))
        return;
    free(job);
    tell_state(subscription, UA_STATUSCODE_BADCOMMUNICATIONERROR, "the connection broke");
}

static void pump(struct opcua_subscription *subscription) {
    const struct opcua_client *client = subscription->client;
    while (subscription->held != NULL && !subscription->republishing && !subscription->dead && !client->closed) {
        const UA_NotificationMessage *message = &subscription->held->message;
        UA_Int32 missing = (UA_Int32)(message->sequenceNumber - after(subscription->sequence));
        if (missing > GAP_MAX) {
            subscription->client->counts.lost += (uint64_t)missing;
            tell_state(subscription, UA_STATUSCODE_BADMESSAGENOTAVAILABLE, "notifications were lost on the way");
            return;
        }
        if (missing > 0) return ask_again(subscription, after(subscription->sequence));
        // A sign of life has the number of the notification that is to come, and no content.
        if (missing == 0 && message->notificationDataSize > 0) tell_message(subscription, message);
        let_go(subscription);
    }
    if (subscription->incomplete && subscription->held == NULL && !client->closed)
        tell_state(subscription, UA_STATUSCODE_BADMESSAGENOTAVAILABLE, "notifications were lost on the way");
}

/// Behind those that wait; its content moves.
static bool hold(struct opcua_subscription *subscription, UA_NotificationMessage *message) {
    struct held *held = malloc(sizeof *held);
    if (held == NULL) return false;
    *held = (struct held){.message = *message};
    UA_NotificationMessage_init(message);
    struct held **end = &subscription->held;
    while (*end != NULL) end = &(*end)->next;
    *end = held;
    return true;
}

static void take_notifications(struct opcua_client *client, UA_PublishResponse *response) {
    struct opcua_subscription *subscription = find(client, response->subscriptionId);
    UA_NotificationMessage *message = &response->notificationMessage;
    if (subscription == NULL) return; // unknown yet
    subscription->heard_ns = clock_monotonic_ns();
    if (message->notificationDataSize > 0) acknowledge(client, response->subscriptionId, message->sequenceNumber);
    if (hold(subscription, message)) return pump(subscription);
    tell_state(subscription, UA_STATUSCODE_BADOUTOFMEMORY, "out of memory");
}

static void end_all(struct opcua_client *client, UA_StatusCode status, const char *reason) {
    for (struct opcua_subscription *at = client->subscriptions; at != NULL && !client->closed; at = at->next)
        tell_state(at, status, reason);
}

static void on_published(struct request *request, UA_StatusCode status, void *message) {
    struct opcua_client *client = request->client;
    free(request);
    client->publishing--;
    if (client->closed) return;
    switch (status) {
    case UA_STATUSCODE_GOOD: take_notifications(client, message); break;
    case UA_STATUSCODE_BADTOOMANYPUBLISHREQUESTS:
        if (client->publishing_max > 1) client->publishing_max--;
        break;
    case UA_STATUSCODE_BADTIMEOUT: break; // nothing to tell for as long as a request may wait
    case UA_STATUSCODE_BADNOSUBSCRIPTION: end_all(client, status, "the server does not know it any more"); return;
    case UA_STATUSCODE_BADSESSIONIDINVALID:
    case UA_STATUSCODE_BADSESSIONCLOSED:
        client_lose(client, "the server at %s has ended the session (%s)", client->url, UA_StatusCode_name(status));
        return;
    default: return; // the connection is ending: the client's state tells it
    }
    fill_publishing(client);
}

static enum error send_publish(struct opcua_client *client) {
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) return ERROR_NO_MEMORY;
    request->finish = on_published;
    UA_PublishRequest message;
    UA_PublishRequest_init(&message);
    message.requestHeader.timeoutHint = PUBLISH_TIMEOUT_MS;
    message.subscriptionAcknowledgements = client->acknowledgements;
    message.subscriptionAcknowledgementsSize = client->acknowledgement_count;
    enum error error = client_send(client, &message, UA_TYPES_PUBLISHREQUEST, UA_TYPES_PUBLISHRESPONSE, request);
    if (error) {
        free(request);
        return error;
    }
    client->acknowledgement_count = 0;
    client->publishing++;
    return ERROR_NONE;
}

static bool has_living(const struct opcua_client *client) {
    for (const struct opcua_subscription *at = client->subscriptions; at != NULL; at = at->next)
        if (at->id != 0 && !at->dead) return true;
    return false;
}

static void fill_publishing(struct opcua_client *client) {
    if (client->closed || !has_living(client)) return;
    while (client->publishing < client->publishing_max)
        if (send_publish(client)) return;
}

/// A server that has deleted a subscription need not say so: when no publish request is there, it cannot. With another
/// one in the same session the next request is no error either.
void client_subscriptions_watch(struct opcua_client *client, uint64_t now_ns) {
    for (struct opcua_subscription *at = client->subscriptions; at != NULL && !client->closed; at = at->next) {
        bool silent = at->id != 0 && !at->dead && now_ns > at->heard_ns && now_ns - at->heard_ns > at->silent_after_ns;
        if (silent) tell_state(at, UA_STATUSCODE_BADTIMEOUT, "the subscription is silent; the server has dropped it");
    }
}

// --- creating ---

struct create_request {
    struct request request;                  // first
    struct opcua_subscription *subscription; // the client frees it after its requests
    size_t first, count;
};

static void fail(struct opcua_subscription *subscription, UA_StatusCode status, const char *reason) {
    forget_items(subscription);
    tell_state(subscription, status, reason);
}

static void send_items(struct opcua_subscription *subscription);

/// The server does not take it; the others go on.
static void refuse_item(const struct opcua_subscription *subscription, size_t item, UA_StatusCode status) {
    struct opcua_data data = {.status = status};
    if (subscription->options.data != NULL)
        subscription->options.data(subscription->options.context, item, &data, false);
}

static void items_answered(struct opcua_subscription *subscription, size_t first,
                           const UA_CreateMonitoredItemsResponse *response) {
    const struct opcua_client *client = subscription->client;
    bool refused = false;
    for (size_t i = 0; i < response->resultsSize && !client->closed; i++) {
        UA_StatusCode status = response->results[i].statusCode;
        if (status == UA_STATUSCODE_GOOD) continue;
        if (subscription->on_event != NULL) return fail(subscription, status, "they cannot be monitored");
        refuse_item(subscription, first + i, status);
        refused = true;
    }
    if (refused && !client->closed && subscription->options.published != NULL)
        subscription->options.published(subscription->options.context);
}

static void on_items_created(struct request *request, UA_StatusCode status, void *message) {
    struct create_request *job = (struct create_request *)request;
    struct opcua_client *client = request->client;
    struct opcua_subscription *subscription = job->subscription;
    const UA_CreateMonitoredItemsResponse *response = message;
    size_t first = job->first, count = job->count;
    free(job);
    if (client->closed || subscription->dead) return;
    subscription->items_open -= count;
    if (client_is_too_much(status) && count > 1) { // its limit has shrunk, or it never told one
        client->monitor_max = (uint32_t)(count + 1) / 2;
        subscription->items_sent = first; // one request at a time: nothing behind it has been sent
        return send_items(subscription);
    }
    if (status == UA_STATUSCODE_GOOD && response->resultsSize != count) status = UA_STATUSCODE_BADUNEXPECTEDERROR;
    if (status != UA_STATUSCODE_GOOD) return fail(subscription, status, "its items cannot be monitored");
    items_answered(subscription, first, response);
    if (client->closed || subscription->dead) return;
    if (subscription->items_sent < subscription->item_count) return send_items(subscription);
    forget_items(subscription);
    tell_state(subscription, UA_STATUSCODE_GOOD, "");
}

/// The next ones. One request at a time: a slow server has the whole time-out for each.
static void send_items(struct opcua_subscription *subscription) {
    struct opcua_client *client = subscription->client;
    size_t first = subscription->items_sent, left = subscription->item_count - first;
    size_t count = left < client->monitor_max ? left : client->monitor_max;
    struct create_request *job = calloc(1, sizeof *job);
    if (job == NULL) return fail(subscription, UA_STATUSCODE_BADOUTOFMEMORY, "out of memory");
    *job = (struct create_request){
        .request = {.finish = on_items_created}, .subscription = subscription, .first = first, .count = count};
    UA_CreateMonitoredItemsRequest message;
    UA_CreateMonitoredItemsRequest_init(&message);
    message.subscriptionId = subscription->id;
    message.timestampsToReturn = UA_TIMESTAMPSTORETURN_SOURCE;
    message.itemsToCreate = &subscription->items[first];
    message.itemsToCreateSize = count;
    subscription->items_sent = first + count;
    subscription->items_open += count;
    if (!client_send(client, &message, UA_TYPES_CREATEMONITOREDITEMSREQUEST, UA_TYPES_CREATEMONITOREDITEMSRESPONSE,
                     &job->request))
        return;
    free(job);
    fail(subscription, UA_STATUSCODE_BADCOMMUNICATIONERROR, "the connection broke");
}

static void on_created(struct request *request, UA_StatusCode status, void *message) {
    struct opcua_client *client = request->client;
    struct opcua_subscription *subscription = ((struct create_request *)request)->subscription;
    free(request);
    if (client->closed) return;
    if (status != UA_STATUSCODE_GOOD) {
        fail(subscription, status, "the server refuses the subscription");
        return;
    }
    const UA_CreateSubscriptionResponse *made = message;
    subscription->id = made->subscriptionId;
    subscription->silent_after_ns =
        (uint64_t)((made->revisedPublishingInterval * made->revisedMaxKeepAliveCount * SIGNS_MISSED_MAX) * 1e6);
    if (subscription->silent_after_ns < SILENT_MIN_NS) subscription->silent_after_ns = SILENT_MIN_NS;
    subscription->heard_ns = clock_monotonic_ns();
    fill_publishing(client);
    if (subscription->item_count > 0) return send_items(subscription);
    forget_items(subscription);
    tell_state(subscription, UA_STATUSCODE_GOOD, "");
}

static UA_UInt32 periods(double ms, double interval_ms) {
    double count = ms / interval_ms;
    return count < 1 ? 1 : (UA_UInt32)count;
}

static enum error send_create(struct opcua_subscription *subscription) {
    struct create_request *job = calloc(1, sizeof *job);
    if (job == NULL) return ERROR_NO_MEMORY;
    *job = (struct create_request){.request = {.finish = on_created}, .subscription = subscription};
    double interval_ms = subscription->options.publishing_interval_ms;
    UA_CreateSubscriptionRequest message;
    UA_CreateSubscriptionRequest_init(&message);
    message.requestedPublishingInterval = interval_ms;
    message.requestedMaxKeepAliveCount = periods(KEEPALIVE_MS, interval_ms);
    message.requestedLifetimeCount = periods(LIFETIME_MS, interval_ms);
    message.publishingEnabled = true;
    enum error error = client_send(subscription->client, &message, UA_TYPES_CREATESUBSCRIPTIONREQUEST,
                                   UA_TYPES_CREATESUBSCRIPTIONRESPONSE, &job->request);
    if (error) free(job);
    return error;
}

static enum error keep_items(struct opcua_subscription *subscription, const struct opcua_node *nodes, size_t count,
                             UA_UInt32 attribute, UA_UInt32 queue) {
    subscription->items = calloc(count + 1, sizeof *subscription->items);
    if (subscription->items == NULL) return ERROR_NO_MEMORY;
    subscription->item_count = count;
    for (size_t i = 0; i < count; i++) {
        UA_MonitoredItemCreateRequest *item = &subscription->items[i];
        UA_NodeId id = ua_node(&nodes[i]);
        if (UA_NodeId_copy(&id, &item->itemToMonitor.nodeId) != UA_STATUSCODE_GOOD) return ERROR_NO_MEMORY;
        item->itemToMonitor.attributeId = attribute;
        item->monitoringMode = UA_MONITORINGMODE_REPORTING;
        item->requestedParameters.clientHandle = (UA_UInt32)i;
        item->requestedParameters.queueSize = queue;
        item->requestedParameters.discardOldest = true;
    }
    return ERROR_NONE;
}

static void add(struct opcua_client *client, struct opcua_subscription *subscription) {
    subscription->next = client->subscriptions;
    client->subscriptions = subscription;
}

static struct opcua_subscription *make(struct opcua_client *client, const struct opcua_subscription_options *options) {
    struct opcua_subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL) return NULL;
    subscription->client = client;
    subscription->options = *options;
    return subscription;
}

enum error opcua_client_subscribe(struct opcua_client *client, const struct opcua_subscription_options *options,
                                  const struct opcua_node *nodes, size_t count,
                                  struct opcua_subscription **ret_subscription) {
    struct opcua_subscription *subscription = make(client, options);
    if (subscription == NULL) return ERROR_NO_MEMORY;
    enum error error = keep_items(subscription, nodes, count, UA_ATTRIBUTEID_VALUE, QUEUE_VALUES);
    if (!error) error = send_create(subscription);
    if (error) {
        unmake(subscription);
        return error;
    }
    add(client, subscription);
    *ret_subscription = subscription;
    return ERROR_NONE;
}

// --- events ---

/// Which fields of BaseEventType we want, in the order of `enum event_field`.
static enum error make_event_filter(UA_ExtensionObject *ret_filter) {
    UA_EventFilter *filter = UA_EventFilter_new();
    if (filter == NULL) return ERROR_NO_MEMORY;
    UA_ExtensionObject_setValue(ret_filter, filter, &UA_TYPES[UA_TYPES_EVENTFILTER]);
    filter->selectClauses = UA_Array_new(EVENT_FIELDS, &UA_TYPES[UA_TYPES_SIMPLEATTRIBUTEOPERAND]);
    if (filter->selectClauses == NULL) return ERROR_NO_MEMORY;
    filter->selectClausesSize = EVENT_FIELDS;
    for (size_t i = 0; i < EVENT_FIELDS; i++) {
        UA_SimpleAttributeOperand *field = &filter->selectClauses[i];
        field->typeDefinitionId = UA_NODEID_NUMERIC(0, UA_NS0ID_BASEEVENTTYPE);
        field->attributeId = UA_ATTRIBUTEID_VALUE;
        field->browsePath = UA_Array_new(1, &UA_TYPES[UA_TYPES_QUALIFIEDNAME]);
        if (field->browsePath == NULL) return ERROR_NO_MEMORY;
        field->browsePathSize = 1;
        field->browsePath[0].name = UA_String_fromChars(EVENT_FIELD_NAMES[i]);
    }
    return ERROR_NONE;
}

enum error opcua_client_subscribe_events(struct opcua_client *client, const struct opcua_node *notifier,
                                         const struct opcua_events_options *events) {
    struct opcua_subscription_options options = {
        .publishing_interval_ms = EVENT_PUBLISHING_MS, .state = events->state, .context = events->context};
    struct opcua_subscription *subscription = make(client, &options);
    if (subscription == NULL) return ERROR_NO_MEMORY;
    subscription->on_event = events->event;
    enum error error = keep_items(subscription, notifier, 1, UA_ATTRIBUTEID_EVENTNOTIFIER, QUEUE_EVENTS);
    if (!error) error = make_event_filter(&subscription->items[0].requestedParameters.filter);
    if (!error) error = send_create(subscription);
    if (error) {
        unmake(subscription);
        return error;
    }
    add(client, subscription);
    return ERROR_NONE;
}

struct opcua_counts opcua_client_counts(const struct opcua_client *client) {
    struct opcua_counts counts = client->counts;
    counts.heard_ns = ua_eventloop_wire(client->el)->received_ns;
    return counts;
}
