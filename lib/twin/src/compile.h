/// From parsed JSON to a tree, with the rules of values: no null in an array, no more levels than the limit.
#pragma once

#include "tree.h"

enum compile_fault { COMPILE_GOOD, COMPILE_TOO_DEEP, COMPILE_NULL_IN_ARRAY };

/// Appends `value` as a node named `name`. Each scalar gets the time that stands in `times` at its place, otherwise
/// `time_s`; `times` may be NULL.
enum compile_fault compile_section(struct buffer *out, struct text name, const struct json *value,
                                   const struct json *times, uint32_t time_s);
