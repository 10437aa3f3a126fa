/// Whole files with limits. All paths NUL-terminated; all opens are close-on-exec.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>
#include <sys/types.h>

/// Appends the file to `buffer`. ERROR_TOO_LARGE past `bytes_max`; the problem names the path.
/// When it fails, the buffer holds what it held before.
enum error file_read(const char *path, size_t bytes_max, struct buffer *buffer, struct problem *ret_problem);

/// Replaces the file at once or not at all: temporary file beside it, fsync, rename, fsync of the folder.
/// The file gets exactly `mode`, whatever the umask. A symbolic link is replaced, not followed.
enum error file_write(const char *path, struct text content, mode_t mode, struct problem *ret_problem);

/// `mkdir -p` with `mode` for the folders it makes.
enum error file_make_folder(const char *path, mode_t mode, struct problem *ret_problem);

bool file_exists(const char *path);

/// "a/b" for the caller to free; NULL when out of memory. An absolute `name` replaces the folder.
char *file_join(const char *folder, const char *name);

/// The folder that holds the running program; for the caller to free. NULL when it cannot be told.
char *file_program_folder(void);
