#include "sorting.h"

#include "hall.h"

#include <base/clock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION = 5, LOOK_MS = 10, RENEW_MS = 500 };

static uint32_t module_at(const struct sorting *sorting, const char *path) {
    char full[256];
    int length = snprintf(full, sizeof full, "MPS/%s", path);
    for (uint32_t i = 0; i < program_module_count(sorting->program); i++)
        if (text_equal(program_module(sorting->program, i)->path, (struct text){full, (size_t)length})) return i;
    fail_msg("no module %s", path);
    return SCAN_NO_MODULE;
}

static uint32_t tag_at(const struct sorting *sorting, const char *path) {
    char full[256];
    int length = snprintf(full, sizeof full, "MPS/%s", path);
    uint32_t tag = program_find_tag(sorting->program, (struct text){full, (size_t)length});
    if (tag == SCAN_NO_TAG) fail_msg("no tag %s", path);
    return tag;
}

static bool on(const struct sorting *sorting, const char *path) {
    return sorting->seen[tag_at(sorting, path)].boolean;
}

static void scan(struct sorting *sorting) {
    sorting->time.monotonic_ns += NS_PER_MS;
    sorting->time.wall_ns += NS_PER_MS;
    sorting->milliseconds++;
    scan_once(program_scan(sorting->program), &sorting->time);
    struct scan_change change;
    while (exchange_take_change(sorting->exchange, &change)) {
        sorting->seen[change.tag] = change.value;
        sorting->quality[change.tag] = change.quality;
        sorting->changed_ns[change.tag] = change.time_ns;
    }
    struct scan_event event;
    while (exchange_take_event(sorting->exchange, &event)) sorting->events[event.id]++;
}

static struct scan_result call(struct sorting *sorting, const char *module, const char *method,
                               struct scan_argument argument) {
    uint32_t index = module_at(sorting, module);
    int found = program_method(sorting->program, index, text_of(method));
    if (found < 0) fail_msg("%s has no method %s", module, method);
    struct scan_command command = {
        .id = 1, .session = SESSION, .module = index, .method = (uint16_t)found, .role = SCAN_ROLE_OPERATOR};
    if (argument.type != VALUE_NULL) command.arguments[command.argument_count++] = argument;
    struct scan_result result = {0};
    assert_true(exchange_post(sorting->exchange, &command));
    scan(sorting);
    assert_true(exchange_take_result(sorting->exchange, &result));
    return result;
}

static const struct scan_argument nothing = {.type = VALUE_NULL};

static struct scan_argument truth(bool value) {
    return (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(value)};
}

static struct scan_argument number(int32_t value) {
    return (struct scan_argument){.type = VALUE_INT32, .value = scan_int32(value)};
}

// ---------------------------------------------------------------- what the automatic mode sees

static int64_t changed_us(const struct sorting *sorting, const char *path) {
    return (int64_t)(sorting->changed_ns[tag_at(sorting, path)] / NS_PER_US);
}

static void look_at_controller(struct sorting *sorting, struct station_view *view) {
    const struct program *program = sorting->program;
    uint32_t module = module_at(sorting, "mps_plc");
    uint32_t state = program_variable(program, module, TEXT("State")),
             cause = program_variable(program, module, TEXT("Cause"));
    char buffer[PROGRAM_TEXT_BYTES];
    struct value value = program_value(program, state, sorting->seen[state], buffer);
    view->controller_runs = text_is(value.string, "run");
    value = program_value(program, cause, sorting->seen[cause], buffer);
    snprintf(view->cause, sizeof view->cause, "%.*s", TEXT_ARG(value.string));
}

