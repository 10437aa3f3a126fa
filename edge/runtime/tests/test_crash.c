// A program that dies of a fault of its own, in a process of its own: its outputs are in their safe state afterwards.
#include <runtime/runtime.h>

#include <base/clock.h>
#include <base/file.h>
#include <program/program.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 256, TEXT_BYTES = 256, SCANS_BEFORE = 20 };

/// What outlives the process: the terminals, and what was said.
struct terminals {
    uint8_t outputs[IMAGE_BYTES], safe[IMAGE_BYTES], mask[IMAGE_BYTES];
    size_t bytes;
    char said[TEXT_BYTES];
    atomic_uint scans;
};

typedef void fault_fn(void);

struct machine {
    struct terminals *terminals;
    struct plant *plant;
    struct program *program;
    fault_fn *fault; // of the scan thread
};

// ---------------------------------------------------------------- faults

static void no_memory_there(void) {
    volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 1;
}

static void file_without_end(void) {
    FILE *file = tmpfile();
    volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    page[0] = 1;
}

static void no_such_instruction(void) {
    __builtin_trap();
}

/// The processor does not trap floating point numbers, and an integer division is caught by the compiler's checks.
static void arithmetic(void) {
    raise(SIGFPE);
}

static void assertion(void) {
    abort();
}

static unsigned deeper(volatile unsigned depth) { // NOLINT(misc-no-recursion): that is the fault
    volatile char room[4096];
    room[0] = (char)depth;
    return depth == UINT32_MAX ? 0 : deeper(depth + 1) + (unsigned)room[0];
}

static void stack_overflow(void) {
    (void)deeper(0);
}

// ---------------------------------------------------------------- the machine

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    struct machine *machine = context;
    memset(inputs, 0, bytes);
    if (atomic_fetch_add(&machine->terminals->scans, 1) >= SCANS_BEFORE && machine->fault != NULL) machine->fault();
    return ERROR_NONE;
}

/// What a scan writes is turned round, so that nothing but the last act gives the safe state.
static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct machine *machine = context;
    for (size_t i = 0; i < bytes; i++) machine->terminals->outputs[i] = (uint8_t)~outputs[i];
    return ERROR_NONE;
}

static void write_safe(void *context, const struct io_safe_image *image) {
    struct terminals *terminals = ((struct machine *)context)->terminals;
    memcpy(terminals->safe, image->outputs, image->bytes);
    memcpy(terminals->mask, image->mask, image->bytes);
    terminals->bytes = image->bytes;
    io_apply_safe(terminals->outputs, image, image->bytes);
}

static void on_crashed(void *context, const char *what) {
    struct machine *machine = context;
    size_t length = strlen(what);
    memcpy(machine->terminals->said, what, length < TEXT_BYTES ? length : TEXT_BYTES - 1);
}

static void be_silent(void) {
    FILE *nowhere = freopen("/dev/null", "w", stderr);
    (void)nowhere;
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) signal(faults[i], SIG_DFL); // not the sanitizer's
}

/// In the child.
static void live_and_die(struct machine *machine, fault_fn *elsewhere) {
    be_silent();
    struct runtime *runtime = NULL;
    struct runtime_options options = {
        .period_ns = NS_PER_MS, .speed = 1, .crashed = on_crashed, .crashed_context = machine};
    if (runtime_start(program_scan(machine->program), &options, &runtime, NULL)) _exit(1);
    const struct timespec pause = {.tv_nsec = 1000000};
    while (atomic_load(&machine->terminals->scans) < SCANS_BEFORE) nanosleep(&pause, NULL);
    if (elsewhere != NULL) elsewhere();
    while (true) nanosleep(&pause, NULL);
}

static int setup(void **state) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct machine *machine = calloc(1, sizeof *machine);
    machine->terminals =
        mmap(NULL, sizeof *machine->terminals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &machine->plant, &problem);
    struct program_options options = {.driver = {.name = "dying",
                                                 .read = read_inputs,
                                                 .write = write_outputs,
                                                 .write_safe = write_safe,
                                                 .simulated = true,
                                                 .context = machine},
                                      .lease_soft_ns = 60 * NS_PER_S,
                                      .lease_hard_ns = 120 * NS_PER_S};
    if (!error) error = program_create(machine->plant, &options, &machine->program, &problem);
    if (error) fail_msg("%s", problem.text);
    *state = machine;
    return 0;
}

