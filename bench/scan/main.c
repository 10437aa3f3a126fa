// The scan of large plants, and how late it wakes beside cyclictest (Debian package rt-tests).
//
//     bench-scan            everything
//     bench-scan --scan     the scan of 1,000, 10,000 and 100,000 points beside a flat array of C
//     bench-scan --wakeup   the scan thread at 1 ms and cyclictest, by turns
//
// Without the right to real-time priority (SCHED_FIFO) the wake-up of both is that of an ordinary process.
#include <base/cleanup.h>
#include <base/clock.h>
#include <base/error.h>
#include <model/model.h>
#include <program/program.h>
#include <runtime/runtime.h>
#include <synthetic/synthetic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCANS = 1001, WARM_UP = 100, RUNS = 5, WAKEUP_SECONDS = 5, PRIORITY = 80, CHANGED_PER_SCAN_PART = 1000 };

static void must(enum error error, const struct problem *problem) {
    if (!error) return;
    fprintf(stderr, "%s\n", problem->text[0] == '\0' ? error_text(error) : problem->text);
    exit(EXIT_FAILURE);
}

static int by_size(const void *a, const void *b) {
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static double us(uint64_t ns) {
    return (double)ns / 1e3;
}

static void print_times(const char *what, uint64_t *times_ns, size_t count) {
    qsort(times_ns, count, sizeof *times_ns, by_size);
    printf("  %-44s p50 %9.1f   p99 %9.1f   max %9.1f us\n", what, us(times_ns[count / 2]),
           us(times_ns[count * 99 / 100]), us(times_ns[count - 1]));
}

/* ---- A plant whose inputs are an array ---- */

struct rig {
    struct plant *plant;
    struct program *program;
    uint8_t *inputs, *outputs;
    uint64_t random;
    uint64_t read_ns, build_ns, first_ns; // model, program, first scan
    struct scan_time time;
};

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    const struct rig *rig = context;
    memcpy(inputs, rig->inputs, bytes);
    return ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct rig *rig = context;
    memcpy(rig->outputs, outputs, bytes);
    return ERROR_NONE;
}

static uint64_t next_random(uint64_t *random) {
    uint64_t z = *random += UINT64_C(0x9E3779B97F4A7C15); // splitmix64
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void drain(struct exchange *exchange) {
    struct scan_change change;
    struct scan_event event;
    struct scan_result result;
    while (exchange_take_change(exchange, &change)) continue;
    while (exchange_take_event(exchange, &event)) continue;
    while (exchange_take_result(exchange, &result)) continue;
}

static uint64_t scan_once_timed(struct rig *rig) {
    rig->time.elapsed_ns = NS_PER_MS;
    rig->time.monotonic_ns += NS_PER_MS;
    rig->time.wall_ns += NS_PER_MS;
    uint64_t start = clock_monotonic_ns();
    scan_once(program_scan(rig->program), &rig->time);
    return clock_monotonic_ns() - start;
}

static void rig_open(struct rig *rig, size_t points) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer model = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    must(synthetic_plant(points, &model, &problem), &problem);
    uint64_t start = clock_monotonic_ns();
    must(model_read(buffer_view(&model), findings, &rig->plant, &problem), &problem);
    rig->read_ns = clock_monotonic_ns() - start;
    struct program_options options = {
        .driver = {.name = "array", .read = read_inputs, .write = write_outputs, .simulated = true, .context = rig},
        .lease_soft_ns = 3600 * NS_PER_S,
        .lease_hard_ns = 7200 * NS_PER_S,
    };
    start = clock_monotonic_ns();
    must(program_create(rig->plant, &options, &rig->program, &problem), &problem);
    rig->build_ns = clock_monotonic_ns() - start;
    struct scan *scan = program_scan(rig->program);
    rig->inputs = calloc(scan->image_bytes, 1);
    rig->outputs = calloc(scan->image_bytes, 1);
    if (rig->inputs == NULL || rig->outputs == NULL) must(ERROR_NO_MEMORY, &problem);
    io_set_bit(rig->inputs, scan_point(scan, scan->emergency_stops[0])->place, true); // break contact: not pressed
    rig->time = (struct scan_time){.monotonic_ns = NS_PER_S, .wall_ns = UINT64_C(1700000000000000000)};
    rig->first_ns = scan_once_timed(rig);
    drain(scan->exchange);
}

