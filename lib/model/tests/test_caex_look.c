// What a document says, in whichever notation it says it: one made file with everything that real tools write.
#include <model/caex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char document[] =
    "\xEF\xBB\xBF<CAEXFile SchemaVersion='3.0' FileName='cell.aml' xmlns='http://www.dke.de/CAEX'>\n"
    "<SystemUnitClassLib Name='Lib'>\n"
    " <SystemUnitClass Name='Base'><Attribute Name='Mass' AttributeDataType='xs:double' Unit='kg'>"
    "<DefaultValue>2.5</DefaultValue><Constraint Name='Range'><OrdinalScaledType><RequiredMaxValue>9</RequiredMaxValue>"
    "</OrdinalScaledType></Constraint></Attribute><SupportedRoleClass "
    "RefRoleClassPath='Roles/Drive'/></SystemUnitClass>\n"
    " <SystemUnitClass Name='a/b' RefBaseClassPath='Lib/Base'><Attribute Name='Hmi'><Attribute "
    "Name='X'><Value>1</Value>"
    "</Attribute><Attribute Name='Y'><Value>2</Value></Attribute></Attribute>"
    "<SystemUnitClass Name='Inner' RefBaseClassPath='a/b'/><SystemUnitClass Name='Short' RefBaseClassPath='Short2'/>"
    "</SystemUnitClass>\n"
    "</SystemUnitClassLib>\n"
    "<ExternalReference Path='lib/drives.aml' Alias='Drives'/>\n"
    "<InstanceHierarchy Name='Cell'>\n"
    " <InternalElement Name='m1' ID='{AAAAAAAA-0000-0000-0000-000000000001}' RefBaseSystemUnitPath='[Lib]/[a/b]'>"
    "<Attribute Name='Name1'><Value>Motor</Value><Attribute Name='aml-lang=de'><Value>Antrieb</Value></Attribute>"
    "<Attribute Name='aml-lang=fr-FR'><Value>Moteur</Value></Attribute></Attribute>"
    "<Attribute Name='Hmi'><Attribute Name='X'><Value>7</Value></Attribute></Attribute>"
    "<Attribute Name='Count' AttributeDataType='xs:int'><Value>Channel 1</Value></Attribute>"
    "<ExternalInterface Name='out 1' ID='aaaaaaaa-0000-0000-0000-000000000011'/><Vendor:colour xmlns:Vendor='urn:v' "
    "code='7'>red<b/>ish</Vendor:colour></InternalElement>\n"
    " <InternalElement Name='m1' ID='AAAAAAAA-0000-0000-0000-000000000002'><ExternalInterface Name='in'/>"
    "<RoleRequirements RefBaseRoleClassPath='Drives@DriveRoles/Servo'/><Unknown odd='1'/></InternalElement>\n"
    " <InternalElement Name='view' ID='V' RefBaseSystemUnitPath='{aaaaaaaa-0000-0000-0000-000000000001}'/>\n"
    " <InternalElement Name='rack' ID='R'><InternalElement Name='DI 14/DQ 10_1' ID='S'><ExternalInterface Name='ch/0'/>"
    "</InternalElement>"
    "<InternalLink Name='ids' RefPartnerSideA='AAAAAAAA-0000-0000-0000-000000000011' RefPartnerSideB=' S:ch/0 '/>"
    "<InternalLink Name='braces' RefPartnerSideA='{AAAAAAAA-0000-0000-0000-000000000001}:out 1' "
    "RefPartnerSideB='{AAAAAAAA-0000-0000-0000-000000000002}:in'/>"
    "<InternalLink Name='paths' RefPartnerSideA='Cell/m1:out 1' RefPartnerSideB='[DI 14/DQ 10_1]:[ch/0]'/>"
    "<InternalLink Name='whole' RefPartnerSideA='Cell/rack/[DI 14/DQ 10_1]:ch/0' RefPartnerSideB='nothing'/>"
    "<InternalLink Name='away' RefPartnerSideA='Drives@Cell/x:y' RefPartnerSideB='S:no'/>"
    "</InternalElement>\n"
    "</InstanceHierarchy>\n"
    "<RoleClassLib Name='Roles'><RoleClass Name='Drive' RefBaseClassPath='Roles/Thing'/><RoleClass Name='Thing'/>"
    "</RoleClassLib>\n"
    "</CAEXFile>\n";

static struct caex *cell;
static struct model_findings *told;

static int read_document(void **state) {
    (void)state;
    told = model_findings_create();
    struct problem problem = {""};
    if (caex_create(text_of(document), CAEX_ANY, told, &cell, &problem) == ERROR_NONE) return 0;
    fprintf(stderr, "%s\n", problem.text);
    return -1;
}

static int free_document(void **state) {
    (void)state;
    caex_destroy(cell);
    model_findings_destroy(told);
    return 0;
}

