#include "caex.h"

#include <string.h>
#include <xml/xml.h>

#define CAEX_NAMESPACE "http://www.dke.de/CAEX"
#define CAEX_VERSION "3.0"

typedef uint32_t kinds; // a set of enum caex_kind
#define OF(kind) (1u << CAEX_##kind)
#define ALL_KINDS ((1u << CAEX_KINDS) - 1)
#define CLASSES (OF(INTERFACE_CLASS) | OF(ROLE_CLASS) | OF(UNIT_CLASS))
#define LIBRARIES (OF(INTERFACE_LIB) | OF(ROLE_LIB) | OF(UNIT_LIB) | OF(TYPE_LIB))
#define ANY_ATTRIBUTE (OF(ATTRIBUTE) | OF(TYPE))
#define UNNAMED                                                                                                        \
    (OF(FILE) | OF(ROLE_REQUIREMENT) | OF(SUPPORTED_ROLE) | OF(NOMINAL) | OF(ORDINAL) | OF(REQUIRED_VALUE) |           \
     OF(REQUIRED_MAX) | OF(REQUIRED_MIN))

/// What becomes of an XML element: a node, a text of the node it stands in, a node that holds a text, or nothing.
enum treatment { NODE, TEXT_OF_NODE, TEXT_NODE, PASSED_OVER };

struct element_row {
    const char *name;
    enum treatment treatment;
    enum caex_kind kind; // of the node that is made
    kinds parents;
    size_t offset; // of the text in the node that holds it
};

#define FIELD(name) offsetof(struct caex_node, name)
static const struct element_row element_rows[] = {
    // the frequent ones first: a large file asks a million times
    {"Attribute", NODE, CAEX_ATTRIBUTE, ANY_ATTRIBUTE | CLASSES | OF(ELEMENT) | OF(INTERFACE) | OF(ROLE_REQUIREMENT),
     0},
    {"Value", TEXT_OF_NODE, 0, ANY_ATTRIBUTE, FIELD(value)},
    {"Description", TEXT_OF_NODE, 0, ALL_KINDS, FIELD(description)},
    {"ExternalInterface", NODE, CAEX_INTERFACE, CLASSES | OF(ELEMENT) | OF(INTERFACE) | OF(ROLE_REQUIREMENT), 0},
    {"InternalElement", NODE, CAEX_ELEMENT, OF(HIERARCHY) | OF(ELEMENT) | OF(UNIT_CLASS), 0},
    {"RoleRequirements", NODE, CAEX_ROLE_REQUIREMENT, OF(ELEMENT), 0},
    {"InternalLink", NODE, CAEX_LINK, OF(ELEMENT) | OF(UNIT_CLASS), 0},
    {"SupportedRoleClass", NODE, CAEX_SUPPORTED_ROLE, OF(ELEMENT) | OF(UNIT_CLASS), 0},
    {"DefaultValue", TEXT_OF_NODE, 0, ANY_ATTRIBUTE, FIELD(default_value)},
    {"Constraint", NODE, CAEX_CONSTRAINT, ANY_ATTRIBUTE, 0},
    {"NominalScaledType", NODE, CAEX_NOMINAL, OF(CONSTRAINT), 0},
    {"OrdinalScaledType", NODE, CAEX_ORDINAL, OF(CONSTRAINT), 0},
    {"RequiredValue", TEXT_NODE, CAEX_REQUIRED_VALUE, OF(NOMINAL) | OF(ORDINAL), FIELD(value)},
    {"RequiredMaxValue", TEXT_NODE, CAEX_REQUIRED_MAX, OF(ORDINAL), FIELD(value)},
    {"RequiredMinValue", TEXT_NODE, CAEX_REQUIRED_MIN, OF(ORDINAL), FIELD(value)},
    {"InterfaceClass", NODE, CAEX_INTERFACE_CLASS, OF(INTERFACE_LIB) | OF(INTERFACE_CLASS), 0},
    {"RoleClass", NODE, CAEX_ROLE_CLASS, OF(ROLE_LIB) | OF(ROLE_CLASS), 0},
    {"SystemUnitClass", NODE, CAEX_UNIT_CLASS, OF(UNIT_LIB) | OF(UNIT_CLASS), 0},
    {"AttributeType", NODE, CAEX_TYPE, OF(TYPE_LIB) | OF(TYPE), 0},
    {"InstanceHierarchy", NODE, CAEX_HIERARCHY, OF(FILE), 0},
    {"InterfaceClassLib", NODE, CAEX_INTERFACE_LIB, OF(FILE), 0},
    {"RoleClassLib", NODE, CAEX_ROLE_LIB, OF(FILE), 0},
    {"SystemUnitClassLib", NODE, CAEX_UNIT_LIB, OF(FILE), 0},
    {"AttributeTypeLib", NODE, CAEX_TYPE_LIB, OF(FILE), 0},
    {"CAEXFile", NODE, CAEX_FILE, 0, 0},
    {"Version", TEXT_OF_NODE, 0, OF(HIERARCHY) | LIBRARIES, FIELD(version)},
    {"Version", PASSED_OVER, 0, ALL_KINDS, 0},
    {"Copyright", PASSED_OVER, 0, ALL_KINDS, 0},
    {"Revision", PASSED_OVER, 0, ALL_KINDS, 0},
    {"AdditionalInformation", PASSED_OVER, 0, ALL_KINDS, 0},
    {"SourceObjectInformation", PASSED_OVER, 0, ALL_KINDS, 0},
    {"SourceDocumentInformation", PASSED_OVER, 0, OF(FILE), 0},
    {"SuperiorStandardVersion", PASSED_OVER, 0, OF(FILE), 0},
    {"ExternalReference", PASSED_OVER, 0, OF(FILE), 0},
    {"RefSemantic", PASSED_OVER, 0, ANY_ATTRIBUTE, 0},
    {"UnknownType", PASSED_OVER, 0, OF(CONSTRAINT), 0},
    {"MappingObject", PASSED_OVER, 0, OF(ROLE_REQUIREMENT) | OF(SUPPORTED_ROLE), 0},
};
enum { ELEMENT_ROWS = sizeof element_rows / sizeof element_rows[0] };

