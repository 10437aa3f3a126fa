// docs/spec/retain.md draws the image.

#include "image.h"

#include <base/bytes.h>

#include <stdlib.h>
#include <string.h>

enum {
    AT_MAGIC = 0,
    AT_GENERATION = 8,
    AT_LAYOUT = 16,
    AT_COUNT = 24,
    AT_ENTRIES = 28,
    CRC_BYTES = 4,
    ENTRY_BYTES = 2 + 1 + 8, // without its path
};
#define MAGIC "SPLCRET1"

static bool can_be_retained(enum value_type type) {
    return type == VALUE_BOOL || type == VALUE_INT32 || type == VALUE_UINT16 || type == VALUE_UINT32 ||
           type == VALUE_DOUBLE;
}

/// FNV-1a, 64 bits: tells layouts apart, nothing more.
static uint64_t mix(uint64_t hash, const void *data, size_t length) {
    const uint8_t *byte = data;
    for (size_t i = 0; i < length; i++) hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t image_layout(const struct program *program) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < program_retained_count(program); i++) {
        const struct program_tag *tag = program_tag(program, program_retained(program, i));
        uint8_t type = (uint8_t)tag->type;
        hash = mix(hash, tag->path.data, tag->path.length);
        hash = mix(hash, &type, 1);
    }
    return hash;
}

static void put(struct buffer *out, uint64_t number, size_t bytes) {
    uint8_t raw[8];
    bytes_put(raw, number, bytes);
    buffer_append(out, raw, bytes);
}

void image_encode(const struct program *program, uint64_t generation, const union scan_value *values, const bool *known,
                  struct buffer *out) {
    size_t count = 0;
    for (size_t i = 0; i < program_retained_count(program); i++) count += known[i];
    buffer_string(out, MAGIC);
    put(out, generation, 8);
    put(out, image_layout(program), 8);
    put(out, count, 4);
    for (size_t i = 0; i < program_retained_count(program); i++) {
        if (!known[i]) continue;
        const struct program_tag *tag = program_tag(program, program_retained(program, i));
        put(out, tag->path.length, 2);
        put(out, (uint64_t)tag->type, 1);
        put(out, values[i].bits, 8);
        buffer_text(out, tag->path);
    }
    put(out, bytes_crc32(0, out->data, out->length), CRC_BYTES);
}

static union scan_value value_of(enum value_type type, uint64_t bits) {
    union scan_value value = {.bits = 0};
    switch (type) {
    case VALUE_BOOL: value.boolean = bits != 0; break;
    case VALUE_UINT16: value.uint16 = (uint16_t)bits; break;
    case VALUE_INT32:
    case VALUE_UINT32: value.uint32 = (uint32_t)bits; break;
    default: value.bits = bits; break;
    }
    return value;
}

/// One entry at `at`; 0 when it does not fit before `end`, else its length.
static size_t decode_entry(const uint8_t *at, size_t left, struct retain_entry *ret_entry) {
    if (left < ENTRY_BYTES) return 0;
    size_t path = (size_t)bytes_get(at, 2);
    enum value_type type = (enum value_type)at[2];
    if (path > RETAIN_PATH_BYTES_MAX || path > left - ENTRY_BYTES || !can_be_retained(type)) return 0;
    struct text text = {(const char *)at + ENTRY_BYTES, path};
    if (!text_is_utf8(text)) return 0;
    *ret_entry = (struct retain_entry){.path = text, .type = type, .value = value_of(type, bytes_get(at + 3, 8))};
    return ENTRY_BYTES + path;
}

enum error retain_decode(struct text bytes, struct retain_image *ret_image) {
    const uint8_t *data = (const uint8_t *)bytes.data;
    if (bytes.length < AT_ENTRIES + CRC_BYTES || memcmp(data, MAGIC, AT_GENERATION) != 0) return ERROR_INVALID;
    size_t end = bytes.length - CRC_BYTES;
    if (bytes_crc32(0, data, end) != bytes_get(data + end, CRC_BYTES)) return ERROR_INVALID;
    size_t count = (size_t)bytes_get(data + AT_COUNT, 4);
    if (count > (end - AT_ENTRIES) / ENTRY_BYTES) return ERROR_INVALID;
    struct retain_image image = {
        .generation = bytes_get(data + AT_GENERATION, 8),
        .layout = bytes_get(data + AT_LAYOUT, 8),
        .entries = calloc(count + 1, sizeof *image.entries),
    };
    if (image.entries == NULL) return ERROR_NO_MEMORY;
    size_t at = AT_ENTRIES;
    for (; image.count < count; image.count++) {
        size_t length = decode_entry(data + at, end - at, &image.entries[image.count]);
        if (length == 0) break;
        at += length;
    }
    if (image.count == count && at == end) {
        *ret_image = image;
        return ERROR_NONE;
    }
    retain_image_clear(&image);
    return ERROR_INVALID;
}

void retain_image_clear(struct retain_image *image) {
    free(image->entries);
    *image = (struct retain_image){0};
}
