// Which document of a container is read, by the rules of packages; what is no container, or a hostile one, is refused.
#include <base/cleanup.h>
#include <model/caex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip/zip.h>

#include <cmocka.h>

#define DOCUMENT(name) "<CAEXFile SchemaVersion='2.15' FileName='" name "'/>"
#define ROOT_TYPE "http://schemas.automationml.org/container/relationship/RootDocument"

static void rels(const char *target, const char *mode, struct buffer *out) {
    buffer_string(out, "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
                       "<Relationship Id='r0' Type='http://example.com/other' Target='other.aml'/>");
    buffer_print(out, "<Relationship Id='r1' Type='" ROOT_TYPE "' Target='%s'%s/></Relationships>", target, mode);
}

/// What is read, by its FileName; the problem when nothing is.
static enum error read_archive(struct text archive, struct buffer *ret_name, struct problem *problem) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(caex_destroy_at) struct caex *caex = NULL;
    enum error error = caex_create(archive, CAEX_ANY, findings, &caex, problem);
    if (!error) buffer_text(ret_name, caex_root(caex)->name);
    return error;
}

static void expect(struct text archive, const char *name, const char *problem_part) {
    CLEANUP(buffer_clear) struct buffer found = {0};
    struct problem problem = {""};
    enum error error = read_archive(archive, &found, &problem);
    if (name != NULL) {
        assert_string_equal(problem.text, "");
        assert_string_equal(found.data, name);
        return;
    }
    assert_int_equal(error, ERROR_INVALID);
    if (strstr(problem.text, problem_part) == NULL) fail_msg("'%s' instead of '%s'", problem.text, problem_part);
}

static const struct target_case {
    const char *name, *target, *mode;
    const char *document; // that is read; NULL: refused
    const char *problem;
} target_cases[] = {
    {"from the root of the container", "/a/plant.aml", "", "plant", NULL},
    {"relative to it", "a/plant.aml", "", "plant", NULL},
    {"case does not count", "A/Plant.AML", "", "plant", NULL},
    {"through '.' and '..'", "./a/./b/../plant.aml", "", "plant", NULL},
    {"with empty names in between", "a//plant.aml", "", "plant", NULL},
    {"escapes stand for what they mean", "%61/pl%61nt.aml", "", "plant", NULL},
    {"an escaped blank", "b/my%20plant.aml", "", "blank", NULL},
    {"a blank as it is", "b/my plant.aml", "", "blank", NULL},
    {"an escaped letter of UTF-8", "b/%C3%BCber.aml", "", "uber", NULL},
    {"a letter of UTF-8 as it is",
     "b/\xC3\xBC"
     "ber.aml",
     "", "uber", NULL},
    {"an entry with escapes in its name, as older packers write it", "b/the plant.aml", "", "escaped", NULL},
    {"a percent sign that is no escape", "b/100%.aml", "", "percent", NULL},
    {"an escaped percent sign is unescaped once", "b/100%25.aml", "", "percent", NULL},
    {"a place in the document", "/a/plant.aml#MPS", "", "plant", NULL},
    {"said to be inside", "/a/plant.aml", " TargetMode='Internal'", "plant", NULL},

    {"above the root", "../a/plant.aml", "", NULL, "leads out of the container"},
    {"above the root in the middle", "a/../../plant.aml", "", NULL, "leads out of the container"},
    {"above the root, hidden", "/%2e%2E/a/plant.aml", "", NULL, "leads out of the container"},
    {"a file of the machine", "file:///a/plant.aml", "", NULL, "leads out of the container"},
    {"somewhere in the network", "http://127.0.0.1/plant.aml", "", NULL, "leads out of the container"},
    {"on another machine", "//127.0.0.1/plant.aml", "", NULL, "leads out of the container"},
    {"said to be outside", "/a/plant.aml", " TargetMode='External'", NULL, "is outside of the container"},
    {"a hidden slash", "a%2Fplant.aml", "", NULL, "has a slash in a name"},
    {"a back slash", "a\\plant.aml", "", NULL, "has a slash in a name"},
    {"a hidden back slash", "a%5Cplant.aml", "", NULL, "has a slash in a name"},
    {"a hidden end of the name", "a/plant.aml%00.png", "", NULL, "has a control character"},
    {"broken UTF-8", "b/%FFber.aml", "", NULL, "no UTF-8"},
    {"nothing", "", "", NULL, "is empty"},
    {"the container itself", "/", "", NULL, "names no part"},
    {"what is not there", "/a/plan.aml", "", NULL, "the archive has no 'a/plan.aml'"},
};
enum { TARGET_CASES = sizeof target_cases / sizeof target_cases[0] };

static void check_target(void **state) {
    const struct target_case *c = *state;
    CLEANUP(buffer_clear) struct buffer relationships = {0}, archive = {0};
    rels(c->target, c->mode, &relationships);
    const struct zip_entry entries[] = {
        {TEXT("_rels/.rels"), buffer_view(&relationships)},
        {TEXT("other.aml"), TEXT(DOCUMENT("other"))},
        {TEXT("a/plant.aml"), TEXT(DOCUMENT("plant"))},
        {TEXT("b/my plant.aml"), TEXT(DOCUMENT("blank"))},
        {TEXT("b/\xC3\xBC"
              "ber.aml"),
         TEXT(DOCUMENT("uber"))},
        {TEXT("b/the%20plant.aml"), TEXT(DOCUMENT("escaped"))},
        {TEXT("b/100%.aml"), TEXT(DOCUMENT("percent"))},
        {TEXT("b/100%25.aml"), TEXT(DOCUMENT("not this"))},
    };
    assert_int_equal(zip_write(entries, sizeof entries / sizeof entries[0], &archive, NULL), ERROR_NONE);
    expect(buffer_view(&archive), c->document, c->problem);
}