/// XML attributes that are kept, or known and passed over (offset 0, where no text is).
static const struct attribute_row {
    const char *name;
    kinds kinds;
    size_t offset;
    bool required;
} attribute_rows[] = {
    {"Name", ALL_KINDS & ~UNNAMED, FIELD(name), true},
    {"ID", ALL_KINDS, FIELD(id), false},
    {"AttributeDataType", ANY_ATTRIBUTE, FIELD(data_type), false},
    {"RefAttributeType", ANY_ATTRIBUTE, FIELD(reference), false},
    {"Unit", ANY_ATTRIBUTE, FIELD(unit), false},
    {"RefBaseClassPath", CLASSES | OF(INTERFACE), FIELD(reference), false},
    {"RefBaseSystemUnitPath", OF(ELEMENT), FIELD(reference), false},
    {"RefBaseRoleClassPath", OF(ROLE_REQUIREMENT), FIELD(reference), false},
    {"RefRoleClassPath", OF(SUPPORTED_ROLE), FIELD(reference), true},
    {"RefPartnerSideA", OF(LINK), FIELD(side_a), true},
    {"RefPartnerSideB", OF(LINK), FIELD(side_b), true},
    {"ChangeMode", ALL_KINDS, 0, false},
    {"SchemaVersion", OF(FILE), 0, false},
    {"FileName", OF(FILE), 0, false},
};
enum { ATTRIBUTE_ROWS = sizeof attribute_rows / sizeof attribute_rows[0] };

struct reader {
    struct caex *caex;
    struct caex_node *node;         // the innermost one; NULL before the first
    const struct element_row *leaf; // an element that holds text only; NULL outside
    unsigned leaf_line;
    struct buffer text;            // of the leaf
    unsigned passed_over;          // depth inside of an element that is not read
    const struct caex_node *stray; // the last node that was told about text between its elements
};

static struct text *text_at(struct caex_node *node, size_t offset) {
    return (struct text *)((char *)node + offset);
}

static const char *element_name(enum caex_kind kind) {
    for (size_t i = 0; i < ELEMENT_ROWS; i++)
        if (element_rows[i].kind == kind && element_rows[i].treatment != TEXT_OF_NODE) return element_rows[i].name;
    return "CAEXFile";
}

static const struct element_row *find_row(struct text name, enum caex_kind parent, bool *ret_known) {
    *ret_known = false;
    for (size_t i = 0; i < ELEMENT_ROWS; i++) {
        if (!text_is(name, element_rows[i].name)) continue;
        *ret_known = true;
        if (element_rows[i].parents & 1u << parent) return &element_rows[i];
    }
    return NULL;
}

static struct caex_node *add_node(struct reader *reader, enum caex_kind kind, unsigned line) {
    struct caex_node *node = arena_take(&reader->caex->arena, sizeof *node);
    if (node == NULL) return NULL;
    node->kind = kind;
    node->line = line;
    node->parent = reader->node;
    if (reader->node == NULL) {
        reader->caex->root = node;
        return node;
    }
    if (reader->node->last != NULL) reader->node->last->next = node;
    if (reader->node->first == NULL) reader->node->first = node;
    reader->node->last = node;
    return node;
}

