// TCP connections for the library: nothing here blocks, and what a peer does not read is bounded.

#include "convert.h"
#include "eventloop.h"

#include <base/clock.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 64 * 1024,          // one chunk of OPC UA
    OUTPUT_BYTES_MAX = 4 * 1024 * 1024, // for a peer that reads slower than we send, besides the kernel's buffers
    UNACKNOWLEDGED_MS_MAX = 10 * 1000,  // then the peer is gone: a half-open connection, a frozen process
    KEEPALIVE_IDLE_S = 5,
    KEEPALIVE_INTERVAL_S = 2,
    KEEPALIVE_PROBES = 3,
    BACKLOG = 64,
    LISTEN_ADDRESSES_MAX = 8,
    ACCEPT_PAUSE_MS = 100, // out of descriptors: try again then, instead of turning in circles
};

struct output {
    struct output *next;
    UA_ByteString bytes;
    size_t sent;
};

struct connection {
    UA_DelayedCallback closing; // first: what the library knows of it
    struct connection *next, **previous;
    struct tcp *owner;
    uintptr_t id;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *pause; // of a listening socket
    bool listening, connecting, closed;
    struct addrinfo *addresses, *address; // while connecting
    struct output *outputs, **outputs_end;
    size_t output_bytes;
    void *application, *context;
    UA_ConnectionManager_connectionCallback callback;
};

struct tcp {
    UA_ConnectionManager base;
    struct connection *connections;
    uintptr_t last_id;
    UA_Byte received[RECEIVE_BYTES];
};

static struct tcp *self_of(UA_ConnectionManager *cm) {
    return (struct tcp *)cm;
}

static UA_EventLoop *el_of(const struct connection *connection) {
    return connection->owner->base.eventSource.eventLoop;
}

static struct connection *find(UA_ConnectionManager *cm, uintptr_t id) {
    struct connection *connection = self_of(cm)->connections;
    while (connection != NULL && connection->id != id) connection = connection->next;
    return connection;
}

static void tell(struct connection *connection, UA_ConnectionState state, const UA_KeyValueMap *parameters,
                 UA_ByteString bytes) {
    connection->callback(&connection->owner->base, connection->id, connection->application, &connection->context, state,
                         parameters, bytes);
}

// --- a connection's life ---

static struct connection *add(struct tcp *self, int fd) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) return NULL;
    connection->owner = self;
    connection->id = ++self->last_id;
    connection->fd = fd;
    connection->outputs_end = &connection->outputs;
    connection->next = self->connections;
    connection->previous = &self->connections;
    if (self->connections != NULL) self->connections->previous = &connection->next;
    self->connections = connection;
    return connection;
}

static void drop_outputs(struct connection *connection) {
    while (connection->outputs != NULL) {
        struct output *next = connection->outputs->next;
        UA_ByteString_clear(&connection->outputs->bytes);
        free(connection->outputs);
        connection->outputs = next;
    }
    connection->outputs_end = &connection->outputs;
    connection->output_bytes = 0;
}

static void destroy(struct connection *connection) {
    *connection->previous = connection->next;
    if (connection->next != NULL) connection->next->previous = connection->previous;
    loop_unwatch(connection->watch);
    loop_timer_cancel(connection->pause);
    if (connection->addresses != NULL) freeaddrinfo(connection->addresses);
    drop_outputs(connection);
    if (connection->fd >= 0) close(connection->fd);
    free(connection);
}

static void check_stopped(struct tcp *self) {
    UA_EventSource *source = &self->base.eventSource;
    if (source->state == UA_EVENTSOURCESTATE_STOPPING && self->connections == NULL)
        source->state = UA_EVENTSOURCESTATE_STOPPED;
}

/// The last callback of a connection; called delayed, so that nobody on the stack still holds it.
static void finish(void *application, void *context) {
    struct tcp *self = application;
    struct connection *connection = context;
    tell(connection, UA_CONNECTIONSTATE_CLOSING, &UA_KEYVALUEMAP_NULL, UA_BYTESTRING_NULL);
    destroy(connection);
    check_stopped(self);
}

static void shut(struct connection *connection) {
    if (connection->closed) return;
    connection->closed = true;
    const struct ua_wire *wire = ua_eventloop_wire(el_of(connection));
    if (wire->closed != NULL) wire->closed(wire->context, connection->id);
    loop_unwatch(connection->watch);
    connection->watch = NULL;
    loop_timer_cancel(connection->pause);
    connection->pause = NULL;
    if (!connection->listening) shutdown(connection->fd, SHUT_RDWR);
    connection->closing = (UA_DelayedCallback){NULL, finish, connection->owner, connection};
    el_of(connection)->addDelayedCallback(el_of(connection), &connection->closing);
}

