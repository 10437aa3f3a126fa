// What a file may do to the reader: names without end, hostile nesting, findings without number. And what no reader may
// lose: what others add in namespaces of their own.
#include <base/cleanup.h>
#include <model/caex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HEAD "<CAEXFile SchemaVersion='3.0' FileName='f' xmlns='http://www.dke.de/CAEX'>"

struct reading {
    struct model_findings *findings;
    struct caex *caex;
    struct problem problem;
    enum error error;
};

static void reading_clear(struct reading *reading) {
    caex_destroy(reading->caex);
    model_findings_destroy(reading->findings);
}

static struct reading read_as(enum caex_mode mode, struct text bytes) {
    struct reading reading = {.findings = model_findings_create()};
    reading.error = caex_create(bytes, mode, reading.findings, &reading.caex, &reading.problem);
    return reading;
}

/// The finding that begins with a text; the test fails when there is none.
static const struct model_finding *told(const struct reading *reading, const char *text) {
    for (size_t i = 0; i < model_findings_count(reading->findings); i++) {
        const struct model_finding *finding = model_findings_at(reading->findings, i);
        if (text_starts_with(finding->text, text_of(text))) return finding;
    }
    CLEANUP(buffer_clear) struct buffer all = {0};
    model_findings_print(reading->findings, "f", &all);
    fail_msg("no finding '%s' among\n%s", text, all.data == NULL ? "none" : all.data);
    return NULL;
}

static void fill(struct buffer *out, char byte, size_t count) {
    for (size_t i = 0; i < count; i++) buffer_byte(out, byte);
}

// ---------------------------------------------------------------- limits

static void names_have_a_limit(void **state) {
    (void)state;
    static const char *const attributes[] = {"Name", "ID", "RefBaseSystemUnitPath"};
    for (size_t i = 0; i < 3; i++)
        for (size_t over = 0; over < 2; over++) {
            CLEANUP(buffer_clear) struct buffer document = {0};
            buffer_print(&document, HEAD "<InstanceHierarchy Name='H'>\n<InternalElement %s%s='",
                         i == 0 ? "" : "Name='e' ", attributes[i]);
            fill(&document, 'n', CAEX_NAME_BYTES_MAX + over);
            buffer_string(&document, "'/><InternalElement/></InstanceHierarchy></CAEXFile>");
            CLEANUP(reading_clear) struct reading reading = read_as(CAEX_ANY, buffer_view(&document));
            assert_int_equal(reading.error, over == 0 ? ERROR_NONE : ERROR_TOO_LARGE);
            told(&reading, "<InternalElement> needs the XML attribute Name"); // reading goes on
            if (over == 0) continue;
            CLEANUP(buffer_clear) struct buffer text = {0};
            buffer_print(&text, "%s has 4097 bytes, at most 4096 are read; shorten it", attributes[i]);
            const struct model_finding *finding = told(&reading, text.data);
            assert_true(finding->error);
            assert_int_equal(finding->line, 2);
            assert_true(text_is(finding->path, i == 0 ? "H" : "H/e"));
        }
}

static void a_cut_name_is_still_utf8(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_string(&document, HEAD "<InstanceHierarchy Name='x");
    for (int i = 0; i < CAEX_NAME_BYTES_MAX / 2; i++) buffer_string(&document, "\xC3\xBC");
    buffer_string(&document, "'><odd/></InstanceHierarchy></CAEXFile>");
    CLEANUP(reading_clear) struct reading reading = read_as(CAEX_PLANT, buffer_view(&document));
    assert_int_equal(reading.error, ERROR_TOO_LARGE);
    const struct model_finding *finding = told(&reading, "CAEX has no element <odd> in <InstanceHierarchy>");
    assert_true(text_is_utf8(finding->path) && finding->path.length <= 512);
}

