/// A blocking HTTP client for command-line tools and for functions: one connection that is kept alive.
/// Threads: one client by one thread at a time.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>

struct http_client;

struct http_client_options {
    const char *ca_file;      // PEM; NULL: the system's
    const char *bearer_token; // sent as "Authorization: Bearer ..."; NULL: none
    unsigned timeout_ms;      // of a whole call; 0: none (long poll)
};
struct http_client *http_client_create(const struct http_client_options *options); // NULL when out of memory
void http_client_destroy(struct http_client *client); // NULL is fine

struct http_call {
    const char *method; // "GET"
    const char *url;
    const char *const *headers; // "Name: value", NULL ends; NULL: none
    struct text body;
    /// Lines of a stream as they come (server-sent events); NULL: the body goes to `answer`. False ends the call.
    bool (*on_data)(void *context, struct text data);
    void *context;
};
struct http_result {
    int status;
    struct buffer body;    // buffer_clear it
    struct buffer headers; // raw lines "Name: value\r\n"
};
/// ERROR_UNAVAILABLE, ERROR_TIMEOUT or ERROR_IO when there is no answer; any status is ERROR_NONE.
enum error http_client_call(struct http_client *client, const struct http_call *call, struct http_result *ret_result,
                            struct problem *ret_problem);
/// A header of the result, trimmed; empty when absent.
struct text http_result_header(const struct http_result *result, const char *name);
