/// One table feeds the parser, `--help` and the error messages.
#pragma once

#include <base/problem.h>
#include <stdbool.h>
#include <stddef.h>

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_UNSIGNED, OPTION_REAL, OPTION_LIST };

/// What an option that may be given several times collects, in order.
enum { OPTION_LIST_MAX = 32 };
struct option_list {
    const char *values[OPTION_LIST_MAX];
    size_t count;
};

struct option {
    const char *name;     // "port-offset" for --port-offset N and --port-offset=N; "o" for -o FILE and -o=FILE
    const char *argument; // "N" in the help; NULL for a flag
    const char *help;     // one or more lines
    enum option_kind kind;
    void *target; // bool, const char *, unsigned, double, struct option_list: left alone when the option is absent
};

struct options {
    const char *usage;   // "splc up PLANT [OPTIONS]"
    const char *summary; // paragraph below it
    const struct option *table;
    size_t count;
    const char *epilog; // examples, files, exit status; may be NULL
};

/// Parses argv[1...]; what is no option is moved to the front of `arguments` and counted. `--` ends the options.
/// `--help` and `-h` print the page to stdout and exit with 0. The problem of a bad option names it and points to
/// --help. Texts are borrowed from argv.
enum error options_parse(const struct options *options, int argc, char **argv, const char **arguments,
                         size_t arguments_max, size_t *ret_count, struct problem *ret_problem);

void options_print_help(const struct options *options);
