/// Keeps processes running: starts them in order, learns when each is ready, starts one that died again, stops all in
/// reverse order, leaves no orphan.
///
/*   WAITING --needed one ready--> STARTING --READY=1, or its port listens--> READY
 *                                  ^   |                                       |
 *                                  |   '---died---.   .---died, or silent------'
 *                                  |              v   v
 *                                  |--back-off-- PAUSED         any --stop--> STOPPING --ended--> STOPPED
 *                                  '--supervisor_retry-- REFUSED (it died with ERROR_EXIT_CONFIGURATION)
 */
/// Back-off: 0.1 s, doubling to 5 s; from the start again once a process has been ready for 10 s.
/// Silent: one that has said WATCHDOG=1 (base/notify.h) and then says nothing for `silence_ns` while it is ready hangs;
/// it is killed. Threads: the loop's. Callbacks come from the loop, never from inside a call.
#pragma once

#include <base/cleanup.h>
#include <base/loop.h>
#include <base/problem.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SUPERVISOR_PROCESSES_MAX = 32 };

struct supervised {
    const char *name;             // "gateway"
    const char *const *arguments; // of the program; NULL ends
    const char *const *again;     // the same for every start after the first one; NULL: no difference
    const char *log_file;
    int needs;              // index of the one that must be ready before the first start; -1: none
    uint16_t port;          // ready when somebody listens there; 0: ready when it says so (base/notify.h)
    uint64_t silence_ns;    // 0: it may be silent for ever
    const char *comes_back; // what its return means, for people; NULL: nothing more
};

enum supervised_state {
    SUPERVISED_WAITING,
    SUPERVISED_STARTING,
    SUPERVISED_READY,
    SUPERVISED_PAUSED,
    SUPERVISED_REFUSED,
    SUPERVISED_STOPPING,
    SUPERVISED_STOPPED
};
struct supervised_status {
    enum supervised_state state;
    pid_t pid;                       // 0 while there is none
    unsigned restarts;               // starts after the first one
    bool crashed;                    // ended by itself with a failure at least once; not when somebody killed it
    char reason[PROBLEM_TEXT_BYTES]; // why it ended last; empty when it never did
    char said[PROBLEM_TEXT_BYTES];   // its own STATUS= line
};

/// For people: "starting", "restarting" (it ended and comes again), "ready", "waits to be mended", "stopping",
/// "stopped".
const char *supervised_status_name(const struct supervised_status *status);

struct supervisor_watcher {
    /// It could not be started, ended, or is not ready after 20 s: what happened, its last words, the remedy; several
    /// lines. Not repeated while it fails again and again in the same way.
    void (*failed)(void *context, size_t index, const char *message);
    void (*all_ready)(void *context); // each time the last missing one becomes ready
    void (*all_stopped)(void *context);
    void *context;
};

struct supervisor;
/// `processes` and what they point to are borrowed until the end.
enum error supervisor_create(struct loop *loop, const struct supervised *processes, size_t count,
                             const struct supervisor_watcher *watcher, struct supervisor **ret_supervisor,
                             struct problem *ret_problem);
/// Kills whatever still runs. NULL is fine.
void supervisor_destroy(struct supervisor *supervisor);
CLEANUP_DEFINE(struct supervisor, supervisor_destroy)

void supervisor_start(struct supervisor *supervisor);
/// Starts those that refused their configuration: something may have been mended.
void supervisor_retry(struct supervisor *supervisor);
/// Last to first, one after the other: SIGTERM, SIGKILL after 5 s; then `all_stopped`. Called again: SIGKILL at once.
void supervisor_stop(struct supervisor *supervisor);
const struct supervised_status *supervisor_status(const struct supervisor *supervisor, size_t index);
bool supervisor_all_ready(const struct supervisor *supervisor);
