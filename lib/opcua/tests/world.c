#include "world.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <pki/pki.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char identities[PATH_BYTES];

static void make_certificate(const char *name) {
    char certificate[PATH_BYTES + 32], key[PATH_BYTES + 32], uri[64];
    snprintf(certificate, sizeof certificate, "%s/%s.der", identities, name);
    snprintf(key, sizeof key, "%s/%s.key.der", identities, name);
    snprintf(uri, sizeof uri, "urn:test:%s", name);
    struct pki_request request = {
        .common_name = name,
        .dns_names = (const char *[]){"localhost", NULL},
        .addresses = (const char *[]){"127.0.0.1", NULL},
        .uri = uri,
        .days = 30,
        .server = true,
        .client = true,
    };
    struct problem problem = {0};
    enum error error = pki_make_application_certificate(&request, certificate, key, &problem);
    if (error) fail_msg("%s", problem.text);
}

static void run_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run_command(const char *format, ...) {
    CLEANUP(buffer_clear) struct buffer command = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(&command, format, arguments);
    va_end(arguments);
    assert_int_equal(system(command.data), 0);
}

int world_make_identities(void **state) {
    (void)state;
    snprintf(identities, sizeof identities, "/tmp/splc-opcua-XXXXXX");
    assert_non_null(mkdtemp(identities));
    make_certificate("server");
    make_certificate("client");
    make_certificate("stranger");
    make_certificate("other");
    return 0;
}

int world_remove_identities(void **state) {
    (void)state;
    run_command("rm -rf '%s'", identities);
    return 0;
}

const char *world_path(const struct world *world, const char *name) {
    static char paths[16][2 * PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", world->folder, name);
    return path;
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

static void write_password(const struct world *world, const char *user) {
    char name[64], password[64];
    snprintf(name, sizeof name, "password-%s", user);
    snprintf(password, sizeof password, "secret-%s\n", user);
    assert_int_equal(file_write(world_path(world, name), text_of(password), 0600, NULL), ERROR_NONE);
}

struct world *world_create(void) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    snprintf(world->folder, sizeof world->folder, "/tmp/splc-opcua-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    run_command("cp -p %s/*.der %s", identities, world->folder);
    assert_int_equal(mkdir(world_path(world, "trusted"), 0700), 0);
    run_command("cp %s/client.der %s/trusted", world->folder, world->folder);
    write_password(world, "viewer");
    write_password(world, "operator");
    write_password(world, "engineer");
    world->loop = loop_create();
    assert_non_null(world->loop);
    char trusted[2 * PATH_BYTES], rejected[2 * PATH_BYTES];
    snprintf(trusted, sizeof trusted, "%s/trusted", world->folder);
    snprintf(rejected, sizeof rejected, "%s/rejected", world->folder);
    struct opcua_server_options options = {
        .address = "127.0.0.1",
        .application_uri = "urn:test:server",
        .application_name = "Test",
        .certificate_file = world_path(world, "server.der"),
        .key_file = world_path(world, "server.key.der"),
        .trusted_folder = trusted,
        .rejected_folder = rejected,
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
    run_command("rm -rf '%s'", world->folder);
    free(world);
}

static void on_timeout(void *context) {
    struct world *world = context;
    world->timed_out = true;
    loop_stop(world->loop);
}

void world_run(struct world *world) {
    struct loop_timer *guard = loop_timer(world->loop, WAIT_S * NS_PER_S, 0, on_timeout, world);
    assert_int_equal(loop_run(world->loop), ERROR_NONE);
    if (world->timed_out) fail_msg("nothing happened within %d s", WAIT_S);
    loop_timer_cancel(guard);
}

static void on_over(void *context) {
    loop_stop(context);
}

void world_run_for(struct world *world, uint64_t ns) {
    assert_non_null(loop_timer(world->loop, ns, 0, on_over, world->loop));
    assert_int_equal(loop_run(world->loop), ERROR_NONE);
}

// --- guests ---

static void on_state(void *context, enum opcua_client_state state, const char *reason) {
    struct guest *guest = context;
    guest->state = state;
    snprintf(guest->reason, sizeof guest->reason, "%s", reason);
    loop_stop(guest->world->loop);
}

struct opcua_client_options guest_options(struct guest *guest, struct world *world, const char *user) {
    static char url[64];
    char name[64];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%u", opcua_server_port(world->server));
    snprintf(name, sizeof name, "password-%s", user);
    *guest = (struct guest){.world = world};
    return (struct opcua_client_options){
        .url = url,
        .application_uri = "urn:test:client",
        .certificate_file = world_path(world, "client.der"),
        .key_file = world_path(world, "client.key.der"),
        .server_certificate_file = world_path(world, "server.der"),
        .user = user,
        .password_file = world_path(world, name),
        .state = on_state,
        .context = guest,
    };
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
