// Who may connect and what he may do: users by name and password, everything read-only, methods for whoever they let.

#include "server_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void server_refuse(struct opcua_server *server, const char *format, ...) {
    if (server->refused == NULL) return;
    char what[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    server->refused(server->context, what);
}

// --- sessions ---

static void free_session(struct session *session) {
    free(session->user);
    free(session->application);
    free(session);
}

static struct session *add_session(struct opcua_server *server, struct text user, struct text application,
                                   enum opcua_role role) {
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) return NULL;
    session->user = text_copy(user);
    session->application = text_copy(application);
    if (session->user == NULL || session->application == NULL) {
        free_session(session);
        return NULL;
    }
    session->caller = (struct opcua_caller){
        .session = ++server->last_session,
        .role = role,
        .user = text_of(session->user),
        .application = text_of(session->application),
    };
    session->next = server->sessions;
    session->previous = &server->sessions;
    if (server->sessions != NULL) server->sessions->previous = &session->next;
    server->sessions = session;
    server->session_count++;
    return session;
}

static void remove_session(struct opcua_server *server, struct session *session) {
    *session->previous = session->next;
    if (session->next != NULL) session->next->previous = session->previous;
    server->session_count--;
    free_session(session);
}

void server_forget_sessions(struct opcua_server *server) {
    while (server->sessions != NULL) {
        struct session *next = server->sessions->next;
        free_session(server->sessions);
        server->sessions = next;
    }
    server->session_count = 0;
}

/// Two sessions may share a connection.
static void on_connection_closed(void *context, uintptr_t connection) {
    struct opcua_server *server = context;
    for (struct session *session = server->sessions; session != NULL; session = session->next) {
        if (session->connection != connection) continue;
        session->connection = 0;
        if (server->disconnected != NULL) server->disconnected(server->context, &session->caller);
    }
}

void server_watch_connections(struct opcua_server *server) {
    struct ua_wire *wire = ua_eventloop_wire(server->el);
    wire->closed = on_connection_closed;
    wire->context = server;
}

/// Borrowed for the length of a callback.
static struct text application_of(UA_Server *ua, const UA_NodeId *session) {
    UA_ApplicationDescription description;
    UA_QualifiedName key = {0, ua_string("clientDescription")};
    UA_StatusCode status = UA_Server_getSessionAttribute_scalar(
        ua, session, key, &UA_TYPES[UA_TYPES_APPLICATIONDESCRIPTION], &description);
    return status == UA_STATUSCODE_GOOD ? text_of_ua(description.applicationUri) : TEXT_EMPTY;
}

/// Called again for a session that moves to another connection: then it must be the same user.
static UA_StatusCode activate_session(UA_Server *ua, UA_AccessControl *access, const UA_EndpointDescription *endpoint,
                                      const UA_ByteString *certificate, const UA_NodeId *id,
                                      const UA_ExtensionObject *token, void **session_context) {
    (void)endpoint, (void)certificate;
    struct opcua_server *server = access->context;
    bool by_name =
        (token->encoding == UA_EXTENSIONOBJECT_DECODED || token->encoding == UA_EXTENSIONOBJECT_DECODED_NODELETE) &&
        token->content.decoded.type == &UA_TYPES[UA_TYPES_USERNAMEIDENTITYTOKEN];
    if (!by_name) {
        server_refuse(server, "a session without user name");
        return UA_STATUSCODE_BADIDENTITYTOKENREJECTED;
    }
    const UA_UserNameIdentityToken *identity = token->content.decoded.data;
    struct text user = text_of_ua(identity->userName);
    enum opcua_role role;
    if (!server->login(server->context, user, text_of_ua(identity->password), &role)) {
        server_refuse(server, "user \"%.*s\": wrong name or password", TEXT_ARG(user));
        return UA_STATUSCODE_BADUSERACCESSDENIED;
    }
    struct session *session = *session_context;
    if (session != NULL && !text_equal(session->caller.user, user)) {
        server_refuse(server, "user \"%.*s\": the session is that of \"%s\"", TEXT_ARG(user), session->user);
        return UA_STATUSCODE_BADUSERACCESSDENIED;
    }
    if (session != NULL) {
        session->caller.role = role;
        session->connection = ua_eventloop_wire(server->el)->receiving;
        return UA_STATUSCODE_GOOD;
    }
    session = add_session(server, user, application_of(ua, id), role);
    if (session == NULL) return UA_STATUSCODE_BADOUTOFMEMORY;
    session->connection = ua_eventloop_wire(server->el)->receiving;
    *session_context = session;
    if (server->opened != NULL) server->opened(server->context, &session->caller);
    return UA_STATUSCODE_GOOD;
}

static void close_session(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *id, void *session_context) {
    (void)ua, (void)id;
    struct opcua_server *server = access->context;
    struct session *session = session_context;
    if (session == NULL) return; // never activated
    if (server->closed != NULL) server->closed(server->context, &session->caller);
    remove_session(server, session);
}

// --- rights ---

