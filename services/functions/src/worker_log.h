/// What a worker prints: DATA/functions/NAME/log, at most 10 MB, one old file kept ([function-1.6]).
#pragma once

#include <base/buffer.h>
#include <base/loop.h>
#include <base/problem.h>

enum { WORKER_LOG_BYTES_MAX = 10 * 1024 * 1024, WORKER_LINE_BYTES_MAX = 512 };

struct worker_log {
    char *path, *old_path;
    int file; // -1: none
    size_t bytes_max;
    size_t bytes;                     // in the file
    char last[WORKER_LINE_BYTES_MAX]; // last line that the worker ended, for reasons; cut
    char line[WORKER_LINE_BYTES_MAX]; // begun
    size_t line_length;
};

/// Makes the folder and opens the file to append.
enum error worker_log_open(struct worker_log *log, const char *folder, size_t bytes_max, struct problem *ret_problem);
void worker_log_close(struct worker_log *log);
/// A disk that takes nothing loses output, never the worker.
void worker_log_write(struct worker_log *log, struct text output);
