// The ring in memory and the thread that brings it to the disk.
//
// (1) `entries` holds the newest DIAGNOSTICS_RECORDS; slot = sequence % DIAGNOSTICS_RECORDS, in memory as in the file.
// (2) `written` follows `newest`; what lies between has to be written. Should the thread fall behind by a whole ring,
//     the oldest are left out: the newest tell more.

#include <diagnostics/diagnostics.h>

#include "record.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/signals.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct diagnostics {
    pthread_mutex_t lock; // for all below
    pthread_cond_t more;
    struct diagnostics_entry *entries;
    uint64_t newest;  // sequence; 0: none yet
    uint64_t written; // sequence
    bool closing;
    bool failed; // the last write
    uint32_t start;
    int fd;
    pthread_t thread;
};

// ---------------------------------------------------------------- thread

static bool write_entry(int fd, const struct diagnostics_entry *entry) {
    uint8_t record[DIAGNOSTICS_RECORD_BYTES];
    record_encode(entry, record);
    off_t at = (off_t)(entry->sequence % DIAGNOSTICS_RECORDS) * DIAGNOSTICS_RECORD_BYTES;
    return pwrite(fd, record, sizeof record, at) == (ssize_t)sizeof record;
}

/// One turn with the lock held at both ends: everything that is there, then one fdatasync.
static void write_out(struct diagnostics *diagnostics) {
    bool good = true;
    uint64_t goal = diagnostics->newest;
    uint64_t next = diagnostics->written + 1;
    if (goal - diagnostics->written > DIAGNOSTICS_RECORDS) next = goal - DIAGNOSTICS_RECORDS + 1;
    for (; next <= goal && good; next++) {
        struct diagnostics_entry entry = diagnostics->entries[next % DIAGNOSTICS_RECORDS];
        pthread_mutex_unlock(&diagnostics->lock);
        good = write_entry(diagnostics->fd, &entry);
        pthread_mutex_lock(&diagnostics->lock);
    }
    pthread_mutex_unlock(&diagnostics->lock);
    good = good && fdatasync(diagnostics->fd) == 0;
    pthread_mutex_lock(&diagnostics->lock);
    if (good) diagnostics->written = goal;
    diagnostics->failed = !good;
}

static void *thread_main(void *context) {
    struct diagnostics *diagnostics = context;
    pthread_mutex_lock(&diagnostics->lock);
    for (;;) {
        if (diagnostics->written < diagnostics->newest) write_out(diagnostics);
        bool more = diagnostics->written < diagnostics->newest && !diagnostics->failed;
        if (diagnostics->closing && !more) break;
        if (!more) pthread_cond_wait(&diagnostics->more, &diagnostics->lock);
    }
    pthread_mutex_unlock(&diagnostics->lock);
    return NULL;
}

// ---------------------------------------------------------------- life

static void load(struct diagnostics *diagnostics, const struct diagnostics_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        const struct diagnostics_entry *entry = &list->entries[i];
        diagnostics->entries[entry->sequence % DIAGNOSTICS_RECORDS] = *entry;
        diagnostics->newest = entry->sequence;
        if (entry->start > diagnostics->start) diagnostics->start = entry->start;
    }
    diagnostics->written = diagnostics->newest;
}

static int start_thread(struct diagnostics *diagnostics) {
    sigset_t before;
    signals_block(&before); // signals are for the other threads
    int refused = pthread_create(&diagnostics->thread, NULL, thread_main, diagnostics);
    signals_restore(&before);
    return refused;
}

static enum error fail(const char *path, int number, struct problem *ret_problem) {
    return problem_say(ret_problem, error_from_errno(number), "diagnostics buffer %s: %s", path,
                       strerrordesc_np(number));
}

static void release(struct diagnostics *diagnostics) {
    if (diagnostics->fd >= 0) close(diagnostics->fd);
    pthread_cond_destroy(&diagnostics->more);
    pthread_mutex_destroy(&diagnostics->lock);
    free(diagnostics->entries);
    free(diagnostics);
}
CLEANUP_DEFINE(struct diagnostics, release)

enum error diagnostics_open(const char *path, struct diagnostics **ret_diagnostics, struct problem *ret_problem) {
    struct diagnostics_list list = {0};
    enum error error = file_exists(path) ? diagnostics_read(path, &list, ret_problem) : ERROR_NONE;
    if (error) return error;
    CLEANUP(release_at) struct diagnostics *diagnostics = calloc(1, sizeof *diagnostics);
    struct diagnostics_entry *entries = calloc(DIAGNOSTICS_RECORDS, sizeof *entries);
    if (diagnostics == NULL || entries == NULL) {
        free(entries);
        free(diagnostics);
        diagnostics = NULL;
        diagnostics_list_clear(&list);
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    }
    pthread_mutex_init(&diagnostics->lock, NULL);
    pthread_cond_init(&diagnostics->more, NULL);
    diagnostics->entries = entries;
    load(diagnostics, &list);
    diagnostics_list_clear(&list);
    diagnostics->start++;
    diagnostics->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (diagnostics->fd < 0) return fail(path, errno, ret_problem);
    int refused = start_thread(diagnostics);
    if (refused != 0) return fail(path, refused, ret_problem);
    *ret_diagnostics = TAKE(diagnostics);
    return ERROR_NONE;
}

