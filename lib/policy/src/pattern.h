/// A resource of a policy with its variables put in: literal bytes, and two bytes of their own for the wildcards, so
/// that a `*` that came from a variable is a character. Documents hold no control characters.
#pragma once

#include <policy/policy.h>

enum { PATTERN_RUN = '\x01', PATTERN_ONE = '\x02' }; // `*` and `?`

/// False when a variable resolves nowhere; `out` is then worth nothing.
bool pattern_expand(struct text raw, const struct policy_context *context, struct buffer *out);
bool pattern_matches(struct text pattern, struct text text);

/// ERROR_INVALID for an unclosed or empty `${}`.
enum error pattern_check(struct text raw, struct problem *ret_problem);
const struct policy_variable *context_find(const struct policy_context *context, struct text name);
