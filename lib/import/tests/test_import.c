// What people have becomes a plant that checks clean, or is refused with the line and the remedy.
#include <base/file.h>
#include <import/import.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REAL_FILES SOURCE_FOLDER "/lib/model/tests/data/aml/"

static void load(const char *path, struct buffer *bytes) {
    struct problem problem = {""};
    enum error error = file_read(path, MODEL_BYTES_MAX, bytes, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, ERROR_NONE);
}

static struct caex *document(const char *path) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct caex *caex = NULL;
    load(path, &bytes);
    assert_int_equal(caex_create(buffer_view(&bytes), CAEX_ANY, findings, &caex, NULL), ERROR_NONE);
    return caex;
}

static struct plant *plant(struct text bytes, size_t *ret_findings) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(buffer_clear) struct buffer printed = {0};
    struct plant *made = NULL;
    if (model_read(bytes, findings, &made, NULL)) {
        model_findings_print(findings, "plant.aml", &printed);
        fail_msg("%.*s", TEXT_ARG(buffer_view(&printed)));
    }
    *ret_findings = model_findings_count(findings);
    return made;
}

static void put_findings(const struct model_findings *findings, struct buffer *out) {
    model_findings_print(findings, "list", out);
    buffer_byte(out, '\0');
}

static enum error make_with(const char *libraries_of, const struct import_tags *tags, struct model_findings *findings,
                            struct buffer *out, struct problem *problem) {
    CLEANUP(caex_destroy_at) struct caex *libraries = document(libraries_of);
    const struct import_plant_options options = {.station = TEXT("Press"), .libraries = libraries};
    return import_make_plant(tags, &options, findings, out, problem);
}

#define MIXER SOURCE_FOLDER "/plants/mixer/plant.aml"
#define MPS SOURCE_FOLDER "/plants/mps/plant.aml"

static enum error make(const struct import_tags *tags, struct model_findings *findings, struct buffer *out,
                       struct problem *problem) {
    return make_with(MPS, tags, findings, out, problem);
}

// ---------------------------------------------------------------- tag lists

static const char list[] = "Name;Data Type;Address;Comment;Thing;Module;Class;Signal;Inverted\n"
                           "Band rechts;Bool;%Q0.0;Motor rechtslauf;conveyor;motor;Motor;right;\n"
                           "Band links;BOOL;%QX0.1;\"links; zur\xC3\xBC\"\"ck\"\"\";conveyor;motor;Motor;left;\n"
                           "Einlauf;Bool;E 0.0;;conveyor;entry;;;true\n"
                           "\n"
                           "2. Lampe;Bool;A2.5;;;;;;\n"
                           "2._Lampe;Bool;A2.6;;;;;;\n"
                           "hmi.start.pressed;Bool;I0.1;Start;;;Button;;\n"
                           "Druck;Real;%ID4;;;;;;\n"
                           "Merker;Bool;%M0.0;;;;;;\n"
                           "Zeit;LReal;%ID8;;;;;;\n";

static void a_tag_list_becomes_a_plant(void **state) {
    (void)state;
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    CLEANUP(buffer_clear) struct buffer out = {0}, told = {0};
    struct problem problem = {""};
    assert_int_equal(import_csv(text_of(list), findings, &tags, &problem), ERROR_NONE);
    assert_int_equal(import_tags_count(tags), 7);
    assert_true(text_is(import_tags_at(tags, 1)->comment, "links; zur\xC3\xBC\"ck\""));
    assert_int_equal(make(tags, findings, &out, &problem), ERROR_NONE);
    put_findings(findings, &told);
    assert_string_equal(
        told.data, "list:10: warning: Merker: left out: memory of the old controller, no terminal: '%M0.0'\n"
                   "list:11: warning: Zeit: left out: there is no terminal of the type 'LReal'\n"
                   "list:9: warning: Druck: left out: the libraries have no class AnalogSensor for a number; name "
                   "one in the column Class, or take the libraries of a plant that has it, such as plants/mixer\n");
    size_t warnings;
    CLEANUP(plant_destroy_at) struct plant *made = plant(buffer_view(&out), &warnings);
    assert_int_equal(warnings, 0);
    assert_int_equal(made->signal_count, 6);
    const struct plant_element *motor = plant_find(made, TEXT("Press/conveyor/motor"));
    assert_true(text_is(motor->display_name, "Motor rechtslauf"));
    assert_int_equal(motor->signal_count, 2);
    assert_int_equal(motor->signals[1]->channel->byte, 1); // behind the one byte of inputs
    assert_int_equal(motor->signals[1]->channel->bit, 1);
    assert_int_equal(motor->signals[1]->safe_state, SAFE_FALSE);
    const struct plant_element *entry = plant_find(made, TEXT("Press/conveyor/entry"));
    assert_true(entry->signals[0]->inverted);
    assert_non_null(plant_find(made, TEXT("Press/io/_2__Lampe")));
    assert_non_null(plant_find(made, TEXT("Press/io/_2__Lampe_2")));
    assert_true(text_is(plant_find(made, TEXT("Press/hmi/start"))->class->name, "Button"));
}

