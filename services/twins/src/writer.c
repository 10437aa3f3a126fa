#include "internal.h"

#include <json/json.h>

#include <pthread.h>
#include <stdio.h>
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

/* ---- Loading ---- */

void loaded_free(struct loaded_shadow *list) {
    while (list != NULL) {
        struct loaded_shadow *next = list->next;
        twin_unref(list->twin);
        free(list);
        list = next;
    }
}

static enum error check_names(const struct store_row *row, struct problem *ret_problem) {
    bool good = twin_is_thing_name(row->thing) && (row->shadow.length == 0 || twin_is_shadow_name(row->shadow));
    if (good) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID, "twin store: '%.*s~%.*s' is no name of a shadow",
                       TEXT_ARG(row->thing), TEXT_ARG(row->shadow));
}

/// Versions up to the ceiling may have been given away before a crash; the document continues above them.
static enum error load_row(void *context, const struct store_row *row, struct problem *ret_problem) {
    struct loaded_shadow **list = context;
    enum error error = check_names(row, ret_problem);
    if (error) return error;
    struct loaded_shadow *loaded = calloc(1, sizeof *loaded + TWINS_KEY_BYTES);
    if (loaded == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    snprintf(loaded->key, TWINS_KEY_BYTES, "%.*s%s%.*s", TEXT_ARG(row->thing), row->shadow.length > 0 ? "~" : "",
             TEXT_ARG(row->shadow));
    loaded->ceiling = row->ceiling;
    loaded->crashed = row->ceiling > row->version;
    loaded->next = *list;
    *list = loaded;
    uint64_t version = loaded->crashed ? row->ceiling + 1 : row->version;
    error = twin_load(row->document, version, &loaded->twin, ret_problem);
    return error ? problem_prefix(ret_problem, error, "twin store: shadow %s", loaded->key) : ERROR_NONE;
}

/// Partitions that were taken and cannot be loaded are given back.
static enum error take(struct store *store, unsigned count, struct write_batch *batch, struct problem *ret_problem) {
    unsigned taken = 0;
    enum error error = ERROR_NONE;
    for (unsigned i = 0; i < STORE_PARTITIONS && count > 0 && !error; i++) {
        bool is_taken = false;
        if ((store_owned(store) >> i & 1) != 0) continue;
        error = store_take(store, i, &is_taken, ret_problem);
        taken |= (unsigned)is_taken << i;
        count -= is_taken;
    }
    if (taken != 0 && !error) error = store_load(store, taken, load_row, &batch->loaded, ret_problem);
    for (unsigned i = 0; i < STORE_PARTITIONS && error; i++)
        if ((taken >> i & 1) != 0) store_give(store, i);
    if (!error) return ERROR_NONE;
    loaded_free(batch->loaded);
    batch->loaded = NULL;
    return error;
}

/* ---- Names ---- */

struct names {
    struct json_writer writer;
    char last[TWIN_THING_NAME_BYTES_MAX + 1];
};

static enum error name_row(void *context, const struct store_row *row, struct problem *ret_problem) {
    (void)ret_problem;
    struct names *names = context;
    if (row->document.length == 0 || text_is(row->thing, names->last)) return ERROR_NONE;
    snprintf(names->last, sizeof names->last, "%.*s", TEXT_ARG(row->thing));
    json_put_text(&names->writer, row->thing);
    return ERROR_NONE;
}

static enum error list_things(struct store *store, struct buffer *out, struct problem *ret_problem) {
    buffer_reset(out);
    struct names names = {.writer = json_writer(out)};
    json_open_array(&names.writer);
    enum error error = store_load(store, STORE_ALL, name_row, &names, ret_problem);
    json_close_array(&names.writer);
    return error;
}

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
    return error ? error : store_commit(writer->store, &batch->problem);
}

/// What is given back has been written before.
static enum error do_rest(struct writer *writer, struct write_batch *batch) {
    for (unsigned i = 0; i < STORE_PARTITIONS; i++)
        if ((batch->give >> i & 1) != 0) store_give(writer->store, i);
    enum error error = take(writer->store, batch->want, batch, &batch->problem);
    if (!error && batch->names) error = list_things(writer->store, &batch->things, &batch->problem);
    return error;
}

static void write_batch(struct writer *writer, struct write_batch *batch) {
    batch->problem = writer->trouble;
    batch->owned = STORE_ALL;
    batch->error = ERROR_IO;
    if (writer->store == NULL) return;
    bool writes = batch->count > 0 || !(batch->give != 0 || batch->want > 0 || batch->names);
    batch->error = writes ? write_rows(writer, batch) : ERROR_NONE;
    if (!batch->error) batch->error = do_rest(writer, batch);
    batch->owned = store_owned(writer->store);
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

void writer_give_all(struct writer *writer) {
    for (unsigned i = 0; i < STORE_PARTITIONS && writer->store != NULL; i++) store_give(writer->store, i);
}

/* ---- Opening ---- */

static enum error open_store(struct writer *writer, const char *where, struct write_batch *first,
                             struct problem *ret_problem) {
    enum error error = store_open(where, &writer->store, ret_problem);
    if (!error) error = take(writer->store, STORE_PARTITIONS, first, ret_problem);
    first->owned = error ? STORE_ALL : store_owned(writer->store);
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

bool writer_has_store(const struct writer *writer) {
    return writer->store != NULL;
}

enum error writer_open(struct loop *loop, const char *where, writer_done_fn *on_done, void *context,
                       struct write_batch *first, struct writer **ret_writer, struct problem *ret_problem) {
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    writer->loop = loop;
    writer->on_done = on_done;
    writer->context = context;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->changed, NULL);
    enum error error = open_store(writer, where, first, ret_problem);
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
