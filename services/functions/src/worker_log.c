#include "worker_log.h"

#include <base/clock.h>
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

static void append(struct worker_log *log, struct text text) {
    if (log->bytes > 0 && log->bytes + text.length > log->bytes_max) rotate(log);
    if (log->file < 0) return;
    ssize_t written = write(log->file, text.data, text.length);
    if (written > 0) log->bytes += (size_t)written;
}

// --- lines ---

static void keep_tail(struct worker_output *output, struct text line) {
    size_t room = sizeof output->tail;
    if (line.length >= room) line = text_from(line, line.length - (room - 1));
    size_t needed = line.length + 1;
    if (output->tail_length + needed > room) {
        size_t drop = output->tail_length + needed - room;
        memmove(output->tail, output->tail + drop, output->tail_length - drop);
        output->tail_length -= drop;
    }
    memcpy(output->tail + output->tail_length, line.data, line.length);
    output->tail_length += line.length;
    output->tail[output->tail_length++] = '\n';
}

static void put_line(struct worker_output *output, struct text line, uint64_t now_ns) {
    char text[WORKER_LINE_BYTES_MAX + 256], time[CLOCK_TEXT_BYTES];
    clock_text(now_ns, time);
    int length = snprintf(text, sizeof text, "%s %s %s %.*s\n", time, output->version,
                          output->request_id[0] == '\0' ? "-" : output->request_id, TEXT_ARG(line));
    append(output->log, (struct text){text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1});
}

static void end_line(struct worker_output *output, uint64_t now_ns) {
    struct text line = {output->line, output->line_length};
    output->line_length = 0;
    if (line.length > 0) snprintf(output->last, sizeof output->last, "%.*s", TEXT_ARG(line));
    keep_tail(output, line);
    put_line(output, line, now_ns);
}

static void tell_left_out(struct worker_output *output, uint64_t now_ns) {
    if (output->left_out == 0) return;
    char text[96];
    int length = snprintf(text, sizeof text, "(%llu bytes of output left out: more than 1 MB in a second)",
                          (unsigned long long)output->left_out);
    output->left_out = 0;
    put_line(output, (struct text){text, (size_t)length}, now_ns);
}

/// How much of it may still be written in this second.
static size_t allow(struct worker_output *output, size_t length, uint64_t now_ns) {
    if (now_ns / NS_PER_S != output->second) {
        output->second = now_ns / NS_PER_S;
        output->bytes = 0;
        tell_left_out(output, now_ns);
    }
    size_t left = WORKER_OUTPUT_PER_S_MAX - output->bytes;
    size_t allowed = length < left ? length : left;
    output->bytes += allowed;
    output->left_out += length - allowed;
    return allowed;
}

void worker_output_write(struct worker_output *output, struct text bytes, uint64_t now_ns) {
    size_t allowed = allow(output, bytes.length, now_ns);
    for (size_t i = 0; i < allowed; i++) {
        if (bytes.data[i] != '\n') output->line[output->line_length++] = bytes.data[i];
        if (bytes.data[i] == '\n' || output->line_length == sizeof output->line) end_line(output, now_ns);
    }
}

void worker_output_end(struct worker_output *output, uint64_t now_ns) {
    if (output->line_length > 0) end_line(output, now_ns);
    tell_left_out(output, now_ns);
}
