/// What is wrong with a model, as a compiler would say it: file, line, place, what is wrong and what to do; all of it
/// in one run. Owns its texts. Threads: one at a time.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>

enum { MODEL_BYTES_MAX = 128 * 1024 * 1024 }; // of a model file; a large export of an engineering tool has 70 MB

struct model_finding {
    bool error;       // else a warning
    unsigned line;    // in the file; 0 when it concerns the whole
    struct text path; // "Plant/MPS/mps_conveyor/motor"; may be empty
    struct text text; // what is wrong, and what to do
};
enum { MODEL_FINDINGS_MAX = 1000 }; // kept; more of them help nobody
struct model_findings;              // a list; owns its texts
struct model_findings *model_findings_create(void);
void model_findings_destroy(struct model_findings *findings); // NULL is fine
CLEANUP_DEFINE(struct model_findings, model_findings_destroy)
size_t model_findings_count(const struct model_findings *findings);
size_t model_findings_errors(const struct model_findings *findings);
const struct model_finding *model_findings_at(const struct model_findings *findings, size_t index);
/// Adds one; texts are copied. Past MODEL_FINDINGS_MAX it is only counted.
void model_findings_add(struct model_findings *findings, bool error, unsigned line, struct text path,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));
/// "plant.aml:120: error: Plant/MPS/...: text", one line each, in the order of the file.
void model_findings_print(const struct model_findings *findings, const char *file_name, struct buffer *out);
