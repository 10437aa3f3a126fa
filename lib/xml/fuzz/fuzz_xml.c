// Whatever the bytes are: starts and ends pair up, no more depth than allowed, and texts are UTF-8.
#include <xml/xml.h>

#include <stdlib.h>

enum { DEPTH = 8 };

static void expect(bool holds) {
    if (!holds) abort();
}

static enum error start(void *context, const struct xml_element *element) {
    unsigned *depth = context;
    expect(++*depth <= DEPTH);
    expect(element->name.length > 0 && text_is_utf8(element->name) && text_is_utf8(element->space));
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];
        expect(attribute->name.length > 0 && text_is_utf8(attribute->name) && text_is_utf8(attribute->value));
        expect((attribute->space.length == 0) == (attribute->prefix.length == 0));
    }
    for (size_t i = 0; i < element->prefix_count; i++)
        expect(element->prefixes[i].prefix.length > 0 && text_is_utf8(element->prefixes[i].space));
    return ERROR_NONE;
}

static enum error text(void *context, struct text piece, unsigned line) {
    const unsigned *depth = context;
    expect(*depth > 0 && piece.length > 0 && line > 0);
    return ERROR_NONE;
}

static enum error end(void *context) {
    unsigned *depth = context;
    expect((*depth)-- > 0);
    return ERROR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct xml_limits limits = {.bytes = 64 * 1024, .depth = DEPTH};
    const struct xml_handler handler = {start, text, end};
    unsigned depth = 0;
    struct problem problem = {0};
    enum error error = xml_read((struct text){(const char *)data, size}, &limits, &handler, &depth, NULL, &problem);
    expect((error == ERROR_NONE) == (problem.text[0] == '\0'));
    expect(error != ERROR_NONE || depth == 0);
    return 0;
}
