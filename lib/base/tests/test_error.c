#include "suite.h"

#include <base/error.h>

#include <errno.h>
#include <string.h>

static const struct errno_case {
    const char *name;
    int number;
    enum error error;
} errno_cases[] = {
    {"no errno is still a failure", 0, ERROR_INTERNAL},
    {"a missing file is not found", ENOENT, ERROR_NOT_FOUND},
    {"a missing process is not found", ESRCH, ERROR_NOT_FOUND},
    {"a file in the way exists", EEXIST, ERROR_EXISTS},
    {"a port in use exists", EADDRINUSE, ERROR_EXISTS},
    {"no right is forbidden", EACCES, ERROR_FORBIDDEN},
    {"a folder is no file", EISDIR, ERROR_INVALID},
    {"a long name is too large", ENAMETOOLONG, ERROR_TOO_LARGE},
    {"no descriptor left is a limit", EMFILE, ERROR_LIMIT},
    {"not now is a limit", EAGAIN, ERROR_LIMIT},
    {"no memory is no memory", ENOMEM, ERROR_NO_MEMORY},
    {"an old kernel does not support it", ENOSYS, ERROR_UNSUPPORTED},
    {"nobody at the port is unavailable", ECONNREFUSED, ERROR_UNAVAILABLE},
    {"a peer that went is unavailable", EPIPE, ERROR_UNAVAILABLE},
    {"no answer is a timeout", ETIMEDOUT, ERROR_TIMEOUT},
    {"a full disk is input and output", ENOSPC, ERROR_IO},
    {"an unknown number is input and output", 99999, ERROR_IO},
};

static void check_errno(void **state) {
    const struct errno_case *c = *state;
    assert_int_equal(error_from_errno(c->number), c->error);
}

static void an_errno_is_never_success(void **state) {
    (void)state;
    for (int number = -10; number < 5000; number++) assert_int_not_equal(error_from_errno(number), ERROR_NONE);
}

static void every_error_has_a_text_and_a_status(void **state) {
    (void)state;
#define X(name, text, http_status)                                                                                     \
    assert_string_equal(error_text(ERROR_##name), text);                                                               \
    assert_int_equal(error_http_status(ERROR_##name), http_status);
    ERROR_TABLE(X)
#undef X
    assert_int_equal(ERROR_NONE, 0); // `if (error)` depends on it
}

static void what_only_a_hand_can_mend_has_an_exit_status_of_its_own(void **state) {
    (void)state;
    assert_int_equal(error_exit_status(ERROR_NONE), 0);
    assert_int_equal(error_exit_status(ERROR_FORBIDDEN), ERROR_EXIT_CONFIGURATION); // a key that others can read
    assert_int_equal(error_exit_status(ERROR_NOT_FOUND), ERROR_EXIT_CONFIGURATION);
    assert_int_equal(error_exit_status(ERROR_INVALID), ERROR_EXIT_CONFIGURATION);
    assert_int_equal(error_exit_status(ERROR_EXISTS), 1); // a port in use
    assert_int_equal(error_exit_status(ERROR_NO_MEMORY), 1);
    assert_int_equal(error_exit_status(ERROR_IO), 1);
}

static void a_number_that_is_no_error_is_internal(void **state) {
    (void)state;
    enum error stray;
    memset(&stray, 0x7f, sizeof stray);
    assert_string_equal(error_text(stray), error_text(ERROR_INTERNAL));
    assert_int_equal(error_http_status(stray), 500);
}

static void a_result_can_be_dropped_on_purpose(void **state) {
    (void)state;
    error_ignore(error_from_errno(ENOENT));
}

int main(void) {
    struct suite suite = {0};
    SUITE_TABLE(&suite, errno_cases, check_errno);
    SUITE_TEST(&suite, an_errno_is_never_success);
    SUITE_TEST(&suite, every_error_has_a_text_and_a_status);
    SUITE_TEST(&suite, what_only_a_hand_can_mend_has_an_exit_status_of_its_own);
    SUITE_TEST(&suite, a_number_that_is_no_error_is_internal);
    SUITE_TEST(&suite, a_result_can_be_dropped_on_purpose);
    return SUITE_RUN(&suite);
}
