#include <site/function.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_example_of_the_specification_is_read(void **state) {
    (void)state;
    static const char yaml[] = "name: automatic\n"
                               "runtime: provided.al2023\n"
                               "timeout: 3              # seconds\n"
                               "triggers:\n"
                               "  - twin: \"mps_*\"       # thing name\n"
                               "    path: reported\n"
                               "  - twin: mps_hmi\n"
                               "commands: [mps_conveyor, mps_magazine]\n"
                               "state: [mps_automatic]\n";
    CLEANUP(function_manifest_destroy_at) struct function_manifest *manifest = NULL;
    assert_int_equal(function_manifest_read(text_of(yaml), "function.yaml", "/f", &manifest, NULL), ERROR_NONE);
    assert_string_equal(manifest->folder, "/f");
    assert_string_equal(manifest->name, "automatic");
    assert_string_equal(manifest->runtime, "provided.al2023");
    assert_int_equal(manifest->timeout_s, 3);
    assert_int_equal(manifest->trigger_count, 2);
    assert_string_equal(manifest->triggers[0].twin, "mps_*");
    assert_string_equal(manifest->triggers[0].path, "reported");
    assert_string_equal(manifest->triggers[1].twin, "mps_hmi");
    assert_string_equal(manifest->triggers[1].path, "");
    assert_int_equal(manifest->command_count, 2);
    assert_string_equal(manifest->commands[1], "mps_magazine");
    assert_int_equal(manifest->state_count, 1);
    assert_string_equal(manifest->state[0], "mps_automatic");
}

static void every_kind_of_trigger_and_right_is_read(void **state) {
    (void)state;
    static const char yaml[] = "name: a\nruntime: nodejs20.x\nhandler: src/index.handler\nmemory: 256\nstorage: 8\n"
                               "concurrency: 4\npinned: false\nnetwork: true\nretries: 1\nmaximum_age: 60\n"
                               "dead_letter: dead/a\npublish: [\"plant/+/x\", \"out/#\"]\ninvoke: [other]\ntriggers:\n"
                               "  - {twin: m, path: reported, when: \"reported/n > 3\"}\n"
                               "  - topic: \"plant/+/alarm\"\n  - schedule: rate(5 minutes)\n"
                               "  - {event: \"mps_*\", severity: 500}\n  - url: true\n";
    CLEANUP(function_manifest_destroy_at) struct function_manifest *manifest = NULL;
    assert_int_equal(function_manifest_read(text_of(yaml), "function.yaml", "/f", &manifest, NULL), ERROR_NONE);
    assert_string_equal(manifest->handler, "src/index.handler");
    assert_int_equal(manifest->memory_mb, 256);
    assert_int_equal(manifest->storage_mb, 8);
    assert_int_equal(manifest->concurrency, 4);
    assert_false(manifest->pinned);
    assert_true(manifest->network);
    assert_int_equal(manifest->retries, 1);
    assert_int_equal(manifest->age_s, 60);
    assert_string_equal(manifest->dead_letter, "dead/a");
    assert_string_equal(manifest->publish[1], "out/#");
    assert_string_equal(manifest->invoke[0], "other");
    assert_int_equal(manifest->trigger_count, 5);
    assert_string_equal(manifest->triggers[0].condition, "reported/n > 3");
    assert_string_equal(manifest->triggers[1].topic, "plant/+/alarm");
    assert_string_equal(manifest->triggers[2].schedule, "rate(5 minutes)");
    assert_int_equal(manifest->triggers[3].severity, 500);
    assert_true(manifest->triggers[4].url);
    assert_null(manifest->triggers[4].twin);
}

static void the_least_is_name_and_runtime(void **state) {
    (void)state;
    CLEANUP(function_manifest_destroy_at) struct function_manifest *manifest = NULL;
    assert_int_equal(function_manifest_read(TEXT("{name: a, runtime: provided.al2023}"), "f", "/f", &manifest, NULL),
                     ERROR_NONE);
    assert_int_equal(manifest->timeout_s, FUNCTION_TIMEOUT_S);
    assert_int_equal(manifest->memory_mb, FUNCTION_MEMORY_MB);
    assert_int_equal(manifest->concurrency, 1);
    assert_true(manifest->pinned);
    assert_int_equal(manifest->trigger_count + manifest->command_count + manifest->state_count, 0);
}

static void a_folder_without_manifest_is_named(void **state) {
    (void)state;
    struct function_manifest *manifest = NULL;
    struct problem problem = {""};
    assert_int_equal(function_manifest_load("/nowhere/f", &manifest, &problem), ERROR_NOT_FOUND);
    assert_string_equal(problem.text, "/nowhere/f/function.yaml: not found: a function's package holds function.yaml; "
                                      "correct the list fog.functions of the site file");
}

