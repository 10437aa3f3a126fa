#include "bus_internal.h"

#include <base/clock.h>
#include <pki/pki.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*            attempt's thread                  loop's thread
 *   link_start ---> connect_once ---eventfd---> on_wake:  adopt or retry
 *                                               on_ready: read, deliver, write
 *                                               lost:     destroy the link, retry after a delay
 *
 * (1) A link is used by its attempt's thread until that has finished, then by the loop's thread alone.
 * (2) Subscriptions outlive links; adopt() makes them anew, before anything else is sent.
 * (3) While callbacks run (depth > 0) nothing they could still hold is freed, and output is collected: one TLS record
 *     for everything that one batch of input causes. */

static const uint64_t RETRY_FIRST_NS = 20 * NS_PER_MS;
static const uint64_t RETRY_MAX_NS = NS_PER_S;

static void attempt_start(struct bus *bus);

bool bus_connected(const struct bus *bus) {
    return bus->link != NULL && !bus->link->lost;
}

// --- telling the owner ---

static void enter(struct bus *bus) {
    bus->depth++;
}

static void bus_free(struct bus *bus);
static void sweep(struct bus *bus);

/// False when the bus is gone: a callback has closed it.
static bool leave(struct bus *bus) {
    if (--bus->depth > 0) return true;
    if (bus->closed) {
        bus_free(bus);
        return false;
    }
    sweep(bus);
    return true;
}

static void tell(struct bus *bus, bool connected, const char *reason) {
    error_ignore(problem_say(&bus->reason, ERROR_NONE, "%s", reason)); // kept to be compared with the next one
    if (bus->state != NULL && !bus->closed) bus->state(bus->context, connected, bus->reason.text);
}

// --- output ---

/// For what the socket did not take.
static void watch_output(struct link *link) {
    if (link->watch == NULL || link->write_wanted == link->watching_write) return;
    if (loop_watch_change(link->watch, link->write_wanted ? EPOLLIN | EPOLLOUT : EPOLLIN) == ERROR_NONE)
        link->watching_write = link->write_wanted;
}

static void wake(struct bus *bus) {
    const uint64_t one = 1;
    ssize_t written = write(bus->wake_fd, &one, sizeof one);
    (void)written; // a full counter wakes as well
}

/// Sends at once instead of waiting for the next turn of the loop.
static void flush(struct bus *bus) {
    if (bus->depth > 0 || !bus_connected(bus)) return;
    if (bus->link->write_wanted) natsConnection_ProcessWriteEvent(bus->link->connection);
    if (bus->link->lost)
        wake(bus); // the caller may be anywhere: the loss is dealt with in a turn of its own
    else
        watch_output(bus->link);
}

static enum error error_of(natsStatus status) {
    switch (status) {
    case NATS_OK: return ERROR_NONE;
    case NATS_INVALID_SUBJECT:
    case NATS_INVALID_QUEUE_NAME:
    case NATS_INVALID_ARG: return ERROR_INVALID;
    case NATS_MAX_PAYLOAD: return ERROR_TOO_LARGE;
    case NATS_NO_MEMORY: return ERROR_NO_MEMORY;
    case NATS_TIMEOUT: return ERROR_TIMEOUT;
    default: return ERROR_UNAVAILABLE;
    }
}

static bool copy_subject(struct text subject, char ret_copy[static BUS_SUBJECT_BYTES_MAX]) {
    if (subject.length == 0 || subject.length >= BUS_SUBJECT_BYTES_MAX) return false;
    for (size_t i = 0; i < subject.length; i++) {
        unsigned char byte = (unsigned char)subject.data[i];
        if (byte <= ' ' || byte == 0x7f) return false; // would end the subject, or the protocol line
        ret_copy[i] = (char)byte;
    }
    ret_copy[subject.length] = '\0';
    return true;
}

enum error bus_publish_reply(struct bus *bus, struct text subject, struct text reply, struct text data) {
    if (bus->closed || !bus_connected(bus)) return ERROR_UNAVAILABLE;
    char to[BUS_SUBJECT_BYTES_MAX], answer[BUS_SUBJECT_BYTES_MAX];
    if (!copy_subject(subject, to)) return ERROR_INVALID;
    if (reply.length > 0 && !copy_subject(reply, answer)) return ERROR_INVALID;
    if (data.length > INT32_MAX) return ERROR_TOO_LARGE;
    natsConnection *connection = bus->link->connection;
    natsStatus status = reply.length == 0
                            ? natsConnection_Publish(connection, to, data.data, (int)data.length)
                            : natsConnection_PublishRequest(connection, to, answer, data.data, (int)data.length);
    flush(bus);
    return bus_connected(bus) ? error_of(status) : ERROR_UNAVAILABLE;
}

