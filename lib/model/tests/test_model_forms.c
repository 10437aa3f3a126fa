// The same plant in other forms is the same plant; several mistakes are told in one run; large models are read.
#include "plant_file.h"

#include <base/process.h>
#include <model/caex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <zip/zip.h>

#include <cmocka.h>

// ---------------------------------------------------------------- other forms of the same plant

typedef void transform_fn(struct text plant, struct buffer *out);

static void with_byte_order_mark(struct text plant, struct buffer *out) {
    buffer_string(out, "\xEF\xBB\xBF");
    buffer_text(out, plant);
}

static void with_carriage_returns(struct text plant, struct buffer *out) {
    for (size_t i = 0; i < plant.length; i++) {
        if (plant.data[i] == '\n') buffer_byte(out, '\r');
        buffer_byte(out, plant.data[i]);
    }
}

/// As UTF-16, which some tools write; what is not ASCII is left out.
static void as_utf16(struct text plant, struct buffer *out) {
    buffer_append(out, "\xFF\xFE", 2);
    CLEANUP(buffer_clear) struct buffer declared = {0};
    replace(plant, NULL, "encoding=\"utf-8\"", "encoding=\"utf-16\"", &declared);
    for (size_t i = 0; i < declared.length; i++) {
        if ((unsigned char)declared.data[i] >= 0x80) continue;
        buffer_byte(out, declared.data[i]);
        buffer_byte(out, '\0');
    }
}

/// Every ID and every partner of a link in capitals and braces.
static void with_braces(struct text plant, struct buffer *out) {
    static const char *const attributes[] = {" ID=\"", " RefPartnerSideA=\"", " RefPartnerSideB=\""};
    enum { UUID_LENGTH = 36 };
    for (size_t i = 0; i < plant.length; i++) {
        struct text rest = text_from(plant, i);
        buffer_byte(out, plant.data[i]);
        for (size_t k = 0; k < 3; k++) {
            struct text attribute = text_of(attributes[k]);
            if (!text_starts_with(rest, attribute)) continue;
            buffer_text(out, text_from(attribute, 1));
            buffer_byte(out, '{');
            i += attribute.length;
            for (size_t j = 0; j < UUID_LENGTH; j++, i++) {
                char byte = plant.data[i];
                buffer_byte(out, byte >= 'a' ? (char)(byte - 'a' + 'A') : byte);
            }
            buffer_byte(out, '}');
            i--;
        }
    }
}

/// Libraries before the plant: the schema has it otherwise, but some tools write it so.
static void with_libraries_first(struct text plant, struct buffer *out) {
    static const char end_tag[] = "</InstanceHierarchy>";
    const char *start = memmem(plant.data, plant.length, "<InstanceHierarchy", 18);
    const char *end = memmem(plant.data, plant.length, end_tag, sizeof end_tag - 1);
    const char *close = memmem(plant.data, plant.length, "</CAEXFile>", 11);
    assert_true(start != NULL && end != NULL && close != NULL);
    end += sizeof end_tag - 1;
    buffer_append(out, plant.data, (size_t)(start - plant.data));
    buffer_append(out, end, (size_t)(close - end));
    buffer_append(out, start, (size_t)(end - start));
    buffer_string(out, close);
}

static void with_what_tools_add(struct text plant, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer first = {0};
    replace(
        plant, "Name=\"motor\"", ">",
        "><Version>1</Version><AdditionalInformation><w xmlns='urn:w'><InternalElement/></w></AdditionalInformation>"
        "<x:tool xmlns:x='urn:x' Name='1'/>",
        &first);
    replace(buffer_view(&first), "Name=\"mps_plc\"", ">",
            "><ExternalInterface Name=\"manual\" ID=\"11111111-2222-3333-4444-555555555555\" RefBaseClassPath=\""
            "AutomationMLInterfaceClassLib/AutomationMLBaseInterface/ExternalDataConnector/ExternalDataReference\"/>",
            out);
}

