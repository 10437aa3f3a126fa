#include "line.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <pki/pki.h>
#include <testing/testing.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static char *identities;

static const char *const USERS[] = {"viewer", "operator", "engineer", "administrator"};
enum { USER_COUNT = sizeof USERS / sizeof USERS[0] };

static void make_users(void) {
    CLEANUP(buffer_clear) struct buffer users = {0};
    buffer_string(&users, "# people\n\n"); // left out, and said so
    for (size_t i = 0; i < USER_COUNT; i++) {
        char password[64], hash[PKI_HASH_BYTES];
        snprintf(password, sizeof password, "secret-%s", USERS[i]);
        assert_int_equal(pki_password_hash(text_of(password), hash), ERROR_NONE);
        buffer_print(&users, "%s:%s:%s\n", USERS[i], USERS[i], hash);
        party_password(identities, USERS[i]);
    }
    assert_int_equal(file_write(party_path(identities, "users"), buffer_view(&users), 0600, NULL), ERROR_NONE);
}

int line_make_identities(void **state) {
    (void)state;
    identities = testing_folder();
    party_identity(identities, "edge", "urn:serverless-plc:edge:MPS");
    party_identity(identities, "client", "urn:serverless-plc:client");
    make_users();
    return 0;
}

int line_remove_identities(void **state) {
    (void)state;
    testing_remove(identities);
    free(identities);
    return 0;
}

// --- the line ---

static void exchange(struct buffer *bytes, const char *from, const char *to) {
    CLEANUP(buffer_clear) struct buffer changed = {0};
    const char *place = strstr(bytes->data, from);
    if (place == NULL) fail_msg("plant.aml has no %s", from);
    buffer_append(&changed, bytes->data, (size_t)(place - bytes->data));
    buffer_string(&changed, to);
    buffer_string(&changed, place + strlen(from));
    struct buffer before = *bytes;
    *bytes = changed;
    changed = before;
}

static void read_plant(struct line *line, const struct line_options *options) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct problem problem = {0};
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    if (!error && options->from != NULL) exchange(&bytes, options->from, options->to);
    if (!error) error = model_read(buffer_view(&bytes), findings, &line->plant, &problem);
    if (error) fail_msg("%s", problem.text);
}

static uint64_t scan_period_ns(const struct line_options *options) {
    return options->period_ns > 0 ? options->period_ns : NS_PER_MS;
}

static void start_program(struct line *line, const struct line_options *options) {
    struct problem problem = {0};
    struct sim_options sim = {.seed = 1};
    if (sim_create(line->plant, &sim, &line->sim, &problem)) fail_msg("%s", problem.text);
    struct program_extra simulation = {.name = "simulation", .kind = sim_kind(line->sim), .memory = line->sim};
    struct program_options program = {
        .driver = sim_driver(line->sim),
        .lease_soft_ns = (uint64_t)((options->soft_s > 0 ? options->soft_s : 60) * 1e9),
        .lease_hard_ns = (uint64_t)((options->hard_s > 0 ? options->hard_s : 120) * 1e9),
        .extra = options->no_simulation ? NULL : &simulation,
    };
    if (program_create(line->plant, &program, &line->program, &problem)) fail_msg("%s", problem.text);
    struct runtime_options runtime = {.period_ns = scan_period_ns(options),
                                      .speed = options->speed > 0 ? options->speed : 1};
    assert_int_equal(pins_create(line->plant, line->program, &line->pins), ERROR_NONE);
    if (runtime_start(program_scan(line->program), &runtime, &line->runtime, &problem)) fail_msg("%s", problem.text);
}

static void start_server(struct line *line, const struct line_options *options) {
    struct server_options server = {
        .plant = line->plant,
        .program = line->program,
        .runtime = line->runtime,
        .scan_period_ns = scan_period_ns(options),
        .address = "127.0.0.1",
        .certificate_file = party_path(line->folder, "edge.der"),
        .key_file = party_path(line->folder, "edge.key.der"),
        .trusted_folder = party_path(line->folder, "trusted"),
        .rejected_folder = party_path(line->folder, "rejected"),
        .users_file = party_path(line->folder, "users"),
        .audit_file = party_path(line->folder, "audit.log"),
        .recording = options->recording,
        .identity = {"hash-of-the-model", "1.0", "hash-of-the-program", "0.1"},
    };
    struct problem problem = {0};
    if (diagnostics_open(party_path(line->folder, "diagnostics"), &line->diagnostics, &problem))
        fail_msg("%s", problem.text);
    server.diagnostics = line->diagnostics;
    server.pins = line->pins;
    server.pins_file = party_path(line->folder, "pins");
    if (server_open(line->loop, &server, &line->server, &problem)) fail_msg("%s", problem.text);
}

struct line *line_create(const struct line_options *options) {
    static const struct line_options defaults = {0};
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    line->folder = party_folder(identities);
    line->loop = loop_create();
    assert_non_null(line->loop);
    if (options == NULL) options = &defaults;
    read_plant(line, options);
    start_program(line, options);
    start_server(line, options);
    return line;
}