static UA_StatusCode close_connection(UA_ConnectionManager *cm, uintptr_t id) {
    struct connection *connection = find(cm, id);
    if (connection == NULL || connection->closed) return UA_STATUSCODE_BADCONNECTIONCLOSED;
    shut(connection);
    return UA_STATUSCODE_GOOD;
}

static int set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value);
}

/// A peer that vanished is noticed within seconds also when nobody sends.
static void set_connection_options(int fd) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

// --- bytes ---

/// False when the connection broke.
static bool flush(struct connection *connection) {
    while (connection->outputs != NULL) {
        struct output *output = connection->outputs;
        ssize_t sent = send(connection->fd, output->bytes.data + output->sent, output->bytes.length - output->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        output->sent += (size_t)sent;
        connection->output_bytes -= (size_t)sent;
        if (output->sent < output->bytes.length) continue;
        connection->outputs = output->next;
        if (connection->outputs == NULL) connection->outputs_end = &connection->outputs;
        UA_ByteString_clear(&output->bytes);
        free(output);
    }
    return true;
}

static bool watch_for(struct connection *connection, uint32_t events) {
    return !loop_watch_change(connection->watch, events);
}

/// Takes over the bytes, also when it fails.
static UA_StatusCode send_bytes(UA_ConnectionManager *cm, uintptr_t id, const UA_KeyValueMap *parameters,
                                UA_ByteString *bytes) {
    (void)parameters;
    struct connection *connection = find(cm, id);
    struct output *output = calloc(1, sizeof *output);
    bool possible = connection != NULL && !connection->closed && output != NULL;
    if (!possible || connection->output_bytes + bytes->length > OUTPUT_BYTES_MAX) {
        if (connection != NULL) shut(connection);
        free(output);
        UA_ByteString_clear(bytes);
        return UA_STATUSCODE_BADCONNECTIONCLOSED;
    }
    output->bytes = *bytes;
    UA_ByteString_init(bytes);
    bool idle = connection->outputs == NULL;
    *connection->outputs_end = output;
    connection->outputs_end = &output->next;
    connection->output_bytes += output->bytes.length;
    if (!idle) return UA_STATUSCODE_GOOD;
    if (flush(connection) && (connection->outputs == NULL || watch_for(connection, EPOLLIN | EPOLLOUT)))
        return UA_STATUSCODE_GOOD;
    shut(connection);
    return UA_STATUSCODE_BADCONNECTIONCLOSED;
}

static void receive(struct connection *connection) {
    struct tcp *self = connection->owner;
    ssize_t length = recv(connection->fd, self->received, sizeof self->received, MSG_DONTWAIT);
    if (length < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (length <= 0) {
        shut(connection);
        return;
    }
    struct ua_wire *wire = ua_eventloop_wire(el_of(connection));
    wire->received_ns = clock_monotonic_ns();
    wire->receiving = connection->id;
    tell(connection, UA_CONNECTIONSTATE_ESTABLISHED, &UA_KEYVALUEMAP_NULL,
         (UA_ByteString){(size_t)length, self->received});
    wire->receiving = 0;
}

static void on_bytes(struct connection *connection, uint32_t events) {
    if (events & EPOLLOUT) {
        bool fine = flush(connection) && (connection->outputs != NULL || watch_for(connection, EPOLLIN));
        if (!fine) {
            shut(connection);
            return;
        }
    }
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(connection);
}

// --- connecting ---

static void on_event(void *context, uint32_t events);

/// Begins with the next address that can be tried at all; false when none is left.
static bool connect_next(struct connection *connection) {
    for (; connection->address != NULL; connection->address = connection->address->ai_next) {
        const struct addrinfo *address = connection->address;
        int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) continue;
        set_connection_options(fd);
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS) {
            connection->watch = loop_watch(ua_eventloop_loop(el_of(connection)), fd, EPOLLOUT, on_event, connection);
            connection->fd = fd;
            connection->address = address->ai_next;
            return connection->watch != NULL;
        }
        ua_eventloop_wire(el_of(connection))->connect_errno = errno;
        close(fd);
    }
    return false;
}

static void on_connected(struct connection *connection) {
    int error_number = 0;
    socklen_t size = sizeof error_number;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error_number, &size) < 0) error_number = errno;
    if (error_number == 0) {
        connection->connecting = false;
        if (!watch_for(connection, EPOLLIN)) {
            shut(connection);
            return;
        }
        tell(connection, UA_CONNECTIONSTATE_ESTABLISHED, &UA_KEYVALUEMAP_NULL, UA_BYTESTRING_NULL);
        return;
    }
    ua_eventloop_wire(el_of(connection))->connect_errno = error_number;
    loop_unwatch(connection->watch);
    connection->watch = NULL;
    close(connection->fd);
    connection->fd = -1;
    if (!connect_next(connection)) shut(connection);
}

