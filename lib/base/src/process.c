#include <base/process.h>

#include <base/cleanup.h>
#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATM_BYTES_MAX = 256 }; // seven numbers
enum { DESCRIPTOR_AFTER_STDERR = STDERR_FILENO + 1 };

/// How far the child came, for the message.
enum step { STEP_TIE, STEP_FOLDER, STEP_OUTPUT, STEP_PREPARE, STEP_EXECUTE };

/// What the child sends home when it cannot become the program.
struct failure {
    enum step step;
    int error_number;
};

// --- finding the program; before the fork, because a child of a process with threads must not allocate ---

static bool is_program(const char *path) {
    struct stat there;
    return stat(path, &there) == 0 && S_ISREG(there.st_mode) && access(path, X_OK) == 0;
}

/// A name without a slash is looked up in PATH, as execvp does, but a script without `#!` gets no shell. For the
/// caller to free; NULL when there is none.
static char *find_program(const char *name) {
    if (strchr(name, '/') != NULL) return strdup(name);
    const char *path = getenv("PATH");
    struct text rest = text_of(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
    struct text piece;
    while (text_split(&rest, ':', &piece)) {
        CLEANUP(free_at) char *folder = text_copy(piece);
        CLEANUP(free_at) char *candidate = folder == NULL ? NULL : file_join(folder, name);
        if (candidate != NULL && is_program(candidate)) return TAKE(candidate);
    }
    return NULL;
}

// --- in the child: only what is safe between fork and exec ---

_Noreturn static void give_up(int report_fd, enum step step) {
    struct failure failure = {step, errno};
    ssize_t written = write(report_fd, &failure, sizeof failure);
    (void)written; // the parent is gone: nobody is left to tell
    _exit(127);
}

/// The program starts as if from a shell: nothing blocked, nothing ignored, no handler of ours.
static void reset_signals(void) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL); // some refuse: KILL, STOP
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool tie_to_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return false;
    if (getppid() != parent) _exit(127); // it died before the tie was there
    return true;
}

static bool redirect(int from, int to) {
    if (from == to) return fcntl(to, F_SETFD, 0) == 0; // dup2 would leave it close-on-exec
    return dup2(from, to) >= 0;
}

_Noreturn static void become(const struct process_options *options, const char *program, pid_t parent, int report_fd) {
    // Away from 1 and 2, where it is when the parent has closed its own.
    if (report_fd < DESCRIPTOR_AFTER_STDERR) report_fd = fcntl(report_fd, F_DUPFD_CLOEXEC, DESCRIPTOR_AFTER_STDERR);
    if (options->own_group) setpgid(0, 0);
    if (!tie_to_parent(parent)) give_up(report_fd, STEP_TIE);
    if (options->folder != NULL && chdir(options->folder) < 0) give_up(report_fd, STEP_FOLDER);
    if (options->output >= 0 && !redirect(options->output, STDOUT_FILENO)) give_up(report_fd, STEP_OUTPUT);
    if (options->output >= 0 && !redirect(options->output, STDERR_FILENO)) give_up(report_fd, STEP_OUTPUT);
    reset_signals();
    if (options->prepare != NULL && !options->prepare(options->context)) give_up(report_fd, STEP_PREPARE);
    if (options->prepare != NULL && !tie_to_parent(parent)) give_up(report_fd, STEP_TIE);
    char *const *environment = options->environment != NULL ? (char *const *)options->environment : environ;
    execve(program, (char *const *)options->arguments, environment);
    give_up(report_fd, STEP_EXECUTE);
}

// --- in the parent ---

/// Forks with all signals blocked: a handler of ours must not run in the child.
static pid_t fork_quietly(const struct process_options *options, const char *program, int report_fd) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) become(options, program, parent, report_fd);
    int error_number = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error_number;
    return pid;
}

/// True when the child sent a failure; false when the pipe closed, as it does when exec succeeds.
static bool wait_for_failure(int fd, struct failure *ret_failure) {
    ssize_t got;
    do got = read(fd, ret_failure, sizeof *ret_failure);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof *ret_failure;
}

static void reap(pid_t pid) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static enum error say_failure(const struct process_options *options, struct failure failure,
                              struct problem *ret_problem) {
    const char *name = options->arguments[0];
    const char *why = strerrordesc_np(failure.error_number);
    enum error error = error_from_errno(failure.error_number);
    switch (failure.step) {
    case STEP_TIE: return problem_say(ret_problem, error, "%s: cannot be tied to its parent: %s", name, why);
    case STEP_FOLDER: return problem_say(ret_problem, error, "%s: folder %s: %s", name, options->folder, why);
    case STEP_OUTPUT: return problem_say(ret_problem, error, "%s: output cannot be redirected: %s", name, why);
    case STEP_PREPARE: return problem_say(ret_problem, error, "%s: cannot be prepared: %s", name, why);
    case STEP_EXECUTE: break;
    }
    return problem_say(ret_problem, ERROR_NOT_FOUND, "%s: cannot be executed: %s", name, why);
}

enum error process_start(const struct process_options *options, pid_t *ret_pid, struct problem *ret_problem) {
    const char *name = options->arguments[0];
    CLEANUP(free_at) char *program = find_program(name);
    if (program == NULL) return problem_say(ret_problem, ERROR_NOT_FOUND, "%s: no such program in PATH", name);
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return problem_say(ret_problem, error_from_errno(errno), "%s: no pipe: %s", name, strerrordesc_np(errno));
    CLEANUP(descriptor_close_at) int report_read = report[0];
    pid_t pid = fork_quietly(options, program, report[1]);
    int fork_errno = errno;
    close(report[1]);
    if (pid < 0)
        return problem_say(ret_problem, error_from_errno(fork_errno), "%s: no new process: %s", name,
                           strerrordesc_np(fork_errno));
    struct failure failure;
    if (wait_for_failure(report_read, &failure)) {
        reap(pid);
        return say_failure(options, failure, ret_problem);
    }
    *ret_pid = pid;
    return ERROR_NONE;
}

enum error process_watch(pid_t pid, int *ret_fd) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0); // close-on-exec by itself
    if (fd < 0) return error_from_errno(errno);
    *ret_fd = fd;
    return ERROR_NONE;
}

unsigned long process_resident_kib(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    CLEANUP(buffer_clear) struct buffer statm = {0};
    if (file_read(path, STATM_BYTES_MAX, &statm, NULL)) return 0;
    struct text rest = buffer_view(&statm), size, resident;
    if (!text_split(&rest, ' ', &size) || !text_split(&rest, ' ', &resident)) return 0;
    uint64_t pages;
    if (text_to_u64(resident, &pages)) return 0;
    return (unsigned long)(pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024);
}
