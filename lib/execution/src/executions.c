#include <execution/executions.h>

#include <base/clock.h>
#include <base/file.h>
#include <json/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LINES_MAX = 8 * EXECUTIONS_KEPT, // then the file is written anew, without what is forgotten
    FILE_BYTES_MAX = 64 * 1024 * 1024,
};

struct executions {
    char *file;
    int fd; // -1: memory only
    size_t lines;
    struct execution *ring[EXECUTIONS_KEPT];
    size_t next, count;
};

static void execution_free(struct execution *execution) {
    if (execution == NULL) return;
    for (struct execution_waiter *waiter = execution->waiters, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        free(waiter);
    }
    free(execution->id);
    free(execution->thing);
    free(execution->key);
    free(execution->document);
    free(execution);
}
CLEANUP_DEFINE(struct execution, execution_free)

static const struct json_limits limits = {EXECUTION_BYTES_MAX, 32};

/// What we look for is kept beside the document.
static bool take_document(struct execution *execution, struct text document) {
    CLEANUP(json_destroy_at) struct json_document *parsed = NULL;
    if (json_parse(document, limits, &parsed, NULL)) return false;
    const struct json *root = json_root(parsed);
    char *copy = text_copy(document);
    if (copy == NULL) return false;
    free(execution->document);
    execution->document = copy;
    snprintf(execution->status, sizeof execution->status, "%.*s", TEXT_ARG(json_string(json_member(root, "status"))));
    if (execution->id != NULL) return true;
    struct text key = json_string(json_member(root, "idempotencyKey"));
    execution->id = text_copy(json_string(json_member(root, "executionId")));
    execution->thing = text_copy(json_string(json_member(root, "thing")));
    if (key.length > 0) execution->key = text_copy(key);
    return execution->id != NULL && execution->thing != NULL && execution->id[0] != '\0' &&
           (key.length == 0 || execution->key != NULL);
}

static void put_in_ring(struct executions *executions, struct execution *execution) {
    execution_free(executions->ring[executions->next]);
    executions->ring[executions->next] = execution;
    executions->next = (executions->next + 1) % EXECUTIONS_KEPT;
    if (executions->count < EXECUTIONS_KEPT) executions->count++;
}

/// The n-th newest.
static struct execution *nth(const struct executions *executions, size_t n) {
    return executions->ring[(executions->next + EXECUTIONS_KEPT - 1 - n) % EXECUTIONS_KEPT];
}

// --- the file ---

static void write_anew(struct executions *executions) {
    CLEANUP(buffer_clear) struct buffer all = {0};
    for (size_t i = executions->count; i-- > 0;) buffer_print(&all, "%s\n", nth(executions, i)->document);
    if (all.failed || file_write(executions->file, buffer_view(&all), 0600, NULL)) return; // the long one is as good
    int fd = open(executions->file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) return;
    if (executions->fd >= 0) close(executions->fd);
    executions->fd = fd;
    executions->lines = executions->count;
}

static bool append(struct executions *executions, struct text document, bool durable) {
    if (executions->fd < 0) return true;
    CLEANUP(buffer_clear) struct buffer line = {0};
    buffer_text(&line, document);
    buffer_byte(&line, '\n');
    if (line.failed || write(executions->fd, line.data, line.length) != (ssize_t)line.length) return false;
    if (durable && fdatasync(executions->fd) != 0) return false;
    if (++executions->lines > LINES_MAX) write_anew(executions);
    return true;
}

static void take_line(struct executions *executions, struct text line) {
    struct execution *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL || !take_document(fresh, line)) return execution_free(fresh); // torn by a crash
    struct execution *known = executions_find(executions, text_of(fresh->thing), text_of(fresh->id));
    if (known == NULL) return put_in_ring(executions, fresh);
    if (!take_document(known, line)) return execution_free(fresh);
    execution_free(fresh);
}

static void end_what_was_under_way(struct execution *execution) {
    if (strcmp(execution->status, "CREATED") != 0) return;
    CLEANUP(json_destroy_at) struct json_document *parsed = NULL;
    CLEANUP(buffer_clear) struct buffer document = {0};
    if (json_parse(text_of(execution->document), limits, &parsed, NULL)) return;
    struct json_writer writer = json_writer(&document);
    json_open_object(&writer);
    struct json_each each = json_each(json_root(parsed));
    while (json_next(&each)) {
        if (text_is(each.name, "status")) continue;
        json_key_text(&writer, each.name);
        json_put_value(&writer, each.value);
    }
    json_key(&writer, "status");
    json_put_string(&writer, "TIMED_OUT");
    json_key(&writer, "statusReason");
    json_put_raw(&writer, TEXT("{\"reasonCode\":\"BadTimeout\",\"reasonDescription\":\"the service was started anew "
                               "meanwhile; whether it was executed is not known\"}"));
    json_close_object(&writer);
    if (!document.failed) take_document(execution, buffer_view(&document));
}

