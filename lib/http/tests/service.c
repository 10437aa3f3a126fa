#include "service.h"

#include <base/cleanup.h>
#include <base/clock.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct service {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    struct http_client *client;
    struct http_result result;
    bool encrypted;
    // of the loop's thread
    struct http_request *late[SERVICE_KEPT_MAX];
    size_t late_count;
    struct http_stream *streams[SERVICE_KEPT_MAX];
    size_t stream_count;
    unsigned gone;
};

static void on_gone(void *context) {
    struct service *service = context;
    service->gone++;
}

static void echo(struct service *service, struct http_request *request) {
    (void)service;
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct text method = http_method(request), path = http_path(request), query = http_query(request, "q");
    struct text header = http_header(request, "x-test"), cookie = http_cookie(request, "token");
    buffer_print(&body, "%.*s %.*s q=%.*s x=%.*s token=%.*s body=%zu", TEXT_ARG(method), TEXT_ARG(path),
                 TEXT_ARG(query), TEXT_ARG(header), TEXT_ARG(cookie), http_body(request).length);
    http_answer(request, 200, &(struct http_header_line){"Content-Type", "text/plain"}, 1, buffer_view(&body));
}

static void keep(struct service *service, struct http_request *request) {
    http_on_gone(request, on_gone, service);
    service->late[service->late_count++] = request;
}

static void release(struct service *service, struct http_request *request) {
    for (size_t i = 0; i < service->late_count; i++) http_answer(service->late[i], 200, NULL, 0, TEXT("\"late\""));
    service->late_count = 0;
    http_answer(request, 200, NULL, 0, TEXT("{}"));
}

static void open_stream(struct service *service, struct http_request *request) {
    service->streams[service->stream_count++] =
        http_answer_stream(request, "text/event-stream", SERVICE_QUEUE_BYTES_MAX, on_gone, service);
}

static void push(struct service *service, struct http_request *request) {
    bool taken = true;
    for (size_t i = 0; i < service->stream_count; i++)
        taken &= http_stream_send(service->streams[i], http_body(request));
    http_answer(request, taken ? 200 : 410, NULL, 0, TEXT("{}"));
}

static void end_streams(struct service *service, struct http_request *request) {
    for (size_t i = 0; i < service->stream_count; i++) http_stream_close(service->streams[i]);
    service->stream_count = 0;
    if (request != NULL) http_answer(request, 200, NULL, 0, TEXT("{}"));
}

static void tell_state(struct service *service, struct http_request *request) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    buffer_print(&body, "{\"late\":%zu,\"streams\":%zu,\"gone\":%u}", service->late_count, service->stream_count,
                 service->gone);
    http_answer(request, 200, NULL, 0, buffer_view(&body));
}

static const struct {
    const char *path;
    void (*handle)(struct service *service, struct http_request *request);
} routes[] = {
    {"/echo", echo}, {"/late", keep},       {"/release", release},  {"/stream", open_stream},
    {"/push", push}, {"/end", end_streams}, {"/state", tell_state},
};

static void handle(void *context, struct http_request *request) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (text_is(http_path(request), routes[i].path)) return routes[i].handle(context, request);
    http_answer_error(request, ERROR_NOT_FOUND, "nothing at \"%.*s\"", TEXT_ARG(http_path(request)));
}

static void *run(void *context) {
    struct service *service = context;
    error_ignore(loop_run(service->loop));
    http_server_close(service->server);
    end_streams(service, NULL);
    return NULL;
}

struct service *service_start(const struct service_options *options) {
    struct service *service = calloc(1, sizeof *service);
    service->loop = loop_create();
    service->encrypted = options->certificate_file != NULL;
    const struct http_server_options server = {
        .address = "127.0.0.1",
        .certificate_file = options->certificate_file,
        .key_file = options->key_file,
        .body_bytes_max = SERVICE_BODY_BYTES_MAX,
        .connections_max = 32,
        .idle_timeout_s = options->idle_timeout_s,
        .handle = handle,
        .context = service,
    };
    struct problem problem = {0};
    if (http_server_open(service->loop, &server, &service->server, &problem)) fail_msg("%s", problem.text);
    service->client = http_client_create(
        &(struct http_client_options){.ca_file = options->ca_file, .bearer_token = "t", .timeout_ms = 10000});
    assert_non_null(service->client);
    assert_int_equal(pthread_create(&service->thread, NULL, run, service), 0);
    return service;
}

void service_stop(struct service *service) {
    loop_stop(service->loop);
    pthread_join(service->thread, NULL);
    loop_destroy(service->loop);
    http_client_destroy(service->client);
    http_result_clear(&service->result);
    free(service);
}

uint16_t service_port(const struct service *service) {
    return http_server_port(service->server);
}

const struct http_result *service_call(struct service *service, const char *method, const char *path,
                                       const char *body) {
    CLEANUP(buffer_clear) struct buffer url = {0};
    buffer_print(&url, "%s://127.0.0.1:%u%s", service->encrypted ? "https" : "http", service_port(service), path);
    const struct http_call call = {.method = method, .url = url.data, .body = text_of(body)};
    struct problem problem = {0};
    if (http_client_call(service->client, &call, &service->result, &problem)) fail_msg("%s", problem.text);
    return &service->result;
}

void service_wait_state(struct service *service, const char *state) {
    uint64_t deadline_ns = clock_monotonic_ns() + 10 * NS_PER_S;
    const struct http_result *result;
    do {
        result = service_call(service, "GET", "/state", NULL);
        if (text_is(buffer_view(&result->body), state)) return;
    } while (clock_monotonic_ns() < deadline_ns);
    fail_msg("the state is %s, not %s", result->body.data, state);
}

int service_connect(const struct service *service) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(service_port(service))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    const struct timeval patience = {10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}
