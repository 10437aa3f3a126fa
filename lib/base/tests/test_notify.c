#include "folder.h"
#include "suite.h"

#include <base/cleanup.h>
#include <base/clock.h>
#include <base/notify.h>
#include <base/text.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/// Listens as systemd does; '@' in front stands for the abstract namespace.
static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    assert_true(length < sizeof address.sun_path);
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, address_length), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

/// The next datagram; the empty text when there is none.
static struct text heard(int fd, char (*storage)[1024]) {
    ssize_t got = recv(fd, *storage, sizeof *storage, MSG_DONTWAIT);
    return (struct text){*storage, got < 0 ? 0 : (size_t)got};
}

static void stop(void *loop) {
    loop_stop(loop);
}

static void check_words(int fd) {
    char storage[1024];
    notify_ready();
    assert_true(text_is(heard(fd, &storage), "READY=1"));
    notify_status("station %d is late", 3);
    assert_true(text_is(heard(fd, &storage), "STATUS=station 3 is late"));
    notify_stopping();
    assert_true(text_is(heard(fd, &storage), "STOPPING=1"));
    assert_int_equal(heard(fd, &storage).length, 0);
}

static void the_words_reach_a_socket_in_a_folder(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *path = folder_path(&folder, "notify");
    CLEANUP(descriptor_close_at) int fd = listen_at(path);
    check_words(fd);
}

static void the_words_reach_an_abstract_socket(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "@splc-test-notify-%d", (int)getpid());
    CLEANUP(descriptor_close_at) int fd = listen_at(path);
    check_words(fd);
}

static void a_status_is_one_line_of_limited_length(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *path = folder_path(&folder, "notify");
    CLEANUP(descriptor_close_at) int fd = listen_at(path);
    char storage[1024];
    notify_status("%s", "late\nREADY=1"); // must not be taken for a second word
    assert_true(text_is(heard(fd, &storage), "STATUS=late READY=1"));
    char endless[5000] = {0};
    memset(endless, 'x', sizeof endless - 1);
    notify_status("%s", endless);
    struct text status = heard(fd, &storage);
    assert_true(text_starts_with(status, TEXT("STATUS=xxx")));
    assert_true(status.length > 500 && status.length < 600);
}

static void a_service_gives_signs_of_life_as_often_as_wanted(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *path = folder_path(&folder, "notify");
    CLEANUP(descriptor_close_at) int fd = listen_at(path);
    char storage[1024];
    struct loop *loop = loop_create();
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_keep_alive(loop), ERROR_NONE);
    setenv("WATCHDOG_USEC", "soon", 1);
    assert_int_equal(notify_keep_alive(loop), ERROR_NONE);
    assert_int_equal(heard(fd, &storage).length, 0);
    setenv("WATCHDOG_USEC", "40000", 1);
    assert_int_equal(notify_keep_alive(loop), ERROR_NONE);
    assert_true(text_is(heard(fd, &storage), "WATCHDOG=1")); // at once
    assert_non_null(loop_timer(loop, 30 * NS_PER_MS, 0, stop, loop));
    assert_int_equal(loop_run(loop), ERROR_NONE);
    assert_true(text_is(heard(fd, &storage), "WATCHDOG=1")); // and from the loop, every 10 ms
    loop_destroy(loop);
    unsetenv("WATCHDOG_USEC");
}

static const struct nobody_case {
    const char *name;
    const char *variable;
} nobody_cases[] = {
    {"without the variable nothing happens", NULL},
    {"an empty variable is none", ""},
    {"a socket that is not there is left alone", "/nowhere/notify"},
    {"an address that is no path is left alone", "vsock:2:1234"},
    {"a path that is too long is left alone",
     "/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/nowhere/notify"},
};

static int next_descriptor(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

static void check_nobody(void **state) {
    const struct nobody_case *c = *state;
    if (c->variable == NULL)
        unsetenv("NOTIFY_SOCKET");
    else
        setenv("NOTIFY_SOCKET", c->variable, 1);
    int before = next_descriptor();
    notify_ready();
    notify_status("%s", "unheard");
    notify_stopping();
    assert_int_equal(next_descriptor(), before);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TEST(&suite, the_words_reach_a_socket_in_a_folder);
    SUITE_TEST(&suite, the_words_reach_an_abstract_socket);
    SUITE_TEST(&suite, a_status_is_one_line_of_limited_length);
    SUITE_TEST(&suite, a_service_gives_signs_of_life_as_often_as_wanted);
    SUITE_TABLE(&suite, nobody_cases, check_nobody);
    return SUITE_RUN(&suite);
}
