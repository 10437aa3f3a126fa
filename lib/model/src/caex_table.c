#include "caex_table.h"

#include <string.h>
#include <sys/random.h>

void caex_key_make(struct caex_key *key) {
    ssize_t got = getrandom(key, sizeof *key, GRND_NONBLOCK);
    (void)got; // early at boot there is none: a hash that can be guessed beats no reader
    key->factor |= 1;
}

/// Both halves of the product count, so that a difference in any bit, also the highest, depends on the key.
static uint64_t mix(uint64_t value, uint64_t factor) {
    unsigned __int128 product = (unsigned __int128)value * factor;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t caex_hash(const struct caex_key *key, struct text text, uint64_t salt) {
    uint64_t hash = key->start ^ text.length << 8 ^ salt, word = 0;
    for (; text.length >= sizeof word; text = text_from(text, sizeof word)) {
        memcpy(&word, text.data, sizeof word);
        hash = mix(hash ^ word, key->factor);
    }
    word = 0;
    if (text.length > 0) memcpy(&word, text.data, text.length);
    hash = mix(hash ^ word, key->factor);
    return mix(hash, key->factor ^ key->start);
}

/// A polynomial modulo a prime (2^61 - 1), in a place that nobody knows: two texts hardly ever meet.
uint64_t caex_hash_more(const struct caex_key *key, uint64_t hash, struct text piece) {
    enum { BITS = 61 };
    const uint64_t prime = (UINT64_C(1) << BITS) - 1, factor = key->factor & prime;
    for (size_t i = 0; i < piece.length; i++) {
        unsigned __int128 product = (unsigned __int128)hash * factor + (unsigned char)piece.data[i] + 1;
        hash = ((uint64_t)product & prime) + (uint64_t)(product >> BITS); // the same modulo the prime
        if (hash >= prime) hash -= prime;
    }
    return hash;
}

bool caex_table_make(struct caex_table *table, struct arena *arena, size_t count) {
    *table = (struct caex_table){0};
    if (count == 0) return true;
    size_t capacity = 4;
    while (capacity < count + count / 2) capacity *= 2;
    table->entries = arena_take_array(arena, capacity, sizeof *table->entries);
    if (table->entries == NULL) return false;
    table->capacity = capacity;
    return true;
}

struct caex_entry *caex_table_find(const struct caex_table *table, uint64_t hash, const struct caex_wanted *wanted,
                                   caex_is_wanted *is_wanted) {
    if (table->capacity == 0) return NULL;
    size_t mask = table->capacity - 1, at = (size_t)hash & mask;
    for (;; at = (at + 1) & mask) {
        struct caex_entry *entry = &table->entries[at];
        if (entry->node == NULL || (entry->hash == hash && is_wanted(entry->node, wanted))) return entry;
    }
}

void caex_table_prepare(const struct caex_table *table, uint64_t hash) {
    if (table->capacity > 0) __builtin_prefetch(&table->entries[hash & (table->capacity - 1)]);
}
