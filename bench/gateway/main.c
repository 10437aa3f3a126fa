// The gateway with very many items: how long until all are live, what it needs, how many changes it takes in a second.
// A server with one station in a process of its own, encrypted; the gateway; the twin service; a nats-server.
//
//     bench-gateway [ITEMS [ROUNDS]]
//
// The changes of a round: every value of the server, at once. It is over when the twins hold them all.
#include <base/cleanup.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/process.h>
#include <bus/bus.h>
#include <fcntl.h>
#include <gateway/gateway.h>
#include <opcua/server.h>
#include <pki/pki.h>
#include <signal.h>
#include <site/site.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <twins/twins.h>
#include <unistd.h>

enum { VALUES = 100, FIRST_ROUND = 1000000, ROUNDS_MAX = 100, WAIT_S = 300, PATH_BYTES = 64 };

static void must(bool good, const char *what) {
    if (good) return;
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- The server ---- */

static struct {
    struct loop *loop;
    struct opcua_server *server;
    uint16_t instances, types;
    int control;
    unsigned things;
    struct opcua_variable **variables;
} plant;

static struct opcua_names names_of(const char *path, const char *above) {
    const char *slash = strrchr(path, '/');
    struct opcua_node parent = OPCUA_OBJECTS_FOLDER;
    if (above != NULL) parent = (struct opcua_node){.namespace_index = plant.instances, .string = text_of(above)};
    return (struct opcua_names){.node = {.namespace_index = plant.instances, .string = text_of(path)},
                                .parent = parent,
                                .browse_namespace = plant.instances,
                                .browse_name = text_of(slash == NULL ? path : slash + 1)};
}

static void add_object(const char *path, const char *above, const char *type_name) {
    struct opcua_names names = names_of(path, above);
    struct opcua_node type = {.namespace_index = plant.types, .string = text_of(type_name)};
    must(!opcua_server_add_object(plant.server, &names, &type), "cannot add an object");
}

static void add_type(const char *name) {
    struct opcua_names names = {.node = {.namespace_index = plant.types, .string = text_of(name)},
                                .parent = OPCUA_BASE_OBJECT_TYPE,
                                .browse_namespace = plant.types,
                                .browse_name = text_of(name)};
    must(!opcua_server_add_object_type(plant.server, &names), "cannot add a type");
}

static void write_all(uint32_t number) {
    for (size_t i = 0; i < (size_t)plant.things * VALUES; i++) {
        struct opcua_data data = {.value = {.type = VALUE_UINT32, .uint32 = number},
                                  .status = STATUS_Good,
                                  .source_time_ns = (int64_t)clock_wall_ns()};
        must(!opcua_server_write(plant.server, plant.variables[i], &data), "cannot write");
    }
}

static void add_things(void) {
    add_type("StationType");
    add_type("ThingType");
    add_object("S", NULL, "StationType");
    plant.variables = calloc((size_t)plant.things * VALUES, sizeof(struct opcua_variable *));
    must(plant.variables != NULL, "out of memory");
    for (unsigned i = 0; i < plant.things * VALUES; i++) {
        char above[PATH_BYTES], path[PATH_BYTES];
        snprintf(above, sizeof above, "S/t%04u", i / VALUES);
        if (i % VALUES == 0) add_object(above, "S", "ThingType");
        snprintf(path, sizeof path, "S/t%04u/v%02u", i / VALUES, i % VALUES);
        struct opcua_names names = names_of(path, above);
        must(!opcua_server_add_variable(plant.server, &names, VALUE_UINT32, &plant.variables[i]), "cannot add a value");
    }
    write_all(FIRST_ROUND);
}

static bool login(void *context, struct text user, struct text password, enum opcua_role *ret_role) {
    (void)context;
    *ret_role = OPCUA_OPERATOR;
    return text_is(user, "gateway") && text_is(password, "password");
}

static void on_round(void *context, uint32_t events) {
    (void)context, (void)events;
    uint32_t number;
    if (read(plant.control, &number, sizeof number) != sizeof number) return loop_stop(plant.loop); // the bench is over
    write_all(number);
}

static int serve_plant(char **argv) {
    const char *folder = argv[2];
    CLEANUP(free_at) char *certificate = testing_path(folder, "pki/opcua/edge.der");
    CLEANUP(free_at) char *key = testing_path(folder, "pki/opcua/edge.key.der");
    CLEANUP(free_at) char *trusted = testing_path(folder, "edge/trusted");
    CLEANUP(free_at) char *rejected = testing_path(folder, "edge/rejected");
    plant.loop = loop_create();
    plant.control = atoi(argv[3]);
    plant.things = (unsigned)atoi(argv[4]);
    struct opcua_server_options options = {
        .address = "127.0.0.1",
        .application_uri = "urn:serverless-plc:edge:S",
        .application_name = "S",
        .certificate_file = certificate,
        .key_file = key,
        .trusted_folder = trusted,
        .rejected_folder = rejected,
        .login = login,
    };
    struct problem problem = {0};
    must(!opcua_server_open(plant.loop, &options, &plant.server, &problem), problem.text);
    plant.instances = opcua_server_namespace(plant.server, "urn:bench:plant");
    plant.types = opcua_server_namespace(plant.server, "urn:bench:types");
    add_things();
    must(!opcua_server_serve(plant.server, &problem), problem.text);
    uint32_t port = opcua_server_port(plant.server);
    must(write(plant.control, &port, sizeof port) == sizeof port, "the bench is gone");
    must(loop_watch(plant.loop, plant.control, EPOLLIN, on_round, NULL) != NULL, "no watch");
    must(!loop_run(plant.loop), "the loop of the server failed");
    opcua_server_close(plant.server);
    loop_destroy(plant.loop);
    free(plant.variables);
    return EXIT_SUCCESS;
}

/* ---- The services ---- */

static int serve(char **argv) {
    bool gateway = strcmp(argv[1], "--gateway") == 0;
    log_open(argv[1] + 2);
    struct site site = {
        .data_folder = argv[2],
        .edge = {.address = "127.0.0.1", .port = (uint16_t)atoi(argv[4]), .lease_soft_s = 2},
        .fog = {.address = "127.0.0.1", .nats_port = (uint16_t)atoi(argv[3]), .desired_ttl_s = 5},
    };
    struct problem problem = {0};
    enum error error = gateway ? gateway_run(&site, &problem) : twins_run(&site, &problem);
    if (error) fprintf(stderr, "%s\n", problem.text);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- The bench ---- */

static struct {
    struct testing_nats *nats;
    char *folder;
    struct loop *loop;
    struct bus *bus;
    int control;
    pid_t server, gateway, twins;
    unsigned port, items;
    bool connected, live;
    char number[16]; // that is awaited
    size_t told;     // how often it was
} bench;

static void make_identity(const char *name, const char *uri) {
    CLEANUP(buffer_clear) struct buffer certificate = {0}, key = {0};
    buffer_print(&certificate, "%s/pki/opcua/%s.der", bench.folder, name);
    buffer_print(&key, "%s/pki/opcua/%s.key.der", bench.folder, name);
    struct pki_request request = {.common_name = name,
                                  .dns_names = (const char *[]){"localhost", NULL},
                                  .addresses = (const char *[]){"127.0.0.1", NULL},
                                  .uri = uri,
                                  .days = 30,
                                  .server = true,
                                  .client = true};
    struct problem problem = {0};
    must(!pki_make_application_certificate(&request, certificate.data, key.data, &problem), problem.text);
}

static void copy_file(const char *from, const char *name) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(free_at) char *to = testing_path(bench.folder, name);
    must(!file_read(from, 1 << 16, &bytes, NULL) && !file_write(to, buffer_view(&bytes), 0600, NULL), "cannot copy");
}

static void make_data_folder(void) {
    static const char *const folders[] = {"pki/opcua", "secrets", "edge/trusted"};
    static const char *const secrets[] = {"secrets/nats-gateway", "secrets/nats-twins", "secrets/opcua-gateway"};
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(free_at) char *path = testing_path(bench.folder, folders[i]);
        must(!file_make_folder(path, 0700, NULL), "cannot make the data folder");
    }
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(free_at) char *path = testing_path(bench.folder, secrets[i]);
        must(!file_write(path, TEXT("password"), 0600, NULL), "cannot write a password");
    }
    make_identity("edge", "urn:serverless-plc:edge:S");
    make_identity("gateway", "urn:serverless-plc:gateway");
    CLEANUP(free_at) char *gateway = testing_path(bench.folder, "pki/opcua/gateway.der");
    copy_file(gateway, "edge/trusted/gateway.der");
    copy_file(bench.nats->ca_file, "pki/ca.crt");
}

