// The whole splc-edge as a process of its own, with encrypted clients.
//
//     bench-edge            everything
//     bench-edge --start    start to the first scan, start to the server's answer, resident memory: generated plants
//     bench-edge --notify   change in the scan -> notification at a client, beside one read of a value in the same run
//     bench-edge --write    values into the server, with their history
//
// splc-edge stands beside this program (tools/build release).
#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/process.h>
#include <opcua/server.h>
#include <pki/pki.h>
#include <synthetic/synthetic.h>
#include <testing/testing.h>
#include <testing_opcua/party.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHANGES = 2000, WARM_UP = 100, RUNS = 3, WAIT_S = 60, VARIABLES = 10000, ROUNDS = 20, PUBLISHING_MS = 1 };

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "bench-edge: %s\n", what);
    exit(EXIT_FAILURE);
}

static void must(enum error error, const char *what) {
    if (error) fail(what);
}

static int by_size(const void *a, const void *b) {
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double percentile(double *values, size_t count, double part) {
    qsort(values, count, sizeof *values, by_size);
    return values[(size_t)((double)(count - 1) * part)];
}

static struct opcua_node node_of(uint16_t namespace_index, const char *path) {
    return (struct opcua_node){.namespace_index = namespace_index, .string = text_of(path)};
}

// ---------------------------------------------------------------- one edge

struct edge {
    char *plant, *data;
    uint16_t port;
    pid_t pid;
    int notify;      // socket
    double scan_s;   // from the start until the scan runs
    double server_s; // ... until clients are answered
};

static uint16_t free_port(void) {
    CLEANUP(descriptor_close_at) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        fail("no free port");
    return ntohs(address.sin_port);
}

static void put(const char *folder, const char *name, struct text bytes) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    must(file_write(path, bytes, 0600, NULL), name);
}

static void make_folder(const char *folder, const char *name) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    must(file_make_folder(path, 0700, NULL), name);
}

static void copy(const char *from, const char *name, const char *to, const char *as) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    must(file_read(party_path(from, name), 1024 * 1024, &bytes, NULL), name);
    put(to, as, buffer_view(&bytes));
}

/// `station`: its name, which is in the certificate; an identity with that name is made.
static void prepare(struct edge *edge, const char *identities, const char *station, struct text model,
                    double period_ms) {
    *edge = (struct edge){.plant = testing_folder(), .data = testing_folder(), .port = free_port()};
    CLEANUP(buffer_clear) struct buffer site = {0};
    buffer_print(&site, "edge:\n  port: %u\n  driver: sim\n  scan_period_ms: %g\n", edge->port, period_ms);
    put(edge->plant, "plant.aml", model);
    put(edge->plant, "site.yaml", buffer_view(&site));
    make_folder(edge->data, "pki");
    make_folder(edge->data, "pki/opcua");
    make_folder(edge->data, "edge");
    make_folder(edge->data, "edge/trusted");
    char uri[128];
    snprintf(uri, sizeof uri, "urn:serverless-plc:edge:%s", station);
    unlink(party_path(identities, "edge.der")); // of another station
    unlink(party_path(identities, "edge.key.der"));
    party_identity(identities, "edge", uri);
    copy(identities, "edge.der", edge->data, "pki/opcua/edge.der");
    copy(identities, "edge.key.der", edge->data, "pki/opcua/edge.key.der");
    copy(identities, "client.der", edge->data, "edge/trusted/client.der");
    copy(identities, "users", edge->data, "edge/users");
}

/// The next word that the edge says about itself; false when it says nothing in time.
static bool heard(const struct edge *edge, const char *word) {
    char text[1024];
    for (;;) {
        ssize_t length = recv(edge->notify, text, sizeof text - 1, 0);
        if (length <= 0) return false;
        text[length] = '\0';
        if (strstr(text, word) != NULL) return true;
    }
}

