#include "internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <store/store.h>

struct writer {
    struct loop *loop;
    struct store *store;    // NULL: cannot be used
    struct problem trouble; // why
    writer_done_fn *on_done;
    void *context;
    struct buffer document; // scratch of whoever writes

    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock; // for the rest
    pthread_cond_t changed;
    bool stop;
    struct write_batch *batch; // to be written
    struct write_batch *done;  // written, not yet reported
};

/* ---- Writing ---- */

static enum error put(struct writer *writer, const struct write_row *row, struct problem *ret_problem) {
    buffer_reset(&writer->document);
    if (twin_exists(row->twin)) twin_save(row->twin, &writer->document);
    if (writer->document.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct store_row kept = {
        .thing = shadow_thing(row->shadow),
        .shadow = shadow_name(row->shadow),
        .version = twin_version(row->twin),
        .ceiling = row->ceiling,
        .document = buffer_view(&writer->document),
    };
    return store_put(writer->store, &kept, ret_problem);
}

static enum error write_rows(struct writer *writer, struct write_batch *batch) {
    enum error error = store_begin(writer->store, &batch->problem);
    for (size_t i = 0; i < batch->count && !error; i++) error = put(writer, &batch->rows[i], &batch->problem);
    if (!error && batch->count == 0) error = store_touch(writer->store, &batch->problem);
    if (!error && batch->settle) error = store_settle(writer->store, &batch->problem);
    return error ? error : store_commit(writer->store, &batch->problem);
}

static void write_batch(struct writer *writer, struct write_batch *batch) {
    batch->problem = writer->trouble;
    batch->error = writer->store == NULL ? ERROR_IO : write_rows(writer, batch);
}

/* ---- The thread ---- */

static void report(void *context) {
    struct writer *writer = context;
    pthread_mutex_lock(&writer->lock);
    struct write_batch *batch = TAKE(writer->done);
    pthread_mutex_unlock(&writer->lock);
    if (batch != NULL) writer->on_done(writer->context, batch);
}

/// The next batch; NULL: stop.
static struct write_batch *await_batch(struct writer *writer) {
    pthread_mutex_lock(&writer->lock);
    while (writer->batch == NULL && !writer->stop) pthread_cond_wait(&writer->changed, &writer->lock);
    struct write_batch *batch = TAKE(writer->batch);
    pthread_mutex_unlock(&writer->lock);
    return batch;
}

static void *run(void *context) {
    struct writer *writer = context;
    for (struct write_batch *batch; (batch = await_batch(writer)) != NULL;) {
        write_batch(writer, batch);
        pthread_mutex_lock(&writer->lock);
        writer->done = batch;
        pthread_mutex_unlock(&writer->lock);
        if (loop_post(writer->loop, report, writer) != ERROR_NONE) abort(); // nothing would be answered any more
    }
    return NULL;
}

void writer_start(struct writer *writer, struct write_batch *batch) {
    if (!writer->threaded) {
        write_batch(writer, batch);
        writer->on_done(writer->context, batch);
        return;
    }
    pthread_mutex_lock(&writer->lock);
    writer->batch = batch;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

void writer_stop(struct writer *writer) {
    if (!writer->threaded) return;
    pthread_mutex_lock(&writer->lock);
    writer->stop = true;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    writer->threaded = false;
    report(writer);
}

/* ---- Opening ---- */

static enum error open_store(struct writer *writer, const char *path, writer_row_fn *on_row,
                             struct problem *ret_problem) {
    enum error error = store_open(path, &writer->store, ret_problem);
    if (!error) error = store_load(writer->store, on_row, writer->context, ret_problem);
    if (!error) return ERROR_NONE;
    store_close(writer->store);
    writer->store = NULL;
    writer->trouble = *ret_problem;
    return error == ERROR_UNAVAILABLE || error == ERROR_NO_MEMORY ? error : ERROR_NONE;
}

static bool start_thread(struct writer *writer) {
    writer->threaded = pthread_create(&writer->thread, NULL, run, writer) == 0;
    if (writer->threaded) pthread_setname_np(writer->thread, "store"); // for `top -H`
    return writer->threaded;
}

enum error writer_open(struct loop *loop, const char *path, writer_row_fn *on_row, writer_done_fn *on_done,
                       void *context, struct writer **ret_writer, struct problem *ret_problem) {
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    writer->loop = loop;
    writer->on_done = on_done;
    writer->context = context;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->changed, NULL);
    enum error error = open_store(writer, path, on_row, ret_problem);
    if (!error && !start_thread(writer)) error = problem_say(ret_problem, ERROR_NO_MEMORY, "no thread for writing");
    if (error) {
        writer_close(writer);
        return error;
    }
    *ret_writer = writer;
    return ERROR_NONE;
}

void writer_close(struct writer *writer) {
    if (writer == NULL) return;
    writer_stop(writer);
    store_close(writer->store);
    buffer_clear(&writer->document);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}
