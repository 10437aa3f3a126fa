/// A blocking HTTP client for command-line tools and for functions: one connection that is kept alive.
/// Follows no redirect, uses no proxy, speaks http and https only.
/// Threads: one client by one thread at a time.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>

struct http_client;

enum {
    HTTP_CLIENT_BODY_BYTES_MAX = 16 * 1024 * 1024, // of one answer
    HTTP_CLIENT_HEAD_BYTES_MAX = 64 * 1024,        // of its header lines
    HTTP_CLIENT_LINE_BYTES_MAX = 1024 * 1024,      // of one line of a stream
};

struct http_client_options {
    const char *ca_file;      // PEM; NULL: the system's
    const char *bearer_token; // sent as "Authorization: Bearer ..."; NULL: none
    unsigned timeout_ms;      // of a whole call; 0: none (long poll)
};
struct http_client *http_client_create(const struct http_client_options *options); // NULL when out of memory
void http_client_destroy(struct http_client *client);                              // NULL is fine

struct http_call {
    const char *method; // "GET"
    const char *url;
    const char *const *headers; // "Name: value", NULL ends; NULL: none. A body is application/json unless named.
    struct text body;
    /// A stream's lines as they come, without their ends (server-sent events); NULL: the body goes to the result.
    /// False ends the call, which is then ERROR_NONE.
    bool (*on_data)(void *context, struct text line);
    void *context;
};
struct http_result {
    int status;
    struct buffer body;    // buffer_clear it
    struct buffer headers; // raw lines "Name: value\r\n"; buffer_clear it, too
};
/// ERROR_UNAVAILABLE (nobody there), ERROR_TIMEOUT, ERROR_UNAUTHORIZED (the server's certificate is not trusted),
/// ERROR_TOO_LARGE or ERROR_IO when there is no answer; any status is ERROR_NONE. Set `*ret_result` to {0} before the
/// first call; its memory is used again by the next.
enum error http_client_call(struct http_client *client, const struct http_call *call, struct http_result *ret_result,
                            struct problem *ret_problem);
void http_result_clear(struct http_result *result);
/// A header of the result, trimmed; empty when absent.
struct text http_result_header(const struct http_result *result, const char *name);