/// Elements in each other with names as long as they may be, and mistakes in the innermost.
static void paths_in_findings_are_clipped(void **state) {
    (void)state;
    enum { LEVELS = 80, MISTAKES = 20 * 1000 };
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_string(&document, HEAD "<InstanceHierarchy Name='begin'>");
    for (int i = 0; i < LEVELS; i++) {
        buffer_string(&document, "<InternalElement Name='");
        fill(&document, 'n', CAEX_NAME_BYTES_MAX);
        buffer_string(&document, "'>");
    }
    buffer_string(&document, "<InternalElement Name='end'>");
    for (int i = 0; i < MISTAKES; i++) buffer_string(&document, "<RoleRequirements odd='1'/>");
    for (int i = 0; i <= LEVELS; i++) buffer_string(&document, "</InternalElement>");
    buffer_string(&document, "</InstanceHierarchy></CAEXFile>");
    clock_t start = clock();
    CLEANUP(reading_clear) struct reading reading = read_as(CAEX_PLANT, buffer_view(&document));
    assert_true(clock() - start < 30 * CLOCKS_PER_SEC); // processor time
    assert_int_equal(reading.error, ERROR_NONE);        // of the tree; the findings are errors
    assert_int_equal(model_findings_errors(reading.findings), MISTAKES);
    const struct model_finding *finding = told(&reading, "<RoleRequirements> has no XML attribute 'odd'; remove it");
    assert_true(finding->path.length <= 512);
    assert_true(text_starts_with(finding->path, TEXT("begin/nnn")) && text_ends_with(finding->path, TEXT("n/end")));
    assert_non_null(memmem(finding->path.data, finding->path.length, "n...n", 5));
}

/// A class below ninety others with long names, many times: their paths together would be gigabytes.
static void paths_of_classes_take_no_memory(void **state) {
    (void)state;
    enum { LEVELS = 90, LEAVES = 50 * 1000 };
    CLEANUP(buffer_clear) struct buffer document = {0}, path = {0};
    buffer_string(&document, HEAD "<RoleClassLib Name='L'>");
    for (int i = 0; i < LEVELS; i++) {
        buffer_string(&document, "<RoleClass Name='");
        fill(&document, 'n', CAEX_NAME_BYTES_MAX);
        buffer_string(&document, "'>");
    }
    for (int i = 0; i < LEAVES; i++) buffer_print(&document, "<RoleClass Name='leaf%d'/>", i);
    for (int i = 0; i < LEVELS; i++) buffer_string(&document, "</RoleClass>");
    buffer_string(&document, "</RoleClassLib></CAEXFile>");
    clock_t start = clock();
    CLEANUP(reading_clear) struct reading reading = read_as(CAEX_ANY, buffer_view(&document));
    assert_true(clock() - start < 30 * CLOCKS_PER_SEC); // processor time
    assert_int_equal(reading.error, ERROR_NONE);
    buffer_string(&path, "L/");
    for (int i = 0; i < LEVELS; i++) {
        fill(&path, 'n', CAEX_NAME_BYTES_MAX);
        buffer_byte(&path, '/');
    }
    buffer_string(&path, "leaf77");
    const struct caex_node *leaf = caex_class(reading.caex, FAMILY_ROLE, buffer_view(&path));
    assert_non_null(leaf);
    assert_true(text_is(leaf->name, "leaf77"));
    assert_null(caex_class(reading.caex, FAMILY_UNIT, buffer_view(&path)));
    path.data[0] = 'M';
    assert_null(caex_class(reading.caex, FAMILY_ROLE, buffer_view(&path)));
}

