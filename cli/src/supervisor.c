#include "supervisor.h"

#include "log_file.h"
#include "ports.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/process.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MIN_NS (100 * NS_PER_MS)
#define PAUSE_MAX_NS (5 * NS_PER_S)
#define PROVEN_NS (10 * NS_PER_S)      // ready for so long: the next failure is a new story
#define READY_LIMIT_NS (20 * NS_PER_S) // then people are told, and we go on waiting
#define STOP_LIMIT_NS (5 * NS_PER_S)
#define PORT_LOOK_NS (10 * NS_PER_MS)

enum { TAIL_LINES = 8, NOTIFY_BYTES_MAX = 4096, NOTIFY_AT_ONCE_MAX = 32 };

struct process {
    struct supervisor *supervisor;
    const struct supervised *plan;
    struct supervised_status status;
    size_t index;
    bool started_once;
    bool hung; // killed for its silence
    uint64_t pause_ns;
    uint64_t ready_since_ns;
    off_t log_start;
    char *told; // the last message, so that it is not repeated
    int notify_fd;
    char notify_name[64];
    struct loop_watch *notify_watch;
    int end_fd; // readable when the process ends
    struct loop_watch *end_watch;
    struct loop_timer *timer; // pause, or limit for getting ready or for stopping
    struct loop_timer *look;  // at the port
    uint64_t heard_ns;        // its last sign of life; 0: it gives none
    struct loop_timer *watchdog;
};

struct supervisor {
    struct loop *loop;
    struct supervisor_watcher watcher;
    struct process processes[SUPERVISOR_PROCESSES_MAX];
    size_t count;
    bool stopping, killing;
};

const char *supervised_status_name(const struct supervised_status *status) {
    if (status->state == SUPERVISED_STARTING && status->restarts > 0) return "restarting";
    static const char *const names[] = {"starting",           "starting", "ready",  "restarting",
                                        "waits to be mended", "stopping", "stopped"};
    return names[status->state];
}

static void cancel(struct loop_timer **timer) {
    loop_timer_cancel(*timer);
    *timer = NULL;
}

/// One-shot timers free themselves: their handle is forgotten before anything else happens.
static void arm(struct process *process, uint64_t delay_ns, loop_fn *fire) {
    cancel(&process->timer);
    process->timer = loop_timer(process->supervisor->loop, delay_ns, 0, fire, process);
}

// --- telling people ---

/// `words`: with its last words, which may say why.
static void tell(struct process *process, const char *what, bool words, const char *remedy) {
    // Time stamps in the tail differ each time: the same kind of end is the same story until it was ready again.
    if (process->told != NULL && strcmp(process->told, what) == 0) return;
    CLEANUP(buffer_clear) struct buffer message = {0};
    CLEANUP(buffer_clear) struct buffer tail = {0};
    if (words) log_file_tail(process->plan->log_file, process->log_start, TAIL_LINES, &tail);
    struct text rest = text_trim(buffer_view(&tail)), line;
    buffer_print(&message, "%s %s%s", process->plan->name, what, rest.length == 0 ? "" : "; its last words:");
    while (text_split(&rest, '\n', &line)) buffer_print(&message, "\n    | %.*s", TEXT_ARG(line));
    buffer_print(&message, "\n    %s; its log: %s", remedy, process->plan->log_file);
    if (message.failed) return;
    free(process->told);
    process->told = strdup(what);
    const struct supervisor_watcher *watcher = &process->supervisor->watcher;
    if (watcher->failed != NULL) watcher->failed(watcher->context, process->index, message.data);
}

static void forget_what_was_told(struct process *process) {
    free(process->told);
    process->told = NULL;
}

// --- starting ---

static void start(struct process *process);

static void start_waiting(struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->count; i++) {
        struct process *process = &supervisor->processes[i];
        int needs = process->plan->needs;
        bool may = needs < 0 || supervisor->processes[needs].status.state == SUPERVISED_READY;
        if (process->status.state == SUPERVISED_WAITING && may) start(process);
    }
}

static void watch_silence(struct process *process);