static void rig_close(struct rig *rig) {
    program_destroy(rig->program);
    plant_destroy(rig->plant);
    free(rig->inputs);
    free(rig->outputs);
}

/* ---- The scan ---- */

enum load { LOAD_REST, LOAD_SOME, LOAD_ALL, LOAD_ALL_UNHEARD };

/// Lets some inputs or all of them change before a scan; not the panel's. UNHEARD: with a server that stands still.
static void change_inputs(struct rig *rig, enum load load) {
    struct scan *scan = program_scan(rig->program);
    size_t some = scan->input_count / CHANGED_PER_SCAN_PART + 1;
    bool all = load == LOAD_ALL || load == LOAD_ALL_UNHEARD;
    size_t count = load == LOAD_REST ? 0 : all ? scan->input_count : some;
    for (size_t i = 0; i < count; i++) {
        size_t at = all ? i : next_random(&rig->random) % scan->input_count;
        const struct scan_point *point = &scan->inputs[at];
        if (point->tag == scan->emergency_stops[0] || point->tag == scan->reset_button) continue;
        io_set_bit(rig->inputs, point->place, !io_bit(rig->inputs, point->place));
    }
}

static void measure_scan(struct rig *rig, enum load load, const char *what) {
    static uint64_t times_ns[SCANS];
    for (int i = 0; i < WARM_UP + SCANS; i++) {
        change_inputs(rig, load);
        uint64_t took_ns = scan_once_timed(rig);
        if (i >= WARM_UP) times_ns[i - WARM_UP] = took_ns;
        if (load != LOAD_ALL_UNHEARD) drain(program_scan(rig->program)->exchange);
    }
    drain(program_scan(rig->program)->exchange);
    print_times(what, times_ns, SCANS);
}

/// The limit: as many points in arrays of bytes, each input into a value, each output from two of them.
static void measure_flat(size_t points) {
    static uint64_t times_ns[SCANS];
    size_t half = points / 2;
    uint8_t *image = calloc(points, 1);
    bool *value = calloc(points, sizeof *value), *last = calloc(points, sizeof *last);
    if (image == NULL || value == NULL || last == NULL) exit(EXIT_FAILURE);
    size_t changes = 0;
    for (int i = 0; i < SCANS; i++) {
        image[(size_t)i * 31 % half / 8] ^= 1;
        uint64_t start = clock_monotonic_ns();
        for (size_t p = 0; p < half; p++) value[p] = image[p / 8] >> (p % 8) & 1;
        for (size_t p = half; p < points; p++) value[p] = value[p - half] != value[(p - half + 1) % half];
        for (size_t p = 0; p < points; p++) {
            changes += value[p] != last[p];
            last[p] = value[p];
        }
        for (size_t p = half; p < points; p++)
            image[p / 8] = (uint8_t)((image[p / 8] & ~(1u << p % 8)) | (unsigned)value[p] << p % 8);
        times_ns[i] = clock_monotonic_ns() - start;
    }
    print_times(changes > 0 ? "flat array of C" : "flat array of C, idle", times_ns, SCANS);
    free(image);
    free(value);
    free(last);
}

static void bench_scan(size_t points) {
    struct rig rig = {.random = 1};
    rig_open(&rig, points);
    printf("%zu points, %zu modules\n", points, program_module_count(rig.program));
    measure_flat(points);
    measure_scan(&rig, LOAD_REST, "scan, nothing changes");
    measure_scan(&rig, LOAD_SOME, "scan, 1 of 1000 inputs changes");
    measure_scan(&rig, LOAD_ALL, "scan, every input changes");
    measure_scan(&rig, LOAD_ALL_UNHEARD, "scan, every input changes, nobody takes");
    printf("  start: model %.1f ms, program %.1f ms, first scan %.1f ms, together %.1f ms\n", us(rig.read_ns) / 1e3,
           us(rig.build_ns) / 1e3, us(rig.first_ns) / 1e3, us(rig.read_ns + rig.build_ns + rig.first_ns) / 1e3);
    rig_close(&rig);
}

/* ---- Wake-up ---- */

