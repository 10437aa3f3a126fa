#include "kind.h"

#include <base/buffer.h>

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STORE_APPLICATION_ID = 0x53504C43, // "SPLC" in the file's header
    STORE_FORMAT = 1,
    STORE_CELL_BYTES_MAX = 1 << 20, // of a name or a document; more is damage
};

enum statement { STATEMENT_PUT, STATEMENT_LOAD, STATEMENT_TOUCH, STATEMENT_BEGIN, STATEMENT_COMMIT, STATEMENT_COUNT };

static const char *const statements[STATEMENT_COUNT] = {
    [STATEMENT_PUT] = ("INSERT INTO shadow (thing, shadow, version, ceiling, document) VALUES (?, ?, ?, ?, ?)"
                       " ON CONFLICT (thing, shadow) DO UPDATE SET"
                       " version = excluded.version, ceiling = excluded.ceiling, document = excluded.document"),
    [STATEMENT_LOAD] = "SELECT thing, shadow, version, ceiling, document FROM shadow ORDER BY thing, shadow",
    [STATEMENT_TOUCH] = "PRAGMA user_version = 1", // the format; writes the first page
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
};

struct sqlite {
    struct store store;
    char *path;
    sqlite3 *database;
    sqlite3_stmt *prepared[STATEMENT_COUNT];
    int locks; // the file beside it with a byte for each partition; -1: it cannot be written, nor can the database
};

static struct sqlite *sqlite_of(struct store *store) {
    return (struct sqlite *)((char *)store - offsetof(struct sqlite, store));
}

/* ---- What went wrong, and what helps ---- */

static const struct remedy {
    int code;
    enum error error;
    const char *text;
} remedies[] = {
    {SQLITE_NOMEM, ERROR_NO_MEMORY, "out of memory"},
    {SQLITE_BUSY, ERROR_UNAVAILABLE, "another process keeps it locked; stop that one first"},
    {SQLITE_CORRUPT, ERROR_INVALID,
     "damaged; stop the service and put a copy in its place, or move it away to begin anew"},
    {SQLITE_NOTADB, ERROR_INVALID,
     "not a database; stop the service and move it away, or put the right file in its place"},
    {SQLITE_FULL, ERROR_IO, "the disk is full; free some space"},
    {SQLITE_READONLY, ERROR_IO, "only readable; check owner and mode of the file and its folder"},
    {SQLITE_CANTOPEN, ERROR_IO, "cannot be opened; check owner and mode of the file and its folder"},
    {SQLITE_PERM, ERROR_IO, "not permitted; check owner and mode of the file and its folder"},
};

static enum error say(const struct sqlite *store, struct problem *ret_problem) {
    int code = sqlite3_errcode(store->database);
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (remedies[i].code == (code & 0xFF))
            return problem_say(ret_problem, remedies[i].error, "%s: %s", store->path, remedies[i].text);
    int system_error = sqlite3_system_errno(store->database);
    return problem_say(ret_problem, ERROR_IO, "%s: %s%s%s; check the disk", store->path,
                       sqlite3_errmsg(store->database), system_error == 0 ? "" : ": ",
                       system_error == 0 ? "" : strerror(system_error));
}

/* ---- Opening ---- */

static enum error run(struct sqlite *store, const char *sql, struct problem *ret_problem) {
    if (sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK) return ERROR_NONE;
    return say(store, ret_problem);
}

/// The single integer that `sql` gives.
static enum error ask_integer(struct sqlite *store, const char *sql, int64_t *ret_value, struct problem *ret_problem) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) *ret_value = sqlite3_column_int64(statement, 0);
    enum error error = code == SQLITE_ROW ? ERROR_NONE : say(store, ret_problem);
    sqlite3_finalize(statement);
    return error;
}

static enum error check_whole(struct sqlite *store, struct problem *ret_problem) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->database, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    bool whole = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    enum error error = ERROR_NONE;
    if (code == SQLITE_ROW && !whole)
        error = problem_say(ret_problem, ERROR_INVALID,
                            "%s: damaged (%s); stop the service and put a copy in its place, "
                            "or move it away to begin anew",
                            store->path, sqlite3_column_text(statement, 0));
    if (code != SQLITE_ROW) error = say(store, ret_problem);
    sqlite3_finalize(statement);
    return error;
}