static UA_StatusCode open_active(struct tcp *self, const char *host, const char *port, void *application, void *context,
                                 UA_ConnectionManager_connectionCallback callback) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    UA_EventLoop *el = self->base.eventSource.eventLoop;
    if (getaddrinfo(host, port, &hints, &addresses) != 0) {
        ua_eventloop_wire(el)->connect_errno = EHOSTUNREACH;
        return UA_STATUSCODE_BADCONNECTIONREJECTED;
    }
    struct connection *connection = add(self, -1);
    if (connection == NULL) {
        freeaddrinfo(addresses);
        return UA_STATUSCODE_BADOUTOFMEMORY;
    }
    connection->connecting = true;
    connection->addresses = connection->address = addresses;
    connection->application = application;
    connection->context = context;
    connection->callback = callback;
    ua_eventloop_wire(el)->connect_errno = 0;
    if (!connect_next(connection)) {
        destroy(connection);
        return UA_STATUSCODE_BADCONNECTIONREJECTED;
    }
    tell(connection, UA_CONNECTIONSTATE_OPENING, &UA_KEYVALUEMAP_NULL, UA_BYTESTRING_NULL);
    return UA_STATUSCODE_GOOD;
}

// --- listening ---

static void on_pause_over(void *context) {
    struct connection *listener = context;
    listener->pause = NULL;
    error_ignore(loop_watch_change(listener->watch, EPOLLIN));
}

static void pause_accepting(struct connection *listener) {
    listener->pause =
        loop_timer(ua_eventloop_loop(el_of(listener)), ACCEPT_PAUSE_MS * NS_PER_MS, 0, on_pause_over, listener);
    if (listener->pause != NULL) error_ignore(loop_watch_change(listener->watch, 0));
}

static void accept_connection(struct connection *listener) {
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) pause_accepting(listener);
        return; // others concern that one connection only
    }
    set_connection_options(fd);
    struct connection *connection = add(listener->owner, fd);
    if (connection == NULL) {
        close(fd);
        return;
    }
    connection->application = listener->application;
    connection->context = listener->context;
    connection->callback = listener->callback;
    connection->watch = loop_watch(ua_eventloop_loop(el_of(listener)), fd, EPOLLIN, on_event, connection);
    if (connection->watch == NULL) {
        destroy(connection);
        return;
    }
    tell(connection, UA_CONNECTIONSTATE_ESTABLISHED, &UA_KEYVALUEMAP_NULL, UA_BYTESTRING_NULL);
}

static uint16_t port_of(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {0};
    socklen_t size = sizeof name;
    if (getsockname(fd, &name.any, &size) < 0) return 0;
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

static UA_QualifiedName key(const char *name) {
    return (UA_QualifiedName){0, ua_string(name)};
}

static int bind_to(const struct addrinfo *address) {
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1); // a restart need not wait for the old connections to time out
    if (address->ai_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int error_number = errno;
    close(fd);
    errno = error_number;
    return -1;
}

static bool listen_on(struct tcp *self, const struct addrinfo *address, UA_String host, void *application,
                      void *context, UA_ConnectionManager_connectionCallback callback) {
    UA_EventLoop *el = self->base.eventSource.eventLoop;
    int fd = bind_to(address);
    if (fd < 0) {
        ua_eventloop_wire(el)->connect_errno = errno;
        return false;
    }
    struct connection *listener = add(self, fd);
    if (listener == NULL) {
        close(fd);
        return false;
    }
    listener->listening = true;
    listener->application = application;
    listener->context = context;
    listener->callback = callback;
    listener->watch = loop_watch(ua_eventloop_loop(el), fd, EPOLLIN, on_event, listener);
    if (listener->watch == NULL) {
        destroy(listener);
        return false;
    }
    UA_UInt16 port = port_of(fd);
    ua_eventloop_wire(el)->listen_port = port;
    UA_KeyValuePair pairs[2] = {{.key = key("listen-port")}, {.key = key("listen-address")}};
    UA_Variant_setScalar(&pairs[0].value, &port, &UA_TYPES[UA_TYPES_UINT16]);
    UA_Variant_setScalar(&pairs[1].value, &host, &UA_TYPES[UA_TYPES_STRING]);
    UA_KeyValueMap parameters = {2, pairs};
    tell(listener, UA_CONNECTIONSTATE_ESTABLISHED, &parameters, UA_BYTESTRING_NULL);
    return true;
}

static UA_StatusCode open_passive(struct tcp *self, UA_String host, const char *host_name, const char *port,
                                  void *application, void *context, UA_ConnectionManager_connectionCallback callback) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *addresses = NULL;
    UA_EventLoop *el = self->base.eventSource.eventLoop;
    ua_eventloop_wire(el)->connect_errno = 0;
    if (getaddrinfo(host_name, port, &hints, &addresses) != 0) {
        ua_eventloop_wire(el)->connect_errno = EADDRNOTAVAIL;
        return UA_STATUSCODE_BADINTERNALERROR;
    }
    unsigned listening = 0;
    for (const struct addrinfo *at = addresses; at != NULL && listening < LISTEN_ADDRESSES_MAX; at = at->ai_next)
        if (listen_on(self, at, host, application, context, callback)) listening++;
    freeaddrinfo(addresses);
    return listening > 0 ? UA_STATUSCODE_GOOD : UA_STATUSCODE_BADINTERNALERROR;
}

