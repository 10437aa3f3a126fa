#include "server.h"

#include <base/clock.h>
#include <base/file.h>

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The library runs in the "external epoll" way: its epoll descriptor is one watch of our loop, and it runs whenever
 * that is ready or its own time-out is due. A request:
 *
 *   NEW --head--> RECEIVING --complete--> HANDLING --http_answer--> ANSWERED --sent--> freed
 *                                            |                        ^
 *                                            '--returns--> WAITING ---' (suspended; resumed by http_answer)
 *
 * (1) The library does not look at a suspended connection, so a watch of our own notices a client that leaves.
 * (2) A request is freed when the library has completed it, which for a suspended one is never before the answer.
 * (3) The library renews its time-out with each byte. `peer->waiting_since_ns` does not, so that a client which
 *     sends one byte now and then does not keep a connection. */

enum {
    SWALLOW_BYTES_MAX = 8 * 1024 * 1024, // of a body that is too large: read so that the client gets to see the 413
    BACKLOG = 64,
    PEM_BYTES_MAX = 256 * 1024,
};

// ---------------------------------------------------------------- running the library

static void run(struct http_server *server);

static void on_due(void *context) {
    struct http_server *server = context;
    server->timer = NULL; // a one-shot timer is freed by the loop
    run(server);
}

/// An earlier timer that is set already stays: it fires, finds nothing to do and sets the next.
static void run_after(struct http_server *server, uint64_t delay_ns) {
    uint64_t due_ns = clock_monotonic_ns() + delay_ns;
    if (server->timer != NULL && server->timer_due_ns <= due_ns) return;
    loop_timer_cancel(server->timer);
    server->timer = loop_timer(server->loop, delay_ns, 0, on_due, server);
    server->timer_due_ns = due_ns;
}

static void run(struct http_server *server) {
    MHD_run(server->daemon);
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES) run_after(server, wait_ms * NS_PER_MS);
}

void server_resume(struct http_server *server, struct MHD_Connection *connection) {
    MHD_resume_connection(connection);
    run_after(server, 0); // run from outside, the library has nothing that wakes its epoll descriptor
}

static void on_ready(void *context, uint32_t events) {
    (void)events;
    run(context);
}

static void on_patience(void *context) {
    struct http_server *server = context;
    uint64_t now_ns = clock_monotonic_ns();
    for (struct http_peer *peer = server->peers; peer != NULL; peer = peer->next)
        if (peer->waiting_since_ns != 0 && now_ns - peer->waiting_since_ns > server->idle_ns)
            shutdown(peer->fd, SHUT_RDWR); // the library sees the end and closes
}

// ---------------------------------------------------------------- connections

static struct http_peer *peer_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void peer_open(struct http_server *server, struct MHD_Connection *connection, void **memory) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_peer *peer = calloc(1, sizeof *peer);
    *memory = peer;
    if (peer == NULL) return; // its requests are refused
    *peer = (struct http_peer){info->connect_fd, clock_monotonic_ns(), NULL, server->peers};
    if (server->peers != NULL) server->peers->previous = peer;
    server->peers = peer;
}

static void peer_close(struct http_server *server, struct http_peer *peer) {
    if (peer == NULL) return;
    if (peer->next != NULL) peer->next->previous = peer->previous;
    if (peer->previous != NULL)
        peer->previous->next = peer->next;
    else
        server->peers = peer->next;
    free(peer);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **memory,
                          enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        peer_open(context, connection, memory);
    else
        peer_close(context, *memory);
}

// ---------------------------------------------------------------- requests

/// Called with the request line; what it returns is the request's memory from then on.
static void *on_request_line(void *context, const char *raw, struct MHD_Connection *connection) {
    struct http_server *server = context;
    struct http_peer *peer = peer_of(connection);
    struct http_request *request = peer == NULL ? NULL : calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    *request =
        (struct http_request){.server = server, .connection = connection, .peer = peer, .next = server->requests};
    if (server->requests != NULL) server->requests->previous = request;
    server->requests = request;
    request->raw = strdup(raw);
    request->target_error =
        request->raw == NULL ? ERROR_NO_MEMORY : http_target_parse(text_of(request->raw), &request->target);
    return request;
}

