#include <base/clock.h>
#include <base/file.h>
#include <bus/bus.h>
#include <json/json.h>
#include <pki/pki.h>
#include <testing/testing.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_S = 20 }; // long, because tests share the machine; none waits that long when all is well

/// One client of the bus and what it has seen.
struct client {
    struct loop *loop;
    struct bus *bus;
    bool connected;
    unsigned changes;
    char reason[512];
    unsigned received;
    char last[256];
    struct buffer all; // of all messages
    bool answered;
    unsigned answers;
    enum error error;
};

static void on_state(void *context, bool connected, const char *reason) {
    struct client *client = context;
    client->connected = connected;
    client->changes++;
    snprintf(client->reason, sizeof client->reason, "%s", reason);
}

static void on_message(void *context, const struct bus_message *message) {
    struct client *client = context;
    client->received++;
    snprintf(client->last, sizeof client->last, "%.*s", TEXT_ARG(message->data));
    buffer_text(&client->all, message->data);
}

static void on_answer(void *context, enum error error, struct text data) {
    struct client *client = context;
    client->answered = true;
    client->answers++;
    client->error = error;
    snprintf(client->last, sizeof client->last, "%.*s", TEXT_ARG(data));
}

static bool is_connected(void *context) {
    return ((struct client *)context)->connected;
}
static bool is_disconnected(void *context) {
    return !((struct client *)context)->connected;
}
static bool has_reason(void *context) {
    return ((struct client *)context)->reason[0] != '\0';
}
static bool has_received(void *context) {
    return ((struct client *)context)->received > 0;
}
static bool is_answered(void *context) {
    return ((struct client *)context)->answered;
}

struct fixture {
    struct loop *loop;
    struct testing_nats *nats;
    struct client a, b;
};

static void client_open(struct client *client, struct fixture *fixture, const char *user, const char *password_file) {
    struct bus_options options = {
        .url = fixture->nats->url,
        .ca_file = fixture->nats->ca_file,
        .user = user,
        .password_file = password_file == NULL ? fixture->nats->password_file : password_file,
        .name = "test",
        .state = on_state,
        .context = client,
    };
    struct problem problem = {0};
    *client = (struct client){.loop = fixture->loop};
    assert_int_equal(bus_open(fixture->loop, &options, &client->bus, &problem), ERROR_NONE);
}

static void wait_for(bool (*done)(void *), struct client *client) {
    if (!testing_run_until(client->loop, done, client, WAIT_S)) fail_msg("waited in vain; reason: %s", client->reason);
}

static int set_up_with(void **state, const char *config) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->loop = loop_create();
    fixture->nats = testing_nats_start(config);
    *state = fixture;
    return fixture->loop == NULL;
}

static int set_up(void **state) {
    return set_up_with(state, NULL);
}

static int set_up_connected(void **state) {
    set_up(state);
    struct fixture *fixture = *state;
    client_open(&fixture->a, fixture, "test", NULL);
    client_open(&fixture->b, fixture, "test", NULL);
    wait_for(is_connected, &fixture->a);
    wait_for(is_connected, &fixture->b);
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    bus_close(fixture->a.bus);
    bus_close(fixture->b.bus);
    buffer_clear(&fixture->a.all);
    buffer_clear(&fixture->b.all);
    loop_destroy(fixture->loop);
    testing_nats_destroy(fixture->nats);
    free(fixture);
    return 0;
}

/// The server has taken all that this client sent before: its own message has come back.
static void settle(struct client *client) {
    struct bus_subscription *subscription = NULL;
    struct client probe = {.loop = client->loop};
    assert_int_equal(bus_subscribe(client->bus, "test.settle", NULL, on_message, &probe, &subscription), ERROR_NONE);
    assert_int_equal(bus_publish(client->bus, TEXT("test.settle"), TEXT("x")), ERROR_NONE);
    wait_for(has_received, &probe);
    bus_unsubscribe(subscription);
    buffer_clear(&probe.all);
}

// --- messages ---

static bool has_received_3(void *context) {
    return ((struct client *)context)->received == 3;
}

