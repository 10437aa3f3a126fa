// The gateway between a real OPC UA server and the real twin service. Rules: docs/spec/bus.md.
#include "unruly.h"
#include "world.h"

#include <base/clock.h>
#include <json/json.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UPDATE "$aws.things.belt.shadow.update {"

static int set_up(void **state) {
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    world_open(world);
    return 0;
}

static int set_up_running(void **state) {
    set_up(state);
    world_start_all(*state);
    return 0;
}

static int tear_down(void **state) {
    world_close(*state);
    free(*state);
    return 0;
}

static size_t count_parts(const struct buffer *text, const char *part) {
    size_t count = 0;
    for (const char *at = text->data; at != NULL && (at = strstr(at, part)) != NULL; at++) count++;
    return count;
}

static bool is_past(void *context) {
    return clock_monotonic_ns() >= *(uint64_t *)context;
}

static void assert_calls(const struct world *world, const char *calls) {
    assert_string_equal(world->station.calls.length > 0 ? world->station.calls.data : "", calls);
}

/// Wishes that came before this one have been dealt with when it has: one after the other.
static void await_quiet(struct world *world) {
    world_wish(world, "{\"say\":[\"quiet?\",false]}", NULL);
    world_await_text(world, &world->station.calls, "say(quiet?,false);");
    world_await(world, "belt", NULL, "desired/say", NULL);
    world->station.calls.length -= strlen("say(quiet?,false);");
    world->station.calls.data[world->station.calls.length] = '\0';
}

/* ---- Reported ---- */

static void every_variable_becomes_a_leaf_of_reported(void **state) {
    struct world *world = *state;
    world_await(world, "belt", NULL, "reported",
                "{\"count\":7,\"motor\":{\"on\":false},\"motor2\":{\"on\":false},\"part\":3,"
                "\"sensor\":{\"state\":false}}");
    world_await(world, "gate", NULL, "reported", "{\"open\":true}");
    station_write_bool(&world->station, "belt/sensor/state", true);
    world_await(world, "belt", NULL, "reported/sensor/state", "true");
    world_await_status(world, "\"state\":\"connected\"");
    assert_non_null(strstr(world->status.data, "\"items\":6,\"bad\":0"));
}

static void what_changes_together_comes_in_one_update(void **state) {
    struct world *world = *state;
    buffer_reset(&world->heard);
    station_write_bool(&world->station, "belt/sensor/state", true);
    station_write_bool(&world->station, "belt/motor/on", true);
    station_write_uint(&world->station, "belt/count", 8);
    station_write_bool(&world->station, "gate/open", false);
    world_await_text(world, &world->heard, "\"sensor\":{\"state\":true}");
    world_await_text(world, &world->heard, "\"open\":false");
    world_await(world, "belt", NULL, "reported/count", "8");
    assert_int_equal(count_parts(&world->heard, UPDATE), 1);
    assert_non_null(strstr(world->heard.data, "{\"count\":8,\"motor\":{\"on\":true},\"sensor\":{\"state\":true}}"));
}

static void quality_is_told_by_the_shadow_status(void **state) {
    struct world *world = *state;
    world_await(world, "belt", "status", "reported/bad", "[]");
    station_write_bad(&world->station, "belt/sensor/state", STATUS_BadSensorFailure);
    world_await_bad(world, "belt", "sensor/state", "BadSensorFailure");
    station_write_bad(&world->station, "belt/sensor/state", STATUS_BadDeviceFailure);
    world_await_bad(world, "belt", "sensor/state", "BadDeviceFailure");
    world_await(world, "belt", "status", "reported/badCount", "1");
    station_write_bool(&world->station, "belt/sensor/state", true);
    world_await(world, "belt", "status", "reported/bad", "[]");
}

static void a_lost_edge_is_told_by_the_shadow_status(void **state) {
    struct world *world = *state;
    world_await(world, "gate", "status", "reported/connection/state", "\"connected\"");
    station_close(&world->station);
    world_await(world, "gate", "status", "reported/connection/state", "\"lost\"");
    world_await_bad(world, "gate", "open", "BadNoCommunication");
    world_await_status(world, "\"state\":\"lost\"");
    assert_non_null(strstr(world->status.data, "\"state\":\"degraded\""));
    world_start_station(world);
    world_await(world, "gate", "status", "reported/connection/state", "\"connected\"");
    world_await(world, "gate", "status", "reported/bad", "[]");
}

static void a_leaf_that_the_edge_no_longer_has_is_removed(void **state) {
    struct world *world = *state;
    world_await(world, "belt", NULL, "reported/part", "3");
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"Good\"");
    station_close(&world->station);
    world->station.without_part = true;
    world_start_station(world);
    world_await(world, "belt", NULL, "reported/part", NULL);
    world_await(world, "belt", NULL, "reported/motor/on", "false");
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"Good\"");
}

static void events_of_the_edge_reach_the_event_stream(void **state) {
    struct world *world = *state;
    station_raise(&world->station, "belt/motor", "too hot");
    world_await_text(world, &world->events, "belt/motor: too hot");
}

/* ---- What others write ---- */

#define BELT "{\"count\":7,\"motor\":{\"on\":false},\"motor2\":{\"on\":false},\"part\":3,\"sensor\":{\"state\":false}}"

