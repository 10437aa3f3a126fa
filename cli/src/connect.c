// splc connect [opcua|mqtt|nats|http|lambda]
#include "command.h"
#include "shell.h"

#include <base/file.h>
#include <pki/pki.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_FILE_BYTES_MAX = 1024 * 1024 };

/// A command to copy: indented, its words quoted where needed. A word that begins with the mark is typed as it is.
static const char *const raw = "\1";
static void put_command(struct buffer *out, const char *const *words) {
    buffer_string(out, "   ");
    for (size_t i = 0; words[i] != NULL; i++) {
        buffer_byte(out, ' ');
        if (words[i][0] == raw[0])
            buffer_string(out, words[i] + 1);
        else
            shell_put_word(out, words[i]);
    }
    buffer_byte(out, '\n');
}

/// "$(cat FILE)" in double quotes: the secret itself stands neither on the screen nor in the history.
static char *read_by_shell(const char *before, const char *file) {
    CLEANUP(buffer_clear) struct buffer word = {0};
    buffer_print(&word, "%s\"%s$(cat ", raw, before);
    shell_put_word(&word, file);
    buffer_string(&word, ")\"");
    return buffer_take(&word);
}

/// "127.0.0.1" and "8883" of "mqtts://127.0.0.1:8883"; brackets of IPv6 are dropped.
static void split_url(const char *url, char *host, size_t host_size, const char **port) {
    const char *begin = strstr(url, "://");
    begin = begin == NULL ? url : begin + strlen("://");
    const char *colon = strrchr(begin, ':');
    *port = colon == NULL ? "" : colon + 1;
    int length = colon == NULL ? (int)strlen(begin) : (int)(colon - begin);
    bool brackets = begin[0] == '[' && length > 1;
    snprintf(host, host_size, "%.*s", brackets ? length - 2 : length, brackets ? begin + 1 : begin);
}

static void put_opcua(const struct connect_file *file, struct buffer *out) {
    buffer_print(out,
                 "OPC UA, the edge itself (UaExpert, node-opcua, ...)\n"
                 "    URL            %s\n"
                 "    Security       %s, %s\n"
                 "    Application    %s\n"
                 "    Certificate    %s (.der beside it)\n"
                 "    Private key    %s (.der beside it)\n"
                 "    Server's       %s\n"
                 "    User           %s; password in %s\n"
                 "    or read-only   %s; password in %s\n",
                 file->opcua.url, file->opcua.policy, file->opcua.mode, file->opcua.application_uri,
                 file->opcua.client_certificate, file->opcua.client_key, file->opcua.server_certificate,
                 file->opcua.operator_user, file->opcua.operator_password_file, file->opcua.viewer_user,
                 file->opcua.viewer_password_file);
    char thumbprint[PKI_THUMBPRINT_BYTES];
    if (!pki_thumbprint(file->opcua.server_certificate, thumbprint, NULL)) {
        buffer_print(out, "    Thumbprint     %s\n", thumbprint);
    }
    buffer_print(
        out,
        "  In UaExpert: Server > Add > Custom Discovery, the URL above; security as above; user and password.\n"
        "  At the first try the edge refuses UaExpert's own certificate and keeps it. Look at it, then trust it:\n");
    CLEANUP(free_at) char *rejected = file_join(file->data_folder, "edge/rejected/CERTIFICATE.der");
    CLEANUP(free_at) char *trusted = file_join(file->data_folder, "edge/trusted/");
    if (rejected == NULL || trusted == NULL) return;
    const char *const trust[] = {"mv", rejected, trusted, NULL};
    put_command(out, trust);
    buffer_string(out, "  Tools that take a certificate and key (above) need no such step.\n");
}

