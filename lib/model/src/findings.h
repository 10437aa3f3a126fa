/// How the checks add to the list that model.h shows.
#pragma once

#include <model/model.h>

#include <stdarg.h>

/// Texts are copied. The list keeps MODEL_FINDINGS_MAX and counts the rest.
void findings_add(struct model_findings *findings, bool error, unsigned line, struct text path, const char *format,
                  va_list arguments) __attribute__((format(printf, 5, 0)));

/// In the order of the file, once all are there.
void findings_sort(struct model_findings *findings);

/// True when a finding could not be kept.
bool findings_failed(const struct model_findings *findings);
