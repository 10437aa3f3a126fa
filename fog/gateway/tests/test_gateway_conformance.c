// What the gateway owes to whoever relies on its twins: whatever a server does to its clients, afterwards all items are
// live again or marked bad with the reason, within seconds, and what was lost is counted. 10 000 items all the while.
// Rules: docs/spec/bus.md, [bus-4.6], [bus-4.12], [bus-4.13], [bus-4.17].
#include "misfortune.h"
#include "proxy.h"
#include "unruly.h"
#include "world.h"

#include <base/clock.h>
#include <base/file.h>
#include <pki/pki.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { RECOVERY_S = 20 }; // the sanitizers take their time
#else
enum { RECOVERY_S = 5 };
#endif

static struct suite {
    struct world world;
    struct proxy *proxy;
    struct unruly server, second; // the second one is another connection of the same gateway
    unsigned generation;          // the number that all values have
    uint64_t lost, republished;   // that are known of
    uint64_t back_ns;             // when the server was as it should be again
} suite;

/* ---- Live ---- */

static size_t count_numbers(const char *text, const char *number) {
    size_t count = 0;
    for (; (text = strstr(text, number)) != NULL; text++) count++;
    return count;
}

/// The state of a twin, without the metadata behind it.
static size_t count_told(unsigned thing, const char *number) {
    char subject[64];
    snprintf(subject, sizeof subject, "$aws.things.t%02u.shadow.get", thing);
    world_ask(&suite.world, subject, "{}");
    char *metadata = strstr(suite.world.answer.data, "\"metadata\"");
    if (metadata != NULL) *metadata = '\0';
    return count_numbers(suite.world.answer.data, number);
}

static bool is_over(void *context) {
    return clock_monotonic_ns() >= *(uint64_t *)context;
}

static void wait_ms(unsigned ms) {
    uint64_t until_ns = clock_monotonic_ns() + ms * NS_PER_MS;
    world_wait(&suite.world, is_over, &until_ns);
}

static void await_told(unsigned thing, const char *number, size_t count) {
    while (count_told(thing, number) != count) {
        if (clock_monotonic_ns() - suite.back_ns > 4 * RECOVERY_S * NS_PER_S)
            fail_msg("t%02u does not tell %zu times %s: %s", thing, count, number, suite.world.answer.data);
        wait_ms(5);
    }
}

/// Everything that changes now arrives: `missing` items are not there, `bad` of those that are there are bad.
static void await_live(size_t missing, size_t bad) {
    char part[64], number[16];
    snprintf(part, sizeof part, "\"items\":%zu,\"bad\":%zu,", UNRULY_ITEMS - missing, bad);
    world_await_status(&suite.world, part);
    assert_non_null(strstr(suite.world.status.data, "\"state\":\"connected\""));
    double took_s = (double)(clock_monotonic_ns() - suite.back_ns) / (double)NS_PER_S;
    print_message("all items live after %.2f s\n", took_s);
    if (took_s > RECOVERY_S) fail_msg("that is more than %d s", RECOVERY_S);
    suite.back_ns = clock_monotonic_ns();
    unruly_tell(&suite.server, "write %u", ++suite.generation);
    snprintf(number, sizeof number, ":%u", suite.generation);
    for (unsigned thing = 0; thing < UNRULY_THINGS; thing++)
        await_told(thing, number, UNRULY_VALUES - (thing == 7 ? missing + bad : 0));
}

static void back(void) {
    suite.back_ns = clock_monotonic_ns();
}

static void await_state(const char *state) {
    char part[64];
    snprintf(part, sizeof part, "\"state\":\"%s\"", state);
    do world_await_status(&suite.world, "\"edges\":");
    while (strstr(strstr(suite.world.status.data, "\"edges\":"), part) == NULL);
}

static void restart(const char *identity, unsigned namespaces) {
    CLEANUP(free_at) char *folder = strdup(suite.world.folder);
    bool was_live = suite.server.pid != 0 && suite.world.gateway != 0;
    unruly_kill(&suite.server);
    if (was_live) await_state("lost");
    unruly_start(&suite.server, folder, identity, namespaces);
    unruly_tell(&suite.server, "write %u", suite.generation);
    proxy_server(suite.proxy, suite.server.port);
    back();
}

static uint64_t told_number(const char *member) {
    world_await_status(&suite.world, member);
    return strtoull(strstr(suite.world.status.data, member) + strlen(member), NULL, 10);
}

/* ---- What servers do ---- */

static void a_server_that_starts(void **state) {
    (void)state;
    back();
    await_live(0, 0);
}