static void look(struct sorting *sorting) {
    struct station_view *view = &sorting->view;
    const struct station_view before = *view;
    int64_t right_us = changed_us(sorting, "mps_conveyor/motor/direction/right/state");
    int64_t left_us = changed_us(sorting, "mps_conveyor/motor/direction/left/state");
    char buffer[PROGRAM_TEXT_BYTES];
    uint32_t motion = program_variable(sorting->program, module_at(sorting, "mps_ejector/ejector"), TEXT("Motion"));
    struct text moves = program_value(sorting->program, motion, sorting->seen[motion], buffer).string;
    *view = (struct station_view){
        .clock_ms = (int64_t)(sorting->milliseconds / 250 * 250),
        .emergency_stop = on(sorting, "mps_conveyor/emergency_stop/state"),
        .automatic = on(sorting, "mps_hmi/switch_opMode/state"),
        .start = on(sorting, "mps_hmi/actuator_start/state"),
        .stop = on(sorting, "mps_hmi/actuator_stop/state"),
        .reset = on(sorting, "mps_hmi/actuator_reset/state"),
        .magazine_empty = on(sorting, "mps_magazine/lightBarrier_magazineEmpty/state"),
        .pusher_extended = on(sorting, "mps_magazine/ejector/position/extended/state"),
        .pusher_retracted = on(sorting, "mps_magazine/ejector/position/retracted/state"),
        .entry = on(sorting, "mps_conveyor/lightBarrier_entry/state"),
        .occupied = on(sorting, "mps_ejector/lightBarrier_occupancyState/state"),
        .metal = on(sorting, "mps_ejector/sensor_inductive/state"),
        .exit = on(sorting, "mps_conveyor/lightBarrier_exit/state"),
        .slide_full = on(sorting, "mps_ejector/lightBarrier_slideFull/state"),
        .ejector_extended = text_is(moves, "extended"),
        .ejector_retracted = on(sorting, "mps_ejector/ejector/position/retracted/state"),
        .belt_right = on(sorting, "mps_conveyor/motor/direction/right/state"),
        .belt_left = on(sorting, "mps_conveyor/motor/direction/left/state"),
        .belt_slow = on(sorting, "mps_conveyor/motor/slow/state"),
        .belt_blocked = on(sorting, "mps_conveyor/motor/stop/state"),
        .occupied_us = changed_us(sorting, "mps_ejector/lightBarrier_occupancyState/state"),
        .belt_us = right_us > left_us ? right_us : left_us,
    };
    memcpy(view->outcomes, before.outcomes, sizeof view->outcomes);
    memcpy(view->lamps, before.lamps, sizeof view->lamps);
    look_at_controller(sorting, view);
    sorting->before = before;
}

// ---------------------------------------------------------------- what it does

static void command(struct sorting *sorting, enum station_module module, const char *path, const char *method,
                    struct scan_argument argument) {
    struct scan_result result = call(sorting, path, method, argument);
    struct station_outcome *outcome = &sorting->view.outcomes[module];
    char why[PROGRAM_TEXT_BYTES];
    program_reason_text(sorting->program, result.reason, why);
    outcome->time_ms = (int64_t)(sorting->time.wall_ns / NS_PER_MS);
    outcome->refused = scan_refused(result.reason);
    snprintf(outcome->why, sizeof outcome->why, "%s: %.150s", method, why);
}

static void move_belt(struct sorting *sorting, enum station_belt belt) {
    static const char *motor = "mps_conveyor/motor";
    bool runs = belt == BELT_RUN || belt == BELT_RUN_SLOWLY || belt == BELT_BACK;
    if (belt == BELT_RUN_SLOWLY || belt == BELT_SLOW_DOWN || belt == BELT_BACK)
        command(sorting, MODULE_BELT, motor, "setSlow", truth(true));
    if (runs || belt == BELT_STOP)
        command(sorting, MODULE_BELT, motor, "setDirection", number(belt == BELT_BACK ? -1 : runs));
    bool fast_again = sorting->view.belt_slow && (belt == BELT_RUN || belt == BELT_STOP);
    if (fast_again || belt == BELT_SPEED_UP) command(sorting, MODULE_BELT, motor, "setSlow", truth(false));
    if (runs && sorting->view.belt_blocked) command(sorting, MODULE_BELT, motor, "setStop", truth(false));
}