static enum error load(struct executions *executions, struct problem *problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error =
        file_exists(executions->file) ? file_read(executions->file, FILE_BYTES_MAX, &bytes, problem) : ERROR_NONE;
    if (error) return error;
    struct text rest = buffer_view(&bytes), line;
    while (text_split(&rest, '\n', &line)) take_line(executions, line);
    for (size_t i = 0; i < executions->count; i++) end_what_was_under_way(nth(executions, i));
    write_anew(executions);
    if (executions->fd >= 0) return ERROR_NONE;
    return problem_say(problem, error_from_errno(errno), "%s: %s", executions->file, strerror(errno));
}

// --- public ---

enum error executions_open(const char *file, struct executions **ret_executions, struct problem *ret_problem) {
    struct executions *executions = calloc(1, sizeof *executions);
    if (executions == NULL) return ERROR_NO_MEMORY;
    executions->fd = -1;
    executions->file = file == NULL ? NULL : strdup(file);
    enum error error = file != NULL && executions->file == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error && file != NULL) error = load(executions, ret_problem);
    if (error) {
        executions_close(executions);
        return error;
    }
    *ret_executions = executions;
    return ERROR_NONE;
}

void executions_close(struct executions *executions) {
    if (executions == NULL) return;
    for (size_t i = 0; i < EXECUTIONS_KEPT; i++) execution_free(executions->ring[i]);
    if (executions->fd >= 0) close(executions->fd);
    free(executions->file);
    free(executions);
}

struct execution *executions_add(struct executions *executions, struct text document) {
    CLEANUP(execution_free_at) struct execution *execution = calloc(1, sizeof *execution);
    if (execution == NULL || !take_document(execution, document)) return NULL;
    if (!append(executions, document, execution->key != NULL)) return NULL;
    execution->received_ns = clock_monotonic_ns();
    struct execution *added = TAKE(execution);
    put_in_ring(executions, added);
    return added;
}

void executions_settle(struct executions *executions, struct execution *execution, struct text document) {
    if (!take_document(execution, document)) return;
    append(executions, document, false); // lost with the machine, it is told as not known
}

struct execution *executions_find(const struct executions *executions, struct text thing, struct text id) {
    for (size_t i = 0; i < executions->count; i++) {
        struct execution *execution = nth(executions, i);
        if (text_is(id, execution->id) && text_is(thing, execution->thing)) return execution;
    }
    return NULL;
}

struct execution *executions_find_key(const struct executions *executions, struct text thing, struct text key) {
    for (size_t i = 0; i < executions->count; i++) {
        struct execution *execution = nth(executions, i);
        if (execution->key != NULL && text_is(key, execution->key) && text_is(thing, execution->thing))
            return execution;
    }
    return NULL;
}

const struct execution *executions_at(const struct executions *executions, struct text thing, size_t index) {
    for (size_t i = 0; i < executions->count; i++) {
        const struct execution *execution = nth(executions, i);
        if (text_is(thing, execution->thing) && index-- == 0) return execution;
    }
    return NULL;
}

bool execution_wait(struct execution *execution, void *whom) {
    struct execution_waiter *waiter = malloc(sizeof *waiter);
    if (waiter == NULL) return false;
    *waiter = (struct execution_waiter){whom, execution->waiters};
    execution->waiters = waiter;
    return true;
}

void *execution_take_waiter(struct execution *execution) {
    struct execution_waiter *waiter = execution->waiters;
    if (waiter == NULL) return NULL;
    void *whom = waiter->whom;
    execution->waiters = waiter->next;
    free(waiter);
    return whom;
}

bool execution_is_of(const struct execution *execution, const struct json *command) {
    CLEANUP(json_destroy_at) struct json_document *first = NULL;
    if (json_parse(text_of(execution->document), limits, &first, NULL)) return false;
    const struct json *arguments = json_member(command, "arguments");
    const struct json *before = json_member(json_root(first), "arguments");
    return json_equal(json_member(command, "method"), json_member(json_root(first), "method")) &&
           (json_exists(arguments) ? json_equal(arguments, before) || json_count(arguments) + json_count(before) == 0
                                   : json_count(before) == 0);
}
