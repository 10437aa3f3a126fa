/// "Did you mean ...?": the word of a list that a mistyped one is closest to.
#pragma once

#include <base/text.h>

/// NULL when none is near (more than a third of the letters differ). `choices` has `count` entries.
const char *nearest_word(struct text word, const char *const *choices, size_t count);
