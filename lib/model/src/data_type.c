#include "data_type.h"

enum form { FORM_BOOLEAN, FORM_WHOLE, FORM_REAL, FORM_TEXT, FORM_URI };

struct data_type {
    const char *name;
    enum form form;
    enum value_type value;
    int64_t low; // of whole numbers
    uint64_t high;
    const char *words; // "is not ..."
};

static const struct data_type types[] = {
    {"xs:boolean", FORM_BOOLEAN, VALUE_BOOL, 0, 1, "true or false"},
    {"xs:int", FORM_WHOLE, VALUE_INT32, INT32_MIN, INT32_MAX, "a whole number of 32 bits"},
    {"xs:unsignedInt", FORM_WHOLE, VALUE_UINT32, 0, UINT32_MAX, "a whole number from 0 to 4294967295"},
    {"xs:unsignedShort", FORM_WHOLE, VALUE_UINT16, 0, UINT16_MAX, "a whole number from 0 to 65535"},
    {"xs:double", FORM_REAL, VALUE_DOUBLE, 0, 0, "a number"},
    {"xs:string", FORM_TEXT, VALUE_STRING, 0, 0, "a text"},
    {"xs:anyURI", FORM_URI, VALUE_STRING, 0, 0, "a URI"},
    // Other models may use these in attributes; variables and arguments cannot have them.
    {"xs:float", FORM_REAL, VALUE_NULL, 0, 0, "a number"},
    {"xs:decimal", FORM_REAL, VALUE_NULL, 0, 0, "a number"},
    {"xs:integer", FORM_WHOLE, VALUE_NULL, INT64_MIN, UINT64_MAX, "a whole number"},
    {"xs:long", FORM_WHOLE, VALUE_NULL, INT64_MIN, INT64_MAX, "a whole number of 64 bits"},
    {"xs:short", FORM_WHOLE, VALUE_NULL, INT16_MIN, INT16_MAX, "a whole number of 16 bits"},
    {"xs:byte", FORM_WHOLE, VALUE_NULL, INT8_MIN, INT8_MAX, "a whole number of 8 bits"},
    {"xs:unsignedLong", FORM_WHOLE, VALUE_NULL, 0, UINT64_MAX, "a whole number from 0"},
    {"xs:unsignedByte", FORM_WHOLE, VALUE_NULL, 0, UINT8_MAX, "a whole number from 0 to 255"},
    {"xs:nonNegativeInteger", FORM_WHOLE, VALUE_NULL, 0, UINT64_MAX, "a whole number from 0"},
    {"xs:positiveInteger", FORM_WHOLE, VALUE_NULL, 1, UINT64_MAX, "a whole number from 1"},
    {"xs:dateTime", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:date", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:time", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:duration", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:token", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:normalizedString", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:language", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:ID", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:QName", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:base64Binary", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:hexBinary", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:anyType", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
    {"xs:anySimpleType", FORM_TEXT, VALUE_NULL, 0, 0, "a text"},
};
enum { TYPES = sizeof types / sizeof types[0] };
_Static_assert((size_t)TYPES <= DATA_TYPES_MAX, "data_type_names has room for all");

/// Codes: UNECE recommendation 20, which OPC 10000-8 uses for EngineeringUnits.
static const struct unit {
    const char *name, *code;
} units[] =
    {
        {"s", "SEC"},     {"ms", "C26"},  {"us", "B98"},  {"min", "MIN"},  {"h", "HUR"},   {"mm", "MMT"},
        {"m", "MTR"},     {"m/s", "MTS"}, {"kg", "KGM"},  {"N", "NEW"},    {"bar", "BAR"}, {"°C", "CEL"},
        {"%", "P1"},      {"V", "VLT"},   {"A", "AMP"},   {"W", "WTT"},    {"kW", "KWT"},  {"Hz", "HTZ"},
        {"bit", "A99"},   {"byte", "AD"}, {"l", "LTR"},   {"m³", "MTQ"},   {"l/h", "E32"}, {"l/min", "L2"},
        {"m³/h", "MQH"},  {"Pa", "PAL"},  {"kPa", "KPA"}, {"mbar", "MBR"}, {"K", "KEL"},   {"mA", "4K"},
        {"1/min", "RPM"}, {"g/l", "GL"},  {"px", NULL},   {"deg", NULL}, // of the picture only
};
enum { UNITS = sizeof units / sizeof units[0] };
_Static_assert((size_t)UNITS <= UNITS_MAX, "unit_names has room for all");

const struct data_type *data_type_find(struct text name) {
    for (size_t i = 0; i < TYPES; i++)
        if (text_is(name, types[i].name)) return &types[i];
    return NULL;
}

enum value_type data_type_value(const struct data_type *type) {
    return type->value;
}

static bool is_whole(const struct data_type *type, struct text value) {
    int64_t negative;
    if (text_starts_with(value, TEXT("-"))) return text_to_i64(value, &negative) == ERROR_NONE && negative >= type->low;
    uint64_t number;
    if (text_to_u64(value, &number)) return false;
    return number <= type->high && (type->low <= 0 || number >= (uint64_t)type->low);
}

static bool is_real(struct text value) {
    double number;
    return text_to_real(value, &number) == ERROR_NONE;
}

static bool is_boolean(struct text value) {
    return text_is(value, "true") || text_is(value, "false") || text_is(value, "1") || text_is(value, "0");
}

static bool is_uri(struct text value) {
    for (size_t i = 0; i < value.length; i++)
        if ((unsigned char)value.data[i] <= ' ') return false;
    return true;
}

const char *data_type_refuses(const struct data_type *type, struct text value) {
    bool good = true;
    struct text trimmed = text_trim(value);
    switch (type->form) {
    case FORM_BOOLEAN: good = is_boolean(trimmed); break;
    case FORM_WHOLE: good = is_whole(type, trimmed); break;
    case FORM_REAL: good = is_real(trimmed); break;
    case FORM_URI: good = is_uri(trimmed); break;
    case FORM_TEXT: break;
    }
    return good ? NULL : type->words;
}

size_t data_type_names(const char *ret_names[static DATA_TYPES_MAX]) {
    for (size_t i = 0; i < TYPES; i++) ret_names[i] = types[i].name;
    return TYPES;
}

static const struct unit *find_unit(struct text name) {
    for (size_t i = 0; i < UNITS; i++)
        if (text_is(name, units[i].name)) return &units[i];
    return NULL;
}

bool unit_is_known(struct text unit) {
    return find_unit(unit) != NULL;
}

size_t unit_names(const char *ret_names[static UNITS_MAX]) {
    for (size_t i = 0; i < UNITS; i++) ret_names[i] = units[i].name;
    return UNITS;
}

const char *plant_unit_code(struct text unit) {
    const struct unit *found = find_unit(unit);
    return found == NULL ? NULL : found->code;
}
