/// The process of a function: started with a clean environment and limits, watched, killed.
#pragma once

#include "worker_log.h"

#include <sys/types.h>

enum {
    WORKER_MEMORY_MB = 128,                    // Lambda's default; data and heap
    WORKER_PROCESSES_MAX = 4096,               // of the user: against a worker that forks without end
    WORKER_FILE_BYTES_MAX = 512 * 1024 * 1024, // Lambda's temporary storage
};

struct worker {
    struct loop *loop;
    struct worker_log *log;
    /// The process has ended and all its output is in the log; `how` says it in words.
    void (*ended)(void *context, const char *how);
    void *context;

    pid_t pid; // 0: none
    int exit_fd, output_fd;
    struct loop_watch *exit_watch, *output_watch;
};

/// `environment` as for process_start.
enum error worker_start(struct worker *worker, const char *program, const char *folder, const char *const *environment,
                        struct problem *ret_problem);
void worker_kill(struct worker *worker); // with all its children; `ended` follows
/// Ends it at once and waits for that; no callback. For the end of the service.
void worker_stop(struct worker *worker);
