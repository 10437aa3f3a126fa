// A scan thread that hangs, in reading or in writing, and the guard that takes the outputs to their safe state.
#include <runtime/runtime.h>

#include <base/clock.h>
#include <base/file.h>
#include <program/program.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 256, PATIENCE_S = 20 };

/// The station of plants/mps behind a driver that hangs when it is told to. It holds the outputs safe as io/driver.h
/// wants it: from `safe` on until the next `read`.
struct line {
    struct plant *plant;
    struct program *program;
    struct runtime *runtime;
    uint8_t inputs[IMAGE_BYTES];
    pthread_mutex_t lock; // of `outputs` and `image`
    uint8_t outputs[IMAGE_BYTES];
    const struct io_safe_image *image;
    atomic_bool hang_in_read, hang_in_write;
    atomic_uint safe_calls, writes;
    sem_t hangs, guarded, go_on;
};

static void hang(struct line *line, atomic_bool *wanted) {
    bool yes = true;
    if (!atomic_compare_exchange_strong(wanted, &yes, false)) return;
    sem_post(&line->hangs);
    while (sem_wait(&line->go_on) != 0) continue;
}

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    struct line *line = context;
    hang(line, &line->hang_in_read);
    pthread_mutex_lock(&line->lock);
    line->image = NULL; // a new scan
    pthread_mutex_unlock(&line->lock);
    memcpy(inputs, line->inputs, bytes);
    return ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct line *line = context;
    hang(line, &line->hang_in_write);
    pthread_mutex_lock(&line->lock);
    memcpy(line->outputs, outputs, bytes);
    if (line->image != NULL) io_apply_safe(line->outputs, line->image, bytes);
    pthread_mutex_unlock(&line->lock);
    atomic_fetch_add(&line->writes, 1);
    return ERROR_NONE;
}

static enum error keep_safe(void *context, const struct io_safe_image *image) {
    struct line *line = context;
    pthread_mutex_lock(&line->lock);
    line->image = image;
    io_apply_safe(line->outputs, image, image->bytes);
    pthread_mutex_unlock(&line->lock);
    atomic_fetch_add(&line->safe_calls, 1);
    sem_post(&line->guarded);
    return ERROR_NONE;
}

static const struct plant_signal *signal_at(const struct line *line, const char *path) {
    return program_tag(line->program, program_find_tag(line->program, text_of(path)))->signal;
}

static void set_input(struct line *line, const char *path, bool on) {
    const struct plant_signal *signal = signal_at(line, path);
    struct io_place place = {signal->channel->byte, signal->channel->bit, 1};
    io_set_bit(line->inputs, place, on != signal->inverted);
}

static bool output(struct line *line, const char *path) {
    const struct plant_channel *channel = signal_at(line, path)->channel;
    pthread_mutex_lock(&line->lock);
    bool on = io_bit(line->outputs, (struct io_place){channel->byte, channel->bit, 1});
    pthread_mutex_unlock(&line->lock);
    return on;
}

static int setup(void **state) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct line *line = calloc(1, sizeof *line);
    pthread_mutex_init(&line->lock, NULL);
    sem_init(&line->hangs, 0, 0);
    sem_init(&line->guarded, 0, 0);
    sem_init(&line->go_on, 0, 0);
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &line->plant, &problem);
    struct program_options options = {.driver = {.name = "hanging",
                                                 .read = read_inputs,
                                                 .write = write_outputs,
                                                 .safe = keep_safe,
                                                 .simulated = true,
                                                 .context = line},
                                      .lease_soft_ns = 60 * NS_PER_S,
                                      .lease_hard_ns = 120 * NS_PER_S};
    if (!error) error = program_create(line->plant, &options, &line->program, &problem);
    if (error) fail_msg("%s", problem.text);
    set_input(line, "MPS/mps_conveyor/emergency_stop/state", false);
    set_input(line, "MPS/mps_hmi/actuator_stop/state", false);
    *state = line;
    return 0;
}

static int teardown(void **state) {
    struct line *line = *state;
    runtime_destroy(line->runtime);
    program_destroy(line->program);
    plant_destroy(line->plant);
    pthread_mutex_destroy(&line->lock);
    free(line);
    return 0;
}

static void start(struct line *line, uint64_t deadline_ns) {
    struct problem problem = {0};
    struct runtime_options options = {.period_ns = NS_PER_MS, .speed = 1, .priority = 50, .deadline_ns = deadline_ns};
    if (runtime_start(program_scan(line->program), &options, &line->runtime, &problem)) fail_msg("%s", problem.text);
}

/// Waits for a semaphore with the patience of a busy machine.
static void wait_for(sem_t *what) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    assert_int_equal(sem_timedwait(what, &until), 0);
}

