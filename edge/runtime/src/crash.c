#include "crash.h"

#include <base/signals.h>

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const struct {
    int number;
    const char *name;
} FAULTS[] = {
#define X(number) {number, #number},
    SIGNALS_OF_FAULTS(X)
#undef X
};
enum { FAULT_COUNT = sizeof FAULTS / sizeof FAULTS[0], WHAT_BYTES = 160, THREAD_NAME_BYTES = 16, PATIENCE_S = 2 };

static struct crash_watch watched; // constant while `scan` is set
static _Atomic(struct scan *) scan;
static struct sigaction before[FAULT_COUNT];

// ---------------------------------------------------------------- in the handler

static void append(char what[static WHAT_BYTES], const char *text) {
    size_t length = strlen(what), more = strlen(text);
    if (length + more >= WHAT_BYTES) more = WHAT_BYTES - 1 - length;
    memcpy(what + length, text, more);
    what[length + more] = '\0';
}

static void describe(size_t fault, char ret_what[static WHAT_BYTES]) {
    char thread[THREAD_NAME_BYTES] = "";
    prctl(PR_GET_NAME, thread);
    ret_what[0] = '\0';
    append(ret_what, FAULTS[fault].name);
    append(ret_what, " in the thread ");
    append(ret_what, thread);
    append(ret_what, watched.scan->driver.write_safe == NULL
                         ? "; the driver has no way to write the safe state from here"
                         : "; the outputs were driven to their safe state");
}

/// The scan hears first that it was overtaken: should it be alive, it takes the outputs back to nothing but the safe
/// state.
static void save_outputs(struct scan *of) {
    scan_guard_tripped(of);
    scan_request_stop(of);
    if (of->driver.write_safe != NULL) of->driver.write_safe(of->driver.context, &of->safe_image);
}

static void say(const char *what) {
    if (write(STDERR_FILENO, what, strlen(what)) < 0 || write(STDERR_FILENO, "\n", 1) < 0) return; // nobody hears
}

static size_t index_of(int number) {
    size_t fault = 0;
    while (fault + 1 < FAULT_COUNT && FAULTS[fault].number != number) fault++;
    return fault;
}

/// Returning from the handler lets the fault happen again, or the signal that waits: this time as it was before.
static void on_fault(int number) {
    size_t fault = index_of(number);
    struct scan *of = atomic_exchange(&scan, NULL);
    if (of != NULL) {
        char what[WHAT_BYTES];
        save_outputs(of);
        describe(fault, what);
        say(what);
        if (watched.crashed != NULL) watched.crashed(watched.context, what);
    } else { // another thread is at it, and ends the program: give it time
        const struct timespec patience = {.tv_sec = PATIENCE_S};
        nanosleep(&patience, NULL);
    }
    sigaction(number, &before[fault], NULL);
    raise(number);
}

// ---------------------------------------------------------------- outside

void crash_watch(const struct crash_watch *watch) {
    struct scan *another = atomic_load(&scan);
    if (another != NULL) crash_unwatch(another);
    watched = *watch;
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
    sigfillset(&action.sa_mask); // a fault in the handler itself ends the program at once
    for (size_t i = 0; i < FAULT_COUNT; i++) sigaction(FAULTS[i].number, &action, &before[i]);
    atomic_store(&scan, watch->scan);
}

void crash_unwatch(const struct scan *of) {
    if (atomic_load(&scan) != of) return;
    atomic_store(&scan, NULL);
    for (size_t i = 0; i < FAULT_COUNT; i++) sigaction(FAULTS[i].number, &before[i], NULL);
}

void crash_take_stack(void *stack, size_t bytes, stack_t *ret_before) {
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = bytes}, ret_before);
}

void crash_give_stack_back(const stack_t *stack) {
    stack_t own = *stack;
    own.ss_flags &= SS_DISABLE;
    sigaltstack(&own, NULL);
}