static pid_t start(const char *const *arguments) {
    struct process_options options = {.arguments = arguments, .output = -1, .own_group = true};
    struct problem problem = {0};
    pid_t pid = 0;
    must(!process_start(&options, &pid, &problem), problem.text);
    return pid;
}

static void start_server(void) {
    int ends[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "no socket");
    char control[16], things[16];
    snprintf(control, sizeof control, "%d", ends[1]);
    snprintf(things, sizeof things, "%u", bench.items / VALUES);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    const char *const arguments[] = {"/proc/self/exe", "--plant", bench.folder, control, things, NULL};
    bench.server = start(arguments);
    close(ends[1]);
    bench.control = ends[0];
    uint32_t port = 0;
    must(read(bench.control, &port, sizeof port) == sizeof port, "the server does not start");
    bench.port = port;
}

static pid_t start_service(const char *word) {
    char nats_port[16], edge_port[16];
    snprintf(nats_port, sizeof nats_port, "%u", bench.nats->port);
    snprintf(edge_port, sizeof edge_port, "%u", bench.port);
    const char *const arguments[] = {"/proc/self/exe", word, bench.folder, nats_port, edge_port, NULL};
    return start(arguments);
}

static void on_state(void *context, bool connected, const char *reason) {
    (void)context, (void)reason;
    bench.connected = connected;
}

