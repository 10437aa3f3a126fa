#include <base/base64.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(struct text bytes, struct buffer *out) {
    if (!buffer_reserve(out, bytes.length / 3 * 4 + 4)) return;
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        uint32_t group = (uint32_t)(unsigned char)bytes.data[i] << 16;
        if (left > 1) group |= (uint32_t)(unsigned char)bytes.data[i + 1] << 8;
        if (left > 2) group |= (unsigned char)bytes.data[i + 2];
        buffer_byte(out, letters[group >> 18]);
        buffer_byte(out, letters[group >> 12 & 63]);
        buffer_byte(out, left > 1 ? letters[group >> 6 & 63] : '=');
        buffer_byte(out, left > 2 ? letters[group & 63] : '=');
    }
}

static int value_of(char letter) {
    if (letter >= 'A' && letter <= 'Z') return letter - 'A';
    if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9') return letter - '0' + 52;
    if (letter == '+') return 62;
    return letter == '/' ? 63 : -1;
}

/// One group of four letters, of which the last `padding` are "=". False when it is none.
static bool read_group(const char *letters_of_group, unsigned padding, struct buffer *out) {
    uint32_t group = 0;
    for (unsigned i = 0; i < 4; i++) {
        int value = i < 4 - padding ? value_of(letters_of_group[i]) : 0;
        if (value < 0) return false;
        group = group << 6 | (uint32_t)value;
    }
    if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0)) return false;
    buffer_byte(out, (char)(group >> 16));
    if (padding < 2) buffer_byte(out, (char)(group >> 8));
    if (padding < 1) buffer_byte(out, (char)group);
    return true;
}

enum error base64_read(struct text text, struct buffer *out) {
    size_t before = out->length;
    if (text.length % 4 != 0) return ERROR_INVALID;
    if (!buffer_reserve(out, text.length / 4 * 3)) return ERROR_NO_MEMORY;
    unsigned padding = text_ends_with(text, TEXT("==")) ? 2 : text_ends_with(text, TEXT("=")) ? 1 : 0;
    bool good = true;
    for (size_t i = 0; i < text.length && good; i += 4)
        good = read_group(text.data + i, i + 4 == text.length ? padding : 0, out);
    if (!good) {
        out->length = before;
        if (out->data != NULL) out->data[before] = '\0';
    }
    return good ? ERROR_NONE : ERROR_INVALID;
}
