#include "line.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <pki/pki.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static char identities[64];

static void run_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run_command(const char *format, ...) {
    CLEANUP(buffer_clear) struct buffer command = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(&command, format, arguments);
    va_end(arguments);
    assert_int_equal(system(command.data), 0);
}

static const char *in_folder(const char *folder, const char *name) {
    static char paths[16][2 * LINE_PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void make_certificate(const char *name, const char *uri) {
    char certificate[128], key[128];
    snprintf(certificate, sizeof certificate, "%s/%s.der", identities, name);
    snprintf(key, sizeof key, "%s/%s.key.der", identities, name);
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
    if (pki_make_application_certificate(&request, certificate, key, &problem)) fail_msg("%s", problem.text);
}

static const char *const USERS[] = {"viewer", "operator", "engineer", "administrator"};
enum { USER_COUNT = sizeof USERS / sizeof USERS[0] };

static void make_users(void) {
    CLEANUP(buffer_clear) struct buffer users = {0};
    buffer_string(&users, "# people\n\n"); // left out, and said so
    for (size_t i = 0; i < USER_COUNT; i++) {
        char password[64], file[64], hash[PKI_HASH_BYTES];
        snprintf(password, sizeof password, "secret-%s", USERS[i]);
        snprintf(file, sizeof file, "password-%s", USERS[i]);
        assert_int_equal(pki_password_hash(text_of(password), hash), ERROR_NONE);
        buffer_print(&users, "%s:%s:%s\n", USERS[i], USERS[i], hash);
        assert_int_equal(file_write(in_folder(identities, file), text_of(password), 0600, NULL), ERROR_NONE);
    }
    assert_int_equal(file_write(in_folder(identities, "users"), buffer_view(&users), 0600, NULL), ERROR_NONE);
}

int line_make_identities(void **state) {
    (void)state;
    snprintf(identities, sizeof identities, "/tmp/splc-line-XXXXXX");
    assert_non_null(mkdtemp(identities));
    make_certificate("edge", "urn:serverless-plc:edge:MPS");
    make_certificate("client", "urn:serverless-plc:client");
    make_users();
    return 0;
}

int line_remove_identities(void **state) {
    (void)state;
    run_command("rm -rf '%s'", identities);
    return 0;
}

// --- the line ---

static void read_plant(struct line *line) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct problem problem = {0};
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
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
    struct program_extra simulation = {.name = "simulation", .kind = &sim_kind, .memory = line->sim};
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
        .certificate_file = in_folder(line->folder, "edge.der"),
        .key_file = in_folder(line->folder, "edge.key.der"),
        .trusted_folder = in_folder(line->folder, "trusted"),
        .rejected_folder = in_folder(line->folder, "rejected"),
        .users_file = in_folder(line->folder, "users"),
        .audit_file = in_folder(line->folder, "audit.log"),
        .identity = {"hash-of-the-model", "1.0", "hash-of-the-program", "0.1"},
    };
    struct problem problem = {0};
    if (diagnostics_open(in_folder(line->folder, "diagnostics"), &line->diagnostics, &problem))
        fail_msg("%s", problem.text);
    server.diagnostics = line->diagnostics;
    server.pins = line->pins;
    server.pins_file = in_folder(line->folder, "pins");
    if (server_open(line->loop, &server, &line->server, &problem)) fail_msg("%s", problem.text);
}

struct line *line_create(const struct line_options *options) {
    static const struct line_options defaults = {0};
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    snprintf(line->folder, sizeof line->folder, "/tmp/splc-line-XXXXXX");
    assert_non_null(mkdtemp(line->folder));
    run_command("cp -p %s/* %s", identities, line->folder);
    assert_int_equal(mkdir(in_folder(line->folder, "trusted"), 0700), 0);
    run_command("cp %s/client.der %s/trusted", line->folder, line->folder);
    line->loop = loop_create();
    assert_non_null(line->loop);
    read_plant(line);
    if (options == NULL) options = &defaults;
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
    run_command("rm -rf '%s'", line->folder);
    free(line);
}

static void on_timeout(void *context) {
    struct line *line = context;
    line->timed_out = true;
    loop_stop(line->loop);
}

