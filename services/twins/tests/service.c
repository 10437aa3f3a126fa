#include "service.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/process.h>
#include <fcntl.h>
#include <json/json.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <store/store.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <twins/twins.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_S = 60 }; // long, because tests share the machine; none waits that long when all is well

/* ---- The service's process ---- */

bool service_is_wanted(int argc, char **argv) {
    return argc == 5 && strcmp(argv[1], "--serve") == 0;
}

static bool write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) > 0;
    if (fd >= 0) close(fd);
    return written;
}

static bool write_map(const char *path, unsigned id) {
    char text[32];
    snprintf(text, sizeof text, "0 %u 1", id);
    return write_text(path, text);
}

/// Who is not root becomes it in a user namespace of its own, where the system allows that.
static bool enter_namespace(void) {
    unsigned uid = geteuid(), gid = getegid();
    if (unshare(CLONE_NEWNS) == 0) return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    bool denied = write_text("/proc/self/setgroups", "deny"); // without it no group is mapped
    return denied && write_map("/proc/self/uid_map", uid) && write_map("/proc/self/gid_map", gid);
}

/// A small disk for the store, which this process alone sees.
static void mount_disk(const char *folder, const char *size) {
    char options[48];
    CLEANUP(free_at) char *place = testing_path(folder, "twins");
    snprintf(options, sizeof options, "size=%s,mode=0700", size);
    error_ignore(file_make_folder(place, 0700, NULL)); // it may be there; the mount says what is wrong
    bool mounted = enter_namespace() && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                   mount("splc-test", place, "tmpfs", 0, options) == 0;
    if (!mounted) _exit(SERVICE_NO_DISK);
}

int service_run(char **argv) {
    const char *disk = getenv("SERVICE_DISK");
    if (disk != NULL) mount_disk(argv[2], disk);
    signal(SIGXFSZ, SIG_IGN); // a limit on the size of files stands for a full disk
    log_open("twins");
    CLEANUP(free_at) char *package = testing_path(argv[2], "function");
    const struct site_function function = {.name = "keeper", .folder = package};
    struct site site = {.data_folder = argv[2]};
    site.fog.address = "127.0.0.1";
    site.fog.nats_port = (uint16_t)atoi(argv[3]);
    site.fog.store = argv[4][0] == '\0' ? NULL : argv[4];
    site.fog.functions = &function;
    site.fog.function_count = 1;
    struct problem problem = {0};
    enum error error = twins_run(&site, &problem);
    if (error) fprintf(stderr, "%s\n", problem.text);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void make_data_folder(struct service *service) {
    static const char *const folders[] = {"pki", "secrets", "function"};
    static const char manifest[] = "{name: keeper, runtime: provided.al2023, state: [" SERVICE_MEMORY "]}\n";
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(free_at) char *path = testing_path(service->folder, folders[i]);
        assert_int_equal(file_make_folder(path, 0700, NULL), ERROR_NONE);
    }
    CLEANUP(buffer_clear) struct buffer authority = {0};
    CLEANUP(free_at) char *manifest_file = testing_path(service->folder, "function/function.yaml");
    assert_int_equal(file_write(manifest_file, text_of(manifest), 0600, NULL), ERROR_NONE);
    CLEANUP(free_at) char *authority_file = testing_path(service->folder, "pki/ca.crt");
    CLEANUP(free_at) char *password_file = testing_path(service->folder, "secrets/nats-twins");
    assert_int_equal(file_read(service->nats->ca_file, 1 << 16, &authority, NULL), ERROR_NONE);
    assert_int_equal(file_write(authority_file, buffer_view(&authority), 0600, NULL), ERROR_NONE);
    assert_int_equal(file_write(password_file, TEXT("password"), 0600, NULL), ERROR_NONE);
}

/* ---- The client ---- */

static void on_state(void *context, bool connected, const char *reason) {
    (void)reason;
    ((struct service *)context)->connected = connected;
}

static void on_message(void *context, const struct bus_message *message) {
    struct service *service = context;
    if (service->heard != NULL) service->heard(service->context, message);
}

