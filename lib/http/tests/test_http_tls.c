// HTTPS with certificates of a site's authority.
#include "service.h"

#include <base/cleanup.h>
#include <pki/pki.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct files {
    char folder[64];
    char ca[96], ca_key[96], certificate[96], key[96], other_ca[96], other_ca_key[96];
};

static void must(enum error error, const struct problem *problem) {
    if (error) fail_msg("%s: %s", error_text(error), problem->text);
}

static void name_file(const struct files *files, char *path, const char *name) {
    snprintf(path, 96, "%s/%s", files->folder, name);
}

static int make_files(void **state) {
    struct files *files = calloc(1, sizeof *files);
    strcpy(files->folder, "/tmp/splc-http-XXXXXX");
    assert_non_null(mkdtemp(files->folder));
    name_file(files, files->ca, "ca.crt");
    name_file(files, files->ca_key, "ca.key");
    name_file(files, files->certificate, "https.crt");
    name_file(files, files->key, "https.key");
    name_file(files, files->other_ca, "other.crt");
    name_file(files, files->other_ca_key, "other.key");
    struct problem problem = {0};
    must(pki_make_authority(files->ca, files->ca_key, "test", &problem), &problem);
    must(pki_make_authority(files->other_ca, files->other_ca_key, "other", &problem), &problem);
    const struct pki_request request = {
        .common_name = "localhost",
        .addresses = (const char *const[]){"127.0.0.1", NULL},
        .days = 2,
        .server = true,
    };
    must(pki_make_certificate(files->ca, files->ca_key, &request, files->certificate, files->key, &problem), &problem);
    *state = files;
    return 0;
}

static int remove_files(void **state) {
    struct files *files = *state;
    DIR *folder = opendir(files->folder);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(files->folder);
    free(files);
    return 0;
}

static struct service *start(const struct files *files, const char *ca) {
    return service_start(&(struct service_options){files->certificate, files->key, ca, 0});
}

static void requests_are_answered_over_tls(void **state) {
    const struct files *files = *state;
    struct service *service = start(files, files->ca);
    for (int i = 0; i < 3; i++) {
        const struct http_result *result = service_call(service, "POST", "/echo", "{}");
        assert_int_equal(result->status, 200);
        assert_true(text_is(buffer_view(&result->body), "POST /echo q= x= token= body=2"));
    }
    service_stop(service);
}

static void plain_http_on_the_tls_port_gets_nothing(void **state) {
    struct service *service = start(*state, ((const struct files *)*state)->ca);
    struct http_client *client = http_client_create(&(struct http_client_options){.timeout_ms = 10000});
    struct http_result result = {0};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/echo", service_port(service));
    const struct http_call call = {.method = "GET", .url = url};
    assert_int_equal(http_client_call(client, &call, &result, NULL), ERROR_IO);
    http_client_destroy(client);
    http_result_clear(&result);
    service_stop(service);
}

static void a_server_of_another_authority_is_not_trusted(void **state) {
    const struct files *files = *state;
    struct service *service = start(files, files->ca);
    struct http_client *client =
        http_client_create(&(struct http_client_options){.ca_file = files->other_ca, .timeout_ms = 10000});
    struct http_result result = {0};
    struct problem problem = {0};
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/echo", service_port(service));
    const struct http_call call = {.method = "GET", .url = url};
    assert_int_equal(http_client_call(client, &call, &result, &problem), ERROR_UNAUTHORIZED);
    assert_non_null(strstr(problem.text, url));
    http_client_destroy(client);
    http_result_clear(&result);
    service_stop(service);
}

static enum error open_with(const char *certificate, const char *key, struct problem *problem) {
    struct loop *loop = loop_create();
    const struct http_server_options options = {
        .address = "127.0.0.1", .certificate_file = certificate, .key_file = key, .connections_max = 4};
    struct http_server *server = NULL;
    enum error error = http_server_open(loop, &options, &server, problem);
    http_server_close(server);
    loop_destroy(loop);
    return error;
}

static void a_key_that_others_can_read_is_refused(void **state) {
    const struct files *files = *state;
    struct problem problem = {0};
    assert_int_equal(chmod(files->key, 0644), 0);
    assert_int_equal(open_with(files->certificate, files->key, &problem), ERROR_FORBIDDEN);
    assert_int_equal(chmod(files->key, 0600), 0);
    assert_non_null(strstr(problem.text, "https.key: others can read this private key"));
}

static void a_key_that_does_not_fit_is_refused(void **state) {
    const struct files *files = *state;
    struct problem problem = {0};
    assert_int_equal(open_with(files->certificate, files->other_ca_key, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "https.crt"));
}

static void a_certificate_that_is_missing_is_named(void **state) {
    const struct files *files = *state;
    struct problem problem = {0};
    assert_int_equal(open_with("/nowhere/https.crt", files->key, &problem), ERROR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "/nowhere/https.crt"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered_over_tls),
        cmocka_unit_test(plain_http_on_the_tls_port_gets_nothing),
        cmocka_unit_test(a_server_of_another_authority_is_not_trusted),
        cmocka_unit_test(a_key_that_others_can_read_is_refused),
        cmocka_unit_test(a_key_that_does_not_fit_is_refused),
        cmocka_unit_test(a_certificate_that_is_missing_is_named),
    };
    return cmocka_run_group_tests_name("http over TLS", tests, make_files, remove_files);
}