static void many_siblings_of_one_name_are_read(void **state) {
    (void)state;
    enum { COUNT = 100 * 1000 };
    CLEANUP(buffer_clear) struct buffer document = {0};
    buffer_string(&document, HEAD "<InstanceHierarchy Name='H'>");
    for (int i = 0; i < COUNT; i++) buffer_string(&document, "<InternalElement Name='same' ID='same'/>");
    buffer_string(&document, "</InstanceHierarchy><RoleClassLib Name='L'>");
    for (int i = 0; i < COUNT; i++) buffer_string(&document, "<RoleClass Name='same'/>");
    buffer_string(&document, "</RoleClassLib></CAEXFile>");
    clock_t start = clock();
    CLEANUP(reading_clear) struct reading reading = read_as(CAEX_ANY, buffer_view(&document));
    assert_true(clock() - start < 30 * CLOCKS_PER_SEC); // processor time
    assert_int_equal(reading.error, ERROR_NONE);
    const struct caex_node *first = caex_first(caex_first(caex_root(reading.caex), CAEX_HIERARCHY), CAEX_ELEMENT);
    assert_ptr_equal(caex_by_id(reading.caex, TEXT("SAME")), first);
    assert_ptr_equal(caex_child(first->parent, CAEX_ELEMENT, TEXT("same")), first);
    const struct caex_node *library = caex_first(caex_root(reading.caex), CAEX_ROLE_LIB);
    assert_ptr_equal(caex_class(reading.caex, FAMILY_ROLE, TEXT("L/same")), caex_first(library, CAEX_ROLE_CLASS));
}

/// Every beginning of a document is refused, or is the whole of it.
static void a_file_that_ends_too_early_is_refused(void **state) {
    (void)state;
    static const char document[] =
        "\xEF\xBB\xBF<?xml version='1.0'?>" HEAD "<InstanceHierarchy Name='H'><InternalElement Name='e' ID='i'>"
        "<Attribute Name='a'><Value>&amp;<![CDATA[<x>]]></Value></Attribute><!-- c --></InternalElement>"
        "</InstanceHierarchy></CAEXFile>";
    for (size_t length = 0; length < sizeof document; length++) {
        CLEANUP(reading_clear) struct reading reading = read_as(CAEX_ANY, (struct text){document, length});
        assert_int_equal(reading.error, length == sizeof document - 1 ? ERROR_NONE : ERROR_INVALID);
        if (length < sizeof document - 1) assert_true(model_findings_errors(reading.findings) > 0);
    }
}

// ---------------------------------------------------------------- what others add

#define ADDED                                                                                                          \
    HEAD "\n<InstanceHierarchy Name='H' xmlns:v='urn:v' v:view='7'>"                                                   \
         "<InternalElement Name='e' ID='i' v:colour='red &amp; \"blue\"' xmlns:w='urn:w' w:colour='green' "            \
         "xml:lang='de' odd='1'>"                                                                                      \
         "<AdditionalInformation><v:box w:size='2' v:size='3' size='4'><in xmlns='' a='1'><v:deep/></in>text"          \
         "<v:type xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='w:Colour'/></v:box>"                 \
         "</AdditionalInformation></InternalElement></InstanceHierarchy></CAEXFile>"

/// The value of an attribute of another namespace below a node, in whatever element it stands.
static void has_foreign(const struct caex_node *top, const char *space, const char *name, const char *value) {
    for (struct caex_node *at = (struct caex_node *)top; at != NULL; at = caex_walk(top, at)) {
        if (at->kind != CAEX_EXTENSION_ATTRIBUTE || !text_is(at->reference, space) || !text_is(at->name, name))
            continue;
        if (text_is(at->value, value)) return;
    }
    fail_msg("no %s='%s' of %s", name, value, space);
}