static void a_server_that_is_restarted(void **state) {
    (void)state;
    unruly_kill(&suite.server);
    await_state("lost");
    world_await_bad(&suite.world, "t99", "v00", "BadNoCommunication");
    world_await(&suite.world, "t99", "status", "reported/badCount", "100");
    restart("edge", 0);
    await_live(0, 0);
    world_await(&suite.world, "t99", "status", "reported/bad", "[]");
}

static void a_changed_namespace_index(void **state) {
    (void)state;
    restart("edge", 3);
    await_live(0, 0);
}

static void a_node_that_vanishes(void **state) {
    (void)state;
    back();
    unruly_tell(&suite.server, "delete");
    await_live(1, 0);
    world_await(&suite.world, "t07", NULL, "reported/v07", NULL);
    back();
    unruly_tell(&suite.server, "add");
    await_live(0, 0);
}

/// Nobody tells of it: the gateway finds it out by itself.
static void a_node_that_vanishes_without_a_word(void **state) {
    (void)state;
    back();
    unruly_tell(&suite.server, "vanish");
    await_live(0, 1);
    world_await_bad(&suite.world, "t07", "v07", "BadNodeIdUnknown");
    world_await(&suite.world, "t07", NULL, "reported/v07", NULL);
    back();
    unruly_tell(&suite.server, "appear");
    await_state("lost");
    await_live(0, 0);
    world_await(&suite.world, "t07", "status", "reported/bad", "[]");
}

static void a_session_that_is_ended(void **state) {
    (void)state;
    back();
    unruly_tell(&suite.server, "kick");
    await_state("lost");
    await_live(0, 0);
}

static void a_subscription_that_is_gone_while_its_session_lives(void **state) {
    (void)state;
    kill(suite.world.gateway, SIGSTOP); // it asks for no more notifications; its session lives for 30 s
    for (unsigned i = 0; i < 40; i++) {
        unruly_tell(&suite.server, "burst %u", 1 + i % 2); // each takes one of the requests that wait
        wait_ms(3);
    }
    wait_ms(2500); // the subscription lives for 1.5 s without a request
    kill(suite.world.gateway, SIGCONT);
    back();
    await_state("lost");
    await_live(0, 0);
}

static void a_connection_that_is_half_open(void **state) {
    (void)state;
    uint64_t pulled_ns = clock_monotonic_ns();
    proxy_drop(suite.proxy); // nobody is told, and new connections work
    await_state("silent");
    double noticed_s = (double)(clock_monotonic_ns() - pulled_ns) / (double)NS_PER_S;
    print_message("silence noticed after %.2f s\n", noticed_s);
    if (noticed_s > RECOVERY_S) fail_msg("that is more than %d s", RECOVERY_S);
    world_await_bad(&suite.world, "t00", "v00", "BadNoCommunication");
    await_state("lost");
    back();
    await_live(0, 0);
}

static void a_server_that_hangs(void **state) {
    (void)state;
    kill(suite.server.pid, SIGSTOP);
    await_state("silent");
    world_await_bad(&suite.world, "t00", "v00", "BadNoCommunication");
    kill(suite.server.pid, SIGCONT);
    back();
    await_live(0, 0);
    kill(suite.server.pid, SIGSTOP); // and once more, for longer
    await_state("lost");
    wait_ms(1000);
    kill(suite.server.pid, SIGCONT);
    back();
    await_live(0, 0);
}

static void a_clock_that_is_set(void **state) {
    static const int steps_s[] = {3600, -3600, 0};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        unruly_tell(&suite.server, "step %d", steps_s[i]);
        back();
        await_live(0, 0);
    }
}

/// The wall clock of the gateway's machine, then that of the server's, jumps by hours: nothing may wait for it.
static void a_machine_whose_clock_is_set(void **state) {
    static const int steps_s[] = {5 * 3600, -7 * 3600, 0};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        misfortune_set_clock(i < 3 ? suite.world.gateway : suite.server.pid, steps_s[i % 3]);
        back();
        await_live(0, 0);
    }
    kill(suite.server.pid, SIGSTOP); // silence is noticed as ever
    misfortune_set_clock(suite.world.gateway, -3600);
    await_state("silent");
    misfortune_set_clock(suite.world.gateway, 0);
    kill(suite.server.pid, SIGCONT);
    back();
    await_live(0, 0);
}

static void make_identity(const char *name) {
    CLEANUP(buffer_clear) struct buffer certificate = {0}, key = {0};
    buffer_print(&certificate, "%s/pki/opcua/%s.der", suite.world.folder, name);
    buffer_print(&key, "%s/pki/opcua/%s.key.der", suite.world.folder, name);
    struct pki_request request = {
        .common_name = name,
        .dns_names = (const char *[]){"localhost", NULL},
        .addresses = (const char *[]){"127.0.0.1", NULL},
        .uri = "urn:serverless-plc:edge:ST",
        .days = 30,
        .server = true,
        .client = true,
    };
    struct problem problem = {0};
    if (pki_make_application_certificate(&request, certificate.data, key.data, &problem)) fail_msg("%s", problem.text);
}

