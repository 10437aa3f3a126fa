// The OPC UA connection of the gateway:
//
//   CONNECTING ─connected─► (browse, subscribe) ─all items there─► LIVE ◄─heard─► SILENT
//       ▲──────────── back-off, doubling ─────── LOST ◄──lost──────┴──────────────┘
//
// An edge that hangs keeps its sockets open: silence is noticed by the age of what was heard. SILENT keeps the
// connection, whose client decides when it is lost.
//
// Every new connection is browsed anew: namespace indices, nodes and methods may have changed.
#include "internal.h"
#include <stdlib.h>
#include <string.h>

enum { LINK_RETRY_FIRST_MS = 100, LINK_RETRY_LAST_MS = 2000, LINK_PUBLISHING_MS = 1 };
enum {
    LINK_SILENT_MS = 1500,   // a publish response comes at least every 500 ms, the heartbeat every 250 ms
    LINK_OVERSLEPT_MS = 600, // looked at this late, it may be we who slept: judged the next time
};

const char *link_state_name(const struct gateway *gateway) {
    static const char *const names[] = {"connecting", "connected", "silent", "lost"};
    return names[gateway->state];
}

static void set_state(struct gateway *gateway, enum link_state state, const char *reason) {
    bool news = gateway->state != state || strcmp(gateway->reason, reason) != 0;
    if (gateway->state != state) gateway->since_ns = clock_wall_ns();
    gateway->state = state;
    snprintf(gateway->reason, sizeof gateway->reason, "%s", reason);
    if (news && reason[0] != '\0') log_warning("%s %s: %s", gateway_kind(gateway), gateway->url, reason);
    if (!news) return;
    gateway_tell(gateway);
    report_connection(gateway);
}

struct opcua_counts link_counts(const struct gateway *gateway) {
    struct opcua_counts counts = gateway->counts;
    if (gateway->client == NULL) return counts;
    struct opcua_counts more = opcua_client_counts(gateway->client);
    counts.notifications += more.notifications;
    counts.republished += more.republished;
    counts.lost += more.lost;
    return counts;
}

/// Monotonic time of the last sign of life: bytes, and the heartbeat where there is one. A server that answers while
/// its scan stands still is as silent as one that is gone.
static uint64_t heard_ns(const struct gateway *gateway) {
    uint64_t heard_ns = gateway->client == NULL ? 0 : opcua_client_counts(gateway->client).heard_ns;
    const struct plan_leaf *heartbeat = gateway->plan == NULL ? NULL : gateway->plan->heartbeat;
    if (heartbeat != NULL && heartbeat->heard_ns != 0 && heartbeat->heard_ns < heard_ns) return heartbeat->heard_ns;
    return heard_ns;
}

static void note_heard(struct gateway *gateway, uint64_t monotonic_ns) {
    gateway->heard_ns = clock_wall_ns() - (clock_monotonic_ns() - monotonic_ns);
}

/// The heartbeat counts plant time: a simulated plant may be slower than the clock.
static uint64_t silent_after_ns(const struct gateway *gateway) {
    double speed = gateway->site->edge.speed;
    double slower = speed > 0 && speed < 1 ? 1 / speed : 1;
    return (uint64_t)(LINK_SILENT_MS * slower) * NS_PER_MS;
}

void link_watch(struct gateway *gateway) {
    uint64_t now_ns = clock_monotonic_ns(), before_ns = gateway->watched_ns;
    gateway->watched_ns = now_ns;
    if (gateway->state != LINK_LIVE && gateway->state != LINK_SILENT) return;
    if (now_ns - before_ns > LINK_OVERSLEPT_MS * NS_PER_MS) return;
    uint64_t last_ns = heard_ns(gateway);
    bool silent = now_ns > last_ns && now_ns - last_ns > silent_after_ns(gateway);
    if (silent == (gateway->state == LINK_SILENT)) return;
    if (!silent) return set_state(gateway, LINK_LIVE, ""); // the lease is asked for again by its timer
    char reason[PROBLEM_TEXT_BYTES];
    snprintf(reason, sizeof reason, "nothing heard for %.1f s", (double)(now_ns - last_ns) / (double)NS_PER_S);
    note_heard(gateway, last_ns);
    lease_unknown(gateway);
    set_state(gateway, LINK_SILENT, reason);
}

