// What a link joins, however it is written, and whatever names are in it.
#include <base/cleanup.h>
#include <model/caex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

// Names as electrical designers give them: =A1+B2-K3:4 is a designation of IEC 81346.
#define ELEMENTS                                                                                                       \
    "<InternalElement Name='=A1+B2-K3' ID='11111111-0000-0000-0000-000000000001'>"                                     \
    "<ExternalInterface Name='-X1:4' ID='22222222-0000-0000-0000-000000000001'/>"                                      \
    "<ExternalInterface Name='a:b:c'/>"                                                                                \
    "<ExternalInterface Name='plain'><ExternalInterface Name='pin:1'/></ExternalInterface>"                            \
    "<ExternalInterface Name='[x]'/></InternalElement>"                                                                \
    "<InternalElement Name='DI 14/DQ 10_1' ID='11111111-0000-0000-0000-000000000002'>"                                 \
    "<InternalElement Name='slot:2' ID='11111111-0000-0000-0000-000000000003'>"                                        \
    "<ExternalInterface Name='ch/0'/><ExternalInterface Name='ch:1'/></InternalElement></InternalElement>"             \
    "<InternalElement Name='view' ID='11111111-0000-0000-0000-000000000004' "                                          \
    "RefBaseSystemUnitPath='11111111-0000-0000-0000-000000000001'/>"                                                   \
    "<InternalElement Name='K' ID='K'><ExternalInterface Name='1:out'/></InternalElement>"                             \
    "<InternalElement Name='K:1' ID='K:1'><ExternalInterface Name='out'/></InternalElement>"
#define LIBRARY                                                                                                        \
    "<SystemUnitClassLib Name='Lib'><SystemUnitClass Name='Box'><InternalElement Name='part'>"                         \
    "<ExternalInterface Name='p:1'/></InternalElement></SystemUnitClass></SystemUnitClassLib>"

static const struct side_case {
    const char *name, *side;
    const char *joined; // path of what it leads to; NULL: nothing
} side_cases[] = {
    {"the ID of an interface", "22222222-0000-0000-0000-000000000001", "P/cell/=A1+B2-K3/-X1:4"},
    {"the ID in capitals and braces", "{22222222-0000-0000-0000-000000000001}", "P/cell/=A1+B2-K3/-X1:4"},
    {"ID and name", "11111111-0000-0000-0000-000000000001:plain", "P/cell/=A1+B2-K3/plain"},
    {"ID in braces and a name with a colon", "{11111111-0000-0000-0000-000000000001}:-X1:4", "P/cell/=A1+B2-K3/-X1:4"},
    {"ID and a name with two colons", "11111111-0000-0000-0000-000000000001:a:b:c", "P/cell/=A1+B2-K3/a:b:c"},
    {"ID and a name with a slash", "11111111-0000-0000-0000-000000000003:ch/0", "P/cell/DI 14/DQ 10_1/slot:2/ch/0"},
    {"ID and an interface in an interface", "11111111-0000-0000-0000-000000000001:plain/pin:1",
     "P/cell/=A1+B2-K3/plain/pin:1"},
    {"ID and an element below", "11111111-0000-0000-0000-000000000002:slot:2:ch:1", "P/cell/DI 14/DQ 10_1/slot:2/ch:1"},
    {"a name in brackets", "11111111-0000-0000-0000-000000000001:[a:b:c]", "P/cell/=A1+B2-K3/a:b:c"},
    {"a name that has brackets", "11111111-0000-0000-0000-000000000001:[x]", "P/cell/=A1+B2-K3/[x]"},
    {"path from the hierarchy", "P/cell/=A1+B2-K3:-X1:4", "P/cell/=A1+B2-K3/-X1:4"},
    {"path from the element of the link", "=A1+B2-K3:a:b:c", "P/cell/=A1+B2-K3/a:b:c"},
    {"path with brackets", "[DI 14/DQ 10_1]/[slot:2]:[ch/0]", "P/cell/DI 14/DQ 10_1/slot:2/ch/0"},
    {"path without brackets around names that should have them", "P/cell/DI 14/DQ 10_1/slot:2:ch:1",
     "P/cell/DI 14/DQ 10_1/slot:2/ch:1"},
    {"path with slashes only", "P/cell/DI 14/DQ 10_1/slot:2/ch/0", "P/cell/DI 14/DQ 10_1/slot:2/ch/0"},
    {"an interface of the element of the link", ":own", "P/cell/own"},
    {"of a mirror, what its master has", "11111111-0000-0000-0000-000000000004:-X1:4", "P/cell/=A1+B2-K3/-X1:4"},
    {"in a class", "Lib/Box/part:p:1", "Lib/Box/part/p:1"},
    {"of two ways to cut it the longer element", "K:1:out", "P/cell/K:1/out"},
    {"an element without an interface", "P/cell/view", NULL},
    {"an interface that is not there", "11111111-0000-0000-0000-000000000001:-X1:5", NULL},
    {"nothing but a colon", ":", NULL},
    {"colons only", ":::::", NULL},
    {"slashes only", "/////", NULL},
    {"brackets only", "[]:[]", NULL},
    {"braces only", "{}:{}", NULL},
};
enum { SIDE_CASES = sizeof side_cases / sizeof side_cases[0] };

