// The reader beside `xmllint --stream`, on two large files: a real one whose hierarchy is repeated with IDs of its own,
// and the model of a plant with 100,000 points (splc model generate).
//
//     bench-model FILE.aml [MEGABYTES]      default 70; the large files are made in the present folder and removed
#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/clock.h>
#include <base/file.h>
#include <ctype.h>
#include <model/caex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <synthetic/synthetic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 7, DEFAULT_MEGABYTES = 70, POINTS = 100 * 1000, UUID_LENGTH = 36, MEGABYTE = 1000 * 1000 };
enum { MEMORY_LIMIT_MB = 300, TIME_LIMIT = 2 };

static void must(enum error error, const struct problem *problem) {
    if (!error) return;
    fprintf(stderr, "bench-model: %s\n", problem->text[0] == '\0' ? error_text(error) : problem->text);
    exit(EXIT_FAILURE);
}

static void load(const char *path, struct buffer *bytes) {
    struct problem problem = {""};
    must(file_read(path, MODEL_BYTES_MAX, bytes, &problem), &problem);
}

// ---------------------------------------------------------------- the large file

static bool is_uuid(struct text text) {
    if (text.length < UUID_LENGTH) return false;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.data[i] != '-' : !isxdigit((unsigned char)text.data[i])) return false;
    }
    return true;
}

/// Every UUID gets other first digits in each copy, in elements and links alike.
static void put_copy(struct buffer *out, struct text hierarchy, unsigned copy) {
    for (size_t i = 0; i < hierarchy.length;) {
        struct text rest = text_from(hierarchy, i);
        if (!is_uuid(rest)) {
            buffer_byte(out, hierarchy.data[i++]);
            continue;
        }
        char digits[9] = "";
        memcpy(digits, rest.data, 8);
        buffer_print(out, "%08lx", (strtoul(digits, NULL, 16) ^ copy * 2654435761U) & 0xFFFFFFFFUL);
        buffer_append(out, rest.data + 8, UUID_LENGTH - 8);
        i += UUID_LENGTH;
    }
}

static void save(struct buffer *bytes, const char *path) {
    struct problem problem = {""};
    must(bytes->failed ? ERROR_NO_MEMORY : file_write(path, buffer_view(bytes), 0600, &problem), &problem);
}

struct source {
    const char *real; // NULL: a plant that nobody built
    size_t bytes;
};

static void repeat(const char *source, size_t bytes_wanted, const char *path) {
    static const char end_tag[] = "</InstanceHierarchy>", name[] = " Name=\"";
    CLEANUP(buffer_clear) struct buffer file = {0}, large = {0};
    load(source, &file);
    const char *start = memmem(file.data, file.length, "<InstanceHierarchy", 18);
    const char *end = start == NULL ? NULL : strstr(start, end_tag);
    if (end == NULL) must(ERROR_INVALID, &(struct problem){"the file has no InstanceHierarchy"});
    end += sizeof end_tag - 1;
    const char *named = strstr(start, name) + sizeof name - 1;
    buffer_append(&large, file.data, (size_t)(start - file.data));
    size_t tail = (size_t)(file.data + file.length - end);
    for (unsigned copy = 0; large.length + tail < bytes_wanted; copy++) {
        buffer_append(&large, start, (size_t)(named - start));
        buffer_print(&large, "%u ", copy);
        put_copy(&large, (struct text){named, (size_t)(end - named)}, copy);
        buffer_byte(&large, '\n');
    }
    buffer_append(&large, end, tail);
    save(&large, path);
}

static void make_large(const struct source *source, const char *path) {
    if (source->real != NULL) {
        repeat(source->real, source->bytes, path);
        return;
    }
    CLEANUP(buffer_clear) struct buffer plant = {0};
    struct problem problem = {""};
    must(synthetic_plant(POINTS, &plant, &problem), &problem);
    save(&plant, path);
}

// ---------------------------------------------------------------- one program on it

static int read_model(const char *path) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    load(path, &bytes);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(caex_destroy_at) struct caex *caex = NULL;
    struct problem problem = {""};
    must(caex_create(buffer_view(&bytes), CAEX_ANY, findings, &caex, &problem), &problem);
    return EXIT_SUCCESS;
}

