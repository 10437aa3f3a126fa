#include "bench.h"

#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state) {
    *state = bench_create();
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

// ---------------------------------------------------------------- names

static void signals_are_the_first_tags_in_the_order_of_the_plant(void **state) {
    const struct bench *bench = *state;
    assert_int_equal(bench->plant->signal_count, 26);
    for (uint32_t i = 0; i < bench->plant->signal_count; i++) {
        assert_ptr_equal(program_tag(bench->program, i)->signal, bench->plant->signals[i]);
        assert_int_equal(program_tag(bench->program, i)->kind, PROGRAM_SIGNAL);
    }
}

static void every_tag_is_found_by_its_path(void **state) {
    const struct bench *bench = *state;
    for (uint32_t i = 0; i < program_tag_count(bench->program); i++) {
        assert_int_equal(program_find_tag(bench->program, program_tag(bench->program, i)->path), i);
    }
    assert_int_equal(program_find_tag(bench->program, TEXT("MPS/nothing")), SCAN_NO_TAG);
}

static void paths_are_those_of_the_address_space(void **state) {
    const struct bench *bench = *state;
    const char *const paths[] = {
        "mps_conveyor/motor/direction/left/state",
        "mps_conveyor/motor/CommandedSpeed",
        "mps_magazine/ejector/Motion",
        "mps_plc/State",
        "mps_plc/RevPiDI/I_9/Value",
        "mps_hmi/actuator_start/indicator/state",
        "Lock/Epoch",
        "mps_plc/RevPiStatus/Value",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) bench_tag(bench, paths[i]);
    struct text name = program_tag(bench->program, bench_tag(bench, paths[0]))->name;
    assert_true(text_is(name, "state"));
}

static void modules_are_found_by_element(void **state) {
    const struct bench *bench = *state;
    const struct plant_element *motor = plant_find(bench->plant, TEXT("MPS/mps_conveyor/motor"));
    uint32_t module = program_module_of(bench->program, motor);
    assert_ptr_equal(program_module(bench->program, module)->element, motor);
    assert_true(program_method(bench->program, module, TEXT("setDirection")) >= 0);
    assert_int_equal(program_method(bench->program, module, TEXT("explode")), -1);
    assert_int_equal(program_variable(bench->program, module, TEXT("CommandedSpeed")),
                     bench_tag(bench, "mps_conveyor/motor/CommandedSpeed"));
    assert_int_equal(program_module_of(bench->program, bench->plant->station), SCAN_NO_MODULE);
    assert_int_equal(program_simulation(bench->program), SCAN_NO_MODULE);
}

static void the_first_scan_publishes_every_tag(void **state) {
    struct bench *bench = *state;
    bench_scan(bench, 1);
    size_t count = program_tag_count(bench->program), seen = 0;
    bool *came = calloc(count, sizeof *came);
    struct scan_change change;
    while (exchange_take_change(program_scan(bench->program)->exchange, &change)) {
        assert_false(came[change.tag]);
        came[change.tag] = true;
        seen++;
    }
    free(came);
    assert_int_equal(seen, count);
}

static void channels_show_the_raw_bit(void **state) {
    struct bench *bench = *state;
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mps_plc/RevPiDI/I_15/Value"), "true"); // closed contact: not pressed
    assert_false(bench_on(bench, "mps_conveyor/emergency_stop/state"));
    bench_take_lock(bench);
    bench_number(bench, "mps_conveyor/motor", "setDirection", 1);
    assert_string_equal(bench_text(bench, "mps_plc/RevPiDO/O_9/Value"), "true");
    bench->inputs[0] = 0x5A;
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mps_plc/RevPiStatus/Value"), "90");
}

// ---------------------------------------------------------------- motor

