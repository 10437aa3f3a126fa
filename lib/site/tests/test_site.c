#include <site/site.h>

#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct site *read_site(const char *yaml, unsigned port_offset) {
    struct site *site = NULL;
    struct problem problem = {""};
    enum error error = site_read(text_of(yaml), "/plants/mps", "/data/mps", port_offset, &site, &problem);
    if (error) fail_msg("%s", problem.text);
    return site;
}

static void empty_file_gives_defaults(void **state) {
    (void)state;
    CLEANUP(site_destroy_at) struct site *site = read_site("", 0);
    assert_string_equal(site->plant_name, "mps");
    assert_string_equal(site->model_file, "/plants/mps/plant.aml");
    assert_string_equal(site->data_folder, "/data/mps");
    assert_null(site->edge.driver);
    assert_true(site->edge.scan_period_ms == 0);
    assert_true(site->edge.speed == 1);
    assert_true(site->edge.operator_present);
    assert_int_equal(site->edge.seed, 1);
    assert_int_equal(site->edge.port, 4840);
    assert_int_equal(site->edge.press_count, 0);
    assert_true(site->edge.lease_soft_s == 2);
    assert_true(site->edge.lease_hard_s == 10);
    assert_int_equal(site->fog.nats_port, 4222);
    assert_int_equal(site->fog.mqtt_port, 8883);
    assert_int_equal(site->fog.http_port, 8080);
    assert_int_equal(site->fog.https_port, 8443);
    assert_true(site->fog.desired_ttl_s == 5);
    assert_int_equal(site->fog.function_count, 0);
}

static void other_servers_are_read(void **state) {
    (void)state;
    CLEANUP(site_destroy_at)
    struct site *site = read_site("fog:\n"
                                  "  servers:\n"
                                  "  - name: oven\n"
                                  "    url: opc.tcp://192.168.0.7:4840\n"
                                  "    certificate: certificates/oven.der\n"
                                  "    user: gateway\n"
                                  "    things:\n"
                                  "    - {path: Machines/Oven 1, thing: oven_1}\n"
                                  "  - name: line2\n"
                                  "    url: opc.tcp://line2:4840\n"
                                  "    certificate: line2.der\n"
                                  "    user: fog\n",
                                  0);
    assert_int_equal(site->fog.server_count, 2);
    const struct site_server *oven = &site->fog.servers[0];
    assert_string_equal(oven->name, "oven");
    assert_string_equal(oven->url, "opc.tcp://192.168.0.7:4840");
    assert_string_equal(oven->certificate, "/plants/mps/certificates/oven.der");
    assert_string_equal(oven->user, "gateway");
    assert_int_equal(oven->thing_count, 1);
    assert_string_equal(oven->things[0].path, "Machines/Oven 1");
    assert_string_equal(oven->things[0].thing, "oven_1");
    assert_int_equal(site->fog.servers[1].thing_count, 0);
}

static void every_field_is_read(void **state) {
    (void)state;
    CLEANUP(site_destroy_at)
    struct site *site = read_site("edge:\n"
                                  "  driver: sim\n"
                                  "  scan_period_ms: 2.5\n"
                                  "  address: 127.0.0.2\n"
                                  "  port: 4841\n"
                                  "  lease: {soft: 1.5, hard: 3}\n"
                                  "  simulation:\n"
                                  "    speed: 10\n"
                                  "    seed: 42\n"
                                  "    operator: false\n"
                                  "    press: [automatic, start]\n"
                                  "fog:\n"
                                  "  address: ::1\n"
                                  "  nats_port: 1\n"
                                  "  mqtt_port: 2\n"
                                  "  http_port: 3\n"
                                  "  https_port: 4\n"
                                  "  desired_time_to_live: 0.5\n"
                                  "  store: postgresql://splc@%2Frun%2Fdb/plant\n"
                                  "  twin_processes: 3\n"
                                  "  sandbox: require\n"
                                  "  functions:\n"
                                  "    - functions/automatic\n"
                                  "    - counting\n",
                                  0);
    assert_string_equal(site->edge.driver, "sim");
    assert_true(site->edge.scan_period_ms == 2.5);
    assert_string_equal(site->edge.address, "127.0.0.2");
    assert_int_equal(site->edge.port, 4841);
    assert_true(site->edge.lease_soft_s == 1.5);
    assert_true(site->edge.lease_hard_s == 3);
    assert_true(site->edge.speed == 10);
    assert_int_equal(site->edge.seed, 42);
    assert_false(site->edge.operator_present);
    assert_int_equal(site->edge.press_count, 2);
    assert_string_equal(site->edge.press[0], "automatic");
    assert_string_equal(site->edge.press[1], "start");
    assert_string_equal(site->fog.address, "::1");
    assert_int_equal(site->fog.nats_port, 1);
    assert_int_equal(site->fog.mqtt_port, 2);
    assert_int_equal(site->fog.http_port, 3);
    assert_int_equal(site->fog.https_port, 4);
    assert_true(site->fog.desired_ttl_s == 0.5);
    assert_string_equal(site->fog.store, "postgresql://splc@%2Frun%2Fdb/plant");
    assert_int_equal(site->fog.twin_processes, 3);
    assert_string_equal(site->fog.sandbox, "require");
    assert_int_equal(site->fog.function_count, 2);
    assert_string_equal(site->fog.functions[0].name, "automatic");
    assert_string_equal(site->fog.functions[0].folder, "/plants/mps/functions/automatic");
    assert_string_equal(site->fog.functions[1].name, "counting");
}

