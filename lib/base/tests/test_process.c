#include "folder.h"
#include "suite.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/file.h>
#include <base/process.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 }; // a test that waits longer has failed

static const char *const forever[] = {"sleep", "infinity", NULL};

static void end(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static bool readable(int fd, int patience_ms) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, patience_ms) == 1;
}

/// All that the program writes until its end; its exit status.
static int run(struct process_options options, struct buffer *output) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    options.output = ends[1];
    pid_t pid;
    enum error error = process_start(&options, &pid, NULL);
    close(ends[1]);
    assert_int_equal(error, ERROR_NONE);
    for (;;) {
        char bytes[4096];
        ssize_t got = read(ends[0], bytes, sizeof bytes);
        if (got <= 0) break;
        buffer_append(output, bytes, (size_t)got);
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void output_and_exit_status_arrive(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    const char *const arguments[] = {"/bin/sh", "-c", "echo out; echo \"$0\" >&2; exit 7", "an argument", NULL};
    assert_int_equal(run((struct process_options){.arguments = arguments}, &output), 7);
    assert_true(text_is(buffer_view(&output), "out\nan argument\n"));
}

static void the_environment_is_inherited_or_given(void **state) {
    (void)state;
    setenv("SPLC_TEST_WORD", "inherited", 1);
    const char *const arguments[] = {"sh", "-c", "echo $SPLC_TEST_WORD", NULL};
    const char *const environment[] = {"SPLC_TEST_WORD=given", NULL};
    CLEANUP(buffer_clear) struct buffer output = {0};
    run((struct process_options){.arguments = arguments}, &output);
    run((struct process_options){.arguments = arguments, .environment = environment}, &output);
    assert_true(text_is(buffer_view(&output), "inherited\ngiven\n"));
}

static void the_folder_is_entered(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *script = folder_path(&folder, "script");
    assert_int_equal(file_write(script, TEXT("#!/bin/sh\npwd\n"), 0700, NULL), ERROR_NONE);
    const char *const arguments[] = {"./script", NULL}; // relative to the folder
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(run((struct process_options){.arguments = arguments, .folder = folder.path}, &output), 0);
    assert_true(text_is(text_trim(buffer_view(&output)), folder.path));
}

/// The value of a line such as "SigBlk:\t0000000000000000" in /proc/self/status.
static struct text status_line(struct text status, struct text name) {
    struct text line;
    while (text_split(&status, '\n', &line))
        if (text_starts_with(line, name)) return text_trim(text_from(line, name.length));
    return TEXT("line is missing");
}

static void catch (int number) {
    (void)number;
}

static void no_signal_is_blocked_ignored_or_caught(void **state) {
    (void)state;
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, catch);
    const char *const arguments[] = {"cat", "/proc/self/status", NULL};
    CLEANUP(buffer_clear) struct buffer output = {0};
    run((struct process_options){.arguments = arguments}, &output);
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, &before, &after);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    assert_true(text_is(status_line(buffer_view(&output), TEXT("SigBlk:")), "0000000000000000"));
    assert_true(text_is(status_line(buffer_view(&output), TEXT("SigIgn:")), "0000000000000000"));
    assert_true(text_is(status_line(buffer_view(&output), TEXT("SigCgt:")), "0000000000000000"));
    assert_true(sigismember(&after, SIGTERM)); // the parent has its own mask back
    assert_false(sigismember(&after, SIGUSR2));
}

static void a_group_of_its_own_on_request(void **state) {
    (void)state;
    for (int own = 0; own <= 1; own++) {
        pid_t pid;
        struct process_options options = {.arguments = forever, .output = -1, .own_group = own == 1};
        assert_int_equal(process_start(&options, &pid, NULL), ERROR_NONE);
        pid_t group = getpgid(pid);
        end(pid);
        assert_int_equal(group, own == 1 ? pid : getpgrp());
    }
}

static const struct refusal_case {
    const char *name;
    const char *program, *folder;
    enum error error;
    const char *text; // a pattern
} refusal_cases[] = {
    {"a program that is not there is named", "/nowhere/splc-fog", NULL, ERROR_NOT_FOUND,
     "/nowhere/splc-fog: cannot be executed: No such file or directory"},
    {"a name that is not in PATH is named", "splc-of-no-such-name", NULL, ERROR_NOT_FOUND,
     "splc-of-no-such-name: no such program in PATH"},
    {"an empty name is no program", "", NULL, ERROR_NOT_FOUND, "*"},
    {"a folder is no program", "/tmp", NULL, ERROR_NOT_FOUND, "/tmp: cannot be executed: Permission denied"},
    {"a document is no program", "/proc/self/status", NULL, ERROR_NOT_FOUND, "*cannot be executed*"},
    {"a folder that is not there is named", "cat", "/nowhere", ERROR_NOT_FOUND,
     "cat: folder /nowhere: No such file or directory"},
    {"a file is no folder", "cat", "/proc/self/status", ERROR_NOT_FOUND, "cat: folder /proc/self/status: Not a*"},
};

