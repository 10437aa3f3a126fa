#include "world.h"

#include <base/clock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <testing/testing.h>

static char *identities;

int world_make_identities(void **state) {
    (void)state;
    static const char *const names[] = {"server", "client", "stranger", "other"};
    static const char *const users[] = {"viewer", "operator", "engineer"};
    identities = testing_folder();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char uri[64];
        snprintf(uri, sizeof uri, "urn:test:%s", names[i]);
        party_identity(identities, names[i], uri);
    }
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) party_password(identities, users[i]);
    return 0;
}

int world_remove_identities(void **state) {
    (void)state;
    testing_remove(identities);
    free(identities);
    return 0;
}

const char *world_path(const struct world *world, const char *name) {
    return party_path(world->folder, name);
}

static bool login(void *context, struct text user, struct text password, enum opcua_role *ret_role) {
    (void)context;
    static const struct {
        const char *name, *password;
        enum opcua_role role;
    } users[] = {{"viewer", "secret-viewer", OPCUA_VIEWER},
                 {"operator", "secret-operator", OPCUA_OPERATOR},
                 {"engineer", "secret-engineer", OPCUA_ENGINEER}};
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        if (!text_is(user, users[i].name) || !text_is(password, users[i].password)) continue;
        *ret_role = users[i].role;
        return true;
    }
    return false;
}

static void on_opened(void *context, const struct opcua_caller *caller) {
    struct world *world = context;
    world->opened++;
    world->last_session = caller->session;
    assert_true(text_is(caller->application, "urn:test:client") || text_is(caller->application, "urn:test:stranger"));
}

static void on_closed(void *context, const struct opcua_caller *caller) {
    struct world *world = context;
    (void)caller;
    world->closed++;
}

static void on_refused(void *context, const char *what) {
    struct world *world = context;
    world->refusals++;
    snprintf(world->refusal, sizeof world->refusal, "%s", what);
}

struct world *world_create(void) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->folder = party_folder(identities);
    world->loop = loop_create();
    assert_non_null(world->loop);
    struct opcua_server_options options = {
        .address = "127.0.0.1",
        .application_uri = "urn:test:server",
        .application_name = "Test",
        .certificate_file = world_path(world, "server.der"),
        .key_file = world_path(world, "server.key.der"),
        .trusted_folder = world_path(world, "trusted"),
        .rejected_folder = world_path(world, "rejected"),
        .login = login,
        .opened = on_opened,
        .closed = on_closed,
        .refused = on_refused,
        .context = world,
    };
    struct problem problem = {0};
    if (opcua_server_open(world->loop, &options, &world->server, &problem)) fail_msg("%s", problem.text);
    world->station = opcua_server_namespace(world->server, STATION_URI);
    world->types = opcua_server_namespace(world->server, TYPES_URI);
    return world;
}

void world_serve(struct world *world) {
    struct problem problem = {0};
    if (opcua_server_serve(world->server, &problem)) fail_msg("%s", problem.text);
}

void world_destroy(struct world *world) {
    if (world == NULL) return;
    opcua_server_close(world->server);
    loop_destroy(world->loop);
    testing_remove(world->folder);
    free(world->folder);
    free(world);
}

void world_run(struct world *world) {
    party_run(world->loop);
}

void world_run_for(struct world *world, uint64_t ns) {
    party_run_for(world->loop, ns);
}

// --- guests ---

static void on_state(void *context, enum opcua_client_state state, const char *reason) {
    struct guest *guest = context;
    guest->state = state;
    snprintf(guest->reason, sizeof guest->reason, "%s", reason);
    loop_stop(guest->world->loop);
}

struct opcua_client_options guest_options(struct guest *guest, struct world *world, const char *user) {
    *guest = (struct guest){.world = world};
    struct opcua_client_options options =
        party_options(world->folder, opcua_server_port(world->server), "server", user);
    options.application_uri = "urn:test:client";
    options.state = on_state;
    options.context = guest;
    return options;
}

void guest_open(struct guest *guest, const struct opcua_client_options *options) {
    struct problem problem = {0};
    if (opcua_client_open(guest->world->loop, options, &guest->client, &problem)) fail_msg("%s", problem.text);
    assert_int_equal(guest->state, OPCUA_CONNECTING); // no callback from inside the call
}

void guest_wait(struct guest *guest) {
    world_run(guest->world);
}

void guest_connect(struct guest *guest, struct world *world, const char *user) {
    struct opcua_client_options options = guest_options(guest, world, user);
    guest_open(guest, &options);
    guest_wait(guest);
    if (guest->state != OPCUA_CONNECTED) fail_msg("%s", guest->reason);
    assert_int_equal(opcua_client_namespace(guest->client, STATION_URI, &guest->station), ERROR_NONE);
}

void guest_clear(struct guest *guest) {
    opcua_client_close(guest->client);
    guest->client = NULL;
}

// --- a motor ---

struct opcua_node station_node(const struct world *world, const char *path) {
    return (struct opcua_node){.namespace_index = world->station, .string = text_of(path)};
}

