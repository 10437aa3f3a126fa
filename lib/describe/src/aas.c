#include "aas.h"

#include <ctype.h>

enum { ID_SHORT_MAX = 100, DESCRIPTION_MAX = 1023 };

// ---------------------------------------------------------------- references

static void put_key(struct json_writer *writer, const char *type, struct text value) {
    json_open_object(writer);
    put_member(writer, "type", type);
    put_text_member(writer, "value", value);
    json_close_object(writer);
}

static void put_semantic(struct json_writer *writer, const char *semantic) {
    if (semantic == NULL) return;
    json_key(writer, "semanticId");
    json_open_object(writer);
    put_member(writer, "type", "ExternalReference");
    json_key(writer, "keys");
    json_open_array(writer);
    put_key(writer, "GlobalReference", text_of(semantic));
    json_close_array(writer);
    json_close_object(writer);
}

static void put_submodel_id(const struct aas *aas, const char *name, struct buffer *out) {
    buffer_text(out, aas->plant->namespace_uri);
    buffer_print(out, ":aas:%s", name);
    if (out->failed) aas->writer->out->failed = true;
}

// ---------------------------------------------------------------- texts

/// At most so many bytes, without a part of a character at the end.
static struct text cut(struct text text, size_t bytes_max) {
    if (text.length <= bytes_max) return text;
    text.length = bytes_max;
    while (text.length > 0 && !text_is_utf8(text)) text.length--;
    return text;
}

static void put_language(struct json_writer *writer, const char *language, struct text text) {
    if (text.length == 0) return;
    json_open_object(writer);
    put_member(writer, "language", language);
    put_text_member(writer, "text", text);
    json_close_object(writer);
}

static void put_description(struct json_writer *writer, struct text text) {
    text = cut(text, DESCRIPTION_MAX);
    if (text.length == 0) return;
    json_key(writer, "description");
    json_open_array(writer);
    put_language(writer, "en", text);
    json_close_array(writer);
}

// ---------------------------------------------------------------- elements

static void open_element(struct aas *aas, const char *type, struct text id_short, const char *semantic) {
    json_open_object(aas->writer);
    put_member(aas->writer, "modelType", type);
    put_text_member(aas->writer, "idShort", id_short);
    put_semantic(aas->writer, semantic);
}

void aas_open_submodel(struct aas *aas, const char *name, const char *id_short, const char *semantic) {
    CLEANUP(buffer_clear) struct buffer id = {0};
    put_submodel_id(aas, name, &id);
    open_element(aas, "Submodel", text_of(id_short), semantic);
    put_text_member(aas->writer, "id", buffer_view(&id));
    put_member(aas->writer, "kind", "Instance");
    json_key(aas->writer, "submodelElements");
    json_open_array(aas->writer);
}

void aas_close_submodel(struct aas *aas) {
    json_close_array(aas->writer);
    json_close_object(aas->writer);
}

void aas_open_collection(struct aas *aas, struct text id_short, const char *semantic) {
    open_element(aas, "SubmodelElementCollection", id_short, semantic);
    json_key(aas->writer, "value");
    json_open_array(aas->writer);
}

void aas_close_collection(struct aas *aas) {
    json_close_array(aas->writer);
    json_close_object(aas->writer);
}

void aas_property(struct aas *aas, const char *id_short, const char *semantic, const char *type, struct text value) {
    open_element(aas, "Property", text_of(id_short), semantic);
    put_member(aas->writer, "valueType", type);
    put_text_member(aas->writer, "value", value);
    json_close_object(aas->writer);
}

static const char *xsd_type(enum value_type type) {
    static const char *const names[] = {
        [VALUE_NULL] = "xs:string",          [VALUE_BOOL] = "xs:boolean",       [VALUE_INT32] = "xs:int",
        [VALUE_UINT16] = "xs:unsignedShort", [VALUE_UINT32] = "xs:unsignedInt", [VALUE_DOUBLE] = "xs:double",
        [VALUE_STRING] = "xs:string",
    };
    return names[type];
}

void aas_field(struct aas *aas, struct text id_short, enum value_type type, struct text value, struct text unit,
               struct text description) {
    open_element(aas, "Property", id_short, NULL);
    put_description(aas->writer, description);
    if (unit.length > 0) {
        json_key(aas->writer, "qualifiers");
        json_open_array(aas->writer);
        json_open_object(aas->writer);
        put_member(aas->writer, "kind", "ValueQualifier");
        put_member(aas->writer, "type", "unit");
        put_member(aas->writer, "valueType", "xs:string");
        put_text_member(aas->writer, "value", unit);
        json_close_object(aas->writer);
        json_close_array(aas->writer);
    }
    put_member(aas->writer, "valueType", xsd_type(type));
    put_text_member(aas->writer, "value", value);
    json_close_object(aas->writer);
}

