// A document back into XML, as CAEX 3.0 whatever it was.
#include "caex.h"

#include <string.h>

#define CAEX_NAMESPACE "http://www.dke.de/CAEX"

/// In this order the schema wants children, of whichever parent they are; what stands before them is the header.
static const enum caex_kind child_order[] = {
    CAEX_EXTERNAL_REFERENCE,
    CAEX_HIERARCHY,
    CAEX_INTERFACE_LIB,
    CAEX_ROLE_LIB,
    CAEX_UNIT_LIB,
    CAEX_TYPE_LIB,
    CAEX_SEMANTIC,
    CAEX_CONSTRAINT,
    CAEX_ATTRIBUTE,
    CAEX_INTERFACE,
    CAEX_ELEMENT,
    CAEX_SUPPORTED_ROLE,
    CAEX_LINK,
    CAEX_ROLE_REQUIREMENT,
    CAEX_MAPPING,
    CAEX_ATTRIBUTE_MAPPING,
    CAEX_INTERFACE_MAPPING,
    CAEX_INTERFACE_NAME_MAPPING,
    CAEX_INTERFACE_CLASS,
    CAEX_ROLE_CLASS,
    CAEX_UNIT_CLASS,
    CAEX_TYPE,
    CAEX_NOMINAL,
    CAEX_ORDINAL,
    CAEX_UNKNOWN_TYPE,
    CAEX_REQUIRED_MAX,
    CAEX_REQUIRED_VALUE,
    CAEX_REQUIRED_MIN,
    CAEX_REQUIREMENTS,
};
enum { CHILD_KINDS = sizeof child_order / sizeof child_order[0] };

struct writer {
    const struct caex *caex;
    struct buffer *out;
    struct map *linked; // interfaces without ID that a link leads to; the key is the pointer
};

// ---------------------------------------------------------------- XML

static void put_indent(struct writer *writer, unsigned depth) {
    for (unsigned i = 0; i < depth; i++) buffer_string(writer->out, "  ");
}

#define REPLACEMENT "\xEF\xBF\xBD" // U+FFFD, for what XML cannot have

/// U+FFFE and U+FFFF.
static bool is_no_character(struct text text) {
    return text_starts_with(text, TEXT("\xEF\xBF\xBE")) || text_starts_with(text, TEXT("\xEF\xBF\xBF"));
}

void caex_escape(struct text text, bool attribute, struct buffer *out) {
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (byte == '&')
            buffer_string(out, "&amp;");
        else if (byte == '<')
            buffer_string(out, "&lt;");
        else if (byte == '>')
            buffer_string(out, "&gt;");
        else if (byte == '\r' || (attribute && (byte == '"' || byte == '\n' || byte == '\t')))
            buffer_print(out, "&#%d;", byte);
        else if ((unsigned char)byte < ' ' && byte != '\n' && byte != '\t')
            buffer_string(out, REPLACEMENT);
        else if (is_no_character(text_from(text, i))) {
            buffer_string(out, REPLACEMENT);
            i += 2;
        } else
            buffer_byte(out, byte);
    }
}

static void put_attribute(struct writer *writer, struct text name, struct text value) {
    buffer_print(writer->out, " %.*s=\"", TEXT_ARG(name));
    caex_escape(value, true, writer->out);
    buffer_byte(writer->out, '"');
}

static void put_text_element(struct writer *writer, unsigned depth, const char *name, struct text value) {
    put_indent(writer, depth);
    buffer_print(writer->out, "<%s>", name);
    caex_escape(value, false, writer->out);
    buffer_print(writer->out, "</%s>\n", name);
}

// ---------------------------------------------------------------- extensions

static struct text space_of(const struct caex_node *extension) {
    return extension->reference.data == NULL ? TEXT(CAEX_NAMESPACE) : extension->reference;
}

static const struct caex_node *first_inside(const struct caex_node *extension) {
    return caex_first(extension, CAEX_EXTENSION);
}

