#include "unruly.h"

#include "misfortune.h"

#include <arpa/inet.h>
#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/file.h>
#include <base/process.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <unistd.h>

#include <open62541/plugin/accesscontrol_default.h>
#include <open62541/plugin/log.h>
#include <open62541/plugin/pki_default.h>
#include <open62541/server.h>
#include <open62541/server_config_default.h>

#include <cmocka.h>

enum { SESSIONS_MAX = 64, COMMAND_BYTES = 256, PATH_BYTES = 64 };

/* ---- The server's process ---- */

static struct server {
    UA_Server *ua;
    UA_UInt16 instances, types;
    UA_NodeId sessions[SESSIONS_MAX]; // activated ever; ring
    size_t session_count;
    bool revoked;
    unsigned slow_ms;
    UA_DateTime step;
    UA_StatusCode (*activate)(UA_Server *, UA_AccessControl *, const UA_EndpointDescription *, const UA_ByteString *,
                              const UA_NodeId *, const UA_ExtensionObject *, void **);
} server;

static void must(UA_StatusCode status) {
    if (status == UA_STATUSCODE_GOOD) return;
    fprintf(stderr, "unruly server: %s\n", UA_StatusCode_name(status));
    exit(EXIT_FAILURE);
}

static UA_NodeId node_at(const char *path) {
    return UA_NODEID_STRING(server.instances, (char *)path);
}

static UA_QualifiedName name_of(const char *name) {
    return UA_QUALIFIEDNAME(server.instances, (char *)name);
}

static void add_type(const char *name) {
    UA_ObjectTypeAttributes attributes = UA_ObjectTypeAttributes_default;
    must(UA_Server_addObjectTypeNode(server.ua, UA_NODEID_STRING(server.types, (char *)name),
                                     UA_NODEID_NUMERIC(0, UA_NS0ID_BASEOBJECTTYPE),
                                     UA_NODEID_NUMERIC(0, UA_NS0ID_HASSUBTYPE), name_of(name), attributes, NULL, NULL));
}

static void add_object(const char *path, const char *name, UA_NodeId parent, UA_UInt32 reference, const char *type) {
    UA_ObjectAttributes attributes = UA_ObjectAttributes_default;
    must(UA_Server_addObjectNode(server.ua, node_at(path), parent, UA_NODEID_NUMERIC(0, reference), name_of(name),
                                 UA_NODEID_STRING(server.types, (char *)type), attributes, NULL, NULL));
}

static void value_path(char path[static PATH_BYTES], unsigned thing, unsigned value) {
    snprintf(path, PATH_BYTES, "U/t%02u/v%02u", thing, value);
}

static void write_value(unsigned thing, unsigned value, UA_UInt32 number) {
    char path[PATH_BYTES];
    value_path(path, thing, value);
    UA_DataValue data;
    UA_DataValue_init(&data);
    UA_Variant_setScalar(&data.value, &number, &UA_TYPES[UA_TYPES_UINT32]);
    data.hasValue = data.hasSourceTimestamp = true;
    data.sourceTimestamp = UA_DateTime_now() + server.step;
    UA_Server_writeDataValue(server.ua, node_at(path), data); // one that vanished cannot be written
}

static void add_value(unsigned thing, unsigned value) {
    char path[PATH_BYTES], above[PATH_BYTES];
    value_path(path, thing, value);
    snprintf(above, sizeof above, "U/t%02u", thing);
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.dataType = UA_TYPES[UA_TYPES_UINT32].typeId;
    attributes.valueRank = UA_VALUERANK_SCALAR;
    must(UA_Server_addVariableNode(server.ua, node_at(path), node_at(above),
                                   UA_NODEID_NUMERIC(0, UA_NS0ID_HASCOMPONENT), name_of(path + sizeof "U/t00/" - 1),
                                   UA_NODEID_NUMERIC(0, UA_NS0ID_BASEDATAVARIABLETYPE), attributes, NULL, NULL));
    write_value(thing, value, 1);
}

static void add_nodes(unsigned namespaces) {
    for (unsigned i = 0; i < namespaces; i++) {
        char uri[PATH_BYTES];
        snprintf(uri, sizeof uri, "urn:test:other:%u", i);
        UA_Server_addNamespace(server.ua, uri);
    }
    server.instances = UA_Server_addNamespace(server.ua, "urn:test:plant");
    server.types = UA_Server_addNamespace(server.ua, "urn:test:types");
    add_type("StationType");
    add_type("ThingType");
    add_object("U", "U", UA_NODEID_NUMERIC(0, UA_NS0ID_OBJECTSFOLDER), UA_NS0ID_ORGANIZES, "StationType");
    for (unsigned thing = 0; thing < UNRULY_THINGS; thing++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "U/t%02u", thing);
        add_object(path, path + sizeof "U/" - 1, node_at("U"), UA_NS0ID_HASCOMPONENT, "ThingType");
        for (unsigned value = 0; value < UNRULY_VALUES; value++) add_value(thing, value);
    }
}

