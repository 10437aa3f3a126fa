#include "world.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void an_encrypted_session_opens_and_closes(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "operator");
    assert_int_equal(world->opened, 1);
    assert_int_equal(opcua_server_session_count(world->server), 1);
    assert_int_equal(world->closed, 0);
    guest_clear(&guest);
    while (world->closed == 0) world_run_for(world, NS_PER_MS);
    assert_int_equal(opcua_server_session_count(world->server), 0);
}

static void assert_lost_because(const struct guest *guest, const char *part) {
    assert_int_equal(guest->state, OPCUA_LOST);
    if (strstr(guest->reason, part) == NULL) fail_msg("\"%s\" does not say \"%s\"", guest->reason, part);
}

static void a_wrong_password_is_refused_and_both_sides_say_so(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.password_file = world_path(world, "password-viewer");
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_lost_because(&guest, "refused the user \"operator\"");
    assert_lost_because(&guest, "wrong name or password");
    assert_lost_because(&guest, "password-viewer");
    assert_int_equal(world->opened, 0);
    assert_string_equal(world->refusal, "user \"operator\": wrong name or password");
    guest_clear(&guest);
}

static void an_unknown_user_is_refused(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.user = "nobody";
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_lost_because(&guest, "refused the user \"nobody\"");
    guest_clear(&guest);
}

static struct opcua_client_options stranger_options(struct guest *guest, struct world *world) {
    struct opcua_client_options options = guest_options(guest, world, "operator");
    options.application_uri = "urn:test:stranger";
    options.certificate_file = world_path(world, "stranger.der");
    options.key_file = world_path(world, "stranger.key.der");
    return options;
}

static void an_untrusted_client_certificate_is_refused_and_kept_until_an_engineer_moves_it(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    struct opcua_client_options options = stranger_options(&guest, world);
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_lost_because(&guest, "does not trust the certificate");
    assert_lost_because(&guest, "stranger.der");
    assert_int_equal(world->opened, 0);
    assert_non_null(strstr(world->refusal, "to trust it, move"));
    guest_clear(&guest);

    char command[3 * PATH_BYTES];
    snprintf(command, sizeof command, "cd %s && cmp stranger.der rejected/*.der && mv rejected/*.der trusted",
             world->folder);
    assert_int_equal(system(command), 0);
    options = stranger_options(&guest, world);
    guest_open(&guest, &options);
    guest_wait(&guest);
    if (guest.state != OPCUA_CONNECTED) fail_msg("%s", guest.reason);
    guest_clear(&guest);
}

static void another_servers_certificate_is_refused_by_the_client(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.server_certificate_file = world_path(world, "other.der");
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_lost_because(&guest, "does not have the certificate");
    assert_int_equal(world->opened, 0);
    guest_clear(&guest);
}

static void a_server_that_is_not_running_is_said_to_be_so(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.url = "opc.tcp://127.0.0.1:1";
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_lost_because(&guest, "Connection refused; is the server running?");
    guest_clear(&guest);
}

static void a_url_that_is_none_is_an_answer_not_a_crash(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.url = "http://127.0.0.1";
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_int_equal(guest.state, OPCUA_LOST);
    guest_clear(&guest);
}

static void a_missing_certificate_is_a_problem_with_its_path(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.certificate_file = "/nowhere/client.der";
    struct problem problem = {0};
    assert_int_equal(opcua_client_open(world->loop, &options, &guest.client, &problem), ERROR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "/nowhere/client.der"));
}

static void a_key_of_another_certificate_is_refused_before_connecting(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.key_file = world_path(world, "stranger.key.der");
    struct problem problem = {0};
    assert_int_equal(opcua_client_open(world->loop, &options, &guest.client, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "belong together"));
    assert_non_null(strstr(problem.text, options.certificate_file));
    assert_non_null(strstr(problem.text, options.key_file));
}

static void a_key_that_others_can_read_is_refused(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    assert_int_equal(chmod(options.key_file, 0644), 0);
    struct problem problem = {0};
    assert_int_equal(opcua_client_open(world->loop, &options, &guest.client, &problem), ERROR_FORBIDDEN);
    assert_non_null(strstr(problem.text, "chmod 600"));
}