static void put_extension(struct writer *writer, unsigned depth, const struct caex_node *node, struct text space) {
    if (node->name.length == 0) { // a text among elements
        put_indent(writer, depth);
        caex_escape(node->value, false, writer->out);
        buffer_byte(writer->out, '\n');
        return;
    }
    put_indent(writer, depth);
    buffer_print(writer->out, "<%.*s", TEXT_ARG(node->name));
    if (!text_equal(space_of(node), space)) put_attribute(writer, TEXT("xmlns"), space_of(node));
    const struct caex_node *at = caex_first(node, CAEX_EXTENSION_ATTRIBUTE);
    for (; at != NULL; at = caex_next(at)) put_attribute(writer, at->name, at->value);
    if (!node->has_value && first_inside(node) == NULL) {
        buffer_string(writer->out, "/>\n");
        return;
    }
    buffer_byte(writer->out, '>');
    caex_escape(node->value, false, writer->out);
    if (first_inside(node) != NULL) {
        buffer_byte(writer->out, '\n');
        for (at = first_inside(node); at != NULL; at = caex_next(at))
            put_extension(writer, depth + 1, at, space_of(node));
        put_indent(writer, depth);
    }
    buffer_print(writer->out, "</%.*s>\n", TEXT_ARG(node->name));
}

/// Extensions that CAEX knows, in the order of its header.
static const char *const header_names[] = {"Version", "Revision", "Copyright", "AdditionalInformation",
                                           "SourceObjectInformation"};
static const char *const file_names[] = {"SuperiorStandardVersion", "SourceDocumentInformation"};
enum { HEADER_NAMES = sizeof header_names / sizeof header_names[0], FILE_NAMES = 2 };

static bool is_known(const struct caex_node *extension) {
    if (extension->reference.data != NULL) return false;
    for (size_t i = 0; i < HEADER_NAMES; i++)
        if (text_is(extension->name, header_names[i])) return true;
    for (size_t i = 0; i < FILE_NAMES && extension->parent->kind == CAEX_FILE; i++)
        if (text_is(extension->name, file_names[i])) return true;
    return false;
}

static const struct caex_node *named_extension(const struct caex_node *from, const char *name) {
    while (from != NULL && (from->reference.data != NULL || !text_is(from->name, name))) from = caex_next(from);
    return from;
}

static void put_named(struct writer *writer, unsigned depth, const struct caex_node *node, const char *name) {
    const struct caex_node *at = named_extension(caex_first(node, CAEX_EXTENSION), name);
    for (; at != NULL; at = named_extension(caex_next(at), name))
        put_extension(writer, depth, at, TEXT(CAEX_NAMESPACE));
}

static bool is_prefix(const struct caex_node *attribute) {
    return text_is(attribute->reference, CAEX_XMLNS_SPACE);
}

/// Prefixes are declared where they were: names and values inside may have them.
static void put_prefixes(struct writer *writer, const struct caex_node *node) {
    const struct caex_node *at = caex_first(node, CAEX_EXTENSION_ATTRIBUTE);
    for (; at != NULL; at = caex_next(at))
        if (is_prefix(at)) put_attribute(writer, at->name, at->value);
}

/// What tools add where CAEX has no place for it goes where CAEX has one for anything.
static void put_unknown(struct writer *writer, unsigned depth, const struct caex_node *node) {
    const struct caex_node *at = caex_first(node, CAEX_EXTENSION_ATTRIBUTE);
    while (at != NULL && is_prefix(at)) at = caex_next(at);
    if (at != NULL) {
        put_indent(writer, depth);
        buffer_string(writer->out, "<AdditionalInformation");
        for (; at != NULL; at = caex_next(at))
            if (!is_prefix(at)) put_attribute(writer, at->name, at->value);
        buffer_string(writer->out, "/>\n");
    }
    for (at = caex_first(node, CAEX_EXTENSION); at != NULL; at = caex_next(at)) {
        if (is_known(at)) continue;
        put_indent(writer, depth);
        buffer_string(writer->out, "<AdditionalInformation>\n");
        put_extension(writer, depth + 1, at, TEXT(CAEX_NAMESPACE));
        put_indent(writer, depth);
        buffer_string(writer->out, "</AdditionalInformation>\n");
    }
}

// ---------------------------------------------------------------- what another version has otherwise

/// "2012-02-20", as CAEX 2.15 allows it, is no xs:dateTime.
static void put_time(struct writer *writer, struct text time) {
    enum { DATE_LENGTH = 10 };
    time = text_trim(time);
    CLEANUP(buffer_clear) struct buffer whole = {0};
    buffer_text(&whole, time.length == 0 ? TEXT("1970-01-01T00:00:00Z") : time);
    if (time.length == DATE_LENGTH) buffer_string(&whole, "T00:00:00");
    put_attribute(writer, TEXT("LastWritingDateTime"), buffer_view(&whole));
}

