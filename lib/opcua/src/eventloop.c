#include "eventloop.h"

#include <base/clock.h>
#include <base/map.h>

#include <assert.h>
#include <stdlib.h>

/* (1) Every way from `struct loop` into the library is bracketed by enter and leave. At the last leave nothing of the
 *     library is on the stack, and `settled` may take it apart; so nothing is touched after it.
 * (2) What a timer's own callback removes is freed when that callback returns. */

static const double NS_PER_TICK = 100; // UA_DateTime counts in units of 100 ns

struct timer {
    UA_UInt64 number;
    struct event_loop *owner;
    UA_Callback fire;
    void *application, *data;
    struct loop_timer *handle;
    bool once;
    bool firing, removed;
};

struct event_loop {
    UA_EventLoop base;
    struct loop *loop;
    ua_settled_fn *settled;
    void *context;
    unsigned depth;
    struct map *timers; // by number
    UA_UInt64 last_number;
    UA_DelayedCallback *delayed, **delayed_end;
    struct loop_timer *soon; // runs the delayed callbacks in the next turn
    struct ua_wire wire;
};

static struct event_loop *self_of(const UA_EventLoop *el) {
    return (struct event_loop *)(uintptr_t)el;
}

static void set_state(struct event_loop *self, UA_EventLoopState state) {
    *(UA_EventLoopState *)(uintptr_t)&self->base.state = state; // const for those who use the loop
}

// --- delayed callbacks ---

static void run_delayed(struct event_loop *self) {
    UA_DelayedCallback *delayed = self->delayed;
    self->delayed = NULL;
    self->delayed_end = &self->delayed;
    while (delayed != NULL) {
        UA_DelayedCallback *next = delayed->next; // the callback may free what it is part of
        if (delayed->callback != NULL) delayed->callback(delayed->application, delayed->context);
        delayed = next;
    }
}

static void on_soon(void *context) {
    struct event_loop *self = context;
    self->soon = NULL;
    ua_eventloop_enter(&self->base);
    ua_eventloop_leave(&self->base);
}

/// Without memory for the timer the callbacks run at the next event.
static void add_delayed(UA_EventLoop *el, UA_DelayedCallback *delayed) {
    struct event_loop *self = self_of(el);
    delayed->next = NULL;
    *self->delayed_end = delayed;
    self->delayed_end = &delayed->next;
    if (self->soon == NULL) self->soon = loop_timer(self->loop, 0, 0, on_soon, self);
}

static void remove_delayed(UA_EventLoop *el, UA_DelayedCallback *delayed) {
    struct event_loop *self = self_of(el);
    for (UA_DelayedCallback **at = &self->delayed; *at != NULL; at = &(*at)->next) {
        if (*at != delayed) continue;
        *at = delayed->next;
        if (self->delayed_end == &delayed->next) self->delayed_end = at;
        return;
    }
}

void ua_eventloop_enter(UA_EventLoop *el) {
    struct event_loop *self = self_of(el);
    if (self->depth++ == 0) run_delayed(self);
}

void ua_eventloop_leave(UA_EventLoop *el) {
    struct event_loop *self = self_of(el);
    assert(self->depth > 0);
    if (--self->depth > 0 || self->settled == NULL) return;
    self->settled(self->context); // may free self
}

// --- timers ---

static struct text key_of(const UA_UInt64 *number) {
    return (struct text){(const char *)number, sizeof *number};
}

static void forget_timer(struct timer *timer) {
    map_remove(timer->owner->timers, key_of(&timer->number));
    free(timer);
}

static void on_timer(void *context) {
    struct timer *timer = context;
    UA_EventLoop *el = &timer->owner->base;
    ua_eventloop_enter(el);
    timer->firing = true;
    if (timer->once) timer->handle = NULL;
    timer->fire(timer->application, timer->data);
    timer->firing = false;
    if (timer->once || timer->removed) forget_timer(timer);
    ua_eventloop_leave(el);
}

static UA_StatusCode add_timer(struct event_loop *self, struct timer template, uint64_t delay_ns, uint64_t period_ns,
                               UA_UInt64 *ret_number) {
    struct timer *timer = malloc(sizeof *timer);
    if (timer == NULL) return UA_STATUSCODE_BADOUTOFMEMORY;
    *timer = template;
    timer->owner = self;
    timer->number = ++self->last_number;
    timer->once = period_ns == 0;
    timer->handle = loop_timer(self->loop, delay_ns, period_ns, on_timer, timer);
    if (timer->handle == NULL || map_set(self->timers, key_of(&timer->number), timer)) {
        loop_timer_cancel(timer->handle);
        free(timer);
        return UA_STATUSCODE_BADOUTOFMEMORY;
    }
    if (ret_number != NULL) *ret_number = timer->number;
    return UA_STATUSCODE_GOOD;
}

