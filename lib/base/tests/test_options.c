#include "suite.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/options.h>

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct chosen {
    bool verbose;
    const char *folder;
    unsigned port_offset;
    double speed;
} chosen;

static const struct option table[] = {
    {"port-offset", "N", "added to every port, so that\nseveral plants fit one machine", OPTION_UNSIGNED,
     &chosen.port_offset},
    {"folder", "FOLDER", "where the plant keeps its data", OPTION_TEXT, &chosen.folder},
    {"f", "FOLDER", "the same", OPTION_TEXT, &chosen.folder},
    {"speed", "FACTOR", "of the simulation", OPTION_REAL, &chosen.speed},
    {"verbose", NULL, "say more", OPTION_FLAG, &chosen.verbose},
};

static const struct options up = {
    .usage = "splc up PLANT [OPTIONS]",
    .summary = "Starts every service of a plant.\nEnds with all of them.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .epilog = "EXAMPLES\n    splc up plants/mps\n",
};

enum { ARGUMENTS_MAX = 2, WORDS_MAX = 8 };

static int count_words(const char *const *words) {
    int count = 0;
    while (words[count] != NULL) count++;
    return count;
}

static const struct parse_case {
    const char *name;
    const char *words[WORDS_MAX]; // after the program
    struct chosen chosen;
    const char *arguments[ARGUMENTS_MAX + 1];
} parse_cases[] = {
    {"nothing leaves all as it was", {NULL}, {false, "data", 0, 1}, {NULL}},
    {"a value may follow", {"--port-offset", "7"}, {false, "data", 7, 1}, {NULL}},
    {"an option of one letter has one dash", {"-f", "x"}, {false, "x", 0, 1}, {NULL}},
    {"a value may be joined", {"--port-offset=7"}, {false, "data", 7, 1}, {NULL}},
    {"a value may be empty", {"--folder="}, {false, "", 0, 1}, {NULL}},
    {"a value may hold an equals sign", {"--folder=a=b"}, {false, "a=b", 0, 1}, {NULL}},
    {"a value may look like an option", {"--folder", "--odd"}, {false, "--odd", 0, 1}, {NULL}},
    {"a flag is set", {"--verbose"}, {true, "data", 0, 1}, {NULL}},
    {"a real number is set", {"--speed", "2.5"}, {false, "data", 0, 2.5}, {NULL}},
    {"a real number may be negative", {"--speed", "-2.5"}, {false, "data", 0, -2.5}, {NULL}},
    {"the last one wins", {"--port-offset=1", "--port-offset=2"}, {false, "data", 2, 1}, {NULL}},
    {"the largest number fits", {"--port-offset=4294967295"}, {false, "data", 4294967295u, 1}, {NULL}},
    {"arguments are moved to the front", {"a", "--verbose", "b"}, {true, "data", 0, 1}, {"a", "b"}},
    {"two dashes end the options", {"--", "--verbose", "--"}, {false, "data", 0, 1}, {"--verbose", "--"}},
    {"after two dashes -h is an argument", {"--", "-h"}, {false, "data", 0, 1}, {"-h"}},
    {"one dash is an argument", {"-"}, {false, "data", 0, 1}, {"-"}},
};

/// A copy of the words that argv may be, with the program in front.
static void make_argv(char **argv, const char *const *words) {
    argv[0] = (char *)(uintptr_t) "/usr/bin/splc";
    for (int i = 0; i <= count_words(words); i++) argv[i + 1] = (char *)(uintptr_t)words[i];
}

static void check_parse(void **state) {
    const struct parse_case *c = *state;
    char *argv[WORDS_MAX + 2];
    make_argv(argv, c->words);
    chosen = (struct chosen){.folder = "data", .speed = 1};
    const char *arguments[ARGUMENTS_MAX];
    size_t count = 99;
    enum error error = options_parse(&up, count_words(c->words) + 1, argv, arguments, ARGUMENTS_MAX, &count, NULL);
    assert_int_equal(error, ERROR_NONE);
    assert_int_equal(chosen.verbose, c->chosen.verbose);
    assert_string_equal(chosen.folder, c->chosen.folder);
    assert_int_equal(chosen.port_offset, c->chosen.port_offset);
    assert_true(chosen.speed >= c->chosen.speed && chosen.speed <= c->chosen.speed);
    assert_int_equal(count, count_words(c->arguments));
    for (size_t i = 0; i < count; i++) assert_string_equal(arguments[i], c->arguments[i]);
}

