#include <base/buffer.h>
#include <base/cleanup.h>
#include <xml/xml.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the four above first
#include <cmocka.h>

// The document as it was heard: "<name attribute=value @line" for a start, "text", ">" for an end.
struct listener {
    struct buffer heard;
    size_t stop_after; // starts; 0: never
    size_t starts;
};

static enum error hear_start(void *context, const struct xml_element *element) {
    struct listener *listener = context;
    buffer_print(&listener->heard, "<%.*s", TEXT_ARG(element->name));
    if (element->space.length > 0) buffer_print(&listener->heard, "{%.*s}", TEXT_ARG(element->space));
    for (size_t i = 0; i < element->prefix_count; i++)
        buffer_print(&listener->heard, " +%.*s=%.*s", TEXT_ARG(element->prefixes[i].prefix),
                     TEXT_ARG(element->prefixes[i].space));
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];
        if (attribute->space.length > 0)
            buffer_print(&listener->heard, " {%.*s}%.*s:%.*s=%.*s", TEXT_ARG(attribute->space),
                         TEXT_ARG(attribute->prefix), TEXT_ARG(attribute->name), TEXT_ARG(attribute->value));
        else
            buffer_print(&listener->heard, " %.*s=%.*s", TEXT_ARG(attribute->name), TEXT_ARG(attribute->value));
    }
    buffer_print(&listener->heard, " @%u ", element->line);
    return ++listener->starts == listener->stop_after ? ERROR_LIMIT : ERROR_NONE;
}

static enum error hear_text(void *context, struct text piece, unsigned line) {
    struct listener *listener = context;
    assert_true(line > 0);
    buffer_text(&listener->heard, piece);
    return ERROR_NONE;
}

static enum error hear_end(void *context) {
    struct listener *listener = context;
    buffer_string(&listener->heard, ">");
    return ERROR_NONE;
}

static const struct xml_handler handler = {hear_start, hear_text, hear_end};
static const struct xml_limits limits = {.bytes = 4096, .depth = 4};

struct reading_case {
    const char *name;
    struct text document;
    enum error error;
    const char *heard; // on success
    unsigned line;     // on failure
    const char *problem;
};

static const struct reading_case cases[] = {
    {"elements, attributes, texts and lines arrive in order", TEXT("<a x='1' y='2'>\n<b>t</b>\n</a>"), ERROR_NONE,
     "<a x=1 y=2 @1 \n<b @2 t>\n>", 0, NULL},
    {"the line of a start tag is where it ends", TEXT("<a\n x='1'\n>t</a>"), ERROR_NONE, "<a x=1 @3 t>", 0, NULL},
    {"namespaces of elements and attributes are told, and where their prefixes are declared",
     TEXT("<a xmlns='urn:n' xmlns:o='urn:o' o:x='1' y='2'><o:b xml:lang='de'/></a>"), ERROR_NONE,
     "<a{urn:n} +o=urn:o {urn:o}o:x=1 y=2 @1 <b{urn:o} {http://www.w3.org/XML/1998/namespace}xml:lang=de @1 >>", 0,
     NULL},
    {"the five entities and character references are resolved", TEXT("<a x='&lt;&amp;&#228;'>&gt;&amp;&quot;</a>"),
     ERROR_NONE, "<a x=<&ä @1 >&\">", 0, NULL},
    {"character data sections are text", TEXT("<a><![CDATA[<b>]]></a>"), ERROR_NONE, "<a @1 <b>>", 0, NULL},
    {"a byte order mark is fine", TEXT("\xEF\xBB\xBF<a/>"), ERROR_NONE, "<a @1 >", 0, NULL},
    {"UTF-16 becomes UTF-8", TEXT("\xFF\xFE<\0a\0 \0x\0=\0'\0\xE4\0'\0/\0>\0"), ERROR_NONE, "<a x=ä @1 >", 0, NULL},
    {"what says UTF-16 of itself, but is not, is taken for UTF-8",
     TEXT("<?xml version='1.0' encoding='UTF-16'?><a>\xC3\xA4</a>"), ERROR_NONE, "<a @1 ä>", 0, NULL},
    {"the same behind a byte order mark", TEXT("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<a/>"),
     ERROR_NONE, "<a @2 >", 0, NULL},
    {"Latin-1 becomes UTF-8", TEXT("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE4</a>"), ERROR_NONE, "<a @1 ä>", 0,
     NULL},
    {"comments and instructions are passed over", TEXT("<!-- c --><?p i?><a>1<!-- c -->2<?p i?></a>"), ERROR_NONE,
     "<a @1 12>", 0, NULL},
    {"as deep as the limit is fine", TEXT("<a><a><a><a/></a></a></a>"), ERROR_NONE, "<a @1 <a @1 <a @1 <a @1 >>>>", 0,
     NULL},

    {"deeper than the limit is refused", TEXT("<a><a><a><a>\n<a/></a></a></a></a>"), ERROR_TOO_LARGE, NULL, 2,
     "nested too deep"},
    {"nothing is no document", TEXT(""), ERROR_INVALID, NULL, 0, "the file is empty"},
    {"blanks are no document", TEXT(" \n"), ERROR_INVALID, NULL, 2, "not well-formed XML"},
    {"a wrong end tag is refused with its line", TEXT("<a>\n<b>\n</a>"), ERROR_INVALID, NULL, 3, "tag mismatch"},
    {"a document that ends too early is refused", TEXT("<a>\n<b>"), ERROR_INVALID, NULL, 2, "not well-formed XML"},
    {"an attribute twice is refused", TEXT("<a x='1' x='2'/>"), ERROR_INVALID, NULL, 1, "redefined"},
    {"broken UTF-8 is refused", TEXT("<a>\xFF</a>"), ERROR_INVALID, NULL, 1, "not well-formed XML"},
    {"an unknown encoding is refused", TEXT("<?xml version='1.0' encoding='nonsense'?><a/>"), ERROR_INVALID, NULL, 1,
     "encoding"},
    {"an unknown entity is refused", TEXT("<a>&b;</a>"), ERROR_INVALID, NULL, 1, "Entity 'b' not defined"},
    {"a document type is refused", TEXT("<!DOCTYPE a>\n<a/>"), ERROR_UNSUPPORTED, NULL, 1, "remove <!DOCTYPE"},
    {"entities that grow without end are refused at the document type",
     TEXT("<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;'><!ENTITY % d SYSTEM 'file:///etc/passwd'> %d;]>"
          "<a x='&c;'>&c;</a>"),
     ERROR_UNSUPPORTED, NULL, 1, "remove <!DOCTYPE"},
    {"an external document type is refused", TEXT("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>"),
     ERROR_UNSUPPORTED, NULL, 1, "remove <!DOCTYPE"},
};