static void the_motor_runs_in_one_direction_at_a_time(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    assert_int_equal(bench_number(bench, "mps_conveyor/motor", "setDirection", 1).status, STATUS_Good);
    assert_true(bench_on(bench, "mps_conveyor/motor/direction/right/state"));
    assert_string_equal(bench_text(bench, "mps_conveyor/motor/CommandedSpeed"), "0.077");
    bench_number(bench, "mps_conveyor/motor", "setDirection", -1);
    assert_false(bench_on(bench, "mps_conveyor/motor/direction/right/state"));
    assert_true(bench_on(bench, "mps_conveyor/motor/direction/left/state"));
    assert_string_equal(bench_text(bench, "mps_conveyor/motor/CommandedSpeed"), "-0.077");
    struct scan_result result = bench_call(bench, "mps_conveyor/motor", "getDirection");
    assert_int_equal(result.outputs[0].value.int32, -1);
    bench_set(bench, "mps_conveyor/motor", "setSlow", true);
    assert_string_equal(bench_text(bench, "mps_conveyor/motor/CommandedSpeed"), "-0.04");
    bench_set(bench, "mps_conveyor/motor", "setStop", true);
    assert_string_equal(bench_text(bench, "mps_conveyor/motor/CommandedSpeed"), "0");
    bench_set(bench, "mps_conveyor/motor", "setStop", false);
    bench_number(bench, "mps_conveyor/motor", "setDirection", 0);
    assert_string_equal(bench_text(bench, "mps_conveyor/motor/CommandedSpeed"), "0");
}

static void limits_come_from_the_model(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    struct scan_result result = bench_number(bench, "mps_conveyor/motor", "setDirection", 2);
    assert_int_equal(result.status, STATUS_BadOutOfRange);
    assert_reason(bench, result, "Direction must be from -1 to 1 (mps_conveyor/motor)");
}

static void a_wrong_type_is_named(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    struct scan_result result = bench_set(bench, "mps_conveyor/motor", "setDirection", true);
    assert_int_equal(result.status, STATUS_BadInvalidArgument);
    assert_reason(bench, result, "argument Direction of mps_conveyor/motor must be Int32");
}

// ---------------------------------------------------------------- cylinders

#define MAGAZINE "mps_magazine/ejector"
#define EJECTOR "mps_ejector/ejector"

static void assert_valve(const struct bench *bench, bool extend, bool retract) {
    assert_int_equal(bench_on(bench, MAGAZINE "/extend/state"), extend);
    assert_int_equal(bench_on(bench, MAGAZINE "/retract/state"), retract);
}

static void at(struct bench *bench, bool retracted, bool extended) {
    bench_sensor(bench, MAGAZINE "/position/retracted/state", retracted);
    bench_sensor(bench, MAGAZINE "/position/extended/state", extended);
    bench_scan(bench, 1);
}

static void a_cylinder_knows_where_it_is_from_its_sensors(void **state) {
    struct bench *bench = *state;
    at(bench, true, false);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "retracted");
    at(bench, false, false);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "unknown");
    assert_false(bench_on(bench, MAGAZINE "/LastPosition"));
    at(bench, false, true);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "extended");
    assert_true(bench_on(bench, MAGAZINE "/LastPosition"));
}

static void a_valve_is_on_until_the_end_is_reached(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    assert_int_equal(bench_set(bench, MAGAZINE, "setPosition", true).status, STATUS_Good);
    assert_valve(bench, true, false);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "extending");
    at(bench, false, false);
    assert_valve(bench, true, false);
    at(bench, false, true);
    assert_valve(bench, false, false);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "extended");
    assert_true(bench_call(bench, MAGAZINE, "getPosition").outputs[0].value.boolean);
}

static void the_opposite_command_turns_round(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    bench_set(bench, MAGAZINE, "setPosition", true);
    at(bench, false, false);
    bench_set(bench, MAGAZINE, "setPosition", false);
    assert_valve(bench, false, true);
    at(bench, true, false);
    assert_valve(bench, false, false);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "retracted");
}

static void a_command_to_where_it_is_does_nothing(void **state) {
    struct bench *bench = *state;
    bench_scan(bench, 1);
    bench_take_lock(bench);
    assert_int_equal(bench_set(bench, MAGAZINE, "setPosition", false).status, STATUS_Good);
    assert_valve(bench, false, false);
}

