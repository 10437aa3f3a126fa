// The scan thread fills one of three buffers and exchanges it for the middle one; the writer exchanges its own for the
// middle one when that is fresh. So neither waits, and the writer always has the newest whole set of one scan.
//
//     scan: filling  <-- exchange -->  middle (FRESH?)  <-- exchange -->  taken: writer --> file A, B, A ...

#include "image.h"

#include <base/bytes.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/signals.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t WRITE_PERIOD_NS = 200 * NS_PER_MS; // what a power cut may lose
enum { BUFFERS = 3, FRESH = 4, INDEX = 3 };              // middle: index of a buffer, and whether it is fresh

struct values {
    union scan_value *values;
    bool *known;
};

struct retain {
    struct program *program;
    size_t count;
    struct values buffers[BUFFERS];
    struct values last; // scan thread: what was handed over last
    unsigned filling;   // scan thread's buffer
    unsigned taken;     // writer's buffer
    atomic_uint middle;
    // writer
    char *files[2];
    unsigned next_file;
    uint64_t generation;
    struct buffer bytes;
    atomic_bool closing, failed;
    atomic_ullong written;
    pthread_t thread;
    bool started;
};

// ---------------------------------------------------------------- scan thread

static void on_cycle(void *context, const struct scan *scan) {
    struct retain *retain = context;
    bool changed = false;
    for (size_t i = 0; i < retain->count; i++) {
        uint32_t tag = program_retained(retain->program, i);
        if (!scan_usable(scan, tag)) continue; // what it was before stays
        if (retain->last.known[i] && retain->last.values[i].bits == scan->value[tag].bits) continue;
        retain->last.known[i] = changed = true;
        retain->last.values[i] = scan->value[tag];
    }
    if (!changed) return;
    struct values *filling = &retain->buffers[retain->filling];
    memcpy(filling->values, retain->last.values, retain->count * sizeof *filling->values);
    memcpy(filling->known, retain->last.known, retain->count * sizeof *filling->known);
    unsigned before = atomic_exchange_explicit(&retain->middle, retain->filling | FRESH, memory_order_acq_rel);
    retain->filling = before & INDEX;
}

// ---------------------------------------------------------------- writer

static bool write_whole(const char *path, struct text bytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    size_t at = 0;
    while (at < bytes.length) {
        ssize_t written = pwrite(fd, bytes.data + at, bytes.length - at, (off_t)at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        at += (size_t)written;
    }
    bool good = at == bytes.length && ftruncate(fd, (off_t)at) == 0 && fsync(fd) == 0;
    return close(fd) == 0 && good;
}

/// A file that fails is tried again before the other one is touched: that one is the last good state.
static void write_values(struct retain *retain, const struct values *values) {
    buffer_reset(&retain->bytes);
    image_encode(retain->program, retain->generation + 1, values->values, values->known, &retain->bytes);
    bool good = !retain->bytes.failed && write_whole(retain->files[retain->next_file], buffer_view(&retain->bytes));
    atomic_store(&retain->failed, !good);
    if (!good) return;
    retain->generation++;
    retain->next_file = 1 - retain->next_file;
    atomic_fetch_add(&retain->written, 1);
}

static void take(struct retain *retain) {
    bool fresh = (atomic_load_explicit(&retain->middle, memory_order_acquire) & FRESH) != 0;
    if (!fresh && !atomic_load(&retain->failed)) return;
    if (fresh) retain->taken = atomic_exchange_explicit(&retain->middle, retain->taken, memory_order_acq_rel) & INDEX;
    write_values(retain, &retain->buffers[retain->taken]);
}

static void *thread_main(void *context) {
    struct retain *retain = context;
    const struct timespec period = {.tv_nsec = (long)WRITE_PERIOD_NS};
    while (!atomic_load(&retain->closing)) {
        take(retain);
        nanosleep(&period, NULL); // the scan must not wake anybody: that would be a call of the system
    }
    take(retain);
    return NULL;
}

// ---------------------------------------------------------------- start

static void restore(struct program *program, const struct retain_image *image, struct retain_report *report,
                    struct values *last) {
    size_t count = program_retained_count(program);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t tag = program_retained(program, i);
        const struct program_tag *about = program_tag(program, tag);
        const struct retain_entry *found = NULL;
        for (size_t e = 0; e < image->count && found == NULL; e++) {
            // Same layout: in the same order, at most some are left out, so the search is short.
            const struct retain_entry *entry = &image->entries[(i + e) % image->count];
            if (entry->type == about->type && text_equal(entry->path, about->path)) found = entry;
        }
        if (found == NULL) continue;
        program_restore(program, tag, found->value);
        last->values[i] = found->value;
        last->known[i] = true;
        used++;
    }
    report->restored = used;
    report->missing = count - used;
    report->left_over = image->count - used;
}

