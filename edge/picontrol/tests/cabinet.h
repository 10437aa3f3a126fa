/// The terminals of plants/mps in a cabinet of their own: a driver model with other addresses than the plant model has,
/// a clock that the test moves, and the driver under test.
///
///   byte  0  core: status, cycle, LED
///        40  DI, 16 inputs I_1 .. I_16; 42 their status
///        70  DO, 16 outputs O_1 .. O_16; 72 a byte of another program's module
#pragma once

#include "pi_model.h"

#include <picontrol/picontrol.h>
#include <stdatomic.h>

enum { CABINET_INPUT = 40, CABINET_OUTPUT = 70, CABINET_STRANGER = 72, CABINET_IMAGE_BYTES = 256 };

struct cabinet {
    struct pi_model model;
    atomic_uint_least64_t now_ns; // the driver's threads read it as well
    struct plant *plant;
    struct picontrol_options options;
    struct picontrol *picontrol;
    struct io_driver driver;
    uint8_t inputs[CABINET_IMAGE_BYTES], outputs[CABINET_IMAGE_BYTES];
    char folder[128];
    struct problem problem;
};

/// The plant of plants/mps with `from` replaced by `to`; NULL: as it is. Not opened yet.
struct cabinet *cabinet_create(const char *from, const char *to);
void cabinet_destroy(struct cabinet *cabinet);
void cabinet_wire(struct cabinet *cabinet, unsigned input, unsigned output); // names and devices anew at these bytes
void cabinet_config(struct cabinet *cabinet, const char *text);              // what PiCtory saved
enum error cabinet_open(struct cabinet *cabinet);
/// Opens, and reads until the inputs are good.
void cabinet_run(struct cabinet *cabinet);
enum error cabinet_read(struct cabinet *cabinet);
enum error cabinet_write(struct cabinet *cabinet);
/// One scan of 10 ms; both calls must succeed.
void cabinet_scan(struct cabinet *cabinet);
void cabinet_await_inputs(struct cabinet *cabinet); // scans until `read` succeeds
void cabinet_output(struct cabinet *cabinet, const char *channel, bool on);
bool cabinet_input(const struct cabinet *cabinet, const char *channel);
struct io_place cabinet_place(const struct cabinet *cabinet, const char *channel); // in the model's image
