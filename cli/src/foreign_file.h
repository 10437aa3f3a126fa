/// Any AutomationML file, for the commands that do not need a plant.
#pragma once

#include <model/caex.h>

/// Reads the bytes of a file; what keeps it from being read is an error among the findings, and false.
bool foreign_file_load(const char *path, struct buffer *bytes, struct model_findings *findings);
/// The document in bytes; what keeps it from being read is an error among the findings, and NULL. They keep the
/// warnings.
struct caex *foreign_file_read(struct text bytes, struct model_findings *findings);
/// Both.
struct caex *foreign_file_open(const char *path, struct buffer *bytes, struct model_findings *findings);

/// Findings on standard error: "FILE:120: error: ...", what concerns the whole file as a refusal.
void foreign_file_tell(const char *path, const struct model_findings *findings);
/// The same of a file that cannot be read. The exit status.
int foreign_file_refuse(const char *path, const struct model_findings *findings);

/// To a file, or to standard output when it is NULL (main tells when that cannot be written). The exit status.
int foreign_file_put(const char *path, struct text content);