static const char numbers[] = "Name;Type;Address;Unit;Low;High;Raw Low;Raw High;Safe State\n"
                              "level;Int;%IW64;l;0;200;0;27648;\n"
                              "flow;Real;%ID68:P;l/min;-2,5;12,5;;;\n"
                              "count;UInt;PEW 72;;;;;;\n"
                              "valve;Word;%QW2;%;0;100;0;27648;12.5\n"
                              "heater;;%QW4;%;0;100;;;hold\n"
                              "pump;Bool;%Q0.3;;;;;;\n"
                              "key;Bool;%I0.3;;;;;;\n";

static const struct plant_signal *signal_of(const struct plant *made, const char *path) {
    const struct plant_element *module = plant_find(made, text_of(path));
    assert_non_null(module);
    assert_int_equal(module->signal_count, 1);
    return module->signals[0];
}

static void numbers_come_with_type_unit_range_and_scaling(void **state) {
    (void)state;
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    CLEANUP(buffer_clear) struct buffer out = {0}, told = {0};
    size_t warnings;
    assert_int_equal(import_csv(text_of(numbers), findings, &tags, NULL), ERROR_NONE);
    assert_int_equal(make_with(MIXER, tags, findings, &out, NULL), ERROR_NONE);
    put_findings(findings, &told);
    assert_string_equal(told.data,
                        "list:4: warning: count: its value is the raw number of the terminal: say Unit, Low, "
                        "High, Raw Low and Raw High\n");
    CLEANUP(plant_destroy_at) struct plant *made = plant(buffer_view(&out), &warnings);
    assert_int_equal(warnings, 0);
    const struct plant_signal *level = signal_of(made, "Press/io/level"), *flow = signal_of(made, "Press/io/flow");
    const struct plant_signal *count = signal_of(made, "Press/io/count"), *valve = signal_of(made, "Press/io/valve");
    assert_true(text_is(level->module->class->name, "AnalogSensor") && level->field.type == VALUE_DOUBLE);
    assert_true(text_is(level->field.unit, "l") && level->field.range.given && level->field.range.high == 200);
    assert_true(level->scaling.given && level->scaling.raw_low == 0 && level->scaling.raw_high == 27648);
    assert_int_equal(level->channel->bits, 16);
    assert_int_equal(level->channel->encoding, ENCODING_SIGNED);
    assert_int_equal(level->channel->byte, 64);
    assert_true(flow->field.range.low == -2.5 && !flow->scaling.given);
    assert_int_equal(flow->channel->encoding, ENCODING_FLOAT);
    assert_int_equal(flow->channel->bits, 32);
    assert_int_equal(count->channel->encoding, ENCODING_UNSIGNED);
    assert_false(count->field.range.given);
    assert_true(text_is(valve->module->class->name, "ControlValve") && valve->safe_value == 12.5);
    assert_int_equal(valve->channel->byte, 74 + 2); // behind the inputs
    assert_int_equal(signal_of(made, "Press/io/heater")->safe_state, SAFE_HOLD);
    assert_true(text_is(signal_of(made, "Press/io/pump")->module->class->name, "Drive"));
    assert_true(text_is(signal_of(made, "Press/io/key")->module->class->name, "Switch"));
}

static void the_same_list_gives_the_same_plant(void **state) {
    (void)state;
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    CLEANUP(buffer_clear) struct buffer first = {0}, second = {0};
    assert_int_equal(import_csv(text_of(list), findings, &tags, NULL), ERROR_NONE);
    assert_int_equal(make(tags, findings, &first, NULL), ERROR_NONE);
    assert_int_equal(make(tags, findings, &second, NULL), ERROR_NONE);
    assert_string_equal(first.data, second.data);
}

struct bad_list {
    const char *name;
    struct text list;
    const char *told; // in the findings or the problem
};

