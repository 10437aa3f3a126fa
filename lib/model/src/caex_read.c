// XML in, the tree out.
#include "caex.h"

#include <stdlib.h>
#include <string.h>
#include <xml/xml.h>

#define CAEX_NAMESPACE "http://www.dke.de/CAEX"

static const struct { const char *version, *space; } versions[] = {{"3.0", CAEX_NAMESPACE}, {"2.15", ""}};
enum { VERSIONS = sizeof versions / sizeof versions[0] };

struct reader {
    struct caex *caex;
    struct text space;              // namespace of the root element
    struct caex_node *node;         // the innermost one; NULL before the first
    const struct element_row *leaf; // an element that holds text only; NULL outside
    unsigned leaf_line;
    struct buffer text;            // of the leaf, or of an extension since its last element
    unsigned passed_over;          // depth inside of an element that is not read
    const struct caex_node *stray; // the last node that was told about text between its elements
    struct map *told;              // names of elements that CAEX does not know; of a foreign file each is told once
};

static struct text *text_at(struct caex_node *node, size_t offset) {
    return (struct text *)((char *)node + offset);
}

// ---------------------------------------------------------------- texts

enum { INTERNED_BYTES_MAX = 64 }; // longer texts are seldom the same

enum { PROBES_MAX = 32 }; // whoever chooses texts so that they meet gets copies of them, and no delay

static uint64_t hash_of(struct text text) {
    const uint64_t factor = 0x9E3779B97F4A7C15; // the golden ratio: spreads what differs in few bits
    uint64_t hash = text.length * factor, word = 0;
    for (; text.length >= sizeof word; text = text_from(text, sizeof word)) {
        memcpy(&word, text.data, sizeof word);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    word = 0;
    if (text.length > 0) memcpy(&word, text.data, text.length);
    hash = (hash ^ word) * factor;
    return hash ^ hash >> 32;
}

/// The slot of the text, or an empty one for it; NULL when there are too many others in the way.
static struct text *find_slot(const struct intern_table *table, struct text text) {
    size_t mask = table->capacity - 1, at = (size_t)hash_of(text) & mask;
    for (unsigned probes = 0; probes < PROBES_MAX; probes++, at = (at + 1) & mask)
        if (table->slots[at].data == NULL || text_equal(table->slots[at], text)) return &table->slots[at];
    return NULL;
}

static bool grow(struct intern_table *table) {
    enum { FIRST = 1024 };
    if (table->count * 2 < table->capacity) return true;
    struct intern_table larger = {.capacity = table->capacity == 0 ? FIRST : table->capacity * 2};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) return false;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i].data == NULL) continue;
        struct text *slot = find_slot(&larger, table->slots[i]);
        if (slot == NULL) continue; // it is forgotten here, not in the nodes
        *slot = table->slots[i];
        larger.count++;
    }
    free(table->slots);
    *table = larger;
    return true;
}

/// A copy in the arena, shared with all equal short texts.
static bool intern(struct caex *caex, struct text text, struct text *ret_kept) {
    if (text.length > INTERNED_BYTES_MAX) return arena_copy(&caex->arena, text, ret_kept);
    if (!grow(&caex->texts)) return false;
    struct text *slot = find_slot(&caex->texts, text);
    if (slot == NULL) return arena_copy(&caex->arena, text, ret_kept);
    if (slot->data == NULL) {
        if (!arena_copy(&caex->arena, text, slot)) return false;
        caex->texts.count++;
    }
    *ret_kept = *slot;
    return true;
}

struct text caex_plain_id(struct text id, char bytes[CAEX_ID_BYTES_MAX]) {
    id = text_trim(id);
    if (text_starts_with(id, TEXT("{")) && text_ends_with(id, TEXT("}")))
        id = (struct text){id.data + 1, id.length - 2};
    if (id.length > CAEX_ID_BYTES_MAX) return TEXT_EMPTY;
    for (size_t i = 0; i < id.length; i++)
        bytes[i] = id.data[i] >= 'A' && id.data[i] <= 'Z' ? (char)(id.data[i] + ('a' - 'A')) : id.data[i];
    return (struct text){bytes, id.length};
}