static void a_stroke_that_takes_too_long_is_a_fault_until_reset(void **state) {
    struct bench *bench = *state;
    const char *source, *message;
    bench_take_lock(bench);
    bench_set(bench, MAGAZINE, "setPosition", true);
    at(bench, false, false);
    struct scan_command renew = bench_command(bench, "Lock", "RenewLock");
    bench_scan(bench, 1500);
    bench_run(bench, &renew);
    bench_scan(bench, 1490);
    assert_valve(bench, true, false);
    bench_scan(bench, 20); // 3 s after the command
    assert_valve(bench, false, false);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "fault");
    assert_string_equal(bench_text(bench, "mps_plc/State"), "fault");
    assert_string_equal(bench_text(bench, "mps_plc/Cause"),
                        "mps_magazine/ejector did not reach its end position in time; reset first");
    assert_true(bench_event(bench, "PositionTimeout", &source, &message));
    assert_string_equal(source, MAGAZINE);
    assert_string_equal(message, "End position not reached in time: mps_magazine/ejector did not reach its end "
                                 "position in time; reset first");
    assert_int_equal(bench_set(bench, MAGAZINE, "setPosition", false).status, STATUS_BadInvalidState);
    assert_int_equal(bench_number(bench, "mps_conveyor/motor", "setDirection", 1).status, STATUS_Good); // only it
    assert_int_equal(bench_call(bench, "mps_plc", "reset").status, STATUS_Good);
    assert_string_equal(bench_text(bench, "mps_plc/State"), "run");
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "unknown");
    assert_valve(bench, false, false); // nothing moves by itself
    assert_int_equal(bench_set(bench, MAGAZINE, "setPosition", false).status, STATUS_Good);
    assert_valve(bench, false, true);
}

static void two_end_positions_at_once_are_a_fault(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    bench_set(bench, MAGAZINE, "setPosition", true);
    at(bench, true, true);
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "fault");
    assert_valve(bench, false, false);
    bench_call(bench, "mps_plc", "reset"); // the sensors still contradict each other
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "fault");
    at(bench, true, false);
    bench_call(bench, "mps_plc", "reset");
    assert_string_equal(bench_text(bench, MAGAZINE "/Motion"), "retracted");
}

static void an_end_without_a_sensor_is_inferred_by_time(void **state) {
    struct bench *bench = *state;
    bench_scan(bench, 1);
    bench_take_lock(bench);
    bench_set(bench, EJECTOR, "setPosition", true);
    bench_sensor(bench, EJECTOR "/position/retracted/state", false);
    bench_scan(bench, 490);
    assert_string_equal(bench_text(bench, EJECTOR "/Motion"), "extending");
    assert_true(bench_on(bench, EJECTOR "/extend/state"));
    bench_scan(bench, 20); // StrokeTime of the model: 0.5 s
    assert_string_equal(bench_text(bench, EJECTOR "/Motion"), "extended");
    assert_false(bench_on(bench, EJECTOR "/extend/state"));
    const struct scan *scan = program_scan(bench->program);
    assert_int_equal(scan->quality[bench_tag(bench, EJECTOR "/LastPosition")], STATUS_UncertainLastUsableValue);
    bench_set(bench, EJECTOR, "setPosition", false);
    bench_sensor(bench, EJECTOR "/position/retracted/state", true);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, EJECTOR "/Motion"), "retracted");
    assert_int_equal(scan->quality[bench_tag(bench, EJECTOR "/LastPosition")], STATUS_Good);
}

static void a_piston_that_never_leaves_is_not_inferred_to_arrive(void **state) {
    struct bench *bench = *state;
    bench_scan(bench, 1);
    bench_take_lock(bench);
    struct scan_command renew = bench_command(bench, "Lock", "RenewLock");
    bench_set(bench, EJECTOR, "setPosition", true); // `retracted` stays on
    bench_scan(bench, 1500);
    bench_run(bench, &renew);
    assert_string_equal(bench_text(bench, EJECTOR "/Motion"), "extending");
    bench_scan(bench, 1600);
    assert_string_equal(bench_text(bench, EJECTOR "/Motion"), "fault");
}

