// The service, or one of several, is killed under load, again and again, at any moment of its life: no change of
// desired that was accepted is lost, no version is given twice, the next start repairs what there is to be repaired. In
// the environment: TWINS_CRASH_ROUNDS makes the test longer, TWINS_CRASH_SEED another one, TWINS_CRASH_ONLY is a
// pattern for the names of those that are run.
#include "service.h"

#include <base/clock.h>
#include <json/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    THINGS = 5,
    UNDER_WAY = 64,
    ROUNDS = 16,
    ROUNDS_POSTGRES = 5,
    ROUNDS_SEVERAL = 4,
    UPDATES_PER_ROUND_MAX = 400,
    LONGER_MS = 6,      // the load goes on for up to so long after the last update that was waited for
    START_MS = 300,     // a start takes about so long under a sanitizer
    REPORTED_MS = 3000, // a promised second ([twin-3.2]), and what a machine with other work may add
    LONG_ROUND_MS = 4000,
    LONG_ROUNDS = 40, // every so many rounds one is long
};

/// What the client knows of each thing. Thing 0 is deleted and created again all the time; the others count upwards in
/// `desired.n` and `reported.r`.
struct thing {
    char update[64], get[64], delete[64];
    int64_t n_sent, n_accepted;
    int64_t r_sent, r_old; // r_old: was accepted so long ago that it must be on disk
    int64_t r_accepted;
    uint64_t r_accepted_ns;
    int64_t version; // the highest one heard of
};

struct load {
    struct service service;
    struct thing things[THINGS];
    uint64_t random;
    unsigned accepted; // of this round
    uint64_t accepted_in_all;
    unsigned wanted; // then comes the kill
    bool loading;
    bool several;
    int round;
};

/// What a test runs against.
struct setting {
    bool several;  // two processes on one store, one of which is killed
    bool postgres; // PostgreSQL in place of the file
    int rounds;
};

static unsigned random_below(struct load *load, unsigned limit) {
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return (unsigned)(load->random >> 33) % limit;
}

static void send_one(struct load *load) {
    struct thing *thing = &load->things[random_below(load, THINGS)];
    bool is_first = thing == load->things;
    if (is_first && random_below(load, 3) == 0) return service_publish(&load->service, thing->delete, "{}");
    char payload[128];
    if (random_below(load, 2) == 0)
        snprintf(payload, sizeof payload, "{\"state\":{\"desired\":{\"n\":%lld}}}", (long long)++thing->n_sent);
    else
        snprintf(payload, sizeof payload, "{\"state\":{\"reported\":{\"r\":%lld}}}", (long long)++thing->r_sent);
    service_publish(&load->service, thing->update, payload);
}

/// Index of the thing; THINGS when the subject is none of an update.
static size_t thing_of(const struct load *load, struct text subject) {
    size_t i = 0;
    while (i < THINGS && !text_starts_with(subject, text_of(load->things[i].update))) i++;
    return i;
}

static struct json_document *parse(struct text text) {
    struct json_document *document = NULL;
    struct json_limits limits = {.bytes_max = 1 << 20, .depth_max = 64};
    assert_int_equal(json_parse(text, limits, &document, NULL), ERROR_NONE);
    return document;
}

/// The first update of each REPORTED_MS becomes the one that must be on disk when the next of these is noted.
static void note_reported(struct thing *thing, int64_t r) {
    uint64_t now_ns = clock_monotonic_ns();
    if (now_ns - thing->r_accepted_ns < REPORTED_MS * NS_PER_MS) return;
    if (thing->r_accepted_ns != 0) thing->r_old = thing->r_accepted;
    thing->r_accepted = r;
    thing->r_accepted_ns = now_ns;
}

/// Every update that is accepted must have a higher version than all before it, over all lives of the service.
static void note_accepted(struct thing *thing, const struct json *answer) {
    int64_t version = json_integer(json_member(answer, "version"), 0);
    if (version <= thing->version) fail_msg("version %lld after %lld", (long long)version, (long long)thing->version);
    thing->version = version;
    thing->n_accepted = json_integer(json_path(answer, TEXT("state/desired/n")), thing->n_accepted);
    int64_t r = json_integer(json_path(answer, TEXT("state/reported/r")), 0);
    if (r > 0) note_reported(thing, r);
}

static void heard(void *context, const struct bus_message *message) {
    struct load *load = context;
    size_t thing = thing_of(load, message->subject);
    bool accepted = text_ends_with(message->subject, TEXT(".update.accepted"));
    if (accepted && thing < THINGS) {
        CLEANUP(json_destroy_at) struct json_document *answer = parse(message->data);
        note_accepted(&load->things[thing], json_root(answer));
        load->accepted++;
        load->accepted_in_all++;
    }
    bool answered = accepted || text_ends_with(message->subject, TEXT(".rejected")) ||
                    text_ends_with(message->subject, TEXT(".delete.accepted"));
    if (answered && load->loading) send_one(load);
}

static bool is_enough(void *context) {
    struct load *load = context;
    return load->accepted >= load->wanted;
}

