// A text for people may hold anything. Put in place of every display name, designation and description of the example
// plant that the model lets it into, it breaks out of no format: XML and HTML stay well-formed, JSON stays JSON, a row
// of the I/O list keeps its columns, and each of them gives the text back as it was.
#include <base/file.h>
#include <base/map.h>
#include <describe/describe.h>
#include <json/json.h>
#include <stdlib.h>
#include <string.h>
#include <xml/xml.h>
#include <zip/zip.h>

enum { MODEL_BYTES = 4 * 1024 * 1024, TEXT_BYTES = 200, COLUMNS = 18 };

static void expect(bool holds) {
    if (!holds) abort();
}

// ---------------------------------------------------------------- the model with the text in it

static struct text model_text(void) {
    static struct buffer file; // the one copy
    if (file.length == 0) expect(!file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES, &file, NULL));
    return buffer_view(&file);
}

/// Characters as numbers, so that nothing is left to the XML reader; false for what XML has no character for.
static bool put_numbers(struct text text, struct buffer *out) {
    while (text.length > 0) {
        unsigned char first = (unsigned char)text.data[0];
        size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        unsigned code = length == 1 ? first : first & (0xFFu >> (length + 1));
        for (size_t i = 1; i < length; i++) code = code << 6 | ((unsigned char)text.data[i] & 0x3Fu);
        if (code < 0x20 && code != '\t' && code != '\n' && code != '\r') return false;
        if (code == 0x7F || code == 0xFFFE || code == 0xFFFF) return false;
        buffer_print(out, "&#%u;", code);
        text = text_from(text, length);
    }
    return true;
}

/// `hostile` in place of what stands between `open` and `close`, wherever that is.
static void replace_all(struct text from, const char *open, const char *close, struct text hostile,
                        struct buffer *out) {
    for (const char *at; (at = memmem(from.data, from.length, open, strlen(open))) != NULL;) {
        size_t start = (size_t)(at - from.data) + strlen(open);
        const char *end = memmem(from.data + start, from.length - start, close, strlen(close));
        expect(end != NULL);
        buffer_append(out, from.data, start);
        buffer_text(out, hostile);
        from = text_from(from, (size_t)(end - from.data));
    }
    buffer_text(out, from);
}

// ---------------------------------------------------------------- what comes out

struct seen {
    struct buffer texts; // all of them, with a zero byte between
};

static enum error on_start(void *context, const struct xml_element *element) {
    struct seen *seen = context;
    for (size_t i = 0; i < element->attribute_count; i++) {
        buffer_text(&seen->texts, element->attributes[i].value);
        buffer_byte(&seen->texts, '\0');
    }
    return ERROR_NONE;
}

static enum error on_text(void *context, struct text piece, unsigned line) {
    struct seen *seen = context;
    (void)line;
    buffer_text(&seen->texts, piece);
    return ERROR_NONE;
}

static enum error on_end(void *context) {
    struct seen *seen = context;
    buffer_byte(&seen->texts, '\0');
    return ERROR_NONE;
}

static bool holds(struct text all, struct text part) {
    return memmem(all.data, all.length, part.data, part.length) != NULL;
}

static void check_xml(struct text document, struct text hostile) {
    struct text doctype = TEXT("<!DOCTYPE html>\n"); // of the page: what follows it is XML as well
    if (text_starts_with(document, doctype)) document = text_from(document, doctype.length);
    CLEANUP(buffer_clear) struct buffer texts = {0};
    struct seen seen = {texts};
    unsigned line;
    struct problem problem = {""};
    expect(!xml_read(document, &(struct xml_limits){XML_BYTES_MAX, XML_DEPTH_MAX},
                     &(struct xml_handler){on_start, on_text, on_end}, &seen, &line, &problem));
    bool found = holds(buffer_view(&seen.texts), hostile);
    texts = seen.texts; // for its release
    expect(found);
}

static bool json_holds(const struct json *value, struct text text) {
    if (json_is(value, JSON_STRING)) return holds(json_string(value), text);
    if (!json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY)) return false;
    struct json_each each = json_each(value);
    while (json_next(&each))
        if (json_holds(each.value, text)) return true;
    return false;
}