void aas_text(struct aas *aas, const char *id_short, const char *semantic, struct text english, struct text german) {
    if (english.length == 0) return;
    open_element(aas, "MultiLanguageProperty", text_of(id_short), semantic);
    json_key(aas->writer, "value");
    json_open_array(aas->writer);
    put_language(aas->writer, "en", cut(english, DESCRIPTION_MAX));
    put_language(aas->writer, "de", cut(german, DESCRIPTION_MAX));
    json_close_array(aas->writer);
    json_close_object(aas->writer);
}

void aas_file(struct aas *aas, const char *id_short, const char *path, const char *media_type) {
    open_element(aas, "File", text_of(id_short), NULL);
    put_member(aas->writer, "contentType", media_type);
    put_member(aas->writer, "value", path);
    json_close_object(aas->writer);
}

void aas_interface_reference(struct aas *aas, const char *id_short, const char *interface, struct text property) {
    CLEANUP(buffer_clear) struct buffer submodel = {0};
    put_submodel_id(aas, AAS_INTERFACES, &submodel);
    open_element(aas, "ReferenceElement", text_of(id_short), NULL);
    json_key(aas->writer, "value");
    json_open_object(aas->writer);
    put_member(aas->writer, "type", "ModelReference");
    json_key(aas->writer, "keys");
    json_open_array(aas->writer);
    put_key(aas->writer, "Submodel", buffer_view(&submodel));
    put_key(aas->writer, "SubmodelElementCollection", text_of(interface));
    put_key(aas->writer, "SubmodelElementCollection", TEXT("InteractionMetadata"));
    put_key(aas->writer, "SubmodelElementCollection", TEXT("properties"));
    put_key(aas->writer, "SubmodelElementCollection", property);
    json_close_array(aas->writer);
    json_close_object(aas->writer);
    json_close_object(aas->writer);
}

// ---------------------------------------------------------------- idShorts

/// As an idShort without its place; what is no letter or digit becomes `_`.
static void put_plain_id(struct text name, struct buffer *out) {
    name = cut(name, ID_SHORT_MAX);
    if (name.length == 0 || !isalpha((unsigned char)name.data[0])) buffer_string(out, "x_");
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        buffer_byte(out, isascii(byte) && isalnum(byte) ? (char)byte : '_');
    }
    if (name.length == 1) buffer_byte(out, '_'); // some tools want two characters
}

void aas_id_short(struct text name, size_t place, bool unique, struct buffer *out) {
    put_plain_id(name, out);
    if (!unique) buffer_print(out, "_%zu", place);
}

/// Such a name is its own idShort.
static bool is_plain(struct text name) {
    if (name.length < 2 || name.length > ID_SHORT_MAX || !isalpha((unsigned char)name.data[0])) return false;
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (byte != '_' && !(isascii(byte) && isalnum(byte))) return false;
    }
    return true;
}

static bool have_same_id(struct text a, struct text b) {
    if (is_plain(a) && is_plain(b)) return text_equal(a, b);
    CLEANUP(buffer_clear) struct buffer one = {0}, other = {0};
    put_plain_id(a, &one);
    put_plain_id(b, &other);
    return text_equal(buffer_view(&one), buffer_view(&other));
}

void aas_element_id(const struct plant_element *element, struct buffer *out) {
    const struct plant_element *parent = element->parent;
    bool unique = true;
    size_t place = 0;
    for (size_t i = 0; i < parent->child_count; i++) {
        const struct plant_element *sibling = parent->children[i];
        if (sibling == element) place = i;
        if (sibling != element && have_same_id(sibling->name, element->name)) unique = false;
    }
    aas_id_short(element->name, place, unique, out);
}

void aas_thing_id(const struct inventory *inventory, size_t thing, struct buffer *out) {
    bool unique = true;
    for (size_t i = 0; i < inventory->thing_count; i++)
        if (i != thing && have_same_id(inventory->things[i].name, inventory->things[thing].name)) unique = false;
    aas_id_short(inventory->things[thing].name, thing, unique, out);
}

void aas_leaf_id(const struct thing *thing, size_t leaf, struct buffer *out) {
    bool unique = true;
    for (size_t i = 0; i < thing->leaf_count; i++)
        if (i != leaf && have_same_id(thing->leaves[i].path, thing->leaves[leaf].path)) unique = false;
    aas_id_short(thing->leaves[leaf].path, leaf, unique, out);
}

void aas_property_id(const struct inventory *inventory, size_t thing, size_t leaf, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    aas_thing_id(inventory, thing, &name);
    buffer_string(&name, "_");
    aas_leaf_id(&inventory->things[thing], leaf, &name);
    if (name.failed) out->failed = true;
    bool fits = name.length <= ID_SHORT_MAX;
    buffer_text(out, cut(buffer_view(&name), ID_SHORT_MAX));
    if (!fits) buffer_print(out, "_%zu_%zu", thing, leaf);
}

bool aas_has_values(const struct inventory *inventory) {
    for (size_t i = 0; i < inventory->thing_count; i++)
        if (inventory->things[i].leaf_count > 0) return true;
    return false;
}
