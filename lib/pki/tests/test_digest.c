#include <pki/pki.h>

#include <base/file.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void known_digests(void **state) {
    (void)state;
    char hex[PKI_DIGEST_BYTES];
    assert_int_equal(pki_digest(TEXT("abc"), hex), ERROR_NONE); // FIPS 180-2, B.1
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(pki_digest(TEXT_EMPTY, hex), ERROR_NONE);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void a_file_has_the_digest_of_its_bytes(void **state) {
    (void)state;
    char path[] = "/tmp/splc-digest-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    enum { BYTES = 100000 };
    char *bytes = calloc(1, BYTES);
    for (size_t i = 0; i < BYTES; i++) bytes[i] = (char)(i * 7);
    assert_int_equal(file_write(path, (struct text){bytes, BYTES}, 0600, NULL), ERROR_NONE);
    char of_file[PKI_DIGEST_BYTES], of_bytes[PKI_DIGEST_BYTES];
    assert_int_equal(pki_digest_file(path, of_file, NULL), ERROR_NONE);
    assert_int_equal(pki_digest((struct text){bytes, BYTES}, of_bytes), ERROR_NONE);
    assert_string_equal(of_file, of_bytes);
    free(bytes);
    unlink(path);
    struct problem problem = {0};
    assert_int_equal(pki_digest_file(path, of_file, &problem), ERROR_NOT_FOUND);
    assert_non_null(strstr(problem.text, path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"digests are those of the standard", known_digests, NULL, NULL, NULL},
        {"a file has the digest of its bytes; one that is not there is named", a_file_has_the_digest_of_its_bytes, NULL,
         NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
