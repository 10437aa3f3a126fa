// Proof that the scan thread takes no lock, allocates nothing, and calls the system for sleeping, its clock and the
// server's wake-up alone: a plant whose inputs are noise, and whose modules are called with everything, runs in a child
// process in which any other call is deadly. Each kind of call is tried on purpose as well: the trap must close.
#include "watched_calls.h"

#include <runtime/runtime.h>

#include <base/clock.h>
#include <base/file.h>
#include <program/program.h>

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SCANS = 3000, IMAGE_BYTES = 256, EXIT_NO_SECCOMP = 77, EXIT_NOT_BUILT = 78 };

/// What the driver does besides its duty.
enum offence { NONE, CALLS_SYSTEM, ALLOCATES, LOCKS, WRITES_ELSEWHERE };

struct noise {
    uint64_t random;
    enum offence offence;
    int wake_fd;
    atomic_bool armed; // the wake-up of the server is known
    bool watched;
    atomic_uint scans;
    bool has_seccomp;
};

static uint64_t next_random(uint64_t *random) {
    uint64_t z = *random += UINT64_C(0x9E3779B97F4A7C15); // splitmix64
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void offend(const struct noise *noise) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    switch (noise->offence) {
    case NONE: break;
    case CALLS_SYSTEM: syscall(SYS_getppid); break;
    case ALLOCATES: {
        void *volatile memory = malloc(1 + noise->random % 7);
        free(memory);
        break;
    }
    case LOCKS:
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        break;
    case WRITES_ELSEWHERE: (void)!write(STDOUT_FILENO, "", 0); break;
    }
}

static enum error read_noise(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    struct noise *noise = context;
    if (atomic_load(&noise->armed) && !noise->watched) {
        noise->watched = true;
        noise->has_seccomp = watch_system(noise->wake_fd);
        watch_calls();
    }
    if (noise->watched) {
        atomic_fetch_add(&noise->scans, 1);
        offend(noise);
    }
    uint64_t how = next_random(&noise->random) % 8;
    if (how == 0) return ERROR_IO;
    for (size_t i = 0; how > 3 && i < bytes; i++) inputs[i] = (uint8_t)next_random(&noise->random);
    return ERROR_NONE;
}

static enum error write_nowhere(void *context, const uint8_t *outputs, size_t bytes) {
    (void)outputs, (void)bytes;
    struct noise *noise = context;
    return next_random(&noise->random) % 50 == 0 ? ERROR_IO : ERROR_NONE;
}

static struct plant *read_plant(const char *file) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    if (file_read(file, MODEL_BYTES_MAX, &bytes, &problem)) return NULL;
    return model_read(buffer_view(&bytes), findings, &plant, &problem) ? NULL : plant;
}

/// A call of any method with arguments of its types; the lock's often enough that some are accepted.
static struct scan_command any_command(const struct program *program, uint64_t *random) {
    struct scan_command command = {.session = 1 + (uint32_t)(next_random(random) % 2)};
    size_t modules = program_module_count(program);
    command.module = next_random(random) % 4 == 0 ? program_lock(program) : (uint32_t)(next_random(random) % modules);
    const struct scan_kind *kind = program_module(program, command.module)->kind;
    if (kind->method_count > 0) command.method = (uint16_t)(next_random(random) % kind->method_count);
    command.role = (uint8_t)(next_random(random) % 8 == 0 ? SCAN_ROLE_VIEWER : SCAN_ROLE_ENGINEER);
    if (command.method >= kind->method_count) return command;
    const struct scan_method *method = &kind->methods[command.method];
    command.argument_count = method->input_count;
    for (uint8_t i = 0; i < method->input_count; i++) {
        struct scan_argument *argument = &command.arguments[i];
        argument->type = method->inputs[i].type;
        if (argument->type == VALUE_BOOL) argument->value = scan_boolean(next_random(random) % 2 != 0);
        if (argument->type == VALUE_INT32) argument->value = scan_int32((int32_t)(next_random(random) % 3) - 1);
        if (argument->type == VALUE_UINT32) argument->value = scan_uint32((uint32_t)(next_random(random) % 60));
        if (argument->type == VALUE_DOUBLE) argument->value = scan_real((double)(next_random(random) % 120));
    }
    return command;
}

