// Run and stop, by method and by key switch; cold and warm start; what the guard is given and what it leads to.
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state) {
    struct bench *bench = bench_open(TEST_DATA "/vessel.aml");
    bench_value(bench, "mix/level/value", 50);
    bench_value(bench, "mix/temperature/value", 20);
    bench_value(bench, "mix/coolant/position", 100);
    bench_sensor(bench, "mix/inlet/position/closed/state", true);
    bench_sensor(bench, "mix/pump/tripped/state", false);
    bench_sensor(bench, "mix/emergency_stop/state", false);
    bench_sensor(bench, "mix/key/state", true);
    const uint64_t day_ns = UINT64_C(86400000000000);
    authority_init(&program_scan(bench->program)->authority, day_ns, day_ns);
    bench_scan(bench, 1);
    bench_take_lock(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state) {
    bench_destroy(*state);
    return 0;
}

static void assert_reason(const struct bench *bench, struct scan_result result, const char *text) {
    char reason[PROGRAM_TEXT_BYTES];
    program_reason_text(bench->program, result.reason, reason);
    assert_string_equal(reason, text);
}

static void assert_state(const struct bench *bench, const char *state, const char *cause) {
    assert_string_equal(bench_text(bench, "plc/State"), state);
    assert_string_equal(bench_text(bench, "plc/Cause"), cause);
}

static void heat(struct bench *bench, double percent) {
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", percent).status, STATUS_Good);
    assert_true(bench_is(bench, "mix/heater/setpoint") == percent);
}

static struct scan_result start(struct bench *bench, bool cold) {
    return bench_set(bench, "plc", "start", cold);
}

static void stop_takes_the_outputs_back_and_start_moves_nothing(void **state) {
    struct bench *bench = *state;
    heat(bench, 40);
    assert_int_equal(bench_call(bench, "plc", "stop").status, STATUS_Good);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_true(bench_is(bench, "mix/coolant/setpoint") == 100);
    assert_state(bench, "stop", "the controller is stopped; call its start first");
    assert_reason(bench, bench_real(bench, "mix/heater", "setPosition", 30),
                  "the controller is stopped; call its start first");
    assert_reason(bench, bench_call(bench, "plc", "reset"), "the controller is stopped; call its start first");
    assert_int_equal(start(bench, false).status, STATUS_Good);
    assert_state(bench, "run", "");
    bench_scan(bench, 100);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    heat(bench, 30);
}

static void stop_needs_no_authority_but_a_role(void **state) {
    struct bench *bench = *state;
    struct scan_command command = bench_command(bench, "plc", "stop");
    command.session = BENCH_SESSION + 1;
    command.role = SCAN_ROLE_VIEWER;
    assert_int_equal(bench_run(bench, &command).status, STATUS_BadUserAccessDenied);
    assert_state(bench, "run", "");
    command.role = SCAN_ROLE_OPERATOR;
    assert_int_equal(bench_run(bench, &command).status, STATUS_Good);
    assert_string_equal(bench_text(bench, "plc/State"), "stop");
}

static void start_waits_for_the_causes_to_go(void **state) {
    struct bench *bench = *state;
    bench_call(bench, "plc", "stop");
    bench_sensor(bench, "mix/emergency_stop/state", true);
    bench_scan(bench, 1);
    assert_reason(bench, start(bench, false), "emergency stop is active (mix/emergency_stop)");
    bench_sensor(bench, "mix/emergency_stop/state", false);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "plc/State"), "stop");
    assert_int_equal(start(bench, false).status, STATUS_Good);
}

static void the_key_stops_and_starts(void **state) {
    struct bench *bench = *state;
    const char *source, *message;
    heat(bench, 40);
    bench_sensor(bench, "mix/key/state", false);
    bench_scan(bench, 1);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_state(bench, "stop", "mix/key stands at stop; turn it to run first");
    assert_true(bench_event(bench, "Stopped", &source, &message));
    assert_string_equal(message, "The controller was stopped: mix/key stands at stop; turn it to run first");
    assert_reason(bench, start(bench, false), "mix/key stands at stop; turn it to run first");
    bench_sensor(bench, "mix/key/state", true);
    bench_scan(bench, 1);
    assert_state(bench, "run", "");
    assert_true(bench_event(bench, "Started", &source, &message));
    bench_scan(bench, 100);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
}

static void the_key_does_not_start_what_a_method_stopped(void **state) {
    struct bench *bench = *state;
    bench_call(bench, "plc", "stop");
    bench_sensor(bench, "mix/key/state", false);
    bench_scan(bench, 1);
    bench_sensor(bench, "mix/key/state", true);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "plc/State"), "stop");
}