struct opcua_node type_node(const struct world *world, const char *path) {
    return (struct opcua_node){.namespace_index = world->types, .string = text_of(path)};
}

struct opcua_names station_names(const struct world *world, const char *path, struct opcua_node parent) {
    const char *slash = strrchr(path, '/');
    return (struct opcua_names){
        .node = station_node(world, path),
        .parent = parent,
        .browse_namespace = world->station,
        .browse_name = text_of(slash == NULL ? path : slash + 1),
    };
}

static status_code set_direction(void *context, struct opcua_invocation *call) {
    struct world *world = context;
    world->last_session = call->caller->session;
    if (call->caller->role < OPCUA_OPERATOR) {
        snprintf(call->text, sizeof call->text, "%.*s may only read", TEXT_ARG(call->caller->user));
        call->outputs[1].string = text_of(call->text);
        return STATUS_BadUserAccessDenied;
    }
    int32_t direction = call->inputs[0].int32;
    if (direction < -1 || direction > 1) {
        snprintf(call->text, sizeof call->text, "there is no direction %d", direction);
        call->outputs[1].string = text_of(call->text);
        return STATUS_BadOutOfRange;
    }
    call->outputs[0].int32 = direction;
    return STATUS_Good;
}

static const struct opcua_argument DIRECTION_INPUTS[] = {
    {TEXT("direction"), VALUE_INT32, TEXT("-1 left, 0 stop, 1 right")}};
static const struct opcua_argument DIRECTION_OUTPUTS[] = {{TEXT("State"), VALUE_INT32, TEXT("")},
                                                          {TEXT("Reason"), VALUE_STRING, TEXT("")}};

static void check(enum error error) {
    if (error) fail_msg("%s", error_text(error));
}

static void add_motor_type(struct world *world) {
    struct opcua_names names = {.node = type_node(world, "ThingType"),
                                .parent = OPCUA_BASE_OBJECT_TYPE,
                                .browse_namespace = world->types,
                                .browse_name = TEXT("ThingType")};
    check(opcua_server_add_object_type(world->server, &names));
    names.node = type_node(world, "MotorType");
    names.parent = type_node(world, "ThingType");
    names.browse_name = TEXT("MotorType");
    names.display_name = TEXT("Motor");
    names.display_name_de = TEXT("Antrieb");
    names.description = TEXT("turns both ways");
    check(opcua_server_add_object_type(world->server, &names));
    struct opcua_names member = {.node = type_node(world, "MotorType/speed"),
                                 .parent = names.node,
                                 .browse_namespace = world->types,
                                 .browse_name = TEXT("speed")};
    check(opcua_server_add_variable(world->server, &member, VALUE_DOUBLE, NULL));
    member.node = type_node(world, "MotorType/setDirection");
    member.browse_name = TEXT("setDirection");
    struct opcua_method method = {
        .inputs = DIRECTION_INPUTS, .input_count = 1, .outputs = DIRECTION_OUTPUTS, .output_count = 2};
    check(opcua_server_add_method(world->server, &member, &method));
}

void world_add_motor(struct world *world, struct opcua_variable **ret_speed) {
    add_motor_type(world);
    struct opcua_node station = station_node(world, "MPS"), motor = station_node(world, "MPS/motor");
    struct opcua_names names = station_names(world, "MPS", OPCUA_OBJECTS_FOLDER);
    check(opcua_server_add_object(world->server, &names, &OPCUA_FOLDER_TYPE));
    struct opcua_node type = type_node(world, "MotorType");
    names = station_names(world, "MPS/motor", station);
    names.display_name_de = TEXT("Bandantrieb");
    check(opcua_server_add_object(world->server, &names, &type));
    names = station_names(world, "MPS/motor/speed", motor);
    names.browse_namespace = world->types;
    check(opcua_server_add_variable(world->server, &names, VALUE_DOUBLE, ret_speed));
    struct opcua_names property = station_names(world, "MPS/motor/speed/EURange", names.node);
    property.browse_namespace = 0;
    check(opcua_server_add_property_range(world->server, &property, -100, 100));
    property = station_names(world, "MPS/motor/speed/EngineeringUnits", names.node);
    property.browse_namespace = 0;
    check(opcua_server_add_property_unit(world->server, &property, TEXT("mm/s"), "C16"));
    struct value bmk = {.type = VALUE_STRING, .string = TEXT("1M1")};
    property = station_names(world, "MPS/motor/Bmk", motor);
    check(opcua_server_add_property(world->server, &property, &bmk));
    struct opcua_method method = {.inputs = DIRECTION_INPUTS,
                                  .input_count = 1,
                                  .outputs = DIRECTION_OUTPUTS,
                                  .output_count = 2,
                                  .call = set_direction,
                                  .context = world};
    names = station_names(world, "MPS/motor/setDirection", motor);
    names.browse_namespace = world->types;
    names.description = TEXT("turns the motor");
    check(opcua_server_add_method(world->server, &names, &method));
}
