/// A twin service in a process of its own, a nats-server, and a client that hears everything about shadows.
/// Whatever goes wrong here fails the test.
#pragma once

#include <base/buffer.h>
#include <bus/bus.h>
#include <stdbool.h>
#include <sys/types.h>
#include <testing/testing.h>

#define SERVICE_MEMORY "keeper_memory" // the thing that the site's one function keeps its memory in

enum { SERVICE_PROCESSES_MAX = 3, SERVICE_NO_DISK = 99 };

/// One process of several: what its last status said.
struct service_process {
    pid_t pid; // 0: not running
    int64_t partitions;
};

struct service {
    struct testing_nats *nats;
    char *folder;      // data folder of the service
    char *store;       // its database
    const char *where; // PostgreSQL's URI for `fog.store`; NULL: the file. Set it after service_open
    pid_t pid;         // 0: not running
    struct service_process others[SERVICE_PROCESSES_MAX];
    int64_t partitions; // of `pid`
    struct loop *loop;
    struct bus *bus;
    bool connected;
    bool has_disk; // of service_start_on_disk
    /// Called for everything below "$aws.things." that the service publishes; may be NULL.
    void (*heard)(void *context, const struct bus_message *message);
    void *context;
    struct buffer status; // the last one of the process that runs
    struct buffer event;  // the last one
};

/// main() of a test: with "--serve FOLDER PORT" the program is the service.
bool service_is_wanted(int argc, char **argv);
int service_run(char **argv);

void service_open(struct service *service);                // starts nats-server and the client, not yet the service
void service_open_without_queues(struct service *service); // the broker keeps nothing for devices
void service_start(struct service *service);               // until it serves
void service_kill(struct service *service);                // SIGKILL
/// On a disk of this size ("1m") that only it sees: others find it below /proc/PID/root. False when the system does not
/// let us have one.
bool service_start_on_disk(struct service *service, const char *size);
int service_stop(struct service *service); // SIGTERM; its exit status
void service_close(struct service *service);

/// Further processes on the same store.
void service_start_other(struct service *service, size_t other);
int service_stop_other(struct service *service, size_t other); // SIGTERM; its exit status
void service_kill_other(struct service *service, size_t other);
void service_wait_shares(struct service *service); // until each has as many partitions as the others, and all are had

void service_wait(struct service *service, bool (*done)(void *context), void *context);
void service_wait_status(struct service *service, const char *part); // until the status contains it
void service_wait_ms(struct service *service, unsigned ms);
void service_publish(struct service *service, const char *subject, const char *payload);
/// Request and answer; `ret_answer` is emptied first.
void service_ask(struct service *service, const char *subject, const char *payload, struct buffer *ret_answer);
/// A get. It is asked again when nobody answers, as while its shadow changes hands between processes.
void service_read(struct service *service, const char *subject, struct buffer *ret_answer);
/// As service_ask, looking for a part of the answer.
void service_expect(struct service *service, const char *subject, const char *payload, const char *part);
