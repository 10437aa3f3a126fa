#include "text32.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
enum { CRC_BYTES = 2, BYTES_MAX = 48 };

static unsigned crc16(const unsigned char *bytes, size_t length) {
    unsigned crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return crc & 0xffff;
}

static void write_plain(const unsigned char *bytes, size_t length, struct buffer *out) {
    unsigned held = 0, bits = 0;
    for (size_t i = 0; i < length; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5) buffer_byte(out, alphabet[held >> (bits - 5) & 31]);
        held &= (1u << bits) - 1;
    }
    if (bits > 0) buffer_byte(out, alphabet[held << (5 - bits) & 31]);
}

void text32_write(const unsigned char *bytes, size_t length, struct buffer *out) {
    unsigned char whole[BYTES_MAX + CRC_BYTES] = {0};
    memcpy(whole, bytes, length);
    unsigned crc = crc16(bytes, length);
    whole[length] = (unsigned char)crc;
    whole[length + 1] = (unsigned char)(crc >> 8);
    write_plain(whole, length + CRC_BYTES, out);
}

bool text32_read(struct text text, unsigned char *ret_bytes, size_t length) {
    unsigned char whole[BYTES_MAX + CRC_BYTES] = {0};
    size_t total = length + CRC_BYTES, at = 0;
    unsigned held = 0, bits = 0;
    if (text.length != (total * 8 + 4) / 5) return false;
    for (size_t i = 0; i < text.length; i++) {
        const char *digit = text.data[i] == '\0' ? NULL : strchr(alphabet, text.data[i]);
        if (digit == NULL) return false;
        held = (held << 5 | (unsigned)(digit - alphabet)) & 0xfff;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        whole[at++] = (unsigned char)(held >> bits);
    }
    unsigned crc = crc16(whole, length);
    if (whole[length] != (crc & 0xff) || whole[length + 1] != crc >> 8) return false;
    memcpy(ret_bytes, whole, length);
    return (held & ((1u << bits) - 1)) == 0;
}
