#include <base/loop.h>

#include <base/clock.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The loop's own descriptors (posts, timers, signals) are watches like any other; one turn is one epoll_wait.
 *
 * (1) What a callback removes is dead at once and freed when the turn ends, because events of the same turn may still
 *     point to it. A dead watch is never called, a dead timer is not in the heap.
 * (2) Posts and `stopping` are all that another thread touches. */

enum { EVENTS_PER_TURN = 64 }; // descriptors served for one system call; the rest wait for the next turn
enum { TIMERS_FIRST = 16 };

struct loop_watch {
    struct loop *loop;
    int fd;
    bool dead;
    loop_ready_fn *ready;
    void *context;
    struct loop_watch *previous, *next; // in loop->watches; only `next` in loop->dead_watches
};

struct loop_timer {
    struct loop *loop;
    uint64_t due_ns;
    uint64_t period_ns;
    uint64_t number; // of two that are due together the one set first fires first
    size_t place;    // in loop->timers
    bool dead;
    loop_fn *fire;
    void *context;
    struct loop_timer *next; // in loop->dead_timers
};

struct post {
    loop_fn *work;
    void *context;
    struct post *next;
};

struct loop {
    int epoll_fd, post_fd, timer_fd, signal_fd; // -1: none
    bool running;
    atomic_bool stopping;

    struct loop_watch *watches, *dead_watches;

    struct loop_timer **timers; // binary heap, the next due in front
    size_t timer_count, timer_capacity;
    uint64_t timers_made;
    uint64_t armed_ns; // what timer_fd is set to; 0 when it is not
    struct loop_timer *dead_timers;

    pthread_mutex_t post_lock; // for the two below
    struct post *posts, **posts_end;
};

// --- timers ---

static bool is_before(const struct loop_timer *a, const struct loop_timer *b) {
    if (a->due_ns != b->due_ns) return a->due_ns < b->due_ns;
    return a->number < b->number;
}

static void put(struct loop *loop, struct loop_timer *timer, size_t place) {
    loop->timers[place] = timer;
    timer->place = place;
}

static void move_up(struct loop *loop, struct loop_timer *timer) {
    size_t place = timer->place;
    while (place > 0 && is_before(timer, loop->timers[(place - 1) / 2])) {
        put(loop, loop->timers[(place - 1) / 2], place);
        place = (place - 1) / 2;
    }
    put(loop, timer, place);
}

static void move_down(struct loop *loop, struct loop_timer *timer) {
    size_t place = timer->place;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < loop->timer_count && is_before(loop->timers[child + 1], loop->timers[child])) child++;
        if (child >= loop->timer_count || !is_before(loop->timers[child], timer)) break;
        put(loop, loop->timers[child], place);
        place = child;
    }
    put(loop, timer, place);
}

static void take_out(struct loop *loop, struct loop_timer *timer) {
    size_t hole = timer->place;
    struct loop_timer *last = loop->timers[--loop->timer_count];
    if (last == timer) return;
    put(loop, last, hole);
    move_up(loop, last);
    move_down(loop, last);
}

static bool grow_timers(struct loop *loop) {
    if (loop->timer_count < loop->timer_capacity) return true;
    size_t capacity = loop->timer_capacity == 0 ? TIMERS_FIRST : loop->timer_capacity * 2;
    struct loop_timer **timers = realloc(loop->timers, capacity * sizeof(struct loop_timer *));
    if (timers == NULL) return false;
    loop->timers = timers;
    loop->timer_capacity = capacity;
    return true;
}

/// A deadline too far away for the clock is one that never comes.
static uint64_t later(uint64_t ns, uint64_t by_ns) {
    uint64_t sum;
    return __builtin_add_overflow(ns, by_ns, &sum) ? UINT64_MAX : sum;
}

struct loop_timer *loop_timer(struct loop *loop, uint64_t delay_ns, uint64_t period_ns, loop_fn *fire, void *context) {
    if (!grow_timers(loop)) return NULL;
    struct loop_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL) return NULL;
    *timer = (struct loop_timer){
        .loop = loop,
        .due_ns = later(clock_monotonic_ns(), delay_ns),
        .period_ns = period_ns,
        .number = loop->timers_made++,
        .place = loop->timer_count,
        .fire = fire,
        .context = context,
    };
    loop->timers[loop->timer_count++] = timer;
    move_up(loop, timer);
    return timer;
}