static void on_status(void *context, const struct bus_message *message) {
    struct service *service = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1 << 16, .depth_max = 8};
    assert_int_equal(json_parse(message->data, limits, &document, NULL), ERROR_NONE);
    int64_t pid = json_integer(json_member(json_root(document), "pid"), 0);
    int64_t partitions = json_integer(json_member(json_root(document), "partitions"), -1);
    for (size_t i = 0; i < SERVICE_PROCESSES_MAX; i++)
        if (service->others[i].pid == pid) service->others[i].partitions = partitions;
    if (pid != service->pid) return; // of one before, or another
    service->partitions = partitions;
    buffer_reset(&service->status);
    buffer_text(&service->status, message->data);
}

static void on_event(void *context, const struct bus_message *message) {
    struct service *service = context;
    buffer_reset(&service->event);
    buffer_text(&service->event, message->data);
}

static bool is_connected(void *context) {
    return ((struct service *)context)->connected;
}

static void open_client(struct service *service) {
    CLEANUP(free_at) char *password_file = testing_path(service->folder, "secrets/nats-twins");
    struct bus_options options = {
        .url = service->nats->url,
        .ca_file = service->nats->ca_file,
        .user = "test",
        .password_file = password_file,
        .name = "test",
        .state = on_state,
        .context = service,
    };
    assert_int_equal(bus_open(service->loop, &options, &service->bus, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(service->bus, "$aws.things.>", NULL, on_message, service, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(service->bus, "splc.status.twins", NULL, on_status, service, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(service->bus, "splc.event", NULL, on_event, service, NULL), ERROR_NONE);
    service_wait(service, is_connected, service);
}

/* ---- From start to end ---- */

#define USERS "authorization: {users: [{user: test, password: password}, {user: twins, password: password}]}\n"

static void open_with(struct service *service, bool jetstream) {
    *service = (struct service){0};
    service->folder = testing_folder();
    char config[512];
    snprintf(config, sizeof config, USERS "server_name: test\njetstream: {store_dir: \"%s/jetstream\"}\n",
             service->folder);
    service->nats = testing_nats_start(jetstream ? config : USERS);
    service->store = testing_path(service->folder, "twins/twins.db");
    make_data_folder(service);
    service->loop = loop_create();
    assert_non_null(service->loop);
    open_client(service);
}

void service_open(struct service *service) {
    open_with(service, true);
}

void service_open_without_queues(struct service *service) {
    open_with(service, false);
}

static void start_process(struct service *service, pid_t *ret_pid) {
    char port[16];
    snprintf(port, sizeof port, "%u", service->nats->port);
    const char *where = service->where == NULL ? "" : service->where;
    const char *const arguments[] = {"/proc/self/exe", "--serve", service->folder, port, where, NULL};
    struct process_options options = {.arguments = arguments, .output = -1, .own_group = true};
    struct problem problem = {0};
    if (process_start(&options, ret_pid, &problem) != ERROR_NONE) fail_msg("%s", problem.text);
}

static bool has_status(void *context) {
    return ((struct service *)context)->status.length > 0;
}

void service_start(struct service *service) {
    buffer_reset(&service->status);
    service->partitions = 0;
    start_process(service, &service->pid);
    service_wait(service, has_status, service);
}

static bool has_status_or_ended(void *context) {
    struct service *service = context;
    int status;
    if (waitpid(service->pid, &status, WNOHANG) == service->pid) {
        service->pid = 0;
        service->has_disk = !(WIFEXITED(status) && WEXITSTATUS(status) == SERVICE_NO_DISK);
    }
    return service->pid == 0 || has_status(service);
}

bool service_start_on_disk(struct service *service, const char *size) {
    service->has_disk = true;
    setenv("SERVICE_DISK", size, 1);
    buffer_reset(&service->status);
    start_process(service, &service->pid);
    unsetenv("SERVICE_DISK");
    service_wait(service, has_status_or_ended, service);
    return service->has_disk;
}

static int wait_for_end(pid_t *pid) {
    int status = -1;
    while (waitpid(*pid, &status, 0) < 0) {}
    *pid = 0;
    return status;
}

void service_start_other(struct service *service, size_t other) {
    service->others[other] = (struct service_process){0};
    start_process(service, &service->others[other].pid);
}

void service_kill_other(struct service *service, size_t other) {
    kill(service->others[other].pid, SIGKILL);
    assert_true(WIFSIGNALED(wait_for_end(&service->others[other].pid)));
}

int service_stop_other(struct service *service, size_t other) {
    kill(service->others[other].pid, SIGTERM);
    int status = wait_for_end(&service->others[other].pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool is_shared(void *context) {
    const struct service *service = context;
    int64_t running = service->pid != 0, sum = service->pid != 0 ? service->partitions : 0, most = sum;
    for (size_t i = 0; i < SERVICE_PROCESSES_MAX; i++) {
        if (service->others[i].pid == 0) continue;
        running++;
        sum += service->others[i].partitions;
        if (service->others[i].partitions > most) most = service->others[i].partitions;
    }
    return sum == STORE_PARTITIONS && most <= (STORE_PARTITIONS + running - 1) / running;
}

void service_wait_shares(struct service *service) {
    service_wait(service, is_shared, service);
}

void service_kill(struct service *service) {
    kill(service->pid, SIGKILL);
    assert_true(WIFSIGNALED(wait_for_end(&service->pid)));
}

int service_stop(struct service *service) {
    kill(service->pid, SIGTERM);
    int status = wait_for_end(&service->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void service_close(struct service *service) {
    for (size_t i = 0; i < SERVICE_PROCESSES_MAX; i++)
        if (service->others[i].pid != 0) service_kill_other(service, i);
    if (service->pid != 0) assert_int_equal(service_stop(service), EXIT_SUCCESS);
    bus_close(service->bus);
    loop_destroy(service->loop);
    buffer_clear(&service->status);
    buffer_clear(&service->event);
    testing_nats_destroy(service->nats);
    testing_remove(service->folder);
    free(service->store);
    free(service->folder);
}

/* ---- Talking ---- */

void service_wait(struct service *service, bool (*done)(void *context), void *context) {
    if (!testing_run_until(service->loop, done, context, WAIT_S)) fail_msg("nothing happened for %d s", WAIT_S);
}

struct wanted_status {
    struct service *service;
    const char *part;
};

static bool status_contains(void *context) {
    struct wanted_status *wanted = context;
    return wanted->service->status.length > 0 && strstr(wanted->service->status.data, wanted->part) != NULL;
}

void service_wait_status(struct service *service, const char *part) {
    service_wait(service, status_contains, &(struct wanted_status){service, part});
}

static bool is_past(void *context) {
    return clock_monotonic_ns() >= *(uint64_t *)context;
}

void service_wait_ms(struct service *service, unsigned ms) {
    uint64_t until_ns = clock_monotonic_ns() + ms * NS_PER_MS;
    service_wait(service, is_past, &until_ns);
}

void service_publish(struct service *service, const char *subject, const char *payload) {
    assert_int_equal(bus_publish(service->bus, text_of(subject), text_of(payload)), ERROR_NONE);
}

struct answer {
    bool given;
    enum error error;
    struct buffer *document;
};

static void on_answer(void *context, enum error error, struct text data) {
    struct answer *answer = context;
    answer->given = true;
    answer->error = error;
    buffer_text(answer->document, data);
}

static bool is_given(void *context) {
    return ((struct answer *)context)->given;
}

static enum error ask(struct service *service, const char *subject, const char *payload, uint64_t timeout_ns,
                      struct buffer *ret_answer) {
    struct answer answer = {.document = ret_answer};
    buffer_reset(ret_answer);
    assert_int_equal(bus_request(service->bus, text_of(subject), text_of(payload), timeout_ns, on_answer, &answer),
                     ERROR_NONE);
    service_wait(service, is_given, &answer);
    return answer.error;
}

void service_ask(struct service *service, const char *subject, const char *payload, struct buffer *ret_answer) {
    enum error error = ask(service, subject, payload, 20 * NS_PER_S, ret_answer);
    if (error) fail_msg("%s: %s", subject, error_text(error));
}

void service_read(struct service *service, const char *subject, struct buffer *ret_answer) {
    uint64_t until_ns = clock_monotonic_ns() + WAIT_S * NS_PER_S;
    enum error error = ERROR_TIMEOUT;
    while (error == ERROR_TIMEOUT && clock_monotonic_ns() < until_ns)
        error = ask(service, subject, "", NS_PER_S, ret_answer);
    if (error) fail_msg("%s: %s", subject, error_text(error));
}

void service_expect(struct service *service, const char *subject, const char *payload, const char *part) {
    CLEANUP(buffer_clear) struct buffer answer = {0};
    service_ask(service, subject, payload, &answer);
    if (strstr(answer.data, part) == NULL) fail_msg("%s: '%s' is not in: %s", subject, part, answer.data);
}