void diagnostics_close(struct diagnostics *diagnostics) {
    if (diagnostics == NULL) return;
    pthread_mutex_lock(&diagnostics->lock);
    diagnostics->closing = true;
    pthread_cond_signal(&diagnostics->more);
    pthread_mutex_unlock(&diagnostics->lock);
    pthread_join(diagnostics->thread, NULL);
    release(diagnostics);
}

// ---------------------------------------------------------------- entries

/// Cut so that the result stays UTF-8: never inside a character.
static size_t whole_characters(const char *text, size_t length, size_t room) {
    if (length <= room) return length;
    while (room > 0 && ((unsigned char)text[room] & 0xC0) == 0x80) room--;
    return room;
}

static void put_source(struct diagnostics_entry *entry, struct text source) {
    enum { ROOM = DIAGNOSTICS_SOURCE_BYTES - 1 };
    size_t skip = source.length > ROOM ? source.length - ROOM : 0;
    while (skip < source.length && skip > 0 && ((unsigned char)source.data[skip] & 0xC0) == 0x80) skip++;
    struct text kept = text_from(source, skip);
    if (kept.length > 0 && text_is_utf8(kept)) memcpy(entry->source, kept.data, kept.length);
}

void diagnostics_add_event(struct diagnostics *diagnostics, enum diagnostics_id id, uint16_t severity, uint64_t wall_ns,
                           struct text source, const char *text) {
    if (diagnostics == NULL) return;
    struct diagnostics_entry entry = {
        .wall_ns = wall_ns,
        .monotonic_ns = clock_monotonic_ns(),
        .code = diagnostics_code(id),
        .severity = severity,
    };
    put_source(&entry, source);
    size_t length = whole_characters(text, strlen(text), DIAGNOSTICS_TEXT_BYTES - 1);
    if (length > 0 && text_is_utf8((struct text){text, length})) memcpy(entry.text, text, length);
    pthread_mutex_lock(&diagnostics->lock);
    entry.sequence = ++diagnostics->newest;
    entry.start = diagnostics->start;
    diagnostics->entries[entry.sequence % DIAGNOSTICS_RECORDS] = entry;
    pthread_cond_signal(&diagnostics->more);
    pthread_mutex_unlock(&diagnostics->lock);
}

void diagnostics_add(struct diagnostics *diagnostics, enum diagnostics_id id, struct text source, const char *format,
                     ...) {
    char text[2 * DIAGNOSTICS_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    diagnostics_add_event(diagnostics, id, diagnostics_severity(id), clock_wall_ns(), source, text);
}

void diagnostics_last_words(struct diagnostics *diagnostics, enum diagnostics_id id, const char *text) {
    if (diagnostics == NULL) return;
    uint64_t newest = diagnostics->newest, next = diagnostics->written + 1;
    if (newest - diagnostics->written > DIAGNOSTICS_RECORDS) next = newest - DIAGNOSTICS_RECORDS + 1;
    for (; next <= newest; next++) {
        const struct diagnostics_entry *entry = &diagnostics->entries[next % DIAGNOSTICS_RECORDS];
        if (entry->sequence == next) (void)write_entry(diagnostics->fd, entry);
    }
    struct diagnostics_entry entry = {
        .sequence = newest + 1,
        .wall_ns = clock_wall_ns(),
        .monotonic_ns = clock_monotonic_ns(),
        .start = diagnostics->start,
        .code = diagnostics_code(id),
        .severity = diagnostics_severity(id),
    };
    size_t length = whole_characters(text, strlen(text), DIAGNOSTICS_TEXT_BYTES - 1);
    memcpy(entry.text, text, length);
    (void)write_entry(diagnostics->fd, &entry);
    (void)fdatasync(diagnostics->fd);
}

uint64_t diagnostics_count(struct diagnostics *diagnostics) {
    pthread_mutex_lock(&diagnostics->lock);
    uint64_t newest = diagnostics->newest;
    pthread_mutex_unlock(&diagnostics->lock);
    return newest;
}

bool diagnostics_at(struct diagnostics *diagnostics, uint64_t sequence, struct diagnostics_entry *ret_entry) {
    pthread_mutex_lock(&diagnostics->lock);
    const struct diagnostics_entry *entry = &diagnostics->entries[sequence % DIAGNOSTICS_RECORDS];
    bool there = sequence > 0 && entry->sequence == sequence;
    if (there) *ret_entry = *entry;
    pthread_mutex_unlock(&diagnostics->lock);
    return there;
}

bool diagnostics_healthy(struct diagnostics *diagnostics) {
    pthread_mutex_lock(&diagnostics->lock);
    bool healthy = !diagnostics->failed;
    pthread_mutex_unlock(&diagnostics->lock);
    return healthy;
}
