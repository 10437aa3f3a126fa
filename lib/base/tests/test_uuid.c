// Random UUIDs have the form of the standard and differ.
#include <base/uuid.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_uuid_has_the_form_of_version_4(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        char text[UUID_BYTES];
        uuid_make(text);
        assert_int_equal(strlen(text), UUID_BYTES - 1);
        assert_int_equal(strspn(text, "0123456789abcdef-"), UUID_BYTES - 1);
        for (size_t at = 0; at < UUID_BYTES - 1; at++)
            assert_int_equal(text[at] == '-', at == 8 || at == 13 || at == 18 || at == 23);
        assert_int_equal(text[14], '4');
        assert_non_null(strchr("89ab", text[19]));
    }
}

static void two_uuids_differ(void **state) {
    (void)state;
    char one[UUID_BYTES], other[UUID_BYTES];
    uuid_make(one);
    uuid_make(other);
    assert_string_not_equal(one, other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uuid_has_the_form_of_version_4),
        cmocka_unit_test(two_uuids_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