static void start(struct edge *edge) {
    char program[512] = "", variable[256];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 16);
    char *slash = length > 0 ? strrchr(program, '/') : NULL;
    if (slash == NULL) fail("where am I?");
    memcpy(slash, "/splc-edge", sizeof "/splc-edge");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", edge->data);
    snprintf(variable, sizeof variable, "NOTIFY_SOCKET=%s", address.sun_path);
    edge->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = WAIT_S};
    setsockopt(edge->notify, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(edge->notify, (struct sockaddr *)&address, sizeof address) != 0) fail("notification socket");
    CLEANUP(descriptor_close_at) int log = open(party_path(edge->data, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const char *const words[] = {program, edge->plant, "--data", edge->data, NULL};
    const char *const environment[] = {variable, NULL};
    struct process_options options = {.arguments = words, .environment = environment, .output = log};
    uint64_t begin_ns = clock_monotonic_ns();
    struct problem problem = {0};
    if (process_start(&options, &edge->pid, &problem)) fail(problem.text);
    if (!heard(edge, "STATUS=the scan runs")) fail("the scan does not start");
    edge->scan_s = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
    if (!heard(edge, "READY=1")) fail("the server does not start");
    edge->server_s = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
}

static void stop(struct edge *edge) {
    kill(edge->pid, SIGTERM);
    waitpid(edge->pid, NULL, 0);
    close(edge->notify);
    testing_remove(edge->plant);
    testing_remove(edge->data);
    free(edge->plant);
    free(edge->data);
}

static char *make_identities(void) {
    char *folder = testing_folder();
    char hash[PKI_HASH_BYTES];
    party_identity(folder, "edge", "urn:serverless-plc:edge:MPS");
    party_identity(folder, "client", "urn:serverless-plc:client");
    party_password(folder, "operator");
    must(pki_password_hash(TEXT("secret-operator"), hash), "password");
    CLEANUP(buffer_clear) struct buffer users = {0};
    buffer_print(&users, "operator:operator:%s\n", hash);
    put(folder, "users", buffer_view(&users));
    return folder;
}

// ---------------------------------------------------------------- start and memory

static void bench_start(const char *identities) {
    printf("start of splc-edge, simulated plants of `splc model generate`, scan every 10 ms; medians of %d\n", RUNS);
    const size_t points[] = {1000, 10000};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        CLEANUP(buffer_clear) struct buffer model = {0};
        struct problem problem = {0};
        if (synthetic_plant(points[i], &model, &problem)) fail(problem.text);
        double scan[RUNS], server[RUNS], memory[RUNS];
        for (int run = 0; run < RUNS; run++) {
            struct edge edge;
            char station[32];
            snprintf(station, sizeof station, "BIG%zu", points[i]);
            prepare(&edge, identities, station, buffer_view(&model), 10);
            start(&edge);
            scan[run] = edge.scan_s;
            server[run] = edge.server_s;
            memory[run] = (double)process_resident_kib(edge.pid) / 1024;
            stop(&edge);
        }
        printf("  %7zu points: first scan %6.2f s, server %6.2f s, resident memory %7.1f MB\n", points[i],
               percentile(scan, RUNS, 0.5), percentile(server, RUNS, 0.5), percentile(memory, RUNS, 0.5));
        fflush(stdout);
    }
}

// ---------------------------------------------------------------- notification

struct watch {
    struct loop *loop;
    struct opcua_client *client;
    double late_us[CHANGES + WARM_UP];
    size_t count;
    bool ready;
};

static void on_state(void *context, enum opcua_client_state state, const char *reason) {
    struct watch *watch = context;
    if (state == OPCUA_LOST) fail(reason);
    loop_stop(watch->loop);
}

static void on_data(void *context, size_t item, const struct opcua_data *data, bool overflow) {
    struct watch *watch = context;
    (void)item, (void)overflow;
    if (!watch->ready || watch->count == CHANGES + WARM_UP) return; // the first is what was there before
    watch->late_us[watch->count++] = (double)((int64_t)clock_wall_ns() - data->source_time_ns) / 1e3;
    loop_stop(watch->loop);
}

static void on_published(void *context) {
    (void)context;
}

static void on_subscribed(void *context, status_code status, const char *reason) {
    struct watch *watch = context;
    if (status_is_bad(status)) fail(reason);
    loop_stop(watch->loop);
}

