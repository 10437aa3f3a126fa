/// The sandbox of a worker: bubblewrap (own user, process, IPC, host name and mount names), a network of its own in
/// which there is nothing but the run time's endpoint, and limits.
///
///   service                            worker's process, between fork and exec
///   worker_start ── fork ───────────►  network of its own, `lo` up, listens on 127.0.0.1:9001
///     accepts on it  ◄─ the socket ──  limits, user of its own (when the service is root)
///                                      exec bwrap ... bootstrap
///
/// The listening socket stays in the worker's network whoever holds it: no relay between the two (docs/decisions).
#pragma once

#include "cgroup.h"

#include <base/process.h>
#include <stdint.h>

enum {
    SANDBOX_PORT = 9001,         // of the Runtime API inside, as at AWS
    SANDBOX_PROCESSES_MAX = 128, // and threads
    SANDBOX_USER_FIRST = 61184,  // users for functions when the service is root: systemd's dynamic ones
    SANDBOX_USERS = 4096,        //
    SANDBOX_FILES_MAX = 1024,    // open ones, as at Lambda
    SANDBOX_ARGUMENTS_MAX = 96,
};

/// What is in force, for the status.
struct sandbox {
    bool isolates;         // bubblewrap works here
    char *reason;          // why not; NULL
    struct cgroup *cgroup; // NULL: rlimits only
    bool limits_data;      // by rlimit
};
/// Tries bubblewrap once, unless `mode` is "off". `mode`: site file, fog.sandbox; NULL: "prefer".
void sandbox_init(struct sandbox *sandbox, const char *mode);
void sandbox_clear(struct sandbox *sandbox);

/// One process to be started in it. Keep it until the process was started.
struct jail {
    const char *program; // absolute
    const char *folder;  // absolute; becomes /var/task
    const char *name;    // of the function: its user
    unsigned memory_mb, storage_mb;
    bool network;  // that of the host
    bool isolated; // else limits alone
    bool limit_data;
    int socket_out; // where the child sends its listening socket; -1: none
    int group;      // cgroup.procs of its group; -1: none
    unsigned user;  // 0: stays who it is
    char numbers[3][24];
    const char *arguments[SANDBOX_ARGUMENTS_MAX];
};
/// Run by root, a function is another user: what it is to see must be readable for others.
enum error jail_check(const struct jail *jail, struct problem *ret_problem);
/// Fills what follows from the rest: arguments, user.
void jail_make(struct jail *jail);
bool jail_enter(void *context); // for process_options.prepare; a struct jail
/// Where program and folder are to be found from inside.
const char *jail_folder(const struct jail *jail);
