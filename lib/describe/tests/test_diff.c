// Each rule of the comparison: the example plant with one edit, and what is said of it.
#include <base/file.h>
#include <describe/diff.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct text example(void) {
    static struct buffer file; // the one copy
    if (file.length == 0)
        assert_int_equal(file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &file, NULL), ERROR_NONE);
    return buffer_view(&file);
}

/// `with` for the first `find` behind `after`.
struct edit {
    const char *after, *find, *with;
};

static struct plant *read_edited(struct edit edit) {
    struct text from = example();
    CLEANUP(buffer_clear) struct buffer text = {0};
    size_t at = 0;
    if (edit.after != NULL) {
        const char *after = memmem(from.data, from.length, edit.after, strlen(edit.after));
        if (after == NULL) fail_msg("'%s' is not in the model", edit.after);
        at = (size_t)(after - from.data);
    }
    if (edit.find != NULL) {
        const char *found = memmem(from.data + at, from.length - at, edit.find, strlen(edit.find));
        if (found == NULL) fail_msg("'%s' is not in the model", edit.find);
        buffer_append(&text, from.data, (size_t)(found - from.data));
        buffer_string(&text, edit.with);
        from = text_from(from, (size_t)(found - from.data) + strlen(edit.find));
    }
    buffer_text(&text, from);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    struct problem problem = {""};
    if (model_read_of_another(buffer_view(&text), findings, &plant, &problem)) fail_msg("%s", problem.text);
    return plant;
}

#define SPARE                                                                                                          \
    "<ExternalInterface Name=\"I_16\" ID=\"e2133e10-2faf-5f87-a20d-64e5875f628b\" "                                    \
    "RefBaseClassPath=\"SplcInterfaceClassLib/InputChannel\"/>"
#define WISH "<Value>setDirection(1)</Value>"
#define BEAM "Name=\"lightBarrier_exit\" ID=\"6135ac11-91d9-50cb-9215-a59ddd5d3c1d\""
#define BEAM_OPEN                                                                                                      \
    "<ExternalInterface Name=\"signal\" ID=\"3362612e-3690-5198-a7bc-e40b0f1e4786\" "                                  \
    "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\""
#define BEAM_SIGNAL BEAM_OPEN "/>"
#define BEAM_WITH(name, unit)                                                                                          \
    BEAM_OPEN "><Attribute Name=\"" name "\" AttributeDataType=\"xs:double\" Unit=\"" unit                             \
              "\"><Value>5</Value></Attribute></ExternalInterface>"
#define MOTOR_HMI "<Value>1K1</Value></Attribute>"
#define INTERLOCK                                                                                                      \
    "<Value>1K1</Value></Attribute><Attribute Name=\"Interlocks\"><Attribute Name=\"Late\" "                           \
    "AttributeDataType=\"xs:string\"><Value>lightBarrier_exit/state is true</Value></Attribute></Attribute>"