/// One per writer header of CAEX 2.15; the schema wants at least one.
static void put_origin(struct writer *writer, const struct caex_node *header) {
    static const struct {
        const char *old;
        struct text name;
        bool required;
    } rows[] = {{"WriterName", TEXT("OriginName"), true},
                {"WriterID", TEXT("OriginID"), true},
                {"WriterVendor", TEXT("OriginVendor"), false},
                {"WriterVendorURL", TEXT("OriginVendorURL"), false},
                {"WriterVersion", TEXT("OriginVersion"), true},
                {"WriterRelease", TEXT("OriginRelease"), false},
                {"WriterProjectTitle", TEXT("OriginProjectTitle"), false},
                {"WriterProjectID", TEXT("OriginProjectID"), false}};
    const struct caex_node *inside = header == NULL ? NULL : first_inside(header), *at;
    buffer_string(writer->out, "  <SourceDocumentInformation");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        at = named_extension(inside, rows[i].old);
        if (at != NULL)
            put_attribute(writer, rows[i].name, at->value);
        else if (rows[i].required)
            put_attribute(writer, rows[i].name, TEXT("unknown"));
    }
    at = named_extension(inside, "LastWritingDateTime");
    put_time(writer, at == NULL ? TEXT_EMPTY : at->value);
    buffer_string(writer->out, "/>\n");
}

static void put_origins(struct writer *writer, const struct caex_node *file) {
    const struct caex_node *extensions = caex_first(file, CAEX_EXTENSION), *at;
    if (named_extension(extensions, "SourceDocumentInformation") != NULL) return;
    size_t count = 0;
    for (at = named_extension(extensions, "AdditionalInformation"); at != NULL;
         at = named_extension(caex_next(at), "AdditionalInformation")) {
        const struct caex_node *header = named_extension(first_inside(at), "WriterHeader");
        if (header == NULL) continue;
        put_origin(writer, header);
        count++;
    }
    if (count == 0) put_origin(writer, NULL);
}

static void put_file_header(struct writer *writer, const struct caex_node *file) {
    if (!text_is(writer->caex->version, "3.0"))
        put_text_element(writer, 1, "SuperiorStandardVersion", TEXT("AutomationML 2.10"));
    for (size_t i = 0; i < FILE_NAMES; i++) put_named(writer, 1, file, file_names[i]);
    put_origins(writer, file);
}