static void check(void **state) {
    const struct reading_case *c = *state;
    struct listener listener = {0};
    struct problem problem = {"untouched"};
    unsigned line = 0;
    assert_int_equal(xml_read(c->document, &limits, &handler, &listener, &line, &problem), c->error);
    if (c->error) {
        assert_int_equal(line, c->line);
        if (strstr(problem.text, c->problem) == NULL) fail_msg("'%s' lacks '%s'", problem.text, c->problem);
    } else {
        assert_string_equal(listener.heard.data, c->heard);
        assert_string_equal(problem.text, "untouched");
    }
    buffer_clear(&listener.heard);
}

static void handler_stops(void **state) {
    (void)state;
    struct listener listener = {.stop_after = 2};
    struct problem problem = {"untouched"};
    assert_int_equal(xml_read(TEXT("<a><b/><c/></a><"), &limits, &handler, &listener, NULL, &problem), ERROR_LIMIT);
    assert_string_equal(listener.heard.data, "<a @1 <b @1 ");
    assert_string_equal(problem.text, "untouched");
    buffer_clear(&listener.heard);
}

static void size_is_limited(void **state) {
    (void)state;
    struct listener listener = {0};
    struct problem problem;
    const struct xml_limits small = {.bytes = 4, .depth = 4};
    assert_int_equal(xml_read(TEXT("<ab/>"), &small, &handler, &listener, NULL, &problem), ERROR_TOO_LARGE);
    assert_int_equal(xml_read(TEXT("<a/>"), &small, &handler, &listener, NULL, &problem), ERROR_NONE);
    buffer_clear(&listener.heard);
}

static enum error count_start(void *context, const struct xml_element *element) {
    struct listener *listener = context;
    listener->starts++;
    listener->stop_after = element->line; // the last line seen
    return ERROR_NONE;
}
static enum error ignore_text(void *context, struct text piece, unsigned line) {
    (void)context, (void)piece, (void)line;
    return ERROR_NONE;
}
static enum error ignore_end(void *context) {
    (void)context;
    return ERROR_NONE;
}

