// The service, or one of several, is killed under load, again and again: no change of desired that was accepted is
// lost, no version is given twice. TWINS_CRASH_ROUNDS in the environment makes the test longer.
#include "service.h"

#include <json/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THINGS = 5, UNDER_WAY = 64, ROUNDS = 30, ROUNDS_SEVERAL = 5, UPDATES_PER_ROUND_MAX = 400 };

/// What the client knows of each thing. Thing 0 is deleted and created again all the time; the others count upwards in
/// `desired.n`.
struct thing {
    char update[64], get[64], delete[64];
    int64_t n_sent, n_accepted;
    int64_t version; // the highest one heard of
};

struct load {
    struct service service;
    struct thing things[THINGS];
    uint64_t random;
    unsigned accepted; // of this round
    unsigned wanted;   // then comes the kill
    bool loading;
    bool several;
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
        snprintf(payload, sizeof payload, "{\"state\":{\"reported\":{\"r\":%u}}}", random_below(load, 1000));
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

/// Every update that is accepted must have a higher version than all before it, over all lives of the service.
static void note_accepted(struct thing *thing, const struct json *answer) {
    int64_t version = json_integer(json_member(answer, "version"), 0);
    if (version <= thing->version) fail_msg("version %lld after %lld", (long long)version, (long long)thing->version);
    thing->version = version;
    thing->n_accepted = json_integer(json_path(answer, TEXT("state/desired/n")), thing->n_accepted);
}

static void heard(void *context, const struct bus_message *message) {
    struct load *load = context;
    size_t thing = thing_of(load, message->subject);
    bool accepted = text_ends_with(message->subject, TEXT(".update.accepted"));
    if (accepted && thing < THINGS) {
        CLEANUP(json_destroy_at) struct json_document *answer = parse(message->data);
        note_accepted(&load->things[thing], json_root(answer));
        load->accepted++;
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
    service_ask(&load->service, thing->get, "", &text);
    CLEANUP(json_destroy_at) struct json_document *answer = parse(buffer_view(&text));
    const struct json *root = json_root(answer);
    if (json_exists(json_member(root, "code")) && thing->n_accepted == 0) return; // not created yet
    if (thing == load->things) return;                                            // or just deleted
    int64_t n = json_integer(json_path(root, TEXT("state/desired/n")), 0);
    if (n < thing->n_accepted || n > thing->n_sent)
        fail_msg("%s: %lld was accepted, %lld was sent, %lld is there", thing->get, (long long)thing->n_accepted,
                 (long long)thing->n_sent, (long long)n);
    int64_t version = json_integer(json_member(root, "version"), 0);
    if (version < thing->version)
        fail_msg("%s: version %lld after %lld", thing->get, (long long)version, (long long)thing->version);
}

static void check_all(struct load *load) {
    for (size_t i = 0; i < THINGS; i++) check_thing(load, &load->things[i]);
}

static void press_on(struct load *load) {
    load->accepted = 0;
    load->wanted = random_below(load, UPDATES_PER_ROUND_MAX);
    load->loading = true;
    for (int i = 0; i < UNDER_WAY; i++) send_one(load);
    service_wait(&load->service, is_enough, load);
    load->loading = false;
}

static void run_round(struct load *load) {
    service_start(&load->service);
    service_wait_shares(&load->service);
    check_all(load);
    press_on(load);
    service_kill(&load->service);
    if (!load->several) return;
    service_wait_shares(&load->service); // the other one has them all now
    check_all(load);
}

static void no_accepted_desired_is_lost_and_no_version_given_twice(void **state) {
    const struct setting *setting = *state;
    const char *rounds_wanted = getenv("TWINS_CRASH_ROUNDS");
    int rounds = rounds_wanted == NULL ? setting->rounds : atoi(rounds_wanted);
    struct load load = {.random = UINT64_C(0x9E3779B97F4A7C15), .several = setting->several};
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
    if (setting->several) service_start_other(&load.service, 0);
    for (int i = 0; i < rounds; i++) run_round(&load);
    service_start(&load.service);
    service_wait_shares(&load.service);
    check_all(&load);
    service_close(&load.service);
    testing_postgres_destroy(postgres);
}

int main(int argc, char **argv) {
    if (service_is_wanted(argc, argv)) return service_run(argv);
    static struct setting settings[] = {
        {false, false, ROUNDS}, {true, false, ROUNDS_SEVERAL}, {true, true, ROUNDS_SEVERAL}};
    static const struct CMUnitTest tests[] = {
        {"[twin-3.1] [twin-3.3] no accepted desired is lost and no version given twice",
         no_accepted_desired_is_lost_and_no_version_given_twice, NULL, NULL, &settings[0]},
        {"[twin-5.2] nor with two processes, one of which is killed",
         no_accepted_desired_is_lost_and_no_version_given_twice, NULL, NULL, &settings[1]},
        {"[twin-5.2] nor with two processes on PostgreSQL", no_accepted_desired_is_lost_and_no_version_given_twice,
         NULL, NULL, &settings[2]},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