/// What tools do that copy the whole class into the instance.
static void with_copied_class(struct text plant, struct buffer *out) {
    replace(plant, "<Value>1K1</Value></Attribute>", "<Attribute",
            "<Attribute Name=\"NominalSpeed\" AttributeDataType=\"xs:double\" Unit=\"m/s\"/>"
            "<Attribute Name=\"Sim\" RefAttributeType=\"SplcAttributeTypeLib/Sim\">"
            "<Attribute Name=\"RampTime\" AttributeDataType=\"xs:double\" Unit=\"s\"><Value>0.2</Value></Attribute>"
            "</Attribute><Attribute Name=\"Methods\"><Attribute Name=\"setSlow\" "
            "RefAttributeType=\"SplcAttributeTypeLib/Method\"><Attribute Name=\"In\"><Attribute Name=\"State\" "
            "AttributeDataType=\"xs:boolean\"/></Attribute></Attribute></Attribute><Attribute",
            out);
}

/// One wire as CAEX 2.15 writes it, one as older tools do.
static void with_old_links(struct text plant, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer first = {0}, second = {0}, third = {0};
    replace(plant, "<InternalLink Name=\"I_1\"", "A=\"3dd4e3b5-6542-5004-9e9a-e7801e6959cb",
            "A=\"{6E5BC2C8-E9BC-5ECF-98AB-45A2E19ADACF}:pressed", &first);
    replace(buffer_view(&first), "<InternalLink Name=\"I_1\"", "B=\"dcba4cb3-63c0-5f38-8950-0b8fd61ed578",
            "B=\"d7f0f7ab-7e83-5138-97bc-bab7ae58035b:I_1", &second);
    replace(buffer_view(&second), "<InternalLink Name=\"I_3\"", "A=\"1c49fded-41b1-51f9-b9f4-fc768562875a",
            "A=\"Plant/MPS/[mps_hmi]/actuator_stop:[pressed]", &third);
    replace(buffer_view(&third), "<InternalLink Name=\"I_3\"", "B=\"7a8fbb6a-e0f8-5b32-b3f1-ca17b2ef5e16",
            "B=\"mps_plc/RevPiDI:I_3", out);
}

/// In a container, not at its top.
static void in_container(struct text plant, struct buffer *out) {
    const struct zip_entry entries[] = {
        {TEXT("[Content_Types].xml"), TEXT("<Types/>")},
        {TEXT("_rels/.rels"),
         TEXT("<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
              "<Relationship Id='r0' Type='http://schemas.automationml.org/container/relationship/Library' "
              "Target='/lib/other.aml'/>"
              "<Relationship Id='r1' Type='http://schemas.automationml.org/container/relationship/RootDocument' "
              "Target='/models/plant.aml'/></Relationships>")},
        {TEXT("lib/other.aml"), TEXT("<CAEXFile/>")},
        {TEXT("models/plant.aml"), plant},
    };
    assert_int_equal(zip_write(entries, sizeof entries / sizeof entries[0], out, NULL), ERROR_NONE);
}

/// Read as any document, written as CAEX 3.0.
static void read_and_written(struct text plant, struct buffer *out) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(caex_destroy_at) struct caex *caex = NULL;
    assert_int_equal(caex_create(plant, CAEX_ANY, findings, &caex, NULL), ERROR_NONE);
    assert_int_equal(model_findings_count(findings), 0);
    assert_int_equal(caex_write(caex, out), ERROR_NONE);
}

/// As CAEX 2.15 declares itself.
static void as_caex_2_15(struct text plant, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer first = {0};
    replace(plant, "<CAEXFile", " xmlns=\"http://www.dke.de/CAEX\"", "", &first);
    replace(buffer_view(&first), "<CAEXFile", "SchemaVersion=\"3.0\"", "SchemaVersion=\"2.15\"", out);
}