/// The answer of the scan to a call.
static struct scan_result call(struct line *line, const char *module, const char *method, enum value_type type,
                               int32_t number) {
    struct exchange *exchange = program_scan(line->program)->exchange;
    struct scan_command command = {.id = 1, .session = 3, .role = SCAN_ROLE_OPERATOR, .argument_count = type != 0};
    while (!text_is(program_module(line->program, command.module)->path, module)) command.module++;
    command.method = (uint16_t)program_method(line->program, command.module, text_of(method));
    command.arguments[0] = (struct scan_argument){.type = type};
    if (type == VALUE_INT32) command.arguments[0].value = scan_int32(number);
    assert_true(exchange_post(exchange, &command));
    struct scan_result result;
    while (!exchange_take_result(exchange, &result)) {
        const struct timespec moment = {.tv_nsec = 1000000};
        nanosleep(&moment, NULL);
    }
    return result;
}

static void let_the_belt_run(struct line *line) {
    call(line, "MPS/Lock", "InitLock", VALUE_STRING, 0);
    assert_int_equal(call(line, "MPS/mps_conveyor/motor", "setDirection", VALUE_INT32, 1).status, STATUS_Good);
    unsigned writes = atomic_load(&line->writes); // the answer may come before its scan has written
    while (atomic_load(&line->writes) < writes + 2) sched_yield();
    assert_true(output(line, "MPS/mps_conveyor/motor/direction/right/state"));
}

static void assert_belt_is_safe(struct line *line) {
    assert_false(output(line, "MPS/mps_conveyor/motor/direction/right/state"));
    assert_true(output(line, "MPS/mps_conveyor/motor/stop/state")); // safe when on
}

static void hang_and_come_back(struct line *line, atomic_bool *where) {
    start(line, 100 * NS_PER_MS);
    let_the_belt_run(line);
    atomic_store(where, true);
    wait_for(&line->hangs);
    wait_for(&line->guarded); // while the scan thread hangs
    assert_belt_is_safe(line);
    assert_true(runtime_report(line->runtime).guard_trips >= 1);
    unsigned writes = atomic_load(&line->writes);
    sem_post(&line->go_on);
    while (atomic_load(&line->writes) < writes + 5) {
        assert_belt_is_safe(line); // what the late scan still writes changes nothing
        sched_yield();
    }
    struct scan_result refused = call(line, "MPS/mps_conveyor/motor", "setDirection", VALUE_INT32, 1);
    assert_int_equal(refused.status, STATUS_BadInvalidState);
    assert_int_equal(refused.reason.id, SCAN_REASON_SAFE_STATE);
    assert_int_equal(refused.reason.detail, SCAN_REASON_GUARD);
    assert_int_equal(call(line, "MPS/mps_plc", "reset", VALUE_NULL, 0).status, STATUS_Good);
    let_the_belt_run(line);
}

static void a_scan_that_hangs_in_reading_leaves_the_outputs_safe(void **state) {
    struct line *line = *state;
    hang_and_come_back(line, &line->hang_in_read);
}

static void a_scan_that_hangs_in_writing_leaves_the_outputs_safe(void **state) {
    struct line *line = *state;
    hang_and_come_back(line, &line->hang_in_write);
}

static void let_pass(uint64_t ns) {
    uint64_t until = clock_monotonic_ns() + ns;
    while (clock_monotonic_ns() < until) sched_yield();
}

static void the_guard_trips_once_for_one_hang(void **state) {
    struct line *line = *state;
    start(line, 20 * NS_PER_MS);
    atomic_store(&line->hang_in_read, true);
    wait_for(&line->hangs);
    wait_for(&line->guarded);
    let_pass(60 * NS_PER_MS); // it may have tripped before, on a busy machine; by now it has tripped for this hang
    unsigned calls = atomic_load(&line->safe_calls);
    let_pass(100 * NS_PER_MS);
    assert_int_equal(atomic_load(&line->safe_calls), calls);
    sem_post(&line->go_on);
}

static void the_deadline_follows_from_what_the_system_grants(void **state) {
    struct line *line = *state;
    start(line, 0);
    struct runtime_report report = runtime_report(line->runtime);
    assert_int_equal(report.deadline_ns, report.realtime ? 150 * NS_PER_MS : NS_PER_S);
    assert_true(program_scan(line->program)->statistics.realtime == report.realtime);
}

int main(void) {
#define RULE(rule, function)                                                                                           \
    { rule, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        RULE("[edge-9.5] a scan that hangs in reading leaves the outputs safe",
             a_scan_that_hangs_in_reading_leaves_the_outputs_safe),
        RULE("[edge-9.5] a scan that hangs in writing leaves the outputs safe",
             a_scan_that_hangs_in_writing_leaves_the_outputs_safe),
        RULE("[edge-9.5] the guard trips once for one hang", the_guard_trips_once_for_one_hang),
        RULE("[edge-9.5] the deadline follows from what the system grants",
             the_deadline_follows_from_what_the_system_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