static void port_offset_moves_every_port_and_the_urls_say_so(void **state) {
    (void)state;
    CLEANUP(site_destroy_at) struct site *site = read_site("fog: {address: \"::1\"}", 100);
    CLEANUP(free_at) char *opcua = site_opcua_url(site);
    CLEANUP(free_at) char *nats = site_nats_url(site);
    CLEANUP(free_at) char *mqtt = site_mqtt_url(site);
    CLEANUP(free_at) char *http = site_http_url(site);
    CLEANUP(free_at) char *https = site_https_url(site);
    assert_string_equal(opcua, "opc.tcp://127.0.0.1:4940");
    assert_string_equal(nats, "tls://[::1]:4322");
    assert_string_equal(mqtt, "mqtts://[::1]:8983");
    assert_string_equal(http, "http://[::1]:8180");
    assert_string_equal(https, "https://[::1]:8543");
    CLEANUP(free_at) char *authority = site_path(site, "pki/ca.crt");
    assert_string_equal(authority, "/data/mps/pki/ca.crt");
}

static void sections_may_be_empty(void **state) {
    (void)state;
    CLEANUP(site_destroy_at) struct site *site = read_site("# nothing yet\nedge:\nfog:\n", 0);
    assert_int_equal(site->edge.port, 4840);
}

static void a_modbus_device_gets_its_defaults(void **state) {
    (void)state;
    CLEANUP(site_destroy_at)
    struct site *site = read_site(
        "edge:\n  modbus:\n    - name: valves\n      address: 10.0.0.1\n      setup: [{register: 4384, value: 10}]\n"
        "      areas:\n        - {kind: coils, count: 8, image_byte: 20}\n",
        0);
    assert_int_equal(site->edge.modbus_count, 1);
    const struct site_modbus_device *device = &site->edge.modbus[0];
    assert_int_equal(device->port, 502);
    assert_int_equal(device->unit, 1);
    assert_true(device->period_ms == 10 && device->timeout_ms == 500 && device->stale_ms == 1000);
    assert_int_equal(device->setup[0].reg, 4384);
    assert_int_equal(device->setup[0].value, 10);
    assert_int_equal(device->area_count, 1);
    assert_int_equal(device->areas[0].image_byte, 20);
}

struct refusal {
    const char *name;
    const char *yaml;
    unsigned port_offset;
    const char *message;
};

