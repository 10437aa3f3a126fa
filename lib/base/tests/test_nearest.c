#include "suite.h"

#include <base/nearest.h>

#include <string.h>

static const char *const commands[] = {"up", "status", "shadow", "watch", "call", "connect", "model"};

static const struct nearest_case {
    const char *name;
    const char *word;
    const char *nearest; // NULL: none
} nearest_cases[] = {
    {"a word itself is nearest", "status", "status"},         {"a letter too few is near", "staus", "status"},
    {"a letter too many is near", "shaddow", "shadow"},       {"a wrong letter is near", "wutch", "watch"},
    {"two swapped letters are near", "conenct", "connect"},   {"something else is not near", "restart", NULL},
    {"a single letter is not near to everything", "x", NULL}, {"nothing is near to nothing", "", NULL},
};

static void check_nearest(void **state) {
    const struct nearest_case *c = *state;
    const char *nearest = nearest_word(text_of(c->word), commands, COUNT_OF(commands));
    if (c->nearest == NULL)
        assert_null(nearest);
    else
        assert_string_equal(nearest, c->nearest);
}

static void an_endless_word_is_near_to_nothing(void **state) {
    (void)state;
    char endless[1000];
    memset(endless, 's', sizeof endless);
    assert_null(nearest_word((struct text){endless, sizeof endless}, commands, COUNT_OF(commands)));
}

int main(void) {
    struct suite suite = {0};
    SUITE_TABLE(&suite, nearest_cases, check_nearest);
    SUITE_TEST(&suite, an_endless_word_is_near_to_nothing);
    return SUITE_RUN(&suite);
}
