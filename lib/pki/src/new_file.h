/// Files that must never replace others: keys, secrets, certificates.
#pragma once

#include <base/problem.h>
#include <base/text.h>

#include <sys/types.h>

/// Whole or not at all: written beside, then linked to its name. ERROR_EXISTS when the name is taken.
enum error new_file_write(const char *path, struct text content, mode_t mode, struct problem *ret_problem);

/// For a pair that belongs together, before the work: ERROR_EXISTS when one of the names is taken.
enum error new_file_check(const char *path, struct problem *ret_problem);
