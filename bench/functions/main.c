// The function service on a real nats-server, TLS, everything on this machine: from the change of a twin to the answer
// of the function that it starts, how many of them in a second, and how long a worker takes from its start to its first
// question for an event, in C and in JavaScript, with and without a sandbox. Beside it the way there and back through
// the server alone.
#include <base/cleanup.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/process.h>
#include <bus/bus.h>
#include <functions/functions.h>
#include <json/json.h>
#include <signal.h>
#include <splc/function.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <unistd.h>

enum { RUNS = 5, SAMPLES = 2000, BURST = 20000, COLD_STARTS = 21, WAIT_S = 120 };

struct setting {
    const char *name, *function, *runtime, *sandbox;
    double target_cold_ms;
};
static const struct setting settings[] = {
    {"C, sandbox", "roundtrip", "provided.al2023", "require", 10},
    {"C, no sandbox", "roundtrip", "provided.al2023", "off", 0},
    {"JavaScript, sandbox", "script", "nodejs20.x", "require", 100},
    {"JavaScript, no sandbox", "script", "nodejs20.x", "off", 0},
};

struct bench {
    struct loop *loop;
    struct bus *bus;
    bool connected, ready;
    pid_t service;
    uint64_t invocations, cold_count;
    double cold_sum_ms, cold_ms[COLD_STARTS];
    size_t cold_starts;
    uint64_t wanted, heard, sent_ns;
    double samples_ms[SAMPLES];
};

static void must(bool good, const char *what) {
    if (good) return;
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

// --- the function ---

/// A change of `bench-cold` is its last: the worker ends a moment after the answer.
static enum error on_event(void *context, struct splc_function *function, const struct splc_event *event,
                           struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)ret_answer;
    if (text_is(event->thing, "bench-cold")) {
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 2000}}, NULL);
        return ERROR_NONE;
    }
    if (!text_is(event->thing, "bench-answer")) return ERROR_NONE;
    return splc_twin_desire(function, TEXT("bench-out"), TEXT("{\"n\":1}"), ret_problem);
}

static const char script[] = "exports.handler = async (event) => {\n"
                             "  if (event.thing === 'bench-cold') setTimeout(() => process.exit(0), 2);\n"
                             "};\n";

// --- the service ---

static int serve(char **argv) {
    struct site_function function = {argv[5], argv[4]};
    struct site site = {.data_folder = argv[2], .plant_folder = argv[2], .plant_name = "bench"};
    site.fog.address = "127.0.0.1";
    site.fog.nats_port = (uint16_t)atoi(argv[3]);
    site.fog.sandbox = argv[6];
    site.fog.functions = &function;
    site.fog.function_count = 1;
    struct problem problem = {0};
    enum error error = functions_run(&site, &problem);
    if (error) fprintf(stderr, "%s\n", problem.text);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void copy_file(const char *from, const char *to, size_t bytes_max, mode_t mode) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct problem problem = {0};
    enum error error = file_read(from, bytes_max, &bytes, &problem);
    if (!error) error = file_write(to, buffer_view(&bytes), mode, &problem);
    must(!error, problem.text);
}

static void make_folder(const char *path) {
    must(!file_make_folder(path, 0755, NULL), "cannot make a folder");
}

static void put_file(const char *folder, const char *name, const char *text, mode_t mode) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    must(!file_write(path, text_of(text), mode, NULL), "cannot write a file");
}

/// The program goes where the build puts those of plants.
static void make_package(const char *data, const struct setting *setting) {
    CLEANUP(free_at) char *package = testing_path(data, setting->function);
    CLEANUP(free_at) char *bin = file_program_folder();
    char manifest[512], programs[4096], program[4200];
    make_folder(package);
    snprintf(manifest, sizeof manifest,
             "name: %s\nruntime: %s\ntriggers:\n  - {twin: \"bench-*\", path: reported}\ncommands: [bench-out]\n",
             setting->function, setting->runtime);
    put_file(package, "function.yaml", manifest, 0644);
    put_file(package, "index.js", script, 0644);
    snprintf(programs, sizeof programs, "%s/../functions/bench/%s", bin, setting->function);
    make_folder(programs);
    snprintf(program, sizeof program, "%s/bootstrap", programs);
    if (strcmp(setting->runtime, "provided.al2023") == 0) copy_file("/proc/self/exe", program, 64 << 20, 0755);
}

static void make_data(const char *data, const char *ca_file) {
    CLEANUP(free_at) char *pki = testing_path(data, "pki"), *secrets = testing_path(data, "secrets");
    CLEANUP(free_at) char *ca = testing_path(data, "pki/ca.crt");
    make_folder(pki);
    make_folder(secrets);
    copy_file(ca_file, ca, 1 << 16, 0644);
    put_file(data, "secrets/nats-functions", "password", 0600);
}

