// `STATION/Lock`: the control authority as a LockingServicesType. Its variables are properties, as OPC 10000-100 has
// them; `Epoch` is our own.

#include "build.h"

#include <stdio.h>

static struct opcua_names lock_names(struct build *build, struct buffer *path, const char *name) {
    struct text lock = program_module(build->program, program_lock(build->program))->path;
    struct opcua_names names = build_names(build, build_path(build, path, lock, "/", text_of(name)));
    names.browse_namespace = build->devices;
    return names;
}

static void add_lock_text(struct build *build, const char *name, struct opcua_variable **ret_variable) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = lock_names(build, &path, name);
    if (build->error) return;
    struct opcua_variable_kind kind = {.type = VALUE_STRING, .property = true};
    build_fail(build, opcua_server_add_variable_of(build->server->opcua, &names, &kind, ret_variable),
               names.node.string);
}

void lock_build(struct build *build) {
    uint32_t module = program_lock(build->program);
    companion_lock(build, program_module(build->program, module)->path);
    build_module_methods(build, module, build->devices, PROGRAM_SESSION_GONE); // that one is the server's own
    add_lock_text(build, "LockingClient", &build->server->locking_client);
    add_lock_text(build, "LockingUser", &build->server->locking_user);
    build->server->holder = program_module(build->program, module)->first_tag + PROGRAM_HOLDER;
}

void lock_variable(struct build *build, uint32_t tag) {
    const struct program_tag *description = program_tag(build->program, tag);
    uint32_t which = tag - program_module(build->program, description->module)->first_tag;
    CLEANUP(buffer_clear) struct buffer path = {0};
    char name[PROGRAM_TEXT_BYTES];
    snprintf(name, sizeof name, "%.*s", TEXT_ARG(description->name));
    struct opcua_names names = lock_names(build, &path, name);
    if (which == PROGRAM_EPOCH) {
        names.browse_namespace = build->station;
        names.description = TEXT("grows by one with each grant; a holder that sees another number has been replaced");
    }
    if (build->error) return;
    struct opcua_variable_kind kind = {
        .type = description->type, .property = true, .duration = which == PROGRAM_REMAINING_LOCK_TIME};
    build_fail(build, opcua_server_add_variable_of(build->server->opcua, &names, &kind, &build->server->variables[tag]),
               names.node.string);
}
