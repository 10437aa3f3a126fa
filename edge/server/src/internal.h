/// What the files of the server share. server.c connects the rings with OPC UA, address_space.c builds the nodes,
/// call.c takes calls to the scan, users.c knows the users.
#pragma once

#include "audit.h"

#include <opcua/server.h>
#include <server/server.h>

struct session;

enum { SERVER_PATH_BYTES = 512 }; // of a recording that is shown; a longer one is cut

struct server {
    struct loop *loop;
    struct server_options options; // texts below are copies
    char *users_file;
    struct audit *audit;
    struct exchange *exchange;
    struct opcua_server *opcua;
    struct loop_watch *wake;

    struct opcua_variable **variables;                    // by tag; NULL: it is not shown as it is
    uint16_t station_namespace, event_namespace;          // of the instances; of the event types
    struct opcua_variable *locking_client, *locking_user; // made of the tag `holder`
    uint32_t holder;
    struct call_target *targets; // of all methods
    struct session *sessions;    // those that may hold the control authority
    uint32_t *ended;             // sessions whose end did not fit into the ring yet
    size_t ended_count, ended_capacity;
    struct loop_timer *retry;

    struct forcing *forcing;
    struct pin_nodes *pin_nodes;
    struct opcua_variable *diagnostics, *diagnostics_count;
    uint64_t diagnostics_shown; // entries
    struct opcua_variable *recording;
    char recording_shown[SERVER_PATH_BYTES];
    struct loop_timer *diagnostics_timer;

    uint64_t last_command;
    uint64_t awaited; // command whose result a call waits for; 0: none
    bool answered;
    struct scan_result result; // of `awaited`
};

/// All nodes of the plant. The problem names the node that could not be made.
enum error address_space_build(struct server *server, struct problem *ret_problem);

/// Where a method's calls go.
struct call_target {
    struct call_target *next;
    struct server *server;
    uint32_t module;
    uint16_t method;
    bool reason; // the last output is `Reason`
};
struct call_target *call_target_create(struct server *server, uint32_t module, uint16_t method, bool reason);
status_code call_method(void *context, struct opcua_invocation *call);
/// Posts a command with a fresh `id` and waits for its result, which is in `server->result` then. `ret_why` is set when
/// the scan gave none.
status_code server_command(struct server *server, const struct scan_command *command, const char **ret_why);

/// Takes what the scan has for us; a result that nobody waits for is dropped.
void server_drain(struct server *server);
/// Tells the scan that a session is gone or lost its connection, now or as soon as there is room: then it does not
/// hold the control authority any more.
void server_release_authority(struct server *server, uint32_t session);

/// Keeps an event in the diagnostics buffer.
void diagnostics_see(struct server *server, const struct scan_event *event, const struct program_event *text);

/// An event of type NAMEEventType from the object at the path `origin`; it fills in both (event_types.c).
enum error server_raise(struct server *server, struct text name, struct text origin, struct opcua_event *event);

/// Who forced what (forcing.c). A change of a tag tells whether it still is.
void forcing_see(struct server *server, const struct scan_change *change);
void forcing_destroy(struct forcing *forcing);   // NULL is fine
void pin_nodes_destroy(struct pin_nodes *nodes); // NULL is fine

struct user {
    struct text name, hash; // borrowed
    enum opcua_role role;
};
/// The next line that is neither empty nor a comment; false at the end. `ret_user` is set only when it is valid.
bool users_next(struct text *rest, unsigned *line_number, struct user *ret_user, bool *ret_valid);
/// True when the file has the user with this password. Takes as long for a user that is not there.
bool users_login(const char *file, struct text user, struct text password, enum opcua_role *ret_role);