static const struct diff_case {
    const char *name;
    struct edit edit;
    const char *rule, *path;
    bool reversed; // the edited model is the old one
} cases[] = {
    {"another name of the station", {NULL, "Name=\"MPS\" ID", "Name=\"MPX\" ID"}, "station", "MPX", false},
    {"another namespace",
     {NULL, "urn:serverless-plc:plant:mps", "urn:serverless-plc:plant:other"},
     "namespace",
     "MPS",
     false},
    {"another name of a thing",
     {NULL, "Name=\"mps_ejector\"", "Name=\"mps_sorter\""},
     "renamed",
     "MPS/mps_sorter",
     false},
    {"another name of a sensor",
     {NULL, "Name=\"lightBarrier_exit\"", "Name=\"beam\""},
     "renamed",
     "MPS/mps_conveyor/beam",
     false},
    {"a sensor with another name and ID is gone",
     {NULL, BEAM, "Name=\"b\" ID=\"6135ac11-91d9-50cb-9215-a59ddd5d3c1e\""},
     "element-gone",
     "MPS/mps_conveyor/lightBarrier_exit",
     false},
    {"and a new one is there",
     {NULL, BEAM, "Name=\"b\" ID=\"6135ac11-91d9-50cb-9215-a59ddd5d3c1e\""},
     "element-new",
     "MPS/mps_conveyor/b",
     false},
    {"another ID",
     {NULL, BEAM, "Name=\"lightBarrier_exit\" ID=\"6135ac11-91d9-50cb-9215-a59ddd5d3c1e\""},
     "id",
     "MPS/mps_conveyor/lightBarrier_exit",
     false},
    {"another class",
     {"Name=\"actuator_stop\"", "SplcSystemUnitClassLib/Button", "SplcSystemUnitClassLib/IlluminatedButton"},
     "class",
     "MPS/mps_hmi/actuator_stop",
     false},
    {"another path of a value",
     {NULL, "<Value>direction/right/state</Value>", "<Value>direction/forth/state</Value>"},
     "value-moved",
     "MPS/mps_conveyor/motor/direction/forth/state",
     false},
    {"a type in use",
     {NULL, "Name=\"ScanCycles\" AttributeDataType=\"xs:unsignedInt\"",
      "Name=\"ScanCycles\" AttributeDataType=\"xs:int\""},
     "type",
     NULL,
     false},
    {"another unit",
     {NULL, "Name=\"CommandedSpeed\" AttributeDataType=\"xs:double\" Unit=\"m/s\"",
      "Name=\"CommandedSpeed\" AttributeDataType=\"xs:double\" Unit=\"mm\""},
     "unit",
     "Motor/CommandedSpeed",
     false},
    {"a word more",
     {NULL, "<RequiredValue>unknown</RequiredValue>",
      "<RequiredValue>unknown</RequiredValue><RequiredValue>lost</RequiredValue>"},
     "word-new",
     "PneumaticCylinder/Motion",
     false},
    {"a word less",
     {NULL, "<RequiredValue>unknown</RequiredValue>", ""},
     "word-gone",
     "PneumaticCylinder/Motion",
     false},
    {"another range",
     {"Name=\"CommandedSpeed\"", "<RequiredMaxValue>0.077</RequiredMaxValue>",
      "<RequiredMaxValue>0.1</RequiredMaxValue>"},
     "range",
     "Motor/CommandedSpeed",
     false},
    {"another call of a wish",
     {NULL, WISH, "<Value>setDirection(0)</Value>"},
     "wish",
     "MPS/mps_conveyor/motor/direction/right/state",
     false},
    {"a wire moved",
     {"RefPartnerSideA=\"d64db998", "483104ee-4ff1-5c32-a250-a08c52f7b810", "e2133e10-2faf-5f87-a20d-64e5875f628b"},
     "wire",
     "MPS/mps_ejector/sensor_inductive/state",
     false},
    {"a signal no longer inverted",
     {"Break contact", "<Value>true</Value>", "<Value>false</Value>"},
     "inverted",
     "MPS/mps_hmi/actuator_stop/state",
     false},
    {"another safe state",
     {"<Value>stop/state</Value>", "<Value>true</Value>", "<Value>hold</Value>"},
     "safe-state",
     "MPS/mps_conveyor/motor/stop/state",
     false},
    {"a debounce",
     {"Name=\"LightBarrier\"",
      "<ExternalInterface Name=\"signal\" ID=\"3362612e-3690-5198-a7bc-e40b0f1e4786\" "
      "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"/>",
      "<ExternalInterface Name=\"signal\" ID=\"3362612e-3690-5198-a7bc-e40b0f1e4786\" "
      "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"><Attribute Name=\"Debounce\" "
      "AttributeDataType=\"xs:double\" Unit=\"ms\"><Value>5</Value></Attribute></ExternalInterface>"},
     "conditioning",
     "MPS/mps_conveyor/lightBarrier_entry/state",
     false},
    {"a channel gone", {NULL, SPARE, ""}, "channel-gone", "MPS/mps_plc/RevPiDI/I_16", false},
    {"a channel new", {NULL, SPARE, ""}, "channel-new", "MPS/mps_plc/RevPiDI/I_16", true},
    {"another address of a module",
     {"Name=\"RevPiDO\"", "<Value>194</Value>", "<Value>200</Value>"},
     "address",
     "MPS/mps_plc/RevPiDO/O_1",
     false},
    {"a wish less", {NULL, WISH, ""}, "wish", "MPS/mps_conveyor/motor/direction/right/state", false},
    {"a wish more", {NULL, WISH, ""}, "wish-new", "MPS/mps_conveyor/motor/direction/right/state", true},
    {"another method",
     {NULL, "Name=\"getDirection\"", "Name=\"readDirection\""},
     "method-gone",
     "Motor/getDirection",
     false},
    {"and its new name",
     {NULL, "Name=\"getDirection\"", "Name=\"readDirection\""},
     "method-new",
     "Motor/readDirection",
     false},
    {"another argument",
     {"Name=\"setSlow\"", "Name=\"State\" AttributeDataType=\"xs:boolean\"",
      "Name=\"On\" AttributeDataType=\"xs:boolean\""},
     "arguments",
     "Motor/setSlow",
     false},
    {"narrower limits",
     {"Name=\"setDirection\"", "<RequiredMaxValue>1</RequiredMaxValue>", "<RequiredMaxValue>2</RequiredMaxValue>"},
     "limit-narrower",
     "Motor/setDirection",
     true},
    {"wider limits",
     {"Name=\"setDirection\"", "<RequiredMaxValue>1</RequiredMaxValue>", "<RequiredMaxValue>2</RequiredMaxValue>"},
     "limit-wider",
     "Motor/setDirection",
     false},
    {"an event gone",
     {NULL, "Name=\"PositionTimeout\"", "Name=\"TooLate\""},
     "event-gone",
     "PneumaticCylinder/PositionTimeout",
     false},
    {"an event new",
     {NULL, "Name=\"PositionTimeout\"", "Name=\"TooLate\""},
     "event-new",
     "PneumaticCylinder/TooLate",
     false},
    {"a parameter gone",
     {"SystemUnitClass Name=\"PneumaticCylinder\"", "Name=\"StrokeTime\"", "Name=\"Stroke\""},
     "parameter-gone",
     "PneumaticCylinder/StrokeTime",
     false},
    {"another value of a parameter",
     {"Name=\"StrokeTime\"", "<DefaultValue>1.0</DefaultValue>", "<DefaultValue>2.0</DefaultValue>"},
     "parameter",
     "MPS/mps_magazine/ejector/StrokeTime",
     false},
    {"another name for people",
     {NULL, "<Value>Belt motor</Value>", "<Value>Drive</Value>"},
     "text",
     "MPS/mps_conveyor/motor/DisplayName",
     false},
    {"another place on the picture",
     {"Name=\"motor\"", "<Value>35</Value>", "<Value>36</Value>"},
     "text",
     "MPS/mps_conveyor/motor/Hmi/X",
     false},
    {"another simulated position",
     {"Name=\"lightBarrier_exit\"", "<Value>560</Value>", "<Value>570</Value>"},
     "text",
     "MPS/mps_conveyor/lightBarrier_exit/Sim/BeltPosition",
     false},
    // every attribute of the convention that is not above has its verdict
    {"another thing type",
     {"Name=\"mps_conveyor\"", "<Value>station</Value>", "<Value>belt</Value>"},
     "thing-type",
     "MPS/mps_conveyor/Twin/ThingType",
     false},
    {"another thing group",
     {"Name=\"ThingGroup\"", "<Value>", "<Value>Other"},
     "thing-group",
     "MPS/Twin/ThingGroup",
     false},
    {"another fixed attribute of a thing",
     {NULL, "<Value>Kunbus</Value>", "<Value>Other</Value>"},
     "thing-attribute",
     "MPS/mps_plc/Twin/Attributes/manufacturer",
     false},
    {"a fixed attribute less",
     {NULL, "Name=\"model\"  ", "Name=\"type\"  "},
     "thing-attribute",
     "MPS/mps_plc/Twin/Attributes/model",
     false},
    {"a fixed attribute more",
     {NULL, "Name=\"model\"  ", "Name=\"type\"  "},
     "text",
     "MPS/mps_plc/Twin/Attributes/type",
     false},
    {"another severity",
     {"Name=\"PositionTimeout\"", "<Value>500</Value>", "<Value>400</Value>"},
     "severity",
     "PneumaticCylinder/PositionTimeout",
     false},
    {"another message",
     {NULL, "<Value>End position not reached in time</Value>", "<Value>Too late</Value>"},
     "text",
     "PneumaticCylinder/PositionTimeout",
     false},
    {"another base class",
     {"<SystemUnitClass Name=\"LedIndicator\"", "SplcSystemUnitClassLib/CoreModule", "SplcSystemUnitClassLib/Button"},
     "base",
     "LedIndicator",
     false},
    {"a variable less",
     {NULL, "Name=\"CommandedSpeed\"", "Name=\"Speed\""},
     "value-gone",
     "Motor/CommandedSpeed",
     false},
    {"a variable more", {NULL, "Name=\"CommandedSpeed\"", "Name=\"Speed\""}, "value-new", "Motor/Speed", false},
    {"a parameter more",
     {"SystemUnitClass Name=\"PneumaticCylinder\"", "Name=\"StrokeTime\"", "Name=\"Stroke\""},
     "parameter",
     "PneumaticCylinder/Stroke",
     false},
    {"what is retained",
     {NULL, "<DefaultValue>LastPosition<", "<DefaultValue><"},
     "parameter",
     "MPS/mps_magazine/ejector/Retain",
     false},
    {"the function of a button",
     {NULL, "<Value>stop</Value>", "<Value>start</Value>"},
     "parameter",
     "MPS/mps_hmi/actuator_stop/Function",
     false},
    {"the words of a switch",
     {NULL, "<Value>manual</Value>", "<Value>by hand</Value>"},
     "parameter",
     "MPS/mps_hmi/switch_opMode/TextFalse",
     false},
    {"the driver", {NULL, "<Value>picontrol</Value>", "<Value>sim</Value>"}, "parameter", "MPS/mps_plc/Driver", false},
    {"the cycle time",
     {"Name=\"CycleTime\"", "<DefaultValue>10<", "<DefaultValue>5<"},
     "parameter",
     "MPS/mps_plc/CycleTime",
     false},
    {"an interlock", {NULL, MOTOR_HMI, INTERLOCK}, "interlock", "MPS/mps_conveyor/motor/Interlocks/Late", false},
    {"an interlock less", {NULL, MOTOR_HMI, INTERLOCK}, "interlock", "MPS/mps_conveyor/motor/Interlocks/Late", true},
    {"the time to live of a wish",
     {NULL, WISH "</Attribute>",
      WISH "</Attribute><Attribute Name=\"TimeToLive\" AttributeDataType=\"xs:double\" Unit=\"s\"><Value>3</Value>"
           "</Attribute>"},
     "time-to-live",
     "MPS/mps_conveyor/motor/direction/right/state",
     false},
    {"the maximum age of a signal",
     {"Name=\"LightBarrier\"", BEAM_SIGNAL, BEAM_WITH("MaxAge", "s")},
     "max-age",
     "MPS/mps_conveyor/lightBarrier_entry/state",
     false},
    {"a latch",
     {"Name=\"LightBarrier\"", BEAM_SIGNAL, BEAM_WITH("Latch", "ms")},
     "conditioning",
     "MPS/mps_conveyor/lightBarrier_entry/state",
     false},
    {"an age after which a value is lost",
     {"Name=\"LightBarrier\"", BEAM_SIGNAL, BEAM_WITH("StaleAfter", "ms")},
     "conditioning",
     "MPS/mps_conveyor/lightBarrier_entry/state",
     false},
    {"a substitute",
     {"Name=\"LightBarrier\"", BEAM_SIGNAL,
      BEAM_OPEN "><Attribute Name=\"Substitute\" AttributeDataType=\"xs:string\"><Value>hold</Value></Attribute>"
                "</ExternalInterface>"},
     "conditioning",
     "MPS/mps_conveyor/lightBarrier_entry/state",
     false},
    {"another encoding of a channel",
     {"<SystemUnitClass Name=\"RevPiCore3\"", "<Attribute Name=\"Length\"",
      "<Attribute Name=\"Encoding\" AttributeDataType=\"xs:string\"><Value>signed</Value></Attribute><Attribute "
      "Name=\"Length\""},
     "address",
     "MPS/mps_plc/RevPiStatus",
     false},
    {"another length of a channel",
     {"<SystemUnitClass Name=\"RevPiCore3\"", "<Value>8</Value>", "<Value>4</Value>"},
     "address",
     "MPS/mps_plc/RevPiStatus",
     false},
    {"a designation", {NULL, "<Value>1K1</Value>", "<Value>1K2</Value>"}, "text", "MPS/mps_conveyor/motor/Bmk", false},
    {"a translation",
     {NULL, "<Value>Bandmotor</Value>", "<Value>Motor</Value>"},
     "text",
     "MPS/mps_conveyor/motor/DisplayName/aml-lang=de-DE",
     false},
    {"the version of the plant", {"<InstanceHierarchy", "<Version>", "<Version>9"}, "text", "MPS/Version", false},
    {"a symbol", {NULL, "<Value>belt</Value>", "<Value>plc</Value>"}, "text", "MPS/mps_conveyor/Hmi/Symbol", false},
    {"a size on the picture",
     {"Name=\"mps_conveyor\"", "Name=\"Width\"  AttributeDataType=\"xs:int\" Unit=\"px\"><Value>",
      "Name=\"Width\"  AttributeDataType=\"xs:int\" Unit=\"px\"><Value>1"},
     "text",
     "MPS/mps_conveyor/Hmi/Width",
     false},
};

