// What the service promises beyond the documents themselves: topics, order, lists, keeping. Rules: docs/spec/twin.md.
#include "service.h"

#include <base/clock.h>
#include <json/json.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T "$aws.things.t.shadow."
#define NAMED "$aws.things.t.shadow.name.s."

/// The subjects and documents heard, one a line.
static void heard(void *context, const struct bus_message *message) {
    buffer_print(context, "%.*s %.*s\n", TEXT_ARG(message->subject), TEXT_ARG(message->data));
}

struct fixture {
    struct service service;
    struct buffer heard;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    service_open(&fixture->service);
    fixture->service.heard = heard;
    fixture->service.context = &fixture->heard;
    service_start(&fixture->service);
    return 0;
}

static int set_up_without_queues(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    service_open_without_queues(&fixture->service);
    fixture->service.heard = heard;
    fixture->service.context = &fixture->heard;
    service_start(&fixture->service);
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    service_close(&fixture->service);
    buffer_clear(&fixture->heard);
    free(fixture);
    return 0;
}

struct wanted {
    const struct buffer *heard;
    const char *line;
};

static bool is_heard(void *context) {
    struct wanted *wanted = context;
    return wanted->heard->length > 0 && strstr(wanted->heard->data, wanted->line) != NULL;
}

static void wait_heard(struct fixture *fixture, const char *line) {
    service_wait(&fixture->service, is_heard, &(struct wanted){&fixture->heard, line});
}

static const char *position(struct fixture *fixture, const char *part) {
    const char *found = strstr(fixture->heard.data, part);
    if (found == NULL) fail_msg("'%s' was not heard in:\n%s", part, fixture->heard.data);
    return found;
}

/* ---- Topics and answers ---- */

static void an_update_is_answered_on_its_topic_and_on_the_reply(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(buffer_clear) struct buffer answer = {0};
    service_ask(&fixture->service, T "update", "{\"state\":{\"desired\":{\"a\":1}},\"clientToken\":\"k\"}", &answer);
    wait_heard(fixture, T "update.documents {\"previous\":null,");
    wait_heard(fixture, T "update.delta {\"version\":1,\"state\":{\"a\":1},");
    wait_heard(fixture, T "update.accepted ");
    position(fixture, answer.data);
    assert_non_null(strstr(answer.data, "\"clientToken\":\"k\"}"));
    service_ask(&fixture->service, T "update", "{\"state\":7}", &answer);
    wait_heard(fixture, T "update.rejected ");
    position(fixture, answer.data);
    assert_non_null(strstr(answer.data, "\"code\":400"));
}

static void names_that_are_none_are_refused(void **state) {
    struct fixture *fixture = *state;
    struct service *service = &fixture->service;
    service_expect(service, "$aws.things.a/b.shadow.get", "{\"clientToken\":\"x\"}",
                   "\"code\":400,\"message\":\"Invalid thing");
    service_expect(service, "$aws.things.t.shadow.name.\xC3\xA4.get", "", "Invalid shadow name: 1 to 64");
    wait_heard(fixture, "$aws.things.a/b.shadow.get.rejected ");
    char subject[300];
    snprintf(subject, sizeof subject, "$aws.things.%0129d.shadow.get", 0);
    service_expect(service, subject, "", "Invalid thing name");
    snprintf(subject, sizeof subject, "$aws.things.%0128d.shadow.get", 0);
    service_expect(service, subject, "", "\"code\":404");
}

/// Its own answers look much like requests.
static void other_subjects_are_left_alone(void **state) {
    struct fixture *fixture = *state;
    struct service *service = &fixture->service;
    service_publish(service, T "accepted", "{}");
    service_publish(service, T "name", "{}");
    service_publish(service, NAMED "documents", "{}");
    service_publish(service, T "update.accepted", "{}");
    service_expect(service, T "get", "", "\"code\":404");
    service_expect(service, NAMED "get", "", "No shadow exists with name: 't~s'");
    assert_null(strstr(fixture->heard.data, "accepted.rejected"));
}

