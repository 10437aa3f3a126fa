/// Values of the language, and how one becomes another ("Data types", conversions).
#pragma once

#include "pool.h"

enum value_kind { VALUE_UNDEFINED, VALUE_NULL, VALUE_BOOLEAN, VALUE_INT, VALUE_DECIMAL, VALUE_STRING, VALUE_JSON };

struct value {
    enum value_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double decimal;
        struct text string;
        const struct json *json; // an array or an object
    };
};

extern const struct value value_undefined;
struct value value_of_json(const struct json *json); // an absent one is Undefined
struct value value_boolean(bool boolean);
struct value value_integer(int64_t integer);
struct value value_decimal(double decimal); // a whole one is an Int, one that is no number Undefined
struct value value_string(struct text string);

/// A number, or a string that looks like one; false: not convertible.
bool value_to_decimal(struct value value, double *ret_decimal);
bool value_to_int(struct value value, int64_t *ret_integer);  // rounded down
bool value_to_boolean(struct value value, bool *ret_boolean); // "true" and "false" in either case
/// As `+` and cast do it; false for Null and Undefined.
bool value_to_string(struct value value, struct buffer *out);

bool value_is_number(struct value value);
bool value_equals(struct value a, struct value b);                // neither is Undefined
void value_write(struct value value, struct json_writer *writer); // Undefined: null; callers leave it out