/// Class paths in brackets.
static void with_bracketed_paths(struct text plant, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer first = {0};
    replace(plant, "Name=\"motor\"", "\"SplcSystemUnitClassLib/Motor\"", "\"[SplcSystemUnitClassLib]/[Motor]\"",
            &first);
    replace(buffer_view(&first), "Name=\"motor\"", "\"SplcRoleClassLib/Motor\"", "\"SplcRoleClassLib/[Motor]\"", out);
}

/// Everything that a reader of the plant sees of it, except for lines and the number of the text's own form.
static void describe(const struct plant *plant, struct buffer *out) {
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        buffer_print(out, "%.*s %.*s %.*s %d", TEXT_ARG(element->path), TEXT_ARG(element->id), TEXT_ARG(element->role),
                     element->kind);
        static const char *const attributes[] = {"Bmk",          "Timeout",   "Hmi/Width",   "Hmi/X",
                                                 "Sim/RampTime", "Sim/Stock", "NominalSpeed"};
        for (size_t k = 0; k < sizeof attributes / sizeof attributes[0]; k++)
            buffer_print(out, " %.*s", TEXT_ARG(plant_attribute(element, text_of(attributes[k]))));
        buffer_byte(out, '\n');
    }
    for (size_t i = 0; i < plant->signal_count; i++) {
        const struct plant_signal *signal = plant->signals[i];
        buffer_print(out, "%.*s/%.*s %d %d %.*s %u.%u %.*s\n", TEXT_ARG(signal->module->path),
                     TEXT_ARG(signal->twin_path), signal->inverted, signal->safe_state, TEXT_ARG(signal->channel->name),
                     signal->channel->byte, signal->channel->bit, TEXT_ARG(signal->on_true));
    }
    for (size_t i = 0; i < plant->class_count; i++)
        buffer_print(out, "%.*s %zu %zu %zu\n", TEXT_ARG(plant->classes[i]->name), plant->classes[i]->parameter_count,
                     plant->classes[i]->variable_count, plant->classes[i]->method_count);
    assert_false(out->failed);
}

static void read_and_describe(struct text bytes, struct buffer *out) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    CLEANUP(buffer_clear) struct buffer printed = {0};
    enum error error = model_read(bytes, findings, &plant, NULL);
    model_findings_print(findings, "plant.aml", &printed);
    if (error != ERROR_NONE || printed.length > 0) fail_msg("%.*s", TEXT_ARG(buffer_view(&printed)));
    describe(plant, out);
}

struct form_case {
    const char *name;
    transform_fn *transform;
};

