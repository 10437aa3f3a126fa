// What the server parses itself: target, query, cookies.
#include <http/server.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../src/target.h"

struct target_case {
    const char *name;
    const char *raw;
    enum error error;
    const char *path;  // when there is no error
    const char *query; // name of the pair to look up; NULL: none
    const char *value; // NULL: the pair is absent
};

static const struct target_case target_cases[] = {
    {"a path is kept as it is", "/things/mps_hmi/shadow", ERROR_NONE, "/things/mps_hmi/shadow", NULL, NULL},
    {"escapes in the path are decoded", "/a%20b%2Fc", ERROR_NONE, "/a b/c", NULL, NULL},
    {"a plus in the path is a plus", "/a+b", ERROR_NONE, "/a+b", NULL, NULL},
    {"a query is no part of the path", "/things/t/shadow?name=status", ERROR_NONE, "/things/t/shadow", "name",
     "status"},
    {"a plus in the query is a space", "/?q=a+b%2Bc", ERROR_NONE, "/", "q", "a b+c"},
    {"the first of two pairs counts", "/?q=1&q=2", ERROR_NONE, "/", "q", "1"},
    {"a pair without '=' has an empty value", "/?q", ERROR_NONE, "/", "q", ""},
    {"a value may hold '='", "/?q=a=b", ERROR_NONE, "/", "q", "a=b"},
    {"empty pairs are skipped", "/?&&q=1&", ERROR_NONE, "/", "q", "1"},
    {"names are decoded as well", "/?%71=1", ERROR_NONE, "/", "q", "1"},
    {"a name that is not there is absent", "/?q=1", ERROR_NONE, "/", "r", NULL},
    {"the absolute form names the same path", "http://127.0.0.1:8080/v1/things?x=1", ERROR_NONE, "/v1/things", "x",
     "1"},
    {"the absolute form without a path is the root", "http://127.0.0.1:8080", ERROR_NONE, "/", NULL, NULL},
    {"the asterisk form is accepted", "*", ERROR_NONE, "*", NULL, NULL},
    {"UTF-8 in escapes is decoded", "/%C3%BC", ERROR_NONE, "/\xC3\xBC", NULL, NULL},
    {"an escape cut short is refused", "/%2", ERROR_INVALID, NULL, NULL, NULL},
    {"an escape that is no number is refused", "/%zz", ERROR_INVALID, NULL, NULL, NULL},
    {"an encoded NUL is refused", "/a%00b", ERROR_INVALID, NULL, NULL, NULL},
    {"an encoded NUL in the query is refused", "/?a=%00", ERROR_INVALID, NULL, NULL, NULL},
    {"bytes that are no UTF-8 are refused", "/%C3%28", ERROR_INVALID, NULL, NULL, NULL},
    {"an overlong form of '/' is refused", "/%C0%AF", ERROR_INVALID, NULL, NULL, NULL},
    {"a relative target is refused", "things", ERROR_INVALID, NULL, NULL, NULL},
    {"an empty target is refused", "", ERROR_INVALID, NULL, NULL, NULL},
    {"a target that is only a query is refused", "?a=1", ERROR_INVALID, NULL, NULL, NULL},
};

static void check_target(void **state) {
    const struct target_case *c = *state;
    struct http_target target = {0};
    assert_int_equal(http_target_parse(text_of(c->raw), &target), c->error);
    if (c->error) {
        assert_null(target.storage);
        return;
    }
    assert_true(text_is(target.path, c->path));
    if (c->query != NULL) {
        const struct http_pair *pair = http_target_query(&target, text_of(c->query));
        assert_int_equal(pair != NULL, c->value != NULL);
        if (pair != NULL) assert_true(text_is(pair->value, c->value));
    }
    http_target_clear(&target);
}

static void too_many_pairs_are_refused(void **state) {
    (void)state;
    char raw[4 + 4 * (HTTP_QUERY_PAIRS_MAX + 1)] = "/?";
    size_t length = 2;
    for (size_t i = 0; i <= HTTP_QUERY_PAIRS_MAX; i++) length += (size_t)snprintf(raw + length, 5, "a=1&");
    struct http_target target = {0};
    assert_int_equal(http_target_parse((struct text){raw, length}, &target), ERROR_TOO_LARGE);
    assert_int_equal(http_target_parse((struct text){raw, length - 4}, &target), ERROR_NONE);
    assert_int_equal(target.pair_count, HTTP_QUERY_PAIRS_MAX);
    http_target_clear(&target);
}

struct cookie_case {
    const char *name;
    const char *header;
    const char *value; // of the cookie "token"; NULL: absent
};

static const struct cookie_case cookie_cases[] = {
    {"a lone cookie is found", "token=abc", "abc"},
    {"a cookie among others is found", "a=1; token=abc; b=2", "abc"},
    {"quotes are taken off", "token=\"abc\"", "abc"},
    {"a value may hold '='", "token=a=b=", "a=b="},
    {"white space around it does not matter", "  token = abc ;", "abc"},
    {"the first of two counts", "token=1; token=2", "1"},
    {"a longer name is another cookie", "xtoken=1; token2=2", NULL},
    {"names are case-sensitive", "Token=1", NULL},
    {"an empty header has none", "", NULL},
    {"separators alone have none", ";;=;", NULL},
};

static void check_cookie(void **state) {
    const struct cookie_case *c = *state;
    struct text value = TEXT_EMPTY;
    assert_int_equal(http_cookie_find(text_of(c->header), TEXT("token"), &value), c->value != NULL);
    if (c->value != NULL) assert_true(text_is(value, c->value));
}

int main(void) {
    enum {
        TARGETS = sizeof target_cases / sizeof target_cases[0],
        COOKIES = sizeof cookie_cases / sizeof cookie_cases[0]
    };
    struct CMUnitTest tests[TARGETS + COOKIES + 1] = {cmocka_unit_test(too_many_pairs_are_refused)};
    size_t count = 1;
    for (size_t i = 0; i < TARGETS; i++)
        tests[count++] = (struct CMUnitTest){target_cases[i].name, check_target, NULL, NULL, (void *)&target_cases[i]};
    for (size_t i = 0; i < COOKIES; i++)
        tests[count++] = (struct CMUnitTest){cookie_cases[i].name, check_cookie, NULL, NULL, (void *)&cookie_cases[i]};
    return cmocka_run_group_tests_name("http target", tests, NULL, NULL);
}
