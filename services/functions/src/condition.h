/// The condition of a trigger: `PATH OPERATOR VALUE`, such as `reported/motor/state == true`, or a path alone, which
/// holds when it is there and neither false nor null. Operators: == != < <= > >= (numbers; == and != any JSON). Pure.
#pragma once

#include <json/json.h>

/// Empty holds always. What cannot be read holds never: see condition_check.
bool condition_holds(struct text condition, const struct json *state);
enum error condition_check(struct text condition, struct problem *ret_problem);
