/// A plant as small as can be, put together by hand: one sensor, an emergency stop, a stop and a reset button, a module
/// with two opposite outputs and one that holds, a lamp; beside them inputs and outputs that are more than a bit,
/// without a module. The driver is an array that the test writes and reads.
#pragma once

#include <scan/scan.h>

enum {
    TAG_SENSOR,
    TAG_STOP_CONTACT,
    TAG_STOP_BUTTON,
    TAG_RESET_BUTTON,
    TAG_RIGHT,
    TAG_LEFT,
    TAG_HOLD,
    TAG_BRAKE,
    TAG_LAMP,
    TAG_WORD,
    TAG_LOOK,
    TAG_PULSE,  // boolean, conditioned
    TAG_LEVEL,  // Double, signed word of 16 bits at byte 8: 0 .. 27648 is 0 .. 10
    TAG_COUNT,  // Int32, unsigned word of 16 bits at byte 10
    TAG_WEIGHT, // Double, a float at byte 12
    TAG_VALVE,  // Double output, 0 .. 100 is 4000 .. 20000 in the word at byte 8; safe 20
    TAG_HEATER, // UInt16 output, the word at byte 10; holds
    TAGS
};
enum { INPUT_PULSE, INPUT_LEVEL, INPUT_COUNT, INPUT_WEIGHT, CONDITIONED }; // index into `conditioned`
enum { PULSE_BYTE = 16, LEVEL_BYTE = 8, COUNT_BYTE = 10, WEIGHT_BYTE = 12, VALVE_BYTE = 8, HEATER_BYTE = 10 };
enum { IMAGE_BYTES = 20 };
enum { MODULE_DRIVE, MODULE_LAMP, MODULE_LOCK, MODULE_CONTROLLER, MODULES };
enum { DRIVE_MOVE, DRIVE_GET, DRIVE_BOTH }; // methods
enum { CONTROLLER_RESET };
enum { SESSION = 5, OTHER_SESSION = 6 };

struct tiny_plant {
    struct scan scan;
    uint8_t inputs[IMAGE_BYTES], outputs[IMAGE_BYTES]; // what the driver reads and was given
    enum error read_error, write_error;
    unsigned writes, halts;
    uint64_t elapsed_ns; // as the driver was told
    struct scan_time time;
};

struct tiny_plant *tiny_plant_create(void);
void tiny_plant_destroy(struct tiny_plant *plant);
/// One scan, 1 ms later.
bool tiny_plant_scan(struct tiny_plant *plant);
/// Inputs that a finger or a workpiece changes; the emergency stop's contact is normally closed.
void tiny_plant_input(struct tiny_plant *plant, unsigned tag, bool on);
bool tiny_plant_output(const struct tiny_plant *plant, unsigned tag);
/// Posts, scans, and gives the answer.
struct scan_result tiny_plant_call(struct tiny_plant *plant, struct scan_command command);
void tiny_plant_hold_lock(struct tiny_plant *plant);
