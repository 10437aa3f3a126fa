// The broker's configuration with a real nats-server: who may connect, and who may say and hear what.
#include "desk.h"
#include "standin.h"

#include <base/file.h>
#include <base/loop.h>
#include <bus/bus.h>
#include <testing/testing.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// The plant is up for all tests of this program.
static struct desk *desk;

static int bring_up(void **state) {
    if (desk_open((void **)&desk) != 0) return -1;
    (void)state;
    desk_up(desk, WORDS("--headless"));
    return desk_says(desk, "is up after") ? 0 : -1;
}

static int bring_down(void **state) {
    (void)state;
    kill(desk->pid, SIGTERM);
    int status = desk_ends(desk);
    desk_close((void **)&desk);
    return status;
}

/// Runs a shell command with D the data folder, M mosquitto's arguments for the listener. Its exit status.
__attribute__((format(printf, 2, 3))) static int shell(struct buffer *output, const char *format, ...) {
    CLEANUP(buffer_clear) struct buffer command = {0};
    buffer_print(&command, "D='%s'; M=\"-h 127.0.0.1 -p %d --cafile ca.crt\"; cd \"$D/pki\" && { ", desk->data,
                 8883 + atoi(desk->offset));
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(&command, format, arguments);
    va_end(arguments);
    buffer_string(&command, "; } 2>&1");
    FILE *pipe = popen(command.data, "r");
    char bytes[4096];
    buffer_reset(output);
    for (size_t length; (length = fread(bytes, 1, sizeof bytes, pipe)) > 0;) buffer_append(output, bytes, length);
    buffer_byte(output, '\0');
    int status = pclose(pipe);
    return status;
}

#define AS(thing) "--cert device-" thing ".crt --key device-" thing ".key "

// --- devices ---

static void a_device_hears_its_own_twin_also_what_was_said_while_it_was_away(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(shell(&output, "mosquitto_sub $M " AS("mps_conveyor") "-i mps_conveyor -c -q 1 -E -t "
                                                                           "'$aws/things/mps_conveyor/shadow/#'"),
                     0);
    assert_int_equal(shell(&output,
                           "mosquitto_pub $M " AS("mps_conveyor") "-i second -q 1 -t "
                                                                  "'$aws/things/mps_conveyor/shadow/get' -m hello"),
                     0);
    assert_int_equal(shell(&output, "mosquitto_sub $M " AS("mps_conveyor") "-i mps_conveyor -c -q 1 -C 1 -W 10 -v -t "
                                                                           "'$aws/things/mps_conveyor/shadow/#'"),
                     0);
    assert_string_equal(output.data, "$aws/things/mps_conveyor/shadow/get hello\n");
}

/// What mosquitto_sub says; its exit status is another from version to version.
static void assert_denied(const char *arguments) {
    CLEANUP(buffer_clear) struct buffer output = {0};
    shell(&output, "mosquitto_sub $M %s -q 1 -W 10", arguments);
    if (strstr(output.data, "denied") == NULL) fail_msg("%s: not denied:\n%s", arguments, output.data);
}

static void a_device_does_not_hear_other_twins(void **state) {
    (void)state;
    assert_denied(AS("mps_hmi") "-i curious -t '$aws/things/mps_conveyor/shadow/#'");
    assert_denied(AS("mps_hmi") "-i curious -t '$aws/#'");
    assert_denied(AS("mps_hmi") "-i curious -t '#'");
    assert_denied(AS("mps_hmi") "-i curious -t 'splc/#'");
}

/// A denied publication is acknowledged and dropped: what comes is only the device's own.
static void a_device_says_nothing_in_the_name_of_others(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(shell(&output, "mosquitto_sub $M " AS("mps_ejector") "-i mps_ejector -c -q 1 -E -t "
                                                                          "'$aws/things/mps_ejector/shadow/#'"),
                     0);
    assert_int_equal(shell(&output, "mosquitto_pub $M " AS("mps_hmi") "-i liar -q 1 -t "
                                                                      "'$aws/things/mps_ejector/shadow/update' -m lie"),
                     0);
    assert_int_equal(
        shell(&output, "mosquitto_pub $M " AS("mps_ejector") "-i honest -q 1 -t "
                                                             "'$aws/things/mps_ejector/shadow/update/accepted' -m lie"),
        0);
    assert_int_equal(shell(&output, "mosquitto_pub $M " AS(
                                        "mps_ejector") "-i honest -q 1 -t "
                                                       "'$aws/things/mps_ejector/shadow/name/status/update' -m truth"),
                     0);
    assert_int_equal(shell(&output, "mosquitto_sub $M " AS("mps_ejector") "-i mps_ejector -c -q 1 -C 1 -W 10 -t "
                                                                          "'$aws/things/mps_ejector/shadow/#'"),
                     0);
    assert_string_equal(output.data, "truth\n");
}

static void a_device_is_who_its_certificate_says_not_who_it_says(void **state) {
    (void)state;
    assert_denied(AS("mps_hmi") "-u CN=mps_conveyor -i pretender -t '$aws/things/mps_conveyor/shadow/#'");
}

