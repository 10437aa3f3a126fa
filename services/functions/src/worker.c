#include "worker.h"

#include <base/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_BYTES = 16 * 1024,
    LAST_READS_MAX = 64,     // a pipe holds 64 KiB; whoever still writes is being killed
    DRAIN_READS_MAX = 8,     // when an event has ended: what it printed last; more comes in its turn
    SHELL_SIGNAL_BASE = 128, // bubblewrap's exit status when a signal ended what it ran
};

// --- output and end ---

/// False when there is nothing more for now.
static bool read_some(struct worker *worker) {
    char bytes[READ_BYTES];
    ssize_t got = read(worker->output_fd, bytes, sizeof bytes);
    if (got <= 0) return false;
    worker_output_write(&worker->output, (struct text){bytes, (size_t)got}, clock_wall_ns());
    return true;
}

void worker_drain(struct worker *worker) {
    for (int i = 0; i < DRAIN_READS_MAX && worker->output_fd >= 0 && read_some(worker); i++) continue;
}

static void on_output(void *context, uint32_t events) {
    struct worker *worker = context;
    if (read_some(worker) || (events & EPOLLHUP) == 0) return;
    loop_unwatch(worker->output_watch); // closed by the worker; its end is told by the other descriptor
    worker->output_watch = NULL;
}

static void describe(const struct worker *worker, int status, char *ret_how, size_t size) {
    int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (worker->isolated && WIFEXITED(status) && WEXITSTATUS(status) > SHELL_SIGNAL_BASE)
        signal_number = WEXITSTATUS(status) - SHELL_SIGNAL_BASE;
    const char *description = signal_number == 0 ? NULL : sigdescr_np(signal_number);
    if (worker->group != 0 && cgroup_ran_out_of_memory(worker->sandbox->cgroup, worker->group))
        snprintf(ret_how, size, "was killed: it needed more than its %u MB of memory", worker->memory_mb);
    else if (description != NULL)
        snprintf(ret_how, size, "was killed by signal %d (%s)", signal_number, description);
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
    if (worker->group != 0) cgroup_remove(worker->sandbox->cgroup, worker->group);
    worker->group = 0;
}

static void kill_all(const struct worker *worker) {
    kill(-worker->pid, SIGKILL); // it may be killed at any moment: that is its contract
    if (worker->group != 0) cgroup_kill(worker->sandbox->cgroup, worker->group);
}

static void on_exit_of_process(void *context, uint32_t events) {
    (void)events;
    struct worker *worker = context;
    int status = 0;
    if (waitpid(worker->pid, &status, WNOHANG) != worker->pid) return;
    kill_all(worker); // children that it has left behind
    for (int i = 0; i < LAST_READS_MAX && read_some(worker); i++) continue;
    worker_output_end(&worker->output, clock_wall_ns());
    char how[128];
    describe(worker, status, how, sizeof how);
    release(worker);
    worker->ended(worker->context, how);
}

static enum error watch(struct worker *worker) {
    enum error error = process_watch(worker->pid, &worker->exit_fd);
    if (error) return error;
    worker->exit_watch = loop_watch(worker->loop, worker->exit_fd, EPOLLIN, on_exit_of_process, worker);
    worker->output_watch = loop_watch(worker->loop, worker->output_fd, EPOLLIN, on_output, worker);
    return worker->exit_watch == NULL || worker->output_watch == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

// --- the start ---

/// The descriptor that the child has sent before it became the program.
static int receive_descriptor(int from) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    char byte;
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1) return -1;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS) return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static enum error join_group(struct worker *worker, struct jail *jail, struct problem *ret_problem) {
    jail->group = -1;
    jail->limit_data = worker->sandbox->limits_data;
    if (worker->sandbox->cgroup == NULL) return ERROR_NONE;
    struct cgroup_limits limits = {jail->memory_mb, SANDBOX_PROCESSES_MAX, 100};
    enum error error = cgroup_make(worker->sandbox->cgroup, &limits, &worker->group, &jail->group);
    return error ? problem_say(ret_problem, error, "no group for its limits: %s", error_text(error)) : ERROR_NONE;
}

static enum error start_process(struct worker *worker, struct jail *jail, const char *const *environment, int output,
                                int *ret_listening, struct problem *ret_problem) {
    int sockets[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
        return problem_say(ret_problem, error_from_errno(errno), "no socket pair: %s", strerrordesc_np(errno));
    jail->socket_out = sockets[1];
    jail_make(jail);
    struct process_options options = {.arguments = jail->arguments,
                                      .environment = environment,
                                      .folder = jail->isolated ? NULL : jail->folder,
                                      .output = output,
                                      .own_group = true,
                                      .prepare = jail_enter,
                                      .context = jail};
    enum error error = process_start(&options, &worker->pid, ret_problem);
    if (!error) *ret_listening = receive_descriptor(sockets[0]);
    close(sockets[0]);
    close(sockets[1]);
    return error;
}

enum error worker_start(struct worker *worker, struct jail *jail, const char *const *environment, int *ret_listening,
                        struct problem *ret_problem) {
    worker->exit_fd = worker->output_fd = *ret_listening = -1;
    worker->isolated = jail->isolated;
    worker->memory_mb = jail->memory_mb;
    int output[2];
    if (pipe2(output, O_CLOEXEC) < 0)
        return problem_say(ret_problem, error_from_errno(errno), "%s: no pipe: %s", jail->program,
                           strerrordesc_np(errno));
    worker->output_fd = output[0];
    fcntl(worker->output_fd, F_SETFL, O_NONBLOCK);
    enum error error = join_group(worker, jail, ret_problem);
    if (!error) error = start_process(worker, jail, environment, output[1], ret_listening, ret_problem);
    close(output[1]);
    if (jail->group >= 0) close(jail->group);
    if (error) {
        release(worker);
        return error;
    }
    error = watch(worker);
    if (!error) return ERROR_NONE;
    worker_stop(worker);
    if (*ret_listening >= 0) close(*ret_listening);
    return problem_say(ret_problem, error, "%s: cannot be watched: %s", jail->program, error_text(error));
}

void worker_kill(struct worker *worker) {
    if (worker->pid != 0) kill_all(worker);
}

void worker_stop(struct worker *worker) {
    if (worker->pid == 0) return;
    kill_all(worker);
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) continue;
    release(worker);
}
