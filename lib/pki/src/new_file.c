#include "new_file.h"

#include <base/cleanup.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum error refuse(struct problem *ret_problem, const char *path) {
    int number = errno;
    return problem_say(ret_problem, error_from_errno(number), "%s: %s", path, strerror(number));
}

static enum error exists(struct problem *ret_problem, const char *path) {
    return problem_say(ret_problem, ERROR_EXISTS, "%s exists already and is never overwritten: move it away first",
                       path);
}

static bool write_all(int fd, struct text content) {
    while (content.length > 0) {
        ssize_t written = write(fd, content.data, content.length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content = text_from(content, (size_t)written);
    }
    return true;
}

enum error new_file_check(const char *path, struct problem *ret_problem) {
    struct stat status;
    return lstat(path, &status) == 0 ? exists(ret_problem, path) : ERROR_NONE;
}

enum error new_file_write(const char *path, struct text content, mode_t mode, struct problem *ret_problem) {
    CLEANUP(free_at) char *beside = NULL;
    if (asprintf(&beside, "%s.XXXXXX", path) < 0) return ERROR_NO_MEMORY;
    CLEANUP(descriptor_close_at) int fd = mkostemp(beside, O_CLOEXEC); // mode 0600 from the first byte on
    if (fd < 0) return refuse(ret_problem, path);
    enum error error = ERROR_NONE;
    if (!write_all(fd, content) || fchmod(fd, mode) != 0 || fsync(fd) != 0) error = refuse(ret_problem, path);
    if (!error && link(beside, path) != 0) {
        error = errno == EEXIST ? exists(ret_problem, path) : refuse(ret_problem, path);
    }
    unlink(beside);
    return error;
}
