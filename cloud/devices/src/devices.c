#include "claims.h"

#include <base/clock.h>
#include <base/log.h>
#include <bus/bus.h>
#include <pki/pki.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNZ_BYTES_MAX = 1024 * 1024, CONNZ_DEPTH_MAX = 16, ID_BYTES_MAX = 128 };
/// Between the decision and the moment when the broker lists the connection: a second look finds what came in between.
static const uint64_t SECOND_LOOK_NS = NS_PER_S;

static const char presence_filter[] = "$SYS.ACCOUNT.*.*"; // CONNECT and DISCONNECT
static const char listed_subject[] = "_INBOX.devices.listed";
/// Nobody listens there: the disconnect is told by the presence events. But without a reply subject the broker (2.10)
/// does not act.
static const char kicked_subject[] = "_INBOX.devices.kicked";

struct second_look {
    struct devices *devices;
    struct second_look *next;
    struct loop_timer *timer;
    char client_id[ID_BYTES_MAX + 1];
};

struct devices {
    struct loop *loop;
    struct devices_options options; // its texts are the caller's until devices_open returns
    char *account;
    struct nkey issuer;
    struct bus *bus, *system;
    bool connected; // both
    struct second_look *looks;
};

// --- who may come in ---

static void answer(struct devices *devices, const struct bus_message *message, const struct question *question) {
    struct problem problem = {0};
    struct policy_permissions permissions = {0};
    const struct answer with = {&devices->issuer, devices->account, clock_wall_ns() / NS_PER_S};
    enum error refused = devices->options.decide(devices->options.context, &question->login, &permissions, &problem);
    CLEANUP(buffer_clear) struct buffer token = {0};
    enum error error = refused ? answer_refuse(&with, question, problem.text, &token)
                               : answer_permit(&with, question, &permissions, &token);
    policy_permissions_clear(&permissions);
    if (refused)
        log_warning("device \"%.*s\" from %.*s refused: %s", TEXT_ARG(question->login.client_id),
                    TEXT_ARG(question->login.host), problem.text);
    if (!error) error = bus_publish(devices->bus, message->reply, buffer_view(&token));
    if (error) log_warning("a device's log-in could not be answered: %s", error_text(error)); // the broker gives up
}

static void on_question(void *context, const struct bus_message *message) {
    struct question question;
    struct problem problem = {0};
    if (question_read(message->data, &question, &problem)) {
        log_warning("a request for a log-in is not answered: %s", problem.text);
        return;
    }
    answer(context, message, &question);
    question_clear(&question);
}

// --- who is there ---

static void on_presence(void *context, const struct bus_message *message) {
    struct devices *devices = context;
    bool connected = text_ends_with(message->subject, TEXT(".CONNECT"));
    if (!connected && !text_ends_with(message->subject, TEXT(".DISCONNECT"))) return;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    const struct json_limits limits = {CONNZ_BYTES_MAX, CONNZ_DEPTH_MAX};
    if (json_parse(message->data, limits, &document, NULL)) return; // the broker's own; not for us to judge
    const struct json *root = json_root(document), *client = json_member(root, "client");
    struct text client_id = json_string(json_member(client, "client_id"));
    if (client_id.length == 0 || !text_is(json_string(json_member(client, "acc")), devices->account)) return;
    char session[ID_BYTES_MAX];
    snprintf(session, sizeof session, "%.*s-%lld", TEXT_ARG(json_string(json_path(root, TEXT("server/id")))),
             (long long)json_integer(json_member(client, "id"), 0));
    const struct devices_presence presence = {
        .connected = connected,
        .client_id = client_id,
        .session = text_of(session),
        .host = json_string(json_member(client, "host")),
        .reason = json_string(json_member(root, "reason")),
        .time_ms = clock_wall_ns() / NS_PER_MS,
    };
    devices->options.presence(devices->options.context, &presence);
}

// --- who must go ---

static void kick(struct devices *devices, struct text server, int64_t connection) {
    char subject[ID_BYTES_MAX + 32], request[48];
    snprintf(subject, sizeof subject, "$SYS.REQ.SERVER.%.*s.KICK", TEXT_ARG(server));
    snprintf(request, sizeof request, "{\"cid\":%lld}", (long long)connection);
    enum error error = bus_publish_reply(devices->system, text_of(subject), text_of(kicked_subject), text_of(request));
    if (error) log_warning("connection %lld could not be cut off: %s", (long long)connection, error_text(error));
}

/// Each broker lists its connections of the client id that was asked for.
static void on_listed(void *context, const struct bus_message *message) {
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    const struct json_limits limits = {CONNZ_BYTES_MAX, CONNZ_DEPTH_MAX};
    struct problem problem = {0};
    if (json_parse(message->data, limits, &document, &problem)) {
        log_warning("the broker's list of connections cannot be read: %s", problem.text);
        return;
    }
    const struct json *data = json_member(json_root(document), "data");
    struct text server = json_string(json_member(data, "server_id"));
    for (struct json_each each = json_each(json_member(data, "connections")); json_next(&each);) {
        int64_t connection = json_integer(json_member(each.value, "cid"), 0);
        if (connection > 0 && json_string(json_member(each.value, "mqtt_client")).length > 0)
            kick(context, server, connection);
    }
}

