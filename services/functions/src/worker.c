#include "worker.h"

#include <base/process.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static void limit(pid_t pid, __rlimit_resource_t resource, rlim_t value) {
    const struct rlimit both = {value, value};
    prlimit(pid, resource, &both, NULL); // a process that has ended already needs no limit
}

static void set_limits(pid_t pid) {
#ifndef SANITIZED // a sanitizer reserves terabytes of address space for its shadow
    limit(pid, RLIMIT_DATA, (rlim_t)WORKER_MEMORY_MB * 1024 * 1024);
#endif
    limit(pid, RLIMIT_NPROC, WORKER_PROCESSES_MAX);
    limit(pid, RLIMIT_FSIZE, WORKER_FILE_BYTES_MAX);
    limit(pid, RLIMIT_CORE, 0);
}

// --- output and end ---

/// False when there is nothing more for now.
static bool read_some(struct worker *worker) {
    char bytes[16 * 1024];
    ssize_t got = read(worker->output_fd, bytes, sizeof bytes);
    if (got <= 0) return false;
    worker_log_write(worker->log, (struct text){bytes, (size_t)got});
    return true;
}

static void on_output(void *context, uint32_t events) {
    struct worker *worker = context;
    if (read_some(worker) || (events & EPOLLHUP) == 0) return;
    loop_unwatch(worker->output_watch); // closed by the worker; its end is told by the other descriptor
    worker->output_watch = NULL;
}

static void describe(int status, char *ret_how, size_t size) {
    if (WIFSIGNALED(status))
        snprintf(ret_how, size, "was killed by signal %d (%s)", WTERMSIG(status), sigdescr_np(WTERMSIG(status)));
    else
        snprintf(ret_how, size, "ended with exit status %d", WEXITSTATUS(status));
}

static void release(struct worker *worker) {
    loop_unwatch(worker->exit_watch);
    loop_unwatch(worker->output_watch);
    if (worker->exit_fd >= 0) close(worker->exit_fd);
    if (worker->output_fd >= 0) close(worker->output_fd);
    worker->exit_watch = worker->output_watch = NULL;
    worker->exit_fd = worker->output_fd = -1;
    worker->pid = 0;
}

static void on_exit_of_process(void *context, uint32_t events) {
    (void)events;
    struct worker *worker = context;
    int status = 0;
    if (waitpid(worker->pid, &status, WNOHANG) != worker->pid) return;
    while (read_some(worker)) continue;
    kill(-worker->pid, SIGKILL); // children that it has left behind
    release(worker);
    char how[128];
    describe(status, how, sizeof how);
    worker->ended(worker->context, how);
}

static enum error watch(struct worker *worker) {
    enum error error = process_watch(worker->pid, &worker->exit_fd);
    if (error) return error;
    worker->exit_watch = loop_watch(worker->loop, worker->exit_fd, EPOLLIN, on_exit_of_process, worker);
    worker->output_watch = loop_watch(worker->loop, worker->output_fd, EPOLLIN, on_output, worker);
    return worker->exit_watch == NULL || worker->output_watch == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

enum error worker_start(struct worker *worker, const char *program, const char *folder, const char *const *environment,
                        struct problem *ret_problem) {
    worker->exit_fd = worker->output_fd = -1;
    int output[2];
    if (pipe2(output, O_CLOEXEC) < 0)
        return problem_say(ret_problem, error_from_errno(errno), "%s: no pipe: %s", program, strerrordesc_np(errno));
    worker->output_fd = output[0];
    fcntl(worker->output_fd, F_SETFL, O_NONBLOCK);
    const char *const arguments[] = {program, NULL};
    struct process_options options = {
        .arguments = arguments, .environment = environment, .folder = folder, .output = output[1], .own_group = true};
    enum error error = process_start(&options, &worker->pid, ret_problem);
    close(output[1]);
    if (error) {
        release(worker);
        return error;
    }
    set_limits(worker->pid);
    error = watch(worker);
    if (!error) return ERROR_NONE;
    worker_stop(worker);
    return problem_say(ret_problem, error, "%s: cannot be watched: %s", program, error_text(error));
}

void worker_kill(struct worker *worker) {
    if (worker->pid != 0) kill(-worker->pid, SIGKILL);
}

void worker_stop(struct worker *worker) {
    if (worker->pid == 0) return;
    kill(-worker->pid, SIGKILL); // it may be killed at any moment: that is its contract
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) continue;
    release(worker);
}