static const struct refusal refusals[] = {
    {"an unknown section is refused and the fields are listed", "egde: {}", 0,
     "/plants/mps/site.yaml:1: there is no field \"egde\" (did you mean edge?); the fields are: edge, fog, "
     "supervision"},
    {"an unknown field is refused with its line", "edge:\n  # comment\n  prot: 1", 0,
     "/plants/mps/site.yaml:3: edge: there is no field \"prot\" (did you mean port?); the fields are: driver, "
     "scan_period_ms, address, port, lease, simulation, picontrol, modbus"},
    {"an unknown field without a neighbour gets no guess", "edge:\n  colour: 1", 0,
     "/plants/mps/site.yaml:2: edge: there is no field \"colour\"; the fields are: driver, scan_period_ms, address, "
     "port, lease, simulation, picontrol, modbus"},
    {"a Modbus area needs a count", "edge:\n  modbus:\n    - {name: a, address: 10.0.0.1, areas: [{kind: coils}]}", 0,
     "/plants/mps/site.yaml:3: edge.modbus[0].areas[0]: count is missing: say how many"},
    {"input registers are inputs without being told",
     "edge:\n  modbus:\n    - {name: a, address: 10.0.0.1, areas: [{kind: input_registers, count: 2, input: true}]}", 0,
     NULL},
    {"pairs of registers are even",
     "edge:\n  modbus:\n    - {name: a, address: 10.0.0.1, areas: [{kind: input_registers, count: 3, high_first: "
     "true}]}",
     0, NULL},
    {"addresses of a Modbus device end",
     "edge:\n  modbus:\n    - {name: a, address: 10.0.0.1, areas: [{kind: coils, first: 65535, count: 2}]}", 0, NULL},
    {"a Modbus device without an address is refused", "edge:\n  modbus:\n    - {name: a, areas: []}", 0, NULL},
    {"a repeated field is refused", "edge:\n  port: 1\n  port: 2", 0,
     "/plants/mps/site.yaml:3: edge.port: stands here a second time: remove one"},
    {"a port out of range is refused", "edge:\n  port: 65536", 0,
     "/plants/mps/site.yaml:2: edge.port: \"65536\" does not do: give a port from 1 to 65535"},
    {"port 0 is refused", "fog: {nats_port: 0}", 0,
     "/plants/mps/site.yaml:1: fog.nats_port: \"0\" does not do: give a port from 1 to 65535"},
    {"a port that is no number is refused", "fog:\n  http_port: http", 0,
     "/plants/mps/site.yaml:2: fog.http_port: \"http\" does not do: give a port from 1 to 65535"},
    {"a value that is missing is refused", "fog:\n  http_port:", 0,
     "/plants/mps/site.yaml:2: fog.http_port: \"\" does not do: give a port from 1 to 65535"},
    {"a port that two interfaces share is refused", "fog:\n  nats_port: 4840", 0,
     "/plants/mps/site.yaml:2: fog.nats_port: port 4840 is that of edge.port, too: give each its own"},
    {"an offset that leaves the range of ports is refused", "", 60000,
     "/plants/mps/site.yaml:1: fog.mqtt_port: port 8883 plus --port-offset 60000 is past 65535: choose a smaller "
     "offset"},
    {"a scan period below the limit is refused", "edge: {scan_period_ms: 0.5}", 0,
     "/plants/mps/site.yaml:1: edge.scan_period_ms: \"0.5\" does not do: give milliseconds from 1 to 1000"},
    {"a period that is no number is refused", "edge: {scan_period_ms: nan}", 0,
     "/plants/mps/site.yaml:1: edge.scan_period_ms: \"nan\" does not do: give milliseconds from 1 to 1000"},
    {"an unknown driver is refused", "edge: {driver: simm}", 0,
     "/plants/mps/site.yaml:1: edge.driver: \"simm\" is unknown (did you mean sim?): choose one of sim, picontrol, "
     "modbus"},
    {"an address that is a name is refused", "edge: {address: localhost}", 0,
     "/plants/mps/site.yaml:1: edge.address: \"localhost\" does not do: give an IP address of this machine, 127.0.0.1 "
     "for programs on it only"},
    {"a yes that is no boolean is refused", "edge: {simulation: {operator: yes}}", 0,
     "/plants/mps/site.yaml:1: edge.simulation.operator: \"yes\" does not do: write true or false"},
    {"an unknown word to press is refused", "edge:\n simulation:\n  press:\n  - start\n  - stat", 0,
     "/plants/mps/site.yaml:5: edge.simulation.press[1]: \"stat\" is unknown (did you mean start?): choose one of "
     "start, "
     "stop, reset, automatic, manual, emergency_stop, emergency_release, refill, empty_slide"},
    {"a single word where a list belongs is refused", "edge:\n simulation:\n  press: start", 0,
     "/plants/mps/site.yaml:3: edge.simulation.press: a single value stands here: give a list of words for buttons and "
     "switches, in brackets or one per line after \"- \""},
    {"a list where a value belongs is refused", "edge: {port: [1]}", 0,
     "/plants/mps/site.yaml:1: edge.port: a list stands here: give a port from 1 to 65535"},
    {"a value where a section belongs is refused", "edge: 4840", 0,
     "/plants/mps/site.yaml:1: edge: a single value stands here: give fields, one per line as \"name: value\""},
    {"a hard lease before the soft one is refused", "edge:\n  lease:\n    hard: 1", 0,
     "/plants/mps/site.yaml:3: edge.lease.hard: 1 s is shorter than edge.lease.soft (2 s): commands end first, then "
     "the "
     "plant is made safe"},
    {"a function outside the plant folder is refused", "fog:\n  functions: [functions/../../x]", 0,
     "/plants/mps/site.yaml:2: fog.functions[0]: \"functions/../../x\" does not do: give a folder below the plant "
     "folder (letters, digits, _ - and /), such as functions/automatic"},
    {"a function without a name is refused", "fog:\n  functions: [functions/]", 0,
     "/plants/mps/site.yaml:2: fog.functions[0]: \"functions/\" does not do: give a folder below the plant "
     "folder (letters, digits, _ - and /), such as functions/automatic"},
    {"a server that is no OPC UA server is refused",
     "fog:\n  servers:\n  - {name: a, url: http://x, certificate: a.der, user: u}", 0,
     "/plants/mps/site.yaml:3: fog.servers[0].url: \"http://x\" does not do: give opc.tcp://HOST:PORT"},
    {"a certificate outside the plant folder is refused",
     "fog:\n  servers:\n  - {name: a, url: opc.tcp://x:1, certificate: ../a.der, user: u}", 0,
     "/plants/mps/site.yaml:3: fog.servers[0].certificate: \"../a.der\" does not do: give the server's certificate "
     "(DER), a file below the plant folder"},
    {"two servers of one name are refused",
     "fog:\n  servers:\n  - {name: a, url: opc.tcp://x:1, certificate: a.der, user: u}\n"
     "  - {name: a, url: opc.tcp://y:1, certificate: a.der, user: u}",
     0, "/plants/mps/site.yaml:4: fog.servers[1].name: a server \"a\" stands above already: names must differ"},
    {"two things of one name are refused",
     "fog:\n  servers:\n  - {name: a, url: opc.tcp://x:1, certificate: a.der, user: u,\n"
     "     things: [{path: A, thing: t}, {path: B, thing: t}]}",
     0,
     "/plants/mps/site.yaml:4: fog.servers[0].things[1].thing: a thing \"t\" stands above already: names must differ"},
    {"two functions of one name are refused", "fog:\n  functions:\n  - a/count\n  - b/count", 0,
     "/plants/mps/site.yaml:4: fog.functions[1]: a function \"count\" stands above already: names must differ"},
    {"broken YAML is refused with its line", "edge:\n  port: 1 : 2", 0,
     "/plants/mps/site.yaml:2: not valid YAML: mapping values are not allowed in this context; check indentation and "
     "colons"},
    {"bytes that are no text are refused", "edge: \xff", 0,
     "/plants/mps/site.yaml: not YAML text in UTF-8: invalid leading UTF-8 octet at byte 6"},
    {"a second document is refused", "edge: {}\n---\nfog: {}", 0,
     "/plants/mps/site.yaml:3: a second document begins: remove the line \"---\" before it"},
    {"a list as the whole file is refused", "- edge", 0,
     "/plants/mps/site.yaml:1: a list stands here: give fields, one per line as \"name: value\""},
    {"a section as a name is refused", "? {a: b}\n: 1", 0, "/plants/mps/site.yaml:1: a field needs a plain name"},
    {"a name that holds itself is refused", "&a [*a]: 1", 0, NULL},
};