/// Until the next point of the grid base + n * interval.
static uint64_t grid_delay_ns(const UA_DateTime *base, uint64_t interval_ns) {
    if (base == NULL) return interval_ns;
    int64_t since = UA_DateTime_nowMonotonic() - *base;
    int64_t interval = (int64_t)((double)interval_ns / NS_PER_TICK);
    if (interval == 0) return interval_ns;
    int64_t into = since % interval;
    if (into < 0) into += interval;
    return (uint64_t)(interval - into) * (uint64_t)NS_PER_TICK;
}

static UA_StatusCode add_cyclic(UA_EventLoop *el, UA_Callback fire, void *application, void *data,
                                UA_Double interval_ms, UA_DateTime *base, UA_TimerPolicy policy,
                                UA_UInt64 *ret_number) {
    (void)policy; // ours keeps to the grid and leaves out what was missed
    if (!(interval_ms > 0)) return UA_STATUSCODE_BADINTERNALERROR;
    uint64_t interval_ns = (uint64_t)(interval_ms * (double)NS_PER_MS);
    if (interval_ns == 0) return UA_STATUSCODE_BADINTERNALERROR;
    struct timer timer = {.fire = fire, .application = application, .data = data};
    return add_timer(self_of(el), timer, grid_delay_ns(base, interval_ns), interval_ns, ret_number);
}

static UA_StatusCode add_timed(UA_EventLoop *el, UA_Callback fire, void *application, void *data, UA_DateTime date,
                               UA_UInt64 *ret_number) {
    int64_t ticks = date - UA_DateTime_nowMonotonic();
    uint64_t delay_ns = ticks <= 0 ? 0 : (uint64_t)ticks * (uint64_t)NS_PER_TICK;
    struct timer timer = {.fire = fire, .application = application, .data = data};
    return add_timer(self_of(el), timer, delay_ns, 0, ret_number);
}

static UA_StatusCode modify_cyclic(UA_EventLoop *el, UA_UInt64 number, UA_Double interval_ms, UA_DateTime *base,
                                   UA_TimerPolicy policy) {
    (void)policy;
    struct event_loop *self = self_of(el);
    struct timer *timer = map_get(self->timers, key_of(&number));
    if (timer == NULL || timer->removed) return UA_STATUSCODE_BADNOTFOUND;
    uint64_t interval_ns = interval_ms > 0 ? (uint64_t)(interval_ms * (double)NS_PER_MS) : 0;
    if (interval_ns == 0) return UA_STATUSCODE_BADINTERNALERROR;
    struct loop_timer *handle = loop_timer(self->loop, grid_delay_ns(base, interval_ns), interval_ns, on_timer, timer);
    if (handle == NULL) return UA_STATUSCODE_BADOUTOFMEMORY;
    loop_timer_cancel(timer->handle);
    timer->handle = handle;
    return UA_STATUSCODE_GOOD;
}

static void remove_timer(UA_EventLoop *el, UA_UInt64 number) {
    struct timer *timer = map_get(self_of(el)->timers, key_of(&number));
    if (timer == NULL || timer->removed) return;
    loop_timer_cancel(timer->handle);
    timer->handle = NULL;
    timer->removed = true;
    if (!timer->firing) forget_timer(timer);
}

static UA_DateTime next_cyclic_time(UA_EventLoop *el) {
    (void)el;
    return UA_INT64_MAX; // asked by loops of the library's kind only; ours fires by itself
}

// --- life ---

static UA_StatusCode start(UA_EventLoop *el) {
    if (el->state == UA_EVENTLOOPSTATE_STARTED) return UA_STATUSCODE_BADINTERNALERROR;
    set_state(self_of(el), UA_EVENTLOOPSTATE_STARTED);
    UA_StatusCode status = UA_STATUSCODE_GOOD;
    for (UA_EventSource *source = el->eventSources; source != NULL; source = source->next)
        status |= source->start(source);
    return status;
}

static void check_stopped(struct event_loop *self) {
    if (self->base.state != UA_EVENTLOOPSTATE_STOPPING || self->delayed != NULL) return;
    for (UA_EventSource *source = self->base.eventSources; source != NULL; source = source->next)
        if (source->state != UA_EVENTSOURCESTATE_STOPPED) return;
    set_state(self, UA_EVENTLOOPSTATE_STOPPED);
}

static void stop(UA_EventLoop *el) {
    if (el->state != UA_EVENTLOOPSTATE_STARTED) return;
    set_state(self_of(el), UA_EVENTLOOPSTATE_STOPPING);
    for (UA_EventSource *source = el->eventSources; source != NULL; source = source->next)
        if (source->state == UA_EVENTSOURCESTATE_STARTED) source->stop(source);
    check_stopped(self_of(el));
}

