/// What problem, log and notify write for people: one line, valid where it is cut.
#pragma once

#include <stdarg.h>
#include <stddef.h>

/// As vsnprintf, and: a longer text is cut between two characters, never inside one; control bytes that came in from
/// outside cannot break the line or move the cursor of a terminal. Returns the length that was written.
size_t line_format(char *line, size_t capacity, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
