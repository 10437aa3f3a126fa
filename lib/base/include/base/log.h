/// One line to standard error per event. Programs and services log; libraries return problems instead.
/// Threads: any. Never call from the scan thread.
#pragma once

#include <stdarg.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/// `program` is kept, not copied. Level from the environment variable SPLC_LOG (error, warning, info, debug),
/// info when absent. Call before threads are started; until then the program's file name and info are used.
void log_open(const char *program);

/// "2026-11-22T15:00:00.123Z splc-fog warning: text", in one write. Control bytes are replaced, overlong lines cut;
/// errno is left as it was, and `%m` prints it.
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
