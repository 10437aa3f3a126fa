// What a client of another kind may try: here the library's own, with all its possibilities.

#include "world.h"

#include <base/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <open62541/client_config_default.h>
#include <open62541/client_highlevel_async.h>
#include <open62541/plugin/log_stdout.h>

struct raw {
    struct world *world;
    UA_Client *client;
    struct loop_timer *turner; // the library's own event loop, turned once per millisecond
    UA_SessionState session;
    UA_StatusCode status;
    bool answered;
    UA_StatusCode answer;
    size_t endpoint_count;
};

static void turn(void *context) {
    struct raw *raw = context;
    UA_Client_run_iterate(raw->client, 0);
}

static void on_state(UA_Client *client, UA_SecureChannelState channel, UA_SessionState session, UA_StatusCode status) {
    struct raw *raw = UA_Client_getContext(client);
    (void)channel;
    raw->session = session;
    raw->status = status;
}

static UA_ByteString load(const struct raw *raw, const char *name) {
    UA_ByteString bytes = UA_BYTESTRING_NULL;
    FILE *file = fopen(world_path(raw->world, name), "rb");
    assert_non_null(file);
    assert_int_equal(UA_ByteString_allocBuffer(&bytes, 8192), UA_STATUSCODE_GOOD);
    bytes.length = fread(bytes.data, 1, bytes.length, file);
    fclose(file);
    return bytes;
}

static void connect_raw(struct raw *raw, struct world *world, const char *user, const char *password, bool encrypted) {
    *raw = (struct raw){.world = world};
    UA_ClientConfig config = {0};
    config.logging = UA_Log_Stdout_new(UA_LOGLEVEL_FATAL);
    if (encrypted) {
        UA_ByteString certificate = load(raw, "client.der"), key = load(raw, "client.key.der");
        UA_ByteString server = load(raw, "server.der");
        assert_int_equal(UA_ClientConfig_setDefaultEncryption(&config, certificate, key, &server, 1, NULL, 0),
                         UA_STATUSCODE_GOOD);
        UA_ByteString_clear(&certificate);
        UA_ByteString_clear(&key);
        UA_ByteString_clear(&server);
        config.securityMode = UA_MESSAGESECURITYMODE_SIGNANDENCRYPT;
    } else {
        assert_int_equal(UA_ClientConfig_setDefault(&config), UA_STATUSCODE_GOOD);
    }
    UA_String_clear(&config.clientDescription.applicationUri);
    config.clientDescription.applicationUri = UA_String_fromChars("urn:test:client");
    if (user != NULL) UA_ClientConfig_setAuthenticationUsername(&config, user, password);
    config.clientContext = raw;
    config.stateCallback = on_state;
    raw->client = UA_Client_newWithConfig(&config);
    char url[64];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%u", opcua_server_port(world->server));
    raw->turner = loop_timer(world->loop, 0, NS_PER_MS, turn, raw);
    UA_Client_connectAsync(raw->client, url);
}

static void await_session(struct raw *raw) {
    uint64_t until_ns = clock_monotonic_ns() + WAIT_S * NS_PER_S;
    while (raw->status == UA_STATUSCODE_GOOD && raw->session != UA_SESSIONSTATE_ACTIVATED) {
        assert_true(clock_monotonic_ns() < until_ns);
        world_run_for(raw->world, NS_PER_MS);
    }
}

static void close_raw(struct raw *raw) {
    UA_Client_disconnectAsync(raw->client);
    UA_Client_disconnectSecureChannelAsync(raw->client);
    loop_timer_cancel(raw->turner);
    UA_Client_delete(raw->client);
}

static void await_answer(struct raw *raw) {
    uint64_t until_ns = clock_monotonic_ns() + WAIT_S * NS_PER_S;
    while (!raw->answered) {
        assert_true(clock_monotonic_ns() < until_ns);
        world_run_for(raw->world, NS_PER_MS);
    }
    raw->answered = false;
}

static void on_answer(UA_Client *client, void *context, UA_UInt32 id, void *response) {
    struct raw *raw = context;
    (void)client, (void)id;
    raw->answered = true;
    raw->answer = ((UA_ResponseHeader *)response)->serviceResult;
}

// --- sessions ---

