#include <xml/xml.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_FIRST = 16 }; // attributes of one element; more are rare

struct reader {
    xmlParserCtxtPtr parser;
    struct text rest; // of the document
    size_t quiet;     // bytes given to libxml2 since it last had something to tell
    size_t signs;     // of them "=", once they are many
    const struct xml_limits *limits;
    const struct xml_handler *handler;
    void *context;
    unsigned depth;
    struct xml_attribute *attributes; // of the element being started; kept for the next one
    size_t attribute_capacity;
    struct xml_prefix *prefixes; // likewise
    size_t prefix_capacity;
    enum error error; // the first; nothing is called after it
    unsigned *ret_line;
    struct problem *ret_problem;
};

static void stop(struct reader *reader, enum error error) {
    reader->error = error;
    xmlStopParser(reader->parser);
}

static const char too_many_attributes[] = "an element has more than 256 XML attributes; remove some";
_Static_assert(XML_ATTRIBUTES_MAX == 256, "as the message says");

static unsigned line_of(const struct reader *reader) {
    return reader->parser->input == NULL ? 0 : (unsigned)reader->parser->input->line;
}

/// Stops with a problem of the document's own, unless one is known already.
static void refuse(struct reader *reader, enum error error, unsigned line, const char *text) {
    if (reader->error) return;
    *reader->ret_line = line;
    stop(reader, problem_say(reader->ret_problem, error, "%s", text));
}

/// What the handler says decides whether reading goes on.
static void obey(struct reader *reader, enum error error) {
    if (error) stop(reader, error);
}

/// Room for so many items of a size, none of which is kept; NULL when out of memory.
static void *make_room(void *items, size_t *capacity, size_t count, size_t size) {
    if (items != NULL && count <= *capacity) return items;
    free(items);
    *capacity = count < ITEMS_FIRST ? ITEMS_FIRST : count;
    return calloc(*capacity, size);
}

/// libxml2 hands attributes over as five pointers each: name, prefix, namespace, value, end of value.
static bool collect_attributes(struct reader *reader, const xmlChar **packed, size_t count) {
    reader->attributes = make_room(reader->attributes, &reader->attribute_capacity, count, sizeof *reader->attributes);
    if (reader->attributes == NULL) return false;
    for (size_t i = 0; i < count; i++, packed += 5) {
        struct xml_attribute *attribute = &reader->attributes[i];
        *attribute = (struct xml_attribute){.name = text_of((const char *)packed[0]),
                                            .value = {(const char *)packed[3], (size_t)(packed[4] - packed[3])}};
        if (packed[2] == NULL) continue;
        attribute->prefix = text_of((const char *)packed[1]);
        attribute->space = text_of((const char *)packed[2]);
    }
    return true;
}

/// Namespaces come as two pointers each: prefix (NULL: that of elements without one), name.
static bool collect_prefixes(struct reader *reader, const xmlChar **packed, size_t count, size_t *ret_count) {
    reader->prefixes = make_room(reader->prefixes, &reader->prefix_capacity, count, sizeof *reader->prefixes);
    if (reader->prefixes == NULL) return false;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++, packed += 2)
        if (packed[0] != NULL)
            reader->prefixes[(*ret_count)++] =
                (struct xml_prefix){text_of((const char *)packed[0]), text_of((const char *)packed[1])};
    return true;
}

static void on_news(struct reader *reader) {
    reader->quiet = 0;
    reader->signs = 0;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
                     int namespace_count, const xmlChar **namespaces, int attribute_count, int defaulted_count,
                     const xmlChar **packed) {
    (void)prefix, (void)defaulted_count;
    struct reader *reader = context;
    on_news(reader);
    if (reader->error) return;
    if (attribute_count + namespace_count > XML_ATTRIBUTES_MAX) {
        refuse(reader, ERROR_TOO_LARGE, line_of(reader), too_many_attributes);
        return;
    }
    if (++reader->depth > reader->limits->depth) {
        refuse(reader, ERROR_TOO_LARGE, line_of(reader), "elements are nested too deep");
        return;
    }
    struct xml_element element = {.name = text_of((const char *)name),
                                  .space = text_of((const char *)space),
                                  .attribute_count = (size_t)attribute_count,
                                  .line = line_of(reader)};
    if (!collect_attributes(reader, packed, (size_t)attribute_count) ||
        !collect_prefixes(reader, namespaces, (size_t)namespace_count, &element.prefix_count)) {
        refuse(reader, ERROR_NO_MEMORY, element.line, "out of memory");
        return;
    }
    element.attributes = reader->attributes;
    element.prefixes = reader->prefixes;
    obey(reader, reader->handler->start(reader->context, &element));
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *space) {
    (void)name, (void)prefix, (void)space;
    struct reader *reader = context;
    on_news(reader);
    if (reader->error) return;
    reader->depth--;
    obey(reader, reader->handler->end(reader->context));
}

static void on_text(void *context, const xmlChar *data, int length) {
    struct reader *reader = context;
    on_news(reader);
    if (reader->error || length <= 0) return;
    struct text piece = {(const char *)data, (size_t)length};
    obey(reader, reader->handler->text(reader->context, piece, line_of(reader)));
}

/// Called before the first declaration inside is read, so none ever takes effect.
static void on_document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    struct reader *reader = context;
    refuse(reader, ERROR_UNSUPPORTED, line_of(reader),
           "a document type declaration is not allowed; remove <!DOCTYPE ...>");
}