void request_free(struct http_request *request) {
    struct http_server *server = request->server;
    if (request->next != NULL) request->next->previous = request->previous;
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        server->requests = request->next;
    loop_unwatch(request->departure);
    if (request->response != NULL) MHD_destroy_response(request->response);
    http_target_clear(&request->target);
    buffer_clear(&request->body);
    free(request->raw);
    free(request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **memory,
                         enum MHD_RequestTerminationCode code) {
    (void)context, (void)connection, (void)code;
    struct http_request *request = *memory;
    *memory = NULL;
    if (request == NULL) return;
    request->peer->waiting_since_ns = clock_monotonic_ns();
    if (request->stream != NULL) stream_end(request->stream);
    request_free(request);
}

static enum error head_check(const struct http_request *request) {
    if (request->target_error) return request->target_error;
    struct text length = http_header(request, "Content-Length");
    bool chunked = http_header(request, "Transfer-Encoding").length > 0;
    if (length.length > 0 && chunked) return ERROR_INVALID; // two lengths for one body: RFC 9112, 6.1
    uint64_t bytes = 0;
    if (text_to_u64(length, &bytes)) return ERROR_NONE; // absent, or the library has refused it
    return bytes > request->server->body_bytes_max + SWALLOW_BYTES_MAX ? ERROR_TOO_LARGE : ERROR_NONE;
}

static void refuse(struct http_request *request, enum error error) {
    if (error == ERROR_TOO_LARGE && request->target_error != ERROR_TOO_LARGE)
        http_answer_error(request, error, "the body is larger than %zu bytes", request->server->body_bytes_max);
    else
        http_answer_error(request, ERROR_INVALID,
                          "the request's target or its header lines are malformed; check the percent escapes");
}

static enum MHD_Result begin(struct http_request *request, const char *method) {
    request->method = method;
    request->state = REQUEST_RECEIVING;
    enum error error = head_check(request);
    if (!error) return MHD_YES;
    request->state = REQUEST_HANDLING;
    refuse(request, error);
    return request_send(request);
}

static enum MHD_Result receive(struct http_request *request, const char *data, size_t length) {
    size_t max = request->server->body_bytes_max;
    if (request->body.length + length > max + SWALLOW_BYTES_MAX) return MHD_NO;
    if (request->body.length + length > max) request->body_too_large = true;
    buffer_append(&request->body, data, length);
    return request->body.failed ? MHD_NO : MHD_YES;
}

static void on_departure(void *context, uint32_t events) {
    (void)events;
    struct http_request *request = context;
    loop_unwatch(TAKE(request->departure));
    if (request->gone != NULL) request->gone(request->gone_context);
}

static enum MHD_Result deliver(struct http_request *request) {
    struct http_server *server = request->server;
    request->state = REQUEST_HANDLING;
    request->peer->waiting_since_ns = 0;
    if (request->body_too_large)
        refuse(request, ERROR_TOO_LARGE);
    else
        server->handle(server->context, request);
    if (request->state == REQUEST_ANSWERED) return request_send(request);
    request->state = REQUEST_WAITING;
    request->departure = loop_watch(server->loop, request->peer->fd, EPOLLRDHUP, on_departure, request);
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_length, void **memory) {
    (void)context, (void)connection, (void)url, (void)version;
    struct http_request *request = *memory;
    if (request == NULL) return MHD_NO; // no memory at its request line
    if (request->state == REQUEST_ANSWERED) return request_send(request);
    if (request->state == REQUEST_NEW) return begin(request, method);
    if (*upload_length == 0) return deliver(request);
    enum MHD_Result result = receive(request, upload, *upload_length);
    *upload_length = 0;
    return result;
}

// ---------------------------------------------------------------- opening

static enum error listen_socket(const struct http_server_options *options, int *ret_fd, struct problem *problem) {
    char port[8];
    snprintf(port, sizeof port, "%u", options->port);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(options->address, port, &hints, &found) != 0)
        return problem_say(problem, ERROR_INVALID, "'%s' is no IP address to listen on", options->address);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int number = errno;
    freeaddrinfo(found);
    if (ok) {
        *ret_fd = fd;
        return ERROR_NONE;
    }
    if (fd >= 0) close(fd);
    if (number == EADDRINUSE)
        return problem_say(problem, ERROR_EXISTS,
                           "%s:%s is in use; stop the other program or choose another port (--port-offset)",
                           options->address, port);
    return problem_say(problem, error_from_errno(number), "cannot listen on %s:%s: %s", options->address, port,
                       strerror(number));
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char port[8] = "0";
    uint64_t number = 0;
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
        getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof port, NI_NUMERICSERV) == 0)
        error_ignore(text_to_u64(text_of(port), &number));
    return (uint16_t)number;
}