static const struct refusal_case {
    const char *name;
    const char *words[WORDS_MAX];
    const char *text;
} refusal_cases[] = {
    {"an unknown option is named", {"--foo"}, "unknown option --foo; see splc up --help"},
    {"an unknown option is named without its value", {"--foo=1"}, "unknown option --foo; see splc up --help"},
    {"an unknown letter is named", {"-x"}, "unknown option -x; see splc up --help"},
    {"a letter is no long option", {"-verbose"}, "unknown option -verbose; see splc up --help"},
    {"a part of a name is no option", {"--port"}, "unknown option --port; see splc up --help"},
    {"no name is no option", {"--=1"}, "unknown option --; see splc up --help"},
    {"a dash and a sign are no option", {"-=1"}, "unknown option -; see splc up --help"},
    {"a value is needed", {"--port-offset"}, "option --port-offset needs N; see splc up --help"},
    {"a flag takes no value", {"--verbose=1"}, "option --verbose takes no value; see splc up --help"},
    {"a word is no number",
     {"--port-offset=x"},
     "option --port-offset: \"x\" is not a whole number; see splc up --help"},
    {"nothing is no number",
     {"--port-offset="},
     "option --port-offset: \"\" is not a whole number; see splc up --help"},
    {"a negative number is refused",
     {"--port-offset", "-1"},
     "option --port-offset: \"-1\" is not a whole number; see splc up --help"},
    {"a number may be too large",
     {"--port-offset=4294967296"},
     "option --port-offset: 4294967296 is too large; see splc up --help"},
    {"a number may be far too large",
     {"--port-offset=99999999999999999999"},
     "option --port-offset: 99999999999999999999 is too large; see splc up --help"},
    {"a word is no real number", {"--speed=fast"}, "option --speed: \"fast\" is not a number; see splc up --help"},
    {"a real number may be too large", {"--speed=1e999"}, "option --speed: 1e999 is too large; see splc up --help"},
    {"an argument too many is named", {"a", "b", "c"}, "unexpected argument \"c\"; see splc up --help"},
};

static void check_refusal(void **state) {
    const struct refusal_case *c = *state;
    char *argv[WORDS_MAX + 2];
    make_argv(argv, c->words);
    const char *arguments[ARGUMENTS_MAX];
    size_t count = 99;
    struct problem problem;
    int argc = count_words(c->words) + 1;
    assert_int_equal(options_parse(&up, argc, argv, arguments, ARGUMENTS_MAX, &count, &problem), ERROR_INVALID);
    assert_string_equal(problem.text, c->text);
    assert_int_equal(count, 99);
    assert_int_equal(options_parse(&up, argc, argv, arguments, ARGUMENTS_MAX, &count, NULL), ERROR_INVALID);
}

static struct option_list pressed;
static const struct option list_table[] = {{"press", "WORD", "may be repeated", OPTION_LIST, &pressed}};
static const struct options list_options = {
    .usage = "splc up", .summary = "", .table = list_table, .count = COUNT_OF(list_table)};

static void an_option_may_collect_what_it_is_given(void **state) {
    (void)state;
    static const char *const words[] = {"--press", "automatic", "--press=start", NULL};
    char *argv[WORDS_MAX + 2];
    make_argv(argv, words);
    pressed.count = 0;
    size_t count;
    assert_int_equal(options_parse(&list_options, 4, argv, NULL, 0, &count, NULL), ERROR_NONE);
    assert_int_equal(pressed.count, 2);
    assert_string_equal(pressed.values[0], "automatic");
    assert_string_equal(pressed.values[1], "start");
}

static void a_collection_has_an_end(void **state) {
    (void)state;
    const char *words[OPTION_LIST_MAX + 2] = {NULL};
    for (size_t i = 0; i <= OPTION_LIST_MAX; i++) words[i] = "--press=start";
    char *argv[OPTION_LIST_MAX + 3];
    make_argv(argv, words);
    pressed.count = 0;
    size_t count;
    struct problem problem;
    assert_int_equal(options_parse(&list_options, OPTION_LIST_MAX + 2, argv, NULL, 0, &count, &problem), ERROR_INVALID);
    assert_string_equal(problem.text, "option --press: given more than 32 times; see splc up --help");
}

