#include "convert.h"

#include <string.h>

enum { NS_PER_TICK = 100 };

UA_String ua_string(const char *string) {
    return ua_text(text_of(string));
}

UA_String ua_text(struct text text) {
    return (UA_String){text.length, (UA_Byte *)(uintptr_t)text.data};
}

struct text text_of_ua(UA_String string) {
    return (struct text){(const char *)string.data, string.length};
}

UA_LocalizedText ua_localized(const char *locale, struct text text) {
    return (UA_LocalizedText){ua_string(locale), ua_text(text)};
}

UA_NodeId ua_node(const struct opcua_node *node) {
    UA_NodeId id = {.namespaceIndex = node->namespace_index, .identifierType = UA_NODEIDTYPE_NUMERIC};
    id.identifier.numeric = node->numeric;
    if (node->string.length == 0) return id;
    id.identifierType = UA_NODEIDTYPE_STRING;
    id.identifier.string = ua_text(node->string);
    return id;
}

struct opcua_node node_of_ua(const UA_NodeId *id) {
    struct opcua_node node = {.namespace_index = id->namespaceIndex};
    if (id->identifierType == UA_NODEIDTYPE_NUMERIC) node.numeric = id->identifier.numeric;
    if (id->identifierType == UA_NODEIDTYPE_STRING) node.string = text_of_ua(id->identifier.string);
    return node;
}

/// How one built-in type of OPC UA becomes one of ours.
struct type_row {
    int index;
    enum value_type type;
    struct value (*read)(const void *data);
};

#define READ(name, ua, value_type, member)                                                                             \
    static struct value read_##name(const void *data) {                                                                \
        return (struct value){.type = value_type, .member = *(const ua *)data};                                        \
    }
READ(boolean, UA_Boolean, VALUE_BOOL, boolean)
READ(sbyte, UA_SByte, VALUE_INT32, int32)
READ(byte, UA_Byte, VALUE_INT32, int32)
READ(int16, UA_Int16, VALUE_INT32, int32)
READ(uint16, UA_UInt16, VALUE_UINT16, uint16)
READ(int32, UA_Int32, VALUE_INT32, int32)
READ(uint32, UA_UInt32, VALUE_UINT32, uint32)
READ(float, UA_Float, VALUE_DOUBLE, real)
READ(double, UA_Double, VALUE_DOUBLE, real)
#undef READ

static struct value read_int64(const void *data) {
    return (struct value){.type = VALUE_DOUBLE, .real = (double)*(const UA_Int64 *)data};
}

static struct value read_uint64(const void *data) {
    return (struct value){.type = VALUE_DOUBLE, .real = (double)*(const UA_UInt64 *)data};
}

static struct value read_string(const void *data) {
    return (struct value){.type = VALUE_STRING, .string = text_of_ua(*(const UA_String *)data)};
}

static struct value read_localized(const void *data) {
    return (struct value){.type = VALUE_STRING, .string = text_of_ua(((const UA_LocalizedText *)data)->text)};
}

// The first row of a type of ours is the one it is written as.
static const struct type_row TYPES[] = {
    {UA_TYPES_BOOLEAN, VALUE_BOOL, read_boolean},
    {UA_TYPES_INT32, VALUE_INT32, read_int32},
    {UA_TYPES_UINT16, VALUE_UINT16, read_uint16},
    {UA_TYPES_UINT32, VALUE_UINT32, read_uint32},
    {UA_TYPES_DOUBLE, VALUE_DOUBLE, read_double},
    {UA_TYPES_STRING, VALUE_STRING, read_string},
    {UA_TYPES_SBYTE, VALUE_INT32, read_sbyte},
    {UA_TYPES_BYTE, VALUE_INT32, read_byte},
    {UA_TYPES_INT16, VALUE_INT32, read_int16},
    {UA_TYPES_FLOAT, VALUE_DOUBLE, read_float},
    {UA_TYPES_INT64, VALUE_DOUBLE, read_int64},
    {UA_TYPES_UINT64, VALUE_DOUBLE, read_uint64},
    {UA_TYPES_LOCALIZEDTEXT, VALUE_STRING, read_localized},
};
enum { TYPE_COUNT = sizeof TYPES / sizeof TYPES[0], WRITABLE_TYPE_COUNT = 6 };

struct value value_of_ua(const UA_Variant *variant) {
    if (!UA_Variant_isScalar(variant)) return (struct value){.type = VALUE_NULL};
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (variant->type == &UA_TYPES[TYPES[i].index]) return TYPES[i].read(variant->data);
    return (struct value){.type = VALUE_NULL};
}

void ua_variant(struct value *value, UA_String *string, UA_Variant *ret_variant) {
    UA_Variant_init(ret_variant);
    ret_variant->storageType = UA_VARIANT_DATA_NODELETE;
    ret_variant->type = ua_type(value->type);
    if (value->type == VALUE_NULL) return;
    ret_variant->data = &value->boolean; // the members of the union begin at one place
    if (value->type != VALUE_STRING) return;
    *string = ua_text(value->string);
    ret_variant->data = string;
}

/// Arguments are typed as they are written: a method that wants an Int16 gets no Int32 from us.
enum value_type value_type_of_ua(const UA_NodeId *data_type) {
    for (size_t i = 0; i < WRITABLE_TYPE_COUNT; i++)
        if (UA_NodeId_equal(data_type, &UA_TYPES[TYPES[i].index].typeId)) return TYPES[i].type;
    return VALUE_NULL;
}

const UA_DataType *ua_type(enum value_type type) {
    for (size_t i = 0; i < WRITABLE_TYPE_COUNT; i++)
        if (TYPES[i].type == type) return &UA_TYPES[TYPES[i].index];
    return NULL;
}

UA_DateTime ua_time(int64_t ns) {
    return ns / NS_PER_TICK + UA_DATETIME_UNIX_EPOCH;
}

int64_t ns_of_ua(UA_DateTime time) {
    int64_t since = time - UA_DATETIME_UNIX_EPOCH;
    if (time == 0 || since > INT64_MAX / NS_PER_TICK || since < INT64_MIN / NS_PER_TICK) return 0;
    return since * NS_PER_TICK;
}

enum { STATUS_INFO_DATA_VALUE = 0x0400, STATUS_INFO_OVERFLOW = 0x0080 };

struct opcua_data data_of_ua(const UA_DataValue *data) {
    struct opcua_data result = {.value = {.type = VALUE_NULL}};
    if (data->hasValue) result.value = value_of_ua(&data->value);
    if (data->hasStatus) result.status = data->status & 0xFFFF0000u;
    if (data->hasSourceTimestamp) result.source_time_ns = ns_of_ua(data->sourceTimestamp);
    return result;
}

bool has_overflow(const UA_DataValue *data) {
    UA_StatusCode both = STATUS_INFO_DATA_VALUE | STATUS_INFO_OVERFLOW;
    return data->hasStatus && (data->status & both) == both;
}
