// The core modules of process plants, on the vessel of tests/data: what they do is in docs/spec/edge.md.
#include "bench.h"

#include <base/file.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VESSEL TEST_DATA "/vessel.aml"

/// Half full, at 20 °C, nothing runs, the inlet reports that it is closed.
static int setup(void **state) {
    struct bench *bench = bench_open(VESSEL);
    bench_value(bench, "mix/level/value", 50);
    bench_value(bench, "mix/temperature/value", 20);
    bench_value(bench, "mix/coolant/position", 100);
    bench_sensor(bench, "mix/inlet/position/closed/state", true);
    bench_sensor(bench, "mix/pump/tripped/state", false);
    bench_sensor(bench, "mix/emergency_stop/state", false);
    bench_sensor(bench, "mix/key/state", true);
    const uint64_t day_ns = UINT64_C(86400000000000); // the control authority is not what these tests are about
    authority_init(&program_scan(bench->program)->authority, day_ns, day_ns);
    bench_scan(bench, 1100); // the outlet, which has no sensor, counts as closed
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

static void assert_event(struct bench *bench, const char *name, const char *source, const char *message) {
    const char *said_source, *said_message;
    assert_true(bench_event(bench, name, &said_source, &said_message));
    assert_string_equal(said_source, source);
    assert_string_equal(said_message, message);
}

static void reset(struct bench *bench) {
    assert_int_equal(bench_call(bench, "plc", "reset").status, STATUS_Good);
}

// ---------------------------------------------------------------- analogue sensor

struct alarm_step {
    double level;
    const char *alarm;
};

static void limits_are_told_with_hysteresis(void **state) {
    struct bench *bench = *state;
    const struct alarm_step steps[] = {
        {50, "normal"}, {10.5, "normal"}, {10, "L"},  {11.9, "L"},    {4, "LL"},    {6.9, "LL"},
        {7.1, "L"},     {12.1, "normal"}, {90, "H"},  {88.1, "H"},    {95.5, "HH"}, {93.1, "HH"},
        {92.9, "H"},    {87.5, "normal"}, {99, "HH"}, {50, "normal"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bench_value(bench, "mix/level/value", steps[i].level);
        bench_scan(bench, 102);
        assert_string_equal(bench_text(bench, "mix/level/Alarm"), steps[i].alarm);
    }
}

static void a_limit_counts_when_it_was_exceeded_for_its_delay(void **state) {
    struct bench *bench = *state;
    bench_value(bench, "mix/level/value", 97);
    bench_scan(bench, 99);
    bench_value(bench, "mix/level/value", 50);
    bench_scan(bench, 5);
    assert_string_equal(bench_text(bench, "mix/level/Alarm"), "normal");
    bench_value(bench, "mix/level/value", 97);
    bench_scan(bench, 102);
    assert_event(bench, "LimitExceeded", "mix/level", "Limit exceeded: mix/level is above its limit HH");
}

static void a_broken_wire_is_an_alarm_at_once(void **state) {
    struct bench *bench = *state;
    bench_value(bench, "mix/level/value", -10); // 2.4 mA
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/level/Alarm"), "bad");
    assert_reason(bench, bench_call(bench, "mix/level", "getValue"), "the sensor of mix/level gives no usable value");
    assert_event(bench, "SensorFailed", "mix/level", "Sensor failed: the sensor of mix/level gives no usable value");
}

static void a_sensor_tells_its_value(void **state) {
    struct bench *bench = *state;
    struct scan_result result = bench_call(bench, "mix/level", "getValue");
    assert_true(fabs(result.outputs[0].value.real - 50) < 0.01);
}

// ---------------------------------------------------------------- valve

static void a_valve_opens_and_says_where_it_is(void **state) {
    struct bench *bench = *state;
    assert_string_equal(bench_text(bench, "mix/inlet/Position"), "closed");
    assert_int_equal(bench_set(bench, "mix/inlet", "setOpen", true).status, STATUS_Good);
    assert_true(bench_on(bench, "mix/inlet/open/state"));
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/inlet/Position"), "opening");
    bench_sensor(bench, "mix/inlet/position/closed/state", false);
    bench_sensor(bench, "mix/inlet/position/opened/state", true);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/inlet/Position"), "open");
}

static void a_valve_that_does_not_arrive_goes_to_rest_and_says_so(void **state) {
    struct bench *bench = *state;
    bench_set(bench, "mix/inlet", "setOpen", true);
    bench_scan(bench, 4990);
    assert_true(bench_on(bench, "mix/inlet/open/state"));
    bench_scan(bench, 20);
    assert_false(bench_on(bench, "mix/inlet/open/state"));
    assert_string_equal(bench_text(bench, "mix/inlet/Position"), "fault");
    assert_event(bench, "PositionTimeout", "mix/inlet",
                 "End position not reached in time: mix/inlet did not reach its end position in time; reset first");
    assert_reason(bench, bench_set(bench, "mix/inlet", "setOpen", true),
                  "mix/inlet did not reach its end position in time; reset first");
    reset(bench);
    assert_int_equal(bench_set(bench, "mix/inlet", "setOpen", true).status, STATUS_Good);
}

static void a_valve_that_leaves_its_end_by_itself_is_a_fault(void **state) {
    struct bench *bench = *state;
    bench_sensor(bench, "mix/inlet/position/closed/state", false); // it drips
    bench_scan(bench, 4000);
    assert_string_equal(bench_text(bench, "mix/inlet/Position"), "closing");
    bench_scan(bench, 1100);
    assert_string_equal(bench_text(bench, "mix/inlet/Position"), "fault");
}

static void end_positions_that_contradict_are_a_fault(void **state) {
    struct bench *bench = *state;
    bench_sensor(bench, "mix/inlet/position/opened/state", true);
    bench_scan(bench, 2);
    assert_string_equal(bench_text(bench, "mix/inlet/Position"), "fault");
}

static void an_end_without_a_sensor_is_inferred(void **state) {
    struct bench *bench = *state;
    bench_set(bench, "mix/outlet", "setOpen", true);
    bench_scan(bench, 990);
    assert_string_equal(bench_text(bench, "mix/outlet/Position"), "opening");
    bench_scan(bench, 20);
    assert_string_equal(bench_text(bench, "mix/outlet/Position"), "open");
    uint32_t tag = bench_tag(bench, "mix/outlet/Position");
    assert_int_equal(program_scan(bench->program)->quality[tag], STATUS_UncertainLastUsableValue);
}

// ---------------------------------------------------------------- drive

static void let_pump_run(struct bench *bench) {
    bench_set(bench, "mix/outlet", "setOpen", true);
    bench_scan(bench, 1100);
    assert_int_equal(bench_set(bench, "mix/pump", "setRun", true).status, STATUS_Good);
    assert_true(bench_on(bench, "mix/pump/run/state"));
}

static void a_drive_runs_when_it_reports_so(void **state) {
    struct bench *bench = *state;
    let_pump_run(bench);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/pump/Motion"), "starting");
    bench_sensor(bench, "mix/pump/running/state", true);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/pump/Motion"), "running");
    bench_set(bench, "mix/pump", "setRun", false);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/pump/Motion"), "stopping");
    bench_sensor(bench, "mix/pump/running/state", false);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/pump/Motion"), "stopped");
}

static void a_drive_that_does_not_report_is_switched_off(void **state) {
    struct bench *bench = *state;
    let_pump_run(bench);
    bench_scan(bench, 3010);
    assert_false(bench_on(bench, "mix/pump/run/state"));
    assert_string_equal(bench_text(bench, "mix/pump/Motion"), "fault");
    assert_reason(bench, bench_set(bench, "mix/pump", "setRun", true),
                  "mix/pump does not report that it runs; reset first");
}

static void a_tripped_motor_protection_is_a_fault_at_once(void **state) {
    struct bench *bench = *state;
    let_pump_run(bench);
    bench_sensor(bench, "mix/pump/tripped/state", true);
    bench_scan(bench, 1);
    assert_false(bench_on(bench, "mix/pump/run/state"));
    assert_event(bench, "Fault", "mix/pump",
                 "Fault: the motor protection of mix/pump has tripped; mend it, then reset");
    reset(bench); // not mended
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mix/pump/Motion"), "fault");
}

// ---------------------------------------------------------------- analogue actuator

/// Each actuator of the plant says which call a desired value means, by the kind of its value.
static void every_actuator_says_what_a_wish_calls(void **state) {
    struct bench *bench = *state;
    size_t numbers = 0;
    for (size_t i = 0; i < bench->plant->signal_count; i++) {
        const struct plant_signal *signal = bench->plant->signals[i];
        if (!signal->actuator) continue;
        bool number = signal->field.type != VALUE_BOOL;
        assert_int_equal(signal->on_value.length > 0, number);
        assert_int_equal(signal->on_true.length > 0, !number);
        if (number) assert_true(text_is(signal->on_value, "setPosition(value)"));
        numbers += number;
    }
    assert_true(numbers > 0);
}

static void an_actuator_takes_values_of_its_range(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 42.5).status, STATUS_Good);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 42.5);
    assert_int_equal(io_word(bench->outputs, (struct io_place){18, 0, 16}), 11750); // of 27648
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 100.1).status, STATUS_BadOutOfRange);
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", NAN).status, STATUS_BadOutOfRange);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 42.5);
    assert_true(bench_call(bench, "mix/heater", "getPosition").outputs[0].value.real == 42.5);
}