// --- the client ---

static double milliseconds_since(uint64_t start_ns) {
    return (double)(clock_monotonic_ns() - start_ns) / NS_PER_MS;
}

static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t count, double share) {
    qsort(values, count, sizeof *values, compare_reals);
    return values[(size_t)((double)count * share)];
}

static void on_state(void *context, bool connected, const char *reason) {
    (void)reason;
    ((struct bench *)context)->connected = connected;
}

static void on_status(void *context, const struct bus_message *message) {
    struct bench *bench = context;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(message->data, (struct json_limits){1 << 16, 8}, &document, NULL)) return;
    const struct json *function = json_element(json_member(json_root(document), "functions"), 0);
    bench->ready = text_is(json_string(json_member(function, "state")), "ready");
    bench->invocations = (uint64_t)json_integer(json_path(function, TEXT("duration/count")), 0);
    uint64_t count = (uint64_t)json_integer(json_path(function, TEXT("coldStart/count")), 0);
    double sum_ms = json_real(json_path(function, TEXT("coldStart/sum_ms")), 0);
    if (count == bench->cold_count + 1 && bench->cold_starts < COLD_STARTS)
        bench->cold_ms[bench->cold_starts++] = sum_ms - bench->cold_sum_ms;
    bench->cold_count = count;
    bench->cold_sum_ms = sum_ms;
}

static void on_echo(void *context, const struct bus_message *message) {
    (void)message;
    struct bench *bench = context;
    if (bench->heard < SAMPLES) bench->samples_ms[bench->heard] = milliseconds_since(bench->sent_ns);
    bench->heard++;
}

/// The function's wish is its answer; it gets one, too.
static void on_wish(void *context, const struct bus_message *message) {
    struct bench *bench = context;
    on_echo(context, message);
    must(!bus_publish(bench->bus, message->reply, TEXT("{\"state\":{}}")), "cannot answer");
}

static bool is_connected(void *context) {
    return ((struct bench *)context)->connected;
}
static bool is_ready(void *context) {
    return ((struct bench *)context)->ready;
}
static bool is_heard(void *context) {
    const struct bench *bench = context;
    return bench->heard >= bench->wanted;
}
static bool are_all_done(void *context) {
    const struct bench *bench = context;
    return bench->invocations >= bench->wanted;
}

static void send_change(struct bench *bench, const char *thing) {
    static unsigned version;
    char subject[128], document[512];
    snprintf(subject, sizeof subject, "$aws.things.%s.shadow.update.documents", thing);
    snprintf(document, sizeof document,
             "{\"previous\":{\"state\":{\"reported\":{\"n\":%u}},\"version\":%u},\"current\":{\"state\":{\"reported\":"
             "{\"n\":%u}},\"version\":%u},\"timestamp\":1700000000,\"clientToken\":\"c:1\"}",
             version, version, version + 1, version + 1);
    version++;
    bench->sent_ns = clock_monotonic_ns();
    must(!bus_publish(bench->bus, text_of(subject), text_of(document)), "cannot publish");
}

// --- what is measured ---

static void measure_latency(struct bench *bench, const char *name, bool of_server) {
    double p50[RUNS], p99[RUNS];
    for (int run = 0; run < RUNS; run++) {
        bench->heard = 0;
        for (bench->wanted = 1; bench->wanted <= SAMPLES; bench->wanted++) {
            bench->sent_ns = clock_monotonic_ns();
            if (of_server)
                must(!bus_publish(bench->bus, TEXT("bench.echo"), TEXT("{}")), "cannot publish");
            else
                send_change(bench, "bench-answer");
            must(testing_run_until(bench->loop, is_heard, bench, WAIT_S), "no answer");
        }
        p50[run] = quantile(bench->samples_ms, SAMPLES, 0.5);
        p99[run] = bench->samples_ms[SAMPLES * 99 / 100];
    }
    printf("  %-34s p50 %6.3f ms  p99 %6.3f ms\n", name, quantile(p50, RUNS, 0.5), quantile(p99, RUNS, 0.5));
}

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

/// Each of another thing, so that none is joined with another.
static void measure_rate(struct bench *bench) {
    double rates[RUNS], cpu_s = cpu_seconds_of(bench->service);
    for (int run = 0; run < RUNS; run++) {
        bench->wanted = bench->invocations + BURST;
        uint64_t start_ns = clock_monotonic_ns();
        for (int i = 0; i < BURST; i++) {
            char thing[32];
            snprintf(thing, sizeof thing, "bench-%d", i);
            send_change(bench, thing);
        }
        must(testing_run_until(bench->loop, are_all_done, bench, WAIT_S), "not all were worked on");
        rates[run] = BURST * 1e3 / milliseconds_since(start_ns);
    }
    cpu_s = cpu_seconds_of(bench->service) - cpu_s;
    printf("  %-34s %7.0f /s, %7.0f /s for each core of the service\n", "events of one worker",
           quantile(rates, RUNS, 0.5), BURST * RUNS / (cpu_s + 1e-9));
}

