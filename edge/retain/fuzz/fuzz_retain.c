// Any bytes as a file of retained values, once as they are and once with a right checksum: what is read lies inside.

#include <retain/retain.h>

#include <base/buffer.h>
#include <base/bytes.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct text bytes) {
    struct retain_image image = {0};
    if (retain_decode(bytes, &image)) return;
    for (size_t i = 0; i < image.count; i++) {
        const struct retain_entry *entry = &image.entries[i];
        if (entry->path.data < bytes.data || entry->path.data + entry->path.length > bytes.data + bytes.length) abort();
        if (entry->type == VALUE_STRING || entry->type == VALUE_NULL) abort();
        if (entry->type == VALUE_BOOL && entry->value.bits > 1) abort();
    }
    retain_image_clear(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_all((struct text){(const char *)data, size});
    CLEANUP(buffer_clear) struct buffer file = {0};
    uint8_t crc[4];
    buffer_string(&file, "SPLCRET1");
    buffer_append(&file, data, size);
    if (file.failed) return 0;
    bytes_put(crc, bytes_crc32(0, file.data, file.length), sizeof crc);
    buffer_append(&file, crc, sizeof crc);
    if (!file.failed) read_all(buffer_view(&file));
    return 0;
}
