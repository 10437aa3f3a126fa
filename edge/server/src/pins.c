// `STATION/Pins` and the property `Draft` of each channel: an engineer drafts another pin map, has it checked, and lets
// it take effect as a whole, between two scans. What is in effect is kept in a file.

#include "build.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>

#include <stdio.h>
#include <stdlib.h>

enum { WHAT_BYTES = 512 };

struct pin_node {
    struct server *server;
    size_t index;                // of the channel in the pins
    struct opcua_variable *name; // what is in effect
};

struct pin_nodes {
    struct pin_node *nodes; // by index of the channel
    size_t made;            // of them
    struct opcua_variable *differences;
};

// --- what is shown ---

static int64_t now_ns(void) {
    return (int64_t)clock_wall_ns();
}

static void show_differences(struct server *server) {
    struct opcua_data data = {
        .value = {.type = VALUE_UINT32, .uint32 = (uint32_t)pins_differences(server->options.pins)},
        .source_time_ns = now_ns()};
    error_ignore(
        opcua_server_write(server->opcua, server->pin_nodes->differences, &data)); // only memory can be missing
}

static void show_names(struct server *server) {
    const struct pins *pins = server->options.pins;
    for (size_t i = 0; i < pins_count(pins); i++) {
        const struct pin_node *node = &server->pin_nodes->nodes[i];
        if (node->name == NULL) continue;
        struct opcua_data data = {.value = {.type = VALUE_STRING, .string = pins_applied(pins, i)},
                                  .source_time_ns = now_ns()};
        error_ignore(opcua_server_write(server->opcua, node->name, &data));
    }
}

static struct text on_read(void *context) {
    const struct pin_node *node = context;
    return pins_drafted(node->server->options.pins, node->index);
}

// --- drafts ---

static status_code on_write(void *context, const struct opcua_caller *caller, struct text signal) {
    const struct pin_node *node = context;
    struct server *server = node->server;
    struct pins *pins = server->options.pins;
    char what[WHAT_BYTES];
    const struct plant_channel *channel = pins_channel(pins, node->index);
    snprintf(what, sizeof what, "%.*s/%.*s: %.*s", TEXT_ARG(channel->module->path), TEXT_ARG(channel->name),
             TEXT_ARG(signal));
    struct problem problem = {0};
    status_code status = STATUS_Good;
    if (caller->role < OPCUA_ENGINEER)
        status = STATUS_BadUserAccessDenied;
    else if (pins_draft(pins, node->index, signal, &problem))
        status = STATUS_BadOutOfRange;
    own_audit(server, caller, "draft pin", what, status, problem.text);
    if (!status_is_bad(status)) show_differences(server);
    return status;
}

// --- the transaction ---

static status_code no_engineer(struct opcua_invocation *call) {
    return own_refuse(call, STATUS_BadUserAccessDenied, "this needs the role engineer; log in as engineer");
}

static status_code finish(struct server *server, const struct opcua_invocation *call, const char *what,
                          status_code status) {
    own_audit(server, call->caller, "pins", what, status, call->text);
    show_differences(server);
    return status;
}

static status_code on_check(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    struct problem problem = {0};
    if (pins_check(server->options.pins, &problem)) return own_refuse(call, STATUS_BadOutOfRange, "%s", problem.text);
    return STATUS_Good;
}

/// A recording that goes on has the map before the command that applies it.
static void note_for_recording(struct server *server, uint64_t command) {
    const struct server_recording *recording = server->options.recording;
    if (recording == NULL) return;
    CLEANUP(buffer_clear) struct buffer draft = {0};
    pins_print_draft(server->options.pins, &draft);
    if (!draft.failed) recording->pins(recording->context, command, buffer_view(&draft));
}

/// The scan's answer; a map that is on its way takes effect with the next scan.
static status_code apply_in_scan(struct server *server, struct opcua_invocation *call, struct scan_pin_table *table) {
    struct program *program = server->options.program;
    struct scan_command command = {
        .id = ++server->last_command,
        .session = call->caller->session,
        .module = program_pins(program),
        .method = PROGRAM_APPLY_PINS,
        .role = (uint8_t)call->caller->role,
    };
    note_for_recording(server, command.id);
    scan_offer_pins(program_scan(program), table);
    const char *why = NULL;
    status_code status = server_command(server, &command, &why);
    if (!status_is_bad(status)) return status;
    char sentence[PROGRAM_TEXT_BYTES] = "";
    if (why == NULL) program_reason_text(program, server->result.reason, sentence);
    return own_refuse(call, status, "%s", why == NULL ? sentence : why);
}

static status_code keep(struct server *server, struct opcua_invocation *call) {
    if (server->options.pins_file == NULL) return STATUS_Good;
    CLEANUP(buffer_clear) struct buffer file = {0};
    struct problem problem = {0};
    pins_print(server->options.pins, &file);
    enum error error = file.failed ? problem_say(&problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY))
                                   : file_write(server->options.pins_file, buffer_view(&file), 0600, &problem);
    if (!error) return STATUS_Good;
    return own_refuse(call, STATUS_BadUnexpectedError,
                      "the pins are in effect, but not kept: a restart brings back what was before (%s)", problem.text);
}