static void what_somebody_else_reports_is_overruled(void **state) {
    static const char *const lies[] = {
        "{\"state\":{\"reported\":{\"count\":99,\"motor\":{\"on\":true}}}}",
        "{\"state\":{\"reported\":{\"count\":\"7\"}},\"clientToken\":\"c:1\"}",
        "{\"state\":{\"reported\":{\"motor\":null,\"sensor\":5}}}",
        "{\"state\":{\"reported\":{\"motor\":{\"on\":{\"really\":true}}}}}",
        "{\"state\":{\"reported\":{\"motor\":{\"on\":null,\"ghost\":1},\"ghost\":{\"of\":2},\"motor/on\":3}}}",
        "{\"state\":{\"reported\":null}}",
        "{\"state\":null}",
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        world_ask(world, "$aws.things.belt.shadow.update", lies[i]);
        world_await(world, "belt", NULL, "reported", BELT);
    }
    world_ask(world, "$aws.things.belt.shadow.delete", "{}");
    world_await(world, "belt", NULL, "reported", BELT);
    world_await_text(world, &world->events, "somebody else reported");
    assert_int_equal(count_parts(&world->heard, "\"clientToken\":\"c:"), 3); // one lie's: request, documents, answer
    world_await_status(world, "\"state\":\"ok\"");
}

static void true_reports_of_somebody_else_are_left_alone(void **state) {
    struct world *world = *state;
    buffer_reset(&world->heard);
    world_ask(world, "$aws.things.belt.shadow.update", "{\"state\":{\"reported\":{\"count\":7.0}}}");
    await_quiet(world);
    assert_int_equal(count_parts(&world->heard, UPDATE "\"state\":{\"reported\":{\"count\":7}"), 0);
}

static void the_shadow_status_is_overruled_as_well(void **state) {
    struct world *world = *state;
    world_await(world, "belt", "status", "reported/bad", "[]");
    world_ask(world, "$aws.things.belt.shadow.name.status.update",
              "{\"state\":{\"reported\":{\"connection\":{\"state\":\"lost\"},\"bad\":[1]}}}");
    world_await(world, "belt", "status", "reported/bad", "[]");
    world_await(world, "belt", "status", "reported/connection/state", "\"connected\"");
    world_ask(world, "$aws.things.belt.shadow.name.status.delete", "{}");
    world_await(world, "belt", "status", "reported/connection/state", "\"connected\"");
}

static void lies_of_the_time_without_the_gateway_are_found(void **state) {
    struct world *world = *state;
    kill(world->gateway, SIGSTOP);
    world_ask(world, "$aws.things.belt.shadow.update", "{\"state\":{\"reported\":{\"count\":99,\"ghost\":1}}}");
    testing_nats_kill(world->nats); // nobody heard of it
    kill(world->gateway, SIGCONT);
    testing_nats_again(world->nats);
    world_await(world, "belt", NULL, "reported", BELT);
}

/* ---- Desired ---- */

static void a_wish_for_what_is_so_already_does_not_stay(void **state) {
    struct world *world = *state;
    world_wish(world, "{\"motor\":{\"on\":false}}", "c:1"); // no delta tells of it
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"Good\"");
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    assert_calls(world, "motor/setDirection(0);");
    station_write_bool(&world->station, "belt/motor/on", true);
    world_await(world, "belt", NULL, "reported/motor/on", "true");
    await_quiet(world);
    assert_calls(world, "motor/setDirection(0);");
    world_await_status(world, "\"latency\":{\"count\":0");
}

static void a_wish_that_is_taken_back_is_not_executed(void **state) {
    struct world *world = *state;
    world->station.lock_answer = -1;
    world_await_status(world, "\"lease\":\"lost\"");
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_wish(world, "{\"motor2\":{\"on\":true}}", NULL);
    world_wish(world, "{\"motor\":null}", NULL);
    world->station.lock_answer = 0;
    world_await(world, "belt", NULL, "reported/motor2/on", "true");
    await_quiet(world);
    assert_calls(world, "motor2/setDirection(1);");
}

static void a_wish_at_an_output_calls_once_and_leaves_its_outcome(void **state) {
    struct world *world = *state;
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "reported/motor/on", "true");
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    world_await(world, "belt", NULL, "reported/motor/command/method", "\"setDirection\"");
    world_await(world, "belt", NULL, "reported/motor/command/arguments", "[1]");
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"Good\"");
    world_wish(world, "{\"motor\":{\"on\":false}}", NULL);
    world_await(world, "belt", NULL, "reported/motor/command/arguments", "[0]");
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    await_quiet(world);
    assert_calls(world, "motor/setDirection(1);motor/setDirection(0);");
}

static void a_hand_on_the_machine_is_not_overruled(void **state) {
    struct world *world = *state;
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    station_write_bool(&world->station, "belt/motor/on", false);
    world_await(world, "belt", NULL, "reported/motor/on", "false");
    await_quiet(world);
    assert_calls(world, "motor/setDirection(1);");
}

static void a_method_is_called_with_its_arguments(void **state) {
    struct world *world = *state;
    world_wish(world, "{\"say\":[\"moin\",true],\"motor\":{\"setDirection\":[-1]}}", NULL);
    world_await(world, "belt", NULL, "reported/command/arguments", "[\"moin\",true]");
    world_await(world, "belt", NULL, "reported/motor/command/arguments", "[-1]");
    world_await(world, "belt", NULL, "desired/say", NULL);
    world_await(world, "belt", NULL, "desired/motor/setDirection", NULL);
    assert_non_null(strstr(world->station.calls.data, "say(moin,true);"));
    assert_non_null(strstr(world->station.calls.data, "motor/setDirection(-1);"));
}

