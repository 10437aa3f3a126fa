// The real plant, read and resolved.
#include "plant_file.h"

#include <base/file.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plant *mps; // read once

static struct plant *read_plant(struct text bytes) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct plant *plant = NULL;
    struct problem problem = {0};
    enum error error = model_read(bytes, findings, &plant, &problem);
    model_findings_print(findings, "plant.aml", &out);
    if (out.length > 0) fail_msg("%.*s", TEXT_ARG(buffer_view(&out)));
    assert_int_equal(error, ERROR_NONE);
    return plant;
}

static int open_plant(void **state) {
    (void)state;
    mps = read_plant(plant_file());
    return 0;
}

static int close_plant(void **state) {
    (void)state;
    plant_destroy(mps);
    return 0;
}

static void assert_text(struct text text, const char *expected) {
    if (!text_is(text, expected)) fail_msg("'%.*s' is not '%s'", TEXT_ARG(text), expected);
}

static const struct plant_element *element(const char *path) {
    const struct plant_element *found = plant_find(mps, text_of(path));
    if (found == NULL) fail_msg("there is no %s", path);
    return found;
}

// ---------------------------------------------------------------- signals

struct signal_case {
    const char *path; // of the variable
    const char *channel;
    uint32_t byte;
    uint8_t bit;
    bool actuator, inverted;
    enum plant_safe_state safe_state;
    const char *on_true, *on_false;
};

