#include "line.h"

#include <base/clock.h>

#include <stdio.h>
#include <string.h>

#define SENTENCE(text, function)                                                                                       \
    { text, function, NULL, NULL, NULL }

static void assert_is(const struct answer *answer, const char *name, enum opcua_node_class node_class) {
    const struct opcua_reference *found = answer_find(answer, name);
    if (found == NULL) fail_msg("%s is not there", name);
    assert_int_equal(found == NULL ? 0 : found->node_class, node_class);
}

static void namespaces_and_paths(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    struct answer answer = hand_browse(&hand, "mps_conveyor/motor/direction/left");
    assert_is(&answer, "state", OPCUA_VARIABLE);
    assert_int_equal(hand_read(&hand, "mps_conveyor/motor/direction/left/state").values[0].type, VALUE_BOOL);
    assert_string_equal(hand_read(&hand, "mps_conveyor/motor/Bmk").texts[0], "1K1");
    struct opcua_node method = {.namespace_index = hand.types, .string = TEXT("MotorType/setDirection")};
    struct answer members = hand_browse_node(&hand, method);
    assert_true(answer_find(&members, "InputArguments")->property);
    hand_close(&hand);
}

static void structure_and_types(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    struct answer objects = hand_browse_node(&hand, (struct opcua_node){.numeric = 85});
    assert_is(&objects, "MPS", OPCUA_OBJECT);
    struct answer station = hand_browse(&hand, "");
    static const char *const things[] = {"mps_conveyor", "mps_hmi",        "mps_magazine", "mps_ejector",
                                         "mps_plc",      "mps_simulation", "Lock"};
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) assert_is(&station, things[i], OPCUA_OBJECT);
    struct answer type =
        hand_browse_node(&hand, (struct opcua_node){.namespace_index = hand.types, .string = TEXT("CoreModuleType")});
    assert_is(&type, "MotorType", OPCUA_OBJECT_TYPE); // HasSubtype is hierarchical
    assert_is(&type, "ButtonType", OPCUA_OBJECT_TYPE);
    struct answer button =
        hand_browse_node(&hand, (struct opcua_node){.namespace_index = hand.types, .string = TEXT("ButtonType")});
    assert_is(&button, "IlluminatedButtonType", OPCUA_OBJECT_TYPE);
    hand_close(&hand);
}

static void an_object_has_what_its_type_and_its_wires_say(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    struct answer motor = hand_browse(&hand, "mps_conveyor/motor");
    static const struct {
        const char *name;
        enum opcua_node_class node_class;
        bool property;
    } members[] = {
        {"direction", OPCUA_OBJECT, false},     {"slow", OPCUA_OBJECT, false},
        {"stop", OPCUA_OBJECT, false},          {"CommandedSpeed", OPCUA_VARIABLE, false},
        {"getDirection", OPCUA_METHOD, false},  {"setDirection", OPCUA_METHOD, false},
        {"setSlow", OPCUA_METHOD, false},       {"setStop", OPCUA_METHOD, false},
        {"ID", OPCUA_VARIABLE, true},           {"Bmk", OPCUA_VARIABLE, true},
        {"NominalSpeed", OPCUA_VARIABLE, true}, {"NominalSlowSpeed", OPCUA_VARIABLE, true},
    };
    enum { MEMBER_COUNT = sizeof members / sizeof members[0] };
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        assert_is(&motor, members[i].name, members[i].node_class);
        assert_int_equal(answer_find(&motor, members[i].name)->property, members[i].property);
    }
    assert_int_equal(motor.count, MEMBER_COUNT); // nothing twice, nothing made up by the library
    assert_true(hand_read(&hand, "mps_conveyor/motor/NominalSpeed").values[0].real == 0.077);
    struct answer ejector = hand_browse(&hand, "mps_ejector/ejector/position");
    assert_is(&ejector, "retracted", OPCUA_OBJECT);
    assert_null(answer_find(&ejector, "extended")); // has no such sensor
    hand_close(&hand);
}