static void a_forced_number_is_kept_in_its_range_and_given_back(void **state) {
    struct bench *bench = *state;
    struct scan *scan = program_scan(bench->program);
    uint32_t setpoint = bench_tag(bench, "mix/heater/setpoint");
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 10).status, STATUS_Good);
    assert_int_equal(scan_force(scan, setpoint, 100.5, BENCH_SESSION).id, SCAN_REASON_FORCE_VALUE);
    assert_int_equal(scan_force(scan, setpoint, NAN, BENCH_SESSION).id, SCAN_REASON_FORCE_VALUE);
    assert_false(scan_refused(scan_force(scan, setpoint, 42.5, BENCH_SESSION)));
    bench_scan(bench, 2);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 42.5);
    assert_int_equal(scan->quality[setpoint], STATUS_GoodLocalOverride);
    assert_int_equal(io_word(bench->outputs, (struct io_place){18, 0, 16}), 11750);           // of 27648
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 20).status, STATUS_Good); // kept for later
    assert_true(bench_is(bench, "mix/heater/setpoint") == 42.5);
    assert_false(scan_refused(scan_unforce(scan, setpoint)));
    bench_scan(bench, 2);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 20);
    assert_int_equal(scan->quality[setpoint], STATUS_Good);
}

static void a_forced_measurement_is_what_modules_see(void **state) {
    struct bench *bench = *state;
    struct scan *scan = program_scan(bench->program);
    uint32_t level = bench_tag(bench, "mix/level/value");
    bench_value(bench, "mix/level/value", 50);
    bench_scan(bench, 10);
    double before = bench_is(bench, "mix/level/value");
    assert_false(scan_refused(scan_force(scan, level, before / 2, BENCH_SESSION)));
    bench_scan(bench, 10);
    assert_true(bench_is(bench, "mix/level/value") == before / 2);
    assert_true(bench_call(bench, "mix/level", "getValue").outputs[0].value.real == before / 2);
    assert_int_equal(scan->quality[level], STATUS_GoodLocalOverride);
    scan_unforce_all(scan);
    bench_scan(bench, 2);
    assert_true(bench_is(bench, "mix/level/value") == before);
}