static bool keep(struct caex *caex, struct text value, size_t offset, struct caex_node *node) {
    char bytes[CAEX_ID_BYTES_MAX];
    bool side = node->kind == CAEX_LINK &&
                (offset == offsetof(struct caex_node, side_a) || offset == offsetof(struct caex_node, side_b));
    if (side) return arena_copy(&caex->arena, text_trim(value), text_at(node, offset)); // differs from all others
    if (offset != offsetof(struct caex_node, id)) return intern(caex, value, text_at(node, offset));
    struct text plain = caex_plain_id(value, bytes);
    return arena_copy(&caex->arena, plain.length == 0 ? value : plain, &node->id);
}

// ---------------------------------------------------------------- nodes

static enum error add_node(struct reader *reader, enum caex_kind kind, unsigned line, struct caex_node **ret_node) {
    struct caex *caex = reader->caex;
    if (caex->node_count++ == CAEX_NODES_MAX) {
        caex_fatal_at(caex, line, "the file has more than %d elements and attributes; split it", CAEX_NODES_MAX);
        return ERROR_TOO_LARGE;
    }
    struct caex_node *node = arena_take(&caex->arena, sizeof *node);
    if (node == NULL) return ERROR_NO_MEMORY;
    node->kind = kind;
    node->line = line;
    struct caex_node *parent = node->parent = reader->node;
    *ret_node = node; // perhaps the reader's own
    if (parent == NULL) {
        caex->root = node;
        return ERROR_NONE;
    }
    if (parent->last != NULL) parent->last->next = node;
    if (parent->first == NULL) parent->first = node;
    parent->last = node;
    return ERROR_NONE;
}

static void read_change(struct caex *caex, struct caex_node *node, struct text value) {
    static const char *const words[] = {
        [CHANGE_STATE] = "state", [CHANGE_CREATE] = "create", [CHANGE_DELETE] = "delete", [CHANGE_CHANGE] = "change"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_is(value, words[i])) {
            node->change = (uint8_t)i;
            return;
        }
    caex_error(caex, node, "ChangeMode '%.*s' is none of state, create, delete, change", TEXT_ARG(value));
}

static void unknown_attribute(struct reader *reader, const struct caex_node *node, struct text name) {
    const char *names[CAEX_ROWS_MAX];
    size_t count = caex_attribute_names(node->kind, names);
    caex_error(reader->caex, node, "<%s> has no XML attribute '%.*s'%s", caex_kind_name(node->kind), TEXT_ARG(name),
               caex_hint(reader->caex, name, names, count));
}

static enum error keep_extension_attribute(struct reader *reader, const struct xml_attribute *attribute,
                                           unsigned line) {
    struct caex_node *kept = NULL;
    enum error error = add_node(reader, CAEX_EXTENSION_ATTRIBUTE, line, &kept);
    if (error) return error;
    kept->has_value = true;
    bool done =
        intern(reader->caex, attribute->name, &kept->name) && intern(reader->caex, attribute->value, &kept->value);
    return done ? ERROR_NONE : ERROR_NO_MEMORY;
}

static enum error read_attribute(struct reader *reader, struct caex_node *node, const struct xml_attribute *attribute,
                                 struct text *unknown) {
    const struct attribute_row *row = caex_attribute_row(attribute->name, node->kind);
    if (row == NULL) {
        *unknown = attribute->name;
        return keep_extension_attribute(reader, attribute, node->line);
    }
    if (row->offset != 0) return keep(reader->caex, attribute->value, row->offset, node) ? ERROR_NONE : ERROR_NO_MEMORY;
    if (text_is(attribute->name, "ChangeMode")) read_change(reader->caex, node, attribute->value);
    return ERROR_NONE;
}

static enum error read_attributes(struct reader *reader, struct caex_node *node, const struct xml_element *element) {
    struct text unknown = TEXT_EMPTY;
    for (size_t i = 0; i < element->attribute_count; i++) {
        enum error error = read_attribute(reader, node, &element->attributes[i], &unknown);
        if (error) return error;
    }
    if (unknown.length > 0) unknown_attribute(reader, node, unknown);
    size_t count;
    const struct attribute_row *rows = caex_attribute_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].required || !(rows[i].kinds & (caex_kinds)1 << node->kind)) continue;
        if (text_at(node, rows[i].offset)->length == 0)
            caex_error(reader->caex, node, "<%s> needs the XML attribute %s", caex_kind_name(node->kind),
                       rows[i].name.data);
    }
    return ERROR_NONE;
}