static void shadows_and_things_are_listed(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    service_expect(service, "splc.twins.things", "", "{\"things\":[]}");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\"}", "{\"results\":[],\"timestamp\":");
    static const char *const subjects[] = {T "update", NAMED "update", "$aws.things.t.shadow.name.b.update",
                                           "$aws.things.A.shadow.name.x.update", "$aws.things.u.shadow.update"};
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        service_expect(service, subjects[i], "{\"state\":{\"reported\":{\"a\":1}}}", "\"version\":1");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\"}", "{\"results\":[\"b\",\"s\"],\"timestamp\":1");
    service_expect(service, "splc.twins.things", "{}", "{\"things\":[\"A\",\"t\",\"u\"]}");
    service_expect(service, NAMED "delete", "", "\"version\":1");
    service_expect(service, "$aws.things.u.shadow.delete", "", "\"version\":1");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\"}", "{\"results\":[\"b\"],");
    service_expect(service, "splc.twins.things", "{}", "{\"things\":[\"A\",\"t\"]}");
    service_expect(service, "splc.twins.list", "{\"thing\":\"*\"}", "\"code\":400");
    service_expect(service, "splc.twins.list", "nonsense", "\"code\":400");
}

static void named_shadows_come_in_pages(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    for (int i = 10; i < 40; i++) {
        char subject[64];
        snprintf(subject, sizeof subject, "$aws.things.t.shadow.name.s%d.update", i);
        service_expect(service, subject, "{\"state\":{\"reported\":{\"a\":1}}}", "\"version\":1");
    }
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\"}", "\"s34\"],\"nextToken\":\"s34\",");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\",\"nextToken\":\"s34\"}",
                   "{\"results\":[\"s35\",\"s36\",\"s37\",\"s38\",\"s39\"],\"timestamp\":");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\",\"pageSize\":2,\"nextToken\":\"s20\"}",
                   "{\"results\":[\"s21\",\"s22\"],\"nextToken\":\"s22\",");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\",\"pageSize\":100}", "\"s39\"],\"timestamp\":");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\",\"pageSize\":101}",
                   "\"code\":400,\"message\":\"pageSize");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\",\"pageSize\":0}", "\"code\":400");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\",\"pageSize\":\"2\"}", "\"code\":400");
    service_expect(service, "splc.twins.list", "{\"thing\":\"t\",\"nextToken\":\"?\"}",
                   "\"code\":400,\"message\":\"nextToken");
}

static void the_status_counts(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}", "\"version\":2");
    service_expect(service, T "update", "{\"state\":1}", "\"code\":400");
    service_expect(service, T "update", "{\"state\":{},\"version\":7}", "\"code\":409");
    service_expect(service, T "get", "", "\"version\":2");
    service_wait_status(service, "\"shadows\":1,\"accepted\":3,\"updates\":2,\"rejected\":2,");
    service_wait_status(service, "\"waiting\":0,\"waitingBytes\":0,\"partitions\":16,");
    service_wait_status(service, "\"rejected_400\":1,\"rejected_404\":0,\"rejected_409\":1,\"rejected_413\":0,");
    assert_null(strstr(service->status.data, "\"commits\":0,"));
    assert_non_null(strstr(service->status.data, "\"commit_p50_ms\":"));
    assert_null(strstr(service->status.data, "\"commit_p99_ms\":0.0,")); // some commit took some time
    service_wait_status(service, "\"service\":\"twins\",\"tier\":\"fog\",\"state\":\"ok\",\"reason\":\"\"");
}

/* ---- Order ---- */