static void check_refusal(void **state) {
    const struct refusal *refusal = *state;
    struct site *site = NULL;
    struct problem problem = {""};
    enum error error = site_read(text_of(refusal->yaml), "/plants/mps", "/data", refusal->port_offset, &site, &problem);
    assert_int_equal(error, ERROR_INVALID);
    assert_null(site);
    if (refusal->message != NULL) assert_string_equal(problem.text, refusal->message);
}

static void a_file_past_the_limit_is_refused(void **state) {
    (void)state;
    static char spaces[70 * 1024];
    memset(spaces, '\n', sizeof spaces);
    struct site *site = NULL;
    assert_int_equal(site_read((struct text){spaces, sizeof spaces}, "/p", "/d", 0, &site, NULL), ERROR_TOO_LARGE);
}

// --- with files ---

struct folder {
    char path[64];
};

static int make_folder(void **state) {
    struct folder *folder = calloc(1, sizeof *folder);
    if (folder == NULL) return -1;
    strcpy(folder->path, "/tmp/test_site.XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) == NULL ? -1 : 0;
}

static int remove_folder(void **state) {
    struct folder *folder = *state;
    char file[96];
    snprintf(file, sizeof file, "%s/site.yaml", folder->path);
    unlink(file);
    int result = rmdir(folder->path);
    free(folder);
    return result;
}

static void write_site(const struct folder *folder, const char *yaml) {
    char file[96];
    snprintf(file, sizeof file, "%s/site.yaml", folder->path);
    assert_int_equal(file_write(file, text_of(yaml), 0644, NULL), ERROR_NONE);
}

static void a_plant_folder_is_loaded(void **state) {
    const struct folder *folder = *state;
    write_site(folder, "edge: {port: 5000}");
    char with_slash[96];
    snprintf(with_slash, sizeof with_slash, "%s/./", folder->path);
    CLEANUP(site_destroy_at) struct site *site = NULL;
    struct problem problem;
    assert_int_equal(site_load(with_slash, "not/there/yet", 1, &site, &problem), ERROR_NONE);
    assert_string_equal(site->plant_folder, folder->path);
    assert_string_equal(site->plant_name, strrchr(folder->path, '/') + 1);
    assert_int_equal(site->edge.port, 5001);
    assert_int_equal(site->data_folder[0], '/');
    assert_non_null(strstr(site->data_folder, "/not/there/yet"));
}

static void without_a_data_folder_the_state_folder_is_taken(void **state) {
    const struct folder *folder = *state;
    write_site(folder, "");
    setenv("XDG_STATE_HOME", "/var/tmp/state", 1);
    CLEANUP(site_destroy_at) struct site *site = NULL;
    assert_int_equal(site_load(folder->path, NULL, 0, &site, NULL), ERROR_NONE);
    char expected[128];
    snprintf(expected, sizeof expected, "/var/tmp/state/splc/%s", strrchr(folder->path, '/') + 1);
    assert_string_equal(site->data_folder, expected);

    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/somewhere/somebody", 1);
    CLEANUP(free_at) char *state_folder = site_state_folder();
    assert_string_equal(state_folder, "/somewhere/somebody/.local/state/splc");
}

static void a_folder_that_is_not_there_is_named(void **state) {
    (void)state;
    struct site *site = NULL;
    struct problem problem = {""};
    assert_int_equal(site_load("/nowhere/mps", NULL, 0, &site, &problem), ERROR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "/nowhere/mps"));
    assert_non_null(strstr(problem.text, "give the plant's folder"));
}

