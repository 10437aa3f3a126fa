// The twin service on a real nats-server, TLS, everything on this machine: from an update to its `documents` event or
// its answer, and how many in a second. Beside it the way there and back through the server alone. With one process and
// with two that share the store, which is a file or PostgreSQL; the server keeps messages for MQTT devices, as in a
// plant. Last the memory of shadows as the gateway makes them.
//
//     bench-twins [PATTERN]      only the settings whose name contains it
#include <base/cleanup.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/process.h>
#include <bus/bus.h>
#include <json/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <store/store.h>
#include <string.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <twins/twins.h>
#include <unistd.h>

enum { RUNS = 5, SAMPLES = 2000, BURST = 40000, UNDER_WAY = 512, THINGS = 10000, WAIT_S = 60 };
enum { MODULES = 10, LEAVES_PER_MODULE = 4 }; // of a thing whose memory is measured

/// What is sent, and where its echo is heard. The number of the thing stands between `subject` and `behind`.
struct path {
    const char *name;
    const char *subject, *behind;
    const char *echo_ends;
    const char *payload;
    double target_p50_ms, target_p99_ms, target_per_s; // 0: none
};
static const struct path paths[] = {
    {"there and back, server alone", "bench.echo.t", "", "", "{\"state\":{\"reported\":{\"a\":{\"b\":true}}}}", 0, 0,
     0},
    {"reported update -> accepted", "$aws.things.t", ".shadow.update", ".accepted",
     "{\"state\":{\"reported\":{\"a\":{\"b\":true}}},\"clientToken\":\"c:1\"}", 0.6, 2, 0},
    {"desired update -> accepted", "$aws.things.t", ".shadow.update", ".accepted",
     "{\"state\":{\"desired\":{\"a\":{\"b\":true}}},\"clientToken\":\"c:1\"}", 0, 0, 20000},
};

struct setting {
    const char *name;
    size_t processes;
    bool postgres;
};
enum { PROCESSES_MAX = 2 };
static const struct setting settings[] = {
    {"one process, file", 1, false},
    {"two processes, one file", 2, false},
    {"one process, PostgreSQL", 1, true},
    {"two processes, PostgreSQL", 2, true},
};

struct bench {
    const struct setting *setting;
    pid_t services[PROCESSES_MAX];
    int64_t partitions[PROCESSES_MAX]; // that each has, as its status says
    struct loop *loop;
    struct bus *bus;
    bool connected;
    const struct path *path;
    unsigned sent, heard, wanted;
    uint64_t sent_ns;         // the last one
    double samples_ms[BURST]; // time until it was heard, when one is under way at a time
};

static void must(bool good, const char *what) {
    if (good) return;
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- The service ---- */

static int serve(char **argv) {
    struct site site = {.data_folder = argv[2]};
    site.fog.address = "127.0.0.1";
    site.fog.nats_port = (uint16_t)atoi(argv[3]);
    site.fog.store = argv[4][0] == '\0' ? NULL : argv[4];
    struct problem problem = {0};
    enum error error = twins_run(&site, &problem);
    if (error) fprintf(stderr, "%s\n", problem.text);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void copy_file(const char *from, const char *folder, const char *name) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(free_at) char *to = testing_path(folder, name);
    struct problem problem = {0};
    enum error error = file_read(from, 1 << 16, &bytes, &problem);
    if (!error) error = file_write(to, buffer_view(&bytes), 0600, &problem);
    must(!error, problem.text);
}

static void make_data_folder(const char *folder, const char *ca_file) {
    static const char *const parts[] = {"pki", "secrets"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(free_at) char *path = testing_path(folder, parts[i]);
        must(!file_make_folder(path, 0700, NULL), "cannot make the data folder");
    }
    copy_file(ca_file, folder, "pki/ca.crt");
    CLEANUP(free_at) char *password_file = testing_path(folder, "secrets/nats-twins");
    must(!file_write(password_file, TEXT("password"), 0600, NULL), "cannot write the password");
}

/* ---- The client ---- */

static double milliseconds_since(uint64_t start_ns) {
    return (double)(clock_monotonic_ns() - start_ns) / NS_PER_MS;
}

static void on_state(void *context, bool connected, const char *reason) {
    (void)reason;
    ((struct bench *)context)->connected = connected;
}

static void on_status(void *context, const struct bus_message *message) {
    struct bench *bench = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1 << 16, .depth_max = 8};
    if (json_parse(message->data, limits, &document, NULL)) return;
    int64_t pid = json_integer(json_member(json_root(document), "pid"), 0);
    for (size_t i = 0; i < PROCESSES_MAX; i++)
        if (bench->services[i] == pid)
            bench->partitions[i] = json_integer(json_member(json_root(document), "partitions"), 0);
}

