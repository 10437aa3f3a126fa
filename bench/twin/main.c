// Twins without the bus: updates of the engine, memory of many shadows, durable commits.
//
//     bench-twin [FOLDER]      FOLDER: where the database is made; default: the present one
#include <base/clock.h>
#include <base/error.h>
#include <json/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <store/store.h>
#include <string.h>
#include <time.h>
#include <twin/twin.h>
#include <unistd.h>

enum { RUNS = 7, UPDATES = 20000, THINGS = 10000, MODULES = 10, LEAVES_PER_MODULE = 4, ROWS = 4000 };

struct bench {
    struct twin *twin;
    struct twin_result result;
    struct buffer request;
    struct store *store;
    struct buffer document;
    size_t rows_per_commit;
};

static void must(enum error error, const struct problem *problem) {
    if (!error) return;
    fprintf(stderr, "%s\n", problem->text[0] == '\0' ? error_text(error) : problem->text);
    exit(EXIT_FAILURE);
}

/* ---- Shadows as the gateway makes them: core modules with a few Boolean leaves each ---- */

static void put_thing(struct buffer *out, const char *section, bool value) {
    buffer_reset(out);
    buffer_print(out, "{\"state\":{\"%s\":{", section);
    for (int module = 0; module < MODULES; module++) {
        buffer_print(out, "%s\"module%d\":{", module == 0 ? "" : ",", module);
        for (int leaf = 0; leaf < LEAVES_PER_MODULE; leaf++)
            buffer_print(out, "%s\"signal%d\":%s", leaf == 0 ? "" : ",", leaf, value ? "true" : "false");
        buffer_byte(out, '}');
    }
    buffer_string(out, "}}}");
}

static void update(struct bench *bench, struct text payload) {
    struct twin_request request = {
        .operation = TWIN_UPDATE, .name = TEXT("thing"), .payload = payload, .time_s = 1700000000};
    twin_answer(bench->twin, &request, &bench->result);
    must(bench->result.error, &(struct problem){0});
    twin_unref(bench->twin);
    bench->twin = twin_ref(bench->result.twin);
}

static const char *const changes[] = {
    "{\"state\":{\"reported\":{\"module7\":{\"signal2\":true}}},\"clientToken\":\"c:1700000000000000\"}",
    "{\"state\":{\"reported\":{\"module7\":{\"signal2\":false}}},\"clientToken\":\"c:1700000000000000\"}",
};

/* ---- What is measured: each returns how many were done ---- */

static size_t run_updates(struct bench *bench) {
    for (size_t i = 0; i < UPDATES; i++) update(bench, text_of(changes[i % 2]));
    return UPDATES;
}

/// The limit: reading the request, and copying what was published for it.
static size_t run_limit(struct bench *bench) {
    struct json_limits limits = {.bytes_max = 8192, .depth_max = 16};
    for (size_t i = 0; i < UPDATES; i++) {
        struct json_document *document = NULL;
        must(json_parse(text_of(changes[i % 2]), limits, &document, NULL), &(struct problem){0});
        json_destroy(document);
        buffer_reset(&bench->document);
        buffer_text(&bench->document, buffer_view(&bench->result.answer));
        buffer_text(&bench->document, buffer_view(&bench->result.delta));
        buffer_text(&bench->document, buffer_view(&bench->result.documents));
    }
    return UPDATES;
}

static size_t run_commits(struct bench *bench) {
    struct problem problem = {0};
    for (size_t i = 0; i < ROWS; i++) {
        char thing[32];
        snprintf(thing, sizeof thing, "thing%zu", i % 100);
        struct store_row row = {
            .thing = text_of(thing), .version = i + 1, .ceiling = i + 1001, .document = buffer_view(&bench->document)};
        if (i % bench->rows_per_commit == 0) must(store_begin(bench->store, &problem), &problem);
        must(store_put(bench->store, &row, &problem), &problem);
        if ((i + 1) % bench->rows_per_commit == 0) must(store_commit(bench->store, &problem), &problem);
    }
    return ROWS;
}

static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/// Of this thread: what the machine does besides takes nothing of it.
static uint64_t processor_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static double median_per_second(struct bench *bench, size_t (*run)(struct bench *bench), uint64_t (*now_ns)(void)) {
    double rates[RUNS];
    run(bench); // warm
    for (size_t i = 0; i < RUNS; i++) {
        uint64_t start_ns = now_ns();
        size_t count = run(bench);
        rates[i] = (double)count * NS_PER_S / (double)(now_ns() - start_ns);
    }
    qsort(rates, RUNS, sizeof rates[0], compare_reals);
    return rates[RUNS / 2];
}

static void print_engine(struct bench *bench, const char *what, const char *target) {
    double rate = median_per_second(bench, run_updates, processor_ns);
    size_t bytes = bench->result.answer.length + bench->result.delta.length + bench->result.documents.length;
    double limit = median_per_second(bench, run_limit, processor_ns);
    printf("  %-28s %9.0f /s  %5zu bytes each, limit %9.0f /s, ratio %.2f%s\n", what, rate, bytes, limit, rate / limit,
           target);
}

static void measure_engine(struct bench *bench) {
    printf("engine: shadow of %d leaves, an update of one reported leaf (median of %d runs, by processor time;\n"
           "        limit: the requests parsed and the answers copied)\n",
           MODULES * LEAVES_PER_MODULE, RUNS);
    put_thing(&bench->request, "reported", false);
    update(bench, buffer_view(&bench->request));
    print_engine(bench, "reported only", "  (target 50000 /s)");
    put_thing(&bench->request, "desired", true);
    update(bench, buffer_view(&bench->request));
    print_engine(bench, "with a delta of every leaf", "");
}

static void measure_memory(struct bench *bench) {
    size_t bytes = twin_memory(bench->twin) * THINGS;
    printf("memory: %d things, each %d leaves reported and desired: %.1f MB (target < 100 MB)\n", THINGS,
           MODULES * LEAVES_PER_MODULE, (double)bytes / 1e6);
}

static void measure_store(struct bench *bench, const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/bench-twin-%d.db", folder, (int)getpid());
    struct problem problem = {0};
    must(store_open(path, &bench->store, &problem), &problem);
    for (unsigned i = 0; i < STORE_PARTITIONS; i++) {
        bool is_taken;
        must(store_take(bench->store, i, &is_taken, &problem), &problem);
    }
    buffer_reset(&bench->document);
    twin_save(bench->twin, &bench->document);
    static const size_t groups[] = {1, 16, 100};
    printf("store: documents of %zu bytes (median of %d runs)\n", bench->document.length, RUNS);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        bench->rows_per_commit = groups[i];
        double rate = median_per_second(bench, run_commits, clock_monotonic_ns);
        printf("  durable, %3zu in a commit          %9.0f /s%s\n", groups[i], rate,
               groups[i] == 100 ? "  (target 20000 /s)" : "");
    }
    store_close(bench->store);
    unlink(path);
    char locks[4200];
    snprintf(locks, sizeof locks, "%s-locks", path);
    unlink(locks);
}

int main(int argc, char **argv) {
    struct bench bench = {0};
    measure_engine(&bench);
    measure_memory(&bench);
    measure_store(&bench, argc > 1 ? argv[1] : ".");
    twin_unref(bench.twin);
    twin_result_clear(&bench.result);
    buffer_clear(&bench.request);
    buffer_clear(&bench.document);
    return EXIT_SUCCESS;
}
