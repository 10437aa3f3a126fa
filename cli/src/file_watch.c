#include "file_watch.h"

#include <base/clock.h>

#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SETTLE_NS (200 * NS_PER_MS) // an editor writes, renames, and sets the mode

enum { EVENTS_BYTES = 4096 };

struct file_watch {
    struct loop *loop;
    loop_fn *changed;
    void *context;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *settling; // NULL: nothing has happened
};

static void settled(void *context) {
    struct file_watch *watch = context;
    watch->settling = NULL;
    watch->changed(watch->context);
}

/// What it was does not matter. True when there was something.
static bool drain(struct file_watch *watch) {
    char events[EVENTS_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool any = false;
    while (read(watch->fd, events, sizeof events) > 0) any = true;
    return any;
}

static void on_events(void *context, uint32_t events) {
    (void)events;
    struct file_watch *watch = context;
    if (!drain(watch) || watch->settling != NULL) return;
    watch->settling = loop_timer(watch->loop, SETTLE_NS, 0, settled, watch);
}

struct file_watch *file_watch_create(struct loop *loop, loop_fn *changed, void *context) {
    struct file_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) return NULL;
    *watch = (struct file_watch){.loop = loop, .changed = changed, .context = context};
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd >= 0) watch->watch = loop_watch(loop, watch->fd, EPOLLIN, on_events, watch);
    if (watch->watch != NULL) return watch;
    file_watch_destroy(watch);
    return NULL;
}

void file_watch_destroy(struct file_watch *watch) {
    if (watch == NULL) return;
    loop_timer_cancel(watch->settling);
    loop_unwatch(watch->watch);
    if (watch->fd >= 0) close(watch->fd);
    free(watch);
}

void file_watch_add(struct file_watch *watch, const char *folder) {
    enum { CHANGES = IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR };
    inotify_add_watch(watch->fd, folder, CHANGES);
}

void file_watch_forget(struct file_watch *watch) {
    drain(watch);
    loop_timer_cancel(watch->settling);
    watch->settling = NULL;
}
