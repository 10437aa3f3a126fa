/// The process of a function: started with a clean environment, in its sandbox and with limits, watched, killed.
#pragma once

#include "sandbox.h"
#include "worker_log.h"

#include <base/loop.h>
#include <sys/types.h>

struct worker {
    struct loop *loop;
    struct sandbox *sandbox;
    struct worker_output output;
    /// The process has ended and all its output is in the log; `how` says it in words.
    void (*ended)(void *context, const char *how);
    void *context;

    pid_t pid; // 0: none
    bool isolated;
    unsigned group; // of cgroup; 0: none
    unsigned memory_mb;
    int exit_fd, output_fd;
    struct loop_watch *exit_watch, *output_watch;
};

/// `jail` as for jail_make; `ret_listening`: the socket on which the worker will look for its run time, when it has a
/// network of its own; else -1.
enum error worker_start(struct worker *worker, struct jail *jail, const char *const *environment, int *ret_listening,
                        struct problem *ret_problem);
void worker_drain(struct worker *worker); // what it has printed so far goes to its log
void worker_kill(struct worker *worker);  // with all its children; `ended` follows
/// Ends it at once and waits for that; no callback. For the end of the service.
void worker_stop(struct worker *worker);