// ---------------------------------------------------------------- the root

static struct text xml_value(const struct xml_element *element, const char *name) {
    for (size_t i = 0; i < element->attribute_count; i++)
        if (text_is(element->attributes[i].name, name)) return element->attributes[i].value;
    return TEXT_EMPTY;
}

/// Another version has other rules for links and names, so of a plant nothing else could be said with sense.
static void check_version(struct caex *caex, const struct xml_element *element) {
    size_t at = 0;
    while (at < VERSIONS && !text_is(caex->version, versions[at].version)) at++;
    if (at == VERSIONS)
        caex_error_at(caex, element->line,
                      "SchemaVersion is '%.*s', but known are CAEX 3.0 (AutomationML 2.10) and 2.15; convert the file "
                      "with the AutomationML Editor",
                      TEXT_ARG(caex->version));
    else if (!text_is(element->space, versions[at].space))
        caex_error_at(caex, element->line, "CAEXFile has the namespace '%.*s'; write xmlns=\"%s\" for CAEX %s",
                      TEXT_ARG(element->space), versions[at].space, versions[at].version);
}

static enum error read_root(struct reader *reader, const struct xml_element *element) {
    struct caex *caex = reader->caex;
    if (!text_is(element->name, "CAEXFile")) {
        caex_fatal_at(caex, element->line, "the root element is <%.*s>, not <CAEXFile>: this is no AutomationML file",
                      TEXT_ARG(element->name));
        return ERROR_INVALID;
    }
    if (!intern(caex, xml_value(element, "SchemaVersion"), &caex->version) ||
        !intern(caex, element->space, &reader->space))
        return ERROR_NO_MEMORY;
    size_t before = model_findings_errors(caex->findings);
    check_version(caex, element);
    if (model_findings_errors(caex->findings) > before) return ERROR_INVALID;
    enum error error = add_node(reader, CAEX_FILE, element->line, &reader->node);
    return error ? error : read_attributes(reader, reader->node, element);
}

// ---------------------------------------------------------------- extensions

static bool is_extension(const struct caex_node *node) {
    return node->kind == CAEX_EXTENSION;
}

/// The text since the last element in an extension: its value when it has no elements, else a node without a name
/// among them.
static enum error end_extension_text(struct reader *reader) {
    struct text text = text_trim(buffer_view(&reader->text));
    struct caex_node *node = reader->node;
    if (text.length > 0 && node->last != NULL && node->last->kind == CAEX_EXTENSION) {
        enum error error = add_node(reader, CAEX_EXTENSION, node->line, &node);
        if (error) return error;
    }
    if (text.length > 0) {
        if (!intern(reader->caex, text, &node->value)) return ERROR_NO_MEMORY;
        node->has_value = true;
    }
    buffer_reset(&reader->text);
    return ERROR_NONE;
}

static enum error start_extension(struct reader *reader, const struct xml_element *element) {
    if (is_extension(reader->node)) {
        enum error error = end_extension_text(reader);
        if (error) return error;
    }
    struct caex_node *node = NULL;
    enum error error = add_node(reader, CAEX_EXTENSION, element->line, &node);
    if (error) return error;
    bool foreign = !text_equal(element->space, reader->space);
    if (!intern(reader->caex, element->name, &node->name) ||
        (foreign && !intern(reader->caex, element->space, &node->reference)))
        return ERROR_NO_MEMORY;
    reader->node = node;
    buffer_reset(&reader->text);
    for (size_t i = 0; i < element->attribute_count && !error; i++)
        error = keep_extension_attribute(reader, &element->attributes[i], element->line);
    return error;
}

// ---------------------------------------------------------------- elements

