/// Inside of the HTTP server: what its files share. See server.c for the life of a request.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <http/server.h>
#include <microhttpd.h>

#include "target.h"

struct http_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_watch *ready; // on the library's epoll descriptor
    struct loop_timer *timer; // when the library wants to run again; NULL: not set
    uint64_t timer_due_ns;
    struct loop_timer *patience; // looks for connections that have waited too long
    void (*handle)(void *context, struct http_request *request);
    void *context;
    size_t body_bytes_max;
    uint64_t idle_ns; // 0: no limit
    uint16_t port;
    bool encrypted;
    struct http_peer *peers;       // open connections
    struct http_request *requests; // not completed
    char complaint[256];           // what the library said last, for the problem of a failed start
};

/// A connection, from accept to close.
struct http_peer {
    int fd;
    uint64_t waiting_since_ns; // for a request to arrive completely; 0 while one is being worked on
    struct http_peer *previous, *next;
};

enum request_state {
    REQUEST_NEW,       // the request line is there
    REQUEST_RECEIVING, // header lines are there
    REQUEST_HANDLING,  // inside the handler
    REQUEST_WAITING,   // handler returned without an answer; the connection is suspended
    REQUEST_ANSWERED,
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_peer *peer;
    enum request_state state;
    const char *method; // the library's, until completed
    char *raw;
    struct http_target target;
    enum error target_error;
    struct buffer body;
    bool body_too_large;
    int status;
    struct MHD_Response *response; // NULL while not answered, or when memory ran out: then the connection is closed
    struct loop_watch *departure;  // while suspended: does the client leave?
    void (*gone)(void *context);
    void *gone_context;
    struct http_stream *stream;
    struct http_request *previous, *next;
};

/// The library looks at a suspended connection again, from the loop.
void server_resume(struct http_server *server, struct MHD_Connection *connection);

/// Ends the request with a response, which may be NULL (out of memory: the connection is closed without an answer).
void request_reply(struct http_request *request, int status, struct MHD_Response *response);
enum MHD_Result request_send(struct http_request *request);
void request_free(struct http_request *request);

/// The connection of the stream's request is over: tells the owner.
void stream_end(struct http_stream *stream);
/// The library looks at the stream's connection again.
void stream_wake(struct http_stream *stream);