static UA_StatusCode open_connection(UA_ConnectionManager *cm, const UA_KeyValueMap *parameters, void *application,
                                     void *context, UA_ConnectionManager_connectionCallback callback) {
    if (cm->eventSource.state != UA_EVENTSOURCESTATE_STARTED) return UA_STATUSCODE_BADINTERNALERROR;
    const UA_UInt16 *port = UA_KeyValueMap_getScalar(parameters, key("port"), &UA_TYPES[UA_TYPES_UINT16]);
    const UA_Variant *address = UA_KeyValueMap_get(parameters, key("address"));
    const UA_Boolean *listening = UA_KeyValueMap_getScalar(parameters, key("listen"), &UA_TYPES[UA_TYPES_BOOLEAN]);
    if (port == NULL) return UA_STATUSCODE_BADINTERNALERROR;
    UA_String host = UA_STRING_NULL; // a scalar and an array of one look the same from here
    if (address != NULL && address->type == &UA_TYPES[UA_TYPES_STRING] && address->data != NULL)
        host = *(const UA_String *)address->data;
    char host_name[256], port_text[8];
    if (host.length >= sizeof host_name) return UA_STATUSCODE_BADINTERNALERROR;
    snprintf(host_name, sizeof host_name, "%.*s", (int)host.length, (const char *)host.data);
    snprintf(port_text, sizeof port_text, "%u", *port);
    const char *name = host.length == 0 ? NULL : host_name;
    if (listening != NULL && *listening)
        return open_passive(self_of(cm), host, name, port_text, application, context, callback);
    return open_active(self_of(cm), name, port_text, application, context, callback);
}

// --- towards the loop ---

static void serve(struct connection *connection, uint32_t events) {
    if (connection->listening)
        accept_connection(connection);
    else if (connection->connecting)
        on_connected(connection);
    else
        on_bytes(connection, events);
}

static void on_event(void *context, uint32_t events) {
    struct connection *connection = context;
    UA_EventLoop *el = el_of(connection);
    ua_eventloop_enter(el); // may have closed it; it is freed at the next entry at the earliest
    if (!connection->closed) serve(connection, events);
    ua_eventloop_leave(el);
}

static UA_StatusCode start(UA_EventSource *source) {
    source->state = UA_EVENTSOURCESTATE_STARTED;
    return UA_STATUSCODE_GOOD;
}

static void stop(UA_EventSource *source) {
    struct tcp *self = (struct tcp *)source;
    source->state = UA_EVENTSOURCESTATE_STOPPING;
    for (struct connection *at = self->connections; at != NULL; at = at->next) shut(at);
    check_stopped(self);
}

static UA_StatusCode free_tcp(UA_EventSource *source) {
    struct tcp *self = (struct tcp *)source;
    for (struct connection *connection = self->connections; connection != NULL;) {
        struct connection *next = connection->next;
        destroy(connection);
        connection = next;
    }
    free(self);
    return UA_STATUSCODE_GOOD;
}

static UA_StatusCode alloc_buffer(UA_ConnectionManager *cm, uintptr_t id, UA_ByteString *buffer, size_t size) {
    (void)cm, (void)id;
    return UA_ByteString_allocBuffer(buffer, size);
}

static void free_buffer(UA_ConnectionManager *cm, uintptr_t id, UA_ByteString *buffer) {
    (void)cm, (void)id;
    UA_ByteString_clear(buffer);
}

UA_ConnectionManager *ua_tcp_create(void) {
    struct tcp *self = calloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->base = (UA_ConnectionManager){
        .eventSource = {.eventSourceType = UA_EVENTSOURCETYPE_CONNECTIONMANAGER,
                        .name = ua_string("tcp"),
                        .start = start,
                        .stop = stop,
                        .free = free_tcp},
        .protocol = ua_string("tcp"),
        .openConnection = open_connection,
        .sendWithConnection = send_bytes,
        .closeConnection = close_connection,
        .allocNetworkBuffer = alloc_buffer,
        .freeNetworkBuffer = free_buffer,
    };
    return &self->base;
}