static void drain(struct exchange *exchange) {
    struct scan_change change;
    struct scan_event event;
    struct scan_result result;
    while (exchange_take_change(exchange, &change)) continue;
    while (exchange_take_event(exchange, &event)) continue;
    while (exchange_take_result(exchange, &result)) continue;
}

/// The child: its exit status says how it went.
static int run_plant(const char *file, enum offence offence) {
    struct problem problem = {0};
    struct noise noise = {.random = 1, .offence = offence};
    struct plant *plant = read_plant(file);
    struct program *program = NULL;
    struct runtime *runtime = NULL;
    struct program_options options = {
        .driver = {.name = "noise", .read = read_noise, .write = write_nowhere, .simulated = true, .context = &noise},
        .lease_soft_ns = NS_PER_S / 20,
        .lease_hard_ns = NS_PER_S / 10};
    if (plant == NULL || program_create(plant, &options, &program, &problem)) return EXIT_NOT_BUILT;
    struct runtime_options run = {.period_ns = NS_PER_MS / 5, .speed = 1};
    if (runtime_start(program_scan(program), &run, &runtime, &problem)) return EXIT_NOT_BUILT;
    noise.wake_fd = runtime_wake_fd(runtime);
    atomic_store(&noise.armed, true);
    struct exchange *exchange = program_scan(program)->exchange;
    uint64_t random = 2;
    while (atomic_load(&noise.scans) < SCANS) {
        struct scan_command command = any_command(program, &random);
        exchange_post(exchange, &command);
        drain(exchange);
        const struct timespec moment = {.tv_nsec = 50000};
        nanosleep(&moment, NULL);
    }
    return noise.has_seccomp ? EXIT_SUCCESS : EXIT_NO_SECCOMP;
}

/// As of waitpid.
static int in_child(const char *file, enum offence offence) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(run_plant(file, offence)); // without ending the scan thread, which could not even end itself
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

#define MPS SOURCE_FOLDER "/plants/mps/plant.aml"
#define VESSEL SOURCE_FOLDER "/edge/program/tests/data/vessel.aml"

static void assert_well(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_SECCOMP) skip();
    if (WIFSIGNALED(status)) fail_msg("the child ended by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

static void the_station_scans_without_lock_memory_or_system(void **state) {
    (void)state;
    assert_well(in_child(MPS, NONE));
}

static void the_vessel_scans_without_lock_memory_or_system(void **state) {
    (void)state;
    assert_well(in_child(VESSEL, NONE));
}

static void a_call_of_the_system_is_caught(void **state) {
    (void)state;
    int status = in_child(MPS, CALLS_SYSTEM);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_SECCOMP) skip();
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void writing_elsewhere_is_caught(void **state) {
    (void)state;
    int status = in_child(MPS, WRITES_ELSEWHERE);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_SECCOMP) skip();
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/// The message about it is a call of the system itself, so that may be the end.
static void assert_caught(int status, int expected) {
    bool by_filter = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    bool by_hook = WIFEXITED(status) && WEXITSTATUS(status) == expected;
    assert_true(by_filter || by_hook);
}

static void an_allocation_is_caught(void **state) {
    (void)state;
    assert_caught(in_child(MPS, ALLOCATES), EXIT_ALLOCATED);
}

static void a_lock_is_caught(void **state) {
    (void)state;
    assert_caught(in_child(MPS, LOCKS), EXIT_LOCKED);
}

int main(void) {
    if (!watch_prepare()) return EXIT_SUCCESS;
    const struct CMUnitTest tests[] = {
        {"[edge-9.6] the station scans without lock, memory or system", the_station_scans_without_lock_memory_or_system,
         NULL, NULL, NULL},
        {"[edge-9.6] the vessel scans without lock, memory or system", the_vessel_scans_without_lock_memory_or_system,
         NULL, NULL, NULL},
        cmocka_unit_test(a_call_of_the_system_is_caught),
        cmocka_unit_test(writing_elsewhere_is_caught),
        cmocka_unit_test(an_allocation_is_caught),
        cmocka_unit_test(a_lock_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