static UA_StatusCode on_activate(UA_Server *ua, UA_AccessControl *access, const UA_EndpointDescription *endpoint,
                                 const UA_ByteString *certificate, const UA_NodeId *session,
                                 const UA_ExtensionObject *token, void **context) {
    if (server.revoked) return UA_STATUSCODE_BADUSERACCESSDENIED;
    UA_NodeId *kept = &server.sessions[server.session_count++ % SESSIONS_MAX];
    UA_NodeId_clear(kept);
    UA_NodeId_copy(session, kept);
    return server.activate(ua, access, endpoint, certificate, session, token, context);
}

static void log_nothing(void *context, UA_LogLevel level, UA_LogCategory category, const char *text, va_list list) {
    (void)context, (void)level, (void)category, (void)text, (void)list;
}

static UA_ByteString load(const char *folder, const char *identity, const char *ending) {
    CLEANUP(buffer_clear) struct buffer path = {0}, bytes = {0};
    buffer_print(&path, "%s/%s%s", folder, identity, ending);
    if (file_read(path.data, 1 << 16, &bytes, NULL)) must(UA_STATUSCODE_BADNOTFOUND);
    UA_ByteString borrowed = {bytes.length, (UA_Byte *)bytes.data}, copy;
    must(UA_ByteString_copy(&borrowed, &copy));
    return copy;
}

static uint16_t free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = bind(fd, (struct sockaddr *)&address, length) == 0 &&
                 getsockname(fd, (struct sockaddr *)&address, &length) == 0;
    close(fd);
    return bound ? ntohs(address.sin_port) : 0;
}

static void set_limits(UA_ServerConfig *config) {
    config->publishingIntervalLimits.min = 1;
    config->samplingIntervalLimits.min = 1;
    config->keepAliveCountLimits = (UA_UInt32Range){1, 1000 * 1000};
    config->lifeTimeCountLimits = (UA_UInt32Range){3, 1500}; // 1.5 s at 1 ms: a client that hangs loses it soon
    config->queueSizeLimits = (UA_UInt32Range){1, 1000};
    config->maxNotificationsPerPublish = 10 * 1000;
    config->enableRetransmissionQueue = true;
    config->maxRetransmissionQueueSize = 64;
    config->maxNodesPerBrowse = config->maxNodesPerRead = config->maxMonitoredItemsPerCall = 1000;
}

static uint16_t open_server(const char *folder, const char *identity) {
    static const UA_Logger silent = {.log = log_nothing};
    static UA_UsernamePasswordLogin login;
    login = (UA_UsernamePasswordLogin){UA_STRING_ALLOC("gateway"), UA_STRING_ALLOC("password")};
    UA_ByteString certificate = load(folder, identity, ".der"), key = load(folder, identity, ".key.der");
    UA_ServerConfig config = {.logging = (UA_Logger *)&silent};
    uint16_t port = free_port();
    must(UA_ServerConfig_setDefaultWithSecurityPolicies(&config, port, &certificate, &key, NULL, 0, NULL, 0, NULL, 0));
    config.secureChannelPKI.clear(&config.secureChannelPKI);
    config.sessionPKI.clear(&config.sessionPKI);
    UA_CertificateVerification_AcceptAll(&config.secureChannelPKI);
    UA_CertificateVerification_AcceptAll(&config.sessionPKI);
    UA_String_clear(&config.applicationDescription.applicationUri);
    config.applicationDescription.applicationUri = UA_STRING_ALLOC("urn:serverless-plc:edge:ST");
    must(UA_AccessControl_default(&config, false, NULL, 1, &login));
    server.activate = config.accessControl.activateSession;
    config.accessControl.activateSession = on_activate;
    set_limits(&config);
    UA_ByteString_clear(&certificate);
    UA_ByteString_clear(&key);
    server.ua = UA_Server_newWithConfig(&config);
    if (server.ua == NULL) must(UA_STATUSCODE_BADOUTOFMEMORY);
    return port;
}

static void model_changed(void) {
    UA_NodeId event;
    must(UA_Server_createEvent(server.ua, UA_NODEID_NUMERIC(0, UA_NS0ID_GENERALMODELCHANGEEVENTTYPE), &event));
    must(UA_Server_triggerEvent(server.ua, event, UA_NODEID_NUMERIC(0, UA_NS0ID_SERVER), NULL, true));
}

/* ---- Commands ---- */

static void do_write(unsigned number, unsigned unused) {
    (void)unused;
    for (unsigned thing = 0; thing < UNRULY_THINGS; thing++)
        for (unsigned value = 0; value < UNRULY_VALUES; value++) write_value(thing, value, number);
}

static void do_burst(unsigned count, unsigned unused) {
    (void)unused;
    for (unsigned i = 1; i <= count; i++) write_value(0, 0, i);
}

static void do_one(unsigned number, unsigned unused) {
    (void)unused;
    write_value(0, 0, number);
}

static void do_appear(unsigned unused, unsigned unused_too) {
    (void)unused, (void)unused_too;
    add_value(7, 7);
}