static void free_twins(struct twin_link *twins, const struct plan *plan) {
    for (size_t i = 0; twins != NULL && i < plan->thing_count; i++) wish_destroy_all(&twins[i]);
    free(twins);
}

/// The new plan takes the place of the one before, whose things hand over their wishes. False when out of memory.
static bool take_plan(struct gateway *gateway, struct plan *plan) {
    struct twin_link *twins = calloc(plan->thing_count + 1, sizeof *twins);
    if (twins == NULL) return plan_destroy(plan), false;
    for (size_t i = 0; i < plan->thing_count; i++) {
        twins[i] = (struct twin_link){.gateway = gateway, .thing = plan->things[i], .status_dirty = true};
        twins[i].sources.clear = true;
        if (gateway->plan == NULL) continue;
        const struct plan_thing *older = plan_find_thing(gateway->plan, text_of(plan->things[i]->name));
        if (older != NULL) wish_inherit(&twins[i], &gateway->twins[older->index]);
    }
    free_twins(gateway->twins, gateway->plan);
    plan_destroy(gateway->plan);
    gateway->twins = twins;
    gateway->plan = plan;
    gateway->edge_began_ns = 0;
    gateway->behind_known = false;
    gateway->behind_ns = 0;
    gateway->audit_next = 0;
    gateway->generation++;
    return true;
}

/// Its things are somebody else's now.
static void drop_plan(struct gateway *gateway) {
    free_twins(gateway->twins, gateway->plan);
    plan_destroy(gateway->plan);
    gateway->twins = NULL;
    gateway->plan = NULL;
    gateway->generation++;
}

static void retry(void *context) {
    link_open(context);
}

static void close_client(struct gateway *gateway, const char *reason) {
    lease_stop(gateway);
    audit_stop(gateway);
    browse_cancel(gateway->browse);
    gateway->browse = NULL;
    gateway->counts = link_counts(gateway);
    opcua_client_close(gateway->client);
    gateway->client = NULL;
    ticket_drop_calls(gateway);
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) wish_lost(&gateway->twins[i]);
    command_fail_all(gateway, reason);
}

/// Closes the client, whose callbacks may call this, and tries again later.
static void lost(struct gateway *gateway, const char *reason) {
    bool was_live = gateway->state == LINK_LIVE || gateway->state == LINK_SILENT;
    if (gateway->state == LINK_LIVE) note_heard(gateway, heard_ns(gateway));
    set_state(gateway, LINK_LOST, reason);
    if (was_live)
        error_ignore(
            bus_event(gateway->bus, 700, "gateway", "connection to the %s lost: %s", gateway_kind(gateway), reason));
    close_client(gateway, gateway->reason);
    if (gateway->retry_ns == 0) gateway->retry_ns = LINK_RETRY_FIRST_MS * NS_PER_MS;
    if (loop_timer(gateway->loop, gateway->retry_ns, 0, retry, gateway) == NULL) loop_stop(gateway->loop);
    gateway->retry_ns *= 2;
    if (gateway->retry_ns > LINK_RETRY_LAST_MS * NS_PER_MS) gateway->retry_ns = LINK_RETRY_LAST_MS * NS_PER_MS;
}

void link_again(struct gateway *gateway, const char *reason) {
    lost(gateway, reason);
}

static void item_data(void *context, size_t item, const struct opcua_data *data, bool overflow) {
    struct gateway *gateway = context;
    struct plan_leaf *leaf = gateway->plan->leaves[item];
    if (overflow) gateway->overflows++; // counted: one that is too fast for its queue would fill the log
    report_leaf(gateway, leaf, data);
}

static void published(void *context) {
    struct gateway *gateway = context;
    for (size_t i = 0; i < gateway->plan->thing_count; i++) {
        struct twin_link *twin = &gateway->twins[i];
        if (twin->touched) report_flush(twin);
        twin->touched = false;
    }
}

