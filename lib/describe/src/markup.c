#include "markup.h"

/// U+FFFD, in UTF-8.
#define REPLACEMENT "\xEF\xBF\xBD"

/// Bytes of the UTF-8 character at the front; 0 when there is none.
static size_t character_length(struct text text) {
    unsigned char first = (unsigned char)text.data[0];
    size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (length > text.length) return 0;
    return text_is_utf8((struct text){text.data, length}) ? length : 0;
}

/// U+FFFE and U+FFFF are no characters of XML.
static bool is_noncharacter(struct text text) {
    return text.length == 3 && (unsigned char)text.data[0] == 0xEF && (unsigned char)text.data[1] == 0xBF &&
           (unsigned char)text.data[2] >= 0xBE;
}

static const char *reference(char byte) {
    switch (byte) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\t': return "&#9;"; // as they are, attribute values would turn them into spaces
    case '\n': return "&#10;";
    case '\r': return "&#13;";
    default: return NULL;
    }
}

void markup_text(struct buffer *out, struct text text) {
    while (text.length > 0) {
        size_t length = character_length(text);
        const char *escaped = length == 1 ? reference(text.data[0]) : NULL;
        unsigned char first = (unsigned char)text.data[0];
        bool printable = length > 1 ? !is_noncharacter((struct text){text.data, length}) : first >= 0x20;
        if (escaped != NULL)
            buffer_string(out, escaped);
        else if (length > 0 && printable && first != 0x7F)
            buffer_append(out, text.data, length);
        else
            buffer_string(out, REPLACEMENT);
        text = text_from(text, length > 0 ? length : 1);
    }
}

void markup_attribute(struct buffer *out, const char *name, struct text value) {
    buffer_print(out, " %s=\"", name);
    markup_text(out, value);
    buffer_byte(out, '"');
}

void markup_element(struct buffer *out, const char *name, struct text text) {
    buffer_print(out, "<%s>", name);
    markup_text(out, text);
    buffer_print(out, "</%s>", name);
}
