// What CAEX 2.15 and 3.0 consist of: which XML element may stand in which, and what becomes of it.
#include "caex.h"

#define OF(kind) ((caex_kinds)1 << CAEX_##kind)
#define CAEX_ALL (((caex_kinds)1 << (CAEX_KINDS - 1) << 1) - 1)
#define CLASSES (OF(INTERFACE_CLASS) | OF(ROLE_CLASS) | OF(UNIT_CLASS))
#define LIBRARIES (OF(INTERFACE_LIB) | OF(ROLE_LIB) | OF(UNIT_LIB) | OF(TYPE_LIB))
#define ANY_ATTRIBUTE (OF(ATTRIBUTE) | OF(TYPE))
#define MAPPINGS (OF(ATTRIBUTE_MAPPING) | OF(INTERFACE_MAPPING) | OF(INTERFACE_NAME_MAPPING))
#define NAMED                                                                                                          \
    (OF(HIERARCHY) | OF(ELEMENT) | OF(INTERFACE) | OF(LINK) | OF(CONSTRAINT) | ANY_ATTRIBUTE | CLASSES | LIBRARIES)

_Static_assert(CAEX_KINDS <= 32, "a set of kinds has a bit for each");

#define FIELD(name) offsetof(struct caex_node, name)
static const struct element_row element_rows[] = {
    // the frequent ones first: a large file asks a million times
    {TEXT("Attribute"), NODE, CAEX_ATTRIBUTE,
     ANY_ATTRIBUTE | CLASSES | OF(ELEMENT) | OF(INTERFACE) | OF(ROLE_REQUIREMENT), 0},
    {TEXT("Value"), TEXT_OF_NODE, 0, ANY_ATTRIBUTE, FIELD(value)},
    {TEXT("Description"), TEXT_OF_NODE, 0, CAEX_ALL, FIELD(description)},
    {TEXT("ExternalInterface"), NODE, CAEX_INTERFACE, CLASSES | OF(ELEMENT) | OF(INTERFACE) | OF(ROLE_REQUIREMENT), 0},
    {TEXT("InternalElement"), NODE, CAEX_ELEMENT, OF(HIERARCHY) | OF(ELEMENT) | OF(UNIT_CLASS), 0},
    {TEXT("RoleRequirements"), NODE, CAEX_ROLE_REQUIREMENT, OF(ELEMENT), 0},
    {TEXT("InternalLink"), NODE, CAEX_LINK, OF(ELEMENT) | OF(UNIT_CLASS), 0},
    {TEXT("SupportedRoleClass"), NODE, CAEX_SUPPORTED_ROLE, OF(ELEMENT) | OF(UNIT_CLASS), 0},
    {TEXT("DefaultValue"), TEXT_OF_NODE, 0, ANY_ATTRIBUTE, FIELD(default_value)},
    {TEXT("RefSemantic"), NODE, CAEX_SEMANTIC, ANY_ATTRIBUTE, 0},
    {TEXT("Constraint"), NODE, CAEX_CONSTRAINT, ANY_ATTRIBUTE, 0},
    {TEXT("NominalScaledType"), NODE, CAEX_NOMINAL, OF(CONSTRAINT), 0},
    {TEXT("OrdinalScaledType"), NODE, CAEX_ORDINAL, OF(CONSTRAINT), 0},
    {TEXT("UnknownType"), NODE, CAEX_UNKNOWN_TYPE, OF(CONSTRAINT), 0},
    {TEXT("RequiredValue"), TEXT_NODE, CAEX_REQUIRED_VALUE, OF(NOMINAL) | OF(ORDINAL), FIELD(value)},
    {TEXT("RequiredMaxValue"), TEXT_NODE, CAEX_REQUIRED_MAX, OF(ORDINAL), FIELD(value)},
    {TEXT("RequiredMinValue"), TEXT_NODE, CAEX_REQUIRED_MIN, OF(ORDINAL), FIELD(value)},
    {TEXT("Requirements"), TEXT_NODE, CAEX_REQUIREMENTS, OF(UNKNOWN_TYPE), FIELD(value)},
    {TEXT("InterfaceClass"), NODE, CAEX_INTERFACE_CLASS, OF(INTERFACE_LIB) | OF(INTERFACE_CLASS), 0},
    {TEXT("RoleClass"), NODE, CAEX_ROLE_CLASS, OF(ROLE_LIB) | OF(ROLE_CLASS), 0},
    {TEXT("SystemUnitClass"), NODE, CAEX_UNIT_CLASS, OF(UNIT_LIB) | OF(UNIT_CLASS), 0},
    {TEXT("AttributeType"), NODE, CAEX_TYPE, OF(TYPE_LIB) | OF(TYPE), 0},
    {TEXT("MappingObject"), NODE, CAEX_MAPPING, OF(ROLE_REQUIREMENT) | OF(SUPPORTED_ROLE) | OF(ELEMENT), 0},
    {TEXT("AttributeNameMapping"), NODE, CAEX_ATTRIBUTE_MAPPING, OF(MAPPING), 0},
    {TEXT("InterfaceIDMapping"), NODE, CAEX_INTERFACE_MAPPING, OF(MAPPING), 0},
    {TEXT("InterfaceNameMapping"), NODE, CAEX_INTERFACE_NAME_MAPPING, OF(MAPPING), 0},
    {TEXT("InstanceHierarchy"), NODE, CAEX_HIERARCHY, OF(FILE), 0},
    {TEXT("InterfaceClassLib"), NODE, CAEX_INTERFACE_LIB, OF(FILE), 0},
    {TEXT("RoleClassLib"), NODE, CAEX_ROLE_LIB, OF(FILE), 0},
    {TEXT("SystemUnitClassLib"), NODE, CAEX_UNIT_LIB, OF(FILE), 0},
    {TEXT("AttributeTypeLib"), NODE, CAEX_TYPE_LIB, OF(FILE), 0},
    {TEXT("ExternalReference"), NODE, CAEX_EXTERNAL_REFERENCE, OF(FILE), 0},
    {TEXT("CAEXFile"), NODE, CAEX_FILE, 0, 0},
    {TEXT("Version"), TEXT_OF_NODE, 0, OF(HIERARCHY) | LIBRARIES | CLASSES, FIELD(version)},
    {TEXT("Version"), EXTENSION, 0, CAEX_ALL, 0},
    {TEXT("Copyright"), EXTENSION, 0, CAEX_ALL, 0},
    {TEXT("Revision"), EXTENSION, 0, CAEX_ALL, 0},
    {TEXT("AdditionalInformation"), EXTENSION, 0, CAEX_ALL, 0},
    {TEXT("SourceObjectInformation"), EXTENSION, 0, CAEX_ALL, 0},
    {TEXT("SourceDocumentInformation"), EXTENSION, 0, OF(FILE), 0},
    {TEXT("SuperiorStandardVersion"), EXTENSION, 0, OF(FILE), 0},
};
enum { ELEMENT_ROWS = sizeof element_rows / sizeof element_rows[0] };
_Static_assert((int)ELEMENT_ROWS <= (int)CAEX_ROWS_MAX, "the names fit");

