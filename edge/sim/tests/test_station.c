// The whole edge without its server: program, scan and simulated station, and above them a small sequence control that
// knows no more than a client does: changes of tags, and methods.

#include "hall.h"

#include <base/clock.h>
#include <program/program.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENT = 3 };

struct station {
    struct plant *plant;
    struct sim *sim;
    struct program *program;
    struct exchange *exchange;
    struct scan_time time;
    union scan_value seen[512]; // by tag, as the changes told
    status_code quality[512];
    uint64_t scans;
    unsigned events[SCAN_EVENT_COUNT];
};

static struct station *station_create(const struct sim_options *sim_options) {
    struct problem problem = {0};
    struct station *station = calloc(1, sizeof *station);
    assert_non_null(station);
    station->plant = hall_read_plant();
    if (sim_create(station->plant, sim_options, &station->sim, &problem)) fail_msg("%s", problem.text);
    struct program_extra extra = {.name = "simulation", .kind = sim_kind(station->sim), .memory = station->sim};
    struct program_options options = {.driver = sim_driver(station->sim),
                                      .lease_soft_ns = 2 * NS_PER_S,
                                      .lease_hard_ns = 10 * NS_PER_S,
                                      .extra = &extra};
    if (program_create(station->plant, &options, &station->program, &problem)) fail_msg("%s", problem.text);
    station->exchange = program_scan(station->program)->exchange;
    assert_true(program_tag_count(station->program) <= 512);
    station->time = (struct scan_time){.elapsed_ns = NS_PER_MS, .monotonic_ns = NS_PER_S, .wall_ns = NS_PER_S};
    return station;
}

static void station_destroy(struct station *station) {
    program_destroy(station->program);
    sim_destroy(station->sim);
    plant_destroy(station->plant);
    free(station);
}

static uint32_t module_at(const struct station *station, const char *path) {
    char full[256];
    int length = snprintf(full, sizeof full, "MPS/%s", path);
    for (uint32_t i = 0; i < program_module_count(station->program); i++) {
        if (text_equal(program_module(station->program, i)->path, (struct text){full, (size_t)length})) return i;
    }
    fail_msg("no module %s", path);
    return SCAN_NO_MODULE;
}

static void station_scan(struct station *station) {
    station->time.monotonic_ns += NS_PER_MS;
    station->time.wall_ns += NS_PER_MS;
    station->scans++;
    scan_once(program_scan(station->program), &station->time);
    struct scan_change change;
    while (exchange_take_change(station->exchange, &change)) {
        station->seen[change.tag] = change.value;
        station->quality[change.tag] = change.quality;
    }
    struct scan_event event;
    while (exchange_take_event(station->exchange, &event)) station->events[event.id]++;
}

static struct scan_result station_call(struct station *station, const char *module, const char *method,
                                       const struct scan_argument *argument) {
    uint32_t index = module_at(station, module);
    int found = program_method(station->program, index, text_of(method));
    if (found < 0) fail_msg("no method %s of %s", method, module);
    struct scan_command command = {.id = station->scans,
                                   .session = CLIENT,
                                   .module = index,
                                   .method = (uint16_t)found,
                                   .role = SCAN_ROLE_OPERATOR};
    if (argument != NULL) command.arguments[command.argument_count++] = *argument;
    struct scan_result result = {0};
    assert_true(exchange_post(station->exchange, &command));
    station_scan(station);
    assert_true(exchange_take_result(station->exchange, &result));
    return result;
}

static void set_position(struct station *station, const char *cylinder, bool extend) {
    struct scan_argument argument = {.type = VALUE_BOOL, .value = scan_boolean(extend)};
    assert_int_equal(station_call(station, cylinder, "setPosition", &argument).status, STATUS_Good);
}

static void set_direction(struct station *station, int32_t direction) {
    struct scan_argument argument = {.type = VALUE_INT32, .value = scan_int32(direction)};
    assert_int_equal(station_call(station, "mps_conveyor/motor", "setDirection", &argument).status, STATUS_Good);
}

static struct scan_result press(struct station *station, const char *name) {
    struct scan_argument argument = {.type = VALUE_STRING};
    snprintf(argument.text, sizeof argument.text, "%s", name);
    return station_call(station, "mps_simulation", "press", &argument);
}

static void take_lock(struct station *station) {
    struct scan_argument context = {.type = VALUE_STRING, .text = "sequence"};
    assert_int_equal(station_call(station, "Lock", "InitLock", &context).outputs[0].value.int32, AUTHORITY_OK);
}

