/// Between our values and the library's. Everything borrows: nothing here allocates.
#pragma once

#include <base/value.h>
#include <opcua/node.h>

#include <open62541/types.h>
#include <open62541/types_generated.h>

UA_String ua_string(const char *string);
UA_String ua_text(struct text text);
struct text text_of_ua(UA_String string);
UA_LocalizedText ua_localized(const char *locale, struct text text);

UA_NodeId ua_node(const struct opcua_node *node);
struct opcua_node node_of_ua(const UA_NodeId *id); // numeric 0 and no string: an identifier that we do not speak

/// A scalar; numbers of other widths become the nearest type of ours that holds them, texts with a language become
/// strings. VALUE_NULL for what we do not speak.
struct value value_of_ua(const UA_Variant *variant);

/// `variant` points into `value` and `string`, which must live as long.
void ua_variant(struct value *value, UA_String *string, UA_Variant *ret_variant);

enum value_type value_type_of_ua(const UA_NodeId *data_type); // VALUE_NULL: one that we do not speak
const UA_DataType *ua_type(enum value_type type);             // of VALUE_NULL: NULL

/// Wall clock, ns since 1970; 0 is "unknown" on our side.
UA_DateTime ua_time(int64_t ns);
int64_t ns_of_ua(UA_DateTime time);

/// The status without its info bits (overflow and the like).
struct opcua_data data_of_ua(const UA_DataValue *data);
bool has_overflow(const UA_DataValue *data);