static void calls_of_a_document_are_made_in_its_order(void **state) {
    struct world *world = *state;
    world_wish(world, "{\"motor2\":{\"on\":true},\"say\":[\"a\",false],\"motor\":{\"on\":true}}", NULL);
    await_quiet(world);
    assert_calls(world, "motor2/setDirection(1);say(a,false);motor/setDirection(1);");
}

static void a_refused_call_leaves_status_and_reason(void **state) {
    struct world *world = *state;
    world->station.refuses = true;
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"BadInvalidState\"");
    world_await(world, "belt", NULL, "reported/motor/command/reason", "\"emergency stop is active\"");
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    world_await_text(world, &world->events, "emergency stop is active");
    assert_calls(world, "motor/setDirection(1);");
}

static void what_names_no_output_is_removed(void **state) {
    static const struct {
        const char *desired, *path, *status;
    } cases[] = {
        {"{\"nothing\":{\"here\":1}}", "nothing", "\"BadNotWritable\""},
        {"{\"sensor\":{\"state\":true}}", "sensor/state", "\"BadNotWritable\""},
        {"{\"motor\":{\"on\":5}}", "motor/on", "\"BadNotWritable\""},
        {"{\"motor/on\":true}", "motor/on", "\"BadNotWritable\""},
        {"{\"\":true}", "", "\"BadNotWritable\""},
        {"{\"say\":[1,true]}", "say", "\"BadInvalidArgument\""},
        {"{\"say\":[\"a\"]}", "say", "\"BadInvalidArgument\""},
        {"{\"say\":true}", "say", "\"BadInvalidArgument\""},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buffer_reset(&world->heard);
        world_wish(world, cases[i].desired, NULL);
        CLEANUP(buffer_clear) struct buffer method = {0};
        buffer_print(&method, "\"%s\"", cases[i].path);
        world_await(world, "belt", NULL, "reported/command/method", method.data);
        world_await(world, "belt", NULL, "reported/command/status", cases[i].status);
        await_quiet(world);
        // The update that wished, its end, those of `await_quiet`: more would be a wish that is not let go.
        if (count_parts(&world->heard, UPDATE) > 5) fail_msg("%s: %s", cases[i].desired, world->heard.data);
    }
    assert_calls(world, "");
}

static void a_wish_that_is_too_old_is_removed_and_not_executed(void **state) {
    struct world *world = *state;
    world->time_to_live_s = "0.5";
    world_start_twins(world);
    world_start_station(world);
    world->station.lock_answer = -1; // so the wish must wait
    world_start_gateway(world);
    world_await(world, "belt", NULL, "reported/count", "7");
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"BadTimeout\"");
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    assert_calls(world, "");
}

static void start_with_limits(struct world *world) {
    world->station.with_limits = true;
    world_start_twins(world);
    world_start_station(world);
    world->station.lock_answer = -1; // so wishes must wait
    world_start_gateway(world);
    world_await(world, "belt", NULL, "reported/count", "7");
}

static void the_model_s_time_to_live_counts_before_the_site_s(void **state) {
    struct world *world = *state;
    start_with_limits(world);
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL); // the site's would be 60 s
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"BadTimeout\"");
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    assert_calls(world, "");
}

static void a_value_that_is_not_heard_for_too_long_is_stale(void **state) {
    struct world *world = *state;
    start_with_limits(world);
    world_await_bad(world, "belt", "count", "UncertainLastUsableValue");
    assert_non_null(strstr(world->answer.data, "\"badCount\":1")); // the others have no limit
    buffer_reset(&world->heard);
    station_write_uint(&world->station, "belt/count", 8);
    world_await_text(world, &world->heard, "\"badCount\":0");
    world_await_bad(world, "belt", "count", "UncertainLastUsableValue");
}

/* ---- Source times ---- */

static bool knows_source_time(struct world *world, const char *path, int64_t least_ms, int64_t most_ms) {
    world_ask(world, "$aws.things.belt.shadow.name.sources.get", "{}");
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    assert_int_equal(json_parse(buffer_view(&world->answer), (struct json_limits){1 << 16, 64}, &document, NULL),
                     ERROR_NONE);
    const struct json *reported = json_path(json_root(document), TEXT("state/reported"));
    int64_t time_ms = json_integer(json_path(reported, text_of(path)), 0);
    return time_ms >= least_ms && time_ms <= most_ms;
}

/// By the edge's clock, which is ahead.
static void await_source_time(struct world *world, const char *path, int64_t least_ms) {
    uint64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_S;
    while (!knows_source_time(world, path, least_ms, least_ms + 20000)) {
        if (clock_monotonic_ns() > deadline_ns)
            fail_msg("%s is not about %lld: %s", path, (long long)least_ms, world->answer.data);
        uint64_t again_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
        world_wait(world, is_past, &again_ns);
    }
}

static void the_source_time_of_each_leaf_is_told(void **state) {
    struct world *world = *state;
    world->station.clock_ahead_ns = (int64_t)(3600 * NS_PER_S);
    world_start_all(world);
    int64_t begun_ms = (int64_t)((clock_wall_ns() + 3600 * NS_PER_S) / NS_PER_MS) - 15000;
    static const char *const paths[] = {"count", "part", "motor/on", "motor2/on", "sensor/state"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) await_source_time(world, paths[i], begun_ms);
    for (int i = 0; i < 2; i++) {
        int64_t now_ms = (int64_t)((clock_wall_ns() + 3600 * NS_PER_S) / NS_PER_MS);
        station_write_bool(&world->station, "belt/sensor/state", i == 0);
        await_source_time(world, "sensor/state", now_ms);
    }
    // A leaf that is not good says so in the shadow `status`, with its source time.
    station_write_bad(&world->station, "belt/sensor/state", STATUS_BadSensorFailure);
    world_await_bad(world, "belt", "sensor/state", "BadSensorFailure");
    assert_non_null(strstr(world->answer.data, "\"sourceTime\":"));
}

