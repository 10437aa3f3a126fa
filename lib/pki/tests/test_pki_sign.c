// Signatures beside the test vectors of RFC 8032, and what a certificate says.
#include <pki/pki.h>

#include <base/cleanup.h>
#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void from_hex(const char *hex, unsigned char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (unsigned char)byte;
    }
}

static void signatures_are_those_of_rfc_8032(void **state) {
    (void)state;
    unsigned char seed[PKI_SIGN_SEED_BYTES], public[PKI_SIGN_PUBLIC_BYTES], known_public[PKI_SIGN_PUBLIC_BYTES];
    unsigned char signature[PKI_SIGNATURE_BYTES], known_signature[PKI_SIGNATURE_BYTES];
    from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", seed, sizeof seed); // 7.1, test 2
    from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", known_public, sizeof known_public);
    from_hex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
        "2aeeb00d291612bb0c00",
        known_signature, sizeof known_signature);
    struct text message = TEXT("\x72");
    assert_int_equal(pki_sign_public(seed, public), ERROR_NONE);
    assert_memory_equal(public, known_public, sizeof public);
    assert_int_equal(pki_sign(seed, message, signature), ERROR_NONE);
    assert_memory_equal(signature, known_signature, sizeof signature);
    assert_true(pki_sign_verify(public, message, signature));
    assert_false(pki_sign_verify(public, TEXT("\x73"), signature));
    signature[0] ^= 1;
    assert_false(pki_sign_verify(public, message, signature));
}

static char folder[] = "/tmp/test_pki_sign.XXXXXX";

static void openssl_reads_the_same_in_a_certificate(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    char paths[4][64], command[256], id[PKI_DIGEST_BYTES] = "";
    static const char *const files[] = {"ca.crt", "ca.key", "a.crt", "a.key"};
    for (int i = 0; i < 4; i++) snprintf(paths[i], sizeof paths[i], "%s/%s", folder, files[i]);
    struct pki_request request = {.common_name = "press", .days = 90, .client = true};
    assert_int_equal(pki_make_authority(paths[0], paths[1], "authority", NULL), ERROR_NONE);
    assert_int_equal(pki_make_certificate(paths[0], paths[1], &request, paths[2], paths[3], NULL), ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer pem = {0};
    assert_int_equal(file_read(paths[2], PKI_PEM_BYTES_MAX, &pem, NULL), ERROR_NONE);
    struct pki_certificate certificate;
    assert_int_equal(pki_certificate_read(buffer_view(&pem), &certificate, NULL), ERROR_NONE);
    assert_string_equal(certificate.common_name, "press");
    int64_t now_s = (int64_t)time(NULL);
    assert_true(certificate.not_before_s <= now_s && certificate.not_after_s > now_s + 89 * 86400);
    snprintf(command, sizeof command, "openssl x509 -in %s -outform DER | sha256sum", paths[2]); // a second opinion
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%64s", id), 1);
    pclose(pipe);
    assert_string_equal(certificate.id, id);
    for (int i = 0; i < 4; i++) unlink(paths[i]);
    rmdir(folder);
}

static void what_is_no_certificate_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"", "-----BEGIN CERTIFICATE-----\n",
                                        "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                        "-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct pki_certificate certificate;
        struct problem problem = {0};
        assert_int_equal(pki_certificate_read(text_of(texts[i]), &certificate, &problem), ERROR_INVALID);
        assert_non_null(strstr(problem.text, "PEM"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_rfc_8032),
        cmocka_unit_test(openssl_reads_the_same_in_a_certificate),
        cmocka_unit_test(what_is_no_certificate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
