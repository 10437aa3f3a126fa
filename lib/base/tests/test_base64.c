// The examples of RFC 4648, section 10, both ways, and what is no base64.
#include <base/base64.h>
#include <base/cleanup.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    struct text bytes;
    const char *text;
} pairs[] = {
    {TEXT(""), ""},
    {TEXT("f"), "Zg=="},
    {TEXT("fo"), "Zm8="},
    {TEXT("foo"), "Zm9v"},
    {TEXT("foob"), "Zm9vYg=="},
    {TEXT("fooba"), "Zm9vYmE="},
    {TEXT("foobar"), "Zm9vYmFy"},
    {TEXT("\xff\xfe\x00\xfb"), "//4A+w=="},
};

static void bytes_are_written_and_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        CLEANUP(buffer_clear) struct buffer text = {0}, bytes = {0};
        base64_write(pairs[i].bytes, &text);
        assert_true(text_is(buffer_view(&text), pairs[i].text));
        assert_int_equal(base64_read(text_of(pairs[i].text), &bytes), ERROR_NONE);
        assert_true(text_equal(buffer_view(&bytes), pairs[i].bytes));
    }
}

static void what_is_no_base64_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zm9v\n", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zm-_", "=Zm9", "Zm 9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CLEANUP(buffer_clear) struct buffer bytes = {0};
        buffer_string(&bytes, "before");
        if (base64_read(text_of(bad[i]), &bytes) != ERROR_INVALID) fail_msg("'%s' was read", bad[i]);
        assert_true(text_is(buffer_view(&bytes), "before"));
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        {"bytes are written and read", bytes_are_written_and_read, NULL, NULL, NULL},
        {"what is no base64 is refused", what_is_no_base64_is_refused, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