struct wakeup {
    double p50_us, p99_us, max_us;
};

static struct wakeup measure_runtime(void) {
    struct rig rig = {.random = 1};
    rig_open(&rig, SYNTHETIC_POINTS_MIN);
    struct problem problem = {0};
    struct runtime *runtime = NULL;
    struct runtime_options options = {.period_ns = NS_PER_MS, .speed = 1, .priority = PRIORITY};
    must(runtime_start(program_scan(rig.program), &options, &runtime, &problem), &problem);
    if (runtime_warning(runtime, 0) != NULL) printf("  %s\n", runtime_warning(runtime, 0));
    sleep(WAKEUP_SECONDS);
    runtime_stop(runtime);
    struct runtime_report report = runtime_report(runtime);
    runtime_destroy(runtime);
    rig_close(&rig);
    return (struct wakeup){us(report.wakeup_p50_ns), us(report.wakeup_p99_ns), us(report.wakeup_max_ns)};
}

/// The histogram of cyclictest in steps of 1 us: lines "000012 003456".
static bool measure_cyclictest(struct wakeup *ret_wakeup) {
    char command[256];
    snprintf(command, sizeof command, "cyclictest -q -m -t1 -p%d -i1000 -l%d -h2000 2>/dev/null", PRIORITY,
             WAKEUP_SECONDS * 1000);
    FILE *out = popen(command, "r");
    if (out == NULL) return false;
    unsigned long counts[2000] = {0}, total = 0, seen = 0;
    char line[256];
    while (fgets(line, sizeof line, out) != NULL) {
        unsigned at;
        unsigned long count;
        if (line[0] == '#' || sscanf(line, "%u %lu", &at, &count) != 2 || at >= 2000) continue;
        counts[at] = count;
        total += count;
    }
    pclose(out);
    if (total == 0) return false;
    *ret_wakeup = (struct wakeup){-1, -1, -1};
    for (unsigned at = 0; at < 2000; at++) {
        seen += counts[at];
        if (ret_wakeup->p50_us < 0 && seen * 2 >= total) ret_wakeup->p50_us = at;
        if (ret_wakeup->p99_us < 0 && seen * 100 >= total * 99) ret_wakeup->p99_us = at;
        if (counts[at] > 0) ret_wakeup->max_us = at;
    }
    return true;
}

static int by_real(const void *a, const void *b) {
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_real);
    return values[count / 2];
}

static void bench_wakeup(void) {
    double p50[2][RUNS], p99[2][RUNS], most[2][RUNS];
    printf("wake-up of the scan thread, period 1 ms, %d runs of %d s by turns with cyclictest\n", RUNS, WAKEUP_SECONDS);
    for (int run = 0; run < RUNS; run++) {
        struct wakeup found[2] = {measure_runtime()};
        if (!measure_cyclictest(&found[1])) {
            printf("  cyclictest did not run: install rt-tests\n");
            return;
        }
        for (int i = 0; i < 2; i++) {
            p50[i][run] = found[i].p50_us;
            p99[i][run] = found[i].p99_us;
            most[i][run] = found[i].max_us;
        }
    }
    static const char *const names[] = {"scan thread", "cyclictest"};
    double half[2], late[2];
    for (int i = 0; i < 2; i++) {
        half[i] = median(p50[i], RUNS);
        late[i] = median(p99[i], RUNS);
        printf("  %-12s medians: p50 %6.1f   p99 %6.1f   max %8.1f us\n", names[i], half[i], late[i],
               median(most[i], RUNS));
    }
    printf("  ratio        p50 %.2f   p99 %.2f\n", half[0] / half[1], late[0] / late[1]);
}

int main(int argc, char **argv) {
    bool scan = argc < 2 || strcmp(argv[1], "--scan") == 0, wakeup = argc < 2 || strcmp(argv[1], "--wakeup") == 0;
    if (!scan && !wakeup) {
        fprintf(stderr, "usage: bench-scan [--scan | --wakeup]\n");
        return 2;
    }
    const size_t points[] = {1000, 10000, 100000};
    for (size_t i = 0; scan && i < sizeof points / sizeof points[0]; i++) bench_scan(points[i]);
    if (wakeup) bench_wakeup();
    return EXIT_SUCCESS;
}