static enum error make_tables(struct sqlite *store, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer sql = {0};
    buffer_print(&sql,
                 "BEGIN IMMEDIATE;"
                 "CREATE TABLE shadow (thing TEXT NOT NULL, shadow TEXT NOT NULL, version INTEGER NOT NULL,"
                 " ceiling INTEGER NOT NULL, document TEXT, PRIMARY KEY (thing, shadow)) STRICT;"
                 "PRAGMA application_id = %d; PRAGMA user_version = %d;"
                 "COMMIT;",
                 STORE_APPLICATION_ID, STORE_FORMAT);
    if (sql.failed) return ERROR_NO_MEMORY;
    return run(store, sql.data, ret_problem);
}

static enum error check_format(struct sqlite *store, bool *ret_new, struct problem *ret_problem) {
    int64_t application = 0, format = 0, tables = 0;
    enum error error = ask_integer(store, "PRAGMA application_id", &application, ret_problem);
    if (!error) error = ask_integer(store, "PRAGMA user_version", &format, ret_problem);
    if (!error) error = ask_integer(store, "SELECT count(*) FROM sqlite_schema", &tables, ret_problem);
    if (error) return error;
    *ret_new = application == 0 && tables == 0;
    if (*ret_new) return ERROR_NONE;
    if (application != STORE_APPLICATION_ID)
        return problem_say(ret_problem, ERROR_INVALID,
                           "%s: a database of another program; move it away, or put the right file in its place",
                           store->path);
    if (format == STORE_FORMAT) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID,
                       "%s: has format %lld, this program knows format %d; use the version that wrote it", store->path,
                       (long long)format, STORE_FORMAT);
}

/// The journal mode comes after the look at the format, because it is written to the file. Another process writes for
/// some milliseconds at a time; the wait is for a disk that is slow.
enum { BUSY_WAIT_MS = 10000 };
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA journal_size_limit = 16777216;"
                               "PRAGMA trusted_schema = OFF;";

static enum error prepare(struct sqlite *store, struct problem *ret_problem) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(store->database, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &store->prepared[i],
                               NULL) != SQLITE_OK)
            return say(store, ret_problem);
    return ERROR_NONE;
}

static enum error open_database(struct sqlite *store, const char *name, int flags, struct problem *ret_problem) {
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(name, &store->database, flags, NULL) != SQLITE_OK) return say(store, ret_problem);
    sqlite3_limit(store->database, SQLITE_LIMIT_LENGTH, STORE_CELL_BYTES_MAX);
    bool is_new = false, writable = (flags & SQLITE_OPEN_READWRITE) != 0;
    sqlite3_busy_timeout(store->database, BUSY_WAIT_MS);
    enum error error = check_format(store, &is_new, ret_problem);
    if (!error && writable) error = run(store, settings, ret_problem);
    if (!error && is_new) error = make_tables(store, ret_problem);
    if (!error) error = check_whole(store, ret_problem);
    if (!error) error = prepare(store, ret_problem);
    return error;
}

static void close_database(struct sqlite *store) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->prepared[i]);
        store->prepared[i] = NULL;
    }
    sqlite3_close(store->database);
    store->database = NULL;
}

/// A file in a folder where nothing can be written: readable all the same once it was closed in an orderly way, which
/// leaves no log beside it.
static enum error open_for_reading(struct sqlite *store, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_print(&name, "%s-wal", store->path);
    if (name.failed) return ERROR_NO_MEMORY;
    if (access(name.data, F_OK) == 0)
        return problem_say(ret_problem, ERROR_IO,
                           "%s: only readable, but %s must be taken in first; check owner and mode "
                           "of the file and its folder",
                           store->path, name.data);
    buffer_reset(&name);
    buffer_string(&name, "file:");
    for (const char *byte = store->path; *byte != '\0'; byte++) {
        if (strchr("%?#", *byte) != NULL) buffer_print(&name, "%%%02X", (unsigned)*byte);
        if (strchr("%?#", *byte) == NULL) buffer_byte(&name, *byte);
    }
    buffer_string(&name, "?immutable=1");
    if (name.failed) return ERROR_NO_MEMORY;
    return open_database(store, name.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, ret_problem);
}

