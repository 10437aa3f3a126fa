#include "convert.h"
#include <math.h>

void convert_put(struct json_writer *writer, const struct value *value) {
    switch (value->type) {
    case VALUE_NULL: json_put_null(writer); return;
    case VALUE_BOOL: json_put_bool(writer, value->boolean); return;
    case VALUE_INT32: json_put_integer(writer, value->int32); return;
    case VALUE_UINT16: json_put_unsigned(writer, value->uint16); return;
    case VALUE_UINT32: json_put_unsigned(writer, value->uint32); return;
    case VALUE_DOUBLE: json_put_real(writer, value->real); return;
    case VALUE_STRING: json_put_text(writer, value->string); return;
    }
}

static bool is_number(const struct json *json, double number) {
    if (isnan(number) || isinf(number)) return json_is(json, JSON_NULL); // so they are written
    bool numeric = json_is(json, JSON_INTEGER) || json_is(json, JSON_REAL);
    return numeric && json_real(json, NAN) == number;
}

/// A string as it is written: bytes that are no UTF-8 become U+FFFD.
static bool is_text(const struct json *json, struct text text) {
    if (!json_is(json, JSON_STRING)) return false;
    if (text_equal(json_string(json), text)) return true;
    CLEANUP(buffer_clear) struct buffer written = {0};
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    struct json_writer writer = json_writer(&written);
    json_put_text(&writer, text);
    struct json_limits limits = {written.length, 1};
    if (written.failed || json_parse(buffer_view(&written), limits, &document, NULL)) return false;
    return json_equal(json_root(document), json);
}

bool convert_matches(const struct value *value, const struct json *json) {
    switch (value->type) {
    case VALUE_NULL: return !json_exists(json) || json_is(json, JSON_NULL);
    case VALUE_BOOL: return json_is(json, JSON_BOOL) && json_bool(json) == value->boolean;
    case VALUE_INT32: return is_number(json, value->int32);
    case VALUE_UINT16: return is_number(json, value->uint16);
    case VALUE_UINT32: return is_number(json, value->uint32);
    case VALUE_DOUBLE: return is_number(json, value->real);
    case VALUE_STRING: return is_text(json, value->string);
    }
    return false;
}

/// A whole number within limits.
static enum error whole(double number, double low, double high, struct problem *ret_problem) {
    if (number != floor(number)) return problem_say(ret_problem, ERROR_INVALID, "%g is not a whole number", number);
    if (number < low || number > high)
        return problem_say(ret_problem, ERROR_INVALID, "%g is not between %.0f and %.0f", number, low, high);
    return ERROR_NONE;
}

static enum error number_value(double number, enum value_type type, struct value *ret_value,
                               struct problem *ret_problem) {
    *ret_value = (struct value){.type = type};
    enum error error = ERROR_NONE;
    switch (type) {
    case VALUE_INT32:
        error = whole(number, INT32_MIN, INT32_MAX, ret_problem);
        if (!error) ret_value->int32 = (int32_t)number;
        return error;
    case VALUE_UINT16:
        error = whole(number, 0, UINT16_MAX, ret_problem);
        if (!error) ret_value->uint16 = (uint16_t)number;
        return error;
    case VALUE_UINT32:
        error = whole(number, 0, UINT32_MAX, ret_problem);
        if (!error) ret_value->uint32 = (uint32_t)number;
        return error;
    case VALUE_DOUBLE: ret_value->real = number; return ERROR_NONE;
    default: return problem_say(ret_problem, ERROR_INVALID, "a number, where %s is expected", value_type_name(type));
    }
}

enum error convert_json(const struct json *json, enum value_type type, struct value *ret_value,
                        struct problem *ret_problem) {
    switch (json_kind(json)) {
    case JSON_BOOL:
        if (type != VALUE_BOOL) break;
        *ret_value = (struct value){.type = VALUE_BOOL, .boolean = json_bool(json)};
        return ERROR_NONE;
    case JSON_STRING:
        if (type != VALUE_STRING) break;
        *ret_value = (struct value){.type = VALUE_STRING, .string = json_string(json)};
        return ERROR_NONE;
    case JSON_INTEGER:
    case JSON_REAL: return number_value(json_real(json, NAN), type, ret_value, ret_problem);
    default: break;
    }
    return problem_say(ret_problem, ERROR_INVALID, "a value that is no %s", value_type_name(type));
}

bool convert_call(struct text call, struct text *ret_name, struct text *ret_arguments) {
    if (!text_ends_with(call, TEXT(")"))) return false;
    struct text rest = {call.data, call.length - 1}, name;
    if (!text_split(&rest, '(', &name) || name.length == 0 || name.length + 2 > call.length) return false;
    *ret_name = name;
    *ret_arguments = text_trim((struct text){call.data + name.length + 1, call.length - name.length - 2});
    return true;
}

static enum error argument_value(struct text word, enum value_type type, struct value *ret_value,
                                 struct problem *ret_problem) {
    bool is_true = text_is(word, "true");
    if (type == VALUE_BOOL && (is_true || text_is(word, "false"))) {
        *ret_value = (struct value){.type = VALUE_BOOL, .boolean = is_true};
        return ERROR_NONE;
    }
    if (type == VALUE_STRING) {
        *ret_value = (struct value){.type = VALUE_STRING, .string = word};
        return ERROR_NONE;
    }
    double number;
    if (type == VALUE_BOOL || text_to_real(word, &number))
        return problem_say(ret_problem, ERROR_INVALID, "'%.*s' is no %s", TEXT_ARG(word), value_type_name(type));
    return number_value(number, type, ret_value, ret_problem);
}

enum error convert_call_arguments(struct text arguments, const enum value_type *types, size_t count,
                                  struct value *ret_values, struct problem *ret_problem) {
    struct text rest = arguments, word;
    size_t given = 0;
    while (rest.length > 0 && text_split(&rest, ',', &word)) {
        if (given == count) return problem_say(ret_problem, ERROR_INVALID, "more than %zu arguments", count);
        enum error error = argument_value(text_trim(word), types[given], &ret_values[given], ret_problem);
        if (error) return error;
        given++;
    }
    if (given < count) return problem_say(ret_problem, ERROR_INVALID, "%zu of %zu arguments", given, count);
    return ERROR_NONE;
}
