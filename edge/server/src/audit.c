#include "audit.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <json/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct audit {
    char *file;
    int fd;
    size_t bytes;       // in the file
    struct buffer line; // kept, so that no entry needs memory
    bool failing;       // said once, until it works again
};

static int open_file(const char *file) {
    return open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void make_folder_of(const char *file) {
    CLEANUP(free_at) char *folder = strdup(file);
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');
    if (slash == NULL || slash == folder) return;
    *slash = '\0';
    error_ignore(file_make_folder(folder, 0700, NULL)); // opening says what is wrong
}

enum error audit_open(const char *file, struct audit **ret_audit, struct problem *ret_problem) {
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    audit->fd = -1;
    audit->file = strdup(file);
    make_folder_of(file);
    if (audit->file != NULL) audit->fd = open_file(file);
    struct stat status;
    if (audit->fd < 0 || fstat(audit->fd, &status) < 0) {
        enum error error = error_from_errno(errno);
        audit_close(audit);
        return problem_say(ret_problem, error, "audit log %s: %s; make its folder writable for this user", file,
                           error_text(error));
    }
    audit->bytes = (size_t)status.st_size;
    *ret_audit = audit;
    return ERROR_NONE;
}

void audit_close(struct audit *audit) {
    if (audit == NULL) return;
    if (audit->fd >= 0) close(audit->fd);
    buffer_clear(&audit->line);
    free(audit->file);
    free(audit);
}

// --- one line ---

const char *audit_role(enum opcua_role role) {
    static const char *const names[] = {[OPCUA_VIEWER] = "viewer",
                                        [OPCUA_OPERATOR] = "operator",
                                        [OPCUA_ENGINEER] = "engineer",
                                        [OPCUA_ADMINISTRATOR] = "administrator"};
    return names[role];
}

static void put(struct json_writer *writer, const char *name, const char *value) {
    json_key(writer, name);
    json_put_string(writer, value);
}

static void put_caller(struct json_writer *writer, const struct opcua_caller *caller) {
    json_key(writer, "user");
    json_put_text(writer, caller->user);
    put(writer, "role", audit_role(caller->role));
    json_key(writer, "session");
    json_put_unsigned(writer, caller->session);
    json_key(writer, "client");
    json_put_text(writer, caller->application);
}

static void compose(struct buffer *line, const struct audit_entry *entry) {
    char time[CLOCK_TEXT_BYTES];
    clock_text(clock_wall_ns(), time);
    buffer_reset(line);
    struct json_writer writer = json_writer(line);
    json_open_object(&writer);
    put(&writer, "time", time);
    if (entry->caller != NULL) put_caller(&writer, entry->caller);
    put(&writer, "action", entry->action);
    put(&writer, "object", entry->object);
    put(&writer, "outcome", entry->outcome);
    put(&writer, "reason", entry->reason);
    json_close_object(&writer);
    buffer_byte(line, '\n');
}

// --- the file ---

/// "audit.log.1" becomes "audit.log.2" and so on; the oldest is overwritten.
static void make_room(struct audit *audit) {
    CLEANUP(buffer_clear) struct buffer from = {0}, to = {0};
    for (int i = AUDIT_FILES_MAX; i > 0; i--) {
        buffer_reset(&from);
        buffer_reset(&to);
        buffer_string(&from, audit->file);
        if (i > 1) buffer_print(&from, ".%d", i - 1);
        buffer_print(&to, "%s.%d", audit->file, i);
        if (from.failed || to.failed) return;
        rename(from.data, to.data); // what is not there need not move
    }
    int fd = open_file(audit->file);
    if (fd < 0) return; // goes on in the old one
    close(audit->fd);
    audit->fd = fd;
    audit->bytes = 0;
}

static void complain(struct audit *audit, const struct audit_entry *entry) {
    if (!audit->failing)
        log_error("audit log %s: %m; entries go to the log until it can be written again", audit->file);
    audit->failing = true;
    struct text user = entry->caller == NULL ? TEXT("nobody") : entry->caller->user;
    log_warning("audit: %.*s: %s %s: %s: %s", TEXT_ARG(user), entry->action, entry->object, entry->outcome,
                entry->reason);
}

void audit_write(struct audit *audit, const struct audit_entry *entry) {
    compose(&audit->line, entry);
    if (audit->line.failed) {
        buffer_clear(&audit->line);
        errno = ENOMEM;
        complain(audit, entry);
        return;
    }
    if (audit->bytes + audit->line.length > AUDIT_BYTES_MAX) make_room(audit);
    ssize_t written = write(audit->fd, audit->line.data, audit->line.length); // whole lines: one write each
    if (written > 0) audit->bytes += (size_t)written;
    if (written == (ssize_t)audit->line.length) {
        audit->failing = false;
        return;
    }
    if (written >= 0) errno = ENOSPC;
    complain(audit, entry);
}