// ---------------------------------------------------------------- emergency stop, panel, lamps

static void the_emergency_stop_refuses_with_its_name(void **state) {
    struct bench *bench = *state;
    const char *source, *message;
    bench_take_lock(bench);
    bench_number(bench, "mps_conveyor/motor", "setDirection", 1);
    bench_set(bench, MAGAZINE, "setPosition", true);
    bench_sensor(bench, "mps_conveyor/emergency_stop/state", true);
    bench_scan(bench, 1);
    assert_false(bench_on(bench, "mps_conveyor/motor/direction/right/state"));
    assert_true(bench_on(bench, "mps_conveyor/motor/stop/state")); // its SafeState in the model
    assert_valve(bench, false, false);
    assert_string_equal(bench_text(bench, "mps_plc/State"), "safe");
    assert_string_equal(bench_text(bench, "mps_plc/Cause"), "emergency stop is active (mps_conveyor/emergency_stop)");
    assert_reason(bench, bench_number(bench, "mps_conveyor/motor", "setDirection", 1),
                  "emergency stop is active (mps_conveyor/emergency_stop)");
    assert_true(bench_event(bench, "Tripped", &source, &message));
    assert_string_equal(source, "mps_conveyor/emergency_stop");
    assert_string_equal(message, "Emergency stop active");
    bench_sensor(bench, "mps_conveyor/emergency_stop/state", false);
    assert_reason(bench, bench_number(bench, "mps_conveyor/motor", "setDirection", 1),
                  "the safe state is latched since: emergency stop is active (mps_conveyor/emergency_stop); remove the "
                  "cause, then reset");
    assert_true(bench_event(bench, "Released", &source, &message));
    bench_sensor(bench, "mps_hmi/actuator_reset/state", true);
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mps_plc/State"), "run");
    assert_string_equal(bench_text(bench, "mps_plc/Cause"), "");
    assert_true(bench_event(bench, "SafeStateLeft", &source, &message));
    assert_string_equal(source, "mps_plc");
    bench_scan(bench, 100);
    assert_false(bench_on(bench, "mps_conveyor/motor/direction/right/state"));
    assert_false(bench_on(bench, "mps_conveyor/motor/stop/state"));
    assert_valve(bench, false, false);
    assert_int_equal(bench_number(bench, "mps_conveyor/motor", "setDirection", 1).status, STATUS_Good);
}

static void a_lamp_burns_on_in_the_safe_state_and_may_be_switched(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    bench_set(bench, "mps_hmi/indicator_Q1", "setState", true);
    bench_sensor(bench, "mps_conveyor/emergency_stop/state", true);
    bench_scan(bench, 1);
    assert_true(bench_on(bench, "mps_hmi/indicator_Q1/state"));
    assert_int_equal(bench_set(bench, "mps_hmi/indicator_Q2", "setState", true).status, STATUS_Good);
    assert_true(bench_on(bench, "mps_hmi/indicator_Q2/state"));
    assert_true(bench_call(bench, "mps_hmi/indicator_Q2", "getState").outputs[0].value.boolean);
}

static void sensors_answer_get_state(void **state) {
    struct bench *bench = *state;
    const char *const paths[] = {"mps_conveyor/lightBarrier_entry", "mps_ejector/sensor_inductive",
                                 "mps_hmi/actuator_start", "mps_hmi/switch_opMode", "mps_conveyor/emergency_stop"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/state", paths[i]);
        bench_sensor(bench, path, true);
        struct scan_result result = bench_call(bench, paths[i], "getState");
        assert_int_equal(result.status, STATUS_Good);
        assert_true(result.outputs[0].value.boolean);
    }
}

// ---------------------------------------------------------------- the controller, the lock

