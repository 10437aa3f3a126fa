#include "proxy.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/// One direction of a connection.
struct side {
    struct pair *pair;
    struct side *other;
    int fd;
    struct loop_watch *watch; // NULL: it is dropped
};

struct pair {
    struct proxy *proxy;
    struct pair *next;
    struct side client, server;
};

struct proxy {
    struct loop *loop;
    int listener;
    struct loop_watch *watch;
    uint16_t port, server;
    struct pair *pairs;
};

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void pair_destroy(struct pair *pair) {
    struct pair **at = &pair->proxy->pairs;
    while (*at != pair) at = &(*at)->next;
    *at = pair->next;
    loop_unwatch(pair->client.watch);
    loop_unwatch(pair->server.watch);
    close(pair->client.fd);
    close(pair->server.fd);
    free(pair);
}

static void forward(void *context, uint32_t events) {
    (void)events;
    struct side *side = context;
    char bytes[64 * 1024];
    ssize_t count = recv(side->fd, bytes, sizeof bytes, 0);
    for (ssize_t sent = 0, part; count > 0 && sent < count; sent += part) {
        part = send(side->other->fd, bytes + sent, (size_t)(count - sent), MSG_NOSIGNAL);
        if (part <= 0) count = -1;
    }
    if (count <= 0) pair_destroy(side->pair);
}

static void on_connection(void *context, uint32_t events) {
    (void)events;
    struct proxy *proxy = context;
    struct sockaddr_in server = loopback(proxy->server);
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair->proxy = proxy;
    pair->client = (struct side){pair, &pair->server, accept(proxy->listener, NULL, NULL), NULL};
    pair->server = (struct side){pair, &pair->client, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), NULL};
    pair->next = proxy->pairs;
    proxy->pairs = pair;
    if (connect(pair->server.fd, (struct sockaddr *)&server, sizeof server) < 0) return pair_destroy(pair);
    pair->client.watch = loop_watch(proxy->loop, pair->client.fd, EPOLLIN, forward, &pair->client);
    pair->server.watch = loop_watch(proxy->loop, pair->server.fd, EPOLLIN, forward, &pair->server);
}

struct proxy *proxy_open(struct loop *loop) {
    struct proxy *proxy = calloc(1, sizeof *proxy);
    assert_non_null(proxy);
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    proxy->loop = loop;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy->listener, SOMAXCONN), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &length), 0);
    proxy->port = ntohs(address.sin_port);
    proxy->watch = loop_watch(loop, proxy->listener, EPOLLIN, on_connection, proxy);
    assert_non_null(proxy->watch);
    return proxy;
}

void proxy_close(struct proxy *proxy) {
    while (proxy->pairs != NULL) pair_destroy(proxy->pairs);
    loop_unwatch(proxy->watch);
    close(proxy->listener);
    free(proxy);
}

uint16_t proxy_port(const struct proxy *proxy) {
    return proxy->port;
}

void proxy_server(struct proxy *proxy, uint16_t port) {
    proxy->server = port;
}

void proxy_drop(struct proxy *proxy) {
    for (struct pair *pair = proxy->pairs; pair != NULL; pair = pair->next) {
        loop_unwatch(pair->client.watch);
        loop_unwatch(pair->server.watch);
        pair->client.watch = pair->server.watch = NULL;
    }
}