/// The newest whole image of the two files; `next_file` becomes the other one.
static enum error find_newest(struct retain *retain, struct buffer bytes[2], struct retain_image *ret_newest,
                              struct retain_report *report, struct problem *ret_problem) {
    for (unsigned i = 0; i < 2; i++) {
        if (!file_exists(retain->files[i])) continue;
        struct problem problem = {0};
        struct retain_image image;
        enum error error = file_read(retain->files[i], RETAIN_FILE_BYTES_MAX, &bytes[i], &problem);
        if (!error) error = retain_decode(buffer_view(&bytes[i]), &image);
        if (error == ERROR_NO_MEMORY) return problem_say(ret_problem, error, "%s", error_text(error));
        report->unusable += error != ERROR_NONE;
        if (error) continue;
        bool newer = !report->found || image.generation > ret_newest->generation;
        struct retain_image older = newer ? *ret_newest : image;
        if (newer) *ret_newest = image;
        retain_image_clear(&older);
        report->found = true;
        if (newer) retain->next_file = 1 - i;
    }
    retain->generation = ret_newest->generation;
    return ERROR_NONE;
}

static enum error load(struct retain *retain, bool cold, struct retain_report *report, struct problem *ret_problem) {
    struct buffer bytes[2] = {0};
    struct retain_image newest = {0};
    enum error error = find_newest(retain, bytes, &newest, report, ret_problem);
    report->generation = newest.generation;
    report->same_layout = report->found && newest.layout == image_layout(retain->program);
    if (!error && !cold) {
        restore(retain->program, &newest, report, &retain->last);
        program_restored(retain->program);
    }
    retain_image_clear(&newest);
    buffer_clear(&bytes[0]);
    buffer_clear(&bytes[1]);
    return error;
}

static bool reserve_values(struct values *values, size_t count) {
    values->values = calloc(count + 1, sizeof *values->values);
    values->known = calloc(count + 1, sizeof *values->known);
    return values->values != NULL && values->known != NULL;
}

static bool reserve(struct retain *retain, const struct retain_options *options) {
    bool good = reserve_values(&retain->last, retain->count);
    for (size_t i = 0; i < BUFFERS; i++) good = reserve_values(&retain->buffers[i], retain->count) && good;
    for (size_t i = 0; i < 2; i++) retain->files[i] = text_copy(text_of(options->files[i]));
    return good && retain->files[0] != NULL && retain->files[1] != NULL;
}

static void release(struct retain *retain) {
    for (size_t i = 0; i < BUFFERS; i++) {
        free(retain->buffers[i].values);
        free(retain->buffers[i].known);
    }
    free(retain->last.values);
    free(retain->last.known);
    free(retain->files[0]);
    free(retain->files[1]);
    buffer_clear(&retain->bytes);
    free(retain);
}
CLEANUP_DEFINE(struct retain, release)

static int start_thread(struct retain *retain) {
    sigset_t before;
    signals_block(&before); // signals are for the other threads
    int refused = pthread_create(&retain->thread, NULL, thread_main, retain);
    signals_restore(&before);
    return refused;
}

enum error retain_start(struct program *program, const struct retain_options *options, struct retain **ret_retain,
                        struct retain_report *ret_report, struct problem *ret_problem) {
    *ret_report = (struct retain_report){0};
    CLEANUP(release_at) struct retain *retain = calloc(1, sizeof *retain);
    if (retain == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    retain->program = program;
    retain->count = program_retained_count(program);
    retain->filling = 0;
    retain->taken = 1;
    atomic_init(&retain->middle, 2);
    if (!reserve(retain, options)) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    enum error error = load(retain, options->cold, ret_report, ret_problem);
    if (error) return error;
    if (retain->count > 0 && !scan_observe(program_scan(program), (struct scan_observer){NULL, on_cycle, retain}))
        return problem_say(ret_problem, ERROR_INTERNAL, "retained values: too many look on at the scan");
    int refused = retain->count > 0 ? start_thread(retain) : 0;
    if (refused != 0) {
        scan_unobserve(program_scan(program), retain);
        return problem_say(ret_problem, error_from_errno(refused), "retained values: %s", strerrordesc_np(refused));
    }
    retain->started = retain->count > 0;
    *ret_retain = TAKE(retain);
    return ERROR_NONE;
}

bool retain_healthy(const struct retain *retain) {
    return !atomic_load(&retain->failed);
}

uint64_t retain_written(const struct retain *retain) {
    return atomic_load(&retain->written);
}

void retain_stop(struct retain *retain) {
    if (retain == NULL) return;
    atomic_store(&retain->closing, true);
    if (retain->started) pthread_join(retain->thread, NULL);
    scan_unobserve(program_scan(retain->program), retain);
    release(retain);
}