static void a_certificate_that_is_renewed(void **state) {
    (void)state;
    make_identity("renewed");
    restart("renewed", 0);
    world_await_status(&suite.world, "does not have the certificate"); // not the one that is trusted
    world_await_bad(&suite.world, "t00", "v00", "BadNoCommunication");
    CLEANUP(free_at) char *from = testing_path(suite.world.folder, "pki/opcua/renewed.der");
    CLEANUP(free_at) char *to = testing_path(suite.world.folder, "pki/opcua/edge.der");
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    assert_int_equal(file_read(from, 1 << 16, &bytes, NULL), ERROR_NONE);
    assert_int_equal(file_write(to, buffer_view(&bytes), 0600, NULL), ERROR_NONE);
    back();
    await_live(0, 0);
}

static void a_user_who_is_revoked(void **state) {
    (void)state;
    unruly_tell(&suite.server, "revoke");
    world_await_status(&suite.world, "refused the user");
    world_await_bad(&suite.world, "t00", "v00", "BadNoCommunication");
    unruly_tell(&suite.server, "grant");
    back();
    await_live(0, 0);
}

static void a_server_that_is_slow(void **state) {
    (void)state;
    unruly_tell(&suite.server, "slow 20");
    unruly_tell(&suite.server, "kick");
    back();
    await_state("lost");
    await_live(0, 0);
    unruly_tell(&suite.server, "slow 0");
}

static void limits_that_shrink(void **state) {
    (void)state;
    unruly_tell(&suite.server, "limits 100 5000"); // it still says 1000 when it is asked
    unruly_tell(&suite.server, "kick");
    back();
    char part[64];
    snprintf(part, sizeof part, "\"items\":%d,\"bad\":%d,", UNRULY_ITEMS, UNRULY_ITEMS - 5000);
    world_await_status(&suite.world, part); // half of them live, the others bad, with the reason
    world_await_bad(&suite.world, "t99", "v99", "BadTooManyMonitoredItems");
    unruly_tell(&suite.server, "limits 100 0");
    unruly_tell(&suite.server, "kick");
    back();
    await_state("lost");
    await_live(0, 0);
}

static void values_that_are_too_fast(void **state) {
    (void)state;
    uint64_t overflows = told_number("\"overflows\":"), lost = told_number("\"lost\":");
    unruly_tell(&suite.server, "burst 10"); // as many as the queue holds
    await_told(0, "\"v00\":10", 1);
    assert_int_equal(told_number("\"overflows\":"), overflows);
    unruly_tell(&suite.server, "burst 12");
    await_told(0, "\"v00\":12", 1);
    assert_int_equal(told_number("\"overflows\":"), overflows + 1);
    assert_int_equal(told_number("\"lost\":"), lost);
}

/* ---- Notifications that do not arrive ---- */

/// One after the other, each in a notification of its own.
static void write_one_by_one(unsigned first, unsigned last) {
    for (unsigned number = first; number <= last; number++) {
        unruly_tell(&suite.server, "one %u", number);
        wait_ms(15);
    }
}

static void notifications_that_are_lost_are_got_again(void **state) {
    (void)state;
    uint64_t republished = told_number("\"republished\":"), lost = told_number("\"lost\":");
    misfortune_lose(suite.world.gateway, 5);
    write_one_by_one(200001, 200008); // five are lost, the sixth tells of the gap
    await_told(0, "\"v00\":200008", 1);
    assert_int_equal(told_number("\"republished\":"), republished + 5);
    assert_int_equal(told_number("\"lost\":"), lost);
    back();
    await_live(0, 0);
}

/// The server keeps the newest 64 for those who ask again: the others are lost, counted, and their values told anew.
static void notifications_that_the_server_has_no_more_are_counted(void **state) {
    enum { LOST = 100, KEPT = 64 };
    (void)state;
    uint64_t republished = told_number("\"republished\":"), lost = told_number("\"lost\":");
    misfortune_lose(suite.world.gateway, LOST);
    unruly_tell(&suite.server, "write %u", ++suite.generation); // in one of them: nobody would hear of it
    wait_ms(50);
    write_one_by_one(300001, 300000 + LOST + 1);
    back();
    await_state("lost");
    await_live(0, 0);
    uint64_t again = told_number("\"republished\":") - republished, gone = told_number("\"lost\":") - lost;
    print_message("%llu were got again, %llu were lost\n", (unsigned long long)again, (unsigned long long)gone);
    assert_int_equal(again + gone, LOST);                    // none uncounted, none counted twice
    assert_in_range(gone, LOST - KEPT - 2, LOST - KEPT + 2); // one that waits takes a place, too
    suite.lost = lost + gone;
    suite.republished = republished + again;
}

