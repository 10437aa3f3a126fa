/// The edge's OPC UA server: address space from the plant model, values from the scan, calls into it.
/// What it serves is docs/spec/opcua.md.
///
///     scan --changes, events--> rings --wake-up--> this server --publish--> clients
///     scan <--commands-- ring <-- this server <--call-- clients, answered within a scan period
///
/// Threads: the loop's. It is the one reader and the one writer on this side of the exchange (scan/exchange.h).
#pragma once

#include <base/cleanup.h>
#include <base/loop.h>
#include <base/problem.h>
#include <diagnostics/diagnostics.h>
#include <pins/pins.h>
#include <program/program.h>
#include <runtime/runtime.h>

struct server;

/// Which program runs which model. All for people and tools to compare; texts are copied.
struct server_identity {
    const char *model_hash, *model_version, *program_hash, *program_version; // NULL: not known
};

/// Recordings on request, by `Diagnostics/StartRecording` (docs/spec/recording.md). Called in the loop.
struct server_recording {
    /// `seconds` 0: until it is stopped; `megabytes` 0: as many as there are by default. ERROR_EXISTS: one goes on.
    enum error (*start)(void *context, struct text user, uint32_t seconds, uint32_t megabytes,
                        struct problem *ret_problem);
    enum error (*stop)(void *context, struct problem *ret_problem); // ERROR_NOT_FOUND: none goes on
    const char *(*file)(void *context);                             // of the one that goes on; "": none does
    /// Before the command with that id: the pin map that it applies.
    void (*pins)(void *context, uint64_t command, struct text map);
    void *context;
};

struct server_options {
    const struct plant *plant;
    struct program *program;
    struct runtime *runtime; // running; must be stopped before the program is destroyed, not before the server closes
    uint64_t scan_period_ns;

    const char *address; // "127.0.0.1"
    uint16_t port;       // 0: any free one
    const char *certificate_file, *key_file;
    const char *trusted_folder, *rejected_folder;
    const char *users_file; // lines `name:role:hash`; read at every log-in
    const char *audit_file; // who did what; made when it is not there, appended to

    struct diagnostics *diagnostics; // must outlive the server; NULL: no buffer
    struct pins *pins;               // the pin map of the program, which must outlive the server; NULL: not editable
    const char *pins_file;           // where it is kept when it was changed
    struct server_identity identity;
    const struct server_recording *recording; // borrowed; NULL: none on request
};

/// Listens when it returns. ERROR_EXISTS: the port is in use; ERROR_NOT_FOUND: a certificate, or the folder of the
/// audit log, is missing.
enum error server_open(struct loop *loop, const struct server_options *options, struct server **ret_server,
                       struct problem *ret_problem);
/// Ends all sessions. NULL is fine.
void server_close(struct server *server);
CLEANUP_DEFINE(struct server, server_close)

uint16_t server_port(const struct server *server);
size_t server_session_count(const struct server *server);