static void pack(const struct zip_entry *entries, size_t count, const char *name, const char *problem) {
    CLEANUP(buffer_clear) struct buffer archive = {0};
    assert_int_equal(zip_write(entries, count, &archive, NULL), ERROR_NONE);
    expect(buffer_view(&archive), name, problem);
}

static void without_relationships_the_only_document_is_read(void **state) {
    (void)state;
    const struct zip_entry entries[] = {{TEXT("readme.txt"), TEXT("a.aml")},
                                        {TEXT("x/Plant.Aml"), TEXT(DOCUMENT("x"))}};
    pack(entries, 2, "x", NULL);
    pack(entries, 1, NULL, "there is no .aml file in this container");
    const struct zip_entry two[] = {{TEXT("a.aml"), TEXT(DOCUMENT("a"))}, {TEXT("b.aml"), TEXT(DOCUMENT("b"))}};
    pack(two, 2, NULL, "there are 2 .aml files");
}

static void relationships_that_are_no_xml_are_refused(void **state) {
    (void)state;
    const struct zip_entry broken[] = {{TEXT("_rels/.rels"), TEXT("<Relationships>")},
                                       {TEXT("a.aml"), TEXT(DOCUMENT("a"))}};
    pack(broken, 2, NULL, "_rels/.rels in the container: not well-formed XML");
    const struct zip_entry bomb[] = {
        {TEXT("_rels/.rels"), TEXT("<!DOCTYPE a [<!ENTITY b 'c'>]><Relationships>&b;</Relationships>")},
        {TEXT("a.aml"), TEXT(DOCUMENT("a"))}};
    CLEANUP(buffer_clear) struct buffer archive = {0}, name = {0};
    struct problem problem = {""};
    assert_int_equal(zip_write(bomb, 2, &archive, NULL), ERROR_NONE);
    assert_int_equal(read_archive(buffer_view(&archive), &name, &problem), ERROR_UNSUPPORTED);
    assert_non_null(strstr(problem.text, "_rels/.rels in the container: a document type declaration"));
}

static void what_only_looks_like_a_container_is_refused(void **state) {
    (void)state;
    expect(TEXT("PK\x03\x04 and nothing else"), NULL, "the ZIP archive cannot be read");
    expect(TEXT("PK\x05\x06"), NULL, "the ZIP archive cannot be read");
    expect(TEXT("PK"), NULL, "this is no ZIP archive");
    expect(TEXT("\x1F\x8B\x08 gzip"), NULL, "not well-formed XML");
    const struct zip_entry entry = {TEXT("a.aml"), TEXT("this is no XML")};
    pack(&entry, 1, NULL, "not well-formed XML");
}

static void a_container_in_a_container_is_not_opened(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer inner = {0};
    const struct zip_entry entry = {TEXT("a.aml"), TEXT(DOCUMENT("a"))};
    assert_int_equal(zip_write(&entry, 1, &inner, NULL), ERROR_NONE);
    const struct zip_entry outer = {TEXT("b.aml"), buffer_view(&inner)};
    pack(&outer, 1, NULL, "not well-formed XML");
}

/// A document that unpacks to more than a model may have, from less than a megabyte.
static void a_bomb_is_refused(void **state) {
    (void)state;
    CLEANUP(free_at) char *blanks = malloc(MODEL_BYTES_MAX + 1);
    assert_non_null(blanks);
    memset(blanks, ' ', MODEL_BYTES_MAX + 1);
    CLEANUP(buffer_clear) struct buffer archive = {0}, name = {0};
    const struct zip_entry entry = {TEXT("a.aml"), {blanks, MODEL_BYTES_MAX + 1}};
    assert_int_equal(zip_write(&entry, 1, &archive, NULL), ERROR_NONE);
    assert_true(archive.length < MODEL_BYTES_MAX / 500);
    struct problem problem = {""};
    assert_int_equal(read_archive(buffer_view(&archive), &name, &problem), ERROR_TOO_LARGE);
    assert_non_null(strstr(problem.text, "'a.aml' in the archive is larger than"));
}

int main(void) {
    static const struct CMUnitTest others[] = {
        {"[model-1.1] without relationships the only document of a container is read",
         without_relationships_the_only_document_is_read, NULL, NULL, NULL},
        {"[model-1.1] relationships that are no XML, or have a document type, are refused",
         relationships_that_are_no_xml_are_refused, NULL, NULL, NULL},
        {"[model-1.1] what only looks like a container is refused", what_only_looks_like_a_container_is_refused, NULL,
         NULL, NULL},
        {"[model-1.1] a container in a container is not opened", a_container_in_a_container_is_not_opened, NULL, NULL,
         NULL},
        {"[model-1.1] a container that unpacks to more than a model may have is refused", a_bomb_is_refused, NULL, NULL,
         NULL},
    };
    enum { OTHERS = sizeof others / sizeof others[0] };
    static char names[TARGET_CASES][128];
    struct CMUnitTest tests[TARGET_CASES + OTHERS];
    for (size_t i = 0; i < TARGET_CASES; i++) {
        snprintf(names[i], sizeof names[i], "[model-1.1] a root document %s: %s",
                 target_cases[i].document == NULL ? "is refused" : "is found", target_cases[i].name);
        tests[i] = (struct CMUnitTest){names[i], check_target, NULL, NULL, (void *)&target_cases[i]};
    }
    memcpy(tests + TARGET_CASES, others, sizeof others);
    return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
