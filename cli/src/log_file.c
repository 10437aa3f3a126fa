#include "log_file.h"

#include <base/cleanup.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_BYTES_MAX = 10 * 1024 * 1024, TAIL_BYTES_MAX = 4096 };

static void rotate(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || status.st_size < LOG_BYTES_MAX) return;
    CLEANUP(free_at) char *old = NULL;
    if (asprintf(&old, "%s.1", path) < 0) return;
    rename(path, old); // when it fails the log grows on, which is better than no log
}

enum error log_file_open(const char *path, int *ret_fd, off_t *ret_start, struct problem *ret_problem) {
    rotate(path);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return problem_say(ret_problem, error_from_errno(errno), "%s: %s", path, strerror(errno));
    off_t end = lseek(fd, 0, SEEK_END);
    *ret_start = end < 0 ? 0 : end;
    *ret_fd = fd;
    return ERROR_NONE;
}

/// Where the last `lines_max` lines begin.
static size_t last_lines(const char *bytes, size_t length, unsigned lines_max) {
    unsigned lines = 0;
    size_t at = length;
    while (at > 0) {
        if (bytes[at - 1] == '\n' && at < length && ++lines == lines_max) break;
        at--;
    }
    return at;
}

void log_file_tail(const char *path, off_t start, unsigned lines_max, struct buffer *out) {
    CLEANUP(descriptor_close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) return;
    off_t from = status.st_size - TAIL_BYTES_MAX;
    if (from < start) from = start;
    char bytes[TAIL_BYTES_MAX];
    ssize_t length = pread(fd, bytes, sizeof bytes, from);
    if (length <= 0) return;
    size_t at = last_lines(bytes, (size_t)length, lines_max);
    buffer_append(out, bytes + at, (size_t)length - at);
    if (bytes[length - 1] != '\n') buffer_byte(out, '\n');
}