static void the_key_does_not_start_against_a_cause(void **state) {
    struct bench *bench = *state;
    bench_sensor(bench, "mix/key/state", false);
    bench_scan(bench, 1);
    bench_sensor(bench, "mix/emergency_stop/state", true);
    bench_sensor(bench, "mix/key/state", true);
    bench_scan(bench, 1);
    bench_sensor(bench, "mix/emergency_stop/state", false);
    bench_scan(bench, 10);
    assert_string_equal(bench_text(bench, "plc/State"), "stop"); // from here on by method
    assert_int_equal(start(bench, false).status, STATUS_Good);
    assert_string_equal(bench_text(bench, "plc/State"), "run");
}

static void a_warm_start_keeps_what_modules_know_and_a_cold_one_does_not(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/heating", "setSetpoint", 77);
    bench_scan(bench, 1);
    bench_call(bench, "plc", "stop");
    start(bench, false);
    bench_scan(bench, 1);
    assert_true(bench_is(bench, "mix/heating/Setpoint") == 77);
    assert_string_equal(bench_text(bench, "plc/Start"), "warm");
    bench_call(bench, "plc", "stop");
    start(bench, true);
    bench_scan(bench, 1);
    assert_true(bench_is(bench, "mix/heating/Setpoint") == 0);
    assert_string_equal(bench_text(bench, "plc/Start"), "cold");
}

static void one_scan_is_the_first(void **state) {
    struct bench *bench = *state;
    const struct scan *scan = program_scan(bench->program);
    struct bench *other = bench_open(TEST_DATA "/vessel.aml");
    assert_false(program_scan(other->program)->first);
    bench_scan(other, 1);
    assert_true(program_scan(other->program)->first);
    bench_destroy(other);
    bench_scan(bench, 1);
    assert_false(scan->first);
    bench_call(bench, "plc", "stop");
    start(bench, false);
    bench_scan(bench, 1);
    assert_true(scan->first);
    bench_scan(bench, 1);
    assert_false(scan->first);
}

// ---------------------------------------------------------------- guard

static void the_guard_is_given_every_safe_state(void **state) {
    struct bench *bench = *state;
    struct scan *scan = program_scan(bench->program);
    uint8_t outputs[BENCH_IMAGE_BYTES];
    memset(outputs, 0xFF, sizeof outputs);
    io_apply_safe(outputs, &scan->safe_image, scan->image_bytes);
    assert_int_equal(outputs[16], 0xF8); // O_1 .. O_3 off; the others of the byte are nobody's and stay
    assert_int_equal(io_word(outputs, (struct io_place){18, 0, 16}), 0);
    assert_int_equal(io_word(outputs, (struct io_place){20, 0, 16}), 27648); // coolant: 100 %
    assert_int_equal(outputs[17], 0xFF);
    struct bench *mps = bench_create(); // with outputs that are safe when on, that hold, and lamps
    const struct scan *other = program_scan(mps->program);
    for (size_t i = 0; i < other->output_count; i++) {
        const struct scan_point *point = &other->outputs[i];
        bool masked = point->safe == SCAN_SAFE_OFF || point->safe == SCAN_SAFE_ON;
        assert_int_equal(io_bit(other->safe_mask, point->place), masked);
        assert_int_equal(io_bit(other->safe_outputs, point->place), point->safe == SCAN_SAFE_ON);
    }
    bench_destroy(mps);
}

static void after_the_guard_the_scan_is_in_the_safe_state(void **state) {
    struct bench *bench = *state;
    struct scan *scan = program_scan(bench->program);
    heat(bench, 40);
    scan_guard_tripped(scan);
    bench_scan(bench, 1);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_state(bench, "safe", "a scan missed its deadline, so the guard took the outputs to their safe state");
    assert_string_equal(bench_text(bench, "plc/GuardTrips"), "1");
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 30).status, STATUS_BadInvalidState);
    assert_int_equal(bench_call(bench, "plc", "reset").status, STATUS_Good);
    heat(bench, 30);
}

int main(void) {
#define RULE(rule, function)                                                                                           \
    { rule, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        RULE("[edge-9.1] stop takes the outputs back, and start moves nothing",
             stop_takes_the_outputs_back_and_start_moves_nothing),
        RULE("[edge-9.1] stop needs no authority but a role", stop_needs_no_authority_but_a_role),
        RULE("[edge-9.1] start waits for the causes to go", start_waits_for_the_causes_to_go),
        RULE("[edge-9.2] the key stops and starts", the_key_stops_and_starts),
        RULE("[edge-9.2] the key does not start what a method stopped", the_key_does_not_start_what_a_method_stopped),
        RULE("[edge-9.2] the key does not start against a cause", the_key_does_not_start_against_a_cause),
        RULE("[edge-9.3] a warm start keeps what modules know, and a cold one does not",
             a_warm_start_keeps_what_modules_know_and_a_cold_one_does_not),
        RULE("[edge-9.3] one scan is the first", one_scan_is_the_first),
        RULE("[edge-9.5] the guard is given every safe state", the_guard_is_given_every_safe_state),
        RULE("[edge-9.5] after the guard the scan is in the safe state", after_the_guard_the_scan_is_in_the_safe_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