static bool is_connected(void *context) {
    return ((struct bench *)context)->connected;
}

/// Each has its share.
static bool is_serving(void *context) {
    const struct bench *bench = context;
    for (size_t i = 0; i < bench->setting->processes; i++)
        if (bench->partitions[i] != (int64_t)(STORE_PARTITIONS / bench->setting->processes)) return false;
    return true;
}

static bool is_all_heard(void *context) {
    struct bench *bench = context;
    return bench->heard >= bench->wanted;
}

static void send_one(struct bench *bench) {
    char subject[64];
    snprintf(subject, sizeof subject, "%s%u%s", bench->path->subject, bench->sent++ % THINGS, bench->path->behind);
    bench->sent_ns = clock_monotonic_ns();
    must(!bus_publish(bench->bus, text_of(subject), text_of(bench->path->payload)), "cannot publish");
}

/// The next one leaves when one is heard: as many are under way as were sent at first.
static void on_message(void *context, const struct bus_message *message) {
    struct bench *bench = context;
    if (bench->path == NULL || !text_ends_with(message->subject, text_of(bench->path->echo_ends))) return;
    bench->samples_ms[bench->heard++ % BURST] = milliseconds_since(bench->sent_ns);
    if (bench->sent < bench->wanted) send_one(bench);
}

static void run(struct bench *bench, unsigned count, unsigned under_way) {
    bench->sent = bench->heard = 0;
    bench->wanted = count;
    while (bench->sent < under_way) send_one(bench);
    must(testing_run_until(bench->loop, is_all_heard, bench, WAIT_S), "an update was not heard of");
}

static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_latency(struct bench *bench, double *ret_p50_ms, double *ret_p99_ms) {
    double p50[RUNS], p99[RUNS];
    for (size_t i = 0; i < RUNS; i++) {
        run(bench, SAMPLES, 1);
        qsort(bench->samples_ms, SAMPLES, sizeof bench->samples_ms[0], compare_reals);
        p50[i] = bench->samples_ms[SAMPLES / 2];
        p99[i] = bench->samples_ms[SAMPLES * 99 / 100];
    }
    qsort(p50, RUNS, sizeof p50[0], compare_reals);
    qsort(p99, RUNS, sizeof p99[0], compare_reals);
    *ret_p50_ms = p50[RUNS / 2];
    *ret_p99_ms = p99[RUNS / 2];
}

/// User and system time of a process so far.
static double cpu_seconds_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    CLEANUP(file_close_at) FILE *file = fopen(path, "re");
    unsigned long user = 0, system = 0;
    must(file != NULL &&
             fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2,
         "cannot read the service's time");
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_seconds(const struct bench *bench) {
    double seconds = 0;
    for (size_t i = 0; i < bench->setting->processes; i++) seconds += cpu_seconds_of(bench->services[i]);
    return seconds;
}

static double measure_rate(struct bench *bench) {
    double rates[RUNS];
    for (size_t i = 0; i < RUNS; i++) {
        uint64_t start_ns = clock_monotonic_ns();
        run(bench, BURST, UNDER_WAY);
        rates[i] = BURST * 1e3 / milliseconds_since(start_ns);
    }
    qsort(rates, RUNS, sizeof rates[0], compare_reals);
    return rates[RUNS / 2];
}

static void measure(struct bench *bench, const struct path *path) {
    bench->path = path;
    run(bench, THINGS, UNDER_WAY); // warm, and every shadow is there
    double p50_ms, p99_ms;
    measure_latency(bench, &p50_ms, &p99_ms);
    double before_s = cpu_seconds(bench), rate = measure_rate(bench);
    double per_core = (double)BURST * RUNS / (cpu_seconds(bench) - before_s + 1e-9);
    printf("%-30s p50 %6.3f ms  p99 %6.3f ms  %7.0f /s", path->name, p50_ms, p99_ms, rate);
    if (path->behind[0] != '\0') printf("  %7.0f /s for each core of the service", per_core);
    if (path->target_p50_ms > 0)
        printf("\n%30s (target p50 %.1f ms, p99 %.1f ms, 50000 /s)", "", path->target_p50_ms, path->target_p99_ms);
    if (path->target_per_s > 0) printf("\n%30s (target %.0f /s)", "", path->target_per_s);
    printf("\n");
}