static void do_step(unsigned seconds, unsigned unused) {
    (void)unused;
    server.step = (UA_DateTime)(int)seconds * UA_DATETIME_SEC;
}

static void do_vanish(unsigned unused, unsigned unused_too) {
    (void)unused, (void)unused_too;
    must(UA_Server_deleteNode(server.ua, node_at("U/t07/v07"), true));
}

static void do_delete(unsigned unused, unsigned unused_too) {
    do_vanish(unused, unused_too);
    model_changed();
}

static void do_add(unsigned unused, unsigned unused_too) {
    (void)unused, (void)unused_too;
    add_value(7, 7);
    model_changed();
}

static void do_kick(unsigned unused, unsigned unused_too) {
    (void)unused, (void)unused_too;
    for (size_t i = 0; i < SESSIONS_MAX; i++) UA_Server_closeSession(server.ua, &server.sessions[i]);
}

static void do_revoke(unsigned unused, unsigned unused_too) {
    server.revoked = true;
    do_kick(unused, unused_too);
}

static void do_grant(unsigned unused, unsigned unused_too) {
    (void)unused, (void)unused_too;
    server.revoked = false;
}

static void do_slow(unsigned ms, unsigned unused) {
    (void)unused;
    server.slow_ms = ms;
}

static void do_limits(unsigned operations, unsigned items) {
    UA_ServerConfig *config = UA_Server_getConfig(server.ua);
    config->maxNodesPerBrowse = config->maxNodesPerRead = config->maxMonitoredItemsPerCall = operations;
    config->maxMonitoredItemsPerSubscription = items;
}

static const struct {
    const char *word;
    void (*run)(unsigned first, unsigned second);
} commands[] = {
    {"one", do_one},       {"appear", do_appear}, {"write", do_write},   {"burst", do_burst}, {"step", do_step},
    {"vanish", do_vanish}, {"delete", do_delete}, {"add", do_add},       {"kick", do_kick},   {"revoke", do_revoke},
    {"grant", do_grant},   {"slow", do_slow},     {"limits", do_limits},
};

static void obey(char *line) {
    char word[16] = "";
    int first = 0, second = 0;
    sscanf(line, "%15s %d %d", word, &first, &second);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(word, commands[i].word) == 0) return commands[i].run((unsigned)first, (unsigned)second);
    must(UA_STATUSCODE_BADINVALIDARGUMENT);
}

bool unruly_is(int argc, char **argv) {
    return argc == 6 && strcmp(argv[1], "--unruly") == 0;
}

int unruly_serve(char **argv) {
    int control = atoi(argv[2]);
    misfortune_expect();
    uint16_t port = open_server(argv[3], argv[4]);
    add_nodes((unsigned)atoi(argv[5]));
    must(UA_Server_run_startup(server.ua));
    dprintf(control, "%u\n", port);
    struct pollfd ready = {.fd = control, .events = POLLIN};
    for (;;) {
        UA_Server_run_iterate(server.ua, false);
        if (poll(&ready, 1, server.slow_ms > 0 ? (int)server.slow_ms : 1) <= 0) continue;
        char line[COMMAND_BYTES] = "";
        if (read(control, line, sizeof line - 1) <= 0) return EXIT_SUCCESS; // the test is over
        obey(line);
        dprintf(control, "done\n");
    }
}

/* ---- The test's side ---- */

static void read_line(const struct unruly *unruly, char line[static COMMAND_BYTES]) {
    size_t length = 0;
    while (length < COMMAND_BYTES - 1 && read(unruly->control, &line[length], 1) == 1 && line[length] != '\n') length++;
    line[length] = '\0';
    if (length == 0) fail_msg("the unruly server has ended");
}

void unruly_start(struct unruly *unruly, const char *folder, const char *identity, unsigned namespaces) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    char control[16], count[16], line[COMMAND_BYTES];
    snprintf(control, sizeof control, "%d", ends[1]);
    snprintf(count, sizeof count, "%u", namespaces);
    CLEANUP(free_at) char *identities = testing_path(folder, "pki/opcua");
    const char *const arguments[] = {"/proc/self/exe", "--unruly", control, identities, identity, count, NULL};
    struct process_options options = {.arguments = arguments, .output = -1, .own_group = true};
    struct problem problem = {0};
    if (process_start(&options, &unruly->pid, &problem)) fail_msg("%s", problem.text);
    close(ends[1]);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC); // so that no other child keeps it open
    unruly->control = ends[0];
    read_line(unruly, line);
    unruly->port = (uint16_t)atoi(line);
}

void unruly_kill(struct unruly *unruly) {
    if (unruly->pid == 0) return;
    kill(unruly->pid, SIGKILL);
    while (waitpid(unruly->pid, NULL, 0) < 0) {}
    unruly->pid = 0;
    close(unruly->control);
}

void unruly_tell(const struct unruly *unruly, const char *format, ...) {
    char line[COMMAND_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    assert_true(write(unruly->control, line, strlen(line)) > 0);
    read_line(unruly, line);
}
