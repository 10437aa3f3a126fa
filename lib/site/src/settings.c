#include "settings.h"

#include <assert.h>
#include <base/buffer.h>
#include <base/nearest.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { PLACE_BYTES = 128, SETTING_ROWS_MAX = 32 };

struct settings {
    char *file_name;
    yaml_document_t document;
};

/// One read: what every step needs.
struct reading {
    struct settings *file;
    struct keep *keep;
    struct problem *problem;
};

/// Where we are, for people: "edge.lease.soft", "triggers[1].twin".
struct place {
    const struct place *above;
    const char *name; // NULL: an element of a list
    size_t index;
};

static size_t place_print(const struct place *place, char *out, size_t size) {
    if (place == NULL || size == 0) return 0;
    size_t used = place_print(place->above, out, size);
    if (used >= size) return used;
    int length = place->name == NULL ? snprintf(out + used, size - used, "[%zu]", place->index)
                                     : snprintf(out + used, size - used, "%s%s", used == 0 ? "" : ".", place->name);
    return used + (size_t)length;
}

static unsigned line_of(const yaml_node_t *node) {
    return (unsigned)node->start_mark.line + 1;
}

__attribute__((format(printf, 4, 5))) static enum error refuse(const struct reading *reading, const yaml_node_t *node,
                                                               const struct place *place, const char *format, ...) {
    char where[PLACE_BYTES] = "";
    place_print(place, where, sizeof where);
    char text[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return problem_say(reading->problem, ERROR_INVALID, "%s:%u: %s%s%s", reading->file->file_name, line_of(node), where,
                       where[0] == '\0' ? "" : ": ", text);
}

static yaml_node_t *node_at(const struct reading *reading, int id) {
    return yaml_document_get_node(&reading->file->document, id);
}

static struct text node_text(const yaml_node_t *node) {
    return (struct text){(const char *)node->data.scalar.value, node->data.scalar.length};
}

static bool is_null(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    struct text text = node_text(node);
    return text.length == 0 || text_is(text, "~") || text_is(text, "null");
}

static const char *kind_name(const yaml_node_t *node) {
    if (node->type == YAML_MAPPING_NODE) return "a section";
    if (node->type == YAML_SEQUENCE_NODE) return "a list";
    return is_null(node) ? "nothing" : "a single value";
}

/// What a message shows of a value: short, one line, no control characters.
static struct text shown(struct text text) {
    enum { SHOWN_BYTES_MAX = 40 };
    if (text.length > SHOWN_BYTES_MAX) text.length = SHOWN_BYTES_MAX;
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] < ' ') text.length = i;
    }
    return text;
}

static void print_words(const char *const *words, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL && used < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", words[i]);
    }
}

// --- single values ---

static bool has_control_bytes(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f) return true;
    }
    return false;
}

static enum error read_word(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                            const struct setting *row) {
    struct text text = node_text(node);
    size_t count = 0;
    for (; row->words[count] != NULL; count++) {
        if (text_is(text, row->words[count])) return ERROR_NONE;
    }
    char list[PROBLEM_TEXT_BYTES / 2];
    print_words(row->words, list, sizeof list);
    const char *near = nearest_word(text, row->words, count);
    return refuse(reading, node, place, "\"%.*s\" is unknown%s%s%s: choose one of %s", TEXT_ARG(shown(text)),
                  near == NULL ? "" : " (did you mean ", near == NULL ? "" : near, near == NULL ? "" : "?)", list);
}

