// Shadows in PostgreSQL. A partition is an advisory lock of the session, so it is gone with the connection. Rows of a
// transaction are sent in pipeline mode: their answers are read in groups, not one by one.
#include "kind.h"

#include <libpq-fe.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOCK_CLASS = 0x53504C43, // "SPLC": first key of the advisory locks
    GROUP_ROWS = 128,        // sent before their answers are read; the server's answers to them fit its socket's buffer
    LOAD_ROWS = 1000,        // fetched at a time
    PARAMETERS_MAX = 5,
};

struct postgres {
    struct store store;
    char *uri;
    char *place; // for messages: "PostgreSQL HOST:PORT/DATABASE"
    PGconn *connection;
    unsigned pending;    // rows sent since the answers were read
    bool in_transaction; // also one that has failed
};

static struct postgres *postgres_of(struct store *store) {
    return (struct postgres *)((char *)store - offsetof(struct postgres, store));
}

/* ---- What went wrong, and what helps ---- */

/// By class of SQLSTATE, the longest match first.
static const struct {
    const char *state, *remedy;
} remedies[] = {
    {"53100", "the server's disk is full; free some space"},
    {"25006", "the server only reads (a standby?); give the address of the primary"},
    {"28", "check user and password"},
    {"3D", "make the database first"},
    {"42501", "grant the user the rights to it"},
    {"53", "the server has no resources left; raise its limits"},
    {"57P", "the server is being stopped; it is tried again"},
};

static enum error say(const struct postgres *store, const PGresult *result, struct problem *ret_problem) {
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *remedy = "look after the server; it is tried again";
    for (size_t i = 0; state != NULL && i < sizeof remedies / sizeof remedies[0]; i++) {
        if (strncmp(state, remedies[i].state, strlen(remedies[i].state)) != 0) continue;
        remedy = remedies[i].remedy;
        break;
    }
    const char *primary = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (primary == NULL) primary = PQerrorMessage(store->connection);
    struct text message = text_of(primary);
    while (message.length > 0 && message.data[message.length - 1] == '\n') message.length--;
    return problem_say(ret_problem, ERROR_IO, "%s: %.*s; %s", store->place, TEXT_ARG(message), remedy);
}

/// A command outside of a pipeline.
static enum error run(struct postgres *store, const char *sql, struct problem *ret_problem) {
    PGresult *result = PQexec(store->connection, sql);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    enum error error = good ? ERROR_NONE : say(store, result, ret_problem);
    PQclear(result);
    return error;
}

/* ---- Partitions ---- */

static enum error try_lock(struct postgres *store, unsigned partition, bool *ret_taken, struct problem *ret_problem) {
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_try_advisory_lock(%d, %u)", LOCK_CLASS, partition);
    PGresult *result = PQexec(store->connection, sql);
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
    *ret_taken = good && PQgetvalue(result, 0, 0)[0] == 't';
    enum error error = good ? ERROR_NONE : say(store, result, ret_problem);
    PQclear(result);
    return error;
}

/// The session is over: the server drops its locks when it notices, so nothing may rely on them from now on.
static void connection_lost(struct postgres *store) {
    store->store.owned = 0;
    store->in_transaction = false;
    store->pending = 0;
}

static bool is_lost(const struct postgres *store) {
    return PQstatus(store->connection) != CONNECTION_OK;
}

/* ---- Connection ---- */

static const char make_table[] = "CREATE TABLE IF NOT EXISTS splc_shadow (thing text NOT NULL, shadow text NOT NULL,"
                                 " version bigint NOT NULL, ceiling bigint NOT NULL, document text,"
                                 " PRIMARY KEY (thing, shadow))";
static const char put_row[] = "INSERT INTO splc_shadow (thing, shadow, version, ceiling, document)"
                              " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (thing, shadow) DO UPDATE SET"
                              " version = excluded.version, ceiling = excluded.ceiling, document = excluded.document";

/// Notices of the server, such as "relation already exists", say nothing that anybody must know.
static void ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

/// Two processes that make the table at the same time would both fail: one after the other.
static enum error make_tables(struct postgres *store, struct problem *ret_problem) {
    char lock[80];
    snprintf(lock, sizeof lock, "BEGIN; SELECT pg_advisory_xact_lock(%d, %d)", LOCK_CLASS, STORE_PARTITIONS);
    enum error error = run(store, lock, ret_problem);
    if (!error) error = run(store, make_table, ret_problem);
    enum error end = run(store, error ? "ROLLBACK" : "COMMIT", error ? NULL : ret_problem);
    return error ? error : end;
}

static enum error begin_session(struct postgres *store, struct problem *ret_problem) {
    if (is_lost(store)) return say(store, NULL, ret_problem);
    PQsetNoticeReceiver(store->connection, ignore_notice, NULL);
    enum error error = run(store, "SET synchronous_commit = on", ret_problem);
    if (!error) error = make_tables(store, ret_problem);
    if (error) return error;
    PGresult *result = PQprepare(store->connection, "put", put_row, PARAMETERS_MAX, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) error = say(store, result, ret_problem);
    PQclear(result);
    return error;
}

