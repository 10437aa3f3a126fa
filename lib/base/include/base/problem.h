/// What went wrong, for people: the place and the remedy in one line.
/// A function that can fail on bytes from outside takes a `struct problem *ret_problem`, which may be NULL.
#pragma once

#include <base/error.h>

enum { PROBLEM_TEXT_BYTES = 512 }; // one line of a log; longer texts are cut

struct problem {
    char text[PROBLEM_TEXT_BYTES];
};

/// Writes the text and returns `error`, so that a failure is one line:
///     return problem_say(problem, ERROR_INVALID, "%s: port %u is in use; choose --port-offset", path, port);
enum error problem_say(struct problem *ret_problem, enum error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// Puts "context: " before the text that is there; for callers that know more of the place.
enum error problem_prefix(struct problem *problem, enum error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
