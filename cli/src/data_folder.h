/// The data folder of a plant (docs/spec/data-folder.md): made on first use, completed when something is missing, never
/// overwritten.
#pragma once

#include <base/problem.h>
#include <model/model.h>
#include <site/site.h>

/// Users of the bus with a password: DATA/secrets/nats-USER. NULL ends.
extern const char *const bus_users[];

/// Makes what is missing: folders, certificates, secrets, users of the edge, its trust list.
enum error data_folder_make(const struct site *site, const struct plant *plant, struct problem *ret_problem);

/// Takes the folder for this process: ERROR_EXISTS with the pid of the other `splc up` when it is taken. Closing the
/// descriptor gives it back; the end of the process does, too.
enum error data_folder_lock(const struct site *site, int *ret_fd, struct problem *ret_problem);

/// Points the link `current` beside the data folder to it, when the folder is where it is by default.
enum error data_folder_make_current(const struct site *site, struct problem *ret_problem);

/// What `current` points to; for the caller to free. ERROR_NOT_FOUND with the remedy when there is none.
enum error data_folder_find_current(char **ret_folder, struct problem *ret_problem);
