// The server's configuration, start and end.

#include "history.h"
#include "security.h"
#include "server_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <open62541/plugin/nodestore_default.h>
#include <open62541/server_config_default.h>

/// Every limit that a client can reach.
enum {
    SESSIONS_MAX = 20, // people's tools, gateways of two fog nodes
    CHANNELS_MAX = 40, // sessions, and some who are only looking
    SESSION_TIMEOUT_MS_MAX = 2 * 60 * 1000,
    TOKEN_LIFETIME_MS_MAX = 10 * 60 * 1000,
    MESSAGE_BYTES_MAX = 16 * 1024 * 1024,
    CHUNKS_MAX = 1024,
    OPERATIONS_MAX = 1000, // nodes in one request
    CALLS_MAX = 100,       // methods in one request: each waits for the scan
    SUBSCRIPTIONS_MAX = 200,
    SUBSCRIPTIONS_PER_SESSION_MAX = 20,
    ITEMS_MAX = 400 * 1000, // of all subscriptions
    ITEMS_PER_SUBSCRIPTION_MAX = 200 * 1000,
    QUEUE_MAX = 1000, // values of one item
    PUBLISH_REQUESTS_MAX = 64,
    RETRANSMISSION_MAX = 64,                // notifications kept for a client that does not acknowledge
    NOTIFICATIONS_PER_PUBLISH = 10 * 1000,  // 0 would mean none
    KEEPALIVE_PERIODS_MAX = 60 * 60 * 1000, // in publishing intervals, which may be as short as 1 ms
    LIFETIME_PERIODS_MAX = 3 * KEEPALIVE_PERIODS_MAX,
};
static const double PUBLISHING_MS_MIN = 1, SAMPLING_MS_MIN = 1, INTERVAL_MS_MAX = 3600 * 1000;

static void set_limits(UA_ServerConfig *config) {
    config->maxSessions = SESSIONS_MAX;
    config->maxSecureChannels = CHANNELS_MAX;
    config->maxSessionTimeout = SESSION_TIMEOUT_MS_MAX;
    config->maxSecurityTokenLifetime = TOKEN_LIFETIME_MS_MAX;
    config->tcpMaxMsgSize = MESSAGE_BYTES_MAX;
    config->tcpMaxChunks = CHUNKS_MAX;
    config->maxNodesPerRead = OPERATIONS_MAX;
    config->maxNodesPerWrite = OPERATIONS_MAX;
    config->maxNodesPerMethodCall = CALLS_MAX;
    config->maxNodesPerBrowse = OPERATIONS_MAX;
    config->maxNodesPerRegisterNodes = OPERATIONS_MAX;
    config->maxNodesPerTranslateBrowsePathsToNodeIds = OPERATIONS_MAX;
    config->maxNodesPerNodeManagement = OPERATIONS_MAX;
    config->maxMonitoredItemsPerCall = OPERATIONS_MAX;
    config->maxSubscriptions = SUBSCRIPTIONS_MAX;
    config->maxSubscriptionsPerSession = SUBSCRIPTIONS_PER_SESSION_MAX;
    config->maxMonitoredItems = ITEMS_MAX;
    config->maxMonitoredItemsPerSubscription = ITEMS_PER_SUBSCRIPTION_MAX;
    config->publishingIntervalLimits = (UA_DurationRange){PUBLISHING_MS_MIN, INTERVAL_MS_MAX};
    config->samplingIntervalLimits = (UA_DurationRange){SAMPLING_MS_MIN, INTERVAL_MS_MAX};
    config->keepAliveCountLimits = (UA_UInt32Range){1, KEEPALIVE_PERIODS_MAX};
    config->lifeTimeCountLimits = (UA_UInt32Range){3, LIFETIME_PERIODS_MAX};
    config->queueSizeLimits = (UA_UInt32Range){1, QUEUE_MAX};
    config->maxNotificationsPerPublish = NOTIFICATIONS_PER_PUBLISH;
    config->maxPublishReqPerSession = PUBLISH_REQUESTS_MAX;
    config->enableRetransmissionQueue = true;
    config->maxRetransmissionQueueSize = RETRANSMISSION_MAX;
}

static void replace_string(UA_String *string, const char *value) {
    UA_String_clear(string);
    *string = UA_String_fromChars(value);
}

