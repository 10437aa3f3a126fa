// The OPC UA connection of the gateway:
//
//   CONNECTING ─connected─► (browse, subscribe) ─all items there─► LIVE
//       ▲──────────── back-off, doubling ─────── LOST ◄──lost──────┘
//
// Every new connection is browsed anew: namespace indices, nodes and methods may have changed.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

enum { LINK_RETRY_FIRST_MS = 100, LINK_RETRY_LAST_MS = 5000, LINK_PUBLISHING_MS = 1, SERVER_OBJECT = 2253 };

const char *link_state_name(const struct gateway *gateway) {
    static const char *const names[] = {"connecting", "connected", "lost"};
    return names[gateway->state];
}

static void set_state(struct gateway *gateway, enum link_state state, const char *reason) {
    bool news = gateway->state != state || strcmp(gateway->reason, reason) != 0;
    if (gateway->state != state) gateway->since_ns = clock_wall_ns();
    gateway->state = state;
    snprintf(gateway->reason, sizeof gateway->reason, "%s", reason);
    if (news && reason[0] != '\0') log_warning("edge %s: %s", gateway->url, reason);
    if (gateway->bus == NULL || !news) return;
    gateway_tell(gateway);
    if (state != LINK_CONNECTING) report_connection(gateway);
}

static void drop_plan(struct gateway *gateway) {
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) wish_clear_all(&gateway->twins[i]);
    free(gateway->twins);
    gateway->twins = NULL;
    plan_destroy(gateway->plan);
    gateway->plan = NULL;
    gateway->generation++;
}

static void retry(void *context) {
    link_open(context);
}

static void close_client(struct gateway *gateway, const char *reason) {
    lease_stop(gateway);
    browse_cancel(gateway->browse);
    gateway->browse = NULL;
    gateway->subscription = NULL; // goes with the client
    opcua_client_close(gateway->client);
    gateway->client = NULL;
    ticket_drop_calls(gateway);
    command_fail_all(gateway, reason);
}

static void drop_connection(void *context) {
    struct gateway *gateway = context;
    gateway->losing = false;
    close_client(gateway, gateway->reason);
    if (loop_timer(gateway->loop, gateway->retry_ns, 0, retry, gateway) == NULL) loop_stop(gateway->loop);
    gateway->retry_ns *= 2;
    if (gateway->retry_ns > LINK_RETRY_LAST_MS * NS_PER_MS) gateway->retry_ns = LINK_RETRY_LAST_MS * NS_PER_MS;
}

/// The client is closed by the loop a moment later: this may be called inside any of its callbacks.
static void lost(struct gateway *gateway, const char *reason) {
    if (gateway->losing) return;
    bool was_live = gateway->state == LINK_LIVE;
    set_state(gateway, LINK_LOST, reason);
    if (was_live) {
        error_ignore(bus_event(gateway->bus, 700, "gateway", "connection to the edge lost: %s", reason));
        gateway->retry_ns = LINK_RETRY_FIRST_MS * NS_PER_MS;
    }
    gateway->losing = true;
    if (loop_post(gateway->loop, drop_connection, gateway)) loop_stop(gateway->loop);
}

static void item_data(void *context, size_t item, const struct opcua_data *data, bool overflow) {
    struct gateway *gateway = context;
    struct plan_leaf *leaf = gateway->plan->leaves[item];
    if (overflow)
        log_warning("%s/%s: the edge's queue was full; values in between are lost", leaf->thing->name, leaf->path);
    report_leaf(gateway, leaf, data);
}

static void published(void *context) {
    struct gateway *gateway = context;
    for (size_t i = 0; i < gateway->plan->thing_count; i++) report_flush(&gateway->twins[i]);
}

static void subscription_state(void *context, status_code status, const char *reason) {
    struct gateway *gateway = context;
    if (status_is_bad(status)) return lost(gateway, reason);
    if (gateway->losing) return;
    gateway->retry_ns = LINK_RETRY_FIRST_MS * NS_PER_MS;
    set_state(gateway, LINK_LIVE, "");
    log_info("edge %s: %zu things, %zu values", gateway->url, gateway->plan->thing_count, gateway->plan->leaf_count);
    error_ignore(bus_event(gateway->bus, 100, "gateway", "connected to the edge: %zu things, %zu values",
                           gateway->plan->thing_count, gateway->plan->leaf_count));
    lease_start(gateway);
}

static void edge_event(void *context, const struct opcua_event *event) {
    struct gateway *gateway = context;
    error_ignore(bus_event(gateway->bus, event->severity, "edge", "%.*s%s%.*s", TEXT_ARG(event->source),
                           event->source.length > 0 ? ": " : "", TEXT_ARG(event->message)));
}

static void subscribe(struct gateway *gateway) {
    size_t count = gateway->plan->leaf_count;
    struct opcua_node *nodes = calloc(count + 1, sizeof *nodes);
    if (nodes == NULL) return lost(gateway, "out of memory");
    for (size_t i = 0; i < count; i++) nodes[i] = plan_node_view(&gateway->plan->leaves[i]->node);
    struct opcua_subscription_options options = {
        .publishing_interval_ms = LINK_PUBLISHING_MS,
        .data = item_data,
        .published = published,
        .state = subscription_state,
        .context = gateway,
    };
    enum error error = opcua_client_subscribe(gateway->client, &options, nodes, count, &gateway->subscription);
    free(nodes);
    struct opcua_node server = {.numeric = SERVER_OBJECT};
    if (!error) error = opcua_client_subscribe_events(gateway->client, &server, edge_event, gateway);
    if (error) lost(gateway, error_text(error));
}

static void browsed(void *context, struct plan *plan, const char *reason) {
    struct gateway *gateway = context;
    gateway->browse = NULL;
    if (plan == NULL) return lost(gateway, reason);
    drop_plan(gateway);
    gateway->plan = plan;
    gateway->twins = calloc(plan->thing_count + 1, sizeof *gateway->twins);
    if (gateway->twins == NULL) return lost(gateway, "out of memory");
    for (size_t i = 0; i < plan->thing_count; i++)
        gateway->twins[i] = (struct twin_link){.gateway = gateway, .thing = plan->things[i], .status_dirty = true};
    if (plan->leaf_count == 0) return lost(gateway, "the edge offers no things; is its model loaded?");
    for (size_t i = 0; i < plan->thing_count; i++) sync_twin(&gateway->twins[i]);
    subscribe(gateway);
}

static void client_state(void *context, enum opcua_client_state state, const char *reason) {
    struct gateway *gateway = context;
    if (state == OPCUA_LOST) return lost(gateway, reason);
    if (state != OPCUA_CONNECTED || gateway->losing) return;
    enum error error = browse_start(gateway->client, browsed, gateway, &gateway->browse);
    if (error) lost(gateway, error_text(error));
}

void link_open(struct gateway *gateway) {
    struct opcua_client_options options = {
        .url = gateway->url,
        .application_uri = "urn:serverless-plc:gateway",
        .certificate_file = gateway->certificate,
        .key_file = gateway->key,
        .server_certificate_file = gateway->server_certificate,
        .user = "gateway",
        .password_file = gateway->password,
        .state = client_state,
        .context = gateway,
    };
    struct problem problem = {0};
    enum error error = opcua_client_open(gateway->loop, &options, &gateway->client, &problem);
    if (error) lost(gateway, problem.text);
}

void link_close(struct gateway *gateway) {
    close_client(gateway, "the gateway stops");
    drop_plan(gateway);
}