static void bury_timer(struct loop_timer *timer) {
    struct loop *loop = timer->loop;
    take_out(loop, timer);
    timer->dead = true;
    timer->next = loop->dead_timers;
    loop->dead_timers = timer;
}

void loop_timer_cancel(struct loop_timer *timer) {
    if (timer == NULL || timer->dead) return;
    bury_timer(timer);
}

/// The next due time on the grid of the first one. Periods that were missed are left out: catching up in a burst
/// helps nobody.
static uint64_t next_due(const struct loop_timer *timer, uint64_t now_ns) {
    uint64_t missed = (now_ns - timer->due_ns) / timer->period_ns;
    return later(timer->due_ns + missed * timer->period_ns, timer->period_ns);
}

/// Settles what becomes of the timer before it is called, so that the callback may cancel it, or any other.
static void fire(struct loop_timer *timer, uint64_t now_ns) {
    if (timer->period_ns == 0) {
        bury_timer(timer);
    } else {
        timer->due_ns = next_due(timer, now_ns);
        move_down(timer->loop, timer);
    }
    timer->fire(timer->context);
}

static void on_timers(void *context, uint32_t events) {
    (void)events;
    struct loop *loop = context;
    uint64_t expirations;
    if (read(loop->timer_fd, &expirations, sizeof expirations) > 0) loop->armed_ns = 0;
    uint64_t now_ns = clock_monotonic_ns(); // taken once: timers set meanwhile wait for the next turn
    while (loop->timer_count > 0 && loop->timers[0]->due_ns <= now_ns && !atomic_load(&loop->stopping))
        fire(loop->timers[0], now_ns);
}

/// Once a turn rather than for every timer: most are set and cancelled in between.
static enum error arm_timers(struct loop *loop) {
    uint64_t due_ns = loop->timer_count == 0 ? 0 : loop->timers[0]->due_ns;
    if (due_ns == loop->armed_ns) return ERROR_NONE;
    struct itimerspec when = {.it_value = {(time_t)(due_ns / NS_PER_S), (long)(due_ns % NS_PER_S)}};
    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0) return error_from_errno(errno);
    loop->armed_ns = due_ns;
    return ERROR_NONE;
}

// --- work posted by other threads ---

static void wake(struct loop *loop) {
    const uint64_t one = 1;
    ssize_t written = write(loop->post_fd, &one, sizeof one);
    (void)written; // fails only when the counter is full, and then the loop is awake anyway
}

enum error loop_post(struct loop *loop, loop_fn *work, void *context) {
    struct post *post = malloc(sizeof *post);
    if (post == NULL) return ERROR_NO_MEMORY;
    *post = (struct post){work, context, NULL};
    pthread_mutex_lock(&loop->post_lock);
    *loop->posts_end = post;
    loop->posts_end = &post->next;
    pthread_mutex_unlock(&loop->post_lock);
    wake(loop);
    return ERROR_NONE;
}

static struct post *take_posts(struct loop *loop) {
    pthread_mutex_lock(&loop->post_lock);
    struct post *posts = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    pthread_mutex_unlock(&loop->post_lock);
    return posts;
}

/// What is there now; work that posts itself again waits for the next turn.
static void run_posts(struct loop *loop) {
    for (struct post *post = take_posts(loop); post != NULL;) {
        struct post done = *post;
        free(post);
        done.work(done.context);
        post = done.next;
    }
}

static void on_posts(void *context, uint32_t events) {
    (void)events;
    struct loop *loop = context;
    uint64_t wakes;
    if (read(loop->post_fd, &wakes, sizeof wakes) < 0) return;
    run_posts(loop);
}

void loop_stop(struct loop *loop) {
    atomic_store(&loop->stopping, true);
    wake(loop);
}

// --- watches ---

static enum error control(struct loop_watch *watch, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(watch->loop->epoll_fd, operation, watch->fd, &event) < 0) return error_from_errno(errno);
    return ERROR_NONE;
}

struct loop_watch *loop_watch(struct loop *loop, int fd, uint32_t events, loop_ready_fn *ready, void *context) {
    struct loop_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) return NULL;
    *watch = (struct loop_watch){.loop = loop, .fd = fd, .ready = ready, .context = context, .next = loop->watches};
    if (control(watch, EPOLL_CTL_ADD, events)) {
        free(watch);
        return NULL;
    }
    if (loop->watches != NULL) loop->watches->previous = watch;
    loop->watches = watch;
    return watch;
}

