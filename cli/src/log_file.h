/// DATA/log/SERVICE.log: the output of a process. Appended; past 10 MB the old one is kept beside as SERVICE.log.1.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>

#include <sys/types.h>

/// Opens for appending, mode 0600; `ret_start` is where this run begins.
enum error log_file_open(const char *path, int *ret_fd, off_t *ret_start, struct problem *ret_problem);

/// The last lines that were written since `start`, at most `lines_max`, each with its line end.
void log_file_tail(const char *path, off_t start, unsigned lines_max, struct buffer *out);
