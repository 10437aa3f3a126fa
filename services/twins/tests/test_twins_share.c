// Several twin services on one store: each shadow has one that answers, and what one had that is gone another takes.
#include "service.h"

#include <base/clock.h>
#include <json/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THINGS = 40, UPDATES = 25 };

struct fixture {
    struct service service;
    struct testing_postgres *postgres;
    unsigned answers[THINGS];
    int64_t versions[THINGS]; // the last accepted
    bool in_order, rising;    // each version follows the last one; is at least greater
    bool loading;             // the next update of a thing leaves when the last one was accepted
    int desired[THINGS];
    uint64_t sent_ns[THINGS];
    unsigned repeated;
};

static void send_next(struct fixture *fixture, unsigned thing) {
    char subject[64], payload[64];
    snprintf(subject, sizeof subject, "$aws.things.t%u.shadow.update", thing);
    snprintf(payload, sizeof payload, "{\"state\":{\"desired\":{\"n\":%d}}}", fixture->desired[thing]);
    fixture->sent_ns[thing] = clock_monotonic_ns();
    service_publish(&fixture->service, subject, payload);
}

static void heard(void *context, const struct bus_message *message) {
    struct fixture *fixture = context;
    unsigned thing = 0;
    char subject[64];
    snprintf(subject, sizeof subject, "%.*s", TEXT_ARG(message->subject));
    if (!text_ends_with(message->subject, TEXT(".update.accepted"))) return;
    if (sscanf(subject, "$aws.things.t%u.", &thing) != 1 || thing >= THINGS) return;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1 << 16, .depth_max = 16};
    assert_int_equal(json_parse(message->data, limits, &document, NULL), ERROR_NONE);
    int64_t version = json_integer(json_member(json_root(document), "version"), 0);
    fixture->in_order &= version == fixture->versions[thing] + 1;
    fixture->rising &= version > fixture->versions[thing];
    fixture->versions[thing] = version;
    fixture->answers[thing]++;
    if (!fixture->loading) return;
    fixture->desired[thing]++;
    send_next(fixture, thing);
}

static int open_with(void **state, bool postgres) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    service_open(&fixture->service);
    fixture->in_order = fixture->rising = true;
    fixture->service.heard = heard;
    fixture->service.context = fixture;
    if (postgres) fixture->postgres = testing_postgres_start();
    if (postgres) fixture->service.where = fixture->postgres->uri;
    *state = fixture;
    return 0;
}

static int open_file(void **state) {
    return open_with(state, false);
}

static int open_postgres(void **state) {
    return open_with(state, true);
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    service_close(&fixture->service);
    testing_postgres_destroy(fixture->postgres);
    free(fixture);
    return 0;
}

static bool is_all_answered(void *context) {
    const struct fixture *fixture = context;
    for (size_t i = 0; i < THINGS; i++)
        if (fixture->answers[i] < UPDATES) return false;
    return true;
}

static void update_all(struct fixture *fixture) {
    memset(fixture->answers, 0, sizeof fixture->answers);
    for (int n = 1; n <= UPDATES; n++)
        for (int i = 0; i < THINGS; i++) {
            char subject[64], payload[64];
            snprintf(subject, sizeof subject, "$aws.things.t%d.shadow.update", i);
            snprintf(payload, sizeof payload, "{\"state\":{\"%s\":{\"n\":%d}}}", n % 2 == 0 ? "reported" : "desired",
                     n);
            service_publish(&fixture->service, subject, payload);
        }
    service_wait(&fixture->service, is_all_answered, fixture);
}

static void expect_all(struct fixture *fixture, const char *part) {
    for (int i = 0; i < THINGS; i++) {
        char subject[64];
        snprintf(subject, sizeof subject, "$aws.things.t%d.shadow.get", i);
        service_expect(&fixture->service, subject, "", part);
    }
}

static void each_update_is_answered_once_and_in_its_order(void **state) {
    struct fixture *fixture = *state;
    service_start(&fixture->service);
    service_start_other(&fixture->service, 0);
    service_start_other(&fixture->service, 1);
    service_wait_shares(&fixture->service);
    update_all(fixture);
    service_expect(&fixture->service, "splc.twins.things", "",
                   "\"t39\""); // whatever was answered twice has come by now
    for (size_t i = 0; i < THINGS; i++) assert_int_equal(fixture->answers[i], UPDATES);
    assert_true(fixture->in_order);
}

static void all_things_are_listed_by_one(void **state) {
    struct fixture *fixture = *state;
    service_start(&fixture->service);
    service_start_other(&fixture->service, 0);
    service_wait_shares(&fixture->service);
    for (int i = 9; i >= 0; i--) {
        char subject[64];
        snprintf(subject, sizeof subject, "$aws.things.t%d.shadow.name.part.update", i);
        service_expect(&fixture->service, subject, "{\"state\":{\"reported\":{}}}", "\"version\":1");
    }
    service_expect(&fixture->service, "splc.twins.things", "",
                   "{\"things\":[\"t0\",\"t1\",\"t2\",\"t3\",\"t4\",\"t5\",\"t6\",\"t7\",\"t8\",\"t9\"]}");
    service_expect(&fixture->service, "splc.twins.list", "{\"thing\":\"t7\"}", "{\"results\":[\"part\"]");
}

