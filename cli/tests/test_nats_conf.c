// The broker's configuration as text; test_broker.c shows what a real server makes of it.
#include "cases.h"

#include "nats_conf.h"
#include "plant_file.h"

#include <stdio.h>
#include <string.h>

static struct plant *plant;

static int read_plant(void **state) {
    (void)state;
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct problem problem;
    return plant_file_read(SOURCE_FOLDER "/plants/mps/plant.aml", findings, &plant, &problem) == ERROR_NONE ? 0 : -1;
}

static int free_plant(void **state) {
    (void)state;
    plant_destroy(plant);
    return 0;
}

static const char *password_of(void *context, const char *user) {
    const char *nobody = context;
    static char password[64];
    if (nobody != NULL && strcmp(user, nobody) == 0) return NULL;
    snprintf(password, sizeof password, "%s's \"word\" \\", user);
    return password;
}

static enum error print(const char *plant_folder, const char *site_yaml, const char *nobody, struct buffer *out) {
    CLEANUP(site_destroy_at) struct site *site = NULL;
    assert_int_equal(site_read(text_of(site_yaml), plant_folder, "/data \"of\" it", 0, &site, NULL), ERROR_NONE);
    const struct nats_conf conf = {site, plant, password_of, (void *)(uintptr_t)nobody};
    return nats_conf_print(&conf, out);
}

static void assert_has(const struct buffer *conf, const char *part) {
    if (strstr(conf->data, part) == NULL) fail_msg("no %s in\n%s", part, conf->data);
}

static size_t count(const struct buffer *conf, const char *part) {
    size_t found = 0;
    for (const char *at = conf->data; (at = strstr(at, part)) != NULL; at++) found++;
    return found;
}

static void odd_names_are_quoted_or_replaced(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer conf = {0};
    assert_int_equal(print("/plants/my plant", "", NULL, &conf), ERROR_NONE);
    assert_has(&conf, "server_name: \"splc-my-plant\"\n");
    assert_has(&conf, "cert_file: \"/data \\\"of\\\" it/pki/nats.crt\"");
    assert_has(&conf, "{user: tool, password: \"tool's \\\"word\\\" \\\\\", ");
}

static void it_listens_where_the_site_file_says(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer conf = {0};
    assert_int_equal(print("/p", "fog: {address: \"::1\", nats_port: 14222, mqtt_port: 18883}", NULL, &conf),
                     ERROR_NONE);
    assert_has(&conf, "listen: \"[::1]:14222\"\n");
    assert_has(&conf, "listen: \"[::1]:18883\"\n");
    assert_int_equal(count(&conf, "listen:"), 2);
}

/// A user without password and without a limit to MQTT would be an open door.
static void every_user_has_a_password_or_needs_a_certificate(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer conf = {0};
    assert_int_equal(print("/p", "", NULL, &conf), ERROR_NONE);
    size_t users = count(&conf, "{user: "), things = count(&conf, "{user: \"CN=");
    assert_int_equal(things, 5);
    assert_int_equal(count(&conf, ", password: \""), users - things);
    assert_int_equal(count(&conf, "allowed_connection_types: [\"MQTT\"]"), things);
    assert_int_equal(count(&conf, "allowed_connection_types: [\"STANDARD\"]"), users - things);
    assert_int_equal(count(&conf, "verify_and_map: true"), 1);
}

static void a_user_without_password_is_refused(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer conf = {0};
    assert_int_equal(print("/p", "", "twins", &conf), ERROR_NOT_FOUND);
}

static void a_device_has_its_own_subjects_alone(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer conf = {0};
    assert_int_equal(print("/p", "", NULL, &conf), ERROR_NONE);
    const char *device = strstr(conf.data, "CN=mps_hmi");
    assert_non_null(device);
    CLEANUP(buffer_clear) struct buffer own = {0};
    buffer_append(&own, device, (size_t)(strstr(device, "}}}") - device));
    assert_has(&own, "\"$aws.things.mps_hmi.shadow.update\"");
    assert_has(&own, "\"$MQTT.sub.>\"");
    assert_null(strstr(own.data, "things.*"));
    assert_null(strstr(own.data, "mps_conveyor"));
}

int main(void) {
    struct CMUnitTest tests[8];
    size_t tests_count = 0;
    ADD_TEST(tests, &tests_count, odd_names_are_quoted_or_replaced);
    ADD_TEST(tests, &tests_count, it_listens_where_the_site_file_says);
    ADD_TEST(tests, &tests_count, every_user_has_a_password_or_needs_a_certificate);
    ADD_TEST(tests, &tests_count, a_user_without_password_is_refused);
    ADD_TEST(tests, &tests_count, a_device_has_its_own_subjects_alone);
    return _cmocka_run_group_tests("nats.conf", tests, tests_count, read_plant, free_plant);
}