/// Only notes it: libxml2 may be in the midst of something that xmlStopParser would pull from under it (while it looks
/// for the encoding, it crashes). No more bytes come after an error, so it ends soon by itself.
static void on_problem(void *context, const xmlError *error) {
    struct reader *reader = context;
    if (reader->error || error->level < XML_ERR_ERROR) return;
    struct text text = text_trim(text_of(error->message));
    *reader->ret_line = error->line > 0 ? (unsigned)error->line : 0;
    if (error->code == XML_ERR_NO_MEMORY)
        reader->error = problem_say(reader->ret_problem, ERROR_NO_MEMORY, "out of memory");
    else if (error->int2 > 0)
        reader->error = problem_say(reader->ret_problem, ERROR_INVALID, "not well-formed XML: %.*s (column %d)",
                                    TEXT_ARG(text), error->int2);
    else
        reader->error = problem_say(reader->ret_problem, ERROR_INVALID, "not well-formed XML: %.*s", TEXT_ARG(text));
}

/// NOENT makes libxml2 write "&" for "&amp;" in attributes; other entities cannot exist without a document type.
enum { READ_OPTIONS = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING };

/// libxml2 tells of a start tag when it ends, after it has compared each attribute in it with each other: a hundred
/// thousand take minutes. So that tag is stopped on its way.
static bool has_too_many_attributes(struct reader *reader, struct text piece) {
    enum { QUIET_MAX = 64 * 1024, SIGNS_MAX = 4096 };
    reader->quiet += piece.length;
    xmlParserInputState in = reader->parser->instate;
    if (reader->quiet <= QUIET_MAX || in == XML_PARSER_CDATA_SECTION || in == XML_PARSER_COMMENT || in == XML_PARSER_PI)
        return false;
    for (size_t i = 0; i < piece.length; i++) reader->signs += piece.data[i] == '=';
    return reader->signs > SIGNS_MAX;
}

/// The document goes in piece by piece: libxml2 would copy all of it otherwise.
static int give_bytes(void *context, char *bytes, int capacity) {
    struct reader *reader = context;
    if (reader->error) return 0;
    size_t length = reader->rest.length < (size_t)capacity ? reader->rest.length : (size_t)capacity;
    if (has_too_many_attributes(reader, (struct text){reader->rest.data, length})) {
        *reader->ret_line = line_of(reader);
        reader->error = problem_say(reader->ret_problem, ERROR_TOO_LARGE, "%s", too_many_attributes);
        return 0; // and so it ends by itself
    }
    if (length > 0) memcpy(bytes, reader->rest.data, length);
    reader->rest = text_from(reader->rest, length);
    return (int)length;
}

#define BYTE_ORDER_MARK TEXT("\xEF\xBB\xBF")

/// True when a document in single bytes says UTF-16 of itself.
static bool is_mislabelled(struct text bytes) {
    enum { DECLARATION_MAX = 200 };
    const struct text wrong = TEXT("utf-16");
    if (!text_starts_with(bytes, TEXT("<?xml "))) return false;
    if (bytes.length > DECLARATION_MAX) bytes.length = DECLARATION_MAX;
    const char *end = memchr(bytes.data, '>', bytes.length);
    if (end != NULL) bytes.length = (size_t)(end - bytes.data);
    for (; bytes.length >= wrong.length; bytes = text_from(bytes, 1))
        if (strncasecmp(bytes.data, wrong.data, wrong.length) == 0) return true;
    return false;
}

/// NULL: what it says of itself. A byte order mark is taken off where libxml2 would not look for it.
static const char *choose_encoding(struct reader *reader) {
    struct text bytes = reader->rest;
    if (text_starts_with(bytes, BYTE_ORDER_MARK)) bytes = text_from(bytes, BYTE_ORDER_MARK.length);
    if (!is_mislabelled(bytes)) return NULL;
    reader->rest = bytes;
    return "UTF-8";
}

static void read_with(struct reader *reader) {
    xmlSAXHandler sax = {
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_document_type,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .serror = (xmlStructuredErrorFunc)on_problem, // libxml2 2.12 made its second argument const
    };
    *reader->parser->sax = sax;
    reader->parser->userData = reader;
    xmlDocPtr document =
        xmlCtxtReadIO(reader->parser, give_bytes, NULL, reader, NULL, choose_encoding(reader), READ_OPTIONS);
    if (document != NULL) xmlFreeDoc(document); // only a tree builder makes one
    if (!reader->parser->wellFormed) refuse(reader, ERROR_INVALID, 0, "not well-formed XML");
}

enum error xml_read(struct text bytes, const struct xml_limits *limits, const struct xml_handler *handler,
                    void *context, unsigned *ret_line, struct problem *ret_problem) {
    unsigned line = 0;
    if (ret_line == NULL) ret_line = &line;
    *ret_line = 0;
    if (bytes.length == 0) return problem_say(ret_problem, ERROR_INVALID, "the file is empty");
    if (bytes.length > limits->bytes || bytes.length > XML_BYTES_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "larger than %zu bytes", limits->bytes);
    xmlInitParser();
    struct reader reader = {.parser = xmlNewParserCtxt(),
                            .rest = bytes,
                            .limits = limits,
                            .handler = handler,
                            .context = context,
                            .ret_line = ret_line,
                            .ret_problem = ret_problem};
    if (reader.parser == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    // What libxml2 says of its input rather than of the document; it would go to standard error. Of this thread only.
    void *context_before = xmlStructuredErrorContext;
    xmlStructuredErrorFunc function_before = xmlStructuredError;
    xmlSetStructuredErrorFunc(&reader, (xmlStructuredErrorFunc)on_problem);
    read_with(&reader);
    xmlSetStructuredErrorFunc(context_before, function_before);
    free(reader.attributes);
    free(reader.prefixes);
    xmlFreeParserCtxt(reader.parser);
    return reader.error;
}
