#include <io/driver.h>

uint32_t io_range_of(const struct io_driver *driver, uint32_t byte) {
    for (size_t i = 0; i < driver->range_count; i++) {
        const struct io_range *range = &driver->ranges[i];
        if (byte >= range->first && byte - range->first < range->bytes) return (uint32_t)i;
    }
    return IO_NO_RANGE;
}

void io_apply_safe(uint8_t *outputs, const struct io_safe_image *image, size_t bytes) {
    size_t both = bytes < image->bytes ? bytes : image->bytes;
    for (size_t i = 0; i < both; i++) {
        outputs[i] = (uint8_t)((outputs[i] & ~image->mask[i]) | (image->outputs[i] & image->mask[i]));
    }
}