enum error loop_watch_change(struct loop_watch *watch, uint32_t events) {
    return control(watch, EPOLL_CTL_MOD, events);
}

static void unlink_watch(struct loop_watch *watch) {
    if (watch->next != NULL) watch->next->previous = watch->previous;
    if (watch->previous != NULL)
        watch->previous->next = watch->next;
    else
        watch->loop->watches = watch->next;
}

void loop_unwatch(struct loop_watch *watch) {
    if (watch == NULL || watch->dead) return;
    struct loop *loop = watch->loop;
    error_ignore(control(watch, EPOLL_CTL_DEL, 0)); // a closed descriptor has left the epoll by itself
    unlink_watch(watch);
    watch->dead = true;
    watch->next = loop->dead_watches;
    loop->dead_watches = watch;
}

static void free_watches(struct loop_watch **list) {
    while (*list != NULL) {
        struct loop_watch *next = (*list)->next;
        free(*list);
        *list = next;
    }
}

static void free_timers(struct loop_timer **list) {
    while (*list != NULL) {
        struct loop_timer *next = (*list)->next;
        free(*list);
        *list = next;
    }
}

// --- the loop ---

static void close_if_open(int fd) {
    if (fd >= 0) close(fd);
}

struct loop *loop_create(void) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) return NULL;
    pthread_mutex_init(&loop->post_lock, NULL);
    loop->posts_end = &loop->posts;
    loop->signal_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->post_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    bool complete = loop->epoll_fd >= 0 && loop->post_fd >= 0 && loop->timer_fd >= 0 &&
                    loop_watch(loop, loop->post_fd, EPOLLIN, on_posts, loop) != NULL &&
                    loop_watch(loop, loop->timer_fd, EPOLLIN, on_timers, loop) != NULL;
    if (complete) return loop;
    loop_destroy(loop);
    return NULL;
}

void loop_destroy(struct loop *loop) {
    if (loop == NULL) return;
    assert(!loop->running);
    free_watches(&loop->watches);
    free_watches(&loop->dead_watches);
    for (size_t i = 0; i < loop->timer_count; i++) free(loop->timers[i]);
    free(loop->timers);
    free_timers(&loop->dead_timers);
    for (struct post *post = loop->posts; post != NULL;) {
        struct post *next = post->next;
        free(post);
        post = next;
    }
    pthread_mutex_destroy(&loop->post_lock);
    close_if_open(loop->signal_fd);
    close_if_open(loop->timer_fd);
    close_if_open(loop->post_fd);
    close_if_open(loop->epoll_fd);
    free(loop);
}

static enum error turn(struct loop *loop) {
    enum error error = arm_timers(loop);
    if (error) return error;
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_TURN, -1);
    if (count < 0) return errno == EINTR ? ERROR_NONE : error_from_errno(errno);
    for (int i = 0; i < count && !atomic_load(&loop->stopping); i++) {
        struct loop_watch *watch = events[i].data.ptr;
        if (!watch->dead) watch->ready(watch->context, events[i].events);
    }
    free_watches(&loop->dead_watches);
    free_timers(&loop->dead_timers);
    return ERROR_NONE;
}

enum error loop_run(struct loop *loop) {
    assert(!loop->running);
    loop->running = true;
    enum error error = ERROR_NONE;
    while (!error && !atomic_load(&loop->stopping)) error = turn(loop);
    run_posts(loop); // what was posted before the stop may own memory: it gets its turn
    loop->running = false;
    atomic_store(&loop->stopping, false); // this stop is served; the loop may run again
    return error;
}

static void on_signal(void *context, uint32_t events) {
    (void)events;
    struct loop *loop = context;
    struct signalfd_siginfo signal;
    if (read(loop->signal_fd, &signal, sizeof signal) > 0) loop_stop(loop);
}

enum error loop_stop_on_signals(struct loop *loop) {
    if (loop->signal_fd >= 0) return ERROR_NONE;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int refused = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (refused != 0) return error_from_errno(refused);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return error_from_errno(errno);
    loop->signal_fd = fd;
    if (loop_watch(loop, fd, EPOLLIN, on_signal, loop) == NULL) return ERROR_NO_MEMORY;
    return ERROR_NONE;
}
