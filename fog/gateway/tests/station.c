#include "station.h"

#include <base/cleanup.h>
#include <base/clock.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <testing/testing.h>

#include <cmocka.h>

static void check(enum error error) {
    if (error) fail_msg("%s", error_text(error));
}

/* ---- Values ---- */

static void write_data(struct station *station, const char *path, struct value value, status_code status) {
    for (size_t i = 0; i < station->variable_count; i++) {
        if (strcmp(station->variables[i].path, path) != 0) continue;
        struct opcua_data data = {
            .value = value, .status = status, .source_time_ns = (int64_t)clock_wall_ns() + station->clock_ahead_ns};
        return check(opcua_server_write(station->server, station->variables[i].variable, &data));
    }
    fail_msg("the station has no variable %s", path);
}

void station_write_bool(struct station *station, const char *path, bool value) {
    write_data(station, path, (struct value){.type = VALUE_BOOL, .boolean = value}, STATUS_Good);
}

void station_write_uint(struct station *station, const char *path, uint32_t value) {
    write_data(station, path, (struct value){.type = VALUE_UINT32, .uint32 = value}, STATUS_Good);
}

void station_write_bad(struct station *station, const char *path, status_code status) {
    write_data(station, path, (struct value){.type = VALUE_BOOL}, status);
}

void station_raise(struct station *station, const char *source, const char *message) {
    struct opcua_event event = {
        .source = text_of(source), .message = text_of(message), .severity = 300, .time_ns = (int64_t)clock_wall_ns()};
    check(opcua_server_raise(station->server, &event));
}

/* ---- Methods ---- */

static void note_call(struct station *station, const struct opcua_invocation *call) {
    station->last_session = call->caller->session;
    if (station->freeze_on_call != 0) kill(station->freeze_on_call, SIGSTOP);
    station->freeze_on_call = 0;
}

static status_code refuse(struct opcua_invocation *call) {
    call->outputs[call->output_count - 1].string = TEXT("emergency stop is active");
    return STATUS_BadInvalidState;
}

static status_code turn(struct station *station, struct opcua_invocation *call, const char *motor, const char *other) {
    int32_t direction = call->inputs[0].int32;
    buffer_print(&station->calls, "%s/setDirection(%d);", motor, direction);
    note_call(station, call);
    if (station->refuses) return refuse(call);
    char path[STATION_PATH_BYTES];
    snprintf(path, sizeof path, "belt/%s/on", station->confused ? other : motor);
    if (!station->sluggish) station_write_bool(station, path, direction != 0);
    call->outputs[0].int32 = direction;
    return STATUS_Good;
}

static status_code turn_motor(void *context, struct opcua_invocation *call) {
    return turn(context, call, "motor", "motor2");
}

static status_code turn_motor2(void *context, struct opcua_invocation *call) {
    return turn(context, call, "motor2", "motor");
}

static status_code stop_motor(void *context, struct opcua_invocation *call) {
    struct station *station = context;
    buffer_string(&station->calls, "motor/stop();");
    note_call(station, call);
    station_write_bool(station, "belt/motor/on", false);
    return STATUS_Good;
}

static status_code say(void *context, struct opcua_invocation *call) {
    struct station *station = context;
    buffer_print(&station->calls, "say(%.*s,%s);", TEXT_ARG(call->inputs[0].string),
                 call->inputs[1].boolean ? "true" : "false");
    note_call(station, call);
    return station->refuses ? refuse(call) : STATUS_Good;
}

static status_code lock(void *context, struct opcua_invocation *call) {
    const struct station *station = context;
    call->outputs[0].int32 = station->lock_answer;
    return STATUS_Good;
}

/* ---- Nodes ---- */

static struct opcua_node node_at(const struct station *station, const char *path) {
    return (struct opcua_node){.namespace_index = station->instances, .string = text_of(path)};
}

static struct opcua_node type_at(const struct station *station, const char *name) {
    return (struct opcua_node){.namespace_index = station->types, .string = text_of(name)};
}

