#include <base/value.h>
#include <stdio.h>

bool value_equal(const struct value *a, const struct value *b) {
    if (a->type != b->type) return false;
    switch (a->type) {
    case VALUE_NULL: return true;
    case VALUE_BOOL: return a->boolean == b->boolean;
    case VALUE_INT32: return a->int32 == b->int32;
    case VALUE_UINT16: return a->uint16 == b->uint16;
    case VALUE_UINT32: return a->uint32 == b->uint32;
    case VALUE_DOUBLE: return a->real == b->real;
    case VALUE_STRING: return text_equal(a->string, b->string);
    }
    return false;
}

const char *value_type_name(enum value_type type) {
    static const char *const names[] = {"Null", "Boolean", "Int32", "UInt16", "UInt32", "Double", "String"};
    return names[type];
}

const char *status_name(status_code status, char buffer[static STATUS_NAME_BYTES]) {
    static const struct {
        status_code status;
        const char *name;
    } table[] = {
#define X(name, number) {UINT32_C(number), #name},
        STATUS_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status) return table[i].name;
    snprintf(buffer, STATUS_NAME_BYTES, "0x%08X", (unsigned)status);
    return buffer;
}