static void postgres_close(struct store *base) {
    struct postgres *store = postgres_of(base);
    PQfinish(store->connection);
    free(store->uri);
    free(store->place);
    free(store);
}

static char *name_place(const PGconn *connection) {
    char *place = NULL;
    const char *host = PQhost(connection), *port = PQport(connection), *database = PQdb(connection);
    int length = asprintf(&place, "PostgreSQL %s:%s/%s", host == NULL ? "" : host, port == NULL ? "" : port,
                          database == NULL ? "" : database);
    return length < 0 ? NULL : place;
}

/* ---- Ending a transaction ---- */

/// Reads the answers to all that was sent since the last time. The first error is told; those that follow from it are
/// skipped.
static enum error read_answers(struct postgres *store, struct problem *ret_problem) {
    enum error error = PQpipelineSync(store->connection) ? ERROR_NONE : say(store, NULL, ret_problem);
    store->pending = 0;
    for (bool synced = error != ERROR_NONE; !synced;) {
        PGresult *result = PQgetResult(store->connection);
        if (result == NULL) {
            if (is_lost(store)) return error ? error : say(store, NULL, ret_problem);
            continue; // the end of one command's answer
        }
        ExecStatusType status = PQresultStatus(result);
        synced = status == PGRES_PIPELINE_SYNC;
        bool good = synced || status == PGRES_COMMAND_OK || status == PGRES_PIPELINE_ABORTED;
        if (!good && !error) error = say(store, result, ret_problem);
        PQclear(result);
    }
    return error;
}

static void end_transaction(struct postgres *store) {
    if (PQpipelineStatus(store->connection) != PQ_PIPELINE_OFF) {
        if (store->pending > 0) error_ignore(read_answers(store, NULL));
        PQexitPipelineMode(store->connection);
    }
    store->in_transaction = false;
}

/// Whatever happened, afterwards there is no transaction.
static enum error give_up(struct postgres *store, enum error error) {
    end_transaction(store);
    error_ignore(run(store, "ROLLBACK", NULL)); // the first error counts
    if (is_lost(store)) connection_lost(store); // the server's farewell comes before the end of the connection
    return error;
}

/// Ends a transaction that was left open. A server that was away is asked again each time.
static enum error ensure_idle(struct postgres *store, struct problem *ret_problem) {
    if (store->in_transaction) error_ignore(give_up(store, ERROR_NONE));
    if (!is_lost(store)) return ERROR_NONE;
    connection_lost(store);
    PQreset(store->connection);
    return begin_session(store, ret_problem);
}

/* ---- Reading ---- */

