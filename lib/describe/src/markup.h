/// XML and HTML: text that cannot break out of its place. Both take the same five references; what XML 1.0 has no
/// character for (control characters, bytes that are no UTF-8) becomes U+FFFD.
#pragma once

#include <base/buffer.h>

/// Escaped, for text between tags and in attribute values of either kind of quotes.
void markup_text(struct buffer *out, struct text text);
/// ` name="value"`
void markup_attribute(struct buffer *out, const char *name, struct text value);
/// `<name>text</name>`
void markup_element(struct buffer *out, const char *name, struct text text);
