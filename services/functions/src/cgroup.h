/// Groups of processes with limits (cgroup v2), where the system lets us make some: systemd's `Delegate=yes`, a
/// container. A group each for the service itself and for every worker.
#pragma once

#include <base/problem.h>
#include <stdbool.h>

struct cgroup;
/// `folder`: the group of this process; NULL: found out. NULL when no groups can be made there; `ret_why` says it.
struct cgroup *cgroup_open(const char *folder, struct problem *ret_why);
void cgroup_close(struct cgroup *cgroup); // NULL is fine

struct cgroup_limits {
    unsigned memory_mb, processes, cpu_percent; // of one processor
};
/// A new group: a number that names it, and a descriptor of its `cgroup.procs` for the process to write "0" to.
enum error cgroup_make(struct cgroup *cgroup, const struct cgroup_limits *limits, unsigned *ret_group, int *ret_procs);
/// True when the kernel killed for want of memory in it.
bool cgroup_ran_out_of_memory(const struct cgroup *cgroup, unsigned group);
void cgroup_kill(const struct cgroup *cgroup, unsigned group);   // all that is in it
void cgroup_remove(const struct cgroup *cgroup, unsigned group); // is empty
