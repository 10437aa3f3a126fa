#include "../plant.h"

#include <base/cleanup.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct json_document *parse(const char *text) {
    struct json_document *document = NULL;
    assert_int_equal(json_parse(text_of(text), (struct json_limits){8192, 16}, &document, NULL), ERROR_NONE);
    return document;
}

// --- what the plant looks like ---

static void look(struct station_view *view, enum plant_thing thing, const char *reported) {
    CLEANUP(json_destroy_at) struct json_document *document = parse(reported);
    plant_look(view, thing, json_root(document), (struct plant_time){77, 78});
}

static void leaves_of_the_twins_become_the_view(void **state) {
    (void)state;
    struct station_view view = {0};
    look(&view, THING_CONVEYOR,
         "{\"lightBarrier_entry\":{\"state\":true},\"emergency_stop\":{\"state\":false},\"motor\":{\"slow\":{\"state\":"
         "true}}}");
    look(&view, THING_MAGAZINE,
         "{\"ejector\":{\"position\":{\"retracted\":{\"state\":true}}},\"lightBarrier_magazineEmpty\":{\"state\":true}"
         "}");
    look(&view, THING_EJECTOR, "{\"ejector\":{\"Motion\":\"extended\"},\"sensor_inductive\":{\"state\":true}}");
    look(&view, THING_HMI,
         "{\"switch_opMode\":{\"state\":true},\"actuator_start\":{\"state\":true,\"indicator\":{\"state\":true}}}");
    look(&view, THING_PLC, "{\"Clock\":1250,\"State\":\"run\",\"Cause\":\"\"}");
    assert_true(view.entry && view.belt_slow && !view.emergency_stop && !view.exit);
    assert_true(view.pusher_retracted && !view.pusher_extended && view.magazine_empty);
    assert_true(view.ejector_extended && view.metal && !view.occupied);
    assert_true(view.automatic && view.start && view.lamps[LAMP_START] && !view.stop);
    assert_true(view.controller_runs);
    assert_int_equal(view.clock_ms, 1250);
    look(&view, THING_CONVEYOR, "{}"); // what is not there any more is false
    assert_true(!view.entry && !view.belt_slow);
    assert_true(view.metal); // another thing's
}

static void changes_of_sensor_and_belt_are_timed(void **state) {
    (void)state;
    struct station_view view = {0};
    look(&view, THING_EJECTOR, "{\"lightBarrier_occupancyState\":{\"state\":true}}");
    assert_int_equal(view.occupied_us, 78); // arrived late
    assert_int_equal(view.belt_us, 0);
    view.occupied_us = 5;
    look(&view, THING_EJECTOR, "{\"lightBarrier_occupancyState\":{\"state\":true}}");
    assert_int_equal(view.occupied_us, 5); // no change
    look(&view, THING_EJECTOR, "{\"lightBarrier_occupancyState\":{\"state\":false}}");
    assert_int_equal(view.occupied_us, 77); // left early
    look(&view, THING_CONVEYOR, "{\"motor\":{\"direction\":{\"right\":{\"state\":true}}}}");
    assert_int_equal(view.belt_us, 78); // stopped late
}

static void a_controller_in_the_safe_state_does_not_run(void **state) {
    (void)state;
    struct station_view view = {0};
    look(&view, THING_PLC, "{\"Clock\":1250,\"State\":\"safe\",\"Cause\":\"emergency stop\"}");
    assert_false(view.controller_runs);
    assert_string_equal(view.cause, "emergency stop");
}

static void the_outcome_of_a_command_is_seen(void **state) {
    (void)state;
    struct station_view view = {0};
    look(&view, THING_MAGAZINE,
         "{\"ejector\":{\"command\":{\"method\":\"setPosition\",\"arguments\":[true],\"status\":\"BadInvalidState\","
         "\"reason\":\"the emergency stop is active\",\"time\":17}}}");
    assert_true(view.outcomes[MODULE_PUSHER].refused);
    assert_int_equal(view.outcomes[MODULE_PUSHER].time_ms, 17);
    assert_string_equal(view.outcomes[MODULE_PUSHER].why, "setPosition: the emergency stop is active");
    look(&view, THING_MAGAZINE,
         "{\"ejector\":{\"command\":{\"method\":\"setPosition\",\"status\":\"Good\",\"reason\":\"\",\"time\":18}}}");
    assert_false(view.outcomes[MODULE_PUSHER].refused);
}

// --- wishes ---

struct wish_case {
    const char *name;
    enum plant_thing thing;
    struct station_commands commands;
    struct station_view view;
    const char *desired; // "" : no wish
};