static struct text cell(const PGresult *result, int row, int column) {
    if (PQgetisnull(result, row, column)) return TEXT_EMPTY;
    return (struct text){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}

static enum error give_rows(const PGresult *result, unsigned partitions, store_row_fn *on_row, void *context,
                            struct problem *ret_problem) {
    for (int i = 0; i < PQntuples(result); i++) {
        struct store_row row = {
            .thing = cell(result, i, 0), .shadow = cell(result, i, 1), .document = cell(result, i, 4)};
        if (!store_has(partitions, store_partition(row.thing))) continue;
        enum error error = text_to_u64(cell(result, i, 2), &row.version);
        if (!error) error = text_to_u64(cell(result, i, 3), &row.ceiling);
        if (error) return problem_say(ret_problem, ERROR_INVALID, "version of %.*s: no number", TEXT_ARG(row.thing));
        error = on_row(context, &row, ret_problem);
        if (error) return error;
    }
    return ERROR_NONE;
}

/// COLLATE "C" orders by bytes, as SQLite does.
static enum error fetch_all(struct postgres *store, unsigned partitions, store_row_fn *on_row, void *context,
                            struct problem *ret_problem) {
    enum error error = run(store,
                           "BEGIN READ ONLY; DECLARE rows NO SCROLL CURSOR FOR SELECT thing, shadow, version, ceiling,"
                           " document FROM splc_shadow ORDER BY thing COLLATE \"C\", shadow COLLATE \"C\"",
                           ret_problem);
    char fetch[48];
    snprintf(fetch, sizeof fetch, "FETCH %d FROM rows", LOAD_ROWS);
    for (int count = LOAD_ROWS; !error && count == LOAD_ROWS;) {
        PGresult *result = PQexec(store->connection, fetch);
        count = PQntuples(result);
        error = PQresultStatus(result) == PGRES_TUPLES_OK ? give_rows(result, partitions, on_row, context, ret_problem)
                                                          : say(store, result, ret_problem);
        PQclear(result);
    }
    return error;
}

static enum error postgres_load(struct store *base, unsigned partitions, store_row_fn *on_row, void *context,
                                struct problem *ret_problem) {
    struct postgres *store = postgres_of(base);
    enum error error = ensure_idle(store, ret_problem);
    if (!error) error = fetch_all(store, partitions, on_row, context, ret_problem);
    enum error end = run(store, "ROLLBACK", error ? NULL : ret_problem);
    return error ? error : end;
}

/* ---- Writing ---- */

static enum error postgres_begin(struct store *base, struct problem *ret_problem) {
    struct postgres *store = postgres_of(base);
    enum error error = ensure_idle(store, ret_problem);
    if (!error) error = run(store, "BEGIN", ret_problem);
    if (error) return give_up(store, error);
    store->in_transaction = true;
    if (PQenterPipelineMode(store->connection)) return ERROR_NONE;
    return give_up(store, say(store, NULL, ret_problem));
}

/// Parameters are strings, which end with a NUL.
static const char *keep(char **at, struct text text) {
    char *kept = *at;
    if (text.length > 0) memcpy(kept, text.data, text.length);
    kept[text.length] = '\0';
    *at += text.length + 1;
    return kept;
}

static bool send_row(struct postgres *store, const struct store_row *row) {
    char *bytes = malloc(row->thing.length + row->shadow.length + row->document.length + 3);
    if (bytes == NULL) return false;
    char *at = bytes, version[24], ceiling[24];
    snprintf(version, sizeof version, "%llu", (unsigned long long)row->version);
    snprintf(ceiling, sizeof ceiling, "%llu", (unsigned long long)row->ceiling);
    const char *thing = keep(&at, row->thing), *shadow = keep(&at, row->shadow), *document = keep(&at, row->document);
    const char *const values[PARAMETERS_MAX] = {thing, shadow, version, ceiling,
                                                row->document.length == 0 ? NULL : document};
    bool sent = PQsendQueryPrepared(store->connection, "put", PARAMETERS_MAX, values, NULL, NULL, 0) == 1;
    free(bytes);
    return sent;
}

static enum error postgres_put(struct store *base, const struct store_row *row, struct problem *ret_problem) {
    struct postgres *store = postgres_of(base);
    if (!send_row(store, row)) return give_up(store, say(store, NULL, ret_problem));
    enum error error = ++store->pending < GROUP_ROWS ? ERROR_NONE : read_answers(store, ret_problem);
    return error ? give_up(store, error) : ERROR_NONE;
}

/// Asks for a transaction number, which a server that only reads refuses.
static enum error postgres_touch(struct store *base, struct problem *ret_problem) {
    struct postgres *store = postgres_of(base);
    static const char touch[] = "DELETE FROM splc_shadow WHERE thing = ''"; // no thing has an empty name
    if (!PQsendQueryParams(store->connection, touch, 0, NULL, NULL, NULL, NULL, 0))
        return give_up(store, say(store, NULL, ret_problem));
    store->pending++;
    return ERROR_NONE;
}

static enum error postgres_commit(struct store *base, struct problem *ret_problem) {
    struct postgres *store = postgres_of(base);
    enum error error = store->pending > 0 ? read_answers(store, ret_problem) : ERROR_NONE;
    if (error) return give_up(store, error);
    end_transaction(store);
    error = run(store, "COMMIT", ret_problem);
    return error ? give_up(store, error) : ERROR_NONE;
}

/* ---- The kind ---- */

static enum error postgres_take(struct store *base, unsigned partition, bool *ret_taken, struct problem *ret_problem) {
    struct postgres *store = postgres_of(base);
    *ret_taken = false;
    enum error error = ensure_idle(store, ret_problem);
    return error ? error : try_lock(store, partition, ret_taken, ret_problem);
}

static void postgres_give(struct store *base, unsigned partition) {
    struct postgres *store = postgres_of(base);
    if (ensure_idle(store, NULL)) return; // a connection that is lost has given everything
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_advisory_unlock(%d, %u)", LOCK_CLASS, partition);
    error_ignore(run(store, sql, NULL)); // as above
}

static const struct store_kind kind = {
    .close = postgres_close,
    .take = postgres_take,
    .give = postgres_give,
    .load = postgres_load,
    .begin = postgres_begin,
    .put = postgres_put,
    .touch = postgres_touch,
    .commit = postgres_commit,
};

enum error postgres_open(const char *uri, struct store **ret_store, struct problem *ret_problem) {
    struct postgres *store = calloc(1, sizeof *store);
    if (store == NULL) return ERROR_NO_MEMORY;
    store->store.kind = &kind;
    // Half a minute of silence is the end of a connection: another process then has the partitions.
    const char *const names[] = {"dbname",
                                 "fallback_application_name",
                                 "connect_timeout",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 NULL};
    const char *const values[] = {uri, "splc", "5", "5", "5", "3", "20000", NULL};
    store->uri = strdup(uri);
    store->connection = PQconnectdbParams(names, values, 1);
    store->place = store->connection == NULL ? NULL : name_place(store->connection);
    enum error error = store->uri == NULL || store->place == NULL ? ERROR_NO_MEMORY : begin_session(store, ret_problem);
    if (error) {
        bool away = is_lost(store);
        postgres_close(&store->store);
        return away ? ERROR_UNAVAILABLE : error;
    }
    *ret_store = &store->store;
    return ERROR_NONE;
}
