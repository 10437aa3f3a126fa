#include "cgroup.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 4096 };

static const char root[] = "/sys/fs/cgroup";

struct cgroup {
    char *folder;
    unsigned made;
};

static bool put(const char *folder, const char *file, const char *text) {
    CLEANUP(free_at) char *path = file_join(folder, file);
    int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t written = write(fd, text, strlen(text));
    int error_number = errno;
    close(fd);
    errno = error_number;
    return written == (ssize_t)strlen(text);
}

static bool get(const char *folder, const char *file, struct buffer *out) {
    CLEANUP(free_at) char *path = file_join(folder, file);
    return path != NULL && file_read(path, FILE_BYTES_MAX, out, NULL) == ERROR_NONE;
}

/// "0::/system.slice/splc.service"
static char *own_folder(void) {
    CLEANUP(buffer_clear) struct buffer groups = {0};
    if (!get("/proc/self", "cgroup", &groups)) return NULL;
    struct text rest = buffer_view(&groups), line;
    while (text_split(&rest, '\n', &line)) {
        if (!text_starts_with(line, TEXT("0::"))) continue;
        char *folder = NULL;
        return asprintf(&folder, "%s%.*s", root, TEXT_ARG(text_from(line, 3))) < 0 ? NULL : folder;
    }
    return NULL;
}

static bool has_controllers(const char *folder) {
    CLEANUP(buffer_clear) struct buffer list = {0};
    if (!get(folder, "cgroup.controllers", &list)) return false;
    static const char *const needed[] = {"memory", "pids", "cpu"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        struct text rest = text_trim(buffer_view(&list)), word;
        bool found = false;
        while (!found && text_split(&rest, ' ', &word)) found = text_is(word, needed[i]);
        if (!found) return false;
    }
    return true;
}

/// A group with limits for groups below it may have no process itself: this one moves down first.
static bool divide(const char *folder) {
    CLEANUP(free_at) char *service = file_join(folder, "service");
    if (service == NULL || (mkdir(service, 0755) < 0 && errno != EEXIST)) return false;
    char pid[24];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    return put(service, "cgroup.procs", pid) && put(folder, "cgroup.subtree_control", "+memory +pids +cpu");
}

struct cgroup *cgroup_open(const char *folder, struct problem *ret_why) {
    CLEANUP(free_at) char *own = folder == NULL ? own_folder() : strdup(folder);
    if (own == NULL || !has_controllers(own)) {
        error_ignore(problem_say(ret_why, ERROR_NONE, "no cgroup v2 with memory, pids and cpu is delegated to us"));
        return NULL;
    }
    if (!divide(own)) {
        error_ignore(problem_say(ret_why, ERROR_NONE, "%s: %s; systemd: Delegate=yes", own, strerrordesc_np(errno)));
        return NULL;
    }
    struct cgroup *cgroup = calloc(1, sizeof *cgroup);
    if (cgroup != NULL) cgroup->folder = TAKE(own);
    return cgroup;
}

void cgroup_close(struct cgroup *cgroup) {
    if (cgroup == NULL) return;
    free(cgroup->folder);
    free(cgroup);
}

static char *group_folder(const struct cgroup *cgroup, unsigned group) {
    char *folder = NULL;
    return asprintf(&folder, "%s/worker-%d-%u", cgroup->folder, (int)getpid(), group) < 0 ? NULL : folder;
}

static bool put_number(const char *folder, const char *file, unsigned long long value) {
    char text[32];
    snprintf(text, sizeof text, "%llu", value);
    return put(folder, file, text);
}

static bool limit(const char *folder, const struct cgroup_limits *limits) {
    char cpu[48];
    snprintf(cpu, sizeof cpu, "%u 100000", limits->cpu_percent * 1000);
    bool good = put_number(folder, "memory.max", (unsigned long long)limits->memory_mb * 1024 * 1024) &&
                put_number(folder, "pids.max", limits->processes) && put(folder, "cpu.max", cpu);
    if (!good) return false;
    (void)put(folder, "memory.swap.max", "0"); // absent without swap
    (void)put(folder, "memory.oom.group", "1");
    return true;
}

enum error cgroup_make(struct cgroup *cgroup, const struct cgroup_limits *limits, unsigned *ret_group, int *ret_procs) {
    unsigned group = ++cgroup->made;
    CLEANUP(free_at) char *folder = group_folder(cgroup, group);
    CLEANUP(free_at) char *procs = folder == NULL ? NULL : file_join(folder, "cgroup.procs");
    if (procs == NULL) return ERROR_NO_MEMORY;
    if (mkdir(folder, 0755) < 0) return error_from_errno(errno);
    int fd = limit(folder, limits) ? open(procs, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        enum error error = error_from_errno(errno);
        rmdir(folder);
        return error;
    }
    *ret_group = group;
    *ret_procs = fd;
    return ERROR_NONE;
}

bool cgroup_ran_out_of_memory(const struct cgroup *cgroup, unsigned group) {
    CLEANUP(free_at) char *folder = group_folder(cgroup, group);
    CLEANUP(buffer_clear) struct buffer events = {0};
    if (folder == NULL || !get(folder, "memory.events", &events)) return false;
    struct text rest = buffer_view(&events), line;
    while (text_split(&rest, '\n', &line))
        if (text_starts_with(line, TEXT("oom_kill "))) return !text_is(line, "oom_kill 0");
    return false;
}

void cgroup_kill(const struct cgroup *cgroup, unsigned group) {
    CLEANUP(free_at) char *folder = group_folder(cgroup, group);
    if (folder != NULL) (void)put(folder, "cgroup.kill", "1"); // Linux 5.14; before, the process group's end has to do
}

void cgroup_remove(const struct cgroup *cgroup, unsigned group) {
    CLEANUP(free_at) char *folder = group_folder(cgroup, group);
    if (folder != NULL) rmdir(folder);
}