static const struct attribute_row attribute_rows[] = {
    {TEXT("Name"), NAMED, FIELD(name), true},
    {TEXT("ID"), CAEX_ALL, FIELD(id), false},
    {TEXT("AttributeDataType"), ANY_ATTRIBUTE, FIELD(data_type), false},
    {TEXT("RefAttributeType"), ANY_ATTRIBUTE, FIELD(reference), false},
    {TEXT("Unit"), ANY_ATTRIBUTE, FIELD(unit), false},
    {TEXT("RefBaseClassPath"), CLASSES | OF(INTERFACE), FIELD(reference), false},
    {TEXT("RefBaseSystemUnitPath"), OF(ELEMENT), FIELD(reference), false},
    {TEXT("RefBaseRoleClassPath"), OF(ROLE_REQUIREMENT), FIELD(reference), false},
    {TEXT("RefRoleClassPath"), OF(SUPPORTED_ROLE), FIELD(reference), true},
    {TEXT("RefPartnerSideA"), OF(LINK), FIELD(side_a), true},
    {TEXT("RefPartnerSideB"), OF(LINK), FIELD(side_b), true},
    {TEXT("CorrespondingAttributePath"), OF(SEMANTIC), FIELD(reference), true},
    {TEXT("SystemUnitAttributeName"), OF(ATTRIBUTE_MAPPING), FIELD(reference), true},
    {TEXT("RoleAttributeName"), OF(ATTRIBUTE_MAPPING), FIELD(mapped_role), true},
    {TEXT("SystemUnitInterfaceID"), OF(INTERFACE_MAPPING), FIELD(reference), true},
    {TEXT("RoleInterfaceID"), OF(INTERFACE_MAPPING), FIELD(mapped_role), true},
    {TEXT("SystemUnitInterfaceName"), OF(INTERFACE_NAME_MAPPING), FIELD(reference), true},
    {TEXT("RoleInterfaceName"), OF(INTERFACE_NAME_MAPPING), FIELD(mapped_role), true},
    {TEXT("Alias"), OF(EXTERNAL_REFERENCE), FIELD(name), true},
    {TEXT("Path"), OF(EXTERNAL_REFERENCE), FIELD(reference), true},
    {TEXT("ChangeMode"), CAEX_ALL, 0, false},
    {TEXT("SchemaVersion"), OF(FILE), 0, false},
    {TEXT("FileName"), OF(FILE), FIELD(name), false},
};
enum { ATTRIBUTE_ROWS = sizeof attribute_rows / sizeof attribute_rows[0] };

