#include <gateway/gateway.h>

#include "internal.h"
#include <base/file.h>
#include <base/notify.h>
#include <execution/executions.h>
#include <stdlib.h>
#include <string.h>

/// The fog node's gateway: one bus, one loop, one connection per server. Counted once, never moved: callbacks hold
/// pointers.
struct node {
    const struct site *site;
    struct loop *loop;
    struct bus *bus;
    struct bus_status *status;
    struct gateway *gateways; // the first is the plant's edge
    size_t count;
    struct latency latency;
    struct hops hops;
    struct executions *executions;
    size_t asked;                    // questions to the twin service under way
    bool starved;                    // somebody was not let to ask
    bool turn_posted;                // those who wait come to their turn soon
    size_t turn_gateway, turn_thing; // whose turn it is
};

void hop_add_since(struct hop *hop, uint64_t monotonic_ns) {
    hop_add(hop, (double)(clock_monotonic_ns() - monotonic_ns) / (double)NS_PER_MS);
}

static void give_turns(void *context);

/// Half of them are answered: the next ones come to their turn.
static void note_answered(struct node *node) {
    node->asked--;
    if (!node->starved || node->turn_posted || node->asked > GATEWAY_ASKED_MAX / 2) return;
    node->turn_posted = loop_post(node->loop, give_turns, node) == ERROR_NONE; // else the timer does it
}

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
    if (kind == TICKET_REQUEST) gateway->node->asked++;
    return ticket;
}

void ticket_destroy(struct ticket *ticket) {
    if (ticket == NULL) return;
    *ticket->link = ticket->next;
    if (ticket->next != NULL) ticket->next->link = ticket->link;
    if (ticket->kind == TICKET_REQUEST) note_answered(ticket->gateway->node);
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
    {"$aws.things.*.shadow.name.sources.update.accepted", guard_sources},
    {"$aws.things.*.shadow.name.sources.delete.accepted", guard_sources_deleted},
};
enum { SHADOW_EVENTS = sizeof shadow_events / sizeof shadow_events[0] };

/// Which of the events it is, by the words behind the thing's name.
static const struct shadow_event *find_event(struct text words) {
    for (size_t i = 0; i < SHADOW_EVENTS; i++)
        if (text_is(words, shadow_events[i].subject + sizeof "$aws.things.*." - 1)) return &shadow_events[i];
    return NULL;
}

struct gateway *gateway_first(struct node *node) {
    return &node->gateways[0];
}

struct twin_link *gateway_find(struct node *node, struct text thing) {
    for (size_t i = 0; i < node->count; i++) {
        const struct gateway *gateway = &node->gateways[i];
        const struct plan_thing *found = gateway->plan == NULL ? NULL : plan_find_thing(gateway->plan, thing);
        if (found != NULL) return &gateway->twins[found->index];
    }
    return NULL;
}

struct gateway *gateway_rival(const struct gateway *gateway, struct text thing) {
    struct node *node = gateway->node;
    for (size_t i = 0; i < node->count; i++) {
        struct gateway *other = &node->gateways[i];
        if (other != gateway && other->plan != NULL && plan_find_thing(other->plan, thing) != NULL) return other;
    }
    return NULL;
}

static void shadow_event_received(void *context, const struct bus_message *message) {
    struct text rest = text_from(message->subject, sizeof "$aws.things." - 1), name;
    if (!text_split(&rest, '.', &name)) return;
    const struct shadow_event *event = find_event(rest);
    struct twin_link *twin = event == NULL ? NULL : gateway_find(context, name);
    if (twin == NULL) return; // not a thing of an edge, a function's state for example
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {GATEWAY_DOCUMENT_BYTES, 64};
    struct problem problem;
    if (json_parse(message->data, limits, &document, &problem))
        return log_warning("%s: malformed message on %s: %s", twin->thing->name, event->subject, problem.text);
    event->take(twin, json_root(document));
}

bool gateway_may_ask(const struct gateway *gateway) {
    struct node *node = gateway->node;
    if (node->asked < GATEWAY_ASKED_MAX) return true;
    node->starved = true;
    return false;
}

/// What could not be sent, answered or read is tried again.
static void settle(struct twin_link *twin) {
    sync_twin(twin);
    report_flush(twin);
    sources_flush(twin);
    wish_next(twin);
}

/// The thing whose turn it is; NULL: there is none.
static struct twin_link *next_turn(struct node *node) {
    for (size_t i = 0; i <= node->count; i++) {
        const struct gateway *gateway = &node->gateways[node->turn_gateway % node->count];
        size_t count = gateway->plan == NULL ? 0 : gateway->plan->thing_count;
        if (node->turn_thing < count) return &gateway->twins[node->turn_thing++];
        node->turn_thing = 0;
        node->turn_gateway = (node->turn_gateway + 1) % node->count;
    }
    return NULL;
}

static size_t count_things(const struct node *node) {
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++)
        count += node->gateways[i].plan == NULL ? 0 : node->gateways[i].plan->thing_count;
    return count;
}