static void anonymous(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct raw raw;
    connect_raw(&raw, world, NULL, NULL, true);
    await_session(&raw);
    assert_int_equal(raw.status, UA_STATUSCODE_BADIDENTITYTOKENREJECTED); // no endpoint takes such a token
    assert_int_equal(world->opened, 0);
    close_raw(&raw);
}

static void anonymous_against_the_endpoints(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct raw raw;
    connect_raw(&raw, world, NULL, NULL, true);
    UA_ClientConfig *config = UA_Client_getConfig(raw.client);
    // An endpoint as if the server had promised anonymous sessions.
    UA_EndpointDescription *endpoint = &config->endpoint;
    char url[64];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%u", opcua_server_port(world->server));
    endpoint->endpointUrl = UA_String_fromChars(url);
    endpoint->securityMode = UA_MESSAGESECURITYMODE_SIGNANDENCRYPT;
    endpoint->securityPolicyUri = UA_String_fromChars("http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256");
    endpoint->serverCertificate = load(&raw, "server.der");
    endpoint->userIdentityTokens = UA_Array_new(1, &UA_TYPES[UA_TYPES_USERTOKENPOLICY]);
    endpoint->userIdentityTokensSize = 1;
    endpoint->userIdentityTokens[0].tokenType = UA_USERTOKENTYPE_ANONYMOUS;
    endpoint->userIdentityTokens[0].policyId = UA_String_fromChars("anonymous");
    await_session(&raw);
    assert_true(raw.status != UA_STATUSCODE_GOOD);
    assert_int_equal(world->opened, 0);
    close_raw(&raw);
}

static void no_session_without_encryption(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct raw raw;
    connect_raw(&raw, world, "operator", "secret-operator", false);
    await_session(&raw);
    assert_true(raw.status != UA_STATUSCODE_GOOD);
    assert_int_equal(world->opened, 0);
    close_raw(&raw);
}

static void on_endpoints(UA_Client *client, void *context, UA_UInt32 id, void *response) {
    struct raw *raw = context;
    const UA_GetEndpointsResponse *answer = response;
    (void)client, (void)id;
    raw->endpoint_count = answer->endpointsSize; // one per URL
    for (size_t i = 0; i < answer->endpointsSize; i++) {
        const UA_EndpointDescription *endpoint = &answer->endpoints[i];
        assert_int_equal(endpoint->securityMode, UA_MESSAGESECURITYMODE_SIGNANDENCRYPT);
        assert_int_equal(endpoint->userIdentityTokensSize, 1);
        assert_int_equal(endpoint->userIdentityTokens[0].tokenType, UA_USERTOKENTYPE_USERNAME);
    }
}

static void discovery_without_encryption(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct raw raw;
    connect_raw(&raw, world, NULL, NULL, false);
    UA_Client_getConfig(raw.client)->noSession = true;
    UA_SecureChannelState channel = UA_SECURECHANNELSTATE_CLOSED;
    while (channel != UA_SECURECHANNELSTATE_OPEN) {
        world_run_for(world, NS_PER_MS);
        UA_Client_getState(raw.client, &channel, NULL, NULL);
    }
    UA_GetEndpointsRequest request;
    UA_GetEndpointsRequest_init(&request);
    __UA_Client_AsyncService(raw.client, &request, &UA_TYPES[UA_TYPES_GETENDPOINTSREQUEST], on_endpoints,
                             &UA_TYPES[UA_TYPES_GETENDPOINTSRESPONSE], &raw, NULL);
    UA_ReadRequest read;
    UA_ReadRequest_init(&read);
    __UA_Client_AsyncService(raw.client, &read, &UA_TYPES[UA_TYPES_READREQUEST], on_answer,
                             &UA_TYPES[UA_TYPES_READRESPONSE], &raw, NULL);
    await_answer(&raw);
    // The server ends the channel as well; its end may overtake the answer.
    assert_true(raw.answer == UA_STATUSCODE_BADSECURITYPOLICYREJECTED ||
                raw.answer == UA_STATUSCODE_BADSECURECHANNELCLOSED);
    assert_true(raw.endpoint_count > 0); // answered before
    close_raw(&raw);
}

// --- writing ---

static void on_written(UA_Client *client, void *context, UA_UInt32 id, void *response) {
    struct raw *raw = context;
    (void)client, (void)id;
    const UA_WriteResponse *answer = response; // DeleteNodes answers alike
    raw->answered = true;
    raw->answer = answer->resultsSize == 1 ? answer->results[0] : answer->responseHeader.serviceResult;
}