/// Rules that no single change leads to, so that no row above can.
static const char *const others[] = {
    "controller", // the role goes from one element to another
    "direction",  // the wire goes with it
};

static void every_rule_has_a_row(void **state) {
    (void)state;
    for (size_t i = 0; i < describe_rule_count; i++) {
        const char *name = describe_rules[i].name;
        bool found = strcmp(name, others[0]) == 0 || strcmp(name, others[1]) == 0;
        for (size_t c = 0; !found && c < sizeof cases / sizeof cases[0]; c++) found = strcmp(cases[c].rule, name) == 0;
        if (!found) fail_msg("nothing shows the rule %s", name);
    }
}

static void check(void **state) {
    const struct diff_case *c = *state;
    CLEANUP(plant_destroy_at) struct plant *old = read_edited((struct edit){NULL, NULL, NULL});
    CLEANUP(plant_destroy_at) struct plant *new = read_edited(c->edit);
    CLEANUP(diff_destroy_at) struct diff *diff = c->reversed ? diff_create(new, old) : diff_create(old, new);
    assert_non_null(diff);
    for (size_t i = 0; i < diff_count(diff); i++) {
        const struct difference *difference = diff_at(diff, i);
        bool here = c->path == NULL || text_is(difference->path, c->path);
        if (here && strcmp(difference->rule->name, c->rule) == 0) {
            assert_true(diff_verdict(diff) >= difference->rule->verdict);
            return;
        }
    }
    for (size_t i = 0; i < diff_count(diff); i++)
        print_error("%s: %.*s: %.*s\n", diff_at(diff, i)->rule->name, TEXT_ARG(diff_at(diff, i)->path),
                    TEXT_ARG(diff_at(diff, i)->detail));
    fail_msg("no difference %s at %s", c->rule, c->path);
}

