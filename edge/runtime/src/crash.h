/// What is left to do when the program dies of a fault of its own: outputs to their safe state, a last word, and then
/// the death that the signal means, with the core dump and the report of whoever had the signal before.
///
///     fault in any thread -> scan told that it was overtaken -> driver's `write_safe` -> stderr, `crashed` -> signal
///     again
///
/// Only what signal-safety(7) allows is used on the way, besides system calls of Linux that do one thing. One scan at a
/// time is watched.
#pragma once

#include <scan/scan.h>
#include <signal.h>

enum { CRASH_STACK_BYTES = 64 * 1024 }; // of the handler; AVX-512 alone wants 4 KiB for its registers

struct crash_watch {
    struct scan *scan;
    void (*crashed)(void *context, const char *what); // NULL: nobody
    void *context;
};
void crash_watch(const struct crash_watch *watch);
void crash_unwatch(const struct scan *scan); // when it is the one; gives the handlers back

/// Of the calling thread; the stack it had before is given back before the thread ends.
void crash_take_stack(void *stack, size_t bytes, stack_t *ret_before);
void crash_give_stack_back(const stack_t *before);
