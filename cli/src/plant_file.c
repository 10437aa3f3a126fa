#include "plant_file.h"

#include <base/file.h>

#include <stdlib.h>
#include <sys/stat.h>

enum error plant_file_read(const char *path, struct model_findings *findings, struct plant **ret_plant,
                           struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(path, MODEL_BYTES_MAX, &bytes, ret_problem);
    if (error) return error;
    error = model_read(buffer_view(&bytes), findings, ret_plant, ret_problem);
    return error ? problem_prefix(ret_problem, error, "%s", path) : ERROR_NONE;
}

char *plant_file_path(const char *plant) {
    struct stat status;
    if (stat(plant, &status) == 0 && S_ISREG(status.st_mode)) return text_copy(text_of(plant));
    return file_join(plant, "plant.aml");
}

enum error plant_file_open(const char *plant, struct plant **ret_plant, struct problem *ret_problem) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(free_at) char *path = plant_file_path(plant);
    if (findings == NULL || path == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    enum error error = plant_file_read(path, findings, ret_plant, ret_problem);
    size_t errors = model_findings_errors(findings);
    if (!error || errors == 0) return error;
    for (size_t i = 0; i < model_findings_count(findings); i++) {
        const struct model_finding *finding = model_findings_at(findings, i);
        if (!finding->error) continue;
        return problem_say(ret_problem, error, "%s:%u: %.*s (%zu errors: splc model check %s)", path, finding->line,
                           TEXT_ARG(finding->text), errors, plant);
    }
    return error;
}
