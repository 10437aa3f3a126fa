// Each fault of the simulated plant, what the edge does about it, and what the automatic mode does. The table is that
// of docs/spec/faults.md. Then everything is mended, somebody presses reset and start, and production goes on.

#include "sorting.h"

#include <base/clock.h>
#include <runtime/runtime.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { NO_EVENT = -1, BEFORE_MS = 8000, NEVER = 40000, AGAIN_MS = 20000 };

struct fault_case {
    const char *name;
    const char *fault, *target;
    const char *state;     // of the automatic mode, that comes; "producing": nothing else for NEVER ms
    unsigned within_ms;    // of plant time
    const char *says;      // part of the message to people; of "producing": NULL
    int event;             // of the edge; NO_EVENT: none
    const char *cause;     // part of the safe state's; NULL: it is not entered
    unsigned lost_at_most; // workpieces
};

#define PUSHER "mps_magazine/ejector"
#define MOTOR "mps_conveyor/motor"

static const struct fault_case cases[] = {
    {"the entry beam is always broken: a workpiece is met by time and by the other sensors", "sensorStuckOn",
     "mps_conveyor/lightBarrier_entry", "producing", NEVER, NULL, NO_EVENT, NULL, 0},
    {"an end position is always reported: both at once are a fault of the cylinder", "sensorStuckOn",
     PUSHER "/retracted", "interrupted", 20000, "both end position sensors", SCAN_EVENT_FAULT, NULL, 0},
    {"an end position is never reported: the cylinder's time runs out", "sensorStuckOff", PUSHER "/extended",
     "interrupted", 20000, "did not reach its end position", SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
    {"the workpiece before the ejector is never seen", "sensorStuckOff", "mps_ejector/lightBarrier_occupancyState",
     "fault", 35000, "material sensor", NO_EVENT, NULL, 1},
    {"the wire of the emergency stop is broken: as if it were pressed", "wireBroken", "mps_conveyor/emergency_stop",
     "interrupted", 200, "Emergency stop", SCAN_EVENT_TRIPPED, "emergency stop is active", 0},
    {"the wire of the stop button, a break contact, is broken: as if it were pressed", "wireBroken",
     "mps_hmi/actuator_stop", "stopped", 30000, "Press start", NO_EVENT, NULL, 0},
    {"the wire of the exit beam is broken", "wireBroken", "mps_conveyor/lightBarrier_exit", "fault", 30000,
     "exit beam in time", NO_EVENT, NULL, 0},
    {"the contact of the exit beam chatters: one workpiece looks like several", "contactChatters",
     "mps_conveyor/lightBarrier_exit", "fault", 30000, "at the exit unexpectedly", NO_EVENT, NULL, 0},
    {"noise on the entry beam", "sensorNoise", "mps_conveyor/lightBarrier_entry", "producing", NEVER, NULL, NO_EVENT,
     NULL, 0},
    {"the occupancy beam is late: the workpiece is taken back to it", "sensorLate",
     "mps_ejector/lightBarrier_occupancyState", "producing", NEVER, NULL, NO_EVENT, NULL, 0},
    {"the slide's sensor is dirty: the slide is emptied one workpiece early", "sensorDirty",
     "mps_ejector/lightBarrier_slideFull", "producing", NEVER, NULL, NO_EVENT, NULL, 0},
    {"the material sensor sees metal everywhere: plastic is sorted, and the slide is full sooner", "wrongMaterial",
     "mps_ejector/sensor_inductive", "stopped", NEVER, "slide is full", NO_EVENT, NULL, 0},
    {"the stop button is stuck", "buttonStuck", "mps_hmi/actuator_stop", "stopped", 30000, "Press start", NO_EVENT,
     NULL, 0},
    {"the start button is stuck: an edge counts, not a state", "buttonStuck", "mps_hmi/actuator_start", "producing",
     NEVER, NULL, NO_EVENT, NULL, 0},
    {"the emergency stop is hit and sticks", "buttonStuck", "mps_conveyor/emergency_stop", "interrupted", 200,
     "Emergency stop", SCAN_EVENT_TRIPPED, "emergency stop is active", 0},
    {"the wire to the motor is broken", "outputBroken", MOTOR "/right", "fault", 30000, "entry beam in time", NO_EVENT,
     NULL, 0},
    {"a valve's output is welded: the piston does not come back", "outputStuckOn", PUSHER "/extend", "interrupted",
     20000, "did not reach its end position", SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
    {"a valve is stuck", "valveStuck", PUSHER, "interrupted", 20000, "did not reach its end position",
     SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
    {"the ejector is stuck", "cylinderStuck", "mps_ejector/ejector", "interrupted", 40000,
     "did not reach its end position", SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
    {"the pusher is slow", "cylinderSlow", PUSHER, "interrupted", 20000, "did not reach its end position",
     SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
    {"there is no air", "airLoss", "", "interrupted", 20000, "did not reach its end position",
     SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
    {"the motor is dead", "motorDead", MOTOR, "fault", 30000, "entry beam in time", NO_EVENT, NULL, 0},
    {"the motor runs on: nobody can see it, and workpieces are sorted all the same", "motorRunsOn", MOTOR, "producing",
     NEVER, NULL, NO_EVENT, NULL, 0},
    {"the motor is slow", "motorSlow", MOTOR, "fault", 30000, "entry beam in time", NO_EVENT, NULL, 0},
    {"workpieces stick before the exit", "jamOnBelt", "mps_conveyor/lightBarrier_exit", "fault", 30000,
     "exit beam in time", NO_EVENT, NULL, 0},
    {"a workpiece falls off the belt", "workpieceLost", "", "fault", 30000, "in time", SCAN_EVENT_WORKPIECE_LOST, NULL,
     1},
    {"two workpieces are fed at once: each goes where it belongs", "doubleFeed", "", "producing", NEVER, NULL, NO_EVENT,
     NULL, 0},
    {"nothing falls before the pusher", "magazineBlocked", "", "fault", 40000, "entry beam in time", NO_EVENT, NULL, 0},
    {"the outputs have no voltage", "powerLoss", "", "interrupted", 30000, "did not reach its end position",
     SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
    {"the driver does not answer", "driverLoss", "", "interrupted", 200, "driver does not answer",
     SCAN_EVENT_SAFE_STATE_ENTERED, "driver does not answer", 0},
    {"the driver answers, but with old inputs", "driverFrozen", "", "interrupted", 30000,
     "did not reach its end position", SCAN_EVENT_POSITION_TIMEOUT, NULL, 0},
};

static void inject(struct sorting *sorting, const struct fault_case *c) {
    enum sim_fault_answer answer = sim_inject_fault(sorting->sim, text_of(c->fault), text_of(c->target));
    assert_int_equal(answer, SIM_FAULT_DONE);
}

static void assert_goes_on(struct sorting *sorting, const struct fault_case *c) {
    uint32_t fed = sorting_count(sorting, "fed");
    for (unsigned ms = 0; ms < c->within_ms; ms += 100) {
        sorting_run(sorting, 100);
        if (strcmp(station_state_name(&sorting->automatic), "producing") != 0)
            fail_msg("%s: %s", station_state_name(&sorting->automatic), station_message(&sorting->automatic));
    }
    assert_true(sorting_count(sorting, "fed") >= fed + 2);
    assert_int_equal(sorting_count(sorting, "plasticSorted"), 0);
    assert_int_equal(sorting_count(sorting, "metalPassed"), 0);
}

static void assert_reacts(struct sorting *sorting, const struct fault_case *c) {
    if (!sorting_until(sorting, c->state, c->within_ms))
        fail_msg("still %s: %s", station_state_name(&sorting->automatic), station_message(&sorting->automatic));
    if (strstr(station_message(&sorting->automatic), c->says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", station_message(&sorting->automatic), c->says);
}

/// After it everything works, and somebody has looked after what lies about.
static void mend(struct sorting *sorting) {
    assert_int_equal(sim_clear_fault(sorting->sim, TEXT_EMPTY), SIM_FAULT_DONE);
    assert_int_equal(sim_fault_count(sorting->sim), 0);
    assert_true(sim_turn(sorting->sim, TEXT("emergency_stop"), false));
    sorting_run(sorting, 2000);
    for (int i = 0; i < 2; i++) { // what was interrupted may still find that its workpiece is missing
        sorting_press(sorting, "reset");
        sorting_run(sorting, 500);
        sorting_press(sorting, "start");
        if (!sorting_until(sorting, "producing", AGAIN_MS))
            fail_msg("not producing again: %s", station_message(&sorting->automatic));
        uint32_t fed = sorting_count(sorting, "fed");
        for (int ms = 0; ms < 45000 && sorting_count(sorting, "fed") < fed + 1; ms += 500) sorting_run(sorting, 500);
        if (sorting_count(sorting, "fed") > fed) return;
    }
    fail_msg("production does not go on: %s", station_message(&sorting->automatic));
}

static void check(void **state) {
    const struct fault_case *c = *state;
    struct sorting *sorting = sorting_create();
    assert_true(sorting_until(sorting, "producing", AGAIN_MS));
    sorting_run(sorting, BEFORE_MS);
    unsigned events = c->event == NO_EVENT ? 0 : sorting->events[c->event];
    unsigned faults = sorting->events[SCAN_EVENT_FAULT] + sorting->events[SCAN_EVENT_POSITION_TIMEOUT];
    inject(sorting, c);
    if (strcmp(c->state, "producing") == 0)
        assert_goes_on(sorting, c);
    else
        assert_reacts(sorting, c);
    if (c->event != NO_EVENT) assert_true(sorting->events[c->event] > events);
    if (c->event == NO_EVENT)
        assert_int_equal(sorting->events[SCAN_EVENT_FAULT] + sorting->events[SCAN_EVENT_POSITION_TIMEOUT], faults);
    if (c->cause == NULL)
        assert_string_equal(sorting_cause(sorting), "");
    else if (strstr(sorting_cause(sorting), c->cause) == NULL)
        fail_msg("the safe state's cause is \"%s\", not \"%s\"", sorting_cause(sorting), c->cause);
    assert_true(sorting_count(sorting, "lost") <= c->lost_at_most);
    mend(sorting);
    sorting_destroy(sorting);
}

// ---------------------------------------------------------------- what no state of the automatic mode shows

static void without_the_driver_inputs_are_bad(void **state) {
    (void)state;
    struct sorting *sorting = sorting_create();
    sorting_run(sorting, 500);
    assert_int_equal(sorting_quality(sorting, "mps_conveyor/lightBarrier_entry/state"), STATUS_Good);
    assert_int_equal(sim_inject_fault(sorting->sim, TEXT("driverLoss"), TEXT_EMPTY), SIM_FAULT_DONE);
    sorting_run(sorting, 10);
    assert_int_equal(sorting_quality(sorting, "mps_conveyor/lightBarrier_entry/state"), STATUS_BadNoCommunication);
    sorting_destroy(sorting);
}

static void a_late_driver_costs_periods_that_are_counted(void **state) {
    (void)state;
    struct sorting *sorting = sorting_create();
    struct runtime_options options = {.period_ns = 5 * NS_PER_MS, .speed = 1};
    struct problem problem = {0};
    assert_int_equal(sim_inject_fault(sorting->sim, TEXT("driverLate"), TEXT_EMPTY), SIM_FAULT_DONE);
    CLEANUP(runtime_destroy_at) struct runtime *runtime = NULL;
    if (runtime_start(program_scan(sorting->program), &options, &runtime, &problem)) fail_msg("%s", problem.text);
    while (runtime_report(runtime).cycles < 4) {
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    runtime_stop(runtime);
    assert_true(runtime_report(runtime).missed >= 3 * 5); // 30 ms of each period of 5
    runtime_destroy(TAKE(runtime));
    sorting_destroy(sorting);
}

static void a_driver_later_than_the_deadline_is_overtaken_by_the_guard(void **state) {
    (void)state;
    struct sorting *sorting = sorting_create();
    struct runtime_options options = {.period_ns = 5 * NS_PER_MS, .speed = 1, .deadline_ns = 12 * NS_PER_MS};
    struct problem problem = {0};
    assert_int_equal(sim_inject_fault(sorting->sim, TEXT("driverLate"), TEXT_EMPTY), SIM_FAULT_DONE);
    CLEANUP(runtime_destroy_at) struct runtime *runtime = NULL;
    if (runtime_start(program_scan(sorting->program), &options, &runtime, &problem)) fail_msg("%s", problem.text);
    while (runtime_report(runtime).cycles < 4) {
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    runtime_stop(runtime);
    assert_non_null(strstr(sorting_cause(sorting), "a scan missed its deadline"));
    runtime_destroy(TAKE(runtime));
    sorting_destroy(sorting);
}

struct refusal {
    const char *name, *fault, *target;
    enum sim_fault_answer answer;
};
static const struct refusal refusals[] = {
    {"a fault that nobody knows is refused", "sensorDead", "mps_conveyor/motor", SIM_NO_SUCH_FAULT},
    {"a target that is not there is refused", "sensorStuckOn", "mps_conveyor/lightBarrier", SIM_NO_SUCH_TARGET},
    {"a target that cannot have the fault is refused", "motorDead", PUSHER, SIM_NO_SUCH_TARGET},
    {"a module with several sensors needs to say which", "sensorStuckOn", PUSHER, SIM_NO_SUCH_TARGET},
    {"an output has no sensor's fault", "sensorStuckOn", MOTOR "/right", SIM_NO_SUCH_TARGET},
    {"a fault of the station has no target", "airLoss", PUSHER, SIM_NO_SUCH_TARGET},
    {"a switch has no numbers that drift", "sensorDrifts", "mps_conveyor/lightBarrier_entry", SIM_NO_SUCH_TARGET},
    {"an empty target is refused where one is needed", "valveStuck", "", SIM_NO_SUCH_TARGET},
};

static void check_refusal(void **state) {
    const struct refusal *refusal = *state;
    struct sorting *sorting = sorting_create();
    enum sim_fault_answer answer = sim_inject_fault(sorting->sim, text_of(refusal->fault), text_of(refusal->target));
    assert_int_equal(answer, refusal->answer);
    assert_int_equal(sim_fault_count(sorting->sim), 0);
    sorting_destroy(sorting);
}

static void every_fault_of_a_plant_that_conveys_has_a_row(void **state) {
    (void)state;
    static const char *const elsewhere[] = {"sensorDrifts", "driverLate", "flowStuck", "leak"};
    for (size_t i = 0; sim_fault_names[i] != NULL; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++)
            found = found || strcmp(cases[j].fault, sim_fault_names[i]) == 0;
        for (size_t j = 0; j < sizeof elsewhere / sizeof elsewhere[0]; j++)
            found = found || strcmp(elsewhere[j], sim_fault_names[i]) == 0;
        if (!found) fail_msg("nobody says what %s leads to", sim_fault_names[i]);
    }
}

int main(void) {
    enum { CASES = sizeof cases / sizeof cases[0], REFUSALS = sizeof refusals / sizeof refusals[0] };
    struct CMUnitTest tests[CASES], refused[REFUSALS];
    for (size_t i = 0; i < CASES; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, check, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    for (size_t i = 0; i < REFUSALS; i++)
        refused[i] = (struct CMUnitTest){refusals[i].name, check_refusal, NULL, NULL, (void *)(uintptr_t)&refusals[i]};
    const struct CMUnitTest more[] = {
        cmocka_unit_test(without_the_driver_inputs_are_bad),
        cmocka_unit_test(a_driver_later_than_the_deadline_is_overtaken_by_the_guard),
        cmocka_unit_test(a_late_driver_costs_periods_that_are_counted),
        cmocka_unit_test(every_fault_of_a_plant_that_conveys_has_a_row),
    };
    int failed = cmocka_run_group_tests_name("faults", tests, NULL, NULL);
    failed += cmocka_run_group_tests_name("refusals", refused, NULL, NULL);
    return failed + cmocka_run_group_tests_name("more", more, NULL, NULL);
}