static void unknown_element(struct reader *reader, const struct xml_element *element, bool known) {
    struct caex *caex = reader->caex;
    if (caex->mode == CAEX_ANY) {
        if (reader->told == NULL) reader->told = map_create();
        if (reader->told == NULL || map_get(reader->told, element->name) != NULL) return;
        error_ignore(map_set(reader->told, element->name, caex)); // without it, it is told once more
    }
    const char *parent = caex_kind_name(reader->node->kind);
    if (known) {
        caex_error_at(caex, element->line, "<%.*s> cannot stand in <%s>", TEXT_ARG(element->name), parent);
        return;
    }
    const char *names[CAEX_ROWS_MAX];
    size_t count = caex_element_names(reader->node->kind, names);
    caex_error_at(caex, element->line, "CAEX has no element <%.*s> in <%s>%s", TEXT_ARG(element->name), parent,
                  caex_hint(caex, element->name, names, count));
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
                      TEXT_ARG(element->name), reader->leaf->name.data);
        reader->passed_over = 1;
        return ERROR_NONE;
    }
    if (is_extension(reader->node) || !text_equal(element->space, reader->space))
        return start_extension(reader, element);
    bool known;
    const struct element_row *row = caex_element_row(element->name, reader->node->kind, &known);
    if (row == NULL) unknown_element(reader, element, known);
    if (row == NULL || row->treatment == EXTENSION) return start_extension(reader, element);
    if (row->treatment != NODE) {
        reader->leaf = row;
        reader->leaf_line = element->line;
        buffer_reset(&reader->text);
        return ERROR_NONE;
    }
    enum error error = add_node(reader, row->kind, element->line, &reader->node);
    return error ? error : read_attributes(reader, reader->node, element);
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
    if (reader->leaf != NULL || is_extension(reader->node)) {
        buffer_text(&reader->text, piece);
        return reader->text.failed ? ERROR_NO_MEMORY : ERROR_NONE;
    }
    piece = text_trim(piece);
    if (piece.length == 0 || reader->stray == reader->node) return ERROR_NONE;
    reader->stray = reader->node;
    bool takes_value = reader->node->kind == CAEX_ATTRIBUTE || reader->node->kind == CAEX_TYPE;
    caex_error_at(reader->caex, line, "text '%.*s' stands in <%s>%s", TEXT_ARG(beginning(piece)),
                  caex_kind_name(reader->node->kind), takes_value ? "; put it into <Value>" : "; remove it");
    return ERROR_NONE;
}

static enum error end_leaf(struct reader *reader) {
    const struct element_row *row = reader->leaf;
    reader->leaf = NULL;
    struct caex_node *node = reader->node;
    if (row->treatment == TEXT_NODE) {
        enum error error = add_node(reader, row->kind, reader->leaf_line, &node);
        if (error) return error;
    }
    if (text_at(node, row->offset)->data != NULL)
        caex_error_at(reader->caex, reader->leaf_line, "a second <%s>; remove one", row->name.data);
    if (row->offset == offsetof(struct caex_node, value)) {
        node->has_value = true;
        node->value_line = reader->leaf_line;
    }
    if (row->offset == offsetof(struct caex_node, default_value)) {
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
    enum error error = is_extension(reader->node) ? end_extension_text(reader) : ERROR_NONE;
    reader->node = reader->node->parent;
    return error;
}

static enum error read_xml(struct caex *caex, struct text bytes) {
    struct reader reader = {.caex = caex};
    const struct xml_limits limits = {.bytes = MODEL_BYTES_MAX, .depth = CAEX_DEPTH_MAX};
    const struct xml_handler handler = {on_start, on_text, on_end};
    unsigned line = 0;
    struct problem problem = {""};
    enum error error = xml_read(bytes, &limits, &handler, &reader, &line, &problem);
    buffer_clear(&reader.text);
    map_destroy(reader.told);
    if (problem.text[0] != '\0') caex_fatal_at(caex, line, "%s", problem.text);
    return error;
}

enum error caex_read_tree(struct caex *caex, struct text bytes) {
    if (!text_starts_with(bytes, TEXT("PK"))) return read_xml(caex, bytes);
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct problem problem = {""};
    enum error error = caex_unpack(bytes, &document, &problem);
    if (error) caex_fatal_at(caex, 0, "%s", problem.text);
    return error ? error : read_xml(caex, buffer_view(&document));
}
