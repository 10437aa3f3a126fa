/// Between JSON, the model's texts ("setDirection(1)") and values of methods.
#pragma once

#include <base/value.h>
#include <json/json.h>

/// A value as JSON; strings must be UTF-8. VALUE_NULL is null.
void convert_put(struct json_writer *writer, const struct value *value);

/// True when `convert_put` of the value gives JSON that equals `json`; an absent `json` equals VALUE_NULL.
bool convert_matches(const struct value *value, const struct json *json);

/// JSON as a value of `type`. ERROR_INVALID with a sentence when it does not fit; a string is borrowed from `json`.
enum error convert_json(const struct json *json, enum value_type type, struct value *ret_value,
                        struct problem *ret_problem);

/// "setDirection(-1)" cut into name and the text between the parentheses. False when it has not that form.
bool convert_call(struct text call, struct text *ret_name, struct text *ret_arguments);

/// "true" or "1,2.5": the arguments of such a call as values of the method's types. ERROR_INVALID otherwise.
enum error convert_call_arguments(struct text arguments, const enum value_type *types, size_t count,
                                  struct value *ret_values, struct problem *ret_problem);
