/// The parts of the driver: table.c is what the scan calls, worker.c the thread of a device, registers.c what travels.
#pragma once

#include "triple.h"

#include <modbus/driver.h>
#include <pthread.h>

/// Registers or bits of a device, with their place in the process image and in the device's own bytes.
struct area {
    const struct site_modbus_area *of;
    bool bits, input;
    size_t bytes;   // in the image
    size_t offset;  // in the device's inputs or outputs
    uint32_t range; // inputs: index into the driver's ranges
};

struct device {
    const struct site_modbus_device *of;
    struct modbus_driver *driver;
    struct area *areas;
    size_t area_count;
    size_t input_bytes, output_bytes;
    struct triple inputs;  // worker -> scan; time of the answer
    struct triple outputs; // scan -> worker
    uint8_t *sent;         // worker: outputs with the guard's bits
    uint8_t *last;         // scan: outputs as handed over last
    atomic_bool *area_bad; // by area: the device answers, but not for these addresses
    atomic_bool connected;
    atomic_uint_least64_t written_ns; // outputs arrived last; 0: never
    bool has_inputs_yet;              // scan thread
    int wake_fd;                      // there is something new to write
    pthread_t thread;
    bool runs;
    pthread_mutex_t trouble_lock; // worker and `modbus_driver_trouble`
    struct problem trouble;
};

struct modbus_driver {
    struct device *devices;
    size_t device_count;
    struct io_range *ranges; // one for each input area
    status_code *quality;
    uint64_t *age_ns;
    size_t range_count;
    uint64_t (*clock)(void);
    uint64_t opened_ns;
    atomic_bool stopping;
    _Atomic(const struct io_safe_image *) guarded;
};

void *device_work(void *context); // the thread of a `struct device`

/// From what libmodbus hands over (one byte for each bit, 16 bits in host order) to bytes of the image, and back.
void bits_to_image(const uint8_t *bits, size_t count, uint8_t *image);
void bits_from_image(uint8_t *bits, size_t count, const uint8_t *image);
/// `high_first`: of each pair the register with the lower address is the higher word.
void registers_to_image(const uint16_t *registers, size_t count, bool high_first, uint8_t *image);
void registers_from_image(uint16_t *registers, size_t count, bool high_first, const uint8_t *image);