#define TITLES "Name,Address,Class,Signal,Thing,Module\n"
#define NUMBERS "Name,Address,Type,Unit,Low,High,Raw Low,Raw High\n"
static const struct bad_list bad_lists[] = {
    {"a list without names is refused", TEXT("Address\n%I0.0\n"), "the first line names no column Name"},
    {"a list without addresses is refused", TEXT("Tag\nx\n"), "the first line names no column Address"},
    {"an empty list is refused", TEXT(""), "the first line names no column Name"},
    {"a list that is not UTF-8 is refused", TEXT("Name;Address\n\xFC;%I0.0\n"), "save it as \"CSV UTF-8\""},
    {"a tag without a name is refused", TEXT(TITLES ",%I0.0\n"), "list:2: error: the tag has no name"},
    {"an address that is none is refused", TEXT(TITLES "a,%I0.8\n"),
     "list:2: error: a: the address must be as %I0.0, %Q0.0 or %IW64, not '%I0.8'"},
    {"a tag without an address is refused", TEXT(TITLES "a,\n"), "list:2: error: a: the tag has no address\n"},
    {"a word is no bit", TEXT(NUMBERS "a,%IW64,Bool,,,,,\n"), "'%IW64' has 16 bits, but the type 'Bool' 1"},
    {"a bit is no word", TEXT(NUMBERS "a,%I6.4,Int,,,,,\n"), "'%I6.4' has 1 bits, but the type 'Int' 16"},
    {"one end of a range is none", TEXT(NUMBERS "a,%IW64,Int,l,0,,,\n"), "Low and High must be two numbers"},
    {"a range upside down is refused", TEXT(NUMBERS "a,%IW64,Int,l,9,1,,\n"), "Low must be below High"},
    {"a range of words is refused", TEXT(NUMBERS "a,%IW64,Int,l,a,b,,\n"), "Low and High must be two numbers"},
    {"raw numbers without a range are refused", TEXT(NUMBERS "a,%IW64,Int,,,,0,9\n"), "stand for Low and High"},
    {"one end of the raw numbers is none", TEXT(NUMBERS "a,%IW64,Int,,0,1,0,\n"), "Raw High must be two numbers"},
    {"a boolean has no range", TEXT(NUMBERS "a,%I0.1,Bool,l,0,1,,\n"), "a boolean has none"},
    {"a boolean in the bits of a number is refused", TEXT(TITLES "a,%IW64,LightBarrier\nb,%I65.7\n"),
     "list:3: error: b: it has the address of 'a'"},
    {"a number for a class of booleans is refused", TEXT(TITLES "a,%IW64,LightBarrier\n"),
     "no signal for a numeric input is in class 'LightBarrier'"},
    {"every bad line is told", TEXT(TITLES "a,x\n\"b\n\",y\nc,z\n"), "list:5: error: c: "},
    {"a class that the libraries lack is refused", TEXT(TITLES "a,%I0.0,Moter\n"),
     "the libraries have no class 'Moter'"},
    {"a signal that the class lacks is refused", TEXT(TITLES "a,%Q0.0,Motor,up\n"),
     "its class has no actuator signal 'up'"},
    {"a class without an input is refused for one", TEXT(TITLES "a,%I0.0,Motor\n"),
     "no signal for an input is in class 'Motor'"},
    {"two tags at one address are refused", TEXT(TITLES "a,%I0.0\nb,I0.0\n"),
     "list:3: error: b: it has the address of 'a'"},
    {"two tags for one signal are refused", TEXT(TITLES "a,%Q0.0,Motor,left,t,m\nb,%Q0.1,Motor,left,t,m\n"),
     "list:3: error: b: its module has a tag already for the signal 'left'"},
    {"two classes of one module are refused", TEXT(TITLES "a,%Q0.0,Motor,left,t,m\nb,%Q0.1,LedIndicator,,t,m\n"),
     "in a line before its module is of class 'Motor'"},
};

static void check_bad(void **state) {
    const struct bad_list *c = *state;
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    CLEANUP(buffer_clear) struct buffer out = {0}, told = {0};
    struct problem problem = {""};
    enum error error = import_csv(c->list, findings, &tags, &problem);
    if (!error) error = make(tags, findings, &out, &problem);
    assert_int_equal(error, ERROR_INVALID);
    buffer_string(&told, problem.text);
    buffer_byte(&told, '\n');
    put_findings(findings, &told);
    if (strstr(told.data, c->told) == NULL) fail_msg("'%s' is not in:\n%s", c->told, told.data);
}