static void become_ready(struct process *process) {
    struct supervisor *supervisor = process->supervisor;
    if (process->status.state != SUPERVISED_STARTING) return;
    cancel(&process->timer);
    cancel(&process->look);
    process->ready_since_ns = clock_monotonic_ns();
    process->status.state = SUPERVISED_READY;
    watch_silence(process);
    start_waiting(supervisor);
    if (supervisor_all_ready(supervisor) && supervisor->watcher.all_ready != NULL) {
        supervisor->watcher.all_ready(supervisor->watcher.context);
    }
}

static void look_at_port(void *context) {
    struct process *process = context;
    if (port_is_listened(process->plan->port)) become_ready(process);
}

static void not_ready_in_time(void *context) {
    struct process *process = context;
    process->timer = NULL;
    tell(process, "is not ready after 20 s; we go on waiting", true, "mend what it says");
}

static void pause_over(void *context) {
    struct process *process = context;
    process->timer = NULL;
    start(process);
}

static void pause_then_start(struct process *process) {
    uint64_t now_ns = clock_monotonic_ns();
    bool proven = process->ready_since_ns != 0 && now_ns - process->ready_since_ns > PROVEN_NS;
    if (proven || process->pause_ns == 0)
        process->pause_ns = PAUSE_MIN_NS;
    else
        process->pause_ns = process->pause_ns * 2 < PAUSE_MAX_NS ? process->pause_ns * 2 : PAUSE_MAX_NS;
    process->ready_since_ns = 0;
    process->status.state = SUPERVISED_PAUSED;
    arm(process, process->pause_ns, pause_over);
}

/// What our own supervisor told us is not for those that we supervise.
static bool is_of_supervision(const char *variable) {
    static const char *const names[] = {"NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(variable, names[i], strlen(names[i])) == 0) return true;
    }
    return false;
}

struct supervision_words {
    char notify[96], watchdog[48];
};

/// Our environment, and how this process shall tell us how it is.
static const char **make_environment(const struct process *process, struct supervision_words *words) {
    size_t count = 0;
    while (environ[count] != NULL) count++;
    const char **environment = calloc(count + 3, sizeof *environment);
    if (environment == NULL) return NULL;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_of_supervision(environ[i])) environment[at++] = environ[i];
    }
    snprintf(words->notify, sizeof words->notify, "NOTIFY_SOCKET=@%s", process->notify_name);
    environment[at++] = words->notify;
    if (process->plan->silence_ns == 0) return environment;
    snprintf(words->watchdog, sizeof words->watchdog, "WATCHDOG_USEC=%llu",
             (unsigned long long)(process->plan->silence_ns / NS_PER_US));
    environment[at] = words->watchdog;
    return environment;
}

static void ended(void *context, uint32_t events);

static enum error launch_logged(struct process *process, int log, struct problem *problem) {
    struct supervision_words words;
    const char **environment = make_environment(process, &words);
    if (environment == NULL) return problem_say(problem, ERROR_NO_MEMORY, "out of memory");
    bool other = process->status.restarts > 0 && process->plan->again != NULL;
    const struct process_options options = {.arguments = other ? process->plan->again : process->plan->arguments,
                                            .environment = environment,
                                            .output = log,
                                            .own_group = true};
    enum error error = process_start(&options, &process->status.pid, problem);
    free(environment);
    return error;
}

static enum error launch(struct process *process, struct problem *problem) {
    CLEANUP(descriptor_close_at) int log = -1;
    enum error error = log_file_open(process->plan->log_file, &log, &process->log_start, problem);
    if (!error) error = launch_logged(process, log, problem);
    if (error) return error;
    error = process_watch(process->status.pid, &process->end_fd);
    if (!error) {
        process->end_watch = loop_watch(process->supervisor->loop, process->end_fd, EPOLLIN, ended, process);
        if (process->end_watch == NULL) error = ERROR_NO_MEMORY;
    }
    if (!error) return ERROR_NONE;
    kill(process->status.pid, SIGKILL);
    waitpid(process->status.pid, NULL, 0);
    process->status.pid = 0;
    return problem_say(problem, error, "cannot be watched");
}