static void subscription_state(void *context, status_code status, const char *reason) {
    struct gateway *gateway = context;
    if (status_is_bad(status)) return lost(gateway, reason);
    gateway->retry_ns = 0;
    set_state(gateway, LINK_LIVE, "");
    log_info("%s %s: %zu things, %zu values", gateway_kind(gateway), gateway->url, gateway->plan->thing_count,
             gateway->plan->leaf_count);
    error_ignore(bus_event(gateway->bus, 100, "gateway", "connected to the %s: %zu things, %zu values",
                           gateway_kind(gateway), gateway->plan->thing_count, gateway->plan->leaf_count));
    lease_start(gateway);
}

static void events_state(void *context, status_code status, const char *reason) {
    struct gateway *gateway = context;
    char text[PROBLEM_TEXT_BYTES];
    if (!status_is_bad(status)) return;
    snprintf(text, sizeof text, "events of the edge: %s", reason);
    lost(gateway, text);
}

static void edge_event(void *context, const struct opcua_event *event) {
    struct gateway *gateway = context;
    // Nodes have come or gone: everything is browsed and subscribed anew.
    if (event->model_changed) return lost(gateway, "the edge's model has changed");
    error_ignore(bus_event(gateway->bus, event->severity, gateway_kind(gateway), "%.*s%s%.*s", TEXT_ARG(event->source),
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
    struct opcua_subscription *subscription; // goes with the client
    enum error error = opcua_client_subscribe(gateway->client, &options, nodes, count, &subscription);
    free(nodes);
    struct opcua_events_options events = {.event = edge_event, .state = events_state, .context = gateway};
    if (!error) error = opcua_client_subscribe_events(gateway->client, &OPCUA_SERVER_OBJECT, &events);
    if (error) lost(gateway, error_text(error));
}

/// Another connection that has a thing of the plan; NULL: none.
static struct gateway *rival_of(const struct gateway *gateway, const struct plan *plan, const char **ret_thing) {
    for (size_t i = 0; i < plan->thing_count; i++) {
        struct gateway *rival = gateway_rival(gateway, text_of(plan->things[i]->name));
        *ret_thing = plan->things[i]->name;
        if (rival != NULL) return rival;
    }
    return NULL;
}

/// A thing has one source: the plant's edge before other servers, and of those the one that was there first. True when
/// this one may have what it offers.
static bool settle_rivals(struct gateway *gateway, const struct plan *plan) {
    const char *thing;
    char reason[PROBLEM_TEXT_BYTES];
    struct gateway *rival = rival_of(gateway, plan, &thing);
    for (; rival != NULL && gateway->server == NULL; rival = rival_of(gateway, plan, &thing)) {
        snprintf(reason, sizeof reason, "the edge has a thing '%s' as well; give it another name in the site file",
                 thing);
        lost(rival, reason);
        drop_plan(rival);
    }
    if (rival == NULL) return true;
    snprintf(reason, sizeof reason, "%s has a thing '%s' as well; give it another name in the site file", rival->url,
             thing);
    lost(gateway, reason);
    return false;
}

static void browsed(void *context, struct plan *plan, const char *reason) {
    struct gateway *gateway = context;
    gateway->browse = NULL;
    if (plan == NULL) return lost(gateway, reason);
    if (!settle_rivals(gateway, plan)) return plan_destroy(plan);
    if (!take_plan(gateway, plan)) return lost(gateway, "out of memory");
    if (plan->leaf_count == 0) return lost(gateway, "the edge offers no things; is its model loaded?");
    for (size_t i = 0; i < plan->thing_count; i++) sync_twin(&gateway->twins[i]);
    subscribe(gateway);
}

static void client_state(void *context, enum opcua_client_state state, const char *reason) {
    struct gateway *gateway = context;
    if (state == OPCUA_LOST) return lost(gateway, reason);
    if (state != OPCUA_CONNECTED) return;
    enum error error = browse_start(gateway->client, gateway->server, browsed, gateway, &gateway->browse);
    if (error) lost(gateway, error_text(error));
}

void link_open(struct gateway *gateway) {
    struct opcua_client_options options = {
        .url = gateway->url,
        .application_uri = "urn:serverless-plc:gateway",
        .certificate_file = gateway->certificate,
        .key_file = gateway->key,
        .server_certificate_file = gateway->server_certificate,
        .user = gateway->server == NULL ? "gateway" : gateway->server->user,
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
    free_twins(gateway->twins, gateway->plan);
    plan_destroy(gateway->plan);
}
