/// A plant's model from its file.
#pragma once

#include <base/problem.h>
#include <model/model.h>

/// Reads and resolves `path`. `findings` gets everything that was found, warnings too.
enum error plant_file_read(const char *path, struct model_findings *findings, struct plant **ret_plant,
                           struct problem *ret_problem);