static const struct form_case forms[] = {
    {"[model-1.1] a byte order mark changes nothing", with_byte_order_mark},
    {"[model-1.1] carriage returns change nothing", with_carriage_returns},
    {"[model-1.1] UTF-16 changes nothing", as_utf16},
    {"[model-1.2] libraries may stand before the plant", with_libraries_first},
    {"[model-1.2] what tools add for themselves is passed over", with_what_tools_add},
    {"[model-1.1] in a container it is the same plant", in_container},
    {"[model-1.1] CAEX 2.15 is read as well", as_caex_2_15},
    {"[model-1.7] what is read and written back is the same plant", read_and_written},
    {"[model-1.4] names in a path may stand in brackets", with_bracketed_paths},
    {"[model-6.3] a wire may name the element and its interface", with_old_links},
    {"[model-2.2] IDs are the same with braces and in capitals", with_braces},
    {"[model-4.1] an instance that repeats its class says nothing new", with_copied_class},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static void same_plant(void **state) {
    const struct form_case *form = *state;
    CLEANUP(buffer_clear) struct buffer changed = {0}, expected = {0}, got = {0};
    form->transform(plant_file(), &changed);
    assert_false(changed.failed);
    read_and_describe(plant_file(), &expected);
    read_and_describe(buffer_view(&changed), &got);
    assert_string_equal(got.data, expected.data);
}

// ---------------------------------------------------------------- findings

static bool has_finding(const struct model_findings *findings, const char *part) {
    for (size_t i = 0; i < model_findings_count(findings); i++) {
        struct text text = model_findings_at(findings, i)->text;
        if (memmem(text.data, text.length, part, strlen(part)) != NULL) return true;
    }
    return false;
}

static void all_mistakes_in_one_run(void **state) {
    (void)state;
    static const struct {
        const char *find, *with, *finding;
    } mistakes[] = {
        {"Unit=\"mm\"><Value>600<", "Unit=\"mm\"><Value>long<", "'long' is not a number"},
        {"Name=\"lightBarrier_exit\"", "Name=\"exit beam\"", "'exit beam' is no name"},
        {"\"SplcSystemUnitClassLib/Switch\">", "\"SplcSystemUnitClassLib/Swich\">", "did you mean 'Switch'?"},
        {"RefPartnerSideB=\"3569cce8", "RefPartnerSideB=\"4569cce8", "side B: nothing has the ID"},
        {"setSlow(true)", "setSlow(1, 2)", "setSlow takes 1 argument"},
        {"<RequiredMaxValue>60<", "<RequiredMaxValue>0<", "the least value"},
    };
    enum { MISTAKES = sizeof mistakes / sizeof mistakes[0] };
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_text(&text, plant_file());
    for (size_t i = 0; i < MISTAKES; i++) {
        struct buffer next = {0};
        replace(buffer_view(&text), NULL, mistakes[i].find, mistakes[i].with, &next);
        buffer_clear(&text);
        text = next;
    }
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    struct problem problem;
    assert_int_equal(model_read(buffer_view(&text), findings, &plant, &problem), ERROR_INVALID);
    assert_null(plant);
    for (size_t i = 0; i < MISTAKES; i++)
        if (!has_finding(findings, mistakes[i].finding)) fail_msg("'%s' is not told", mistakes[i].finding);
    for (size_t i = 1; i < model_findings_count(findings); i++)
        assert_true(model_findings_at(findings, i - 1)->line <= model_findings_at(findings, i)->line);
    const struct model_finding *first = model_findings_at(findings, 0);
    assert_non_null(memmem(problem.text, strlen(problem.text), first->text.data, first->text.length));
}

static void findings_are_printed_like_a_compilers(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text = {0}, out = {0};
    replace(plant_file(), "Name=\"BeltLength\"", "<Value>600</Value>", "<Value>long</Value>", &text);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    assert_int_equal(model_read(buffer_view(&text), findings, &plant, NULL), ERROR_INVALID);
    model_findings_print(findings, "mps/plant.aml", &out);
    char expected[256];
    snprintf(expected, sizeof expected,
             "mps/plant.aml:%u: error: Plant/MPS/mps_conveyor/Sim/BeltLength: 'long' is not a "
             "number\n",
             model_findings_at(findings, 0)->line);
    assert_string_equal(out.data, expected);
    assert_int_equal(model_findings_errors(findings), 1);
    assert_null(model_findings_at(findings, 1));
}

static void findings_are_limited(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text = {0}, out = {0};
    buffer_string(&text, "<CAEXFile xmlns='http://www.dke.de/CAEX' SchemaVersion='3.0' FileName='a'>");
    for (int i = 0; i < MODEL_FINDINGS_MAX + 500; i++) buffer_string(&text, "<Nonsense/>\n");
    buffer_string(&text, "</CAEXFile>");
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    assert_int_equal(model_read(buffer_view(&text), findings, &plant, NULL), ERROR_INVALID);
    assert_int_equal(model_findings_count(findings), MODEL_FINDINGS_MAX);
    assert_int_equal(model_findings_errors(findings), MODEL_FINDINGS_MAX + 500 + 1); // and no station
    model_findings_print(findings, "a.aml", &out);
    assert_true(text_ends_with(buffer_view(&out), TEXT("a.aml: and 501 more\n")));
}

static void what_is_no_model(void **state) {
    (void)state;
    static const struct {
        struct text bytes;
        const char *finding;
    } cases[] = {
        {TEXT(""), "the file is empty"},
        {TEXT("nodeset: 1\n"), "not well-formed XML"},
        {TEXT("PK\x03\x04 and so on"), "the ZIP archive cannot be read"},
        {TEXT("{\"a\":1}"), "not well-formed XML"},
        {TEXT("<CAEXFile xmlns='http://www.dke.de/CAEX' SchemaVersion='3.0' FileName='a'/>"), "has the role Station"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
        struct plant *plant = NULL;
        assert_int_equal(model_read(cases[i].bytes, findings, &plant, NULL), ERROR_INVALID);
        assert_null(plant);
        if (!has_finding(findings, cases[i].finding)) fail_msg("'%s' is not told", cases[i].finding);
    }
}

// ---------------------------------------------------------------- size, and the schema of CAEX

/// The plant with many more conveyors' worth of unwired things: attributes, elements, all in one list.
static void many_elements(size_t count, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer more = {0};
    for (size_t i = 0; i < count; i++)
        buffer_print(&more,
                     "<InternalElement Name=\"t%zu\" ID=\"00000000-0000-0000-0000-%012zx\" "
                     "RefBaseSystemUnitPath=\"SplcSystemUnitClassLib/Thing\"><Attribute Name=\"DisplayName\" "
                     "AttributeDataType=\"xs:string\"><Value>Thing</Value></Attribute></InternalElement>\n",
                     i, i);
    buffer_string(&more, "<InternalElement Name=\"mps_conveyor\"");
    assert_false(more.failed);
    replace(plant_file(), NULL, "<InternalElement Name=\"mps_conveyor\"", more.data, out);
}

static double seconds_to_read(size_t count) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    many_elements(count, &text);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct timespec start, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    assert_int_equal(model_read(buffer_view(&text), findings, &plant, NULL), ERROR_NONE);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    assert_int_equal(plant->element_count, 26 + count);
    return (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
}

/// Sixteen times the elements, siblings all, take about sixteen times as long; squared it would be 256.
static void reading_is_linear(void **state) {
    (void)state;
    enum { FEW = 1000, MANY = 16 * FEW };
    double few = seconds_to_read(FEW), many = seconds_to_read(MANY);
    if (many > 64 * few) fail_msg("%d elements take %.3f s, %d take %.3f s", FEW, few, MANY, many);
}

static void the_plant_is_valid_caex(void **state) {
    (void)state;
    static const char *const arguments[] = {"xmllint",
                                            "--nonet",
                                            "--noout",
                                            "--schema",
                                            TEST_DATA "/CAEX_ClassModel_V.3.0.xsd",
                                            SOURCE_FOLDER "/plants/mps/plant.aml",
                                            NULL};
    struct process_options options = {.arguments = arguments, .output = -1};
    pid_t pid = 0;
    int status = 0;
    if (process_start(&options, &pid, NULL) != ERROR_NONE) skip(); // xmllint is not installed
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) skip();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    static const struct CMUnitTest others[] = {
        {"[model-1.3] all mistakes are told in one run, in the order of the file", all_mistakes_in_one_run, NULL, NULL,
         NULL},
        {"[model-1.3] findings are printed as a compiler does", findings_are_printed_like_a_compilers, NULL, NULL,
         NULL},
        {"[model-1.3] the number of findings is limited", findings_are_limited, NULL, NULL, NULL},
        {"[model-1.1] what is no model is told so", what_is_no_model, NULL, NULL, NULL},
        {"the time to read grows with the size, not with its square", reading_is_linear, NULL, NULL, NULL},
        {"[model-1.1] the plant is valid against the schema of CAEX 3.0", the_plant_is_valid_caex, NULL, NULL, NULL},
    };
    enum { OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[FORMS + OTHERS];
    for (size_t i = 0; i < FORMS; i++)
        tests[i] = (struct CMUnitTest){forms[i].name, same_plant, NULL, NULL, (void *)&forms[i]};
    memcpy(tests + FORMS, others, sizeof others);
    return cmocka_run_group_tests_name("model: forms", tests, NULL, NULL);
}
