/// A server on a thread of its own for the tests, steered through its own requests:
///   /echo            method, path, query `q`, header X-Test, cookie `token`, length of the body
///   /late            kept until /release answers all of them
///   /stream          a stream; POST /push sends its body to all of them, /end closes them
///   /state           {"late":n,"streams":n,"gone":n}
#pragma once

#include <http/client.h>
#include <http/server.h>

enum { SERVICE_BODY_BYTES_MAX = 4096, SERVICE_QUEUE_BYTES_MAX = 64 * 1024, SERVICE_KEPT_MAX = 16 };

struct service;
struct service_options {
    const char *certificate_file, *key_file, *ca_file; // NULL: plain HTTP
    unsigned idle_timeout_s;
};
struct service *service_start(const struct service_options *options);
void service_stop(struct service *service);
uint16_t service_port(const struct service *service);

/// One call; fails the test when there is no answer. The result is valid until the next.
const struct http_result *service_call(struct service *service, const char *method, const char *path, const char *body);
/// Calls /state until it is the text; fails the test after some seconds.
void service_wait_state(struct service *service, const char *state);
/// A connected socket.
int service_connect(const struct service *service);
