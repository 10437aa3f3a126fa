// The commands that talk to a running plant: a real bus, a stand-in for the HTTP interface; and what `splc connect`
// prints, typed into a shell.
#include "cases.h"

#include "desk.h"
#include "standin.h"

#include <base/file.h>
#include <diagnostics/diagnostics.h>
#include <testing/testing.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct desk *desk;

/// As the edge would: it is a stand-in here.
static void leave_diagnostics(void) {
    CLEANUP(free_at) char *folder = testing_path(desk->data, "edge");
    CLEANUP(free_at) char *path = testing_path(folder, "diagnostics");
    struct diagnostics *diagnostics = NULL;
    if (file_make_folder(folder, 0700, NULL) || diagnostics_open(path, &diagnostics, NULL)) fail();
    diagnostics_add(diagnostics, DIAGNOSTICS_STARTED, TEXT_EMPTY, "model 1");
    diagnostics_add(diagnostics, DIAGNOSTICS_FORCED, TEXT("Forcing"), "engineer: forced mps_hmi/lamp to true");
    diagnostics_close(diagnostics);
}

static int bring_up(void **state) {
    (void)state;
    if (desk_open((void **)&desk) != 0) return -1;
    leave_diagnostics();
    desk_up(desk, WORDS("--headless", "--sim-press", "none"));
    return desk_says(desk, "is up after") ? 0 : -1;
}

static int bring_down(void **state) {
    (void)state;
    kill(desk->pid, SIGTERM);
    int status = desk_ends(desk);
    desk_close((void **)&desk);
    return status;
}

struct run_case {
    const char *name;
    const char *const *words;
    int status;
    const char *says;
};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct run_case run_cases[] = {
    {"status shows the plant", LIST("status"), 0,
     "mps: run, producing\n    fed 9, sorted 3, passed 5, lost 0\n    scan 20 us (max 90), missed 1\n"},
    {"status shows services and edges", LIST("status"), 0,
     "edge opc.tcp://127.0.0.1:4840: connected, control authority held, 70 values"},
    {"status shows the closed loop", LIST("status"), 0, "sensor to actuator: p50 3.25 ms, p99 7.50 ms, 12 measured"},
    {"status as JSON is what the interface says", LIST("status", "--json"), 0, "{\"plant\":\"mps\",\"services\":["},
    {"a shadow is printed a line per member", LIST("shadow", "get", "mps_hmi"), 0,
     "{\n    \"state\": {\n        \"reported\": {\n            \"welcome\": \"Gr\303\274\303\237e\"\n        }\n    "
     "},\n"
     "    \"version\": 3\n}\n"},
    {"a shadow as JSON is one line", LIST("shadow", "get", "mps_hmi", "--json"), 0,
     "{\"state\":{\"reported\":{\"welcome\":\"Gr\303\274\303\237e\"}},\"version\":3}\n"},
    {"a shadow that is not there is refused with the service's words", LIST("shadow", "get", "nothing"), 1,
     "splc: GET /things/nothing/shadow: 404: No shadow exists"},
    {"an update that is no JSON is refused", LIST("shadow", "update", "mps_hmi", "{state:1}"), 1,
     "splc: the document is not JSON (is it in single quotes?)"},
    {"an update without state is refused", LIST("shadow", "update", "mps_hmi", "{\"desired\":{}}"), 1,
     "splc: the document has no member \"state\": write {\"state\":{\"desired\":{...}}}"},
    {"an update without a document is wrong usage", LIST("shadow", "update", "mps_hmi"), 2, "usage: splc shadow"},
    {"a shadow's verb must be one", LIST("shadow", "erase", "mps_hmi"), 2, "usage: splc shadow"},
    {"a call prints its results", LIST("call", "mps_plc", "reset"), 0, "State = true\n"},
    {"a call as JSON is the answer", LIST("call", "--json", "mps_plc", "reset"), 0,
     "{\"status\":\"SUCCEEDED\",\"result\":{\"State\":{\"b\":true}}}\n"},
    {"a refused call gives the reason", LIST("call", "mps_magazine", "ejector/setPosition", "1"), 1,
     "splc: mps_magazine ejector/setPosition: REJECTED, BadInvalidState: the emergency stop is active\n"},
    {"a refused call as JSON ends with 1, too", LIST("call", "--json", "mps_magazine", "ejector/setPosition", "1"), 1,
     "{\"status\":\"REJECTED\""},
    {"latency shows each way beside its budget", LIST("latency"), 0,
     "edge > gateway > twin                   81      0.50      1.90      0.6 / 2.0    within\n"
     "... > gateway > edge (actuator)          5      2.50      9.00      3.0 / 8.0    OVER\n"},
    {"latency as JSON is what the interface says", LIST("latency", "--json"), 0, "{\"hops\":[{\"name\":\"twin\""},
    {"a precondition that is no JSON is wrong usage", LIST("call", "mps_plc", "reset", "--when", "{a:1}"), 2,
     "splc: option --when is not JSON (is it in single quotes?)"},
    {"a history is of one thing", LIST("call", "mps_plc", "reset", "--history"), 2, "usage: splc call THING --history"},
    {"a call needs a method", LIST("call", "mps_plc"), 2, "usage: splc call THING PATH"},
    {"connect knows four interfaces", LIST("connect", "modbus"), 2,
     "splc: \"modbus\" is no interface: choose opcua, mqtt, nats, http or lambda"},
    {"connect as JSON gives one interface", LIST("connect", "--json", "nats"), 0,
     "\"user\":\"tool\",\"passwordFile\":"},
    {"connect for OPC UA names security and users", LIST("connect", "opcua"), 0, "Basic256Sha256, SignAndEncrypt\n"},
    {"the diagnostics buffer is printed", LIST("edge", "diagnostics"), 0,
     "311 Forced                 500  Forcing: engineer: forced mps_hmi/lamp to true\n"},
    {"the newest entries of the diagnostics buffer as JSON", LIST("edge", "diagnostics", "--json", "--last", "1"), 0,
     "{\"damaged\":0,\"entries\":[{\"sequence\":2,"},
    {"edge needs to know what to show", LIST("edge"), 2, "usage: splc edge diagnostics"},
    {"a model is checked", LIST("model", "check", SOURCE_FOLDER "/plants/mps/plant.aml"), 2, "unknown option --data"},
};