static void start(struct process *process) {
    if (process->started_once) process->status.restarts++;
    process->started_once = true;
    process->status.said[0] = '\0';
    process->status.state = SUPERVISED_STARTING;
    process->hung = false;
    process->heard_ns = 0;
    struct problem problem;
    enum error error = launch(process, &problem);
    if (error) {
        snprintf(process->status.reason, sizeof process->status.reason, "%s", problem.text);
        process->status.crashed = true;
        char what[PROBLEM_TEXT_BYTES + 32];
        snprintf(what, sizeof what, "cannot be started: %s", problem.text);
        tell(process, what, false,
             error == ERROR_NOT_FOUND ? "build and install the whole project (./run does)" : "mend that");
        pause_then_start(process);
        return;
    }
    arm(process, READY_LIMIT_NS, not_ready_in_time);
    if (process->plan->port == 0) return;
    process->look = loop_timer(process->supervisor->loop, PORT_LOOK_NS, PORT_LOOK_NS, look_at_port, process);
}

// --- what a process says (sd_notify) ---

static void take_sign_of_life(struct process *process) {
    bool first = process->heard_ns == 0;
    process->heard_ns = clock_monotonic_ns();
    if (first) watch_silence(process);
}

static void heard(struct process *process, struct text words) {
    struct text line;
    while (text_split(&words, '\n', &line)) {
        if (text_is(line, "READY=1") && process->plan->port == 0) become_ready(process);
        if (text_is(line, "WATCHDOG=1")) take_sign_of_life(process);
        if (!text_starts_with(line, TEXT("STATUS="))) continue;
        struct text said = text_from(line, strlen("STATUS="));
        snprintf(process->status.said, sizeof process->status.said, "%.*s", TEXT_ARG(said));
    }
}

/// The socket has no file and so no mode: the kernel tells who sends, and others than we are not heard.
static bool is_ours(struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS) continue;
        struct ucred sender;
        memcpy(&sender, CMSG_DATA(c), sizeof sender);
        return sender.uid == getuid();
    }
    return false;
}

/// False when nothing has come.
static bool hear_one(struct process *process) {
    char words[NOTIFY_BYTES_MAX];
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec piece = {words, sizeof words};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(process->notify_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length > 0 && is_ours(&message)) heard(process, (struct text){words, (size_t)length});
    return length > 0;
}

static void hear_all(struct process *process) {
    for (int i = 0; i < NOTIFY_AT_ONCE_MAX && hear_one(process); i++) continue;
}

static void notified(void *context, uint32_t events) {
    (void)events;
    hear_all(context);
}

// --- silence ---

static void look_for_silence(void *context) {
    struct process *process = context;
    process->watchdog = NULL;
    hear_all(process); // it may be we who were held up
    cancel(&process->watchdog);
    uint64_t silent_ns = clock_monotonic_ns() - process->heard_ns;
    if (silent_ns < process->plan->silence_ns) return watch_silence(process);
    process->hung = true;
    kill(-process->status.pid, SIGKILL);
}

/// While it is ready and has ever given a sign of life.
static void watch_silence(struct process *process) {
    cancel(&process->watchdog);
    if (process->plan->silence_ns == 0 || process->heard_ns == 0 || process->status.state != SUPERVISED_READY) return;
    uint64_t silent_ns = clock_monotonic_ns() - process->heard_ns;
    uint64_t rest_ns = silent_ns < process->plan->silence_ns ? process->plan->silence_ns - silent_ns : 0;
    process->watchdog = loop_timer(process->supervisor->loop, rest_ns, 0, look_for_silence, process);
}

