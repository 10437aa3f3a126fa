/// What tests of several modules need: a temporary folder, a real nats-server, turning a loop until something is true.
/// For tests only: whatever goes wrong here ends the program with a message, so that callers need not check.
#pragma once

#include <base/cleanup.h>
#include <base/loop.h>
#include <stdbool.h>
#include <sys/types.h>

/// A new folder below $TMPDIR or /tmp; for the caller to free. `testing_remove` removes it with all that is in it.
char *testing_folder(void);
void testing_remove(const char *folder);

/// "FOLDER/NAME", for the caller to free.
char *testing_path(const char *folder, const char *name);

/// Runs the loop until `done` is true, looking after each turn and every millisecond. False when `seconds` have passed.
bool testing_run_until(struct loop *loop, bool (*done)(void *context), void *context, double seconds);

/// A nats-server of this test alone: TLS on a free port of 127.0.0.1, a certificate authority of its own, user "test"
/// with a password, everything permitted.
struct testing_nats {
    char *folder;
    char *url;           // "tls://127.0.0.1:PORT"
    char *ca_file;       // PEM
    char *password_file; // of user "test"; mode 0600
    unsigned port;
    pid_t pid; // 0 while it is stopped
    char *config;
};

/// `more` is appended to the server's configuration (an MQTT listener, JetStream, other users ...); NULL: nothing.
/// Without "authorization" or "accounts" in it, user "test" is the only one. Returns once it accepts connections.
struct testing_nats *testing_nats_start(const char *more);
void testing_nats_kill(struct testing_nats *nats);    // SIGKILL
void testing_nats_again(struct testing_nats *nats);   // on the same port, after a kill
void testing_nats_destroy(struct testing_nats *nats); // kills it and removes its folder; NULL is fine
CLEANUP_DEFINE(struct testing_nats, testing_nats_destroy)

/// A PostgreSQL server of this test alone, reached through a socket in its folder: no port. Started by root it runs as
/// the package's user.
struct testing_postgres {
    char *folder, *data;
    char *uri; // for store_open
    pid_t pid; // 0 while it is stopped
};
struct testing_postgres *testing_postgres_start(void);            // returns once it accepts connections
void testing_postgres_kill(struct testing_postgres *postgres);    // as a crash
void testing_postgres_again(struct testing_postgres *postgres);   // after a kill
void testing_postgres_destroy(struct testing_postgres *postgres); // NULL is fine
CLEANUP_DEFINE(struct testing_postgres, testing_postgres_destroy)