static void check_run(void **state) {
    const struct run_case *c = *state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    int status = desk_run(desk, c->words, &output);
    if (strstr(output.data, c->says) == NULL) fail_msg("no \"%s\" in:\n%s", c->says, output.data);
    assert_int_equal(status, c->status);
}

static void a_call_sends_method_and_typed_arguments(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    const char *const words[] = {"call", "mps_simulation", "turn", "switch_opMode", "true", NULL};
    assert_int_equal(desk_run(desk, words, &output), 0);
    CLEANUP(buffer_clear) struct buffer notes = {0};
    desk_notes(desk, &notes);
    assert_non_null(strstr(notes.data, "post /v1/things/mps_simulation/commands "
                                       "{\"method\":\"turn\",\"arguments\":[\"switch_opMode\",true]}\n"));
}

static void secrets_are_never_printed(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(desk_run(desk, LIST("connect"), &output), 0);
    static const char *const files[] = {"secrets/api-token", "secrets/nats-tool", "secrets/opcua-operator"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CLEANUP(free_at) char *path = testing_path(desk->data, files[i]);
        CLEANUP(buffer_clear) struct buffer secret = {0};
        assert_int_equal(file_read(path, 4096, &secret, NULL), ERROR_NONE);
        CLEANUP(free_at) char *word = text_copy(text_trim(buffer_view(&secret)));
        assert_null(strstr(output.data, word));
        assert_non_null(strstr(output.data, path));
    }
}

// --- what is printed works ---

/// The n-th printed line that begins with the program's name, as it stands.
static char *printed_command(const char *interface, const char *program, unsigned n) {
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(desk_run(desk, LIST("connect", interface), &output), 0);
    char begin[64];
    snprintf(begin, sizeof begin, "    %s ", program);
    struct text rest = buffer_view(&output), line;
    while (text_split(&rest, '\n', &line)) {
        if (text_starts_with(line, text_of(begin)) && n-- == 0) return text_copy(line);
    }
    fail_msg("no line \"%s\" in:\n%s", begin, output.data);
    return NULL;
}

