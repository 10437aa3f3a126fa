#include "nodeset.h"

#include <math.h>
#include <stdio.h>

#define TYPES_NAMESPACE " xmlns=\"http://opcfoundation.org/UA/2008/02/Types.xsd\""

// ---------------------------------------------------------------- one node

static void put_place(struct buffer *out, struct place place) {
    if (place.namespace_index != 0) buffer_print(out, "ns=%u;", place.namespace_index);
    if (place.path.length == 0) {
        buffer_print(out, "i=%u", place.number);
        return;
    }
    buffer_string(out, "s=");
    markup_text(out, place.path);
}

static void put_place_attribute(struct buffer *out, const char *name, struct place place) {
    buffer_print(out, " %s=\"", name);
    put_place(out, place);
    buffer_byte(out, '"');
}

static void put_localized(struct buffer *out, const char *tag, const char *locale, struct text text) {
    if (text.length == 0) return;
    buffer_print(out, "    <%s Locale=\"%s\">", tag, locale);
    markup_text(out, text);
    buffer_print(out, "</%s>\n", tag);
}

static void put_reference(struct buffer *out, unsigned type, bool forward, struct place target) {
    buffer_print(out, "      <Reference ReferenceType=\"i=%u\"%s>", type, forward ? "" : " IsForward=\"false\"");
    put_place(out, target);
    buffer_string(out, "</Reference>\n");
}

void nodeset_put(struct nodeset *nodeset, const struct node *node) {
    enum { HAS_MODELLING_RULE = 37, HAS_TYPE_DEFINITION = 40, MANDATORY = 78, OPTIONAL = 80 };
    struct buffer *out = nodeset->out;
    buffer_print(out, "  <%s", node->tag);
    put_place_attribute(out, "NodeId", node->id);
    buffer_print(out, " BrowseName=\"%u:", node->browse_namespace);
    markup_text(out, node->browse_name);
    buffer_byte(out, '"');
    if (node->reference != NODE_HAS_SUBTYPE) put_place_attribute(out, "ParentNodeId", node->parent);
    if (node->data_type != 0) buffer_print(out, " DataType=\"i=%u\"", node->data_type);
    if (node->list) buffer_string(out, " ValueRank=\"1\" ArrayDimensions=\"0\"");
    if (node->live) buffer_string(out, " AccessLevel=\"5\" Historizing=\"true\"");
    if (node->draft) buffer_string(out, " AccessLevel=\"3\"");
    if (node->notifier) buffer_string(out, " EventNotifier=\"1\"");
    buffer_string(out, ">\n");
    put_localized(out, "DisplayName", "en", node->display_name.length > 0 ? node->display_name : node->browse_name);
    put_localized(out, "DisplayName", "de", node->display_name_de);
    put_localized(out, "Description", "en", node->description);
    buffer_string(out, "    <References>\n");
    put_reference(out, node->reference, false, node->parent);
    bool typed = node->type.number != 0 || node->type.path.length > 0;
    if (typed) put_reference(out, HAS_TYPE_DEFINITION, true, node->type);
    if (node->declaration)
        put_reference(out, HAS_MODELLING_RULE, true, STANDARD_NODE(node->optional ? OPTIONAL : MANDATORY));
    for (size_t i = 0; i < node->source_count; i++) put_reference(out, node->also, false, node->sources[i]);
    buffer_string(out, "    </References>\n");
    if (node->value.length > 0) buffer_print(out, "    <Value>%.*s</Value>\n", TEXT_ARG(node->value));
    buffer_print(out, "  </%s>\n", node->tag);
}

// ---------------------------------------------------------------- values

static const struct {
    const char *name;
    unsigned id;
} data_types[] = {
    [VALUE_NULL] = {"String", 12},   [VALUE_BOOL] = {"Boolean", 1},  [VALUE_INT32] = {"Int32", 6},
    [VALUE_UINT16] = {"UInt16", 5},  [VALUE_UINT32] = {"UInt32", 7}, [VALUE_DOUBLE] = {"Double", 11},
    [VALUE_STRING] = {"String", 12},
};

unsigned nodeset_data_type(enum value_type type) {
    return data_types[type].id;
}

/// The shortest of the two notations that reads back as the same number: 0.077, not 0.076999999999999999.
static void put_finite(struct buffer *out, double value) {
    enum { NUMBER_BYTES = 32 };
    char text[NUMBER_BYTES];
    double back;
    snprintf(text, sizeof text, "%.15g", value);
    if (text_to_real(text_of(text), &back) || back != value) snprintf(text, sizeof text, "%.17g", value);
    buffer_string(out, text);
}

static void put_real(struct buffer *out, double value) {
    if (isnan(value))
        buffer_string(out, "NaN");
    else if (isinf(value))
        buffer_string(out, value > 0 ? "INF" : "-INF");
    else
        put_finite(out, value);
}