static void a_message_reaches_its_subscriber(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "plant.*.shadow", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    assert_int_equal(bus_publish(f->a.bus, TEXT("plant.x.shadow"), TEXT("{\"a\":1}")), ERROR_NONE);
    wait_for(has_received, &f->b);
    assert_string_equal(f->b.last, "{\"a\":1}");
}

static void what_is_kept_for_devices_reaches_a_subscriber_once(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "plant.*.shadow", NULL, on_message, &f->b, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(f->b.bus, "$MQTT.msgs.>", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    assert_int_equal(bus_publish_kept(f->a.bus, TEXT("plant.x.shadow"), TEXT("(a)")), ERROR_NONE);
    assert_int_equal(bus_publish_kept(f->a.bus, TEXT("plant x"), TEXT("(b)")), ERROR_INVALID);
    assert_int_equal(bus_publish(f->a.bus, TEXT("plant.x.shadow"), TEXT("end")), ERROR_NONE);
    wait_for(has_received_3, &f->b);
    settle(&f->b);
    assert_int_equal(f->b.received, 3); // one on each of its two subjects, and the end
    assert_int_equal(strstr(f->b.all.data, "(b)") != NULL, false);
}

static bool has_received_1000(void *context) {
    return ((struct client *)context)->received == 1000;
}

static void messages_of_one_subscription_keep_their_order(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "order", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    char expected[1001] = "";
    for (int i = 0; i < 1000; i++) {
        expected[i] = (char)('a' + i % 26);
        struct text one = {&expected[i], 1};
        assert_int_equal(bus_publish(f->a.bus, TEXT("order"), one), ERROR_NONE);
    }
    wait_for(has_received_1000, &f->b);
    assert_memory_equal(f->b.all.data, expected, 1000);
}

static void a_large_message_arrives_whole(void **state) {
    struct fixture *f = *state;
    enum { BYTES = 900 * 1024 }; // much more than one TLS record and one socket buffer; the server's limit is 1 MiB
    char *large = malloc(BYTES);
    memset(large, 'x', BYTES);
    assert_int_equal(bus_subscribe(f->b.bus, "large", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    assert_int_equal(bus_publish(f->a.bus, TEXT("large"), (struct text){large, BYTES}), ERROR_NONE);
    wait_for(has_received, &f->b);
    assert_int_equal(f->b.all.length, BYTES);
    assert_memory_equal(f->b.all.data, large, BYTES);
    free(large);
}

static void a_message_past_the_servers_limit_is_refused(void **state) {
    struct fixture *f = *state;
    enum { BYTES = 2 * 1024 * 1024 };
    char *large = calloc(1, BYTES);
    assert_int_equal(bus_publish(f->a.bus, TEXT("large"), (struct text){large, BYTES}), ERROR_TOO_LARGE);
    free(large);
    settle(&f->a); // the connection lives on
}

static void a_queue_shares_and_gives_each_message_once(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->a.bus, "work", "crew", on_message, &f->a, NULL), ERROR_NONE);
    assert_int_equal(bus_subscribe(f->b.bus, "work", "crew", on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->a);
    settle(&f->b);
    for (int i = 0; i < 100; i++) assert_int_equal(bus_publish(f->a.bus, TEXT("work"), TEXT("1")), ERROR_NONE);
    settle(&f->a);
    settle(&f->b);
    assert_int_equal(f->a.received + f->b.received, 100);
}

static void unsubscribed_means_no_more_messages(void **state) {
    struct fixture *f = *state;
    struct bus_subscription *subscription = NULL;
    assert_int_equal(bus_subscribe(f->a.bus, "quiet", NULL, on_message, &f->a, &subscription), ERROR_NONE);
    bus_unsubscribe(subscription);
    assert_int_equal(bus_publish(f->a.bus, TEXT("quiet"), TEXT("x")), ERROR_NONE);
    settle(&f->a);
    assert_int_equal(f->a.received, 0);
}

struct once {
    struct client *client;
    struct bus_subscription *subscription;
};

static void unsubscribe_itself(void *context, const struct bus_message *message) {
    struct once *once = context;
    on_message(once->client, message);
    bus_unsubscribe(once->subscription);
}

static void a_callback_may_unsubscribe_itself(void **state) {
    struct fixture *f = *state;
    struct once once = {.client = &f->a};
    assert_int_equal(bus_subscribe(f->a.bus, "once", NULL, unsubscribe_itself, &once, &once.subscription), ERROR_NONE);
    for (int i = 0; i < 10; i++) assert_int_equal(bus_publish(f->a.bus, TEXT("once"), TEXT("x")), ERROR_NONE);
    settle(&f->a);
    assert_int_equal(f->a.received, 1);
}

static void close_bus(void *context, const struct bus_message *message) {
    struct client *client = context;
    on_message(client, message);
    bus_close(client->bus);
    client->bus = NULL;
}

static void a_callback_may_close_the_bus(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->a.bus, "end", NULL, close_bus, &f->a, NULL), ERROR_NONE);
    for (int i = 0; i < 10; i++) assert_int_equal(bus_publish(f->a.bus, TEXT("end"), TEXT("x")), ERROR_NONE);
    wait_for(has_received, &f->a);
    assert_int_equal(f->a.received, 1);
}