/// "ST/belt/motor" below "ST/belt".
static struct opcua_names names_at(const struct station *station, const char *path) {
    const char *slash = strrchr(path, '/');
    struct opcua_node parent = OPCUA_OBJECTS_FOLDER;
    if (slash != NULL) parent = node_at(station, "");
    if (slash != NULL) parent.string = (struct text){path, (size_t)(slash - path)};
    return (struct opcua_names){.node = node_at(station, path),
                                .parent = parent,
                                .browse_namespace = station->instances,
                                .browse_name = text_of(slash == NULL ? path : slash + 1)};
}

static void add_type(struct station *station, const char *name, struct opcua_node parent) {
    struct opcua_names names = {.node = type_at(station, name),
                                .parent = parent,
                                .browse_namespace = station->types,
                                .browse_name = text_of(name)};
    check(opcua_server_add_object_type(station->server, &names));
}

static void add_object(struct station *station, const char *path, struct opcua_node type) {
    struct opcua_names names = names_at(station, path);
    check(opcua_server_add_object(station->server, &names, &type));
}

static void add_variable(struct station *station, const char *path, enum value_type type) {
    struct opcua_names names = names_at(station, path);
    assert_true(station->variable_count < STATION_VARIABLES);
    struct station_variable *variable = &station->variables[station->variable_count++];
    snprintf(variable->path, sizeof variable->path, "%s", path + strlen("ST/"));
    check(opcua_server_add_variable(station->server, &names, type, &variable->variable));
}

static void add_property(struct station *station, const char *path, const char *text) {
    struct opcua_names names = names_at(station, path);
    struct value value = {.type = VALUE_STRING, .string = text_of(text)};
    check(opcua_server_add_property(station->server, &names, &value));
}

static void add_seconds(struct station *station, const char *path, double seconds) {
    struct opcua_names names = names_at(station, path);
    struct value value = {.type = VALUE_DOUBLE, .real = seconds};
    check(opcua_server_add_property(station->server, &names, &value));
}

static void add_method(struct station *station, const char *path, const struct opcua_method *method) {
    struct opcua_names names = names_at(station, path);
    check(opcua_server_add_method(station->server, &names, method));
}

static void add_lock(struct station *station) {
    static const struct opcua_argument context = {TEXT("Context"), VALUE_STRING, TEXT("")};
    static const struct opcua_argument init = {TEXT("InitLockStatus"), VALUE_INT32, TEXT("")};
    static const struct opcua_argument renew = {TEXT("RenewLockStatus"), VALUE_INT32, TEXT("")};
    add_object(station, "ST/Lock", OPCUA_FOLDER_TYPE);
    struct opcua_method method = {&context, 1, &init, 1, lock, station};
    add_method(station, "ST/Lock/InitLock", &method);
    method = (struct opcua_method){NULL, 0, &renew, 1, lock, station};
    add_method(station, "ST/Lock/RenewLock", &method);
    add_property(station, "ST/Lock/LockingUser", "operator");
    add_property(station, "ST/Lock/LockingClient", "urn:test:panel");
}

static void add_motor(struct station *station, const char *name, opcua_method_fn *call) {
    static const struct opcua_argument inputs[] = {{TEXT("Direction"), VALUE_INT32, TEXT("")}};
    static const struct opcua_argument outputs[] = {{TEXT("State"), VALUE_INT32, TEXT("")},
                                                    {TEXT("Reason"), VALUE_STRING, TEXT("")}};
    char path[STATION_PATH_BYTES];
    snprintf(path, sizeof path, "ST/belt/%s", name);
    add_object(station, path, OPCUA_FOLDER_TYPE);
    snprintf(path, sizeof path, "ST/belt/%s/on", name);
    add_variable(station, path, VALUE_BOOL);
    snprintf(path, sizeof path, "ST/belt/%s/on/OnTrue", name);
    add_property(station, path, "setDirection(1)");
    snprintf(path, sizeof path, "ST/belt/%s/on/OnFalse", name);
    add_property(station, path, "setDirection(0)");
    snprintf(path, sizeof path, "ST/belt/%s/setDirection", name);
    struct opcua_method method = {inputs, 1, outputs, 2, call, station};
    add_method(station, path, &method);
}