static enum error read_text(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                            const struct setting *row, const char **target) {
    struct text text = node_text(node);
    if (row->words != NULL) {
        enum error error = read_word(reading, node, place, row);
        if (error) return error;
    } else if (is_null(node) || has_control_bytes(text) || (row->accepts != NULL && !row->accepts(text))) {
        return refuse(reading, node, place, "\"%.*s\" does not do: give %s", TEXT_ARG(shown(text)), row->expected);
    }
    *target = keep_text(reading->keep, text);
    return *target == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

static enum error read_bool(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                            bool *target) {
    struct text text = node_text(node);
    if (!text_is(text, "true") && !text_is(text, "false")) {
        return refuse(reading, node, place, "\"%.*s\" does not do: write true or false", TEXT_ARG(shown(text)));
    }
    *target = text_is(text, "true");
    return ERROR_NONE;
}

static enum error refuse_number(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                                const struct setting *row) {
    return refuse(reading, node, place, "\"%.*s\" does not do: give %s", TEXT_ARG(shown(node_text(node))),
                  row->expected);
}

static enum error read_whole(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                             const struct setting *row, uint64_t *ret_value) {
    uint64_t value;
    enum error error = text_to_u64(node_text(node), &value);
    if (error || (double)value < row->low || (double)value > row->high) return refuse_number(reading, node, place, row);
    *ret_value = value;
    return ERROR_NONE;
}

static enum error read_real(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                            const struct setting *row, double *target) {
    double value;
    enum error error = text_to_real(node_text(node), &value);
    if (error || !(value >= row->low && value <= row->high)) return refuse_number(reading, node, place, row);
    *target = value;
    return ERROR_NONE;
}

static enum error read_scalar(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                              const struct setting *row, char *target) {
    if (node->type != YAML_SCALAR_NODE) {
        return refuse(reading, node, place, "%s stands here: give %s", kind_name(node), row->expected);
    }
    if (row->kind == SETTING_TEXT) return read_text(reading, node, place, row, (const char **)(void *)target);
    if (row->kind == SETTING_BOOL) return read_bool(reading, node, place, (bool *)target);
    if (row->kind == SETTING_REAL) return read_real(reading, node, place, row, (double *)(void *)target);
    uint64_t whole = 0;
    enum error error = read_whole(reading, node, place, row, &whole);
    if (error) return error;
    if (row->kind == SETTING_UINT16) *(uint16_t *)(void *)target = (uint16_t)whole;
    if (row->kind == SETTING_UNSIGNED) *(unsigned *)(void *)target = (unsigned)whole;
    if (row->kind == SETTING_U64) *(uint64_t *)(void *)target = whole;
    return ERROR_NONE;
}

// --- lists and sections ---

static enum error read_setting(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                               const struct setting *row, char *target);

static enum error read_list(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                            const struct setting *row, char *target) {
    if (node->type != YAML_SEQUENCE_NODE) {
        return refuse(reading, node, place,
                      "%s stands here: give a list of %s, in brackets or one per line after \"- \"", kind_name(node),
                      row->expected);
    }
    const yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    char *list = keep_zeroed(reading->keep, count, row->item_bytes);
    if (list == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct place element = {place, NULL, i};
        enum error error =
            read_setting(reading, node_at(reading, items[i]), &element, &row->rows[0], list + i * row->item_bytes);
        if (error) return error;
    }
    *(const void **)(void *)(target + row->offset) = list;
    *(size_t *)(void *)(target + row->count_offset) = count;
    return ERROR_NONE;
}

static const struct setting *find_row(const struct setting *rows, size_t count, struct text name, size_t *ret_index) {
    for (size_t i = 0; i < count; i++) {
        if (!text_is(name, rows[i].name)) continue;
        *ret_index = i;
        return &rows[i];
    }
    return NULL;
}

static enum error refuse_unknown(const struct reading *reading, const yaml_node_t *key, const struct place *place,
                                 const struct setting *rows, size_t count) {
    const char *names[SETTING_ROWS_MAX + 1];
    for (size_t i = 0; i < count; i++) names[i] = rows[i].name;
    names[count] = NULL;
    char list[PROBLEM_TEXT_BYTES / 2];
    print_words(names, list, sizeof list);
    const char *near = nearest_word(node_text(key), names, count);
    return refuse(reading, key, place, "there is no field \"%.*s\"%s%s%s; the fields are: %s",
                  TEXT_ARG(shown(node_text(key))), near == NULL ? "" : " (did you mean ", near == NULL ? "" : near,
                  near == NULL ? "" : "?)", list);
}

static enum error read_pair(const struct reading *reading, const yaml_node_pair_t *pair, const struct place *place,
                            const struct setting *rows, size_t count, char *target, bool *seen) {
    const yaml_node_t *key = node_at(reading, pair->key);
    if (key->type != YAML_SCALAR_NODE) return refuse(reading, key, place, "a field needs a plain name");
    size_t index;
    const struct setting *row = find_row(rows, count, node_text(key), &index);
    if (row == NULL) return refuse_unknown(reading, key, place, rows, count);
    struct place here = {place, row->name, 0};
    if (seen[index]) return refuse(reading, key, &here, "stands here a second time: remove one");
    seen[index] = true;
    return read_setting(reading, node_at(reading, pair->value), &here, row, target);
}

static enum error read_section(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                               const struct setting *rows, size_t count, char *target) {
    assert(count <= SETTING_ROWS_MAX);
    bool seen[SETTING_ROWS_MAX] = {false};
    if (!is_null(node) && node->type != YAML_MAPPING_NODE) {
        return refuse(reading, node, place, "%s stands here: give fields, one per line as \"name: value\"",
                      kind_name(node));
    }
    if (node->type == YAML_MAPPING_NODE) {
        const yaml_node_pair_t *end = node->data.mapping.pairs.top;
        for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < end; pair++) {
            enum error error = read_pair(reading, pair, place, rows, count, target, seen);
            if (error) return error;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct place here = {place, rows[i].name, 0};
        if (rows[i].required && !seen[i]) {
            return refuse(reading, node, &here, "is missing: add it, %s", rows[i].expected);
        }
    }
    return ERROR_NONE;
}

static enum error read_setting(const struct reading *reading, const yaml_node_t *node, const struct place *place,
                               const struct setting *row, char *target) {
    if (row->kind == SETTING_SECTION) return read_section(reading, node, place, row->rows, row->row_count, target);
    if (row->kind == SETTING_LIST) return read_list(reading, node, place, row, target);
    return read_scalar(reading, node, place, row, target + row->offset);
}

// --- the file ---

static enum error refuse_syntax(const struct reading *reading, const yaml_parser_t *parser) {
    size_t line = parser->error == YAML_READER_ERROR ? 0 : parser->problem_mark.line + 1;
    const char *what = parser->problem == NULL ? "cannot be read" : parser->problem;
    if (line == 0) {
        return problem_say(reading->problem, ERROR_INVALID, "%s: not YAML text in UTF-8: %s at byte %zu",
                           reading->file->file_name, what, parser->problem_offset);
    }
    return problem_say(reading->problem, ERROR_INVALID, "%s:%zu: not valid YAML: %s; check indentation and colons",
                       reading->file->file_name, line, what);
}

static enum error load_document(const struct reading *reading, yaml_parser_t *parser, yaml_document_t *document) {
    if (yaml_parser_load(parser, document)) return ERROR_NONE;
    return parser->error == YAML_MEMORY_ERROR ? ERROR_NO_MEMORY : refuse_syntax(reading, parser);
}

static enum error refuse_second(const struct reading *reading, yaml_parser_t *parser) {
    yaml_document_t second;
    enum error error = load_document(reading, parser, &second);
    if (error) return error;
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root != NULL)
        error = refuse(reading, root, NULL, "a second document begins: remove the line \"---\" before it");
    yaml_document_delete(&second);
    return error;
}