/// IDs are compared without case and braces: tools differ in both.
static struct text plain_id(struct text id) {
    id = text_trim(id);
    if (text_starts_with(id, TEXT("{")) && text_ends_with(id, TEXT("}")))
        id = (struct text){id.data + 1, id.length - 2};
    return id;
}

static bool is_id(size_t offset) {
    return offset == FIELD(id) || offset == FIELD(side_a) || offset == FIELD(side_b);
}

static bool keep(struct caex *caex, struct text value, size_t offset, struct caex_node *node) {
    struct text *kept = text_at(node, offset);
    bool done = arena_copy(&caex->arena, is_id(offset) ? plain_id(value) : value, kept);
    if (!done || !is_id(offset)) return done;
    char *bytes = (char *)kept->data; // our own copy
    for (size_t i = 0; i < kept->length; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z') bytes[i] = (char)(bytes[i] + ('a' - 'A'));
    return true;
}

static const struct attribute_row *find_attribute_row(struct text name, enum caex_kind kind) {
    for (size_t i = 0; i < ATTRIBUTE_ROWS; i++)
        if (attribute_rows[i].kinds & 1u << kind && text_is(name, attribute_rows[i].name)) return &attribute_rows[i];
    return NULL;
}

static void unknown_attribute(struct reader *reader, const struct caex_node *node, struct text name) {
    const char *names[ATTRIBUTE_ROWS];
    size_t count = 0;
    for (size_t i = 0; i < ATTRIBUTE_ROWS; i++)
        if (attribute_rows[i].kinds & 1u << node->kind) names[count++] = attribute_rows[i].name;
    caex_error(reader->caex, node, "<%s> has no XML attribute '%.*s'%s", element_name(node->kind), TEXT_ARG(name),
               caex_hint(reader->caex, name, names, count));
}

static enum error read_attributes(struct reader *reader, struct caex_node *node, const struct xml_element *element) {
    struct text unknown = TEXT_EMPTY;
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];
        const struct attribute_row *row = find_attribute_row(attribute->name, node->kind);
        if (row == NULL) unknown = attribute->name;
        if (row == NULL || row->offset == 0) continue;
        if (!keep(reader->caex, attribute->value, row->offset, node)) return ERROR_NO_MEMORY;
    }
    if (unknown.length > 0) unknown_attribute(reader, node, unknown);
    for (size_t i = 0; i < ATTRIBUTE_ROWS; i++) {
        const struct attribute_row *row = &attribute_rows[i];
        if (!row->required || !(row->kinds & 1u << node->kind) || text_at(node, row->offset)->length > 0) continue;
        caex_error(reader->caex, node, "<%s> needs the XML attribute %s", element_name(node->kind), row->name);
    }
    return ERROR_NONE;
}

static struct text xml_value(const struct xml_element *element, const char *name) {
    for (size_t i = 0; i < element->attribute_count; i++)
        if (text_is(element->attributes[i].name, name)) return element->attributes[i].value;
    return TEXT_EMPTY;
}

/// Another version has other rules for links and names, so nothing else about the file could be said with sense.
static enum error read_root(struct reader *reader, const struct xml_element *element) {
    struct caex *caex = reader->caex;
    if (!text_is(element->name, "CAEXFile")) {
        caex_error_at(caex, element->line, "the root element is <%.*s>, not <CAEXFile>: this is no AutomationML file",
                      TEXT_ARG(element->name));
        return ERROR_INVALID;
    }
    struct text version = xml_value(element, "SchemaVersion");
    if (!text_is(version, CAEX_VERSION)) {
        caex_error_at(caex, element->line,
                      "SchemaVersion is '%.*s', but a plant needs CAEX " CAEX_VERSION
                      " (AutomationML 2.10); convert the file with the AutomationML Editor",
                      TEXT_ARG(version));
        return ERROR_INVALID;
    }
    if (!text_is(element->space, CAEX_NAMESPACE)) {
        caex_error_at(caex, element->line, "CAEXFile has the namespace '%.*s'; write xmlns=\"" CAEX_NAMESPACE "\"",
                      TEXT_ARG(element->space));
        return ERROR_INVALID;
    }
    reader->node = add_node(reader, CAEX_FILE, element->line);
    if (reader->node == NULL) return ERROR_NO_MEMORY;
    return read_attributes(reader, reader->node, element);
}

static void refuse_element(struct reader *reader, const struct xml_element *element, bool known) {
    const char *parent = element_name(reader->node->kind);
    if (known) {
        caex_error_at(reader->caex, element->line, "<%.*s> cannot stand in <%s>", TEXT_ARG(element->name), parent);
        return;
    }
    const char *names[ELEMENT_ROWS];
    size_t count = 0;
    for (size_t i = 0; i < ELEMENT_ROWS; i++)
        if (element_rows[i].parents & 1u << reader->node->kind) names[count++] = element_rows[i].name;
    caex_error_at(reader->caex, element->line, "CAEX has no element <%.*s> in <%s>%s", TEXT_ARG(element->name), parent,
                  caex_hint(reader->caex, element->name, names, count));
}

