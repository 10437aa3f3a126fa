// Any bytes as a recording: reading ends, and nothing is read beyond what is there. A fuzzer finds no checksums, so the
// bytes are also taken as the scans of a recording whose frame is right.

#include <record/record.h>

#include <base/buffer.h>
#include <base/bytes.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct text bytes) {
    CLEANUP(record_close_at) struct record_reader *reader = NULL;
    struct problem problem = {0};
    if (record_open(bytes, &reader, &problem)) {
        if (problem.text[0] == '\0') abort();
        return;
    }
    struct record_scan scan;
    enum error error = ERROR_NONE;
    uint64_t scans = 0, sum = 0;
    while (record_next(reader, &scan, &error)) {
        scans++;
        for (size_t i = 0; i < record_header(reader)->image_bytes; i++) sum += scan.inputs[i] + scan.outputs[i];
    }
    if (scans > bytes.length || (sum > 0 && scans == 0)) abort();
}

static void append(struct buffer *file, uint8_t kind, const void *bytes, size_t length) {
    uint8_t head[5] = {kind}, crc[4];
    bytes_put(head + 1, length, 4);
    bytes_put(crc, bytes_crc32(bytes_crc32(0, head, sizeof head), bytes, length), 4);
    buffer_append(file, head, sizeof head);
    buffer_append(file, bytes, length);
    buffer_append(file, crc, sizeof crc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_all((struct text){(const char *)data, size});
    // period, leases, an image of 16 bytes, tags, modules, flags with ages and was, one range of the first 8 bytes, one
    // restored tag
    static const uint8_t header[] = {1, 1, 1, 16, 3, 3, 1, 1, 1, 1, 0, 8, 1, 2, 1, 0, 0};
    CLEANUP(buffer_clear) struct buffer file = {0};
    buffer_string(&file, "SPLCREC2");
    append(&file, 1, header, sizeof header);
    append(&file, 2, "", 0);
    append(&file, 3, data, size);
    append(&file, 4, "\1", 1);
    if (!file.failed) read_all(buffer_view(&file));
    return 0;
}
