/* MQTT devices that are off line: nats-server keeps for their sessions what it finds in its stream `$MQTT_msgs`, for
 * ever. So that a device that never comes back does not fill the disk for all others, the stream gets a limit: the
 * oldest messages go first. The server makes the stream itself when the first device connects, and takes one that is
 * there already as it is. A server without JetStream has no such stream, and nothing is sent there. */
#include "internal.h"

#include <base/clock.h>
#include <base/log.h>
#include <json/json.h>

static const uint64_t ASK_AGAIN_NS = 5 * NS_PER_S;

/// The server's own settings but for the last two: 7 days, AWS's longest session, and 256 MiB.
static const char stream[] = "{\"name\":\"$MQTT_msgs\",\"subjects\":[\"$MQTT.msgs.>\"],\"retention\":\"interest\","
                             "\"storage\":\"file\",\"discard\":\"old\",\"num_replicas\":1,"
                             "\"max_age\":604800000000000,\"max_bytes\":268435456}";

static void ask(struct twins *twins, const char *subject, bus_answer_fn *on_answer);

static void ask_again(void *context);

static void ask_later(struct twins *twins) {
    if (loop_timer(twins->loop, ASK_AGAIN_NS, 0, ask_again, twins) == NULL)
        log_warning("out of memory: what devices at QoS 1 are sent has no limit");
}

/// True when the stream is there and has its limits.
static bool is_granted(struct text data, int64_t *ret_code) {
    struct json_limits limits = {.bytes_max = 1 << 16, .depth_max = 16};
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(data, limits, &document, NULL)) return false;
    const struct json *error = json_member(json_root(document), "error");
    *ret_code = json_integer(json_member(error, "code"), 0);
    if (!json_exists(error)) return true;
    if (*ret_code != 404)
        log_warning("messages for devices at QoS 1 have no limit: %.*s",
                    TEXT_ARG(json_string(json_member(error, "description"))));
    return false;
}

static void on_created(void *context, enum error error, struct text data) {
    struct twins *twins = context;
    int64_t code = 0;
    if (error || !is_granted(data, &code)) ask_later(twins);
}

static void on_updated(void *context, enum error error, struct text data) {
    struct twins *twins = context;
    int64_t code = 0;
    // Nobody to ask: the server keeps nothing, so all devices get what is sent at once, at QoS 0.
    twins->no_queues = error == ERROR_UNAVAILABLE && bus_connected(twins->bus);
    if (error) return ask_later(twins);
    if (!is_granted(data, &code) && code == 404) ask(twins, "$JS.API.STREAM.CREATE.$MQTT_msgs", on_created);
}

static void ask(struct twins *twins, const char *subject, bus_answer_fn *on_answer) {
    if (bus_request(twins->bus, text_of(subject), text_of(stream), ASK_AGAIN_NS, on_answer, twins)) ask_later(twins);
}

static void ask_again(void *context) {
    ask(context, "$JS.API.STREAM.UPDATE.$MQTT_msgs", on_updated);
}

void devices_connected(struct twins *twins) {
    ask_again(twins);
}
