// Connecting, the watchdog, and the end of a connection.

#include "client_internal.h"
#include "security.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/clock.h>
#include <pki/pki.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <open62541/server_config_default.h>

/*  CONNECTING --session active--> PREPARING --namespaces and limits read--> CONNECTED
 *       '----------------------------+-----------------------------------------+--> LOST
 *
 * (1) `phase` moves in `settle` only: called from the loop when nothing of the library is on the stack, so that the
 *     owner may close the client inside `state`.
 * (2) After `closed` no callback reaches the owner; `destroy` follows as soon as the stack allows. */

static const uint64_t CONNECT_TIMEOUT_NS = 5 * NS_PER_S;
static const uint64_t WATCHDOG_PERIOD_NS = NS_PER_S / 2;
static const uint64_t IDLE_NS = NS_PER_S; // then the client asks
static const uint64_t SILENCE_MAX_NS = 3 * NS_PER_S;
enum {
    ATTEMPTS_MAX = 4, // discovery takes two or three connections; a server that hangs up would be tried for ever
    SECURE_CHANNEL_LIFETIME_MS = 10 * 60 * 1000,
    SESSION_TIMEOUT_MS = 30 * 1000, // a session without its client: the server frees it then
    PASSWORD_BYTES_MAX = 1024,
};

// --- why it was lost ---

static bool is_certificate_problem(UA_StatusCode status) {
    switch (status) {
    case UA_STATUSCODE_BADSECURITYCHECKSFAILED:
    case UA_STATUSCODE_BADCERTIFICATEUNTRUSTED:
    case UA_STATUSCODE_BADCERTIFICATEINVALID:
    case UA_STATUSCODE_BADCERTIFICATETIMEINVALID:
    case UA_STATUSCODE_BADCERTIFICATEUSENOTALLOWED:
    case UA_STATUSCODE_BADCERTIFICATEURIINVALID:
    case UA_STATUSCODE_BADCERTIFICATECHAININCOMPLETE: return true;
    default: return false;
    }
}

static bool is_identity_problem(UA_StatusCode status) {
    return status == UA_STATUSCODE_BADUSERACCESSDENIED || status == UA_STATUSCODE_BADIDENTITYTOKENREJECTED ||
           status == UA_STATUSCODE_BADIDENTITYTOKENINVALID;
}

static void explain(struct opcua_client *client) {
    if (client->reason[0] != '\0') return; // it is known already
    char *reason = client->reason;
    const size_t size = sizeof client->reason;
    const char *name = UA_StatusCode_name(client->status);
    int error_number = ua_eventloop_wire(client->el)->connect_errno;
    if (client->phase != PHASE_CONNECTING)
        snprintf(reason, size, "connection to %s lost (%s)", client->url, name);
    else if (client->server_refused)
        snprintf(reason, size,
                 "the server at %s does not have the certificate %s; is it another server, or was its "
                 "certificate made anew?",
                 client->url, client->server_certificate_file);
    else if (is_certificate_problem(client->status))
        snprintf(reason, size,
                 "the server at %s does not trust the certificate %s (%s); on the server, move it from the "
                 "rejected certificates to the trusted ones",
                 client->url, client->certificate_file, name);
    else if (is_identity_problem(client->status) && client->session_tried)
        snprintf(reason, size,
                 "the server at %s refused the user \"%s\" (%s): wrong name or password; put the password that the "
                 "server knows into %s (on an edge of ours: remove that file and start again, both are made anew)",
                 client->url, client->user, name, client->password_file);
    else if (client->status == UA_STATUSCODE_BADIDENTITYTOKENREJECTED)
        snprintf(reason, size, "the server at %s offers no endpoint with Basic256Sha256, Sign & Encrypt and user name",
                 client->url);
    else if (error_number != 0)
        snprintf(reason, size, "no connection to %s: %s; is the server running?", client->url, strerror(error_number));
    else
        snprintf(reason, size, "no session at %s (%s)%s%s", client->url, name,
                 client->journal.complaint[0] == '\0' ? "" : ": ", client->journal.complaint);
}

void client_lose(struct opcua_client *client, const char *format, ...) {
    if (client->phase == PHASE_LOST || client->reason[0] != '\0') return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(client->reason, sizeof client->reason, format, arguments);
    va_end(arguments);
    UA_Client_disconnectSecureChannelAsync(client->ua);
}

// --- requests ---