static void on_status(void *context, const struct bus_message *message) {
    (void)context;
    char part[64];
    snprintf(part, sizeof part, "\"items\":%u,\"bad\":0,", bench.items);
    CLEANUP(free_at) char *text = text_copy(message->data);
    bench.live = text != NULL && strstr(text, part) != NULL && strstr(text, "\"state\":\"connected\"") != NULL;
}

/// The values of a thing come sorted, each number once; what stands behind the state is metadata.
static void on_accepted(void *context, const struct bus_message *message) {
    (void)context;
    size_t length = strlen(bench.number);
    const char *at = message->data.data, *end = at + message->data.length;
    while (length > 0 && (at = memmem(at, (size_t)(end - at), bench.number, length)) != NULL) {
        bench.told++;
        at += length;
    }
}

static bool is_connected(void *context) {
    (void)context;
    return bench.connected;
}

static bool is_live(void *context) {
    (void)context;
    return bench.live;
}

static bool is_told(void *context) {
    (void)context;
    return bench.told >= bench.items;
}

static double await(bool (*done)(void *context), const char *what, uint64_t since_ns) {
    must(testing_run_until(bench.loop, done, NULL, WAIT_S), what);
    return (double)(clock_monotonic_ns() - since_ns) / (double)NS_PER_S;
}

static void open_client(void) {
    bench.loop = loop_create();
    CLEANUP(free_at) char *password_file = testing_path(bench.folder, "secrets/nats-twins");
    struct bus_options options = {.url = bench.nats->url,
                                  .ca_file = bench.nats->ca_file,
                                  .user = "bench",
                                  .password_file = password_file,
                                  .name = "bench",
                                  .state = on_state};
    must(!bus_open(bench.loop, &options, &bench.bus, NULL), "cannot open the bus");
    must(!bus_subscribe(bench.bus, "splc.status.gateway", NULL, on_status, NULL, NULL) &&
             !bus_subscribe(bench.bus, "$aws.things.*.shadow.update.accepted", NULL, on_accepted, NULL, NULL),
         "cannot subscribe");
    await(is_connected, "no connection to the bus", 0);
}

