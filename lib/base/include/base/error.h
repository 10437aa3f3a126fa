/// The one closed set of results. An error is a kind of failure that a caller acts on, not the place where it
/// happened: the place and the remedy travel in a `struct problem` (base/problem.h).
#pragma once

#if defined(__clang__)
#define MUST_CHECK __attribute__((warn_unused_result))
#else
#define MUST_CHECK [[nodiscard]]
#endif

/// X(name, text for people, HTTP status)
#define ERROR_TABLE(X)                                                                                                 \
    X(NONE, "ok", 200)                                                                                                 \
    X(INVALID, "input is malformed", 400)                                                                              \
    X(UNAUTHORIZED, "who you are could not be verified", 401)                                                          \
    X(FORBIDDEN, "not permitted", 403)                                                                                 \
    X(NOT_FOUND, "not found", 404)                                                                                     \
    X(CONFLICT, "version is not the current one", 409)                                                                 \
    X(EXISTS, "exists already", 409)                                                                                   \
    X(TOO_LARGE, "larger than the limit", 413)                                                                         \
    X(UNSUPPORTED, "not supported", 415)                                                                               \
    X(LIMIT, "too many at once", 429)                                                                                  \
    X(NO_MEMORY, "out of memory", 500)                                                                                 \
    X(IO, "reading or writing failed", 500)                                                                            \
    X(INTERNAL, "internal failure", 500)                                                                               \
    X(UNAVAILABLE, "the service is not reachable", 503)                                                                \
    X(TIMEOUT, "no answer in time", 504)

enum MUST_CHECK error {
#define X(name, text, http_status) ERROR_##name,
    ERROR_TABLE(X)
#undef X
};

/// A short English text, never NULL, of static storage.
const char *error_text(enum error error);

/// The HTTP status that says the same.
int error_http_status(enum error error);

/// How a service ends that cannot run. 78 (EX_CONFIG of sysexits.h): only a hand can mend it, a file is missing, wrong
/// or not ours; who starts services does not try again by itself (systemd: RestartPreventExitStatus=78). 1: it may be
/// better next time.
enum { ERROR_EXIT_CONFIGURATION = 78 };
int error_exit_status(enum error error);

/// The error that an errno value means; never ERROR_NONE.
enum error error_from_errno(int error_number);

/// Drops a result on purpose, where a failure changes nothing: `error_ignore(file_write(...)); // why`
/// A cast to void does not silence [[nodiscard]] on an enum.
static inline void error_ignore(enum error error) {
    (void)error;
}