static enum error open_any(struct sqlite *store, struct problem *ret_problem) {
    enum error error = open_database(store, store->path, SQLITE_OPEN_READWRITE, ret_problem);
    if (error != ERROR_IO || sqlite3_db_readonly(store->database, "main") != 1) return error;
    close_database(store);
    return open_for_reading(store, ret_problem);
}

/// SQLite would make it readable for others.
static enum error make_file(const char *path, struct problem *ret_problem) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    if (fd >= 0 || access(path, R_OK) == 0) return ERROR_NONE;
    return problem_say(ret_problem, error_from_errno(errno), "%s: cannot be opened: %s", path, strerror(errno));
}

static void sqlite_close(struct store *base) {
    struct sqlite *store = sqlite_of(base);
    close_database(store);
    if (store->locks >= 0) close(store->locks); // and with it what was taken
    free(store->path);
    free(store);
}

static enum error open_locks(struct sqlite *store) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_print(&name, "%s-locks", store->path);
    if (name.failed) return ERROR_NO_MEMORY;
    store->locks = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return ERROR_NONE;
}

/// One process at a time opens: who comes second finds the tables made.
static enum error open_alone(struct sqlite *store, struct problem *ret_problem) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = STORE_PARTITIONS, .l_len = 1};
    if (store->locks >= 0) fcntl(store->locks, F_OFD_SETLKW, &lock);
    enum error error = open_any(store, ret_problem);
    lock.l_type = F_UNLCK;
    if (store->locks >= 0) fcntl(store->locks, F_OFD_SETLK, &lock);
    return error;
}

/* ---- Who has which partition ---- */

/// Locks of the open file, which the system drops with the process.
static bool lock_byte(const struct sqlite *store, unsigned partition, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)partition, .l_len = 1};
    return fcntl(store->locks, F_OFD_SETLK, &lock) == 0;
}

static enum error sqlite_take(struct store *base, unsigned partition, bool *ret_taken, struct problem *ret_problem) {
    struct sqlite *store = sqlite_of(base);
    *ret_taken = store->locks < 0 || lock_byte(store, partition, F_WRLCK);
    if (*ret_taken || errno == EAGAIN || errno == EACCES) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_IO, "%s-locks: cannot be locked: %s; it must be on a disk of this machine",
                       store->path, strerror(errno));
}

static void sqlite_give(struct store *base, unsigned partition) {
    struct sqlite *store = sqlite_of(base);
    if (store->locks >= 0) lock_byte(store, partition, F_UNLCK);
}

/* ---- Reading ---- */

static struct text column_text(sqlite3_stmt *statement, int column) {
    const char *data = (const char *)sqlite3_column_text(statement, column);
    return (struct text){data, data == NULL ? 0 : (size_t)sqlite3_column_bytes(statement, column)};
}

static enum error load_rows(struct sqlite *store, unsigned partitions, store_row_fn *on_row, void *context,
                            struct problem *ret_problem) {
    sqlite3_stmt *load = store->prepared[STATEMENT_LOAD];
    int code;
    while ((code = sqlite3_step(load)) == SQLITE_ROW) {
        struct store_row row = {
            .thing = column_text(load, 0),
            .shadow = column_text(load, 1),
            .version = (uint64_t)sqlite3_column_int64(load, 2),
            .ceiling = (uint64_t)sqlite3_column_int64(load, 3),
            .document = column_text(load, 4),
        };
        if (!store_has(partitions, store_partition(row.thing))) continue;
        enum error error = on_row(context, &row, ret_problem);
        if (error) return error;
    }
    return code == SQLITE_DONE ? ERROR_NONE : say(store, ret_problem);
}

