// What stands on the command line, and what is printed for a shell: words as JSON, words in quotes, numbers of lines.
#include "cases.h"

#include "shell.h"
#include "words.h"

#include <base/cleanup.h>

struct word_case {
    const char *name;
    const char *word;
    const char *json;
};

static const struct word_case word_cases[] = {
    {"true is a boolean", "true", "[true]"},
    {"false is a boolean", "false", "[false]"},
    {"null is nothing", "null", "[null]"},
    {"a whole number is one", "1", "[1]"},
    {"a negative number is one", "-17", "[-17]"},
    {"a decimal number is one", "1.5", "[1.5]"},
    {"a number in quotes is a text", "\"1\"", "[\"1\"]"},
    {"a word is a text", "start", "[\"start\"]"},
    {"two words in one are a text", "hello world", "[\"hello world\"]"},
    {"an empty word is a text", "", "[\"\"]"},
    {"True is a text", "True", "[\"True\"]"},
    {"a number with a unit is a text", "1s", "[\"1s\"]"},
    {"a number with a leading zero is a text", "007", "[\"007\"]"},
    {"an object is a text", "{}", "[\"{}\"]"},
    {"an array is a text", "[1]", "[\"[1]\"]"},
    {"a quote inside is escaped", "a\"b", "[\"a\\\"b\"]"},
};

static void check_word(void **state) {
    const struct word_case *c = *state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    words_print(&c->word, 1, &out);
    assert_string_equal(out.data, c->json);
}

static void words_keep_their_order(void **state) {
    (void)state;
    static const char *const words[] = {"switch_opMode", "true", "2"};
    CLEANUP(buffer_clear) struct buffer out = {0};
    words_print(words, COUNT_OF(words), &out);
    assert_string_equal(out.data, "[\"switch_opMode\",true,2]");
}

static void no_words_are_an_empty_array(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    words_print(NULL, 0, &out);
    assert_string_equal(out.data, "[]");
}

struct shell_case {
    const char *name;
    const char *word;
    const char *typed;
};

static const struct shell_case shell_cases[] = {
    {"a plain path is typed as it is", "/var/lib/x-1.pem", "/var/lib/x-1.pem"},
    {"a space needs quotes", "/a b", "'/a b'"},
    {"a topic needs quotes", "$aws/things/#", "'$aws/things/#'"},
    {"nothing needs quotes", "", "''"},
    {"a quote leaves the quotes", "it's", "'it'\\''s'"},
    {"a home folder is not expanded", "~x", "'~x'"},
};

static void check_shell(void **state) {
    const struct shell_case *c = *state;
    CLEANUP(buffer_clear) struct buffer out = {0};
    shell_put_word(&out, c->word);
    assert_string_equal(out.data, c->typed);
}

int main(void) {
    struct CMUnitTest tests[COUNT_OF(word_cases) + COUNT_OF(shell_cases) + 2];
    size_t count = 0;
    ADD_CASES(tests, &count, word_cases, check_word);
    ADD_CASES(tests, &count, shell_cases, check_shell);
    ADD_TEST(tests, &count, words_keep_their_order);
    ADD_TEST(tests, &count, no_words_are_an_empty_array);
    return RUN_CASES(tests, count);
}