static int in_shell(const char *command, struct buffer *output) {
    FILE *pipe = popen(command, "r");
    char bytes[4096];
    for (size_t length; (length = fread(bytes, 1, sizeof bytes, pipe)) > 0;) buffer_append(output, bytes, length);
    buffer_byte(output, '\0');
    return pclose(pipe);
}

static void the_curl_command_gets_the_status(void **state) {
    (void)state;
    CLEANUP(free_at) char *command = printed_command("http", "curl", 0);
    CLEANUP(buffer_clear) struct buffer line = {0};
    buffer_print(&line, "%s --silent --fail", command);
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(in_shell(line.data, &output), 0);
    assert_non_null(strstr(output.data, "\"plant\":\"mps\""));
}

/// Subscribed (-E ends then), said, heard: in an order that needs no waiting, thanks to a session that is kept (-c).
static void the_mosquitto_commands_subscribe_and_publish(void **state) {
    (void)state;
    CLEANUP(free_at) char *subscribe = printed_command("mqtt", "mosquitto_sub", 0);
    CLEANUP(free_at) char *publish = printed_command("mqtt", "mosquitto_pub", 0);
    CLEANUP(buffer_clear) struct buffer script = {0};
    buffer_print(&script, "%s -q 1 -c -E && %s -q 1 && %s -q 1 -c -C 1 -W 10", subscribe, publish, subscribe);
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(in_shell(script.data, &output), 0);
    assert_non_null(strstr(output.data, "/shadow/get {}\n"));
}

static void the_nats_command_names_existing_files(void **state) {
    (void)state;
    CLEANUP(free_at) char *command = printed_command("nats", "nats", 0);
    CLEANUP(buffer_clear) struct buffer script = {0};
    buffer_print(&script, "nats() { test -r \"$4\" && test \"${#8}\" = 43 && echo \"$1 $6 $9\"; }; %s", command);
    CLEANUP(buffer_clear) struct buffer output = {0};
    assert_int_equal(in_shell(script.data, &output), 0);
    assert_string_equal(output.data, "--server tool sub\n");
}

static void without_a_plant_the_remedy_is_told(void **state) {
    (void)state;
    struct desk *empty;
    assert_int_equal(desk_open((void **)&empty), 0);
    CLEANUP(buffer_clear) struct buffer output = {0};
    int status = desk_run(empty, LIST("status"), &output);
    desk_close((void **)&empty);
    assert_int_equal(status, 1);
    assert_non_null(strstr(output.data, "connect.json: not found: `splc up PLANT` writes it; if the plant's data are "
                                        "elsewhere, say where with --data DIR"));
}

static void a_plant_that_is_down_is_said_to_be(void **state) {
    (void)state;
    struct desk *other;
    assert_int_equal(desk_open((void **)&other), 0);
    desk_up(other, WORDS("--headless", "--for", "0.1"));
    int ended = desk_ends(other);
    CLEANUP(buffer_clear) struct buffer output = {0};
    int status = desk_run(other, LIST("shadow", "get", "mps_hmi"), &output);
    desk_close((void **)&other);
    assert_int_equal(ended, 0);
    assert_int_equal(status, 1);
    assert_non_null(strstr(output.data, "is the plant running? Start it with `splc up PLANT`"));
}

int main(int argc, char **argv) {
    int status;
    if (standin_ran(argc, argv, &status)) return status;
    struct CMUnitTest tests[COUNT_OF(run_cases) + 8];
    size_t count = 0;
    ADD_CASES(tests, &count, run_cases, check_run);
    ADD_TEST(tests, &count, a_call_sends_method_and_typed_arguments);
    ADD_TEST(tests, &count, secrets_are_never_printed);
    ADD_TEST(tests, &count, the_curl_command_gets_the_status);
    ADD_TEST(tests, &count, the_mosquitto_commands_subscribe_and_publish);
    ADD_TEST(tests, &count, the_nats_command_names_existing_files);
    ADD_TEST(tests, &count, without_a_plant_the_remedy_is_told);
    ADD_TEST(tests, &count, a_plant_that_is_down_is_said_to_be);
    return _cmocka_run_group_tests("commands", tests, count, bring_up, bring_down);
}
