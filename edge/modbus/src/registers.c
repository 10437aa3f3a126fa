#include "internal.h"

#include <string.h>

void bits_to_image(const uint8_t *bits, size_t count, uint8_t *image) {
    memset(image, 0, (count + 7) / 8);
    for (size_t i = 0; i < count; i++)
        if (bits[i] != 0) image[i / 8] |= (uint8_t)(1u << i % 8);
}

void bits_from_image(uint8_t *bits, size_t count, const uint8_t *image) {
    for (size_t i = 0; i < count; i++) bits[i] = image[i / 8] >> i % 8 & 1;
}

/// Words of the image stand with the lower one first.
static size_t place_of(size_t index, bool high_first) {
    return high_first ? index ^ 1 : index;
}

void registers_to_image(const uint16_t *registers, size_t count, bool high_first, uint8_t *image) {
    for (size_t i = 0; i < count; i++) {
        uint16_t value = registers[place_of(i, high_first)];
        image[2 * i] = (uint8_t)value;
        image[2 * i + 1] = (uint8_t)(value >> 8);
    }
}

void registers_from_image(uint16_t *registers, size_t count, bool high_first, const uint8_t *image) {
    for (size_t i = 0; i < count; i++)
        registers[place_of(i, high_first)] = (uint16_t)(image[2 * i] | image[2 * i + 1] << 8);
}
