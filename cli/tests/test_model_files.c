// `splc model` on files of other tools: tag list in, plant out; an export laid beside a plant; any file looked at and
// converted. The commands run in this process; what they write goes to files.
#include "model_verbs.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define REAL_FILES SOURCE_FOLDER "/lib/model/tests/data/aml/"
#define PLANT SOURCE_FOLDER "/plants/mps"
#define LIST_FILE "tags.csv"

static char folder[] = "/tmp/splc-model-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    static const char list[] = "Name;Address;Class;Signal;Thing;Module\n"
                               "right;%Q0.0;Motor;right;belt;motor\nleft;%Q0.1;Motor;left;belt;motor\nentry;%I0.0\n";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) return -1;
    return file_write(LIST_FILE, text_of(list), 0600, NULL) == ERROR_NONE ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    static const char *const files[] = {LIST_FILE, "out", "made", "stdout"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i]);
    return chdir("/") != 0 || rmdir(folder) != 0 ? -1 : 0;
}

struct run_case {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *words[8];
    int status;
    const char *says; // in the file "out", or on standard output
};

static const struct run_case cases[] = {
    {"a tag list becomes a plant",
     model_import,
     {"import", LIST_FILE, "--libraries", PLANT, "--station", "Press", "-o", "out"},
     0,
     "<InternalElement Name=\"motor\""},
    {"the I/O of TIA Portal becomes a plant",
     model_import,
     {"import", REAL_FILES "tia-v17-s7-1200.aml", "--libraries", PLANT, "-o", "out"},
     0,
     "<InternalElement Name=\"DI_14_DQ_10_1\""},
    {"an export is laid beside a plant, differences are a failure",
     model_import,
     {"import", REAL_FILES "eplan-2.7.3-arapc.aml", "--match", PLANT, "-o", "out"},
     1,
     "45 channels, 15 differences"},
    {"without libraries tags are listed, and the remedy is told",
     model_import,
     {"import", LIST_FILE, "-o", "out"},
     0,
     "3 tags; --libraries PLANT makes a plant of them"},
    {"a station needs a name that is one",
     model_import,
     {"import", LIST_FILE, "--libraries", PLANT, "--station", "a b"},
     1,
     NULL},
    {"a manifest is listed as JSON",
     model_import,
     {"import", "--json", SOURCE_FOLDER "/lib/import/tests/data/dosing-manifest.aml"},
     0,
     "\"identifier\":\"Dosing.L1.V\""},
    {"a manifest is listed for people",
     model_import,
     {"import", SOURCE_FOLDER "/lib/import/tests/data/dosing-manifest.aml", "-o", "out"},
     0,
     "L1  AnaView, REAL  \"Level of the vessel\""},
    {"any file is looked at", model_inspect, {"inspect", "--tree", REAL_FILES "editor-5.4-eobots.aml"}, 0, "Robot7"},
    {"any file is looked at as JSON",
     model_inspect,
     {"inspect", "--json", REAL_FILES "tia-v17-s7-1200.aml"},
     0,
     "\"InternalElement\":38"},
    {"what is no AutomationML is refused", model_inspect, {"inspect", LIST_FILE}, 1, NULL},
    {"a file that is not there is refused", model_inspect, {"inspect", "nothing.aml"}, 1, NULL},
    {"CAEX 2.15 is written as 3.0",
     model_convert,
     {"convert", REAL_FILES "automationml-topology.aml", "-o", "out"},
     0,
     "SchemaVersion=\"3.0\""},
};
enum { CASES = sizeof cases / sizeof *cases };

/// What the command prints, in a file.
static int run_printed(const struct run_case *c, int argc, char **argv) {
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    FILE *file = fopen("stdout", "w+e");
    assert_true(before >= 0 && file != NULL);
    dup2(fileno(file), STDOUT_FILENO);
    int status = c->run(argc, argv);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    fclose(file);
    return status;
}

static void check(void **state) {
    const struct run_case *c = *state;
    char *words[9] = {NULL};
    int count = 0;
    bool to_file = false;
    for (; count < 8 && c->words[count] != NULL; count++) {
        words[count] = (char *)(uintptr_t)c->words[count];
        to_file = to_file || strcmp(c->words[count], "-o") == 0;
    }
    unlink("out");
    assert_int_equal(run_printed(c, count, words), c->status);
    if (c->says == NULL) return;
    CLEANUP(buffer_clear) struct buffer out = {0};
    assert_int_equal(file_read(to_file ? "out" : "stdout", 1024 * 1024, &out, NULL), ERROR_NONE);
    if (strstr(out.data, c->says) == NULL) fail_msg("no '%s' in:\n%s", c->says, out.data);
}

static void what_was_made_checks_clean(void **state) {
    (void)state;
    static const struct run_case steps[] = {
        {"", model_import, {"import", LIST_FILE, "--libraries", PLANT, "-o", "made"}, 0, NULL},
        {"", model_check, {"check", "made"}, 0, ": good: station Plant, 8 elements, 3 signals"},
    };
    for (size_t i = 0; i < 2; i++) {
        void *step = (void *)(uintptr_t)&steps[i];
        check(&step);
    }
}

int main(void) {
    struct CMUnitTest tests[CASES + 1];
    for (size_t i = 0; i < CASES; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, check, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    tests[CASES] = (struct CMUnitTest){"what was made checks clean", what_was_made_checks_clean, NULL, NULL, NULL};
    return _cmocka_run_group_tests("model files", tests, CASES + 1, make_folder, remove_folder);
}
