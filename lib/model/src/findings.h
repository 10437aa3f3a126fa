/// How the checks add to the list that model.h shows.
#pragma once

#include <base/problem.h>
#include <model/findings.h>

#include <stdarg.h>

/// Texts are copied. The list keeps MODEL_FINDINGS_MAX and counts the rest.
void findings_add(struct model_findings *findings, bool error, unsigned line, struct text path, const char *format,
                  va_list arguments) __attribute__((format(printf, 5, 0)));

/// In the order of the file, once all are there.
void findings_sort(struct model_findings *findings);

/// True when a finding could not be kept.
bool findings_failed(const struct model_findings *findings);

/// "line 12: Plant/MPS: what is wrong" of the first error, as far as there is a line and a path; returns `error`.
enum error findings_say_first(const struct model_findings *findings, enum error error, struct problem *ret_problem);