static void check_json(struct text document, struct text hostile) {
    CLEANUP(json_destroy_at) struct json_document *parsed = NULL;
    expect(!json_parse(document, (struct json_limits){MODEL_BYTES, JSON_DEPTH_MAX}, &parsed, NULL));
    expect(json_holds(json_root(parsed), hostile));
}

/// The environment in the package.
static void check_aasx(struct text document, struct text hostile) {
    CLEANUP(buffer_clear) struct buffer environment = {0};
    expect(!zip_read(document, TEXT("aasx/data.json"), MODEL_BYTES, &environment, NULL));
    check_json(buffer_view(&environment), hostile);
}

/// As it is, or kept from being a formula.
static bool is_cell(struct text cell, struct text wanted) {
    expect(cell.length == 0 || memchr("=@\t\r", cell.data[0], 4) == NULL);
    return text_equal(cell, wanted) || (text_starts_with(cell, TEXT("'")) && text_equal(text_from(cell, 1), wanted));
}

/// RFC 4180: cells of one row up to CRLF; true when one of them is `wanted`.
static bool take_row(struct text *rest, struct text wanted, size_t *ret_columns) {
    CLEANUP(buffer_clear) struct buffer cell = {0};
    bool found = false, quoted = false;
    *ret_columns = 1;
    while (rest->length > 0) {
        char byte = rest->data[0];
        bool pair = quoted && byte == '"' && rest->length > 1 && rest->data[1] == '"';
        bool ends = !quoted && byte == '\r';
        *rest = text_from(*rest, pair || ends ? 2 : 1);
        if (byte == '"' && !pair) {
            quoted = !quoted;
        } else if (!quoted && (byte == ',' || ends)) {
            found = is_cell(buffer_view(&cell), wanted) || found;
            buffer_reset(&cell);
            if (ends) return found;
            ++*ret_columns;
        } else {
            buffer_byte(&cell, byte);
        }
    }
    return found;
}

static void check_csv(struct text document, struct text hostile) {
    bool found = false;
    while (document.length > 0) {
        size_t columns;
        if (take_row(&document, hostile, &columns)) found = true;
        expect(columns == COLUMNS);
    }
    expect(found);
}

static const struct {
    const char *format;
    void (*check)(struct text document, struct text hostile);
} checks[] = {
    {"nodeset2", check_xml}, {"jsonschema", check_json}, {"openapi", check_json}, {"io-csv", check_csv},
    {"svg", check_xml},      {"html", check_xml},        {"aasx", check_aasx},
};

static void check_all(const struct plant *plant, struct text hostile) {
    const struct describe_options options = {.opcua_url = "opc.tcp://127.0.0.1:4840",
                                             .http_url = "http://127.0.0.1:8080"};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        CLEANUP(buffer_clear) struct buffer out = {0};
        const struct describe_format *format = describe_find(text_of(checks[i].format));
        expect(format != NULL);
        expect(!format->write(plant, &options, &out, NULL));
        checks[i].check(buffer_view(&out), hostile);
    }
    CLEANUP(buffer_clear) struct buffer json = {0};
    describe_json(plant, &options, &json);
    check_json(buffer_view(&json), hostile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text hostile = text_trim((struct text){(const char *)data, size < TEXT_BYTES ? size : TEXT_BYTES});
    CLEANUP(buffer_clear) struct buffer numbers = {0}, once = {0}, model = {0};
    if (hostile.length == 0 || !text_is_utf8(hostile) || !put_numbers(hostile, &numbers)) return 0;
    struct text escaped = buffer_view(&numbers);
    replace_all(model_text(), "RefAttributeType=\"SplcAttributeTypeLib/DisplayName\">\n            <Value>", "</Value>",
                escaped, &once);
    replace_all(buffer_view(&once), "<Description>", "</Description>", escaped, &model);
    expect(!numbers.failed && !once.failed && !model.failed);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    expect(findings != NULL);
    if (model_read(buffer_view(&model), findings, &plant, NULL)) return 0; // the model does not want it
    check_all(plant, hostile);
    return 0;
}