static void put_mqtt(const struct connect_file *file, struct buffer *out) {
    buffer_print(out,
                 "Device MQTT 3.1.1, as AWS IoT speaks it: the device is who its certificate says\n"
                 "    URL            %s (mutual TLS)\n"
                 "    CA             %s\n",
                 file->mqtt.url, file->mqtt.ca);
    for (size_t i = 0; i < file->mqtt.device_count; i++) {
        buffer_print(out, "    %-14s %s, key %s\n", file->mqtt.devices[i].thing, file->mqtt.devices[i].certificate,
                     file->mqtt.devices[i].key);
    }
    if (file->mqtt.device_count == 0) return;
    const struct connect_device *device = &file->mqtt.devices[0];
    char host[64], topic[192];
    const char *port;
    split_url(file->mqtt.url, host, sizeof host, &port);
    snprintf(topic, sizeof topic, "$aws/things/%s/shadow/#", device->thing);
    buffer_string(out, "  Everything about one twin, then asking for its document:\n");
    const char *const subscribe[] = {
        "mosquitto_sub",     "-v",    "-h",        host, "-p",          port, "--cafile", file->mqtt.ca, "--cert",
        device->certificate, "--key", device->key, "-i", device->thing, "-t", topic,      NULL};
    put_command(out, subscribe);
    char get[192], id[160];
    snprintf(get, sizeof get, "$aws/things/%s/shadow/get", device->thing);
    snprintf(id, sizeof id, "%s-2", device->thing);
    const char *const publish[] = {
        "mosquitto_pub", "-h",        host, "-p", port, "--cafile", file->mqtt.ca, "--cert", device->certificate,
        "--key",         device->key, "-i", id,   "-t", get,        "-m",          "{}",     NULL};
    put_command(out, publish);
}

static void put_nats(const struct connect_file *file, struct buffer *out) {
    buffer_print(out,
                 "NATS, the bus between the services (the program nats of natscli)\n"
                 "    URL            %s\n"
                 "    CA             %s\n"
                 "    User           %s (hears everything, asks for shadows); password in %s\n",
                 file->nats.url, file->nats.ca, file->nats.user, file->nats.password_file);
    CLEANUP(free_at) char *password = read_by_shell("", file->nats.password_file);
    if (password == NULL) return;
    const char *const common[] = {"nats",   "--server",      file->nats.url, "--tlsca", file->nats.ca,
                                  "--user", file->nats.user, "--password",   password};
    enum { COMMON = sizeof common / sizeof *common };
    const char *words[COMMON + 4];
    memcpy(words, common, sizeof common);
    words[COMMON] = "sub";
    words[COMMON + 1] = "$aws.things.>";
    words[COMMON + 2] = NULL;
    put_command(out, words);
    const char *thing = file->mqtt.device_count == 0 ? "THING" : file->mqtt.devices[0].thing;
    char subject[160];
    snprintf(subject, sizeof subject, "$aws.things.%s.shadow.get", thing);
    words[COMMON] = "request";
    words[COMMON + 1] = subject;
    words[COMMON + 2] = "{}";
    words[COMMON + 3] = NULL;
    put_command(out, words);
}

static void put_http(const struct connect_file *file, struct buffer *out) {
    buffer_print(out,
                 "HTTP: AWS's shadow data plane, commands, events, the console\n"
                 "    URL            %s\n"
                 "    or with TLS    %s, CA %s\n"
                 "    Token          in %s\n",
                 file->http.url, file->http.https_url, file->http.ca, file->http.token_file);
    CLEANUP(free_at) char *token = read_by_shell("Authorization: Bearer ", file->http.token_file);
    if (token == NULL) return;
    const char *thing = file->mqtt.device_count == 0 ? "THING" : file->mqtt.devices[0].thing;
    char status[160], shadow[320], events[160];
    snprintf(status, sizeof status, "%s/v1/status", file->http.url);
    snprintf(shadow, sizeof shadow, "%s/things/%s/shadow", file->http.https_url, thing);
    snprintf(events, sizeof events, "%s/v1/events", file->http.url);
    const char *const get_status[] = {"curl", "-H", token, status, NULL};
    const char *const get_shadow[] = {"curl", "--cacert", file->http.ca, "-H", token, shadow, NULL};
    const char *const get_events[] = {"curl", "-N", "-H", token, events, NULL};
    put_command(out, get_status);
    put_command(out, get_shadow);
    put_command(out, get_events);
    char endpoint[192];
    snprintf(endpoint, sizeof endpoint, "AWS_ENDPOINT_URL_IOT_DATA_PLANE=%s", file->http.url);
    CLEANUP(buffer_clear) struct buffer credentials = {0};
    buffer_print(&credentials, "AWS_SHARED_CREDENTIALS_FILE=%s", file->http.credentials_file);
    if (credentials.failed) return;
    buffer_print(out,
                 "  AWS's own SDKs and tools sign with a key of %s (a section per client);\n"
                 "  any of them works with these settings, such as the AWS CLI:\n",
                 file->http.credentials_file);
    const char *const get_signed[] = {
        "env", credentials.data, endpoint, "AWS_REGION=local", "aws", "iot-data", "get-thing-shadow", "--thing-name",
        thing, "/dev/stdout",    NULL};
    put_command(out, get_signed);
    buffer_print(out, "  The console in a browser: %s/?token=TOKEN, with the token of the file above.\n",
                 file->http.url);
}