static void the_clock_is_plant_time_in_steps(void **state) {
    struct bench *bench = *state;
    bench->time.elapsed_ns = 10000000; // ten times as fast as the wall clock
    bench_scan(bench, 99);
    assert_string_equal(bench_text(bench, "mps_plc/Clock"), "750");
    bench_scan(bench, 1);
    assert_string_equal(bench_text(bench, "mps_plc/Clock"), "1000");
}

static void statistics_come_once_a_second(void **state) {
    struct bench *bench = *state;
    bench->time.execution_ns = 20000;
    bench->time.missed = 3;
    bench_scan(bench, 1);
    bench->time.execution_ns = 40000;
    bench_scan(bench, 900);
    assert_string_equal(bench_text(bench, "mps_plc/ScanCycles"), "1");
    bench_scan(bench, 100);
    assert_string_equal(bench_text(bench, "mps_plc/ScanCycles"), "1001");
    assert_string_equal(bench_text(bench, "mps_plc/ScanMissed"), "3");
    assert_string_equal(bench_text(bench, "mps_plc/ScanTime"), "40");
    assert_string_equal(bench_text(bench, "mps_plc/ScanTimeMax"), "40");
}

static int32_t lock_call(struct bench *bench, const char *method, uint32_t session, enum scan_role role) {
    struct scan_command command = bench_command(bench, "Lock", method);
    command.session = session;
    command.role = (uint8_t)role;
    if (strcmp(method, "InitLock") == 0) {
        command.arguments[command.argument_count++] = (struct scan_argument){.type = VALUE_STRING, .text = "test"};
    }
    struct scan_result result = bench_run(bench, &command);
    if (result.status == STATUS_BadUserAccessDenied) return AUTHORITY_ROLE;
    assert_int_equal(result.status, STATUS_Good);
    return result.output_count > 0 ? result.outputs[0].value.int32 : 0;
}

static void the_lock_answers_with_the_numbers_of_the_standard(void **state) {
    struct bench *bench = *state;
    assert_int_equal(lock_call(bench, "InitLock", 1, SCAN_ROLE_VIEWER), AUTHORITY_ROLE);
    assert_int_equal(lock_call(bench, "RenewLock", 1, SCAN_ROLE_OPERATOR), AUTHORITY_NOT_LOCKED);
    assert_int_equal(lock_call(bench, "InitLock", 1, SCAN_ROLE_OPERATOR), AUTHORITY_OK);
    assert_string_equal(bench_text(bench, "Lock/Locked"), "true");
    assert_string_equal(bench_text(bench, "Lock/Holder"), "1");
    assert_string_equal(bench_text(bench, "Lock/Epoch"), "1");
    assert_string_equal(bench_text(bench, "Lock/RemainingLockTime"), "2000");
    assert_int_equal(lock_call(bench, "InitLock", 2, SCAN_ROLE_OPERATOR), AUTHORITY_OTHER);
    assert_int_equal(lock_call(bench, "RenewLock", 1, SCAN_ROLE_OPERATOR), AUTHORITY_OK);
    assert_int_equal(lock_call(bench, "BreakLock", 2, SCAN_ROLE_VIEWER), AUTHORITY_ROLE);
    assert_int_equal(lock_call(bench, "BreakLock", 2, SCAN_ROLE_OPERATOR), AUTHORITY_OK);
    assert_int_equal(lock_call(bench, "BreakLock", 2, SCAN_ROLE_OPERATOR), AUTHORITY_NOT_LOCKED);
    assert_string_equal(bench_text(bench, "Lock/Locked"), "false");
    assert_int_equal(lock_call(bench, "InitLock", 2, SCAN_ROLE_OPERATOR), AUTHORITY_OK);
    assert_int_equal(lock_call(bench, "ExitLock", 1, SCAN_ROLE_OPERATOR), AUTHORITY_NOT_LOCKED);
    assert_int_equal(lock_call(bench, "ExitLock", 2, SCAN_ROLE_OPERATOR), AUTHORITY_OK);
    assert_string_equal(bench_text(bench, "Lock/Epoch"), "2");
    bench_scan(bench, 20000);
    assert_string_equal(bench_text(bench, "mps_plc/State"), "run"); // given back at rest
}