static void a_second_server_on_the_port_says_which_one(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    char trusted[] = "/tmp", uri[] = "urn:test:server";
    struct opcua_server_options options = {
        .address = "127.0.0.1",
        .port = opcua_server_port(world->server),
        .application_uri = uri,
        .application_name = "Second",
        .certificate_file = world_path(world, "server.der"),
        .key_file = world_path(world, "server.key.der"),
        .trusted_folder = trusted,
        .rejected_folder = trusted,
    };
    struct opcua_server *second = NULL;
    struct problem problem = {0};
    assert_int_equal(opcua_server_open(world->loop, &options, &second, &problem), ERROR_NONE);
    assert_int_equal(opcua_server_serve(second, &problem), ERROR_EXISTS);
    char port[64];
    snprintf(port, sizeof port, "port %u on 127.0.0.1 is in use", options.port);
    assert_non_null(strstr(problem.text, port));
    assert_int_equal(opcua_server_port(second), 0);
    opcua_server_close(second);
}

static void a_server_that_ends_is_noticed(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    guest_connect(&guest, world, "operator");
    opcua_server_close(world->server);
    world->server = NULL;
    guest_wait(&guest);
    assert_lost_because(&guest, "lost");
    guest_clear(&guest);
}

/// Takes connections and never says a word.
static int silent_server(char url[static 64]) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "opc.tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void a_server_that_never_answers_is_given_up(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    char url[64];
    int fd = silent_server(url);
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.url = url;
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_lost_because(&guest, "no answer");
    guest_clear(&guest);
    close(fd);
}

static void close_inside_state(void *context, enum opcua_client_state state, const char *reason) {
    (void)state, (void)reason;
    struct guest *guest = context;
    guest->state = state;
    guest_clear(guest);
    loop_stop(guest->world->loop);
}

static void a_client_may_be_closed_inside_its_state_callback(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    struct guest guest;
    struct opcua_client_options options = guest_options(&guest, world, "operator");
    options.state = close_inside_state;
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_int_equal(guest.state, OPCUA_CONNECTED);
    while (world->closed == 0) world_run_for(world, NS_PER_MS);
    options = guest_options(&guest, world, "operator");
    options.state = close_inside_state;
    options.user = "nobody";
    guest_open(&guest, &options);
    guest_wait(&guest);
    assert_int_equal(guest.state, OPCUA_LOST);
}

static void a_client_may_be_closed_at_any_moment_of_connecting(void **state) {
    (void)state;
    CLEANUP(world_destroy_at) struct world *world = world_create();
    world_serve(world);
    for (uint64_t i = 0; i < 40; i++) {
        struct guest guest;
        struct opcua_client_options options = guest_options(&guest, world, "operator");
        guest_open(&guest, &options);
        world_run_for(world, i * NS_PER_MS / 2 + 1);
        guest_clear(&guest);
    }
    struct guest guest;
    guest_connect(&guest, world, "operator");
    guest_clear(&guest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_encrypted_session_opens_and_closes),
        cmocka_unit_test(a_wrong_password_is_refused_and_both_sides_say_so),
        cmocka_unit_test(an_unknown_user_is_refused),
        cmocka_unit_test(an_untrusted_client_certificate_is_refused_and_kept_until_an_engineer_moves_it),
        cmocka_unit_test(another_servers_certificate_is_refused_by_the_client),
        cmocka_unit_test(a_server_that_is_not_running_is_said_to_be_so),
        cmocka_unit_test(a_url_that_is_none_is_an_answer_not_a_crash),
        cmocka_unit_test(a_missing_certificate_is_a_problem_with_its_path),
        cmocka_unit_test(a_key_of_another_certificate_is_refused_before_connecting),
        cmocka_unit_test(a_key_that_others_can_read_is_refused),
        cmocka_unit_test(a_second_server_on_the_port_says_which_one),
        cmocka_unit_test(a_server_that_ends_is_noticed),
        cmocka_unit_test(a_server_that_never_answers_is_given_up),
        cmocka_unit_test(a_client_may_be_closed_inside_its_state_callback),
        cmocka_unit_test(a_client_may_be_closed_at_any_moment_of_connecting),
    };
    return cmocka_run_group_tests_name("opcua sessions", tests, world_make_identities, world_remove_identities);
}
