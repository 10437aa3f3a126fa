#include <base/options.h>

#include "line.h"

#include <base/text.h>

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSAL_BYTES = PROBLEM_TEXT_BYTES - 128 }; // leaves room for the way to --help

// --- the help page ---

static const char indent[] = "    ";
static const char help_option[] = "-h, --help";

/// "-o", "--output"
static const char *dashes(const struct option *option) {
    return option->name[1] == '\0' ? "-" : "--";
}

static int left_width(const struct option *option) {
    int width = (int)strlen(dashes(option)) + (int)strlen(option->name);
    return option->argument == NULL ? width : width + 1 + (int)strlen(option->argument);
}

static int column_width(const struct options *options) {
    int widest = (int)strlen(help_option);
    for (size_t i = 0; i < options->count; i++) {
        int width = left_width(&options->table[i]);
        if (width > widest) widest = width;
    }
    return widest;
}

static void print_indented(const char *lines) {
    struct text rest = text_of(lines), line;
    while (text_split(&rest, '\n', &line)) printf("%s%.*s\n", line.length == 0 ? "" : indent, TEXT_ARG(line));
}

/// The first line of the help stands beside the option, the others below it.
static void print_option(const struct option *option, int width) {
    printf("%s%s%s%s%s%*s", indent, dashes(option), option->name, option->argument == NULL ? "" : " ",
           option->argument == NULL ? "" : option->argument, width - left_width(option), "");
    struct text rest = text_of(option->help), line;
    bool first = true;
    while (text_split(&rest, '\n', &line)) {
        if (!first) printf("%s%*s", indent, width, "");
        printf("  %.*s\n", TEXT_ARG(line));
        first = false;
    }
    if (first) printf("\n");
}

void options_print_help(const struct options *options) {
    printf("USAGE\n");
    print_indented(options->usage);
    printf("\n");
    print_indented(options->summary);
    printf("\nOPTIONS\n");
    int width = column_width(options);
    for (size_t i = 0; i < options->count; i++) print_option(&options->table[i], width);
    printf("%s%-*s  print this page and exit\n", indent, width, help_option);
    if (options->epilog != NULL) printf("\n%s", options->epilog);
    if (options->epilog != NULL && !text_ends_with(text_of(options->epilog), TEXT("\n"))) printf("\n");
}

/// What one types to get here: "splc up" of "splc up PLANT [OPTIONS]".
static struct text program_of(const char *usage) {
    struct text whole = text_of(usage), rest = whole, word, program = TEXT_EMPTY;
    while (text_split(&rest, ' ', &word)) {
        if (word.length == 0) continue;
        if (strchr("[(<-\n", word.data[0]) != NULL) break;
        if (word.data[0] >= 'A' && word.data[0] <= 'Z') break;
        program = (struct text){whole.data, (size_t)(word.data - whole.data) + word.length};
    }
    return program;
}

// --- the parser ---

/// The arguments that are left to parse, and where problems go.
struct parser {
    const struct options *options;
    int argc, at;
    char **argv;
    struct problem *problem;
};

static enum error refuse(const struct parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3)));
static enum error refuse(const struct parser *parser, const char *format, ...) {
    char what[REFUSAL_BYTES];
    va_list arguments;
    va_start(arguments, format);
    line_format(what, sizeof what, format, arguments);
    va_end(arguments);
    struct text program = program_of(parser->options->usage);
    return problem_say(parser->problem, ERROR_INVALID, "%s; see %.*s --help", what, TEXT_ARG(program));
}

/// By the name with its dashes.
static const struct option *find_option(const struct options *options, struct text name) {
    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = &options->table[i];
        struct text dash = text_of(dashes(option));
        if (text_starts_with(name, dash) && text_is(text_from(name, dash.length), option->name)) return option;
    }
    return NULL;
}

static enum error set_unsigned(const struct parser *parser, const struct option *option, const char *value) {
    uint64_t number;
    enum error error = text_to_u64(text_of(value), &number);
    if (error == ERROR_TOO_LARGE || (!error && number > UINT_MAX))
        return refuse(parser, "option %s%s: %s is too large", dashes(option), option->name, value);
    if (error) return refuse(parser, "option %s%s: \"%s\" is not a whole number", dashes(option), option->name, value);
    *(unsigned *)option->target = (unsigned)number;
    return ERROR_NONE;
}

static enum error set_real(const struct parser *parser, const struct option *option, const char *value) {
    double number;
    enum error error = text_to_real(text_of(value), &number);
    if (error == ERROR_TOO_LARGE)
        return refuse(parser, "option %s%s: %s is too large", dashes(option), option->name, value);
    if (error) return refuse(parser, "option %s%s: \"%s\" is not a number", dashes(option), option->name, value);
    *(double *)option->target = number;
    return ERROR_NONE;
}

static enum error add(const struct parser *parser, const struct option *option, const char *value) {
    struct option_list *list = option->target;
    if (list->count == OPTION_LIST_MAX) {
        return refuse(parser, "option %s%s: given more than %d times", dashes(option), option->name, OPTION_LIST_MAX);
    }
    list->values[list->count++] = value;
    return ERROR_NONE;
}

static enum error set(const struct parser *parser, const struct option *option, const char *value) {
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)option->target = true; return ERROR_NONE;
    case OPTION_TEXT: *(const char **)option->target = value; return ERROR_NONE;
    case OPTION_UNSIGNED: return set_unsigned(parser, option, value);
    case OPTION_REAL: return set_real(parser, option, value);
    case OPTION_LIST: return add(parser, option, value);
    }
    assert(!"an option of a known kind");
    return ERROR_INTERNAL;
}

/// `word` is "--name" or "--name=value"; the value may also be the argument that follows.
static enum error parse_option(struct parser *parser, const char *word) {
    size_t length = strcspn(word, "=");
    const char *value = word[length] == '=' ? word + length + 1 : NULL;
    struct text name = {word, length};
    const struct option *option = find_option(parser->options, name);
    if (option == NULL) return refuse(parser, "unknown option %.*s", TEXT_ARG(name));
    if (option->kind == OPTION_FLAG) {
        if (value != NULL) return refuse(parser, "option %s%s takes no value", dashes(option), option->name);
        return set(parser, option, NULL);
    }
    if (value == NULL && parser->at < parser->argc) value = parser->argv[parser->at++];
    if (value == NULL)
        return refuse(parser, "option %s%s needs %s", dashes(option), option->name,
                      option->argument != NULL ? option->argument : "a value");
    return set(parser, option, value);
}

static bool is_option(const char *word) {
    return word[0] == '-' && word[1] != '\0';
} // "-" alone is standard input

static bool asks_for_help(const char *word) {
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

_Noreturn static void help_and_exit(const struct options *options) {
    options_print_help(options);
    exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

enum error options_parse(const struct options *options, int argc, char **argv, const char **arguments,
                         size_t arguments_max, size_t *ret_count, struct problem *ret_problem) {
    struct parser parser = {.options = options, .argc = argc, .at = 1, .argv = argv, .problem = ret_problem};
    size_t count = 0;
    bool options_ended = false;
    while (parser.at < argc) {
        const char *word = argv[parser.at++];
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && asks_for_help(word)) {
            help_and_exit(options);
        } else if (!options_ended && is_option(word)) {
            enum error error = parse_option(&parser, word);
            if (error) return error;
        } else {
            if (count == arguments_max) return refuse(&parser, "unexpected argument \"%s\"", word);
            arguments[count++] = word;
        }
    }
    *ret_count = count;
    return ERROR_NONE;
}
