#include "format.h"

#include <string.h>

void sink_byte(struct sink *sink, uint8_t byte) {
    if (sink->length == sink->room)
        sink->full = true;
    else
        sink->bytes[sink->length++] = byte;
}

void sink_number(struct sink *sink, uint64_t number) {
    for (; number > 0x7F; number >>= 7) sink_byte(sink, (uint8_t)(number | 0x80));
    sink_byte(sink, (uint8_t)number);
}

void sink_signed(struct sink *sink, int64_t number) {
    sink_number(sink, ((uint64_t)number << 1) ^ (uint64_t)(number >> 63));
}

void sink_bytes(struct sink *sink, const void *data, size_t length) {
    if (sink->room - sink->length < length) {
        sink->full = true;
        return;
    }
    if (length > 0) memcpy(sink->bytes + sink->length, data, length);
    sink->length += length;
}

void sink_changes(struct sink *sink, const uint8_t *before, const uint8_t *now, size_t length) {
    size_t last = 0;
    for (size_t i = 0; i < length; i++) {
        if (before[i] == now[i]) continue;
        size_t end = i + 1;
        while (end < length && before[end] != now[end]) end++;
        sink_number(sink, end - i);
        sink_number(sink, i - last);
        sink_bytes(sink, now + i, end - i);
        last = i = end;
    }
    sink_number(sink, 0); // no run more
}

uint8_t source_byte(struct source *source) {
    if (source->bad || source->at == source->end) {
        source->bad = true;
        return 0;
    }
    return *source->at++;
}

uint64_t source_number(struct source *source) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = source_byte(source);
        number |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return number;
    }
    source->bad = true;
    return 0;
}

int64_t source_signed(struct source *source) {
    uint64_t number = source_number(source);
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

const uint8_t *source_bytes(struct source *source, size_t length) {
    if (source->bad || (size_t)(source->end - source->at) < length) {
        source->bad = true;
        return NULL;
    }
    const uint8_t *bytes = source->at;
    source->at += length;
    return bytes;
}

void source_changes(struct source *source, uint8_t *image, size_t length) {
    size_t at = 0;
    for (;;) {
        uint64_t run = source_number(source);
        if (source->bad || run == 0) return;
        uint64_t gap = source_number(source);
        const uint8_t *bytes = run <= length ? source_bytes(source, (size_t)run) : NULL;
        if (bytes == NULL || gap > length - at || run > length - at - gap) {
            source->bad = true;
            return;
        }
        at += (size_t)gap;
        memcpy(image + at, bytes, (size_t)run);
        at += (size_t)run;
    }
}