static void requests_of_one_shadow_are_answered_in_their_order(void **state) {
    struct fixture *fixture = *state;
    struct service *service = &fixture->service;
    service_publish(service, T "update", "{\"state\":{\"desired\":{\"a\":1}},\"clientToken\":\"1\"}"); // must be stored
    service_publish(service, T "update", "{\"state\":{\"reported\":{\"a\":1}},\"clientToken\":\"2\"}");
    service_publish(service, T "get", "{\"clientToken\":\"3\"}");
    service_publish(service, T "delete", "{\"clientToken\":\"4\"}");
    service_publish(service, T "get", "{\"clientToken\":\"5\"}");
    service_publish(service, T "update", "{\"state\":{\"reported\":{\"b\":1}},\"clientToken\":\"6\"}");
    service_expect(service, T "get", "", "\"version\":4");
    wait_heard(fixture, "\"version\":4,\"timestamp\":");
    static const char *const answers[] = {
        T "update.accepted {\"state\":{\"desired\":{\"a\":1}}",
        T "update.accepted {\"state\":{\"reported\":{\"a\":1}}",
        T "get.accepted ",
        T "delete.accepted {\"version\":2,",
        T "get.rejected ",
        T "update.accepted {\"state\":{\"reported\":{\"b\":1}}",
    };
    for (size_t i = 1; i < sizeof answers / sizeof answers[0]; i++)
        assert_true(position(fixture, answers[i - 1]) < position(fixture, answers[i]));
}

/* ---- Keeping ---- */

static void an_orderly_end_keeps_everything_and_the_versions_go_on(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":2}}}", "\"version\":2");
    service_expect(service, NAMED "update", "{\"state\":{\"reported\":{\"x\":1}}}", "\"version\":1");
    service_expect(service, NAMED "delete", "", "\"version\":1");
    CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
    service_ask(service, T "get", "", &before);
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    service_start(service);
    service_ask(service, T "get", "", &after);
    // Only the time of the answer may differ.
    assert_int_equal(strstr(after.data, "\"timestamp\":") - after.data,
                     strstr(before.data, "\"timestamp\":") - before.data);
    assert_memory_equal(after.data, before.data, strstr(before.data, ",\"version\":2,") - before.data);
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":3}}}", "\"version\":3");
    service_expect(service, NAMED "get", "", "\"code\":404");
    service_expect(service, NAMED "update", "{\"state\":{\"reported\":{\"x\":1}}}", "\"version\":3");
}

static void requests_under_way_are_answered_before_the_end(void **state) {
    struct fixture *fixture = *state;
    struct service *service = &fixture->service;
    for (int i = 0; i < 50; i++) service_publish(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}");
    service_expect(service, "splc.twins.things", "", "things"); // they have come in
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    wait_heard(fixture, "\"version\":50,\"timestamp\":");
    service_start(service);
    service_expect(service, T "get", "", "\"version\":50,");
}

static void reported_values_are_on_disk_within_a_second(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}", "\"version\":1");
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":2}}}", "\"version\":2");
    service_wait_ms(service, 1000);
    service_kill(service);
    service_start(service);
    service_expect(service, T "get", "", "{\"state\":{\"reported\":{\"a\":2}}");
}

static uint64_t version_of(struct text document) {
    struct json_document *json = NULL;
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    assert_int_equal(json_parse(document, limits, &json, NULL), ERROR_NONE);
    int64_t version = json_integer(json_member(json_root(json), "version"), -1);
    json_destroy(json);
    assert_true(version > 0);
    return (uint64_t)version;
}

/// More reported updates than versions are reserved at once, and then no time to write them.
static void versions_go_on_above_all_that_were_given_before_a_kill(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    enum { UPDATES = 3000 };
    CLEANUP(buffer_clear) struct buffer answer = {0};
    for (int i = 1; i < UPDATES; i++) {
        service_publish(service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}");
        if (i % 100 == 0) service_expect(service, T "get", "", "\"version\"");
    }
    service_ask(service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}", &answer);
    assert_int_equal(version_of(buffer_view(&answer)), UPDATES);
    service_kill(service);
    service_start(service);
    service_ask(service, T "get", "", &answer);
    uint64_t version = version_of(buffer_view(&answer));
    assert_true(version > UPDATES);
    service_ask(service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}", &answer);
    assert_int_equal(version_of(buffer_view(&answer)), version + 1);
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    service_start(service);
    service_ask(service, T "get", "", &answer);
    assert_int_equal(version_of(buffer_view(&answer)), version + 1);
}

