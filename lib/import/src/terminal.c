#include "terminal.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

// ---------------------------------------------------------------- addresses

static bool read_number(struct text *text, uint32_t limit, uint32_t *ret_number) {
    size_t digits = 0;
    uint64_t number;
    while (digits < text->length && isdigit((unsigned char)text->data[digits])) digits++;
    if (text_to_u64((struct text){text->data, digits}, &number) || number > limit) return false;
    *text = text_from(*text, digits);
    *ret_number = (uint32_t)number;
    return true;
}

/// Takes a letter off the front, in either case; '\0' when none of them stands there.
static char take_letter(struct text *text, const char *letters) {
    char letter = text->length == 0 ? '\0' : (char)toupper((unsigned char)text->data[0]);
    if (letter == '\0' || strchr(letters, letter) == NULL) return '\0';
    *text = text_from(*text, 1);
    return letter;
}

static uint32_t bits_of(char size) {
    switch (size) {
    case 'B': return 8;
    case 'W': return 16;
    case 'D': return 32;
    default: return 1;
    }
}

bool terminal_read_address(struct text text, struct import_tag *tag) {
    enum { BYTE_MAX = 65535 }; // the largest area of inputs known to us
    uint32_t bit = 0;
    if (text_starts_with(text, TEXT("%"))) text = text_from(text, 1);
    if (text_ends_with(text, TEXT(":P")) || text_ends_with(text, TEXT(":p"))) text.length -= 2; // read past the image
    take_letter(&text, "P");                                                                    // the same, of old
    char area = take_letter(&text, "IEQAO");
    if (area == '\0') return false;
    tag->output = area != 'I' && area != 'E';
    text = text_trim(text);
    tag->bits = bits_of(take_letter(&text, "XBWD"));
    text = text_trim(text);
    if (!read_number(&text, BYTE_MAX, &tag->byte)) return false;
    if (tag->bits == 1) {
        if (!text_starts_with(text, TEXT("."))) return false;
        text = text_from(text, 1);
        if (!read_number(&text, 7, &bit)) return false;
    }
    if (text.length > 0) return false;
    tag->bit = (uint8_t)bit;
    tag->has_address = true;
    return true;
}

// ---------------------------------------------------------------- types

bool terminal_read_type(struct text text, struct import_tag *tag) {
    static const struct {
        const char *name;
        uint32_t bits;
        enum plant_encoding encoding;
    } types[] = {
        {"bool", 1, ENCODING_UNSIGNED}, {"byte", 8, ENCODING_UNSIGNED},   {"usint", 8, ENCODING_UNSIGNED},
        {"sint", 8, ENCODING_SIGNED},   {"word", 16, ENCODING_UNSIGNED},  {"uint", 16, ENCODING_UNSIGNED},
        {"int", 16, ENCODING_SIGNED},   {"dword", 32, ENCODING_UNSIGNED}, {"udint", 32, ENCODING_UNSIGNED},
        {"dint", 32, ENCODING_SIGNED},  {"real", 32, ENCODING_FLOAT},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (text.length != strlen(types[i].name) || strncasecmp(text.data, types[i].name, text.length) != 0) continue;
        tag->bits = types[i].bits;
        tag->encoding = types[i].encoding;
        return true;
    }
    return false;
}

// ---------------------------------------------------------------- ranges

static bool read_real(struct text text, double *ret_number) {
    enum { DIGITS_MAX = 40 };
    char digits[DIGITS_MAX];
    if (text.length > sizeof digits) return false;
    for (size_t i = 0; i < text.length; i++) digits[i] = text.data[i] == ',' ? '.' : text.data[i];
    return text_to_real((struct text){digits, text.length}, ret_number) == ERROR_NONE && isfinite(*ret_number);
}

bool terminal_read_range(struct text low, struct text high, struct plant_range *ret_range) {
    if (low.length == 0 && high.length == 0) return true;
    struct plant_range range = {.given = true};
    if (!read_real(low, &range.low) || !read_real(high, &range.high)) return false;
    *ret_range = range;
    return true;
}