void line_destroy(struct line *line) {
    if (line == NULL) return;
    runtime_stop(line->runtime);
    server_close(line->server);
    diagnostics_close(line->diagnostics);
    runtime_destroy(line->runtime);
    program_destroy(line->program);
    pins_destroy(line->pins);
    sim_destroy(line->sim);
    plant_destroy(line->plant);
    loop_destroy(line->loop);
    testing_remove(line->folder);
    free(line->folder);
    free(line);
}

void line_run(struct line *line) {
    party_run(line->loop);
}

void line_run_for(struct line *line, uint64_t ns) {
    party_run_for(line->loop, ns);
}

static bool leads_to(int fd, uint16_t port) {
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
           ntohs(peer.sin_port) == port;
}

void line_cut(struct line *line) {
    enum { DESCRIPTORS_MAX = 1024 };
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
        if (leads_to(fd, server_port(line->server))) shutdown(fd, SHUT_RDWR);
}

// --- hands ---

static void on_state(void *context, enum opcua_client_state state, const char *reason) {
    struct hand *hand = context;
    hand->state = state;
    snprintf(hand->reason, sizeof hand->reason, "%s", reason);
    loop_stop(hand->line->loop);
}

void hand_connect(struct hand *hand, struct line *line, const char *user) {
    *hand = (struct hand){.line = line};
    struct opcua_client_options options = party_options(line->folder, server_port(line->server), "edge", user);
    options.application_uri = "urn:serverless-plc:client";
    options.state = on_state;
    options.context = hand;
    struct problem problem = {0};
    if (opcua_client_open(line->loop, &options, &hand->client, &problem)) fail_msg("%s", problem.text);
    line_run(line);
    if (hand->state != OPCUA_CONNECTED) fail_msg("%s", hand->reason);
    assert_int_equal(opcua_client_namespace(hand->client, STATION_URI, &hand->station), ERROR_NONE);
    assert_int_equal(opcua_client_namespace(hand->client, TYPES_URI, &hand->types), ERROR_NONE);
}

void hand_close(struct hand *hand) {
    opcua_client_close(hand->client);
    hand->client = NULL;
}

struct opcua_node hand_node(const struct hand *hand, const char *path) {
    static char paths[16][LINE_PATH_BYTES];
    static unsigned next;
    char *full = paths[next++ % 16];
    snprintf(full, LINE_PATH_BYTES, "MPS%s%s", path[0] == '\0' ? "" : "/", path);
    return (struct opcua_node){.namespace_index = hand->station, .string = text_of(full)};
}

struct answer hand_call(struct hand *hand, const char *object, const char *method, const struct value *inputs,
                        size_t count) {
    char path[LINE_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", object, method);
    return answer_call(hand->line->loop, hand->client, hand_node(hand, object), hand_node(hand, path), inputs, count);
}

struct answer hand_browse_node(struct hand *hand, struct opcua_node node) {
    return answer_browse(hand->line->loop, hand->client, node);
}

struct answer hand_browse(struct hand *hand, const char *path) {
    return hand_browse_node(hand, hand_node(hand, path));
}

struct answer hand_read(struct hand *hand, const char *path) {
    struct opcua_node node = hand_node(hand, path);
    struct answer answer = answer_read(hand->line->loop, hand->client, &node, 1);
    assert_int_equal(answer.status, STATUS_Good);
    return answer;
}

void hand_await_bool(struct hand *hand, const char *path, bool wanted) {
    uint64_t until_ns = clock_monotonic_ns() + LINE_WAIT_S * NS_PER_S;
    for (;;) {
        struct answer answer = hand_read(hand, path);
        assert_int_equal(answer.values[0].type, VALUE_BOOL);
        if (answer.values[0].boolean == wanted) return;
        if (clock_monotonic_ns() > until_ns) fail_msg("%s does not become %d", path, wanted);
    }
}

void hand_await_text(struct hand *hand, const char *path, const char *wanted) {
    uint64_t until_ns = clock_monotonic_ns() + LINE_WAIT_S * NS_PER_S;
    for (;;) {
        struct answer answer = hand_read(hand, path);
        if (strcmp(answer.texts[0], wanted) == 0) return;
        if (clock_monotonic_ns() > until_ns) fail_msg("%s is \"%s\", not \"%s\"", path, answer.texts[0], wanted);
    }
}

static void on_renewed(void *context, status_code status, const struct value *outputs, size_t count) {
    (void)context;
    assert_int_equal(status, STATUS_Good);
    assert_int_equal(count, 1);
    assert_int_equal(outputs[0].int32, 0);
}

static void renew(void *context) {
    struct hand *hand = context;
    struct opcua_node lock = hand_node(hand, "Lock"), method = hand_node(hand, "Lock/RenewLock");
    assert_int_equal(opcua_client_call(hand->client, &lock, &method, NULL, 0, on_renewed, hand), ERROR_NONE);
}

struct loop_timer *hand_keep_lock(struct hand *hand, uint64_t period_ns) {
    struct loop_timer *timer = loop_timer(hand->line->loop, period_ns, period_ns, renew, hand);
    assert_non_null(timer);
    return timer;
}

void hand_lock(struct hand *hand) {
    struct value context = text_value("test");
    struct answer answer = hand_call(hand, "Lock", "InitLock", &context, 1);
    assert_int_equal(answer.status, STATUS_Good);
    assert_int_equal(answer.values[0].int32, 0);
}