static void on_response(UA_Client *ua, void *context, UA_UInt32 id, void *response) {
    (void)ua, (void)id;
    struct request *request = context;
    const UA_ResponseHeader *header = response;
    request->finish(request, header->serviceResult, response);
}

enum error client_send(struct opcua_client *client, const void *message, int request_type, int response_type,
                       struct request *request) {
    request->client = client;
    if (client->closed || client->phase == PHASE_LOST || client->phase == PHASE_CONNECTING) return ERROR_UNAVAILABLE;
    UA_StatusCode status = __UA_Client_AsyncService(client->ua, message, &UA_TYPES[request_type], on_response,
                                                    &UA_TYPES[response_type], request, NULL);
    if (status == UA_STATUSCODE_GOOD) return ERROR_NONE;
    return status == UA_STATUSCODE_BADOUTOFMEMORY ? ERROR_NO_MEMORY : ERROR_UNAVAILABLE;
}

bool client_is_too_much(UA_StatusCode status) {
    switch (status) {
    case UA_STATUSCODE_BADTOOMANYOPERATIONS:
    case UA_STATUSCODE_BADREQUESTTOOLARGE:
    case UA_STATUSCODE_BADRESPONSETOOLARGE:
    case UA_STATUSCODE_BADENCODINGLIMITSEXCEEDED: return true;
    default: return false;
    }
}

// --- what we must know before the owner may ask ---

enum prepare_node { NAMESPACES, READ_MAX, BROWSE_MAX, MONITOR_MAX, PREPARE_COUNT };
static const UA_UInt32 PREPARE_NODES[PREPARE_COUNT] = {
    [NAMESPACES] = UA_NS0ID_SERVER_NAMESPACEARRAY,
    [READ_MAX] = UA_NS0ID_SERVER_SERVERCAPABILITIES_OPERATIONLIMITS_MAXNODESPERREAD,
    [BROWSE_MAX] = UA_NS0ID_SERVER_SERVERCAPABILITIES_OPERATIONLIMITS_MAXNODESPERBROWSE,
    [MONITOR_MAX] = UA_NS0ID_SERVER_SERVERCAPABILITIES_OPERATIONLIMITS_MAXMONITOREDITEMSPERCALL,
};

/// 0 and absent both mean: no limit of theirs.
static uint32_t limit_of(const UA_DataValue *data) {
    struct value value = value_of_ua(&data->value);
    bool given = value.type == VALUE_UINT32 && value.uint32 != 0 && value.uint32 < OPERATIONS_MAX;
    return given ? value.uint32 : OPERATIONS_MAX;
}

static bool keep_namespaces(struct opcua_client *client, UA_Variant *variant) {
    if (!UA_Variant_hasArrayType(variant, &UA_TYPES[UA_TYPES_STRING])) return false;
    client->namespaces = variant->data; // taken over
    client->namespace_count = variant->arrayLength;
    UA_Variant_init(variant);
    return true;
}

static void on_prepared(struct request *request, UA_StatusCode status, void *message) {
    struct opcua_client *client = request->client;
    free(request);
    if (client->closed) return;
    UA_ReadResponse *response = message;
    bool complete = status == UA_STATUSCODE_GOOD && response->resultsSize == PREPARE_COUNT &&
                    keep_namespaces(client, &response->results[NAMESPACES].value);
    if (!complete) {
        client_lose(client, "the server at %s does not tell its namespaces (%s)", client->url,
                    UA_StatusCode_name(status));
        return;
    }
    client->read_max = limit_of(&response->results[READ_MAX]);
    client->browse_max = limit_of(&response->results[BROWSE_MAX]);
    client->monitor_max = limit_of(&response->results[MONITOR_MAX]);
    client->prepared = true;
}

static enum error read_values(struct opcua_client *client, const UA_UInt32 *nodes, size_t count,
                              void (*finish)(struct request *, UA_StatusCode, void *)) {
    UA_ReadValueId items[PREPARE_COUNT];
    for (size_t i = 0; i < count; i++) {
        UA_ReadValueId_init(&items[i]);
        items[i].nodeId = UA_NODEID_NUMERIC(0, nodes[i]);
        items[i].attributeId = UA_ATTRIBUTEID_VALUE;
    }
    UA_ReadRequest message;
    UA_ReadRequest_init(&message);
    message.nodesToRead = items;
    message.nodesToReadSize = count;
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) return ERROR_NO_MEMORY;
    request->finish = finish;
    enum error error = client_send(client, &message, UA_TYPES_READREQUEST, UA_TYPES_READRESPONSE, request);
    if (error) free(request);
    return error;
}