static const struct wish_case wish_cases[] = {
    {"no command is no wish", THING_CONVEYOR, {0}, {0}, ""},
    {"the belt runs", THING_CONVEYOR, {.belt = BELT_RUN}, {0}, "{\"motor\":{\"setDirection\":[1]}}"},
    {"the belt runs at full speed again",
     THING_CONVEYOR,
     {.belt = BELT_RUN},
     {.belt_slow = true},
     "{\"motor\":{\"setDirection\":[1],\"setSlow\":[false]}}"},
    {"the belt runs though its stop was set by hand",
     THING_CONVEYOR,
     {.belt = BELT_RUN},
     {.belt_blocked = true},
     "{\"motor\":{\"setDirection\":[1],\"setStop\":[false]}}"},
    {"the belt runs slowly, which is more urgent than that it runs",
     THING_CONVEYOR,
     {.belt = BELT_RUN_SLOWLY},
     {0},
     "{\"motor\":{\"setSlow\":[true],\"setDirection\":[1]}}"},
    {"a belt that runs slows down", THING_CONVEYOR, {.belt = BELT_SLOW_DOWN}, {0}, "{\"motor\":{\"setSlow\":[true]}}"},
    {"a belt that runs slowly speeds up",
     THING_CONVEYOR,
     {.belt = BELT_SPEED_UP},
     {0},
     "{\"motor\":{\"setSlow\":[false]}}"},
    {"the belt runs back slowly",
     THING_CONVEYOR,
     {.belt = BELT_BACK},
     {0},
     "{\"motor\":{\"setSlow\":[true],\"setDirection\":[-1]}}"},
    {"the belt stops first, then leaves the slow speed",
     THING_CONVEYOR,
     {.belt = BELT_STOP},
     {.belt_slow = true},
     "{\"motor\":{\"setDirection\":[0],\"setSlow\":[false]}}"},
    {"the pusher goes out", THING_MAGAZINE, {.pusher = STROKE_OUT}, {0}, "{\"ejector\":{\"setPosition\":[true]}}"},
    {"the ejector goes back", THING_EJECTOR, {.ejector = STROKE_BACK}, {0}, "{\"ejector\":{\"setPosition\":[false]}}"},
    {"the pusher is not the ejector", THING_EJECTOR, {.pusher = STROKE_OUT}, {0}, ""},
    {"lamps are wished for together",
     THING_HMI,
     {.lamp_given = {true, false, true, false}, .lamps = {true, false, false, false}},
     {0},
     "{\"actuator_start\":{\"indicator\":{\"setState\":[true]}},\"indicator_Q1\":{\"setState\":[false]}}"},
};

static void check_wish(void **state) {
    const struct wish_case *c = *state;
    CLEANUP(buffer_clear) struct buffer desired = {0};
    plant_wish(&c->commands, &c->view, c->thing, &desired);
    assert_string_equal(desired.length == 0 ? "" : desired.data, c->desired);
}

// --- the memory ---

static void the_memory_survives_the_twin(void **state) {
    (void)state;
    struct station station = {.step = STEP_AT_SENSOR,
                              .since_ms = 12345,
                              .automatic = true,
                              .stopping = true,
                              .metal = true,
                              .at_exit = true,
                              .exited = true,
                              .belt_clear = true,
                              .behind = true,
                              .tries = 2,
                              .arrived_us = 1795368506730964,
                              .left_us = 1795368506782968,
                              .fed = 7,
                              .sorted = 3,
                              .passed = 4,
                              .interrupted = {CODE_EMERGENCY_STOP, "Emergency stop \"now\"."},
                              .fault = "",
                              .note = {CODE_PRESS_START, "Press start."}};
    CLEANUP(buffer_clear) struct buffer saved = {0};
    station_save(&station, &saved);
    CLEANUP(json_destroy_at) struct json_document *document = parse(saved.data);
    struct station loaded;
    station_load(&loaded, json_root(document));
    assert_memory_equal(&loaded, &station, sizeof station);
    assert_true(text_is(json_string(json_member(json_root(document), "state")), "interrupted"));
}

static void a_new_or_broken_twin_is_a_stopped_station(void **state) {
    (void)state;
    static const char *const broken[] = {"{}", "{\"step\":\"dancing\",\"memory\":{\"beltClear\":true}}",
                                         "{\"step\":7}"};
    struct station station;
    station_load(&station, NULL);
    assert_int_equal(station.step, STEP_STOPPED);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        CLEANUP(json_destroy_at) struct json_document *document = parse(broken[i]);
        station_load(&station, json_root(document));
        assert_int_equal(station.step, STEP_STOPPED);
        assert_false(station.belt_clear);
    }
}

int main(void) {
    enum { WISHES = sizeof wish_cases / sizeof wish_cases[0] };
    struct CMUnitTest tests[WISHES + 6] = {
        cmocka_unit_test(leaves_of_the_twins_become_the_view),
        cmocka_unit_test(changes_of_sensor_and_belt_are_timed),
        cmocka_unit_test(a_controller_in_the_safe_state_does_not_run),
        cmocka_unit_test(the_outcome_of_a_command_is_seen),
        cmocka_unit_test(the_memory_survives_the_twin),
        cmocka_unit_test(a_new_or_broken_twin_is_a_stopped_station),
    };
    for (size_t i = 0; i < WISHES; i++)
        tests[6 + i] = (struct CMUnitTest){wish_cases[i].name, check_wish, NULL, NULL, (void *)&wish_cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