static void a_session_that_ends_gives_the_lock_to_others_at_once(void **state) {
    struct bench *bench = *state;
    const char *source, *message;
    lock_call(bench, "InitLock", 1, SCAN_ROLE_OPERATOR);
    lock_call(bench, "SessionGone", 1, SCAN_ROLE_VIEWER);
    assert_true(bench_event(bench, "LockLost", &source, &message));
    assert_int_equal(lock_call(bench, "InitLock", 2, SCAN_ROLE_OPERATOR), AUTHORITY_OK);
}

static void silence_of_the_holder_ends_in_the_safe_state_with_its_cause(void **state) {
    struct bench *bench = *state;
    bench_take_lock(bench);
    bench_number(bench, "mps_conveyor/motor", "setDirection", 1);
    bench_scan(bench, 2000);
    assert_reason(bench, bench_number(bench, "mps_conveyor/motor", "setDirection", 1),
                  "the caller's control authority ran out because it was not renewed; call Lock/InitLock again");
    assert_true(bench_on(bench, "mps_conveyor/motor/direction/right/state"));
    bench_scan(bench, 8000);
    assert_false(bench_on(bench, "mps_conveyor/motor/direction/right/state"));
    assert_string_equal(bench_text(bench, "mps_plc/Cause"),
                        "control authority lost: its holder did not renew it and nobody took it over");
}

int main(void) {
#define SCENE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(signals_are_the_first_tags_in_the_order_of_the_plant),
        SCENE(every_tag_is_found_by_its_path),
        SCENE(paths_are_those_of_the_address_space),
        SCENE(modules_are_found_by_element),
        SCENE(the_first_scan_publishes_every_tag),
        SCENE(channels_show_the_raw_bit),
        {"[edge-3.5] the motor runs in one direction at a time", the_motor_runs_in_one_direction_at_a_time, setup,
         teardown, NULL},
        SCENE(limits_come_from_the_model),
        SCENE(a_wrong_type_is_named),
        SCENE(a_cylinder_knows_where_it_is_from_its_sensors),
        {"[edge-3.2] a valve is on until the end is reached", a_valve_is_on_until_the_end_is_reached, setup, teardown,
         NULL},
        {"[edge-3.2] the opposite command turns round", the_opposite_command_turns_round, setup, teardown, NULL},
        {"[edge-3.2] a command to where it is does nothing", a_command_to_where_it_is_does_nothing, setup, teardown,
         NULL},
        {"[edge-3.4] a stroke that takes too long is a fault until reset",
         a_stroke_that_takes_too_long_is_a_fault_until_reset, setup, teardown, NULL},
        {"[edge-3.4] two end positions at once are a fault", two_end_positions_at_once_are_a_fault, setup, teardown,
         NULL},
        {"[edge-3.3] an end without a sensor is inferred by time", an_end_without_a_sensor_is_inferred_by_time, setup,
         teardown, NULL},
        {"[edge-3.3] a piston that never leaves is not inferred to arrive",
         a_piston_that_never_leaves_is_not_inferred_to_arrive, setup, teardown, NULL},
        {"[edge-2.5] the emergency stop refuses with its name", the_emergency_stop_refuses_with_its_name, setup,
         teardown, NULL},
        SCENE(a_lamp_burns_on_in_the_safe_state_and_may_be_switched),
        SCENE(sensors_answer_get_state),
        SCENE(the_clock_is_plant_time_in_steps),
        SCENE(statistics_come_once_a_second),
        SCENE(the_lock_answers_with_the_numbers_of_the_standard),
        SCENE(a_session_that_ends_gives_the_lock_to_others_at_once),
        SCENE(silence_of_the_holder_ends_in_the_safe_state_with_its_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
