#include <base/map.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Two arrays: entries in the order of insertion, and an index of slots that finds them by hash.
 *
 *   slots    [ . 2 . 1 x 4 . . ]     number of an entry, counted from 1; `.` empty, x removed
 *   entries  [ a b - d ]             `-` removed: its key is NULL
 *
 * (1) Every entry that is used, alive or removed, has at most one slot, and there are twice as many slots as entries:
 *     a probe always ends at an empty one.
 * (2) Only map_set moves entries, so a walk may remove what it has just seen. */

enum { ENTRIES_FIRST = 8, SLOTS_PER_ENTRY = 2 };
enum { SLOT_EMPTY = 0 };
#define SLOT_REMOVED UINT32_MAX

struct entry {
    char *key; // NULL: removed
    size_t key_length;
    uint64_t hash;
    void *value;
};

struct map {
    struct entry *entries;
    uint32_t *slots;
    size_t capacity; // entries, a power of two; 0 before the first
    size_t used;     // entries alive or removed
    size_t count;    // entries alive
    uint64_t seed[2];
};

// SipHash-1-3 (Aumasson and Bernstein): keys come in from outside, and nobody outside may choose which ones collide.

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t value, unsigned bits) {
    return value << bits | value >> (64 - bits);
}

static void sip_round(struct sip *s) {
    s->v0 += s->v1, s->v1 = rotate(s->v1, 13) ^ s->v0, s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3, s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3, s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1, s->v1 = rotate(s->v1, 17) ^ s->v2, s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word) {
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static uint64_t sip_hash(const uint64_t seed[static 2], struct text text) {
    struct sip s = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d, seed[0] ^ 0x6c7967656e657261,
                    seed[1] ^ 0x7465646279746573};
    uint64_t last = (uint64_t)text.length << 56;
    for (; text.length >= sizeof(uint64_t); text = text_from(text, sizeof(uint64_t))) {
        uint64_t word; // in the byte order of the machine: the hash never leaves it
        memcpy(&word, text.data, sizeof word);
        sip_word(&s, word);
    }
    for (size_t i = 0; i < text.length; i++) last |= (uint64_t)(unsigned char)text.data[i] << (8 * i);
    sip_word(&s, last);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

struct map *map_create(void) {
    struct map *map = calloc(1, sizeof *map);
    if (map == NULL) return NULL;
    ssize_t got = getrandom(map->seed, sizeof map->seed, GRND_NONBLOCK);
    (void)got; // early at boot there is no entropy: a map that can be guessed beats none
    return map;
}

void map_destroy(struct map *map) {
    if (map == NULL) return;
    for (size_t i = 0; i < map->used; i++) free(map->entries[i].key);
    free(map->entries);
    free(map->slots);
    free(map);
}

static bool entry_is(const struct entry *entry, uint64_t hash, struct text key) {
    return entry->hash == hash && text_equal((struct text){entry->key, entry->key_length}, key);
}

/// The slot that leads to the entry with this key, NULL when there is none.
static uint32_t *find_slot(const struct map *map, uint64_t hash, struct text key) {
    if (map->capacity == 0) return NULL;
    size_t mask = map->capacity * SLOTS_PER_ENTRY - 1;
    for (size_t at = hash & mask; map->slots[at] != SLOT_EMPTY; at = (at + 1) & mask) {
        if (map->slots[at] == SLOT_REMOVED) continue;
        if (entry_is(&map->entries[map->slots[at] - 1], hash, key)) return &map->slots[at];
    }
    return NULL;
}

static struct entry *find(const struct map *map, struct text key) {
    const uint32_t *slot = find_slot(map, sip_hash(map->seed, key), key);
    return slot == NULL ? NULL : &map->entries[*slot - 1];
}

void *map_get(const struct map *map, struct text key) {
    const struct entry *entry = find(map, key);
    return entry == NULL ? NULL : entry->value;
}

/// Puts the entry behind all others; there is room.
static void place(struct map *map, struct entry entry) {
    size_t mask = map->capacity * SLOTS_PER_ENTRY - 1;
    size_t at = entry.hash & mask;
    while (map->slots[at] != SLOT_EMPTY) at = (at + 1) & mask;
    map->entries[map->used++] = entry;
    map->slots[at] = (uint32_t)map->used;
    map->count++;
}

/// Makes room for one more entry: twice as large, or the same size without the removed ones when these are many.
static enum error make_room(struct map *map) {
    if (map->used < map->capacity) return ERROR_NONE;
    struct map next = {.capacity = map->count < map->capacity / 2 ? map->capacity : map->capacity * 2};
    if (next.capacity == 0) next.capacity = ENTRIES_FIRST;
    if (next.capacity >= SLOT_REMOVED / 2) return ERROR_NO_MEMORY;
    next.entries = calloc(next.capacity, sizeof *next.entries);
    next.slots = calloc(next.capacity * SLOTS_PER_ENTRY, sizeof *next.slots);
    if (next.entries == NULL || next.slots == NULL) {
        free(next.entries);
        free(next.slots);
        return ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < map->used; i++)
        if (map->entries[i].key != NULL) place(&next, map->entries[i]);
    free(map->entries);
    free(map->slots);
    memcpy(next.seed, map->seed, sizeof next.seed);
    *map = next;
    return ERROR_NONE;
}

enum error map_set(struct map *map, struct text key, void *value) {
    assert(value != NULL);
    uint64_t hash = sip_hash(map->seed, key);
    const uint32_t *slot = find_slot(map, hash, key);
    if (slot != NULL) {
        map->entries[*slot - 1].value = value;
        return ERROR_NONE;
    }
    char *copy = text_copy(key);
    if (copy == NULL) return ERROR_NO_MEMORY;
    enum error error = make_room(map);
    if (error) {
        free(copy);
        return error;
    }
    place(map, (struct entry){copy, key.length, hash, value});
    return ERROR_NONE;
}

void *map_remove(struct map *map, struct text key) {
    uint32_t *slot = find_slot(map, sip_hash(map->seed, key), key);
    if (slot == NULL) return NULL;
    struct entry *entry = &map->entries[*slot - 1];
    void *value = entry->value;
    free(entry->key);
    *entry = (struct entry){0};
    *slot = SLOT_REMOVED;
    map->count--;
    return value;
}

size_t map_count(const struct map *map) {
    return map->count;
}

bool map_next(const struct map *map, size_t *at, struct text *ret_key, void **ret_value) {
    while (*at < map->used && map->entries[*at].key == NULL) (*at)++;
    if (*at >= map->used) return false;
    const struct entry *entry = &map->entries[(*at)++];
    if (ret_key != NULL) *ret_key = (struct text){entry->key, entry->key_length};
    if (ret_value != NULL) *ret_value = entry->value;
    return true;
}
