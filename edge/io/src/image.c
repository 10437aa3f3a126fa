#include <io/image.h>

size_t io_place_end(struct io_place place) {
    return place.byte + ((size_t)place.bit + place.bits + 7) / 8;
}

bool io_place_fits(struct io_place place, size_t image_bytes) {
    if (place.bit > 7 || place.bits < 1 || place.bits > 32) return false;
    return io_place_end(place) <= image_bytes;
}

uint32_t io_word(const uint8_t *image, struct io_place place) {
    uint64_t bytes = 0;
    for (size_t at = place.byte, shift = 0; at < io_place_end(place); at++, shift += 8) {
        bytes |= (uint64_t)image[at] << shift;
    }
    return (uint32_t)(bytes >> place.bit & ((UINT64_C(1) << place.bits) - 1));
}

void io_set_word(uint8_t *image, struct io_place place, uint32_t value) {
    for (uint8_t i = 0; i < place.bits; i++) {
        size_t bit = (size_t)place.bit + i;
        struct io_place one = {.byte = place.byte + (uint32_t)(bit / 8), .bit = (uint8_t)(bit % 8), .bits = 1};
        io_set_bit(image, one, (value >> i & 1) != 0);
    }
}
