#include <base/log.h>

#include "line.h"

#include <base/clock.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_LINE_BYTES = 2048 }; // well below PIPE_BUF, so that lines of several programs in one pipe never mix

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};
enum { LEVEL_COUNT = sizeof level_names / sizeof level_names[0] };

// Written by log_open only, before there are threads.
static const char *log_program;
static enum log_level log_level = LOG_LEVEL_INFO;

void log_open(const char *program) {
    log_program = program;
    log_level = LOG_LEVEL_INFO;
    const char *wanted = getenv("SPLC_LOG");
    if (wanted == NULL || wanted[0] == '\0') return;
    for (unsigned level = 0; level < LEVEL_COUNT; level++) {
        if (strcmp(wanted, level_names[level]) != 0) continue;
        log_level = (enum log_level)level;
        return;
    }
    log_warning("SPLC_LOG=%s is none of error, warning, info, debug; info is used", wanted);
}

static size_t write_head(char *line, size_t capacity, enum log_level level) {
    char now[CLOCK_TEXT_BYTES];
    clock_text(clock_wall_ns(), now);
    const char *program = log_program != NULL ? log_program : program_invocation_short_name;
    int length = snprintf(line, capacity, "%s %.64s %s: ", now, program, level_names[level]);
    return (size_t)length; // fits by far
}

void log_line(enum log_level level, const char *format, ...) {
    if (level > log_level) return;
    int errno_before = errno; // a log line between a call and the look at its errno changes nothing
    char line[LOG_LINE_BYTES];
    size_t length = write_head(line, sizeof line, level);
    errno = errno_before; // for %m
    va_list arguments;
    va_start(arguments, format);
    length += line_format(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR) continue;
    errno = errno_before;
}