static void a_folder_without_site_file_is_named(void **state) {
    const struct folder *folder = *state;
    struct site *site = NULL;
    struct problem problem = {""};
    assert_int_equal(site_load(folder->path, "/tmp/x", 0, &site, &problem), ERROR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "site.yaml: not found"));
}

int main(void) {
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(empty_file_gives_defaults),
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(other_servers_are_read),
        cmocka_unit_test(port_offset_moves_every_port_and_the_urls_say_so),
        cmocka_unit_test(sections_may_be_empty),
        cmocka_unit_test(a_modbus_device_gets_its_defaults),
        cmocka_unit_test(a_file_past_the_limit_is_refused),
        cmocka_unit_test_setup_teardown(a_plant_folder_is_loaded, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(without_a_data_folder_the_state_folder_is_taken, make_folder, remove_folder),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
        cmocka_unit_test_setup_teardown(a_folder_without_site_file_is_named, make_folder, remove_folder),
    };
    enum { REFUSALS = sizeof refusals / sizeof *refusals };
    struct CMUnitTest tests[REFUSALS];
    for (size_t i = 0; i < REFUSALS; i++) {
        tests[i] = (struct CMUnitTest){refusals[i].name, check_refusal, NULL, NULL, (void *)(uintptr_t)&refusals[i]};
    }
    int failed = cmocka_run_group_tests_name("site file", plain, NULL, NULL);
    return failed + cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