/// The library turns the loop by itself only to finish the closing of connections, which waits for nobody: all of it
/// is in the delayed callbacks.
static UA_StatusCode run(UA_EventLoop *el, UA_UInt32 timeout_ms) {
    (void)timeout_ms;
    struct event_loop *self = self_of(el);
    self->depth++;
    run_delayed(self);
    check_stopped(self);
    self->depth--;
    return UA_STATUSCODE_GOOD;
}

static UA_StatusCode register_source(UA_EventLoop *el, UA_EventSource *source) {
    source->next = el->eventSources;
    el->eventSources = source;
    source->eventLoop = el;
    source->state = UA_EVENTSOURCESTATE_STOPPED;
    return el->state == UA_EVENTLOOPSTATE_STARTED ? source->start(source) : UA_STATUSCODE_GOOD;
}

static UA_StatusCode deregister_source(UA_EventLoop *el, UA_EventSource *source) {
    if (source->state != UA_EVENTSOURCESTATE_STOPPED) return UA_STATUSCODE_BADINTERNALERROR;
    UA_EventSource **at = &el->eventSources;
    while (*at != NULL && *at != source) at = &(*at)->next;
    if (*at == source) *at = source->next;
    source->state = UA_EVENTSOURCESTATE_FRESH;
    return UA_STATUSCODE_GOOD;
}

static UA_StatusCode free_loop(UA_EventLoop *el) {
    struct event_loop *self = self_of(el);
    if (el->state == UA_EVENTLOOPSTATE_STARTED || el->state == UA_EVENTLOOPSTATE_STOPPING)
        return UA_STATUSCODE_BADINTERNALERROR;
    while (el->eventSources != NULL) {
        UA_EventSource *source = el->eventSources;
        deregister_source(el, source);
        source->free(source);
    }
    run_delayed(self);
    size_t at = 0;
    void *timer;
    while (map_next(self->timers, &at, NULL, &timer)) {
        loop_timer_cancel(((struct timer *)timer)->handle);
        free(timer);
    }
    map_destroy(self->timers);
    loop_timer_cancel(self->soon);
    free(self);
    return UA_STATUSCODE_GOOD;
}

static UA_DateTime wall(UA_EventLoop *el) {
    (void)el;
    return UA_DateTime_now();
}

static UA_DateTime monotonic(UA_EventLoop *el) {
    (void)el;
    return UA_DateTime_nowMonotonic();
}

static UA_Int64 utc_offset(UA_EventLoop *el) {
    (void)el;
    return UA_DateTime_localTimeUtcOffset();
}

// `lock` stays NULL: all of the library runs on the loop's thread.
static const UA_EventLoop FUNCTIONS = {
    .start = start,
    .stop = stop,
    .run = run,
    .free = free_loop,
    .dateTime_now = wall,
    .dateTime_nowMonotonic = monotonic,
    .dateTime_localTimeUtcOffset = utc_offset,
    .nextCyclicTime = next_cyclic_time,
    .addCyclicCallback = add_cyclic,
    .modifyCyclicCallback = modify_cyclic,
    .removeCyclicCallback = remove_timer,
    .addTimedCallback = add_timed,
    .addDelayedCallback = add_delayed,
    .removeDelayedCallback = remove_delayed,
    .registerEventSource = register_source,
    .deregisterEventSource = deregister_source,
};

UA_EventLoop *ua_eventloop_create(struct loop *loop, ua_settled_fn *settled, void *context) {
    struct event_loop *self = calloc(1, sizeof *self);
    struct map *timers = map_create();
    UA_ConnectionManager *tcp = ua_tcp_create();
    if (self == NULL || timers == NULL || tcp == NULL) {
        free(self);
        map_destroy(timers);
        if (tcp != NULL) tcp->eventSource.free(&tcp->eventSource);
        return NULL;
    }
    memcpy(&self->base, &FUNCTIONS, sizeof FUNCTIONS); // its state is const: no assignment
    self->loop = loop;
    self->settled = settled;
    self->context = context;
    self->timers = timers;
    self->delayed_end = &self->delayed;
    register_source(&self->base, &tcp->eventSource);
    return &self->base;
}

void ua_eventloop_mute(UA_EventLoop *el) {
    self_of(el)->settled = NULL;
}

bool ua_eventloop_is_busy(UA_EventLoop *el) {
    return self_of(el)->depth > 0;
}

struct loop *ua_eventloop_loop(UA_EventLoop *el) {
    return self_of(el)->loop;
}

struct ua_wire *ua_eventloop_wire(UA_EventLoop *el) {
    return &self_of(el)->wire;
}
