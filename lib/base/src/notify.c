#include <base/notify.h>

#include "line.h"

#include <base/cleanup.h>

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
static void notify_send(const char *words, size_t length) {
    struct sockaddr_un address;
    socklen_t address_length;
    if (!notify_address(&address, &address_length)) return;
    CLEANUP(descriptor_close_at) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    struct timeval wait = {.tv_sec = NOTIFY_WAIT_S};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    sendto(fd, words, length, MSG_NOSIGNAL, (const struct sockaddr *)&address, address_length);
}

void notify_ready(void) {
    notify_send("READY=1", strlen("READY=1"));
}

void notify_stopping(void) {
    notify_send("STOPPING=1", strlen("STOPPING=1"));
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
    notify_send(words, length);
}