static bool is_cold_enough(void *context) {
    return ((struct bench *)context)->cold_starts >= COLD_STARTS;
}

/// The worker ends with each event; the next is there a back-off later.
static void measure_cold(struct bench *bench, const struct setting *setting) {
    bench->cold_starts = 0;
    while (!is_cold_enough(bench)) {
        size_t before = bench->cold_starts;
        send_change(bench, "bench-cold");
        uint64_t start_ns = clock_monotonic_ns();
        while (bench->cold_starts == before && milliseconds_since(start_ns) < 5000)
            (void)testing_run_until(bench->loop, is_cold_enough, bench, 0.01);
    }
    double p50_ms = quantile(bench->cold_ms, COLD_STARTS, 0.5); // sorted from then on
    printf("  %-34s p50 %6.1f ms  least %6.1f ms  worst of %d %6.1f ms", "cold start", p50_ms, bench->cold_ms[0],
           COLD_STARTS, bench->cold_ms[COLD_STARTS - 1]);
    if (setting->target_cold_ms > 0) printf("  (target %.0f ms)", setting->target_cold_ms);
    printf("\n");
}

// --- all of it ---

static void open_client(struct bench *bench, const struct testing_nats *nats, const char *data) {
    bench->loop = loop_create();
    CLEANUP(free_at) char *password_file = testing_path(data, "secrets/nats-functions");
    struct bus_options options = {nats->url, nats->ca_file, "bench", password_file, "bench", on_state, bench};
    must(!bus_open(bench->loop, &options, &bench->bus, NULL), "cannot open the bus");
    must(!bus_subscribe(bench->bus, "bench.echo", NULL, on_echo, bench, NULL), "cannot subscribe");
    must(!bus_subscribe(bench->bus, "$aws.things.bench-out.shadow.update", NULL, on_wish, bench, NULL),
         "cannot subscribe");
    must(!bus_subscribe(bench->bus, "splc.status.functions", NULL, on_status, bench, NULL), "cannot subscribe");
    must(testing_run_until(bench->loop, is_connected, bench, WAIT_S), "no connection");
}

static void start_service(struct bench *bench, const struct setting *setting, const struct testing_nats *nats,
                          const char *data) {
    char port[16];
    snprintf(port, sizeof port, "%u", nats->port);
    CLEANUP(free_at) char *package = testing_path(data, setting->function);
    const char *const arguments[] = {"/proc/self/exe",  "--serve",        data, port, package,
                                     setting->function, setting->sandbox, NULL};
    struct process_options options = {.arguments = arguments, .output = -1, .own_group = true};
    must(!process_start(&options, &bench->service, NULL), "cannot start the service");
    must(testing_run_until(bench->loop, is_ready, bench, WAIT_S), "the function does not become ready");
}

static void run_setting(const struct setting *setting) {
    static struct bench bench;
    bench = (struct bench){0};
    CLEANUP(free_at) char *data = testing_folder();
    struct testing_nats *nats = testing_nats_start("authorization: {users: [{user: bench, password: password}, {user: "
                                                   "functions, password: password}]}");
    make_data(data, nats->ca_file);
    make_package(data, setting);
    open_client(&bench, nats, data);
    start_service(&bench, setting, nats, data);
    printf("%s\n", setting->name);
    if (strcmp(setting->runtime, "provided.al2023") == 0) {
        measure_latency(&bench, "there and back, server alone", true);
        measure_latency(&bench, "change -> function -> wish", false);
        measure_rate(&bench);
    }
    measure_cold(&bench, setting);
    kill(bench.service, SIGTERM);
    waitpid(bench.service, NULL, 0);
    bus_close(bench.bus);
    loop_destroy(bench.loop);
    testing_nats_destroy(nats);
    testing_remove(data);
}

int main(int argc, char **argv) {
    if (getenv("AWS_LAMBDA_FUNCTION_NAME") != NULL) return splc_function_run(on_event, NULL);
    if (argc == 7 && strcmp(argv[1], "--serve") == 0) return serve(argv);
    printf("medians of %d runs; target of the way change -> wish: p50 0.3 ms, 10000 /s for each core\n", RUNS);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (argc < 2 || strstr(settings[i].name, argv[1]) != NULL) run_setting(&settings[i]);
    return EXIT_SUCCESS;
}
