#include "internal.h"

#include <base/clock.h>
#include <base/log.h>
#include <base/notify.h>

#include <stdlib.h>
#include <string.h>

/* ---- Degraded and well again ---- */

bool is_degraded(const struct twins *twins) {
    return twins->trouble.text[0] != '\0';
}

void commit_degrade(struct twins *twins, const struct problem *trouble) {
    if (strcmp(twins->trouble.text, trouble->text) == 0) return;
    twins->trouble = *trouble;
    log_error("%s; desired values are refused, reported ones are kept in memory only", trouble->text);
    notify_status("%s", trouble->text);
    if (twins->status != NULL) bus_status_reason(twins->status, trouble->text);
    if (twins->bus != NULL)
        error_ignore(bus_event(twins->bus, 800, "twins", "%s", trouble->text)); // the status says it as well
}

static void recover(struct twins *twins) {
    if (!is_degraded(twins)) return;
    twins->trouble.text[0] = '\0';
    log_info("the twin store can be written again");
    notify_status("%s", "");
    if (twins->status != NULL) bus_status_reason(twins->status, NULL);
    if (twins->bus != NULL)
        error_ignore(bus_event(twins->bus, 300, "twins", "the twin store can be written again")); // as above
}

/* ---- What the next batch holds ---- */

void commit_mark_dirty(struct twins *twins, struct shadow *shadow) {
    if (shadow->dirty) return;
    shadow->dirty = true;
    shadow->next_dirty = twins->dirty;
    twins->dirty = shadow;
}

void commit_gather(struct twins *twins, struct shadow *shadow, struct twin *next) {
    twin_ref(next);
    twin_unref(shadow->next);
    shadow->next = next;
    if (shadow->state == SHADOW_GATHERING) return;
    shadow->state = SHADOW_GATHERING;
    shadow->next_gathering = twins->gathering;
    twins->gathering = shadow;
    commit_soon(twins);
}

/// Enough for four times as long as the last write held, so that a busy shadow never waits for its ceiling.
static uint64_t ceiling_for(const struct shadow *shadow, const struct twin *twin) {
    uint64_t version = twin_version(twin);
    if (!twin_exists(twin)) return version; // what is created anew is stored first
    uint64_t used = version > shadow->version_written ? version - shadow->version_written : 0;
    uint64_t reserve = used < TWINS_RESERVE / 4 ? TWINS_RESERVE : used < UINT32_MAX ? used * 4 : TWINS_RESERVE;
    return version + reserve > shadow->ceiling ? version + reserve : shadow->ceiling;
}

static bool add_row(struct write_batch *batch, struct shadow *shadow, struct twin *twin) {
    if (batch->count == batch->capacity) {
        size_t capacity = batch->capacity == 0 ? 64 : batch->capacity * 2;
        struct write_row *rows = realloc(batch->rows, capacity * sizeof *rows);
        if (rows == NULL) return false;
        batch->rows = rows;
        batch->capacity = capacity;
    }
    batch->rows[batch->count++] = (struct write_row){shadow, twin_ref(twin), ceiling_for(shadow, twin)};
    return true;
}

static void collect_gathering(struct twins *twins) {
    while (twins->gathering != NULL && add_row(&twins->batch, twins->gathering, twins->gathering->next)) {
        twins->gathering->state = SHADOW_WRITING;
        twins->gathering = twins->gathering->next_gathering;
    }
}

/// A shadow that is being gathered is written anyway, in its newer form.
static void collect_dirty(struct twins *twins) {
    while (twins->dirty != NULL) {
        struct shadow *shadow = twins->dirty;
        if (shadow->state == SHADOW_FREE && !add_row(&twins->batch, shadow, shadow->twin)) return;
        shadow->dirty = false;
        twins->dirty = shadow->next_dirty;
    }
}

/// The last of all: every version that was given away is written, so nothing is reserved any more.
static void collect_reserved(struct twins *twins) {
    size_t at = 0;
    void *each;
    while (map_next(twins->shadows, &at, NULL, &each)) {
        struct shadow *shadow = each;
        if (shadow->twin == NULL || shadow->ceiling <= twin_version(shadow->twin)) continue;
        if (!add_row(&twins->batch, shadow, shadow->twin)) return; // continues above the ceiling, as after a crash
        twins->batch.rows[twins->batch.count - 1].ceiling = twin_version(shadow->twin);
    }
}

