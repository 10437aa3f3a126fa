/// What must hold for a command: {"version":n, "reported":{...}, "things":{"T":{...}}}, each optional: the version of
/// the thing's twin, and members that `reported` of it and of others must have (docs/spec/bus.md, [bus-3.3]). Pure.
#pragma once

#include <base/problem.h>
#include <base/text.h>
#include <json/json.h>

/// Not of this form. An absent one is.
bool precondition_is_wrong(const struct json *precondition);

/// A twin against what is wanted of it. `document` is one of AWS's with `state` and `version`, absent when there is no
/// twin; `version` and `reported` are members of the precondition, or absent. ERROR_CONFLICT with a sentence that names
/// thing and path when it does not hold.
enum error precondition_check(struct text thing, const struct json *document, const struct json *version,
                              const struct json *reported, struct problem *ret_problem);