static void check_added(const struct caex *caex) {
    const struct caex_node *hierarchy = caex_first(caex_root(caex), CAEX_HIERARCHY);
    const struct caex_node *element = caex_by_id(caex, TEXT("i"));
    assert_non_null(element);
    has_foreign(hierarchy, "urn:v", "v:view", "7");
    has_foreign(element, "urn:v", "v:colour", "red & \"blue\"");
    has_foreign(element, "urn:w", "w:colour", "green");
    has_foreign(element, "http://www.w3.org/XML/1998/namespace", "xml:lang", "de");
    has_foreign(element, "", "odd", "1");
    has_foreign(element, "urn:w", "w:size", "2");
    has_foreign(element, "urn:v", "v:size", "3");
    has_foreign(element, "", "size", "4");
    has_foreign(element, "http://www.w3.org/2001/XMLSchema-instance", "xsi:type", "w:Colour");
    const char *const names[] = {"box", "in", "deep", "type"};
    const char *const spaces[] = {"urn:v", "", "urn:v", "urn:v"};
    for (size_t i = 0; i < 4; i++) {
        const struct caex_node *at = element;
        while (at != NULL && !(at->kind == CAEX_EXTENSION && text_is(at->name, names[i])))
            at = caex_walk(element, (struct caex_node *)at);
        assert_non_null(at);
        assert_true(text_is(at->reference, spaces[i]));
    }
}

static void namespaces_come_back(void **state) {
    (void)state;
    CLEANUP(reading_clear) struct reading first = read_as(CAEX_ANY, TEXT(ADDED));
    assert_string_equal(first.problem.text, "");
    check_added(first.caex);
    assert_int_equal(model_findings_count(first.findings), 1); // `odd`, which nobody knows, but it is kept
    told(&first, "<InternalElement> has no XML attribute 'odd'");
    CLEANUP(buffer_clear) struct buffer written = {0}, again = {0};
    assert_int_equal(caex_write(first.caex, &written), ERROR_NONE);
    CLEANUP(reading_clear) struct reading second = read_as(CAEX_PLANT, buffer_view(&written));
    assert_string_equal(second.problem.text, "");
    assert_int_equal(model_findings_count(second.findings), 0);
    check_added(second.caex);
    assert_int_equal(caex_write(second.caex, &again), ERROR_NONE);
    assert_string_equal(again.data, written.data);
}

static void what_cannot_be_kept_is_told(void **state) {
    (void)state;
    CLEANUP(reading_clear)
    struct reading reading = read_as(
        CAEX_ANY, TEXT("<CAEXFile SchemaVersion='3.0' FileName='f' xmlns='http://www.dke.de/CAEX' "
                       "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b'>\n"
                       "<InstanceHierarchy Name='H'>\n<Description ChangeMode='state' lang='de'>text</Description>\n"
                       "<InternalElement Name='e' xsi:type='Motor'/></InstanceHierarchy></CAEXFile>"));
    assert_string_equal(reading.problem.text, "");
    assert_int_equal(model_findings_count(reading.findings), 2);
    const struct model_finding *finding = told(&reading, "the XML attribute 'lang' of <Description> is not kept");
    assert_int_equal(finding->line, 3);
    assert_true(text_is(finding->path, "H"));
    finding = told(&reading, "the XML attribute 'xsi:type' is not kept");
    assert_int_equal(finding->line, 4);
    assert_true(text_is(finding->path, "H/e"));
}

// ---------------------------------------------------------------- odd, but meant

/// Two elements of one name in one line, their interfaces without IDs, each linked: as tools write CAEX 2.15.
static void interfaces_of_doubled_names_stay_apart(void **state) {
    (void)state;
    CLEANUP(reading_clear)
    struct reading first =
        read_as(CAEX_ANY, TEXT("<CAEXFile SchemaVersion='2.15' FileName='f'><InstanceHierarchy Name='H'>"
                               "<InternalElement Name='e' ID='1'><ExternalInterface Name='i'/></InternalElement>"
                               "<InternalElement Name='e' ID='2'><ExternalInterface Name='i'/></InternalElement>"
                               "<InternalElement Name='links' ID='3'>"
                               "<InternalLink Name='l' RefPartnerSideA='1:i' RefPartnerSideB='2:i'/></InternalElement>"
                               "</InstanceHierarchy></CAEXFile>"));
    assert_string_equal(first.problem.text, "");
    CLEANUP(buffer_clear) struct buffer written = {0};
    assert_int_equal(caex_write(first.caex, &written), ERROR_NONE);
    CLEANUP(reading_clear) struct reading second = read_as(CAEX_ANY, buffer_view(&written));
    const struct caex_node *link = caex_first(caex_by_id(second.caex, TEXT("3")), CAEX_LINK);
    assert_non_null(link->partner_a);
    assert_non_null(link->partner_b);
    assert_ptr_equal(link->partner_a->parent, caex_by_id(second.caex, TEXT("1")));
    assert_ptr_equal(link->partner_b->parent, caex_by_id(second.caex, TEXT("2")));
}