static bool on(const struct station *station, const char *path) {
    char full[256];
    int length = snprintf(full, sizeof full, "MPS/%s", path);
    uint32_t tag = program_find_tag(station->program, (struct text){full, (size_t)length});
    if (tag == SCAN_NO_TAG) fail_msg("no tag %s", path);
    return station->seen[tag].boolean;
}

static uint32_t count(const struct station *station, const char *name) {
    uint32_t tag = program_variable(station->program, program_simulation(station->program), text_of(name));
    assert_int_not_equal(tag, SCAN_NO_TAG);
    return station->seen[tag].uint32;
}

/// Waits as a client does, and renews the lock meanwhile. The limit in milliseconds of plant time.
static void wait_for(struct station *station, const char *path, bool state, unsigned limit) {
    for (unsigned ms = 0; on(station, path) != state; ms++) {
        if (ms == limit) fail_msg("%s did not become %d in %u ms", path, state, limit);
        if (ms % 500 == 0)
            station_call(station, "Lock", "RenewLock", NULL);
        else
            station_scan(station);
    }
}

static void wait_ms(struct station *station, unsigned ms) {
    for (unsigned i = 0; i < ms; i++) {
        if (i % 500 == 0)
            station_call(station, "Lock", "RenewLock", NULL);
        else
            station_scan(station);
    }
}

/// One workpiece from the magazine to the slide, when it is metal, or over the end of the belt.
static void work_one(struct station *station) {
    set_position(station, "mps_magazine/ejector", true);
    wait_for(station, "mps_magazine/ejector/position/extended/state", true, 3000);
    set_position(station, "mps_magazine/ejector", false);
    wait_for(station, "mps_magazine/ejector/position/retracted/state", true, 3000);
    set_direction(station, 1);
    wait_for(station, "mps_conveyor/lightBarrier_entry/state", true, 9000);
    wait_for(station, "mps_ejector/lightBarrier_occupancyState/state", true, 9000);
    bool metal = false;
    for (unsigned ms = 0; on(station, "mps_ejector/lightBarrier_occupancyState/state"); ms++) {
        metal = metal || on(station, "mps_ejector/sensor_inductive/state");
        assert_true(ms < 2000);
        wait_ms(station, 1);
    }
    if (!metal) {
        wait_for(station, "mps_conveyor/lightBarrier_exit/state", true, 9000);
        wait_for(station, "mps_conveyor/lightBarrier_exit/state", false, 9000);
        wait_ms(station, 1000);
        return;
    }
    set_direction(station, 0);
    set_position(station, "mps_ejector/ejector", true);
    wait_ms(station, 600);
    set_position(station, "mps_ejector/ejector", false);
    wait_for(station, "mps_ejector/ejector/position/retracted/state", true, 3000);
}

static void the_stock_of_eight_is_sorted_by_material(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 1});
    take_lock(station);
    for (int piece = 0; piece < 8; piece++) work_one(station);
    assert_true(on(station, "mps_magazine/lightBarrier_magazineEmpty/state"));
    assert_int_equal(count(station, "fed"), 8);
    assert_int_equal(count(station, "metalSorted"), 4); // the model's stock
    assert_int_equal(count(station, "plasticPassed"), 4);
    assert_int_equal(count(station, "plasticSorted"), 0);
    assert_int_equal(count(station, "metalPassed"), 0);
    assert_int_equal(count(station, "lost"), 0);
    assert_int_equal(count(station, "onBelt"), 0);
    assert_int_equal(count(station, "onSlide"), 4);
    assert_int_equal(station->events[SCAN_EVENT_FAULT], 0);
    assert_int_equal(station->events[SCAN_EVENT_COMMAND_REFUSED], 0);
    station_destroy(station);
}

static void an_emergency_stop_in_the_middle_loses_nothing(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 1});
    take_lock(station);
    set_position(station, "mps_magazine/ejector", true);
    wait_for(station, "mps_magazine/ejector/position/extended/state", true, 3000);
    set_direction(station, 1);
    wait_for(station, "mps_conveyor/lightBarrier_entry/state", true, 9000);
    sim_turn(station->sim, TEXT("emergency_stop"), true);
    station_scan(station);
    assert_false(on(station, "mps_conveyor/motor/direction/right/state"));
    wait_ms(station, 3000);
    assert_int_equal(count(station, "onBelt"), 1);
    sim_turn(station->sim, TEXT("emergency_stop"), false);
    wait_ms(station, 100);
    press(station, "reset"); // as a hand on the panel: no lock is needed for it
    wait_ms(station, 3000);
    assert_false(on(station, "mps_conveyor/motor/direction/right/state")); // a fresh command is needed
    set_position(station, "mps_magazine/ejector", false);
    set_direction(station, 1);
    wait_for(station, "mps_conveyor/lightBarrier_exit/state", true, 9000);
    wait_ms(station, 2000);
    assert_int_equal(count(station, "passed"), 1);
    assert_int_equal(count(station, "lost"), 0);
    station_destroy(station);
}