static enum error parse(const struct reading *reading, struct text bytes) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return ERROR_NO_MEMORY;
    yaml_parser_set_input_string(&parser, (const unsigned char *)(bytes.length == 0 ? "" : bytes.data), bytes.length);
    enum error error = load_document(reading, &parser, &reading->file->document);
    if (!error) error = refuse_second(reading, &parser);
    yaml_parser_delete(&parser);
    return error;
}

enum error settings_read(struct text bytes, const char *file_name, const struct setting *rows, size_t row_count,
                         void *target, struct keep *keep, struct settings **ret_settings, struct problem *ret_problem) {
    if (bytes.length > SETTINGS_BYTES_MAX) {
        return problem_say(ret_problem, ERROR_TOO_LARGE, "%s: larger than %d KiB", file_name,
                           SETTINGS_BYTES_MAX / 1024);
    }
    struct settings *file = calloc(1, sizeof *file);
    if (file == NULL) return ERROR_NO_MEMORY;
    file->file_name = strdup(file_name);
    struct reading reading = {file, keep, ret_problem};
    enum error error = file->file_name == NULL ? ERROR_NO_MEMORY : parse(&reading, bytes);
    const yaml_node_t *root = error ? NULL : yaml_document_get_root_node(&file->document);
    // A file without a root says nothing: a mapping without fields, but it has no node to name a line.
    static const yaml_node_t nothing = {.type = YAML_SCALAR_NODE, .data.scalar = {.style = YAML_PLAIN_SCALAR_STYLE}};
    if (!error) error = read_section(&reading, root == NULL ? &nothing : root, NULL, rows, row_count, target);
    if (error || ret_settings == NULL)
        settings_close(file);
    else
        *ret_settings = file;
    return error;
}

void settings_close(struct settings *settings) {
    if (settings == NULL) return;
    yaml_document_delete(&settings->document);
    free(settings->file_name);
    free(settings);
}

/// The value below a mapping; NULL when there is none.
static const yaml_node_t *find_member(const struct settings *settings, const yaml_node_t *node, struct text name) {
    if (node->type != YAML_MAPPING_NODE) return NULL;
    yaml_document_t *document = (yaml_document_t *)&settings->document; // only read
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (key->type == YAML_SCALAR_NODE && text_equal(node_text(key), name)) {
            return yaml_document_get_node(document, pair->value);
        }
    }
    return NULL;
}

/// "functions[1]": the list's name, then the element.
static const yaml_node_t *find_step(const struct settings *settings, const yaml_node_t *node, struct text step) {
    struct text rest = step, name, number;
    if (!text_split(&rest, '[', &name) || !text_split(&rest, ']', &number)) return find_member(settings, node, step);
    const yaml_node_t *list = find_member(settings, node, name);
    uint64_t index;
    if (list == NULL || list->type != YAML_SEQUENCE_NODE || text_to_u64(number, &index)) return list;
    const yaml_node_item_t *items = list->data.sequence.items.start;
    if (index >= (size_t)(list->data.sequence.items.top - items)) return list;
    return yaml_document_get_node((yaml_document_t *)&settings->document, items[index]);
}

enum error settings_refuse(const struct settings *settings, struct problem *ret_problem, const char *path,
                           const char *format, ...) {
    const yaml_node_t *node = yaml_document_get_root_node((yaml_document_t *)&settings->document);
    unsigned line = node == NULL ? 1 : line_of(node);
    struct text rest = text_of(path), step;
    while (node != NULL && text_split(&rest, '.', &step)) {
        node = find_step(settings, node, step);
        if (node != NULL) line = line_of(node);
    }
    char text[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return problem_say(ret_problem, ERROR_INVALID, "%s:%u: %s: %s", settings->file_name, line, path, text);
}