static enum error sqlite_load(struct store *base, unsigned partitions, store_row_fn *on_row, void *context,
                              struct problem *ret_problem) {
    struct sqlite *store = sqlite_of(base);
    enum error error = load_rows(store, partitions, on_row, context, ret_problem);
    sqlite3_reset(store->prepared[STATEMENT_LOAD]);
    return error;
}

/* ---- Writing ---- */

static void roll_back(struct sqlite *store) {
    if (sqlite3_get_autocommit(store->database)) return;
    sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL); // leaves no transaction, also when it fails
}

static enum error step(struct sqlite *store, enum statement which, struct problem *ret_problem) {
    sqlite3_stmt *statement = store->prepared[which];
    enum error error = sqlite3_step(statement) == SQLITE_DONE ? ERROR_NONE : say(store, ret_problem);
    sqlite3_reset(statement);
    if (error) roll_back(store);
    return error;
}

/// What is written to a file that has no name any more would be gone with this process, although it was committed.
static enum error check_place(const struct sqlite *store, struct problem *ret_problem) {
    int moved = 0;
    bool known = sqlite3_file_control(store->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK;
    if (!known || !moved) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_IO,
                       "%s: was removed, or replaced by another file; put it back, or start the service again",
                       store->path);
}

static enum error sqlite_begin(struct store *base, struct problem *ret_problem) {
    struct sqlite *store = sqlite_of(base);
    roll_back(store);
    enum error error = check_place(store, ret_problem);
    return error ? error : step(store, STATEMENT_BEGIN, ret_problem);
}

static bool bind_text(sqlite3_stmt *statement, int index, struct text text) {
    const char *data = text.length == 0 ? "" : text.data;
    return sqlite3_bind_text64(statement, index, data, text.length, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
}

static bool bind_document(sqlite3_stmt *statement, int index, struct text document) {
    if (document.length == 0) return sqlite3_bind_null(statement, index) == SQLITE_OK;
    return bind_text(statement, index, document);
}

static bool bind_row(sqlite3_stmt *put, const struct store_row *row) {
    return bind_text(put, 1, row->thing) && bind_text(put, 2, row->shadow) &&
           sqlite3_bind_int64(put, 3, (sqlite3_int64)row->version) == SQLITE_OK &&
           sqlite3_bind_int64(put, 4, (sqlite3_int64)row->ceiling) == SQLITE_OK && bind_document(put, 5, row->document);
}

static enum error sqlite_put(struct store *base, const struct store_row *row, struct problem *ret_problem) {
    struct sqlite *store = sqlite_of(base);
    sqlite3_stmt *put = store->prepared[STATEMENT_PUT];
    enum error error = bind_row(put, row) ? step(store, STATEMENT_PUT, ret_problem) : say(store, ret_problem);
    if (error) roll_back(store);
    sqlite3_clear_bindings(put); // the texts are the caller's
    return error;
}

static enum error sqlite_touch(struct store *base, struct problem *ret_problem) {
    return step(sqlite_of(base), STATEMENT_TOUCH, ret_problem);
}

static enum error sqlite_commit(struct store *base, struct problem *ret_problem) {
    return step(sqlite_of(base), STATEMENT_COMMIT, ret_problem);
}

static const struct store_kind kind = {
    .close = sqlite_close,
    .take = sqlite_take,
    .give = sqlite_give,
    .load = sqlite_load,
    .begin = sqlite_begin,
    .put = sqlite_put,
    .touch = sqlite_touch,
    .commit = sqlite_commit,
};

enum error sqlite_open(const char *path, struct store **ret_store, struct problem *ret_problem) {
    enum error error = make_file(path, ret_problem);
    if (error) return error;
    struct sqlite *store = calloc(1, sizeof *store);
    if (store == NULL) return ERROR_NO_MEMORY;
    store->store.kind = &kind;
    store->locks = -1;
    store->path = strdup(path);
    error = store->path == NULL ? ERROR_NO_MEMORY : open_locks(store);
    if (!error) error = open_alone(store, ret_problem);
    if (error) {
        sqlite_close(&store->store);
        return error;
    }
    *ret_store = &store->store;
    return ERROR_NONE;
}