static void titles_may_be_german_and_separated_by_tabs(void **state) {
    (void)state;
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    const struct text tabs = TEXT("\xEF\xBB\xBFSymbol\tLogische Adresse\tDatentyp\tKommentar\r\nx\tA1.2\tBool\ty\r\n");
    assert_int_equal(import_csv(tabs, findings, &tags, NULL), ERROR_NONE);
    const struct import_tag *tag = import_tags_at(tags, 0);
    assert_true(text_is(tag->name, "x") && text_is(tag->comment, "y") && tag->output);
    assert_int_equal(tag->byte * 8 + tag->bit, 10);
}

static void too_many_tags_are_refused(void **state) {
    (void)state;
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(buffer_clear) struct buffer many = {0};
    struct import_tags *tags = NULL;
    buffer_string(&many, "Name;Address\n");
    for (unsigned i = 0; i <= IMPORT_TAGS_MAX; i++) buffer_print(&many, "t%u;%%I%u.%u\n", i, i / 8, i % 8);
    assert_int_equal(import_csv(buffer_view(&many), findings, &tags, NULL), ERROR_TOO_LARGE);
}

// ---------------------------------------------------------------- exports

struct export_case {
    const char *name, *file;
    size_t channels, analog, linked;
    const char *plant; // that is laid beside it
    size_t differences;
    const char *line; // of the report
};

static const struct export_case exports[] = {
    {"the I/O of TIA Portal becomes a plant, and is matched", REAL_FILES "tia-v17-s7-1200.aml", 26, 2, 0, MPS, 2,
     "DI 14/DQ 10_1/Channel_DI_1 <- MPS/mps_plc/RevPiDI/I_2 = MPS/mps_ejector/ejector/position/retracted/state\n"},
    {"words that tell how a module is are no analogue inputs", REAL_FILES "tia-v17-s7-1200.aml", 26, 2, 0, MPS, 2,
     "AI 2_1/Channel_AI_0 <- no channel of the plant\n"},
    {"analogue inputs of TIA Portal are matched", REAL_FILES "tia-v17-s7-1200.aml", 26, 2, 0, MIXER, 10,
     "AI 2_1/Channel_AI_1 <- MIXER/mixer_plc/AI/AI_2 = MIXER/mixer_vessel/level/value\n"},
    {"the I/O of EPLAN becomes a plant, and is matched", REAL_FILES "eplan-2.7.3-arapc.aml", 45, 3, 22, MPS, 15,
     "1/Channel_DI_Input 2 (InputVar2) <- MPS/mps_plc/RevPiDI/I_3 = MPS/mps_hmi/actuator_stop/state\n"},
    {"analogue inputs of EPLAN are matched", REAL_FILES "eplan-2.7.3-arapc.aml", 45, 3, 22, MIXER, 13,
     "4/Channel_AI_Ch. 1.Ch. 1 Al Inputs.Value (InputVar13) <- MIXER/mixer_plc/AI/AI_3 = "
     "MIXER/mixer_vessel/temperature/value\n"},
};

static void check_export(void **state) {
    const struct export_case *c = *state;
    CLEANUP(caex_destroy_at) struct caex *caex = document(c->file);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    CLEANUP(buffer_clear) struct buffer out = {0}, report = {0}, bytes = {0};
    struct problem problem = {""};
    assert_int_equal(import_apc(caex, findings, &tags, &problem), ERROR_NONE);
    size_t analog = 0, linked = 0, warnings, count = import_tags_count(tags);
    for (size_t i = 0; i < count; i++) {
        const struct import_tag *tag = import_tags_at(tags, i);
        analog += tag->bits > 1;
        linked += !text_equal(tag->name, tag->channel);
    }
    assert_int_equal(count, c->channels);
    assert_int_equal(analog, c->analog);
    assert_int_equal(linked, c->linked);
    assert_int_equal(make_with(c->plant, tags, findings, &out, &problem), ERROR_NONE);
    CLEANUP(plant_destroy_at) struct plant *made = plant(buffer_view(&out), &warnings);
    bool has_analog = strcmp(c->plant, MIXER) == 0; // classes for them
    assert_int_equal(made->signal_count, has_analog ? count : count - analog);
    load(c->plant, &bytes);
    CLEANUP(plant_destroy_at) struct plant *station = plant(buffer_view(&bytes), &warnings);
    assert_int_equal(import_match(tags, station, &report), c->differences);
    if (strstr(report.data, c->line) == NULL) fail_msg("no '%s' in\n%s", c->line, report.data);
}