enum error bus_publish(struct bus *bus, struct text subject, struct text data) {
    return bus_publish_reply(bus, subject, TEXT_EMPTY, data);
}

/// The server takes a message with this header for one that an MQTT client has published at QoS 1.
static natsStatus publish_marked(natsConnection *connection, const char *subject, struct text data) {
    natsMsg *message = NULL;
    natsStatus status = natsMsg_Create(&message, subject, NULL, data.data, (int)data.length);
    if (status == NATS_OK) status = natsMsgHeader_Set(message, "Nmqtt-Pub", "1");
    if (status == NATS_OK) status = natsConnection_PublishMsg(connection, message);
    natsMsg_Destroy(message);
    return status;
}

/// On its own subject it is for services and for devices that have subscribed at QoS 0; the stream of the server's MQTT
/// part, which takes all below "$MQTT.msgs.", gives it to those at QoS 1, and keeps it for them.
enum error bus_publish_kept(struct bus *bus, struct text subject, struct text data) {
    static const char prefix[] = "$MQTT.msgs.";
    enum { BEFORE = sizeof prefix - 1 };
    if (bus->closed || !bus_connected(bus)) return ERROR_UNAVAILABLE;
    char kept[BEFORE + BUS_SUBJECT_BYTES_MAX];
    memcpy(kept, prefix, BEFORE);
    if (!copy_subject(subject, kept + BEFORE)) return ERROR_INVALID;
    if (data.length > INT32_MAX) return ERROR_TOO_LARGE;
    natsStatus status = publish_marked(bus->link->connection, kept + BEFORE, data);
    if (status == NATS_OK) status = publish_marked(bus->link->connection, kept, data);
    flush(bus);
    return bus_connected(bus) ? error_of(status) : ERROR_UNAVAILABLE;
}

// --- subscriptions ---

static natsStatus make_subscription(struct bus_subscription *subscription) {
    natsConnection *connection = subscription->bus->link->connection;
    if (subscription->queue == NULL)
        return natsConnection_SubscribeSync(&subscription->handle, connection, subscription->subject);
    return natsConnection_QueueSubscribeSync(&subscription->handle, connection, subscription->subject,
                                             subscription->queue);
}

static void drop_subscription(struct bus_subscription *subscription) {
    if (subscription->handle == NULL) return;
    if (bus_connected(subscription->bus)) natsSubscription_Unsubscribe(subscription->handle);
    natsSubscription_Destroy(subscription->handle);
    subscription->handle = NULL;
}

static void free_subscription(struct bus_subscription *subscription) {
    if (subscription == NULL) return;
    drop_subscription(subscription);
    free(subscription->subject);
    free(subscription->queue);
    free(subscription);
}

enum error bus_subscribe(struct bus *bus, const char *subject, const char *queue, bus_message_fn *on_message,
                         void *context, struct bus_subscription **ret_subscription) {
    char checked[BUS_SUBJECT_BYTES_MAX];
    if (!copy_subject(text_of(subject), checked)) return ERROR_INVALID;
    struct bus_subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL) return ERROR_NO_MEMORY;
    *subscription = (struct bus_subscription){.bus = bus, .on_message = on_message, .context = context};
    subscription->subject = strdup(subject);
    subscription->queue = queue == NULL ? NULL : strdup(queue);
    if (subscription->subject == NULL || (queue != NULL && subscription->queue == NULL)) {
        free_subscription(subscription);
        return ERROR_NO_MEMORY;
    }
    natsStatus status = bus_connected(bus) ? make_subscription(subscription) : NATS_OK;
    if (status != NATS_OK && bus_connected(bus)) {
        free_subscription(subscription);
        return error_of(status);
    }
    *bus->subscriptions_end = subscription;
    bus->subscriptions_end = &subscription->next;
    flush(bus);
    if (ret_subscription != NULL) *ret_subscription = subscription;
    return ERROR_NONE;
}

void bus_unsubscribe(struct bus_subscription *subscription) {
    if (subscription == NULL || subscription->dead) return;
    struct bus *bus = subscription->bus;
    subscription->dead = true;
    drop_subscription(subscription);
    flush(bus);
    sweep(bus);
}

/// Frees what was unsubscribed.
static void sweep(struct bus *bus) {
    if (bus->depth > 0) return;
    struct bus_subscription **at = &bus->subscriptions;
    while (*at != NULL) {
        struct bus_subscription *subscription = *at;
        if (!subscription->dead) {
            at = &subscription->next;
            continue;
        }
        *at = subscription->next;
        free_subscription(subscription);
    }
    bus->subscriptions_end = at;
}