const char *caex_kind_name(enum caex_kind kind) {
    static const char *const names[CAEX_KINDS] = {
#define X(kind, element) [CAEX_##kind] = element,
        CAEX_KIND_TABLE(X)
#undef X
    };
    return names[kind];
}

const struct element_row *caex_element_row(struct text name, enum caex_kind parent, bool *ret_known) {
    *ret_known = false;
    for (size_t i = 0; i < ELEMENT_ROWS; i++) {
        if (!text_equal(name, element_rows[i].name)) continue;
        *ret_known = true;
        if (element_rows[i].parents & (caex_kinds)1 << parent) return &element_rows[i];
    }
    return NULL;
}

const struct attribute_row *caex_attribute_row(struct text name, enum caex_kind kind) {
    for (size_t i = 0; i < ATTRIBUTE_ROWS; i++)
        if (attribute_rows[i].kinds & (caex_kinds)1 << kind && text_equal(name, attribute_rows[i].name))
            return &attribute_rows[i];
    return NULL;
}

const struct attribute_row *caex_attribute_rows(size_t *ret_count) {
    *ret_count = ATTRIBUTE_ROWS;
    return attribute_rows;
}

const char *caex_element_home(struct text name) {
    for (size_t i = 0; i < ELEMENT_ROWS; i++)
        for (size_t kind = 0; kind < CAEX_KINDS && text_equal(name, element_rows[i].name); kind++)
            if (element_rows[i].parents & (caex_kinds)1 << kind) return caex_kind_name((enum caex_kind)kind);
    return "AdditionalInformation";
}

size_t caex_element_names(enum caex_kind parent, const char *names[CAEX_ROWS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < ELEMENT_ROWS; i++)
        if (element_rows[i].parents & (caex_kinds)1 << parent) names[count++] = element_rows[i].name.data;
    return count;
}

size_t caex_attribute_names(enum caex_kind kind, const char *names[CAEX_ROWS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < ATTRIBUTE_ROWS; i++)
        if (attribute_rows[i].kinds & (caex_kinds)1 << kind) names[count++] = attribute_rows[i].name.data;
    return count;
}
