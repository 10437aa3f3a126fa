// Objects that no element of the model describes: what an engineer needs besides the plant.

#include "build.h"

#include <base/clock.h>

#include <stdarg.h>
#include <stdio.h>

struct text build_parent(struct text path) {
    while (path.length > 0 && path.data[path.length - 1] != '/') path.length--;
    if (path.length > 0) path.length--;
    return path;
}

struct opcua_node build_instance(const struct build *build, struct text path) {
    return (struct opcua_node){.namespace_index = build->station, .string = path};
}

struct opcua_names build_names(const struct build *build, struct text path) {
    struct text parent = build_parent(path);
    return (struct opcua_names){
        .node = build_instance(build, path),
        .parent = build_instance(build, parent),
        .browse_namespace = build->station,
        .browse_name = text_from(path, parent.length == 0 ? 0 : parent.length + 1),
    };
}

void build_own_object(struct build *build, struct text path, struct text type_name) {
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    struct opcua_node type = build_own_type(build, type_name, NULL, &buffer);
    if (build->error) return;
    struct opcua_names names = build_names(build, path);
    build_fail(build, opcua_server_add_object(build->server->opcua, &names, &type), path);
}

void build_own_method(struct build *build, struct text object, const struct own_method *method, void *context) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = build_names(build, build_path(build, &path, object, "/", text_of(method->name)));
    names.description = text_of(method->description);
    struct opcua_argument reason = {TEXT("Reason"), VALUE_STRING,
                                    TEXT("empty when done, otherwise why it was refused")};
    struct opcua_method plan = {
        .inputs = method->inputs, .outputs = &reason, .output_count = 1, .call = method->call, .context = context};
    while (plan.input_count < SCAN_ARGUMENTS_MAX && method->inputs[plan.input_count].name.length > 0)
        plan.input_count++;
    if (build->error) return;
    build_fail(build, opcua_server_add_method(build->server->opcua, &names, &plan), names.node.string);
}

void build_own_texts(struct build *build, struct text object, const char *name, const char *description,
                     struct opcua_variable **ret_variable) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = build_names(build, build_path(build, &path, object, "/", text_of(name)));
    names.description = text_of(description);
    if (build->error) return;
    build_fail(build, opcua_server_add_texts(build->server->opcua, &names, ret_variable), names.node.string);
}

void build_own_variable(struct build *build, struct text object, const char *name, const char *description,
                        enum value_type type, struct opcua_variable **ret_variable) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = build_names(build, build_path(build, &path, object, "/", text_of(name)));
    names.description = text_of(description);
    if (build->error) return;
    build_fail(build, opcua_server_add_variable(build->server->opcua, &names, type, ret_variable), names.node.string);
}

void build_own_text(struct build *build, struct text object, const char *name, const char *description,
                    const char *text) {
    struct opcua_variable *variable = NULL;
    build_own_variable(build, object, name, description, VALUE_STRING, &variable);
    if (build->error) return;
    struct opcua_data data = {.value = {.type = VALUE_STRING, .string = text_of(text)},
                              .source_time_ns = (int64_t)clock_wall_ns()};
    build_fail(build, opcua_server_write(build->server->opcua, variable, &data), text_of(name));
}

status_code own_refuse(struct opcua_invocation *call, status_code status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->text, sizeof call->text, format, arguments);
    va_end(arguments);
    call->outputs[call->output_count - 1].string = text_of(call->text);
    return status;
}

void own_audit(const struct server *server, const struct opcua_caller *caller, const char *action, const char *what,
               status_code status, const char *reason) {
    char name[STATUS_NAME_BYTES];
    audit_write(server->audit, &(struct audit_entry){caller, action, what, status_name(status, name), reason});
}
