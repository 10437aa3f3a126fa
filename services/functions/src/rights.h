/// What a function may do with twins ([function-1.2]): read all, wish at the things in `commands`, write all of those
/// in `state`. Pure.
#pragma once

#include <base/problem.h>
#include <dataplane/dataplane.h>
#include <site/function.h>

/// `manifest` NULL: a package without function.yaml, which has no rights but to read.
/// ERROR_FORBIDDEN with the name of the line that is missing in function.yaml; ERROR_INVALID when `body`, of an
/// update, cannot be read.
enum error rights_check(const struct function_manifest *manifest, enum dataplane_operation operation, struct text thing,
                        struct text body, struct problem *ret_problem);
/// By the topic filters in `publish`. Never for topics of services and devices: those that begin with `$` or `splc/`.
enum error rights_check_publish(const struct function_manifest *manifest, struct text topic,
                                struct problem *ret_problem);
/// By the names in `invoke`.
enum error rights_check_invoke(const struct function_manifest *manifest, struct text function,
                               struct problem *ret_problem);
/// MQTT's: `+` for one level, `#` for all that follow. A wildcard at the beginning does not match `$...`.
bool topic_matches(struct text topic, struct text filter);