static void a_jam_ends_in_the_fault_of_the_cylinder(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 1});
    take_lock(station);
    for (int i = 0; i < 2; i++) { // the belt does not run
        set_position(station, "mps_magazine/ejector", true);
        wait_ms(station, 3100);
        if (i == 0) set_position(station, "mps_magazine/ejector", false);
        wait_ms(station, 1000);
    }
    assert_int_equal(station->events[SCAN_EVENT_JAM], 1);
    assert_int_equal(station->events[SCAN_EVENT_POSITION_TIMEOUT], 1);
    assert_false(on(station, "mps_magazine/ejector/extend/state"));
    station_destroy(station);
}

// ---------------------------------------------------------------- hands

static void hands_need_no_lock_but_an_operator(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 1});
    assert_int_equal(press(station, "start").status, STATUS_Good);
    wait_ms(station, 1);
    assert_true(on(station, "mps_hmi/actuator_start/state"));
    assert_int_equal(press(station, "coffee").status, STATUS_BadInvalidArgument);
    char longest[SCAN_TEXT_BYTES];
    memset(longest, 'x', sizeof longest);
    struct scan_argument argument = {.type = VALUE_STRING};
    memcpy(argument.text, longest, sizeof longest); // without an end
    assert_int_equal(station_call(station, "mps_simulation", "press", &argument).status, STATUS_BadInvalidArgument);
    assert_int_equal(station_call(station, "mps_simulation", "refill", NULL).status, STATUS_Good);
    assert_int_equal(station_call(station, "mps_simulation", "emptySlide", NULL).status, STATUS_Good);
    station_destroy(station);
}

static void a_turn_has_two_arguments(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 1});
    uint32_t module = module_at(station, "mps_simulation");
    struct scan_command command = {.module = module,
                                   .method = (uint16_t)program_method(station->program, module, TEXT("turn")),
                                   .role = SCAN_ROLE_OPERATOR,
                                   .argument_count = 2};
    command.arguments[0] = (struct scan_argument){.type = VALUE_STRING, .text = "switch_opMode"};
    command.arguments[1] = (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(true)};
    assert_true(exchange_post(station->exchange, &command));
    station_scan(station);
    struct scan_result result;
    assert_true(exchange_take_result(station->exchange, &result));
    assert_int_equal(result.status, STATUS_Good);
    wait_ms(station, 1);
    assert_true(on(station, "mps_hmi/switch_opMode/state"));
    station_destroy(station);
}

static unsigned presses_of_start(struct station *station, unsigned ms) {
    unsigned presses = 0;
    bool was = on(station, "mps_hmi/actuator_start/state");
    for (unsigned i = 0; i < ms; i++) {
        wait_ms(station, 1);
        bool is = on(station, "mps_hmi/actuator_start/state");
        presses += is && !was;
        was = is;
    }
    return presses;
}

static void somebody_turns_the_key_and_starts_once_there_is_a_control(void **state) {
    (void)state;
    const char *const words[] = {"manual", "start"};
    struct station *station = station_create(&(struct sim_options){.seed = 1, .press = words, .press_count = 2});
    for (int i = 0; i < 20000; i++) station_scan(station);
    assert_true(on(station, "mps_hmi/switch_opMode/state")); // as the model has it; nobody would answer
    take_lock(station);
    assert_int_equal(presses_of_start(station, 2000), 1);
    assert_false(on(station, "mps_hmi/switch_opMode/state"));
    assert_true(presses_of_start(station, 10000) >= 1); // nothing moved: again
    set_direction(station, 1);
    wait_ms(station, 1000);
    assert_int_equal(presses_of_start(station, 20000), 0); // it runs
    station_destroy(station);
}

