#include <base/notify.h>

#include "line.h"

#include <base/cleanup.h>
#include <base/clock.h>
#include <base/text.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum {
    NOTIFY_TEXT_BYTES = 512, // one line on a screen, and more than a problem has
    BEATS_PER_LIMIT = 4,     // one that is late or lost is no silence
    NOTIFY_WAIT_S = 1,       // a supervisor that hangs must not hang the service
};

/// False when nobody asked to be notified, or the address is one that we cannot use.
static bool notify_address(struct sockaddr_un *ret_address, socklen_t *ret_length) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL || (path[0] != '/' && path[0] != '@')) return false;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return false;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = '\0'; // the abstract namespace of Linux
    *ret_address = address;
    *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

/// Best effort: a service does its work whether or not someone listens.
static void notify_send(const char *words, size_t length, int flags) {
    struct sockaddr_un address;
    socklen_t address_length;
    if (!notify_address(&address, &address_length)) return;
    CLEANUP(descriptor_close_at) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    struct timeval wait = {.tv_sec = NOTIFY_WAIT_S};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    sendto(fd, words, length, MSG_NOSIGNAL | flags, (const struct sockaddr *)&address, address_length);
}

void notify_ready(void) {
    notify_send("READY=1", strlen("READY=1"), 0);
}

void notify_stopping(void) {
    notify_send("STOPPING=1", strlen("STOPPING=1"), 0);
}

static void say_alive(void *context) {
    (void)context;
    notify_send("WATCHDOG=1", strlen("WATCHDOG=1"), MSG_DONTWAIT);
}

enum error notify_keep_alive(struct loop *loop) {
    const char *limit = getenv("WATCHDOG_USEC");
    uint64_t limit_us;
    if (limit == NULL || text_to_u64(text_of(limit), &limit_us) || limit_us < BEATS_PER_LIMIT) return ERROR_NONE;
    say_alive(NULL);
    uint64_t period_ns = limit_us / BEATS_PER_LIMIT * NS_PER_US;
    return loop_timer(loop, period_ns, period_ns, say_alive, NULL) == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

void notify_status(const char *format, ...) {
    static const char key[] = "STATUS=";
    char words[NOTIFY_TEXT_BYTES + sizeof key];
    size_t length = sizeof key - 1;
    memcpy(words, key, sizeof key);
    va_list arguments;
    va_start(arguments, format);
    length += line_format(words + length, sizeof words - length, format, arguments);
    va_end(arguments);
    notify_send(words, length, 0);
}