static void add_things(struct station *station) {
    static const struct opcua_argument inputs[] = {{TEXT("Text"), VALUE_STRING, TEXT("")},
                                                   {TEXT("Loud"), VALUE_BOOL, TEXT("")}};
    static const struct opcua_argument outputs[] = {{TEXT("Reason"), VALUE_STRING, TEXT("")}};
    add_object(station, "ST/belt", type_at(station, "BeltType"));
    add_motor(station, "motor", turn_motor);
    add_motor(station, "motor2", turn_motor2);
    add_object(station, "ST/belt/sensor", OPCUA_FOLDER_TYPE);
    add_variable(station, "ST/belt/sensor/state", VALUE_BOOL);
    add_variable(station, "ST/belt/count", VALUE_UINT32);
    if (!station->without_part) add_variable(station, "ST/belt/part", VALUE_UINT32);
    if (station->with_limits) add_seconds(station, "ST/belt/count/MaxAge", 0.3);
    if (station->with_limits) add_seconds(station, "ST/belt/motor/on/TimeToLive", 0.5);
    struct opcua_method method = {inputs, 2, outputs, 1, say, station};
    add_method(station, "ST/belt/say", &method);
    method = (struct opcua_method){NULL, 0, &outputs[0], 1, stop_motor, station};
    add_method(station, "ST/belt/motor/stop", &method);
    add_object(station, "ST/gate", type_at(station, "ThingType"));
    add_variable(station, "ST/gate/open", VALUE_BOOL);
}

static void write_first_values(struct station *station) {
    station_write_bool(station, "belt/motor/on", false);
    station_write_bool(station, "belt/motor2/on", false);
    station_write_bool(station, "belt/sensor/state", false);
    station_write_uint(station, "belt/count", 7);
    if (!station->without_part) station_write_uint(station, "belt/part", 3);
    station_write_bool(station, "gate/open", true);
}

/* ---- From start to end ---- */

static bool login(void *context, struct text user, struct text password, enum opcua_role *ret_role) {
    (void)context;
    *ret_role = OPCUA_OPERATOR;
    return text_is(user, "gateway") && text_is(password, "password");
}

void station_open(struct station *station, struct loop *loop, const char *folder) {
    station->loop = loop;
    CLEANUP(free_at) char *certificate = testing_path(folder, "pki/opcua/edge.der");
    CLEANUP(free_at) char *key = testing_path(folder, "pki/opcua/edge.key.der");
    CLEANUP(free_at) char *trusted = testing_path(folder, "edge/trusted");
    CLEANUP(free_at) char *rejected = testing_path(folder, "edge/rejected");
    struct opcua_server_options options = {
        .address = "127.0.0.1",
        .port = station->port,
        .application_uri = "urn:serverless-plc:edge:ST",
        .application_name = "ST",
        .certificate_file = certificate,
        .key_file = key,
        .trusted_folder = trusted,
        .rejected_folder = rejected,
        .login = login,
    };
    struct problem problem = {0};
    if (opcua_server_open(loop, &options, &station->server, &problem)) fail_msg("%s", problem.text);
    station->instances = opcua_server_namespace(station->server, "urn:test:station");
    station->types = opcua_server_namespace(station->server, "urn:test:types");
    add_type(station, "StationType", OPCUA_BASE_OBJECT_TYPE);
    add_type(station, "ThingType", OPCUA_BASE_OBJECT_TYPE);
    add_type(station, "BeltType", type_at(station, "ThingType"));
    add_object(station, "ST", type_at(station, "StationType"));
    add_lock(station);
    add_things(station);
    write_first_values(station);
    if (opcua_server_serve(station->server, &problem)) fail_msg("%s", problem.text);
    station->port = opcua_server_port(station->server);
}

void station_close(struct station *station) {
    opcua_server_close(station->server);
    station->server = NULL;
    station->variable_count = 0;
}

void station_clear(struct station *station) {
    station_close(station);
    buffer_clear(&station->calls);
}
