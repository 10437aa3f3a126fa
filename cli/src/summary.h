/// What a run with `--for` ends with: one JSON object on one line, and the verdict. Pure.
#pragma once

#include "snapshot.h"

#include <base/buffer.h>

enum { SUMMARY_PROCESSES_MAX = 24 };

struct summary_process {
    char name[SNAPSHOT_NAME_BYTES];
    unsigned long memory_kib;
    bool restartable; // of ours; the others are their children
    unsigned restarts;
    bool ready;
    bool crashed; // ended by itself with a failure at least once
    const char *reason;
};

struct summary {
    const char *plant;
    double seconds;
    double period_ms;
    bool counts_workpieces; // the simulation does
    const struct snapshot *snapshot;
    const struct summary_process *processes;
    size_t process_count;
};

/// Appends the object, without a line end.
void summary_print(const struct summary *summary, struct buffer *out);

/// Nothing lost and no error.
bool summary_is_good(const struct summary *summary);
