#include "children.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/file.h>
#include <base/process.h>

#include <stdio.h>
#include <string.h>

enum { CHILDREN_BYTES_MAX = 64 * 1024, COMM_BYTES_MAX = 64, DEPTH_MAX = 4 };

static void add_memory(const char *name, unsigned long kib, struct summary_process *processes, size_t max,
                       size_t *count) {
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(processes[i].name, name) != 0) continue;
        processes[i].memory_kib += kib;
        return;
    }
    if (*count == max) return;
    struct summary_process *process = &processes[(*count)++];
    *process = (struct summary_process){.memory_kib = kib};
    snprintf(process->name, sizeof process->name, "%s", name);
}

static void name_of(pid_t pid, const char *above, char *name, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    CLEANUP(buffer_clear) struct buffer comm = {0};
    error_ignore(file_read(path, COMM_BYTES_MAX, &comm, NULL)); // it may have ended just now
    snprintf(name, size, "%s/%.*s", above, TEXT_ARG(text_trim(buffer_view(&comm))));
}

static void add_below(pid_t pid, const char *name, unsigned depth, struct summary_process *processes, size_t max,
                      size_t *count) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    CLEANUP(buffer_clear) struct buffer children = {0};
    if (depth == DEPTH_MAX || file_read(path, CHILDREN_BYTES_MAX, &children, NULL)) return;
    struct text rest = text_trim(buffer_view(&children)), word;
    while (text_split(&rest, ' ', &word)) {
        uint64_t child;
        if (text_to_u64(word, &child)) continue;
        char child_name[SNAPSHOT_NAME_BYTES];
        name_of((pid_t)child, name, child_name, sizeof child_name);
        add_memory(child_name, process_resident_kib((pid_t)child), processes, max, count);
        add_below((pid_t)child, child_name, depth + 1, processes, max, count);
    }
}

void children_add(pid_t pid, const char *name, struct summary_process *processes, size_t max, size_t *count) {
    if (pid > 0) add_below(pid, name, 0, processes, max, count);
}
