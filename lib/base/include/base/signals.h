/// Signals of threads: those of the program go to the thread with the event loop, so that a worker's thread has none.
#pragma once

#include <signal.h>

/// The faults of a program: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT. A thread that blocks them dies without its
/// handler.
#define SIGNALS_OF_FAULTS(X) X(SIGSEGV) X(SIGBUS) X(SIGFPE) X(SIGILL) X(SIGABRT)

/// Blocks all signals but those of faults in the calling thread, before it starts another one, which inherits it.
void signals_block(sigset_t *ret_before);
void signals_restore(const sigset_t *before);