static void an_actuator_that_does_not_follow_goes_to_its_safe_value(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/coolant", "setPosition", 10);
    bench_value(bench, "mix/coolant/position", 10);
    bench_scan(bench, 6000);
    assert_string_equal(bench_text(bench, "mix/coolant/Motion"), "positioned");
    bench_real(bench, "mix/coolant", "setPosition", 40);
    bench_scan(bench, 4900);
    assert_string_equal(bench_text(bench, "mix/coolant/Motion"), "moving");
    bench_scan(bench, 200);
    assert_string_equal(bench_text(bench, "mix/coolant/Motion"), "fault");
    assert_true(bench_is(bench, "mix/coolant/setpoint") == 100);
}

static void the_safe_state_gives_every_actuator_its_safe_value(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/coolant", "setPosition", 30);
    bench_real(bench, "mix/heater", "setPosition", 30);
    bench_set(bench, "mix/heating", "setMode", true);
    bench_sensor(bench, "mix/emergency_stop/state", true);
    bench_scan(bench, 1);
    assert_true(bench_is(bench, "mix/coolant/setpoint") == 100);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_string_equal(bench_text(bench, "mix/heating/Mode"), "manual");
    bench_sensor(bench, "mix/emergency_stop/state", false);
    bench_scan(bench, 1);
    reset(bench);
    bench_scan(bench, 1000);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0); // nothing begins by itself
}

