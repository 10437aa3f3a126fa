/// Base32 without padding (RFC 4648, section 6), with the CRC that keys of NATS end in.
#pragma once

#include <base/buffer.h>

/// Appends the text of the bytes and of their CRC-16 (XMODEM: polynomial 0x1021, from 0), low byte first.
void text32_write(const unsigned char *bytes, size_t length, struct buffer *out);
/// False unless the text is exactly that of `length` bytes and their CRC.
bool text32_read(struct text text, unsigned char *ret_bytes, size_t length);
