#include "world.h"

#include "misfortune.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/process.h>
#include <gateway/gateway.h>
#include <json/json.h>
#include <pki/pki.h>
#include <setjmp.h>
#include <signal.h>
#include <site/site.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <twins/twins.h>

#include <cmocka.h>

enum { WAIT_S = 60 }; // long, because tests share the machine; none waits that long when all is well

static char *identities; // folder

/* ---- The services' processes ---- */

bool world_is_service(int argc, char **argv) {
    return argc == 8 && (strcmp(argv[1], "--gateway") == 0 || strcmp(argv[1], "--twins") == 0);
}

int world_serve(char **argv) {
    bool gateway = strcmp(argv[1], "--gateway") == 0;
    log_open(argv[1] + 2);
    misfortune_expect();
    struct site site = {
        .data_folder = argv[2],
        .edge = {.address = "127.0.0.1", .port = (uint16_t)atoi(argv[4]), .lease_soft_s = 0.2},
        .fog = {.address = "127.0.0.1", .nats_port = (uint16_t)atoi(argv[3]), .desired_ttl_s = atof(argv[5])},
    };
    CLEANUP(free_at) char *certificate = testing_path(site.data_folder, "pki/opcua/edge.der");
    CLEANUP(buffer_clear) struct buffer url = {0};
    buffer_print(&url, "opc.tcp://127.0.0.1:%s", argv[6]);
    const struct site_server_thing things[] = {
        {"U/t03", "oven_3"}, {"U/t04/v07", "oven_value"}, {"U/t05", argv[7]}, {"U/nothing", "ghost"}};
    struct site_server server = {.name = "oven",
                                 .url = url.data,
                                 .certificate = certificate,
                                 .user = "gateway",
                                 .things = things,
                                 .thing_count = sizeof things / sizeof things[0]};
    site.fog.servers = &server;
    site.fog.server_count = strcmp(argv[6], "0") == 0 ? 0 : 1;
    struct problem problem = {0};
    enum error error = gateway ? gateway_run(&site, &problem) : twins_run(&site, &problem);
    if (error) fprintf(stderr, "%s\n", problem.text);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static pid_t start(const struct world *world, const char *service) {
    char nats_port[16], edge_port[16], server_port[16];
    snprintf(server_port, sizeof server_port, "%u", world->server_port);
    snprintf(nats_port, sizeof nats_port, "%u", world->nats->port);
    snprintf(edge_port, sizeof edge_port, "%u", world->station.port);
    const char *const arguments[] = {"/proc/self/exe",      service,     world->folder,     nats_port, edge_port,
                                     world->time_to_live_s, server_port, world->rule_thing, NULL};
    struct process_options options = {.arguments = arguments, .output = -1, .own_group = true};
    struct problem problem = {0};
    pid_t pid = 0;
    if (process_start(&options, &pid, &problem) != ERROR_NONE) fail_msg("%s", problem.text);
    return pid;
}

static int wait_for_end(pid_t *process) {
    int status = -1;
    while (waitpid(*process, &status, 0) < 0) {}
    *process = 0;
    return status;
}

void world_kill(pid_t *process) {
    kill(*process, SIGKILL);
    assert_true(WIFSIGNALED(wait_for_end(process)));
}

void world_stop(pid_t *process) {
    kill(*process, SIGTERM);
    int status = wait_for_end(process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

/* ---- The data folder ---- */

static void make_identity(const char *name, const char *uri) {
    CLEANUP(buffer_clear) struct buffer certificate = {0}, key = {0};
    buffer_print(&certificate, "%s/%s.der", identities, name);
    buffer_print(&key, "%s/%s.key.der", identities, name);
    struct pki_request request = {
        .common_name = name,
        .dns_names = (const char *[]){"localhost", NULL},
        .addresses = (const char *[]){"127.0.0.1", NULL},
        .uri = uri,
        .days = 30,
        .server = true,
        .client = true,
    };
    struct problem problem = {0};
    if (pki_make_application_certificate(&request, certificate.data, key.data, &problem)) fail_msg("%s", problem.text);
}

int world_make_identities(void **state) {
    (void)state;
    identities = testing_folder();
    make_identity("edge", "urn:serverless-plc:edge:ST");
    make_identity("gateway", "urn:serverless-plc:gateway");
    return 0;
}

int world_remove_identities(void **state) {
    (void)state;
    testing_remove(identities);
    free(identities);
    return 0;
}

static void copy(const char *from, const struct world *world, const char *to) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(free_at) char *path = testing_path(world->folder, to);
    assert_int_equal(file_read(from, 1 << 16, &bytes, NULL), ERROR_NONE);
    assert_int_equal(file_write(path, buffer_view(&bytes), 0600, NULL), ERROR_NONE);
}

static void copy_identity(const struct world *world, const char *name, const char *to) {
    CLEANUP(free_at) char *from = testing_path(identities, name);
    copy(from, world, to);
}

static void make_data_folder(struct world *world) {
    static const char *const folders[] = {"pki/opcua", "secrets", "edge/trusted"};
    static const char *const secrets[] = {"secrets/nats-gateway", "secrets/nats-twins", "secrets/opcua-gateway",
                                          "secrets/opcua-server-oven"};
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(free_at) char *path = testing_path(world->folder, folders[i]);
        assert_int_equal(file_make_folder(path, 0700, NULL), ERROR_NONE);
    }
    for (size_t i = 0; i < 4; i++) {
        CLEANUP(free_at) char *path = testing_path(world->folder, secrets[i]);
        assert_int_equal(file_write(path, TEXT("password"), 0600, NULL), ERROR_NONE);
    }
    copy(world->nats->ca_file, world, "pki/ca.crt");
    copy_identity(world, "edge.der", "pki/opcua/edge.der");
    copy_identity(world, "edge.key.der", "pki/opcua/edge.key.der");
    copy_identity(world, "gateway.der", "pki/opcua/gateway.der");
    copy_identity(world, "gateway.key.der", "pki/opcua/gateway.key.der");
    copy_identity(world, "gateway.der", "edge/trusted/gateway.der");
}

/* ---- The client ---- */

static void on_state(void *context, bool connected, const char *reason) {
    (void)reason;
    ((struct world *)context)->connected = connected;
}

static void on_message(void *context, const struct bus_message *message) {
    buffer_print(context, "%.*s %.*s\n", TEXT_ARG(message->subject), TEXT_ARG(message->data));
}

static void on_shadow(void *context, const struct bus_message *message) {
    struct world *world = context;
    if (!world->deaf) on_message(&world->heard, message);
}

static void on_status(void *context, const struct bus_message *message) {
    buffer_reset(context);
    buffer_text(context, message->data);
}

static bool is_connected(void *context) {
    return ((struct world *)context)->connected;
}

static void open_client(struct world *world) {
    struct bus_options options = {
        .url = world->nats->url,
        .ca_file = world->nats->ca_file,
        .user = "test",
        .password_file = world->nats->password_file,
        .name = "test",
        .state = on_state,
        .context = world,
    };
    struct bus *bus = NULL;
    struct bus_subscription *unused;
    struct problem problem = {0};
    if (bus_open(world->loop, &options, &bus, &problem)) fail_msg("%s", problem.text);
    world->bus = bus;
    assert_int_equal(bus_subscribe(bus, "$aws.things.>", NULL, on_shadow, world, &unused), ERROR_NONE);
    assert_int_equal(bus_subscribe(bus, "splc.event", NULL, on_message, &world->events, &unused), ERROR_NONE);
    assert_int_equal(bus_subscribe(bus, "splc.status.gateway", NULL, on_status, &world->status, &unused), ERROR_NONE);
    world_wait(world, is_connected, world);
}

/* ---- From start to end ---- */

void world_open(struct world *world) {
    *world = (struct world){.time_to_live_s = "60", .rule_thing = "oven_5"};
    world->nats = testing_nats_start("authorization: {users: [{user: test, password: password}, "
                                     "{user: twins, password: password}, {user: gateway, password: password}]}");
    assert_int_equal(file_write(world->nats->password_file, TEXT("password"), 0600, NULL), ERROR_NONE);
    world->folder = testing_folder();
    make_data_folder(world);
    world->loop = loop_create();
    assert_non_null(world->loop);
    open_client(world);
}

void world_start_station(struct world *world) {
    station_open(&world->station, world->loop, world->folder);
}

void world_start_twins(struct world *world) {
    world->twins = start(world, "--twins");
}

void world_start_gateway(struct world *world) {
    world->gateway = start(world, "--gateway");
}

void world_start_all(struct world *world) {
    world_start_station(world);
    world_start_twins(world);
    world_await(world, "belt", NULL, "reported", NULL); // it answers: the gateway need not try twice
    world_start_gateway(world);
    world_await_status(world, "\"lease\":\"held\"");
    world_await(world, "belt", NULL, "reported/count", "7");
}

void world_close(struct world *world) {
    if (world->gateway != 0) world_stop(&world->gateway);
    if (world->twins != 0) world_stop(&world->twins);
    station_clear(&world->station);
    bus_close(world->bus);
    loop_destroy(world->loop);
    testing_nats_destroy(world->nats);
    testing_remove(world->folder);
    free(world->folder);
    buffer_clear(&world->heard);
    buffer_clear(&world->events);
    buffer_clear(&world->status);
    buffer_clear(&world->answer);
    buffer_clear(&world->document);
}

/* ---- Waiting ---- */

void world_wait(struct world *world, bool (*done)(void *context), void *context) {
    if (!testing_run_until(world->loop, done, context, WAIT_S)) fail_msg("nothing happened for %d s", WAIT_S);
}

struct part {
    const struct buffer *text;
    const char *wanted;
};

static bool has_part(void *context) {
    const struct part *part = context;
    return part->text->length > 0 && strstr(part->text->data, part->wanted) != NULL;
}

void world_await_text(struct world *world, const struct buffer *text, const char *wanted) {
    struct part part = {text, wanted};
    if (testing_run_until(world->loop, has_part, &part, WAIT_S)) return;
    fail_msg("'%s' is not in: %s", wanted, text->length > 0 ? text->data : "(nothing)");
}

void world_await_status(struct world *world, const char *part) {
    buffer_reset(&world->status);
    world_await_text(world, &world->status, part);
}

/* ---- Talking ---- */

struct question {
    struct world *world;
    bool answered;
    enum error error;
};

static void on_answer(void *context, enum error error, struct text data) {
    struct question *question = context;
    question->answered = true;
    question->error = error;
    buffer_text(&question->world->answer, data);
}

static bool is_answered(void *context) {
    return ((struct question *)context)->answered;
}

static enum error ask(struct world *world, const char *subject, const char *payload, uint64_t timeout_ns) {
    struct question question = {.world = world};
    buffer_reset(&world->answer);
    enum error error = bus_request(world->bus, text_of(subject), text_of(payload), timeout_ns, on_answer, &question);
    if (error) return error;
    world_wait(world, is_answered, &question);
    return question.error;
}

void world_ask(struct world *world, const char *subject, const char *payload) {
    enum error error = ask(world, subject, payload, 20 * NS_PER_S);
    if (error) fail_msg("%s: %s", subject, error_text(error));
}

void world_wish(struct world *world, const char *desired, const char *token) {
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_print(&document, "{\"state\":{\"desired\":%s}%s%s%s}", desired, token == NULL ? "" : ",\"clientToken\":\"",
                 token == NULL ? "" : token, token == NULL ? "" : "\"");
    world_ask(world, "$aws.things.belt.shadow.update", document.data);
    if (strstr(world->answer.data, "\"code\"") != NULL) fail_msg("%s: %s", desired, world->answer.data);
}

void world_command(struct world *world, const char *request) {
    world_ask(world, "$aws.commands.things.belt.executions.1.request.json", request);
}

static bool is_past(void *context) {
    return clock_monotonic_ns() >= *(uint64_t *)context;
}

/// One look at a shadow; false when it is not as wanted (yet).
static bool looks_like(struct world *world, const char *subject, const char *path, const char *json) {
    if (ask(world, subject, "{}", NS_PER_S)) return false;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {1 << 16, 64};
    assert_int_equal(json_parse(buffer_view(&world->answer), limits, &document, NULL), ERROR_NONE);
    buffer_reset(&world->document);
    buffer_text(&world->document, buffer_view(&world->answer));
    const struct json *value = json_path(json_member(json_root(document), "state"), text_of(path));
    if (json == NULL || !json_exists(value)) return json == NULL && !json_exists(value);
    CLEANUP(json_destroy_at) struct json_document *wanted = NULL;
    assert_int_equal(json_parse(text_of(json), limits, &wanted, NULL), ERROR_NONE);
    return json_equal(value, json_root(wanted));
}

void world_await(struct world *world, const char *thing, const char *shadow, const char *path, const char *json) {
    CLEANUP(buffer_clear) struct buffer subject = {0};
    buffer_print(&subject, "$aws.things.%s.shadow.%s%s%sget", thing, shadow == NULL ? "" : "name.",
                 shadow == NULL ? "" : shadow, shadow == NULL ? "" : ".");
    uint64_t deadline_ns = clock_monotonic_ns() + WAIT_S * NS_PER_S;
    while (!looks_like(world, subject.data, path, json)) {
        if (clock_monotonic_ns() > deadline_ns)
            fail_msg("%s is not %s in: %s", path, json == NULL ? "gone" : json,
                     world->document.length > 0 ? world->document.data : "(no answer)");
        uint64_t again_ns = clock_monotonic_ns() + 10 * NS_PER_MS;
        world_wait(world, is_past, &again_ns);
    }
}

void world_await_bad(struct world *world, const char *thing, const char *path, const char *status) {
    CLEANUP(buffer_clear) struct buffer subject = {0}, leaf = {0};
    buffer_print(&subject, "$aws.things.%s.shadow.name.status.get", thing);
    buffer_print(&leaf, "{\"path\":\"%s\",\"status\":\"%s\"", path, status);
    uint64_t deadline_ns = clock_monotonic_ns() + WAIT_S * NS_PER_S;
    for (;;) {
        bool answered = !ask(world, subject.data, "{}", NS_PER_S);
        if (answered && strstr(world->answer.data, leaf.data) != NULL) return;
        if (clock_monotonic_ns() > deadline_ns)
            fail_msg("%s is not in: %s", leaf.data, answered ? world->answer.data : "(no answer)");
        uint64_t again_ns = clock_monotonic_ns() + 10 * NS_PER_MS;
        world_wait(world, is_past, &again_ns);
    }
}
