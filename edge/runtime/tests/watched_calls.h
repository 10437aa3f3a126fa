/// Calls that the scan thread must not make: memory, locks, and what waits for other threads. They are exchanged in the
/// whole test program; a thread that declared itself watched ends the process by the first one.
#pragma once

enum { EXIT_ALLOCATED = 71, EXIT_LOCKED = 72 };

/// For the calling thread, for ever.
void watch_calls(void);
/// From now on any call of the system by this thread but sleeping, the clock and writing into `allowed_fd` ends the
/// process with SIGSYS. False where the kernel has no seccomp.
int watch_system(int allowed_fd);
/// To be called once before any thread. 0 under the thread sanitizer, which locks and allocates in every thread itself.
int watch_prepare(void);
