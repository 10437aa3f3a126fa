#include <base/file.h>

#include <base/cleanup.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024 }; // one read(2) when the size is not known, as in /proc

/// Says "path: no such file" with the error that errno means.
static enum error fail_errno(struct problem *ret_problem, const char *path) {
    int number = errno;
    return problem_say(ret_problem, error_from_errno(number), "%s: %s", path, strerrordesc_np(number));
}

static enum error no_memory(struct problem *ret_problem, const char *path) {
    return problem_say(ret_problem, ERROR_NO_MEMORY, "%s: %s", path, error_text(ERROR_NO_MEMORY));
}

static ssize_t read_again(int fd, char *data, size_t length) {
    ssize_t got;
    do got = read(fd, data, length);
    while (got < 0 && errno == EINTR);
    return got;
}

/// Up to `bytes_max` and one more byte, which shows that there is more.
static enum error read_all(int fd, const char *path, size_t bytes_max, struct buffer *buffer,
                           struct problem *ret_problem) {
    size_t start = buffer->length;
    for (;;) {
        size_t room_left = bytes_max - (buffer->length - start);
        size_t piece = room_left < READ_BYTES ? room_left + 1 : READ_BYTES;
        if (!buffer_reserve(buffer, piece)) return no_memory(ret_problem, path);
        ssize_t got = read_again(fd, buffer->data + buffer->length, piece);
        if (got < 0) return fail_errno(ret_problem, path);
        if (got == 0) return ERROR_NONE;
        if ((size_t)got > room_left)
            return problem_say(ret_problem, ERROR_TOO_LARGE, "%s: larger than the limit of %zu bytes", path, bytes_max);
        buffer->length += (size_t)got;
    }
}

enum error file_read(const char *path, size_t bytes_max, struct buffer *buffer, struct problem *ret_problem) {
    CLEANUP(descriptor_close_at) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return fail_errno(ret_problem, path);
    size_t start = buffer->length;
    enum error error = read_all(fd, path, bytes_max, buffer, ret_problem);
    if (error) buffer->length = start;
    if (buffer->data != NULL) buffer->data[buffer->length] = '\0';
    return error;
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

/// The folder of a path as the path writes it: "." when it names none.
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return strdup(".");
    if (slash == path) return strdup("/");
    return text_copy((struct text){path, (size_t)(slash - path)});
}

/// ".name.XXXXXX" in the same folder: whoever lists the folder meanwhile takes it for no document.
static char *temporary_beside(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    CLEANUP(buffer_clear) struct buffer temporary = {0};
    buffer_append(&temporary, path, (size_t)(name - path));
    buffer_print(&temporary, ".%s.XXXXXX", name);
    return buffer_take(&temporary);
}

/// A rename is on the disk only once its folder is.
static enum error sync_folder(const char *path, struct problem *ret_problem) {
    CLEANUP(free_at) char *folder = folder_of(path);
    if (folder == NULL) return no_memory(ret_problem, path);
    CLEANUP(descriptor_close_at) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_errno(ret_problem, folder);
    if (fsync(fd) < 0 && errno != EINVAL) return fail_errno(ret_problem, folder); // EINVAL: has no such thing
    return ERROR_NONE;
}

static enum error fill(const char *temporary, int fd, struct text content, mode_t mode, struct problem *ret_problem) {
    if (fchmod(fd, mode) < 0) return fail_errno(ret_problem, temporary);
    if (!write_all(fd, content)) return fail_errno(ret_problem, temporary);
    if (fsync(fd) < 0) return fail_errno(ret_problem, temporary);
    return ERROR_NONE;
}

enum error file_write(const char *path, struct text content, mode_t mode, struct problem *ret_problem) {
    CLEANUP(free_at) char *temporary = temporary_beside(path);
    if (temporary == NULL) return no_memory(ret_problem, path);
    CLEANUP(descriptor_close_at) int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) return fail_errno(ret_problem, path);
    enum error error = fill(temporary, fd, content, mode, ret_problem);
    if (!error && rename(temporary, path) < 0) error = fail_errno(ret_problem, path);
    if (error) {
        unlink(temporary);
        return error;
    }
    return sync_folder(path, ret_problem);
}

static enum error make_one_folder(const char *path, mode_t mode, struct problem *ret_problem) {
    if (mkdir(path, mode) == 0) return ERROR_NONE;
    int why = errno; // not always EEXIST: a read-only file system says EROFS of a folder that is there
    struct stat there;
    if (stat(path, &there) == 0) {
        if (S_ISDIR(there.st_mode)) return ERROR_NONE;
        return problem_say(ret_problem, ERROR_EXISTS, "%s: exists and is no folder", path);
    }
    errno = why;
    return fail_errno(ret_problem, path);
}

enum error file_make_folder(const char *path, mode_t mode, struct problem *ret_problem) {
    if (path[0] == '\0') return problem_say(ret_problem, ERROR_INVALID, "the path of the folder is empty");
    CLEANUP(free_at) char *part = strdup(path);
    if (part == NULL) return no_memory(ret_problem, path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        enum error error = make_one_folder(part, mode, ret_problem);
        if (error) return error;
        *slash = '/';
    }
    return make_one_folder(part, mode, ret_problem);
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

char *file_join(const char *folder, const char *name) {
    if (name[0] == '/' || folder[0] == '\0') return strdup(name);
    bool has_slash = folder[strlen(folder) - 1] == '/';
    char *path;
    return asprintf(&path, "%s%s%s", folder, has_slash ? "" : "/", name) < 0 ? NULL : path;
}

char *file_program_folder(void) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0) return NULL;
    path[length] = '\0';
    return folder_of(path);
}