static void same(struct text text, const char *expected) {
    if (!text_is(text, expected)) fail_msg("'%.*s' instead of '%s'", TEXT_ARG(text), expected);
}

static struct caex_node *by_id(const char *id) {
    struct caex_node *node = caex_by_id(cell, text_of(id));
    if (node == NULL) fail_msg("nothing has the ID %s", id);
    return node;
}

static const struct caex_node *link_named(const char *name) {
    const struct caex_node *link = caex_child(by_id("R"), CAEX_LINK, text_of(name));
    if (link == NULL) fail_msg("no link %s", name);
    return link;
}

static bool is_told(const char *part) {
    for (size_t i = 0; i < model_findings_count(told); i++) {
        struct text text = model_findings_at(told, i)->text;
        if (memmem(text.data, text.length, part, strlen(part)) != NULL) return true;
    }
    return false;
}

static void ids_in_any_case_with_or_without_braces(void **state) {
    (void)state;
    assert_ptr_equal(by_id("{AAAAAAAA-0000-0000-0000-000000000001}"), by_id("aaaaaaaa-0000-0000-0000-000000000001"));
    assert_null(caex_by_id(cell, TEXT("bbbbbbbb")));
}

static void class_paths_in_brackets_and_short_names(void **state) {
    (void)state;
    struct caex_node *class = caex_class(cell, FAMILY_UNIT, TEXT("[Lib]/[a/b]"));
    assert_non_null(class);
    assert_ptr_equal(by_id("aaaaaaaa-0000-0000-0000-000000000001")->base, class);
    assert_ptr_equal(caex_child(class, CAEX_UNIT_CLASS, TEXT("Inner"))->base, class);
    assert_null(caex_child(class, CAEX_UNIT_CLASS, TEXT("Short"))->base);
    assert_true(is_told("there is no system unit class 'Short2'"));
    assert_true(caex_is_a(class, caex_class(cell, FAMILY_UNIT, TEXT("Lib/Base"))));
}

static void values_are_inherited_member_by_member(void **state) {
    (void)state;
    struct caex_node *motor = by_id("aaaaaaaa-0000-0000-0000-000000000001");
    same(caex_attribute(motor, TEXT("Mass")), "2.5");
    same(caex_attribute(motor, TEXT("Hmi/X")), "7");
    same(caex_attribute(motor, TEXT("Hmi/Y")), "2");
    same(caex_attribute(motor, TEXT("Hmi/Z")), "");
    const struct caex_node *mass =
        caex_child(caex_class(cell, FAMILY_UNIT, TEXT("Lib/Base")), CAEX_ATTRIBUTE, TEXT("Mass"));
    same(mass->unit, "kg");
    same(caex_first(caex_first(caex_first(mass, CAEX_CONSTRAINT), CAEX_ORDINAL), CAEX_REQUIRED_MAX)->value, "9");
}

static void a_value_of_another_type_is_kept(void **state) {
    (void)state;
    same(caex_attribute(by_id("aaaaaaaa-0000-0000-0000-000000000001"), TEXT("Count")), "Channel 1");
}

static void names_in_the_language_of_the_reader(void **state) {
    (void)state;
    struct caex_node *motor = by_id("aaaaaaaa-0000-0000-0000-000000000001");
    same(caex_localised(motor, TEXT("Name1"), TEXT("de-DE")), "Antrieb");
    same(caex_localised(motor, TEXT("Name1"), TEXT("fr-FR")), "Moteur");
    same(caex_localised(motor, TEXT("Name1"), TEXT("it-IT")), "Motor");
    same(caex_localised(motor, TEXT("None"), TEXT("de")), "");
}

static void roles_own_supported_and_inherited(void **state) {
    (void)state;
    struct caex_node *motor = by_id("aaaaaaaa-0000-0000-0000-000000000001");
    assert_true(caex_has_role(motor, TEXT("Roles/Drive"))); // its base class supports it
    assert_true(caex_has_role(motor, TEXT("Roles/Thing"))); // that role's base
    assert_false(caex_has_role(motor, TEXT("DriveRoles/Servo")));
    assert_true(caex_has_role(by_id("aaaaaaaa-0000-0000-0000-000000000002"), TEXT("DriveRoles/Servo"))); // elsewhere
}

static void a_mirror_says_what_its_master_says(void **state) {
    (void)state;
    struct caex_node *view = by_id("V");
    assert_ptr_equal(caex_master(view), by_id("aaaaaaaa-0000-0000-0000-000000000001"));
    same(caex_attribute(view, TEXT("Hmi/X")), "7");
    same(caex_attribute(view, TEXT("Mass")), "2.5");
    assert_true(caex_has_role(view, TEXT("Roles/Drive")));
    assert_null(caex_master(by_id("R")));
}

