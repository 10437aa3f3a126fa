/// Data types of XML Schema as AutomationML uses them, and units.
#pragma once

#include <model/model.h>

struct data_type;
const struct data_type *data_type_find(struct text name); // "xs:int"; NULL when there is none

/// How OPC UA has it; VALUE_NULL for a type that variables and arguments cannot have.
enum value_type data_type_value(const struct data_type *type);

/// NULL when `value` is one of the type, else what it had to be: "a whole number from 0 to 65535".
const char *data_type_refuses(const struct data_type *type, struct text value);

/// All names, for a hint.
enum { DATA_TYPES_MAX = 40 };
size_t data_type_names(const char *ret_names[static DATA_TYPES_MAX]);

bool unit_is_known(struct text unit);
enum { UNITS_MAX = 40 };
size_t unit_names(const char *ret_names[static UNITS_MAX]);