static void somebody_refills_and_empties_and_starts_again(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 5, .operator_present = true});
    take_lock(station);
    for (int piece = 0; piece < 7; piece++) work_one(station);
    set_direction(station, 0);
    set_position(station, "mps_magazine/ejector", true);
    wait_for(station, "mps_magazine/ejector/position/extended/state", true, 3000);
    assert_int_equal(presses_of_start(station, 6000), 1); // nothing runs any more
    assert_int_equal(count(station, "inMagazine"), 8);
    set_position(station, "mps_magazine/ejector", false);
    set_direction(station, 1);
    wait_ms(station, 2000);
    set_direction(station, 0);
    wait_ms(station, 1000);
    for (int piece = 0; piece < 24; piece++) { // the slide fills up more than once
        work_one(station);
        wait_ms(station, 4000);
    }
    assert_int_equal(count(station, "fed"), 32);
    assert_int_equal(count(station, "metalPassed"), 0);
    assert_int_equal(count(station, "plasticSorted"), 0);
    assert_int_equal(count(station, "lost"), 0);
    assert_true(count(station, "metalSorted") > 5);
    station_destroy(station);
}

static void faster_plant_time_gives_the_same_counts(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 1});
    take_lock(station);
    station->time.elapsed_ns = 10 * NS_PER_MS;
    set_position(station, "mps_magazine/ejector", true);
    wait_for(station, "mps_magazine/ejector/position/extended/state", true, 300);
    set_position(station, "mps_magazine/ejector", false);
    set_direction(station, 1);
    wait_ms(station, 1000);
    assert_int_equal(count(station, "passed"), 1);
    station_destroy(station);
}

/// Random commands of a client that has gone mad: the scan never moves both outputs, the plant loses count of nothing.
static void a_mad_client_breaks_no_rule(void **state) {
    (void)state;
    struct station *station = station_create(&(struct sim_options){.seed = 1, .operator_present = true});
    take_lock(station);
    uint32_t seed = 20261122;
    for (int i = 0; i < 60000; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t module = (seed >> 8) % (uint32_t)(program_module_count(station->program) + 1);
        struct scan_command command = {.session = (seed >> 16) % 8 == 0 ? CLIENT + 1 : CLIENT,
                                       .module = module,
                                       .method = (uint16_t)((seed >> 20) % 5),
                                       .role = (uint8_t)((seed >> 24) % 8 == 0 ? 0 : 1),
                                       .argument_count = (uint8_t)((seed >> 12) % 8 == 0 ? 2 : 1)};
        command.arguments[0].type = (enum value_type)((seed >> 10) % 7);
        bool boolean = command.arguments[0].type == VALUE_BOOL;
        command.arguments[0].value =
            boolean ? scan_boolean((seed >> 28) % 2 != 0) : scan_int32((int32_t)(seed >> 28) % 3 - 1);
        if (seed >> 30 == 0) command.argument_count = 0;
        if (!exchange_post(station->exchange, &command)) fail_msg("ring full");
        if (seed % 1000 == 0) sim_turn(station->sim, TEXT("emergency_stop"), (seed >> 5) % 2 != 0);
        struct scan_result result;
        for (unsigned scans = 0; scans < 4; scans++) {
            station_scan(station);
            assert_false(on(station, "mps_conveyor/motor/direction/right/state") &&
                         on(station, "mps_conveyor/motor/direction/left/state"));
            assert_false(on(station, "mps_magazine/ejector/extend/state") &&
                         on(station, "mps_magazine/ejector/retract/state"));
            struct sim_counts counts = sim_count(station->sim);
            assert_int_equal(counts.fed, counts.on_belt + counts.sorted + counts.passed + counts.lost);
            while (exchange_take_result(station->exchange, &result)) continue;
        }
        struct scan_argument context = {.type = VALUE_STRING, .text = "mad"};
        if (i % 500 == 0) station_call(station, "Lock", "InitLock", &context);
    }
    assert_true(station->events[SCAN_EVENT_COMMAND_REFUSED] > 0);
    station_destroy(station);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stock_of_eight_is_sorted_by_material),
        cmocka_unit_test(an_emergency_stop_in_the_middle_loses_nothing),
        cmocka_unit_test(a_jam_ends_in_the_fault_of_the_cylinder),
        {"[opcua-4.4] hands need no lock but an operator", hands_need_no_lock_but_an_operator, NULL, NULL, NULL},
        cmocka_unit_test(a_turn_has_two_arguments),
        {"[edge-5.8] somebody turns the key and starts once there is a control",
         somebody_turns_the_key_and_starts_once_there_is_a_control, NULL, NULL, NULL},
        {"[edge-5.8] somebody refills and empties and starts again", somebody_refills_and_empties_and_starts_again,
         NULL, NULL, NULL},
        cmocka_unit_test(faster_plant_time_gives_the_same_counts),
        cmocka_unit_test(a_mad_client_breaks_no_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
