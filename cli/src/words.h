/// Words of a command line as JSON values. Pure.
#pragma once

#include <base/buffer.h>

/// true, false, null, numbers and "quoted" texts are what they are in JSON; everything else is a text as it stands.
/// Appends an array.
void words_print(const char *const *words, size_t count, struct buffer *out);
