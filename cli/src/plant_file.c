#include "plant_file.h"

#include <base/file.h>

enum error plant_file_read(const char *path, struct model_findings *findings, struct plant **ret_plant,
                           struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(path, MODEL_BYTES_MAX, &bytes, ret_problem);
    if (error) return error;
    error = model_read(buffer_view(&bytes), findings, ret_plant, ret_problem);
    return error ? problem_prefix(ret_problem, error, "%s", path) : ERROR_NONE;
}
