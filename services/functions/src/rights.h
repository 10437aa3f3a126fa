/// What a function may do with twins ([function-1.2]): read all, wish at the things in `commands`, write all of those
/// in `state`. Pure.
#pragma once

#include <base/problem.h>
#include <dataplane/dataplane.h>
#include <site/function.h>

/// ERROR_FORBIDDEN with the name of the line that is missing in function.yaml; ERROR_INVALID when `body`, of an
/// update, cannot be read.
enum error rights_check(const struct function_manifest *manifest, enum dataplane_operation operation, struct text thing,
                        struct text body, struct problem *ret_problem);