static void signals(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    static const char *const left = "mps_conveyor/motor/direction/left/state";
    struct answer variable = hand_browse(&hand, left);
    assert_int_equal(variable.count, 2);
    assert_string_equal(hand_read(&hand, "mps_conveyor/motor/direction/left/state/OnTrue").texts[0],
                        "setDirection(-1)");
    assert_string_equal(hand_read(&hand, "mps_conveyor/motor/direction/left/state/OnFalse").texts[0],
                        "setDirection(0)");
    assert_int_equal(hand_browse(&hand, "mps_conveyor/lightBarrier_entry/state").count, 0); // a sensor
    hand_close(&hand);
}

static void times_to_live_are_properties(void **state) {
    (void)state;
    CLEANUP(line_destroy_at)
    struct line *line = line_create(
        &(struct line_options){.from = "<Value>setDirection(-1)</Value></Attribute>",
                               .to = "<Value>setDirection(-1)</Value></Attribute><Attribute Name=\"TimeToLive\" "
                                     "AttributeDataType=\"xs:double\"><Value>2.5</Value></Attribute>"});
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    static const char *const left = "mps_conveyor/motor/direction/left/state";
    struct answer wish = hand_browse(&hand, left);
    assert_int_equal(wish.count, 3);
    assert_is(&wish, "TimeToLive", OPCUA_VARIABLE);
    assert_true(answer_find(&wish, "TimeToLive")->property);
    assert_true(hand_read(&hand, "mps_conveyor/motor/direction/left/state/TimeToLive").values[0].real == 2.5);
    assert_null(answer_find(&wish, "MaxAge"));
    hand_close(&hand);
}

static void a_maximum_age_is_told_of_signals_and_variables(void **state) {
    (void)state;
    CLEANUP(line_destroy_at)
    struct line *line = line_create(&(struct line_options){
        .from = "<Description>time of the plant since the start; the heartbeat</Description>",
        .to = "<Description>the heartbeat</Description><Attribute Name=\"MaxAge\" AttributeDataType=\"xs:double\" "
              "Unit=\"s\"><Value>3</Value></Attribute>"});
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    assert_true(hand_read(&hand, "mps_plc/Clock/MaxAge").values[0].real == 3);
    struct answer state_of = hand_browse(&hand, "mps_plc/State");
    assert_null(answer_find(&state_of, "MaxAge"));
    hand_close(&hand);
}

static void all_signals_of_the_plant_are_good(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    line_run_for(line, 20 * NS_PER_MS);
    int64_t now_ns = (int64_t)clock_wall_ns();
    assert_int_equal(line->plant->signal_count, 26);
    for (uint32_t i = 0; i < line->plant->signal_count; i++) {
        struct text path = text_from(program_tag(line->program, i)->path, 4); // without "MPS/"
        char relative[LINE_PATH_BYTES];
        snprintf(relative, sizeof relative, "%.*s", TEXT_ARG(path));
        struct answer answer = hand_read(&hand, relative);
        assert_int_equal(answer.values[0].type, VALUE_BOOL);
        assert_int_equal(answer.statuses[0], STATUS_Good);
        assert_true(answer.times_ns[0] > now_ns - INT64_C(600000000000) &&
                    answer.times_ns[0] <= now_ns + INT64_C(1000000000));
    }
    hand_close(&hand);
}

static void variables(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    struct answer speed = hand_browse(&hand, "mps_conveyor/motor/CommandedSpeed");
    assert_true(answer_find(&speed, "EURange")->property);
    assert_int_equal(answer_find(&speed, "EURange")->browse_namespace, 0);
    assert_true(answer_find(&speed, "EngineeringUnits")->property);
    struct answer motion = hand_browse(&hand, "mps_ejector/ejector/Motion");
    assert_true(answer_find(&motion, "EnumStrings")->property);
    assert_string_equal(hand_read(&hand, "mps_ejector/ejector/Motion").texts[0], "retracted");
    assert_int_equal(hand_read(&hand, "mps_plc/ScanCycles").values[0].type, VALUE_UINT32);
    assert_int_equal(hand_read(&hand, "mps_conveyor/motor/CommandedSpeed").values[0].type, VALUE_DOUBLE);
    hand_close(&hand);
}

static void assert_argument(const struct answer *answer, size_t i, const char *wanted) {
    char text[2 * ANSWER_TEXT_BYTES];
    size_t name = strcspn(answer->texts[i], ":");
    snprintf(text, sizeof text, "%.*s: %s", (int)name, answer->texts[i], value_type_name(answer->types[i]));
    assert_string_equal(text, wanted);
}