static void an_endless_option_leaves_room_for_the_way_out(void **state) {
    (void)state;
    char word[2000] = "--";
    memset(word + 2, 'x', sizeof word - 3);
    char *argv[] = {word, word, NULL};
    size_t count;
    struct problem problem;
    assert_int_equal(options_parse(&up, 2, argv, NULL, 0, &count, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "xxx; see splc up --help"));
}

static const struct program_case {
    const char *name;
    const char *usage, *text;
} program_cases[] = {
    {"a bracket ends the program", "splc-edge [OPTIONS]", "unknown option -x; see splc-edge --help"},
    {"a word in capitals ends the program", "splc twin desire DEVICE",
     "unknown option -x; see splc twin desire --help"},
    {"an option ends the program", "splc pki --all NAME", "unknown option -x; see splc pki --help"},
    {"a program may stand alone", "splc-fog", "unknown option -x; see splc-fog --help"},
};

static void check_program(void **state) {
    const struct program_case *c = *state;
    struct options options = {.usage = c->usage, .summary = ""};
    char *argv[WORDS_MAX + 2];
    make_argv(argv, (const char *const[]){"-x", NULL});
    size_t count;
    struct problem problem;
    assert_int_equal(options_parse(&options, 2, argv, NULL, 0, &count, &problem), ERROR_INVALID);
    assert_string_equal(problem.text, c->text);
}

// --- the help page; it ends the process, so another one asks for it ---

static void ask_for_help(const struct options *options, const char *word, int output) {
    dup2(output, STDOUT_FILENO);
    char *argv[WORDS_MAX + 2];
    make_argv(argv, (const char *const[]){word, NULL});
    size_t count;
    error_ignore(options_parse(options, 2, argv, NULL, 0, &count, NULL));
    _exit(99); // not reached
}

static void read_help(const struct options *options, const char *word, struct buffer *page) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) ask_for_help(options, word, ends[1]);
    close(ends[1]);
    char bytes[4096];
    for (ssize_t got; (got = read(ends[0], bytes, sizeof bytes)) > 0;) buffer_append(page, bytes, (size_t)got);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_help_page_reads_like_a_manual(void **state) {
    (void)state;
    static const char expected[] = "USAGE\n"
                                   "    splc up PLANT [OPTIONS]\n"
                                   "\n"
                                   "    Starts every service of a plant.\n"
                                   "    Ends with all of them.\n"
                                   "\n"
                                   "OPTIONS\n"
                                   "    --port-offset N  added to every port, so that\n"
                                   "                     several plants fit one machine\n"
                                   "    --folder FOLDER  where the plant keeps its data\n"
                                   "    -f FOLDER        the same\n"
                                   "    --speed FACTOR   of the simulation\n"
                                   "    --verbose        say more\n"
                                   "    -h, --help       print this page and exit\n"
                                   "\n"
                                   "EXAMPLES\n"
                                   "    splc up plants/mps\n";
    CLEANUP(buffer_clear) struct buffer page = {0};
    read_help(&up, "--help", &page);
    assert_string_equal(page.data, expected);
    buffer_reset(&page);
    read_help(&up, "-h", &page);
    assert_string_equal(page.data, expected);
}

static void a_page_without_options_and_epilog_is_short(void **state) {
    (void)state;
    static const struct options options = {.usage = "splc-fog", .summary = "One.\n\nTwo."};
    CLEANUP(buffer_clear) struct buffer page = {0};
    read_help(&options, "--help", &page);
    assert_string_equal(page.data, "USAGE\n    splc-fog\n\n    One.\n\n    Two.\n\nOPTIONS\n"
                                   "    -h, --help  print this page and exit\n");
}

int main(void) {
    struct suite suite = {0};
    SUITE_TABLE(&suite, parse_cases, check_parse);
    SUITE_TABLE(&suite, refusal_cases, check_refusal);
    SUITE_TEST(&suite, an_option_may_collect_what_it_is_given);
    SUITE_TEST(&suite, a_collection_has_an_end);
    SUITE_TEST(&suite, an_endless_option_leaves_room_for_the_way_out);
    SUITE_TABLE(&suite, program_cases, check_program);
    SUITE_TEST(&suite, the_help_page_reads_like_a_manual);
    SUITE_TEST(&suite, a_page_without_options_and_epilog_is_short);
    return SUITE_RUN(&suite);
}
