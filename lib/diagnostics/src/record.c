// docs/spec/diagnostics.md draws the record.

#include "record.h"

#include <base/bytes.h>

#include <stdlib.h>
#include <string.h>

enum {
    AT_MAGIC = 0,
    AT_CRC = 4,
    AT_SEQUENCE = 8,
    AT_WALL = 16,
    AT_MONOTONIC = 24,
    AT_START = 32,
    AT_CODE = 36,
    AT_SEVERITY = 38,
    AT_SOURCE = 40,
    AT_TEXT = AT_SOURCE + DIAGNOSTICS_SOURCE_BYTES,
    MAGIC = 0x31474453, // "SDG1"
};
_Static_assert(AT_TEXT + DIAGNOSTICS_TEXT_BYTES == DIAGNOSTICS_RECORD_BYTES, "a record is full");

static uint32_t checksum(const uint8_t *record) {
    return bytes_crc32(0, record + AT_SEQUENCE, DIAGNOSTICS_RECORD_BYTES - AT_SEQUENCE);
}

void record_encode(const struct diagnostics_entry *entry, uint8_t ret_record[static DIAGNOSTICS_RECORD_BYTES]) {
    memset(ret_record, 0, DIAGNOSTICS_RECORD_BYTES);
    bytes_put(ret_record + AT_MAGIC, MAGIC, 4);
    bytes_put(ret_record + AT_SEQUENCE, entry->sequence, 8);
    bytes_put(ret_record + AT_WALL, entry->wall_ns, 8);
    bytes_put(ret_record + AT_MONOTONIC, entry->monotonic_ns, 8);
    bytes_put(ret_record + AT_START, entry->start, 4);
    bytes_put(ret_record + AT_CODE, entry->code, 2);
    bytes_put(ret_record + AT_SEVERITY, entry->severity, 2);
    memcpy(ret_record + AT_SOURCE, entry->source, strnlen(entry->source, DIAGNOSTICS_SOURCE_BYTES - 1));
    memcpy(ret_record + AT_TEXT, entry->text, strnlen(entry->text, DIAGNOSTICS_TEXT_BYTES - 1));
    bytes_put(ret_record + AT_CRC, checksum(ret_record), 4);
}

static bool is_empty(const uint8_t *record) {
    for (size_t i = 0; i < DIAGNOSTICS_RECORD_BYTES; i++)
        if (record[i] != 0) return false;
    return true;
}

/// What a text should be: UTF-8 with its NUL, else it is not ours.
static bool take_text(const uint8_t *from, size_t bytes, char *ret_text) {
    size_t length = strnlen((const char *)from, bytes);
    if (length == bytes || !text_is_utf8((struct text){(const char *)from, length})) return false;
    memset(ret_text, 0, bytes);
    memcpy(ret_text, from, length);
    return true;
}

enum record_state record_decode(const uint8_t record[static DIAGNOSTICS_RECORD_BYTES],
                                struct diagnostics_entry *ret_entry) {
    if (is_empty(record)) return RECORD_EMPTY;
    if (bytes_get(record + AT_MAGIC, 4) != MAGIC || bytes_get(record + AT_CRC, 4) != checksum(record))
        return RECORD_DAMAGED;
    struct diagnostics_entry entry = {
        .sequence = bytes_get(record + AT_SEQUENCE, 8),
        .wall_ns = bytes_get(record + AT_WALL, 8),
        .monotonic_ns = bytes_get(record + AT_MONOTONIC, 8),
        .start = (uint32_t)bytes_get(record + AT_START, 4),
        .code = (uint16_t)bytes_get(record + AT_CODE, 2),
        .severity = (uint16_t)bytes_get(record + AT_SEVERITY, 2),
    };
    bool valid = entry.sequence > 0 && take_text(record + AT_SOURCE, DIAGNOSTICS_SOURCE_BYTES, entry.source) &&
                 take_text(record + AT_TEXT, DIAGNOSTICS_TEXT_BYTES, entry.text);
    if (!valid) return RECORD_DAMAGED;
    *ret_entry = entry;
    return RECORD_WHOLE;
}
