// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include "../src/latency.h"
#include "../src/nest.h"
#include "../src/plan.h"
#include <string.h>

static const struct opcua_node node = {.namespace_index = 2, .string = {"x", 1}};

static struct plan *sample_plan(void) {
    struct plan *plan = plan_create();
    assert_non_null(plan);
    struct plan_thing *thing = plan_add_thing(plan, TEXT("belt"));
    assert_non_null(thing);
    static const char *const leaves[] = {"motor/direction/right/state", "motor/stop/state", "Clock",
                                         "motor/direction/left/state", "motor0/state"};
    for (size_t i = 0; i < 5; i++) assert_non_null(plan_add_leaf(plan, thing, text_of(leaves[i]), &node));
    assert_non_null(plan_add_method(thing, TEXT("motor/setDirection"), &node, &node));
    assert_non_null(plan_add_method(thing, TEXT("reset"), &node, &node));
    plan_sort(plan);
    return plan;
}

static void leaves_of_one_object_stand_together(void **state) {
    (void)state;
    CLEANUP(plan_destroy_at) struct plan *plan = sample_plan();
    static const char *const sorted[] = {"Clock", "motor/direction/left/state", "motor/direction/right/state",
                                         "motor/stop/state", "motor0/state"};
    for (size_t i = 0; i < 5; i++) assert_string_equal(plan->things[0]->leaves[i]->path, sorted[i]);
    assert_ptr_equal(plan_find_thing(plan, TEXT("belt")), plan->things[0]);
    assert_null(plan_find_thing(plan, TEXT("bel")));
    assert_null(plan_find_leaf(plan->things[0], TEXT("motor")));
}

static void the_method_of_the_nearest_object_above_is_found(void **state) {
    (void)state;
    CLEANUP(plan_destroy_at) struct plan *plan = sample_plan();
    const struct plan_thing *thing = plan->things[0];
    struct text leaf = TEXT("motor/direction/right/state");
    assert_string_equal(plan_method_above(thing, leaf, TEXT("setDirection"))->path, "motor/setDirection");
    assert_string_equal(plan_method_above(thing, leaf, TEXT("reset"))->path, "reset");
    assert_null(plan_method_above(thing, leaf, TEXT("open")));
    assert_null(plan_method_above(thing, TEXT("motor0/state"), TEXT("setDirection")));
}

static void paths_become_nested_objects(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    struct nest nest = {.writer = &writer};
    json_open_object(&writer);
    static const char *const paths[] = {"a", "b/c", "b/d/e", "b/d/f", "c/d/e"};
    for (int i = 0; i < 5; i++) {
        assert_true(nest_key(&nest, text_of(paths[i])));
        json_put_integer(&writer, i);
    }
    nest_end(&nest);
    json_close_object(&writer);
    assert_string_equal(out.data, "{\"a\":0,\"b\":{\"c\":1,\"d\":{\"e\":2,\"f\":3}},\"c\":{\"d\":{\"e\":4}}}");
}

static void a_path_that_is_too_deep_is_refused(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    struct nest nest = {.writer = &writer};
    assert_false(nest_key(&nest, TEXT("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17")));
    assert_false(nest_key(&nest, TEXT_EMPTY));
    assert_int_equal(out.length, 0);
}

static void percentiles_are_those_of_the_last_samples(void **state) {
    (void)state;
    static struct latency latency;
    memset(&latency, 0, sizeof latency);
    assert_true(latency_percentile_ms(&latency, 0.5) == 0);
    for (uint64_t us = 1; us <= 1000; us++) latency_add(&latency, us);
    assert_true(latency_percentile_ms(&latency, 0.5) == 0.501);
    assert_true(latency_percentile_ms(&latency, 0.99) == 0.991);
    for (int i = 0; i < LATENCY_SAMPLES; i++) latency_add(&latency, 7000);
    assert_true(latency_percentile_ms(&latency, 0.01) == 7);
    latency_add(&latency, UINT64_MAX);
    assert_true(latency_percentile_ms(&latency, 1) > 4000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_of_one_object_stand_together),
        cmocka_unit_test(the_method_of_the_nearest_object_above_is_found),
        cmocka_unit_test(paths_become_nested_objects),
        cmocka_unit_test(a_path_that_is_too_deep_is_refused),
        cmocka_unit_test(percentiles_are_those_of_the_last_samples),
    };
    return cmocka_run_group_tests_name("gateway: plan", tests, NULL, NULL);
}
