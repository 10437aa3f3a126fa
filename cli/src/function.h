/// What the verbs of `splc function` share.
#pragma once

#include "command.h"

int function_new(int argc, char **argv);
int function_deploy(int argc, char **argv);
int function_list(int argc, char **argv);
int function_show(int argc, char **argv);
int function_invoke(int argc, char **argv);
int function_logs(int argc, char **argv);
int function_rollback(int argc, char **argv);
int function_delete(int argc, char **argv);

enum { FUNCTION_CALL_TIMEOUT_MS = 120 * 1000, FUNCTION_NAME_BYTES = 65 };

/// Options and arguments of a verb; EXIT_DONE to go on, else the exit status. `least` to `most` arguments.
int function_options(const struct options *options, int argc, char **argv, const char **arguments, size_t least,
                     size_t most);
/// The Lambda interface of the plant.
enum error function_api(const char *data, struct api **ret_api, struct problem *ret_problem);
/// A call below a function: "GET", "jam", "/aliases/live"; `body` may be empty. As api_call.
enum error function_call(struct api *api, const char *method, const char *name, const char *below, struct text body,
                         struct json_document **ret_answer, struct problem *ret_problem);
/// Moves the alias `live` to a version, or makes it; `second` with a share from 0 to 1: a canary. NULL: none.
enum error function_point(struct api *api, const char *name, const char *version, const char *second, double share,
                          struct problem *ret_problem);
/// The version that `live` names, and its canary ("" each when there is none).
enum error function_live(struct api *api, const char *name, char ret_version[static FUNCTION_NAME_BYTES],
                         char ret_second[static FUNCTION_NAME_BYTES], struct problem *ret_problem);
bool function_is_name(const char *name); // 1 to 64 letters, digits, - and _
