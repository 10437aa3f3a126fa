#include "line.h"

#include <stdbool.h>
#include <stdio.h>

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static size_t sequence_length(char lead) {
    unsigned char byte = (unsigned char)lead;
    if (byte >= 0xF0) return 4;
    if (byte >= 0xE0) return 3;
    if (byte >= 0xC0) return 2;
    return 1;
}

/// The length without a last UTF-8 character that is there in part only.
static size_t whole_characters(const char *line, size_t length) {
    size_t lead = length;
    while (lead > 0 && length - lead < 3 && is_continuation(line[lead - 1])) lead--;
    if (lead == 0) return length;
    lead--;
    return lead + sequence_length(line[lead]) > length ? lead : length;
}

static char printable(char byte) {
    if (byte == '\n' || byte == '\r' || byte == '\t') return ' ';
    bool control = (unsigned char)byte < 0x20 || byte == 0x7F;
    return control ? '?' : byte;
}

size_t line_format(char *line, size_t capacity, const char *format, va_list arguments) {
    int wanted = vsnprintf(line, capacity, format, arguments);
    size_t length = wanted < 0 ? 0 : (size_t)wanted;
    if (length >= capacity) length = whole_characters(line, capacity - 1);
    for (size_t i = 0; i < length; i++) line[i] = printable(line[i]);
    line[length] = '\0';
    return length;
}