static void prepare(struct opcua_client *client) {
    UA_Client_getConfig(client->ua)->noReconnect = true; // needed until here: discovery is a connection of its own
    client->phase = PHASE_PREPARING;
    if (read_values(client, PREPARE_NODES, PREPARE_COUNT, on_prepared))
        client_lose(client, "the connection to %s broke", client->url);
}

// --- the watchdog ---

static void on_answer(struct request *request, UA_StatusCode status, void *message) {
    (void)message; // that it came is the answer: the connection's bytes count
    struct opcua_client *client = request->client;
    free(request);
    client->asked = false;
    bool ended = status == UA_STATUSCODE_BADSESSIONIDINVALID || status == UA_STATUSCODE_BADSESSIONCLOSED;
    if (ended && !client->closed)
        client_lose(client, "the server at %s has ended the session (%s)", client->url, UA_StatusCode_name(status));
}

static void watch(struct opcua_client *client, uint64_t now_ns) {
    uint64_t received_ns = ua_eventloop_wire(client->el)->received_ns;
    if (client->phase != PHASE_CONNECTED) {
        if (now_ns - client->opened_ns < CONNECT_TIMEOUT_NS) return;
        client_lose(client, "no answer from %s within %u s", client->url, (unsigned)(CONNECT_TIMEOUT_NS / NS_PER_S));
        return;
    }
    if (client->asked && received_ns < client->asked_ns && now_ns - client->asked_ns >= SILENCE_MAX_NS) {
        client_lose(client, "no answer from %s for %u s", client->url, (unsigned)(SILENCE_MAX_NS / NS_PER_S));
        return;
    }
    if (now_ns - received_ns < IDLE_NS) return client_subscriptions_watch(client, now_ns);
    if (client->asked) return;
    static const UA_UInt32 state = UA_NS0ID_SERVER_SERVERSTATUS_STATE;
    client->asked_ns = now_ns;
    client->asked = !read_values(client, &state, 1, on_answer);
}

static void on_watchdog(void *context) {
    struct opcua_client *client = context;
    UA_EventLoop *el = client->el;
    uint64_t now_ns = clock_monotonic_ns();
    bool late = now_ns - client->watched_ns > 2 * WATCHDOG_PERIOD_NS; // it was we who slept: judge next time
    client->watched_ns = now_ns;
    ua_eventloop_enter(el);
    if (!late && !client->closed && client->phase != PHASE_LOST) watch(client, now_ns);
    ua_eventloop_leave(el);
}

// --- life ---

static void destroy(struct opcua_client *client) {
    client->closed = true;
    loop_timer_cancel(client->begin);
    loop_timer_cancel(client->watchdog);
    if (client->ua != NULL) {
        // The session's end and the channel's go out now; nobody waits for the answers.
        ua_eventloop_mute(client->el);
        ua_eventloop_enter(client->el);
        if (client->session == UA_SESSIONSTATE_ACTIVATED) UA_Client_disconnectAsync(client->ua);
        UA_Client_disconnectSecureChannelAsync(client->ua);
        UA_Client_delete(client->ua);
    }
    client_subscriptions_destroy(client);
    client_requests_destroy(client);
    UA_Array_delete(client->namespaces, client->namespace_count, &UA_TYPES[UA_TYPES_STRING]);
    UA_ByteString_clear(&client->pinned);
    free(client->acknowledgements);
    free(client->url);
    free(client->user);
    free(client->certificate_file);
    free(client->password_file);
    free(client->server_certificate_file);
    free(client);
}

void opcua_client_close(struct opcua_client *client) {
    if (client == NULL || client->closed) return;
    client->closed = true;
    if (client->telling || ua_eventloop_is_busy(client->el)) return; // `settle` frees it
    destroy(client);
}

static void tell(struct opcua_client *client, enum opcua_client_state state, const char *reason) {
    client->telling = true;
    client->state(client->context, state, reason);
    client->telling = false;
}

static bool is_over(const struct opcua_client *client) {
    bool broken = client->status != UA_STATUSCODE_GOOD || client->reason[0] != '\0';
    return broken && client->channel == UA_SECURECHANNELSTATE_CLOSED;
}

