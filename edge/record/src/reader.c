// A recording, chunk by chunk and step by step. Nothing in the file is trusted: every length is held against what is
// there, every number against what it may be.

#include "format.h"

#include <base/bytes.h>
#include <io/image.h>

#include <stdlib.h>
#include <string.h>

enum { IMAGE_BYTES_MAX = 1024 * 1024 + 8, COMMANDS_MAX = 4096, MAPS_MAX = 1024 };

struct record_reader {
    struct record_header header;
    struct text bytes;
    size_t at;           // of the next chunk
    struct source steps; // what is left of the chunk of scans
    enum recorder_state end;
    struct scan_time last;
    uint8_t *inputs, *outputs, *was_set, *was_clear;
    status_code *quality;
    uint64_t *age_ns;
    struct scan_command *commands;
    size_t command_count;
    struct record_map *maps; // MAPS_MAX
    size_t map_count;
};

struct chunk {
    enum chunk_kind kind;
    const uint8_t *bytes;
    size_t length;
};

/// False when there is no whole chunk at `at`.
static bool next_chunk(struct record_reader *reader, struct chunk *ret_chunk) {
    size_t left = reader->bytes.length - reader->at;
    const uint8_t *at = (const uint8_t *)reader->bytes.data + reader->at;
    if (left < CHUNK_HEAD_BYTES + CHUNK_CRC_BYTES) return false;
    size_t length = (size_t)bytes_get(at + 1, 4);
    if (length > left - CHUNK_HEAD_BYTES - CHUNK_CRC_BYTES) return false;
    if (bytes_crc32(0, at, CHUNK_HEAD_BYTES + length) != bytes_get(at + CHUNK_HEAD_BYTES + length, 4)) return false;
    *ret_chunk = (struct chunk){(enum chunk_kind)at[0], at + CHUNK_HEAD_BYTES, length};
    reader->at += CHUNK_HEAD_BYTES + length + CHUNK_CRC_BYTES;
    return true;
}

static bool read_ranges(struct record_header *header, struct source *source) {
    uint64_t count = source_number(source);
    if (source->bad || count > RECORD_RANGES_MAX) return false;
    header->range_count = (uint32_t)count;
    header->ranges = calloc(header->range_count + 1, sizeof *header->ranges);
    if (header->ranges == NULL) return false;
    for (uint32_t i = 0; i < header->range_count; i++) {
        uint64_t first = source_number(source), bytes = source_number(source);
        if (first > header->image_bytes || bytes > header->image_bytes - first) return false;
        header->ranges[i] = (struct io_range){(uint32_t)first, (uint32_t)bytes};
    }
    return !source->bad;
}

static bool read_restored(struct record_header *header, struct source *source) {
    uint64_t count = source_number(source);
    if (source->bad || count > (uint64_t)(source->end - source->at)) return false; // each has two bytes at least
    header->restored_count = (uint32_t)count;
    header->restored = calloc(header->restored_count + 1, sizeof *header->restored);
    if (header->restored == NULL) return false;
    for (uint32_t i = 0; i < header->restored_count; i++) {
        header->restored[i].tag = (uint32_t)source_number(source);
        header->restored[i].value.bits = source_number(source);
    }
    return !source->bad;
}

static bool read_pins(struct record_header *header, struct source *source) {
    uint64_t length = source_number(source);
    const uint8_t *bytes = length <= (uint64_t)(source->end - source->at) ? source_bytes(source, (size_t)length) : NULL;
    if (bytes != NULL) header->pins = (struct text){(const char *)bytes, (size_t)length};
    return bytes != NULL;
}

static bool read_header(struct record_header *header, const struct chunk *chunk) {
    struct source source = {.at = chunk->bytes, .end = chunk->bytes + chunk->length};
    header->period_ns = source_number(&source);
    header->lease_soft_ns = source_number(&source);
    header->lease_hard_ns = source_number(&source);
    uint64_t image = source_number(&source), tags = source_number(&source), modules = source_number(&source);
    header->simulated = source_byte(&source) != 0;
    header->has_age = source_byte(&source) != 0;
    header->has_was = source_byte(&source) != 0;
    if (source.bad || image > IMAGE_BYTES_MAX || tags > UINT32_MAX || modules > UINT32_MAX) return false;
    header->image_bytes = (uint32_t)image;
    header->tag_count = (uint32_t)tags;
    header->module_count = (uint32_t)modules;
    if (!read_ranges(header, &source) || !read_restored(header, &source)) return false;
    header->running = source_byte(&source) != 0;
    return read_pins(header, &source);
}

