/// The state of caex_read.c while it reads, and how nodes are made (caex_read_node.c).
#pragma once

#include "caex.h"

#include <xml/xml.h>

enum { REQUIRED_MAX = 3 }; // XML attributes that one kind of node must have

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
    const struct attribute_row *required[CAEX_KINDS][REQUIRED_MAX + 1]; // NULL behind the last
};

void reader_find_required(struct reader *reader);

/// A new last child of the reader's node; the first of all is the root.
enum error reader_add_node(struct reader *reader, enum caex_kind kind, unsigned line, struct caex_node **ret_node);

/// A text of the node, by its offset in it.
struct text *reader_text_at(struct caex_node *node, size_t offset);
enum error reader_keep(struct reader *reader, struct caex_node *node, struct text value, size_t offset);

/// The XML attributes of the reader's node, which has just begun: one of CAEX; an extension.
enum error reader_take_attributes(struct reader *reader, const struct xml_element *element);
enum error reader_take_extension(struct reader *reader, const struct xml_element *element);
/// Those of an element that holds text only have no place to be kept, and say nothing as a rule.
void reader_leave_attributes(struct reader *reader, const struct xml_element *element);
