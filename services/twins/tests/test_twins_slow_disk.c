// A disk that does not come back for a while: the thread that writes is stopped, the service goes on.
#include "service.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cmocka.h>

struct fixture {
    struct service service;
    struct buffer heard;
    pid_t writer;     // thread
    unsigned limited; // answers with 429
    unsigned answered;
};

static void heard(void *context, const struct bus_message *message) {
    struct fixture *fixture = context;
    bool accepted = text_ends_with(message->subject, TEXT(".accepted"));
    bool rejected = text_ends_with(message->subject, TEXT(".rejected"));
    if (!accepted && !rejected) return;
    fixture->answered++;
    fixture->limited += rejected && text_starts_with(message->data, TEXT("{\"code\":429,"));
    buffer_print(&fixture->heard, "%.*s\n", TEXT_ARG(message->subject));
}

/* ---- Stopping the one thread that writes ---- */

static bool is_writer(pid_t service, const char *thread) {
    char path[512], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%s/comm", (int)service, thread);
    CLEANUP(file_close_at) FILE *file = fopen(path, "re");
    return file != NULL && fgets(name, sizeof name, file) != NULL && strcmp(name, "store\n") == 0;
}

static pid_t find_writer(pid_t service) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)service);
    DIR *folder = opendir(path);
    pid_t found = 0;
    if (folder == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (is_writer(service, entry->d_name)) found = (pid_t)atoi(entry->d_name);
    closedir(folder);
    return found;
}

/// False where tracing is not permitted.
static bool stop_writer(struct fixture *fixture) {
    fixture->writer = find_writer(fixture->service.pid);
    assert_true(fixture->writer > 0);
    if (ptrace(PTRACE_SEIZE, fixture->writer, NULL, NULL) != 0) return false;
    assert_int_equal(ptrace(PTRACE_INTERRUPT, fixture->writer, NULL, NULL), 0);
    int status;
    assert_int_equal(waitpid(fixture->writer, &status, __WALL), fixture->writer);
    assert_true(WIFSTOPPED(status));
    return true;
}

static void let_writer_go(struct fixture *fixture) {
    assert_int_equal(ptrace(PTRACE_DETACH, fixture->writer, NULL, NULL), 0);
}

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    service_open(&fixture->service);
    fixture->service.heard = heard;
    fixture->service.context = fixture;
    service_start(&fixture->service);
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    service_close(&fixture->service);
    buffer_clear(&fixture->heard);
    free(fixture);
    return 0;
}

/* ---- The sentences ---- */

static const char report[] = "{\"state\":{\"reported\":{\"a\":1}}}";
static const char wish[] = "{\"state\":{\"desired\":{\"a\":1}}}";

static bool is_answered_fully(void *context) {
    return ((struct fixture *)context)->answered >= 9;
}

static void what_is_reported_does_not_wait_for_the_disk(void **state) {
    struct fixture *fixture = *state;
    struct service *service = &fixture->service;
    service_expect(service, "$aws.things.a.shadow.update", report, "\"version\":1");
    service_expect(service, "$aws.things.b.shadow.update", report, "\"version\":1");
    if (!stop_writer(fixture)) skip();
    service_publish(service, "$aws.things.a.shadow.update", wish);
    service_publish(service, "$aws.things.a.shadow.update", report); // its shadow waits, so it waits
    service_publish(service, "$aws.things.new.shadow.update", report);
    service_expect(service, "$aws.things.b.shadow.update", report, "\"version\":2");
    service_expect(service, "$aws.things.b.shadow.update", report, "\"version\":3");
    service_expect(service, "$aws.things.b.shadow.get", "", "\"version\":3");
    assert_null(strstr(strchr(fixture->heard.data, 'b'), ".a.shadow"));
    assert_null(strstr(fixture->heard.data, ".new.shadow"));
    assert_int_equal(fixture->answered, 5);

    let_writer_go(fixture);
    service_expect(service, "$aws.things.a.shadow.get", "", "\"version\":3");
    service_wait(service, is_answered_fully, fixture);
    assert_non_null(strstr(fixture->heard.data, ".new.shadow.update.accepted"));
}

static bool is_limited(void *context) {
    return ((struct fixture *)context)->limited > 0;
}

static void what_waits_for_the_disk_has_a_limit(void **state) {
    struct fixture *fixture = *state;
    struct service *service = &fixture->service;
    service_expect(service, "$aws.things.b.shadow.update", report, "\"version\":1");
    if (!stop_writer(fixture)) skip();
    CLEANUP(buffer_clear) struct buffer large = {0};
    buffer_string(&large, "{\"state\":{\"desired\":{\"a\":\"");
    for (int i = 0; i < 7000; i++) buffer_byte(&large, 'x');
    buffer_string(&large, "\"}}}");
    for (int i = 0; i < 3000; i++) service_publish(service, "$aws.things.a.shadow.update", large.data);
    service_wait(service, is_limited, fixture);
    service_expect(service, "$aws.things.b.shadow.update", report, "\"version\":2");
    let_writer_go(fixture);
    service_expect(service, "$aws.things.a.shadow.get", "", "\"version\":");
    service_expect(service, "$aws.things.a.shadow.update", wish, "\"desired\":{\"a\":1}");
}

#define TEST(name, function)                                                                                           \
    { name, function, set_up, tear_down, NULL }

int main(int argc, char **argv) {
    if (service_is_wanted(argc, argv)) return service_run(argv);
    static const struct CMUnitTest tests[] = {
        TEST("[twin-2.3] what is reported does not wait for the disk", what_is_reported_does_not_wait_for_the_disk),
        TEST("[twin-4.5] what waits for the disk has a limit", what_waits_for_the_disk_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