static bool reserve(struct record_reader *reader) {
    size_t image = reader->header.image_bytes + 1, ranges = reader->header.range_count + 1;
    reader->inputs = calloc(image, 1);
    reader->outputs = calloc(image, 1);
    reader->was_set = calloc(image, 1);
    reader->was_clear = calloc(image, 1);
    reader->quality = calloc(ranges, sizeof *reader->quality);
    reader->age_ns = calloc(ranges, sizeof *reader->age_ns);
    reader->commands = calloc(COMMANDS_MAX, sizeof *reader->commands);
    reader->maps = calloc(MAPS_MAX, sizeof *reader->maps);
    return reader->inputs != NULL && reader->outputs != NULL && reader->was_set != NULL && reader->was_clear != NULL &&
           reader->quality != NULL && reader->age_ns != NULL && reader->commands != NULL && reader->maps != NULL;
}

enum error record_open(struct text bytes, struct record_reader **ret_reader, struct problem *ret_problem) {
    if (bytes.length < RECORD_MAGIC_BYTES || memcmp(bytes.data, RECORD_MAGIC, RECORD_MAGIC_BYTES) != 0)
        return problem_say(ret_problem, ERROR_INVALID, "this is no recording of splc-edge");
    CLEANUP(record_close_at) struct record_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    reader->bytes = bytes;
    reader->at = RECORD_MAGIC_BYTES;
    struct chunk header, model;
    if (!next_chunk(reader, &header) || header.kind != CHUNK_HEADER || !read_header(&reader->header, &header))
        return problem_say(ret_problem, ERROR_INVALID, "the recording's header is damaged");
    if (!next_chunk(reader, &model) || model.kind != CHUNK_MODEL)
        return problem_say(ret_problem, ERROR_INVALID, "the plant model in the recording is damaged");
    reader->header.model = (struct text){(const char *)model.bytes, model.length};
    struct chunk state;
    bool whole = !reader->header.running || (next_chunk(reader, &state) && state.kind == CHUNK_STATE);
    if (!whole)
        return problem_say(ret_problem, ERROR_INVALID,
                           "the recording ends before its first scan: what the PLC knew then is not in it");
    if (reader->header.running) reader->header.state = (struct text){(const char *)state.bytes, state.length};
    if (!reserve(reader)) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    *ret_reader = TAKE(reader);
    return ERROR_NONE;
}

void record_close(struct record_reader *reader) {
    if (reader == NULL) return;
    void *memory[] = {reader->header.ranges, reader->header.restored, reader->inputs, reader->outputs,  reader->was_set,
                      reader->was_clear,     reader->quality,         reader->age_ns, reader->commands, reader->maps};
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) free(memory[i]);
    free(reader);
}

const struct record_header *record_header(const struct record_reader *reader) {
    return &reader->header;
}

const struct record_map *record_map(const struct record_reader *reader, uint64_t command) {
    for (size_t i = reader->map_count; i-- > 0;)
        if (reader->maps[i].command == command) return &reader->maps[i];
    return NULL;
}

enum recorder_state record_end(const struct record_reader *reader) {
    return reader->end;
}

// ---------------------------------------------------------------- steps

static void read_argument(struct source *source, struct scan_argument *argument) {
    uint8_t type = source_byte(source);
    if (type > VALUE_STRING) source->bad = true;
    argument->type = (enum value_type)type;
    uint64_t number = source_number(source);
    if (argument->type != VALUE_STRING) {
        argument->value.bits = number;
        // Whatever the bits are, a truth value is one: another byte in it would not be defined.
        if (argument->type == VALUE_BOOL) argument->value.bits = number != 0;
        return;
    }
    const uint8_t *text = number < SCAN_TEXT_BYTES ? source_bytes(source, (size_t)number) : NULL;
    if (text == NULL)
        source->bad = true;
    else
        memcpy(argument->text, text, (size_t)number);
}

static void read_command(struct record_reader *reader) {
    struct source *source = &reader->steps;
    if (reader->command_count == COMMANDS_MAX) {
        source->bad = true;
        return;
    }
    struct scan_command command = {.id = source_number(source)};
    command.session = (uint32_t)source_number(source);
    command.module = (uint32_t)source_number(source);
    command.method = (uint16_t)source_number(source);
    command.role = source_byte(source);
    command.argument_count = source_byte(source);
    if (command.argument_count > SCAN_ARGUMENTS_MAX) source->bad = true;
    for (uint8_t i = 0; i < command.argument_count && !source->bad; i++) read_argument(source, &command.arguments[i]);
    if (!source->bad) reader->commands[reader->command_count++] = command;
}

