// A store that is full, damaged or only readable: what must be stored is refused with the reason, the rest goes on.
#include "service.h"

#include <base/file.h>
#include <base/process.h>
#include <errno.h>
#include <fcntl.h>
#include <json/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define T "$aws.things.t.shadow."

static int set_up(void **state) {
    struct service *service = calloc(1, sizeof *service);
    *state = service;
    service_open(service);
    return 0;
}

static int tear_down(void **state) {
    service_close(*state);
    free(*state);
    return 0;
}

/// Files of the service may not grow past `bytes`: as if the disk were full.
static void limit_disk(struct service *service, rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(prlimit(service->pid, RLIMIT_FSIZE, NULL, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(prlimit(service->pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

static void a_full_disk_refuses_desired_and_takes_reported(void **state) {
    struct service *service = *state;
    service_start(service);
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    limit_disk(service, 0);

    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":2}},\"clientToken\":\"k\"}",
                   "{\"code\":500,\"message\":\"Internal service failure: ");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":2}}}", service->store);
    service_expect(service, T "delete", "", "\"code\":500");
    service_wait_status(service, "\"state\":\"degraded\",\"reason\":\"");
    service_wait_status(service, service->store);
    assert_non_null(strstr(service->event.data, service->store));
    service_expect(service, T "get", "", "{\"state\":{\"desired\":{\"a\":1},\"delta\":{\"a\":1}}");
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":0}}}", "\"version\":2");
    service_expect(service, T "get", "", "\"reported\":{\"a\":0}");

    limit_disk(service, RLIM_INFINITY);
    service_wait_status(service, "\"state\":\"ok\",\"reason\":\"\"");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":3}}}", "\"version\":3");
    service_kill(service);
    service_start(service);
    service_expect(service, T "get", "", "{\"state\":{\"desired\":{\"a\":3},\"reported\":{\"a\":0},");
}

/// Until nothing more fits.
static void fill(const char *path) {
    static const char bytes[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, bytes, sizeof bytes) > 0) {}
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void a_disk_that_is_really_full_is_named_and_waited_for(void **state) {
    struct service *service = *state;
    if (!service_start_on_disk(service, "1m")) skip();
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    char filler[256];
    snprintf(filler, sizeof filler, "/proc/%d/root%s/twins/filler", (int)service->pid, service->folder);
    fill(filler);
    // The log has some room of its own at first.
    CLEANUP(buffer_clear) struct buffer answer = {0};
    for (int i = 0; i < 1000 && (answer.length == 0 || strstr(answer.data, "\"code\":500") == NULL); i++)
        service_ask(service, T "update", "{\"state\":{\"desired\":{\"a\":2}}}", &answer);
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":3}}}", "the disk is full; free some space");
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":0}}}", "\"version\":");
    service_wait_status(service, "\"state\":\"degraded\",\"reason\":\"");
    assert_int_equal(unlink(filler), 0);
    service_wait_status(service, "\"state\":\"ok\",\"reason\":\"\"");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":4}}}", "\"version\":");
    service_expect(service, T "get", "", "{\"state\":{\"desired\":{\"a\":4},\"reported\":{\"a\":0},");
}

static void a_store_that_was_moved_away_is_missed(void **state) {
    struct service *service = *state;
    service_start(service);
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    CLEANUP(free_at) char *aside = testing_path(service->folder, "aside.db");
    assert_int_equal(rename(service->store, aside), 0);
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":2}}}",
                   "put it back, or start the service again");
    service_expect(service, T "get", "", "{\"state\":{\"desired\":{\"a\":1}");
    assert_int_equal(rename(aside, service->store), 0);
    service_wait_status(service, "\"state\":\"ok\",\"reason\":\"\"");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":3}}}", "\"version\":2");
}

