/// A plant's model from its file.
#pragma once

#include <base/problem.h>
#include <model/model.h>

/// Reads and resolves `path`. `findings` gets everything that was found, warnings too.
enum error plant_file_read(const char *path, struct model_findings *findings, struct plant **ret_plant,
                           struct problem *ret_problem);

/// The model file of what a person calls a plant: its folder, or the file itself. For the caller to free; NULL: memory.
char *plant_file_path(const char *plant);

/// A plant without errors. The problem says the first of them, and how to see the others.
enum error plant_file_open(const char *plant, struct plant **ret_plant, struct problem *ret_problem);
/// The same for a plant that need not run on this controller any more.
enum error plant_file_open_old(const char *plant, struct plant **ret_plant, struct problem *ret_problem);