static enum error open_notify(struct process *process, struct problem *problem) {
    snprintf(process->notify_name, sizeof process->notify_name, "splc-up/%d/%s", (int)getpid(), process->plan->name);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(process->notify_name);
    memcpy(address.sun_path + 1, process->notify_name, length); // NUL first: the abstract namespace
    process->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    bool done = process->notify_fd >= 0 &&
                setsockopt(process->notify_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
                bind(process->notify_fd, (struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) == 0;
    if (!done) {
        return problem_say(problem, error_from_errno(errno), "no socket for what %s says: %s", process->plan->name,
                           strerror(errno));
    }
    process->notify_watch = loop_watch(process->supervisor->loop, process->notify_fd, EPOLLIN, notified, process);
    return process->notify_watch == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

// --- ending ---

static void stop_next(struct supervisor *supervisor);

static bool has_refused(const siginfo_t *end) {
    return end->si_code == CLD_EXITED && end->si_status == ERROR_EXIT_CONFIGURATION;
}

static void describe_end(const struct process *process, const siginfo_t *end, char *text, size_t size) {
    if (process->hung)
        snprintf(text, size, "gave no sign of life for %g s and was killed",
                 (double)process->plan->silence_ns / NS_PER_S);
    else if (has_refused(end))
        snprintf(text, size, "cannot run as things are (exit status %d)", end->si_status);
    else if (end->si_code == CLD_EXITED)
        snprintf(text, size, "ended with exit status %d", end->si_status);
    else
        snprintf(text, size, "was ended by signal %d (%s)", end->si_status, strsignal(end->si_status));
}

/// Somebody's hand, not the process's own failure.
static bool was_killed(const siginfo_t *end) {
    return end->si_code != CLD_EXITED && (end->si_status == SIGKILL || end->si_status == SIGTERM);
}

static void forget_process(struct process *process) {
    loop_unwatch(process->end_watch);
    process->end_watch = NULL;
    close(process->end_fd);
    process->end_fd = -1;
    process->status.pid = 0;
    cancel(&process->timer);
    cancel(&process->look);
    cancel(&process->watchdog);
}

/// Trying again changes nothing before somebody has mended what it complains of.
static void wait_for_mending(struct process *process) {
    process->status.state = SUPERVISED_REFUSED;
    process->pause_ns = 0;
    process->ready_since_ns = 0;
}

/// What people are told, and how it goes on.
static void go_on_after(struct process *process, const siginfo_t *end, bool was_ready) {
    const char *what = process->status.reason;
    char early[PROBLEM_TEXT_BYTES + 64];
    snprintf(early, sizeof early, "%s before it was ready", what);
    if (has_refused(end)) {
        tell(process, what, true,
             "mend what it says: it is started again when a file of the plant or of the data folder has changed");
        wait_for_mending(process);
        return;
    }
    char remedy[PROBLEM_TEXT_BYTES];
    snprintf(remedy, sizeof remedy, "it is started again by itself%s%s", process->plan->comes_back == NULL ? "" : ": ",
             process->plan->comes_back == NULL ? "" : process->plan->comes_back);
    tell(process, was_ready ? what : early, !was_killed(end), remedy);
    pause_then_start(process);
}

static void ended(void *context, uint32_t events) {
    (void)events;
    struct process *process = context;
    siginfo_t end = {0};
    if (waitid(P_PID, (id_t)process->status.pid, &end, WEXITED | WNOWAIT | WNOHANG) != 0 || end.si_pid == 0) return;
    kill(-process->status.pid, SIGKILL); // whoever is left of its group; it is not reaped, so the number is still its
    waitpid(process->status.pid, NULL, 0);
    bool was_ready = process->status.state == SUPERVISED_READY;
    bool was_stopping = process->status.state == SUPERVISED_STOPPING;
    forget_process(process);
    if (process->supervisor->stopping) {
        process->status.state = SUPERVISED_STOPPED;
        if (was_stopping) stop_next(process->supervisor);
        return;
    }
    describe_end(process, &end, process->status.reason, sizeof process->status.reason);
    if (!was_killed(&end) || process->hung) process->status.crashed = true;
    if (was_ready) forget_what_was_told(process);
    go_on_after(process, &end, was_ready);
}

static void too_slow(void *context) {
    struct process *process = context;
    process->timer = NULL;
    if (process->status.pid != 0) kill(-process->status.pid, SIGKILL);
}

static void stop(struct process *process) {
    cancel(&process->timer);
    cancel(&process->look);
    cancel(&process->watchdog);
    if (process->status.pid == 0) {
        process->status.state = SUPERVISED_STOPPED;
        return;
    }
    process->status.state = SUPERVISED_STOPPING;
    if (process->supervisor->killing)
        kill(-process->status.pid, SIGKILL);
    else
        kill(process->status.pid, SIGTERM);
    arm(process, STOP_LIMIT_NS, too_slow);
}

/// The last one that still runs; all are stopped when there is none.
static void stop_next(struct supervisor *supervisor) {
    for (size_t i = supervisor->count; i-- > 0;) {
        struct process *process = &supervisor->processes[i];
        if (process->status.state == SUPERVISED_STOPPED) continue;
        if (process->status.state != SUPERVISED_STOPPING) stop(process);
        if (process->status.state == SUPERVISED_STOPPING) return;
    }
    if (supervisor->watcher.all_stopped != NULL) supervisor->watcher.all_stopped(supervisor->watcher.context);
}

static void stop_from_loop(void *context) {
    stop_next(context);
}

// --- public ---

enum error supervisor_create(struct loop *loop, const struct supervised *processes, size_t count,
                             const struct supervisor_watcher *watcher, struct supervisor **ret_supervisor,
                             struct problem *ret_problem) {
    if (count > SUPERVISOR_PROCESSES_MAX) return problem_say(ret_problem, ERROR_TOO_LARGE, "too many processes");
    CLEANUP(supervisor_destroy_at) struct supervisor *supervisor = calloc(1, sizeof *supervisor);
    if (supervisor == NULL) return ERROR_NO_MEMORY;
    supervisor->loop = loop;
    supervisor->watcher = *watcher;
    supervisor->count = count;
    for (size_t i = 0; i < count; i++) {
        struct process *process = &supervisor->processes[i];
        *process = (struct process){
            .supervisor = supervisor, .plan = &processes[i], .index = i, .notify_fd = -1, .end_fd = -1};
    }
    for (size_t i = 0; i < count; i++) {
        enum error error = open_notify(&supervisor->processes[i], ret_problem);
        if (error) return error;
    }
    *ret_supervisor = TAKE(supervisor);
    return ERROR_NONE;
}

static void clear_process(struct process *process) {
    if (process->status.pid != 0) {
        kill(-process->status.pid, SIGKILL);
        waitpid(process->status.pid, NULL, 0);
        forget_process(process);
    }
    cancel(&process->timer);
    cancel(&process->look);
    cancel(&process->watchdog);
    loop_unwatch(process->notify_watch);
    if (process->notify_fd >= 0) close(process->notify_fd);
    free(process->told);
}

void supervisor_destroy(struct supervisor *supervisor) {
    if (supervisor == NULL) return;
    for (size_t i = 0; i < supervisor->count; i++) clear_process(&supervisor->processes[i]);
    free(supervisor);
}

void supervisor_start(struct supervisor *supervisor) {
    start_waiting(supervisor);
}

void supervisor_retry(struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->count && !supervisor->stopping; i++) {
        struct process *process = &supervisor->processes[i];
        if (process->status.state != SUPERVISED_REFUSED) continue;
        forget_what_was_told(process); // somebody waits for an answer to what he has done
        start(process);
    }
}

void supervisor_stop(struct supervisor *supervisor) {
    if (supervisor->stopping) supervisor->killing = true;
    for (size_t i = 0; supervisor->killing && i < supervisor->count; i++) {
        if (supervisor->processes[i].status.pid != 0) kill(-supervisor->processes[i].status.pid, SIGKILL);
    }
    if (supervisor->stopping) return;
    supervisor->stopping = true;
    // Those that wait or pause must not come up while others stop.
    for (size_t i = 0; i < supervisor->count; i++) {
        if (supervisor->processes[i].status.pid == 0) stop(&supervisor->processes[i]);
    }
    if (loop_post(supervisor->loop, stop_from_loop, supervisor)) stop_next(supervisor);
}

const struct supervised_status *supervisor_status(const struct supervisor *supervisor, size_t index) {
    return &supervisor->processes[index].status;
}

bool supervisor_all_ready(const struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->count; i++) {
        if (supervisor->processes[i].status.state != SUPERVISED_READY) return false;
    }
    return true;
}
