#include <gateway/gateway.h>

#include "internal.h"
#include <base/notify.h>
#include <stdlib.h>
#include <string.h>

struct ticket {
    struct ticket *next, **link; // in gateway->tickets
    struct gateway *gateway;
    enum ticket_kind kind;
    unsigned generation;
    size_t index;
};

struct ticket *ticket_create(struct twin_link *twin, enum ticket_kind kind) {
    struct ticket *ticket = malloc(sizeof *ticket);
    if (ticket == NULL) return NULL;
    struct gateway *gateway = twin->gateway;
    *ticket =
        (struct ticket){gateway->tickets, &gateway->tickets, gateway, kind, gateway->generation, twin->thing->index};
    if (ticket->next != NULL) ticket->next->link = &ticket->next;
    gateway->tickets = ticket;
    return ticket;
}

void ticket_destroy(struct ticket *ticket) {
    if (ticket == NULL) return;
    *ticket->link = ticket->next;
    if (ticket->next != NULL) ticket->next->link = ticket->link;
    free(ticket);
}

struct twin_link *ticket_redeem(struct ticket *ticket) {
    struct gateway *gateway = ticket->gateway;
    bool current = ticket->generation == gateway->generation;
    size_t index = ticket->index;
    ticket_destroy(ticket);
    return current ? &gateway->twins[index] : NULL;
}

void ticket_drop_calls(struct gateway *gateway) {
    for (struct ticket *ticket = gateway->tickets, *next; ticket != NULL; ticket = next) {
        next = ticket->next;
        if (ticket->kind == TICKET_CALL) ticket_destroy(ticket);
    }
}

enum error shadow_request(struct twin_link *twin, const char *shadow, const char *operation,
                          const struct buffer *document, bus_answer_fn *answered) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    buffer_print(&subject, "$aws.things.%s.shadow.", twin->thing->name);
    if (shadow != NULL) buffer_print(&subject, "name.%s.", shadow);
    buffer_string(&subject, operation);
    struct ticket *ticket = ticket_create(twin, TICKET_REQUEST);
    enum error error = ticket == NULL || document->failed || subject.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error)
        error = bus_request(twin->gateway->bus, buffer_view(&subject), buffer_view(document),
                            GATEWAY_REQUEST_MS * NS_PER_MS, answered, ticket);
    if (error) ticket_destroy(ticket);
    return error;
}

int64_t shadow_answer(enum error error, struct text data, struct json_document **ret_answer) {
    enum { NO_ANSWER = 503 };
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 64};
    if (error || json_parse(data, limits, ret_answer, NULL)) return NO_ANSWER;
    return json_integer(json_member(json_root(*ret_answer), "code"), 0);
}

bool shadow_may_repeat(int64_t code) {
    return code == 429 || code >= 500;
}

uint64_t shadow_version(const struct json *document) {
    int64_t version = json_integer(json_member(document, "version"), 0);
    return version > 0 ? (uint64_t)version : 0;
}

/* ---- What the twin service tells of the things' shadows ---- */

static void on_delta(struct twin_link *twin, const struct json *document) {
    wish_take(twin, document, WISH_OF_DELTA);
}

static void on_update(struct twin_link *twin, const struct json *document) {
    guard_update(twin, document);
    wish_take(twin, document, WISH_OF_UPDATE);
}

static const struct shadow_event {
    const char *subject;
    void (*take)(struct twin_link *twin, const struct json *document);
} shadow_events[] = {
    {"$aws.things.*.shadow.update.delta", on_delta},
    {"$aws.things.*.shadow.update.accepted", on_update},
    {"$aws.things.*.shadow.delete.accepted", guard_deleted},
    {"$aws.things.*.shadow.name.status.update.accepted", guard_status},
    {"$aws.things.*.shadow.name.status.delete.accepted", guard_status_deleted},
};
enum { SHADOW_EVENTS = sizeof shadow_events / sizeof shadow_events[0] };

