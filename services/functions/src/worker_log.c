#include "worker_log.h"

#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_to_append(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

enum error worker_log_open(struct worker_log *log, const char *folder, size_t bytes_max, struct problem *ret_problem) {
    *log = (struct worker_log){.file = -1, .bytes_max = bytes_max};
    enum error error = file_make_folder(folder, 0700, ret_problem);
    if (error) return error;
    log->path = file_join(folder, "log");
    log->old_path = file_join(folder, "log.1");
    if (log->path == NULL || log->old_path == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    log->file = open_to_append(log->path);
    struct stat status;
    if (log->file < 0 || fstat(log->file, &status) < 0)
        return problem_say(ret_problem, error_from_errno(errno), "%s: %s", log->path, strerrordesc_np(errno));
    log->bytes = (size_t)status.st_size;
    return ERROR_NONE;
}

void worker_log_close(struct worker_log *log) {
    if (log->file >= 0) close(log->file);
    free(log->path);
    free(log->old_path);
    *log = (struct worker_log){.file = -1};
}

static void rotate(struct worker_log *log) {
    close(log->file);
    rename(log->path, log->old_path);
    log->file = open_to_append(log->path);
    log->bytes = 0;
}

static void keep_last_line(struct worker_log *log, struct text output) {
    for (size_t i = 0; i < output.length; i++) {
        if (output.data[i] != '\n') {
            if (log->line_length < sizeof log->line - 1) log->line[log->line_length++] = output.data[i];
            continue;
        }
        log->line[log->line_length] = '\0';
        if (log->line_length > 0) memcpy(log->last, log->line, log->line_length + 1);
        log->line_length = 0;
    }
}

void worker_log_write(struct worker_log *log, struct text output) {
    keep_last_line(log, output);
    if (log->bytes > 0 && log->bytes + output.length > log->bytes_max) rotate(log);
    if (log->file < 0) return;
    ssize_t written = write(log->file, output.data, output.length);
    if (written > 0) log->bytes += (size_t)written;
}