static void a_file_without_channels_is_refused(void **state) {
    (void)state;
    CLEANUP(caex_destroy_at) struct caex *caex = document(REAL_FILES "automationml-topology.aml");
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct import_tags *tags = NULL;
    assert_int_equal(import_apc(caex, findings, &tags, NULL), ERROR_INVALID);
    assert_int_equal(model_findings_errors(findings), 1);
}

// ---------------------------------------------------------------- module type packages

static void a_manifest_tells_its_data_assemblies(void **state) {
    (void)state;
    CLEANUP(caex_destroy_at) struct caex *caex = document(TEST_DATA "/dosing-manifest.aml");
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(import_mtp_destroy_at) struct import_mtp *mtp = NULL;
    CLEANUP(buffer_clear) struct buffer told = {0};
    assert_true(import_is_mtp(caex));
    assert_int_equal(import_mtp(caex, findings, &mtp, NULL), ERROR_NONE);
    assert_int_equal(import_mtp_count(mtp), 2);
    const struct import_assembly *level = import_mtp_at(mtp, 0), *valve = import_mtp_at(mtp, 1);
    assert_true(text_is(level->class, "AnaView") && text_is(level->tag_description, "Level of the vessel"));
    assert_int_equal(level->node_count, 1);
    assert_int_equal(level->value_count, 3);
    assert_true(text_is(level->values[0].variable, "VSclMin") && text_is(level->values[0].value, "0"));
    assert_true(text_is(level->values[1].variable, "VSclMax") && text_is(level->values[1].value, "100"));
    assert_true(text_is(level->values[2].variable, "VUnit") && text_is(level->values[2].value, "1038"));
    assert_string_equal(level->type, "REAL");
    assert_string_equal(valve->type, "BOOL");
    assert_true(text_is(level->nodes[0].variable, "V") && text_is(level->nodes[0].identifier, "Dosing.L1.V"));
    assert_true(text_is(level->nodes[0].endpoint, "opc.tcp://127.0.0.1:4840"));
    assert_true(text_is(valve->nodes[0].identifier, "4711") && text_is(valve->nodes[0].identifier_type, "xs:int"));
    assert_true(text_is(valve->nodes[0].name_space, "urn:example:dosing") && text_is(valve->nodes[0].access, "3"));
    put_findings(findings, &told);
    assert_non_null(strstr(told.data, "V1: nothing has the ID '0f0a2a39-3b6d-4a3e-9e0a-0d7a1d5d0099' that 'OpenFbk'"));
    assert_null(import_mtp_at(mtp, 2));
}

static void what_is_no_manifest_is_refused(void **state) {
    (void)state;
    CLEANUP(caex_destroy_at) struct caex *caex = document(REAL_FILES "automationml-topology.aml");
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct import_mtp *mtp = NULL;
    assert_false(import_is_mtp(caex));
    assert_int_equal(import_mtp(caex, findings, &mtp, NULL), ERROR_INVALID);
}

int main(void) {
    static const struct CMUnitTest others[] = {
        {"a tag list becomes a plant that checks clean", a_tag_list_becomes_a_plant, NULL, NULL, NULL},
        {"the same list gives the same plant", the_same_list_gives_the_same_plant, NULL, NULL, NULL},
        {"numbers come with type, unit, range and scaling", numbers_come_with_type_unit_range_and_scaling, NULL, NULL,
         NULL},
        {"titles may be German, and separated by tabs", titles_may_be_german_and_separated_by_tabs, NULL, NULL, NULL},
        {"too many tags are refused", too_many_tags_are_refused, NULL, NULL, NULL},
        {"a file without channels is refused", a_file_without_channels_is_refused, NULL, NULL, NULL},
        {"a manifest tells its data assemblies and their nodes", a_manifest_tells_its_data_assemblies, NULL, NULL,
         NULL},
        {"what is no manifest is refused", what_is_no_manifest_is_refused, NULL, NULL, NULL},
    };
    enum {
        BAD = sizeof bad_lists / sizeof bad_lists[0],
        EXPORTS = sizeof exports / sizeof exports[0],
        OTHERS = sizeof others / sizeof others[0]
    };
    struct CMUnitTest tests[BAD + EXPORTS + OTHERS];
    for (size_t i = 0; i < BAD; i++)
        tests[i] = (struct CMUnitTest){bad_lists[i].name, check_bad, NULL, NULL, (void *)&bad_lists[i]};
    for (size_t i = 0; i < EXPORTS; i++)
        tests[BAD + i] = (struct CMUnitTest){exports[i].name, check_export, NULL, NULL, (void *)&exports[i]};
    memcpy(tests + BAD + EXPORTS, others, sizeof others);
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
