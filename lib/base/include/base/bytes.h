/// Numbers in files of our own: little-endian, whatever the machine, and a checksum over them.
/// Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline void bytes_put(uint8_t *at, uint64_t number, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) at[i] = (uint8_t)(number >> (8 * i));
}

static inline uint64_t bytes_get(const uint8_t *at, size_t bytes) {
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++) number |= (uint64_t)at[i] << (8 * i);
    return number;
}

/// CRC-32 of IEEE 802.3 (as in zip and png). `crc` is that of the bytes before, 0 at the beginning.
uint32_t bytes_crc32(uint32_t crc, const void *data, size_t length);
