/// Child processes: start, watch, stop; no orphan, no shell.
#pragma once

#include <base/problem.h>
#include <stdbool.h>
#include <sys/types.h>

struct process_options {
    const char *const *arguments;   // arguments[0] is the program (a path, or a name looked up in PATH); NULL ends
    const char *const *environment; // "NAME=value", NULL ends; NULL: inherit
    const char *folder;             // working folder, also for a relative arguments[0]; NULL: inherit
    int output;                     // descriptor for stdout and stderr; -1: inherit
    bool own_group;                 // own process group, so that a Ctrl-C at the desk reaches only the parent
    /// Runs in the child, last before it becomes the program; NULL: nothing to do. Only what is safe between fork and
    /// exec: system calls, no memory, no log. False with errno: the start fails. A change of user undoes the tie to the
    /// parent: it is made again afterwards.
    bool (*prepare)(void *context);
    void *context;
};

/// The child dies with its parent (PR_SET_PDEATHSIG), to be exact: with the thread that started it, so start children
/// from a thread that lives as long as they should. It begins with no signal blocked, ignored or handled.
/// ERROR_NOT_FOUND when the program cannot be executed. Reap the child with waitpid when it ends.
enum error process_start(const struct process_options *options, pid_t *ret_pid, struct problem *ret_problem);

/// A descriptor that becomes readable when the child ends (pidfd_open); close it yourself.
enum error process_watch(pid_t pid, int *ret_fd);

/// Resident memory in KiB from /proc; 0 when the process is gone.
unsigned long process_resident_kib(pid_t pid);
