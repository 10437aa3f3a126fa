#include <runtime/runtime.h>

#include <base/clock.h>
#include <base/file.h>
#include <program/program.h>
#include <sim/sim.h>

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SERVER_SESSION = 9, TAGS_MAX = 512 };
static const int PATIENCE_MS = 20000; // a test machine may be busy; nothing here takes that long by itself

/// The station of plants/mps under a real scan thread; the test is the server thread.
struct edge {
    struct plant *plant;
    struct sim *sim;
    struct program *program;
    struct runtime *runtime;
    struct exchange *exchange;
    union scan_value seen[TAGS_MAX];
    struct io_driver inner;
    unsigned slow_reads; // so many reads take longer than a period
    long slow_read_ms;
};

static enum error read_slowly(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    struct edge *edge = context;
    if (edge->slow_reads > 0) {
        edge->slow_reads--;
        struct timespec delay = {.tv_nsec = edge->slow_read_ms * 1000000L};
        nanosleep(&delay, NULL);
    }
    return edge->inner.read(edge->inner.context, elapsed_ns, inputs, bytes);
}

static enum error write_through(void *context, const uint8_t *outputs, size_t bytes) {
    struct edge *edge = context;
    return edge->inner.write(edge->inner.context, outputs, bytes);
}

static int setup(void **state) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct edge *edge = calloc(1, sizeof *edge);
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &edge->plant, &problem);
    if (!error) error = sim_create(edge->plant, &(struct sim_options){.seed = 1}, &edge->sim, &problem);
    if (error) fail_msg("%s", problem.text);
    edge->inner = sim_driver(edge->sim);
    struct program_extra extra = {"simulation", sim_kind(edge->sim), edge->sim};
    struct program_options options = {
        .driver = {.name = "slow", .read = read_slowly, .write = write_through, .simulated = true, .context = edge},
        .lease_soft_ns = 60 * NS_PER_S,
        .lease_hard_ns = 120 * NS_PER_S,
        .extra = &extra};
    if (program_create(edge->plant, &options, &edge->program, &problem)) fail_msg("%s", problem.text);
    edge->exchange = program_scan(edge->program)->exchange;
    *state = edge;
    return 0;
}

static int teardown(void **state) {
    struct edge *edge = *state;
    runtime_destroy(edge->runtime);
    program_destroy(edge->program);
    sim_destroy(edge->sim);
    plant_destroy(edge->plant);
    free(edge);
    return 0;
}

static void start(struct edge *edge, double speed) {
    struct problem problem = {0};
    struct runtime_options options = {.period_ns = NS_PER_MS, .speed = speed};
    if (runtime_start(program_scan(edge->program), &options, &edge->runtime, &problem)) fail_msg("%s", problem.text);
}

static void take_changes(struct edge *edge) {
    struct scan_change change;
    while (exchange_take_change(edge->exchange, &change)) edge->seen[change.tag] = change.value;
}

/// Sleeps until the scan thread says that something waits.
static void wait_for_wake(struct edge *edge) {
    struct pollfd wake = {.fd = runtime_wake_fd(edge->runtime), .events = POLLIN};
    assert_int_equal(poll(&wake, 1, PATIENCE_MS), 1);
    uint64_t count;
    assert_int_equal(read(wake.fd, &count, sizeof count), sizeof count);
    take_changes(edge);
}

static uint32_t tag_at(const struct edge *edge, struct text path) {
    uint32_t tag = program_find_tag(edge->program, path);
    assert_int_not_equal(tag, SCAN_NO_TAG);
    return tag;
}

static struct scan_result call(struct edge *edge, struct text module, const char *method, enum value_type type,
                               int32_t argument) {
    struct scan_command command = {.id = 77, .session = SERVER_SESSION, .role = SCAN_ROLE_OPERATOR};
    for (uint32_t i = 0; i < program_module_count(edge->program); i++) {
        if (text_equal(program_module(edge->program, i)->path, module)) command.module = i;
    }
    command.method = (uint16_t)program_method(edge->program, command.module, text_of(method));
    if (type != VALUE_NULL) command.argument_count = 1;
    command.arguments[0] = (struct scan_argument){.type = type};
    if (type == VALUE_INT32) command.arguments[0].value = scan_int32(argument);
    assert_true(exchange_post(edge->exchange, &command));
    struct scan_result result;
    while (!exchange_take_result(edge->exchange, &result)) wait_for_wake(edge);
    assert_int_equal(result.id, 77);
    return result;
}

