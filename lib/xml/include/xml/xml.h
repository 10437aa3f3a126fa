/// XML in, calls out. A careful front of libxml2 for bytes from outside: no network, no files, no document type
/// declaration and so no entities beyond the five of XML itself; limits on size and depth; the line of everything.
/// Comments and processing instructions are passed over. All text is UTF-8, whatever the file's encoding; one that says
/// UTF-16 of itself and is not, as some tools write it, is taken for UTF-8.
/// Threads: any number of readers at once; each calls its handler on the thread that called `xml_read`.
#pragma once

#include <base/problem.h>
#include <base/text.h>

struct xml_attribute {
    struct text name; // without prefix
    struct text value;
    struct text space;  // namespace; empty for an attribute without prefix, which belongs to its element
    struct text prefix; // as written
};

struct xml_prefix { // xmlns:prefix="space"
    struct text prefix, space;
};

struct xml_element {
    struct text name;  // without prefix
    struct text space; // namespace; empty when it has none
    const struct xml_attribute *attributes;
    size_t attribute_count;
    const struct xml_prefix *prefixes; // that are declared here
    size_t prefix_count;
    unsigned line; // where the start tag ends
};

/// What is found, in the order of the document. Texts are borrowed until the call returns. An error ends the reading
/// and becomes its result.
struct xml_handler {
    enum error (*start)(void *context, const struct xml_element *element);
    enum error (*text)(void *context, struct text piece, unsigned line); // one text may come in several pieces
    enum error (*end)(void *context);
};

struct xml_limits {
    size_t bytes;   // of the document; at most XML_BYTES_MAX
    unsigned depth; // of elements in elements; at most XML_DEPTH_MAX
};
enum { XML_BYTES_MAX = 1024 * 1024 * 1024 }; // libxml2 counts in int
enum { XML_DEPTH_MAX = 200 };                // libxml2 ends at 256
enum { XML_ATTRIBUTES_MAX = 256 };           // of one element, with prefixes; libxml2 compares each with each

/// ERROR_INVALID for what is no well-formed XML, ERROR_UNSUPPORTED for a document type declaration, ERROR_TOO_LARGE
/// past a limit; the problem says what, `*ret_line` where (0: the whole document). Both are left alone when the error
/// is the handler's.
enum error xml_read(struct text bytes, const struct xml_limits *limits, const struct xml_handler *handler,
                    void *context, unsigned *ret_line, struct problem *ret_problem);