// --- input ---

static bool deliver_one(struct bus_subscription *subscription) {
    natsMsg *message = NULL;
    natsStatus status = natsSubscription_NextMsg(&message, subscription->handle, 0);
    if (status == NATS_NO_RESPONDERS && subscription->on_no_responders != NULL)
        subscription->on_no_responders(subscription->context);
    if (status != NATS_OK) return status == NATS_NO_RESPONDERS;
    struct bus_message view = {
        .subject = text_of(natsMsg_GetSubject(message)),
        .reply = text_of(natsMsg_GetReply(message)),
        .data = {natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message)},
    };
    subscription->on_message(subscription->context, &view);
    natsMsg_Destroy(message);
    return true;
}

static bool has_messages(const struct bus_subscription *subscription) {
    uint64_t count = 0;
    return subscription->handle != NULL && natsSubscription_QueuedMsgs(subscription->handle, &count) == NATS_OK &&
           count > 0;
}

static void deliver(struct bus *bus) {
    for (struct bus_subscription *each = bus->subscriptions; each != NULL && !bus->closed; each = each->next)
        while (!each->dead && !bus->closed && has_messages(each) && deliver_one(each)) {}
}

/// The server refuses single subjects without closing the connection; that must not stay unseen.
static void notice_refusal(struct bus *bus) {
    const char *text = NULL;
    if (natsConnection_GetLastError(bus->link->connection, &text) != NATS_NOT_PERMITTED) return;
    if (text == NULL || strcmp(text, bus->reason.text) == 0) return;
    tell(bus, true, text);
}

static void drop_link(struct bus *bus) {
    loop_unwatch(bus->link->watch);
    bus->link->watch = NULL;
    for (struct bus_subscription *each = bus->subscriptions; each != NULL; each = each->next) {
        natsSubscription_Destroy(each->handle);
        each->handle = NULL;
    }
    struct link *link = bus->link;
    bus->link = NULL;
    link_destroy(link);
}

static void retry(void *context) {
    struct bus *bus = context;
    bus->retry_timer = NULL;
    attempt_start(bus);
}

static void retry_later(struct bus *bus) {
    bus->retry_timer = loop_timer(bus->loop, bus->retry_delay_ns, 0, retry, bus);
    if (bus->retry_timer == NULL) abort(); // a few bytes are all it needs; without them nothing goes on
    bus->retry_delay_ns = bus->retry_delay_ns * 2 > RETRY_MAX_NS ? RETRY_MAX_NS : bus->retry_delay_ns * 2;
}

static void lose(struct bus *bus) {
    const char *text = NULL;
    natsStatus status = natsConnection_GetLastError(bus->link->connection, &text);
    if (text == NULL || text[0] == '\0') text = natsStatus_GetText(status);
    struct problem reason;
    error_ignore(problem_say(&reason, ERROR_UNAVAILABLE, "connection to %s lost: %s", bus->url, text)); // told below
    drop_link(bus);
    enter(bus);
    tell(bus, false, reason.text);
    requests_fail(bus);
    if (leave(bus)) retry_later(bus);
}

static void on_ready(void *context, uint32_t events) {
    struct bus *bus = context;
    natsConnection *connection = bus->link->connection;
    enter(bus);
    if ((events & EPOLLOUT) != 0) natsConnection_ProcessWriteEvent(connection);
    if ((events & ~(uint32_t)EPOLLOUT) != 0 && !bus->link->lost) natsConnection_ProcessReadEvent(connection);
    if (!bus->link->lost) deliver(bus);
    if (!bus->closed && !bus->link->lost) notice_refusal(bus);
    if (!leave(bus)) return;
    if (bus->link->lost)
        lose(bus);
    else
        flush(bus);
}

// --- connecting ---

static bool adopt(struct bus *bus) {
    for (struct bus_subscription *each = bus->subscriptions; each != NULL; each = each->next)
        if (!each->dead && make_subscription(each) != NATS_OK) return false;
    bus->link->watch = loop_watch(bus->loop, bus->link->fd, EPOLLIN, on_ready, bus);
    return bus->link->watch != NULL;
}

static void on_connected(struct bus *bus) {
    if (!adopt(bus)) {
        drop_link(bus);
        retry_later(bus);
        return;
    }
    bus->retry_delay_ns = RETRY_FIRST_NS;
    enter(bus);
    tell(bus, true, "");
    if (!bus->closed) statuses_publish(bus);
    if (leave(bus)) flush(bus);
}

static void on_refused(struct bus *bus, const struct link *link) {
    struct problem reason;
    link_explain(link, &reason);
    retry_later(bus);
    if (strcmp(reason.text, bus->reason.text) == 0) return;
    enter(bus);
    tell(bus, false, reason.text);
    leave(bus);
}