static void the_server_is_woken_and_gets_every_tag(void **state) {
    struct edge *edge = *state;
    uint32_t retracted = tag_at(edge, TEXT("MPS/mps_magazine/ejector/position/retracted/state"));
    start(edge, 1);
    while (!edge->seen[retracted].boolean) wait_for_wake(edge);
    struct runtime_report report = runtime_report(edge->runtime);
    assert_true(report.running);
    assert_true(report.cycles > 0);
}

static void commands_are_answered_while_the_plant_moves(void **state) {
    struct edge *edge = *state;
    start(edge, 1);
    struct scan_result result = call(edge, TEXT("MPS/Lock"), "InitLock", VALUE_STRING, 0);
    assert_int_equal(result.outputs[0].value.int32, AUTHORITY_OK);
    result = call(edge, TEXT("MPS/mps_conveyor/motor"), "setDirection", VALUE_INT32, 1);
    assert_int_equal(result.status, STATUS_Good);
    uint32_t right = tag_at(edge, TEXT("MPS/mps_conveyor/motor/direction/right/state"));
    while (!edge->seen[right].boolean) wait_for_wake(edge);
    for (int i = 0; i < 200; i++) {
        result = call(edge, TEXT("MPS/mps_conveyor/motor"), "getDirection", VALUE_NULL, 0);
        assert_int_equal(result.outputs[0].value.int32, 1);
    }
}

static void a_stop_leaves_the_outputs_safe_and_says_so(void **state) {
    struct edge *edge = *state;
    start(edge, 1);
    call(edge, TEXT("MPS/Lock"), "InitLock", VALUE_STRING, 0);
    call(edge, TEXT("MPS/mps_conveyor/motor"), "setDirection", VALUE_INT32, 1);
    runtime_stop(edge->runtime);
    runtime_stop(edge->runtime);
    wait_for_wake(edge);
    assert_false(edge->seen[tag_at(edge, TEXT("MPS/mps_conveyor/motor/direction/right/state"))].boolean);
    assert_true(edge->seen[tag_at(edge, TEXT("MPS/mps_conveyor/motor/stop/state"))].boolean);
    char buffer[PROGRAM_TEXT_BYTES];
    uint32_t tag = tag_at(edge, TEXT("MPS/mps_plc/State"));
    assert_true(text_is(program_value(edge->program, tag, edge->seen[tag], buffer).string, "stop"));
    assert_false(runtime_report(edge->runtime).running);
}

static void a_scan_that_takes_too_long_is_counted_and_not_made_up_for(void **state) {
    struct edge *edge = *state;
    edge->slow_reads = 10;
    edge->slow_read_ms = 5; // each at a period of 1 ms
    start(edge, 1);
    while (runtime_report(edge->runtime).cycles < 20) wait_for_wake(edge);
    struct runtime_report report = runtime_report(edge->runtime);
    assert_true(report.missed >= 40);
    assert_true(report.execution_max_ns >= 5000000);
    assert_true(report.execution_p99_ns >= report.execution_p50_ns);
}

static double microseconds(const struct edge *edge, struct text path) {
    return edge->seen[tag_at(edge, path)].real;
}

static void times_are_variables_and_begin_anew_when_told(void **state) {
    struct edge *edge = *state;
    struct problem problem = {0};
    struct runtime_options options = {.period_ns = NS_PER_MS, .speed = 1, .deadline_ns = 60 * NS_PER_S};
    edge->slow_reads = 2;
    edge->slow_read_ms = 600;
    if (runtime_start(program_scan(edge->program), &options, &edge->runtime, &problem)) fail_msg("%s", problem.text);
    while (microseconds(edge, TEXT("MPS/mps_plc/ExecutionMax")) < 600000) wait_for_wake(edge);
    while (microseconds(edge, TEXT("MPS/mps_plc/PeriodMax")) < 600000) wait_for_wake(edge);
    while (runtime_report(edge->runtime).cycles < 20) wait_for_wake(edge);
    assert_int_equal(call(edge, TEXT("MPS/mps_plc"), "resetStatistics", VALUE_NULL, 0).status, STATUS_Good);
    uint64_t cycles = runtime_report(edge->runtime).cycles;
    while (microseconds(edge, TEXT("MPS/mps_plc/ExecutionMax")) >= 600000) wait_for_wake(edge);
    while (runtime_report(edge->runtime).cycles < cycles + 100) wait_for_wake(edge);
    while (microseconds(edge, TEXT("MPS/mps_plc/WakeupLast")) <= 0) wait_for_wake(edge);
    const char *const times[] = {"Execution", "Period", "Wakeup"};
    for (size_t i = 0; i < 3; i++) {
        const char *const parts[] = {"Min", "Mean", "P99", "Max", "Last"};
        double value[5];
        for (size_t part = 0; part < 5; part++) {
            char path[64];
            snprintf(path, sizeof path, "MPS/mps_plc/%s%s", times[i], parts[part]);
            value[part] = microseconds(edge, text_of(path));
            assert_true(value[part] > 0);
        }
        assert_true(value[0] <= value[1] && value[1] <= value[3]);
        assert_true(value[2] <= value[3] && value[4] <= value[3]);
    }
    assert_true(microseconds(edge, TEXT("MPS/mps_plc/PeriodMean")) > 500);
}