static enum error ask_for(struct devices *devices, struct text client_id) {
    CLEANUP(buffer_clear) struct buffer request = {0};
    struct json_writer writer = json_writer(&request);
    json_open_object(&writer);
    json_key(&writer, "mqtt_client");
    json_put_text(&writer, client_id);
    json_close_object(&writer);
    if (request.failed) return ERROR_NO_MEMORY;
    return bus_publish_reply(devices->system, TEXT("$SYS.REQ.SERVER.PING.CONNZ"), text_of(listed_subject),
                             buffer_view(&request));
}

static void free_look(struct second_look *look) {
    loop_timer_cancel(look->timer);
    free(look);
}

static void on_second_look(void *context) {
    struct second_look *look = context, **at = &look->devices->looks;
    while (*at != look) at = &(*at)->next;
    *at = look->next;
    look->timer = NULL; // fired: the loop frees it
    if (ask_for(look->devices, text_of(look->client_id)))
        log_warning("the broker cannot be asked whether %s is gone", look->client_id);
    free_look(look);
}

enum error devices_disconnect(struct devices *devices, struct text client_id) {
    if (client_id.length == 0 || client_id.length > ID_BYTES_MAX) return ERROR_INVALID;
    struct second_look *look = calloc(1, sizeof *look);
    if (look == NULL) return ERROR_NO_MEMORY;
    look->devices = devices;
    memcpy(look->client_id, client_id.data, client_id.length);
    look->timer = loop_timer(devices->loop, SECOND_LOOK_NS, 0, on_second_look, look);
    if (look->timer == NULL) {
        free(look);
        return ERROR_NO_MEMORY;
    }
    look->next = devices->looks;
    devices->looks = look;
    return ask_for(devices, client_id);
}

// --- the two connections ---

/// Only with both is the gateway of use: nobody may come in unseen.
static void on_state(void *context, bool connected, const char *reason) {
    struct devices *devices = context;
    bool both = bus_connected(devices->bus) && bus_connected(devices->system);
    if (both == devices->connected && reason[0] == '\0') return;
    devices->connected = both;
    if (devices->options.state != NULL) devices->options.state(devices->options.context, connected && both, reason);
}

static enum error read_issuer(struct devices *devices, const char *file, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer seed = {0};
    enum error error = pki_secret_read(file, &seed, ret_problem);
    if (error) return error;
    error = nkey_read_seed(buffer_view(&seed), &devices->issuer, ret_problem);
    return error ? problem_prefix(ret_problem, error, "%s", file) : ERROR_NONE;
}

static enum error open_bus(struct devices *devices, struct problem *ret_problem) {
    const struct devices_options *options = &devices->options;
    struct bus_options with = {options->url, options->ca_file, options->user, options->password_file,
                               "devices",    on_state,         devices};
    enum error error = bus_open(devices->loop, &with, &devices->bus, ret_problem);
    // One queue: several gateways share the work, and each log-in is answered once.
    if (!error) error = bus_subscribe(devices->bus, "$SYS.REQ.USER.AUTH", "devices", on_question, devices, NULL);
    return error;
}

static enum error open_system(struct devices *devices, struct problem *ret_problem) {
    const struct devices_options *options = &devices->options;
    struct bus_options with = {
        options->url, options->ca_file, options->system_user, options->system_password_file, "devices-system",
        on_state,     devices};
    enum error error = bus_open(devices->loop, &with, &devices->system, ret_problem);
    if (!error) error = bus_subscribe(devices->system, presence_filter, NULL, on_presence, devices, NULL);
    if (!error) error = bus_subscribe(devices->system, listed_subject, NULL, on_listed, devices, NULL);
    return error;
}

enum error devices_open(struct loop *loop, const struct devices_options *options, struct devices **ret_devices,
                        struct problem *ret_problem) {
    CLEANUP(devices_close_at) struct devices *devices = calloc(1, sizeof *devices);
    if (devices == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    devices->loop = loop;
    devices->options = *options;
    devices->account = text_copy(text_of(options->account));
    if (devices->account == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = read_issuer(devices, options->issuer_file, ret_problem);
    if (!error) error = open_bus(devices, ret_problem);
    if (!error) error = open_system(devices, ret_problem);
    if (!error) *ret_devices = TAKE(devices);
    return error;
}

void devices_close(struct devices *devices) {
    if (devices == NULL) return;
    bus_close(devices->bus);
    bus_close(devices->system);
    while (devices->looks != NULL) {
        struct second_look *next = devices->looks->next;
        free_look(devices->looks);
        devices->looks = next;
    }
    free(devices->account);
    free(devices);
}
