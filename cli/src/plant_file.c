#include "plant_file.h"

#include <base/file.h>

#include <stdlib.h>
#include <sys/stat.h>

typedef enum error read_fn(struct text bytes, struct model_findings *findings, struct plant **ret_plant,
                           struct problem *ret_problem);

static enum error read_file(const char *path, read_fn *read, struct model_findings *findings, struct plant **ret_plant,
                            struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(path, MODEL_BYTES_MAX, &bytes, ret_problem);
    if (error) return error;
    error = read(buffer_view(&bytes), findings, ret_plant, ret_problem);
    return error ? problem_prefix(ret_problem, error, "%s", path) : ERROR_NONE;
}

enum error plant_file_read(const char *path, struct model_findings *findings, struct plant **ret_plant,
                           struct problem *ret_problem) {
    return read_file(path, model_read, findings, ret_plant, ret_problem);
}

char *plant_file_path(const char *plant) {
    struct stat status;
    if (stat(plant, &status) == 0 && S_ISREG(status.st_mode)) return text_copy(text_of(plant));
    return file_join(plant, "plant.aml");
}

static enum error open_plant(const char *plant, read_fn *read, struct plant **ret_plant, struct problem *ret_problem) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(free_at) char *path = plant_file_path(plant);
    if (findings == NULL || path == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    enum error error = read_file(path, read, findings, ret_plant, ret_problem);
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

enum error plant_file_open(const char *plant, struct plant **ret_plant, struct problem *ret_problem) {
    return open_plant(plant, model_read, ret_plant, ret_problem);
}

enum error plant_file_open_old(const char *plant, struct plant **ret_plant, struct problem *ret_problem) {
    return open_plant(plant, model_read_of_another, ret_plant, ret_problem);
}