static void lose(struct opcua_client *client) {
    explain(client);
    client->phase = PHASE_LOST;
    loop_timer_cancel(client->watchdog);
    client->watchdog = NULL;
    tell(client, OPCUA_LOST, client->reason);
}

/// After each excursion into the library.
static void settle(void *context) {
    struct opcua_client *client = context;
    bool active = client->session == UA_SESSIONSTATE_ACTIVATED && client->reason[0] == '\0';
    if (client->closed || client->phase == PHASE_LOST) {
        // nothing more to tell
    } else if (is_over(client)) {
        lose(client);
    } else if (active && client->phase == PHASE_CONNECTING) {
        prepare(client);
    } else if (active && client->phase == PHASE_PREPARING && client->prepared) {
        client->phase = PHASE_CONNECTED;
        tell(client, OPCUA_CONNECTED, "");
    }
    if (client->closed) destroy(client);
}

static void on_state(UA_Client *ua, UA_SecureChannelState channel, UA_SessionState session, UA_StatusCode status) {
    struct opcua_client *client = UA_Client_getContext(ua);
    if (channel == UA_SECURECHANNELSTATE_CONNECTING && client->channel != channel) client->attempts++;
    if (session >= UA_SESSIONSTATE_CREATED && session != UA_SESSIONSTATE_CLOSING) client->session_tried = true;
    client->channel = channel;
    client->session = session;
    client->status = status;
    if (client->attempts > ATTEMPTS_MAX && client->phase == PHASE_CONNECTING)
        client_lose(client, "the server at %s closes every connection%s%s", client->url,
                    client->journal.complaint[0] == '\0' ? "" : ": ", client->journal.complaint);
}

static void on_begin(void *context) {
    struct opcua_client *client = context;
    UA_EventLoop *el = client->el;
    client->begin = NULL;
    ua_eventloop_enter(el);
    UA_StatusCode status = UA_Client_connectAsync(client->ua, client->url);
    if (status != UA_STATUSCODE_GOOD) client->status = status;
    ua_eventloop_leave(el);
}

// --- opening ---

static void on_server_refused(void *context, const char *reason) {
    (void)reason;
    struct opcua_client *client = context;
    client->server_refused = true;
}

static enum error set_identity(UA_ClientConfig *config, const struct opcua_client_options *options,
                               struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer password = {0};
    enum error error = pki_secret_read(options->password_file, &password, ret_problem);
    if (error) return error;
    UA_StatusCode status = UA_ClientConfig_setAuthenticationUsername(config, options->user, password.data);
    explicit_bzero(password.data, password.length);
    return status == UA_STATUSCODE_GOOD ? ERROR_NONE : ERROR_NO_MEMORY;
}

static enum error set_certificates(struct opcua_client *client, UA_ClientConfig *config,
                                   const struct opcua_client_options *options, struct problem *ret_problem) {
    UA_ByteString certificate = UA_BYTESTRING_NULL, key = UA_BYTESTRING_NULL;
    enum error error = security_load(options->certificate_file, "certificate of the client", &certificate, ret_problem);
    if (!error) error = security_load_key(options->key_file, "key of the client", &key, ret_problem);
    if (!error)
        error =
            security_load(options->server_certificate_file, "certificate of the server", &client->pinned, ret_problem);
    bool read = !error;
    if (!error)
        error = security_policies(&certificate, &key, config->logging, &config->securityPolicies,
                                  &config->securityPoliciesSize, ret_problem);
    if (!error)
        error = security_password_policy(&certificate, &key, config->logging, &config->authSecurityPolicies,
                                         &config->authSecurityPoliciesSize, ret_problem);
    if (read && error) error = security_name_files(error, options->certificate_file, options->key_file, ret_problem);
    security_forget(&key);
    UA_ByteString_clear(&certificate);
    if (error) return error;
    struct security_trust trust = {
        .pinned = &client->pinned, .logger = config->logging, .refused = on_server_refused, .context = client};
    if (config->certificateVerification.clear != NULL)
        config->certificateVerification.clear(&config->certificateVerification);
    return security_verification(&trust, &config->certificateVerification) == UA_STATUSCODE_GOOD ? ERROR_NONE
                                                                                                 : ERROR_NO_MEMORY;
}

