/// Bytes of a recording (docs/spec/recording.md): numbers of any length, chunks, changes of an image.
#pragma once

#include <record/record.h>

#define RECORD_MAGIC "SPLCREC2"
enum { RECORD_MAGIC_BYTES = 8, CHUNK_HEAD_BYTES = 5, CHUNK_CRC_BYTES = 4 };
enum chunk_kind { CHUNK_HEADER = 1, CHUNK_MODEL = 2, CHUNK_SCANS = 3, CHUNK_END = 4, CHUNK_STATE = 5, CHUNK_PINS = 6 };
enum step_kind { STEP_COMMAND = 1, STEP_SCAN = 2 };
enum scan_flag {
    FLAG_READ_FAILED = 1,
    FLAG_WRITE_FAILED = 2,
    FLAG_STOPPED = 4,
    FLAG_GUARDED = 8,
};

/// Bytes that are written into memory of a fixed size; past its end `full`.
struct sink {
    uint8_t *bytes;
    size_t length, room;
    bool full;
};
void sink_byte(struct sink *sink, uint8_t byte);
void sink_number(struct sink *sink, uint64_t number); // LEB128: seven bits in a byte, low ones first
void sink_signed(struct sink *sink, int64_t number);  // zigzag
void sink_bytes(struct sink *sink, const void *data, size_t length);
/// What changed between two images: count, then for each run its distance from the last, length and bytes.
void sink_changes(struct sink *sink, const uint8_t *before, const uint8_t *now, size_t length);

/// Bytes that are read; past their end, or when they make no sense, `bad`.
struct source {
    const uint8_t *at, *end;
    bool bad;
};
uint8_t source_byte(struct source *source);
uint64_t source_number(struct source *source);
int64_t source_signed(struct source *source);
const uint8_t *source_bytes(struct source *source, size_t length); // NULL when they are not there
void source_changes(struct source *source, uint8_t *image, size_t length);