static const struct signal_case signals[] = {
    {"MPS/mps_conveyor/emergency_stop/state", "I_15", 12, 6, false, true, SAFE_FALSE, "", ""},
    {"MPS/mps_conveyor/motor/direction/right/state", "O_9", 195, 0, true, false, SAFE_FALSE, "setDirection(1)",
     "setDirection(0)"},
    {"MPS/mps_conveyor/motor/direction/left/state", "O_11", 195, 2, true, false, SAFE_FALSE, "setDirection(-1)",
     "setDirection(0)"},
    {"MPS/mps_conveyor/motor/slow/state", "O_13", 195, 4, true, false, SAFE_FALSE, "setSlow(true)", "setSlow(false)"},
    {"MPS/mps_conveyor/motor/stop/state", "O_15", 195, 6, true, false, SAFE_TRUE, "setStop(true)", "setStop(false)"},
    {"MPS/mps_conveyor/lightBarrier_entry/state", "I_9", 12, 0, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_conveyor/lightBarrier_exit/state", "I_13", 12, 4, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_hmi/actuator_start/state", "I_1", 11, 0, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_hmi/actuator_start/indicator/state", "O_1", 194, 0, true, false, SAFE_HOLD, "setState(true)",
     "setState(false)"},
    {"MPS/mps_hmi/actuator_stop/state", "I_3", 11, 2, false, true, SAFE_FALSE, "", ""},
    {"MPS/mps_hmi/actuator_reset/state", "I_7", 11, 6, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_hmi/actuator_reset/indicator/state", "O_3", 194, 2, true, false, SAFE_HOLD, "setState(true)",
     "setState(false)"},
    {"MPS/mps_hmi/switch_opMode/state", "I_5", 11, 4, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_hmi/indicator_Q1/state", "O_5", 194, 4, true, false, SAFE_HOLD, "setState(true)", "setState(false)"},
    {"MPS/mps_hmi/indicator_Q2/state", "O_7", 194, 6, true, false, SAFE_HOLD, "setState(true)", "setState(false)"},
    {"MPS/mps_magazine/ejector/extend/state", "O_10", 195, 1, true, false, SAFE_FALSE, "setPosition(true)", ""},
    {"MPS/mps_magazine/ejector/retract/state", "O_12", 195, 3, true, false, SAFE_FALSE, "setPosition(false)", ""},
    {"MPS/mps_magazine/ejector/position/extended/state", "I_12", 12, 3, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_magazine/ejector/position/retracted/state", "I_10", 12, 1, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_magazine/lightBarrier_magazineEmpty/state", "I_14", 12, 5, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_ejector/ejector/extend/state", "O_2", 194, 1, true, false, SAFE_FALSE, "setPosition(true)", ""},
    {"MPS/mps_ejector/ejector/retract/state", "O_4", 194, 3, true, false, SAFE_FALSE, "setPosition(false)", ""},
    {"MPS/mps_ejector/ejector/position/retracted/state", "I_2", 11, 1, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_ejector/sensor_inductive/state", "I_4", 11, 3, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_ejector/lightBarrier_occupancyState/state", "I_8", 11, 7, false, false, SAFE_FALSE, "", ""},
    {"MPS/mps_ejector/lightBarrier_slideFull/state", "I_6", 11, 5, false, false, SAFE_FALSE, "", ""},
};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static void check_signal(void **state) {
    const struct signal_case *c = *state;
    const struct plant_signal *signal = mps->signals[c - signals];
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "%.*s/%.*s", TEXT_ARG(signal->module->path), TEXT_ARG(signal->twin_path));
    assert_text(buffer_view(&path), c->path);
    assert_int_equal(signal->index, c - signals);
    assert_int_equal(signal->field.type, VALUE_BOOL);
    assert_int_equal(signal->actuator, c->actuator);
    assert_int_equal(signal->inverted, c->inverted);
    assert_int_equal(signal->safe_state, c->safe_state);
    assert_text(signal->on_true, c->on_true);
    assert_text(signal->on_false, c->on_false);
    assert_text(signal->channel->name, c->channel);
    assert_int_equal(signal->channel->byte, c->byte);
    assert_int_equal(signal->channel->bit, c->bit);
    assert_int_equal(signal->channel->bits, 1);
    assert_int_equal(signal->channel->output, c->actuator);
    assert_ptr_equal(signal->channel->signal, signal);
}

// ---------------------------------------------------------------- the rest

static void the_plant_as_a_whole(void **state) {
    (void)state;
    assert_int_equal(mps->signal_count, SIGNALS);
    assert_int_equal(mps->element_count, 26);
    assert_text(mps->namespace_uri, "urn:serverless-plc:plant:mps");
    assert_text(mps->version, "0.2.0");
    assert_ptr_equal(mps->station, mps->elements[0]);
    assert_text(mps->station->path, "MPS");
    assert_int_equal(mps->station->kind, PLANT_STATION);
    assert_null(mps->station->parent);
    assert_null(mps->station->thing);
    assert_int_equal(mps->station->child_count, 5);
    assert_text(mps->controller->path, "MPS/mps_plc");
}

static void parents_come_before_children(void **state) {
    (void)state;
    for (size_t i = 1; i < mps->element_count; i++) {
        size_t parent = 0;
        while (parent < i && mps->elements[parent] != mps->elements[i]->parent) parent++;
        assert_true(parent < i);
        assert_true(mps->elements[i]->line > mps->elements[i - 1]->line);
    }
}

static void an_element(void **state) {
    (void)state;
    const struct plant_element *motor = element("MPS/mps_conveyor/motor");
    assert_text(motor->name, "motor");
    assert_text(motor->id, "1a421d62-f1bf-5059-a552-919719b74a84");
    assert_text(motor->role, "Motor");
    assert_text(motor->class->name, "Motor");
    assert_text(motor->class->library, "SplcSystemUnitClassLib");
    assert_text(motor->class->base->name, "CoreModule");
    assert_int_equal(motor->kind, PLANT_CORE_MODULE);
    assert_int_equal(motor->signal_count, 4);
    assert_ptr_equal(motor->thing, element("MPS/mps_conveyor"));
    assert_ptr_equal(motor->parent, motor->thing);
    assert_ptr_equal(motor->thing->thing, motor->thing);
    assert_null(plant_find(mps, TEXT("MPS/mps_conveyor/moter")));
    assert_null(plant_find(mps, TEXT("mps_conveyor")));
    const struct plant_element *lamp = element("MPS/mps_hmi/actuator_start/indicator");
    assert_ptr_equal(lamp->parent, element("MPS/mps_hmi/actuator_start"));
    assert_ptr_equal(lamp->thing, element("MPS/mps_hmi"));
}

static void names_for_people(void **state) {
    (void)state;
    assert_text(element("MPS/mps_conveyor")->display_name, "Conveyor");
    assert_text(element("MPS/mps_conveyor")->display_name_de, "Transportband");
    assert_text(element("MPS/mps_conveyor/lightBarrier_entry")->display_name_de, "Einlauf Werkstück");
    assert_text(element("MPS/mps_plc/RevPiDI")->display_name, "RevPiDI"); // none given: the name
    assert_text(element("MPS/mps_plc/RevPiDI")->display_name_de, "");
    assert_text(element("MPS")->description, "Modular Production System, one station");
    assert_text(plant_attribute(element("MPS/mps_conveyor/motor"), TEXT("Bmk")), "1K1");
}

static void designations_need_not_be_unique(void **state) {
    (void)state;
    assert_text(plant_attribute(element("MPS/mps_magazine/ejector"), TEXT("Bmk")), "1M1/1M2");
    assert_text(plant_attribute(element("MPS/mps_ejector/ejector"), TEXT("Bmk")), "1M1/1M2");
}

static void twins_have_type_group_and_attributes(void **state) {
    (void)state;
    assert_text(plant_attribute(element("MPS/mps_conveyor"), TEXT("Twin/ThingType")), "station");
    assert_text(plant_attribute(element("MPS"), TEXT("Twin/ThingGroup")), "Festo_MPS");
    struct text names[4];
    assert_int_equal(plant_members(element("MPS/mps_plc"), TEXT("Twin/Attributes"), names, 4), 2);
    assert_text(names[0], "manufacturer");
    assert_text(plant_attribute(element("MPS/mps_plc"), TEXT("Twin/Attributes/model")), "RevPi_Core_3");
}

static void roles_decide(void **state) {
    (void)state;
    const struct plant_element *plc = element("MPS/mps_plc");
    assert_int_equal(plc->kind, PLANT_THING);
    assert_text(plc->role, "Controller");
    assert_true(plant_has_role(plc, TEXT("Thing")));
    assert_true(plant_has_role(plc, TEXT("Controller")));
    assert_true(plant_has_role(plc, TEXT("AutomationMLCSRoleClassLib/ControlEquipment/Controller/PLC")));
    assert_false(plant_has_role(plc, TEXT("CoreModule")));
    assert_false(plant_has_role(plc, TEXT("NoSuchRole")));
    assert_text(element("MPS/mps_hmi")->role, "Thing");
    const struct plant_element *button = element("MPS/mps_hmi/actuator_start");
    assert_text(button->role, "Button");
    assert_true(plant_has_role(button, TEXT("CoreModule")));
    assert_int_equal(element("MPS/mps_plc/RevPiDI")->kind, PLANT_IO_MODULE);
    assert_text(element("MPS/mps_plc/RevPiDI")->role, "IoModule");
}

/// Nothing here depends on where the picture shows an element: that may be moved without a test.
static void attributes_are_merged(void **state) {
    (void)state;
    const struct plant_element *entry = element("MPS/mps_conveyor/lightBarrier_entry");
    const struct plant_element *ejector = element("MPS/mps_magazine/ejector");
    assert_text(plant_attribute(ejector, TEXT("Sim/ExtendTime")), "0.8");     // instance before class
    assert_text(plant_attribute(ejector, TEXT("Sim/ValveDelay")), "0.015");   // class, of the same attribute
    assert_text(plant_attribute(ejector, TEXT("Timeout")), "3.0");            // default of the class
    assert_text(plant_attribute(entry, TEXT("Hmi/Symbol")), "light-barrier"); // class
    assert_true(plant_attribute(entry, TEXT("Hmi/X")).length > 0);            // instance
    assert_text(plant_attribute(mps->controller, TEXT("Hmi/Rotation")), "0"); // attribute type
    const struct plant_element *start = element("MPS/mps_hmi/actuator_start");
    assert_text(plant_attribute(start, TEXT("Hmi/Symbol")), "illuminated-button"); // derived class before its base
    assert_true(plant_attribute(start, TEXT("Hmi/Width")).length > 0);             // base class
    assert_text(plant_attribute(mps->controller, TEXT("Driver")), "picontrol");
    assert_text(plant_attribute(mps->controller, TEXT("CycleTime")), "10");
    assert_text(plant_attribute(entry, TEXT("Hmi")), "");
    assert_text(plant_attribute(entry, TEXT("Hmi/Nothing")), "");
    assert_text(plant_attribute(entry, TEXT("")), "");
    assert_true(isnan(plant_number(entry, TEXT("Sim/Nothing"), NAN)));
    assert_true(plant_number(entry, TEXT("Hmi/Symbol"), -1) < 0);
}

struct number_case {
    const char *name;
    const char *element, *attribute;
    double value;
};

static const struct number_case numbers[] = {
    {"the belt is 600 mm long", "MPS/mps_conveyor", "Sim/BeltLength", 600},
    {"a workpiece is 40 mm long", "MPS/mps_conveyor", "Sim/WorkpieceLength", 40},
    {"the magazine feeds the belt at 30 mm", "MPS/mps_magazine", "Sim/FeedsBeltAt", 30},
    {"the entry beam is at 250 mm", "MPS/mps_conveyor/lightBarrier_entry", "Sim/BeltPosition", 250},
    {"the material sensor is at 300 mm", "MPS/mps_ejector/sensor_inductive", "Sim/BeltPosition", 300},
    {"the occupancy beam is at 300 mm", "MPS/mps_ejector/lightBarrier_occupancyState", "Sim/BeltPosition", 300},
    {"the ejector is at 320 mm", "MPS/mps_ejector", "Sim/EjectsBeltAt", 320},
    {"the exit beam is at 560 mm", "MPS/mps_conveyor/lightBarrier_exit", "Sim/BeltPosition", 560},
    {"the slide takes 5 workpieces", "MPS/mps_ejector", "Sim/SlideCapacity", 5},
    {"the magazine's cylinder extends in 0.8 s", "MPS/mps_magazine/ejector", "Sim/ExtendTime", 0.8},
    {"the magazine's cylinder retracts in 0.6 s", "MPS/mps_magazine/ejector", "Sim/RetractTime", 0.6},
    {"the ejector extends in 0.4 s", "MPS/mps_ejector/ejector", "Sim/ExtendTime", 0.4},
    {"the ejector retracts in 0.35 s", "MPS/mps_ejector/ejector", "Sim/RetractTime", 0.35},
    {"a valve takes 15 ms", "MPS/mps_magazine/ejector", "Sim/ValveDelay", 0.015},
    {"the belt moves with 77 mm/s", "MPS/mps_conveyor/motor", "Sim/SpeedFast", 0.077},
    {"the belt moves slowly with 40 mm/s", "MPS/mps_conveyor/motor", "Sim/SpeedSlow", 0.040},
    {"the belt speeds up in 0.2 s", "MPS/mps_conveyor/motor", "Sim/RampTime", 0.2},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static void check_number(void **state) {
    const struct number_case *c = *state;
    double value = plant_number(element(c->element), text_of(c->attribute), NAN);
    if (!(fabs(value - c->value) < 1e-9)) fail_msg("%s/%s is %g", c->element, c->attribute, value);
}

static void classes_and_their_members(void **state) {
    (void)state;
    const struct plant_class *motor = element("MPS/mps_conveyor/motor")->class;
    const struct plant_field *speed = plant_class_variable(motor, TEXT("CommandedSpeed"));
    assert_int_equal(speed->type, VALUE_DOUBLE);
    assert_text(speed->unit, "m/s");
    assert_true(speed->range.given);
    assert_true(fabs(speed->range.low + 0.077) < 1e-9 && fabs(speed->range.high - 0.077) < 1e-9);
    const struct plant_method *method = plant_class_method(motor, TEXT("setDirection"));
    assert_int_equal(method->input_count, 1);
    assert_int_equal(method->output_count, 0);
    assert_text(method->inputs[0].name, "Direction");
    assert_int_equal(method->inputs[0].type, VALUE_INT32);
    assert_true(method->inputs[0].range.low < -0.5 && method->inputs[0].range.high < 1.5);
    assert_null(plant_class_method(motor, TEXT("setPosition")));

    const struct plant_class *button = element("MPS/mps_hmi/actuator_start")->class;
    assert_text(button->name, "IlluminatedButton");
    assert_int_equal(button->method_count, 0);
    assert_non_null(plant_class_method(button, TEXT("getState"))); // of its base class
    assert_true(plant_class_is(button, TEXT("Button")));
    assert_true(plant_class_is(button, TEXT("CoreModule")));
    assert_false(plant_class_is(button, TEXT("Switch")));

    const struct plant_class *cylinder = element("MPS/mps_ejector/ejector")->class;
    const struct plant_field *motion = plant_class_variable(cylinder, TEXT("Motion"));
    assert_int_equal(motion->name_count, 6);
    assert_text(motion->names[5], "fault");
    const struct plant_event *timeout = plant_class_event(cylinder, TEXT("PositionTimeout"));
    assert_int_equal(timeout->severity, 500);
    assert_text(timeout->message, "End position not reached in time");
    assert_null(plant_class_event(cylinder, TEXT("Tripped")));
}

static void the_controller(void **state) {
    (void)state;
    const struct plant_class *class = mps->controller->class;
    assert_text(class->name, "RevPiCore3");
    assert_text(class->base->name, "Controller");
    assert_true(plant_class_is(class, TEXT("Thing")));
    assert_int_equal(class->parameter_count, 0); // Driver only has another value here
    assert_int_equal(class->base->parameter_count, 3);
    const struct plant_field *mode = plant_class_variable(class, TEXT("State"));
    assert_int_equal(mode->name_count, 4);
    assert_text(mode->names[3], "safe");
    assert_int_equal(plant_class_variable(class, TEXT("Clock"))->type, VALUE_UINT32);
    assert_text(plant_class_variable(class, TEXT("ScanTimeMax"))->unit, "us");
    const struct plant_method *reset = plant_class_method(class, TEXT("reset"));
    assert_int_equal(reset->input_count + reset->output_count, 0);
    assert_int_equal(plant_class_event(class, TEXT("SafeStateEntered"))->severity, 800);
    assert_int_equal(plant_class_event(class, TEXT("SafeStateLeft"))->severity, 300);
    assert_int_equal(plant_class_event(class, TEXT("CommandRefused"))->severity, 400);
}

static void classes_without_an_instance(void **state) {
    (void)state;
    const struct plant_class *simulation = plant_find_class(mps, TEXT("Simulation"));
    assert_text(simulation->base->name, "Thing");
    assert_int_equal(simulation->variable_count, 13);
    assert_int_equal(simulation->method_count, 7);
    const struct plant_method *turn = plant_class_method(simulation, TEXT("turn"));
    assert_int_equal(turn->input_count, 2);
    assert_text(turn->inputs[0].name, "name");
    assert_int_equal(turn->inputs[1].type, VALUE_BOOL);
    assert_null(plant_find_class(mps, TEXT("Nothing")));
    for (size_t i = 0; i < mps->class_count; i++) { // bases first
        size_t base = 0;
        while (base < i && mps->classes[base] != mps->classes[i]->base) base++;
        assert_true(mps->classes[i]->base == NULL || base < i);
    }
}

static void channels_of_the_controller(void **state) {
    (void)state;
    const struct plant_element *inputs = element("MPS/mps_plc/RevPiDI");
    assert_int_equal(inputs->channel_count, 17);
    assert_text(inputs->channels[8]->name, "I_9"); // "11.8" in PiCtory
    assert_text(inputs->channels[8]->description, "Einlauf Werkstück");
    assert_int_equal(inputs->channels[8]->byte, 12);
    assert_int_equal(inputs->channels[8]->bit, 0);
    assert_null(inputs->channels[10]->signal); // free
    assert_text(inputs->channels[16]->name, "Status");
    assert_int_equal(inputs->channels[16]->byte, 15);
    assert_int_equal(inputs->channels[16]->bits, 16);
    assert_int_equal(mps->controller->channel_count, 3);
    assert_text(mps->controller->channels[2]->name, "RevPiLED");
    assert_true(mps->controller->channels[2]->output);
    assert_int_equal(mps->controller->channels[2]->byte, 6);
}

static void units_have_codes(void **state) {
    (void)state;
    assert_string_equal(plant_unit_code(TEXT("m/s")), "MTS");
    assert_string_equal(plant_unit_code(TEXT("us")), "B98");
    assert_null(plant_unit_code(TEXT("px")));
    assert_null(plant_unit_code(TEXT("furlong")));
}

int main(void) {
    static const struct CMUnitTest others[] = {
        {"[model-3.1] the plant has its station, controller, namespace and version", the_plant_as_a_whole, NULL, NULL,
         NULL},
        {"elements come in the order of the file, parents first", parents_come_before_children, NULL, NULL, NULL},
        {"an element knows its class, thing, parent and signals", an_element, NULL, NULL, NULL},
        {"[model-2.4] display names are found in English and German", names_for_people, NULL, NULL, NULL},
        {"[model-2.5] designations need not be unique", designations_need_not_be_unique, NULL, NULL, NULL},
        {"[model-2.6] a twin has type, group and fixed attributes", twins_have_type_group_and_attributes, NULL, NULL,
         NULL},
        {"[model-3.6] roles say what an element is", roles_decide, NULL, NULL, NULL},
        {"[model-4.1] attributes are merged member by member, the most specific first", attributes_are_merged, NULL,
         NULL, NULL},
        {"[model-4.3] classes have variables, methods and events", classes_and_their_members, NULL, NULL, NULL},
        {"[model-4.4] the controller's class inherits what every controller has", the_controller, NULL, NULL, NULL},
        {"classes without an instance are there, bases first", classes_without_an_instance, NULL, NULL, NULL},
        {"[model-6.4] channels have addresses in the process image", channels_of_the_controller, NULL, NULL, NULL},
        {"[model-5.4] units have the codes of UNECE", units_have_codes, NULL, NULL, NULL},
    };
    enum { OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[SIGNALS + NUMBERS + OTHERS];
    size_t count = 0;
    for (size_t i = 0; i < SIGNALS; i++)
        tests[count++] = (struct CMUnitTest){signals[i].path, check_signal, NULL, NULL, (void *)&signals[i]};
    for (size_t i = 0; i < NUMBERS; i++)
        tests[count++] = (struct CMUnitTest){numbers[i].name, check_number, NULL, NULL, (void *)&numbers[i]};
    for (size_t i = 0; i < OTHERS; i++) tests[count++] = others[i];
    return cmocka_run_group_tests_name("model: the plant", tests, open_plant, close_plant);
}
