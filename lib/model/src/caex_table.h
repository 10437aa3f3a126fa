/// Nodes by name: tables for a number of nodes that is known when they are made. Nothing is ever taken out.
///
/// The hash has a key of its own in every document: what names are in a file is up to others, and whoever could choose
/// names that meet in one place could make the reader slow.
#pragma once

#include "arena.h"

struct caex_node;

struct caex_key {
    uint64_t start, factor;
};
void caex_key_make(struct caex_key *key); // from the system's randomness

uint64_t caex_hash(const struct caex_key *key, struct text text, uint64_t salt);
/// The hash of a text that comes piece by piece: begin with 0; the same for one piece as for many.
uint64_t caex_hash_more(const struct caex_key *key, uint64_t hash, struct text piece);

struct caex_entry {
    struct caex_node *node; // NULL: free
    uint64_t hash;
};
struct caex_table {
    struct caex_entry *entries;
    size_t capacity; // a power of two; 0: nothing is in it
};

/// Room for `count` nodes; false when out of memory.
bool caex_table_make(struct caex_table *table, struct arena *arena, size_t count);

/// What is asked for: a text, and what the node must be besides having it.
struct caex_wanted {
    struct text text;
    unsigned group;
};
typedef bool caex_is_wanted(const struct caex_node *node, const struct caex_wanted *wanted);

/// The entry of the node that is wanted, else a free one for it; NULL when the table has no room at all.
struct caex_entry *caex_table_find(const struct caex_table *table, uint64_t hash, const struct caex_wanted *wanted,
                                   caex_is_wanted *is_wanted);

/// The place of a hash will be asked for soon. A large table lies far from the processor: who asks for many places does
/// better to say some of them in advance than to wait for each (CAEX_AHEAD at a time).
enum { CAEX_AHEAD = 16 }; // a power of two
void caex_table_prepare(const struct caex_table *table, uint64_t hash);
