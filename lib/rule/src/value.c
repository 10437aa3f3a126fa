#include "value.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

const struct value value_undefined = {.kind = VALUE_UNDEFINED};

static const double WHOLE_MAX = 9007199254740992.0; // 2^53: above it a double is whole without meaning to be

struct value value_boolean(bool boolean) {
    return (struct value){.kind = VALUE_BOOLEAN, .boolean = boolean};
}

struct value value_integer(int64_t integer) {
    return (struct value){.kind = VALUE_INT, .integer = integer};
}

struct value value_decimal(double decimal) {
    if (!isfinite(decimal)) return value_undefined;
    if (decimal == floor(decimal) && fabs(decimal) <= WHOLE_MAX) return value_integer((int64_t)decimal);
    return (struct value){.kind = VALUE_DECIMAL, .decimal = decimal};
}

struct value value_string(struct text string) {
    return (struct value){.kind = VALUE_STRING, .string = string};
}

struct value value_of_json(const struct json *json) {
    if (!json_exists(json)) return value_undefined;
    switch (json_kind(json)) {
    case JSON_NULL: return (struct value){.kind = VALUE_NULL};
    case JSON_BOOL: return value_boolean(json_bool(json));
    case JSON_INTEGER: return value_integer(json_integer(json, 0));
    case JSON_REAL: return value_decimal(json_real(json, 0));
    case JSON_STRING: return value_string(json_string(json));
    case JSON_ARRAY:
    case JSON_OBJECT: break;
    }
    return (struct value){.kind = VALUE_JSON, .json = json};
}

bool value_is_number(struct value value) {
    return value.kind == VALUE_INT || value.kind == VALUE_DECIMAL;
}

static size_t count_digits(struct text text) {
    size_t count = 0;
    while (count < text.length && isdigit((unsigned char)text.data[count])) count++;
    return count;
}

static bool skip_digits(struct text *rest) {
    size_t count = count_digits(*rest);
    *rest = text_from(*rest, count);
    return count > 0;
}

/// -?\d+(\.\d+)?([eE]-?\d+)?
static bool looks_like_number(struct text text) {
    if (text.length > 0 && text.data[0] == '-') text = text_from(text, 1);
    if (!skip_digits(&text)) return false;
    if (text.length > 0 && text.data[0] == '.') {
        text = text_from(text, 1);
        if (!skip_digits(&text)) return false;
    }
    if (text.length == 0 || (text.data[0] != 'e' && text.data[0] != 'E')) return text.length == 0;
    text = text_from(text, 1);
    if (text.length > 0 && text.data[0] == '-') text = text_from(text, 1);
    return skip_digits(&text) && text.length == 0;
}

bool value_to_decimal(struct value value, double *ret_decimal) {
    switch (value.kind) {
    case VALUE_INT: *ret_decimal = (double)value.integer; return true;
    case VALUE_DECIMAL: *ret_decimal = value.decimal; return true;
    case VALUE_STRING:
        return looks_like_number(value.string) && text_to_real(value.string, ret_decimal) == ERROR_NONE &&
               isfinite(*ret_decimal);
    default: return false;
    }
}

bool value_to_int(struct value value, int64_t *ret_integer) {
    double decimal;
    if (value.kind == VALUE_INT) {
        *ret_integer = value.integer;
        return true;
    }
    if (!value_to_decimal(value, &decimal) || fabs(decimal) >= 9.2e18) return false;
    *ret_integer = (int64_t)floor(decimal);
    return true;
}

static bool is_word(struct text text, struct text word) {
    return text.length == word.length && strncasecmp(text.data, word.data, word.length) == 0;
}

bool value_to_boolean(struct value value, bool *ret_boolean) {
    if (value.kind == VALUE_BOOLEAN) {
        *ret_boolean = value.boolean;
        return true;
    }
    if (value.kind != VALUE_STRING) return false;
    *ret_boolean = is_word(value.string, TEXT("true"));
    return *ret_boolean || is_word(value.string, TEXT("false"));
}

bool value_to_string(struct value value, struct buffer *out) {
    if (value.kind == VALUE_UNDEFINED || value.kind == VALUE_NULL) return false;
    if (value.kind == VALUE_STRING) {
        buffer_text(out, value.string);
        return true;
    }
    struct json_writer writer = json_writer(out);
    value_write(value, &writer);
    return true;
}

bool value_equals(struct value a, struct value b) {
    if (value_is_number(a) && value_is_number(b)) {
        double x, y;
        if (a.kind == VALUE_INT && b.kind == VALUE_INT) return a.integer == b.integer;
        return value_to_decimal(a, &x) && value_to_decimal(b, &y) && x == y;
    }
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case VALUE_BOOLEAN: return a.boolean == b.boolean;
    case VALUE_STRING: return text_equal(a.string, b.string);
    case VALUE_JSON: return json_equal(a.json, b.json);
    default: return true; // Null
    }
}

void value_write(struct value value, struct json_writer *writer) {
    switch (value.kind) {
    case VALUE_BOOLEAN: json_put_bool(writer, value.boolean); break;
    case VALUE_INT: json_put_integer(writer, value.integer); break;
    case VALUE_DECIMAL: json_put_real(writer, value.decimal); break;
    case VALUE_STRING: json_put_text(writer, value.string); break;
    case VALUE_JSON: json_put_value(writer, value.json); break;
    case VALUE_NULL:
    case VALUE_UNDEFINED: json_put_null(writer); break;
    }
}