// ---------------------------------------------------------------- interlocks

static void an_interlock_stops_and_refuses_with_its_name(void **state) {
    struct bench *bench = *state;
    let_pump_run(bench);
    bench_sensor(bench, "mix/pump/running/state", true);
    bench_value(bench, "mix/level/value", 15); // enough for the pump, not for the heater
    bench_scan(bench, 1);
    assert_event(bench, "Interlocked", "mix/heater", "Interlocked: interlock Dry: level/value below 20 (mix/heater)");
    assert_true(bench_on(bench, "mix/pump/run/state"));
    bench_value(bench, "mix/level/value", 7.5);
    bench_scan(bench, 1);
    assert_false(bench_on(bench, "mix/pump/run/state"));
    assert_event(bench, "Interlocked", "mix/pump", "Interlocked: interlock DryRun: level/value below 8 (mix/pump)");
    bench_sensor(bench, "mix/pump/running/state", false);
    struct scan_result refused = bench_set(bench, "mix/pump", "setRun", true);
    assert_int_equal(refused.status, STATUS_BadInvalidState);
    assert_reason(bench, refused, "interlock DryRun: level/value below 8 (mix/pump)");
    bench_value(bench, "mix/level/value", 50);
    bench_scan(bench, 10);
    assert_false(bench_on(bench, "mix/pump/run/state")); // it does not start by itself
    assert_int_equal(bench_set(bench, "mix/pump", "setRun", true).status, STATUS_Good);
}

static void an_interlock_looks_at_named_values(void **state) {
    struct bench *bench = *state;
    assert_reason(bench, bench_set(bench, "mix/pump", "setRun", true),
                  "interlock OutletClosed: outlet/Position is not open (mix/pump)");
    bench_set(bench, "mix/inlet", "setOpen", true);
    bench_value(bench, "mix/level/value", 99);
    bench_scan(bench, 105);
    assert_false(bench_on(bench, "mix/inlet/open/state"));
    assert_reason(bench, bench_set(bench, "mix/inlet", "setOpen", true),
                  "interlock Overfill: level/Alarm is HH (mix/inlet)");
}

static void an_interlock_acts_when_nobody_knows(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/heater", "setPosition", 30);
    bench_value(bench, "mix/level/value", -10);
    bench_scan(bench, 1);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 30).status, STATUS_BadInvalidState);
}

static void an_interlock_wins_over_a_force(void **state) {
    struct bench *bench = *state;
    struct scan *scan = program_scan(bench->program);
    uint32_t run = bench_tag(bench, "mix/pump/run/state");
    let_pump_run(bench);
    assert_int_equal(scan_force(scan, run, 1, BENCH_SESSION).id, SCAN_REASON_NONE);
    bench_value(bench, "mix/level/value", 5);
    bench_scan(bench, 1);
    assert_false(bench_on(bench, "mix/pump/run/state"));
    bench_scan(bench, 1);
    assert_int_equal(scan_unforce(scan, run).id, SCAN_REASON_NONE);
    bench_value(bench, "mix/level/value", 50);
    bench_scan(bench, 10);
    assert_false(bench_on(bench, "mix/pump/run/state"));
}

// ---------------------------------------------------------------- PID controller

/// A vessel that warms up by the heater and cools down to 20 °C: 0.02 K/s and %, time constant 100 s.
static void live(struct bench *bench, double *temperature, unsigned seconds) {
    for (unsigned i = 0; i < seconds * 10; i++) {
        double heater = bench_is(bench, "mix/heater/setpoint");
        *temperature += 0.1 * (0.02 * heater - (*temperature - 20) / 100);
        bench_value(bench, "mix/temperature/value", *temperature);
        bench_scan(bench, 100);
    }
}

static void a_controller_reaches_its_setpoint_and_stays(void **state) {
    struct bench *bench = *state;
    double temperature = 20;
    assert_int_equal(bench_real(bench, "mix/heating", "setSetpoint", 80).status, STATUS_Good);
    assert_int_equal(bench_set(bench, "mix/heating", "setMode", true).status, STATUS_Good);
    live(bench, &temperature, 200);
    assert_true(fabs(temperature - 80) < 1);
    double least = temperature, most = temperature;
    for (int i = 0; i < 100; i++) {
        live(bench, &temperature, 1);
        least = fmin(least, temperature);
        most = fmax(most, temperature);
    }
    assert_true(fabs(least - 80) < 0.5 && fabs(most - 80) < 0.5);
    assert_true(fabs(bench_is(bench, "mix/heating/Output") - 30) < 2); // 60 K / 100 s / 0.02
}

