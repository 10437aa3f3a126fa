// Certificates are looked at with the openssl program: a second opinion on what our code made.
#include <pki/pki.h>

#include <base/cleanup.h>
#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

// --- one temporary folder for the whole group ---

static char folder[] = "/tmp/test_pki.XXXXXX";

static const char *path_of(const char *name) {
    static char paths[8][64];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *const names[] = {"localhost", "machine", NULL};
static const char *const addresses[] = {"127.0.0.1", "::1", NULL};

static const struct pki_request server_request = {
    .common_name = "nats", .dns_names = names, .addresses = addresses, .days = 90, .server = true};
static const struct pki_request device_request = {.common_name = "mps_conveyor", .days = 90, .client = true};
static const struct pki_request application_request = {.common_name = "splc edge",
                                                       .dns_names = names,
                                                       .addresses = addresses,
                                                       .uri = "urn:serverless-plc:edge:MPS",
                                                       .days = 90,
                                                       .server = true,
                                                       .client = true};

static int make_all(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    struct problem problem;
    const char *authority = path_of("ca.crt"), *authority_key = path_of("ca.key");
    enum error error = pki_make_authority(authority, authority_key, "site mps", &problem);
    if (!error) {
        error = pki_make_certificate(authority, authority_key, &server_request, path_of("nats.crt"),
                                     path_of("nats.key"), &problem);
    }
    if (!error) {
        error = pki_make_certificate(authority, authority_key, &device_request, path_of("device.crt"),
                                     path_of("device.key"), &problem);
    }
    if (!error) {
        error = pki_make_application_certificate(&application_request, path_of("edge.der"), path_of("edge.key.der"),
                                                 &problem);
    }
    if (!error) {
        error = pki_export_pem(path_of("edge.der"), path_of("edge.key.der"), path_of("edge.pem"),
                               path_of("edge.key.pem"), &problem);
    }
    if (error) fprintf(stderr, "%s\n", problem.text);
    return error ? -1 : 0;
}

static int remove_all(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/// Runs `openssl ...` in the folder; its output, and whether it ended with 0.
static bool openssl(const char *arguments, char *output, size_t size) {
    char command[512];
    snprintf(command, sizeof command, "cd %s && openssl %s 2>&1", folder, arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t length = fread(output, 1, size - 1, pipe);
    output[length] = '\0';
    return pclose(pipe) == 0;
}

static void assert_openssl(const char *arguments) {
    char output[4096];
    if (!openssl(arguments, output, sizeof output)) fail_msg("openssl %s\n%s", arguments, output);
}

static void assert_shows(const char *file_and_form, const char *const *lines) {
    char arguments[128], output[16384];
    snprintf(arguments, sizeof arguments, "x509 -noout -text -nameopt RFC2253 -in %s", file_and_form);
    assert_true(openssl(arguments, output, sizeof output));
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (strstr(output, lines[i]) == NULL) fail_msg("no \"%s\" in\n%s", lines[i], output);
    }
}

// --- the authority and what it signs ---

static void openssl_verifies_servers_and_devices_against_the_authority(void **state) {
    (void)state;
    assert_openssl("verify -x509_strict -CAfile ca.crt ca.crt");
    assert_openssl("verify -x509_strict -CAfile ca.crt -purpose sslserver -verify_hostname localhost nats.crt");
    assert_openssl("verify -x509_strict -CAfile ca.crt -purpose sslserver -verify_ip 127.0.0.1 nats.crt");
    assert_openssl("verify -x509_strict -CAfile ca.crt -purpose sslclient device.crt");
}

static void a_certificate_serves_only_its_purpose_and_names(void **state) {
    (void)state;
    char output[4096];
    assert_false(openssl("verify -CAfile ca.crt -purpose sslclient nats.crt", output, sizeof output));
    assert_false(openssl("verify -CAfile ca.crt -purpose sslserver device.crt", output, sizeof output));
    assert_false(openssl("verify -CAfile ca.crt -verify_hostname elsewhere nats.crt", output, sizeof output));
    assert_false(openssl("verify -CAfile edge.pem device.crt", output, sizeof output));
}

static void the_authority_signs_and_nothing_else(void **state) {
    (void)state;
    static const char *const lines[] = {"CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "Subject: CN=site mps\n",
                                        "prime256v1", NULL};
    assert_shows("ca.crt", lines);
}

static void a_device_is_named_by_its_common_name_alone(void **state) {
    (void)state;
    static const char *const lines[] = {"Subject: CN=mps_conveyor\n", "TLS Web Client Authentication",
                                        "Digital Signature", "CA:FALSE", NULL};
    assert_shows("device.crt", lines);
}

static void the_chain_file_holds_the_authority_second(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer chain = {0};
    CLEANUP(buffer_clear) struct buffer authority = {0};
    assert_int_equal(file_read(path_of("nats.crt"), 8192, &chain, NULL), ERROR_NONE);
    assert_int_equal(file_read(path_of("ca.crt"), 8192, &authority, NULL), ERROR_NONE);
    assert_true(chain.length > authority.length + 200);
    assert_true(text_ends_with(buffer_view(&chain), buffer_view(&authority)));
}

static void keys_belong_to_their_certificates(void **state) {
    (void)state;
    char certificate[1024], key[1024];
    assert_true(openssl("x509 -in device.crt -noout -pubkey", certificate, sizeof certificate));
    assert_true(openssl("pkey -in device.key -pubout", key, sizeof key));
    assert_string_equal(certificate, key);
    assert_true(openssl("x509 -inform der -in edge.der -noout -pubkey", certificate, sizeof certificate));
    assert_true(openssl("pkey -inform der -in edge.key.der -pubout", key, sizeof key));
    assert_string_equal(certificate, key);
    assert_true(openssl("pkey -in edge.key.pem -pubout", key, sizeof key));
    assert_string_equal(certificate, key);
}

static void an_application_certificate_is_as_opc_ua_asks(void **state) {
    (void)state;
    static const char *const lines[] = {
        "Signature Algorithm: sha256WithRSAEncryption",
        "Public-Key: (2048 bit)",
        "URI:urn:serverless-plc:edge:MPS, DNS:localhost, DNS:machine, IP Address:127.0.0.1, "
        "IP Address:0:0:0:0:0:0:0:1",
        "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation, Key Encipherment, Data "
        "Encipherment, Certificate Sign",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
        "CA:FALSE",
        NULL,
    };
    assert_shows("edge.der -inform der", lines);
    assert_shows("edge.pem", lines);
    assert_openssl("verify -CAfile edge.pem edge.pem");
}

static void validity_is_what_was_asked_for(void **state) {
    (void)state;
    assert_openssl("x509 -in nats.crt -noout -checkend 7689600"); // 89 days
    char output[256];
    assert_false(openssl("x509 -in nats.crt -noout -checkend 7862400", output, sizeof output)); // 91 days
}

static void the_thumbprint_is_that_of_openssl(void **state) {
    (void)state;
    char ours[PKI_THUMBPRINT_BYTES], theirs[256];
    assert_int_equal(pki_thumbprint(path_of("edge.der"), ours, NULL), ERROR_NONE);
    assert_true(openssl("dgst -sha1 -r edge.der", theirs, sizeof theirs));
    assert_memory_equal(ours, theirs, PKI_THUMBPRINT_BYTES - 1);
    assert_int_equal(strlen(ours), PKI_THUMBPRINT_BYTES - 1);
}

static void every_private_key_is_for_its_owner_alone(void **state) {
    (void)state;
    static const char *const keys[] = {"ca.key", "nats.key", "device.key", "edge.key.der", "edge.key.pem"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct stat status;
        assert_int_equal(stat(path_of(keys[i]), &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
}

// --- refusals ---

static void assert_file_is(const char *path, const char *content) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    assert_int_equal(file_read(path, 4096, &bytes, NULL), ERROR_NONE);
    assert_string_equal(bytes.data, content);
}

static void nothing_is_ever_overwritten(void **state) {
    (void)state;
    const char *key = path_of("mine.key"), *certificate = path_of("mine.crt");
    assert_int_equal(file_write(key, TEXT("mine"), 0600, NULL), ERROR_NONE);
    struct problem problem = {""};
    assert_int_equal(pki_make_authority(certificate, key, "x", &problem), ERROR_EXISTS);
    assert_non_null(strstr(problem.text, "mine.key exists already and is never overwritten"));
    assert_int_equal(
        pki_make_certificate(path_of("ca.crt"), path_of("ca.key"), &server_request, certificate, key, NULL),
        ERROR_EXISTS);
    assert_int_equal(pki_make_application_certificate(&application_request, certificate, key, NULL), ERROR_EXISTS);
    assert_int_equal(pki_export_pem(path_of("edge.der"), path_of("edge.key.der"), certificate, key, NULL),
                     ERROR_EXISTS);
    assert_int_equal(pki_secret_make(key, NULL), ERROR_EXISTS);
    assert_file_is(key, "mine");
    assert_false(file_exists(certificate));
}

static void a_missing_authority_is_named(void **state) {
    (void)state;
    struct problem problem = {""};
    assert_int_equal(pki_make_certificate(path_of("none.crt"), path_of("ca.key"), &server_request, path_of("x.crt"),
                                          path_of("x.key"), &problem),
                     ERROR_INTERNAL);
    assert_non_null(strstr(problem.text, "none.crt: no certificate in PEM"));
    assert_false(file_exists(path_of("x.key")));
}

static void a_key_of_somebody_else_does_not_sign(void **state) {
    (void)state;
    struct problem problem = {""};
    assert_int_equal(pki_make_certificate(path_of("ca.crt"), path_of("nats.key"), &server_request, path_of("x.crt"),
                                          path_of("x.key"), &problem),
                     ERROR_INTERNAL);
    assert_non_null(strstr(problem.text, "nats.key: does not belong to the authority's certificate"));
}

static void an_application_certificate_without_uri_is_refused(void **state) {
    (void)state;
    assert_int_equal(pki_make_application_certificate(&server_request, path_of("y.der"), path_of("y.key.der"), NULL),
                     ERROR_INVALID);
}

// --- secrets and passwords ---

static void secrets_are_long_safe_in_urls_and_differ(void **state) {
    (void)state;
    char a[PKI_SECRET_BYTES], b[PKI_SECRET_BYTES];
    assert_int_equal(pki_secret(a), ERROR_NONE);
    assert_int_equal(pki_secret(b), ERROR_NONE);
    assert_int_equal(strlen(a), 43); // 32 bytes in base64
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
}

static void a_secret_file_is_private_and_reads_back(void **state) {
    (void)state;
    const char *path = path_of("secret");
    assert_int_equal(pki_secret_make(path, NULL), ERROR_NONE);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    CLEANUP(buffer_clear) struct buffer secret = {0};
    assert_int_equal(pki_secret_read(path, &secret, NULL), ERROR_NONE);
    assert_int_equal(secret.length, 43);
}

struct secret_case {
    const char *name;
    const char *content;
    mode_t mode;
    enum error error;
};

static const struct secret_case secret_cases[] = {
    {"a secret without line end is read", "word", 0600, ERROR_NONE},
    {"a line end of Windows is no part of the secret", "word\r\n", 0600, ERROR_NONE},
    {"a read-only secret is read", "word\n", 0400, ERROR_NONE},
    {"a secret that the group can read is refused", "word\n", 0640, ERROR_FORBIDDEN},
    {"a secret that all can read is refused", "word\n", 0604, ERROR_FORBIDDEN},
    {"an empty secret is refused", "", 0600, ERROR_INVALID},
    {"an empty line as secret is refused", "\n", 0600, ERROR_INVALID},
    {"two lines are refused", "word\nword\n", 0600, ERROR_INVALID},
};

static void check_secret(void **state) {
    const struct secret_case *c = *state;
    const char *path = path_of("given");
    assert_int_equal(file_write(path, text_of(c->content), c->mode, NULL), ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer secret = {0};
    struct problem problem = {""};
    assert_int_equal(pki_secret_read(path, &secret, &problem), c->error);
    if (c->error)
        assert_non_null(strstr(problem.text, path));
    else
        assert_true(text_is(buffer_view(&secret), "word"));
}

static void a_password_matches_its_hash_alone(void **state) {
    (void)state;
    char hash[PKI_HASH_BYTES], again[PKI_HASH_BYTES];
    assert_int_equal(pki_password_hash(TEXT("correct horse"), hash), ERROR_NONE);
    assert_int_equal(pki_password_hash(TEXT("correct horse"), again), ERROR_NONE);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=4096,t=3,p=1$", 30), 0);
    assert_string_not_equal(hash, again); // salted
    assert_true(pki_password_matches(TEXT("correct horse"), hash));
    assert_true(pki_password_matches(TEXT("correct horse"), again));
    assert_false(pki_password_matches(TEXT("correct hors"), hash));
    assert_false(pki_password_matches(TEXT_EMPTY, hash));
}

static void a_broken_hash_matches_nothing(void **state) {
    (void)state;
    char endless[512];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_false(pki_password_matches(TEXT("x"), ""));
    assert_false(pki_password_matches(TEXT("x"), "x"));
    assert_false(pki_password_matches(TEXT("x"), endless));
    assert_false(pki_password_matches(TEXT("x"), "$argon2id$v=19$m=4096,t=3,p=1$AAAA"));
}

static void equal_is_equal(void **state) {
    (void)state;
    assert_true(pki_equal(TEXT("token"), TEXT("token")));
    assert_true(pki_equal(TEXT_EMPTY, TEXT("")));
    assert_false(pki_equal(TEXT("token"), TEXT("tokem")));
    assert_false(pki_equal(TEXT("token"), TEXT("toke")));
    assert_false(pki_equal(TEXT("token"), TEXT_EMPTY));
}

static void digests_are_those_of_the_standards(void **state) {
    (void)state;
    char hex[PKI_DIGEST_BYTES];
    assert_int_equal(pki_digest(TEXT("abc"), hex), ERROR_NONE); // FIPS 180-4
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(pki_digest(TEXT_EMPTY, hex), ERROR_NONE);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    char code[PKI_HMAC_BYTES];
    static const unsigned char wanted[] = {0x5b, 0xdc, 0xc1, 0x46}; // RFC 4231, 4.3
    assert_int_equal(pki_hmac(TEXT("Jefe"), TEXT("what do ya want for nothing?"), code), ERROR_NONE);
    assert_memory_equal(code, wanted, sizeof wanted);
    char key[131]; // longer than a block: RFC 4231, 4.7
    memset(key, 0xaa, sizeof key);
    static const unsigned char of_long_key[] = {0x60, 0xe4, 0x31, 0x59};
    struct text text = TEXT("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_int_equal(pki_hmac((struct text){key, sizeof key}, text, code), ERROR_NONE);
    assert_memory_equal(code, of_long_key, sizeof of_long_key);
}

int main(void) {
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(digests_are_those_of_the_standards),
        cmocka_unit_test(openssl_verifies_servers_and_devices_against_the_authority),
        cmocka_unit_test(a_certificate_serves_only_its_purpose_and_names),
        cmocka_unit_test(the_authority_signs_and_nothing_else),
        cmocka_unit_test(a_device_is_named_by_its_common_name_alone),
        cmocka_unit_test(the_chain_file_holds_the_authority_second),
        cmocka_unit_test(keys_belong_to_their_certificates),
        cmocka_unit_test(an_application_certificate_is_as_opc_ua_asks),
        cmocka_unit_test(validity_is_what_was_asked_for),
        cmocka_unit_test(the_thumbprint_is_that_of_openssl),
        cmocka_unit_test(every_private_key_is_for_its_owner_alone),
        cmocka_unit_test(nothing_is_ever_overwritten),
        cmocka_unit_test(a_missing_authority_is_named),
        cmocka_unit_test(a_key_of_somebody_else_does_not_sign),
        cmocka_unit_test(an_application_certificate_without_uri_is_refused),
        cmocka_unit_test(secrets_are_long_safe_in_urls_and_differ),
        cmocka_unit_test(a_secret_file_is_private_and_reads_back),
        cmocka_unit_test(a_password_matches_its_hash_alone),
        cmocka_unit_test(a_broken_hash_matches_nothing),
        cmocka_unit_test(equal_is_equal),
    };
    enum { PLAIN = sizeof plain / sizeof *plain, SECRETS = sizeof secret_cases / sizeof *secret_cases };
    struct CMUnitTest tests[PLAIN + SECRETS];
    memcpy(tests, plain, sizeof plain);
    for (size_t i = 0; i < SECRETS; i++) {
        tests[PLAIN + i] =
            (struct CMUnitTest){secret_cases[i].name, check_secret, NULL, NULL, (void *)(uintptr_t)&secret_cases[i]};
    }
    return cmocka_run_group_tests_name("pki", tests, make_all, remove_all);
}
