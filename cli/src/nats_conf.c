#include "nats_conf.h"

#include "data_folder.h"

#include <base/file.h>
#include <pki/pki.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SUBJECTS_MAX = 16 };

/// Requests to the twin service, of any thing.
#define SHADOW_REQUESTS                                                                                                \
    "$aws.things.*.shadow.update", "$aws.things.*.shadow.get", "$aws.things.*.shadow.delete",                          \
        "$aws.things.*.shadow.name.*.update", "$aws.things.*.shadow.name.*.get", "$aws.things.*.shadow.name.*.delete"

#define TWIN_LISTS "splc.twins.list", "splc.twins.things"

/// For devices that have subscribed at QoS 1 (bus_publish_kept); how much of it the server keeps; who
/// they are.
#define FOR_QOS_1 "$MQTT.msgs.$aws.things.*.shadow.>"
#define LIMITS_OF_QOS_1 "$JS.API.STREAM.UPDATE.$MQTT_msgs", "$JS.API.STREAM.CREATE.$MQTT_msgs"
#define WHO_IS_AT_QOS_1 "$JS.API.CONSUMER.LIST.$MQTT_msgs"
#define NEWS_OF_QOS_1 "$JS.EVENT.ADVISORY.CONSUMER.*.$MQTT_msgs.>"

/// Who may say and hear what on the bus; NULL ends each list. Answers go to inboxes, `_INBOX.>`.
static const struct rights {
    const char *user;
    const char *publish[SUBJECTS_MAX];
    const char *subscribe[SUBJECTS_MAX];
} rights[] = {
    {"gateway",
     {SHADOW_REQUESTS, "$aws.commands.things.*.executions.*.response.json", "splc.status.gateway", "splc.event",
      "_INBOX.>"},
     {"$aws.things.*.shadow.>", "$aws.commands.things.*.executions.*.request.json", "splc.twins.loaded", "_INBOX.>"}},
    {"twins",
     {"$aws.things.*.shadow.>", FOR_QOS_1, LIMITS_OF_QOS_1, WHO_IS_AT_QOS_1, "splc.status.twins", "splc.twins.members",
      "splc.twins.loaded", "splc.event", "_INBOX.>"},
     {"$aws.things.*.shadow.>", NEWS_OF_QOS_1, "splc.twins.>", "_INBOX.>"}},
    {"functions",
     {">"},  // any topic that a function's manifest names; it looks itself at what is reserved
     {">"}}, // any topic that starts one
    {"api",
     {">"}, // any topic of its clients; it looks itself at what is reserved
     {"$aws.things.*.shadow.>", "$aws.commands.things.*.executions.*.response.json", "splc.>", "_INBOX.>"}},
    {"uplink",
     {SHADOW_REQUESTS, TWIN_LISTS, "splc.status.uplink", "splc.event"},
     {"$aws.things.*.shadow.>", "_INBOX.>"}},
    {"tool", {SHADOW_REQUESTS, TWIN_LISTS, "$aws.commands.things.*.executions.*.request.json"}, {">"}},
};

/// What the api must not publish, of any topic of its clients: broker's own subjects, answers, and what others say of
/// themselves.
static const char *const api_publish_not[] = {"$SYS.>",
                                              "$JS.>",
                                              "$MQTT.>",
                                              "_INBOX.>",
                                              "$aws.things.*.shadow.*.*",
                                              "$aws.things.*.shadow.name.*.*.*",
                                              "$aws.commands.things.*.executions.*.response.>",
                                              "splc.status.gateway",
                                              "splc.status.twins",
                                              "splc.status.functions",
                                              "splc.status.uplink",
                                              "splc.twins.members",
                                              "splc.twins.loaded",
                                              NULL};

/// The same for functions, which give no commands but by a twin's desired values.
static const char *const functions_publish_not[] = {"$SYS.>",
                                                    "$JS.>",
                                                    "$MQTT.>",
                                                    "_INBOX.>",
                                                    "$aws.things.*.shadow.*.*",
                                                    "$aws.things.*.shadow.name.*.*.*",
                                                    "$aws.commands.>",
                                                    "splc.status.gateway",
                                                    "splc.status.twins",
                                                    "splc.status.api",
                                                    "splc.status.uplink",
                                                    "splc.twins.members",
                                                    "splc.twins.loaded",
                                                    NULL};