static UA_NodeId speed_id(struct world *world) {
    return UA_NODEID_STRING(world->station, (char *)(uintptr_t) "MPS/motor/speed");
}

static UA_StatusCode write_attribute(struct raw *raw, UA_UInt32 attribute, void *value, int type) {
    UA_WriteValue item;
    UA_WriteValue_init(&item);
    item.nodeId = speed_id(raw->world);
    item.attributeId = attribute;
    item.value.hasValue = true;
    UA_Variant_setScalar(&item.value.value, value, &UA_TYPES[type]);
    UA_WriteRequest request;
    UA_WriteRequest_init(&request);
    request.nodesToWrite = &item;
    request.nodesToWriteSize = 1;
    __UA_Client_AsyncService(raw->client, &request, &UA_TYPES[UA_TYPES_WRITEREQUEST], on_written,
                             &UA_TYPES[UA_TYPES_WRITERESPONSE], raw, NULL);
    await_answer(raw);
    return raw->answer;
}

static void nothing_is_writable(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct raw raw;
    connect_raw(&raw, world, "engineer", "secret-engineer", true);
    await_session(&raw);
    assert_int_equal(raw.status, UA_STATUSCODE_GOOD);
    UA_Double value = 12;
    UA_StatusCode status = write_attribute(&raw, UA_ATTRIBUTEID_VALUE, &value, UA_TYPES_DOUBLE);
    assert_true(status == UA_STATUSCODE_BADNOTWRITABLE || status == UA_STATUSCODE_BADUSERACCESSDENIED);
    UA_LocalizedText name = UA_LOCALIZEDTEXT((char *)(uintptr_t) "en", (char *)(uintptr_t) "mine");
    assert_true(status_is_bad(write_attribute(&raw, UA_ATTRIBUTEID_DISPLAYNAME, &name, UA_TYPES_LOCALIZEDTEXT)));
    UA_Byte level = UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_WRITE;
    assert_true(status_is_bad(write_attribute(&raw, UA_ATTRIBUTEID_ACCESSLEVEL, &level, UA_TYPES_BYTE)));
    close_raw(&raw);
}

static void on_added(UA_Client *client, void *context, UA_UInt32 id, void *response) {
    struct raw *raw = context;
    (void)client, (void)id;
    const UA_AddNodesResponse *answer = response;
    raw->answered = true;
    raw->answer = answer->resultsSize == 1 ? answer->results[0].statusCode : answer->responseHeader.serviceResult;
}

static void no_node_is_added_or_deleted(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct raw raw;
    connect_raw(&raw, world, "engineer", "secret-engineer", true);
    await_session(&raw);
    UA_ObjectAttributes attributes = UA_ObjectAttributes_default;
    UA_AddNodesItem item;
    UA_AddNodesItem_init(&item);
    item.parentNodeId.nodeId = UA_NODEID_NUMERIC(0, UA_NS0ID_OBJECTSFOLDER);
    item.referenceTypeId = UA_NODEID_NUMERIC(0, UA_NS0ID_ORGANIZES);
    item.browseName = UA_QUALIFIEDNAME(world->station, (char *)(uintptr_t) "mine");
    item.nodeClass = UA_NODECLASS_OBJECT;
    item.typeDefinition.nodeId = UA_NODEID_NUMERIC(0, UA_NS0ID_FOLDERTYPE);
    UA_ExtensionObject_setValueNoDelete(&item.nodeAttributes, &attributes, &UA_TYPES[UA_TYPES_OBJECTATTRIBUTES]);
    UA_AddNodesRequest add;
    UA_AddNodesRequest_init(&add);
    add.nodesToAdd = &item;
    add.nodesToAddSize = 1;
    __UA_Client_AsyncService(raw.client, &add, &UA_TYPES[UA_TYPES_ADDNODESREQUEST], on_added,
                             &UA_TYPES[UA_TYPES_ADDNODESRESPONSE], &raw, NULL);
    await_answer(&raw);
    assert_int_equal(raw.answer, UA_STATUSCODE_BADUSERACCESSDENIED);
    UA_DeleteNodesItem gone = {.nodeId = speed_id(world), .deleteTargetReferences = true};
    UA_DeleteNodesRequest delete;
    UA_DeleteNodesRequest_init(&delete);
    delete.nodesToDelete = &gone;
    delete.nodesToDeleteSize = 1;
    __UA_Client_AsyncService(raw.client, &delete, &UA_TYPES[UA_TYPES_DELETENODESREQUEST], on_written,
                             &UA_TYPES[UA_TYPES_DELETENODESRESPONSE], &raw, NULL);
    await_answer(&raw);
    assert_int_equal(raw.answer, UA_STATUSCODE_BADUSERACCESSDENIED);
    close_raw(&raw);
}