/// An export of an engineering tool: tens of megabytes, far more than 65535 lines.
static void large_document(void **state) {
    (void)state;
    enum { LINES = 300 * 1000 };
    struct buffer document = {0};
    buffer_string(&document, "<a>\n");
    for (int i = 0; i < LINES; i++) buffer_print(&document, "  <b name='the name of number %d'>some text</b>\n", i);
    buffer_string(&document, "</a>");
    assert_false(document.failed);
    assert_true(document.length > 12u * 1000 * 1000);
    struct listener listener = {0};
    const struct xml_handler counting = {count_start, ignore_text, ignore_end};
    const struct xml_limits wide = {.bytes = document.length, .depth = 4};
    struct problem problem = {0};
    enum error error = xml_read(buffer_view(&document), &wide, &counting, &listener, NULL, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, ERROR_NONE);
    assert_int_equal(listener.starts, LINES + 1);
    assert_int_equal(listener.stop_after, LINES + 1);
    buffer_clear(&document);
}

static void put_attributes(struct buffer *out, const char *format, int count) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    for (int i = 0; i < count; i++) buffer_print(out, format, i);
#pragma GCC diagnostic pop
}

/// libxml2 2.9 would take minutes for them.
static void attributes_are_limited(void **state) {
    (void)state;
    static const struct {
        const char *format;
        int count;
        enum error error;
    } few[] = {
        {" a%d='1'", XML_ATTRIBUTES_MAX, ERROR_NONE},
        {" a%d='1'", XML_ATTRIBUTES_MAX + 1, ERROR_TOO_LARGE},
        {" xmlns:a%d='urn:a'", XML_ATTRIBUTES_MAX + 1, ERROR_TOO_LARGE},
        {" a%d='1'", 1000 * 1000, ERROR_TOO_LARGE},
        {" xmlns:a%d='urn:a'", 1000 * 1000, ERROR_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof few / sizeof few[0]; i++) {
        CLEANUP(buffer_clear) struct buffer document = {0};
        buffer_string(&document, "<a>\n<b");
        put_attributes(&document, few[i].format, few[i].count);
        buffer_string(&document, "/></a>");
        struct listener listener = {0};
        const struct xml_handler counting = {count_start, ignore_text, ignore_end};
        const struct xml_limits wide = {.bytes = document.length, .depth = 4};
        struct problem problem = {""};
        unsigned line = 0;
        assert_int_equal(xml_read(buffer_view(&document), &wide, &counting, &listener, &line, &problem), few[i].error);
        if (!few[i].error) continue;
        assert_int_equal(line, 2);
        assert_string_equal(problem.text, "an element has more than 256 XML attributes; remove some");
    }
}

/// What holds much may have many signs: another document in a section of character data, a comment, a text, a value.
static void other_large_pieces_are_read(void **state) {
    (void)state;
    static const char *const frames[][2] = {
        {"<a><![CDATA[", "]]></a>"}, {"<a><!--", "--></a>"}, {"<a><?p ", "?></a>"}, {"<a>", "</a>"}, {"<a>\n", "</a>"}};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        CLEANUP(buffer_clear) struct buffer document = {0};
        buffer_string(&document, frames[i][0]);
        put_attributes(&document, " name%d = 1\n", 100 * 1000);
        buffer_string(&document, frames[i][1]);
        struct listener listener = {0};
        const struct xml_handler counting = {count_start, ignore_text, ignore_end};
        const struct xml_limits wide = {.bytes = document.length, .depth = 4};
        struct problem problem = {""};
        error_ignore(xml_read(buffer_view(&document), &wide, &counting, &listener, NULL, &problem));
        assert_string_equal(problem.text, "");
    }
}

enum { CASES = sizeof cases / sizeof cases[0] };

int main(void) {
    struct CMUnitTest tests[CASES + 5];
    for (size_t i = 0; i < CASES; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, check, NULL, NULL, (void *)&cases[i]};
    tests[CASES] = (struct CMUnitTest){"an error of the handler ends the reading and is the result", handler_stops,
                                       NULL, NULL, NULL};
    tests[CASES + 1] =
        (struct CMUnitTest){"a document past the size limit is refused", size_is_limited, NULL, NULL, NULL};
    tests[CASES + 2] =
        (struct CMUnitTest){"a large document is read with right lines", large_document, NULL, NULL, NULL};
    tests[CASES + 3] = (struct CMUnitTest){"an element has a limited number of attributes, however many are written",
                                           attributes_are_limited, NULL, NULL, NULL};
    tests[CASES + 4] = (struct CMUnitTest){"large texts, comments and sections are read whatever is in them",
                                           other_large_pieces_are_read, NULL, NULL, NULL};
    return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
