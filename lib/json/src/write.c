#include <json/json.h>

#include <math.h>
#include <string.h>
#include <yyjson.h>

struct json_writer json_writer(struct buffer *out) {
    return (struct json_writer){.out = out};
}

/// Everything that is written goes through here: the comma, when one is due, and the text, in one step.
static void put(struct json_writer *writer, const char *data, size_t length, bool comma_after) {
    struct buffer *out = writer->out;
    size_t more = length + 1; // with the comma
    bool fits = !out->failed && out->capacity > more && out->length < out->capacity - more;
    if (!fits && !buffer_reserve(out, more)) return;
    char *at = out->data + out->length;
    if (writer->comma_) *at++ = ',';
    if (length > 0) memcpy(at, data, length);
    at[length] = '\0';
    out->length = (size_t)(at + length - out->data);
    writer->comma_ = comma_after;
}

static void put_token(struct json_writer *writer, const char *token, size_t length) {
    put(writer, token, length, true);
}

static void close_container(struct json_writer *writer, char bracket) {
    writer->comma_ = false; // none before a bracket that closes
    put(writer, &bracket, 1, true);
}

void json_open_object(struct json_writer *writer) {
    put(writer, "{", 1, false);
}

void json_close_object(struct json_writer *writer) {
    close_container(writer, '}');
}

void json_open_array(struct json_writer *writer) {
    put(writer, "[", 1, false);
}

void json_close_array(struct json_writer *writer) {
    close_container(writer, ']');
}

/* ---- Strings ---- */

/// Length of the character at the front when it is well-formed UTF-8 (RFC 3629), otherwise 0.
static size_t utf8_length(const unsigned char *bytes, size_t left) {
    unsigned char lead = bytes[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    if (lead == 0xE0 && bytes[1] < 0xA0) return 0; // overlong
    if (lead == 0xED && bytes[1] > 0x9F) return 0; // surrogate
    if (lead == 0xF0 && bytes[1] < 0x90) return 0; // overlong
    if (lead == 0xF4 && bytes[1] > 0x8F) return 0; // past U+10FFFF
    return length;
}

static void put_escape(struct buffer *out, unsigned char byte) {
    static const char short_forms[0x20] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (byte == '"' || byte == '\\') return buffer_append(out, (char[]){'\\', (char)byte}, 2);
    if (short_forms[byte] != 0) return buffer_append(out, (char[]){'\\', short_forms[byte]}, 2);
    buffer_print(out, "\\u%04x", (unsigned)byte);
}

static bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void put_quoted(struct buffer *out, struct text text) {
    static const char replacement[] = "\xEF\xBF\xBD"; // U+FFFD
    const unsigned char *bytes = (const unsigned char *)text.data;
    buffer_byte(out, '"');
    for (size_t i = 0; i < text.length;) {
        size_t run = i;
        while (run < text.length && is_plain(bytes[run])) run++;
        buffer_append(out, bytes + i, run - i);
        i = run;
        if (i == text.length) break;
        size_t length = utf8_length(bytes + i, text.length - i);
        if (length > 1) buffer_append(out, bytes + i, length);
        if (length == 1) put_escape(out, bytes[i]);
        if (length == 0) buffer_append(out, replacement, sizeof replacement - 1);
        i += length == 0 ? 1 : length;
    }
    buffer_byte(out, '"');
}

void json_key_text(struct json_writer *writer, struct text name) {
    put(writer, NULL, 0, false);
    put_quoted(writer->out, name);
    buffer_byte(writer->out, ':');
}

void json_key(struct json_writer *writer, const char *name) {
    json_key_text(writer, text_of(name));
}

void json_key_raw(struct json_writer *writer, struct text key) {
    put(writer, key.data, key.length, false);
}

void json_put_text(struct json_writer *writer, struct text value) {
    put(writer, NULL, 0, true);
    put_quoted(writer->out, value);
}

void json_put_string(struct json_writer *writer, const char *value) {
    json_put_text(writer, text_of(value));
}

/* ---- Other scalars ---- */

void json_put_null(struct json_writer *writer) {
    put_token(writer, "null", 4);
}

void json_put_bool(struct json_writer *writer, bool value) {
    if (value) return put_token(writer, "true", 4);
    put_token(writer, "false", 5);
}

enum { NUMBER_TEXT_BYTES = 40 }; // the longest double has 24 characters, the longest integer 20

static void put_magnitude(struct json_writer *writer, uint64_t magnitude, bool negative) {
    char digits[NUMBER_TEXT_BYTES];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + magnitude % 10);
    while ((magnitude /= 10) != 0);
    if (negative) digits[--at] = '-';
    put_token(writer, digits + at, sizeof digits - at);
}

void json_put_integer(struct json_writer *writer, int64_t value) {
    put_magnitude(writer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

void json_put_unsigned(struct json_writer *writer, uint64_t value) {
    put_magnitude(writer, value, false);
}

/// yyjson writes the shortest digits that read back equal; it wants memory, which is given from the stack.
void json_put_real(struct json_writer *writer, double value) {
    if (!isfinite(value)) return json_put_null(writer);
    char memory[1024];
    yyjson_alc allocator;
    yyjson_val number = {0};
    unsafe_yyjson_set_real(&number, value);
    size_t length = 0;
    char *digits = yyjson_alc_pool_init(&allocator, memory, sizeof memory)
                       ? yyjson_val_write_opts(&number, YYJSON_WRITE_NOFLAG, &allocator, &length, NULL)
                       : NULL;
    if (digits == NULL) writer->out->failed = true;
    if (digits != NULL) put_token(writer, digits, length);
}

void json_put_raw(struct json_writer *writer, struct text json) {
    put_token(writer, json.data, json.length);
}

/* ---- Parsed values ---- */

static void put_number(struct json_writer *writer, const struct json *value) {
    yyjson_val *number = (yyjson_val *)(uintptr_t)value;
    if (yyjson_is_uint(number)) return json_put_unsigned(writer, yyjson_get_uint(number));
    if (yyjson_is_sint(number)) return json_put_integer(writer, yyjson_get_sint(number));
    json_put_real(writer, yyjson_get_real(number));
}

static void put_array(struct json_writer *writer, const struct json *array) {
    json_open_array(writer);
    for (struct json_each each = json_each(array); json_next(&each);) json_put_value(writer, each.value);
    json_close_array(writer);
}

static void put_object(struct json_writer *writer, const struct json *object) {
    json_open_object(writer);
    for (struct json_each each = json_each(object); json_next(&each);) {
        json_key_text(writer, each.name);
        json_put_value(writer, each.value);
    }
    json_close_object(writer);
}

void json_put_value(struct json_writer *writer, const struct json *value) {
    switch (json_kind(value)) {
    case JSON_NULL: return json_put_null(writer);
    case JSON_BOOL: return json_put_bool(writer, json_bool(value));
    case JSON_INTEGER:
    case JSON_REAL: return put_number(writer, value);
    case JSON_STRING: return json_put_text(writer, json_string(value));
    case JSON_ARRAY: return put_array(writer, value);
    case JSON_OBJECT: return put_object(writer, value);
    }
}
