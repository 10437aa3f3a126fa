// Keys and tokens as NATS makes and takes them.
#include <nkey/nkey.h>

#include <base/cleanup.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/// The pair in the examples of NATS for authentication callouts; opens nothing.
static const char account_seed[] = "SAANDLKMXL6CUS3CP52WIXBEDN6YJ545GDKC65U5JZPPV6WH6ESWUA6YAI";
static const char account_public[] = "ABJHLOVMPA4CI6R5KLNGOB4GSLNIY7IOUPAJC4YFNDLQVIOBYQGUWVLA";

static void a_known_seed_gives_its_public_key(void **state) {
    (void)state;
    struct nkey key;
    struct problem problem = {0};
    if (nkey_read_seed(text_of(account_seed), &key, &problem)) fail_msg("%s", problem.text);
    assert_int_equal(key.kind, NKEY_ACCOUNT);
    assert_string_equal(key.public, account_public);
}

static void keys_that_are_made_read_back_and_differ(void **state) {
    (void)state;
    static const char letters[] = {[NKEY_ACCOUNT] = 'A', [NKEY_USER] = 'U', [NKEY_SERVER] = 'N'};
    for (int kind = NKEY_ACCOUNT; kind <= NKEY_SERVER; kind++) {
        char seed[NKEY_SEED_BYTES], other[NKEY_SEED_BYTES];
        struct nkey key;
        assert_int_equal(nkey_make((enum nkey_kind)kind, seed), ERROR_NONE);
        assert_int_equal(nkey_make((enum nkey_kind)kind, other), ERROR_NONE);
        assert_string_not_equal(seed, other);
        assert_int_equal(nkey_read_seed(text_of(seed), &key, NULL), ERROR_NONE);
        assert_int_equal(key.kind, kind);
        assert_int_equal(seed[0], 'S');
        assert_int_equal(seed[1], letters[kind]);
        assert_int_equal(key.public[0], letters[kind]);
    }
}

static void what_is_no_seed_is_refused(void **state) {
    (void)state;
    static const char *const seeds[] = {"", "SA", "ABJHLOVMPA4CI6R5KLNGOB4GSLNIY7IOUPAJC4YFNDLQVIOBYQGUWVLA",
                                        "SAANDLKMXL6CUS3CP52WIXBEDN6YJ545GDKC65U5JZPPV6WH6ESWUA6YAJ",
                                        "saANDLKMXL6CUS3CP52WIXBEDN6YJ545GDKC65U5JZPPV6WH6ESWUA6YAI"};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        struct nkey key;
        struct problem problem = {0};
        assert_int_equal(nkey_read_seed(text_of(seeds[i]), &key, &problem), ERROR_INVALID);
        assert_non_null(strstr(problem.text, "seed"));
    }
}

static void every_byte_of_a_token_matters(void **state) {
    (void)state;
    struct nkey key;
    assert_int_equal(nkey_read_seed(text_of(account_seed), &key, NULL), ERROR_NONE);
    static const char claims[] = "{\"iss\":\"x\",\"nats\":{\"type\":\"user\"}}";
    CLEANUP(buffer_clear) struct buffer token = {0}, read = {0};
    assert_int_equal(nkey_sign(&key, text_of(claims), &token), ERROR_NONE);
    assert_int_equal(nkey_verify(buffer_view(&token), NKEY_ACCOUNT, text_of(key.public), &read, NULL), ERROR_NONE);
    assert_string_equal(read.data, claims);
    // Each byte of the token matters.
    for (size_t i = 0; i < token.length; i++) {
        char kept = token.data[i];
        token.data[i] = kept == 'A' ? 'B' : 'A';
        struct problem problem = {0};
        assert_int_not_equal(nkey_verify(buffer_view(&token), NKEY_ACCOUNT, text_of(key.public), &read, &problem),
                             ERROR_NONE);
        token.data[i] = kept;
    }
}

static void a_token_of_another_key_or_kind_is_refused(void **state) {
    (void)state;
    struct nkey key, other;
    char seed[NKEY_SEED_BYTES];
    assert_int_equal(nkey_read_seed(text_of(account_seed), &key, NULL), ERROR_NONE);
    assert_int_equal(nkey_make(NKEY_ACCOUNT, seed), ERROR_NONE);
    assert_int_equal(nkey_read_seed(text_of(seed), &other, NULL), ERROR_NONE);
    CLEANUP(buffer_clear) struct buffer token = {0}, read = {0};
    assert_int_equal(nkey_sign(&other, TEXT("{}"), &token), ERROR_NONE);
    struct problem problem = {0};
    assert_int_equal(nkey_verify(buffer_view(&token), NKEY_ACCOUNT, text_of(key.public), &read, &problem),
                     ERROR_FORBIDDEN);
    assert_non_null(strstr(problem.text, account_public));
    assert_int_equal(nkey_verify(buffer_view(&token), NKEY_SERVER, text_of(other.public), &read, NULL),
                     ERROR_FORBIDDEN); // of another kind
    assert_int_equal(nkey_claims(buffer_view(&token), &read, NULL), ERROR_NONE);
    static const char *const none[] = {"", ".", "..", "a.b", "a..c", "a.!.c"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(nkey_claims(text_of(none[i]), &read, NULL), ERROR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_seed_gives_its_public_key),
        cmocka_unit_test(keys_that_are_made_read_back_and_differ),
        cmocka_unit_test(what_is_no_seed_is_refused),
        cmocka_unit_test(every_byte_of_a_token_matters),
        cmocka_unit_test(a_token_of_another_key_or_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