static const char *const *publish_not(const char *user) {
    if (strcmp(user, "api") == 0) return api_publish_not;
    return strcmp(user, "functions") == 0 ? functions_publish_not : NULL;
}

/// What a device may do with its own twin and commands; %s is its name.
static const char *const device_publish[] = {"$aws.things.%s.shadow.update",
                                             "$aws.things.%s.shadow.get",
                                             "$aws.things.%s.shadow.delete",
                                             "$aws.things.%s.shadow.name.*.update",
                                             "$aws.things.%s.shadow.name.*.get",
                                             "$aws.things.%s.shadow.name.*.delete",
                                             "$aws.commands.things.%s.executions.*.response.json"};
/// A filter `a/#` is two subscriptions, `a` and `a.>`; at QoS 1 the server subscribes `$MQTT.sub.>` in the device's
/// name.
static const char *const device_subscribe[] = {"$aws.things.%s.shadow", "$aws.things.%s.shadow.>",
                                               "$aws.commands.things.%s.executions",
                                               "$aws.commands.things.%s.executions.>", "$MQTT.sub.>"};

/// A string of the configuration language: in quotes, with escapes.
static void put_string(struct buffer *out, const char *text) {
    buffer_byte(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') buffer_byte(out, '\\');
        buffer_byte(out, *c);
    }
    buffer_byte(out, '"');
}

static enum error put_path(struct buffer *out, const char *key, const struct site *site, const char *name) {
    CLEANUP(free_at) char *path = site_path(site, name);
    if (path == NULL) return ERROR_NO_MEMORY;
    buffer_print(out, "%s: ", key);
    put_string(out, path);
    buffer_byte(out, '\n');
    return ERROR_NONE;
}

/// "[fe80::1]:4222"
static void put_address(struct buffer *out, const char *address, unsigned port) {
    bool six = strchr(address, ':') != NULL;
    buffer_print(out, "\"%s%s%s:%u\"\n", six ? "[" : "", address, six ? "]" : "", port);
}

static void put_list(struct buffer *out, const char *key, const char *const *subjects) {
    buffer_print(out, "%s: [", key);
    for (size_t i = 0; i < SUBJECTS_MAX && subjects[i] != NULL; i++) {
        buffer_string(out, i == 0 ? "" : ", ");
        put_string(out, subjects[i]);
    }
    buffer_byte(out, ']');
}

static void put_subjects(struct buffer *out, const char *key, const char *const *allow, const char *const *deny) {
    buffer_print(out, "%s: {", key);
    put_list(out, "allow", allow);
    if (deny != NULL && deny[0] != NULL) {
        buffer_string(out, ", ");
        put_list(out, "deny", deny);
    }
    buffer_byte(out, '}');
}

static void put_user(struct buffer *out, const struct rights *user, const char *password) {
    buffer_print(out, "    {user: %s, password: ", user->user);
    put_string(out, password);
    buffer_string(out, ", allowed_connection_types: [\"STANDARD\"], permissions: {\n      ");
    put_subjects(out, "publish", user->publish, publish_not(user->user));
    buffer_string(out, ",\n      ");
    put_subjects(out, "subscribe", user->subscribe, NULL);
    buffer_string(out, "}}\n");
}

static void put_own_subjects(struct buffer *out, const char *key, const char *const *patterns, size_t count,
                             struct text thing) {
    buffer_print(out, "%s: {allow: [", key);
    for (size_t i = 0; i < count; i++) {
        struct text rest = text_of(patterns[i]), before;
        buffer_string(out, i == 0 ? "\"" : ", \"");
        if (text_split(&rest, '%', &before)) buffer_text(out, before);
        if (rest.length > 0) {
            buffer_text(out, thing);
            buffer_text(out, text_from(rest, sizeof "s" - 1));
        }
        buffer_byte(out, '"');
    }
    buffer_string(out, "]}");
}

/// Known by the common name of its certificate; has no password, so only the MQTT listener may know it.
static void put_device(struct buffer *out, struct text thing) {
    buffer_print(out, "    {user: \"CN=%.*s\", allowed_connection_types: [\"MQTT\"], permissions: {\n      ",
                 TEXT_ARG(thing));
    put_own_subjects(out, "publish", device_publish, sizeof device_publish / sizeof *device_publish, thing);
    buffer_string(out, ",\n      ");
    put_own_subjects(out, "subscribe", device_subscribe, sizeof device_subscribe / sizeof *device_subscribe, thing);
    buffer_string(out, "}}\n");
}