static void on_attempt(struct bus *bus) {
    struct link *link = bus->attempt;
    bus->attempt = NULL;
    if (link->status != NATS_OK) {
        on_refused(bus, link);
        link_destroy(link);
        return;
    }
    bus->link = link;
    on_connected(bus);
}

static void on_wake(void *context, uint32_t events) {
    (void)events;
    struct bus *bus = context;
    uint64_t count;
    if (read(bus->wake_fd, &count, sizeof count) < 0) return;
    if (bus->attempt != NULL && link_finished(bus->attempt))
        on_attempt(bus);
    else if (bus->link != NULL && bus->link->lost)
        lose(bus);
}

static void attempt_start(struct bus *bus) {
    bus->attempt = link_start(bus);
    if (bus->attempt == NULL) retry_later(bus);
}

static char *host_of(const char *url) {
    const char *start = strstr(url, "://");
    start = start == NULL ? url : start + 3;
    const char *colon = strrchr(start, ':');
    size_t length = colon == NULL ? strlen(start) : (size_t)(colon - start);
    if (length >= 2 && start[0] == '[' && start[length - 1] == ']') return strndup(start + 1, length - 2);
    return strndup(start, length);
}

/// What no waiting mends.
static enum error check_files(const struct bus_options *options, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer password = {0};
    enum error error = pki_secret_read(options->password_file, &password, ret_problem);
    if (error) return error;
    natsOptions *trial = NULL;
    if (natsOptions_Create(&trial) != NATS_OK) return problem_say(ret_problem, ERROR_NO_MEMORY, "bus: out of memory");
    bool usable = natsOptions_LoadCATrustedCertificates(trial, options->ca_file) == NATS_OK;
    bool url_usable = natsOptions_SetURL(trial, options->url) == NATS_OK;
    natsOptions_Destroy(trial);
    if (!usable)
        return problem_say(ret_problem, ERROR_INVALID, "%s: not a readable certificate (PEM) of an authority",
                           options->ca_file);
    if (!url_usable)
        return problem_say(ret_problem, ERROR_INVALID, "%s: not an address of the bus; expected tls://HOST:PORT",
                           options->url);
    return ERROR_NONE;
}

static bool keep_options(struct bus *bus, const struct bus_options *options) {
    bus->state = options->state;
    bus->context = options->context;
    bus->url = strdup(options->url);
    bus->host = host_of(options->url);
    bus->ca_file = strdup(options->ca_file);
    bus->user = strdup(options->user);
    bus->password_file = strdup(options->password_file);
    bus->name = strdup(options->name == NULL ? options->user : options->name);
    return bus->url != NULL && bus->host != NULL && bus->ca_file != NULL && bus->user != NULL &&
           bus->password_file != NULL && bus->name != NULL;
}

enum error bus_open(struct loop *loop, const struct bus_options *options, struct bus **ret_bus,
                    struct problem *ret_problem) {
    enum error error = check_files(options, ret_problem);
    if (error) return error;
    struct bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "bus: out of memory");
    bus->loop = loop;
    bus->retry_delay_ns = RETRY_FIRST_NS;
    bus->subscriptions_end = &bus->subscriptions;
    bus->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool complete = keep_options(bus, options) && bus->wake_fd >= 0;
    if (complete) bus->wake_watch = loop_watch(loop, bus->wake_fd, EPOLLIN, on_wake, bus);
    if (bus->wake_watch == NULL) {
        bus_free(bus);
        return problem_say(ret_problem, ERROR_NO_MEMORY, "bus: out of memory or descriptors");
    }
    attempt_start(bus);
    *ret_bus = bus;
    return ERROR_NONE;
}

static void bus_free(struct bus *bus) {
    statuses_detach(bus);
    requests_free(bus);
    link_abandon(bus->attempt);
    while (bus->subscriptions != NULL) {
        struct bus_subscription *next = bus->subscriptions->next;
        free_subscription(bus->subscriptions);
        bus->subscriptions = next;
    }
    if (bus->link != NULL) drop_link(bus);
    loop_timer_cancel(bus->retry_timer);
    loop_unwatch(bus->wake_watch);
    if (bus->wake_fd >= 0) close(bus->wake_fd);
    free(bus->inbox);
    free(bus->url);
    free(bus->host);
    free(bus->ca_file);
    free(bus->user);
    free(bus->password_file);
    free(bus->name);
    free(bus);
}

void bus_close(struct bus *bus) {
    if (bus == NULL || bus->closed) return;
    bus->closed = true;
    if (bus->depth == 0) bus_free(bus);
}
