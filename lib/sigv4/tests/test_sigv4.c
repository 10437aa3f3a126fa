// The examples that AWS publishes, and what must be refused.
#include <base/cleanup.h>
#include <sigv4/sigv4.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char aws_secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"; // of AWS's examples; opens nothing
enum { AT_S = 1440938160 };                                                  // 2015-08-30T12:36:00Z

struct line {
    const char *name, *value;
};

struct signed_case {
    const char *name;
    const char *method, *target, *body;
    struct line headers[5];
    const char *authorization;
    int64_t later_s;     // than it was signed
    enum error error;    // of verification
    const char *problem; // part of it
};

#define CREDENTIAL(service) "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/" service "/aws4_request, "
#define VANILLA                                                                                                        \
    CREDENTIAL("service")                                                                                              \
    "SignedHeaders=host;x-amz-date, "                                                                                  \
    "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define IAM                                                                                                            \
    CREDENTIAL("iam")                                                                                                  \
    "SignedHeaders=content-type;host;x-amz-date, "                                                                     \
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
#define HOST                                                                                                           \
    { "host", "example.amazonaws.com" }
#define DATE                                                                                                           \
    { "x-amz-date", "20150830T123600Z" }
#define IAM_HEADERS                                                                                                    \
    { {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}, {"host", "iam.amazonaws.com"}, DATE }

static const struct signed_case cases[] = {
    {"AWS's plain example is right", "GET", "/", "", {HOST, DATE}, VANILLA, 0, ERROR_NONE, NULL},
    {"AWS's example with a query is right, in whatever order it comes", "GET", "/?Version=2010-05-08&Action=ListUsers",
     "", IAM_HEADERS, IAM, 0, ERROR_NONE, NULL},
    {"14 minutes between the clocks are right", "GET", "/", "", {HOST, DATE}, VANILLA, 14 * 60, ERROR_NONE, NULL},
    {"spaces around a header's value change nothing",
     "GET",
     "/",
     "",
     {{"host", "  example.amazonaws.com "}, DATE},
     VANILLA,
     0,
     ERROR_NONE,
     NULL},
    {"16 minutes later it is refused",
     "GET",
     "/",
     "",
     {HOST, DATE},
     VANILLA,
     16 * 60,
     ERROR_FORBIDDEN,
     "960 s ago: set the clocks"},
    {"16 minutes too early it is refused",
     "GET",
     "/",
     "",
     {HOST, DATE},
     VANILLA,
     -16 * 60,
     ERROR_FORBIDDEN,
     "960 s ahead"},
    {"another method is refused", "DELETE", "/", "", {HOST, DATE}, VANILLA, 0, ERROR_FORBIDDEN, "check the key"},
    {"another path is refused", "GET", "/x", "", {HOST, DATE}, VANILLA, 0, ERROR_FORBIDDEN, "check the key"},
    {"another query is refused", "GET", "/?a=b", "", {HOST, DATE}, VANILLA, 0, ERROR_FORBIDDEN, "check the key"},
    {"another body is refused", "GET", "/", "{}", {HOST, DATE}, VANILLA, 0, ERROR_FORBIDDEN, "check the key"},
    {"another host is refused",
     "GET",
     "/",
     "",
     {{"host", "example.com"}, DATE},
     VANILLA,
     0,
     ERROR_FORBIDDEN,
     "check the key"},
    {"a body that is not the one named is refused",
     "GET",
     "/",
     "",
     {HOST, DATE, {"x-amz-content-sha256", "00"}},
     VANILLA,
     0,
     ERROR_FORBIDDEN,
     "the body is not the one that was signed"},
    {"a body that is left unsigned is refused",
     "GET",
     "/",
     "",
     {HOST, DATE, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}},
     VANILLA,
     0,
     ERROR_FORBIDDEN,
     "not the one"},
    {"no date is refused", "GET", "/", "", {HOST}, VANILLA, 0, ERROR_FORBIDDEN, "x-amz-date must be like"},
    {"a date of another day than the scope's is refused",
     "GET",
     "/",
     "",
     {HOST, {"x-amz-date", "20150831T000000Z"}},
     VANILLA,
     0,
     ERROR_FORBIDDEN,
     "another day"},
    {"a host that is not signed is refused",
     "GET",
     "/",
     "",
     {HOST, DATE},
     CREDENTIAL("service") "SignedHeaders=x-amz-date, Signature=00",
     0,
     ERROR_FORBIDDEN,
     "must be signed"},
    {"a broken escape is refused", "GET", "/?a=%4", "", {HOST, DATE}, VANILLA, 0, ERROR_FORBIDDEN, "cannot be read"},
};

static struct text header(void *context, struct text name) {
    const struct signed_case *c = context;
    for (size_t i = 0; i < sizeof c->headers / sizeof *c->headers; i++) {
        if (c->headers[i].name != NULL && text_is(name, c->headers[i].name)) return text_of(c->headers[i].value);
    }
    return TEXT_EMPTY;
}

static void check(void **state) {
    struct signed_case *c = *state;
    struct sigv4_claim claim;
    struct problem problem = {""};
    assert_int_equal(sigv4_read(text_of(c->authorization), &claim, &problem), ERROR_NONE);
    assert_true(text_is(claim.access_key, "AKIDEXAMPLE"));
    const struct sigv4_request request = {text_of(c->method), text_of(c->target), text_of(c->body), header, c};
    uint64_t now_s = (uint64_t)(AT_S + c->later_s);
    assert_int_equal(sigv4_verify(&request, &claim, text_of(aws_secret), now_s, &problem), c->error);
    if (c->problem != NULL && strstr(problem.text, c->problem) == NULL) fail_msg("%s", problem.text);
    if (c->error) return;
    assert_int_equal(sigv4_verify(&request, &claim, TEXT("another"), now_s, &problem), ERROR_FORBIDDEN);
}

static void what_has_not_the_form_is_invalid(void **state) {
    (void)state;
    static const char *const claims[] = {
        "",
        "Bearer x",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=/20150830/r/s/aws4_request, SignedHeaders=h, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request/x, SignedHeaders=h, Signature=0"};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct sigv4_claim claim;
        struct problem problem;
        assert_int_equal(sigv4_read(text_of(claims[i]), &claim, &problem), ERROR_INVALID);
    }
}

int main(void) {
    enum { CASES = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[CASES + 1];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){cases[i].name, check, NULL, NULL, (void *)(uintptr_t)&cases[i]};
    }
    tests[CASES] = (struct CMUnitTest)cmocka_unit_test(what_has_not_the_form_is_invalid);
    return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