void caex_make_id(struct text seed, struct buffer *out) {
    uint64_t halves[] = {14695981039346656037U, 1099511628211U * 3};
    for (size_t i = 0; i < seed.length * 2; i++) {
        uint64_t *half = &halves[i % 2];
        *half = (*half ^ (unsigned char)seed.data[i / 2]) * 1099511628211U;
        *half ^= *half >> 29;
    }
    halves[0] = (halves[0] & ~UINT64_C(0xF000)) | UINT64_C(0x8000);
    halves[1] = (halves[1] & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    buffer_print(out, "%08llx-%04llx-%04llx-%04llx-%012llx", (unsigned long long)(halves[0] >> 32),
                 (unsigned long long)(halves[0] >> 16 & 0xFFFF), (unsigned long long)(halves[0] & 0xFFFF),
                 (unsigned long long)(halves[1] >> 48), (unsigned long long)(halves[1] & 0xFFFFFFFFFFFF));
}

/// The same for the same place. Names may be doubled, also in one line, so the element's ID counts as well.
static void put_made_id(const struct caex_node *node, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    caex_path(node, &path);
    buffer_print(&path, "#%u", node->line);
    const struct caex_node *owner = node;
    while (owner != NULL && owner->id.length == 0) owner = owner->parent;
    if (owner != NULL) buffer_text(&path, owner->id);
    caex_make_id(buffer_view(&path), out);
}

static struct text pointer_key(const struct caex_node *const *node) {
    return (struct text){(const char *)node, sizeof *node};
}

static void put_id(struct writer *writer, const struct caex_node *node) {
    if (node->id.length > 0) {
        put_attribute(writer, TEXT("ID"), node->id);
        return;
    }
    if (map_get(writer->linked, pointer_key(&node)) == NULL) return;
    CLEANUP(buffer_clear) struct buffer id = {0};
    put_made_id(node, &id);
    put_attribute(writer, TEXT("ID"), buffer_view(&id));
}

static void put_side(struct writer *writer, struct text name, struct text side, const struct caex_node *partner) {
    if (partner == NULL || partner->kind != CAEX_INTERFACE) {
        put_attribute(writer, name, side);
        return;
    }
    CLEANUP(buffer_clear) struct buffer id = {0};
    if (partner->id.length > 0)
        buffer_text(&id, partner->id);
    else
        put_made_id(partner, &id);
    put_attribute(writer, name, buffer_view(&id));
}

static enum error find_linked(struct writer *writer) {
    const struct caex_node *root = writer->caex->root;
    for (const struct caex_node *node = root; node != NULL; node = caex_walk(root, (struct caex_node *)node)) {
        if (node->kind != CAEX_LINK) continue;
        const struct caex_node *partners[] = {node->partner_a, node->partner_b};
        for (size_t i = 0; i < 2; i++) {
            if (partners[i] == NULL || partners[i]->kind != CAEX_INTERFACE || partners[i]->id.length > 0) continue;
            enum error error = map_set(writer->linked, pointer_key(&partners[i]), writer);
            if (error) return error;
        }
    }
    return ERROR_NONE;
}

/// CAEX 2.15 maps interfaces by name, and has the mapping in the element.
static struct text mapped_interface(const struct caex_node *mapping) {
    if (mapping->kind != CAEX_INTERFACE_NAME_MAPPING) return mapping->reference;
    const struct caex_node *owner = mapping->parent;
    while (owner->kind != CAEX_ELEMENT && owner->kind != CAEX_UNIT_CLASS && owner->parent != NULL)
        owner = owner->parent;
    const struct caex_node *interface = caex_child(owner, CAEX_INTERFACE, mapping->reference);
    return interface == NULL || interface->id.length == 0 ? mapping->reference : interface->id;
}

static const struct caex_node *moved_mapping(const struct caex_node *requirement) {
    bool first = caex_first(requirement->parent, CAEX_ROLE_REQUIREMENT) == requirement;
    return first && caex_first(requirement, CAEX_MAPPING) == NULL ? caex_first(requirement->parent, CAEX_MAPPING)
                                                                  : NULL;
}

// ---------------------------------------------------------------- nodes

static void put_xml_attributes(struct writer *writer, const struct caex_node *node) {
    static const char *const changes[] = {
        [CHANGE_CREATE] = "create", [CHANGE_DELETE] = "delete", [CHANGE_CHANGE] = "change"};
    size_t count;
    const struct attribute_row *rows = caex_attribute_rows(&count);
    for (size_t i = 0; i < count; i++) {
        size_t offset = rows[i].offset;
        if (!(rows[i].kinds & (caex_kinds)1 << node->kind) || offset == 0 || offset == offsetof(struct caex_node, id))
            continue;
        struct text value = *(const struct text *)((const char *)node + offset);
        if (node->kind != CAEX_LINK || offset == offsetof(struct caex_node, name)) {
            if (value.length > 0 || rows[i].required) put_attribute(writer, rows[i].name, value);
        } else
            put_side(writer, rows[i].name, value,
                     offset == offsetof(struct caex_node, side_a) ? node->partner_a : node->partner_b);
    }
    put_id(writer, node);
    if (node->change != CHANGE_STATE) put_attribute(writer, TEXT("ChangeMode"), text_of(changes[node->change]));
}

/// What a start tag has that depends on the kind.
static void put_start(struct writer *writer, const struct caex_node *node) {
    struct buffer *out = writer->out;
    switch (node->kind) {
    case CAEX_FILE:
        buffer_string(out, "<CAEXFile xmlns=\"" CAEX_NAMESPACE "\" SchemaVersion=\"3.0\"");
        put_attribute(writer, TEXT("FileName"), node->name.length == 0 ? TEXT("unnamed.aml") : node->name);
        put_prefixes(writer, node);
        return;
    case CAEX_INTERFACE_NAME_MAPPING:
        buffer_string(out, "<InterfaceIDMapping");
        put_attribute(writer, TEXT("SystemUnitInterfaceID"), mapped_interface(node));
        put_attribute(writer, TEXT("RoleInterfaceID"), node->mapped_role);
        put_prefixes(writer, node);
        return;
    case CAEX_ROLE_REQUIREMENT:
        buffer_string(out, "<RoleRequirements");
        if (node->reference.length == 0) put_attribute(writer, TEXT("RefBaseRoleClassPath"), TEXT_EMPTY);
        break;
    default: buffer_print(out, "<%s", caex_kind_name(node->kind));
    }
    put_xml_attributes(writer, node);
    put_prefixes(writer, node);
}

static bool has_version(const struct caex_node *node) {
    switch (node->kind) {
    case CAEX_HIERARCHY:
    case CAEX_INTERFACE_LIB:
    case CAEX_ROLE_LIB:
    case CAEX_UNIT_LIB:
    case CAEX_TYPE_LIB:
    case CAEX_INTERFACE_CLASS:
    case CAEX_ROLE_CLASS:
    case CAEX_UNIT_CLASS: return node->version.data != NULL;
    default: return false;
    }
}

static void put_node(struct writer *writer, unsigned depth, const struct caex_node *node);

/// The mapping of an element of CAEX 2.15 that has no role requirement to put it in.
static void put_homeless_mapping(struct writer *writer, unsigned depth, const struct caex_node *node) {
    const struct caex_node *mapping = caex_first(node, CAEX_MAPPING);
    const struct caex_node *requirement = caex_first(node, CAEX_ROLE_REQUIREMENT);
    if (node->kind != CAEX_ELEMENT || mapping == NULL) return;
    if (requirement != NULL && moved_mapping(requirement) == mapping) return;
    put_indent(writer, depth);
    buffer_string(writer->out, "<AdditionalInformation>\n");
    put_node(writer, depth + 1, mapping);
    put_indent(writer, depth);
    buffer_string(writer->out, "</AdditionalInformation>\n");
}

static void put_header(struct writer *writer, unsigned depth, const struct caex_node *node) {
    if (node->description.data != NULL) put_text_element(writer, depth, "Description", node->description);
    if (has_version(node)) put_text_element(writer, depth, "Version", node->version);
    for (size_t i = 0; i < HEADER_NAMES; i++) {
        put_named(writer, depth, node, header_names[i]);
        if (strcmp(header_names[i], "AdditionalInformation") != 0) continue;
        put_unknown(writer, depth, node);
        put_homeless_mapping(writer, depth, node);
    }
    if (node->kind == CAEX_FILE) put_file_header(writer, node);
    if (node->kind != CAEX_ATTRIBUTE && node->kind != CAEX_TYPE) return;
    if (node->has_default) put_text_element(writer, depth, "DefaultValue", node->default_value);
    if (node->has_value) put_text_element(writer, depth, "Value", node->value);
}

static bool is_text(enum caex_kind kind) {
    return kind == CAEX_REQUIRED_VALUE || kind == CAEX_REQUIRED_MAX || kind == CAEX_REQUIRED_MIN ||
           kind == CAEX_REQUIREMENTS;
}

static void put_children(struct writer *writer, unsigned depth, const struct caex_node *node) {
    for (size_t i = 0; i < CHILD_KINDS && node->first != NULL; i++) {
        if (node->kind == CAEX_ELEMENT && child_order[i] == CAEX_MAPPING) continue;
        const struct caex_node *child = caex_first(node, child_order[i]);
        for (; child != NULL; child = caex_next(child)) put_node(writer, depth, child);
    }
    if (node->kind == CAEX_ROLE_REQUIREMENT && moved_mapping(node) != NULL)
        put_node(writer, depth, moved_mapping(node));
    if (node->kind != CAEX_CONSTRAINT || caex_first(node, CAEX_NOMINAL) != NULL) return;
    if (caex_first(node, CAEX_ORDINAL) != NULL || caex_first(node, CAEX_UNKNOWN_TYPE) != NULL) return;
    put_indent(writer, depth);
    buffer_string(writer->out, "<UnknownType/>\n"); // the schema wants one of the three
}

static void put_node(struct writer *writer, unsigned depth, const struct caex_node *node) {
    struct buffer *out = writer->out;
    if (is_text(node->kind)) {
        put_text_element(writer, depth, caex_kind_name(node->kind), node->value);
        return;
    }
    put_indent(writer, depth);
    put_start(writer, node);
    size_t tag_end = out->length;
    buffer_string(out, ">\n");
    size_t inside = out->length;
    put_header(writer, depth + 1, node);
    put_children(writer, depth + 1, node);
    if (out->length == inside && !out->failed) {
        out->length = tag_end;
        buffer_string(out, "/>\n");
        return;
    }
    put_indent(writer, depth);
    buffer_print(out, "</%s>\n",
                 node->kind == CAEX_INTERFACE_NAME_MAPPING ? "InterfaceIDMapping" : caex_kind_name(node->kind));
}

enum error caex_write(const struct caex *caex, struct buffer *out) {
    struct writer writer = {.caex = caex, .out = out, .linked = map_create()};
    enum error error = writer.linked == NULL ? ERROR_NO_MEMORY : find_linked(&writer);
    if (!error) {
        buffer_string(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        put_node(&writer, 0, caex->root);
    }
    map_destroy(writer.linked);
    return error ? error : out->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}