static void a_subject_with_a_space_or_a_line_end_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"", "a b", "a\r\nPUB x 0", "a\tb"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(bus_publish(f->a.bus, text_of(bad[i]), TEXT("x")), ERROR_INVALID);
        assert_int_equal(bus_subscribe(f->a.bus, bad[i], NULL, on_message, &f->a, NULL), ERROR_INVALID);
    }
    settle(&f->a);
}

// --- requests ---

static void echo(void *context, const struct bus_message *message) {
    struct client *client = context;
    client->received++;
    error_ignore(bus_publish(client->bus, message->reply, message->data));
}

static void a_request_gets_its_answer(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "echo", NULL, echo, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    enum error error = bus_request(f->a.bus, TEXT("echo"), TEXT("hello"), WAIT_S * NS_PER_S, on_answer, &f->a);
    assert_int_equal(error, ERROR_NONE);
    assert_false(f->a.answered); // never from inside the call
    wait_for(is_answered, &f->a);
    assert_int_equal(f->a.error, ERROR_NONE);
    assert_string_equal(f->a.last, "hello");
}

static void a_request_that_nobody_serves_is_unavailable_at_once(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_request(f->a.bus, TEXT("nobody"), TEXT(""), WAIT_S * NS_PER_S, on_answer, &f->a), ERROR_NONE);
    uint64_t start_ns = clock_monotonic_ns();
    wait_for(is_answered, &f->a);
    assert_int_equal(f->a.error, ERROR_UNAVAILABLE);
    assert_true(clock_monotonic_ns() - start_ns < WAIT_S * NS_PER_S / 2);
}

static void a_request_without_answer_times_out_once(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "silence", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    assert_int_equal(bus_request(f->a.bus, TEXT("silence"), TEXT(""), 20 * NS_PER_MS, on_answer, &f->a), ERROR_NONE);
    wait_for(is_answered, &f->a);
    assert_int_equal(f->a.error, ERROR_TIMEOUT);
    settle(&f->a);
    assert_int_equal(f->a.answers, 1);
}

static void requests_under_way_fail_when_the_server_dies(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "silence", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bus_request(f->a.bus, TEXT("silence"), TEXT(""), WAIT_S * NS_PER_S, on_answer, &f->a),
                         ERROR_NONE);
    wait_for(has_received, &f->b);
    testing_nats_kill(f->nats);
    wait_for(is_answered, &f->a);
    assert_int_equal(f->a.error, ERROR_UNAVAILABLE);
    assert_int_equal(f->a.answers, 3);
}

static void a_bus_closed_with_requests_under_way_calls_nobody_back(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_request(f->a.bus, TEXT("nobody"), TEXT(""), NS_PER_MS, on_answer, &f->a), ERROR_NONE);
    bus_close(f->a.bus);
    f->a.bus = NULL;
    settle(&f->b);
    assert_int_equal(f->a.answers, 0);
}

// --- connection ---

