/// The bus of a tier: NATS. The only module that knows the NATS library.
///
/// A connection belongs to one event loop: messages, answers and state changes arrive as callbacks on the loop's
/// thread, those of one subscription in the order in which the server sent them (two subscriptions may overtake each
/// other). Publishing is done from that thread, too; what one batch of input causes leaves in one packet.
/// Reconnects for ever by itself, with back-off; subscriptions survive; what is published while off line is refused
/// with ERROR_UNAVAILABLE, so that the caller decides what must be repeated.
/// TLS is always on; the server's certificate must be signed by the CA of the data folder.
#pragma once

#include <base/buffer.h>
#include <base/loop.h>
#include <base/problem.h>
#include <base/text.h>

struct bus;

struct bus_options {
    const char *url;     // "tls://127.0.0.1:4222"
    const char *ca_file; // PEM
    const char *user;
    const char *password_file; // read at each connect; must be mode 0600
    const char *name;          // shown in the server's connection list
    /// On each change; also `connected` with a reason when the server refuses a single subject. May be NULL.
    void (*state)(void *context, bool connected, const char *reason);
    void *context;
};

/// Fails at once only for what no waiting mends (a file that cannot be read); a server that is not there yet is
/// tried again until it is. `state` tells.
enum error bus_open(struct loop *loop, const struct bus_options *options, struct bus **ret_bus,
                    struct problem *ret_problem);
void bus_close(struct bus *bus); // NULL is fine; no callback comes afterwards
bool bus_connected(const struct bus *bus);

struct bus_message {
    struct text subject;
    struct text reply; // empty when nobody waits for an answer
    struct text data;
};
typedef void bus_message_fn(void *context, const struct bus_message *message); // all borrowed

/// `queue` shares the messages among the subscribers of that name; NULL: everyone gets each.
struct bus_subscription;
enum error bus_subscribe(struct bus *bus, const char *subject, const char *queue, bus_message_fn *on_message,
                         void *context, struct bus_subscription **ret_subscription);
void bus_unsubscribe(struct bus_subscription *subscription); // NULL is fine

enum error bus_publish(struct bus *bus, struct text subject, struct text data);
/// Reaches MQTT devices at the quality of service of their subscription: those at QoS 1 get it when they are back, if
/// their session persists. (What `bus_publish` sends is QoS 0 to all of them.) Everybody gets it once. Subjects with
/// wildcards or an empty level are no topics. Uses the inside of nats-server 2.10:
/// docs/decisions/0031-devices-that-are-off-line.md.
enum error bus_publish_kept(struct bus *bus, struct text subject, struct text data);
enum error bus_publish_reply(struct bus *bus, struct text subject, struct text reply, struct text data);

/// Calls back exactly once: ERROR_NONE with the answer, ERROR_UNAVAILABLE (nobody serves the subject, or off line),
/// ERROR_TIMEOUT. Never from inside this call.
typedef void bus_answer_fn(void *context, enum error error, struct text data);
enum error bus_request(struct bus *bus, struct text subject, struct text data, uint64_t timeout_ns,
                       bus_answer_fn *on_answer, void *context);

/// Publishes `splc.status.<service>` at once, on every `bus_status_changed`, and every second, in its first 2 s ten
/// times a second; the form is docs/spec/bus.md. `fill` writes the service's own members into the open object; may be
/// NULL. The common members (service, tier, state, reason, pid, startedAt, time) are written here.
struct json_writer;
struct bus_status;
struct bus_status *bus_status_open(struct bus *bus, const char *service, const char *tier,
                                   void (*fill)(void *context, struct json_writer *writer), void *context);
void bus_status_changed(struct bus_status *status);
/// A reason makes the state "degraded"; NULL or "" makes it "ok" again. Publishes at once when it is another than
/// before.
void bus_status_reason(struct bus_status *status, const char *reason);
void bus_status_close(struct bus_status *status); // NULL is fine

/// One line of the event stream, `splc.event`: for operators (docs/spec/bus.md). Severity 1..1000 as in OPC UA.
enum error bus_event(struct bus *bus, unsigned severity, const char *source, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/// Topic and subject: "$aws/things/T/shadow/update" <-> "$aws.things.T.shadow.update". Only for topics whose levels
/// are free of '.', ' ', '*', '>' and not empty; ERROR_INVALID otherwise.
enum error bus_subject_from_topic(struct text topic, struct buffer *ret_subject);
enum error bus_topic_from_subject(struct text subject, struct buffer *ret_topic);
