#include "internal.h"

#include <base/clock.h>
#include <base/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* (1) Only this thread takes from the exchange and posts to it.
 * (2) A session's number goes to the scan as the holder of the control authority. The end of the session or of its
 *     connection is told after all its commands, and never lost: what does not fit into the ring waits in `ended`. */

static const uint64_t RETRY_NS = 10 * NS_PER_MS; // of a session's end that did not fit

struct session {
    struct session *next;
    struct opcua_caller caller;
    char *user, *application; // what the caller borrows
};

// --- from the scan ---

static const struct session *find_session(const struct server *server, uint32_t number) {
    const struct session *session = server->sessions;
    while (session != NULL && session->caller.session != number) session = session->next;
    return session;
}

static void write_text(struct server *server, struct opcua_variable *variable, const char *text, uint64_t time_ns) {
    struct opcua_data data = {.value = {.type = VALUE_STRING, .string = text_of(text)},
                              .source_time_ns = (int64_t)time_ns};
    error_ignore(opcua_server_write(server->opcua, variable, &data)); // only memory can be missing: the next one tells
}

/// The scan knows the holder by number; people want to know who it is.
static void show_holder(struct server *server, const struct scan_change *change) {
    const struct session *session = find_session(server, change->value.uint32);
    write_text(server, server->locking_client, session == NULL ? "" : session->application, change->time_ns);
    write_text(server, server->locking_user, session == NULL ? "" : session->user, change->time_ns);
}

static void show(struct server *server, const struct scan_change *change) {
    forcing_see(server, change);
    if (change->tag == server->holder) {
        show_holder(server, change);
        return;
    }
    struct opcua_variable *variable = server->variables[change->tag];
    if (variable == NULL) return;
    char text[PROGRAM_TEXT_BYTES];
    struct opcua_data data = {
        .value = program_value(server->options.program, change->tag, change->value, text),
        .status = change->quality,
        .source_time_ns = (int64_t)change->time_ns,
    };
    enum error error = opcua_server_write(server->opcua, variable, &data);
    if (!error) return;
    const struct program_tag *tag = program_tag(server->options.program, change->tag);
    log_error("%.*s: value not shown: %s", TEXT_ARG(tag->path), error_text(error));
}

/// What the scan decided by itself: the control authority, the safe state, faults. A refused call is audited with its
/// arguments when it is answered.
static void audit_event(struct server *server, const struct scan_event *event, const struct program_event *text) {
    bool answered = event->id == SCAN_EVENT_COMMAND_REFUSED;
    log_line(answered ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "event: %.*s: %s", TEXT_ARG(text->source), text->message);
    if (answered) return;
    char action[PROGRAM_TEXT_BYTES], source[PROGRAM_TEXT_BYTES];
    snprintf(action, sizeof action, "%.*s", TEXT_ARG(text->name));
    snprintf(source, sizeof source, "%.*s", TEXT_ARG(text->source));
    const struct session *session = find_session(server, event->session);
    audit_write(server->audit, &(struct audit_entry){.caller = session == NULL ? NULL : &session->caller,
                                                     .action = action,
                                                     .object = source,
                                                     .outcome = "Good",
                                                     .reason = text->message});
}

static void raise(struct server *server, const struct scan_event *event) {
    struct program_event text;
    program_event_text(server->options.program, event, &text);
    struct opcua_event shown = {
        .source = text.source,
        .message = text_of(text.message),
        .severity = text.severity,
        .time_ns = (int64_t)event->time_ns,
    };
    diagnostics_see(server, event, &text);
    if (event->lost_before > 0)
        log_warning("%u events were lost: the scan raised more than the ring holds", event->lost_before);
    audit_event(server, event, &text);
    const struct program_module *module = program_module(server->options.program, event->module);
    enum error error = server_raise(server, text.name, module->path, &shown);
    if (error) log_error("event not sent: %s", error_text(error));
}

void server_drain(struct server *server) {
    uint64_t wakes;
    ssize_t length =
        read(runtime_wake_fd(server->options.runtime), &wakes, sizeof wakes); // first: what comes later wakes again
    (void)length;
    struct scan_change change;
    while (exchange_take_change(server->exchange, &change)) show(server, &change);
    struct scan_event event;
    while (exchange_take_event(server->exchange, &event)) raise(server, &event);
    struct scan_result result;
    while (exchange_take_result(server->exchange, &result)) {
        if (result.id != server->awaited || server->awaited == 0) continue;
        server->result = result;
        server->answered = true;
    }
}

static void on_wake(void *context, uint32_t events) {
    (void)events;
    server_drain(context);
}

// --- sessions ---

static bool post_end(struct server *server, uint32_t session) {
    struct scan_command command = {
        .id = ++server->last_command,
        .session = session,
        .module = program_lock(server->options.program),
        .method = PROGRAM_SESSION_GONE,
    };
    return exchange_post(server->exchange, &command);
}

static void on_retry(void *context) {
    struct server *server = context;
    while (server->ended_count > 0 && post_end(server, server->ended[server->ended_count - 1])) server->ended_count--;
    if (server->ended_count > 0) return;
    loop_timer_cancel(server->retry);
    server->retry = NULL;
}