static void subscriptions_survive_a_restart_of_the_server(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "again", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    testing_nats_kill(f->nats);
    wait_for(is_disconnected, &f->a);
    wait_for(is_disconnected, &f->b);
    assert_non_null(strstr(f->b.reason, f->nats->url));
    assert_int_equal(bus_publish(f->a.bus, TEXT("again"), TEXT("lost")), ERROR_UNAVAILABLE);
    f->a.answered = false;
    assert_int_equal(bus_request(f->a.bus, TEXT("again"), TEXT("lost"), WAIT_S * NS_PER_S, on_answer, &f->a),
                     ERROR_NONE);
    assert_false(f->a.answered);
    wait_for(is_answered, &f->a);
    assert_int_equal(f->a.error, ERROR_UNAVAILABLE);
    testing_nats_again(f->nats);
    wait_for(is_connected, &f->a);
    wait_for(is_connected, &f->b);
    settle(&f->b);
    assert_int_equal(bus_publish(f->a.bus, TEXT("again"), TEXT("found")), ERROR_NONE);
    wait_for(has_received, &f->b);
    assert_string_equal(f->b.all.data, "found");
}

static void a_loss_found_while_publishing_is_told_and_mended(void **state) {
    struct fixture *f = *state;
    testing_nats_kill(f->nats);
    enum error error = ERROR_NONE;
    for (int i = 0; i < 100000 && !error; i++) error = bus_publish(f->a.bus, TEXT("x"), TEXT("0123456789"));
    assert_int_equal(error, ERROR_UNAVAILABLE);
    wait_for(is_disconnected, &f->a);
    testing_nats_again(f->nats);
    wait_for(is_connected, &f->a);
    settle(&f->a);
}

static int open_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count;
}

static void reconnecting_leaks_no_descriptor(void **state) {
    struct fixture *f = *state;
    int before = open_descriptors();
    for (int i = 0; i < 3; i++) {
        testing_nats_kill(f->nats);
        wait_for(is_disconnected, &f->a);
        wait_for(is_disconnected, &f->b);
        testing_nats_again(f->nats);
        wait_for(is_connected, &f->a);
        wait_for(is_connected, &f->b);
    }
    assert_int_equal(open_descriptors(), before);
}

static void a_server_that_is_not_there_yet_is_waited_for(void **state) {
    struct fixture *f = *state;
    testing_nats_kill(f->nats);
    client_open(&f->a, f, "test", NULL);
    assert_int_equal(bus_subscribe(f->a.bus, "early", NULL, on_message, &f->a, NULL), ERROR_NONE);
    wait_for(has_reason, &f->a);
    assert_false(f->a.connected);
    assert_non_null(strstr(f->a.reason, "no server answers at tls://127.0.0.1:"));
    testing_nats_again(f->nats);
    wait_for(is_connected, &f->a);
    assert_int_equal(bus_publish(f->a.bus, TEXT("early"), TEXT("x")), ERROR_NONE);
    wait_for(has_received, &f->a);
    assert_int_equal(f->a.changes, 2); // a reason is told once, not at every attempt
}

static void a_wrong_password_is_refused_with_a_reason_and_mended_in_the_file(void **state) {
    struct fixture *f = *state;
    CLEANUP(free_at) char *wrong = testing_path(f->nats->folder, "wrong");
    assert_int_equal(file_write(wrong, TEXT("not the password"), 0600, NULL), ERROR_NONE);
    client_open(&f->a, f, "test", wrong);
    wait_for(has_reason, &f->a);
    assert_false(f->a.connected);
    assert_non_null(strstr(f->a.reason, "refuses user 'test'"));
    assert_non_null(strstr(f->a.reason, wrong));
    CLEANUP(buffer_clear) struct buffer right = {0};
    assert_int_equal(file_read(f->nats->password_file, 100, &right, NULL), ERROR_NONE);
    assert_int_equal(file_write(wrong, buffer_view(&right), 0600, NULL), ERROR_NONE);
    wait_for(is_connected, &f->a); // the file is read at each attempt
}

static void an_untrusted_server_certificate_is_refused_with_a_reason(void **state) {
    struct fixture *f = *state;
    CLEANUP(free_at) char *ca = testing_path(f->nats->folder, "other.crt");
    CLEANUP(free_at) char *key = testing_path(f->nats->folder, "other.key");
    assert_int_equal(pki_make_authority(ca, key, "other", NULL), ERROR_NONE);
    struct bus_options options = {f->nats->url, ca, "test", f->nats->password_file, "test", on_state, &f->a};
    f->a.loop = f->loop;
    assert_int_equal(bus_open(f->loop, &options, &f->a.bus, NULL), ERROR_NONE);
    wait_for(has_reason, &f->a);
    assert_false(f->a.connected);
    assert_non_null(strstr(f->a.reason, "must be signed by"));
    assert_non_null(strstr(f->a.reason, ca));
}