static void check_thing(struct load *load, struct thing *thing) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    service_read(&load->service, thing->get, &text);
    CLEANUP(json_destroy_at) struct json_document *answer = parse(buffer_view(&text));
    const struct json *root = json_root(answer);
    if (json_exists(json_member(root, "code")) && thing->n_accepted == 0) return; // not created yet
    if (thing == load->things) return;                                            // or just deleted
    int64_t n = json_integer(json_path(root, TEXT("state/desired/n")), 0);
    if (n < thing->n_accepted || n > thing->n_sent)
        fail_msg("%s: %lld was accepted, %lld was sent, %lld is there", thing->get, (long long)thing->n_accepted,
                 (long long)thing->n_sent, (long long)n);
    int64_t r = json_integer(json_path(root, TEXT("state/reported/r")), 0);
    if (r < thing->r_old || r > thing->r_sent)
        fail_msg("%s: %lld was reported more than %d ms ago, %lld was sent, %lld is there", thing->get,
                 (long long)thing->r_old, REPORTED_MS, (long long)thing->r_sent, (long long)r);
    int64_t version = json_integer(json_member(root, "version"), 0);
    if (version < thing->version)
        fail_msg("%s: version %lld after %lld", thing->get, (long long)version, (long long)thing->version);
}

/// What was reported in the life before may be gone: only from now on it ages.
static void check_all(struct load *load) {
    for (size_t i = 0; i < THINGS; i++) {
        check_thing(load, &load->things[i]);
        load->things[i].r_accepted_ns = 0;
    }
}

static void press_on(struct load *load) {
    load->accepted = 0;
    load->wanted = random_below(load, UPDATES_PER_ROUND_MAX);
    load->loading = true;
    for (int i = 0; i < UNDER_WAY; i++) send_one(load);
    service_wait(&load->service, is_enough, load);
    bool is_long = load->round % LONG_ROUNDS == LONG_ROUNDS - 1;
    service_wait_ms(&load->service, is_long ? LONG_ROUND_MS : random_below(load, LONGER_MS));
}

/// A start that comes to nothing.
static void kill_while_starting(struct load *load, size_t process) {
    service_start_other(&load->service, process);
    service_wait_ms(&load->service, random_below(load, START_MS));
    service_kill_other(&load->service, process);
}

/// One process lives through the round of the other, or both are killed together, as by a loss of power.
static void run_round_of_several(struct load *load) {
    size_t victim = random_below(load, 2);
    press_on(load);
    service_kill_other(&load->service, victim);
    if (random_below(load, 4) == 0) service_kill_other(&load->service, 1 - victim);
    load->loading = false;
    for (size_t i = 0; i < 2; i++) {
        if (load->service.others[i].pid != 0) continue;
        if (random_below(load, 4) == 0) kill_while_starting(load, i);
        service_start_other(&load->service, i);
    }
    service_wait_shares(&load->service);
    check_all(load);
}

static void run_round(struct load *load) {
    press_on(load);
    service_kill(&load->service);
    load->loading = false;
    if (random_below(load, 4) == 0) kill_while_starting(load, 0);
    service_start(&load->service);
    service_wait_shares(&load->service);
    check_all(load);
}

static void start_all(struct load *load) {
    if (!load->several) service_start(&load->service);
    for (size_t i = 0; i < 2 && load->several; i++) service_start_other(&load->service, i);
    service_wait_shares(&load->service);
}

static uint64_t seed(void) {
    const char *wanted = getenv("TWINS_CRASH_SEED");
    return wanted == NULL ? UINT64_C(0x9E3779B97F4A7C15) : strtoull(wanted, NULL, 0);
}

static void no_accepted_desired_is_lost_and_no_version_given_twice(void **state) {
    const struct setting *setting = *state;
    const char *rounds_wanted = getenv("TWINS_CRASH_ROUNDS");
    int rounds = rounds_wanted == NULL ? setting->rounds : atoi(rounds_wanted);
    struct load load = {.random = seed(), .several = setting->several};
    for (size_t i = 0; i < THINGS; i++) {
        struct thing *thing = &load.things[i];
        snprintf(thing->update, sizeof thing->update, "$aws.things.t%zu.shadow.update", i);
        snprintf(thing->get, sizeof thing->get, "$aws.things.t%zu.shadow.get", i);
        snprintf(thing->delete, sizeof thing->delete, "$aws.things.t%zu.shadow.delete", i);
    }
    service_open(&load.service);
    load.service.heard = heard;
    load.service.context = &load;
    struct testing_postgres *postgres = setting->postgres ? testing_postgres_start() : NULL;
    if (postgres != NULL) load.service.where = postgres->uri;
    start_all(&load);
    while (load.round < rounds) {
        load.several ? run_round_of_several(&load) : run_round(&load);
        load.round++;
    }
    print_message("%d rounds, %llu updates accepted\n", rounds, (unsigned long long)load.accepted_in_all);
    service_close(&load.service);
    testing_postgres_destroy(postgres);
}

int main(int argc, char **argv) {
    if (service_is_wanted(argc, argv)) return service_run(argv);
    static struct setting settings[] = {{false, false, ROUNDS},
                                        {false, true, ROUNDS_POSTGRES},
                                        {true, false, ROUNDS_SEVERAL},
                                        {true, true, ROUNDS_SEVERAL}};
    static const struct CMUnitTest tests[] = {
        {"[twin-3.1] [twin-3.3] file: no accepted desired is lost and no version given twice",
         no_accepted_desired_is_lost_and_no_version_given_twice, NULL, NULL, &settings[0]},
        {"[twin-3.1] [twin-3.3] PostgreSQL: the same", no_accepted_desired_is_lost_and_no_version_given_twice, NULL,
         NULL, &settings[1]},
        {"[twin-5.2] two on one file: the same", no_accepted_desired_is_lost_and_no_version_given_twice, NULL, NULL,
         &settings[2]},
        {"[twin-5.2] two on PostgreSQL: the same", no_accepted_desired_is_lost_and_no_version_given_twice, NULL, NULL,
         &settings[3]},
    };
    const char *only = getenv("TWINS_CRASH_ONLY");
    if (only != NULL) cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
