#include <base/signals.h>

#include <pthread.h>

void signals_block(sigset_t *ret_before) {
    sigset_t blocked;
    sigfillset(&blocked);
#define X(number) sigdelset(&blocked, number);
    SIGNALS_OF_FAULTS(X)
#undef X
    pthread_sigmask(SIG_SETMASK, &blocked, ret_before);
}

void signals_restore(const sigset_t *before) {
    pthread_sigmask(SIG_SETMASK, before, NULL);
}