static void empty_batch(struct write_batch *batch) {
    for (size_t i = 0; i < batch->count; i++) twin_unref(batch->rows[i].twin);
    loaded_free(batch->loaded);
    batch->loaded = NULL;
    batch->give = batch->want = 0;
    batch->names = false;
    batch->count = 0;
    batch->problem.text[0] = '\0';
}

void batch_clear(struct write_batch *batch) {
    empty_batch(batch);
    free(batch->rows);
    buffer_clear(&batch->things);
    *batch = (struct write_batch){0};
}

/* ---- Writing ---- */

static void commit(struct twins *twins) {
    if (twins->writing) return;
    bool flush = twins->flush_due;
    bool shares = !twins->batch.settle && share_prepare(twins, &twins->batch);
    if (!flush && twins->gathering == NULL && !shares) return;
    twins->flush_due = false;
    collect_gathering(twins);
    if (flush) collect_dirty(twins);
    if (twins->batch.settle) collect_reserved(twins);
    bool try = is_degraded(twins) || shares; // without a row, too
    if (twins->batch.count == 0 && !try) return;
    twins->writing = true;
    twins->commit_started_ns = clock_monotonic_ns();
    writer_start(twins->writer, &twins->batch);
}

static void commit_posted(void *context) {
    struct twins *twins = context;
    twins->commit_posted = false;
    commit(twins);
}

void commit_soon(struct twins *twins) {
    if (twins->commit_posted || twins->writing || twins->ending) return;
    twins->commit_posted = loop_post(twins->loop, commit_posted, twins) == ERROR_NONE;
    if (!twins->commit_posted) commit(twins); // no memory: a commit for this one alone
}

void commit_flush(void *context) {
    struct twins *twins = context;
    twins->flush_due = true;
    commit(twins);
}

static void row_written(struct twins *twins, const struct write_row *row) {
    struct shadow *shadow = row->shadow;
    shadow->ceiling = row->ceiling;
    shadow->version_written = twin_version(row->twin);
    if (shadow->state != SHADOW_WRITING) return;
    shadow->state = SHADOW_FREE;
    shadow_replace(twins, shadow, row->twin);
    twin_unref(shadow->next);
    shadow->next = NULL;
    requests_publish_held(twins, shadow);
}

static void row_failed(struct twins *twins, const struct write_row *row) {
    if (row->shadow->state == SHADOW_WRITING) {
        row->shadow->state = SHADOW_FREE;
        twin_unref(row->shadow->next);
        row->shadow->next = NULL;
        requests_redo_held(twins, row->shadow);
    }
    if (row->shadow->twin != NULL) commit_mark_dirty(twins, row->shadow);
}

/// A row that was only flushed leaves its shadow as it is: it may have gone on, or be gathered again.
static void batch_done(struct twins *twins, const struct write_batch *batch) {
    void (*const row_done)(struct twins *, const struct write_row *) = batch->error ? row_failed : row_written;
    for (size_t i = 0; i < batch->count; i++) {
        struct shadow *shadow = batch->rows[i].shadow;
        bool waited = shadow->state == SHADOW_WRITING;
        row_done(twins, &batch->rows[i]);
        if (!waited) continue;
        requests_take_waiting(twins, shadow);
        shadow_forget_unused(twins, shadow);
    }
}

void commit_done(void *context, struct write_batch *batch) {
    struct twins *twins = context;
    batch->error ? commit_degrade(twins, &batch->problem) : recover(twins);
    if (batch->count > 0) recent_add(&twins->commit_times, clock_monotonic_ns() - twins->commit_started_ns);
    twins->commits += !batch->error && batch->count > 0;
    twins->rows += batch->error ? 0 : batch->count;
    batch_done(twins, batch);
    share_done(twins, batch);
    empty_batch(batch);
    twins->writing = false; // not earlier: what was taken up again above belongs to the next batch
    commit(twins);
}

void commit_end(struct twins *twins) {
    if (twins->writer == NULL) return;
    twins->ending = true;
    writer_stop(twins->writer);
    do commit_flush(twins);
    while ((twins->gathering != NULL || twins->dirty != NULL) && !is_degraded(twins));
    if (is_degraded(twins)) return;
    twins->batch.settle = true;
    commit_flush(twins);
}