static int teardown(void **state) {
    struct machine *machine = *state;
    program_destroy(machine->program);
    plant_destroy(machine->plant);
    munmap(machine->terminals, sizeof *machine->terminals);
    free(machine);
    return 0;
}

/// How the child ended.
static int die(struct machine *machine, fault_fn *elsewhere) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) live_and_die(machine, elsewhere);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void assert_safe(const struct terminals *terminals) {
    size_t ours = 0;
    assert_true(terminals->bytes > 0);
    for (size_t i = 0; i < terminals->bytes; i++) {
        ours += terminals->mask[i] != 0;
        assert_int_equal(terminals->outputs[i] & terminals->mask[i], terminals->safe[i] & terminals->mask[i]);
    }
    assert_true(ours > 0);
}

static const struct fault_case {
    const char *name;
    fault_fn *fault;
    int signal;
    const char *word;
} CASES[] = {
    {"[edge-9.7] memory that is not there", no_memory_there, SIGSEGV, "SIGSEGV in the thread scan"},
    {"[edge-9.7] a page behind the end of its file", file_without_end, SIGBUS, "SIGBUS in the thread scan"},
    {"[edge-9.7] an instruction that there is not", no_such_instruction, SIGILL, "SIGILL in the thread scan"},
    {"[edge-9.7] arithmetic", arithmetic, SIGFPE, "SIGFPE in the thread scan"},
    {"[edge-9.7] an assertion that does not hold", assertion, SIGABRT, "SIGABRT in the thread scan"},
    {"[edge-9.7] a stack that is used up", stack_overflow, SIGSEGV, "SIGSEGV in the thread scan"},
};
enum { CASE_COUNT = sizeof CASES / sizeof CASES[0] };

static struct machine *machine_of(const struct fault_case *c) {
    void *state = NULL;
    setup(&state);
    struct machine *machine = state;
    machine->fault = c->fault;
    return machine;
}

static void a_fault_of_the_scan_leaves_the_safe_state(void **state) {
    const struct fault_case *c = *state;
    struct machine *machine = machine_of(c);
    int status = die(machine, NULL);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), c->signal); // it dies of what it did, not of something else
    assert_safe(machine->terminals);
    if (strstr(machine->terminals->said, c->word) == NULL) fail_msg("%s", machine->terminals->said);
    void *again = machine;
    teardown(&again);
}

static void a_fault_of_another_thread_does_so_as_well(void **state) {
    struct machine *machine = *state;
    int status = die(machine, no_memory_there);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    assert_non_null(strstr(machine->terminals->said, "the outputs were driven to their safe state"));
}

static void handlers_are_given_back(void **state) {
    struct machine *machine = *state;
    struct sigaction before, during, after;
    struct runtime *runtime = NULL;
    struct runtime_options options = {.period_ns = NS_PER_MS, .speed = 1};
    sigaction(SIGSEGV, NULL, &before);
    assert_int_equal(runtime_start(program_scan(machine->program), &options, &runtime, NULL), ERROR_NONE);
    sigaction(SIGSEGV, NULL, &during);
    runtime_destroy(runtime);
    sigaction(SIGSEGV, NULL, &after);
    assert_true(before.sa_handler != during.sa_handler);
    assert_true(before.sa_handler == after.sa_handler);
}

int main(void) {
    struct CMUnitTest tests[CASE_COUNT + 2] = {
        {"[edge-9.7] a fault of another thread does so as well", a_fault_of_another_thread_does_so_as_well, setup,
         teardown, NULL},
        cmocka_unit_test_setup_teardown(handlers_are_given_back, setup, teardown),
    };
    for (size_t i = 0; i < CASE_COUNT; i++)
        tests[i + 2] = (struct CMUnitTest){CASES[i].name, a_fault_of_the_scan_leaves_the_safe_state, NULL, NULL,
                                           (void *)&CASES[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