static void set_names(UA_ServerConfig *config, const struct opcua_server_options *options) {
    replace_string(&config->applicationDescription.applicationUri, options->application_uri);
    replace_string(&config->applicationDescription.productUri, "urn:serverless-plc");
    replace_string(&config->applicationDescription.applicationName.text, options->application_name);
    replace_string(&config->buildInfo.productUri, "urn:serverless-plc");
    replace_string(&config->buildInfo.manufacturerName, "Serverless PLC");
    replace_string(&config->buildInfo.productName, options->application_name);
    replace_string(&config->buildInfo.softwareVersion, SPLC_VERSION);
    replace_string(&config->buildInfo.buildNumber, SPLC_VERSION);
}

static void on_certificate_refused(void *context, const char *reason) {
    server_refuse(context, "%s", reason);
}

static UA_StatusCode set_trust(struct opcua_server *server, UA_CertificateVerification *verification) {
    struct security_trust trust = {
        .trusted_folder = server->trusted_folder,
        .rejected_folder = server->rejected_folder,
        .logger = &server->journal.logger,
        .refused = on_certificate_refused,
        .context = server,
    };
    if (verification->clear != NULL) verification->clear(verification);
    return security_verification(&trust, verification);
}

static enum error set_security(struct opcua_server *server, UA_ServerConfig *config,
                               const struct opcua_server_options *options, struct problem *ret_problem) {
    UA_ByteString certificate = UA_BYTESTRING_NULL, key = UA_BYTESTRING_NULL;
    enum error error = security_load(options->certificate_file, "certificate of the server", &certificate, ret_problem);
    if (!error) error = security_load_key(options->key_file, "key of the server", &key, ret_problem);
    bool read = !error;
    if (!error)
        error = security_server_policies(&certificate, &key, config->logging, &config->securityPolicies,
                                         &config->securityPoliciesSize, ret_problem);
    if (read && error) error = security_name_files(error, options->certificate_file, options->key_file, ret_problem);
    security_forget(&key);
    UA_ByteString_clear(&certificate);
    if (error) return error;
    config->securityPolicyNoneDiscoveryOnly = true;
    static const char *const offered[] = {POLICY_BASIC256SHA256, POLICY_AES128_OAEP, POLICY_AES256_PSS};
    UA_StatusCode status = UA_STATUSCODE_GOOD;
    for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++)
        status |= UA_ServerConfig_addEndpoint(config, ua_string(offered[i]), UA_MESSAGESECURITYMODE_SIGNANDENCRYPT);
    status |= set_trust(server, &config->secureChannelPKI);
    status |= set_trust(server, &config->sessionPKI);
    status |= server_set_access(server, config);
    return status == UA_STATUSCODE_GOOD ? ERROR_NONE : ERROR_NO_MEMORY;
}

static enum error set_url(UA_ServerConfig *config, const struct opcua_server_options *options) {
    char url[256];
    snprintf(url, sizeof url, "opc.tcp://%s:%u", options->address, options->port);
    replace_string(&config->serverUrls[0], url);
    return config->serverUrls[0].data != NULL ? ERROR_NONE : ERROR_NO_MEMORY;
}

/// The library takes what is in the configuration already, our event loop and log, and fills in the rest.
static enum error configure(struct opcua_server *server, UA_ServerConfig *config,
                            const struct opcua_server_options *options, struct problem *ret_problem) {
    config->logging = &server->journal.logger;
    config->eventLoop = server->el;
    if (UA_ServerConfig_setBasics_withPort(config, options->port) != UA_STATUSCODE_GOOD) return ERROR_NO_MEMORY;
    config->modellingRulesOnInstances = false;
    set_limits(config);
    set_names(config, options);
    if (server_set_history(server, config) != UA_STATUSCODE_GOOD) return ERROR_NO_MEMORY;
    enum error error = set_url(config, options);
    if (!error) error = set_security(server, config, options, ret_problem);
    return error;
}

/// The library's random numbers, from which it makes session tokens, begin with the clock.
static void seed_random(void) {
    UA_UInt64 seed;
    if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed) UA_random_seed(seed);
}