static void check_refusal(void **state) {
    const struct refusal_case *c = *state;
    const char *const arguments[] = {c->program, NULL};
    struct process_options options = {.arguments = arguments, .folder = c->folder, .output = -1};
    pid_t pid = 42;
    struct problem problem;
    assert_int_equal(process_start(&options, &pid, &problem), c->error);
    assert_true(text_matches(text_of(problem.text), text_of(c->text)));
    assert_int_equal(pid, 42);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child was left, not even a dead one
    assert_int_equal(errno, ECHILD);
}

static void an_output_that_is_closed_is_told(void **state) {
    (void)state;
    struct process_options options = {.arguments = forever, .output = 1000};
    pid_t pid;
    struct problem problem;
    assert_int_equal(process_start(&options, &pid, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "output cannot be redirected"));
}

static void the_output_may_be_stdout_itself(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(stdout);
    int before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    dup3(ends[1], STDOUT_FILENO, O_CLOEXEC);
    const char *const arguments[] = {"sh", "-c", "echo one; echo two >&2", NULL};
    struct process_options options = {.arguments = arguments, .output = STDOUT_FILENO};
    pid_t pid;
    enum error error = process_start(&options, &pid, NULL);
    dup2(before, STDOUT_FILENO);
    close(before);
    close(ends[1]);
    assert_int_equal(error, ERROR_NONE);
    waitpid(pid, NULL, 0);
    char bytes[64] = {0};
    assert_int_equal(read(ends[0], bytes, sizeof bytes - 1), 8);
    close(ends[0]);
    assert_string_equal(bytes, "one\ntwo\n");
}

static void a_watch_is_readable_when_the_child_ends(void **state) {
    (void)state;
    pid_t pid;
    struct process_options options = {.arguments = forever, .output = -1};
    assert_int_equal(process_start(&options, &pid, NULL), ERROR_NONE);
    int fd;
    assert_int_equal(process_watch(pid, &fd), ERROR_NONE);
    bool early = readable(fd, 0);
    kill(pid, SIGTERM);
    bool in_time = readable(fd, PATIENCE_MS);
    int status = 0;
    waitpid(pid, &status, in_time ? 0 : WNOHANG);
    close(fd);
    assert_false(early);
    assert_true(in_time);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(process_watch(pid, &fd), ERROR_NOT_FOUND);
}

/// Starts a child whose output holds `alive_fd` open, says so, and waits for its own end.
static void be_the_parent(int alive_fd, int told_fd) {
    struct process_options options = {.arguments = forever, .output = alive_fd};
    pid_t pid;
    if (process_start(&options, &pid, NULL)) _exit(1);
    if (write(told_fd, &pid, sizeof pid) != (ssize_t)sizeof pid) _exit(1);
    for (;;) pause();
}

static void a_child_dies_with_its_parent(void **state) {
    (void)state;
    int alive[2], told[2];
    assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0) be_the_parent(alive[1], told[1]);
    close(alive[1]);
    close(told[1]);
    pid_t child;
    assert_int_equal(read(told[0], &child, sizeof child), sizeof child);
    bool early = readable(alive[0], 0);
    end(parent);
    bool in_time = readable(alive[0], PATIENCE_MS); // nobody holds the other end any more
    if (!in_time) kill(child, SIGKILL);
    close(alive[0]);
    close(told[0]);
    assert_false(early);
    assert_true(in_time);
}

static void the_memory_of_a_process_is_known(void **state) {
    (void)state;
    pid_t pid;
    struct process_options options = {.arguments = forever, .output = -1};
    assert_int_equal(process_start(&options, &pid, NULL), ERROR_NONE);
    unsigned long alive = process_resident_kib(pid);
    end(pid);
    assert_in_range(alive, 1, 1024 * 1024);
    assert_int_equal(process_resident_kib(pid), 0);
    assert_true(process_resident_kib(getpid()) > 100);
}

static int count_descriptors(void) {
    DIR *open_ones = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(open_ones) != NULL) count++;
    closedir(open_ones);
    return count;
}

static void no_descriptor_is_left_open(void **state) {
    (void)state;
    int before = count_descriptors();
    output_and_exit_status_arrive(NULL);
    an_output_that_is_closed_is_told(NULL);
    assert_int_equal(count_descriptors(), before);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TEST(&suite, output_and_exit_status_arrive);
    SUITE_TEST(&suite, the_environment_is_inherited_or_given);
    SUITE_TEST(&suite, the_folder_is_entered);
    SUITE_TEST(&suite, no_signal_is_blocked_ignored_or_caught);
    SUITE_TEST(&suite, a_group_of_its_own_on_request);
    SUITE_TABLE(&suite, refusal_cases, check_refusal);
    SUITE_TEST(&suite, an_output_that_is_closed_is_told);
    SUITE_TEST(&suite, the_output_may_be_stdout_itself);
    SUITE_TEST(&suite, a_watch_is_readable_when_the_child_ends);
    SUITE_TEST(&suite, a_child_dies_with_its_parent);
    SUITE_TEST(&suite, the_memory_of_a_process_is_known);
    SUITE_TEST(&suite, no_descriptor_is_left_open);
    return SUITE_RUN(&suite);
}
