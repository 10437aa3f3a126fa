// Event source mappings: ARNs that name something of the plant become triggers, all others are refused with what may
// be.
#include "../src/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct function_manifest *read(const char *source, const char *condition) {
    struct function_manifest *manifest = NULL;
    struct problem problem = {""};
    if (mapping_read(text_of(source), text_of(condition), &manifest, &problem)) fail_msg("%s", problem.text);
    assert_int_equal(manifest->trigger_count, 1);
    return manifest;
}

static void a_thing_with_its_path_is_a_twin(void **state) {
    (void)state;
    CLEANUP(function_manifest_destroy_at)
    struct function_manifest *all = read("arn:aws:iot:local:000000000000:thing/mps_*", "");
    assert_string_equal(all->triggers[0].twin, "mps_*");
    assert_string_equal(all->triggers[0].path, "");
    CLEANUP(function_manifest_destroy_at)
    struct function_manifest *one =
        read("arn:aws:iot:eu-central-1:123456789012:thing/mps_conveyor/reported/motor", "reported/motor/state == true");
    assert_string_equal(one->triggers[0].twin, "mps_conveyor");
    assert_string_equal(one->triggers[0].path, "reported/motor");
    assert_string_equal(one->triggers[0].condition, "reported/motor/state == true");
}

static void topics_times_and_events_are_named(void **state) {
    (void)state;
    CLEANUP(function_manifest_destroy_at)
    struct function_manifest *filter = read("arn:aws:iot:local:000000000000:topicfilter/line/+/done", "");
    assert_string_equal(filter->triggers[0].topic, "line/+/done");
    CLEANUP(function_manifest_destroy_at)
    struct function_manifest *time = read("arn:aws:scheduler:local:000000000000:schedule/rate(5 minutes)", "");
    assert_string_equal(time->triggers[0].schedule, "rate(5 minutes)");
    CLEANUP(function_manifest_destroy_at)
    struct function_manifest *event = read("arn:aws:events:local:000000000000:source/mps_*", "");
    assert_string_equal(event->triggers[0].event, "mps_*");
}

static void what_names_nothing_of_a_plant_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "thing/mps_hmi",
                                      "arn:aws:sqs:eu-central-1:123456789012:queue",
                                      "arn:aws:iot:local:000000000000:thing",
                                      "arn:aws:iot:local:000000000000:thing/",
                                      "arn:aws:iot:local:000000000000:rule/a",
                                      "arn:aws:iot:local:000000000000:thing/a b",
                                      "arn:aws:iot:local:000000000000:thing/a/motor",
                                      "arn:aws:iot:local:000000000000:topicfilter/a/#/b",
                                      "arn:aws:scheduler:local:000000000000:schedule/now",
                                      "arn:aws:iot:local:000000000000:thing/a\", \"path\": \"x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct function_manifest *manifest = NULL;
        struct problem problem = {""};
        if (mapping_read(text_of(bad[i]), TEXT_EMPTY, &manifest, &problem) != ERROR_INVALID)
            fail_msg("'%s' was taken", bad[i]);
        assert_null(manifest);
        assert_non_null(strstr(problem.text, "EventSourceArn"));
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        {"[function-3.5] a thing with its path is a twin", a_thing_with_its_path_is_a_twin, NULL, NULL, NULL},
        {"[function-3.5] topics, times and events are named", topics_times_and_events_are_named, NULL, NULL, NULL},
        {"[function-3.5] what names nothing of a plant is refused", what_names_nothing_of_a_plant_is_refused, NULL,
         NULL, NULL},
    };
    return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