/* ---- Several servers ---- */

static void await_second(const char *json) {
    world_await(&suite.world, "oven_value", NULL, "reported/v07", json);
}

static void a_server_beside_another_one_that_restarts(void **state) {
    (void)state;
    const char *second = strstr(suite.world.status.data, "\"name\":\"oven\"");
    assert_non_null(second);
    char since[40], told[160];
    snprintf(since, sizeof since, "%.30s", strstr(second, "\"since\":"));
    unruly_kill(&suite.server);
    for (unsigned number = 41; number < 44; number++) {
        char json[16];
        snprintf(json, sizeof json, "%u", number);
        unruly_tell(&suite.second, "write %u", number);
        await_second(json);
    }
    restart("renewed", 0); // the certificate that it has had since a test before
    await_live(0, 0);
    world_await_status(&suite.world, "\"name\":\"oven\"");
    snprintf(told, sizeof told, "%.30s", strstr(strstr(suite.world.status.data, "\"name\":\"oven\""), "\"since\":"));
    assert_string_equal(told, since); // its connection is the one of before
    unruly_tell(&suite.second, "write 44");
    await_second("44");
}

static void nothing_was_lost_on_the_way(void **state) {
    (void)state;
    assert_int_equal(told_number("\"lost\":"), suite.lost);
    assert_int_equal(told_number("\"republished\":"), suite.republished);
    assert_true(told_number("\"notifications\":") > 0);
}

/* ---- The suite ---- */

static int set_up(void **state) {
    world_make_identities(state);
    world_open(&suite.world);
    suite.world.deaf = true;
    suite.generation = 100000; // no other number looks like it
    suite.proxy = proxy_open(suite.world.loop);
    suite.world.station.port = proxy_port(suite.proxy);
    world_start_twins(&suite.world);
    unruly_start(&suite.second, suite.world.folder, "edge", 0);
    suite.world.server_port = suite.second.port;
    restart("edge", 0);
    world_start_gateway(&suite.world);
    return 0;
}

static int tear_down(void **state) {
    unruly_kill(&suite.server);
    unruly_kill(&suite.second);
    proxy_close(suite.proxy);
    world_close(&suite.world);
    return world_remove_identities(state);
}

#define CASE(name, test)                                                                                               \
    { name, test, NULL, NULL, NULL }

int main(int argc, char **argv) {
    if (unruly_is(argc, argv)) return unruly_serve(argv);
    if (world_is_service(argc, argv)) return world_serve(argv);
    const struct CMUnitTest tests[] = {
        CASE("10 000 items are browsed and live", a_server_that_starts),
        CASE("a server that is restarted [bus-4.6] [bus-4.13]", a_server_that_is_restarted),
        CASE("a server whose namespace index has changed [bus-4.13]", a_changed_namespace_index),
        CASE("a node that vanishes and comes back [bus-4.13]", a_node_that_vanishes),
        CASE("a node that vanishes without a word, and comes back [bus-4.17]", a_node_that_vanishes_without_a_word),
        CASE("a session that the server ends [bus-4.13]", a_session_that_is_ended),
        CASE("a subscription that is gone while its session lives [bus-4.13]",
             a_subscription_that_is_gone_while_its_session_lives),
        CASE("a connection that is half open [bus-4.12] [bus-4.13]", a_connection_that_is_half_open),
        CASE("a server that hangs, and goes on [bus-4.12]", a_server_that_hangs),
        CASE("a clock that is set, forwards and back [bus-4.13]", a_clock_that_is_set),
        CASE("a machine whose clock is set by hours: the gateway's, the server's [bus-4.13]",
             a_machine_whose_clock_is_set),
        CASE("a certificate that is renewed [bus-4.13]", a_certificate_that_is_renewed),
        CASE("a user who is revoked and granted again [bus-4.13]", a_user_who_is_revoked),
        CASE("a server that answers slowly [bus-4.13]", a_server_that_is_slow),
        CASE("limits that shrink [bus-4.13]", limits_that_shrink),
        CASE("values that come faster than a queue holds are counted [bus-4.13]", values_that_are_too_fast),
        CASE("notifications that are lost on the way are got again (Republish) [bus-4.13]",
             notifications_that_are_lost_are_got_again),
        CASE("notifications that the server has no more are counted, and all is told anew [bus-4.13]",
             notifications_that_the_server_has_no_more_are_counted),
        CASE("a server beside another one that restarts is not touched [bus-4.15]",
             a_server_beside_another_one_that_restarts),
        CASE("no other notification was lost [bus-4.13]", nothing_was_lost_on_the_way),
    };
    if (argc == 3 && strcmp(argv[1], "--only") == 0) cmocka_set_test_filter(argv[2]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