static bool put_whole(struct buffer *out, struct text written, int64_t low, int64_t high) {
    int64_t number;
    if (text_to_i64(written, &number) || number < low || number > high) return false;
    buffer_print(out, "%lld", (long long)number);
    return true;
}

static bool put_scalar(struct buffer *out, enum value_type type, struct text written) {
    double real;
    switch (type) {
    case VALUE_BOOL:
        if (text_is(written, "true") || text_is(written, "1")) return buffer_string(out, "true"), true;
        return buffer_string(out, "false"), text_is(written, "false") || text_is(written, "0");
    case VALUE_INT32: return put_whole(out, written, INT32_MIN, INT32_MAX);
    case VALUE_UINT16: return put_whole(out, written, 0, UINT16_MAX);
    case VALUE_UINT32: return put_whole(out, written, 0, UINT32_MAX);
    case VALUE_DOUBLE:
        if (text_to_real(written, &real)) return false;
        return put_real(out, real), true;
    case VALUE_STRING: return markup_text(out, written), true;
    case VALUE_NULL: break;
    }
    return false;
}

bool nodeset_put_value(struct buffer *out, enum value_type type, struct text written) {
    const char *name = data_types[type].name;
    buffer_print(out, "<%s" TYPES_NAMESPACE ">", name);
    bool good = put_scalar(out, type, written);
    buffer_print(out, "</%s>", name);
    return good;
}

/// `<ExtensionObject><TypeId><Identifier>i=885</Identifier></TypeId><Body>`, left open.
static void open_structure(struct buffer *out, const char *declaration, unsigned encoding) {
    buffer_print(out, "<ExtensionObject%s><TypeId><Identifier>i=%u</Identifier></TypeId><Body>", declaration, encoding);
}

void nodeset_put_localized(struct buffer *out, struct text text) {
    buffer_string(out, "<LocalizedText" TYPES_NAMESPACE "><Locale>en</Locale>");
    markup_element(out, "Text", text);
    buffer_string(out, "</LocalizedText>");
}

void nodeset_put_range(struct buffer *out, double low, double high) {
    enum { RANGE_DEFAULT_XML = 885 };
    open_structure(out, TYPES_NAMESPACE, RANGE_DEFAULT_XML);
    buffer_string(out, "<Range><Low>");
    put_real(out, low);
    buffer_string(out, "</Low><High>");
    put_real(out, high);
    buffer_string(out, "</High></Range></Body></ExtensionObject>");
}

/// OPC 10000-8, 5.6.3: the characters of the UNECE code as one number; -1: no such unit.
static int unit_id(const char *code) {
    if (code == NULL) return -1;
    int id = 0;
    for (; *code != '\0'; code++) id = id << 8 | (unsigned char)*code;
    return id;
}

void nodeset_put_unit(struct buffer *out, struct text unit) {
    enum { EU_INFORMATION_DEFAULT_XML = 888 };
    open_structure(out, TYPES_NAMESPACE, EU_INFORMATION_DEFAULT_XML);
    buffer_print(out,
                 "<EUInformation><NamespaceUri>http://www.opcfoundation.org/UA/units/un/cefact</NamespaceUri>"
                 "<UnitId>%d</UnitId><DisplayName><Locale>en</Locale>",
                 unit_id(plant_unit_code(unit)));
    markup_element(out, "Text", unit);
    buffer_string(out, "</DisplayName></EUInformation></Body></ExtensionObject>");
}

void nodeset_put_names(struct buffer *out, const struct text *names, size_t count) {
    buffer_string(out, "<ListOfLocalizedText" TYPES_NAMESPACE ">");
    for (size_t i = 0; i < count; i++) {
        buffer_string(out, "<LocalizedText>");
        markup_element(out, "Text", names[i]);
        buffer_string(out, "</LocalizedText>");
    }
    buffer_string(out, "</ListOfLocalizedText>");
}

void nodeset_put_arguments(struct buffer *out, const struct argument *arguments, size_t count) {
    enum { ARGUMENT_DEFAULT_XML = 297 };
    buffer_string(out, "<ListOfExtensionObject" TYPES_NAMESPACE ">");
    for (size_t i = 0; i < count; i++) {
        open_structure(out, "", ARGUMENT_DEFAULT_XML);
        buffer_string(out, "<Argument>");
        markup_element(out, "Name", arguments[i].name);
        buffer_print(out, "<DataType><Identifier>i=%u</Identifier></DataType><ValueRank>-1</ValueRank>",
                     nodeset_data_type(arguments[i].type));
        buffer_string(out, "<ArrayDimensions/><Description><Locale>en</Locale>");
        markup_element(out, "Text", arguments[i].description);
        buffer_string(out, "</Description></Argument></Body></ExtensionObject>");
    }
    buffer_string(out, "</ListOfExtensionObject>");
}
