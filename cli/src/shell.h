/// Words for a POSIX shell. Pure.
#pragma once

#include <base/buffer.h>

/// The word as it must be typed: in single quotes when it holds anything a shell would take for its own.
void shell_put_word(struct buffer *out, const char *word);
