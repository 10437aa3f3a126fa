// What takes its time: names after a reset, the state of modules, the driver's events.

#include "internal.h"

#include <base/clock.h>
#include <base/signals.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static const uint64_t TICK_NS = 50 * NS_PER_MS;

void keeper_look_at_modules(struct picontrol *picontrol) {
    struct pi_device devices[PI_DEVICES_MAX] = {0}; // as many as the driver may copy, however many there are
    int count = picontrol->system->ioctl(picontrol->fd, PI_GET_DEVICE_INFO_LIST, devices);
    if (count < 0) return; // it stands still: the scan sees that itself
    uint64_t missing[2] = {0};
    for (int i = 0; i < count && i < PI_DEVICES_MAX; i++) {
        bool there = devices[i].active != 0 && (devices[i].module_type & PI_TYPE_ABSENT) == 0;
        if (!there) missing[i / 64] |= UINT64_C(1) << (i % 64);
    }
    atomic_store(&picontrol->missing[0], missing[0]);
    atomic_store(&picontrol->missing[1], missing[1]);
}

static void tell(struct picontrol *picontrol, const struct problem *trouble, const struct problem *note) {
    pthread_mutex_lock(&picontrol->trouble_lock);
    picontrol->trouble = *trouble;
    picontrol->note = *note;
    pthread_mutex_unlock(&picontrol->trouble_lock);
}

/// A layout that was published is the scan's; the other one is free as soon as the scan has taken that.
static void resolve_again(struct picontrol *picontrol) {
    if (atomic_load(&picontrol->published) != NULL) return; // not taken yet
    if (picontrol->latest != NULL && picontrol->latest->generation == atomic_load(&picontrol->wanted)) return;
    struct layout *current = atomic_load(&picontrol->layout);
    struct layout *layout = current == &picontrol->layouts[0] ? &picontrol->layouts[1] : &picontrol->layouts[0];
    struct problem trouble = {0}, note = {0};
    enum error error = layout_resolve(picontrol, layout, &note, &trouble);
    tell(picontrol, &trouble, &note);
    if (error) return;
    picontrol->latest = layout;
    atomic_store(&picontrol->published, layout);
}

static void *keep(void *context) {
    struct picontrol *picontrol = context;
    pthread_setname_np(pthread_self(), "picontrol");
    while (!atomic_load(&picontrol->stopping)) {
        resolve_again(picontrol);
        keeper_look_at_modules(picontrol);
        uint64_t until_ns = clock_monotonic_ns() + TICK_NS;
        struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S), .tv_nsec = (long)(until_ns % NS_PER_S)};
        while (sem_clockwait(&picontrol->stop, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) continue;
    }
    return NULL;
}

/// Blocks in the driver until there is an event, so it is a thread of its own. An interrupted wait fails with EFAULT.
static void *listen(void *context) {
    struct picontrol *picontrol = context;
    pthread_setname_np(pthread_self(), "picontrol-event");
    while (!atomic_load(&picontrol->stopping)) {
        uint32_t event = 0;
        int waited = picontrol->system->ioctl(picontrol->event_fd, PI_WAIT_FOR_EVENT, &event);
        if (waited == 0 && event == PI_EVENT_RESET) atomic_fetch_add(&picontrol->wanted, 1);
        if (waited == 0) continue;
        struct timespec pause = {.tv_nsec = (long)TICK_NS}; // EAGAIN: the driver stands still
        nanosleep(&pause, NULL);
    }
    atomic_store(&picontrol->listener_done, true);
    return NULL;
}

static void interrupt_wait(int signal) {
    (void)signal;
}

/// A signal that only ends a blocking call: without SA_RESTART the driver's wait returns.
static int interrupting_signal(void) {
    return SIGRTMIN + 2;
}

enum error keeper_start(struct picontrol *picontrol, struct problem *ret_problem) {
    struct sigaction action = {.sa_handler = interrupt_wait};
    sigset_t interrupting, before;
    sigaction(interrupting_signal(), &action, NULL);
    sigemptyset(&interrupting);
    sigaddset(&interrupting, interrupting_signal());
    signals_block(&before); // other signals are for the main thread
    int refused = pthread_create(&picontrol->keeper, NULL, keep, picontrol);
    picontrol->keeper_runs = refused == 0;
    pthread_sigmask(SIG_UNBLOCK, &interrupting, NULL);
    if (refused == 0) refused = pthread_create(&picontrol->listener, NULL, listen, picontrol);
    picontrol->listener_runs = picontrol->keeper_runs && refused == 0;
    signals_restore(&before);
    if (refused == 0) return ERROR_NONE;
    return problem_say(ret_problem, error_from_errno(refused), "threads for %s: %s", picontrol->device,
                       strerror(refused));
}

void keeper_stop(struct picontrol *picontrol) {
    atomic_store(&picontrol->stopping, true);
    sem_post(&picontrol->stop);
    if (picontrol->keeper_runs) pthread_join(picontrol->keeper, NULL);
    if (!picontrol->listener_runs) return;
    while (!atomic_load(&picontrol->listener_done)) { // again, should it not yet have been in the call
        pthread_kill(picontrol->listener, interrupting_signal());
        struct timespec pause = {.tv_nsec = (long)NS_PER_MS};
        nanosleep(&pause, NULL);
    }
    pthread_join(picontrol->listener, NULL);
}