void line_run(struct line *line) {
    struct loop_timer *guard = loop_timer(line->loop, LINE_WAIT_S * NS_PER_S, 0, on_timeout, line);
    assert_int_equal(loop_run(line->loop), ERROR_NONE);
    if (line->timed_out) fail_msg("nothing happened within %d s", LINE_WAIT_S);
    loop_timer_cancel(guard);
}

static void on_over(void *context) {
    loop_stop(context);
}

void line_run_for(struct line *line, uint64_t ns) {
    assert_non_null(loop_timer(line->loop, ns, 0, on_over, line->loop));
    assert_int_equal(loop_run(line->loop), ERROR_NONE);
}

static bool leads_to(int fd, uint16_t port) {
    struct sockaddr_in peer;
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
    char url[64], password[64];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%u", server_port(line->server));
    snprintf(password, sizeof password, "password-%s", user);
    *hand = (struct hand){.line = line};
    struct opcua_client_options options = {
        .url = url,
        .application_uri = "urn:serverless-plc:client",
        .certificate_file = in_folder(line->folder, "client.der"),
        .key_file = in_folder(line->folder, "client.key.der"),
        .server_certificate_file = in_folder(line->folder, "edge.der"),
        .user = user,
        .password_file = in_folder(line->folder, password),
        .state = on_state,
        .context = hand,
    };
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

static void end(struct answer *answer, status_code status, size_t count) {
    answer->done = true;
    answer->status = status;
    answer->count = count;
    loop_stop(answer->hand->line->loop);
}

static void keep_value(struct answer *answer, size_t i, const struct value *value) {
    answer->values[i] = *value;
    if (value->type != VALUE_STRING) return;
    snprintf(answer->texts[i], ANSWER_TEXT_BYTES, "%.*s", TEXT_ARG(value->string));
    answer->values[i].string = TEXT_EMPTY;
}

static void on_outputs(void *context, status_code status, const struct value *outputs, size_t count) {
    struct answer *answer = context;
    for (size_t i = 0; i < count && i < ANSWER_VALUES; i++) keep_value(answer, i, &outputs[i]);
    end(answer, status, count);
}

struct answer hand_call(struct hand *hand, const char *object, const char *method, const struct value *inputs,
                        size_t count) {
    struct answer answer = {.hand = hand};
    char path[LINE_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", object, method);
    struct opcua_node object_node = hand_node(hand, object), method_node = hand_node(hand, path);
    assert_int_equal(opcua_client_call(hand->client, &object_node, &method_node, inputs, count, on_outputs, &answer),
                     ERROR_NONE);
    while (!answer.done) line_run(hand->line);
    return answer;
}

static void on_references(void *context, status_code status, const struct opcua_reference *references, size_t count) {
    struct answer *answer = context;
    for (size_t i = 0; i < count && i < ANSWER_NAMES; i++) {
        answer->references[i] = references[i];
        snprintf(answer->texts[i], ANSWER_TEXT_BYTES, "%.*s", TEXT_ARG(references[i].browse_name));
    }
    end(answer, status, count);
}

struct answer hand_browse_node(struct hand *hand, struct opcua_node node) {
    struct answer answer = {.hand = hand};
    assert_int_equal(opcua_client_browse(hand->client, &node, on_references, &answer), ERROR_NONE);
    while (!answer.done) line_run(hand->line);
    return answer;
}

struct answer hand_browse(struct hand *hand, const char *path) {
    return hand_browse_node(hand, hand_node(hand, path));
}

static void on_data(void *context, status_code status, const struct opcua_data *data, size_t count) {
    struct answer *answer = context;
    for (size_t i = 0; i < count && i < ANSWER_VALUES; i++) {
        keep_value(answer, i, &data[i].value);
        answer->statuses[i] = data[i].status;
        answer->times_ns[i] = data[i].source_time_ns;
    }
    end(answer, status, count);
}

struct answer hand_read(struct hand *hand, const char *path) {
    struct answer answer = {.hand = hand};
    struct opcua_node node = hand_node(hand, path);
    assert_int_equal(opcua_client_read(hand->client, &node, 1, on_data, &answer), ERROR_NONE);
    while (!answer.done) line_run(hand->line);
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

const struct opcua_reference *answer_find(const struct answer *answer, const char *name) {
    for (size_t i = 0; i < answer->count && i < ANSWER_NAMES; i++)
        if (strcmp(answer->texts[i], name) == 0) return &answer->references[i];
    return NULL;
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
