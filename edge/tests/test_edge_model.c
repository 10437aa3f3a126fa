// What `splc model check` calls good, the edge runs: each plant is changed at one place after another, and every
// change is either told when the model is read, or makes a program and a simulation that take a few scans.

#include <base/clock.h>
#include <base/file.h>
#include <model/model.h>
#include <program/program.h>
#include <sim/sim.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    STRIDE = 9, // every so many places; another run through all of them took two minutes and found as little
    SCANS = 3,
};
static const uint64_t PERIOD_NS = 10 * 1000 * 1000;

/// Texts that are changed: what stands between `begin` and `end`.
static const struct place_kind {
    const char *begin, *end;
    const char *const *words; // NULL ends; a place gets one of them after another
} kinds[] = {
    {"<Value>", "</Value>", (const char *const[]){"-1", "nothing", "0", "", "1e300", "99999", "true", NULL}},
    {"<DefaultValue>", "</DefaultValue>", (const char *const[]){"0", "nothing", "-1", "", NULL}},
    {"<RequiredValue>", "</RequiredValue>", (const char *const[]){"nothing", NULL}},
    {" Name=\"", "\"", (const char *const[]){"nothing", "Lock", "state", NULL}},
    {" AttributeDataType=\"", "\"", (const char *const[]){"xs:string", "xs:int", "xs:boolean", "xs:double", NULL}},
    {" Unit=\"", "\"", (const char *const[]){"mm", NULL}},
    {" RefBaseClassPath=\"", "\"",
     (const char *const[]){"SplcInterfaceClassLib/SensorSignal", "SplcInterfaceClassLib/ActuatorSignal",
                           "SplcSystemUnitClassLib/Thing", "", NULL}},
    {" RefBaseSystemUnitPath=\"", "\"",
     (const char *const[]){"SplcSystemUnitClassLib/Thing", "SplcSystemUnitClassLib/Motor",
                           "SplcSystemUnitClassLib/CoreModule", NULL}},
    {" RefBaseRoleClassPath=\"", "\"",
     (const char *const[]){"SplcRoleClassLib/CoreModule", "SplcRoleClassLib/Button", "SplcRoleClassLib/Thing", NULL}},
    {"<ExternalInterface", "/>", (const char *const[]){NULL}}, // is left out
    {"<InternalLink", "/>", (const char *const[]){NULL}},
    {"<SupportedRoleClass", "/>", (const char *const[]){NULL}},
};

static const struct place_kind *kind_at(const char *at) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(at, kinds[i].begin, strlen(kinds[i].begin)) == 0) return &kinds[i];
    return NULL;
}

static const char *word_of(const struct place_kind *kind, size_t index) {
    size_t count = 0;
    while (kind->words[count] != NULL) count++;
    return count == 0 ? NULL : kind->words[index % count];
}

/// `file` with the place at `at` changed.
static void change(const struct buffer *file, const char *at, const struct place_kind *kind, size_t index,
                   struct buffer *out) {
    const char *word = word_of(kind, index);
    const char *from = word == NULL ? at : at + strlen(kind->begin);
    const char *to = strstr(at + strlen(kind->begin), kind->end);
    assert_non_null(to);
    if (word == NULL) to += strlen(kind->end);
    buffer_append(out, file->data, (size_t)(from - file->data));
    buffer_string(out, word == NULL ? "" : word);
    buffer_string(out, to);
}

static void run(const struct plant *plant, const char *where) {
    CLEANUP(sim_destroy_at) struct sim *sim = NULL;
    CLEANUP(program_destroy_at) struct program *program = NULL;
    struct problem problem = {0};
    struct sim_options sim_options = {.seed = 1, .operator_present = true};
    if (sim_create(plant, &sim_options, &sim, &problem)) fail_msg("%s: %s", where, problem.text);
    struct program_extra simulation = {.name = "simulation", .kind = sim_kind(sim), .memory = sim};
    struct program_options options = {
        .driver = sim_driver(sim), .lease_soft_ns = NS_PER_S, .lease_hard_ns = 2 * NS_PER_S, .extra = &simulation};
    if (program_create(plant, &options, &program, &problem)) fail_msg("%s: %s", where, problem.text);
    for (uint64_t i = 1; i <= SCANS; i++) {
        struct scan_time time = {.monotonic_ns = i * PERIOD_NS, .wall_ns = i * PERIOD_NS, .elapsed_ns = PERIOD_NS};
        scan_once(program_scan(program), &time);
    }
}

static void every_change_is_told_or_runs(void **state) {
    const char *path = *state;
    CLEANUP(buffer_clear) struct buffer file = {0};
    assert_int_equal(file_read(path, MODEL_BYTES_MAX, &file, NULL), ERROR_NONE);
    buffer_byte(&file, '\0');
    size_t places = 0, told = 0, good = 0;
    for (const char *at = strstr(file.data, "<InstanceHierarchy"); *at != '\0'; at++) {
        const struct place_kind *kind = kind_at(at);
        if (kind == NULL || places++ % STRIDE != 0) continue;
        CLEANUP(buffer_clear) struct buffer changed = {0};
        change(&file, at, kind, places / STRIDE, &changed);
        CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
        CLEANUP(plant_destroy_at) struct plant *plant = NULL;
        if (model_read(buffer_view(&changed), findings, &plant, NULL)) {
            assert_true(model_findings_errors(findings) > 0);
            told++;
            continue;
        }
        char where[160];
        snprintf(where, sizeof where, "at '%.120s'", at);
        run(plant, where);
        good++;
    }
    assert_true(told > 50 && good > 20); // it does change what matters
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"whatever is changed in plants/mps is told by the check, or runs", every_change_is_told_or_runs, NULL, NULL,
         (void *)(uintptr_t)(SOURCE_FOLDER "/plants/mps/plant.aml")},
        {"whatever is changed in plants/mixer is told by the check, or runs", every_change_is_told_or_runs, NULL, NULL,
         (void *)(uintptr_t)(SOURCE_FOLDER "/plants/mixer/plant.aml")},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