/// All in one commit, which fails: each request is judged by itself.
static void what_needs_no_disk_is_not_refused_with_what_does(void **state) {
    struct service *service = *state;
    service_start(service);
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    limit_disk(service, 0);
    service_publish(service, T "update", "{\"state\":{\"desired\":{\"a\":2}}}");
    service_publish(service, T "update", "{\"state\":{\"reported\":{\"b\":1}}}");
    service_publish(service, T "delete", "");
    service_publish(service, T "update", "{\"state\":{\"desired\":{\"a\":3},\"reported\":{\"c\":1}}}");
    service_publish(service, T "update", "{\"state\":{\"reported\":{\"d\":1}}}");
    service_expect(service, T "get", "", "{\"state\":{\"desired\":{\"a\":1},\"reported\":{\"b\":1,\"d\":1},");
    service_expect(service, T "get", "", "\"version\":3,");
}

static int64_t version_of(struct service *service, const char *subject, const char *payload) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    service_ask(service, subject, payload, &text);
    struct json_document *answer = NULL;
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    assert_int_equal(json_parse(buffer_view(&text), limits, &answer, NULL), ERROR_NONE);
    int64_t version = json_integer(json_member(json_root(answer), "version"), -1);
    json_destroy(answer);
    if (version < 0) fail_msg("%s", text.data);
    return version;
}

static const char report[] = "{\"state\":{\"reported\":{\"a\":1}}}";

/// Without the disk no version can be reserved; the clock stands in for it.
static void versions_without_a_disk_follow_the_clock(void **state) {
    struct service *service = *state;
    service_start(service);
    limit_disk(service, 0);
    int64_t first = version_of(service, T "update", report);
    assert_true(first > INT64_C(1600000000000));
    service_kill(service);
    service_start(service);
    limit_disk(service, 0);
    int64_t later = version_of(service, T "update", report);
    assert_true(later > first);
    assert_true(version_of(service, T "update", report) > later);
    limit_disk(service, RLIM_INFINITY);
    service_wait_status(service, "\"state\":\"ok\"");
    int64_t kept = version_of(service, T "get", "");
    assert_int_equal(version_of(service, T "update", report), kept + 1);
}

static void a_damaged_store_is_left_alone(void **state) {
    struct service *service = *state;
    CLEANUP(free_at) char *folder = testing_path(service->folder, "twins");
    assert_int_equal(file_make_folder(folder, 0700, NULL), ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
    for (int i = 0; i < 300; i++) buffer_string(&before, "no database at all, but somebody's work\n");
    assert_int_equal(file_write(service->store, buffer_view(&before), 0600, NULL), ERROR_NONE);

    service_start(service);
    service_wait_status(service, "\"state\":\"degraded\",\"reason\":\"");
    service_wait_status(service, "not a database; stop the service and move it away");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", service->store);
    service_expect(service, T "update", report, "\"version\":1");
    service_expect(service, T "get", "", "{\"state\":{\"reported\":{\"a\":1}}");
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    assert_int_equal(file_read(service->store, 1 << 20, &after, NULL), ERROR_NONE);
    assert_true(text_equal(buffer_view(&before), buffer_view(&after)));
}

/// In the middle of what was ours: nothing of it is believed, nothing of it is lost by us.
static void a_store_with_a_damaged_page_is_left_alone(void **state) {
    struct service *service = *state;
    service_start(service);
    for (int i = 0; i < 200; i++) {
        char subject[64];
        snprintf(subject, sizeof subject, "$aws.things.t%d.shadow.update", i);
        service_expect(service, subject, "{\"state\":{\"desired\":{\"text\":\"some words that take their place\"}}}",
                       "\"version\":1");
    }
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
    int fd = open(service->store, O_WRONLY | O_CLOEXEC);
    char garbage[4096];
    memset(garbage, 0xA5, sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 3 * 4096), 4096);
    close(fd);
    assert_int_equal(file_read(service->store, 1 << 20, &before, NULL), ERROR_NONE);
    service_start(service);
    service_wait_status(service, "\"state\":\"degraded\",\"reason\":\"");
    service_wait_status(service, "put a copy in its place, or move it away to begin anew");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", service->store);
    service_expect(service, T "update", report, "\"version\":");
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    assert_int_equal(file_read(service->store, 1 << 20, &after, NULL), ERROR_NONE);
    assert_true(text_equal(buffer_view(&before), buffer_view(&after)));
}