static void source_times_are_the_edge_s_alone(void **state) {
    struct world *world = *state;
    int64_t begun_ms = (int64_t)(clock_wall_ns() / NS_PER_MS) - 15000;
    await_source_time(world, "motor/on", begun_ms);
    world_ask(world, "$aws.things.belt.shadow.name.sources.update",
              "{\"state\":{\"reported\":{\"motor\":{\"on\":1},\"ghost\":2}}}");
    world_await(world, "belt", "sources", "reported/ghost", NULL);
    await_source_time(world, "motor/on", begun_ms);
    world_ask(world, "$aws.things.belt.shadow.name.sources.delete", "{}");
    await_source_time(world, "motor/on", begun_ms);
    station_close(&world->station);
    world->station.without_part = true;
    world_start_station(world);
    world_await(world, "belt", "sources", "reported/part", NULL);
    await_source_time(world, "motor/on", begun_ms);
}

static void the_same_wish_again_is_executed_again(void **state) {
    struct world *world = *state;
    for (int i = 0; i < 3; i++) {
        world_wish(world, "{\"motor\":{\"setDirection\":[1]}}", NULL);
        world_await(world, "belt", NULL, "desired/motor/setDirection", NULL);
    }
    await_quiet(world);
    assert_calls(world, "motor/setDirection(1);motor/setDirection(1);motor/setDirection(1);");
}

static void a_wish_that_changes_while_it_is_called_is_executed_as_well(void **state) {
    struct world *world = *state;
    world->station.sluggish = true;
    world->station.freeze_on_call = world->gateway;
    world_wish(world, "{\"motor\":{\"setDirection\":[1]}}", NULL);
    world_await_text(world, &world->station.calls, "motor/setDirection(1);");
    world_wish(world, "{\"motor\":{\"setDirection\":[-1]}}", NULL); // the gateway has not seen the answer yet
    kill(world->gateway, SIGCONT);
    world_await_text(world, &world->station.calls, "motor/setDirection(-1);");
    world_await(world, "belt", NULL, "reported/motor/command/arguments", "[-1]");
    world_await(world, "belt", NULL, "desired/motor/setDirection", NULL);
    await_quiet(world);
    assert_calls(world, "motor/setDirection(1);motor/setDirection(-1);");
}

static void wishes_wait_while_the_lease_is_not_held(void **state) {
    struct world *world = *state;
    world->station.lock_answer = -1;
    world_await_status(world, "\"lease\":\"lost\"");
    assert_non_null(strstr(world->status.data, "control authority is not held: it was taken from this session"));
    world_await_status(world, "not held: the user 'operator' holds it, in a session of urn:test:panel");
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "desired/motor/on", "true");
    assert_calls(world, "");
    world->station.lock_answer = 0;
    world_await(world, "belt", NULL, "reported/motor/on", "true");
    assert_calls(world, "motor/setDirection(1);");
}

static void a_renewal_that_came_too_late_is_called_so(void **state) {
    struct world *world = *state;
    kill(world->gateway, SIGSTOP);
    uint64_t until_ns = clock_monotonic_ns() + 400 * NS_PER_MS; // the soft time-out is 0.2 s
    world_wait(world, is_past, &until_ns);
    world->station.lock_answer = -1;
    kill(world->gateway, SIGCONT);
    world_await_status(world, "control authority is not held: it was renewed too late: after 0.");
}

static bool is_next_second(void *context) {
    return clock_wall_ns() / NS_PER_S > *(uint64_t *)context;
}

static void a_wish_from_before_the_edge_s_start_is_not_executed(void **state) {
    struct world *world = *state;
    world->station.lock_answer = -1;
    world_await_status(world, "\"lease\":\"lost\"");
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    station_close(&world->station);
    uint64_t made_s = clock_wall_ns() / NS_PER_S; // time stamps are whole seconds
    world_wait(world, is_next_second, &made_s);
    world->station.lock_answer = 0;
    world_start_station(world);
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"BadInvalidState\"");
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    await_quiet(world);
    assert_calls(world, "");
}

static void a_call_whose_answer_is_lost_is_not_made_again(void **state) {
    struct world *world = *state;
    world->station.sluggish = true;
    world->station.freeze_on_call = world->gateway;
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await_text(world, &world->station.calls, "motor/setDirection(1);");
    station_close(&world->station);
    world_kill(&world->twins); // even when the outcome cannot be told for a while
    kill(world->gateway, SIGCONT);
    world_await_status(world, "\"state\":\"lost\"");
    world_start_station(world);
    world_await_status(world, "\"lease\":\"held\"");
    world_start_twins(world);
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    await_quiet(world);
    assert_calls(world, "motor/setDirection(1);");
}

/* ---- Restarts ---- */

static void a_killed_twin_service_loses_nothing(void **state) {
    struct world *world = *state;
    station_write_uint(&world->station, "belt/count", 100);
    world_await(world, "belt", NULL, "reported/count", "100");
    world_kill(&world->twins); // what it accepted last may not be on its disk
    station_write_uint(&world->station, "belt/part", 101);
    world_start_twins(world);
    world_await(world, "belt", NULL, "reported/part", "101");
    world_await(world, "belt", NULL, "reported/count", "100");
    world_await(world, "gate", NULL, "reported/open", "true");
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "reported/motor/on", "true");
}

