// XML in, the tree out.
#include "caex_reader.h"

#define CAEX_NAMESPACE "http://www.dke.de/CAEX"

static const struct { const char *version, *space; } versions[] = {{"3.0", CAEX_NAMESPACE}, {"2.15", ""}};
enum { SHOWN_MAX = 40 }; // bytes of a text or name in a message
enum { VERSIONS = sizeof versions / sizeof versions[0] };

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
        caex_fatal_in(caex, NULL, element->line,
                      "the root element is <%.*s>, not <CAEXFile>: this is no AutomationML file",
                      TEXT_ARG(caex_clip(element->name, SHOWN_MAX)));
        return ERROR_INVALID;
    }
    if (!caex_intern(caex, xml_value(element, "SchemaVersion"), &caex->version) ||
        !caex_intern(caex, element->space, &reader->space))
        return ERROR_NO_MEMORY;
    size_t before = model_findings_errors(caex->findings);
    check_version(caex, element);
    if (model_findings_errors(caex->findings) > before) return ERROR_INVALID;
    enum error error = reader_add_node(reader, CAEX_FILE, element->line, &reader->node);
    return error ? error : reader_take_attributes(reader, element);
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
        enum error error = reader_add_node(reader, CAEX_EXTENSION, node->line, &node);
        if (error) return error;
    }
    if (text.length > 0) {
        if (!caex_intern(reader->caex, text, &node->value)) return ERROR_NO_MEMORY;
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
    enum error error = reader_add_node(reader, CAEX_EXTENSION, element->line, &node);
    if (error) return error;
    bool foreign = !text_equal(element->space, reader->space);
    if (!caex_intern(reader->caex, element->name, &node->name) ||
        (foreign && !caex_intern(reader->caex, element->space, &node->reference)))
        return ERROR_NO_MEMORY;
    reader->node = node;
    buffer_reset(&reader->text);
    return reader_take_extension(reader, element);
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
        const char *home = caex_element_home(element->name);
        caex_error_in(caex, reader->node, element->line, "<%.*s> cannot stand in <%s>; move it into <%s>, or remove it",
                      TEXT_ARG(element->name), parent, home);
        return;
    }
    const char *names[CAEX_ROWS_MAX];
    size_t count = caex_element_names(reader->node->kind, names);
    const char *hint = caex_hint(caex, element->name, names, count);
    caex_error_in(caex, reader->node, element->line, "CAEX has no element <%.*s> in <%s>%s",
                  TEXT_ARG(caex_clip(element->name, SHOWN_MAX)), parent,
                  hint[0] == '\0' ? "; remove it, or put it into <AdditionalInformation>" : hint);
}

static enum error on_start(void *context, const struct xml_element *element) {
    struct reader *reader = context;
    if (reader->passed_over > 0) {
        reader->passed_over++;
        return ERROR_NONE;
    }
    if (reader->node == NULL) return read_root(reader, element);
    if (reader->leaf != NULL) {
        caex_error_in(reader->caex, reader->node, element->line,
                      "<%.*s> cannot stand in <%s>, which holds text only; remove it",
                      TEXT_ARG(caex_clip(element->name, SHOWN_MAX)), reader->leaf->name.data);
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
        reader_leave_attributes(reader, element);
        buffer_reset(&reader->text);
        return ERROR_NONE;
    }
    enum error error = reader_add_node(reader, row->kind, element->line, &reader->node);
    return error ? error : reader_take_attributes(reader, element);
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
    caex_error_in(reader->caex, reader->node, line, "text '%.*s' stands in <%s>%s",
                  TEXT_ARG(caex_clip(piece, SHOWN_MAX)), caex_kind_name(reader->node->kind),
                  takes_value ? "; put it into <Value>" : "; remove it");
    return ERROR_NONE;
}

static enum error end_leaf(struct reader *reader) {
    const struct element_row *row = reader->leaf;
    reader->leaf = NULL;
    struct caex_node *node = reader->node;
    if (row->treatment == TEXT_NODE) {
        enum error error = reader_add_node(reader, row->kind, reader->leaf_line, &node);
        if (error) return error;
    }
    if (reader_text_at(node, row->offset)->data != NULL)
        caex_error_in(reader->caex, reader->node, reader->leaf_line, "a second <%s>; remove one", row->name.data);
    if (row->offset == offsetof(struct caex_node, value)) {
        node->has_value = true;
        node->value_line = reader->leaf_line;
    }
    if (row->offset == offsetof(struct caex_node, default_value)) {
        node->has_default = true;
        node->default_line = reader->leaf_line;
    }
    return reader_keep(reader, node, buffer_view(&reader->text), row->offset);
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
    reader_find_required(&reader);
    const struct xml_limits limits = {.bytes = MODEL_BYTES_MAX, .depth = CAEX_DEPTH_MAX};
    const struct xml_handler handler = {on_start, on_text, on_end};
    unsigned line = 0;
    struct problem problem = {""};
    enum error error = xml_read(bytes, &limits, &handler, &reader, &line, &problem);
    buffer_clear(&reader.text);
    map_destroy(reader.told);
    if (problem.text[0] != '\0') caex_fatal_in(caex, reader.node, line, "%s", problem.text);
    return !error && caex->too_large ? ERROR_TOO_LARGE : error;
}

enum error caex_read_tree(struct caex *caex, struct text bytes) {
    if (!text_starts_with(bytes, TEXT("PK"))) return read_xml(caex, bytes);
    CLEANUP(buffer_clear) struct buffer document = {0};
    struct problem problem = {""};
    enum error error = caex_unpack(bytes, &document, &problem);
    if (error) caex_fatal_in(caex, NULL, 0, "%s", problem.text);
    return error ? error : read_xml(caex, buffer_view(&document));
}