static void a_role_is_known_however_it_is_written(void **state) {
    (void)state;
    CLEANUP(reading_clear)
    struct reading reading = read_as(
        CAEX_ANY, TEXT("<CAEXFile SchemaVersion='2.15' FileName='f'><InstanceHierarchy Name='H'>"
                       "<InternalElement Name='a' ID='1'><RoleRequirements RefBaseRoleClassPath='[R]/[a/b]'/>"
                       "</InternalElement>"
                       "<InternalElement Name='b' ID='2'><SupportedRoleClass RefRoleClassPath='R/Base/Inner'/>"
                       "</InternalElement>"
                       "<InternalElement Name='c' ID='3'><RoleRequirements RefBaseRoleClassPath='x@[Else]/[where]'/>"
                       "</InternalElement></InstanceHierarchy>"
                       "<RoleClassLib Name='R'><RoleClass Name='a/b'/><RoleClass Name='Base' "
                       "RefBaseClassPath='Away/Top'><RoleClass Name='Inner' RefBaseClassPath='Base'/></RoleClass>"
                       "</RoleClassLib></CAEXFile>"));
    assert_string_equal(reading.problem.text, "");
    static const struct {
        const char *id, *role;
        bool has;
    } cases[] = {
        {"1", "R/a/b", true},        {"1", "[R]/[a/b]", true},      {"1", "R/a", false},
        {"2", "R/Base/Inner", true}, {"2", "R/Base", true},         {"2", "[R]/Base", true},
        {"2", "Away/Top", true},     {"2", "R/Inner", false},       {"3", "Else/where", true},
        {"3", "Else/wher", false},   {"3", "Else/where/so", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct caex_node *element = caex_by_id(reading.caex, text_of(cases[i].id));
        if (caex_has_role(element, text_of(cases[i].role)) != cases[i].has)
            fail_msg("element %s: role %s", cases[i].id, cases[i].role);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        {"[model-1.1] names, IDs and references have a limit, which is told with place and remedy", names_have_a_limit,
         NULL, NULL, NULL},
        {"a name that is cut is still UTF-8", a_cut_name_is_still_utf8, NULL, NULL, NULL},
        {"[model-1.3] paths in findings are clipped in the middle", paths_in_findings_are_clipped, NULL, NULL, NULL},
        {"paths of classes take no memory", paths_of_classes_take_no_memory, NULL, NULL, NULL},
        {"a hundred thousand siblings of one name are read", many_siblings_of_one_name_are_read, NULL, NULL, NULL},
        {"[model-1.1] a file that ends too early is refused, wherever it ends", a_file_that_ends_too_early_is_refused,
         NULL, NULL, NULL},
        {"[model-1.7] interfaces of doubled names get IDs of their own", interfaces_of_doubled_names_stay_apart, NULL,
         NULL, NULL},
        {"[model-1.8] a role is known in brackets, by a short name, outside of the file",
         a_role_is_known_however_it_is_written, NULL, NULL, NULL},
        {"[model-1.7] what others add in namespaces of their own comes back", namespaces_come_back, NULL, NULL, NULL},
        {"[model-1.7] what cannot be kept is told with line and element", what_cannot_be_kept_is_told, NULL, NULL,
         NULL},
    };
    return cmocka_run_group_tests_name("hostile files", tests, NULL, NULL);
}