static void put_lambda(const struct connect_file *file, struct buffer *out) {
    char endpoint[192];
    snprintf(endpoint, sizeof endpoint, "AWS_ENDPOINT_URL_LAMBDA=%s", file->lambda.url);
    CLEANUP(buffer_clear) struct buffer credentials = {0};
    buffer_print(&credentials, "AWS_SHARED_CREDENTIALS_FILE=%s", file->lambda.credentials_file);
    if (credentials.failed) return;
    buffer_print(out,
                 "Lambda: functions are deployed, configured and invoked by AWS's own tools, or by 'splc function'\n"
                 "    URL            %s\n"
                 "    Access keys    in %s, a section per client\n",
                 file->lambda.url, file->lambda.credentials_file);
    const char *const list[] = {"env", credentials.data, endpoint,         "AWS_REGION=local",
                                "aws", "lambda",         "list-functions", NULL};
    put_command(out, list);
}

static const struct interface {
    const char *name;
    void (*put)(const struct connect_file *file, struct buffer *out);
} interfaces[] = {
    {"opcua", put_opcua}, {"mqtt", put_mqtt}, {"nats", put_nats}, {"http", put_http}, {"lambda", put_lambda}};

static bool is_interface(const char *name) {
    for (size_t i = 0; i < sizeof interfaces / sizeof *interfaces; i++) {
        if (strcmp(interfaces[i].name, name) == 0) return true;
    }
    return false;
}

static int print_text(const struct connect_file *file, const char *only) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    for (size_t i = 0; i < sizeof interfaces / sizeof *interfaces; i++) {
        if (only != NULL && strcmp(interfaces[i].name, only) != 0) continue;
        if (out.length > 0) buffer_byte(&out, '\n');
        interfaces[i].put(file, &out);
    }
    if (out.failed) return refuse("out of memory");
    printf("%s", out.data);
    return EXIT_DONE;
}

/// The file as it is, or one member of it.
static int print_json(const struct connect_file *file, const char *only) {
    CLEANUP(free_at) char *path = file_join(file->data_folder, "connect.json");
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct problem problem = {"out of memory"};
    if (path == NULL || file_read(path, CONNECT_FILE_BYTES_MAX, &bytes, &problem)) return refuse("%s", problem.text);
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    const struct json_limits limits = {CONNECT_FILE_BYTES_MAX, 8};
    if (json_parse(buffer_view(&bytes), limits, &document, &problem)) return refuse("%s: %s", path, problem.text);
    const struct json *value = only == NULL ? json_root(document) : json_member(json_root(document), only);
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, value);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
    return EXIT_DONE;
}

int command_connect(int argc, char **argv) {
    const char *data = NULL;
    bool json = false;
    const struct option table[] = {DATA_OPTION(&data), JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc connect [opcua|mqtt|nats|http|lambda] [OPTIONS]",
        .summary =
            "Prints what other tools need to reach the plant: URL, certificates, user, where the password stands,\n"
            "and commands to copy. Passwords and tokens themselves are never printed.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "FILES\n"
                  "    DATA/connect.json  the same for programs; written at each `splc up`\n"
                  "\n"
                  "EXAMPLES\n"
                  "    splc connect opcua\n"
                  "    splc connect --json http\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    const char *only = count == 0 ? NULL : arguments[0];
    if (only != NULL && !is_interface(only)) {
        return refuse_usage("\"%s\" is no interface: choose opcua, mqtt, nats, http or lambda", only);
    }
    CLEANUP(connect_file_destroy_at) struct connect_file *file = NULL;
    if (find_plant(data, &file, &problem)) return refuse("%s", problem.text);
    return json ? print_json(file, only) : print_text(file, only);
}