static enum error put_users(const struct nats_conf *conf, struct buffer *out) {
    buffer_string(out, "authorization {\n  users: [\n");
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        const char *password = conf->password_of(conf->context, rights[i].user);
        if (password == NULL || password[0] == '\0') return ERROR_NOT_FOUND;
        put_user(out, &rights[i], password);
    }
    for (size_t i = 0; i < conf->plant->element_count; i++) {
        const struct plant_element *element = conf->plant->elements[i];
        if (element->thing == element) put_device(out, element->name);
    }
    buffer_string(out, "  ]\n}\n");
    return ERROR_NONE;
}

/// The server refuses spaces in its name, and more might be unwise.
static void put_server_name(const char *plant_name, struct buffer *out) {
    buffer_string(out, "server_name: \"splc-");
    for (const char *c = plant_name; *c != '\0'; c++) {
        bool plain = isalnum((unsigned char)*c) || *c == '-' || *c == '_';
        buffer_byte(out, plain ? *c : '-');
    }
    buffer_string(out, "\"\n");
}

/// The listener for services and tools: password over TLS.
static enum error put_listener(const struct site *site, struct buffer *out) {
    buffer_string(out, "# Made by `splc up` at each start: changes are lost.\n");
    put_server_name(site->plant_name, out);
    buffer_string(out, "listen: ");
    put_address(out, site->fog.address, site->fog.nats_port);
    buffer_string(out, "max_connections: 512\nmax_payload: 1MB\ntls {\n  ");
    enum error error = put_path(out, "cert_file", site, "pki/nats.crt");
    buffer_string(out, "  ");
    if (!error) error = put_path(out, "key_file", site, "pki/nats.key");
    buffer_string(out, "}\n");
    return error;
}

/// JetStream keeps the sessions of MQTT devices, nothing else.
static enum error put_jetstream(const struct site *site, struct buffer *out) {
    buffer_string(out, "jetstream {\n  ");
    enum error error = put_path(out, "store_dir", site, "nats/jetstream");
    buffer_string(out, "  max_memory_store: 16MB\n  max_file_store: 1GB\n}\n");
    return error;
}

/// The listener for devices: mutual TLS, the certificate's common name is the user.
static enum error put_mqtt(const struct site *site, struct buffer *out) {
    buffer_string(out, "mqtt {\n  listen: ");
    put_address(out, site->fog.address, site->fog.mqtt_port);
    buffer_string(out, "  reject_qos2_publish: true\n  downgrade_qos2_subscribe: true\n  tls {\n    ");
    enum error error = put_path(out, "cert_file", site, "pki/nats.crt");
    buffer_string(out, "    ");
    if (!error) error = put_path(out, "key_file", site, "pki/nats.key");
    buffer_string(out, "    ");
    if (!error) error = put_path(out, "ca_file", site, "pki/ca.crt");
    buffer_string(out, "    verify_and_map: true\n  }\n}\n");
    return error;
}

enum error nats_conf_print(const struct nats_conf *conf, struct buffer *out) {
    enum error error = put_listener(conf->site, out);
    if (!error) error = put_jetstream(conf->site, out);
    if (!error) error = put_mqtt(conf->site, out);
    if (!error) error = put_users(conf, out);
    if (error) return error;
    return out->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

// --- with the data folder ---

struct passwords {
    const struct site *site;
    struct problem *problem;
    struct buffer text;
};

static const char *read_password(void *context, const char *user) {
    struct passwords *passwords = context;
    char name[64];
    snprintf(name, sizeof name, "secrets/nats-%s", user);
    CLEANUP(free_at) char *path = site_path(passwords->site, name);
    buffer_reset(&passwords->text);
    if (path == NULL || pki_secret_read(path, &passwords->text, passwords->problem)) return NULL;
    return passwords->text.data;
}

enum error nats_conf_write(const struct site *site, const struct plant *plant, struct problem *ret_problem) {
    CLEANUP(free_at) char *path = site_path(site, "nats/nats.conf");
    if (path == NULL) return ERROR_NO_MEMORY;
    struct passwords passwords = {.site = site, .problem = ret_problem};
    const struct nats_conf conf = {site, plant, read_password, &passwords};
    CLEANUP(buffer_clear) struct buffer text = {0};
    enum error error = nats_conf_print(&conf, &text);
    if (!error) error = file_write(path, buffer_view(&text), 0600, ret_problem);
    buffer_clear(&passwords.text);
    return error;
}