static void a_server_certificate_for_another_name_is_refused(void **state) {
    struct fixture *f = *state;
    CLEANUP(free_at) char *url = NULL;
    assert_true(asprintf(&url, "tls://127.0.0.2:%u", f->nats->port) > 0); // not in the certificate
    struct bus_options options = {url, f->nats->ca_file, "test", f->nats->password_file, "test", on_state, &f->a};
    f->a.loop = f->loop;
    assert_int_equal(bus_open(f->loop, &options, &f->a.bus, NULL), ERROR_NONE);
    wait_for(has_reason, &f->a);
    assert_false(f->a.connected);
    assert_non_null(strstr(f->a.reason, "127.0.0.2"));
}

static int set_up_any_address(void **state) {
    return set_up_with(state, "host: \"0.0.0.0\"");
}

static void open_refuses(struct fixture *f, struct bus_options options, enum error expected, const char *words) {
    struct problem problem = {0};
    struct bus *bus = NULL;
    assert_int_equal(bus_open(f->loop, &options, &bus, &problem), expected);
    assert_null(bus);
    if (strstr(problem.text, words) == NULL) fail_msg("\"%s\" does not name %s", problem.text, words);
}

static void files_that_no_waiting_mends_are_refused_at_once(void **state) {
    struct fixture *f = *state;
    struct bus_options options = {f->nats->url, f->nats->ca_file, "test", f->nats->password_file, "test", NULL, NULL};
    struct bus_options no_ca = options, no_password = options, open_password = options;
    no_ca.ca_file = "/nowhere/ca.crt";
    open_refuses(f, no_ca, ERROR_INVALID, "/nowhere/ca.crt");
    no_password.password_file = "/nowhere/password";
    open_refuses(f, no_password, ERROR_NOT_FOUND, "/nowhere/password");
    CLEANUP(free_at) char *readable = testing_path(f->nats->folder, "readable");
    assert_int_equal(file_write(readable, TEXT("secret"), 0644, NULL), ERROR_NONE);
    open_password.password_file = readable;
    open_refuses(f, open_password, ERROR_FORBIDDEN, readable);
}

static int set_up_restricted(void **state) {
    return set_up_with(state, "authorization: {users: [{user: test, password: pw, permissions: {publish: [\"a.>\"], "
                              "subscribe: [\"a.>\"]}}]}");
}

static void a_subject_that_the_server_refuses_is_told(void **state) {
    struct fixture *f = *state;
    assert_int_equal(file_write(f->nats->password_file, TEXT("pw"), 0600, NULL), ERROR_NONE);
    client_open(&f->a, f, "test", NULL);
    wait_for(is_connected, &f->a);
    assert_int_equal(bus_publish(f->a.bus, TEXT("secret.subject"), TEXT("x")), ERROR_NONE);
    wait_for(has_reason, &f->a);
    assert_true(f->a.connected);
    assert_non_null(strstr(f->a.reason, "secret.subject"));
}

// --- status and events ---

static void fill_status(void *context, struct json_writer *writer) {
    (void)context;
    json_key(writer, "shadows");
    json_put_integer(writer, 5);
}

static struct json_document *parse_last(const struct client *client) {
    struct json_document *document = NULL;
    assert_int_equal(json_parse(text_of(client->last), (struct json_limits){4096, 8}, &document, NULL), ERROR_NONE);
    return document;
}

static bool hears_degraded(void *context) {
    return strstr(((struct client *)context)->last, "degraded") != NULL;
}

