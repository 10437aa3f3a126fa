// Server and client against each other, and raw sockets against the server.
#include "service.h"

#include <base/clock.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int start(void **state) {
    *state = service_start(&(struct service_options){0});
    return 0;
}

static int stop(void **state) {
    service_stop(*state);
    return 0;
}

static void assert_body(const struct http_result *result, int status, const char *body) {
    assert_int_equal(result->status, status);
    if (!text_is(buffer_view(&result->body), body)) fail_msg("the body is: %s", result->body.data);
}

// ---------------------------------------------------------------- requests and answers

static void a_request_is_answered(void **state) {
    const struct http_result *result = service_call(*state, "GET", "/echo?q=a%20b", NULL);
    assert_body(result, 200, "GET /echo q=a b x= token= body=0");
    assert_true(text_is(http_result_header(result, "content-type"), "text/plain"));
    assert_true(text_is(http_result_header(result, "X-Content-Type-Options"), "nosniff"));
    assert_true(text_is(http_result_header(result, "Cache-Control"), "no-store"));
    assert_int_equal(http_result_header(result, "X-Absent").length, 0);
}

static void methods_and_bodies_arrive(void **state) {
    assert_body(service_call(*state, "POST", "/echo", "{}"), 200, "POST /echo q= x= token= body=2");
    assert_body(service_call(*state, "PUT", "/echo", "12345"), 200, "PUT /echo q= x= token= body=5");
    assert_body(service_call(*state, "DELETE", "/echo", NULL), 200, "DELETE /echo q= x= token= body=0");
    assert_body(service_call(*state, "POST", "/echo", NULL), 200, "POST /echo q= x= token= body=0");
    assert_body(service_call(*state, "HEAD", "/echo", NULL), 200, "");
    assert_body(service_call(*state, "GET", "/echo", NULL), 200, "GET /echo q= x= token= body=0");
}

static void an_error_has_the_shape_of_aws(void **state) {
    const struct http_result *result = service_call(*state, "GET", "/x%22", NULL);
    assert_body(result, 404, "{\"message\":\"nothing at \\\"/x\\\"\\\"\"}");
    assert_true(text_is(http_result_header(result, "x-amzn-errortype"), "ResourceNotFoundException"));
    assert_true(text_is(http_result_header(result, "Content-Type"), "application/json"));
}

static void a_body_at_the_limit_arrives_and_one_past_it_is_refused(void **state) {
    static char body[SERVICE_BODY_BYTES_MAX + 2];
    memset(body, 'a', SERVICE_BODY_BYTES_MAX);
    assert_body(service_call(*state, "POST", "/echo", body), 200, "POST /echo q= x= token= body=4096");
    body[SERVICE_BODY_BYTES_MAX] = 'a';
    const struct http_result *result = service_call(*state, "POST", "/echo", body);
    assert_body(result, 413, "{\"message\":\"the body is larger than 4096 bytes\"}");
    assert_true(text_is(http_result_header(result, "x-amzn-errortype"), "RequestEntityTooLargeException"));
}

static void a_broken_escape_is_refused(void **state) {
    assert_int_equal(service_call(*state, "GET", "/echo?q=%zz", NULL)->status, 400);
    assert_int_equal(service_call(*state, "GET", "/echo%00", NULL)->status, 400);
    assert_int_equal(service_call(*state, "GET", "/echo?q=%C3%28", NULL)->status, 400);
}

// ---------------------------------------------------------------- late answers

struct background {
    struct service *service;
    const char *path;
    int status;
    char first_line[64];
    unsigned lines;
    enum error error;
    pthread_t thread;
};

static bool on_line(void *context, struct text line) {
    struct background *background = context;
    if (background->lines++ == 0)
        snprintf(background->first_line, sizeof background->first_line, "%.*s", TEXT_ARG(line));
    return !text_is(line, "enough");
}

static void *call_in_background(void *context) {
    struct background *background = context;
    struct http_client *client = http_client_create(&(struct http_client_options){.timeout_ms = 20000});
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", service_port(background->service), background->path);
    const struct http_call call = {.method = "GET", .url = url, .on_data = on_line, .context = background};
    struct http_result result = {0};
    background->error = http_client_call(client, &call, &result, NULL);
    background->status = result.status;
    http_result_clear(&result);
    http_client_destroy(client);
    return NULL;
}

