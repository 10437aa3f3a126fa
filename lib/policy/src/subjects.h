/// Lists of NATS subjects, made from patterns of topics.
#pragma once

#include <policy/policy.h>

void subjects_clear(struct policy_subjects *subjects);
/// A copy, unless it is there already.
enum error subjects_add(struct policy_subjects *subjects, struct text subject);

/// `pattern` as pattern.h makes it, of a topic or of a filter. ERROR_UNSUPPORTED when subjects cannot say it exactly;
/// nothing is added then.
enum error subjects_add_pattern(struct policy_subjects *subjects, struct text pattern, bool is_filter);
/// The smallest that contains it: everything below the levels that can be said.
enum error subjects_add_wider(struct policy_subjects *subjects, struct text pattern);

/// What matches both; false when nothing does.
bool subject_intersect(struct text a, struct text b, struct buffer *out);