/// What comes while its shadow changes hands gets no answer: it is sent again.
static void repeat_unanswered(struct fixture *fixture) {
    for (unsigned i = 0; i < THINGS; i++) {
        if (clock_monotonic_ns() - fixture->sent_ns[i] < NS_PER_S) continue;
        fixture->repeated++;
        send_next(fixture, i);
    }
}

static bool is_each_answered(void *context) {
    struct fixture *fixture = context;
    repeat_unanswered(fixture);
    for (size_t i = 0; i < THINGS; i++)
        if (fixture->answers[i] == 0) return false;
    return true;
}

static void load_goes_on(struct fixture *fixture) {
    memset(fixture->answers, 0, sizeof fixture->answers);
    service_wait(&fixture->service, is_each_answered, fixture);
}

/// With one update of a thing under way, what is there in the end tells of each that was lost.
static void a_restart_under_load_loses_nothing(void **state) {
    struct fixture *fixture = *state;
    service_start(&fixture->service);
    service_start_other(&fixture->service, 0);
    service_wait_shares(&fixture->service);
    fixture->loading = true;
    for (unsigned i = 0; i < THINGS; i++) send_next(fixture, i);
    for (int round = 0; round < 2; round++) {
        load_goes_on(fixture);
        assert_int_equal(service_stop_other(&fixture->service, 0), EXIT_SUCCESS);
        load_goes_on(fixture);
        service_start_other(&fixture->service, 0);
        service_wait_shares(&fixture->service);
        load_goes_on(fixture);
    }
    fixture->loading = false;
    assert_true(fixture->rising);
    for (int i = 0; i < THINGS; i++) {
        char subject[64], part[64];
        snprintf(subject, sizeof subject, "$aws.things.t%d.shadow.get", i);
        snprintf(part, sizeof part, "\"desired\":{\"n\":%d}", fixture->desired[i]);
        service_expect(&fixture->service, subject, "", part); // the last one was sent and is answered before this
    }
}

static void what_a_dead_one_had_is_taken(void **state) {
    struct fixture *fixture = *state;
    service_start(&fixture->service);
    service_start_other(&fixture->service, 0);
    service_wait_shares(&fixture->service);
    update_all(fixture);
    service_kill_other(&fixture->service, 0);
    service_wait_shares(&fixture->service);
    expect_all(fixture, "\"desired\":{\"n\":25}");
    service_start_other(&fixture->service, 0);
    service_wait_shares(&fixture->service); // handed over while it runs
    expect_all(fixture, "\"desired\":{\"n\":25},\"reported\":{\"n\":24}");
    service_kill(&fixture->service);
    service_wait_shares(&fixture->service);
    expect_all(fixture, "\"desired\":{\"n\":25}");
}

/// Nobody answers for what nobody may keep; all is there when the server is.
static void a_server_that_crashes_is_waited_for(void **state) {
    struct fixture *fixture = *state;
    service_start(&fixture->service);
    service_start_other(&fixture->service, 0);
    service_wait_shares(&fixture->service);
    update_all(fixture);
    testing_postgres_kill(fixture->postgres);
    for (int i = 0; i < THINGS; i++) { // whoever has it tries to write
        char subject[64];
        snprintf(subject, sizeof subject, "$aws.things.t%d.shadow.update", i);
        service_publish(&fixture->service, subject, "{\"state\":{\"desired\":{\"lost\":1}}}");
    }
    service_wait_status(&fixture->service, "\"state\":\"degraded\"");
    testing_postgres_again(fixture->postgres);
    service_wait_status(&fixture->service, "\"state\":\"ok\"");
    service_wait_shares(&fixture->service);
    expect_all(fixture, "\"desired\":{\"n\":25}");
}

int main(int argc, char **argv) {
    if (service_is_wanted(argc, argv)) return service_run(argv);
    static const struct CMUnitTest tests[] = {
        {"[twin-5.1] each update is answered once and in its order", each_update_is_answered_once_and_in_its_order,
         open_file, tear_down, NULL},
        {"[twin-5.1] on PostgreSQL as well", each_update_is_answered_once_and_in_its_order, open_postgres, tear_down,
         NULL},
        {"[twin-2.4] all things are listed by one", all_things_are_listed_by_one, open_file, tear_down, NULL},
        {"[twin-5.2] [twin-5.3] what a dead one had is taken, what a new one shall have is given",
         what_a_dead_one_had_is_taken, open_file, tear_down, NULL},
        {"[twin-5.2] [twin-5.3] on PostgreSQL as well", what_a_dead_one_had_is_taken, open_postgres, tear_down, NULL},
        {"[twin-5.3] a restart under load loses nothing", a_restart_under_load_loses_nothing, open_file, tear_down,
         NULL},
        {"[twin-4.4] a server that crashes is waited for", a_server_that_crashes_is_waited_for, open_postgres,
         tear_down, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
