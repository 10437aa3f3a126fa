/// HTTP/1.1 server inside an event loop. With lib/http/src the only module that knows the HTTP library.
///
/// One thread: the loop's. A handler answers at once or keeps the request and answers later; every request is
/// answered exactly once. Limits are enforced before the handler sees anything. Listens on the address given,
/// nothing else. Every answer carries `X-Content-Type-Options: nosniff` and, unless named, `Cache-Control: no-store`.
#pragma once

#include <base/loop.h>
#include <base/problem.h>
#include <base/text.h>

struct http_server;
struct http_request;

enum {
    HTTP_HEAD_BYTES_MAX = 32 * 1024, // request line and header lines: 431 past it
    HTTP_QUERY_PAIRS_MAX = 64,       // past it: 400
};

struct http_server_options {
    const char *address;          // "127.0.0.1", "::1"; numeric
    uint16_t port;                // 0: any free one
    int listening;                // a listening socket to take over, as from another network; 0: `address` and `port`
    const char *certificate_file; // PEM chain; NULL: plain HTTP
    const char *key_file;         // PEM, mode 0600; NULL exactly when certificate_file is
    size_t body_bytes_max;        // past it: 413
    unsigned connections_max;     // more of them wait at the listening socket until one closes
    /// For a connection between two requests, for a request to arrive completely, and for a client to take some of
    /// its answer; then the connection is closed. 0: never. A handler may take as long as it likes.
    unsigned idle_timeout_s;
    void (*handle)(void *context, struct http_request *request);
    void *context;
};

/// ERROR_EXISTS when the port is taken; the problem names it.
enum error http_server_open(struct loop *loop, const struct http_server_options *options,
                            struct http_server **ret_server, struct problem *ret_problem);
/// NULL is fine. Not from inside a callback of this server. Open requests are freed and must not be touched any more:
/// close first whatever would answer them. Open streams stay with their owners, who close them.
void http_server_close(struct http_server *server);
uint16_t http_server_port(const struct http_server *server);
/// True while a request is kept that is not answered yet: closing now would free it.
bool http_server_is_busy(const struct http_server *server);

/// The request. All texts are borrowed until it is answered.
struct text http_method(const struct http_request *request);
struct text http_path(const struct http_request *request);                    // percent-decoded, no query
struct text http_raw_target(const struct http_request *request);              // as it came, for signatures
struct text http_query(const struct http_request *request, const char *name); // decoded; empty when absent
bool http_has_query(const struct http_request *request, const char *name);
struct text http_header(const struct http_request *request, const char *name); // empty when absent; case-insensitive
struct text http_cookie(const struct http_request *request, const char *name);
struct text http_body(const struct http_request *request);
bool http_is_encrypted(const struct http_request *request); // came over TLS
/// Calls `gone` when the client leaves before the answer; the request must still be answered (that frees it).
void http_on_gone(struct http_request *request, void (*gone)(void *context), void *context);

struct http_header_line {
    const char *name;
    const char *value;
};
/// Ends the request. `headers` may be NULL; "Content-Type" is application/json unless named. The body is copied.
void http_answer(struct http_request *request, int status, const struct http_header_line *headers, size_t header_count,
                 struct text body);
/// `{"message": "..."}` with the status of the error and `x-amzn-errortype` as AWS's data plane names it.
void http_answer_error(struct http_request *request, enum error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// An endless answer (server-sent events). Bytes are queued up to `queue_bytes_max`; a client that is slower is cut
/// off. `gone` is called once, from the loop, when the connection has ended for any reason but `http_stream_close`.
/// The stream is freed by `http_stream_close`, also after `gone`, and allowed inside it. NULL when out of memory; the
/// request is then answered with 500.
struct http_stream;
struct http_stream *http_answer_stream(struct http_request *request, const char *content_type, size_t queue_bytes_max,
                                       void (*gone)(void *context), void *context);
bool http_stream_send(struct http_stream *stream, struct text bytes); // false when cut off
void http_stream_close(struct http_stream *stream);                   // NULL is fine; what is queued is still sent