static void the_integral_does_not_wind_up_at_a_limit(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/heating", "setSetpoint", 100);
    bench_set(bench, "mix/heating", "setMode", true);
    bench_scan(bench, 600000); // ten minutes at 20 °C: the heater is at its limit all the time
    assert_true(bench_is(bench, "mix/heater/setpoint") == 100);
    bench_value(bench, "mix/temperature/value", 101); // and leaves it as soon as the value is beyond the setpoint
    bench_scan(bench, 200);
    assert_true(bench_is(bench, "mix/heater/setpoint") < 50);
}

static void manual_and_automatic_change_without_a_jump(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_real(bench, "mix/heating", "setOutput", 37).status, STATUS_Good);
    bench_real(bench, "mix/heating", "setSetpoint", 60); // 40 K away
    bench_scan(bench, 200);
    bench_set(bench, "mix/heating", "setMode", true);
    bench_scan(bench, 1);
    assert_true(fabs(bench_is(bench, "mix/heater/setpoint") - 37) < 1);
    bench_scan(bench, 1000);
    double before = bench_is(bench, "mix/heater/setpoint");
    assert_true(before > 40); // it goes on from there
    bench_set(bench, "mix/heating", "setMode", false);
    bench_scan(bench, 1000);
    assert_true(bench_is(bench, "mix/heater/setpoint") == before);
}

static void a_new_tuning_changes_nothing_at_once(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/heating", "setOutput", 37);
    bench_real(bench, "mix/heating", "setSetpoint", 25);
    bench_set(bench, "mix/heating", "setMode", true);
    bench_scan(bench, 100);
    double before = bench_is(bench, "mix/heater/setpoint");
    struct scan_command command = bench_command(bench, "mix/heating", "setTuning");
    const double tuning[] = {9, 1000, 0};
    for (int i = 0; i < 3; i++)
        command.arguments[command.argument_count++] =
            (struct scan_argument){.type = VALUE_DOUBLE, .value = scan_real(tuning[i])};
    assert_int_equal(bench_run(bench, &command).status, STATUS_Good);
    bench_scan(bench, 100);
    assert_true(fabs(bench_is(bench, "mix/heater/setpoint") - before) < 0.2);
    command.arguments[0].value = scan_real(-1);
    assert_int_equal(bench_run(bench, &command).status, STATUS_BadOutOfRange);
}

static void by_hand_it_is_moved_in_manual_only(void **state) {
    struct bench *bench = *state;
    bench_set(bench, "mix/heating", "setMode", true);
    assert_reason(bench, bench_real(bench, "mix/heater", "setPosition", 50),
                  "mix/heating is in automatic and moves it; set that to manual first");
    assert_reason(bench, bench_real(bench, "mix/heating", "setOutput", 50),
                  "mix/heating is in automatic and moves it; set that to manual first");
    bench_set(bench, "mix/heating", "setMode", false);
    assert_int_equal(bench_real(bench, "mix/heater", "setPosition", 50).status, STATUS_Good);
    assert_int_equal(bench_real(bench, "mix/heating", "setSetpoint", 151).status, STATUS_BadOutOfRange);
}

static void an_interlock_takes_the_actuator_and_gives_it_back_without_wind_up(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/heating", "setSetpoint", 30);
    bench_set(bench, "mix/heating", "setMode", true);
    bench_scan(bench, 500);
    bench_value(bench, "mix/level/value", 15); // interlock Dry
    bench_scan(bench, 600000);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    bench_value(bench, "mix/level/value", 50);
    bench_scan(bench, 200);
    assert_true(bench_is(bench, "mix/heater/setpoint") < 2); // from 0 on, not from what would have added up
    bench_scan(bench, 2000);
    assert_true(bench_is(bench, "mix/heater/setpoint") > 2);
}