#define OTHER "$aws.things.other.shadow."

static void what_was_loaded_is_restored_until_it_is_reported(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    CLEANUP(buffer_clear) struct buffer answer = {0};
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}", "\"version\":1");
    service_ask(service, T "get", "", &answer);
    assert_null(strstr(answer.data, "restored"));
    assert_int_equal(service_stop(service), EXIT_SUCCESS);
    service_start(service);
    service_expect(service, T "get", "", "\"restored\":true");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":2}}}", "\"version\":2");
    service_expect(service, T "get", "", "\"restored\":true"); // a wish says nothing of the plant
    service_expect(service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}", "\"version\":3");
    service_ask(service, T "get", "", &answer);
    assert_null(strstr(answer.data, "restored"));
    service_expect(service, OTHER "update", "{\"state\":{\"reported\":{\"a\":1}}}", "\"version\":1");
    service_ask(service, OTHER "get", "", &answer);
    assert_null(strstr(answer.data, "restored"));
}

/// Told is stored: killed at once, it is all there.
static void a_functions_memory_is_stored_before_it_is_told(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    for (int i = 1; i <= 5; i++) {
        char update[64], kept[64];
        snprintf(update, sizeof update, "{\"state\":{\"reported\":{\"fed\":%d}}}", i);
        snprintf(kept, sizeof kept, "{\"state\":{\"reported\":{\"fed\":%d}}", i);
        service_expect(service, "$aws.things." SERVICE_MEMORY ".shadow.update", update, "\"version\"");
        service_kill(service);
        service_start(service);
        service_expect(service, "$aws.things." SERVICE_MEMORY ".shadow.get", "", kept);
    }
}

static void a_restart_of_the_bus_is_survived(void **state) {
    struct service *service = &((struct fixture *)*state)->service;
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":1}}}", "\"version\":1");
    testing_nats_kill(service->nats);
    testing_nats_again(service->nats);
    buffer_reset(&service->status);
    service_wait_status(service, "\"state\":\"ok\"");
    service_expect(service, T "update", "{\"state\":{\"desired\":{\"a\":2}}}", "\"version\":2");
}

static void what_is_kept_for_devices_has_a_limit(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(buffer_clear) struct buffer answer = {0};
    buffer_string(&answer, "nothing yet");
    for (int i = 0; i < 1000 && strstr(answer.data, "\"max_age\":604800000000000") == NULL; i++)
        service_ask(&fixture->service, "$JS.API.STREAM.INFO.$MQTT_msgs", "", &answer);
    assert_non_null(strstr(answer.data, "\"max_age\":604800000000000"));
    assert_non_null(strstr(answer.data, "\"max_bytes\":268435456"));
}

struct copies {
    const char *subject;
    unsigned count;
};

static void count_copy(void *context, const struct bus_message *message) {
    struct copies *copies = context;
    copies->count += text_is(message->subject, copies->subject);
}