static void a_model_does_not_differ_from_itself(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *plant = read_edited((struct edit){NULL, NULL, NULL});
    CLEANUP(diff_destroy_at) struct diff *diff = diff_create(plant, plant);
    assert_int_equal(diff_count(diff), 0);
    assert_int_equal(diff_verdict(diff), VERDICT_COMPATIBLE);
}

static void a_renamed_thing_is_one_difference_and_not_one_for_each_part(void **state) {
    (void)state;
    CLEANUP(plant_destroy_at) struct plant *old = read_edited((struct edit){NULL, NULL, NULL});
    CLEANUP(plant_destroy_at)
    struct plant *new = read_edited((struct edit){NULL, "Name=\"mps_ejector\"", "Name=\"mps_sorter\""});
    CLEANUP(diff_destroy_at) struct diff *diff = diff_create(old, new);
    assert_int_equal(diff_count(diff), 1);
}

static void the_guide_has_every_rule_with_its_verdict(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer guide = {0};
    assert_int_equal(file_read(SOURCE_FOLDER "/docs/guide/model.md", MODEL_BYTES_MAX, &guide, NULL), ERROR_NONE);
    for (size_t i = 0; i < describe_rule_count; i++) {
        const struct rule *rule = &describe_rules[i];
        CLEANUP(buffer_clear) struct buffer row = {0};
        buffer_print(&row, "| `%s` | %s | %s | %s |", rule->name, rule->what, verdict_name(rule->verdict), rule->why);
        if (memmem(guide.data, guide.length, row.data, row.length) == NULL)
            fail_msg("docs/guide/model.md lacks the row %s", row.data);
    }
}

int main(void) {
    enum { CASES = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[CASES + 4] = {
        cmocka_unit_test(every_rule_has_a_row),
        cmocka_unit_test(a_model_does_not_differ_from_itself),
        cmocka_unit_test(a_renamed_thing_is_one_difference_and_not_one_for_each_part),
        cmocka_unit_test(the_guide_has_every_rule_with_its_verdict),
    };
    for (size_t i = 0; i < CASES; i++)
        tests[i + 4] = (struct CMUnitTest){cases[i].name, check, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    return _cmocka_run_group_tests("diff", tests, CASES + 4, NULL, NULL);
}
