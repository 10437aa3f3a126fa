// Preloaded into splc-edge: /dev/piControl0 is the driver model in the file that PICONTROL_MODEL names.

#include "pi_model.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum { DESCRIPTORS = 1024 };
static int handle_of[DESCRIPTORS]; // handle + 1; 0: another file
static struct pi_model *model;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int (*next_open)(const char *, int, ...);
static int (*next_close)(int);
static ssize_t (*next_pread)(int, void *, size_t, off_t);
static ssize_t (*next_pwrite)(int, const void *, size_t, off_t);
static int (*next_ioctl)(int, unsigned long, ...);

static void start(void) {
    *(void **)&next_open = dlsym(RTLD_NEXT, "open");
    *(void **)&next_close = dlsym(RTLD_NEXT, "close");
    *(void **)&next_pread = dlsym(RTLD_NEXT, "pread");
    *(void **)&next_pwrite = dlsym(RTLD_NEXT, "pwrite");
    *(void **)&next_ioctl = dlsym(RTLD_NEXT, "ioctl");
    const char *path = getenv("PICONTROL_MODEL");
    int fd = path == NULL ? -1 : next_open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof *model, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) model = mapped;
    next_close(fd);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static long told(long result) {
    if (result >= 0) return result;
    errno = (int)-result;
    return -1;
}

static int handle(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? handle_of[fd] - 1 : -1;
}

static int open_either(const char *path, int flags, mode_t mode) {
    pthread_once(&once, start);
    if (model == NULL || strcmp(path, "/dev/piControl0") != 0) return next_open(path, flags, mode);
    int fd = next_open("/dev/null", flags);
    if (fd >= 0 && fd < DESCRIPTORS) handle_of[fd] = pi_model_open(model) + 1;
    return fd;
}

#define OPEN(name)                                                                                                     \
    EXPORTED int name(const char *path, int flags, ...) {                                                              \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;                            \
        va_end(arguments);                                                                                             \
        return open_either(path, flags, mode);                                                                         \
    }
OPEN(open)
OPEN(open64)

EXPORTED int close(int fd) {
    pthread_once(&once, start);
    if (handle(fd) >= 0) {
        pi_model_close(model, handle(fd));
        handle_of[fd] = 0;
    }
    return next_close(fd);
}

/// What a defect in the scan would do.
static void crash_when_told(void) {
    if (!model->crash) return;
    model->crash = false;
    volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 1;
}

#define PREAD(name)                                                                                                    \
    EXPORTED ssize_t name(int fd, void *bytes, size_t count, off_t offset) {                                           \
        pthread_once(&once, start);                                                                                    \
        if (handle(fd) < 0) return next_pread(fd, bytes, count, offset);                                               \
        crash_when_told();                                                                                             \
        return told(pi_model_read(model, bytes, count, offset, now_ns()));                                             \
    }
PREAD(pread)
PREAD(pread64)

#define PWRITE(name)                                                                                                   \
    EXPORTED ssize_t name(int fd, const void *bytes, size_t count, off_t offset) {                                     \
        pthread_once(&once, start);                                                                                    \
        if (handle(fd) < 0) return next_pwrite(fd, bytes, count, offset);                                              \
        return told(pi_model_write(model, handle(fd), bytes, count, offset, now_ns()));                                \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

EXPORTED int ioctl(int fd, unsigned long request, ...) {
    pthread_once(&once, start);
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (handle(fd) < 0) return next_ioctl(fd, request, argument);
    for (;;) {
        int result = pi_model_ioctl(model, handle(fd), request, argument, now_ns());
        if (result != -EINPROGRESS) return (int)told(result);
        struct timespec pause = {.tv_nsec = 1000000};
        if (nanosleep(&pause, NULL) != 0) return (int)told(-EFAULT); // an interrupted wait fails like that
    }
}

/// A process that is killed closes its handles as well.
__attribute__((destructor)) static void leave(void) {
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        if (handle_of[fd] > 0) pi_model_close(model, handle_of[fd] - 1);
}