static enum error on_start(void *context, const struct xml_element *element) {
    struct reader *reader = context;
    if (reader->passed_over > 0) {
        reader->passed_over++;
        return ERROR_NONE;
    }
    if (reader->node == NULL) return read_root(reader, element);
    if (reader->leaf != NULL) {
        caex_error_at(reader->caex, element->line, "<%.*s> cannot stand in <%s>, which holds text only",
                      TEXT_ARG(element->name), reader->leaf->name);
        reader->passed_over = 1;
        return ERROR_NONE;
    }
    bool foreign = !text_is(element->space, CAEX_NAMESPACE), known;
    const struct element_row *row = foreign ? NULL : find_row(element->name, reader->node->kind, &known);
    if (!foreign && row == NULL) refuse_element(reader, element, known);
    if (row == NULL || row->treatment == PASSED_OVER) {
        reader->passed_over = 1;
        return ERROR_NONE;
    }
    if (row->treatment != NODE) {
        reader->leaf = row;
        reader->leaf_line = element->line;
        buffer_reset(&reader->text);
        return ERROR_NONE;
    }
    reader->node = add_node(reader, row->kind, element->line);
    if (reader->node == NULL) return ERROR_NO_MEMORY;
    return read_attributes(reader, reader->node, element);
}

/// The beginning of a text, for a message.
static struct text beginning(struct text text) {
    enum { BYTES = 40 };
    if (text.length <= BYTES) return text;
    text.length = BYTES;
    while (text.length > 0 && ((unsigned char)text.data[text.length] & 0xC0) == 0x80) text.length--; // whole characters
    return text;
}

static enum error on_text(void *context, struct text piece, unsigned line) {
    struct reader *reader = context;
    if (reader->passed_over > 0) return ERROR_NONE;
    if (reader->leaf != NULL) {
        buffer_text(&reader->text, piece);
        return reader->text.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    }
    piece = text_trim(piece);
    if (piece.length == 0 || reader->stray == reader->node) return ERROR_NONE;
    reader->stray = reader->node;
    bool takes_value = reader->node->kind == CAEX_ATTRIBUTE || reader->node->kind == CAEX_TYPE;
    caex_error_at(reader->caex, line, "text '%.*s' stands in <%s>%s", TEXT_ARG(beginning(piece)),
                  element_name(reader->node->kind), takes_value ? "; put it into <Value>" : "; remove it");
    return ERROR_NONE;
}

static enum error end_leaf(struct reader *reader) {
    const struct element_row *row = reader->leaf;
    reader->leaf = NULL;
    struct caex_node *node = reader->node;
    if (row->treatment == TEXT_NODE) node = add_node(reader, row->kind, reader->leaf_line);
    if (node == NULL) return ERROR_NO_MEMORY;
    if (text_at(node, row->offset)->data != NULL)
        caex_error_at(reader->caex, reader->leaf_line, "a second <%s>; remove one", row->name);
    if (row->offset == FIELD(value)) {
        node->has_value = true;
        node->value_line = reader->leaf_line;
    }
    if (row->offset == FIELD(default_value)) {
        node->has_default = true;
        node->default_line = reader->leaf_line;
    }
    return keep(reader->caex, buffer_view(&reader->text), row->offset, node) ? ERROR_NONE : ERROR_NO_MEMORY;
}

static enum error on_end(void *context) {
    struct reader *reader = context;
    if (reader->passed_over > 0) {
        reader->passed_over--;
        return ERROR_NONE;
    }
    if (reader->leaf != NULL) return end_leaf(reader);
    reader->node = reader->node->parent;
    return ERROR_NONE;
}

enum error caex_read_tree(struct caex *caex, struct text bytes) {
    if (text_starts_with(bytes, TEXT("PK\x03\x04"))) {
        caex_error_at(caex, 0,
                      "this is a ZIP archive, perhaps an AutomationML container (.amlx); unpack the .aml in it");
        return ERROR_INVALID;
    }
    struct reader reader = {.caex = caex};
    const struct xml_limits limits = {.bytes = MODEL_BYTES_MAX, .depth = CAEX_DEPTH_MAX};
    const struct xml_handler handler = {on_start, on_text, on_end};
    unsigned line = 0;
    struct problem problem = {0};
    enum error error = xml_read(bytes, &limits, &handler, &reader, &line, &problem);
    buffer_clear(&reader.text);
    if (problem.text[0] != '\0') caex_error_at(caex, line, "%s", problem.text);
    return error;
}
