/// What the files of the server share. server.c lives and dies, server_access.c knows who may what, server_nodes.c and
/// server_methods.c build the address space.
#pragma once

#include "convert.h"
#include "eventloop.h"
#include "journal.h"

#include <opcua/server.h>

#include <open62541/server.h>

struct history;
struct history_series;

/// Something of ours that a node points to; freed with the server.
struct owned {
    struct owned *next;
};

struct opcua_variable {
    struct owned owned; // first
    UA_NodeId id;       // its string follows this struct
    enum value_type type;
    bool duration;
    struct history_series *history; // NULL: not kept
};

struct session {
    struct session *next, **previous;
    struct opcua_caller caller;
    uintptr_t connection;     // where it was activated last; 0: that one is gone
    char *user, *application; // what the caller borrows
};

struct opcua_server {
    struct loop *loop;
    UA_EventLoop *el;
    UA_Server *ua;
    struct journal journal;
    bool serving;

    char *address, *trusted_folder, *rejected_folder;
    bool (*login)(void *context, struct text user, struct text password, enum opcua_role *ret_role);
    void (*opened)(void *context, const struct opcua_caller *caller);
    void (*disconnected)(void *context, const struct opcua_caller *caller);
    void (*closed)(void *context, const struct opcua_caller *caller);
    void (*refused)(void *context, const char *what);
    void *context;
    uint16_t port;

    struct history *history;
    struct owned *owned;
    UA_NodeId *unfinished; // objects: their type's members are checked when all of their own are there
    size_t unfinished_count, unfinished_capacity;

    struct session *sessions;
    size_t session_count;
    uint32_t last_session;
};

/// Puts our access control into the configuration. `server` must stay where it is.
UA_StatusCode server_set_access(struct opcua_server *server, UA_ServerConfig *config);
void server_forget_sessions(struct opcua_server *server);
/// Tells the owner which sessions lost their connection.
void server_watch_connections(struct opcua_server *server);
void server_refuse(struct opcua_server *server, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// HistoryRead into the configuration.
UA_StatusCode server_set_history(struct opcua_server *server, UA_ServerConfig *config);
size_t server_history_nodes_max(void);
/// Keeps the variable's values from now on; false when out of memory.
bool server_historize(struct opcua_server *server, struct opcua_variable *variable);

/// What the library leaves out of ServerCapabilities though the configuration has it.
enum error server_show_capabilities(struct opcua_server *server);

/// Memory that lives as long as the server; begins with a `struct owned`.
void *server_own(struct opcua_server *server, size_t size);

/// The library's refusal to add a node, in words.
enum error server_node_error(UA_StatusCode status);

struct node_parts {
    UA_NodeId id, parent, reference;
    UA_QualifiedName browse_name;
    UA_LocalizedText display_name, description;
};
/// What the library wants to hear of a node; borrows from `names`.
struct node_parts server_parts(const struct opcua_names *names, UA_UInt32 reference);
/// The German name and, below a type, that members are mandatory.
enum error server_complete_node(struct opcua_server *server, const struct opcua_names *names);
/// Its handle; NULL when out of memory.
struct opcua_variable *server_keep_variable(struct opcua_server *server, const struct opcua_names *names,
                                            enum value_type type);
/// A constant; a scalar or an array of the variant's type.
enum error server_add_property(struct opcua_server *server, const struct opcua_names *names, UA_Variant value);