static void a_twin_service_without_memory_is_told_everything(void **state) {
    struct world *world = *state;
    world_await(world, "gate", NULL, "reported/open", "true");
    world_kill(&world->twins);
    CLEANUP(free_at) char *store = testing_path(world->folder, "twins");
    testing_remove(store);
    world_start_twins(world); // nothing changes at the edge, and no request of the gateway ever failed
    world_await(world, "gate", NULL, "reported", "{\"open\":true}");
    world_await(world, "gate", "status", "reported/connection/state", "\"connected\"");
}

static void a_bus_that_comes_back_loses_nothing(void **state) {
    struct world *world = *state;
    testing_nats_kill(world->nats);
    station_write_uint(&world->station, "belt/count", 9);
    testing_nats_again(world->nats);
    world_await(world, "belt", NULL, "reported/count", "9");
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_await(world, "belt", NULL, "reported/motor/on", "true");
    await_quiet(world);
    assert_calls(world, "motor/setDirection(1);");
}

static void a_call_without_time_stamp_from_before_is_not_made(void **state) {
    struct world *world = *state;
    world_kill(&world->gateway);
    world_wish(world, "{\"motor\":{\"stop\":[]}}", NULL);
    world_start_gateway(world);
    world_await(world, "belt", NULL, "reported/motor/command/status", "\"BadTimeout\"");
    world_await(world, "belt", NULL, "desired/motor/stop", NULL);
    assert_calls(world, "");
    world_await_status(world, "\"lease\":\"held\"");
    world_wish(world, "{\"motor\":{\"stop\":[]}}", NULL);
    world_await(world, "belt", NULL, "desired/motor/stop", NULL);
    assert_calls(world, "motor/stop();");
}

static void a_wish_from_before_the_gateway_is_taken_up(void **state) {
    struct world *world = *state;
    world_kill(&world->gateway);
    world_wish(world, "{\"motor\":{\"on\":true}}", NULL);
    world_start_gateway(world);
    world_await(world, "belt", NULL, "reported/motor/on", "true");
    await_quiet(world);
    assert_calls(world, "motor/setDirection(1);");
}

/* ---- Other servers ---- */

static void start_with_server(struct world *world, struct unruly *server) {
    unruly_start(server, world->folder, "edge", 2);
    world->server_port = server->port;
    world_start_all(world);
}

static void what_a_rule_names_of_another_server_becomes_a_thing(void **state) {
    struct world *world = *state;
    struct unruly server = {0};
    start_with_server(world, &server);
    world_await(world, "oven_3", NULL, "reported/v00", "1");
    unruly_tell(&server, "write 5");
    world_await(world, "oven_3", NULL, "reported/v99", "5");
    world_await(world, "oven_5", NULL, "reported/v00", "5");
    world_await(world, "oven_value", NULL, "reported", "{\"v07\":5}"); // of a variable alone
    world_await(world, "gate", NULL, "reported", "{\"open\":true}");
    world_await_status(world, "\"items\":201,\"bad\":0");
    world_ask(world, "$aws.things.ghost.shadow.get", "{}"); // what is not there makes no thing
    assert_non_null(strstr(world->answer.data, "404"));
    unruly_kill(&server);
    world_await_bad(world, "oven_3", "v00", "BadNoCommunication");
    world_await_status(world, "\"state\":\"degraded\"");
    world_await(world, "gate", "status", "reported/bad", "[]"); // each on its own
    world_command(world, "{\"method\":\"motor/setDirection\",\"arguments\":[1]}");
    assert_non_null(strstr(world->answer.data, "SUCCEEDED"));
}

static void a_thing_has_one_source(void **state) {
    struct world *world = *state;
    struct unruly server = {0};
    world->rule_thing = "gate"; // the edge's as well
    start_with_server(world, &server);
    world_await_status(world, "has a thing 'gate' as well");
    world_await(world, "gate", NULL, "reported", "{\"open\":true}");
    unruly_kill(&server);
}

/* ---- Commands ---- */

static void a_command_calls_and_is_answered(void **state) {
    struct world *world = *state;
    world_command(world, "{\"method\":\"motor/setDirection\",\"arguments\":[-1]}");
    static const char begin[] = "{\"status\":\"SUCCEEDED\",\"result\":{\"State\":{\"s\":\"-1\"}},\"method\":\"motor/"
                                "setDirection\",\"arguments\":[-1],\"timings\":{\"gateway_ms\":";
    assert_memory_equal(world->answer.data, begin, sizeof begin - 1);
    assert_non_null(strstr(world->answer.data, ",\"edge_ms\":"));
    assert_calls(world, "motor/setDirection(-1);");
}

static void a_refused_command_fails_with_the_reason(void **state) {
    struct world *world = *state;
    world->station.refuses = true;
    world_command(world, "{\"method\":\"say\",\"arguments\":[\"a\",true],\"expiresAt\":4000000000000}");
    static const char begin[] = "{\"status\":\"FAILED\",\"statusReason\":{\"reasonCode\":\"BadInvalidState\","
                                "\"reasonDescription\":\"emergency stop is active\"},\"result\":{},";
    assert_memory_equal(world->answer.data, begin, sizeof begin - 1);
}

