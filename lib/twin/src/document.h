/// The document of a shadow inside: a tree whose root is `state`, with the children `desired` and `reported` in that
/// order. A section without a member is not there.
#pragma once

#include "tree.h"

#include <stdatomic.h>
#include <twin/twin.h>

struct twin {
    atomic_uint references;
    bool exists;
    uint64_t version;
    size_t tree_bytes;
    struct tree_node state; // its children follow
};

enum section { SECTION_DESIRED, SECTION_REPORTED, SECTION_COUNT };
extern const char *const section_names[SECTION_COUNT];

/// The section of a state, which may be NULL or a `null`; NULL when it is not there.
const struct tree_node *section_of(const struct tree_node *state, enum section section);

/// A new twin with the tree that begins `tree`; NULL when out of memory. NULL makes a deleted shadow.
struct twin *twin_make(uint64_t version, const struct tree_node *tree);

extern const struct tree_node empty_object;