/// Which of the events it is, by the words behind the thing's name.
static const struct shadow_event *find_event(struct text words) {
    for (size_t i = 0; i < SHADOW_EVENTS; i++)
        if (text_is(words, shadow_events[i].subject + sizeof "$aws.things.*." - 1)) return &shadow_events[i];
    return NULL;
}

static void shadow_event_received(void *context, const struct bus_message *message) {
    struct gateway *gateway = context;
    if (gateway->plan == NULL) return;
    struct text rest = text_from(message->subject, sizeof "$aws.things." - 1), name;
    if (!text_split(&rest, '.', &name)) return;
    const struct plan_thing *thing = plan_find_thing(gateway->plan, name);
    const struct shadow_event *event = find_event(rest);
    if (thing == NULL || event == NULL) return; // not a thing of an edge, a function's state for example
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 64};
    struct problem problem;
    if (json_parse(message->data, limits, &document, &problem))
        return log_warning("%s: malformed message on %s: %s", thing->name, event->subject, problem.text);
    event->take(&gateway->twins[thing->index], json_root(document));
}

/// What could not be sent, answered or read is tried again.
static void retry_tick(void *context) {
    struct gateway *gateway = context;
    link_watch(gateway);
    report_ages(gateway);
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) {
        struct twin_link *twin = &gateway->twins[i];
        sync_twin(twin);
        report_flush(twin);
        wish_next(twin);
    }
}

/// Asks every twin what it holds; something may have been missed.
static void sync_all(struct gateway *gateway) {
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) gateway->twins[i].synced = false;
    retry_tick(gateway);
}

/// Asks every twin what it holds, and tells it what the edge says: something may have been missed on either side.
static void tell_all_again(struct gateway *gateway) {
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) report_again(&gateway->twins[i]);
    sync_all(gateway);
}

static void bus_state(void *context, bool connected, const char *reason) {
    struct gateway *gateway = context;
    if (!connected) return log_warning("bus lost: %s", reason);
    log_info("bus connected");
    tell_all_again(gateway);
}

/// What a twin service has loaded may be older than the plant ([twin-5.4]).
static void twins_loaded(void *context, const struct bus_message *message) {
    (void)message;
    tell_all_again(context);
}

static size_t count_bad(const struct gateway *gateway) {
    size_t bad = 0;
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->leaf_count; i++)
        if (!status_is_good(report_status(gateway, gateway->plan->leaves[i]))) bad++;
    return bad;
}

void gateway_tell(struct gateway *gateway) {
    const char *reason = "";
    if (gateway->state == LINK_LIVE && gateway->lease != LEASE_HELD) reason = "control authority is not held";
    if (gateway->state == LINK_CONNECTING) reason = "connecting to the edge";
    if (gateway->state == LINK_LOST || gateway->state == LINK_SILENT) reason = gateway->reason;
    bus_status_reason(gateway->status, reason);
    bus_status_changed(gateway->status);
}

static void fill_status(void *context, struct json_writer *writer) {
    static const char *const leases[] = {"none", "held", "lost", "unknown"};
    const struct gateway *gateway = context;
    json_key(writer, "edges");
    json_open_array(writer);
    json_open_object(writer);
    json_key(writer, "url");
    json_put_string(writer, gateway->url);
    json_key(writer, "state");
    json_put_string(writer, link_state_name(gateway));
    json_key(writer, "since");
    json_put_unsigned(writer, gateway->since_ns / NS_PER_MS);
    json_key(writer, "reason");
    json_put_string(writer, gateway->reason);
    json_key(writer, "items");
    json_put_unsigned(writer, gateway->plan == NULL ? 0 : gateway->plan->leaf_count);
    json_key(writer, "bad");
    json_put_unsigned(writer, count_bad(gateway));
    json_key(writer, "lease");
    json_put_string(writer, leases[gateway->lease]);
    struct opcua_counts counts = link_counts(gateway);
    json_key(writer, "notifications");
    json_put_unsigned(writer, counts.notifications);
    json_key(writer, "republished");
    json_put_unsigned(writer, counts.republished);
    json_key(writer, "lost");
    json_put_unsigned(writer, counts.lost);
    json_key(writer, "overflows");
    json_put_unsigned(writer, gateway->overflows);
    json_close_object(writer);
    json_close_array(writer);
    json_key(writer, "latency");
    json_open_object(writer);
    json_key(writer, "count");
    json_put_unsigned(writer, gateway->latency.count);
    json_key(writer, "p50_ms");
    json_put_real(writer, latency_percentile_ms(&gateway->latency, 0.5));
    json_key(writer, "p99_ms");
    json_put_real(writer, latency_percentile_ms(&gateway->latency, 0.99));
    json_close_object(writer);
}

