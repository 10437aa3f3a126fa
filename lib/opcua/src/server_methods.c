// Methods: what the library calls back becomes an invocation of ours.

#include "server_internal.h"

#include <base/buffer.h>
#include <base/cleanup.h>

#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 32 }; // of one method, on the stack

struct method {
    struct owned owned; // first
    struct opcua_server *server;
    opcua_method_fn *call;
    void *context;
    size_t output_count;
    enum value_type outputs[ARGUMENTS_MAX];
};

/// The library has room for the outputs and checked the inputs against their declaration.
static UA_StatusCode on_call(UA_Server *ua, const UA_NodeId *session_id, void *session_context,
                             const UA_NodeId *method_id, void *method_context, const UA_NodeId *object_id,
                             void *object_context, size_t input_count, const UA_Variant *inputs, size_t output_count,
                             UA_Variant *outputs) {
    (void)ua, (void)session_id, (void)method_id, (void)object_id, (void)object_context;
    const struct method *method = method_context;
    const struct session *session = session_context;
    if (session == NULL || method->call == NULL) return UA_STATUSCODE_BADNOTIMPLEMENTED;
    if (input_count > ARGUMENTS_MAX || output_count != method->output_count) return UA_STATUSCODE_BADINTERNALERROR;
    struct value input_values[ARGUMENTS_MAX], output_values[ARGUMENTS_MAX];
    for (size_t i = 0; i < input_count; i++) input_values[i] = value_of_ua(&inputs[i]);
    for (size_t i = 0; i < output_count; i++) output_values[i] = (struct value){.type = method->outputs[i]};
    struct opcua_invocation call = {
        .caller = &session->caller,
        .inputs = input_values,
        .input_count = input_count,
        .outputs = output_values,
        .output_count = output_count,
    };
    status_code status = method->call(method->context, &call);
    for (size_t i = 0; i < output_count; i++) {
        UA_String string;
        UA_Variant variant;
        ua_variant(&output_values[i], &string, &variant);
        if (UA_Variant_copy(&variant, &outputs[i]) != UA_STATUSCODE_GOOD) return UA_STATUSCODE_BADOUTOFMEMORY;
    }
    return status;
}

static bool are_known(const struct opcua_argument *arguments, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ua_type(arguments[i].type) == NULL) return false;
    return count <= ARGUMENTS_MAX;
}

static struct method *keep_method(struct opcua_server *server, const struct opcua_method *description) {
    struct method *method = server_own(server, sizeof *method);
    if (method == NULL) return NULL;
    method->server = server;
    method->call = description->call;
    method->context = description->context;
    method->output_count = description->output_count;
    for (size_t i = 0; i < description->output_count; i++) method->outputs[i] = description->outputs[i].type;
    return method;
}

/// The property InputArguments or OutputArguments, at the method's path; none when there are none. The library would
/// add them as well, but leaks their NodeIds.
static enum error add_arguments(struct opcua_server *server, const struct opcua_names *method, const char *name,
                                uint32_t number, const struct opcua_argument *arguments, size_t count) {
    if (count == 0) return ERROR_NONE;
    UA_Argument array[ARGUMENTS_MAX];
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "%.*s/%s", TEXT_ARG(method->node.string), name);
    if (path.failed) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        UA_Argument_init(&array[i]);
        array[i].name = ua_text(arguments[i].name);
        array[i].description = ua_localized("en", arguments[i].description);
        array[i].dataType = ua_type(arguments[i].type)->typeId;
        array[i].valueRank = UA_VALUERANK_SCALAR;
    }
    struct text string = number == 0 ? buffer_view(&path) : TEXT_EMPTY;
    struct opcua_names names = {
        .node = {.namespace_index = method->node.namespace_index, .numeric = number, .string = string},
        .parent = method->node,
        .browse_name = text_of(name),
    };
    UA_Variant variant = {.type = &UA_TYPES[UA_TYPES_ARGUMENT],
                          .storageType = UA_VARIANT_DATA_NODELETE,
                          .arrayLength = count,
                          .data = array};
    return server_add_property(server, &names, variant);
}

enum error opcua_server_add_method(struct opcua_server *server, const struct opcua_names *names,
                                   const struct opcua_method *description) {
    if (!are_known(description->inputs, description->input_count) ||
        !are_known(description->outputs, description->output_count))
        return ERROR_UNSUPPORTED;
    struct method *method = keep_method(server, description);
    if (method == NULL) return ERROR_NO_MEMORY;
    struct node_parts parts = server_parts(names, UA_NS0ID_HASCOMPONENT);
    UA_MethodAttributes attributes = UA_MethodAttributes_default;
    attributes.displayName = parts.display_name;
    attributes.description = parts.description;
    attributes.executable = true;
    attributes.userExecutable = true;
    UA_StatusCode status = UA_Server_addNode_begin(server->ua, UA_NODECLASS_METHOD, parts.id, parts.parent,
                                                   parts.reference, parts.browse_name, UA_NODEID_NULL, &attributes,
                                                   &UA_TYPES[UA_TYPES_METHODATTRIBUTES], method, NULL);
    if (status != UA_STATUSCODE_GOOD) return server_node_error(status);
    uint32_t first = names->node.numeric == 0 ? 0 : names->node.numeric + 1;
    uint32_t second = first != 0 && description->input_count > 0 ? first + 1 : first;
    enum error error = server_complete_node(server, names);
    if (!error)
        error = add_arguments(server, names, "InputArguments", first, description->inputs, description->input_count);
    if (!error)
        error =
            add_arguments(server, names, "OutputArguments", second, description->outputs, description->output_count);
    if (error) return error;
    status = UA_Server_addMethodNode_finish(server->ua, parts.id, on_call, 0, NULL, 0, NULL);
    return server_node_error(status);
}
