#pragma once

#include <stdarg.h>
#include <testing/testing.h>

/// Ends the test program.
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
