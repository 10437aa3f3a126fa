/// What the kernel driver piControl understands: numbers and shapes of its interface (piControl.h of the project
/// RevolutionPi/piControl).
#pragma once

#include <stdint.h>
#include <sys/ioctl.h>

enum {
    PI_IMAGE_BYTES = 4096,
    PI_NAME_BYTES = 32,      // with NUL: longer names are cut to 31 characters, in the driver's table as in a question
    PI_DEVICES_MAX = 65,     // the driver copies as many as it has, without asking how many fit
    PI_EVENT_RESET = 1,      // the configuration was read again: addresses may have changed
    PI_WHOLE_BYTE = 8,       // a bit number from here on means the whole byte
    PI_TYPE_ABSENT = 0x8000, // flag of a module type: configured, but not connected
};

#define PI_GET_DEVICE_INFO_LIST _IO('K', 13)
#define PI_SET_VALUE _IO('K', 16)
#define PI_FIND_VARIABLE _IO('K', 17)
#define PI_SET_OUTPUT_WATCHDOG _IO('K', 26)
#define PI_WAIT_FOR_EVENT _IO('K', 50)
// KB_SET_EXPORTED_OUTPUTS (18) is not used: its first two calls start a supervision of all exported outputs in the
// driver, which zeroes them when the next call is later than twice the last interval. One late scan would switch the
// plant off and the next one on again.

struct pi_device {
    uint8_t address;
    uint8_t padding[3];
    uint32_t serial_number;
    uint16_t module_type, hardware_revision, software_major, software_minor;
    uint32_t software_revision;
    uint16_t input_length, output_length, config_length;
    uint16_t base_offset, input_offset, output_offset, config_offset;
    uint16_t first_entry, entries;
    uint8_t module_state, active; // active 0: not there, its bytes say nothing
    uint8_t reserve[30];
};

struct pi_value {
    uint16_t address;
    uint8_t bit; // 0..7, PI_WHOLE_BYTE and more: the byte
    uint8_t value;
};

struct pi_variable {
    char name[PI_NAME_BYTES];
    uint16_t address;
    uint8_t bit;
    uint8_t padding;
    uint16_t length; // bits
};

_Static_assert(sizeof(struct pi_device) == 72 && sizeof(struct pi_value) == 4 && sizeof(struct pi_variable) == 38,
               "shapes of the kernel driver");