static enum error read_pem(const char *path, bool secret, struct buffer *pem, struct problem *problem) {
    struct stat stat_of;
    if (secret && stat(path, &stat_of) == 0 && (stat_of.st_mode & 077) != 0)
        return problem_say(problem, ERROR_FORBIDDEN, "%s: others can read this private key; chmod 600 it", path);
    return file_read(path, PEM_BYTES_MAX, pem, problem);
}

static void on_complaint(void *context, const char *format, va_list arguments) {
    struct http_server *server = context;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" // the library's own format
    vsnprintf(server->complaint, sizeof server->complaint, format, arguments);
#pragma GCC diagnostic pop
    server->complaint[strcspn(server->complaint, "\r\n")] = '\0';
}

static enum error start(struct http_server *server, const struct http_server_options *options, int fd,
                        struct problem *problem) {
    CLEANUP(buffer_clear) struct buffer certificate = {0};
    CLEANUP(buffer_clear) struct buffer key = {0};
    if (server->encrypted) {
        enum error error = read_pem(options->certificate_file, false, &certificate, problem);
        if (!error) error = read_pem(options->key_file, true, &key, problem);
        if (error) return error;
    }
    char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, certificate.data},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, key.data},
                                   {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
                                   {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none = {MHD_OPTION_END, 0, NULL};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    server->daemon = MHD_start_daemon(
        server->encrypted ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
        on_complaint, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_HEAD_BYTES_MAX, MHD_OPTION_CONNECTION_LIMIT, options->connections_max,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, server->encrypted ? tls : &none, MHD_OPTION_END);
    if (server->daemon != NULL) return ERROR_NONE;
    return problem_say(problem, ERROR_INVALID, "cannot serve %s on %s:%u%s%s: %s", server->encrypted ? "HTTPS" : "HTTP",
                       options->address, server->port, server->encrypted ? " with " : "",
                       server->encrypted ? options->certificate_file : "", server->complaint);
}

static enum error join_loop(struct http_server *server) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) return ERROR_INTERNAL;
    server->ready = loop_watch(server->loop, info->epoll_fd, EPOLLIN, on_ready, server);
    if (server->ready == NULL) return ERROR_NO_MEMORY;
    if (server->idle_ns == 0) return ERROR_NONE;
    server->patience = loop_timer(server->loop, NS_PER_S / 2, NS_PER_S / 2, on_patience, server);
    return server->patience == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

enum error http_server_open(struct loop *loop, const struct http_server_options *options,
                            struct http_server **ret_server, struct problem *ret_problem) {
    assert((options->certificate_file == NULL) == (options->key_file == NULL));
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) return ERROR_NO_MEMORY;
    *server = (struct http_server){
        .loop = loop,
        .handle = options->handle,
        .context = options->context,
        .body_bytes_max = options->body_bytes_max,
        .idle_ns = options->idle_timeout_s * NS_PER_S,
        .encrypted = options->certificate_file != NULL,
    };
    int fd = options->listening > 0 ? options->listening : -1;
    enum error error = fd >= 0 ? ERROR_NONE : listen_socket(options, &fd, ret_problem);
    if (!error) {
        server->port = port_of(fd);
        error = start(server, options, fd, ret_problem);
        if (error) close(fd); // afterwards the library owns it
    }
    if (!error) error = join_loop(server);
    if (error) {
        http_server_close(server);
        return error;
    }
    *ret_server = server;
    return ERROR_NONE;
}

void http_server_close(struct http_server *server) {
    if (server == NULL) return;
    loop_timer_cancel(server->patience);
    loop_unwatch(server->ready);
    for (struct http_request *request = server->requests; request != NULL; request = request->next) {
        if (request->state == REQUEST_WAITING) MHD_resume_connection(request->connection);
        if (request->stream != NULL) stream_wake(request->stream); // the library stops only without suspended ones
    }
    if (server->daemon != NULL) MHD_stop_daemon(server->daemon); // completes every request
    assert(server->requests == NULL && server->peers == NULL);
    loop_timer_cancel(server->timer);
    free(server);
}

bool http_server_is_busy(const struct http_server *server) {
    for (const struct http_request *request = server->requests; request != NULL; request = request->next)
        if (request->state == REQUEST_WAITING) return true;
    return false;
}

uint16_t http_server_port(const struct http_server *server) {
    return server->port;
}