static status_code on_apply(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    struct pins *pins = server->options.pins;
    struct scan_pin_table *table = NULL;
    struct problem problem = {0};
    char what[WHAT_BYTES];
    size_t changed = pins_differences(pins);
    snprintf(what, sizeof what, "Apply: %zu channels", changed);
    status_code status = STATUS_Good;
    if (call->caller->role < OPCUA_ENGINEER)
        status = no_engineer(call);
    else if (pins_prepare(pins, &table, &problem))
        status = own_refuse(call, STATUS_BadOutOfRange, "%s", problem.text);
    if (!status_is_bad(status)) status = apply_in_scan(server, call, table);
    if (status_is_bad(status)) {
        diagnostics_add(server->options.diagnostics, DIAGNOSTICS_PINS_REFUSED, TEXT("Pins"), "%.*s: %s",
                        TEXT_ARG(call->caller->user), call->text);
        return finish(server, call, what, status);
    }
    pins_accept(pins);
    show_names(server);
    diagnostics_add(server->options.diagnostics, DIAGNOSTICS_PINS_APPLIED, TEXT("Pins"), "%.*s: %zu channels changed",
                    TEXT_ARG(call->caller->user), changed);
    return finish(server, call, what, keep(server, call));
}

static status_code on_revert(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    if (call->caller->role < OPCUA_ENGINEER) return no_engineer(call);
    pins_revert(server->options.pins);
    return finish(server, call, "Revert", STATUS_Good);
}

static status_code on_draft_model(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    if (call->caller->role < OPCUA_ENGINEER) return no_engineer(call);
    pins_to_model(server->options.pins);
    return finish(server, call, "DraftModel", STATUS_Good);
}

// --- nodes ---

void pins_build(struct build *build) {
    struct server *server = build->server;
    struct text path = program_module(build->program, program_pins(build->program))->path;
    build_own_object(build, path, TEXT("Pins"));
    if (server->options.pins == NULL || build->error) return;
    server->pin_nodes = calloc(1, sizeof *server->pin_nodes);
    struct pin_node *nodes = calloc(pins_count(server->options.pins) + 1, sizeof *nodes);
    if (server->pin_nodes == NULL || nodes == NULL) {
        free(nodes);
        build_fail(build, ERROR_NO_MEMORY, path);
        return;
    }
    server->pin_nodes->nodes = nodes;
    static const struct own_method methods[] = {
        {"Validate", "is the draft a map that can take effect?", {{.type = VALUE_NULL}}, on_check},
        {"Apply",
         "the draft takes effect as a whole, between two scans; role engineer and the control authority",
         {{.type = VALUE_NULL}},
         on_apply},
        {"Revert", "the draft becomes what is in effect; role engineer", {{.type = VALUE_NULL}}, on_revert},
        {"DraftModel",
         "the draft becomes what the plant model says; role engineer",
         {{.type = VALUE_NULL}},
         on_draft_model},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) build_own_method(build, path, &methods[i], server);
    build_own_variable(build, path, "Differences", "channels whose draft differs from what is in effect", VALUE_UINT32,
                       &server->pin_nodes->differences);
    if (!build->error) show_differences(server);
}

/// Channels come in the order of the pins; searching would take its time in a large plant.
static struct pin_node *node_of(struct server *server, const struct plant_channel *channel) {
    size_t index = server->pin_nodes->made;
    if (index == pins_count(server->options.pins) || pins_channel(server->options.pins, index) != channel) return NULL;
    struct pin_node *node = &server->pin_nodes->nodes[server->pin_nodes->made++];
    *node = (struct pin_node){.server = server, .index = index};
    return node;
}

void pins_add_channel(struct build *build, const struct plant_channel *channel, struct text channel_path,
                      struct opcua_variable *name) {
    struct server *server = build->server;
    if (build->error || server->pin_nodes == NULL) return;
    struct pin_node *node = node_of(server, channel);
    if (node == NULL) {
        build_fail(build, ERROR_INTERNAL, channel_path);
        return;
    }
    node->name = name;
    CLEANUP(buffer_clear) struct buffer path = {0};
    struct opcua_names names = {
        .node = {.namespace_index = build->station,
                 .string = build_path(build, &path, channel_path, "/", TEXT("Draft"))},
        .parent = {.namespace_index = build->station, .string = channel_path},
        .browse_namespace = build->station,
        .browse_name = TEXT("Draft"),
        .description = TEXT("the signal that this channel is to have, below the station; empty: none"),
    };
    struct opcua_entry entry = {on_read, on_write, node};
    build_fail(build, opcua_server_add_entry(server->opcua, &names, &entry), names.node.string);
    struct opcua_data data = {
        .value = {.type = VALUE_STRING, .string = pins_applied(server->options.pins, node->index)},
        .source_time_ns = now_ns()};
    build_fail(build, opcua_server_write(server->opcua, name, &data), names.node.string);
}

void pin_nodes_destroy(struct pin_nodes *nodes) {
    if (nodes == NULL) return;
    free(nodes->nodes);
    free(nodes);
}