/// In turn, so that none waits for ever while others have always something to tell.
static void give_turns(void *context) {
    struct node *node = context;
    node->turn_posted = node->starved = false;
    struct twin_link *twin;
    for (size_t left = count_things(node); left > 0 && (twin = next_turn(node)) != NULL; left--) {
        if (!gateway_may_ask(twin->gateway)) {
            node->turn_thing--; // it is the first one the next time
            return;
        }
        settle(twin);
    }
}

static void retry(struct gateway *gateway) {
    link_watch(gateway);
    report_ages(gateway);
    audit_tick(gateway);
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) settle(&gateway->twins[i]);
}

static void retry_tick(void *context) {
    struct node *node = context;
    for (size_t i = 0; i < node->count; i++) retry(&node->gateways[i]);
}

/// Asks every twin what it holds; something may have been missed.
static void sync_all(struct gateway *gateway) {
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) gateway->twins[i].synced = false;
    retry(gateway);
}

/// Asks every twin what it holds, and tells it what the edge says: something may have been missed on either side.
static void tell_all_again(struct node *node) {
    for (size_t i = 0; i < node->count; i++) {
        struct gateway *gateway = &node->gateways[i];
        for (size_t j = 0; gateway->plan != NULL && j < gateway->plan->thing_count; j++)
            report_again(&gateway->twins[j]);
        sync_all(gateway);
    }
}

static void bus_state(void *context, bool connected, const char *reason) {
    if (!connected) return log_warning("bus lost: %s", reason);
    log_info("bus connected");
    tell_all_again(context);
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

const char *gateway_kind(const struct gateway *gateway) {
    return gateway->server == NULL ? "edge" : gateway->server->name;
}

/// What keeps this connection from being all right; "": nothing.
static void put_trouble(const struct gateway *gateway, struct problem *trouble) {
    const char *why = gateway->lease_reason;
    if (gateway->state == LINK_LIVE && gateway->lease != LEASE_HELD)
        snprintf(trouble->text, sizeof trouble->text, "control authority is not held%s%s", why[0] ? ": " : "", why);
    if (gateway->state == LINK_CONNECTING) snprintf(trouble->text, sizeof trouble->text, "connecting to the edge");
    if (gateway->state == LINK_SILENT || gateway->state == LINK_LOST)
        snprintf(trouble->text, sizeof trouble->text, "%s", gateway->reason);
}

void gateway_tell(struct gateway *gateway) {
    const struct node *node = gateway->node;
    struct problem trouble = {0}; // of the first one that has any
    for (size_t i = 0; i < node->count && trouble.text[0] == '\0'; i++) put_trouble(&node->gateways[i], &trouble);
    bus_status_reason(node->status, trouble.text);
    bus_status_changed(node->status);
}

static void put_edge(const struct gateway *gateway, struct json_writer *writer) {
    static const char *const leases[] = {"none", "held", "lost", "unknown"};
    const struct {
        const char *name;
        const char *text;
    } texts[] = {{"name", gateway_kind(gateway)},
                 {"url", gateway->url},
                 {"state", link_state_name(gateway)},
                 {"reason", gateway->reason},
                 {"lease", leases[gateway->lease]}};
    struct opcua_counts counts = link_counts(gateway);
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {{"since", gateway->since_ns / NS_PER_MS},
                   {"items", gateway->plan == NULL ? 0 : gateway->plan->leaf_count},
                   {"bad", count_bad(gateway)},
                   {"notifications", counts.notifications},
                   {"republished", counts.republished},
                   {"lost", counts.lost},
                   {"overflows", gateway->overflows}};
    json_open_object(writer);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_key(writer, texts[i].name);
        json_put_string(writer, texts[i].text);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_key(writer, numbers[i].name);
        json_put_unsigned(writer, numbers[i].number);
    }
    json_close_object(writer);
}

static void fill_status(void *context, struct json_writer *writer) {
    const struct node *node = context;
    json_key(writer, "edges");
    json_open_array(writer);
    for (size_t i = 0; i < node->count; i++) put_edge(&node->gateways[i], writer);
    json_close_array(writer);
    json_key(writer, "latency");
    json_open_object(writer);
    json_key(writer, "count");
    json_put_unsigned(writer, node->latency.count);
    json_key(writer, "p50_ms");
    json_put_real(writer, latency_percentile_ms(&node->latency, 0.5));
    json_key(writer, "p99_ms");
    json_put_real(writer, latency_percentile_ms(&node->latency, 0.99));
    json_close_object(writer);
    json_key(writer, "hops");
    json_open_object(writer);
    hop_put_json(&node->hops.edge, "edge", writer);
    hop_put_json(&node->hops.twin, "twin", writer);
    hop_put_json(&node->hops.call, "call", writer);
    hop_put_json(&node->hops.actuator, "actuator", writer);
    json_close_object(writer);
}

