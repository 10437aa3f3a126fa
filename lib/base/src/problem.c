#include <base/problem.h>

#include "line.h"

#include <string.h>

// Both write to a text of their own first, because an argument may point into the problem itself.

static void say(char text[static PROBLEM_TEXT_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(char text[static PROBLEM_TEXT_BYTES], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    line_format(text, PROBLEM_TEXT_BYTES, format, arguments);
    va_end(arguments);
}

enum error(problem_say)(struct problem *ret_problem, enum error error, const char *format, ...) {
    if (ret_problem == NULL) return error;
    struct problem said;
    va_list arguments;
    va_start(arguments, format);
    line_format(said.text, sizeof said.text, format, arguments);
    va_end(arguments);
    *ret_problem = said;
    return error;
}

enum error problem_prefix(struct problem *problem, enum error error, const char *format, ...) {
    if (problem == NULL) return error;
    struct problem place;
    va_list arguments;
    va_start(arguments, format);
    line_format(place.text, sizeof place.text, format, arguments);
    va_end(arguments);
    struct problem whole;
    say(whole.text, "%s: %s", place.text, problem->text);
    *problem = whole;
    return error;
}
