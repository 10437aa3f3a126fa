/// Base64 (RFC 4648, section 4: with padding), as JSON carries bytes.
#pragma once

#include <base/buffer.h>

/// Appends the text of the bytes.
void base64_write(struct text bytes, struct buffer *out);
/// Appends the bytes of the text. ERROR_INVALID for anything but whole groups of four out of A-Z a-z 0-9 + / with
/// padding at the end, the unused bits zero; nothing is appended then. ERROR_NO_MEMORY.
enum error base64_read(struct text text, struct buffer *out);