static void decide(struct sorting *sorting) {
    struct station_commands commands = {0};
    look(sorting);
    station_decide(&sorting->automatic, sorting->looked ? &sorting->before : NULL, &sorting->view, &commands);
    sorting->looked = true;
    if (commands.belt != BELT_KEEP) move_belt(sorting, commands.belt);
    if (commands.pusher != STROKE_KEEP)
        command(sorting, MODULE_PUSHER, "mps_magazine/ejector", "setPosition", truth(commands.pusher == STROKE_OUT));
    if (commands.ejector != STROKE_KEEP)
        command(sorting, MODULE_EJECTOR, "mps_ejector/ejector", "setPosition", truth(commands.ejector == STROKE_OUT));
    for (int lamp = 0; lamp < STATION_LAMPS; lamp++)
        if (commands.lamp_given[lamp]) sorting->view.lamps[lamp] = commands.lamps[lamp];
}

void sorting_run(struct sorting *sorting, unsigned milliseconds) {
    for (uint64_t end = sorting->milliseconds + milliseconds; sorting->milliseconds < end;) {
        if (sorting->milliseconds % RENEW_MS < LOOK_MS) call(sorting, "Lock", "RenewLock", nothing);
        decide(sorting);
        for (int i = 0; i < LOOK_MS; i++) scan(sorting);
    }
}

bool sorting_until(struct sorting *sorting, const char *state, unsigned milliseconds) {
    for (unsigned waited = 0; waited <= milliseconds; waited += LOOK_MS) {
        if (strcmp(station_state_name(&sorting->automatic), state) == 0) return true;
        sorting_run(sorting, LOOK_MS);
    }
    return false;
}

// ---------------------------------------------------------------- the rest

struct sorting *sorting_create(void) {
    static const char *const press[] = {"automatic", "start"};
    static const struct sim_options sim_options = {
        .seed = 1, .operator_present = true, .press = press, .press_count = 2};
    struct problem problem = {0};
    struct sorting *sorting = calloc(1, sizeof *sorting);
    assert_non_null(sorting);
    sorting->plant = hall_read_plant();
    if (sim_create(sorting->plant, &sim_options, &sorting->sim, &problem)) fail_msg("%s", problem.text);
    struct program_extra extra = {.name = "simulation", .kind = sim_kind(sorting->sim), .memory = sorting->sim};
    struct program_options options = {.driver = sim_driver(sorting->sim),
                                      .lease_soft_ns = 2 * NS_PER_S,
                                      .lease_hard_ns = 10 * NS_PER_S,
                                      .extra = &extra};
    if (program_create(sorting->plant, &options, &sorting->program, &problem)) fail_msg("%s", problem.text);
    sorting->exchange = program_scan(sorting->program)->exchange;
    assert_true(program_tag_count(sorting->program) <= SORTING_TAGS);
    sorting->time = (struct scan_time){.elapsed_ns = NS_PER_MS, .monotonic_ns = NS_PER_S, .wall_ns = NS_PER_S};
    struct scan_argument context = {.type = VALUE_STRING, .text = "automatic"};
    assert_int_equal(call(sorting, "Lock", "InitLock", context).status, STATUS_Good);
    return sorting;
}

void sorting_destroy(struct sorting *sorting) {
    program_destroy(sorting->program);
    sim_destroy(sorting->sim);
    plant_destroy(sorting->plant);
    free(sorting);
}

uint32_t sorting_count(const struct sorting *sorting, const char *variable) {
    uint32_t tag = program_variable(sorting->program, program_simulation(sorting->program), text_of(variable));
    assert_int_not_equal(tag, SCAN_NO_TAG);
    return sorting->seen[tag].uint32;
}

const char *sorting_cause(const struct sorting *sorting) {
    static char text[PROGRAM_TEXT_BYTES];
    const struct scan *scan = program_scan(sorting->program);
    program_reason_text(sorting->program, scan->safe.cause, text);
    return scan->safe.latched ? text : "";
}

status_code sorting_quality(const struct sorting *sorting, const char *path) {
    return sorting->quality[tag_at(sorting, path)];
}

void sorting_press(struct sorting *sorting, const char *button) {
    assert_true(sim_press(sorting->sim, text_of(button)));
    sorting_run(sorting, 500);
}