static void open_client(struct bench *bench, const struct testing_nats *nats, const char *folder) {
    bench->loop = loop_create();
    CLEANUP(free_at) char *password_file = testing_path(folder, "secrets/nats-twins");
    struct bus_options options = {.url = nats->url,
                                  .ca_file = nats->ca_file,
                                  .user = "bench",
                                  .password_file = password_file,
                                  .name = "bench",
                                  .state = on_state,
                                  .context = bench};
    must(!bus_open(bench->loop, &options, &bench->bus, NULL), "cannot open the bus");
    must(!bus_subscribe(bench->bus, "bench.echo.*", NULL, on_message, bench, NULL), "cannot subscribe");
    must(!bus_subscribe(bench->bus, "$aws.things.*.shadow.update.*", NULL, on_message, bench, NULL),
         "cannot subscribe");
    must(!bus_subscribe(bench->bus, "splc.status.twins", NULL, on_status, bench, NULL), "cannot subscribe");
    must(testing_run_until(bench->loop, is_connected, bench, WAIT_S), "no connection");
}

static void start_service(struct bench *bench, size_t index, const struct testing_nats *nats, const char *folder,
                          const char *where) {
    char port[16];
    snprintf(port, sizeof port, "%u", nats->port);
    const char *const arguments[] = {"/proc/self/exe", "--serve", folder, port, where, NULL};
    struct process_options options = {.arguments = arguments, .output = -1, .own_group = true};
    must(!process_start(&options, &bench->services[index], NULL), "cannot start the service");
}

/// Core modules with a few Boolean leaves each.
static void make_large_shadows(struct bench *bench) {
    CLEANUP(buffer_clear) struct buffer payload = {0};
    buffer_string(&payload, "{\"state\":{\"reported\":{");
    for (int module = 0; module < MODULES; module++) {
        buffer_print(&payload, "%s\"module%d\":{", module == 0 ? "" : ",", module);
        for (int leaf = 0; leaf < LEAVES_PER_MODULE; leaf++)
            buffer_print(&payload, "%s\"signal%d\":%s", leaf == 0 ? "" : ",", leaf, leaf % 2 == 0 ? "true" : "false");
        buffer_byte(&payload, '}');
    }
    buffer_string(&payload, "}}}");
    must(!payload.failed, "out of memory");
    const struct path path = {
        .subject = "$aws.things.t", .behind = ".shadow.update", .echo_ends = ".accepted", .payload = payload.data};
    bench->path = &path;
    run(bench, THINGS, UNDER_WAY);
    bench->path = NULL;
}

static void print_memory(const struct bench *bench) {
    double kib = 0;
    for (size_t i = 0; i < bench->setting->processes; i++) kib += (double)process_resident_kib(bench->services[i]);
    printf("memory with %d things of %d leaves: %.1f MB in all processes\n\n", THINGS, MODULES * LEAVES_PER_MODULE,
           kib / 1024);
}

static void run_setting(const struct setting *setting) {
    static struct bench bench;
    bench = (struct bench){.setting = setting};
    char *folder = testing_folder(), config[512];
    snprintf(config, sizeof config,
             "authorization: {users: [{user: bench, password: password}, {user: twins, password: password}]}\n"
             "server_name: bench\njetstream: {store_dir: \"%s/jetstream\"}\n",
             folder);
    struct testing_nats *nats = testing_nats_start(config);
    struct testing_postgres *postgres = setting->postgres ? testing_postgres_start() : NULL;
    make_data_folder(folder, nats->ca_file);
    open_client(&bench, nats, folder);
    for (size_t i = 0; i < setting->processes; i++)
        start_service(&bench, i, nats, folder, postgres == NULL ? "" : postgres->uri);
    must(testing_run_until(bench.loop, is_serving, &bench, WAIT_S), "the service does not start");

    printf("%s\n", setting->name);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) measure(&bench, &paths[i]);
    make_large_shadows(&bench);
    print_memory(&bench);

    for (size_t i = 0; i < setting->processes; i++) {
        kill(bench.services[i], SIGTERM);
        waitpid(bench.services[i], NULL, 0);
    }
    bus_close(bench.bus);
    loop_destroy(bench.loop);
    testing_postgres_destroy(postgres);
    testing_nats_destroy(nats);
    testing_remove(folder);
    free(folder);
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "--serve") == 0) return serve(argv);
    printf("%d things; latency one at a time, rate with %d under way; medians of %d runs\n\n", THINGS, UNDER_WAY, RUNS);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (argc < 2 || strstr(settings[i].name, argv[1]) != NULL) run_setting(&settings[i]);
    return EXIT_SUCCESS;
}
