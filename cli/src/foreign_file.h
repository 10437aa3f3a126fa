/// Any AutomationML file, for the commands that do not need a plant.
#pragma once

#include <model/caex.h>

/// Reads bytes of a file; refuses on standard error. False when it cannot be read.
bool foreign_file_load(const char *path, size_t bytes_max, struct buffer *bytes);

/// The document in bytes. Prints what keeps it from being read, and refuses; NULL then. `findings` keeps the warnings.
struct caex *foreign_file_read(const char *path, struct text bytes, struct model_findings *findings);

/// To a file, or to standard output when it is NULL. The exit status.
int foreign_file_put(const char *path, struct text content);

/// Findings on standard error.
void foreign_file_tell(const char *path, const struct model_findings *findings);
