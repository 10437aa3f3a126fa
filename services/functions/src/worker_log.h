/// What workers print: DATA/functions/NAME/log, at most 10 MB, one old file kept ([function-1.6]). One file for all
/// workers of a function; each line says when, in which version and for which event it was printed.
#pragma once

#include <base/buffer.h>
#include <base/loop.h>
#include <base/problem.h>

enum {
    WORKER_LOG_BYTES_MAX = 10 * 1024 * 1024,
    WORKER_LINE_BYTES_MAX = 8 * 1024,      // longer ones are cut into several
    WORKER_LAST_BYTES_MAX = 512,           // of the last line, for reasons
    WORKER_TAIL_BYTES_MAX = 4 * 1024,      // of one event: what Lambda gives
    WORKER_OUTPUT_PER_S_MAX = 1024 * 1024, // bytes; what a worker prints beyond it is left out, and counted
};

struct worker_log {
    char *path, *old_path;
    int file; // -1: none
    size_t bytes_max;
    size_t bytes; // in the file
};

/// Makes the folder and opens the file to append.
enum error worker_log_open(struct worker_log *log, const char *folder, size_t bytes_max, struct problem *ret_problem);
void worker_log_close(struct worker_log *log);

/// The output of one worker on its way into the log.
struct worker_output {
    struct worker_log *log;
    const char *version;
    const char *request_id;           // of the event that it works on; "": none
    char last[WORKER_LAST_BYTES_MAX]; // last line that the worker ended, for reasons; cut
    char line[WORKER_LINE_BYTES_MAX]; // begun
    size_t line_length;
    char tail[WORKER_TAIL_BYTES_MAX]; // last lines of this event
    size_t tail_length;
    uint64_t second;   // of the count
    size_t bytes;      // in this second
    uint64_t left_out; // since it was last told
};
/// A disk that takes nothing loses output, never the worker. `now_ns`: wall clock.
void worker_output_write(struct worker_output *output, struct text bytes, uint64_t now_ns);
void worker_output_end(struct worker_output *output, uint64_t now_ns); // a line that was begun counts as ended