static void status_is_published_on_opening_on_change_and_every_second(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "splc.status.twins", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    struct bus_status *status = bus_status_open(f->a.bus, "twins", "fog", fill_status, NULL);
    wait_for(has_received, &f->b);
    CLEANUP(json_destroy_at) struct json_document *first = parse_last(&f->b);
    assert_true(text_is(json_string(json_member(json_root(first), "service")), "twins"));
    assert_true(text_is(json_string(json_member(json_root(first), "tier")), "fog"));
    assert_true(text_is(json_string(json_member(json_root(first), "state")), "ok"));
    assert_int_equal(json_integer(json_member(json_root(first), "pid"), 0), getpid());
    assert_int_equal(json_integer(json_member(json_root(first), "shadows"), 0), 5);
    bus_status_reason(status, "the disk is full");
    wait_for(hears_degraded, &f->b);
    CLEANUP(json_destroy_at) struct json_document *second = parse_last(&f->b);
    assert_true(text_is(json_string(json_member(json_root(second), "state")), "degraded"));
    assert_true(text_is(json_string(json_member(json_root(second), "reason")), "the disk is full"));
    f->b.received = 0;
    wait_for(has_received, &f->b); // by itself
    bus_status_close(status);
}

static void a_status_outlives_its_bus(void **state) {
    struct fixture *f = *state;
    struct bus_status *status = bus_status_open(f->a.bus, "twins", "fog", NULL, NULL);
    bus_close(f->a.bus);
    f->a.bus = NULL;
    bus_status_changed(status);
    bus_status_close(status);
}

static void an_event_has_time_severity_source_and_message(void **state) {
    struct fixture *f = *state;
    assert_int_equal(bus_subscribe(f->b.bus, "splc.event", NULL, on_message, &f->b, NULL), ERROR_NONE);
    settle(&f->b);
    assert_int_equal(bus_event(f->a.bus, 500, "mps_conveyor/motor", "stopped after %d s", 3), ERROR_NONE);
    wait_for(has_received, &f->b);
    CLEANUP(json_destroy_at) struct json_document *event = parse_last(&f->b);
    assert_true(json_integer(json_member(json_root(event), "time"), 0) > 1700000000000);
    assert_int_equal(json_integer(json_member(json_root(event), "severity"), 0), 500);
    assert_true(text_is(json_string(json_member(json_root(event), "source")), "mps_conveyor/motor"));
    assert_true(text_is(json_string(json_member(json_root(event), "message")), "stopped after 3 s"));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, set_up_connected, tear_down)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CONNECTED(a_message_reaches_its_subscriber),
        CONNECTED(what_is_kept_for_devices_reaches_a_subscriber_once),
        CONNECTED(messages_of_one_subscription_keep_their_order),
        CONNECTED(a_large_message_arrives_whole),
        CONNECTED(a_message_past_the_servers_limit_is_refused),
        CONNECTED(a_queue_shares_and_gives_each_message_once),
        CONNECTED(unsubscribed_means_no_more_messages),
        CONNECTED(a_callback_may_unsubscribe_itself),
        CONNECTED(a_callback_may_close_the_bus),
        CONNECTED(a_subject_with_a_space_or_a_line_end_is_refused),
        CONNECTED(a_request_gets_its_answer),
        CONNECTED(a_request_that_nobody_serves_is_unavailable_at_once),
        CONNECTED(a_request_without_answer_times_out_once),
        CONNECTED(requests_under_way_fail_when_the_server_dies),
        CONNECTED(a_bus_closed_with_requests_under_way_calls_nobody_back),
        CONNECTED(subscriptions_survive_a_restart_of_the_server),
        CONNECTED(a_loss_found_while_publishing_is_told_and_mended),
        CONNECTED(reconnecting_leaks_no_descriptor),
        ALONE(a_server_that_is_not_there_yet_is_waited_for),
        ALONE(a_wrong_password_is_refused_with_a_reason_and_mended_in_the_file),
        ALONE(an_untrusted_server_certificate_is_refused_with_a_reason),
        cmocka_unit_test_setup_teardown(a_server_certificate_for_another_name_is_refused, set_up_any_address,
                                        tear_down),
        ALONE(files_that_no_waiting_mends_are_refused_at_once),
        cmocka_unit_test_setup_teardown(a_subject_that_the_server_refuses_is_told, set_up_restricted, tear_down),
        {"[bus-2.1] status is published on opening, on change and every second",
         status_is_published_on_opening_on_change_and_every_second, set_up_connected, tear_down, NULL},
        CONNECTED(a_status_outlives_its_bus),
        {"[bus-2.2] an event has time, severity, source and message", an_event_has_time_severity_source_and_message,
         set_up_connected, tear_down, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
