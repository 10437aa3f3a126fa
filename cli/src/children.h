/// Memory of the processes that a process has started itself (the workers of functions).
#pragma once

#include "summary.h"

#include <sys/types.h>

/// Adds what stands below `pid` to `processes`, as "<name>/<program>", one entry per program; up to `max` in all.
void children_add(pid_t pid, const char *name, struct summary_process *processes, size_t max, size_t *count);