static void without_a_certificate_of_the_site_there_is_no_device(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_not_equal(shell(&output, "mosquitto_pub $M -i nobody -t x -m y"), 0);
    assert_int_not_equal(
        shell(&output, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mps_conveyor "
                       "-keyout /tmp/stranger-$$.key -out /tmp/stranger-$$.crt 2>/dev/null && "
                       "mosquitto_pub $M --cert /tmp/stranger-$$.crt --key /tmp/stranger-$$.key -i stranger -t x -m y; "
                       "s=$?; rm -f /tmp/stranger-$$.*; (exit $s)"),
        0);
    // Another certificate of the same authority that is no device: that of a server.
    assert_int_not_equal(shell(&output, "mosquitto_pub $M --cert https.crt --key https.key -i server -t x -m y"), 0);
}

// --- services and tools ---

struct ear {
    struct loop *loop;
    struct bus *bus;
    bool connected;
    char heard[256];
};

static void state_changed(void *context, bool connected, const char *reason) {
    (void)reason;
    struct ear *ear = context;
    ear->connected = connected;
}

static bool is_connected(void *context) {
    return ((struct ear *)context)->connected;
}

static struct bus *connect_as(struct ear *ear, const char *user, const char *password_of) {
    char url[64], file[64];
    snprintf(url, sizeof url, "tls://127.0.0.1:%d", 4222 + atoi(desk->offset));
    snprintf(file, sizeof file, "secrets/nats-%s", password_of);
    CLEANUP(free_at) char *ca = testing_path(desk->data, "pki/ca.crt");
    CLEANUP(free_at) char *password = testing_path(desk->data, file);
    const struct bus_options options = {.url = url,
                                        .ca_file = ca,
                                        .user = user,
                                        .password_file = password,
                                        .name = "test",
                                        .state = state_changed,
                                        .context = ear};
    ear->connected = false;
    struct bus *bus = NULL;
    struct problem problem;
    if (bus_open(ear->loop, &options, &bus, &problem)) fail_msg("%s", problem.text);
    return bus;
}

static void hear(void *context, const struct bus_message *message) {
    struct ear *ear = context;
    size_t used = strlen(ear->heard);
    snprintf(ear->heard + used, sizeof ear->heard - used, "%.*s ", TEXT_ARG(message->data));
}

static bool has_heard_the_end(void *context) {
    return strstr(((struct ear *)context)->heard, "end") != NULL;
}

struct saying {
    const char *name;
    const char *user;
    const char *subject;
    bool allowed;
};

static const struct saying sayings[] = {
    {"the gateway updates a twin", "gateway", "$aws.things.mps_conveyor.shadow.update", true},
    {"the gateway accepts nothing in the name of the twins", "gateway",
     "$aws.things.mps_conveyor.shadow.update.accepted", false},
    {"the gateway answers a command", "gateway", "$aws.commands.things.t.executions.1.response.json", true},
    {"the gateway gives no command", "gateway", "$aws.commands.things.t.executions.1.request.json", false},
    {"the gateway tells its status", "gateway", "splc.status.gateway", true},
    {"the gateway tells nobody else's status", "gateway", "splc.status.twins", false},
    {"the twins accept", "twins", "$aws.things.mps_conveyor.shadow.name.status.update.accepted", true},
    {"the twins give no command", "twins", "$aws.commands.things.t.executions.1.request.json", false},
    {"the twins answer devices at QoS 1", "twins", "$MQTT.msgs.$aws.things.mps_conveyor.shadow.get.accepted", true},
    {"the twins touch no device's session", "twins", "$MQTT.sess.x", false},
    {"nobody else speaks to devices at QoS 1", "gateway", "$MQTT.msgs.$aws.things.mps_conveyor.shadow.get.accepted",
     false},
    {"the twins tell what they have loaded", "twins", "splc.twins.loaded", true},
    {"nobody else does", "tool", "splc.twins.loaded", false},
    {"functions wish", "functions", "$aws.things.mps_conveyor.shadow.update", true},
    {"functions document nothing", "functions", "$aws.things.mps_conveyor.shadow.update.documents", false},
    {"functions publish on topics of the plant", "functions", "plant.line1.alarm", true},
    {"functions give no command", "functions", "$aws.commands.things.t.executions.1.request.json", false},
    {"functions tell nobody else's status", "functions", "splc.status.gateway", false},
    {"the api gives commands", "api", "$aws.commands.things.t.executions.1.request.json", true},
    {"the api asks the twins", "api", "splc.twins.list", true},
    {"the api answers no command", "api", "$aws.commands.things.t.executions.1.response.json", false},
    {"tools ask for shadows", "tool", "$aws.things.mps_conveyor.shadow.get", true},
    {"tools tell no events", "tool", "splc.event", false},
    {"nobody touches the broker's own store", "tool", "$JS.API.STREAM.DELETE.$MQTT_msgs", false},
};