void server_release_authority(struct server *server, uint32_t session) {
    if (post_end(server, session)) return;
    if (server->ended_count == server->ended_capacity) {
        size_t capacity = server->ended_capacity == 0 ? 16 : server->ended_capacity * 2;
        uint32_t *more = realloc(server->ended, capacity * sizeof *more);
        if (more == NULL) return; // then the lease ends by its time-out
        server->ended = more;
        server->ended_capacity = capacity;
    }
    server->ended[server->ended_count++] = session;
    if (server->retry == NULL) server->retry = loop_timer(server->loop, RETRY_NS, RETRY_NS, on_retry, server);
}

static void forget(struct session *session) {
    free(session->user);
    free(session->application);
    free(session);
}

static void audit_session(struct server *server, const struct opcua_caller *caller, const char *action) {
    log_info("%s: %u of %.*s with %.*s", action, caller->session, TEXT_ARG(caller->user),
             TEXT_ARG(caller->application));
    audit_write(server->audit, &(struct audit_entry){caller, action, "", "Good", ""});
}

static void on_opened(void *context, const struct opcua_caller *caller) {
    struct server *server = context;
    audit_session(server, caller, "session opened");
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) return; // its name is missing in LockingUser, nothing else
    session->user = text_copy(caller->user);
    session->application = text_copy(caller->application);
    session->caller =
        (struct opcua_caller){caller->session, caller->role, text_of(session->user), text_of(session->application)};
    session->next = server->sessions;
    server->sessions = session;
}

/// The session stays; the control authority does not wait for somebody who may never come back.
static void on_disconnected(void *context, const struct opcua_caller *caller) {
    audit_session(context, caller, "session disconnected");
    server_release_authority(context, caller->session);
}

static void on_closed(void *context, const struct opcua_caller *caller) {
    struct server *server = context;
    audit_session(server, caller, "session closed");
    server_release_authority(server, caller->session);
    for (struct session **at = &server->sessions; *at != NULL; at = &(*at)->next) {
        if ((*at)->caller.session != caller->session) continue;
        struct session *gone = *at;
        *at = gone->next;
        forget(gone);
        return;
    }
}

static void on_refused(void *context, const char *what) {
    struct server *server = context;
    log_warning("refused: %s", what);
    audit_write(server->audit, &(struct audit_entry){NULL, "connect", "", "refused", what});
}

static bool on_login(void *context, struct text user, struct text password, enum opcua_role *ret_role) {
    struct server *server = context;
    return users_login(server->users_file, user, password, ret_role);
}

// --- life ---

static enum error open_opcua(struct server *server, struct problem *ret_problem) {
    const struct server_options *options = &server->options;
    char uri[256], name[128];
    snprintf(uri, sizeof uri, "urn:serverless-plc:edge:%.*s", TEXT_ARG(options->plant->station->name));
    snprintf(name, sizeof name, "Serverless PLC edge %.*s", TEXT_ARG(options->plant->station->name));
    struct opcua_server_options opcua = {
        .address = options->address,
        .port = options->port,
        .application_uri = uri,
        .application_name = name,
        .certificate_file = options->certificate_file,
        .key_file = options->key_file,
        .trusted_folder = options->trusted_folder,
        .rejected_folder = options->rejected_folder,
        .login = on_login,
        .opened = on_opened,
        .disconnected = on_disconnected,
        .closed = on_closed,
        .refused = on_refused,
        .context = server,
    };
    return opcua_server_open(server->loop, &opcua, &server->opcua, ret_problem);
}

static enum error build(struct server *server, struct problem *ret_problem) {
    server->users_file = strdup(server->options.users_file);
    server->variables = calloc(program_tag_count(server->options.program), sizeof *server->variables);
    if (server->users_file == NULL || server->variables == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    enum error error = audit_open(server->options.audit_file, &server->audit, ret_problem);
    if (!error) error = open_opcua(server, ret_problem);
    if (!error) error = address_space_build(server, ret_problem);
    if (error) return error;
    server_drain(server); // the first values are there before the first client
    error = opcua_server_serve(server->opcua, ret_problem);
    if (error) return error;
    server->wake = loop_watch(server->loop, runtime_wake_fd(server->options.runtime), EPOLLIN, on_wake, server);
    if (server->wake != NULL) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
}

enum error server_open(struct loop *loop, const struct server_options *options, struct server **ret_server,
                       struct problem *ret_problem) {
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    server->loop = loop;
    server->options = *options;
    server->exchange = program_scan(options->program)->exchange;
    enum error error = build(server, ret_problem);
    if (error) {
        server_close(server);
        return error;
    }
    *ret_server = server;
    return ERROR_NONE;
}

void server_close(struct server *server) {
    if (server == NULL) return;
    loop_unwatch(server->wake);
    opcua_server_close(server->opcua); // closes the sessions, which are told to the scan
    loop_timer_cancel(server->retry);
    loop_timer_cancel(server->diagnostics_timer);
    while (server->sessions != NULL) {
        struct session *next = server->sessions->next;
        forget(server->sessions);
        server->sessions = next;
    }
    while (server->targets != NULL) {
        struct call_target *next = server->targets->next;
        free(server->targets);
        server->targets = next;
    }
    forcing_destroy(server->forcing);
    pin_nodes_destroy(server->pin_nodes);
    audit_close(server->audit);
    free(server->ended);
    free(server->variables);
    free(server->users_file);
    free(server);
}

uint16_t server_port(const struct server *server) {
    return opcua_server_port(server->opcua);
}

size_t server_session_count(const struct server *server) {
    return opcua_server_session_count(server->opcua);
}