struct refusal {
    const char *name;
    const char *yaml;
    const char *message;
};

#define START "name: a\nruntime: provided.al2023\n"

static const struct refusal refusals[] = {
    {"an empty file is refused", "", "f.yaml:1: name: is missing: add it, a name of 1 to 64 letters, digits, _ and -"},
    {"a missing runtime is refused", "name: a",
     "f.yaml:1: runtime: is missing: add it, provided.al2023, provided.al2 or nodejs20.x"},
    {"an unknown runtime is refused", "name: a\nruntime: nodejs6.10",
     "f.yaml:2: runtime: \"nodejs6.10\" is unknown (did you mean nodejs20.x?): choose one of provided.al2023, "
     "provided.al2, nodejs20.x"},
    {"a name with a slash is refused", "name: a/b\nruntime: provided.al2023",
     "f.yaml:1: name: \"a/b\" does not do: give a name of 1 to 64 letters, digits, _ and -"},
    {"an unknown field is refused", START "comands: [a]",
     "f.yaml:3: there is no field \"comands\" (did you mean commands?); the fields are: name, runtime, handler, "
     "timeout, memory, storage, concurrency, pinned, network, retries, maximum_age, canary, dead_letter, triggers, "
     "commands, "
     "state, publish, invoke"},
    {"a time-out of 0 is refused", START "timeout: 0",
     "f.yaml:3: timeout: \"0\" does not do: give whole seconds from 1 to 900"},
    {"a time-out with a fraction is refused", START "timeout: 0.5",
     "f.yaml:3: timeout: \"0.5\" does not do: give whole seconds from 1 to 900"},
    {"a trigger without twin is refused", START "triggers:\n  - path: reported",
     "f.yaml:4: triggers[0]: a trigger is one of twin (with path, when), topic, schedule, event (with severity) and "
     "url: true"},
    {"a trigger of another kind is refused", START "triggers:\n  - timer: 5",
     "f.yaml:4: triggers[0]: there is no field \"timer\"; the fields are: twin, path, when, topic, schedule, event, "
     "severity, url"},
    {"a trigger path outside the state is refused", START "triggers:\n  - twin: a\n    path: reportedly",
     "f.yaml:5: triggers[0].path: \"reportedly\" does not do: give a path in the shadow that begins with reported or "
     "desired, such as reported/motor"},
    {"a pattern among the commands is refused", START "commands: [mps_hmi, \"mps_*\"]",
     "f.yaml:3: commands[1]: \"mps_*\" does not do: give the exact name of a thing: letters, digits, _ - and :"},
    {"a trigger of two kinds is refused", START "triggers:\n  - {twin: a, topic: b}",
     "f.yaml:4: triggers[0]: a trigger is one of twin (with path, when), topic, schedule, event (with severity) and "
     "url: true"},
    {"a topic with an empty level is refused", START "publish: [a//b]",
     "f.yaml:3: publish[0]: \"a//b\" does not do: give a topic of at most 8 levels, + for any level and # for any "
     "rest"},
    {"a wildcard in the dead-letter topic is refused", START "dead_letter: a/+",
     "f.yaml:3: dead_letter: \"a/+\" does not do: give a topic of at most 8 levels"},
    {"an empty thing is refused", START "state: [\"\"]",
     "f.yaml:3: state[0]: \"\" does not do: give the exact name of a thing: letters, digits, _ - and :"},
    {"a thing with a hidden end is refused", START "state: [\"a\\0b\"]",
     "f.yaml:3: state[0]: \"a\" does not do: give the exact name of a thing: letters, digits, _ - and :"},
};

static void check_refusal(void **state) {
    const struct refusal *refusal = *state;
    struct function_manifest *manifest = NULL;
    struct problem problem = {""};
    assert_int_equal(function_manifest_read(text_of(refusal->yaml), "f.yaml", "/f", &manifest, &problem),
                     ERROR_INVALID);
    assert_null(manifest);
    assert_string_equal(problem.text, refusal->message);
}

int main(void) {
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(the_example_of_the_specification_is_read),
        cmocka_unit_test(every_kind_of_trigger_and_right_is_read),
        cmocka_unit_test(the_least_is_name_and_runtime),
        cmocka_unit_test(a_folder_without_manifest_is_named),
    };
    enum { REFUSALS = sizeof refusals / sizeof *refusals };
    struct CMUnitTest tests[REFUSALS];
    for (size_t i = 0; i < REFUSALS; i++) {
        tests[i] = (struct CMUnitTest){refusals[i].name, check_refusal, NULL, NULL, (void *)(uintptr_t)&refusals[i]};
    }
    int failed = cmocka_run_group_tests_name("function manifest", plain, NULL, NULL);
    return failed + cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
