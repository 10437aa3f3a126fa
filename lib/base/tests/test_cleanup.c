#include "suite.h"

#include <base/cleanup.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct thing {
    int destroyed;
};

static void thing_destroy(struct thing *thing) {
    thing->destroyed++;
}
CLEANUP_DEFINE(struct thing, thing_destroy)

static bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0 || errno != EBADF;
}

static void memory_is_freed(void **state) {
    (void)state; // AddressSanitizer reports what is not
    CLEANUP(free_at) char *copy = strdup("text");
    CLEANUP(free_at) char *nothing = NULL;
    assert_non_null(copy);
    assert_null(nothing);
}

static void a_descriptor_is_closed(void **state) {
    (void)state;
    int kept;
    {
        CLEANUP(descriptor_close_at) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        CLEANUP(descriptor_close_at) int none = -1;
        (void)none;
        kept = fd;
        assert_true(is_open(kept));
    }
    assert_false(is_open(kept));
}

static void a_file_is_closed(void **state) {
    (void)state;
    int kept;
    {
        CLEANUP(file_close_at) FILE *file = fopen("/dev/null", "re");
        CLEANUP(file_close_at) FILE *none = NULL;
        (void)none;
        kept = fileno(file);
        assert_true(is_open(kept));
    }
    assert_false(is_open(kept));
}

static void a_thing_is_destroyed_once(void **state) {
    (void)state;
    struct thing thing = {0};
    {
        CLEANUP(thing_destroy_at) struct thing *pointer = &thing;
        CLEANUP(thing_destroy_at) struct thing *none = NULL;
        (void)pointer, (void)none;
    }
    assert_int_equal(thing.destroyed, 1);
}

static void what_is_taken_is_not_destroyed(void **state) {
    (void)state;
    struct thing thing = {0};
    struct thing *taken;
    {
        CLEANUP(thing_destroy_at) struct thing *pointer = &thing;
        taken = TAKE(pointer);
        assert_null(pointer);
    }
    assert_ptr_equal(taken, &thing);
    assert_int_equal(thing.destroyed, 0);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TEST(&suite, memory_is_freed);
    SUITE_TEST(&suite, a_descriptor_is_closed);
    SUITE_TEST(&suite, a_file_is_closed);
    SUITE_TEST(&suite, a_thing_is_destroyed_once);
    SUITE_TEST(&suite, what_is_taken_is_not_destroyed);
    return SUITE_RUN(&suite);
}
