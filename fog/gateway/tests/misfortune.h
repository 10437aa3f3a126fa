/// What happens to a process without its doing: its wall clock is set, answers to it are lost. Ours and open62541's
/// calls are caught inside of the process (misfortune.c), which is told from outside by signals.
#pragma once

#include <sys/types.h>

/// In the process that it may happen to, once.
void misfortune_expect(void);

/// The next `count` notifications that a server sends do not arrive: each takes its publish request along.
void misfortune_lose(pid_t process, int count);
/// The wall clock is `seconds` ahead of the true one, or behind; the monotonic clock goes on.
void misfortune_set_clock(pid_t process, int seconds);
