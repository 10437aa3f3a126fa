// A real broker with real devices (mosquitto's clients): who comes in, with what rights, and who is cut off.
#include <devices/devices.h>

#include <base/file.h>
#include <base/process.h>
#include <nkey/nkey.h>
#include <pki/pki.h>
#include <testing/testing.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 30, EVENTS_MAX = 32 };

static struct {
    struct testing_nats *nats;
    struct loop *loop;
    struct devices *devices;
    char *issuer_file;
    unsigned mqtt_port;
    bool revoked, all_permitted, up;
    unsigned decisions, refusals;
    char events[EVENTS_MAX][128];
    size_t event_count;
    char last_certificate[PKI_DIGEST_BYTES];
} plant;

static char *at(const char *name) {
    return testing_path(plant.nats->folder, name);
}

/// Permits the one device "press" its own topics.
static enum error decide(void *context, const struct devices_login *login, struct policy_permissions *ret_permissions,
                         struct problem *ret_problem) {
    (void)context;
    struct pki_certificate certificate = {0};
    plant.decisions++;
    enum error error = pki_certificate_read(login->certificate, &certificate, ret_problem);
    if (error) return error;
    snprintf(plant.last_certificate, sizeof plant.last_certificate, "%s", certificate.id);
    if (plant.revoked || !text_is(login->client_id, certificate.common_name)) {
        plant.refusals++;
        return problem_say(ret_problem, ERROR_FORBIDDEN, "the certificate is not that of %.*s",
                           TEXT_ARG(login->client_id));
    }
    static const char document[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],"
        "\"Resource\":\"arn:aws:iot:r:1:topic/dt/${iot:ClientId}/*\"},{\"Effect\":\"Allow\",\"Action\":\"iot:"
        "Subscribe\",\"Resource\":\"arn:aws:iot:r:1:topicfilter/dt/${iot:ClientId}/*\"}]}";
    const struct policy_variable variables[] = {{"iot:ClientId", login->client_id}};
    const struct policy_context known = {variables, 1};
    CLEANUP(policy_destroy_at) struct policy *policy = NULL;
    static const char open[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iot:*\","
                               "\"Resource\":\"*\"}}";
    error = policy_parse(text_of(plant.all_permitted ? open : document), &policy, ret_problem);
    const struct policy *policies[] = {policy};
    return error ? error : policy_compile(policies, 1, "arn:aws:iot:r:1:", &known, ret_permissions);
}

static void on_presence(void *context, const struct devices_presence *presence) {
    (void)context;
    if (plant.event_count == EVENTS_MAX) return;
    snprintf(plant.events[plant.event_count++], sizeof plant.events[0], "%s %.*s%s%.*s",
             presence->connected ? "+" : "-", TEXT_ARG(presence->client_id), presence->connected ? "" : ": ",
             TEXT_ARG(presence->reason));
}

static void on_state(void *context, bool connected, const char *reason) {
    (void)context;
    (void)reason;
    plant.up = connected;
}

static bool is_up(void *context) {
    (void)context;
    return plant.up;
}

static void make_device(const char *name, const char *authority) {
    char file[128];
    struct pki_request request = {.common_name = name, .days = 2, .client = true};
    snprintf(file, sizeof file, "%s.crt", authority);
    CLEANUP(free_at) char *ca = at(file);
    snprintf(file, sizeof file, "%s.key", authority);
    CLEANUP(free_at) char *ca_key = at(file);
    snprintf(file, sizeof file, "%s.%s.crt", authority, name);
    CLEANUP(free_at) char *certificate = at(file);
    snprintf(file, sizeof file, "%s.%s.key", authority, name);
    CLEANUP(free_at) char *key = at(file);
    assert_int_equal(pki_make_certificate(ca, ca_key, &request, certificate, key, NULL), ERROR_NONE);
}

/// The server's configuration needs its own folder, which is known once it has started: it is started again with it.
static void start_broker(void) {
    char seed[NKEY_SEED_BYTES];
    struct nkey issuer;
    assert_int_equal(nkey_make(NKEY_ACCOUNT, seed), ERROR_NONE);
    assert_int_equal(nkey_read_seed(text_of(seed), &issuer, NULL), ERROR_NONE);
    plant.nats = testing_nats_start(NULL);
    testing_nats_kill(plant.nats);
    plant.issuer_file = at("issuer");
    assert_int_equal(file_write(plant.issuer_file, text_of(seed), 0600, NULL), ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer password = {0}, config = {0};
    assert_int_equal(pki_secret_read(plant.nats->password_file, &password, NULL), ERROR_NONE);
    const char *folder = plant.nats->folder;
    buffer_print(&config,
                 "ports_file_dir: \"%s\"\nhost: \"127.0.0.1\"\nserver_name: testing\n"
                 "tls: {cert_file: \"%s/nats.crt\", key_file: \"%s/nats.key\"}\n"
                 "jetstream: {store_dir: \"%s/js\"}\n"
                 "mqtt: {host: \"127.0.0.1\", port: -1, tls: {cert_file: \"%s/nats.crt\", key_file: \"%s/nats.key\", "
                 "ca_file: \"%s/ca.crt\", verify: true}}\n"
                 "system_account: SYS\n"
                 "accounts: {SYS: {users: [{user: system, password: \"%s\"}]},\n"
                 "  AUTH: {users: [{user: auth, password: \"%s\"}]},\n"
                 "  CLOUD: {jetstream: enabled}}\n"
                 "authorization: {timeout: 5, auth_callout: {issuer: %s, account: AUTH, auth_users: [auth, system]}}\n",
                 folder, folder, folder, folder, folder, folder, folder, password.data, password.data, issuer.public);
    assert_int_equal(file_write(plant.nats->config, buffer_view(&config), 0600, NULL), ERROR_NONE);
    testing_nats_again(plant.nats);
}

/// The line in the server's log is the only place that tells the MQTT listener's port.
static unsigned read_mqtt_port(void) {
    CLEANUP(free_at) char *log = at("nats.log");
    CLEANUP(buffer_clear) struct buffer text = {0};
    assert_int_equal(file_read(log, 1 << 20, &text, NULL), ERROR_NONE);
    unsigned port = 0;
    const char *line = strstr(text.data, "Listening for MQTT clients on tls://127.0.0.1:");
    if (line != NULL) assert_int_equal(sscanf(strchr(strstr(line, "127.0.0.1"), ':'), ":%u", &port), 1);
    return port;
}

static int set_up(void **state) {
    (void)state;
    start_broker();
    CLEANUP(free_at) char *foreign = at("foreign.crt");
    CLEANUP(free_at) char *foreign_key = at("foreign.key");
    assert_int_equal(pki_make_authority(foreign, foreign_key, "foreign", NULL), ERROR_NONE);
    make_device("press", "ca");
    make_device("oven", "ca");
    make_device("press", "foreign");
    plant.loop = loop_create();
    const struct devices_options options = {
        .url = plant.nats->url,
        .ca_file = plant.nats->ca_file,
        .user = "auth",
        .password_file = plant.nats->password_file,
        .system_user = "system",
        .system_password_file = plant.nats->password_file,
        .issuer_file = plant.issuer_file,
        .account = "CLOUD",
        .decide = decide,
        .presence = on_presence,
        .state = on_state,
    };
    struct problem problem = {0};
    if (devices_open(plant.loop, &options, &plant.devices, &problem)) fail_msg("%s", problem.text);
    assert_true(testing_run_until(plant.loop, is_up, NULL, PATIENCE_S));
    plant.mqtt_port = read_mqtt_port();
    assert_int_not_equal(plant.mqtt_port, 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    devices_close(plant.devices);
    loop_destroy(plant.loop);
    testing_nats_destroy(plant.nats);
    free(plant.issuer_file);
    return 0;
}

// --- devices ---

struct client {
    const char *program, *id, *certificate, *topic, *message; // message NULL: none is sent
};

static pid_t start_client(const struct client *client) {
    char port[16], name[64];
    snprintf(port, sizeof port, "%u", plant.mqtt_port);
    snprintf(name, sizeof name, "%s.crt", client->certificate);
    CLEANUP(free_at) char *certificate = at(name);
    snprintf(name, sizeof name, "%s.key", client->certificate);
    CLEANUP(free_at) char *key = at(name);
    CLEANUP(free_at) char *log = at("client.log");
    const char *arguments[28] = {client->program,
                                 "-h",
                                 "127.0.0.1",
                                 "-p",
                                 port,
                                 "--cafile",
                                 plant.nats->ca_file,
                                 "--cert",
                                 certificate,
                                 "--key",
                                 key,
                                 "-V",
                                 "mqttv311",
                                 "-d",
                                 "-i",
                                 client->id,
                                 "-q",
                                 "1",
                                 "-t",
                                 client->topic};
    size_t count = 20;
    if (client->message != NULL) {
        arguments[count++] = "-m";
        arguments[count++] = client->message;
    }
    if (strcmp(client->program, "mosquitto_rr") == 0) {
        arguments[count++] = "-e"; // it hears what it says
        arguments[count++] = client->topic;
    }
    CLEANUP(descriptor_close_at) int output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct process_options options = {.arguments = arguments, .output = output, .own_group = true};
    pid_t pid = 0;
    assert_int_equal(process_start(&options, &pid, NULL), ERROR_NONE);
    return pid;
}

struct ended {
    pid_t pid;
    int status;
};

static bool has_ended(void *context) {
    struct ended *ended = context;
    return waitpid(ended->pid, &ended->status, WNOHANG) == ended->pid;
}

/// True when the client ended well.
static bool run_client(const char *program, const char *id, const char *certificate, const char *topic,
                       const char *message) {
    const struct client client = {program, id, certificate, topic, message};
    struct ended ended = {.pid = start_client(&client)};
    if (!testing_run_until(plant.loop, has_ended, &ended, PATIENCE_S)) {
        kill(ended.pid, SIGKILL);
        waitpid(ended.pid, NULL, 0);
        fail_msg("%s as %s does not end", program, id);
    }
    return WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 0;
}

static bool client_said(const char *words) {
    CLEANUP(free_at) char *file = at("client.log");
    CLEANUP(buffer_clear) struct buffer log = {0};
    return file_read(file, 1 << 20, &log, NULL) == ERROR_NONE && strstr(log.data, words) != NULL;
}

static bool was_told(void *event) {
    for (size_t i = 0; i < plant.event_count; i++)
        if (strcmp(plant.events[i], event) == 0) return true;
    return false;
}

static void await_event(char *event) {
    if (testing_run_until(plant.loop, was_told, event, PATIENCE_S)) return;
    for (size_t i = 0; i < plant.event_count; i++) print_message("%s\n", plant.events[i]);
    fail_msg("\"%s\" was never told", event);
}

static void begin_test(void) {
    plant.event_count = 0;
    plant.decisions = plant.refusals = 0;
    plant.revoked = plant.all_permitted = false;
}

static void a_device_with_its_certificate_comes_in_and_is_seen(void **state) {
    (void)state;
    begin_test();
    static char came[] = "+ press", went[] = "- press: Client Closed";
    assert_true(run_client("mosquitto_rr", "press", "ca.press", "dt/press/a", "what the press says"));
    assert_true(client_said("\nwhat the press says\n")); // heard
    await_event(came);
    await_event(went);
}

static void the_decision_sees_the_devices_own_certificate(void **state) {
    (void)state;
    begin_test();
    assert_true(run_client("mosquitto_pub", "press", "ca.press", "dt/press/a", "hello"));
    CLEANUP(free_at) char *file = at("ca.press.crt");
    CLEANUP(buffer_clear) struct buffer pem = {0};
    struct pki_certificate certificate;
    assert_int_equal(file_read(file, PKI_PEM_BYTES_MAX, &pem, NULL), ERROR_NONE);
    assert_int_equal(pki_certificate_read(buffer_view(&pem), &certificate, NULL), ERROR_NONE);
    assert_string_equal(plant.last_certificate, certificate.id);
}

static void a_subscription_outside_the_policy_is_refused(void **state) {
    (void)state;
    begin_test();
    run_client("mosquitto_sub", "press", "ca.press", "dt/oven/#", NULL);
    assert_true(client_said("All subscription requests were denied"));
    assert_int_equal(plant.refusals, 0); // it came in
}

static bool is_logged(void *words) {
    CLEANUP(free_at) char *file = at("nats.log");
    CLEANUP(buffer_clear) struct buffer log = {0};
    return file_read(file, 1 << 20, &log, NULL) == ERROR_NONE && strstr(log.data, words) != NULL;
}

static void a_message_outside_the_policy_goes_nowhere(void **state) {
    (void)state;
    begin_test();
    run_client("mosquitto_pub", "press", "ca.press", "dt/oven/a", "hello"); // acknowledged and dropped
    static char violation[] = "Publish Violation - User \"N/A\", Subject \"dt.oven.a\"";
    assert_true(testing_run_until(plant.loop, is_logged, violation, PATIENCE_S));
}

static void the_brokers_own_subjects_are_closed_whatever_a_policy_says(void **state) {
    (void)state;
    begin_test();
    plant.all_permitted = true;
    run_client("mosquitto_sub", "press", "ca.press", "splc/#", NULL);
    assert_true(client_said("All subscription requests were denied"));
    run_client("mosquitto_pub", "press", "ca.press", "$JS/API/INFO", "");
    static char violation[] = "Publish Violation - User \"N/A\", Subject \"$JS.API.INFO\"";
    assert_true(testing_run_until(plant.loop, is_logged, violation, PATIENCE_S));
    assert_true(run_client("mosquitto_rr", "press", "ca.press", "any/topic", "what the press says"));
    assert_true(client_said("\nwhat the press says\n"));
}

static void a_certificate_with_anothers_client_id_is_refused(void **state) {
    (void)state;
    begin_test();
    assert_false(run_client("mosquitto_pub", "oven", "ca.press", "dt/oven/a", "hello"));
    assert_int_equal(plant.refusals, 1);
}

static void a_foreign_certificate_is_not_even_asked_about(void **state) {
    (void)state;
    begin_test();
    assert_false(run_client("mosquitto_pub", "press", "foreign.press", "dt/press/a", "hello"));
    assert_int_equal(plant.decisions, 0);
}

static bool is_refused(void *context) {
    (void)context;
    return plant.refusals > 0;
}

static void who_is_revoked_is_cut_off_and_stays_out(void **state) {
    (void)state;
    begin_test();
    static char came[] = "+ press", kicked[] = "- press: Kicked";
    const struct client client = {"mosquitto_sub", "press", "ca.press", "dt/press/#", NULL};
    pid_t pid = start_client(&client);
    await_event(came);
    plant.revoked = true;
    assert_int_equal(devices_disconnect(plant.devices, TEXT("press")), ERROR_NONE);
    await_event(kicked);
    assert_true(testing_run_until(plant.loop, is_refused, NULL, PATIENCE_S)); // it tries again
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_with_its_certificate_comes_in_and_is_seen),
        cmocka_unit_test(the_decision_sees_the_devices_own_certificate),
        cmocka_unit_test(a_subscription_outside_the_policy_is_refused),
        cmocka_unit_test(a_message_outside_the_policy_goes_nowhere),
        cmocka_unit_test(the_brokers_own_subjects_are_closed_whatever_a_policy_says),
        cmocka_unit_test(a_certificate_with_anothers_client_id_is_refused),
        cmocka_unit_test(a_foreign_certificate_is_not_even_asked_about),
        cmocka_unit_test(who_is_revoked_is_cut_off_and_stays_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