static void begin(struct background *background, struct service *service, const char *path) {
    *background = (struct background){.service = service, .path = path};
    assert_int_equal(pthread_create(&background->thread, NULL, call_in_background, background), 0);
}

static void finish(struct background *background) {
    pthread_join(background->thread, NULL);
}

static void others_are_served_while_an_answer_is_late(void **state) {
    struct background late[3];
    for (size_t i = 0; i < 3; i++) begin(&late[i], *state, "/late");
    service_wait_state(*state, "{\"late\":3,\"streams\":0,\"gone\":0}");
    assert_int_equal(service_call(*state, "GET", "/release", NULL)->status, 200);
    for (size_t i = 0; i < 3; i++) {
        finish(&late[i]);
        assert_int_equal(late[i].status, 200);
    }
    service_wait_state(*state, "{\"late\":0,\"streams\":0,\"gone\":0}");
}

static void send_all(int fd, const char *bytes) {
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

static void a_client_that_leaves_before_its_answer_is_noticed(void **state) {
    int fd = service_connect(*state);
    send_all(fd, "GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    service_wait_state(*state, "{\"late\":1,\"streams\":0,\"gone\":0}");
    close(fd);
    service_wait_state(*state, "{\"late\":1,\"streams\":0,\"gone\":1}");
    assert_int_equal(service_call(*state, "GET", "/release", NULL)->status, 200);
}

static void the_server_closes_with_requests_and_streams_open(void **state) {
    (void)state;
    struct service *service = service_start(&(struct service_options){0});
    struct background late, stream;
    begin(&late, service, "/late");
    begin(&stream, service, "/stream");
    service_wait_state(service, "{\"late\":1,\"streams\":1,\"gone\":0}");
    service_stop(service);
    finish(&late);
    finish(&stream);
    assert_int_equal(late.error, ERROR_IO);
    assert_int_equal(late.status, 0);
}

// ---------------------------------------------------------------- streams

static void a_stream_carries_lines_as_they_come(void **state) {
    struct background stream;
    begin(&stream, *state, "/stream");
    service_wait_state(*state, "{\"late\":0,\"streams\":1,\"gone\":0}");
    assert_int_equal(service_call(*state, "POST", "/push", "data: 1\r\nda")->status, 200);
    assert_int_equal(service_call(*state, "POST", "/push", "ta: 2\n\n")->status, 200);
    assert_int_equal(service_call(*state, "GET", "/end", NULL)->status, 200);
    finish(&stream);
    assert_int_equal(stream.error, ERROR_NONE);
    assert_int_equal(stream.status, 200);
    assert_string_equal(stream.first_line, "data: 1");
    assert_int_equal(stream.lines, 3);
}

static void a_client_that_leaves_a_stream_is_noticed(void **state) {
    struct background stream;
    begin(&stream, *state, "/stream");
    service_wait_state(*state, "{\"late\":0,\"streams\":1,\"gone\":0}");
    assert_int_equal(service_call(*state, "POST", "/push", "enough\n")->status, 200);
    finish(&stream);
    assert_int_equal(stream.error, ERROR_NONE); // the caller ended it
    service_wait_state(*state, "{\"late\":0,\"streams\":1,\"gone\":1}");
    assert_int_equal(service_call(*state, "POST", "/push", "x\n")->status, 410);
}

static void a_slow_reader_is_cut_off(void **state) {
    static char block[SERVICE_BODY_BYTES_MAX + 1];
    memset(block, 'x', SERVICE_BODY_BYTES_MAX);
    int fd = service_connect(*state);
    send_all(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    service_wait_state(*state, "{\"late\":0,\"streams\":1,\"gone\":0}");
    unsigned blocks = 0; // the kernel's buffers take some megabytes before our own queue grows
    while (service_call(*state, "POST", "/push", block)->status == 200 && blocks < 10000) blocks++;
    assert_in_range(blocks, SERVICE_QUEUE_BYTES_MAX / SERVICE_BODY_BYTES_MAX, 9999);
    service_wait_state(*state, "{\"late\":0,\"streams\":1,\"gone\":1}");
    close(fd);
}

// ---------------------------------------------------------------- raw sockets

struct raw_case {
    const char *name;
    const char *request;
    const char *answer; // how it begins; NULL: anything but a good one
};

static const struct raw_case raw_cases[] = {
    {"a plain request is answered", "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 "},
    {"HTTP/1.0 is answered", "GET /echo HTTP/1.0\r\n\r\n", "HTTP/1.1 200 "},
    {"HTTP/1.1 without a host is refused", "GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400 "},
    {"two lengths of one body are refused [http-1.2]",
     "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: "
     "close\r\n\r\n0\r\n\r\n",
     "HTTP/1.1 400 "},
    {"a length that is no number is refused", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3x\r\n\r\nabc",
     "HTTP/1.1 400 "},
    {"a huge declared length is refused at once",
     "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413 "},
    {"a chunk size that is no number is refused",
     "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 400 "},
    {"chunks are joined",
     "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: "
     "close\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
     "HTTP/1.1 200 "},
    {"a request line of nonsense is refused", "\x16\x03\x01\x02\r\n\r\n", NULL},
    {"a TLS client on the plain port is refused", "\x16\x03\x01\x02\x01\x01\x01\xFC", NULL},
    {"a target that is no path is refused", "GET echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
     "HTTP/1.1 400 "},
};

static size_t receive_all(int fd, char *answer, size_t bytes_max) {
    size_t length = 0;
    while (length < bytes_max - 1) {
        ssize_t count = recv(fd, answer + length, bytes_max - 1 - length, 0);
        if (count <= 0) break;
        length += (size_t)count;
    }
    answer[length] = '\0';
    return length;
}

static void check_raw(void **state) {
    const struct raw_case *c = *state;
    struct service *service = service_start(&(struct service_options){.idle_timeout_s = 5});
    int fd = service_connect(service);
    send_all(fd, c->request);
    shutdown(fd, SHUT_WR);
    char answer[2048];
    receive_all(fd, answer, sizeof answer);
    bool good = strncmp(answer, "HTTP/1.1 2", 10) == 0;
    bool as_expected = c->answer == NULL ? !good : strncmp(answer, c->answer, strlen(c->answer)) == 0;
    if (!as_expected) fail_msg("the answer is: %s", answer);
    close(fd);
    assert_int_equal(service_call(service, "GET", "/echo", NULL)->status, 200); // and it still serves
    service_stop(service);
}

static void header_lines_past_the_limit_are_refused(void **state) {
    int fd = service_connect(*state);
    send_all(fd, "GET /echo HTTP/1.1\r\nHost: a\r\nX-Test: ");
    static char block[HTTP_HEAD_BYTES_MAX];
    memset(block, 'x', sizeof block);
    ssize_t sent = send(fd, block, sizeof block, MSG_NOSIGNAL);
    assert_true(sent > 0);
    char answer[2048];
    receive_all(fd, answer, sizeof answer);
    if (strncmp(answer, "HTTP/1.1 431 ", 13) != 0) fail_msg("the answer is: %s", answer);
    close(fd);
}

static void a_request_that_never_completes_is_closed(void **state) {
    (void)state;
    struct service *service = service_start(&(struct service_options){.idle_timeout_s = 1});
    int fd = service_connect(service);
    const struct timeval pause = {0, 50000}; // also the pace of the trickle
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
    send_all(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    uint64_t deadline_ns = clock_monotonic_ns() + 10 * NS_PER_S;
    char byte;
    bool closed = false;
    while (!closed && clock_monotonic_ns() < deadline_ns) { // a byte now and then does not help
        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0) closed = true;
        if (recv(fd, &byte, 1, 0) == 0) closed = true;
    }
    assert_true(closed);
    close(fd);
    assert_int_equal(service_call(service, "GET", "/echo", NULL)->status, 200);
    service_stop(service);
}

static void a_late_answer_is_not_idle(void **state) {
    (void)state;
    struct service *service = service_start(&(struct service_options){.idle_timeout_s = 1});
    struct background late;
    begin(&late, service, "/late");
    service_wait_state(service, "{\"late\":1,\"streams\":0,\"gone\":0}");
    int fd = service_connect(service); // closed after a second: measures the time that the late one survives
    char byte;
    while (recv(fd, &byte, 1, 0) > 0) continue;
    close(fd);
    assert_int_equal(service_call(service, "GET", "/release", NULL)->status, 200);
    finish(&late);
    assert_int_equal(late.status, 200);
    service_stop(service);
}

// ---------------------------------------------------------------- opening, and the client alone

static void nothing(void *context, struct http_request *request) {
    (void)context, (void)request;
}

static void a_taken_port_is_named(void **state) {
    struct http_server_options options = {
        .address = "127.0.0.1", .port = service_port(*state), .connections_max = 4, .handle = nothing};
    struct loop *loop = loop_create();
    struct http_server *server = NULL;
    struct problem problem = {0};
    assert_int_equal(http_server_open(loop, &options, &server, &problem), ERROR_EXISTS);
    char expected[64];
    snprintf(expected, sizeof expected, "127.0.0.1:%u is in use", options.port);
    assert_non_null(strstr(problem.text, expected));
    options.address = "plant.example";
    assert_int_equal(http_server_open(loop, &options, &server, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "'plant.example'"));
    loop_destroy(loop);
}

static void nobody_there_is_unavailable(void **state) {
    (void)state;
    struct http_client *client = http_client_create(&(struct http_client_options){.timeout_ms = 5000});
    struct http_result result = {0};
    struct problem problem = {0};
    const struct http_call call = {.method = "GET", .url = "http://127.0.0.1:1/"};
    assert_int_equal(http_client_call(client, &call, &result, &problem), ERROR_UNAVAILABLE);
    assert_non_null(strstr(problem.text, "http://127.0.0.1:1/: "));
    http_client_destroy(client);
}

static void an_answer_that_does_not_come_is_a_timeout(void **state) {
    struct http_client *client = http_client_create(&(struct http_client_options){.timeout_ms = 100});
    struct http_result result = {0};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/late", service_port(*state));
    const struct http_call call = {.method = "GET", .url = url};
    assert_int_equal(http_client_call(client, &call, &result, NULL), ERROR_TIMEOUT);
    http_client_destroy(client);
    service_wait_state(*state, "{\"late\":1,\"streams\":0,\"gone\":1}");
}

static void other_protocols_are_refused(void **state) {
    (void)state;
    struct http_client *client = http_client_create(&(struct http_client_options){0});
    struct http_result result = {0};
    const struct http_call call = {.method = "GET", .url = "file:///etc/passwd"};
    assert_int_equal(http_client_call(client, &call, &result, NULL), ERROR_INVALID);
    assert_int_equal(result.body.length, 0);
    http_client_destroy(client);
}

int main(void) {
    enum { RAW = sizeof raw_cases / sizeof raw_cases[0] };
#define WITH_SERVICE(test) cmocka_unit_test_setup_teardown(test, start, stop)
    struct CMUnitTest tests[32 + RAW] = {
        WITH_SERVICE(a_request_is_answered),
        WITH_SERVICE(methods_and_bodies_arrive),
        WITH_SERVICE(an_error_has_the_shape_of_aws),
        WITH_SERVICE(a_body_at_the_limit_arrives_and_one_past_it_is_refused),
        {"a broken escape is refused [http-1.2]", a_broken_escape_is_refused, start, stop, NULL},
        WITH_SERVICE(others_are_served_while_an_answer_is_late),
        WITH_SERVICE(a_client_that_leaves_before_its_answer_is_noticed),
        cmocka_unit_test(the_server_closes_with_requests_and_streams_open),
        WITH_SERVICE(a_stream_carries_lines_as_they_come),
        WITH_SERVICE(a_client_that_leaves_a_stream_is_noticed),
        {"a slow reader is cut off [http-6.5]", a_slow_reader_is_cut_off, start, stop, NULL},
        WITH_SERVICE(header_lines_past_the_limit_are_refused),
        {"a request that never completes is closed [http-1.3]", a_request_that_never_completes_is_closed, NULL, NULL,
         NULL},
        {"a late answer is not idle [http-1.3]", a_late_answer_is_not_idle, NULL, NULL, NULL},
        WITH_SERVICE(a_taken_port_is_named),
        cmocka_unit_test(nobody_there_is_unavailable),
        WITH_SERVICE(an_answer_that_does_not_come_is_a_timeout),
        cmocka_unit_test(other_protocols_are_refused),
    };
    size_t count = 0;
    while (tests[count].test_func != NULL) count++;
    for (size_t i = 0; i < RAW; i++)
        tests[count++] = (struct CMUnitTest){raw_cases[i].name, check_raw, NULL, NULL, (void *)&raw_cases[i]};
    return _cmocka_run_group_tests("http", tests, count, NULL, NULL);
}