static void commands_that_cannot_be_are_rejected(void **state) {
    static const struct {
        const char *request, *code;
    } cases[] = {
        {"{\"method\":\"motor/fly\"}", "BadMethodInvalid"},
        {"{\"arguments\":[1]}", "BadMethodInvalid"},
        {"{\"method\":\"say\",\"arguments\":[1,true]}", "BadInvalidArgument"},
        {"{\"method\":\"say\",\"arguments\":[\"a\"]}", "BadInvalidArgument"},
        {"{\"method\":\"say\",\"arguments\":{\"a\":1,\"b\":2}}", "BadInvalidArgument"},
        {"{\"method\":\"say\",\"arguments\":[\"a\",true],\"expiresAt\":1000}", "BadTimeout"},
        {"{\"method\":\"say\",\"arguments\":[\"a\",true],\"expiresAt\":-1}", "BadTimeout"},
        {"{\"method\":", "BadInvalidArgument"},
        {"7", "BadMethodInvalid"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_command(world, cases[i].request);
        CLEANUP(buffer_clear) struct buffer part = {0};
        buffer_print(&part, "{\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"%s\"", cases[i].code);
        if (strstr(world->answer.data, part.data) == NULL) fail_msg("%s: %s", cases[i].request, world->answer.data);
    }
    world_ask(world, "$aws.commands.things.nobody.executions.1.request.json", "{\"method\":\"say\"}");
    assert_non_null(strstr(world->answer.data, "BadNodeIdUnknown"));
    station_close(&world->station);
    world_await_status(world, "\"state\":\"lost\"");
    world_command(world, "{\"method\":\"say\",\"arguments\":[\"a\",true]}");
    assert_non_null(strstr(world->answer.data, "BadServerNotConnected"));
    assert_calls(world, "");
}

static void assert_answer(const struct world *world, const char *part) {
    if (strstr(world->answer.data, part) == NULL) fail_msg("'%s' is not in %s", part, world->answer.data);
}

static void a_key_is_executed_once(void **state) {
    static const char command[] = "{\"method\":\"motor/setDirection\",\"arguments\":[1],\"idempotencyKey\":\"k-1\"}";
    struct world *world = *state;
    world_command(world, command);
    assert_answer(world, "\"status\":\"SUCCEEDED\"");
    assert_null(strstr(world->answer.data, "repeatOf"));
    for (int i = 0; i < 2; i++) { // the second time by a gateway that was started anew
        world_ask(world, "$aws.commands.things.belt.executions.again.request.json", command);
        assert_answer(world, "\"status\":\"SUCCEEDED\"");
        assert_answer(world, "\"State\":{\"s\":");
        assert_answer(world, "\"repeatOf\":\"1\"");
        if (i > 0) break;
        world_kill(&world->gateway);
        world_start_gateway(world);
        world_await_status(world, "\"lease\":\"held\"");
    }
    world_command(world, "{\"method\":\"motor/setDirection\",\"arguments\":[0],\"idempotencyKey\":\"k-1\"}");
    assert_answer(world, "\"status\":\"REJECTED\"");
    assert_answer(world, "\"reasonCode\":\"IdempotencyKeyConflict\"");
    assert_calls(world, "motor/setDirection(1);");
    // What was rejected before it could be executed leaves no key behind.
    world_command(world, "{\"method\":\"motor/fly\",\"idempotencyKey\":\"k-2\"}");
    assert_answer(world, "BadMethodInvalid");
    world_command(world, "{\"method\":\"motor/stop\",\"idempotencyKey\":\"k-2\"}");
    assert_answer(world, "\"status\":\"SUCCEEDED\"");
    world_command(world, "{\"method\":\"motor/stop\",\"idempotencyKey\":\"\"}");
    assert_answer(world, "BadInvalidArgument");
    assert_calls(world, "motor/setDirection(1);motor/stop();");
}

static void count_response(void *context, const struct bus_message *message) {
    buffer_print(context, "%.*s\n", TEXT_ARG(message->data));
}

static void repeats_wait_for_the_first_outcome(void **state) {
    struct world *world = *state;
    CLEANUP(buffer_clear) struct buffer responses = {0};
    struct bus_subscription *subscription;
    assert_int_equal(bus_subscribe(world->bus, "$aws.commands.things.belt.executions.*.response.json", NULL,
                                   count_response, &responses, &subscription),
                     ERROR_NONE);
    for (char id = 'a'; id <= 'c'; id++) {
        char subject[80];
        snprintf(subject, sizeof subject, "$aws.commands.things.belt.executions.%c.request.json", id);
        assert_int_equal(bus_publish(world->bus, text_of(subject),
                                     TEXT("{\"method\":\"motor/setDirection\",\"arguments\":[-1],"
                                          "\"idempotencyKey\":\"k-3\",\"precondition\":{\"reported\":{\"count\":7}}}")),
                         ERROR_NONE);
    }
    buffer_string(&responses, "-\n");
    world_await_text(world, &responses, "\"repeatOf\":\"a\"}\n{");
    await_quiet(world);
    assert_int_equal(count_parts(&responses, "\"status\":\"SUCCEEDED\""), 3);
    assert_int_equal(count_parts(&responses, "\"repeatOf\":\"a\""), 2);
    assert_calls(world, "motor/setDirection(-1);");
    bus_unsubscribe(subscription);
}

static void a_command_is_executed_only_when_its_precondition_holds(void **state) {
    static const struct {
        const char *precondition, *says;
    } cases[] = {
        {"{\"reported\":{\"count\":8}}", "belt/count is 7"},
        {"{\"reported\":{\"motor\":{\"fan\":true}}}", "belt/motor/fan is absent"},
        {"{\"version\":100000}", "the twin of belt has version"},
        {"{\"things\":{\"gate\":{\"open\":3}}}", "gate/open is "},
        {"{\"things\":{\"ghost\":{\"open\":true}}}", "ghost/open is absent"},
        {"{\"things\":{\"*\":{\"open\":true}}}", "'*' is no thing"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP(buffer_clear) struct buffer request = {0};
        buffer_print(&request, "{\"method\":\"motor/stop\",\"precondition\":%s}", cases[i].precondition);
        world_command(world, request.data);
        assert_answer(world, "\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"PreconditionFailed\"");
        assert_answer(world, cases[i].says);
    }
    world_command(world, "{\"method\":\"motor/stop\",\"precondition\":{\"count\":7}}");
    assert_answer(world, "\"reasonCode\":\"BadInvalidArgument\"");
    assert_calls(world, "");
    world_command(world, "{\"method\":\"motor/stop\",\"timeToLive\":20,\"precondition\":{\"reported\":{\"count\":7},"
                         "\"things\":{\"gate\":{}}}}");
    assert_answer(world, "\"status\":\"SUCCEEDED\"");
    assert_calls(world, "motor/stop();");
    world_command(world, "{\"method\":\"motor/stop\",\"timeToLive\":0}");
    assert_answer(world, "\"reasonCode\":\"BadTimeout\"");
    world_kill(&world->twins); // nobody knows whether it holds
    world_command(world, "{\"method\":\"motor/stop\",\"precondition\":{\"reported\":{\"count\":7}}}");
    assert_answer(world, "nothing was executed");
    assert_calls(world, "motor/stop();");
    world_start_twins(world);
}

/* ---- Causes ---- */

/// Changes the sensor and returns the token of the update that told it.
static void cause_token(struct world *world, bool sensor, char *ret_token, size_t size) {
    buffer_reset(&world->heard);
    station_write_bool(&world->station, "belt/sensor/state", sensor);
    world_await_text(world, &world->heard, sensor ? "\"state\":true" : "\"state\":false");
    const char *token = strstr(world->heard.data, "\"clientToken\":\"c:");
    assert_non_null(token);
    token += strlen("\"clientToken\":\"");
    snprintf(ret_token, size, "%.*s", (int)strcspn(token, "\""), token);
}

static void only_effects_of_a_cause_are_measured(void **state) {
    struct world *world = *state;
    char token[64];
    cause_token(world, true, token, sizeof token);
    world_await_status(world, "\"latency\":{\"count\":0");
    world_wish(world, "{\"motor\":{\"on\":true}}", token);
    world_await_status(world, "\"latency\":{\"count\":1");

    world_wish(world, "{\"motor\":{\"on\":false}}", NULL); // no cause
    await_quiet(world);
    world->station.sluggish = true; // no effect; later somebody else changes the output
    cause_token(world, false, token, sizeof token);
    world_wish(world, "{\"motor\":{\"on\":true}}", token);
    world_await(world, "belt", NULL, "desired/motor/on", NULL);
    station_write_bool(&world->station, "belt/motor/on", true);
    world_await(world, "belt", NULL, "reported/motor/on", "true");
    world->station.sluggish = false;
    world->station.confused = true; // the effect is another motor's
    cause_token(world, true, token, sizeof token);
    world_wish(world, "{\"motor\":{\"on\":false}}", token);
    world_await(world, "belt", NULL, "reported/motor2/on", "false");
    await_quiet(world);
    world_await_status(world, "\"latency\":{\"count\":1");
}

static void a_loop_is_measured_by_the_edge_s_clock(void **state) {
    struct world *world = *state;
    char token[64];
    world->station.clock_ahead_ns = (int64_t)(3600 * NS_PER_S); // an edge on another machine
    world_start_all(world);
    cause_token(world, true, token, sizeof token);
    world_wish(world, "{\"motor\":{\"on\":true}}", token);
    world_await_status(world, "\"latency\":{\"count\":1");
}

/// What is told again, or for the first time, is not a change.
static void the_first_report_carries_no_token(void **state) {
    struct world *world = *state;
    assert_int_equal(count_parts(&world->heard, "\"clientToken\":\"c:"), 0);
    world_kill(&world->twins);
    world_start_twins(world);
    buffer_reset(&world->heard);
    world_await_text(world, &world->heard, UPDATE "\"state\":{\"reported\":{\"count\":7,");
    assert_int_equal(count_parts(&world->heard, "\"clientToken\":\"c:"), 0);
}

#define RUNNING(name, test)                                                                                            \
    { name, test, set_up_running, tear_down, NULL }

int main(int argc, char **argv) {
    if (unruly_is(argc, argv)) return unruly_serve(argv);
    if (world_is_service(argc, argv)) return world_serve(argv);
    const struct CMUnitTest tests[] = {
        RUNNING("every variable below a thing becomes a leaf of reported [bus-4.1]",
                every_variable_becomes_a_leaf_of_reported),
        RUNNING("one publish response gives one update per thing [bus-4.1]", what_changes_together_comes_in_one_update),
        RUNNING("quality is told by the shadow status [bus-4.6]", quality_is_told_by_the_shadow_status),
        RUNNING("a lost edge is told by the shadow status, and its return [bus-4.6]",
                a_lost_edge_is_told_by_the_shadow_status),
        RUNNING("a leaf that the edge no longer has is removed, an outcome is not [bus-4.7]",
                a_leaf_that_the_edge_no_longer_has_is_removed),
        RUNNING("events of the edge reach the event stream [bus-2.2]", events_of_the_edge_reach_the_event_stream),
        RUNNING("what somebody else writes to reported is overruled [bus-4.10]",
                what_somebody_else_reports_is_overruled),
        RUNNING("a true report of somebody else is not told again [bus-4.10]",
                true_reports_of_somebody_else_are_left_alone),
        RUNNING("the shadow status is overruled as well [bus-4.10]", the_shadow_status_is_overruled_as_well),
        RUNNING("false reports that the gateway did not hear of are found [bus-4.10]",
                lies_of_the_time_without_the_gateway_are_found),
        RUNNING("a wish for what is so already is executed and does not stay [bus-4.11]",
                a_wish_for_what_is_so_already_does_not_stay),
        RUNNING("a wish that is taken back before it is called is not executed [bus-4.11]",
                a_wish_that_is_taken_back_is_not_executed),
        RUNNING("a wish at an output calls OnTrue or OnFalse once and leaves its outcome [bus-4.2] [bus-4.3]",
                a_wish_at_an_output_calls_once_and_leaves_its_outcome),
        RUNNING("a hand on the machine is not overruled [bus-4.3]", a_hand_on_the_machine_is_not_overruled),
        RUNNING("a method named in desired is called with its arguments [bus-4.2]",
                a_method_is_called_with_its_arguments),
        RUNNING("calls of a document are made in its order [bus-4.2]", calls_of_a_document_are_made_in_its_order),
        RUNNING("a refused call leaves status and reason [bus-4.3]", a_refused_call_leaves_status_and_reason),
        RUNNING("what names no output or does not fit is removed, and only once [bus-4.5]",
                what_names_no_output_is_removed),
        {"a wish that is too old is removed and not executed [bus-4.4]",
         a_wish_that_is_too_old_is_removed_and_not_executed, set_up, tear_down, NULL},
        {"the model's time to live of a wish counts before the site's [bus-4.4]",
         the_model_s_time_to_live_counts_before_the_site_s, set_up, tear_down, NULL},
        {"a value that is not heard for longer than its maximum age is stale [bus-4.14]",
         a_value_that_is_not_heard_for_too_long_is_stale, set_up, tear_down, NULL},
        {"the source time of each leaf is told by the shadow sources [bus-4.16] [bus-4.6]",
         the_source_time_of_each_leaf_is_told, set_up, tear_down, NULL},
        RUNNING("source times are the edge's alone [bus-4.16]", source_times_are_the_edge_s_alone),
        RUNNING("the same wish again is executed again [bus-4.3]", the_same_wish_again_is_executed_again),
        RUNNING("a wish that changes while it is called is executed as well [bus-4.3]",
                a_wish_that_changes_while_it_is_called_is_executed_as_well),
        RUNNING("wishes wait while the control authority is not held", wishes_wait_while_the_lease_is_not_held),
        RUNNING("a renewal of the control authority that came too late is called so",
                a_renewal_that_came_too_late_is_called_so),
        RUNNING("a wish from before the edge's start is not executed [bus-4.4]",
                a_wish_from_before_the_edge_s_start_is_not_executed),
        RUNNING("a call whose answer is lost is not made again [bus-4.3]",
                a_call_whose_answer_is_lost_is_not_made_again),
        RUNNING("a killed twin service loses nothing [bus-4.8]", a_killed_twin_service_loses_nothing),
        RUNNING("a twin service without memory is told everything again [bus-4.8]",
                a_twin_service_without_memory_is_told_everything),
        RUNNING("a bus that comes back loses nothing", a_bus_that_comes_back_loses_nothing),
        RUNNING("a wish from before the gateway's start is taken up", a_wish_from_before_the_gateway_is_taken_up),
        RUNNING("a call without arguments is made when it is new, and not when it is found [bus-4.4]",
                a_call_without_time_stamp_from_before_is_not_made),
        {"what a rule names of another server becomes a thing [bus-4.15]",
         what_a_rule_names_of_another_server_becomes_a_thing, set_up, tear_down, NULL},
        {"a thing has one source, and the edge comes first [bus-4.15]", a_thing_has_one_source, set_up, tear_down,
         NULL},
        RUNNING("a command calls a method and is answered", a_command_calls_and_is_answered),
        RUNNING("a refused command fails with the reason", a_refused_command_fails_with_the_reason),
        RUNNING("commands that cannot be are rejected with the cause", commands_that_cannot_be_are_rejected),
        RUNNING("commands with the same idempotency key are executed once, over a restart of the gateway too [bus-3.2]",
                a_key_is_executed_once),
        RUNNING("a repeat waits for the first one's outcome [bus-3.2]", repeats_wait_for_the_first_outcome),
        RUNNING("a command is executed only when its precondition holds [bus-3.3] [bus-3.1]",
                a_command_is_executed_only_when_its_precondition_holds),
        RUNNING("only effects of a cause are measured [bus-5.1]", only_effects_of_a_cause_are_measured),
        {"a loop is measured by the edge's clock, whatever ours says [bus-5.1]", a_loop_is_measured_by_the_edge_s_clock,
         set_up, tear_down, NULL},
        RUNNING("the first report, and one told again, carries no token [bus-5.1]", the_first_report_carries_no_token),
    };
    if (argc == 3 && strcmp(argv[1], "--only") == 0) cmocka_set_test_filter(argv[2]);
    return cmocka_run_group_tests(tests, world_make_identities, world_remove_identities);
}