static void a_value_that_nobody_can_read_ends_automatic(void **state) {
    struct bench *bench = *state;
    bench_real(bench, "mix/heating", "setOutput", 40);
    bench_set(bench, "mix/heating", "setMode", true);
    bench_scan(bench, 200);
    bench_value(bench, "mix/temperature/value", -20);
    bench_scan(bench, 1);
    assert_true(bench_is(bench, "mix/heater/setpoint") == 0);
    assert_string_equal(bench_text(bench, "mix/heating/Mode"), "manual");
    assert_string_equal(bench_text(bench, "plc/State"), "fault");
    assert_reason(bench, bench_set(bench, "mix/heating", "setMode", true),
                  "the sensor of mix/heating gives no usable value");
}

int main(void) {
#define RULE(rule, function)                                                                                           \
    { rule, function, setup, teardown, NULL }
    const struct CMUnitTest scenes[] = {
        RULE("[edge-7.1] limits are told with hysteresis", limits_are_told_with_hysteresis),
        RULE("[edge-7.1] a limit counts when it was exceeded for its delay",
             a_limit_counts_when_it_was_exceeded_for_its_delay),
        RULE("[edge-7.1] a broken wire is an alarm at once", a_broken_wire_is_an_alarm_at_once),
        RULE("[edge-7.1] a sensor tells its value", a_sensor_tells_its_value),
        RULE("[edge-7.2] a valve opens and says where it is", a_valve_opens_and_says_where_it_is),
        RULE("[edge-7.2] a valve that does not arrive goes to rest and says so",
             a_valve_that_does_not_arrive_goes_to_rest_and_says_so),
        RULE("[edge-7.2] a valve that leaves its end by itself is a fault",
             a_valve_that_leaves_its_end_by_itself_is_a_fault),
        RULE("[edge-7.2] end positions that contradict are a fault", end_positions_that_contradict_are_a_fault),
        RULE("[edge-7.2] an end without a sensor is inferred", an_end_without_a_sensor_is_inferred),
        RULE("[edge-7.3] a drive runs when it reports so", a_drive_runs_when_it_reports_so),
        RULE("[edge-7.3] a drive that does not report is switched off", a_drive_that_does_not_report_is_switched_off),
        RULE("[edge-7.3] a tripped motor protection is a fault at once", a_tripped_motor_protection_is_a_fault_at_once),
        RULE("[model-6.2] every actuator says what a wish calls", every_actuator_says_what_a_wish_calls),
        RULE("[edge-7.4] an actuator takes values of its range", an_actuator_takes_values_of_its_range),
        RULE("[edge-6.1] a forced number is kept in its range and given back",
             a_forced_number_is_kept_in_its_range_and_given_back),
        RULE("[edge-6.1] a forced measurement is what modules see", a_forced_measurement_is_what_modules_see),
        RULE("[edge-7.4] an actuator that does not follow goes to its safe value",
             an_actuator_that_does_not_follow_goes_to_its_safe_value),
        RULE("[edge-2.2] the safe state gives every actuator its safe value",
             the_safe_state_gives_every_actuator_its_safe_value),
        RULE("[edge-8.1] an interlock stops, and refuses with its name", an_interlock_stops_and_refuses_with_its_name),
        RULE("[edge-8.1] an interlock looks at named values", an_interlock_looks_at_named_values),
        RULE("[edge-8.2] an interlock acts when nobody knows", an_interlock_acts_when_nobody_knows),
        RULE("[edge-8.2] an interlock wins over a force", an_interlock_wins_over_a_force),
        RULE("[edge-7.5] a controller reaches its setpoint and stays", a_controller_reaches_its_setpoint_and_stays),
        RULE("[edge-7.5] the integral does not wind up at a limit", the_integral_does_not_wind_up_at_a_limit),
        RULE("[edge-7.6] manual and automatic change without a jump", manual_and_automatic_change_without_a_jump),
        RULE("[edge-7.6] a new tuning changes nothing at once", a_new_tuning_changes_nothing_at_once),
        RULE("[edge-7.6] by hand it is moved in manual only", by_hand_it_is_moved_in_manual_only),
        RULE("[edge-7.6] an interlock takes the actuator and gives it back without wind-up",
             an_interlock_takes_the_actuator_and_gives_it_back_without_wind_up),
        RULE("[edge-7.7] a value that nobody can read ends automatic", a_value_that_nobody_can_read_ends_automatic),
    };
    return cmocka_run_group_tests(scenes, NULL, NULL);
}