static void assert_arguments(struct hand *hand, const char *property, size_t count, const char *first,
                             const char *last) {
    struct answer answer = answer_arguments(hand->line->loop, hand->client, hand_node(hand, property));
    assert_int_equal(answer.status, STATUS_Good);
    assert_int_equal(answer.count, count);
    assert_argument(&answer, 0, first);
    assert_argument(&answer, count - 1, last);
}

static void methods(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    assert_arguments(&hand, "mps_conveyor/motor/setDirection/InputArguments", 1, "Direction: Int32",
                     "Direction: Int32");
    assert_arguments(&hand, "mps_conveyor/motor/setDirection/OutputArguments", 1, "Reason: String", "Reason: String");
    assert_arguments(&hand, "mps_conveyor/motor/getDirection/OutputArguments", 1, "Direction: Int32",
                     "Direction: Int32");
    assert_arguments(&hand, "mps_plc/reset/OutputArguments", 1, "Reason: String", "Reason: String");
    assert_arguments(&hand, "Lock/InitLock/OutputArguments", 1, "InitLockStatus: Int32", "InitLockStatus: Int32");
    assert_arguments(&hand, "mps_simulation/turn/InputArguments", 2, "name: String", "on: Boolean");
    hand_close(&hand);
}

static void channels(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    struct answer module = hand_browse(&hand, "mps_plc/RevPiDI");
    assert_is(&module, "I_9", OPCUA_OBJECT);
    assert_int_equal(answer_find(&module, "I_9")->type_definition.namespace_index, hand.types);
    struct answer type =
        hand_browse_node(&hand, (struct opcua_node){.namespace_index = hand.types, .string = TEXT("InputChannelType")});
    assert_int_equal(type.status, STATUS_Good);
    struct answer channel = hand_browse(&hand, "mps_plc/RevPiDI/I_9");
    assert_is(&channel, "Name", OPCUA_VARIABLE);
    assert_is(&channel, "Value", OPCUA_VARIABLE);
    assert_int_equal(hand_read(&hand, "mps_plc/RevPiDI/I_9/Value").values[0].type, VALUE_BOOL);
    const struct plant_signal *signal = line->plant->signals[0];
    char path[LINE_PATH_BYTES], wire[LINE_PATH_BYTES];
    snprintf(path, sizeof path, "mps_plc/%.*s/%.*s/Name", TEXT_ARG(signal->channel->module->name),
             TEXT_ARG(signal->channel->name));
    snprintf(wire, sizeof wire, "%.*s/%.*s", TEXT_ARG(text_from(signal->module->path, 4)), TEXT_ARG(signal->twin_path));
    assert_string_equal(hand_read(&hand, path).texts[0], wire);
    hand_close(&hand);
}

static void no_simulation_without_its_module(void **state) {
    (void)state;
    struct line_options options = {.no_simulation = true};
    CLEANUP(line_destroy_at) struct line *line = line_create(&options);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    struct answer station = hand_browse(&hand, "");
    assert_null(answer_find(&station, "mps_simulation"));
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE("[opcua-2.1] NodeIds are paths, in the namespaces of station and library", namespaces_and_paths),
        SENTENCE("[opcua-2.2] station, things, modules and their types are there", structure_and_types),
        SENTENCE("[opcua-2.2] an object has what its type and its wires say, and nothing else",
                 an_object_has_what_its_type_and_its_wires_say),
        SENTENCE("[opcua-2.3] actuators say what a desired value calls, sensors do not", signals),
        SENTENCE("[opcua-2.3] the time to live of a wish is a property of what it wants", times_to_live_are_properties),
        SENTENCE("[opcua-2.3] the maximum age is a property of the value",
                 a_maximum_age_is_told_of_signals_and_variables),
        SENTENCE("[opcua-2.7] all signals have good quality and the time of a scan", all_signals_of_the_plant_are_good),
        SENTENCE("[opcua-2.4] variables have their type, range, unit and names", variables),
        SENTENCE("[opcua-2.5] methods have typed arguments, those that ask for something a Reason", methods),
        SENTENCE("[opcua-2.6] channels show where their wire ends, and their value", channels),
        cmocka_unit_test(no_simulation_without_its_module),
    };
    return cmocka_run_group_tests_name("address space", tests, line_make_identities, line_remove_identities);
}
