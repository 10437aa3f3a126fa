// Texts of a document: those that stand in it more than once are kept once.
#include "caex.h"

#include <stdlib.h>
#include <string.h>

enum { INTERNED_BYTES_MAX = 64 }; // longer texts are seldom the same

/// The slot of the text, or an empty one for it.
static struct intern_slot *find_slot(const struct intern_table *table, struct text text, uint32_t hash) {
    size_t mask = table->capacity - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct intern_slot *slot = &table->slots[at];
        if (slot->data == NULL) return slot;
        if (slot->hash != hash || slot->length != text.length) continue;
        if (text.length == 0 || memcmp(slot->data, text.data, text.length) == 0) return slot;
    }
}

static bool grow(struct intern_table *table) {
    enum { FIRST = 1024 };
    if (table->count * 2 < table->capacity) return true;
    struct intern_table larger = {.capacity = table->capacity == 0 ? FIRST : table->capacity * 2,
                                  .count = table->count};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) return false;
    size_t mask = larger.capacity - 1;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i].data == NULL) continue;
        size_t at = table->slots[i].hash & mask;
        while (larger.slots[at].data != NULL) at = (at + 1) & mask;
        larger.slots[at] = table->slots[i];
    }
    free(table->slots);
    *table = larger;
    return true;
}

bool caex_intern(struct caex *caex, struct text text, struct text *ret_kept) {
    if (text.length > INTERNED_BYTES_MAX) return arena_copy(&caex->arena, text, ret_kept);
    if (!grow(&caex->texts)) return false;
    uint32_t hash = (uint32_t)caex_hash(&caex->key, text, 0);
    struct intern_slot *slot = find_slot(&caex->texts, text, hash);
    if (slot->data == NULL) {
        struct text copy;
        if (!arena_copy(&caex->arena, text, &copy)) return false;
        *slot = (struct intern_slot){copy.data, hash, (uint32_t)copy.length};
        caex->texts.count++;
    }
    *ret_kept = (struct text){slot->data, slot->length};
    return true;
}

bool caex_same_name(const struct caex_node *a, const struct caex_node *b) {
    bool interned = a->name.length <= INTERNED_BYTES_MAX && a->kind != CAEX_LINK;
    return a->name.data == b->name.data || (!interned && text_equal(a->name, b->name));
}

void caex_intern_clear(struct caex *caex) {
    free(caex->texts.slots);
    caex->texts = (struct intern_table){0};
}

struct text caex_plain_id(struct text id, char bytes[CAEX_NAME_BYTES_MAX]) {
    id = text_trim(id);
    if (text_starts_with(id, TEXT("{")) && text_ends_with(id, TEXT("}")))
        id = (struct text){id.data + 1, id.length - 2};
    if (id.length > CAEX_NAME_BYTES_MAX) return TEXT_EMPTY;
    for (size_t i = 0; i < id.length; i++)
        bytes[i] = id.data[i] >= 'A' && id.data[i] <= 'Z' ? (char)(id.data[i] + ('a' - 'A')) : id.data[i];
    return (struct text){bytes, id.length};
}

struct text caex_clip(struct text text, size_t bytes_max) {
    if (text.length <= bytes_max) return text;
    text.length = bytes_max;
    while (text.length > 0 && ((unsigned char)text.data[text.length] & 0xC0) == 0x80) text.length--; // whole characters
    return text;
}