static void references_into_other_files(void **state) {
    (void)state;
    const struct caex_node *role = caex_first(by_id("aaaaaaaa-0000-0000-0000-000000000002"), CAEX_ROLE_REQUIREMENT);
    assert_null(role->base);
    same(role->external->reference, "lib/drives.aml");
    assert_true(is_told("is in the file 'lib/drives.aml', which is not read"));
    same(link_named("away")->external->name, "Drives");
}

static void links_in_all_notations(void **state) {
    (void)state;
    const struct caex_node *out =
        caex_child(by_id("aaaaaaaa-0000-0000-0000-000000000001"), CAEX_INTERFACE, TEXT("out 1"));
    const struct caex_node *in = caex_child(by_id("aaaaaaaa-0000-0000-0000-000000000002"), CAEX_INTERFACE, TEXT("in"));
    const struct caex_node *channel = caex_child(by_id("S"), CAEX_INTERFACE, TEXT("ch/0"));
    assert_ptr_equal(link_named("ids")->partner_a, out);
    assert_ptr_equal(link_named("ids")->partner_b, channel);
    assert_ptr_equal(link_named("braces")->partner_a, out);
    assert_ptr_equal(link_named("braces")->partner_b, in);
    assert_ptr_equal(link_named("paths")->partner_a, out); // of two elements of one name the first
    assert_ptr_equal(link_named("paths")->partner_b, channel);
    assert_ptr_equal(link_named("whole")->partner_a, channel);
    assert_null(link_named("whole")->partner_b);
    assert_null(link_named("away")->partner_a);
    assert_null(link_named("away")->partner_b);
    assert_true(is_told("side B: nothing has the ID 'nothing'"));
    assert_true(is_told("side B: 'DI 14/DQ 10_1' in line"));
}

static void what_is_odd_is_told_and_kept(void **state) {
    (void)state;
    assert_int_equal(model_findings_errors(told), 0);
    assert_true(is_told("the name 'm1' stands in line"));
    assert_true(is_told("CAEX has no element <Unknown> in <InternalElement>"));
    const struct caex_node *second = by_id("aaaaaaaa-0000-0000-0000-000000000002");
    same(caex_first(second, CAEX_EXTENSION)->name, "Unknown");
    const struct caex_node *colour = caex_first(by_id("aaaaaaaa-0000-0000-0000-000000000001"), CAEX_EXTENSION);
    same(colour->name, "colour");
    same(colour->reference, "urn:v");
    same(caex_first(colour, CAEX_EXTENSION_ATTRIBUTE)->value, "7");
    same(colour->value, "red");
    same(caex_next(caex_first(colour, CAEX_EXTENSION))->value, "ish");
}

static enum error create(struct text bytes, struct problem *problem) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(caex_destroy_at) struct caex *caex = NULL;
    return caex_create(bytes, CAEX_ANY, findings, &caex, problem);
}

static void limits_hold(void **state) {
    (void)state;
    struct problem problem;
    CLEANUP(buffer_clear) struct buffer deep = {0}, many = {0};
    buffer_string(&deep, "<CAEXFile SchemaVersion='2.15'><InstanceHierarchy Name='h'>");
    for (int i = 0; i < CAEX_DEPTH_MAX; i++) buffer_print(&deep, "<InternalElement Name='e%d'>", i);
    assert_int_equal(create(buffer_view(&deep), &problem), ERROR_TOO_LARGE);
    buffer_string(&many, "<CAEXFile SchemaVersion='2.15'>");
    for (int i = 0; i < CAEX_NODES_MAX; i++) buffer_string(&many, "<a/>");
    assert_int_equal(create(buffer_view(&many), &problem), ERROR_TOO_LARGE);
    if (strstr(problem.text, "more than 1500000 elements") == NULL) fail_msg("%s", problem.text);
}

static void no_document_type_and_so_no_entities(void **state) {
    (void)state;
    struct problem problem;
    const struct text bomb =
        TEXT("<!DOCTYPE a [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>"
             "<!ENTITY c SYSTEM 'file:///etc/passwd'>]><CAEXFile SchemaVersion='3.0'>&b;&c;</CAEXFile>");
    assert_int_equal(create(bomb, &problem), ERROR_UNSUPPORTED);
    assert_non_null(strstr(problem.text, "document type"));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_in_any_case_with_or_without_braces),
        cmocka_unit_test(class_paths_in_brackets_and_short_names),
        cmocka_unit_test(values_are_inherited_member_by_member),
        cmocka_unit_test(a_value_of_another_type_is_kept),
        cmocka_unit_test(names_in_the_language_of_the_reader),
        cmocka_unit_test(roles_own_supported_and_inherited),
        cmocka_unit_test(a_mirror_says_what_its_master_says),
        cmocka_unit_test(references_into_other_files),
        cmocka_unit_test(links_in_all_notations),
        cmocka_unit_test(what_is_odd_is_told_and_kept),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(no_document_type_and_so_no_entities),
    };
    return cmocka_run_group_tests_name("caex: looking up", tests, read_document, free_document);
}