static void a_store_that_is_only_readable_is_read(void **state) {
    struct service *service = *state;
    service_start(service);
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    int fd = open(service->store, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\3", 1, 18), 1); // the format of its header: may be read, not written
    close(fd);
    service_start(service);
    service_expect(service, T "get", "", "{\"state\":{\"desired\":{\"a\":1}");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":2}}}", "only readable; check owner and mode");
    service_wait_status(service, "\"state\":\"degraded\"");
    service_expect(service, T "update", report, "\"version\":");
}

/* ---- What ends the service ---- */

static void assert_says(const struct buffer *output, const char *part) {
    if (output->length == 0 || strstr(output->data, part) == NULL)
        fail_msg("'%s' is not in: %.*s", part, TEXT_ARG(buffer_view(output)));
}

/// Exit status and output of a second service on the same data folder.
static int run_another(struct service *service, struct buffer *output) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    char port[16];
    snprintf(port, sizeof port, "%u", service->nats->port);
    const char *where = service->where == NULL ? "" : service->where;
    const char *const arguments[] = {"/proc/self/exe", "--serve", service->folder, port, where, NULL};
    struct process_options options = {.arguments = arguments, .output = ends[1], .own_group = true};
    pid_t pid;
    assert_int_equal(process_start(&options, &pid, NULL), ERROR_NONE);
    close(ends[1]);
    char bytes[1024];
    for (ssize_t count; (count = read(ends[0], bytes, sizeof bytes)) > 0;) buffer_append(output, bytes, (size_t)count);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_store_whose_server_is_away_ends_the_service(void **state) {
    struct service *service = *state;
    service->where = "postgresql://splc@%2Fnowhere/plant";
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(run_another(service, &output), EXIT_FAILURE);
    assert_says(&output, "PostgreSQL /nowhere:5432/plant");
}

static void a_missing_password_ends_the_service(void **state) {
    struct service *service = *state;
    CLEANUP(free_at) char *secret = testing_path(service->folder, "secrets/nats-twins");
    assert_int_equal(unlink(secret), 0);
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(run_another(service, &output), EXIT_FAILURE);
    assert_says(&output, secret);
}

#define TEST(name, function)                                                                                           \
    { name, function, set_up, tear_down, NULL }

int main(int argc, char **argv) {
    if (service_is_wanted(argc, argv)) return service_run(argv);
    static const struct CMUnitTest tests[] = {
        TEST("[twin-4.1] a full disk refuses desired and takes reported",
             a_full_disk_refuses_desired_and_takes_reported),
        TEST("[twin-4.1] a disk that is really full is named and waited for",
             a_disk_that_is_really_full_is_named_and_waited_for),
        TEST("[twin-4.1] a store that was moved away is missed", a_store_that_was_moved_away_is_missed),
        TEST("[twin-4.1] what needs no disk is not refused with what does",
             what_needs_no_disk_is_not_refused_with_what_does),
        TEST("[twin-4.2] versions without a disk follow the clock", versions_without_a_disk_follow_the_clock),
        TEST("[twin-4.3] a damaged store is left alone", a_damaged_store_is_left_alone),
        TEST("[twin-4.3] a store with a damaged page is left alone", a_store_with_a_damaged_page_is_left_alone),
        TEST("[twin-4.3] a store that is only readable is read", a_store_that_is_only_readable_is_read),
        TEST("[twin-4.4] a store whose server is away ends the service", a_store_whose_server_is_away_ends_the_service),
        TEST("a missing password ends the service", a_missing_password_ends_the_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
