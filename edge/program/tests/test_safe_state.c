// Every cause of the safe state leads to the same: each output has its own safe state, the first cause stays with its
// time, whatever would move something is refused with it, and only a reset and a fresh command end it.
#include "bench.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t HARD_NS = UINT64_C(10000000000);

static struct bench *vessel(void) {
    struct bench *bench = bench_open(TEST_DATA "/vessel.aml");
    bench_value(bench, "mix/level/value", 50);
    bench_value(bench, "mix/temperature/value", 20);
    bench_value(bench, "mix/coolant/position", 30);
    bench_sensor(bench, "mix/inlet/position/opened/state", true);
    bench_sensor(bench, "mix/pump/tripped/state", false);
    bench_sensor(bench, "mix/emergency_stop/state", false);
    bench_sensor(bench, "mix/key/state", true);
    bench_scan(bench, 1);
    bench_take_lock(bench);
    assert_int_equal(bench_set(bench, "mix/inlet", "setOpen", true).status, STATUS_Good);
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 40).status, STATUS_Good);
    assert_int_equal(bench_real(bench, "mix/coolant", "setPosition", 30).status, STATUS_Good);
    bench_scan(bench, 1);
    assert_true(bench_on(bench, "mix/inlet/open/state"));
    return bench;
}

// ---------------------------------------------------------------- causes, and how they go

static void press_stop(struct bench *bench) {
    bench_sensor(bench, "mix/emergency_stop/state", true);
}
static void release_stop(struct bench *bench) {
    bench_sensor(bench, "mix/emergency_stop/state", false);
}
static void lose_reading(struct bench *bench) {
    bench->read_error = ERROR_IO;
}
static void lose_writing(struct bench *bench) {
    bench->write_error = ERROR_IO;
    bench_scan(bench, 1); // known after the scan that could not write
}
static void mend_driver(struct bench *bench) {
    bench->read_error = bench->write_error = ERROR_NONE;
    bench_scan(bench, 1);
}
static void trip_guard(struct bench *bench) {
    scan_guard_tripped(program_scan(bench->program));
}
static void lose_authority(struct bench *bench) {
    struct authority *authority = &program_scan(bench->program)->authority;
    authority->soft_ns = 1000000;
    authority->hard_ns = 2000000;
    bench_scan(bench, 2);
}
static void take_authority(struct bench *bench) {
    struct authority *authority = &program_scan(bench->program)->authority;
    authority->soft_ns = authority->hard_ns = HARD_NS;
}
static void compute_nonsense(struct bench *bench) {
    struct scan *scan = program_scan(bench->program);
    uint32_t tag = bench_tag(bench, "mix/heater/setpoint");
    scan_wish_number(scan, &scan->modules[scan_point(scan, tag)->module], tag, NAN);
}
static void stop_by_method(struct bench *bench) {
    bench_call(bench, "plc", "stop");
}
static void start_by_method(struct bench *bench) {
    assert_int_equal(bench_set(bench, "plc", "start", false).status, STATUS_Good);
}
static void turn_key(struct bench *bench) {
    bench_sensor(bench, "mix/key/state", false);
}
static void turn_key_back(struct bench *bench) {
    bench_sensor(bench, "mix/key/state", true);
}
static void nothing(struct bench *bench) {
    (void)bench;
}

struct cause {
    const char *name;
    void (*begin)(struct bench *bench);
    void (*end)(struct bench *bench);
    const char *text; // of the variable Cause
};
static const struct cause causes[] = {
    {"[edge-2.1] emergency stop", press_stop, release_stop, "emergency stop is active (mix/emergency_stop)"},
    {"[edge-2.1] driver lost, reading", lose_reading, mend_driver, "the I/O driver does not answer"},
    {"[edge-2.1] driver lost, writing", lose_writing, mend_driver, "the I/O driver does not answer"},
    {"[edge-2.1] guard", trip_guard, nothing,
     "a scan missed its deadline, so the guard took the outputs to their safe state"},
    {"[edge-2.1] hard time-out of the control authority", lose_authority, take_authority,
     "control authority lost: its holder did not renew it and nobody took it over"},
    {"[edge-2.1] fault of the program", compute_nonsense, nothing,
     "the program of mix/heater came to a result that is no number"},
    {"[edge-2.1] stop by method", stop_by_method, start_by_method, "the controller is stopped; call its start first"},
    {"[edge-2.1] key switch", turn_key, turn_key_back, "mix/key stands at stop; turn it to run first"},
};
enum { CAUSES = sizeof causes / sizeof causes[0] };

static void assert_safe(const struct bench *bench) {
    assert_false(bench_on(bench, "mix/inlet/open/state"));
    assert_false(bench_on(bench, "mix/pump/run/state"));
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_true(bench_is(bench, "mix/coolant/setpoint") == 100); // its safe value
}

static void check_cause(void **state) {
    const struct cause *cause = *state;
    struct bench *bench = vessel();
    const struct scan *scan = program_scan(bench->program);
    cause->begin(bench);
    bench_scan(bench, 1);
    assert_safe(bench);
    assert_string_equal(bench_text(bench, "plc/Cause"), cause->text);
    uint64_t since_ns = scan->safe.since_ns;
    uint32_t tag = bench_tag(bench, "plc/Cause");
    assert_true(scan->changed_ns[tag] >= since_ns && scan->changed_ns[tag] <= bench->time.wall_ns);
    // another cause later changes neither the first one nor its time
    bench_sensor(bench, "mix/emergency_stop/state", true);
    bench_scan(bench, 50);
    assert_string_equal(bench_text(bench, "plc/Cause"), cause->text);
    assert_true(scan->safe.since_ns == since_ns);
    assert_safe(bench);
    bench_sensor(bench, "mix/emergency_stop/state", false);
    // gone causes end nothing by themselves
    bench_scan(bench, 50);
    struct scan_result refused = bench_real(bench, "mix/heater", "setPosition", 20);
    assert_true(status_is_bad(refused.status));
    assert_safe(bench);
    cause->end(bench);
    bench_scan(bench, 50);
    assert_safe(bench);
    bench_take_lock(bench);
    if (scan->safe.latched) assert_int_equal(bench_call(bench, "plc", "reset").status, STATUS_Good);
    bench_scan(bench, 50);
    assert_string_equal(bench_text(bench, "plc/State"), "run");
    assert_false(bench_on(bench, "mix/inlet/open/state")); // nothing begins by itself
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 20).status, STATUS_Good);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 20);
    bench_destroy(bench);
}

static void the_refusal_names_the_latched_cause(void **state) {
    (void)state;
    struct bench *bench = vessel();
    trip_guard(bench);
    bench_scan(bench, 1);
    char text[PROGRAM_TEXT_BYTES];
    program_reason_text(bench->program, bench_real(bench, "mix/heater", "setPosition", 20).reason, text);
    assert_string_equal(text,
                        "the safe state is latched since: a scan missed its deadline, so the guard took the outputs "
                        "to their safe state; remove the cause, then reset");
    bench_destroy(bench);
}

int main(void) {
    struct CMUnitTest tests[CAUSES + 1] = {
        {"[edge-2.5] the refusal names the latched cause", the_refusal_names_the_latched_cause, NULL, NULL, NULL}};
    for (size_t i = 0; i < CAUSES; i++) {
        tests[i + 1] = (struct CMUnitTest){causes[i].name, check_cause, NULL, NULL, (void *)&causes[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