/// User and system time of a process so far.
static double cpu_seconds_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    CLEANUP(file_close_at) FILE *file = fopen(path, "re");
    unsigned long user = 0, system = 0;
    must(file != NULL &&
             fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2,
         "cannot read the time of a process");
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void expect(uint32_t number) {
    snprintf(bench.number, sizeof bench.number, ":%u", number);
    bench.told = 0;
}

static double change_all(uint32_t number) {
    expect(number);
    uint64_t since_ns = clock_monotonic_ns();
    must(write(bench.control, &number, sizeof number) == sizeof number, "the server is gone");
    return await(is_told, "not all changes were told", since_ns);
}

static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(unsigned rounds) {
    double took_s[ROUNDS_MAX];
    double gateway_s = cpu_seconds_of(bench.gateway), twins_s = cpu_seconds_of(bench.twins);
    for (unsigned i = 0; i < rounds; i++) took_s[i] = change_all(FIRST_ROUND + 1 + i);
    gateway_s = cpu_seconds_of(bench.gateway) - gateway_s;
    twins_s = cpu_seconds_of(bench.twins) - twins_s;
    qsort(took_s, rounds, sizeof took_s[0], compare_reals);
    double changes = (double)bench.items * rounds;
    printf("all values change at once, %u times: told after %.2f s (median; %.2f to %.2f): %.0f changes/s\n", rounds,
           took_s[rounds / 2], took_s[0], took_s[rounds - 1], bench.items / took_s[rounds / 2]);
    printf("  for each core: gateway %.0f changes/s, twin service %.0f changes/s\n", changes / (gateway_s + 1e-9),
           changes / (twins_s + 1e-9));
}

static void print_rest(void) {
    enum { REST_S = 5 };
    double gateway_s = cpu_seconds_of(bench.gateway);
    uint64_t until_ns = clock_monotonic_ns() + REST_S * NS_PER_S;
    while (clock_monotonic_ns() < until_ns) testing_run_until(bench.loop, is_live, NULL, 0.01), usleep(10 * 1000);
    printf("at rest the gateway needs %.1f %% of a core\n",
           100 * (cpu_seconds_of(bench.gateway) - gateway_s) / (double)REST_S);
}

static void run(unsigned rounds) {
    uint64_t since_ns = clock_monotonic_ns();
    start_server();
    printf("server with %u values: %.1f s, %.0f MB\n", bench.items,
           (double)(clock_monotonic_ns() - since_ns) / (double)NS_PER_S,
           (double)process_resident_kib(bench.server) / 1024);
    bench.twins = start_service("--twins");
    expect(FIRST_ROUND);
    since_ns = clock_monotonic_ns();
    bench.gateway = start_service("--gateway");
    printf("all items live after %.2f s", await(is_live, "the items are not live", since_ns));
    printf(", in their twins after %.2f s\n", await(is_told, "not all values were told", since_ns));
    measure(rounds);
    printf("memory: gateway %.0f MB, twin service %.0f MB, server %.0f MB\n",
           (double)process_resident_kib(bench.gateway) / 1024, (double)process_resident_kib(bench.twins) / 1024,
           (double)process_resident_kib(bench.server) / 1024);
    print_rest();
}

static void stop(pid_t pid) {
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "--plant") == 0) return serve_plant(argv);
    if (argc == 5 && strncmp(argv[1], "--", 2) == 0) return serve(argv);
    bench.items = argc > 1 ? (unsigned)atoi(argv[1]) / VALUES * VALUES : 100 * 1000;
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 5;
    must(bench.items > 0 && rounds > 0 && rounds <= ROUNDS_MAX, "usage: bench-gateway [ITEMS [ROUNDS]]");
    bench.nats = testing_nats_start("authorization: {users: [{user: bench, password: password}, {user: twins, "
                                    "password: password}, {user: gateway, password: password}]}");
    bench.folder = testing_folder();
    make_data_folder();
    open_client();
    run(rounds);
    stop(bench.gateway);
    stop(bench.twins);
    close(bench.control);
    waitpid(bench.server, NULL, 0);
    bus_close(bench.bus);
    loop_destroy(bench.loop);
    testing_nats_destroy(bench.nats);
    testing_remove(bench.folder);
    free(bench.folder);
    return EXIT_SUCCESS;
}