static double processor_s(pid_t pid) {
    char path[64], text[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof text, file) == NULL) fail(path);
    fclose(file);
    unsigned long user = 0, system = 0;
    const char *at = strrchr(text, ')');
    if (at == NULL || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        fail(path);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void connect_client(struct watch *watch, const char *identities, uint16_t port) {
    struct opcua_client_options options = party_options(identities, port, "edge", "operator");
    struct problem problem = {0};
    options.application_uri = "urn:serverless-plc:client";
    options.state = on_state;
    options.context = watch;
    if (opcua_client_open(watch->loop, &options, &watch->client, &problem)) fail(problem.text);
    party_run(watch->loop);
}

/// A lamp is switched by its method; what is measured is from the scan that did it to the notification.
static void measure_notify(const char *identities, const struct edge *edge) {
    struct watch watch = {.loop = loop_create()};
    connect_client(&watch, identities, edge->port);
    uint16_t station = 0;
    must(opcua_client_namespace(watch.client, "urn:serverless-plc:plant:mps", &station), "namespace");
    struct opcua_node lock = node_of(station, "MPS/Lock"), init = node_of(station, "MPS/Lock/InitLock");
    struct opcua_node lamp = node_of(station, "MPS/mps_hmi/indicator_Q1");
    struct opcua_node set = node_of(station, "MPS/mps_hmi/indicator_Q1/setState");
    struct opcua_node state = node_of(station, "MPS/mps_hmi/indicator_Q1/state");
    struct value context = {.type = VALUE_STRING, .string = TEXT("bench")};
    if (status_is_bad(answer_call(watch.loop, watch.client, lock, init, &context, 1).status)) fail("no lock");
    struct opcua_subscription_options options = {.publishing_interval_ms = PUBLISHING_MS,
                                                 .data = on_data,
                                                 .published = on_published,
                                                 .state = on_subscribed,
                                                 .context = &watch};
    struct opcua_subscription *subscription = NULL;
    must(opcua_client_subscribe(watch.client, &options, &state, 1, &subscription), "subscription");
    party_run(watch.loop);
    party_run_for(watch.loop, 200 * NS_PER_MS);
    double idle_s = processor_s(edge->pid);
    party_run_for(watch.loop, 2 * NS_PER_S);
    idle_s = processor_s(edge->pid) - idle_s;
    watch.ready = true;
    double busy_s = processor_s(edge->pid);
    uint64_t begin_ns = clock_monotonic_ns();
    for (size_t i = 0; i < CHANGES + WARM_UP; i++) {
        struct value on = {.type = VALUE_BOOL, .boolean = i % 2 == 0};
        if (i % 200 == 0) (void)answer_call(watch.loop, watch.client, lock, init, &context, 1); // renews
        size_t before = watch.count;
        if (status_is_bad(answer_call(watch.loop, watch.client, lamp, set, &on, 1).status)) fail("the lamp is refused");
        while (watch.count == before) party_run(watch.loop);
        party_run_for(watch.loop, (1 + i % 3) * NS_PER_MS + i % 7 * 130000); // not in step with scan and publishing
    }
    busy_s = processor_s(edge->pid) - busy_s;
    double took_s = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
    double *late = watch.late_us + WARM_UP;
    printf("  publishing %d ms: change -> client p50 %7.0f  p99 %7.0f us; server %4.1f %% of a core idle, %4.1f %% at "
           "%.0f changes/s\n",
           PUBLISHING_MS, percentile(late, CHANGES, 0.5), percentile(late, CHANGES, 0.99), idle_s / 2 * 100,
           busy_s / took_s * 100, (CHANGES + WARM_UP) / took_s);
    double *read_us = watch.late_us;
    for (size_t i = 0; i < CHANGES; i++) {
        uint64_t asked_ns = clock_monotonic_ns();
        (void)answer_read(watch.loop, watch.client, &state, 1);
        read_us[i] = (double)(clock_monotonic_ns() - asked_ns) / 1e3;
    }
    printf("  beside it, one read of the value:  p50 %7.0f  p99 %7.0f us\n", percentile(read_us, CHANGES, 0.5),
           percentile(read_us, CHANGES, 0.99));
    opcua_client_close(watch.client);
    loop_destroy(watch.loop);
}

static void bench_notify(const char *identities) {
    printf("change in the scan -> notification, plants/mps, scan every 1 ms, Basic256Sha256, %d changes\n", CHANGES);
    CLEANUP(buffer_clear) struct buffer model = {0};
    must(file_read(SOURCE_FOLDER "/plants/mps/plant.aml", 16 * 1024 * 1024, &model, NULL), "plants/mps/plant.aml");
    struct edge edge;
    prepare(&edge, identities, "MPS", buffer_view(&model), 1);
    start(&edge);
    printf("  resident memory after the start: %.1f MB\n", (double)process_resident_kib(edge.pid) / 1024);
    measure_notify(identities, &edge);
    stop(&edge);
}

// ---------------------------------------------------------------- writing

static bool nobody(void *context, struct text user, struct text password, enum opcua_role *ret_role) {
    (void)context, (void)user, (void)password, (void)ret_role;
    return false;
}

static void measure_write(struct opcua_server *server, struct opcua_variable **variables, enum value_type type,
                          const char *what) {
    double took_us[ROUNDS];
    for (int64_t round = 0; round < ROUNDS; round++) {
        uint64_t begin_ns = clock_monotonic_ns();
        for (size_t i = 0; i < VARIABLES; i++) {
            struct opcua_data data = {.value = {.type = type}, .source_time_ns = (int64_t)clock_wall_ns()};
            if (type == VALUE_BOOL) data.value.boolean = round % 2 != 0;
            if (type == VALUE_DOUBLE) data.value.real = (double)round * 1.1 + (double)i;
            must(opcua_server_write(server, variables[i], &data), "write");
        }
        took_us[round] = (double)(clock_monotonic_ns() - begin_ns) / 1e3 / VARIABLES;
    }
    printf("  %-8s p50 %5.2f  most %5.2f us a value\n", what, percentile(took_us, ROUNDS, 0.5),
           percentile(took_us, ROUNDS, 1));
}

static void bench_write(const char *identities) {
    printf("values into the server with their history, %d variables, nobody subscribes\n", VARIABLES);
    struct loop *loop = loop_create();
    char *folder = party_folder(identities);
    struct opcua_server_options options = {.address = "127.0.0.1",
                                           .application_uri = "urn:serverless-plc:edge:MPS",
                                           .application_name = "bench",
                                           .certificate_file = party_path(folder, "edge.der"),
                                           .key_file = party_path(folder, "edge.key.der"),
                                           .trusted_folder = party_path(folder, "trusted"),
                                           .rejected_folder = party_path(folder, "rejected"),
                                           .login = nobody};
    struct opcua_server *server = NULL;
    struct problem problem = {0};
    if (opcua_server_open(loop, &options, &server, &problem)) fail(problem.text);
    uint16_t namespace_index = opcua_server_namespace(server, "urn:bench");
    static const struct {
        enum value_type type;
        const char *name;
    } kinds[] = {{VALUE_BOOL, "Boolean"}, {VALUE_DOUBLE, "Double"}};
    static struct opcua_variable *variables[VARIABLES];
    for (size_t kind = 0; kind < 2; kind++) {
        struct opcua_node top = node_of(namespace_index, kinds[kind].name);
        struct opcua_names folder_names = {.node = top,
                                           .parent = OPCUA_OBJECTS_FOLDER,
                                           .browse_namespace = namespace_index,
                                           .browse_name = text_of(kinds[kind].name)};
        must(opcua_server_add_object(server, &folder_names, &OPCUA_FOLDER_TYPE), "folder");
        uint64_t begin_ns = clock_monotonic_ns();
        for (size_t i = 0; i < VARIABLES; i++) {
            char name[64];
            snprintf(name, sizeof name, "%s/%zu", kinds[kind].name, i);
            struct opcua_names names = {.node = node_of(namespace_index, name),
                                        .parent = top,
                                        .browse_namespace = namespace_index,
                                        .browse_name = text_of(name)};
            must(opcua_server_add_variable(server, &names, kinds[kind].type, &variables[i]), "variable");
        }
        printf("  %-8s made in %.1f us each\n", kinds[kind].name,
               (double)(clock_monotonic_ns() - begin_ns) / 1e3 / VARIABLES);
        measure_write(server, variables, kinds[kind].type, kinds[kind].name);
    }
    opcua_server_close(server);
    loop_destroy(loop);
    testing_remove(folder);
    free(folder);
}

int main(int argc, char **argv) {
    static const struct {
        const char *option;
        void (*run)(const char *identities);
    } benches[] = {{"--start", bench_start}, {"--notify", bench_notify}, {"--write", bench_write}};
    bool any = false;
    char *identities = make_identities();
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
        if (argc > 1 && strcmp(argv[1], benches[i].option) != 0) continue;
        benches[i].run(identities);
        any = true;
    }
    testing_remove(identities);
    free(identities);
    if (any) return EXIT_SUCCESS;
    fprintf(stderr, "usage: bench-edge [--start | --notify | --write]\n");
    return 2;
}