static enum error build(struct opcua_server *server, const struct opcua_server_options *options,
                        struct problem *ret_problem) {
    journal_init(&server->journal);
    server->address = strdup(options->address);
    server->trusted_folder = strdup(options->trusted_folder);
    server->rejected_folder = strdup(options->rejected_folder);
    if (server->address == NULL || server->trusted_folder == NULL || server->rejected_folder == NULL)
        return ERROR_NO_MEMORY;
    server->el = ua_eventloop_create(server->loop, NULL, NULL);
    if (server->el == NULL) return ERROR_NO_MEMORY;
    server_watch_connections(server);
    UA_ServerConfig config = {0};
    enum error error = configure(server, &config, options, ret_problem);
    if (error) {
        UA_ServerConfig_clean(&config); // and with it the event loop
        return error;
    }
    server->ua = UA_Server_newWithConfig(&config); // takes the configuration over, also when it fails
    seed_random();
    return server->ua != NULL ? server_show_capabilities(server) : ERROR_NO_MEMORY;
}

enum error opcua_server_open(struct loop *loop, const struct opcua_server_options *options,
                             struct opcua_server **ret_server, struct problem *ret_problem) {
    struct opcua_server *server = calloc(1, sizeof *server);
    if (server == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    server->loop = loop;
    server->login = options->login;
    server->opened = options->opened;
    server->disconnected = options->disconnected;
    server->closed = options->closed;
    server->refused = options->refused;
    server->context = options->context;
    server->port = options->port;
    enum error error = build(server, options, ret_problem);
    if (error) {
        if (error == ERROR_NO_MEMORY) error_ignore(problem_say(ret_problem, error, "%s", error_text(error)));
        opcua_server_close(server);
        return error;
    }
    *ret_server = server;
    return ERROR_NONE;
}

static enum error finish_objects(struct opcua_server *server, struct problem *ret_problem) {
    UA_StatusCode status = UA_STATUSCODE_GOOD;
    for (size_t i = 0; i < server->unfinished_count; i++) {
        if (status == UA_STATUSCODE_GOOD) status = UA_Server_addNode_finish(server->ua, server->unfinished[i]);
        UA_NodeId_clear(&server->unfinished[i]);
    }
    server->unfinished_count = 0;
    if (status == UA_STATUSCODE_GOOD) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INTERNAL, "an object does not fit its type (%s): %s",
                       UA_StatusCode_name(status), server->journal.complaint);
}

static enum error say_not_listening(const struct opcua_server *server, struct problem *ret_problem) {
    int error_number = ua_eventloop_wire(server->el)->connect_errno;
    if (error_number == EADDRINUSE)
        return problem_say(
            ret_problem, ERROR_EXISTS,
            "port %u on %s is in use by another program; stop it, or choose other ports (--port-offset N)",
            server->port, server->address);
    if (error_number != 0)
        return problem_say(ret_problem, error_from_errno(error_number), "cannot listen on %s port %u: %s",
                           server->address, server->port, strerror(error_number));
    return problem_say(ret_problem, ERROR_INTERNAL, "the OPC UA server does not start: %s", server->journal.complaint);
}

enum error opcua_server_serve(struct opcua_server *server, struct problem *ret_problem) {
    enum error error = finish_objects(server, ret_problem);
    if (error) return error;
    if (UA_Server_run_startup(server->ua) != UA_STATUSCODE_GOOD) return say_not_listening(server, ret_problem);
    server->serving = true;
    server->port = ua_eventloop_wire(server->el)->listen_port;
    return ERROR_NONE;
}

void opcua_server_close(struct opcua_server *server) {
    if (server == NULL) return;
    if (server->ua != NULL) {
        if (server->serving) UA_Server_run_shutdown(server->ua);
        UA_Server_delete(server->ua);
    }
    server_forget_sessions(server);
    history_destroy(server->history);
    for (size_t i = 0; i < server->unfinished_count; i++) UA_NodeId_clear(&server->unfinished[i]);
    free(server->unfinished);
    while (server->owned != NULL) {
        struct owned *next = server->owned->next;
        free(server->owned);
        server->owned = next;
    }
    free(server->address);
    free(server->trusted_folder);
    free(server->rejected_folder);
    free(server);
}

uint16_t opcua_server_port(const struct opcua_server *server) {
    return server->serving ? server->port : 0;
}

size_t opcua_server_session_count(const struct opcua_server *server) {
    return server->session_count;
}

void *server_own(struct opcua_server *server, size_t size) {
    struct owned *owned = calloc(1, size);
    if (owned == NULL) return NULL;
    owned->next = server->owned;
    server->owned = owned;
    return owned;
}
