#include "desk.h"

#include "ports.h"
#include "standin.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/process.h>
#include <site/site.h>
#include <testing/testing.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OFFSET_FIRST = 10000, OFFSET_STEPS = 2000, OFFSET_STEP = 6, WORDS_MAX = 32, OUTPUT_BYTES_MAX = 1024 * 1024 };

static const char site_yaml[] = "edge:\n"
                                "  driver: sim\n"
                                "  simulation: {press: [automatic, start]}\n"
                                "fog:\n"
                                "  functions: [functions/counting]\n";
static const char function_yaml[] = "{name: counting, runtime: provided.al2023, state: [mps_automatic]}\n";

static void write_file(const char *folder, const char *name, const char *text) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    if (file_write(path, text_of(text), 0644, NULL)) abort();
}

static char *make_plant(const char *folder) {
    char *plant = testing_path(folder, "mps");
    CLEANUP(free_at) char *function = testing_path(plant, "functions/counting");
    CLEANUP(free_at) char *model = testing_path(plant, "plant.aml");
    if (file_make_folder(function, 0755, NULL) || symlink(SOURCE_FOLDER "/plants/mps/plant.aml", model) != 0) abort();
    write_file(plant, "site.yaml", site_yaml);
    write_file(function, "function.yaml", function_yaml);
    return plant;
}

/// Below the ports that the system gives to outgoing connections; another start for each process.
static unsigned free_offset(const char *plant, const char *data) {
    for (unsigned i = 0; i < OFFSET_STEPS; i++) {
        unsigned offset = OFFSET_FIRST + ((unsigned)getpid() * 37 + i) % OFFSET_STEPS * OFFSET_STEP;
        CLEANUP(site_destroy_at) struct site *site = NULL;
        struct problem problem;
        if (site_load(plant, data, offset, &site, &problem)) {
            fprintf(stderr, "%s\n", problem.text);
            abort();
        }
        if (ports_check(site, NULL) == ERROR_NONE) return offset;
    }
    abort();
}

int desk_open(void **state) {
    struct desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) return -1;
    desk->folder = testing_folder();
    desk->plant = make_plant(desk->folder);
    desk->data = testing_path(desk->folder, "data of it"); // with spaces: they must do no harm
    desk->output = testing_path(desk->folder, "output");
    desk->programs = standin_programs();
    snprintf(desk->offset, sizeof desk->offset, "%u", free_offset(desk->plant, desk->data));
    *state = desk;
    return 0;
}

int desk_close(void **state) {
    struct desk *desk = *state;
    if (desk->pid != 0) {
        kill(desk->pid, SIGKILL);
        waitpid(desk->pid, NULL, 0);
    }
    testing_remove(desk->folder);
    testing_remove(desk->programs);
    free(desk->folder);
    free(desk->plant);
    free(desk->data);
    free(desk->output);
    free(desk->programs);
    free(desk);
    return 0;
}

static pid_t start(const struct desk *desk, const char *const *first, const char *const *more, const char *output) {
    CLEANUP(free_at) char *splc = testing_path(desk->programs, "splc");
    const char *arguments[WORDS_MAX + 1] = {splc};
    size_t count = 1;
    for (size_t i = 0; first[i] != NULL; i++) arguments[count++] = first[i];
    for (size_t i = 0; more[i] != NULL; i++) arguments[count++] = more[i];
    arguments[count++] = "--data";
    arguments[count++] = desk->data;
    arguments[count] = NULL;
    CLEANUP(descriptor_close_at) int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const struct process_options options = {.arguments = arguments, .output = fd};
    pid_t pid;
    struct problem problem;
    if (fd >= 0 && process_start(&options, &pid, &problem) == ERROR_NONE) return pid;
    abort();
}

void desk_up(struct desk *desk, const char *const *words) {
    const char *const first[] = {"up", desk->plant, "--port-offset", desk->offset, "--programs", desk->programs, NULL};
    desk->pid = start(desk, first, words, desk->output);
}

static void read_file(const char *path, struct buffer *text) {
    buffer_reset(text);
    error_ignore(file_read(path, OUTPUT_BYTES_MAX, text, NULL)); // not there yet: nothing was said
    buffer_byte(text, '\0');                                     // so that it is a string, also when it is empty
    text->length--;
}

void desk_read(const struct desk *desk, struct buffer *text) {
    read_file(desk->output, text);
}

void desk_notes(const struct desk *desk, struct buffer *text) {
    CLEANUP(free_at) char *path = testing_path(desk->data, "standin");
    read_file(path, text);
}

static bool has_ended(pid_t pid) {
    siginfo_t end = {0};
    return waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT | WNOHANG) == 0 && end.si_pid == pid;
}

static void a_moment(void) {
    nanosleep(&(struct timespec){.tv_nsec = (long)(2 * NS_PER_MS)}, NULL);
}

bool desk_says(const struct desk *desk, const char *text) {
    CLEANUP(buffer_clear) struct buffer output = {0};
    uint64_t limit_ns = clock_monotonic_ns() + 20 * NS_PER_S;
    while (clock_monotonic_ns() < limit_ns) {
        bool ended = has_ended(desk->pid); // before reading: what it printed last counts
        desk_read(desk, &output);
        if (strstr(output.data, text) != NULL) return true;
        if (ended) break;
        a_moment();
    }
    fprintf(stderr, "never said \"%s\":\n%s\n", text, output.data);
    return false;
}

static int wait_for(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid) abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int desk_ends(struct desk *desk) {
    int status = wait_for(desk->pid);
    desk->pid = 0;
    return status;
}

int desk_run(const struct desk *desk, const char *const *words, struct buffer *text) {
    CLEANUP(free_at) char *output = testing_path(desk->folder, "run");
    int status = wait_for(start(desk, words, (const char *const[]){NULL}, output));
    read_file(output, text);
    return status;
}
