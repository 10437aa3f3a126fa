// `STATION/Forcing`: an engineer forces points by their path. The scan holds the forces; here is who did it and when.
// That a point is not forced any more (the safe state takes forces off) the scan tells by the quality of its tag.

#include "build.h"

#include <base/clock.h>
#include <base/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USER_BYTES = 64, LINE_BYTES = 512 };

struct entry {
    uint32_t tag;
    double value;
    uint64_t time_ns; // wall
    char user[USER_BYTES];
};

struct forcing {
    struct opcua_variable *list;
    struct entry entries[SCAN_FORCES_MAX];
    size_t count;

    // The point that is being forced: the safe state may take the force off before the answer is here.
    uint32_t pending;
    bool pending_forced, pending_gone;
};

// --- the list ---

static struct entry *find(struct forcing *forcing, uint32_t tag) {
    for (size_t i = 0; i < forcing->count; i++)
        if (forcing->entries[i].tag == tag) return &forcing->entries[i];
    return NULL;
}

static struct text below_station(const struct server *server, struct text path) {
    return text_from(path, server->options.plant->station->path.length + 1);
}

static void print_value(const struct server *server, uint32_t tag, double value, char *text, size_t bytes) {
    if (program_tag(server->options.program, tag)->type == VALUE_BOOL)
        snprintf(text, bytes, "%s", value != 0 ? "true" : "false");
    else
        snprintf(text, bytes, "%.15g", value);
}

static void show_list(struct server *server) {
    struct forcing *forcing = server->forcing;
    CLEANUP(free_at) char *lines = calloc(forcing->count + 1, LINE_BYTES);
    CLEANUP(free_at) struct text *texts = calloc(forcing->count + 1, sizeof *texts);
    if (lines == NULL || texts == NULL) return; // the count is shown all the same
    for (size_t i = 0; i < forcing->count; i++) {
        const struct entry *entry = &forcing->entries[i];
        const struct program_tag *tag = program_tag(server->options.program, entry->tag);
        char time[CLOCK_TEXT_BYTES], value[32], *line = lines + i * LINE_BYTES;
        clock_text(entry->time_ns, time);
        print_value(server, entry->tag, entry->value, value, sizeof value);
        snprintf(line, LINE_BYTES, "%.*s = %s, %s, %s", TEXT_ARG(below_station(server, tag->path)), value, entry->user,
                 time);
        texts[i] = text_of(line);
    }
    error_ignore(opcua_server_write_texts(server->opcua, forcing->list, texts, forcing->count,
                                          (int64_t)clock_wall_ns())); // only memory can be missing
}

void forcing_see(struct server *server, const struct scan_change *change) {
    struct forcing *forcing = server->forcing;
    if (forcing == NULL) return;
    bool forced = change->quality == STATUS_GoodLocalOverride;
    if (change->tag == forcing->pending) {
        forcing->pending_gone = !forced && forcing->pending_forced;
        forcing->pending_forced = forced || forcing->pending_forced;
    }
    if (forcing->count == 0 || forced) return;
    struct entry *entry = find(forcing, change->tag);
    if (entry == NULL) return;
    *entry = forcing->entries[--forcing->count];
    show_list(server);
}

static void remember(struct server *server, uint32_t tag, double value, const struct opcua_caller *caller) {
    struct forcing *forcing = server->forcing;
    if (forcing->pending_gone) return;
    struct entry *entry = find(forcing, tag);
    if (entry == NULL && forcing->count == SCAN_FORCES_MAX) return; // the scan has no more either
    if (entry == NULL) entry = &forcing->entries[forcing->count++];
    *entry = (struct entry){.tag = tag, .value = value, .time_ns = clock_wall_ns()};
    snprintf(entry->user, sizeof entry->user, "%.*s", TEXT_ARG(caller->user));
    show_list(server);
}

// --- what is called ---

/// The scan's answer becomes the call's; every call is audited, done or not.
static status_code ask(struct server *server, struct opcua_invocation *call, struct scan_command *command,
                       const char *what) {
    const struct opcua_caller *caller = call->caller;
    command->id = ++server->last_command;
    command->session = caller->session;
    command->role = (uint8_t)caller->role;
    command->module = program_forcing(server->options.program);
    const char *why = NULL;
    status_code status = server_command(server, command, &why);
    char sentence[PROGRAM_TEXT_BYTES] = "";
    if (why == NULL) program_reason_text(server->options.program, server->result.reason, sentence);
    if (status_is_bad(status)) own_refuse(call, status, "%s", why == NULL ? sentence : why);
    own_audit(server, caller, "force", what, status, call->text);
    return status;
}

static void tell(struct server *server, enum diagnostics_id entry, const char *what,
                 const struct opcua_caller *caller) {
    char message[LINE_BYTES];
    uint16_t severity = diagnostics_severity(entry);
    snprintf(message, sizeof message, "%s by %.*s", what, TEXT_ARG(caller->user));
    diagnostics_add(server->options.diagnostics, entry, TEXT("Forcing"), "%.*s: %s", TEXT_ARG(caller->user), what);
    struct opcua_event event = {.source = TEXT("Forcing"),
                                .message = text_of(message),
                                .severity = severity,
                                .time_ns = (int64_t)clock_wall_ns()};
    struct text path = program_module(server->options.program, program_forcing(server->options.program))->path;
    enum error error = server_raise(server, TEXT("ForceChanged"), path, &event);
    if (error) log_error("event not sent: %s", error_text(error));
}