static bool set_names(UA_ClientConfig *config, const struct opcua_client_options *options) {
    config->clientDescription.applicationUri = UA_String_fromChars(options->application_uri);
    config->clientDescription.applicationType = UA_APPLICATIONTYPE_CLIENT;
    config->clientDescription.applicationName = UA_LOCALIZEDTEXT_ALLOC("en", options->application_uri);
    config->sessionName = UA_String_fromChars(options->application_uri);
    config->securityPolicyUri = UA_String_fromChars(POLICY_BASIC256SHA256);
    return config->clientDescription.applicationUri.data != NULL && config->sessionName.data != NULL &&
           config->securityPolicyUri.data != NULL;
}

static enum error configure(struct opcua_client *client, UA_ClientConfig *config,
                            const struct opcua_client_options *options, struct problem *ret_problem) {
    config->logging = &client->journal.logger;
    config->clientContext = client;
    config->stateCallback = on_state;
    config->eventLoop = client->el;
    config->timeout = REQUEST_TIMEOUT_MS;
    config->secureChannelLifeTime = SECURE_CHANNEL_LIFETIME_MS;
    config->requestedSessionTimeout = SESSION_TIMEOUT_MS;
    config->localConnectionConfig = UA_ConnectionConfig_default;
    config->securityMode = UA_MESSAGESECURITYMODE_SIGNANDENCRYPT;
    config->noNewSession = true;
    if (!set_names(config, options)) return ERROR_NO_MEMORY;
    enum error error = set_certificates(client, config, options, ret_problem);
    if (!error) error = set_identity(config, options, ret_problem);
    return error;
}

static bool keep_texts(struct opcua_client *client, const struct opcua_client_options *options) {
    client->url = strdup(options->url);
    client->user = strdup(options->user);
    client->certificate_file = strdup(options->certificate_file);
    client->password_file = strdup(options->password_file);
    client->server_certificate_file = strdup(options->server_certificate_file);
    return client->url != NULL && client->user != NULL && client->certificate_file != NULL &&
           client->password_file != NULL && client->server_certificate_file != NULL;
}

/// Half-built objects are taken apart by `destroy`.
static enum error build(struct opcua_client *client, const struct opcua_client_options *options,
                        struct problem *ret_problem) {
    journal_init(&client->journal);
    if (!keep_texts(client, options)) return ERROR_NO_MEMORY;
    client->el = ua_eventloop_create(client->loop, settle, client);
    if (client->el == NULL) return ERROR_NO_MEMORY;
    UA_ClientConfig config = {0};
    enum error error = configure(client, &config, options, ret_problem);
    if (!error) client->ua = UA_Client_newWithConfig(&config); // takes the configuration over
    if (client->ua == NULL) {
        UA_ClientConfig_clear(&config); // and with it the event loop
        return error ? error : ERROR_NO_MEMORY;
    }
    client->begin = loop_timer(client->loop, 0, 0, on_begin, client);
    client->watchdog = loop_timer(client->loop, WATCHDOG_PERIOD_NS, WATCHDOG_PERIOD_NS, on_watchdog, client);
    return client->begin != NULL && client->watchdog != NULL ? ERROR_NONE : ERROR_NO_MEMORY;
}

enum error opcua_client_open(struct loop *loop, const struct opcua_client_options *options,
                             struct opcua_client **ret_client, struct problem *ret_problem) {
    struct opcua_client *client = calloc(1, sizeof *client);
    if (client == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    client->loop = loop;
    client->state = options->state;
    client->context = options->context;
    client->channel = UA_SECURECHANNELSTATE_CLOSED;
    client->publishing_max = PUBLISH_REQUESTS;
    client->opened_ns = client->watched_ns = clock_monotonic_ns();
    enum error error = build(client, options, ret_problem);
    if (error) {
        if (error == ERROR_NO_MEMORY) error_ignore(problem_say(ret_problem, error, "%s", error_text(error)));
        destroy(client);
        return error;
    }
    *ret_client = client;
    return ERROR_NONE;
}

enum error opcua_client_namespace(struct opcua_client *client, const char *uri, uint16_t *ret_index) {
    UA_String wanted = ua_string(uri);
    for (size_t i = 0; i < client->namespace_count && i <= UINT16_MAX; i++) {
        if (!UA_String_equal(&client->namespaces[i], &wanted)) continue;
        *ret_index = (uint16_t)i;
        return ERROR_NONE;
    }
    return ERROR_NOT_FOUND;
}
