// `STATION/Diagnostics`: recordings on request.

#include "build.h"

#include <base/clock.h>

#include <stdio.h>
#include <string.h>

void recording_look(struct server *server) {
    const struct server_recording *recording = server->options.recording;
    if (recording == NULL || server->recording == NULL) return;
    char file[SERVER_PATH_BYTES];
    snprintf(file, sizeof file, "%s", recording->file(recording->context));
    if (strcmp(file, server->recording_shown) == 0) return;
    struct opcua_data data = {.value = {.type = VALUE_STRING, .string = text_of(file)},
                              .source_time_ns = (int64_t)clock_wall_ns()};
    if (!opcua_server_write(server->opcua, server->recording, &data))
        memcpy(server->recording_shown, file, sizeof file);
}

static status_code finish(struct server *server, const struct opcua_invocation *call, const char *what,
                          status_code status) {
    own_audit(server, call->caller, "record", what, status, call->text);
    recording_look(server);
    return status;
}

static status_code no_engineer(struct opcua_invocation *call) {
    return own_refuse(call, STATUS_BadUserAccessDenied, "this needs the role engineer; log in as engineer");
}

static status_code on_start(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    const struct server_recording *recording = server->options.recording;
    struct problem problem = {0};
    uint32_t seconds = call->inputs[0].uint32, megabytes = call->inputs[1].uint32;
    char what[64];
    snprintf(what, sizeof what, "StartRecording(%u s, %u MB)", seconds, megabytes);
    status_code status = STATUS_Good;
    if (call->caller->role < OPCUA_ENGINEER)
        status = no_engineer(call);
    else if (recording->start(recording->context, call->caller->user, seconds, megabytes, &problem))
        status = own_refuse(call, STATUS_BadInvalidState, "%s", problem.text);
    return finish(server, call, what, status);
}

static status_code on_stop(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    const struct server_recording *recording = server->options.recording;
    struct problem problem = {0};
    status_code status = STATUS_Good;
    if (call->caller->role < OPCUA_ENGINEER)
        status = no_engineer(call);
    else if (recording->stop(recording->context, &problem))
        status = own_refuse(call, STATUS_BadInvalidState, "%s", problem.text);
    return finish(server, call, "StopRecording", status);
}

void recording_build(struct build *build, struct text diagnostics) {
    struct server *server = build->server;
    if (server->options.recording == NULL) return;
    static const struct own_method methods[] = {
        {"StartRecording",
         "records scans, commands and outputs from now on, for splc-edge replay; role engineer",
         {{TEXT("Seconds"), VALUE_UINT32, TEXT("then it ends; 0: when it is stopped")},
          {TEXT("Megabytes"), VALUE_UINT32, TEXT("so large the file may become; 0: 256")}},
         on_start},
        {"StopRecording", "the file is complete when it returns; role engineer", {{.type = VALUE_NULL}}, on_stop},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        build_own_method(build, diagnostics, &methods[i], server);
    build_own_variable(build, diagnostics, "Recording", "file of the recording that goes on; empty: none does",
                       VALUE_STRING, &server->recording);
    if (build->error) return;
    struct opcua_data none = {.value = {.type = VALUE_STRING}, .source_time_ns = (int64_t)clock_wall_ns()};
    build_fail(build, opcua_server_write(server->opcua, server->recording, &none), diagnostics);
    recording_look(server);
}
