/* MQTT devices at QoS 1. nats-server gives them, and keeps for their sessions while they are off line, what it finds in
 * its stream `$MQTT_msgs`: each of their subscriptions is a consumer of it.
 *
 *   connected --> limits of the stream are set --> consumers are listed --> `hearers`: things with a consumer
 *                                                    ^ a consumer comes or goes
 *
 * Only what concerns these things is sent to the stream as well (bus_publish_kept). Until a list is there, and from the
 * news of a consumer to the next list, everything is: what is sent twice in vain does no harm.
 *
 * The limits are there because the server has none: a device that never comes back would fill the disk for all others.
 * The oldest messages go first. The server makes the stream itself when the first device connects, and takes one that
 * is there already as it is. A server without JetStream has no such stream, and nothing is sent there. */
#include "internal.h"

#include <base/clock.h>
#include <base/log.h>
#include <json/json.h>

#include <stdio.h>

static const uint64_t ASK_AGAIN_NS = 5 * NS_PER_S;
static const uint64_t LIST_AGAIN_NS = 200 * NS_PER_MS; // many devices that connect at once share a list

/// The server's own settings but for the last two: 7 days, AWS's longest session, and 256 MiB.
static const char stream[] = "{\"name\":\"$MQTT_msgs\",\"subjects\":[\"$MQTT.msgs.>\"],\"retention\":\"interest\","
                             "\"storage\":\"file\",\"discard\":\"old\",\"num_replicas\":1,"
                             "\"max_age\":604800000000000,\"max_bytes\":268435456}";

static void ask(struct twins *twins, const char *subject, const char *question, bus_answer_fn *on_answer);

static void later(struct twins *twins, uint64_t delay_ns, void (*then)(void *context)) {
    if (loop_timer(twins->loop, delay_ns, 0, then, twins) == NULL)
        log_warning("out of memory: everything is sent to devices at QoS 1"); // as long as the connection lasts
}

/// 0: the answer is good; otherwise the server's code.
static int64_t error_of(const struct json *answer) {
    const struct json *error = json_member(answer, "error");
    return json_exists(error) ? json_integer(json_member(error, "code"), 500) : 0;
}

static struct json_document *parse(struct text data) {
    struct json_limits limits = {.bytes_max = 1 << 22, .depth_max = 16};
    struct json_document *document = NULL;
    return json_parse(data, limits, &document, NULL) ? NULL : document;
}

/* ---- Who hears at QoS 1 ---- */

static void list(void *context);

static void list_soon(struct twins *twins) {
    twins->hears_all = true;
    twins->list_wanted = true;
    if (twins->listing) return;
    twins->listing = true;
    later(twins, LIST_AGAIN_NS, list);
}

static bool is_wildcard(struct text level) {
    return text_is(level, "*") || text_is(level, ">");
}

/// Which things a consumer is for: "$MQTT.msgs.$aws.things.T.shadow.update.delta", also with wildcards.
static void note_hearer(struct twins *twins, struct text filter) {
    static char noted;
    static const char *const words[] = {"$MQTT", "msgs", "$aws", "things"};
    struct text level = TEXT_EMPTY;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !text_is(level, ">"); i++)
        if (!text_split(&filter, '.', &level) || !(text_is(level, words[i]) || is_wildcard(level))) return;
    bool named = !text_is(level, ">") && text_split(&filter, '.', &level) && !is_wildcard(level);
    if (!named || map_set(twins->hearers_next, level, &noted)) twins->hears_all_next = true;
}

static void end_list(struct twins *twins) {
    map_destroy(twins->hearers);
    twins->hearers = twins->hearers_next;
    twins->hearers_next = NULL;
    twins->hears_all = twins->hears_all_next || twins->list_wanted;
    twins->listing = false;
    if (twins->list_wanted) list_soon(twins);
}

static void on_page(void *context, enum error error, struct text data);

static void ask_page(struct twins *twins) {
    char question[48];
    snprintf(question, sizeof question, "{\"offset\":%llu}", (unsigned long long)twins->listed);
    ask(twins, "$JS.API.CONSUMER.LIST.$MQTT_msgs", question, on_page);
}