struct run {
    double seconds, processor, megabytes; // wall clock; of the processor; resident at most
};

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/// The system counts the memory of the process that starts another one as the other's, so this one must stay small:
/// whatever needs memory is done in a process of its own.
static struct run run_program(const char *const arguments[]) {
    uint64_t start_ns = clock_monotonic_ns();
    pid_t pid = fork();
    if (pid == 0) {
        execvp(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    int status = 0;
    struct rusage usage = {0};
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
        fprintf(stderr, "bench-model: %s failed\n", arguments[0]);
        exit(EXIT_FAILURE);
    }
    return (struct run){(double)(clock_monotonic_ns() - start_ns) / NS_PER_S,
                        seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
                        (double)usage.ru_maxrss * 1024 / MEGABYTE};
}

static int by_seconds(const void *a, const void *b) {
    double x = ((const struct run *)a)->seconds, y = ((const struct run *)b)->seconds;
    return (x > y) - (x < y);
}

static int by_processor(const void *a, const void *b) {
    double x = ((const struct run *)a)->processor, y = ((const struct run *)b)->processor;
    return (x > y) - (x < y);
}

/// Medians of all runs.
static struct run summarise(const char *what, struct run runs[RUNS], double file_megabytes) {
    struct run median = {0};
    qsort(runs, RUNS, sizeof runs[0], by_processor);
    median.processor = runs[RUNS / 2].processor;
    qsort(runs, RUNS, sizeof runs[0], by_seconds);
    median.seconds = runs[RUNS / 2].seconds;
    for (size_t i = 0; i < RUNS; i++)
        if (runs[i].megabytes > median.megabytes) median.megabytes = runs[i].megabytes;
    printf("  %-17s %6.2f s (%.2f to %.2f)  %6.1f MB/s  processor %5.2f s  %6.1f MB resident\n", what, median.seconds,
           runs[0].seconds, runs[RUNS - 1].seconds, file_megabytes / median.seconds, median.processor,
           median.megabytes);
    return median;
}

static void print_contents(const char *path) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    load(path, &bytes);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(caex_destroy_at) struct caex *caex = NULL;
    struct problem problem = {""};
    must(caex_create(buffer_view(&bytes), CAEX_ANY, findings, &caex, &problem), &problem);
    size_t counts[CAEX_KINDS];
    caex_count(caex, counts);
    printf("%.1f MB: %zu elements, %zu interfaces, %zu attributes, %zu links (median of %d runs each)\n",
           (double)bytes.length / MEGABYTE, counts[CAEX_ELEMENT], counts[CAEX_INTERFACE], counts[CAEX_ATTRIBUTE],
           counts[CAEX_LINK], RUNS);
}

/// Makes the file and says what is in it; in a process that ends.
static void prepare(const struct source *source, const char *path) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        make_large(source, path);
        print_contents(path);
        fflush(stdout);
        _exit(EXIT_SUCCESS);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) exit(EXIT_FAILURE);
}

static void measure(const char *self, const struct source *source) {
    char path[64];
    snprintf(path, sizeof path, "bench-model-%d.aml", (int)getpid());
    prepare(source, path);
    struct stat stat_of = {0};
    if (stat(path, &stat_of) != 0) exit(EXIT_FAILURE);
    double megabytes = (double)stat_of.st_size / MEGABYTE;
    const char *const ours[] = {self, "--read", path, NULL};
    const char *const theirs[] = {"xmllint", "--nonet", "--noout", "--stream", path, NULL};
    struct run our_runs[RUNS], their_runs[RUNS];
    for (size_t i = 0; i < RUNS; i++) { // by turns, so that a busy machine hits both
        our_runs[i] = run_program(ours);
        their_runs[i] = run_program(theirs);
    }
    unlink(path);
    struct run our = summarise("reader", our_runs, megabytes),
               their = summarise("xmllint --stream", their_runs, megabytes);
    printf("  ratio of times %.2f, of processor times %.2f (limit %d); memory %.0f MB (limit %d)\n",
           our.seconds / their.seconds, our.processor / their.processor, TIME_LIMIT, our.megabytes, MEMORY_LIMIT_MB);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--read") == 0) return read_model(argv[2]);
    if (argc < 2) {
        fprintf(stderr, "usage: bench-model FILE.aml [MEGABYTES]\n");
        return EXIT_FAILURE;
    }
    double megabytes = argc > 2 ? atof(argv[2]) : DEFAULT_MEGABYTES;
    const struct source sources[] = {{argv[1], (size_t)(megabytes * MEGABYTE)}, {NULL, 0}};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) measure("/proc/self/exe", &sources[i]);
    return EXIT_SUCCESS;
}
