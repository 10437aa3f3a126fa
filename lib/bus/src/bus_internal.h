/// What the files of this module share. See bus.c for the picture.
#pragma once

#include <base/cleanup.h>
#include <bus/bus.h>
#include <nats/nats.h>
#include <pthread.h>

enum { BUS_SUBJECT_BYTES_MAX = 1024 }; // with NUL; the server's limit for a control line is 4096 for two subjects

/// One subscription, over all connections that the bus has had.
struct bus_subscription {
    struct bus *bus;
    char *subject;
    char *queue; // NULL: none
    bus_message_fn *on_message;
    void (*on_no_responders)(void *context); // NULL: not for answers
    void *context;
    natsSubscription *handle; // on the present connection; NULL while there is none
    bool dead;                // unsubscribed; freed once no message is being delivered
    struct bus_subscription *next;
};

/// One connection to the server, from its first attempt to its end; never reused. Made by a thread of its own, because
/// connecting blocks, and then handed to the loop's thread, which is the only one that uses it.
struct link {
    natsConnection *connection;
    int fd; // the library's socket; -1 before and after
    struct loop_watch *watch;
    bool watching_write;
    bool write_wanted; // the library has bytes to send
    bool lost;

    natsStatus status; // how the attempt ended
    struct problem detail;

    pthread_t thread;
    pthread_mutex_t lock; // for the two below
    bool finished;        // the attempt
    bool abandoned;       // nobody waits for the attempt any more: its thread cleans up
    int wake_fd;          // copy of the bus's, written when finished
    char *url, *host, *ca_file, *user, *password_file, *name;
};

struct bus {
    struct loop *loop;
    char *url, *host, *ca_file, *user, *password_file, *name;
    void (*state)(void *context, bool connected, const char *reason);
    void *context;

    int wake_fd; // eventfd: an attempt has finished, or a connection was found to be lost
    struct loop_watch *wake_watch;
    struct link *attempt; // being made
    struct link *link;    // in use
    struct loop_timer *retry_timer;
    uint64_t retry_delay_ns;
    struct problem reason; // told last, so that it is not told again

    struct bus_subscription *subscriptions, **subscriptions_end;
    unsigned depth; // callbacks under way: nothing is freed, output waits for the end
    bool closed;    // by a callback; freed at the end

    char *inbox; // "_INBOX.xyz"; NULL before the first request
    struct lane *lanes;
    uint64_t lanes_made, requests_made;

    struct bus_status *statuses;
};

/// connect.c
struct link *link_start(const struct bus *bus); // NULL: no memory, no thread
bool link_finished(struct link *link);          // once true, the link belongs to the caller's thread
void link_abandon(struct link *link);           // an attempt that may still be running
void link_destroy(struct link *link);
void link_explain(const struct link *link, struct problem *ret_reason);

/// request.c
void requests_fail(struct bus *bus); // the connection is gone: nobody will answer
void requests_free(struct bus *bus);

/// status.c
void statuses_publish(struct bus *bus);
void statuses_detach(struct bus *bus);
