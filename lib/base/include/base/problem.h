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

#if defined(__clang_analyzer__) // which does not look into other files: it is told that the error comes back as it is
#define problem_say(said_in, said, ...)                                                                                \
    ({                                                                                                                 \
        enum error said_ = (said);                                                                                     \
        error_ignore((problem_say)(said_in, said_, __VA_ARGS__));                                                      \
        said_;                                                                                                         \
    })
#endif

/// Puts "context: " before the text that is there; for callers that know more of the place.
enum error problem_prefix(struct problem *problem, enum error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