/// Whether the answer to an update of the thing is sent to the server's stream as well. It is sent before the reply.
static bool is_copied(struct fixture *fixture, const char *thing) {
    char update[64], copied[96];
    snprintf(update, sizeof update, "$aws.things.%s.shadow.update", thing);
    snprintf(copied, sizeof copied, "$MQTT.msgs.%s.accepted", update);
    struct copies copies = {.subject = copied};
    struct bus_subscription *subscription = NULL;
    assert_int_equal(bus_subscribe(fixture->service.bus, copied, NULL, count_copy, &copies, &subscription), ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer answer = {0};
    for (int i = 0; i < 2; i++) // what the first one causes has come when the second one is answered
        service_ask(&fixture->service, update, "{\"state\":{\"reported\":{\"a\":1}}}", &answer);
    bus_unsubscribe(subscription);
    return copies.count > 0;
}

/// Lists of devices are read after a while: the test waits for what must come, and then looks at what must not.
static void wait_copied(struct fixture *fixture, const char *thing, bool copied) {
    for (int i = 0; is_copied(fixture, thing) != copied; i++) {
        if (i == 1000) fail_msg("%s: copied is not %d", thing, copied);
        service_wait_ms(&fixture->service, 10);
    }
}

static void make_consumer(struct fixture *fixture, const char *filter) {
    char request[256];
    snprintf(request, sizeof request,
             "{\"stream_name\":\"$MQTT_msgs\",\"config\":{\"deliver_subject\":\"device\",\"ack_policy\":\"none\","
             "\"filter_subject\":\"$MQTT.msgs.%s\"}}",
             filter);
    service_expect(&fixture->service, "$JS.API.CONSUMER.CREATE.$MQTT_msgs", request, "consumer_create_response");
}

static void what_no_device_at_qos_1_may_hear_is_sent_once(void **state) {
    struct fixture *fixture = *state;
    wait_copied(fixture, "t", false);
    struct copies device = {.subject = ""};
    assert_int_equal(bus_subscribe(fixture->service.bus, "device", NULL, count_copy, &device, NULL), ERROR_NONE);
    make_consumer(fixture, "plant.hall.>");
    make_consumer(fixture, "$aws.things.t.shadow.>");
    wait_copied(fixture, "u", false);
    assert_true(is_copied(fixture, "t"));
    make_consumer(fixture, "$aws.things.*.shadow.update.accepted");
    wait_copied(fixture, "u", true);
}

static const char *const answered[] = {"update.documents {", "update.accepted {"};

static void a_broker_that_keeps_nothing_is_served(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        buffer_reset(&fixture->heard);
        service_publish(&fixture->service, T "update", "{\"state\":{\"reported\":{\"a\":1}}}");
        for (size_t k = 0; k < 2; k++) wait_heard(fixture, answered[k]);
    }
}

#define TEST(name, function)                                                                                           \
    { name, function, set_up, tear_down, NULL }

int main(int argc, char **argv) {
    if (service_is_wanted(argc, argv)) return service_run(argv);
    static const struct CMUnitTest tests[] = {
        TEST("[bus-1.2] an update is answered on its topic and on the reply",
             an_update_is_answered_on_its_topic_and_on_the_reply),
        TEST("[twin-1.10] names that are none are refused", names_that_are_none_are_refused),
        TEST("[bus-1.1] other subjects are left alone", other_subjects_are_left_alone),
        TEST("[twin-2.4] shadows and things are listed", shadows_and_things_are_listed),
        TEST("[bus-1.4] named shadows come in pages", named_shadows_come_in_pages),
        TEST("[bus-2.1] the status counts", the_status_counts),
        TEST("[twin-2.2] requests of one shadow are answered in their order",
             requests_of_one_shadow_are_answered_in_their_order),
        TEST("[twin-3.4] an orderly end keeps everything and the versions go on",
             an_orderly_end_keeps_everything_and_the_versions_go_on),
        TEST("[twin-3.4] requests under way are answered before the end",
             requests_under_way_are_answered_before_the_end),
        TEST("[twin-3.2] reported values are on disk within a second", reported_values_are_on_disk_within_a_second),
        TEST("[twin-3.3] versions go on above all that were given before a kill",
             versions_go_on_above_all_that_were_given_before_a_kill),
        TEST("[twin-3.5] a function's memory is stored before it is told",
             a_functions_memory_is_stored_before_it_is_told),
        TEST("[twin-3.6] what was loaded is restored until it is reported",
             what_was_loaded_is_restored_until_it_is_reported),
        TEST("[twin-2.5] what no device at QoS 1 may hear is sent once", what_no_device_at_qos_1_may_hear_is_sent_once),
        TEST("[twin-2.6] what is kept for devices has a limit", what_is_kept_for_devices_has_a_limit),
        {"[twin-2.6] a broker that keeps nothing is served", a_broker_that_keeps_nothing_is_served,
         set_up_without_queues, tear_down, NULL},
        TEST("a restart of the bus is survived", a_restart_of_the_bus_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