static void on_page(void *context, enum error error, struct text data) {
    struct twins *twins = context;
    CLEANUP(json_destroy_at) struct json_document *document = error ? NULL : parse(data);
    const struct json *answer = document == NULL ? NULL : json_root(document);
    bool is_good = document != NULL && error_of(answer) == 0;
    const struct json *consumers = json_member(answer, "consumers");
    for (struct json_each each = json_each(consumers); json_next(&each);)
        note_hearer(twins, json_string(json_path(each.value, TEXT("config/filter_subject"))));
    twins->listed += json_count(consumers);
    if (is_good && json_count(consumers) > 0 && (int64_t)twins->listed < json_integer(json_member(answer, "total"), 0))
        return ask_page(twins);
    twins->hears_all_next |= !is_good;
    end_list(twins);
    if (!is_good && bus_connected(twins->bus)) later(twins, ASK_AGAIN_NS, list);
}

static void list(void *context) {
    struct twins *twins = context;
    map_destroy(twins->hearers_next);
    twins->hearers_next = map_create();
    twins->hears_all_next = twins->hearers_next == NULL;
    twins->listing = true;
    twins->list_wanted = false;
    twins->listed = 0;
    if (twins->hearers_next == NULL) return end_list(twins);
    ask_page(twins);
}

static void consumer_changed(void *context, const struct bus_message *message) {
    (void)message;
    list_soon(context);
}

bool devices_hear(const struct twins *twins, struct text thing) {
    if (twins->no_queues) return false;
    return twins->hears_all || map_get(twins->hearers, thing) != NULL;
}

/* ---- The limits of the stream ---- */

static void set_limits(void *context);

/// True when the stream is there and has its limits.
static bool is_granted(struct text data, int64_t *ret_code) {
    CLEANUP(json_destroy_at) struct json_document *document = parse(data);
    if (document == NULL) return false;
    const struct json *error = json_member(json_root(document), "error");
    *ret_code = error_of(json_root(document));
    if (*ret_code == 0) return true;
    if (*ret_code != 404)
        log_warning("messages for devices at QoS 1 have no limit: %.*s",
                    TEXT_ARG(json_string(json_member(error, "description"))));
    return false;
}

static void on_created(void *context, enum error error, struct text data) {
    struct twins *twins = context;
    int64_t code = 0;
    if (error || !is_granted(data, &code)) return later(twins, ASK_AGAIN_NS, set_limits);
    list_soon(twins);
}

static void on_updated(void *context, enum error error, struct text data) {
    struct twins *twins = context;
    int64_t code = 0;
    // Nobody to ask: the server keeps nothing, so all devices get what is sent at once, at QoS 0.
    twins->no_queues = error == ERROR_UNAVAILABLE && bus_connected(twins->bus);
    if (error) return bus_connected(twins->bus) ? later(twins, ASK_AGAIN_NS, set_limits) : (void)0;
    if (!is_granted(data, &code) && code == 404)
        return ask(twins, "$JS.API.STREAM.CREATE.$MQTT_msgs", stream, on_created);
    list_soon(twins);
}

static void set_limits(void *context) {
    ask(context, "$JS.API.STREAM.UPDATE.$MQTT_msgs", stream, on_updated);
}

/// Off line nothing is asked: all of it comes again with the next connection.
static void ask(struct twins *twins, const char *subject, const char *question, bus_answer_fn *on_answer) {
    enum error error = bus_request(twins->bus, text_of(subject), text_of(question), ASK_AGAIN_NS, on_answer, twins);
    if (error) on_answer(twins, error, TEXT_EMPTY);
}

enum error devices_open(struct twins *twins) {
    twins->hearers = map_create();
    twins->hears_all = true;
    if (twins->hearers == NULL) return ERROR_NO_MEMORY;
    return bus_subscribe(twins->bus, "$JS.EVENT.ADVISORY.CONSUMER.*.$MQTT_msgs.>", NULL, consumer_changed, twins, NULL);
}

void devices_connected(struct twins *twins) {
    twins->hears_all = true;
    set_limits(twins);
}

void devices_close(struct twins *twins) {
    map_destroy(twins->hearers);
    map_destroy(twins->hearers_next);
}