static void read_ranges_of_scan(struct record_reader *reader) {
    struct source *source = &reader->steps;
    for (;;) {
        uint64_t index = source_number(source);
        if (source->bad || index == 0) break;
        uint64_t quality = source_number(source);
        if (index > reader->header.range_count)
            source->bad = true;
        else
            reader->quality[index - 1] = (status_code)quality;
    }
    for (uint32_t i = 0; reader->header.has_age && i < reader->header.range_count; i++)
        reader->age_ns[i] = source_number(source);
}

static void read_scan(struct record_reader *reader, struct record_scan *ret_scan) {
    struct source *source = &reader->steps;
    size_t image = reader->header.image_bytes;
    uint8_t flags = source_byte(source);
    struct scan_time *time = &reader->last;
    time->elapsed_ns = source_number(source);
    time->monotonic_ns += (uint64_t)source_signed(source);
    time->wall_ns += (uint64_t)source_signed(source);
    time->missed += (uint64_t)source_signed(source);
    time->execution_ns = source_number(source);
    read_ranges_of_scan(reader);
    source_changes(source, reader->inputs, image);
    if (reader->header.has_was) {
        source_changes(source, reader->was_set, image);
        source_changes(source, reader->was_clear, image);
    }
    source_changes(source, reader->outputs, image);
    *ret_scan = (struct record_scan){
        .time = *time,
        .read_failed = (flags & FLAG_READ_FAILED) != 0,
        .write_failed = (flags & FLAG_WRITE_FAILED) != 0,
        .stopped = (flags & FLAG_STOPPED) != 0,
        .guarded = (flags & FLAG_GUARDED) != 0,
        .inputs = reader->inputs,
        .was_set = reader->was_set,
        .was_clear = reader->was_clear,
        .outputs = reader->outputs,
        .quality = reader->quality,
        .age_ns = reader->age_ns,
        .commands = reader->commands,
        .command_count = reader->command_count,
    };
}

static void read_map(struct record_reader *reader, const struct chunk *chunk, enum error *ret_error) {
    struct source source = {.at = chunk->bytes, .end = chunk->bytes + chunk->length};
    struct record_map map = {.command = source_number(&source)};
    map.text = (struct text){(const char *)source.at, (size_t)(source.end - source.at)};
    if (source.bad || reader->map_count == MAPS_MAX)
        *ret_error = ERROR_INVALID;
    else
        reader->maps[reader->map_count++] = map;
}

/// The next chunk of scans; false at the end of the recording or of what is whole of it.
static bool refill(struct record_reader *reader, enum error *ret_error) {
    struct chunk chunk;
    while (reader->end == RECORDER_RUNNING && reader->steps.at == reader->steps.end) {
        if (!next_chunk(reader, &chunk)) {
            if (reader->at < reader->bytes.length) *ret_error = ERROR_INVALID;
            return false;
        }
        bool end = chunk.kind == CHUNK_END && chunk.length == 1 && chunk.bytes[0] > RECORDER_RUNNING &&
                   chunk.bytes[0] <= RECORDER_FAILED;
        if (end) reader->end = (enum recorder_state)chunk.bytes[0];
        if (chunk.kind == CHUNK_SCANS)
            reader->steps = (struct source){.at = chunk.bytes, .end = chunk.bytes + chunk.length};
        if (chunk.kind == CHUNK_PINS) read_map(reader, &chunk, ret_error);
        if (!end && chunk.kind != CHUNK_SCANS && chunk.kind != CHUNK_PINS) *ret_error = ERROR_INVALID;
        if (*ret_error) return false;
    }
    return reader->steps.at < reader->steps.end;
}

bool record_next(struct record_reader *reader, struct record_scan *ret_scan, enum error *ret_error) {
    *ret_error = ERROR_NONE;
    reader->command_count = 0;
    while (!reader->steps.bad && refill(reader, ret_error)) {
        uint8_t kind = source_byte(&reader->steps);
        if (kind == STEP_SCAN) read_scan(reader, ret_scan);
        if (kind == STEP_COMMAND) read_command(reader);
        if (kind != STEP_SCAN && kind != STEP_COMMAND) reader->steps.bad = true;
        if (kind == STEP_SCAN && !reader->steps.bad) return true;
    }
    if (reader->steps.bad) *ret_error = ERROR_INVALID;
    return false;
}