static enum error open_bus(struct node *node, struct problem *ret_problem) {
    CLEANUP(free_at) char *url = site_nats_url(node->site);
    CLEANUP(free_at) char *ca = site_path(node->site, "pki/ca.crt");
    CLEANUP(free_at) char *password = site_path(node->site, "secrets/nats-gateway");
    if (url == NULL || ca == NULL || password == NULL) return ERROR_NO_MEMORY;
    struct bus_options options = {.url = url,
                                  .ca_file = ca,
                                  .user = "gateway",
                                  .password_file = password,
                                  .name = "gateway",
                                  .state = bus_state,
                                  .context = node};
    struct bus_subscription *events, *commands, *twins;
    enum error error = bus_open(node->loop, &options, &node->bus, ret_problem);
    for (size_t i = 0; i < SHADOW_EVENTS && !error; i++)
        error = bus_subscribe(node->bus, shadow_events[i].subject, NULL, shadow_event_received, node, &events);
    if (!error)
        error = bus_subscribe(node->bus, "$aws.commands.things.*.executions.*.request.json", "gateway",
                              command_received, node, &commands);
    if (!error) error = bus_subscribe(node->bus, "splc.twins.loaded", NULL, twins_loaded, node, &twins);
    if (error) return error;
    node->status = bus_status_open(node->bus, "gateway", "fog", fill_status, node);
    if (node->status == NULL) return ERROR_NO_MEMORY;
    gateway_tell(&node->gateways[0]);
    return ERROR_NONE;
}

static char *password_path(const struct gateway *gateway) {
    if (gateway->server == NULL) return site_path(gateway->site, "secrets/opcua-gateway");
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_print(&name, "secrets/opcua-server-%s", gateway->server->name);
    return name.failed ? NULL : site_path(gateway->site, name.data);
}

static enum error gateway_open(struct gateway *gateway, struct node *node, const struct site_server *server) {
    const struct site *site = node->site;
    *gateway = (struct gateway){.node = node,
                                .server = server,
                                .site = site,
                                .loop = node->loop,
                                .latency = &node->latency,
                                .hops = &node->hops,
                                .executions = node->executions,
                                .since_ns = clock_wall_ns()};
    gateway->url = server == NULL ? site_opcua_url(site) : text_copy(text_of(server->url));
    gateway->certificate = site_path(site, "pki/opcua/gateway.der");
    gateway->key = site_path(site, "pki/opcua/gateway.key.der");
    gateway->server_certificate =
        server == NULL ? site_path(site, "pki/opcua/edge.der") : text_copy(text_of(server->certificate));
    gateway->password = password_path(gateway);
    bool complete = gateway->url != NULL && gateway->certificate != NULL && gateway->key != NULL &&
                    gateway->server_certificate != NULL && gateway->password != NULL;
    return complete ? ERROR_NONE : ERROR_NO_MEMORY;
}

static void gateway_clear(struct gateway *gateway) {
    while (gateway->tickets != NULL) ticket_destroy(gateway->tickets);
    precheck_free_all(gateway);
    free(gateway->url);
    free(gateway->certificate);
    free(gateway->key);
    free(gateway->server_certificate);
    free(gateway->password);
}

static enum error open_executions(struct node *node, struct problem *ret_problem) {
    CLEANUP(free_at) char *folder = site_path(node->site, "gateway");
    CLEANUP(free_at) char *file = site_path(node->site, "gateway/executions.jsonl");
    if (folder == NULL || file == NULL) return ERROR_NO_MEMORY;
    enum error error = file_make_folder(folder, 0700, ret_problem);
    return error ? error : executions_open(file, &node->executions, ret_problem);
}

static enum error open_gateways(struct node *node) {
    node->gateways = calloc(node->site->fog.server_count + 1, sizeof *node->gateways);
    if (node->gateways == NULL) return ERROR_NO_MEMORY;
    enum error error = ERROR_NONE;
    for (size_t i = 0; i <= node->site->fog.server_count && !error; i++) {
        node->count = i + 1;
        error = gateway_open(&node->gateways[i], node, i == 0 ? NULL : &node->site->fog.servers[i - 1]);
    }
    return error;
}

static void node_close(struct node *node) {
    for (size_t i = 0; i < node->count; i++) link_close(&node->gateways[i]);
    bus_status_close(node->status);
    bus_close(node->bus); // no answer comes any more
    for (size_t i = 0; i < node->count; i++) gateway_clear(&node->gateways[i]);
    free(node->gateways);
    executions_close(node->executions);
    loop_destroy(node->loop);
}

enum error gateway_run(const struct site *site, struct problem *ret_problem) {
    CLEANUP(node_close) struct node node = {.site = site};
    node.loop = loop_create();
    if (node.loop == NULL) return ERROR_NO_MEMORY;
    enum error error = loop_stop_on_signals(node.loop);
    if (!error) error = notify_keep_alive(node.loop);
    if (!error) error = open_executions(&node, ret_problem);
    if (!error) error = open_gateways(&node);
    if (!error) error = open_bus(&node, ret_problem);
    if (error) return error;
    if (loop_timer(node.loop, 0, GATEWAY_RETRY_MS * NS_PER_MS, retry_tick, &node) == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < node.count; i++) {
        node.gateways[i].bus = node.bus;
        link_open(&node.gateways[i]);
    }
    notify_ready();
    return loop_run(node.loop);
}