static struct caex *create(struct text bytes, struct model_findings *findings) {
    struct caex *caex = NULL;
    struct problem problem = {""};
    enum error error = caex_create(bytes, CAEX_ANY, findings, &caex, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, ERROR_NONE);
    return caex;
}

static void check_side(void **state) {
    const struct side_case *c = *state;
    static const char *const versions[] = {"SchemaVersion='2.15'",
                                           "SchemaVersion='3.0' xmlns='http://www.dke.de/CAEX'"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buffer_clear) struct buffer document = {0}, path = {0};
        buffer_print(&document,
                     "<CAEXFile %s FileName='f'><InstanceHierarchy Name='P'><InternalElement Name='cell' ID='C'>"
                     "<ExternalInterface Name='own'/>" ELEMENTS
                     "<InternalLink Name='l' RefPartnerSideA='%s' RefPartnerSideB=':own'/>"
                     "</InternalElement></InstanceHierarchy>" LIBRARY "</CAEXFile>",
                     versions[i], c->side);
        CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
        CLEANUP(caex_destroy_at) struct caex *caex = create(buffer_view(&document), findings);
        const struct caex_node *link = caex_first(caex_by_id(caex, TEXT("C")), CAEX_LINK);
        assert_non_null(link->partner_b);
        assert_int_equal(model_findings_count(findings), c->joined == NULL ? 1 : 0);
        if (link->partner_a != NULL) caex_path(link->partner_a, &path);
        assert_int_equal(link->partner_a == NULL, c->joined == NULL);
        if (c->joined != NULL) assert_string_equal(path.data, c->joined);
    }
}

/// An element with mirrors of itself in it, called a, a/a, a/a/a: a path of n names can be cut in 2^n ways.
static void a_path_with_endless_cuts_is_given_up(void **state) {
    (void)state;
    enum { STEPS = 2000, LINKS = 2000 };
    CLEANUP(buffer_clear) struct buffer document = {0}, path = {0};
    for (int i = 0; i < STEPS; i++) buffer_string(&path, "a/");
    buffer_string(&document, "<CAEXFile SchemaVersion='2.15' FileName='f'><InstanceHierarchy Name='P'>"
                             "<InternalElement Name='e' ID='E'><ExternalInterface Name='i'/>"
                             "<InternalElement Name='a' RefBaseSystemUnitPath='E'/>"
                             "<InternalElement Name='a/a' RefBaseSystemUnitPath='E'/>"
                             "<InternalElement Name='a/a/a' RefBaseSystemUnitPath='E'/>"
                             "<InternalLink Name='good' RefPartnerSideA='a/a/a/a:i' RefPartnerSideB='E:a:a:a:i'/>");
    for (int i = 0; i < LINKS; i++)
        buffer_print(&document, "<InternalLink Name='l%d' RefPartnerSideA='E:i' RefPartnerSideB='%s:none'/>", i,
                     path.data);
    buffer_string(&document, "</InternalElement></InstanceHierarchy></CAEXFile>");
    clock_t start = clock();
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(caex_destroy_at) struct caex *caex = create(buffer_view(&document), findings);
    assert_true(clock() - start < 30 * CLOCKS_PER_SEC); // processor time; of all cuts it would be years
    const struct caex_node *link = caex_first(caex_by_id(caex, TEXT("E")), CAEX_LINK);
    assert_ptr_equal(link->partner_a, link->partner_b);
    assert_true(text_is(link->partner_a->name, "i"));
    for (link = caex_next(link); link != NULL; link = caex_next(link)) assert_null(link->partner_b);
}

int main(void) {
    static char names[SIDE_CASES][128];
    struct CMUnitTest tests[SIDE_CASES + 1];
    for (size_t i = 0; i < SIDE_CASES; i++) {
        snprintf(names[i], sizeof names[i], "[model-6.3] a side that %s: %s",
                 side_cases[i].joined == NULL ? "leads nowhere is told" : "leads to its interface", side_cases[i].name);
        tests[i] = (struct CMUnitTest){names[i], check_side, NULL, NULL, (void *)&side_cases[i]};
    }
    tests[SIDE_CASES] = (struct CMUnitTest){"a side that can be cut in endless ways is given up",
                                            a_path_with_endless_cuts_is_given_up, NULL, NULL, NULL};
    return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