static UA_UInt32 rights_mask(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *session_context,
                             const UA_NodeId *node, void *node_context) {
    (void)ua, (void)access, (void)session, (void)session_context, (void)node, (void)node_context;
    return 0; // no attribute is writable
}

static UA_Byte access_level(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *session_context,
                            const UA_NodeId *node, void *node_context) {
    (void)ua, (void)access, (void)session, (void)node_context;
    const struct session *who = session_context;
    UA_Byte level = UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_HISTORYREAD; // of those that the node has
    bool ours = node->namespaceIndex > 0; // drafts; nothing of the library's own nodes is for clients to write
    if (ours && who != NULL && who->caller.role >= OPCUA_ENGINEER) level |= UA_ACCESSLEVELMASK_WRITE;
    return level;
}

/// Methods judge by themselves, so that they can say why.
static UA_Boolean executable(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *session_context,
                             const UA_NodeId *method, void *method_context) {
    (void)ua, (void)access, (void)session, (void)session_context, (void)method, (void)method_context;
    return true;
}

static UA_Boolean executable_on_object(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session,
                                       void *session_context, const UA_NodeId *method, void *method_context,
                                       const UA_NodeId *object, void *object_context) {
    (void)object, (void)object_context;
    return executable(ua, access, session, session_context, method, method_context);
}

static UA_Boolean no_add_node(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *context,
                              const UA_AddNodesItem *item) {
    (void)ua, (void)access, (void)session, (void)context, (void)item;
    return false;
}

static UA_Boolean no_add_reference(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *context,
                                   const UA_AddReferencesItem *item) {
    (void)ua, (void)access, (void)session, (void)context, (void)item;
    return false;
}

static UA_Boolean no_delete_node(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *context,
                                 const UA_DeleteNodesItem *item) {
    (void)ua, (void)access, (void)session, (void)context, (void)item;
    return false;
}

static UA_Boolean no_delete_reference(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *context,
                                      const UA_DeleteReferencesItem *item) {
    (void)ua, (void)access, (void)session, (void)context, (void)item;
    return false;
}

static UA_Boolean browse(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *context,
                         const UA_NodeId *node, void *node_context) {
    (void)ua, (void)access, (void)session, (void)context, (void)node, (void)node_context;
    return true;
}

/// To another session of the same user.
static UA_Boolean transfer(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *old_id, void *old_context,
                           const UA_NodeId *new_id, void *new_context) {
    (void)ua, (void)access, (void)old_id, (void)new_id;
    const struct session *old = old_context, *new = new_context;
    return old != NULL && new != NULL &&text_equal(old->caller.user, new->caller.user);
}

static UA_Boolean no_history_update(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *context,
                                    const UA_NodeId *node, UA_PerformUpdateType perform, const UA_DataValue *value) {
    (void)ua, (void)access, (void)session, (void)context, (void)node, (void)perform, (void)value;
    return false;
}

static UA_Boolean no_history_delete(UA_Server *ua, UA_AccessControl *access, const UA_NodeId *session, void *context,
                                    const UA_NodeId *node, UA_DateTime start, UA_DateTime end, bool modified) {
    (void)ua, (void)access, (void)session, (void)context, (void)node, (void)start, (void)end, (void)modified;
    return false;
}

static void clear(UA_AccessControl *access) {
    UA_Array_delete(access->userTokenPolicies, access->userTokenPoliciesSize, &UA_TYPES[UA_TYPES_USERTOKENPOLICY]);
    access->userTokenPolicies = NULL;
    access->userTokenPoliciesSize = 0;
}

UA_StatusCode server_set_access(struct opcua_server *server, UA_ServerConfig *config) {
    UA_UserTokenPolicy *by_name = UA_Array_new(1, &UA_TYPES[UA_TYPES_USERTOKENPOLICY]);
    if (by_name == NULL) return UA_STATUSCODE_BADOUTOFMEMORY;
    by_name->tokenType = UA_USERTOKENTYPE_USERNAME;
    by_name->policyId = UA_String_fromChars("username");
    config->accessControl = (UA_AccessControl){
        .context = server,
        .clear = clear,
        .userTokenPoliciesSize = 1,
        .userTokenPolicies = by_name,
        .activateSession = activate_session,
        .closeSession = close_session,
        .getUserRightsMask = rights_mask,
        .getUserAccessLevel = access_level,
        .getUserExecutable = executable,
        .getUserExecutableOnObject = executable_on_object,
        .allowAddNode = no_add_node,
        .allowAddReference = no_add_reference,
        .allowDeleteNode = no_delete_node,
        .allowDeleteReference = no_delete_reference,
        .allowBrowseNode = browse,
        .allowTransferSubscription = transfer,
        .allowHistoryUpdateUpdateData = no_history_update,
        .allowHistoryUpdateDeleteRawModified = no_history_delete,
    };
    return by_name->policyId.data != NULL ? UA_STATUSCODE_GOOD : UA_STATUSCODE_BADOUTOFMEMORY;
}
