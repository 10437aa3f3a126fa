/// Bits and little-endian words of the process image. A channel has a byte, a first bit (0..7) and a width in bits.
/// Pure; the caller has checked the address with `io_place_fits`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IO_IMAGE_BYTES_MAX = 64 * 1024 }; // the largest process image that a RevPi or a field bus head has

struct io_place {
    uint32_t byte;
    uint8_t bit;  // 0..7
    uint8_t bits; // 1..32
};

bool io_place_fits(struct io_place place, size_t image_bytes);
size_t io_place_end(struct io_place place); // number of bytes that an image needs to contain it

static inline bool io_bit(const uint8_t *image, struct io_place place) {
    return (image[place.byte] >> place.bit & 1) != 0;
}

static inline void io_set_bit(uint8_t *image, struct io_place place, bool on) {
    uint8_t mask = (uint8_t)(1u << place.bit);
    image[place.byte] = (uint8_t)(on ? image[place.byte] | mask : image[place.byte] & ~mask);
}

uint32_t io_word(const uint8_t *image, struct io_place place);
void io_set_word(uint8_t *image, struct io_place place, uint32_t value); // higher bits of `value` are ignored