static void plant_time_runs_as_fast_as_told(void **state) {
    struct edge *edge = *state;
    uint32_t clock = tag_at(edge, TEXT("MPS/mps_plc/Clock"));
    start(edge, 50);
    while (edge->seen[clock].uint32 < 5000) wait_for_wake(edge);
    uint64_t cycles = runtime_report(edge->runtime).cycles;
    assert_true(cycles >= 100);
}

static void real_time_is_granted_or_its_refusal_is_told(void **state) {
    struct edge *edge = *state;
    struct problem problem = {0};
    struct runtime_options options = {.period_ns = NS_PER_MS, .speed = 1, .priority = 50};
    assert_int_equal(runtime_start(program_scan(edge->program), &options, &edge->runtime, &problem), ERROR_NONE);
    struct runtime_report report = runtime_report(edge->runtime);
    size_t warnings = 0;
    while (runtime_warning(edge->runtime, warnings) != NULL) warnings++;
    assert_int_equal(warnings, !report.realtime + !report.memory_locked);
}

struct bad_option {
    const char *name;
    struct runtime_options options;
    bool simulated;
    const char *problem;
};
static const struct bad_option bad_options[] = {
    {"a period of nothing is refused", {.period_ns = 0, .speed = 1}, true, "period"},
    {"a period above a second is refused", {.period_ns = 2000000000, .speed = 1}, true, "period"},
    {"a speed of nothing is refused", {.period_ns = 1000000, .speed = 0}, true, "speed"},
    {"a speed beyond all measure is refused", {.period_ns = 1000000, .speed = 1e9}, true, "speed"},
    {"a real plant has one speed", {.period_ns = 1000000, .speed = 2}, false, "only a simulated plant"},
};
enum { BAD_OPTIONS = sizeof bad_options / sizeof bad_options[0] };

static void check_bad_option(void **state) {
    const struct bad_option *c = *state;
    struct problem problem = {0};
    struct runtime *runtime = NULL;
    struct scan scan = {.driver = {.simulated = c->simulated}};
    assert_int_equal(runtime_start(&scan, &c->options, &runtime, &problem), ERROR_INVALID);
    assert_null(runtime);
    assert_non_null(strstr(problem.text, c->problem));
}

enum { SCENES = 7 };

int main(void) {
#define SCENE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    struct CMUnitTest tests[SCENES + BAD_OPTIONS] = {
        SCENE(the_server_is_woken_and_gets_every_tag),
        SCENE(commands_are_answered_while_the_plant_moves),
        SCENE(a_stop_leaves_the_outputs_safe_and_says_so),
        {"[edge-1.3] a scan that takes too long is counted and not made up for",
         a_scan_that_takes_too_long_is_counted_and_not_made_up_for, setup, teardown, NULL},
        {"[edge-1.4] plant time runs as fast as told", plant_time_runs_as_fast_as_told, setup, teardown, NULL},
        {"[edge-9.4] times are variables and begin anew when told", times_are_variables_and_begin_anew_when_told, setup,
         teardown, NULL},
        SCENE(real_time_is_granted_or_its_refusal_is_told),
    };
    for (size_t i = 0; i < BAD_OPTIONS; i++) {
        tests[SCENES + i] =
            (struct CMUnitTest){bad_options[i].name, check_bad_option, NULL, NULL, (void *)&bad_options[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