static uint32_t find_point(const struct server *server, struct text path) {
    CLEANUP(buffer_clear) struct buffer full = {0};
    buffer_text(&full, server->options.plant->station->path);
    buffer_byte(&full, '/');
    buffer_text(&full, path);
    if (full.failed) return SCAN_NO_TAG;
    uint32_t tag = program_find_tag(server->options.program, buffer_view(&full));
    return tag != SCAN_NO_TAG && program_tag(server->options.program, tag)->kind == PROGRAM_SIGNAL ? tag : SCAN_NO_TAG;
}

static bool read_number(struct text text, double *ret_value) {
    bool truth = text_is(text, "true");
    if (truth || text_is(text, "false")) {
        *ret_value = truth;
        return true;
    }
    return !text_to_real(text, ret_value);
}

/// Refused before the scan is asked.
static status_code no_point(const struct server *server, struct opcua_invocation *call) {
    (void)own_refuse(call, STATUS_BadInvalidArgument,
                     "there is no input or output \"%.*s\"; write its path below the station, as in "
                     "mps_conveyor/motor/direction/right/state",
                     TEXT_ARG(call->inputs[0].string));
    own_audit(server, call->caller, "force", "no such point", STATUS_BadInvalidArgument, call->text);
    return STATUS_BadInvalidArgument;
}

static status_code on_force(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    uint32_t tag = find_point(server, call->inputs[0].string);
    if (tag == SCAN_NO_TAG) return no_point(server, call);
    double value;
    if (!read_number(call->inputs[1].string, &value))
        return own_refuse(call, STATUS_BadInvalidArgument, "\"%.*s\" is no value; write true, false or a number",
                          TEXT_ARG(call->inputs[1].string));
    struct scan_command command = {.method = PROGRAM_FORCE, .argument_count = 2};
    command.arguments[0] = (struct scan_argument){.type = VALUE_UINT32, .value.uint32 = tag};
    command.arguments[1] = (struct scan_argument){.type = VALUE_DOUBLE, .value.real = value};
    char what[LINE_BYTES], text[32];
    print_value(server, tag, value, text, sizeof text);
    snprintf(what, sizeof what, "forced %.*s to %s", TEXT_ARG(call->inputs[0].string), text);
    server->forcing->pending = tag;
    server->forcing->pending_forced = find(server->forcing, tag) != NULL;
    server->forcing->pending_gone = false;
    status_code status = ask(server, call, &command, what);
    if (status_is_bad(status)) return status;
    remember(server, tag, value, call->caller);
    tell(server, DIAGNOSTICS_FORCED, what, call->caller);
    return status;
}

static status_code on_unforce(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    uint32_t tag = find_point(server, call->inputs[0].string);
    if (tag == SCAN_NO_TAG) return no_point(server, call);
    struct scan_command command = {.method = PROGRAM_UNFORCE, .argument_count = 1};
    command.arguments[0] = (struct scan_argument){.type = VALUE_UINT32, .value.uint32 = tag};
    char what[LINE_BYTES];
    snprintf(what, sizeof what, "took the force off %.*s", TEXT_ARG(call->inputs[0].string));
    status_code status = ask(server, call, &command, what);
    if (!status_is_bad(status)) tell(server, DIAGNOSTICS_UNFORCED, what, call->caller);
    return status;
}

static status_code on_unforce_all(void *context, struct opcua_invocation *call) {
    struct server *server = context;
    struct scan_command command = {.method = PROGRAM_UNFORCE_ALL};
    status_code status = ask(server, call, &command, "took all forces off");
    if (!status_is_bad(status)) tell(server, DIAGNOSTICS_UNFORCED, "all forces taken off", call->caller);
    return status;
}

// --- nodes ---

void forcing_build(struct build *build) {
    struct server *server = build->server;
    server->forcing = calloc(1, sizeof *server->forcing);
    if (server->forcing == NULL) {
        build_fail(build, ERROR_NO_MEMORY, TEXT("Forcing"));
        return;
    }
    const struct opcua_argument point = {TEXT("Point"), VALUE_STRING,
                                         TEXT("path of an input or output below the station")};
    const struct own_method methods[] = {
        {"Force",
         "gives an input or output a fixed value; role engineer, and for outputs the control authority",
         {point, {TEXT("Value"), VALUE_STRING, TEXT("true, false or a number")}},
         on_force},
        {"Unforce", "the point is its own again; role engineer", {point}, on_unforce},
        {"UnforceAll", "all points are their own again; role engineer", {{.type = VALUE_NULL}}, on_unforce_all},
    };
    struct text path = program_module(build->program, program_forcing(build->program))->path;
    build_own_object(build, path, TEXT("Forcing"));
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) build_own_method(build, path, &methods[i], server);
    build_own_texts(build, path, "Forces", "what is forced: path = value, who, when", &server->forcing->list);
}

void forcing_destroy(struct forcing *forcing) {
    free(forcing);
}