static enum error open_bus(struct gateway *gateway, struct problem *ret_problem) {
    CLEANUP(free_at) char *url = site_nats_url(gateway->site);
    CLEANUP(free_at) char *ca = site_path(gateway->site, "pki/ca.crt");
    CLEANUP(free_at) char *password = site_path(gateway->site, "secrets/nats-gateway");
    if (url == NULL || ca == NULL || password == NULL) return ERROR_NO_MEMORY;
    struct bus_options options = {.url = url,
                                  .ca_file = ca,
                                  .user = "gateway",
                                  .password_file = password,
                                  .name = "gateway",
                                  .state = bus_state,
                                  .context = gateway};
    struct bus_subscription *events, *commands, *twins;
    enum error error = bus_open(gateway->loop, &options, &gateway->bus, ret_problem);
    for (size_t i = 0; i < SHADOW_EVENTS && !error; i++)
        error = bus_subscribe(gateway->bus, shadow_events[i].subject, NULL, shadow_event_received, gateway, &events);
    if (!error)
        error = bus_subscribe(gateway->bus, "$aws.commands.things.*.executions.*.request.json", "gateway",
                              command_received, gateway, &commands);
    if (!error) error = bus_subscribe(gateway->bus, "splc.twins.loaded", NULL, twins_loaded, gateway, &twins);
    if (error) return error;
    gateway->status = bus_status_open(gateway->bus, "gateway", "fog", fill_status, gateway);
    if (gateway->status == NULL) return ERROR_NO_MEMORY;
    gateway_tell(gateway);
    return ERROR_NONE;
}

static enum error open_paths(struct gateway *gateway) {
    const struct site *site = gateway->site;
    gateway->url = site_opcua_url(site);
    gateway->certificate = site_path(site, "pki/opcua/gateway.der");
    gateway->key = site_path(site, "pki/opcua/gateway.key.der");
    gateway->server_certificate = site_path(site, "pki/opcua/edge.der");
    gateway->password = site_path(site, "secrets/opcua-gateway");
    bool complete = gateway->url != NULL && gateway->certificate != NULL && gateway->key != NULL &&
                    gateway->server_certificate != NULL && gateway->password != NULL;
    return complete ? ERROR_NONE : ERROR_NO_MEMORY;
}

static void gateway_close(struct gateway *gateway) {
    link_close(gateway);
    bus_status_close(gateway->status);
    bus_close(gateway->bus); // no answer comes any more
    while (gateway->tickets != NULL) ticket_destroy(gateway->tickets);
    loop_destroy(gateway->loop);
    free(gateway->url);
    free(gateway->certificate);
    free(gateway->key);
    free(gateway->server_certificate);
    free(gateway->password);
}

enum error gateway_run(const struct site *site, struct problem *ret_problem) {
    CLEANUP(gateway_close) struct gateway gateway = {.site = site, .since_ns = clock_wall_ns()};
    gateway.loop = loop_create();
    if (gateway.loop == NULL) return ERROR_NO_MEMORY;
    enum error error = loop_stop_on_signals(gateway.loop);
    if (!error) error = notify_keep_alive(gateway.loop);
    if (!error) error = open_paths(&gateway);
    if (!error) error = open_bus(&gateway, ret_problem);
    if (error) return error;
    if (loop_timer(gateway.loop, 0, GATEWAY_RETRY_MS * NS_PER_MS, retry_tick, &gateway) == NULL) return ERROR_NO_MEMORY;
    link_open(&gateway);
    notify_ready();
    return loop_run(gateway.loop);
}
