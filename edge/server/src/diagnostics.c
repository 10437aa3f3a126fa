// `STATION/Diagnostics`: the newest entries of the diagnostics buffer, and which program runs which model.

#include "build.h"

#include <base/clock.h>

#include <stdlib.h>

enum { SHOWN = 64 };                             // entries in the variable; the file has all
static const uint64_t LOOK_NS = 250 * NS_PER_MS; // for new entries, whoever made them: a person is not faster

static const struct {
    enum scan_event_id event;
    enum diagnostics_id entry;
} ENTRIES[] = {
    {SCAN_EVENT_POSITION_TIMEOUT, DIAGNOSTICS_POSITION_TIMEOUT},
    {SCAN_EVENT_TRIPPED, DIAGNOSTICS_EMERGENCY_STOP},
    {SCAN_EVENT_RELEASED, DIAGNOSTICS_EMERGENCY_STOP_RELEASED},
    {SCAN_EVENT_SAFE_STATE_ENTERED, DIAGNOSTICS_SAFE_STATE_ENTERED},
    {SCAN_EVENT_SAFE_STATE_LEFT, DIAGNOSTICS_SAFE_STATE_LEFT},
    {SCAN_EVENT_COMMAND_REFUSED, DIAGNOSTICS_COMMAND_REFUSED},
    {SCAN_EVENT_FAULT, DIAGNOSTICS_MODULE_FAULT},
    {SCAN_EVENT_LOCK_GRANTED, DIAGNOSTICS_AUTHORITY_GRANTED},
    {SCAN_EVENT_LOCK_RELEASED, DIAGNOSTICS_AUTHORITY_RELEASED},
    {SCAN_EVENT_LOCK_LOST, DIAGNOSTICS_AUTHORITY_LOST},
    {SCAN_EVENT_LOCK_BROKEN, DIAGNOSTICS_AUTHORITY_BROKEN},
    {SCAN_EVENT_FORCES_REMOVED, DIAGNOSTICS_FORCES_REMOVED},
};

static enum diagnostics_id entry_of(uint16_t event) {
    for (size_t i = 0; i < sizeof ENTRIES / sizeof ENTRIES[0]; i++)
        if (ENTRIES[i].event == event) return ENTRIES[i].entry;
    return DIAGNOSTICS_OTHER_EVENT;
}

void diagnostics_see(struct server *server, const struct scan_event *event, const struct program_event *text) {
    struct diagnostics *diagnostics = server->options.diagnostics;
    if (event->lost_before > 0)
        diagnostics_add(diagnostics, DIAGNOSTICS_EVENTS_LOST, TEXT_EMPTY, "%u events did not fit into the ring",
                        event->lost_before);
    diagnostics_add_event(diagnostics, entry_of(event->id), text->severity, event->time_ns, text->source,
                          text->message);
}

// --- shown ---

static void show_count(struct server *server, uint64_t count, int64_t now_ns) {
    struct opcua_data data = {.value = {.type = VALUE_UINT32, .uint32 = (uint32_t)count}, .source_time_ns = now_ns};
    error_ignore(opcua_server_write(server->opcua, server->diagnostics_count, &data)); // only memory can be missing
}

static void on_look(void *context) {
    struct server *server = context;
    struct diagnostics *diagnostics = server->options.diagnostics;
    uint64_t newest = diagnostics_count(diagnostics);
    recording_look(server);
    if (newest == server->diagnostics_shown) return;
    struct buffer lines[SHOWN] = {0};
    struct text texts[SHOWN];
    size_t count = 0;
    for (uint64_t sequence = newest; sequence > 0 && count < SHOWN; sequence--) {
        struct diagnostics_entry entry;
        if (!diagnostics_at(diagnostics, sequence, &entry)) break;
        diagnostics_print_json(&entry, &lines[count]);
        texts[count] = buffer_view(&lines[count]);
        count++;
    }
    int64_t now_ns = (int64_t)clock_wall_ns();
    enum error error = opcua_server_write_texts(server->opcua, server->diagnostics, texts, count, now_ns);
    show_count(server, newest, now_ns);
    if (!error) server->diagnostics_shown = newest;
    for (size_t i = 0; i < count; i++) buffer_clear(&lines[i]);
}

void diagnostics_build(struct build *build) {
    struct server *server = build->server;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    struct text path = build_path(build, &buffer, build->plant->station->path, "/", TEXT("Diagnostics"));
    build_own_object(build, path, TEXT("Diagnostics"));
    const struct server_identity *identity = &server->options.identity;
    build_own_text(build, path, "ModelHash", "SHA-256 of the plant model", identity->model_hash);
    build_own_text(build, path, "ModelVersion", "of the plant model", identity->model_version);
    build_own_text(build, path, "ProgramHash", "SHA-256 of the PLC's program file", identity->program_hash);
    build_own_text(build, path, "ProgramVersion", "of the PLC's program", identity->program_version);
    if (server->options.diagnostics == NULL) return;
    build_own_texts(build, path, "Buffer", "the newest entries, newest first, one JSON object each",
                    &server->diagnostics);
    build_own_variable(build, path, "Count", "entries since the buffer was made", VALUE_UINT32,
                       &server->diagnostics_count);
    recording_build(build, path);
    if (build->error) return;
    server->diagnostics_timer = loop_timer(server->loop, 0, LOOK_NS, on_look, server);
    if (server->diagnostics_timer == NULL) build_fail(build, ERROR_NO_MEMORY, path);
}