/// A message that is not allowed is dropped; the one behind it shows that we did not just miss it.
static void check_saying(void **state) {
    const struct saying *saying = *state;
    struct ear ear = {.loop = loop_create()};
    ear.bus = connect_as(&ear, "tool", "tool");
    assert_true(testing_run_until(ear.loop, is_connected, &ear, 20));
    struct bus_subscription *subscription;
    assert_int_equal(bus_subscribe(ear.bus, ">", NULL, hear, &ear, &subscription), ERROR_NONE);
    struct ear mouth = {.loop = ear.loop};
    mouth.bus = connect_as(&mouth, saying->user, saying->user);
    assert_true(testing_run_until(ear.loop, is_connected, &mouth, 20));
    // The answer to a request comes after the server has taken the subscription before it.
    ear.heard[0] = '\0';
    assert_int_equal(bus_publish(ear.bus, TEXT("splc.twins.list"), TEXT("begin")), ERROR_NONE);
    assert_int_equal(bus_publish(mouth.bus, text_of(saying->subject), TEXT("said")), ERROR_NONE);
    const char *allowed =
        strcmp(saying->user, "twins") == 0 ? "splc.status.twins" : "$aws.things.mps_conveyor.shadow.update";
    assert_int_equal(bus_publish(mouth.bus, text_of(allowed), TEXT("end")), ERROR_NONE);
    bool heard = testing_run_until(ear.loop, has_heard_the_end, &ear, 20);
    bus_close(mouth.bus);
    bus_close(ear.bus);
    loop_destroy(ear.loop);
    assert_true(heard);
    assert_int_equal(strstr(ear.heard, "said") != NULL, saying->allowed);
}

/// Both are tried again for ever; that the good one gets in shows that there was time enough.
static void who_does_not_know_the_password_stays_outside(void **state) {
    (void)state;
    struct ear wrong = {.loop = loop_create()}, device = {.loop = wrong.loop}, right = {.loop = wrong.loop};
    wrong.bus = connect_as(&wrong, "tool", "api");
    bool wrong_connected = testing_run_until(wrong.loop, is_connected, &wrong, 0.3);
    device.bus = connect_as(&device, "CN=mps_conveyor", "tool");
    bool device_connected = testing_run_until(wrong.loop, is_connected, &device, 0.3);
    right.bus = connect_as(&right, "tool", "tool");
    bool right_connected = testing_run_until(wrong.loop, is_connected, &right, 20);
    bus_close(wrong.bus);
    bus_close(device.bus);
    bus_close(right.bus);
    loop_destroy(wrong.loop);
    assert_true(right_connected);
    assert_false(wrong_connected || device_connected);
}

/// The bare protocol, because our own client never sends an empty password: "+OK", or what the server has against it.
static const char bare_client[] =
    "const [port, user, pass] = process.argv.slice(1);"
    "const plain = require('net').connect(port, '127.0.0.1');"
    "plain.once('data', () => {"
    "  const socket = require('tls').connect({socket: plain, ca: require('fs').readFileSync('ca.crt'), "
    "servername: 'localhost'});"
    "  socket.write('CONNECT ' + JSON.stringify({verbose: true, tls_required: true, user, pass}) + '\\r\\nPING\\r\\n');"
    "  socket.on('data', data => { process.stdout.write(data); process.exit(0); });"
    "});";

static void a_device_needs_no_password_and_so_is_no_user_of_the_bus(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    int port = 4222 + atoi(desk->offset);
    assert_int_equal(shell(&output, "node -e \"%s\" %d tool \"$(cat ../secrets/nats-tool)\"", bare_client, port), 0);
    assert_non_null(strstr(output.data, "+OK"));
    assert_int_equal(shell(&output, "node -e \"%s\" %d CN=mps_conveyor ''", bare_client, port), 0);
    assert_non_null(strstr(output.data, "Authorization Violation"));
    assert_null(strstr(output.data, "+OK"));
}

int main(int argc, char **argv) {
    int status;
    if (standin_ran(argc, argv, &status)) return status;
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(a_device_hears_its_own_twin_also_what_was_said_while_it_was_away),
        cmocka_unit_test(a_device_does_not_hear_other_twins),
        cmocka_unit_test(a_device_says_nothing_in_the_name_of_others),
        cmocka_unit_test(a_device_is_who_its_certificate_says_not_who_it_says),
        cmocka_unit_test(without_a_certificate_of_the_site_there_is_no_device),
        cmocka_unit_test(who_does_not_know_the_password_stays_outside),
        cmocka_unit_test(a_device_needs_no_password_and_so_is_no_user_of_the_bus),
    };
    enum { PLAIN = sizeof plain / sizeof *plain, SAYINGS = sizeof sayings / sizeof *sayings };
    struct CMUnitTest tests[PLAIN + SAYINGS];
    memcpy(tests, plain, sizeof plain);
    for (size_t i = 0; i < SAYINGS; i++) {
        tests[PLAIN + i] =
            (struct CMUnitTest){sayings[i].name, check_saying, NULL, NULL, (void *)(uintptr_t)&sayings[i]};
    }
    return cmocka_run_group_tests_name("broker", tests, bring_up, bring_down);
}