// --- not reading ---

/// Asks for much, and takes no answer.
static void ask_for_much(struct raw *raw) {
    static UA_ReadValueId items[1000];
    for (size_t i = 0; i < 1000; i++) {
        UA_ReadValueId_init(&items[i]);
        items[i].nodeId = UA_NODEID_NUMERIC(0, UA_NS0ID_SERVER_SERVERSTATUS);
        items[i].attributeId = UA_ATTRIBUTEID_VALUE;
    }
    UA_ReadRequest request;
    UA_ReadRequest_init(&request);
    request.nodesToRead = items;
    request.nodesToReadSize = 1000;
    __UA_Client_AsyncService(raw->client, &request, &UA_TYPES[UA_TYPES_READREQUEST], on_answer,
                             &UA_TYPES[UA_TYPES_READRESPONSE], raw, NULL);
}

static void a_client_that_does_not_read_is_cut_off_and_nobody_waits_for_it(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct raw raw;
    connect_raw(&raw, world, "operator", "secret-operator", true);
    await_session(&raw);
    loop_timer_cancel(raw.turner); // from here on it reads nothing
    raw.turner = NULL;
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    UA_SecureChannelState channel = UA_SECURECHANNELSTATE_OPEN;
    for (int i = 0; i < 1000 && channel == UA_SECURECHANNELSTATE_OPEN; i++) {
        ask_for_much(&raw);
        world_run_for(world, NS_PER_MS);
        UA_Client_getState(raw.client, &channel, NULL, NULL);
    }
    assert_int_not_equal(channel, UA_SECURECHANNELSTATE_OPEN); // the server hung up
    assert_int_equal(guest.state, OPCUA_CONNECTED);
    struct guest second;
    guest_connect(&second, world, "operator");
    guest_clear(&second);
    guest_clear(&guest);
    UA_Client_disconnectSecureChannelAsync(raw.client);
    UA_Client_delete(raw.client);
}

// --- bytes that are no OPC UA ---

static void garbage_closes_only_its_own_connection(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct opcua_variable *speed;
    world_add_motor(world, &speed);
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "viewer");
    char command[160];
    snprintf(command, sizeof command, "bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u; echo GET / HTTP/1.0 >&3; echo >&3' &",
             opcua_server_port(world->server));
    for (int i = 0; i < 5; i++) assert_int_equal(system(command), 0);
    world_run_for(world, 200 * NS_PER_MS);
    assert_int_equal(guest.state, OPCUA_CONNECTED);
    struct guest second;
    guest_connect(&second, world, "operator");
    guest_clear(&second);
    guest_clear(&guest);
}

#define SENTENCE(text, function)                                                                                       \
    { text, function, NULL, NULL, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE("[opcua-1.2] anonymous sessions are not offered", anonymous),
        SENTENCE("[opcua-1.2] an anonymous session that is tried all the same is refused",
                 anonymous_against_the_endpoints),
        SENTENCE("[opcua-1.1] no session without encryption, with the right password neither",
                 no_session_without_encryption),
        SENTENCE("[opcua-1.1] discovery without encryption, and nothing else", discovery_without_encryption),
        SENTENCE("[opcua-3.3] nobody writes a variable or an attribute", nothing_is_writable),
        SENTENCE("[opcua-3.3] nobody adds or deletes a node", no_node_is_added_or_deleted),
        cmocka_unit_test(a_client_that_does_not_read_is_cut_off_and_nobody_waits_for_it),
        cmocka_unit_test(garbage_closes_only_its_own_connection),
    };
    return cmocka_run_group_tests_name("opcua refusals", tests, world_make_identities, world_remove_identities);
}
